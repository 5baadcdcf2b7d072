"""The data engineer's commands under ``satukanal channels``: inspect, dump, scaffold, check, show."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from satukanal.options import FilesOption, HomeOption, JsonOption, err, out, print_json
from satukanal.settings import use

EXIT_USAGE, EXIT_FAILED, EXIT_STOPPED = 2, 3, 4

SourceArgument = Annotated[
    str, typer.Argument(help="A file, a folder of files, or mysql://user@host/database (postgresql, sqlite).")
]
TableOption = Annotated[str | None, typer.Option("--table", help="Only this table or sheet.", show_default=False)]
PasswordOption = Annotated[
    str | None,
    typer.Option("--password", help="Name of the secret with the database's password; default: <DATABASE>_PASSWORD."),
]


@contextmanager
def working() -> Iterator[None]:
    """Tell how far the work is, on standard error: under a spinner in a terminal, else line by line."""
    logger = logging.getLogger("satukanal")
    with err.status("looking …") as status:

        class Lines(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                line = Text(_clean(self.format(record)), style="dim")
                if err.is_terminal:
                    status.update(line)
                else:
                    err.print(line)

        handler = Lines()
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)


def _stop(error: Exception) -> typer.Exit:
    """Say the one line; the status is that of a source that is away, or of one that is wrong."""
    from connectors.base import RetryError

    status = EXIT_FAILED if isinstance(error, RetryError) else EXIT_USAGE
    err.print(f"satukanal: {error}", style="red", markup=False, soft_wrap=True)
    return typer.Exit(status)


def inspect_command(source: SourceArgument, password: PasswordOption = None, as_json: JsonOption = False) -> None:
    """What lies in a source never seen before: tables, rows, columns; values of persons as shapes.

    Example: `satukanal channels inspect backup.sql.gz`
    """
    from connectors.base import ReaderError
    from flows.tools import inspect

    try:
        with working():
            told = inspect(source, password)
    except ReaderError as error:
        raise _stop(error) from error
    if as_json:
        print_json(told)
        return
    out.print(
        Text.assemble(
            (_clean(source.rpartition("/")[2]), "bold"), f"  {told['format']}, {told['encoding'] or 'no encoding'}"
        )
    )
    for table in told["tables"]:
        out.print(_table_panel(table))
    for problem in told["problems"]:
        out.print(Text(f"! {_clean(problem)}", style="yellow"), soft_wrap=True)


def _table_panel(table: dict[str, Any]) -> Panel:
    grid = Table(box=None, pad_edge=False, expand=False, header_style="dim")
    for name in ("column", "type", "filled"):
        grid.add_column(name, overflow="ellipsis", no_wrap=True, max_width=34)
    grid.add_column("examples")
    for column in table["columns"]:
        share = 1 - column["nulls"] / table["rows"] if table["rows"] else 0.0
        examples = Text(" · ", style="dim").join(Text(_clean(e)) for e in column["examples"])
        grid.add_row(
            Text(_clean(column["name"]), style="cyan"), Text(_clean(column["type"]), style="dim"), _bar(share), examples
        )
    title = Text.assemble((_clean(table["name"]), "bold"), f"  {table['rows']:,} rows")
    return Panel(
        grid if table["columns"] else Group(Text("no columns", style="dim")),
        title=title,
        title_align="left",
        border_style="dim",
    )


def _bar(share: float) -> Text:
    full = round(share * 8)
    style = "green" if share > 0.9 else "yellow" if share > 0.3 else "red"
    return Text.assemble(("█" * full, style), ("░" * (8 - full), "dim"), f" {share:>4.0%}")


def _clean(text: str) -> str:
    """What came from a source must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def dump_command(
    source: SourceArgument,
    table: Annotated[str, typer.Option("--table", help="The table or sheet.")],
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many records.", show_default=False)
    ] = None,
    password: PasswordOption = None,
    as_json: JsonOption = False,  # noqa: ARG001  every command takes it; this one prints nothing else
) -> None:
    """The raw records of one table as NDJSON: strings as read, NULL as null, bytes as base64.

    Example: `satukanal channels dump backup.sql --table pengaduan --limit 10 > sample.ndjson`
    """
    from connectors.base import ReaderError
    from flows.tools import dumped

    told = False
    try:
        for record in dumped(source, table, limit, password):
            if not told:
                err.print("raw records: names, NIK and phones of citizens stand here in clear", style="yellow")
                told = True
            sys.stdout.buffer.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.flush()
    except ReaderError as error:
        raise _stop(error) from error
    except BrokenPipeError as error:  # as when piped into head
        sys.stderr.close()
        raise typer.Exit from error


