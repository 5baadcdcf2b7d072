"""Reconciliation: the numbers of a run again, read from the committed store and not from memory.

Each measure sets what was told (by the source, or by the load) against what the store's rows say. What they say is read
in one snapshot; only then are the findings written beside the load.
"""

from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from satukanal.store.database import Store
from schemas.codes import ExclusionRule, LoadStatus
from schemas.store import (
    complaint,
    complaint_alias,
    exclusion,
    load,
    quarantine,
    reconciliation,
    submission,
    submission_version,
)


@dataclass(frozen=True)
class Finding:
    """One measure of one load. ``source_value`` is None where nobody can tell."""

    load_id: str
    channel: str
    government: str
    measure: str
    source_value: int | None
    store_value: int

    @property
    def difference(self) -> int | None:
        """Store minus source."""
        return None if self.source_value is None else self.store_value - self.source_value

    @property
    def balanced(self) -> bool | None:
        """Whether both sides agree; None where one is unknown."""
        return None if self.source_value is None else self.difference == 0


def reconcile(store: Store, run_id: str) -> bool:
    """Read back every published load of the run, write the findings, and say whether all is balanced.

    An unknown count of the source does not unbalance a run; a wrong one does.
    """
    findings: list[Finding] = []
    with store.reading() as connection:
        loads = connection.execute(
            sa.select(load).where(
                load.c.run_id == run_id, load.c.status.in_((LoadStatus.PUBLISHED.value, LoadStatus.UNCHANGED.value))
            )
        ).all()
        for row in loads:
            findings += read_back(connection, row)
        whole = merges_add_up(connection)
    with store.writing() as connection:
        for f in findings:
            key = (reconciliation.c.load_id == f.load_id) & (reconciliation.c.measure == f.measure)
            connection.execute(reconciliation.delete().where(key))
            connection.execute(
                reconciliation.insert().values(
                    load_id=f.load_id,
                    channel=f.channel,
                    government=f.government,
                    measure=f.measure,
                    source_value=f.source_value,
                    store_value=f.store_value,
                    difference=f.difference,
                    balanced=f.balanced,
                )
            )
        unbalanced = {f.load_id for f in findings if f.balanced is False}
        if unbalanced:
            connection.execute(load.update().where(load.c.load_id.in_(unbalanced)).values(balanced=False))
    return whole and not unbalanced


def read_back(connection: sa.Connection, row: Any) -> list[Finding]:
    """The measures of one load (a row of ``load``), read from the rows that ``connection`` sees.

    Of a load that read a part of its source, nobody can tell how many records there are in all.
    """

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0

    def finding(measure: str, told: int | None, found: int) -> Finding:
        return Finding(row.load_id, row.channel, row.government, measure, told, found)

    def in_all(counted: int | None) -> int | None:
        return None if row.part else counted

    excluded = orjson.loads(row.excluded or "{}")
    kept_out = count(quarantine, quarantine.c.last_load_id == row.load_id)
    set_aside = count(exclusion, exclusion.c.last_load_id == row.load_id)
    repeated = count(
        exclusion, exclusion.c.last_load_id == row.load_id, exclusion.c.rule == ExclusionRule.REPEATED.value
    )
    live = count(submission, submission.c.channel == row.channel, submission.c.withdrawn_at.is_(None))
    erased = sa.exists().where(  # still in the source, still a submission of ours, but held back from this load
        exclusion.c.last_load_id == row.load_id,
        exclusion.c.rule == ExclusionRule.ERASED.value,
        exclusion.c.stream == submission.c.stream,
        exclusion.c.key == submission.c.key,
    )
    held_back = count(submission, submission.c.channel == row.channel, submission.c.withdrawn_at.is_(None), erased)
    return [
        finding("source_records", in_all(row.source_count), live + kept_out + set_aside - repeated - held_back),
        finding("accepted", in_all(row.accepted), live - held_back),
        finding("inserted", row.inserted, count(submission, submission.c.first_load_id == row.load_id)),
        finding(
            "versions",
            row.inserted + row.updated,
            count(submission_version, submission_version.c.load_id == row.load_id),
        ),
        finding("quarantined", row.quarantined, kept_out),
        finding("excluded", sum(excluded.values()), set_aside),
    ]


def merges_add_up(connection: sa.Connection) -> bool:
    """Whether complaints = live submissions − merges, the merges counted by another road: their standing aliases.

    An alias counts if its own submission lives; where the founder was withdrawn, one of its members stands for it.
    """
    live = submission.c.withdrawn_at.is_(None)
    submissions = connection.scalar(sa.select(sa.func.count()).select_from(submission).where(live)) or 0
    complaints = connection.scalar(sa.select(sa.func.count(submission.c.complaint_uid.distinct())).where(live)) or 0
    founder = submission.alias("founder")
    folded = (
        sa.select(complaint_alias.c.complaint_uid, founder.c.withdrawn_at)
        .join(complaint, complaint.c.tracking_id == complaint_alias.c.tracking_id)
        .join(submission, submission.c.submission_uid == complaint.c.complaint_uid)
        .join(founder, founder.c.submission_uid == complaint_alias.c.complaint_uid)
        .where(complaint_alias.c.until_at.is_(None), live)
    )
    aliases = connection.execute(folded).all()
    headless = {row.complaint_uid for row in aliases if row.withdrawn_at is not None}
    return submissions - complaints == len(aliases) - len(headless)
