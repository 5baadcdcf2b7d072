"""Erasing a person from the store: what is theirs is found by blind index, emptied, and kept from coming back.

What is left is that there was a complaint: its numbers, codes, times and hashes, so that counts, chain and
conservation laws hold. Sealed columns and the salt become null, public texts too; match keys go, judgements lose their
evidence. What was erased stands in ``suppression`` by keyed hash. Blanking the archive is left to ``connectors`` and
the flows, which hand in the new manifest hashes; the act is one ledger entry (docs/security.md).
"""

import base64
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson
import sqlalchemy as sa

from satukanal.store import codec, ledger
from satukanal.store.database import Store, StoreError
from schemas.codes import AttachmentState, LoadStatus
from schemas.store import (
    attachment,
    complaint,
    complaint_event,
    exclusion,
    id_crosswalk,
    judgement,
    legal_hold,
    load,
    match_key,
    quarantine,
    reporter,
    submission,
    submission_version,
    suppression,
)
from schemas.store import ledger as entries

CHUNK = 500
ERASED = "erased:"  # before the id that stands in the place of a personal key
NOTES = {"quarantine": (quarantine, "receipt"), "exclusion": (exclusion, "exclusion_uid")}
WORDS = ("title_public", "text_public", "status_reason", "quoted_numbers", "latitude", "longitude")
_LEAST_DIGITS = 8  # of a phone: fewer would be met in a price or a date
_GLUE = r"(?:[\s.\-()/_]|–|" + "\N{NO-BREAK SPACE}" + "){0,3}"  # also as bytes of UTF-8


@dataclass(frozen=True)
class Theirs:
    """One submission of the person."""

    uid: str
    government: str
    channel: str
    stream: str
    key: str
    tracking_id: str


@dataclass(frozen=True)
class Identity:
    """What the person is known by, in clear: in memory only, to find them in free text and in the archive."""

    niks: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()  # E.164
    words: frozenset[str] = frozenset()  # e-mail addresses and accounts

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Finds each number in any way of writing it, and each e-mail or account; None if nothing is known."""
        parts = [_GLUE.join(nik) for nik in self.niks]
        for phone in self.phones:
            national = phone.removeprefix("+62") if phone.startswith("+62") else phone.lstrip("+")
            if len(national) >= _LEAST_DIGITS:
                parts.append(r"(?:\+?\(?(?:00)?62\)?[\s.\-(]{0,2}0?\)?|0)?" + _GLUE + _GLUE.join(national))
        guarded = [rf"(?<![0-9])(?:{part})(?![0-9])" for part in sorted(parts, key=len, reverse=True)]
        guarded += [
            rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])" for word in sorted(self.words) if _is_telling(word)
        ]
        return re.compile("|".join(guarded), re.IGNORECASE) if guarded else None

    def meets(self, text: str) -> bool:
        """Whether ``text`` holds one of the person's numbers or addresses."""
        return self.pattern is not None and self.pattern.search(text) is not None


def _is_telling(word: str) -> bool:
    """Whether an address or account is nobody else's word: a plain name as an account would be met in others' words."""
    return len(word) > 3 and ("@" in word or bool(re.search(r"[0-9_]", word) and re.search(r"[a-z]", word, re.I)))


@dataclass(frozen=True)
class Found:
    """All that is the person's. ``notes`` are ids of rows by table: 'quarantine', 'exclusion'."""

    submissions: tuple[Theirs, ...]
    identity: Identity = field(repr=False)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note_channels: frozenset[str] = frozenset()
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # tracking id → reasons
    returned: bool = False  # erased once, and brought back by a backup

    @property
    def uids(self) -> set[str]:
        """Of the submissions."""
        return {one.uid for one in self.submissions}

    @property
    def channels(self) -> set[str]:
        """In which the person was met."""
        return {one.channel for one in self.submissions} | self.note_channels


