"""Publishing: one transaction per channel, from staging to the store, with the conservation check inside.

The transaction decides what is new, changed or known; writes submissions, versions, reporters, events, complaints,
crosswalk, quarantine and exclusions; checks that nothing was lost; appends the ledger entry; and sets the load row
last. If anything does not add up it is rolled back whole, and the channel's earlier state stands untouched.
"""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from satukanal.store import ledger
from satukanal.store.abandoned import refuse_abandoned
from satukanal.store.codec import ATTACHMENT_ROW
from satukanal.store.database import Store
from satukanal.store.ledger import canonical_json
from satukanal.store.stage import clear
from schemas.codes import Disposition, ExclusionRule, LoadStatus
from schemas.store import (
    attachment,
    complaint,
    complaint_event,
    exclusion,
    id_crosswalk,
    load,
    quarantine,
    reporter,
    stage_attachment,
    stage_crosswalk,
    stage_event,
    stage_exclusion,
    stage_quarantine,
    stage_submission,
    submission,
    submission_version,
)


class ConservationBroken(Exception):
    """The numbers of a load do not add up: it was rolled back. Names the equation and both sides."""


@dataclass(frozen=True)
class Extracted:
    """What a load brings besides its rows: the counts of the stages before, and its evidence."""

    raw_records: int
    parts: int
    events: int
    extracted: int
    source_count: int | None
    archive_sha256: str
    archive_objects: int
    archive_bytes: int
    complete: bool  # a full read whose end was seen: what is missing was withdrawn
    max_withdrawn: float  # greatest share of the channel's submissions that may vanish at once
    answers: int | None = None  # events that were handed over to be staged
    part: str | None = None  # how a read that was not full chose its records: cursor, window, open_cases
    cursors: dict[str, str] = field(default_factory=dict)  # by stream or stream/table: where the next read begins
    schema_drift: tuple[str, ...] = ()
    unmapped: dict[str, dict[str, int]] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Published:
    """What publishing did, counted in the store."""

    accepted: int
    inserted: int
    updated: int
    unchanged: int
    withdrawn: int
    quarantined: int
    excluded: dict[str, int]
    changed: bool  # whether anything in the store moved


def publish(store: Store, load_id: str, extracted: Extracted, actor: str) -> Published:
    """Publish what is staged for ``load_id``.

    Raises ``ConservationBroken`` after rolling back. Publishing a load that is published already does nothing again.
    """
    with store.writing() as connection:
        row = connection.execute(sa.select(load).where(load.c.load_id == load_id)).one()
        if row.status in (LoadStatus.PUBLISHED, LoadStatus.UNCHANGED):
            return _as_published(row)
        refuse_abandoned(row.status, load_id)
        now = datetime.now(UTC)
        _decide(connection, load_id, row.source)
        _insert_new(connection, load_id)
        _insert_versions(connection, load_id)
        changed_events = _publish_events(connection, load_id, now)
        new_notes = _publish_notes(connection, load_id, now)
        withdrawn = _withdraw(connection, load_id, row.channel, extracted, now) if extracted.complete else 0
        counts = _count(connection, load_id, withdrawn, changed_events + new_notes)
        _check(connection, load_id, extracted, counts)
        clear(connection, load_id)
        _finish(connection, row, extracted, counts, actor, now)
        return counts


def _decide(connection: sa.Connection, load_id: str, source: str) -> None:
    """Mark what is known as updated or unchanged, and give it its version number; the rest is staged as new.

    What another source of the channel shows of the same update time is the same version, however it words it: a page
    tells minutes where a table tells seconds.
    """
    s, v, stage = submission, submission_version, stage_submission
    current = (
        sa.select(
            s.c.submission_uid,
            s.c.version_no,
            s.c.withdrawn_at,
            v.c.content_hash,
            v.c.version_at,
            v.c.version_trusted,
            load.c.source,
        )
        .join(v, (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no))
        .join(load, load.c.load_id == v.c.load_id)
        .subquery("current")
    )
    known = (stage.c.load_id == load_id) & (stage.c.submission_uid == current.c.submission_uid)
    # Only the source's own update times can tell an older version; and what was withdrawn comes back in any case.
    dated = stage.c.version_trusted & current.c.version_trusted
    older = dated & (stage.c.version_at < current.c.version_at)
    seen_elsewhere = dated & (stage.c.version_at == current.c.version_at) & (current.c.source != source)
    same = (stage.c.content_hash == current.c.content_hash) | older | seen_elsewhere
    stays = same & current.c.withdrawn_at.is_(None)
    connection.execute(
        stage.update()
        .where(known)
        .values(
            outcome=sa.case((stays, "unchanged"), else_="updated"),
            version_no=sa.case((stays, current.c.version_no), else_=current.c.version_no + 1),
        )
    )


