"""The append-only, hash-chained record of every act that changed the store.

An entry's hash is SHA-256 over the canonical JSON of its fields and the hash before it. Entries are written inside the
transaction of the act they tell of. Payloads name no person.
"""

import hashlib
from collections.abc import Iterable
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


def merkle_root(leaves: Iterable[str]) -> str:
    """The Merkle tree hash (hex) of RFC 6962 over hashes (hex), in the given order, in memory that does not grow.

    Leaves and inner nodes are hashed with different first bytes, so that one cannot pass for the other.
    """
    subtrees: list[tuple[int, bytes]] = []  # (leaves, hash), whole ones, each smaller than the one before
    for leaf in leaves:
        size, node = 1, hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).digest()
        while subtrees and subtrees[-1][0] == size:
            node = hashlib.sha256(b"\x01" + subtrees.pop()[1] + node).digest()
            size *= 2
        subtrees.append((size, node))
    if not subtrees:
        return hashlib.sha256(b"").hexdigest()
    root = subtrees.pop()[1]
    while subtrees:
        root = hashlib.sha256(b"\x01" + subtrees.pop()[1] + root).digest()
    return root.hex()
