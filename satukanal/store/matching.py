"""What matching needs from the store and gives back to it: keys, neighbours, judgements, clusters, incidents.

The store knows nothing of how records are compared. It keeps keys as keyed hashes, finds every record that shares one
with a batch, and applies a result in one transaction, with a ledger entry. Nothing is deleted: a merge is an alias, and
no tracking id ever stops resolving.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from satukanal.store import codec, ledger
from satukanal.store.abandoned import refuse_abandoned
from satukanal.store.database import Store
from satukanal.store.stage import bulk_insert
from schemas.codes import Judgement, Status, SubmissionType
from schemas.store import (
    complaint,
    complaint_alias,
    complaint_event,
    incident,
    judgement,
    match_key,
    reporter,
    run,
    stage_match_key,
    submission,
    submission_version,
)

_PLAIN = (
    "submitted_at", "region_code", "district", "village", "category", "agency", "type", "status",
    "latitude", "longitude", "is_anonymous", "is_confidential", "old_numbers", "quoted_numbers", "sp4n_id",
)  # fmt: skip
_PERSON = {
    "name": "reporter_name", "phone": "reporter_phone", "email": "reporter_email", "nik": "reporter_nik",
    "account": "reporter_account",
}  # fmt: skip
_ENDED = (Status.CLOSED.value, Status.ARCHIVED.value)
CHUNK = 500  # uids in one IN list


@dataclass(frozen=True)
class Neighbourhood:
    """Every record that shares a key with the fresh ones, clusters and incidents whole, and what is held of them."""

    records: pd.DataFrame  # as ``records`` gives them
    keys: pd.DataFrame  # uid, kind, key, strong
    judgements: pd.DataFrame  # left, right, judgement, by
    clusters: pd.DataFrame  # uid, cluster, incident (null where there is none)


@dataclass(frozen=True)
class Matching:
    """A result to be applied. ``clusters`` and ``incidents`` speak of every record of the neighbourhood."""

    judgements: pd.DataFrame  # left, right, judgement, score, evidence
    clusters: pd.DataFrame  # uid, cluster
    incidents: pd.DataFrame  # uid, incident
    model: str


def fresh_uids(store: Store) -> list[str]:
    """Submissions whose current version has not been matched, in the order of their ids. Whistle-blowing stays out."""
    s, v = submission, submission_version
    query = (
        sa.select(s.c.submission_uid)
        .join(v, (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no))
        .where(
            s.c.withdrawn_at.is_(None),
            s.c.matched_version_no.is_(None) | (s.c.matched_version_no < s.c.version_no),
            sa.func.coalesce(v.c.type, "") != SubmissionType.WHISTLEBLOWING.value,
        )
        .order_by(s.c.submission_uid)
    )
    with store.reading() as connection:
        return list(connection.scalars(query))


def records(store: Store, uids: Iterable[str]) -> pd.DataFrame:
    """What matching compares (transforms.match.RECORD_COLUMNS), personal values in clear, one row a submission."""
    s, v, r, closing = submission, submission_version, reporter, _closings()
    current = (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no)
    person = (r.c.submission_uid == s.c.submission_uid) & (r.c.version_no == s.c.version_no)
    query = (
        sa.select(
            s.c.submission_uid.label("uid"),
            s.c.channel,
            s.c.stream,
            *[v.c[n] for n in _PLAIN],
            sa.func.coalesce(v.c.closed_at, closing.c.closed_at).label("closed_at"),
            v.c.sealed,
            r.c.sealed.label("reporter_sealed"),
        )
        .join(v, current)
        .outerjoin(r, person)
        .outerjoin(closing, (closing.c.submission_uid == s.c.submission_uid) & v.c.status.in_(_ENDED))
    )
    out: list[dict[str, Any]] = []
    with store.reading() as connection:
        for part in _chunks(uids):
            for row in connection.execute(query.where(s.c.submission_uid.in_(part))).mappings():
                values = dict(row)
                content = codec.unseal(store.keys, values.pop("sealed"), f"content/{values['uid']}")
                person_values = codec.unseal(store.keys, values.pop("reporter_sealed"), f"reporter/{values['uid']}")
                values |= {n: content.get(n) for n in ("title", "text", "location")}
                values |= {n: person_values.get(source) for n, source in _PERSON.items()}
                out.append(values)
    return _typed(pd.DataFrame(out))


def _closings() -> sa.Subquery:
    """When each submission was last closed or archived, as its events tell."""
    e = complaint_event
    return (
        sa.select(e.c.submission_uid, sa.func.max(e.c.occurred_at, type_=e.c.occurred_at.type).label("closed_at"))
        .where(e.c.superseded_at.is_(None), e.c.status.in_(_ENDED))
        .group_by(e.c.submission_uid)
        .subquery("closing")
    )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        return frame
    for name in ("submitted_at", "closed_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    for name in ("latitude", "longitude"):
        frame[name] = frame[name].astype("float64")
    texts = [n for n in frame.columns if frame[n].dtype == object]
    frame[texts] = frame[texts].astype("str")
    return frame.sort_values("uid", ignore_index=True)


def neighbourhood(
    store: Store, run_id: str, fresh: pd.DataFrame, keys: pd.DataFrame, window_days: int
) -> Neighbourhood:
    """Stage the ``keys`` (uid, kind, value, strong) of the ``fresh`` records under ``run_id``; find who shares one.

    Weak keys meet within ``window_days`` only, so that the cost follows the batch and not the store. A key value is
    kept as a keyed hash: neither a phone number nor a text can be read from it.
    """
    days = (fresh.set_index("uid")["submitted_at"] - pd.Timestamp(0, tz="UTC")).dt.days
    hashed = keys.assign(
        key=[store.keys.blind(k, v) for k, v in zip(keys["kind"], keys["value"], strict=True)],
        day=keys["uid"].map(days),
    ).drop_duplicates(["uid", "key"])
    rows = [
        {"run_id": run_id, "submission_uid": row.pop("uid"), "government": "*"} | row | {"day": _whole(row["day"])}
        for row in codec.rows(hashed[["uid", "kind", "key", "strong", "day"]])
    ]
    with store.writing() as connection:
        connection.execute(stage_match_key.delete().where(stage_match_key.c.run_id == run_id))
        bulk_insert(connection, stage_match_key, rows)
    with store.reading() as connection:
        shared = _shared_keys(connection, run_id, window_days)
        clusters = _clusters(connection, sorted({*fresh["uid"], *shared["uid"]}))
        held = _judgements(connection, sorted(clusters["uid"]))
    old = shared[~shared["uid"].isin(fresh["uid"])]
    all_keys = pd.concat([hashed[["uid", "kind", "key", "strong"]], old], ignore_index=True)
    return Neighbourhood(records(store, clusters["uid"]), all_keys, held, clusters)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _shared_keys(connection: sa.Connection, run_id: str, window_days: int) -> pd.DataFrame:
    k, fresh = match_key, stage_match_key
    near = k.c.day.between(fresh.c.day - window_days, fresh.c.day + window_days)
    query = (
        sa.select(k.c.submission_uid.label("uid"), k.c.kind, k.c.key, k.c.strong)
        .join(fresh, fresh.c.key == k.c.key)
        .join(submission, submission.c.submission_uid == k.c.submission_uid)
        .where(fresh.c.run_id == run_id, submission.c.withdrawn_at.is_(None), k.c.strong | near)
        .distinct()
    )
    return pd.DataFrame(connection.execute(query).mappings().all(), columns=["uid", "kind", "key", "strong"])


def _clusters(connection: sa.Connection, uids: list[str]) -> pd.DataFrame:
    """Members of every complaint and of every incident that one of ``uids`` belongs to, whole."""
    s, c = submission, complaint
    complaints = _gather(connection, sa.select(s.c.complaint_uid), s.c.submission_uid, uids)
    incidents = _gather(connection, sa.select(c.c.incident_uid), c.c.complaint_uid, complaints)
    complaints = sorted({*complaints, *_gather(connection, sa.select(c.c.complaint_uid), c.c.incident_uid, incidents)})
    query = sa.select(s.c.submission_uid, s.c.complaint_uid, c.c.incident_uid).join(
        c, c.c.complaint_uid == s.c.complaint_uid
    )
    found: list[Any] = []
    for part in _chunks(complaints):
        found += connection.execute(query.where(s.c.complaint_uid.in_(part), s.c.withdrawn_at.is_(None))).all()
    frame = pd.DataFrame([tuple(row) for row in found], columns=["uid", "cluster", "incident"], dtype="str")
    return frame.sort_values("uid", ignore_index=True)


def _gather(connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: list[str]) -> list[str]:
    """What ``query`` gives for the rows whose ``column`` is among ``values``: each once, sorted, without null."""
    found: set[str | None] = set()
    for part in _chunks(values):
        found |= set(connection.scalars(query.where(column.in_(part))))
    return sorted(value for value in found if value is not None)


def _judgements(connection: sa.Connection, uids: list[str]) -> pd.DataFrame:
    j = judgement
    known = set(uids)
    rows = []
    for part in _chunks(uids):
        query = sa.select(j.c.left_uid, j.c.right_uid, j.c.judgement, j.c.by).where(
            j.c.left_uid.in_(part), j.c.withdrawn_at.is_(None)
        )
        rows += [tuple(row) for row in connection.execute(query) if row.right_uid in known]
    return pd.DataFrame(rows, columns=["left", "right", "judgement", "by"], dtype="str")


def apply(store: Store, run_id: str, actor: str, fresh: list[str], result: Matching) -> None:
    """Write keys, judgements, merges and incidents of one matching, in one transaction with its ledger entry."""
    now = datetime.now(UTC)
    with store.writing() as connection:
        refuse_abandoned(connection.execute(sa.select(run.c.status).where(run.c.run_id == run_id)).scalar_one(), run_id)
        _replace_keys(connection, run_id, fresh)
        judged = _write_judgements(connection, run_id, fresh, result, now)
        moved = _write_clusters(connection, run_id, result.clusters, now)
        incidents = _write_incidents(connection, run_id, result, now)
        for part in _chunks(fresh):
            connection.execute(
                submission.update()
                .where(submission.c.submission_uid.in_(part))
                .values(matched_version_no=submission.c.version_no)
            )
        if fresh or judged or moved or incidents:
            told = {"model": result.model, "matched": len(fresh), "judgements": judged, "moved": moved}
            ledger.append(
                connection,
                government="*",
                act="matching",
                subject=run_id,
                actor=actor,
                payload={**told, "incidents": incidents},
            )


def _replace_keys(connection: sa.Connection, run_id: str, fresh: list[str]) -> None:
    for part in _chunks(fresh):
        connection.execute(match_key.delete().where(match_key.c.submission_uid.in_(part)))
    stage, s = stage_match_key, submission
    columns = [stage.c[c.name] for c in match_key.columns if c.name != "government"]
    connection.execute(
        match_key.insert().from_select(
            [*[c.name for c in columns], "government"],
            sa.select(*columns, s.c.government)
            .join(s, s.c.submission_uid == stage.c.submission_uid)
            .where(stage.c.run_id == run_id),
        )
    )
    connection.execute(stage.delete().where(stage.c.run_id == run_id))


def _write_judgements(connection: sa.Connection, run_id: str, fresh: list[str], result: Matching, now: datetime) -> int:
    """Add what the model holds now of pairs with a fresh submission, and withdraw what it no longer holds of them.

    A person's judgement is never touched.
    """
    j = judgement
    standing: dict[tuple[str, str], tuple[int, str]] = {}
    for part in _chunks(fresh):
        query = sa.select(j.c.left_uid, j.c.right_uid, j.c.judgement_id, j.c.judgement).where(
            j.c.left_uid.in_(part) | j.c.right_uid.in_(part), j.c.by == "model", j.c.withdrawn_at.is_(None)
        )
        standing |= {(r.left_uid, r.right_uid): (r.judgement_id, r.judgement) for r in connection.execute(query)}
    governments: dict[str, str] = {}
    for part in _chunks(sorted(set(result.judgements["left"]))):
        of = sa.select(submission.c.submission_uid, submission.c.government)
        governments |= dict(connection.execute(of.where(submission.c.submission_uid.in_(part))).tuples().all())
    new = []
    for row in codec.rows(result.judgements):
        old = standing.get((row["left"], row["right"]))
        if old and old[1] == row["judgement"]:
            standing.pop((row["left"], row["right"]))
            continue
        new.append(
            {
                "left_uid": row["left"],
                "right_uid": row["right"],
                "government": governments[row["left"]],
                "judgement": str(row["judgement"]),
                "score": float(row["score"]),
                "by": "model",
                "actor": result.model,
                "evidence": row["evidence"],
                "run_id": run_id,
                "at": now,
            }
        )
    gone = [judgement_id for judgement_id, _ in standing.values()]
    for start in range(0, len(gone), CHUNK):
        ended = j.c.judgement_id.in_(gone[start : start + CHUNK])
        connection.execute(j.update().where(ended).values(withdrawn_at=now))
    bulk_insert(connection, j, new)
    return len(new) + len(gone)


def _write_clusters(connection: sa.Connection, run_id: str, clusters: pd.DataFrame, now: datetime) -> int:
    """Move submissions to the complaint that their cluster names; folded tracking ids become aliases."""
    s = submission
    wanted = dict(zip(clusters["uid"], clusters["cluster"], strict=True))
    moved = 0
    for part in _chunks(sorted(wanted)):
        query = sa.select(s.c.submission_uid, s.c.complaint_uid, s.c.government).where(s.c.submission_uid.in_(part))
        for row in connection.execute(query).all():
            target = wanted[row.submission_uid]
            if row.complaint_uid == target:
                continue
            moved += 1
            connection.execute(s.update().where(s.c.submission_uid == row.submission_uid).values(complaint_uid=target))
            _write_alias(connection, run_id, row.submission_uid, target, row.government, now)
    return moved


def _write_alias(connection: sa.Connection, run_id: str, uid: str, target: str, government: str, now: datetime) -> None:
    """The tracking id that ``uid`` founded now means ``target`` (or itself again, after a split)."""
    own = sa.select(complaint.c.tracking_id).where(complaint.c.complaint_uid == uid).scalar_subquery()
    connection.execute(
        complaint_alias.update()
        .where(complaint_alias.c.tracking_id == own, complaint_alias.c.until_at.is_(None))
        .values(until_at=now)
    )
    if uid != target:
        connection.execute(
            complaint_alias.insert().values(
                tracking_id=own, complaint_uid=target, government=government, run_id=run_id, since_at=now
            )
        )


def _write_incidents(connection: sa.Connection, run_id: str, result: Matching, now: datetime) -> int:
    """Link complaints to the incident that ``result`` names, and unlink those that it saw and names none for."""
    c = complaint
    cluster_of = dict(zip(result.clusters["uid"], result.clusters["cluster"], strict=True))
    wanted: dict[str, str | None] = dict.fromkeys(cluster_of.values())
    for uid, name in zip(result.incidents["uid"], result.incidents["incident"], strict=True):
        wanted[cluster_of[uid]] = name
    moves: dict[str | None, list[str]] = {}
    governments: dict[str | None, str] = {}
    for part in _chunks(sorted(wanted)):
        rows = connection.execute(
            sa.select(c.c.complaint_uid, c.c.incident_uid, c.c.government).where(c.c.complaint_uid.in_(part))
        )
        for row in rows:
            target = wanted[row.complaint_uid]
            governments.setdefault(target, row.government)
            if row.incident_uid != target:
                moves.setdefault(target, []).append(row.complaint_uid)
    known = set(_gather(connection, sa.select(incident.c.incident_uid), incident.c.incident_uid, _named(moves)))
    for target in _named(moves):
        if target not in known:
            connection.execute(
                incident.insert().values(
                    incident_uid=target, government=governments[target], run_id=run_id, since_at=now
                )
            )
    for target, members in moves.items():
        for part in _chunks(members):
            connection.execute(c.update().where(c.c.complaint_uid.in_(part)).values(incident_uid=target))
    return sum(map(len, moves.values()))


def _named(moves: dict[str | None, list[str]]) -> list[str]:
    return sorted(target for target in moves if target is not None)


def counts(connection: sa.Connection) -> dict[str, int]:
    """The store's totals as ``run --json`` gives them, plus ``restricted``."""

    def one(query: sa.Select[Any]) -> int:
        return connection.scalar(query) or 0

    live = submission.c.withdrawn_at.is_(None)
    submissions = one(sa.select(sa.func.count()).select_from(submission).where(live))
    complaints = one(sa.select(sa.func.count(submission.c.complaint_uid.distinct())).where(live))
    linked = (
        sa.select(complaint.c.incident_uid)
        .join(submission, submission.c.complaint_uid == complaint.c.complaint_uid)
        .where(live, complaint.c.incident_uid.is_not(None))
        .group_by(complaint.c.incident_uid)
        .having(sa.func.count(complaint.c.complaint_uid.distinct()) > 1)
    )
    left, right = submission.alias("left_submission"), submission.alias("right_submission")
    standing = (
        sa.select(sa.func.count())
        .select_from(judgement)
        .join(left, left.c.submission_uid == judgement.c.left_uid)
        .join(right, right.c.submission_uid == judgement.c.right_uid)
        .where(judgement.c.withdrawn_at.is_(None), left.c.withdrawn_at.is_(None), right.c.withdrawn_at.is_(None))
    )

    def judged(kind: Judgement) -> int:
        return one(standing.where(judgement.c.judgement == kind.value))

    return {
        "submissions": submissions,
        "complaints": complaints,
        "merged": submissions - complaints,
        "incidents": one(sa.select(sa.func.count()).select_from(linked.subquery())),
        "related": judged(Judgement.RELATED),
        "review": judged(Judgement.UNSURE),
        "restricted": judged(Judgement.RESTRICTED),
    }


def _chunks(values: Iterable[str]) -> Iterable[list[str]]:
    listed = list(values)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]
