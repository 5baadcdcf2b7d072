"""Legal holds: complaints that a court or an inquiry needs and nobody may erase. Each is an act in the ledger."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from satukanal.store import ledger
from satukanal.store.database import Store, StoreError
from schemas.store import complaint, legal_hold


def place(store: Store, tracking_id: str, reason: str, actor: str) -> None:
    """Hold the complaint of ``tracking_id``; it may be held for several reasons. Raises ``StoreError``."""
    wanted = tracking_id.strip().upper()
    with store.writing() as connection:
        found = connection.execute(sa.select(complaint).where(complaint.c.tracking_id == wanted)).first()
        if found is None:
            raise StoreError(
                f"{wanted}: is no tracking id of this store; 'satukanal crosswalk' finds one by old number"
            )
        connection.execute(
            legal_hold.insert().values(
                tracking_id=wanted,
                government=found.government,
                reason=reason,
                actor=actor,
                since_at=datetime.now(UTC),
            )
        )
        _note(connection, "hold", found.government, wanted, actor)


def release(store: Store, tracking_id: str, actor: str) -> int:
    """End every hold of ``tracking_id``; returns how many. Raises ``StoreError`` where none stands."""
    wanted = tracking_id.strip().upper()
    standing = (legal_hold.c.tracking_id == wanted) & legal_hold.c.until_at.is_(None)
    with store.writing() as connection:
        government = connection.scalar(sa.select(legal_hold.c.government).where(standing))
        if government is None:
            raise StoreError(f"{wanted}: is not held; 'satukanal hold list' shows what is")
        ended = connection.execute(legal_hold.update().where(standing).values(until_at=datetime.now(UTC))).rowcount
        _note(connection, "release", government, wanted, actor)
    return ended


def standing(store: Store) -> list[dict[str, Any]]:
    """The holds that stand, oldest first: tracking_id, reason, actor, since (UTC)."""
    h = legal_hold
    query = (
        sa.select(h.c.tracking_id, h.c.reason, h.c.actor, h.c.since_at.label("since"))
        .where(h.c.until_at.is_(None))
        .order_by(h.c.hold_id)
    )
    with store.reading() as connection:
        return [{str(n): value for n, value in row.items()} for row in connection.execute(query).mappings()]


def _note(connection: sa.Connection, act: str, government: str, tracking_id: str, actor: str) -> None:
    """The reason stays out of the ledger: it may name a person, and the ledger never forgets."""
    payload = {"tracking_id": tracking_id}
    ledger.append(connection, government=government, act=act, subject=tracking_id, actor=actor, payload=payload)
