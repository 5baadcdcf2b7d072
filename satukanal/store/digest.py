"""The digest of a store: one hash over every logical column, decrypted.

Two stores with the same digest tell the same story. Recording times, run and load ids, salts, archive positions and
ledger positions are left out: they say how a store came to be, not what it holds.
"""

import hashlib

import sqlalchemy as sa

from satukanal.store import codec
from satukanal.store.database import Store
from satukanal.store.keys import Keyring
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

BATCH = 1_000
_HOW = {
    "load_id", "first_load_id", "last_load_id", "run_id", "object", "position", "salt", "row_hash", "sealed",
    "first_seen_at", "since_at", "at", "judgement_id", "content_hash", "version_at", "version_trusted",
    "collected",
}  # fmt: skip
_PRESENCE = {"withdrawn_at", "superseded_at", "disposed_at"}  # that it happened counts, not when

_TABLES = (
    submission,
    submission_version,
    reporter,
    attachment,
    complaint,
    complaint_event,
    incident,
    id_crosswalk,
    judgement,
    quarantine,
    exclusion,
)


def digest(store: Store) -> str:
    """SHA-256 (hex) over the logical content of the store, independent of row order and of the database.

    Raises ``ValueError`` where a sealed value cannot be opened.
    """
    with store.reading() as connection:
        return digest_of(connection, store.keys)


def digest_of(connection: sa.Connection, keys: Keyring) -> str:
    """The digest of what ``connection`` sees. Rows are streamed; 32 bytes of each are kept to put them in order."""
    total = hashlib.sha256()
    for table in _TABLES:
        context = codec.CONTEXTS.get(table)
        lines = []
        for row in connection.execute(sa.select(table), execution_options={"yield_per": BATCH}).mappings():
            values = {str(n): v for n, v in row.items() if n not in _HOW}
            values |= {n: values[n] is not None for n in _PRESENCE & values.keys()}
            if context:
                values["sealed"] = codec.unseal(keys, row["sealed"], context(row))
            lines.append(hashlib.sha256(canonical_json(values)).digest())
        total.update(table.name.encode())
        for line in sorted(lines):
            total.update(line)
    return total.hexdigest()
