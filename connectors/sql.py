"""Reads a live database: one snapshot, read only, a few rows at a time, archived as text before anything is parsed.

Look-up tables are archived whole beside the mapped ones, in the same snapshot; they are joined in from the archive.

How a table gets into the archive is left to ``connectors.sql_tables``, how servers differ to ``connectors.sql_server``
and the modules beside it, what the columns mean to ``transforms.normalise``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
import pandas as pd
import sqlalchemy as sa

from connectors.archive import Archive, ArchiveWriter, Entry
from connectors.base import ChannelError, Context, RawTable
from connectors.files import find_files
from connectors.lookups import look_up_tables, with_lookups
from connectors.refresh import Known, Reading, readings
from connectors.sql_mysql import MySql
from connectors.sql_postgres import Postgres
from connectors.sql_server import Server
from connectors.sql_sqlite import Sqlite
from connectors.sql_tables import TableReader
from connectors.sql_uses import zone_reminders
from schemas.mapping import Refresh
from schemas.sources import SqlSource

PIECE_BYTES = 4 << 20  # of archived lines that become one frame


class SqlReader:
    """The reader ``sql``."""

    def extract(self, source: SqlSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the rows of every mapped table and look-up table, as of one moment, and how many there are.

        Raises ``RetryError`` for a server that is away, ``RunError`` for a secret that is not set, and ``ChannelError``
        for a refused login, for a table or column that is not there, and for a look-up table that is too large.
        """
        server = server_of(source, context)
        wanted = _planned(source, context.known)
        with server.snapshot() as connection:
            there = server.tables(connection)
            for number, reading in enumerate(wanted, start=1):
                TableReader(server, connection, reading, there, source).archive(archive, number, context)

    def parse(self, source: SqlSource, archive: Archive) -> Iterator[RawTable]:
        """Rows as the server shows them, with the columns of their look-ups; ``_position`` is the row's number in its
        object. Times with a zone are in UTC.

        Raises ``ChannelError`` for an archive of another channel file.
        """
        yield from with_lookups(source, lambda names: _read(source, archive, names))

    def count(self, source: SqlSource, archive: Archive) -> Mapping[str, int]:
        """What SELECT COUNT(*) said in the same snapshot, by stream; of a part of a table, for that part."""
        counted = {
            entry.origin["table"]: int(orjson.loads(archive.read(entry.name))["count"])
            for entry in archive.entries
            if entry.origin["content"] == "count"
        }
        return {stream: counted[mapping.table] for stream, mapping in source.streams.items()}


def server_of(source: SqlSource, context: Context) -> Server:
    """The server that a source names. Raises ``ChannelError`` for a file that is not there."""
    if source.url.startswith("sqlite:"):
        files = find_files(source.url.removeprefix("sqlite:///"), context.sources_dir)
        if len(files) > 1:
            raise ChannelError(f"url {source.url!r}: matches several files; name one")
        return Sqlite(files[0])
    password = context.secret(source.password) if source.password else None
    url = sa.make_url(source.url).set(password=password)
    if context.address:
        there = urlsplit(context.address)
        url = url.set(host=there.hostname, port=there.port)
    login = f"user {url.username}" + (f" and secret {source.password}" if source.password else ", or name its password")
    known = Postgres if url.drivername == "postgresql" else MySql
    return known(url, login, tls=source.tls)


def _planned(source: SqlSource, known: Mapping[str, Known]) -> tuple[Reading, ...]:
    """How each table is to be read: mapped ones as they are refreshed, but whole if rows are looked up in them."""
    whole = {table: Reading(table, Refresh()) for table in look_up_tables(source)}
    mapped = {reading.table: reading for reading in readings(source, known, datetime.now(UTC))}
    return tuple((mapped | whole).values())


def _read(source: SqlSource, archive: Archive, names: tuple[str, ...]) -> Iterator[RawTable]:
    for table in names:
        objects = [e for e in archive.entries if e.origin.get("table") == table and e.origin["content"] == "rows"]
        if not objects:
            raise ChannelError(f"the archive holds no rows of table {table!r}; it was read by another channel file")
        problems = _problems(archive, objects[0], source)
        for entry in objects:
            for frame in _frames(archive, entry):
                yield RawTable(table, frame, problems=problems)
                problems = ()


def _frames(archive: Archive, entry: Entry) -> Iterator[pd.DataFrame]:
    """The rows of one object, in pieces of bounded size; one without rows if it has none."""
    lines = _lines(archive.stream(entry.name))
    names = _names(next(lines))
    rows: list[list[str | None]] = []
    size = done = 0
    for line in lines:
        rows.append(orjson.loads(line))
        size += len(line)
        if size >= PIECE_BYTES:
            yield _frame(names, rows, entry.name, done)
            done, rows, size = done + len(rows), [], 0
    if rows or not done:
        yield _frame(names, rows, entry.name, done)


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their ends; the last one has an end too."""
    parts: list[bytes] = []
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        parts.append(first)
        for other in others:
            yield b"".join(parts)
            parts = [other]


def _names(head: bytes) -> list[str]:
    return [column["name"] for column in orjson.loads(head)["columns"]]


def _frame(names: list[str], rows: list[list[str | None]], object_: str, before: int) -> pd.DataFrame:
    columns: Iterable[Sequence[str | None]] = zip(*rows, strict=True) if rows else [()] * len(names)
    frame = pd.DataFrame(
        {name: pd.Series(list(values), dtype="str") for name, values in zip(names, columns, strict=True)}
    )
    frame["_object"] = pd.Series(object_, index=frame.index, dtype="str")
    frame["_position"] = pd.Series([str(n) for n in range(before + 1, before + len(rows) + 1)], dtype="str")
    return frame


def _problems(archive: Archive, entry: Entry, source: SqlSource) -> tuple[str, ...]:
    """What of a table a person should know."""
    table, head = entry.origin["table"], orjson.loads(next(_lines(archive.stream(entry.name))))
    told = [] if head["snapshot"] else [f"{table}: its engine knows no snapshot; rows may change while they are read"]
    zoned = [column["name"] for column in head["columns"] if column["kind"] == "zoned"]
    return (*told, *zone_reminders(source, table, zoned))