def scaffold_command(
    source: SourceArgument,
    table: TableOption = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: standard output.", show_default=False)
    ] = None,
    home: HomeOption = None,
    password: PasswordOption = None,
    as_json: JsonOption = False,
) -> None:
    """A first channel file for a source, each guess with its evidence as a comment.

    Example: `satukanal channels scaffold backup.sql --out connectors/channels/lapak.yaml`
    """
    from connectors.base import ChannelError, ReaderError
    from flows.tools import scaffold

    use(home=home)
    try:
        if to is not None and to.exists():
            raise ChannelError(f"{to}: is there already; name another file, or remove it first")
        if to is not None and to.suffix != ".yaml":
            raise ChannelError(f"{to}: a channel file ends in .yaml")
        with working():
            made = scaffold(source, table, to, password)
        if to is not None:
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(made.text, encoding="utf-8")
    except ReaderError as error:
        raise _stop(error) from error
    except OSError as error:
        raise _stop(ChannelError(f"{to}: cannot be written ({error.strerror})")) from error
    if as_json:
        print_json(
            {
                "id": made.id,
                "table": made.table,
                "path": str(to) if to else None,
                "edits": made.edits,
                "yaml": made.text,
            }
        )
    elif to is None:
        sys.stdout.write(made.text)
    else:
        err.print(f"{to}: table {made.table}; {len(made.edits)} lines to look at:", markup=False, soft_wrap=True)
        for line in made.edits:
            err.print(f"  {' '.join(line.split())}", markup=False, soft_wrap=True)
        out.print(str(to), soft_wrap=True)


