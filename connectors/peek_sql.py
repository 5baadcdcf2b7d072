"""Looks into a database: its tables as the server declares them, counts, and rows as the reader ``sql`` shows them.

Works in the read-only snapshot of that reader. A password comes from a secret, never from the address.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from connectors.base import ChannelError, Context, RawTable
from connectors.files import nearest
from connectors.lookups import look_up_tables
from connectors.peek_types import Found, FoundColumn, FoundTable
from connectors.sql import server_of
from connectors.sql_server import Server, Table, word
from connectors.sql_sqlite import Sqlite
from schemas.sources import SqlSource

_BATCH = 5_000
_DECLARED = {
    "mysql": "SELECT COLUMN_NAME, COLUMN_TYPE, COLUMN_COMMENT, COLUMN_KEY = 'PRI' FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = COALESCE(:schema, DATABASE()) AND TABLE_NAME = :name ORDER BY ORDINAL_POSITION",
    "postgresql": "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), "
    "COALESCE(col_description(c.oid, a.attnum), ''), COALESCE(a.attnum = ANY (i.indkey), false) "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE n.nspname = :schema AND c.relname = :name "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    "sqlite": "SELECT name, type, '', pk > 0 FROM pragma_table_xinfo(:name) WHERE hidden <> 1 AND :schema IS NULL "
    "ORDER BY cid",
}
_YES = frozenset({"1", "t", "true", "True"})


def look_at_server(address: str, secret: Callable[[str], str | None], password: str | None = None) -> Found:
    """What a server's database holds. ``password`` names a secret; else ``<DATABASE>_PASSWORD``, if it is set.

    Raises ``ChannelError`` for an address that is none, holds a password, or refuses; ``RetryError`` for one away.
    """
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError as error:
        raise ChannelError("that is no address of a database; write mysql://user@host:3306/database") from error
    kind = url.drivername.partition("+")[0]
    kind = "postgresql" if kind == "postgres" else kind
    if kind == "sqlite":
        return look_at_sqlite(Path(url.database or ""))
    if kind not in ("mysql", "mariadb", "postgresql"):
        raise ChannelError(f"{kind}: no reader for this kind of database; mysql, mariadb, postgresql and sqlite do")
    name = password or re.sub(r"\W+", "_", f"{url.database or 'database'}_PASSWORD").upper()
    if url.password is not None:
        raise ChannelError(
            f"the address holds a password, which every user of this machine can see; take it out, set "
            f"SATUKANAL_SECRET_{name} and change it on the server"
        )
    plain = f"{kind}://{url.username or ''}@{url.host or ''}" + (f":{url.port}" if url.port else "")
    place = f"{plain}/{url.database or ''}"
    value = secret(name)
    if password and value is None:
        raise ChannelError(f"the secret {name} is not set; set SATUKANAL_SECRET_{name} or SATUKANAL_SECRET_{name}_FILE")
    try:
        source = SqlSource.model_validate(
            {
                "reader": "sql",
                "url": place,
                "password": name if value is not None else None,
                "streams": {"all": {"table": "-", "columns": {"text": "-"}}},
            }
        )
    except ValueError as error:
        raise ChannelError(
            "that is no address of a database; write mysql://user@host:3306/database or postgresql://…"
        ) from error
    server = server_of(source, Context("", Path(), lambda _: value or ""))
    return _found(server, place, url.database or "database", source.password)


def look_at_sqlite(file: Path) -> Found:
    """What a SQLite file holds. Raises ``ChannelError`` for a damaged one."""
    if not file.is_file():
        raise ChannelError(f"{file}: no such file")
    path = file.absolute()
    return _found(Sqlite(path), f"sqlite:///{path}", file.stem, None)


def _found(server: Server, place: str, name: str, secret: str | None) -> Found:
    tables: list[FoundTable] = []
    there: dict[str, Table] = {}
    problems = []
    with server.snapshot() as connection:
        for table in server.tables(connection):
            if server.kind == "mysql" and table.schema is not None:  # of another database that the user may see
                continue
            shown = table.name if table.schema is None or table.name not in there else f"{table.schema}.{table.name}"
            there[shown] = table
            tables.append(_table(server, connection, table, shown))
            if not table.snapshot:
                problems.append(f"{shown}: its engine knows no snapshot; rows may change while they are read")
    if not tables:
        raise ChannelError(f"{server.place}: has no table, or hides all of them from this user")
    kinds = {"mysql": "MySQL or MariaDB", "postgresql": "PostgreSQL", "sqlite": "SQLite"}
    return Found(
        reader="sql",
        format=f"{kinds[server.kind]} database",
        encoding="utf-8",
        place=place,
        name=name,
        tables=tables,
        rows=_Database(server, there).rows,
        problems=problems,
        secret=secret,
    )


def _table(server: Server, connection: sa.Connection, table: Table, shown: str) -> FoundTable:
    declared: dict[str, tuple[str, str, bool]] = {}
    query = sa.text(_DECLARED[server.kind])
    for row in connection.execute(query, {"schema": table.schema, "name": table.name}):
        name, kind, comment, primary = (word(cell) if isinstance(cell, bytes) else str(cell) for cell in row)
        declared[name] = kind, comment, primary in _YES
    columns = server.columns(connection, table)
    count = connection.execute(sa.select(sa.func.count()).select_from(table.clause)).scalar_one()
    return FoundTable(
        name=shown,
        rows=int(count),
        columns=tuple(
            FoundColumn(c.name, *declared.get(c.name, (c.kind, "", False))[:2], zoned=c.kind == "zoned")
            for c in columns
        ),
        primary_key=tuple(name for name, (_, _, primary) in declared.items() if primary),
    )


def sampled_tables(source: SqlSource, context: Context, names: Sequence[str], most: int) -> Iterator[RawTable]:
    """At most ``most`` rows of each named table, look-up tables whole, in one snapshot.

    Raises ``ChannelError`` and ``RetryError``.
    """
    server, whole = server_of(source, context), look_up_tables(source)
    with server.snapshot() as connection:
        there = server.tables(connection)
        for name in names:
            schema, _, bare = name.rpartition(".")
            table = next((t for t in there if name.casefold() == t.name.casefold()), None) or next(
                (t for t in there if schema and (t.schema, t.name) == (schema, bare)), None
            )
            if table is None:
                hint = nearest(name, [t.name for t in there])
                raise ChannelError(f"{server.place}: has no table {name!r}, or hides it from this user{hint}")
            yield from _rows(server, connection, table, name, None if name in whole else most)


def _rows(
    server: Server, connection: sa.Connection, table: Table, name: str, most: int | None = None
) -> Iterator[RawTable]:
    columns = server.columns(connection, table)
    names = [column.name for column in columns]
    query = sa.select(*map(server.shown, columns)).select_from(table.clause).limit(most)
    ordinal = 0
    with connection.execute(query, execution_options={"stream_results": True, "max_row_buffer": 500}) as result:
        for batch in result.partitions(_BATCH):
            cells: list[tuple[Any, ...]] = [
                tuple(server.text(value, column) for value, column in zip(row, columns, strict=True)) for row in batch
            ]
            frame = pd.DataFrame(cells, columns=names, dtype="str")
            frame["_object"] = name
            frame["_position"] = [str(n) for n in range(ordinal + 1, ordinal + len(cells) + 1)]
            ordinal += len(cells)
            yield RawTable(name, frame)
    if not ordinal:
        yield RawTable(name, pd.DataFrame(columns=[*names, "_object", "_position"], dtype="str"))


@dataclass(frozen=True)
class _Database:
    """A database, asked anew for each table."""

    server: Server
    there: dict[str, Table]

    def rows(self, names: Sequence[str]) -> Iterator[RawTable]:
        """One table after another, in batches, as of one moment."""
        with self.server.snapshot() as connection:
            for name in names:
                yield from _rows(self.server, connection, self.there[name], name)
