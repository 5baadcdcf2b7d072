"""Canonical frames ↔ rows of the store: ids, hashes, sealing.

Ids are keyed hashes of (channel, stream, key), so a rebuild gives the same ones and a NIK that serves as a key cannot
be guessed. A row hash covers a named list of columns and a salted commitment to the personal part: erasure, which
destroys salt and sealed bytes, does not look like fraud.

What is hashed is canonical JSON (``ledger.canonical_json``), the same on every database. Ids, blind indexes, content
hashes and commitments are keyed BLAKE2b (RFC 7693) of 13, 16, 16 and 32 bytes in hex; the row hash is SHA-256.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

import numpy as np
import orjson
import pandas as pd
import sqlalchemy as sa

from satukanal.store.keys import Keyring
from satukanal.store.ledger import canonical_json
from schemas.canonical import EVENT, SUBMISSION, names
from schemas.codes import AttachmentState
from schemas.store import attachment, complaint_event, exclusion, quarantine, reporter, submission_version

REPORTER = ("reporter_name", "reporter_nik", "reporter_phone", "reporter_email", "reporter_address", "reporter_account")
CONTENT = ("title", "text", "location", "changes", "raw")
EVENT_CONTENT = ("actor", "text", "raw")
INDEXES = {"nik": "reporter_nik", "phone": "reporter_phone", "email": "reporter_email", "account": "reporter_account"}

PUBLIC = tuple(names(SUBMISSION, "public"))
EVENT_PUBLIC = tuple(names(EVENT, "public"))
PERSONAL = (*REPORTER, *CONTENT, "attachments")
STAGED = (*PUBLIC, "flags", "channel", "stream", "key", "object", "position", "version_at", "version_trusted")
EVENT_STAGED = (*EVENT_PUBLIC, "flags", "channel", "stream", "object", "position")
# What tells one version from the next: all that the citizen, the officer or the rules say; not where it was read.
VERSIONED = tuple(n for n in names(SUBMISSION, "public", "personal") if n not in ("changes", "raw"))
EVENT_VERSIONED = ("submission_uid", *(n for n in names(EVENT, "public", "personal") if n != "raw"))
# What a row hash covers in clear; the personal part is covered by a salted commitment.
HASHED = ("government", "object", "position", "version_at", "flags", *PUBLIC)

# Columns of the rows that are staged, in the order in which they are made.
SUBMISSION_ROW = (
    *STAGED, "load_id", "government", "submission_uid", "tracking_id", "content_hash", "row_hash", "salt", "sealed",
    "reporter_sealed", "version_no", "outcome", *(f"{kind}_index" for kind in INDEXES),
)  # fmt: skip
CROSSWALK_ROW = ("load_id", "government", "channel", "old_number", "submission_uid")
ATTACHMENT_ROW = ("load_id", "government", "submission_uid", "ordinal", "state", "file", "sealed")
EVENT_ROW = (
    *EVENT_STAGED, "load_id", "government", "event_uid", "version_no", "submission_uid", "content_hash", "sealed",
    "outcome",
)  # fmt: skip
# Names in the order of canonical JSON, which then has little left to sort.
_HASHED, _PERSONAL, _VERSIONED, _CONTENT, _REPORTER, _EVENT_VERSIONED, _EVENT_CONTENT = (
    tuple(sorted(named)) for named in (HASHED, PERSONAL, VERSIONED, CONTENT, REPORTER, EVENT_VERSIONED, EVENT_CONTENT)
)

# The tables that hold ``sealed`` bytes, and what these are bound to, so that they cannot be moved to another row.
CONTEXTS: dict[sa.Table, Callable[[Any], str]] = {
    submission_version: lambda row: f"content/{row['submission_uid']}",
    reporter: lambda row: f"reporter/{row['submission_uid']}",
    attachment: lambda row: f"attachment/{row['submission_uid']}/{row['ordinal']}",
    complaint_event: lambda row: f"event/{row['event_uid']}",
    quarantine: lambda row: f"quarantine/{row['receipt']}",
    exclusion: lambda row: f"exclusion/{row['exclusion_uid']}",
}

CELL = "cell:"  # before the SHA-256 of a file that stood in a cell, in place of its name

CROCKFORD_CHECK = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"
_PAIRS = tuple(CROCKFORD_CHECK[n >> 5] + CROCKFORD_CHECK[n & 31] for n in range(1 << 10))  # ten bits at a time


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The frame's rows as dictionaries of plain Python values; what is missing is ``None``."""
    listed = list(frame.columns)
    columns = [_plain(frame[name]) for name in listed]
    return [dict(zip(listed, values, strict=True)) for values in zip(*columns, strict=True)]