def find(
    store: Store, values: Iterable[tuple[str, str]], tracking_ids: Collection[str], keep: Collection[str]
) -> Found:
    """Everything of the person who is known by ``values``, pairs of kind (``codec.INDEXES``) and cleaned value.

    Also by ``tracking_ids``: then whoever shares a number or address with their reporters. The complaints ``keep``
    (tracking ids) are left out, with all that is known by them alone.
    """
    with store.reading() as connection:
        known = {(kind, store.keys.blind(kind, value)) for kind, value in values}
        named, left_out = (_founders(connection, ids) for ids in (tracking_ids, keep))
        uids = (named | _by_index(connection, known | _indexes(connection, named))) - left_out
        theirs = tuple(_theirs(connection, uids))
        identity = _own(store, connection, uids, known, values)
        notes, channels = _notes(store, connection, theirs, identity)
        return Found(theirs, identity, notes, channels, _held(connection, theirs))


def again(store: Store, uids: Collection[str]) -> Found:
    """What of ``uids`` (submissions, notes), erased once, is back and whole: after an old backup was restored."""
    with store.reading() as connection:
        gone = set(connection.scalars(sa.select(suppression.c.uid)))
        back = set(uids) - gone
        if not back:
            return Found((), Identity())
        theirs = tuple(_theirs(connection, back))
        identity = _own(store, connection, {one.uid for one in theirs}, set(), ())
        notes, channels = _notes(store, connection, theirs, identity, back)
        return Found(theirs, identity, notes, channels, returned=True)


def erase(
    store: Store, found: Found, keys: Mapping[str, str], archives: Mapping[str, Any], actor: str, erasure: str
) -> str:
    """Empty what was found, suppress it, and append the ledger entry; returns the new head. One transaction.

    ``keys`` gives submissions (uid) whose key is itself personal the one that replaces it. ``archives`` tells, by
    load_id, the new manifest hash (``manifest``) and each rewritten object's old and new hash (``objects``).
    """
    now, uids = datetime.now(UTC), sorted(found.uids)
    with store.writing() as connection:
        if not found.returned and _held(connection, found.submissions):
            raise StoreError("a complaint was held meanwhile; nothing was erased")
        for part in _chunks(uids):
            _empty(connection, part)
        for uid, key in keys.items():
            _rename(connection, found, uid, key)
        for name, ids in found.notes.items():
            table, column = NOTES[name]
            for part in _chunks(ids):
                connection.execute(table.update().where(table.c[column].in_(part)).values(sealed=None))
        for load_id, told in archives.items():
            row = load.update().where(load.c.load_id == load_id, load.c.archive_sha256.is_not(None))
            connection.execute(row.values(archive_sha256=told["manifest"]))
        _suppress(store, connection, found, keys, erasure, now)
        _rename_exclusions(connection, found)
        governments = {one.government for one in found.submissions}
        return ledger.append(
            connection,
            government=governments.pop() if len(governments) == 1 else "*",
            act="erasure",
            subject=erasure,
            actor=actor,
            payload={
                "submissions": uids,
                "notes": {name: list(ids) for name, ids in found.notes.items()},
                "archives": {load_id: told["manifest"] for load_id, told in archives.items()},
                "objects": {load_id: told["objects"] for load_id, told in archives.items()},
            },
        )


def new_erasure() -> str:
    """A name for an erasure that is about to begin."""
    return f"erasure-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def known(store: Store) -> set[str]:
    """The names of the erasures that the ledger tells of: what they prepared is to be put in place."""
    with store.reading() as connection:
        return set(connection.scalars(sa.select(entries.c.subject).where(entries.c.act == "erasure")))


@dataclass(frozen=True)
class Suppressed:
    """What a load of one channel must not bring back."""

    submissions: Mapping[str, str]  # submission_uid → the key as it stands now
    notes: frozenset[str]  # receipts and exclusion ids

    def __bool__(self) -> bool:
        return bool(self.submissions or self.notes)


