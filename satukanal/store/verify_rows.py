"""Verifying rows: every hash, seal, index and id is derived again from what stands beside it.

A wrong row is named by channel, stream, key and version. Its column is named where it can be told: where another value
that the store, the sealed record or the code lists know makes the row's hash right again.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import orjson
import sqlalchemy as sa

from satukanal.store import codec
from satukanal.store.erasure import ERASED, WORDS
from satukanal.store.keys import Keyring
from satukanal.store.problem import Problem
from schemas.canonical import BOOL, LOCAL, SUBMISSION, UTC
from schemas.codes import AttachmentState, Closer, Status, SubmissionType
from schemas.store import (
    attachment,
    complaint,
    complaint_alias,
    complaint_event,
    exclusion,
    quarantine,
    reporter,
    submission,
    submission_version,
)

BATCH = 500
UNTOLD = "its personal part is gone, and no erasure stands in the ledger"
CANDIDATES = 200  # values from elsewhere in the store that are tried for a column
_OPEN_STATES = {state.value for state in AttachmentState} - {AttachmentState.ERASED.value}
_OFFSETS = tuple(timedelta(hours=hours) for hours in (7, 8, 9))  # WIB, WITA, WIT
_CODES: dict[str, tuple[str, ...]] = {
    "type": tuple(SubmissionType),
    "status": tuple(Status),
    "closed_by": tuple(Closer),
    "archived_by": tuple(Closer),
}
_DTYPES = {c.name: c.dtype for c in SUBMISSION}
_INDEX_COLUMNS = {f"{kind}_index": (kind, name) for kind, name in codec.INDEXES.items()}


def versions(connection: sa.Connection, keys: Keyring, erased: set[str], order: dict[str, int]) -> Iterator[Problem]:
    """Every version with its person and attachments: seals, row hash, content hash, blind indexes.

    ``erased`` are the submissions that the ledger tells to be so, ``order`` the entries of loads by ``load_id``.
    """
    v, r, s = submission_version, reporter, submission
    query = (
        sa.select(
            v,
            r.c.submission_uid.label("reporter_uid"),
            r.c.sealed.label("reporter_sealed"),
            *[r.c[name] for name in _INDEX_COLUMNS],
            *[s.c[name] for name in ("channel", "stream", "key")],
        )
        .outerjoin(r, (r.c.submission_uid == v.c.submission_uid) & (r.c.version_no == v.c.version_no))
        .outerjoin(s, s.c.submission_uid == v.c.submission_uid)
        .order_by(v.c.submission_uid, v.c.version_no)
    )
    suspects, in_turn = _Suspects(connection), _InTurn(order)
    for batch in connection.execute(query, execution_options={"yield_per": BATCH}).mappings().partitions():
        named = _attachments(connection, batch[0]["submission_uid"], batch[-1]["submission_uid"])
        for row in batch:
            where = f"{_place(row)} version {row['version_no']}"
            yield from in_turn.check(row["submission_uid"], row["load_id"], where)
            if row["salt"] is None and row["sealed"] is None:
                if row["submission_uid"] not in erased:
                    yield Problem("emptied", where, UNTOLD)
                elif row["reporter_sealed"] or any(row[name] is not None for name in (*_INDEX_COLUMNS, *WORDS)):
                    yield Problem("row_altered", where, "was erased, and holds something of a person again")
                continue
            opened, faults = _open(keys, row, named[row["submission_uid"], row["version_no"]], where)
            yield from faults
            if faults:
                continue
            attached = named[row["submission_uid"], row["version_no"]]
            yield from _states(keys, attached, opened["attachments"] or [], where)
            try:
                yield from _check(keys, dict(row) | opened, where, suspects)
            except (ValueError, TypeError):
                yield Problem("row_altered", where, "holds a value that its column cannot have")


class _InTurn:
    """Versions of one thing must have come by loads that came one after another."""

    def __init__(self, order: dict[str, int]) -> None:
        self.order = order
        self._last: tuple[str, int] = "", 0

    def check(self, uid: str, load_id: str, where: str) -> Iterator[Problem]:
        """To be called for each version of ``uid`` in turn. What the ledger does not tell of is told elsewhere."""
        entry = self.order.get(load_id, 0)
        if uid == self._last[0] and 0 < entry <= self._last[1]:
            yield Problem("row_altered", f"{where}, version_no", "came by a load that is older than the version before")
        self._last = uid, entry


def _place(row: sa.RowMapping) -> str:
    if row["channel"] is None:
        return f"submission {row['submission_uid']} (its row is missing)"
    return f"{row['channel']}/{row['stream']}/{row['key']}"


def _attachments(connection: sa.Connection, first: str, last: str) -> dict[tuple[str, int], list[sa.RowMapping]]:
    a = attachment
    query = sa.select(a).where(a.c.submission_uid.between(first, last)).order_by(a.c.ordinal)
    found: dict[tuple[str, int], list[sa.RowMapping]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["submission_uid"], row["version_no"]].append(row)
    return found


def _open(
    keys: Keyring, row: sa.RowMapping, named: list[sa.RowMapping], where: str
) -> tuple[dict[str, Any], list[Problem]]:
    """The personal part in clear, and what of it cannot be opened."""
    sealed = [
        ("content", row["sealed"], codec.CONTEXTS[submission_version](row)),
        ("reporter", row["reporter_sealed"], codec.CONTEXTS[reporter](row)),
        *[(f"attachment {a['ordinal']}", a["sealed"], codec.CONTEXTS[attachment](a)) for a in named],
    ]
    opened: list[dict[str, Any]] = []
    problems = []
    for what, content, context in sealed:
        if content is None:
            problems.append(Problem("missing", f"{where}, {what}", "its sealed values are not there"))
            continue
        try:
            opened.append(codec.unseal(keys, content, context))
        except ValueError:
            problems.append(Problem("sealed", f"{where}, {what}", "cannot be opened: altered, or moved from elsewhere"))
    if problems:
        return {}, problems
    return opened[0] | opened[1] | {"attachments": [o.get("name") for o in opened[2:]] or None}, []


def _states(keys: Keyring, attached: list[sa.RowMapping], names: list[str], where: str) -> Iterator[Problem]:
    """What is said of a file must fit its name and the act that found it (that the act is true is told elsewhere)."""
    for row, name in zip(attached, names, strict=True):
        stored = row["state"] == AttachmentState.STORED.value
        cell = codec.file_of_cell(keys, name)
        fits = (row["file"], row["collected"]) == (cell, None) and stored if cell else (
            stored == (row["file"] is not None) == (row["collected"] is not None)
        )  # fmt: skip
        if not fits or row["state"] not in _OPEN_STATES:
            told = "its state, its file and the act that found it do not fit"
            yield Problem("attachment_altered", f"{where}, attachment {row['ordinal']}", told)


def _check(keys: Keyring, values: dict[str, Any], where: str, suspects: "_Suspects") -> Iterator[Problem]:
    """Hashes and indexes of one version, whose personal part is open."""
    uid, salt = values["submission_uid"], values["salt"] or b""
    for name, (kind, source) in _INDEX_COLUMNS.items():
        value = values.get(source)
        if values[name] != (keys.blind(kind, value) if value else None):
            yield Problem("row_altered", f"{where}, {name}", "is not the index of the sealed value")
    personal = codec.commitment(values, salt)
    same_content = codec.content_hash(keys, values, codec.VERSIONED) == values["content_hash"]
    if codec.public_hash(values, personal, uid) == values["row_hash"]:
        if not same_content:
            yield Problem("row_altered", f"{where}, content_hash", "is not that of the row, whose row hash holds")
        return
    column = suspects.find(values, personal)
    if column:
        yield Problem("row_altered", f"{where}, {column}", "was altered: with another known value its row hash holds")
        return
    what = (
        "what tells versions apart is unaltered: salt, row_hash, an evidence column or the sealed record is not"
        if same_content
        else "its row hash does not hold and its content was altered, in which column cannot be told from here"
    )
    yield Problem("row_altered", where, f"{what}; compare with {values['object']}, {values['position']} in the archive "
                  f"of load {values['load_id']}")  # fmt: skip


class _Suspects:
    """Values that an altered column may have had before, to be tried one at a time."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._elsewhere: dict[str, list[Any]] = {}

    def find(self, values: dict[str, Any], personal: str) -> str | None:
        """The one column of ``codec.HASHED`` that another value puts right, or None."""
        uid, wanted = values["submission_uid"], values["row_hash"]
        record = list(orjson.loads(values.get("raw") or "{}").values())
        for name in codec.HASHED:
            tried = (values | {name: value} for value in self._candidates(name, values, record))
            if any(codec.public_hash(other, personal, uid) == wanted for other in tried):
                return name
        return None

    def _candidates(self, name: str, values: dict[str, Any], record: list[Any]) -> Iterator[Any]:
        dtype = _DTYPES.get(name)
        if dtype == BOOL:
            yield not values[name]
            return
        yield None
        yield from _CODES.get(name, ())
        if dtype in (UTC, LOCAL):
            yield from _other_clock(name, values)
        elif name in ("title_public", "text_public"):
            yield values.get(name.removesuffix("_public"))
        else:
            yield from record
        yield from self._known(name)

    def _known(self, name: str) -> list[Any]:
        if name not in self._elsewhere:
            column = submission_version.c[name]
            self._elsewhere[name] = list(self.connection.scalars(sa.select(column).distinct().limit(CANDIDATES)))
        return self._elsewhere[name]