def _plain(column: pd.Series[Any]) -> list[Any]:
    if column.isna().all():
        return [None] * len(column)
    if column.dtype.kind == "f":
        column = column.where(np.isfinite(column)) + 0.0  # SQLite forgets the sign of -0.0, JSON does not
    if column.dtype.kind != "M":
        values: list[Any] = column.to_numpy(object, na_value=None).tolist()  # type: ignore[call-overload]
        return values
    aware = isinstance(column.dtype, pd.DatetimeTZDtype)
    wall = column.dt.tz_convert("UTC").dt.tz_localize(None) if aware else column
    times = wall.to_numpy("datetime64[us]").tolist()  # plain datetimes, ten times faster than by way of Timestamps
    return [time and time.replace(tzinfo=UTC) for time in times] if aware else times


def submission_uid(keys: Keyring, channel: str, stream: str, key: str) -> str:
    """The id of a submission, the same in every rebuild with the same key file."""
    return keys.identify("submission", channel, stream, key)


def tracking_id(keys: Keyring, uid: str) -> str:
    """What the citizen is given: ``SK-XXXX-XXXX-XXXX-C``, base32 after Crockford with his check character (modulo 37).

    Numbers whose check character would be a sign that cannot be said on the telephone are passed over.
    """
    for attempt in range(100):
        number = int(keys.identify("tracking", uid, str(attempt))[:15], 16)
        check = CROCKFORD_CHECK[number % 37]
        if check.isalnum():
            pairs, n = _PAIRS, number
            return (
                f"SK-{pairs[n >> 50]}{pairs[n >> 40 & 1023]}-{pairs[n >> 30 & 1023]}{pairs[n >> 20 & 1023]}"
                f"-{pairs[n >> 10 & 1023]}{pairs[n & 1023]}-{check}"
            )
    raise AssertionError("a hundred signs in a row")  # 1 in 10^96


def seal(keys: Keyring, values: dict[str, Any], context: str) -> bytes:
    """``values`` as sealed JSON, bound to ``context`` so that it cannot be moved to another row."""
    return keys.seal(canonical_json({n: v for n, v in values.items() if v is not None}), context.encode())


def unseal(keys: Keyring, sealed: bytes | None, context: str) -> dict[str, Any]:
    """What ``seal`` took; empty where it was erased. Raises ``ValueError`` if altered."""
    if sealed is None:
        return {}
    values: dict[str, Any] = orjson.loads(keys.open(sealed, context.encode()))
    return values


def content_hash(keys: Keyring, values: dict[str, Any], columns: tuple[str, ...]) -> str:
    """A keyed hash of the given columns: equal content, equal hash (32 hex digits)."""
    return _content_hash(keys, {n: value for n in columns if (value := values.get(n)) is not None})


def _content_hash(keys: Keyring, present: dict[str, Any]) -> str:
    return hashlib.blake2b(canonical_json(present), digest_size=16, key=keys.index, person=b"content").hexdigest()


def row_hash(values: dict[str, Any], salt: bytes, uid: str) -> str:
    """SHA-256 (hex) over the columns of ``HASHED`` and the commitment to the personal ones, format 1."""
    return public_hash(values, commitment(values, salt), uid)


def commitment(values: dict[str, Any], salt: bytes) -> str:
    """What binds a row to its personal part without telling it: keyed with the row's salt."""
    return _commitment({n: values.get(n) for n in PERSONAL}, salt)


def _commitment(personal: dict[str, Any], salt: bytes) -> str:
    return hashlib.blake2b(canonical_json(personal), digest_size=32, key=salt).hexdigest()


def public_hash(values: dict[str, Any], personal: str, uid: str) -> str:
    """The row hash, where the commitment is at hand."""
    return _public_hash({n: values.get(n) for n in HASHED}, personal, uid)