def suppressed(store: Store, channel: str) -> Suppressed:
    """The suppression list of ``channel``."""
    s = suppression
    query = sa.select(s.c.uid, s.c.kind, s.c.key).where(s.c.channel == channel)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return Suppressed(
        {row.uid: row.key for row in rows if row.kind == "submission"},
        frozenset(row.uid for row in rows if row.kind != "submission"),
    )


@dataclass(frozen=True)
class Load:
    """A load whose archive may hold something of the person."""

    load_id: str
    channel: str
    source: str


def loads(store: Store, channels: Collection[str]) -> list[Load]:
    """Every load of ``channels`` that is no longer running, oldest first."""
    query = (
        sa.select(load.c.load_id, load.c.channel, load.c.source)
        .where(load.c.channel.in_(sorted(channels)), load.c.status != LoadStatus.RUNNING.value)
        .order_by(load.c.started_at, load.c.load_id)
    )
    with store.reading() as connection:
        return [Load(*row) for row in connection.execute(query).tuples()]


def all_suppressed(store: Store) -> list[str]:
    """Every keyed hash on the suppression list, sorted."""
    with store.reading() as connection:
        return sorted(connection.scalars(sa.select(suppression.c.uid)))


def purge(store: Store) -> None:
    """Have the database give up the bytes of what was emptied: they stay in free pages otherwise.

    SQLite writes its file anew; PostgreSQL overwrites dead rows in time, and ``VACUUM`` makes their room free now.
    """
    engine = store.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            for table in (*codec.CONTEXTS, match_key, judgement):
                connection.exec_driver_sql(f"VACUUM (FULL) {table.name}")
        else:
            driver: Any = connection.connection.driver_connection
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _chunks(ids: Collection[str]) -> Iterator[list[str]]:
    listed = sorted(ids)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]


def _in(connection: sa.Connection, column: sa.ColumnElement[str], ids: Collection[str]) -> set[str]:
    return {uid for part in _chunks(ids) for uid in connection.scalars(sa.select(column).where(column.in_(part)))}


def _founders(connection: sa.Connection, tracking_ids: Collection[str]) -> set[str]:
    """The submissions that ``tracking_ids`` name. Raises ``StoreError`` for one that is none."""
    c, found = complaint, set()
    for wanted in sorted({one.strip().upper() for one in tracking_ids}):
        uid = connection.scalar(sa.select(c.c.complaint_uid).where(c.c.tracking_id == wanted))
        if uid is None:
            raise StoreError(f"{wanted}: is no tracking id of this store; nothing was erased")
        found.add(uid)
    return found


def _indexes(connection: sa.Connection, uids: Collection[str]) -> set[tuple[str, str]]:
    """Blind indexes of the reporters of ``uids``, by kind."""
    found = set()
    for kind in codec.INDEXES:
        column = reporter.c[f"{kind}_index"]
        for part in _chunks(uids):
            query = sa.select(column).where(reporter.c.submission_uid.in_(part), column.is_not(None))
            found |= {(kind, value) for value in connection.scalars(query)}
    return found


