"""The digest of a store: one hash over every logical column, decrypted.

Two stores with the same digest tell the same story. Recording times, run and load ids, salts, archive positions and
ledger positions are left out: they say how a store came to be, not what it holds.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from satukanal.store import codec
from satukanal.store.database import Store
from satukanal.store.ledger import canonical_json
from schemas.store import (
    attachment,
    complaint,
    complaint_event,
    exclusion,
    id_crosswalk,
    incident,
    judgement,
    quarantine,
    reporter,
    submission,
    submission_version,
)

_HOW = {
    "load_id", "first_load_id", "last_load_id", "run_id", "object", "position", "salt", "row_hash", "sealed",
    "first_seen_at", "since_at", "at", "judgement_id", "content_hash", "version_at",
}  # fmt: skip
_PRESENCE = {"withdrawn_at", "superseded_at", "disposed_at"}  # that it happened counts, not when

_TABLES: tuple[tuple[sa.Table, Callable[[Any], str] | None], ...] = (
    (submission, None),
    (submission_version, lambda r: f"content/{r['submission_uid']}"),
    (reporter, lambda r: f"reporter/{r['submission_uid']}"),
    (attachment, lambda r: f"attachment/{r['submission_uid']}/{r['ordinal']}"),
    (complaint, None),
    (complaint_event, lambda r: f"event/{r['event_uid']}"),
    (incident, None),
    (id_crosswalk, None),
    (judgement, None),
    (quarantine, lambda r: f"quarantine/{r['receipt']}"),
    (exclusion, lambda r: f"exclusion/{r['exclusion_uid']}"),
)


def digest(store: Store) -> str:
    """SHA-256 (hex) over the logical content of the store, independent of row order and of the database."""
    total = hashlib.sha256()
    with store.reading() as connection:
        for table, context in _TABLES:
            lines = []
            for row in connection.execute(sa.select(table)).mappings():
                values = {str(n): v for n, v in row.items() if n not in _HOW}
                values |= {n: values[n] is not None for n in _PRESENCE & values.keys()}
                if context:
                    values["sealed"] = codec.unseal(store.keys, row["sealed"], context(row))
                lines.append(canonical_json(values))
            total.update(table.name.encode())
            for line in sorted(lines):
                total.update(hashlib.sha256(line).digest())
    return total.hexdigest()