def _public_hash(public: dict[str, Any], personal: str, uid: str) -> str:
    return hashlib.sha256(canonical_json({"format": 1, "personal": personal, "public": public, "uid": uid})).hexdigest()


def submissions_in_order(keys: Keyring, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A canonical frame (schemas.canonical.SUBMISSION) in the order of its rows' ids, and these."""
    return _in_order(keys, "submission", frame, "key")


def events_in_order(keys: Keyring, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A frame of events (schemas.canonical.EVENT) in the order of its rows' ids, and these."""
    return _in_order(keys, "event", frame, "event_key")


def _in_order(keys: Keyring, kind: str, frame: pd.DataFrame, key: str) -> tuple[pd.DataFrame, list[str]]:
    """Ids are hashes: in their order, rows fall on one page of an index after another and not on all at random."""
    uids = [keys.identify(kind, *parts) for parts in _across(frame, "channel", "stream", key)]
    order = sorted(range(len(uids)), key=uids.__getitem__)
    return frame.iloc[order], [uids[at] for at in order]


def _across(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    return zip(*[_plain(frame[name]) for name in columns], strict=True)


def submission_rows(
    keys: Keyring, frame: pd.DataFrame, uids: list[str], government: str, load_id: str
) -> Iterator[tuple[Any, ...]]:
    """Rows of ``stage_submission`` (its columns ``SUBMISSION_ROW``) for what ``submissions_in_order`` gave.

    Each is presumed new until publishing finds that the store knows it.
    """
    columns = {name: _plain(frame[name]) for name in frame.columns}
    columns["government"] = [government] * len(uids)
    columns["attachments"] = [_listed(attached) or None for attached in columns["attachments"]]
    salts = os.urandom(16 * len(uids))

    def part(names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        return zip(*[columns[name] for name in names], strict=True)

    parts = (part(STAGED), part(_HASHED), part(_PERSONAL), part(_VERSIONED), part(_CONTENT), part(_REPORTER),
             part(tuple(INDEXES.values())))  # fmt: skip
    for at, (uid, staged, public, personal, versioned, content, person, known) in enumerate(
        zip(uids, *parts, strict=True)
    ):
        salt = salts[16 * at : 16 * at + 16]
        bound = _commitment(dict(zip(_PERSONAL, personal, strict=True)), salt)
        yield (
            *staged,
            load_id,
            government,
            uid,
            tracking_id(keys, uid),
            _content_hash(keys, {n: v for n, v in zip(_VERSIONED, versioned, strict=True) if v is not None}),
            _public_hash(dict(zip(_HASHED, public, strict=True)), bound, uid),
            salt,
            _sealed(keys, _CONTENT, content, f"content/{uid}"),
            _sealed(keys, _REPORTER, person, f"reporter/{uid}"),
            1,
            "inserted",
            *[keys.blind(kind, value) if value else None for kind, value in zip(INDEXES, known, strict=True)],
        )


def _sealed(keys: Keyring, names: tuple[str, ...], values: tuple[Any, ...], context: str) -> bytes:
    present = {n: v for n, v in zip(names, values, strict=True) if v is not None}
    return keys.seal(canonical_json(present), context.encode())


def _listed(attached: str | None) -> list[str]:
    listed: list[str] = orjson.loads(attached) if attached and attached != "[]" else []
    return listed


def crosswalk_rows(
    frame: pd.DataFrame, uids: list[str], government: str, load_id: str
) -> Iterator[tuple[str, str, str, str, str]]:
    """Rows of ``stage_crosswalk`` (``CROSSWALK_ROW``): the key and every ticket number that a citizen may hold."""
    for uid, (channel, key, numbers) in zip(uids, _across(frame, "channel", "key", "old_numbers"), strict=True):
        for number in sorted({key, *numbers.split()}) if numbers else (key,):
            yield load_id, government, channel, number, uid


def attachment_rows(
    keys: Keyring, frame: pd.DataFrame, uids: list[str], government: str, load_id: str
) -> Iterator[tuple[Any, ...]]:
    """Rows of ``stage_attachment`` (``ATTACHMENT_ROW``): one for each name that the source gave.

    What stood in a cell is kept already when its record is staged.
    """
    for uid, (attached,) in zip(uids, _across(frame, "attachments"), strict=True):
        for ordinal, name in enumerate(_listed(attached)):
            file = file_of_cell(keys, name)
            state = AttachmentState.STORED if file else AttachmentState.NAMED
            sealed = seal(keys, {"name": name}, f"attachment/{uid}/{ordinal}")
            yield load_id, government, uid, ordinal, state.value, file, sealed


def file_name(keys: Keyring, sha256: str) -> str:
    """The name under which a file is kept, made of the SHA-256 (hex) of its bytes."""
    return keys.identify("file", sha256)


def file_of_cell(keys: Keyring, name: str) -> str | None:
    """The kept file behind an attachment that stood in a cell; None for one that was only named."""
    return file_name(keys, name.removeprefix(CELL)) if name.startswith(CELL) else None


def event_rows(
    keys: Keyring, frame: pd.DataFrame, uids: list[str], government: str, load_id: str
) -> Iterator[tuple[Any, ...]]:
    """Rows of ``stage_event`` (``EVENT_ROW``) for what ``events_in_order`` gave, each presumed new."""
    columns = {name: _plain(frame[name]) for name in frame.columns}
    owners = [keys.identify("submission", *parts) for parts in _across(frame, "channel", "stream", "key")]
    columns["submission_uid"] = owners

    def part(names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        return zip(*[columns[name] for name in names], strict=True)

    for uid, owner, staged, versioned, content in zip(
        uids, owners, part(EVENT_STAGED), part(_EVENT_VERSIONED), part(_EVENT_CONTENT), strict=True
    ):
        yield (
            *staged,
            load_id,
            government,
            uid,
            1,
            owner,
            _content_hash(keys, {n: v for n, v in zip(_EVENT_VERSIONED, versioned, strict=True) if v is not None}),
            _sealed(keys, _EVENT_CONTENT, content, f"event/{uid}"),
            "inserted",
        )


def quarantine_rows(keys: Keyring, frame: pd.DataFrame, government: str, load_id: str) -> list[dict[str, Any]]:
    """Rows of ``stage_quarantine``; a record's receipt number follows from its bytes, so it is the same every night."""
    return [
        {
            "load_id": load_id,
            "government": government,
            **{n: v[n] for n in ("channel", "stream", "reason", "detail", "object", "position")},
            "receipt": receipt,
            "sealed": seal(keys, {"raw": v["raw"]}, f"quarantine/{receipt}"),
        }
        for v, receipt in _numbered(keys, "receipt", rows(frame), "reason")
    ]


def exclusion_rows(keys: Keyring, frame: pd.DataFrame, government: str, load_id: str) -> list[dict[str, Any]]:
    """Rows of ``stage_exclusion``."""
    return [
        {
            "load_id": load_id,
            "government": government,
            **{n: v[n] for n in ("channel", "stream", "key", "rule", "object", "position")},
            "exclusion_uid": uid,
            "sealed": seal(keys, {"raw": v["raw"]}, f"exclusion/{uid}"),
        }
        for v, uid in _numbered(keys, "exclusion", rows(frame), "rule")
    ]


def note_ids(keys: Keyring, table: str, frame: pd.DataFrame) -> pd.Series[Any]:
    """The ids that rows of a frame for ``table``, 'quarantine' or 'exclusion', get in the store."""
    kind, why = {"quarantine": ("receipt", "reason"), "exclusion": ("exclusion", "rule")}[table]
    made = [uid for _, uid in _numbered(keys, kind, rows(frame), why)]
    return pd.Series(made, index=frame.index, dtype="str")


def _numbered(keys: Keyring, kind: str, records: list[dict[str, Any]], why: str) -> list[tuple[dict[str, Any], str]]:
    """Each record with an id made from what it holds; equal ones are told apart by their occurrence."""
    seen: dict[tuple[str, ...], int] = {}
    out = []
    for values in records:
        parts = (values["channel"], values["stream"], values[why], values["raw"] or "")
        seen[parts] = seen.get(parts, 0) + 1
        out.append((values, keys.identify(kind, *parts, str(seen[parts]))))
    return out
