"""Rotation of the sealing secret: what an older secret sealed is sealed anew with the newest, batch by batch.

Ids and blind indexes stay, for they name citizens' complaints (docs/decisions/0005-key-rotation.md). Each batch is a
transaction of its own and a value says itself by which secret it is sealed: killed anywhere and begun again, it goes
on where it was. The ledger entry and the mark ``sealing`` in ``meta`` come last, together. The key file is left to
``satukanal.store.keys``; archive objects and staging rows open by the number of their secret.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from satukanal.store import codec, ledger
from satukanal.store.database import Store
from satukanal.store.keys import Keyring, add_secret, read_secrets
from schemas.store import meta

BATCH = 2_000
MARK = "sealing"  # meta: the secret by which everything in the tables is known to be sealed


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. ``old_key`` is the copy of the key file before it; None if it completed an earlier one."""

    before: int
    after: int
    resealed: int
    old_key: Path | None


def sealed_by(store: Store) -> int:
    """The number of the secret by which the tables are known to be sealed."""
    with store.reading() as connection:
        return int(connection.scalar(sa.select(meta.c.value).where(meta.c.name == MARK)) or 1)


def stale(store: Store) -> dict[str, int]:
    """Sealed values by table that the newest secret did not seal; tables without any are left out."""
    counts = {}
    with store.reading() as connection:
        for table in codec.CONTEXTS:
            query = sa.select(sa.func.count()).select_from(table).where(_is_stale(table, store.keys.newest))
            if found := connection.scalar(query):
                counts[str(table.name)] = found
    return counts


def rotate(store: Store, key_path: Path, actor: str, progress: Callable[[int, int], None]) -> Rotation:
    """Put a new secret into the key file and seal everything with it; a rotation that was cut off is completed first.

    Call while holding the run lock. Raises ``WrongKey``, and ``ValueError`` for a value that was altered.
    """
    before = sealed_by(store)
    copy = None
    if before == store.keys.newest:
        copy = add_secret(key_path)
        store = replace(store, keys=Keyring.from_secrets(read_secrets(key_path)))
    return Rotation(before, store.keys.newest, reseal(store, actor, progress), copy)


def reseal(store: Store, actor: str, progress: Callable[[int, int], None]) -> int:
    """Seal everything in the tables with the newest secret; returns how many values this call sealed anew.

    ``progress`` is told done and total. Raises ``ValueError`` for a value that was altered.
    """
    before, total, done = sealed_by(store), sum(stale(store).values()), 0
    for table in codec.CONTEXTS:
        after: Sequence[Any] = ()
        while found := _reseal_batch(store, table, after):
            after, done = found[-1], done + len(found)
            progress(done, total)
    if before != store.keys.newest:
        with store.writing() as connection:
            _finish(connection, before, store.keys.newest, actor)
    return done


def _is_stale(table: sa.Table, newest: int) -> sa.ColumnElement[bool]:
    return sa.func.substr(table.c.sealed, 1, 1) != bytes([newest])  # null where it was erased: not stale


def _reseal_batch(store: Store, table: sa.Table, after: Sequence[Any]) -> list[Sequence[Any]]:
    """Seal the stale values of one batch anew, in one transaction; returns their primary keys, in order."""
    keys, bound_to = store.keys, codec.CONTEXTS[table]
    primary = list(table.primary_key.columns)
    query = sa.select(*primary, table.c.sealed).where(_is_stale(table, keys.newest)).order_by(*primary).limit(BATCH)
    if after:
        query = query.where(sa.tuple_(*primary) > sa.tuple_(*after))
    with store.writing() as connection:
        rows = connection.execute(query).mappings().all()
        changes: list[dict[str, Any]] = []
        for row in rows:
            context = bound_to(dict(row)).encode()
            fresh = keys.seal(keys.open(row["sealed"], context), context)
            changes.append({f"pk_{c.name}": row[c.name] for c in primary} | {"fresh": fresh})
        if changes:
            same = [c == sa.bindparam(f"pk_{c.name}") for c in primary]
            connection.execute(table.update().where(*same).values(sealed=sa.bindparam("fresh")), changes)
    return [[row[c.name] for c in primary] for row in rows]


def _finish(connection: sa.Connection, before: int, after: int, actor: str) -> None:
    known = connection.scalar(sa.select(meta.c.value).where(meta.c.name == MARK))
    if known is None:
        connection.execute(meta.insert().values(name=MARK, value=str(after)))
    else:
        connection.execute(meta.update().where(meta.c.name == MARK).values(value=str(after)))
    counts = {
        str(table.name): connection.scalar(
            sa.select(sa.func.count()).select_from(table).where(table.c.sealed.is_not(None))
        )
        for table in codec.CONTEXTS
    }
    payload = {"from": before, "to": after, "sealed": counts}
    ledger.append(connection, government="*", act="rotation", subject="key", actor=actor, payload=payload)
