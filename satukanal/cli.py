"""The command line: what people and schedulers call. Parses, calls, prints; decides nothing.

With ``--json`` the answer alone goes to standard output; progress and logs always go to standard error. Exit status:
0 complete and balanced, 1 crashed (or the database did), 2 wrong usage or configuration, 3 some channels failed to be
read, 4 a gate stopped a channel or the run is not balanced.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from satukanal import __version__, care, channels_cli, privacy
from satukanal.options import (
    ActorOption,
    FilesOption,
    HomeOption,
    JsonOption,
    KeyOption,
    LangOption,
    StoreOption,
    WaitOption,
    err,
    out,
)
from satukanal.options import print_json as _print_json
from satukanal.settings import SettingsError, read_settings, use
from satukanal.store import StoreError, StoreFailed, WrongKey, crosswalk, read
from schemas.channel_file import ChannelFileError, read_channels

EXIT_OK, EXIT_CRASHED, EXIT_USAGE, EXIT_FAILED, EXIT_STOPPED = 0, 1, 2, 3, 4

app = typer.Typer(
    name="satukanal",
    help="Moves citizen complaints out of old channels into one SP4N-LAPOR!-style store, and proves it lost none.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
channels_app = typer.Typer(no_args_is_help=True, help="The registry of channels.")
retire_app = typer.Typer(no_args_is_help=True, help="The life cycle of channels, until they are switched off.")
app.add_typer(channels_app, name="channels")
channels_cli.register(channels_app)
app.add_typer(retire_app, name="retire")
app.add_typer(care.db_app, name="db")
app.add_typer(care.keys_app, name="keys")
app.command("backup")(care.backup_command)
app.command("restore")(care.restore_command)
app.command("erase")(privacy.erase_command)
app.add_typer(privacy.hold_app, name="hold")


@contextmanager
def _progress() -> Iterator[None]:
    """Show the log of the work as it goes, on standard error, under a spinner where there is a terminal."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            style = {"ERROR": "bold red", "WARNING": "yellow"}.get(record.levelname, "dim")
            err.print(self.format(record), style=style, markup=False)

    handler = Lines()
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("satukanal")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        with err.status("working …"):
            yield
    finally:
        logger.removeHandler(handler)


def exit_status(summary: dict[str, Any]) -> int:
    """The exit status that a run's summary calls for; a closed gate outranks a dead channel."""
    statuses = {channel["status"] for channel in summary["channels"].values()}
    if "stopped" in statuses or summary["balanced"] is False:
        return EXIT_STOPPED
    return EXIT_FAILED if "failed" in statuses else EXIT_OK


def _finish(summary: dict[str, Any], home: Path, *, lang: str, as_json: bool) -> None:
    from flows.site import open_existing
    from satukanal.reports import render_summary

    if as_json:
        _print_json(summary)
    else:
        with open_existing() as site:
            render_summary(read.report(site.store, summary["run_id"]), out, lang)
        if "truth" in summary:
            out.print(_quality_table(summary["truth"]))
        out.print(f"store    {read_settings().store_url}", soft_wrap=True)
        out.print(f"report   {home / 'reports' / (summary['run_id'] + '.html')}", soft_wrap=True)
    raise typer.Exit(exit_status(summary))


def _quality_table(truth: dict[str, dict[str, float]]) -> Table:
    table = Table(title="Matching against the planted truth", title_justify="left", box=None, pad_edge=False)
    table.add_column("decision")
    for name in ("precision", "recall", "f1"):
        table.add_column(name, justify="right")
    for decision, scores in truth.items():
        table.add_row(decision, *[f"{scores[name]:.3f}" for name in ("precision", "recall", "f1")])
    return table


@app.command()
def demo(
    home: HomeOption = None,
    size: Annotated[int, typer.Option(min=50, help="About how many citizens' submissions to invent.")] = 600,
    as_json: JsonOption = False,
) -> None:
    """Write sample sources of every kind, serve the web ones on loopback, and consolidate them.

    Example: `satukanal demo --home /tmp/demo --size 2000`
    """
    from satukanal.demo import run_demo

    use(home=home)
    with _progress():
        summary = run_demo(size)
    _finish(summary, read_settings().home_dir, lang="en", as_json=as_json)


