"""Verifying totals: the laws of publishing and reconciling, again, over the whole store and not over one load."""

from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa

from satukanal.store import reconcile
from satukanal.store.problem import Problem
from schemas.codes import LoadStatus, RunStatus
from schemas.store import (
    STAGES,
    attachment,
    complaint,
    id_crosswalk,
    load,
    reconciliation,
    references,
    reporter,
    run,
    stage_match_key,
    submission,
    submission_version,
)

BATCH = 500
_PUBLISHED = (LoadStatus.PUBLISHED.value, LoadStatus.UNCHANGED.value)


def laws(connection: sa.Connection) -> Iterator[Problem]:
    """Every law that does not hold."""
    yield from _conservation(connection)
    yield from _channels(connection)
    if not reconcile.merges_add_up(connection):
        yield Problem("total", "store", "complaints = live submissions − merges does not hold")
    yield from _crosswalk(connection)
    yield from _references(connection)
    yield from _leftovers(connection)


def _count(connection: sa.Connection, table: sa.FromClause, *where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0


def _conservation(connection: sa.Connection) -> Iterator[Problem]:
    """The equations of each published load, on its own counts."""
    for row in connection.execute(sa.select(load).where(load.c.status.in_(_PUBLISHED)).order_by(load.c.load_id)):
        excluded = sum(orjson.loads(row.excluded or "{}").values())
        for law, left, right in (
            ("raw records = extracted + parts + events", row.raw_records, row.extracted + row.parts + row.events),
            ("extracted = accepted + quarantined + excluded", row.extracted,
             row.accepted + row.quarantined + excluded),
            ("accepted = inserted + updated + unchanged", row.accepted, row.inserted + row.updated + row.unchanged),
        ):  # fmt: skip
            if left != right:
                yield Problem("total", f"{row.channel}, load {row.load_id}", f"{law} does not hold: {left} ≠ {right}")


def _channels(connection: sa.Connection) -> Iterator[Problem]:
    """Submissions of each channel against all its loads, and its last load against what was reconciled then."""
    s = submission
    told = sa.select(load.c.channel, sa.func.sum(load.c.inserted)).group_by(load.c.channel).order_by(load.c.channel)
    for channel, inserted in connection.execute(told.where(load.c.status.in_(_PUBLISHED))).tuples():
        there = _count(connection, s, s.c.channel == channel)
        if there != inserted:
            yield Problem("total", channel, f"its loads inserted {inserted} submissions, {there} are there")
        last = (
            sa.select(load)
            .where(load.c.channel == channel, load.c.status.in_(_PUBLISHED))
            .order_by(load.c.finished_at.desc())
        )
        yield from _as_reconciled(connection, connection.execute(last.limit(1)).one())


def _as_reconciled(connection: sa.Connection, row: Any) -> Iterator[Problem]:
    """What was read back after a channel's last load is what is read back now."""
    query = sa.select(reconciliation.c.measure, reconciliation.c.store_value)
    noted = dict(connection.execute(query.where(reconciliation.c.load_id == row.load_id)).tuples().all())
    for now in reconcile.read_back(connection, row):
        if now.measure in noted and noted[now.measure] != now.store_value:
            yield Problem("total", f"{row.channel}, {now.measure}", f"{noted[now.measure]} when load {row.load_id} was "
                          f"reconciled, {now.store_value} now")  # fmt: skip


def _crosswalk(connection: sa.Connection) -> Iterator[Problem]:
    """Every submission is found by its own key and by each number that a version of it carries."""
    s, v, x = submission, submission_version, id_crosswalk
    query = (
        sa.select(s.c.submission_uid, s.c.channel, s.c.stream, s.c.key, v.c.old_numbers)
        .join(v, v.c.submission_uid == s.c.submission_uid)
        .order_by(s.c.submission_uid, v.c.version_no)
    )
    for batch in connection.execute(query, execution_options={"yield_per": BATCH}).partitions():
        between = x.c.submission_uid.between(batch[0].submission_uid, batch[-1].submission_uid)
        there = {
            tuple(row)
            for row in connection.execute(sa.select(x.c.submission_uid, x.c.channel, x.c.old_number).where(between))
        }
        for row in batch:
            wanted = {(row.submission_uid, row.channel, n) for n in (row.key, *(row.old_numbers or "").split())}
            if lost := len(wanted - there):
                where = f"{row.channel}/{row.stream}/{row.key}, id_crosswalk"
                yield Problem("missing", where, f"{lost} of its {len(wanted)} old numbers lead nowhere")


def _references(connection: sa.Connection) -> Iterator[Problem]:
    """What refers to a row that is not there; foreign keys forbid some of it, guards the rest."""
    for table, names, referred, keys in references():
        parent = referred.alias("parent")
        pairs = [(table.c[name], parent.c[key]) for name, key in zip(names, keys, strict=True)]
        lost = _count(
            connection,
            table,
            *[child.is_not(None) for child, _ in pairs],
            ~sa.exists(sa.select(1).select_from(parent).where(*[child == key for child, key in pairs])),
        )
        if lost:
            where = f"{table.name}.{', '.join(names)}"
            yield Problem("dangling", where, f"{lost} rows refer to a {referred.name} that is not there")
    yield from _load_ids(connection)
    founded = sa.exists().where(submission.c.submission_uid == complaint.c.complaint_uid)
    if lost := _count(connection, complaint, ~founded):
        yield Problem("dangling", "complaint.complaint_uid", f"{lost} complaints were founded by no submission")


def _load_ids(connection: sa.Connection) -> Iterator[Problem]:
    """What belongs to a version or a submission names the load that wrote it."""
    s, v = submission, submission_version
    names = ("submission_uid", "version_no", "load_id")
    bound = [(table, [table.c[name] == v.c[name] for name in names]) for table in (reporter, attachment)]
    bound.append(
        (complaint, [complaint.c.complaint_uid == s.c.submission_uid, complaint.c.load_id == s.c.first_load_id])
    )
    for table, owner in bound:
        if stray := _count(connection, table, ~sa.exists().where(*owner)):
            yield Problem(
                "dangling", f"{table.name}.load_id", f"{stray} rows name another load than what they belong to"
            )


def _leftovers(connection: sa.Connection) -> Iterator[Problem]:
    """Rows in staging whose load or run is not under way."""
    running = sa.select(load.c.load_id).where(load.c.status == LoadStatus.RUNNING.value)
    matching = sa.select(run.c.run_id).where(run.c.status == RunStatus.RUNNING.value)
    checks = [(table, table.c.load_id, running) for table in STAGES]
    for table, column, under_way in (*checks, (stage_match_key, stage_match_key.c.run_id, matching)):
        if left := _count(connection, table, column.not_in(under_way)):
            yield Problem("leftover", table.name, f"{left} staged rows of a load or run that is not under way")
