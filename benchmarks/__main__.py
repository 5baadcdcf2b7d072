"""``python -m benchmarks NAME [OPTIONS]``: each prints one JSON object; its keys are told in docs/benchmarks.md."""

import importlib
import sys

BENCHMARKS = {
    "crash": "benchmarks.crash:main",
    "load": "benchmarks.load:main",
    "read": "benchmarks.read:main",
}


def main() -> int:
    """Run the benchmark that the first argument names, with the arguments after it."""
    if len(sys.argv) < 2 or sys.argv[1] not in BENCHMARKS:
        print(f"usage: python -m benchmarks {'|'.join(BENCHMARKS)} [OPTIONS]", file=sys.stderr)
        return 2
    module, _, function = BENCHMARKS[sys.argv[1]].partition(":")
    return int(getattr(importlib.import_module(module), function)(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