def _other_clock(name: str, values: dict[str, Any]) -> Iterator[datetime]:
    """The instant by its wall clock in Indonesia's three zones, or the wall clock by its instant."""
    stem, _, clock = name.rpartition("_")
    other = values.get(f"{stem}_local" if clock == "at" else f"{stem}_at")
    if other is not None:
        for offset in _OFFSETS:
            if clock == "local":
                yield (other + offset).replace(tzinfo=None)
            else:
                yield (other - offset).replace(tzinfo=values["version_at"].tzinfo)


def submissions(connection: sa.Connection, keys: Keyring, erased: set[str]) -> Iterator[Problem]:
    """Every submission: id and tracking id follow from its key, versions 1 to the current one, one standing alias.

    Of an erased one the key may have told of the person; then it was replaced, and only the id is left.
    """
    s, v, own, a = submission, submission_version, complaint, complaint_alias
    counted = (
        sa.select(
            v.c.submission_uid,
            sa.func.count().label("versions"),
            sa.func.max(v.c.version_no).label("newest"),
            sa.func.count(v.c.row_hash.distinct()).label("hashes"),
        )
        .group_by(v.c.submission_uid)
        .subquery("counted")
    )
    query = (
        sa.select(
            s,
            own.c.tracking_id,
            counted.c.versions,
            counted.c.newest,
            counted.c.hashes,
            a.c.complaint_uid.label("alias_of"),
        )
        .outerjoin(own, own.c.complaint_uid == s.c.submission_uid)
        .outerjoin(counted, counted.c.submission_uid == s.c.submission_uid)
        .outerjoin(a, (a.c.tracking_id == own.c.tracking_id) & a.c.until_at.is_(None))
        .order_by(s.c.submission_uid)
    )
    for row in connection.execute(query, execution_options={"yield_per": BATCH}).mappings():
        where = f"{row['channel']}/{row['stream']}/{row['key']}"
        uid = row["submission_uid"]
        replaced = uid in erased and row["key"] == f"{ERASED}{uid}"
        if not replaced and uid != codec.submission_uid(keys, row["channel"], row["stream"], row["key"]):
            yield Problem("row_altered", f"{where}, key", "its id does not follow from channel, stream and key")
        if row["tracking_id"] is None:
            yield Problem("missing", where, "the complaint that it founded is not there")
        elif row["tracking_id"] != codec.tracking_id(keys, uid):
            yield Problem("row_altered", f"{where}, tracking_id", "does not follow from its id")
        if (row["alias_of"] or uid) != row["complaint_uid"]:
            yield Problem("alias", where, "the complaint that it stands under is not the one that its alias names")
        yield from _numbering(connection, row, where)


