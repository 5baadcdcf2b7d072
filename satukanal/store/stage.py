"""Staging: what a load will publish, in tables of its own, under its ``load_id``. Restartable: staging twice is once.

PostgreSQL takes rows by COPY, SQLite by a prepared batch. Personal values are sealed before they arrive here.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
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


def stage(
    store: Store,
    load_id: str,
    government: str,
    submissions: pd.DataFrame,
    events: pd.DataFrame,
    rejected: pd.DataFrame,
    excluded: pd.DataFrame,
) -> None:
    """Replace what is staged for ``load_id`` by these canonical frames (schemas.canonical)."""
    keys = store.keys
    with store.writing() as connection:
        clear(connection, load_id)
        for start in range(0, len(submissions), BATCH):
            part = submissions.iloc[start : start + BATCH]
            staged = codec.submission_rows(keys, part, government, load_id)
            bulk_insert(connection, stage_submission, staged)
            bulk_insert(connection, stage_crosswalk, codec.crosswalk_rows(staged))
            bulk_insert(connection, stage_attachment, codec.attachment_rows(keys, part, staged))
        for start in range(0, len(events), BATCH):
            part = events.iloc[start : start + BATCH]
            bulk_insert(connection, stage_event, codec.event_rows(keys, part, government, load_id))
        bulk_insert(connection, stage_quarantine, codec.quarantine_rows(keys, rejected, government, load_id))
        bulk_insert(connection, stage_exclusion, codec.exclusion_rows(keys, excluded, government, load_id))


def clear(connection: sa.Connection, load_id: str) -> None:
    """Remove what is staged for ``load_id``."""
    for table in STAGES:
        connection.execute(table.delete().where(table.c.load_id == load_id))


def bulk_insert(connection: sa.Connection, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
    """Insert many rows the fastest way the database has. Every row has the same columns; others stay null."""
    if not values:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, values)
    else:
        connection.execute(table.insert(), values)


_COPY_TYPES = {
    sa.Text: "text",
    sa.Boolean: "bool",
    sa.Integer: "int4",
    sa.BigInteger: "int8",
    sa.Double: "float8",
    sa.LargeBinary: "bytea",
    sa.DateTime: "timestamp",
}


def _copy(connection: sa.Connection, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
    columns = [table.c[name] for name in values[0]]
    types = [_COPY_TYPES.get(type(c.type), "timestamptz") for c in columns]
    listed = ", ".join(connection.dialect.identifier_preparer.quote(c.name) for c in columns)
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({listed}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(types)
        for row in values:
            copy.write_row([row[c.name] for c in columns])
