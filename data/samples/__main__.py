"""Command line of the samples: ``python -m data.samples write`` and ``python -m data.samples serve``."""

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from data.samples import DEFAULT_SEED, DEFAULT_SIZE, SECRETS, SampleServers, write_samples
from data.samples.serve import PORTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        return _write(options) if options.command == "write" else _serve(options)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data.samples", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser(
        "write",
        help="write sample sources, their truth and the count of their faults",
        epilog="example: python -m data.samples write --out var/sources --size 2000",
    )
    write.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    write.add_argument(
        "--size", type=int, default=DEFAULT_SIZE, metavar="N", help="genuine submissions (default %(default)s)"
    )
    write.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, metavar="N", help="same seed, same bytes (default %(default)s)"
    )
    serve = commands.add_parser(
        "serve",
        help="serve SIGAP and SITANGGAP on the ports that the channel files name, until Ctrl-C",
        epilog="example: python -m data.samples serve --from var/sources",
    )
    serve.add_argument(
        "--from", type=Path, required=True, metavar="DIR", dest="folder", help="folder that write wrote to"
    )
    return parser


def _write(options: argparse.Namespace) -> int:
    samples = write_samples(options.out, options.size, options.seed)
    for channel, planted in samples.planted.items():
        sys.stdout.write(
            f"{channel:10} {planted['raw_records']:8} raw records, {planted['accepted']:7} genuine submissions\n"
        )
    sys.stdout.write(f"written to {samples.folder}\n")
    return 0


def _serve(options: argparse.Namespace) -> int:
    with SampleServers(options.folder, PORTS["sigap"], PORTS["sitanggap"]) as servers:
        for name, address in servers.addresses.items():
            sys.stdout.write(f"{name:10} {address}\n")
        for name, value in SECRETS.items():
            sys.stdout.write(f"export SATUKANAL_SECRET_{name}={value}\n")
        sys.stdout.write("Ctrl-C stops.\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
