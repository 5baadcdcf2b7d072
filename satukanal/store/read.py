"""What people and programs read back from the store: the summary of a run, the report's numbers, channels' states.

Everything comes from committed rows in one snapshot. Texts are the public ones; nothing personal leaves here.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from satukanal.store import attachments, ledger, matching
from satukanal.store.database import Store
from schemas.codes import Judgement, LoadStatus
from schemas.store import (
    COUNTS,
    agency,
    channel,
    complaint,
    id_crosswalk,
    judgement,
    load,
    quality_result,
    quarantine,
    reconciliation,
    run,
    submission,
    submission_version,
)

_COMPLAINT = sa.table("v_complaint", *map(sa.column, ("tracking_id", "channels", "status", "category", "agency")))
_BREACH = sa.table("v_breach", *map(sa.column, ("channel", "load_id", "state", "submissions", "first_submitted_at")))
_JSON = {"excluded": "{}", "schema_drift": "[]", "unmapped": "{}", "flags": "{}", "problems": "[]"}
EXAMPLES = 5


def run_id_of(store: Store, name: str) -> str | None:
    """The run that ``name`` means: a run id, a load id, or 'latest'; None if there is none."""
    with store.reading() as connection:
        if name == "latest":
            return connection.scalar(sa.select(run.c.run_id).order_by(run.c.started_at.desc()).limit(1))
        known = connection.scalar(sa.select(run.c.run_id).where(run.c.run_id == name))
        return known or connection.scalar(sa.select(load.c.run_id).where(load.c.load_id == name))


def summary(store: Store, run_id: str) -> dict[str, Any]:
    """``run --json``: run, channels, store (docs/decisions and interface)."""
    with store.reading() as connection:
        row = connection.execute(sa.select(run).where(run.c.run_id == run_id)).one()
        channels = {}
        for item in _loads(connection, run_id):
            keep = ("load_id", "status", "error", "balanced", "source_count", *COUNTS)
            channels[item["channel"]] = {n: item[n] for n in keep} | {
                n: item[n] for n in ("excluded", "schema_drift", "unmapped")
            }
        totals = matching.counts(connection)
        totals.pop("restricted")
        return {
            "run_id": run_id,
            "status": row.status,
            "balanced": row.balanced,
            "seconds": _seconds(row),
            "ledger_head": ledger.head(connection)[1],
            "channels": channels,
            "store": totals,
        }


def report(store: Store, run_id: str) -> dict[str, Any]:
    """All numbers of the run's report (see ``satukanal.reports``). Times are aware UTC."""
    with store.reading() as connection:
        row = connection.execute(sa.select(run).where(run.c.run_id == run_id)).one()
        entries, head = ledger.head(connection)
        known = connection.execute(sa.select(channel.c.channel, channel.c.title, channel.c.time_zone)).all()
        return {
            "generated_at": datetime.now(UTC),
            "program_version": row.program_version,
            "run": {
                "run_id": run_id,
                "started_at": row.started_at,
                "finished_at": row.finished_at,
                "status": row.status,
                "balanced": row.balanced,
                "seconds": _seconds(row),
                "ledger_head": head,
                "ledger_entries": entries,
                "actor": row.actor,
            },
            "channels": [_channel_section(connection, item) for item in _loads(connection, run_id)],
            "titles": {row.channel: row.title for row in known},
            "time_zones": {row.channel: row.time_zone for row in known},
            "store": matching.counts(connection),
            "statuses": _grouped(connection, "status"),
            "categories": _grouped(connection, "category")[:12],
            "agencies": _agencies(connection),
            "months": _months(connection),
            "doors": _doors(connection),
            "quarantine": _quarantine(connection),
            "breaches": _rows(connection, sa.select(_BREACH).order_by(_BREACH.c.channel, _BREACH.c.load_id)),
            "merges": _merges(connection, run_id),
        }


