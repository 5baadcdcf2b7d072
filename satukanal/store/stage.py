"""Staging: what a load will publish, in tables of its own, under its ``load_id``. Restartable: staging twice is once.

PostgreSQL takes rows by COPY, SQLite by a prepared batch. Personal values are sealed before they arrive here.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from operator import itemgetter
from typing import Any

import pandas as pd
import psycopg
import sqlalchemy as sa

from satukanal.store import codec
from satukanal.store.database import Store
from schemas.store import (
    STAGES,
    stage_attachment,
    stage_crosswalk,
    stage_event,
    stage_exclusion,
    stage_quarantine,
    stage_submission,
)

BATCH = 5_000
AHEAD = 500
Frames = pd.DataFrame | Iterable[pd.DataFrame]
Take = Callable[[sa.Table, tuple[str, ...], Iterable[tuple[Any, ...]]], None]


def stage(
    store: Store,
    load_id: str,
    government: str,
    submissions: Frames,
    events: Frames,
    rejected: pd.DataFrame,
    excluded: pd.DataFrame,
) -> None:
    """Replace what is staged for ``load_id`` by these canonical frames (schemas.canonical).

    Submissions and events may also come in parts, of which only one lies in memory at a time.
    """
    keys = store.keys
    with store.writing() as connection:
        clear(connection, load_id)
        with _taking(connection) as take:
            for part in _parts(submissions):
                ordered, uids = codec.submissions_in_order(keys, part)
                whose = ordered, uids, government, load_id
                take(stage_submission, codec.SUBMISSION_ROW, codec.submission_rows(keys, *whose))
                take(stage_attachment, codec.ATTACHMENT_ROW, codec.attachment_rows(keys, *whose))
                take(stage_crosswalk, codec.CROSSWALK_ROW, codec.crosswalk_rows(*whose))
            for part in _parts(events):
                ordered, uids = codec.events_in_order(keys, part)
                take(stage_event, codec.EVENT_ROW, codec.event_rows(keys, ordered, uids, government, load_id))
        bulk_insert(connection, stage_quarantine, codec.quarantine_rows(keys, rejected, government, load_id))
        bulk_insert(connection, stage_exclusion, codec.exclusion_rows(keys, excluded, government, load_id))
        if connection.dialect.name == "postgresql":  # or the set-based statements are planned for an empty table
            connection.execute(sa.text(f"ANALYZE {', '.join(map(_by_index, STAGES))}"))


def _by_index(table: sa.Table) -> str:
    """The table and the columns of its index, as ANALYZE takes them: what the others hold decides no plan."""
    return f"{table.name} ({', '.join(c.name for index in table.indexes for c in index.columns)})"


def _parts(frames: Frames) -> Iterator[pd.DataFrame]:
    for frame in [frames] if isinstance(frames, pd.DataFrame) else frames:
        for start in range(0, len(frame), BATCH):
            yield frame.iloc[start : start + BATCH]


def clear(connection: sa.Connection, load_id: str) -> None:
    """Remove what is staged for ``load_id``."""
    for table in STAGES:
        connection.execute(table.delete().where(table.c.load_id == load_id))


def bulk_insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert many rows the fastest way the database has. Every row has the same columns; others stay null.

    PostgreSQL takes in what was sent while the next row is still being made.
    """
    coming = iter(rows)
    first = next(coming, None)
    if first is None:
        return
    with _taking(connection) as take:
        take(table, tuple(first), map(itemgetter(*first), chain([first], coming)))


@contextmanager
def _taking(connection: sa.Connection) -> Iterator[Take]:
    """What inserts rows of the named columns into a table; only afterwards is the connection free for anything else.

    In PostgreSQL a COPY stays open until the first rows of the next one are made: the server has that time to finish.
    """
    with ExitStack() as under_way:

        def take(table: sa.Table, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
            coming = iter(rows)
            first = list(islice(coming, AHEAD))
            under_way.close()
            columns = [table.c[name] for name in names]
            if first and connection.dialect.name == "postgresql":
                copy = under_way.enter_context(_copying(connection, table, columns))
                for row in chain(first, coming):
                    copy.write_row(row)
            elif first:
                _insert(connection, table, columns, chain(first, coming))

        yield take


_COPY_TYPES = {
    sa.Text: "text",
    sa.Boolean: "bool",
    sa.Integer: "int4",
    sa.BigInteger: "int8",
    sa.Double: "float8",
    sa.LargeBinary: "bytea",
    sa.DateTime: "timestamp",
}


@contextmanager
def _copying(connection: sa.Connection, table: sa.Table, columns: list[sa.Column[Any]]) -> Iterator[psycopg.Copy]:
    types = [_COPY_TYPES.get(type(c.type), "timestamptz") for c in columns]
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({_listed(connection, columns)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(types)
        yield copy


def _insert(
    connection: sa.Connection, table: sa.Table, columns: list[sa.Column[Any]], rows: Iterable[tuple[Any, ...]]
) -> None:
    """One prepared statement for all; types are adapted as SQLAlchemy would, but by column instead of by value."""
    adapt = [c.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for c in columns]
    adapted = [(at, process) for at, process in enumerate(adapt) if process]
    marks = ", ".join("?" * len(columns))

    def plain() -> Iterator[list[Any]]:
        for row in rows:
            values = list(row)
            for at, process in adapted:
                if values[at] is not None:
                    values[at] = process(values[at])
            yield values

    statement = f"INSERT INTO {table.name} ({_listed(connection, columns)}) VALUES ({marks})"  # noqa: S608
    driver: Any = connection.connection.driver_connection
    driver.executemany(statement, plain())


def _listed(connection: sa.Connection, columns: list[sa.Column[Any]]) -> str:
    return ", ".join(connection.dialect.identifier_preparer.quote(c.name) for c in columns)