def _numbering(connection: sa.Connection, row: sa.RowMapping, where: str) -> Iterator[Problem]:
    current = row["version_no"]
    if (row["versions"] or 0, row["newest"]) != (current, current):
        v = submission_version
        there = set(connection.scalars(sa.select(v.c.version_no).where(v.c.submission_uid == row["submission_uid"])))
        for number in sorted(set(range(1, current + 1)) - there):
            yield Problem("missing", f"{where} version {number}", "is not there")
        for number in sorted(there - set(range(1, current + 1))):
            yield Problem("doubled", f"{where} version {number}", f"stands beyond the current version {current}")
    if row["versions"] and row["hashes"] != row["versions"]:
        yield Problem("doubled", where, "several of its versions have one row hash")


def answers(connection: sa.Connection, keys: Keyring, erased: set[str], order: dict[str, int]) -> Iterator[Problem]:
    """Every version of every answer: seal, content hash, numbering, and that exactly the newest one stands."""
    in_turn = _InTurn(order)
    e, s = complaint_event, submission
    query = (
        sa.select(e, s.c.key)
        .outerjoin(s, s.c.submission_uid == e.c.submission_uid)
        .order_by(e.c.event_uid, e.c.version_no)
    )
    rows = connection.execute(query, execution_options={"yield_per": BATCH}).mappings()
    for uid, group in groupby(rows, key=lambda row: row["event_uid"]):
        numbers, standing, where = [], [], ""
        for row in group:
            place = f"{row['channel']}/{row['stream']}/{row['key'] or '?'} answer {uid}"
            where = f"{place} version {row['version_no']}"
            yield from in_turn.check(uid, row["load_id"], where)
            numbers.append(row["version_no"])
            standing.append(row["superseded_at"] is None)
            try:
                values = dict(row) | codec.unseal(keys, row["sealed"], codec.CONTEXTS[e](row))
            except ValueError:
                yield Problem("sealed", where, "cannot be opened: altered, or moved from elsewhere")
                continue
            if row["sealed"] is None:
                if row["submission_uid"] not in erased:
                    yield Problem("emptied", where, UNTOLD)
                continue
            if codec.content_hash(keys, values, codec.EVENT_VERSIONED) != row["content_hash"]:
                yield Problem("answer_altered", where, f"compare with {row['object']}, {row['position']} in the "
                              f"archive of load {row['load_id']}")  # fmt: skip
        if numbers != list(range(1, len(numbers) + 1)):
            yield Problem("missing", where, f"its versions are {', '.join(map(str, numbers))}")
        if standing != [False] * (len(numbers) - 1) + [True]:
            yield Problem("answer_altered", f"{where}, superseded_at", "not exactly its newest version stands")


def notes(connection: sa.Connection, keys: Keyring, erased: set[str]) -> Iterator[Problem]:
    """Quarantine and exclusions: seals open, and the receipt follows from what is kept and why."""
    for table, kind, uid, why in (
        (quarantine, "receipt", "receipt", "reason"),
        (exclusion, "exclusion", "exclusion_uid", "rule"),
    ):
        most = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for row in connection.execute(sa.select(table), execution_options={"yield_per": BATCH}).mappings():
            where = f"{table.name} {row[uid]} of {row['channel']}/{row['stream']}"
            if row["sealed"] is None:
                if row[uid] not in erased:
                    yield Problem("emptied", where, UNTOLD)
                continue
            try:
                raw = codec.unseal(keys, row["sealed"], codec.CONTEXTS[table](row)).get("raw") or ""
            except ValueError:
                yield Problem("sealed", where, "cannot be opened: altered, or moved from elsewhere")
                continue
            parts = row["channel"], row["stream"], row[why], raw
            if not any(keys.identify(kind, *parts, str(n)) == row[uid] for n in range(1, most + 1)):
                yield Problem("note_altered", f"{where}, {why}", "its number does not follow from channel, stream, "
                              f"{why} and what is kept")  # fmt: skip