def channel_states(store: Store) -> list[dict[str, Any]]:
    """Every channel the store knows: state and since when, last load, live submissions, what came after freezing."""
    s = submission
    live = (
        sa.select(s.c.channel, sa.func.count().label("submissions"))
        .where(s.c.withdrawn_at.is_(None))
        .group_by(s.c.channel)
        .subquery()
    )
    late = (
        sa.select(_BREACH.c.channel, sa.func.sum(_BREACH.c.submissions).label("breaches"))
        .group_by(_BREACH.c.channel)
        .subquery()
    )
    last = (
        sa.select(load.c.channel, sa.func.max(load.c.finished_at).label("loaded_at"))
        .where(load.c.status.in_(("published", "unchanged")))
        .group_by(load.c.channel)
        .subquery()
    )
    query = (
        sa.select(
            channel.c.channel,
            channel.c.title,
            channel.c.government,
            channel.c.state,
            channel.c.state_since,
            channel.c.live,
            sa.func.coalesce(live.c.submissions, 0).label("submissions"),
            last.c.loaded_at,
            sa.func.coalesce(late.c.breaches, 0).label("breaches"),
        )
        .outerjoin(live, live.c.channel == channel.c.channel)
        .outerjoin(late, late.c.channel == channel.c.channel)
        .outerjoin(last, last.c.channel == channel.c.channel)
        .order_by(channel.c.channel)
    )
    with store.reading() as connection:
        return [row | {"breaches": int(row["breaches"])} for row in _rows(connection, query)]


def membership(store: Store) -> list[dict[str, Any]]:
    """Where each live submission ended: channel, stream, key, complaint, incident. For measuring matching."""
    s, c = submission, complaint
    query = (
        sa.select(
            s.c.channel, s.c.stream, s.c.key, c.c.complaint_uid.label("complaint"), c.c.incident_uid.label("incident")
        )
        .join(c, c.c.complaint_uid == s.c.complaint_uid)
        .where(s.c.withdrawn_at.is_(None))
    )
    with store.reading() as connection:
        return _rows(connection, query)


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]


def _seconds(row: Any) -> float:
    end = row.finished_at or datetime.now(UTC)
    return float(round((end - row.started_at).total_seconds(), 3))


def _loads(connection: sa.Connection, run_id: str) -> list[dict[str, Any]]:
    query = (
        sa.select(load, channel.c.title, channel.c.owner, channel.c.state, channel.c.live, channel.c.time_zone)
        .join(channel, channel.c.channel == load.c.channel)
        .where(load.c.run_id == run_id)
        .order_by(load.c.channel)
    )
    loads = _rows(connection, query)
    for item in loads:
        item |= {name: orjson.loads(item[name] or nothing) for name, nothing in _JSON.items()}
    return loads


def _channel_section(connection: sa.Connection, item: dict[str, Any]) -> dict[str, Any]:
    q, r = quality_result, reconciliation
    quality = sa.select(
        q.c.suite, q.c.expectation, q.c.column, q.c.success, q.c.observed, q.c.unexpected_count, q.c.element_count
    ).where(q.c.load_id == item["load_id"])
    measures = sa.select(r.c.measure, r.c.source_value, r.c.store_value, r.c.difference, r.c.balanced).where(
        r.c.load_id == item["load_id"]
    )
    keep = (
        "title", "government", "owner", "state", "live", "time_zone", "load_id", "status", "error", "balanced",
        "source_count", "excluded", "schema_drift", "unmapped", "flags", "problems", "spec_sha256", "started_at",
        "finished_at",
    )  # fmt: skip
    return (
        {"id": item["channel"]}
        | {n: item[n] for n in keep}
        | {
            "counts": {n: item[n] for n in COUNTS},
            "archive": {
                "objects": item["archive_objects"],
                "bytes": item["archive_bytes"],
                "sha256": item["archive_sha256"],
            },
            "attachments": attachments.states(connection, item["channel"]),
            "quality": _rows(connection, quality.order_by(q.c.ordinal)),
            "reconciliation": _rows(connection, measures.order_by(r.c.measure)),
        }
    )


def _grouped(connection: sa.Connection, name: str) -> list[dict[str, Any]]:
    column = _COMPLAINT.c[name]
    number = sa.func.count().label("complaints")
    return _rows(connection, sa.select(column, number).group_by(column).order_by(number.desc(), column))