def _by_index(connection: sa.Connection, known: Collection[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    for kind, value in sorted(known):
        query = sa.select(reporter.c.submission_uid).where(reporter.c[f"{kind}_index"] == value)
        found |= set(connection.scalars(query))
    return found


def _theirs(connection: sa.Connection, uids: Collection[str]) -> Iterator[Theirs]:
    s, c = submission, complaint
    query = sa.select(s.c.submission_uid, s.c.government, s.c.channel, s.c.stream, s.c.key, c.c.tracking_id).join(
        c, c.c.complaint_uid == s.c.submission_uid
    )
    for part in _chunks(uids):
        for row in connection.execute(query.where(s.c.submission_uid.in_(part)).order_by(s.c.submission_uid)).tuples():
            yield Theirs(*row)


def _own(
    store: Store,
    connection: sa.Connection,
    uids: Collection[str],
    known: Collection[tuple[str, str]],
    values: Iterable[tuple[str, str]],
) -> Identity:
    """What is known of the person alone: what they share with a complaint that stays is left out."""
    others = _by_index(connection, {*known, *_indexes(connection, uids)}) - set(uids)
    mine, shared = _identity(store, connection, uids, values), _identity(store, connection, others, ())
    return Identity(mine.niks - shared.niks, mine.phones - shared.phones, mine.words - shared.words)


def _identity(
    store: Store, connection: sa.Connection, uids: Collection[str], values: Iterable[tuple[str, str]]
) -> Identity:
    found: dict[str, set[str]] = {kind: set() for kind in codec.INDEXES}
    for kind, value in values:
        found[kind].add(value)
    for part in _chunks(uids):
        for row in connection.execute(sa.select(reporter).where(reporter.c.submission_uid.in_(part))).mappings():
            person = codec.unseal(store.keys, row["sealed"], codec.CONTEXTS[reporter](row))
            for kind, name in codec.INDEXES.items():
                found[kind] |= {person[name]} if person.get(name) else set()
    return Identity(frozenset(found["nik"]), frozenset(found["phone"]), frozenset(found["email"] | found["account"]))


def _notes(
    store: Store,
    connection: sa.Connection,
    theirs: Sequence[Theirs],
    identity: Identity,
    known: Collection[str] = (),
) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Rows of quarantine and exclusion by table, and their channels.

    Those that carry the person's numbers or the key of one of their submissions, or whose id is ``known``.
    """
    own, notes, channels = {(one.channel, one.stream, one.key) for one in theirs}, {}, set()
    for name, (table, uid) in NOTES.items():
        found = []
        for row in connection.execute(sa.select(table), execution_options={"yield_per": CHUNK}).mappings():
            raw = codec.unseal(store.keys, row["sealed"], codec.CONTEXTS[table](row)).get("raw") or ""
            same_key = (row["channel"], row["stream"], row.get("key")) in own
            if row["sealed"] is not None and (same_key or identity.meets(_words(raw)) or row[uid] in known):
                found.append(row[uid])
                channels.add(row["channel"])
        if found:
            notes[name] = tuple(sorted(found))
    return notes, frozenset(channels)


def _words(raw: str) -> str:
    """What a kept record says: its cells, or the bytes that could not be read."""
    if raw.startswith("base64:"):
        return base64.b64decode(raw[7:]).decode("utf-8", "replace")
    try:
        cells: dict[str, str] = orjson.loads(raw)
    except ValueError:
        return raw
    return "\n".join(cells.values())


def _held(connection: sa.Connection, theirs: Sequence[Theirs]) -> dict[str, tuple[str, ...]]:
    """Reasons by tracking id: a hold covers all that was folded into one complaint with the one that it names."""
    h, c, s = legal_hold, complaint, submission
    standing = (
        sa.select(s.c.complaint_uid, h.c.reason)
        .join(c, c.c.tracking_id == h.c.tracking_id)
        .join(s, s.c.submission_uid == c.c.complaint_uid)
        .where(h.c.until_at.is_(None))
        .order_by(h.c.hold_id)
    )
    reasons: dict[str, list[str]] = {}
    for cluster, reason in connection.execute(standing).tuples():
        reasons.setdefault(cluster, []).append(reason)
    found = {}
    for part in _chunks([one.uid for one in theirs]) if reasons else ():
        query = sa.select(s.c.complaint_uid, c.c.tracking_id).join(c, c.c.complaint_uid == s.c.submission_uid)
        for cluster, tracking_id in connection.execute(query.where(s.c.submission_uid.in_(part))).tuples():
            if cluster in reasons:
                found[tracking_id] = tuple(reasons[cluster])
    return found


def _empty(connection: sa.Connection, uids: list[str]) -> None:
    v, s, e, j = submission_version, submission, complaint_event, judgement
    gone: dict[str, Any] = dict.fromkeys(WORDS) | {"salt": None, "sealed": None, "content_hash": ""}
    connection.execute(v.update().where(v.c.submission_uid.in_(uids)).values(gone))
    nameless = {f"{kind}_index": None for kind in codec.INDEXES} | {"sealed": None}
    connection.execute(reporter.update().where(reporter.c.submission_uid.in_(uids)).values(nameless))
    gone_files = {"sealed": None, "state": AttachmentState.ERASED.value}
    connection.execute(attachment.update().where(attachment.c.submission_uid.in_(uids)).values(gone_files))
    connection.execute(e.update().where(e.c.submission_uid.in_(uids)).values(sealed=None, text_public=None))
    connection.execute(match_key.delete().where(match_key.c.submission_uid.in_(uids)))
    connection.execute(j.update().where(j.c.left_uid.in_(uids) | j.c.right_uid.in_(uids)).values(evidence="[]"))
    connection.execute(s.update().where(s.c.submission_uid.in_(uids)).values(matched_version_no=s.c.version_no))


def _rename(connection: sa.Connection, found: Found, uid: str, key: str) -> None:
    """Put ``key`` in the place of a key that tells of the person, and forget old numbers that do."""
    s, x, v = submission, id_crosswalk, submission_version
    before = next(one.key for one in found.submissions if one.uid == uid)
    connection.execute(s.update().where(s.c.submission_uid == uid).values(key=key))
    connection.execute(x.update().where(x.c.submission_uid == uid, x.c.old_number == before).values(old_number=key))
    rows = connection.execute(sa.select(x.c.old_number).where(x.c.submission_uid == uid)).scalars().all()
    personal = [number for number in rows if found.identity.meets(number)]
    connection.execute(x.delete().where(x.c.submission_uid == uid, x.c.old_number.in_(personal)))
    for row in connection.execute(sa.select(v.c.version_no, v.c.old_numbers).where(v.c.submission_uid == uid)).all():
        kept = [number for number in (row.old_numbers or "").split() if number not in (*personal, before)]
        here = (v.c.submission_uid == uid) & (v.c.version_no == row.version_no)
        connection.execute(v.update().where(here).values(old_numbers=" ".join(kept) or None))


def _rename_exclusions(connection: sa.Connection, found: Found) -> None:
    """Forget the keys of excluded records: one may be a NIK, or the hash of the words."""
    x = exclusion
    for part in _chunks(found.notes.get("exclusion", ())):
        connection.execute(x.update().where(x.c.exclusion_uid.in_(part)).values(key=ERASED + x.c.exclusion_uid))


def _suppress(
    store: Store, connection: sa.Connection, found: Found, keys: Mapping[str, str], erasure: str, now: datetime
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "uid": one.uid,
            "kind": "submission",
            "government": one.government,
            "channel": one.channel,
            "stream": one.stream,
            "key": keys.get(one.uid, one.key),
        }
        for one in found.submissions
    ]
    for name, ids in found.notes.items():
        table, uid = NOTES[name]
        for part in _chunks(ids):
            for row in connection.execute(sa.select(table).where(table.c[uid].in_(part))).mappings():
                place = {n: row[n] for n in ("government", "channel", "stream")}
                rows.append({"uid": row[uid], "kind": name, "key": "", **place})
                if name == "exclusion":  # by its key too: another word in it makes it another exclusion, or none
                    own = codec.submission_uid(store.keys, row["channel"], row["stream"], row["key"])
                    rows.append({"uid": own, "kind": "submission", "key": f"{ERASED}{own}", **place})
    known = _in(connection, suppression.c.uid, [row["uid"] for row in rows])
    fresh = {
        row["uid"]: row | {"erasure": erasure, "since_at": now} for row in reversed(rows) if row["uid"] not in known
    }
    if fresh:
        connection.execute(suppression.insert(), list(fresh.values()))