def check_command(
    channel: Annotated[str, typer.Argument(help="A channel, or the path of a channel file.")],
    home: HomeOption = None,
    channel_files: FilesOption = None,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Rows of each table that are tried.")] = 20_000,
    as_json: JsonOption = False,
) -> None:
    """Try connection, mapping and code lists on a sample; nothing is loaded.

    Example: `satukanal channels check super` (exit status 3: cannot be read, 4: a load would stop)
    """
    from connectors.base import ReaderError, RunError
    from flows.tools import channel_file
    from flows.trial import tried

    use(home=home, channels=channel_files)
    file = channel_file(channel)
    try:
        with working():
            told = tried(file, sample)
    except RunError:
        raise
    except ReaderError as error:
        err.print(f"satukanal: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_FAILED) from error
    if as_json:
        print_json(told)
    else:
        _print_trial(told)
    raise typer.Exit(EXIT_STOPPED if told["stops"] else 0)


def _print_trial(told: dict[str, Any]) -> None:
    rows = ", ".join(f"{_clean(name)} {count:,}" for name, count in told["sample"]["rows"].items())
    out.print(
        Text.assemble(
            (told["channel"], "bold"),
            f"  {told['reader']}: {rows} rows",
            "" if told["sample"]["whole"] else " (a sample)",
        )
    )
    counts = Table(box=None, pad_edge=False, show_header=False)
    counts.add_row("accepted", f"{told['accepted']:,}")
    for kind in ("quarantined", "excluded"):
        for why, count in told[kind].items():
            counts.add_row(f"{kind}: {why}", f"{count:,}")
    counts.add_row("answers", f"{told['answers']:,}")
    out.print(counts)
    for field, labels in told["unknown_codes"].items():
        table = Table(title=f"unknown {field}", title_justify="left", box=None, pad_edge=False)
        for name in ("label", "rows", "perhaps"):
            table.add_column(name, justify="right" if name == "rows" else "left")
        for row in labels[:20]:
            table.add_row(Text(_clean(row["label"])), f"{row['count']:,}", Text(row["suggestion"] or "–"))
        out.print(table)
    for date in told["dates"]:
        would = f"; {', '.join(date['formats'])} would" if date["formats"] else ""
        said = f"{date['field']}: {date['failed']:,} dates of {', '.join(date['columns'])} fit no format"
        said += f", as {date['example']}{would}"
        out.print(Text(f"! {_clean(said)}", style="yellow"), soft_wrap=True)
    empty = ", ".join(f"{name} {share:.0%}" for name, share in told["null_rates"].items() if share >= 0.5)
    if empty:
        out.print(Text(f"mostly empty: {empty}"), soft_wrap=True)
    drift = [f"{text}: neither mapped nor ignored" for text in told["neither_mapped_nor_ignored"]]
    for line in (*drift, *told["warnings"], *told["problems"]):
        out.print(Text(f"! {_clean(line)}", style="yellow"), soft_wrap=True)
    for line in told["stops"]:
        out.print(Text(f"stops a load: {_clean(line)}", style="red"), soft_wrap=True)
    if not told["stops"]:
        out.print("a load would go through")


def show_command(
    channel: Annotated[str, typer.Argument(help="A channel, or the path of a channel file.")],
    home: HomeOption = None,
    channel_files: FilesOption = None,
    as_json: JsonOption = False,
) -> None:
    """The channel file as understood: sources, streams, mapping, and which secrets are set.

    Example: `satukanal channels show sigap`
    """
    from flows.tools import channel_file, shown

    use(home=home, channels=channel_files)
    told = shown(channel_file(channel))
    if as_json:
        print_json(told)
        return
    made = told["channel"]
    out.print(
        Text.assemble(
            (made["id"], "bold"),
            f"  {made['title']}, {made['government']}, region {made['region']}, {made['time_zone']}, ",
            "live" if made["live"] else "not live",
        )
    )
    for source_name, source in made["sources"].items():
        where = source.get("path") or source.get("url", "")
        out.print(Text(f"source {source_name}: {source['reader']} {where}"), soft_wrap=True)
        for stream, mapping in source["streams"].items():
            out.print(_mapping_panel(stream, mapping))
    for name, codes in made.get("codes", {}).items():
        out.print(
            Text(
                f"{name}: " + ", ".join(f"{k} → {v if isinstance(v, str) else v['status']}" for k, v in codes.items())
            ),
            soft_wrap=True,
        )
    for one in told["secrets"]:
        out.print(
            Text(f"secret {one['name']}: {'set' if one['set'] else 'NOT SET'}", style="" if one["set"] else "red")
        )


def _mapping_panel(stream: str, mapping: dict[str, Any]) -> Panel:
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("field", "from", "how"):
        grid.add_column(name)
    for field, origin in mapping["columns"].items():
        grid.add_row(Text(field, style="cyan"), *_origin(origin))
    for event in mapping.get("events", ()):
        grid.add_row(
            Text(f"{event.get('kind', 'answer')}s", style="magenta"),
            Text(event["table"]),
            Text(f"by {', '.join(event['complaint'])}"),
        )
    if mapping.get("ignore"):
        grid.add_row(Text("ignored", style="dim"), Text(", ".join(mapping["ignore"]), style="dim"))
    for rule in mapping.get("exclude", ()):
        grid.add_row(Text("excluded", style="dim"), Text(rule["rule"]), Text(f"by {rule['when']['column']}"))
    key = ", ".join(mapping.get("key", ())) or "content"
    return Panel(grid, title=f"{stream}: {mapping['table']}, key {key}", title_align="left", border_style="dim")


def _origin(origin: str | dict[str, Any]) -> tuple[Text, Text]:
    if isinstance(origin, str):
        return Text(origin), Text("")
    columns = origin.get("column") or " + ".join(origin.get("join", ())) or f"always {origin.get('value')!r}"
    how = [", ".join(origin["formats"])] if origin.get("formats") else []
    how += [origin["time_zone"]] if origin.get("time_zone") else []
    return Text(columns), Text("; ".join(how), style="dim")


def register(app: typer.Typer) -> None:
    """Put the commands into the group ``channels``."""
    app.command("inspect")(inspect_command)
    app.command("dump")(dump_command)
    app.command("scaffold")(scaffold_command)
    app.command("check")(check_command)
    app.command("show")(show_command)