def _copy_into(connection: sa.Connection, target: sa.Table, source: sa.Select[Any]) -> None:
    """Insert what ``source`` selects. It lies in staging in runs that follow the target's key: nothing sorts it."""
    connection.execute(target.insert().from_select([str(c.key) for c in source.selected_columns], source))


def _how_many(connection: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0


def _insert_new(connection: sa.Connection, load_id: str) -> None:
    stage = stage_submission
    fresh = (stage.c.load_id == load_id) & (stage.c.outcome == "inserted")
    uid = stage.c.submission_uid
    _copy_into(
        connection,
        complaint,
        sa.select(uid.label("complaint_uid"), stage.c.government, stage.c.tracking_id, stage.c.load_id).where(fresh),
    )
    _copy_into(
        connection,
        submission,
        sa.select(
            uid,
            stage.c.government,
            stage.c.channel,
            stage.c.stream,
            stage.c.key,
            uid.label("complaint_uid"),
            stage.c.version_no,
            stage.c.load_id.label("first_load_id"),
        ).where(fresh),
    )


def _insert_versions(connection: sa.Connection, load_id: str) -> None:
    stage = stage_submission
    moved = (stage.c.load_id == load_id) & stage.c.outcome.in_(("inserted", "updated"))
    _copy_into(
        connection, submission_version, sa.select(*[stage.c[c.name] for c in submission_version.columns]).where(moved)
    )
    person = [stage.c[c.name] for c in reporter.columns if c.name != "sealed"]
    _copy_into(connection, reporter, sa.select(*person, stage.c.reporter_sealed.label("sealed")).where(moved))
    named = [stage_attachment.c[name] for name in ATTACHMENT_ROW]
    same_row = (stage_attachment.c.load_id == stage.c.load_id) & (
        stage_attachment.c.submission_uid == stage.c.submission_uid
    )
    _copy_into(
        connection,
        attachment,
        sa.select(*named, stage.c.version_no).select_from(stage_attachment).join(stage, same_row).where(moved),
    )
    walk = stage_crosswalk
    known = sa.exists().where(
        id_crosswalk.c.channel == walk.c.channel,
        id_crosswalk.c.old_number == walk.c.old_number,
        id_crosswalk.c.submission_uid == walk.c.submission_uid,
    )
    _copy_into(
        connection,
        id_crosswalk,
        sa.select(*[walk.c[c.name] for c in id_crosswalk.columns]).where(walk.c.load_id == load_id, ~known),
    )
    changed = (stage.c.load_id == load_id) & (stage.c.outcome == "updated")
    connection.execute(
        submission.update()
        .where(changed, submission.c.submission_uid == stage.c.submission_uid)
        .values(version_no=stage.c.version_no, withdrawn_at=None)
    )


def _publish_events(connection: sa.Connection, load_id: str, now: datetime) -> int:
    """Add new answers and new versions of known ones; returns how many."""
    stage, e = stage_event, complaint_event
    current = (
        sa.select(e.c.event_uid, e.c.version_no, e.c.content_hash)
        .where(e.c.superseded_at.is_(None))
        .subquery("current")
    )
    known = (stage.c.load_id == load_id) & (stage.c.event_uid == current.c.event_uid)
    same = stage.c.content_hash == current.c.content_hash
    connection.execute(
        stage.update()
        .where(known)
        .values(outcome=sa.case((same, "unchanged"), else_="updated"), version_no=current.c.version_no + 1)
    )
    replaced = sa.select(stage.c.event_uid).where(stage.c.load_id == load_id, stage.c.outcome == "updated")
    connection.execute(
        e.update().where(e.c.superseded_at.is_(None), e.c.event_uid.in_(replaced)).values(superseded_at=now)
    )
    columns = [stage.c[c.name] for c in e.columns if c.name != "superseded_at"]
    moved = (stage.c.load_id == load_id) & (stage.c.outcome != "unchanged")
    _copy_into(connection, e, sa.select(*columns).where(moved))
    return _how_many(connection, stage, moved)


def _publish_notes(connection: sa.Connection, load_id: str, now: datetime) -> int:
    """Quarantine and exclusions: what is known keeps its receipt and age; returns how many are new."""
    new = 0
    for target, stage, key, extra in (
        (quarantine, stage_quarantine, "receipt", {"first_seen_at": now, "disposition": Disposition.OPEN.value}),
        (exclusion, stage_exclusion, "exclusion_uid", {}),
    ):
        staged_keys = sa.select(stage.c[key]).where(stage.c.load_id == load_id)
        connection.execute(target.update().where(target.c[key].in_(staged_keys)).values(last_load_id=load_id))
        columns = [stage.c[c.name] for c in target.columns if c.name in stage.c]
        given = [sa.literal(value, target.c[name].type).label(name) for name, value in extra.items()]
        known = sa.exists().where(target.c[key] == stage.c[key])
        unseen = (stage.c.load_id == load_id) & ~known
        new += _how_many(connection, stage, unseen)
        _copy_into(
            connection,
            target,
            sa.select(
                *columns,
                stage.c.load_id.label("first_load_id"),
                stage.c.load_id.label("last_load_id"),
                *given,
            ).where(unseen),
        )
    return new


def _withdraw(connection: sa.Connection, load_id: str, channel_id: str, extracted: Extracted, now: datetime) -> int:
    """Mark what a complete read no longer shows, or shows as no complaint (excluded, but not as a repeat or as erased).

    Raises ``ConservationBroken`` if that is too much to be true.
    """
    s = submission
    live = (s.c.channel == channel_id) & s.c.withdrawn_at.is_(None)
    staged = sa.exists().where(  # an anti-join at any size, which NOT IN is not
        stage_submission.c.load_id == load_id, stage_submission.c.submission_uid == s.c.submission_uid
    )
    repeated = sa.exists().where(
        stage_exclusion.c.load_id == load_id,
        stage_exclusion.c.rule.in_((ExclusionRule.REPEATED.value, ExclusionRule.ERASED.value)),
        stage_exclusion.c.stream == s.c.stream,
        stage_exclusion.c.key == s.c.key,
    )
    gone = live & ~staged & ~repeated
    before = _how_many(connection, s, live)
    if before == _how_many(connection, s, s.c.first_load_id == load_id):
        return 0  # all that stands was founded by this load
    missing = _how_many(connection, s, gone)
    if missing and missing > max(1, extracted.max_withdrawn * before):
        raise ConservationBroken(
            f"{missing} of {before} submissions are no longer in the source, more than max_withdrawn "
            f"({extracted.max_withdrawn:.0%}) allows; look at the source, then raise limits.max_withdrawn"
        )
    if missing:
        connection.execute(s.update().where(gone).values(withdrawn_at=now))
    return missing


def _count(connection: sa.Connection, load_id: str, withdrawn: int, moved_notes: int) -> Published:
    """Count what was written by asking the tables, not by remembering."""
    stage = stage_submission
    outcomes = dict(
        connection.execute(
            sa.select(stage.c.outcome, sa.func.count()).where(stage.c.load_id == load_id).group_by(stage.c.outcome)
        )
        .tuples()
        .all()
    )
    rules = connection.execute(
        sa.select(stage_exclusion.c.rule, sa.func.count())
        .where(stage_exclusion.c.load_id == load_id)
        .group_by(stage_exclusion.c.rule)
        .order_by(stage_exclusion.c.rule)
    ).tuples()
    inserted, updated = outcomes.get("inserted", 0), outcomes.get("updated", 0)
    return Published(
        accepted=sum(outcomes.values()),
        inserted=inserted,
        updated=updated,
        unchanged=outcomes.get("unchanged", 0),
        withdrawn=withdrawn,
        quarantined=_how_many(connection, stage_quarantine, stage_quarantine.c.load_id == load_id),
        excluded=dict(rules.all()),
        changed=bool(inserted or updated or withdrawn or moved_notes),
    )


def _check(connection: sa.Connection, load_id: str, extracted: Extracted, counts: Published) -> None:
    """The conservation laws, on what was extracted and on what now stands in the store."""

    def written(table: sa.Table, column: str = "load_id") -> int:
        return _how_many(connection, table, table.c[column] == load_id)

    excluded = sum(counts.excluded.values())
    laws = (
        ("raw records = extracted + parts + events", extracted.raw_records,
         extracted.extracted + extracted.parts + extracted.events),
        ("extracted = accepted + quarantined + excluded", extracted.extracted,
         counts.accepted + counts.quarantined + excluded),
        ("accepted = inserted + updated + unchanged", counts.accepted,
         counts.inserted + counts.updated + counts.unchanged),
        ("versions written = inserted + updated", written(submission_version), counts.inserted + counts.updated),
        ("submissions founded = inserted", written(submission, "first_load_id"), counts.inserted),
        ("numbers staged for no submission = 0", _astray(connection, stage_crosswalk, load_id), 0),
        ("attachments staged for no submission = 0", _astray(connection, stage_attachment, load_id), 0),
        # Staging is unlogged in PostgreSQL, so a crash of the server empties it; the laws above see lost submissions.
        ("answers staged = answers handed over", *_answers(extracted, written(stage_event))),
        ("quarantine seen = quarantined", written(quarantine, "last_load_id"), counts.quarantined),
        ("exclusions seen = excluded", written(exclusion, "last_load_id"), excluded),
    )  # fmt: skip
    for law, left, right in laws:
        if left != right:
            raise ConservationBroken(f"{law} does not hold: {left} ≠ {right}; nothing of this load was published")


def _answers(extracted: Extracted, staged: int) -> tuple[int, int]:
    """Both sides of the law on answers; where their number was not told, that none or some are there (0, 1)."""
    if extracted.answers is None:
        return min(1, staged), min(1, extracted.events)
    return staged, extracted.answers


def _astray(connection: sa.Connection, table: sa.Table, load_id: str) -> int:
    """How many rows are staged for a submission that is not: no foreign key would stop them."""
    stage = stage_submission
    owner = sa.exists().where(stage.c.load_id == load_id, stage.c.submission_uid == table.c.submission_uid)
    return _how_many(connection, table, table.c.load_id == load_id, ~owner)


def _finish(
    connection: sa.Connection, row: Any, extracted: Extracted, counts: Published, actor: str, now: datetime
) -> None:
    v = submission_version
    hashes = connection.scalars(
        sa.select(v.c.row_hash).where(v.c.load_id == row.load_id).order_by(v.c.submission_uid, v.c.version_no),
        execution_options={"yield_per": 10_000},
    )
    root = ledger.merkle_root(hashes)
    e = complaint_event
    answers = connection.scalars(
        sa.select(e.c.content_hash).where(e.c.load_id == row.load_id).order_by(e.c.event_uid, e.c.version_no),
        execution_options={"yield_per": 10_000},
    )
    told = {f.name: getattr(counts, f.name) for f in fields(counts) if f.name not in ("excluded", "changed")}
    told |= {n: getattr(extracted, n) for n in ("raw_records", "parts", "events", "extracted", "source_count")}
    distinct = extracted.extracted - counts.excluded.get(ExclusionRule.REPEATED, 0)
    balanced = None if extracted.source_count is None else extracted.source_count == distinct
    evidence = {
        "archive_sha256": extracted.archive_sha256,
        "merkle_root": root,
        "event_root": ledger.merkle_root(answers),
        "event_versions": _how_many(connection, e, e.c.load_id == row.load_id),
        "spec_sha256": row.spec_sha256,
    }
    ledger.append(
        connection,
        government=row.government,
        act="load",
        subject=row.load_id,
        actor=actor,
        payload={"channel": row.channel, "counts": told, "excluded": counts.excluded, **evidence},
    )
    connection.execute(
        load.update()
        .where(load.c.load_id == row.load_id)
        .values(
            **told,
            status=(LoadStatus.PUBLISHED if counts.changed else LoadStatus.UNCHANGED).value,
            finished_at=now,
            balanced=balanced,
            excluded=canonical_json(counts.excluded).decode(),
            schema_drift=canonical_json(extracted.schema_drift).decode(),
            unmapped=canonical_json(extracted.unmapped).decode(),
            flags=canonical_json(extracted.flags).decode(),
            problems=canonical_json(extracted.problems).decode(),
            archive_sha256=extracted.archive_sha256,
            archive_objects=extracted.archive_objects,
            archive_bytes=extracted.archive_bytes,
            merkle_root=root,
            part=extracted.part,
            cursors=canonical_json(extracted.cursors).decode(),
        )
    )


def _as_published(row: Any) -> Published:
    names = ("accepted", "inserted", "updated", "unchanged", "withdrawn", "quarantined")
    return Published(
        **{n: getattr(row, n) for n in names},
        excluded=orjson.loads(row.excluded or "{}"),
        changed=row.status == LoadStatus.PUBLISHED,
    )
