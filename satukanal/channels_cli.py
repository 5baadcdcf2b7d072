"""The data engineer's commands under ``satukanal channels``: inspect, dump, scaffold, check, show."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.text import Text

from satukanal.channels_print import clean, print_channel, print_source, print_trial
from satukanal.options import FilesOption, HomeOption, JsonOption, err, out, print_json
from satukanal.settings import use

if TYPE_CHECKING:
    from connectors.peek import Access

EXIT_USAGE, EXIT_FAILED, EXIT_STOPPED = 2, 3, 4
LOOK, STUDY = 20, 60  # requests to a web system

SourceArgument = Annotated[
    str,
    typer.Argument(
        help="A file, a folder, a glob in quotes, mysql://user@host/database (postgresql, sqlite), or https://…."
    ),
]
TableOption = Annotated[str | None, typer.Option("--table", help="Only this table or sheet.", show_default=False)]
PasswordOption = Annotated[
    str | None,
    typer.Option("--password", help="Name of the secret with the password; else as ADUAN_PASSWORD for aduan."),
]
TokenOption = Annotated[
    str | None, typer.Option("--token", help="Of an API: name of the secret with a bearer token.", show_default=False)
]
LoginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--login", metavar="INPUT=NAME", help="Of a login form: an input and the name of its secret; once for each.",
        show_default=False,
    ),
]  # fmt: skip
RequestsOption = Annotated[
    int | None,
    typer.Option("--requests", min=8, help="Of a web system: ask about so often; default 20, scaffold 60.",
        show_default=False),
]  # fmt: skip


def _access(token: str | None, login: list[str] | None, requests: int) -> "Access":
    """How a web system is entered. Raises ``ChannelError`` for what is no pair of an input and a name of a secret."""
    from connectors.base import ChannelError
    from connectors.peek import Access

    named = {}
    for pair in login or ():
        name, _, secret = pair.partition("=")
        if not name or not re.fullmatch(r"[A-Z][A-Z0-9_]*", secret):
            raise ChannelError("--login takes INPUT=NAME_OF_SECRET, as in --login username=SITANGGAP_USER")
        named[name] = secret
    if token is not None and not re.fullmatch(r"[A-Z][A-Z0-9_]*", token):
        raise ChannelError("--token takes the name of a secret, as in --token SIGAP_TOKEN, never the token itself")
    return Access(token, named, requests)


@contextmanager
def working() -> Iterator[None]:
    """Tell how far the work is, on standard error: under a spinner in a terminal, else line by line."""
    logger = logging.getLogger("satukanal")
    with err.status("looking …") as status:

        class Lines(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                line = Text(clean(self.format(record)), style="dim")
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


def inspect_command(
    source: SourceArgument,
    password: PasswordOption = None,
    token: TokenOption = None,
    login: LoginOption = None,
    requests: RequestsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What lies in a source never seen before: tables, rows, columns; values of persons as shapes.

    Examples: `satukanal channels inspect backup.sql.gz`

    `satukanal channels inspect 'facebook/feed-*.json'`

    `satukanal channels inspect mysql://pembaca@10.0.0.5/aduan --password ADUAN_PASSWORD`

    `satukanal channels inspect https://sigap.example.go.id/api/v1/laporan --token SIGAP_TOKEN`
    """
    from connectors.base import ReaderError
    from flows.looking import inspect

    try:
        with working():
            told = inspect(source, password, _access(token, login, requests or LOOK))
    except ReaderError as error:
        raise _stop(error) from error
    if as_json:
        print_json(told)
    else:
        print_source(source.partition("?")[0] if "://" in source else Path(source).name or source, told)


def dump_command(
    source: SourceArgument,
    table: Annotated[str, typer.Option("--table", help="The table or sheet.")],
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many records.", show_default=False)
    ] = None,
    password: PasswordOption = None,
    token: TokenOption = None,
    login: LoginOption = None,
    requests: RequestsOption = None,
    as_json: JsonOption = False,  # noqa: ARG001  every command takes it; this one prints nothing else
) -> None:
    """The raw records of one table as NDJSON: strings as read, NULL as null, bytes as base64.

    Of a web system those of its first pages, as many as --requests allow; a load reads them all.

    Example: `satukanal channels dump backup.sql --table pengaduan --limit 10 > sample.ndjson`
    """
    from connectors.base import ReaderError
    from flows.looking import dumped

    told = False
    try:
        for record in dumped(source, table, limit, password, _access(token, login, requests or LOOK)):
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
    token: TokenOption = None,
    login: LoginOption = None,
    requests: RequestsOption = None,
    as_json: JsonOption = False,
) -> None:
    """A first channel file for a source, each guess with its evidence as a comment.

    Dumps, workbooks, databases, WhatsApp chats, text messages, posts, exports of SP4N-LAPOR! all have their shape.

    Examples: `satukanal channels scaffold backup.sql --out connectors/channels/lapak.yaml`

    `satukanal channels scaffold chat-folder/ --out connectors/channels/wa.yaml`

    `satukanal channels scaffold buku.xlsx --table 'ADUAN 2024'`

    `satukanal channels scaffold https://sitanggap.example.go.id/admin/aduan --login username=SITANGGAP_USER
    --login password=SITANGGAP_PASSWORD`
    """
    from connectors.base import ChannelError, ReaderError
    from flows.scaffolding import scaffold

    use(home=home)
    try:
        if to is not None and to.exists():
            raise ChannelError(f"{to}: is there already; name another file, or remove it first")
        if to is not None and to.suffix != ".yaml":
            raise ChannelError(f"{to}: a channel file ends in .yaml")
        with working():
            made = scaffold(source, table, to, password, _access(token, login, requests or STUDY))
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
        print_trial(told)
    raise typer.Exit(EXIT_STOPPED if told["stops"] else 0)


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
    else:
        print_channel(told)


def register(app: typer.Typer) -> None:
    """Put the commands into the group ``channels``."""
    app.command("inspect")(inspect_command)
    app.command("dump")(dump_command)
    app.command("scaffold")(scaffold_command)
    app.command("check")(check_command)
    app.command("show")(show_command)
