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

# The tables that hold ``sealed`` bytes, and what these are bound to, so that they cannot be moved to another row.
CONTEXTS: dict[sa.Table, Callable[[Any], str]] = {
    submission_version: lambda row: f"content/{row['submission_uid']}",
    reporter: lambda row: f"reporter/{row['submission_uid']}",
    attachment: lambda row: f"attachment/{row['submission_uid']}/{row['ordinal']}",
    complaint_event: lambda row: f"event/{row['event_uid']}",
    quarantine: lambda row: f"quarantine/{row['receipt']}",
    exclusion: lambda row: f"exclusion/{row['exclusion_uid']}",
}

CROCKFORD_CHECK = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"
_PAIRS = tuple(CROCKFORD_CHECK[n >> 5] + CROCKFORD_CHECK[n & 31] for n in range(1 << 10))  # ten bits at a time


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The frame's rows as dictionaries of plain Python values; what is missing is ``None``."""
    listed = list(frame.columns)
    columns = [_plain(frame[name]) for name in listed]
    return [dict(zip(listed, values, strict=True)) for values in zip(*columns, strict=True)]


def _plain(column: pd.Series[Any]) -> list[Any]:
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
            a, b, c, d, e, f = (_PAIRS[number >> shift & 1023] for shift in (50, 40, 30, 20, 10, 0))
            return f"SK-{a}{b}-{c}{d}-{e}{f}-{check}"
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
    content = canonical_json({n: value for n in columns if (value := values.get(n)) is not None})
    return hashlib.blake2b(content, digest_size=16, key=keys.index, person=b"content").hexdigest()


def row_hash(values: dict[str, Any], salt: bytes, uid: str) -> str:
    """SHA-256 (hex) over the columns of ``HASHED`` and the commitment to the personal ones, format 1."""
    return public_hash(values, commitment(values, salt), uid)


def commitment(values: dict[str, Any], salt: bytes) -> str:
    """What binds a row to its personal part without telling it: keyed with the row's salt."""
    personal = canonical_json({n: values.get(n) for n in PERSONAL})
    return hashlib.blake2b(personal, digest_size=32, key=salt).hexdigest()


def public_hash(values: dict[str, Any], personal: str, uid: str) -> str:
    """The row hash, where the commitment is at hand."""
    public = {n: values.get(n) for n in HASHED}
    return hashlib.sha256(canonical_json({"format": 1, "uid": uid, "public": public, "personal": personal})).hexdigest()


def submission_rows(keys: Keyring, frame: pd.DataFrame, government: str, load_id: str) -> Iterator[dict[str, Any]]:
    """Rows of ``stage_submission`` for a canonical frame (schemas.canonical.SUBMISSION), one after another.

    Each is presumed new until publishing finds that the store knows it.
    """
    for values in rows(frame):
        uid = submission_uid(keys, values["channel"], values["stream"], values["key"])
        values |= {"government": government, "attachments": orjson.loads(values["attachments"] or "[]") or None}
        salt = os.urandom(16)
        row = {n: values[n] for n in STAGED}
        row |= {
            "load_id": load_id,
            "government": government,
            "submission_uid": uid,
            "tracking_id": tracking_id(keys, uid),
            "content_hash": content_hash(keys, values, VERSIONED),
            "row_hash": row_hash(values, salt, uid),
            "salt": salt,
            "sealed": seal(keys, {n: values[n] for n in CONTENT}, f"content/{uid}"),
            "reporter_sealed": seal(keys, {n: values[n] for n in REPORTER}, f"reporter/{uid}"),
            "version_no": 1,
            "outcome": "inserted",
        }
        row |= {f"{kind}_index": keys.blind(kind, values[n]) if values[n] else None for kind, n in INDEXES.items()}
        yield row


def crosswalk_rows(staged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ``stage_crosswalk``: the key and every ticket number that a citizen may hold."""
    return [
        {
            "load_id": row["load_id"],
            "government": row["government"],
            "channel": row["channel"],
            "old_number": number,
            "submission_uid": row["submission_uid"],
        }
        for row in staged
        for number in sorted({row["key"], *(row["old_numbers"] or "").split()})
    ]


def attachment_rows(keys: Keyring, frame: pd.DataFrame, staged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ``stage_attachment``: one for each name that the source gave."""
    out = []
    for listed, row in zip(rows(frame[["attachments"]]), staged, strict=True):
        for ordinal, name in enumerate(orjson.loads(listed["attachments"] or "[]")):
            uid = row["submission_uid"]
            out.append(
                {
                    "load_id": row["load_id"],
                    "government": row["government"],
                    "submission_uid": uid,
                    "ordinal": ordinal,
                    "state": "named",
                    "sealed": seal(keys, {"name": name}, f"attachment/{uid}/{ordinal}"),
                }
            )
    return out


def event_rows(keys: Keyring, frame: pd.DataFrame, government: str, load_id: str) -> Iterator[dict[str, Any]]:
    """Rows of ``stage_event`` for a frame of events (schemas.canonical.EVENT), each presumed new."""
    for values in rows(frame):
        uid = keys.identify("event", values["channel"], values["stream"], values["event_key"])
        values["submission_uid"] = submission_uid(keys, values["channel"], values["stream"], values["key"])
        row = {n: values[n] for n in EVENT_STAGED}
        row |= {
            "load_id": load_id,
            "government": government,
            "event_uid": uid,
            "version_no": 1,
            "submission_uid": values["submission_uid"],
            "content_hash": content_hash(keys, values, EVENT_VERSIONED),
            "sealed": seal(keys, {n: values[n] for n in EVENT_CONTENT}, f"event/{uid}"),
            "outcome": "inserted",
        }
        yield row


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


def _numbered(keys: Keyring, kind: str, records: list[dict[str, Any]], why: str) -> list[tuple[dict[str, Any], str]]:
    """Each record with an id made from what it holds; equal ones are told apart by their occurrence."""
    seen: dict[tuple[str, ...], int] = {}
    out = []
    for values in records:
        parts = (values["channel"], values["stream"], values[why], values["raw"] or "")
        seen[parts] = seen.get(parts, 0) + 1
        out.append((values, keys.identify(kind, *parts, str(seen[parts]))))
    return out
