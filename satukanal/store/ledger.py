"""The append-only, hash-chained record of every act that changed the store.

An entry's hash is SHA-256 over the canonical JSON of its fields and the hash before it. Entries are written inside the
transaction of the act they tell of. Payloads name no person.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from schemas.store import ledger

GENESIS = "0" * 64


def canonical_json(value: Any) -> bytes:
    """The one JSON text of ``value``: sorted keys, no blanks, instants with 'Z', wall-clock times without."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def entry_hash(entry: dict[str, Any]) -> str:
    """SHA-256 (hex) over seq, government, at, act, subject, actor, payload and previous_hash."""
    names = ("seq", "government", "at", "act", "subject", "actor", "payload", "previous_hash")
    return hashlib.sha256(canonical_json({n: entry[n] for n in names})).hexdigest()


def append(
    connection: sa.Connection, *, government: str, act: str, subject: str, actor: str, payload: dict[str, Any]
) -> str:
    """Append one entry; returns its hash, the new head of the chain."""
    last = connection.execute(sa.select(ledger.c.seq, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)).first()
    entry: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "government": government,
        "at": datetime.now(UTC),
        "act": act,
        "subject": subject,
        "actor": actor,
        "payload": canonical_json(payload).decode(),
        "previous_hash": last.hash if last else GENESIS,
    }
    entry["hash"] = entry_hash(entry)
    connection.execute(ledger.insert().values(**entry))
    return str(entry["hash"])


def head(connection: sa.Connection) -> tuple[int, str]:
    """How many entries there are, and the hash of the last one."""
    last = connection.execute(sa.select(ledger.c.seq, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)).first()
    return (last.seq, last.hash) if last else (0, GENESIS)


def merkle_root(leaves: list[str]) -> str:
    """The Merkle root (hex) over row hashes (hex), in the given order; an odd node is carried up as it is.

    Leaves and inner nodes are hashed with different first bytes, so that one cannot pass for the other (RFC 6962).
    """
    level = [hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0].hex()