@app.command()
def run(
    channels: Annotated[list[str] | None, typer.Argument(help="Channels; default: all.", show_default=False)] = None,
    full: Annotated[bool, typer.Option("--full", help="Read all, whatever a channel file says of refreshing.")] = False,
    home: HomeOption = None,
    store: StoreOption = None,
    channel_files: FilesOption = None,
    key_file: KeyOption = None,
    address: Annotated[
        list[str] | None,
        typer.Option(help="CHANNEL=URL: another scheme, host and port for a web channel.", show_default=False),
    ] = None,
    actor: ActorOption = None,
    wait: WaitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Consolidate the named channels, or all of them.

    Example: `satukanal run sigap ntpd112 --json`
    """
    from flows.run import run_consolidation

    use(home=home, store=store, channels=channel_files, key_file=key_file, actor=actor, wait=wait)
    if address:
        use(addresses=orjson.dumps(dict(_address(text) for text in address)).decode())
    with _progress():
        summary = run_consolidation(channels or None, full=full)
    _finish(summary, read_settings().home_dir, lang="en", as_json=as_json)


def _address(text: str) -> tuple[str, str]:
    channel, sign, url = text.partition("=")
    if not sign or "://" not in url:
        raise typer.BadParameter(f"{text!r} is not CHANNEL=URL, as in sigap=https://sigap.example.go.id")
    return channel, url


@app.command()
def report(
    which: Annotated[str, typer.Argument(help="A run, a load, or 'latest'.")] = "latest",
    form: Annotated[str, typer.Option("--format", help="html or json.")] = "html",
    lang: LangOption = None,
    to: Annotated[Path | None, typer.Option("--out", help="File to write; default: under home/reports.")] = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Write the report of a run again, read from the store.

    Example: `satukanal report latest --lang en --out report.html`
    """
    from flows.site import NotReady, open_existing
    from satukanal.reports import render_html, render_json

    use(home=home, store=store, lang=lang)
    if form not in ("html", "json"):
        raise typer.BadParameter(f"{form!r} is no format; use html or json")
    with open_existing() as site:
        run_id = read.run_id_of(site.store, which)
        if run_id is None:
            raise NotReady(
                f"{which!r} is no run and no load of this store; 'satukanal report latest' takes the last run"
            )
        found = read.report(site.store, run_id)
        other = f"-{site.settings.lang}" if form == "html" and site.settings.lang != "id" else ""
        path = to or site.settings.home_dir / "reports" / f"{run_id}{other}.{form}"
        content = render_json(found) if form == "json" else render_html(found, site.settings.lang).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise NotReady(f"{path}: cannot be written ({error.strerror}); name a file with --out") from error
    out.print(str(path), soft_wrap=True)


@app.command("crosswalk")
def crosswalk_command(
    old_number: Annotated[str, typer.Argument(help="The ticket number that the citizen holds.")],
    channel: Annotated[str | None, typer.Option("--channel", help="Only this channel.")] = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a complaint by its old number.

    Example: `satukanal crosswalk SPR-202101-00002`
    """
    from flows.site import open_existing

    use(home=home, store=store)
    with open_existing() as site:
        found = crosswalk.find(site.store, old_number, channel)
    if as_json:
        _print_json(found)
    elif not found:
        err.print(f"no complaint has the old number {old_number!r}")
    else:
        out.print(_table(found))


@app.command("verify")
def verify_command(
    head: Annotated[
        str | None, typer.Option("--head", help="A ledger head printed in an old report.", show_default=False)
    ] = None,
    home: HomeOption = None,
    store: StoreOption = None,
    key_file: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold ledger, archive, rows and totals against each other; changes nothing.

    Example: `satukanal verify --head 3f0a…` (exit status 4 if anything is altered, missing or doubled)
    """
    from flows.site import open_existing
    from flows.verify import verify

    use(home=home, store=store, key_file=key_file)
    with open_existing() as site:
        found = verify(site, head)
    if as_json:
        _print_json(found)
    else:
        for problem in found["problems"]:
            out.print(f"{problem['kind']}  {problem['where']}: {problem['detail']}", markup=False, soft_wrap=True)
        out.print("all is as it was published" if found["ok"] else f"{len(found['problems'])} problems")
        out.print(f"ledger   {found['ledger_entries']} entries, head {found['ledger_head']}", soft_wrap=True)
    raise typer.Exit(EXIT_OK if found["ok"] else EXIT_STOPPED)


@channels_app.command("list")
def channels_list(
    home: HomeOption = None, store: StoreOption = None, channel_files: FilesOption = None, as_json: JsonOption = False
) -> None:
    """The channels of this installation.

    Example: `satukanal channels list --json`
    """
    from flows.site import open_existing
    from satukanal.store import exists

    use(home=home, store=store, channels=channel_files)
    settings = read_settings()
    states: dict[str, str] = {}
    if exists(settings.store_url):
        with open_existing() as site:
            states = {row["channel"]: row["state"] for row in read.channel_states(site.store)}
    rows = [
        {
            "id": file.channel.id,
            "title": file.channel.title,
            "readers": sorted({source.reader for source in file.channel.sources.values()}),
            "government": file.channel.government,
            "state": states.get(file.channel.id, "registered"),
            "live": file.channel.live,
        }
        for file in read_channels(settings.channels).values()
    ]
    if as_json:
        _print_json(rows)
    else:
        out.print(_table(rows))


@retire_app.command("status")
def retire_status(home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Which state each channel is in, and what still arrived at a closed door.

    Example: `satukanal retire status`
    """
    from flows.site import open_existing

    use(home=home, store=store)
    with open_existing() as site:
        rows = read.channel_states(site.store)
    if as_json:
        _print_json(rows)
    else:
        shown = ("channel", "state", "state_since", "live", "submissions", "loaded_at", "breaches")
        out.print(_table([{name: row[name] for name in shown} for row in rows]))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), justify="right" if isinstance(rows[0][name], int) else "left")
    for row in rows:
        table.add_row(*[_cell(value) for value in row.values()])
    return table


def _cell(value: Any) -> Text:
    """A value as plain text: what came from a source must not steer the terminal."""
    return Text("".join(c for c in _said(value) if c.isprintable()))


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value)
    if hasattr(value, "isoformat"):
        return f"{value:%Y-%m-%d}"
    return "–" if value is None else str(value)


@app.callback(invoke_without_command=True)
def _version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show:
        out.print(f"satukanal {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command; a known error is one line on standard error and exit status 2, a failing database 1."""
    from connectors.base import RunError
    from flows.erase import UnknownReporter
    from flows.forget import CannotBlank
    from flows.site import NotReady

    refused = (CannotBlank, ChannelFileError, NotReady, RunError, SettingsError, StoreError, UnknownReporter, WrongKey)
    try:
        app()
    except refused as error:
        err.print(f"satukanal: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(EXIT_CRASHED if isinstance(error, StoreFailed) else EXIT_USAGE)
