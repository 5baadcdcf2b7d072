"""Reads a live database: one snapshot, read only, a few rows at a time, archived as text before anything is parsed.

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
from connectors.files import find_files, mapped_tables
from connectors.refresh import readings
from connectors.sql_mysql import MySql
from connectors.sql_postgres import Postgres
from connectors.sql_server import Server
from connectors.sql_sqlite import Sqlite
from connectors.sql_tables import TableReader, folded, uses
from schemas.channel import SqlSource, column_maps


class SqlReader:
    """The reader ``sql``."""

    def extract(self, source: SqlSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the rows of every mapped table, as of one moment, and how many there are.

        Raises ``RetryError`` for a server that is away, ``RunError`` for a secret that is not set, and ``ChannelError``
        for a refused login, and for a table or column that is not there.
        """
        server = server_of(source, context)
        wanted = readings(source, context.known, datetime.now(UTC))
        with server.snapshot() as connection:
            there = server.tables(connection)
            for number, reading in enumerate(wanted, start=1):
                TableReader(server, connection, reading, there, source).archive(archive, number, context)

    def parse(self, source: SqlSource, archive: Archive) -> Iterator[RawTable]:
        """Rows as the server shows them; ``_position`` is the row's number in its object. Times with a zone are in UTC.

        Raises ``ChannelError`` for an archive of another channel file.
        """
        for table in mapped_tables(source):
            objects = [e for e in archive.entries if e.origin.get("table") == table and e.origin["content"] == "rows"]
            if not objects:
                raise ChannelError(f"the archive holds no rows of table {table!r}; it was read by another channel file")
            for ordinal, entry in enumerate(objects):
                yield _parsed(archive, entry, () if ordinal else _problems(archive, entry, source))

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


def _parsed(archive: Archive, entry: Entry, problems: tuple[str, ...]) -> RawTable:
    lines = archive.read(entry.name).removesuffix(b"\n").split(b"\n")
    names = [column["name"] for column in orjson.loads(lines[0])["columns"]]
    rows = [orjson.loads(line) for line in lines[1:]]
    columns: Iterable[Sequence[str | None]] = zip(*rows, strict=True) if rows else [()] * len(names)
    frame = pd.DataFrame(
        {name: pd.Series(list(values), dtype="str") for name, values in zip(names, columns, strict=True)}
    )
    frame["_object"] = pd.Series(entry.name, index=frame.index, dtype="str")
    frame["_position"] = pd.Series([str(n) for n in range(1, len(rows) + 1)], dtype="str")
    return RawTable(entry.origin["table"], frame, problems=problems)


def _problems(archive: Archive, entry: Entry, source: SqlSource) -> tuple[str, ...]:
    """What of a table a person should know."""
    table, head = entry.origin["table"], orjson.loads(archive.read(entry.name).split(b"\n", 1)[0])
    told = [] if head["snapshot"] else [f"{table}: its engine knows no snapshot; rows may change while they are read"]
    zoned = {folded(column["name"]): column["name"] for column in head["columns"] if column["kind"] == "zoned"}
    mapped = [m for use in uses(source) if use.table == table for m in column_maps(use.columns).values()]
    silent = {folded(name) for m in mapped if m.time_zone is None for name in m.origins} & set(zoned)
    told += [
        f"{table}: {zoned[name]} comes in UTC; say so in the channel file (time_zone: UTC)" for name in sorted(silent)
    ]
    return tuple(told)
