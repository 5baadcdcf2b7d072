"""What killed runs left behind: marked, put into the ledger, and cleaned up. Call only while holding the run lock.

Whatever is still *running* while nobody else holds the lock was killed, or lost its database. It is never resumed: the
run that finds it reads the sources again. Scratch files and archives are left to the flows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from satukanal.store import ledger
from satukanal.store.database import Store, StoreFailed
from satukanal.store.stage import clear
from schemas.codes import LoadStatus, RunStatus
from schemas.store import load, run, stage_match_key

TOLD = "it was killed before it ended; what it had not published is read again"


@dataclass(frozen=True)
class AbandonedLoad:
    """A load that was killed before it was published."""

    load_id: str
    channel: str
    source: str


@dataclass(frozen=True)
class AbandonedRun:
    """A run that was killed, with those of its loads that were not published."""

    run_id: str
    started_at: datetime
    loads: tuple[AbandonedLoad, ...]


def abandon(store: Store, actor: str) -> list[AbandonedRun]:
    """Mark every run and load that is still running as abandoned, oldest first, and clear their staging.

    One transaction; each run gets a ledger entry (act ``abandoned``).
    """
    now = datetime.now(UTC)
    unfinished = load.c.status == LoadStatus.RUNNING.value
    with store.writing() as connection:
        killed = run.c.status == RunStatus.RUNNING.value
        found = []
        for row in connection.execute(sa.select(run).where(killed).order_by(run.c.started_at, run.c.run_id)).all():
            mine = sa.select(load.c.load_id, load.c.channel, load.c.source).order_by(load.c.load_id)
            mine = mine.where(load.c.run_id == row.run_id, unfinished)
            loads = tuple(AbandonedLoad(*lost) for lost in connection.execute(mine))
            found.append(AbandonedRun(row.run_id, row.started_at, loads))
            for lost in loads:
                clear(connection, lost.load_id)
            connection.execute(stage_match_key.delete().where(stage_match_key.c.run_id == row.run_id))
            connection.execute(
                load.update()
                .where(load.c.run_id == row.run_id, unfinished)
                .values(status=LoadStatus.ABANDONED.value, error=TOLD, finished_at=now)
            )
            connection.execute(
                run.update()
                .where(run.c.run_id == row.run_id)
                .values(status=RunStatus.ABANDONED.value, finished_at=now, balanced=False)
            )
            ledger.append(
                connection,
                government=row.government,
                act="abandoned",
                subject=row.run_id,
                actor=actor,
                payload={"loads": [lost.load_id for lost in loads]},
            )
    return found


def refuse_abandoned(status: str, name: str) -> None:
    """Raise ``StoreFailed`` for a run or load of this ``status`` that another run has given up for dead meanwhile."""
    if status == "abandoned":
        raise StoreFailed(f"{name}: another run took over while this one had lost the database; it writes no more")


def ended_loads(store: Store, load_ids: Iterable[str]) -> set[str]:
    """Those of ``load_ids`` that this store knows and that are no longer running."""
    with store.reading() as connection:
        query = sa.select(load.c.load_id).where(load.c.status != LoadStatus.RUNNING.value)
        return set(connection.scalars(query)) & set(load_ids)