def _agencies(connection: sa.Connection) -> list[dict[str, Any]]:
    named: dict[str, str] = dict(connection.execute(sa.select(agency.c.agency, agency.c.name)).tuples().all())
    return [row | {"name": named.get(row["agency"])} for row in _grouped(connection, "agency")]


def _months(connection: sa.Connection) -> list[dict[str, Any]]:
    s, v = submission, submission_version
    query = (
        sa.select(s.c.channel, v.c.submitted_local)
        .join(v, (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no))
        .where(s.c.withdrawn_at.is_(None))
    )
    counted = Counter((f"{at:%Y-%m}" if at else "", name) for name, at in connection.execute(query))
    return [{"month": m or None, "channel": c, "submissions": n} for (m, c), n in sorted(counted.items())]


def _doors(connection: sa.Connection) -> list[dict[str, Any]]:
    number = sa.func.count().label("complaints")
    query = sa.select(_COMPLAINT.c.channels, number).group_by(_COMPLAINT.c.channels).order_by(number.desc())
    found = [(row.channels.split(), row.complaints) for row in connection.execute(query)]
    return [{"channels": names, "complaints": n} for names, n in found if len(names) > 1]


def _quarantine(connection: sa.Connection) -> list[dict[str, Any]]:
    q = quarantine
    query = sa.select(
        q.c.receipt, q.c.channel, q.c.reason, q.c.detail, q.c.object, q.c.position, q.c.first_seen_at, q.c.disposition
    )
    # A receipt waits as long as the channel's last load still met its record; what was mended at the source is gone.
    later = load.alias("later")
    last = load.c.load_id == q.c.last_load_id
    newer = sa.exists().where(
        later.c.channel == q.c.channel,
        later.c.status.in_((LoadStatus.PUBLISHED.value, LoadStatus.UNCHANGED.value)),
        later.c.started_at > load.c.started_at,
    )
    query = query.join(load, last).where(~newer)
    now = datetime.now(UTC)
    return [
        {n: v for n, v in row.items() if n != "first_seen_at"} | {"age_days": (now - row["first_seen_at"]).days}
        for row in _rows(connection, query.order_by(q.c.first_seen_at, q.c.receipt))
    ]


def _merges(connection: sa.Connection, run_id: str) -> list[dict[str, Any]]:
    """A few merges with their reasons: those of this run first, then the surest across different channels."""
    j = judgement
    left, right = submission.alias("left_submission"), submission.alias("right_submission")
    query = (
        sa.select(j.c.left_uid, j.c.right_uid, j.c.score, j.c.evidence)
        .join(left, left.c.submission_uid == j.c.left_uid)
        .join(right, right.c.submission_uid == j.c.right_uid)
        .where(
            j.c.judgement == Judgement.SAME.value,
            j.c.withdrawn_at.is_(None),
            left.c.complaint_uid == right.c.complaint_uid,
        )
        .order_by(
            (j.c.run_id == run_id).desc(), (left.c.channel == right.c.channel).asc(), j.c.score.desc(), j.c.left_uid
        )
        .limit(EXAMPLES)
    )
    return [
        {
            "tracking_id": _tracking(connection, row.left_uid),
            "score": row.score,
            "members": [_member(connection, uid) for uid in (row.left_uid, row.right_uid)],
            "evidence": orjson.loads(row.evidence),
        }
        for row in connection.execute(query).all()
    ]


def _tracking(connection: sa.Connection, uid: str) -> str:
    query = (
        sa.select(complaint.c.tracking_id)
        .join(submission, submission.c.complaint_uid == complaint.c.complaint_uid)
        .where(submission.c.submission_uid == uid)
    )
    return str(connection.scalar(query))


def _member(connection: sa.Connection, uid: str) -> dict[str, Any]:
    s, v, x = submission, submission_version, id_crosswalk
    number = sa.select(sa.func.max(x.c.old_number)).where(x.c.submission_uid == uid).scalar_subquery()
    query = (
        sa.select(s.c.channel, number.label("old_number"), v.c.submitted_at, v.c.text_public)
        .join(v, (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no))
        .where(s.c.submission_uid == uid)
    )
    return _rows(connection, query)[0]
