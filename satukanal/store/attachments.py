"""Attachments after their load: which still wait for their file, and what became of them.

Finding files is left to the flows; here each result is one row changed, in a transaction whose ledger entry holds the
Merkle root of what was found. A file that stood in a cell came with its load and is bound by the hash of its row.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from satukanal.store import codec, ledger
from satukanal.store.database import Store
from satukanal.store.runs import new_id
from schemas.codes import AttachmentState
from schemas.store import attachment, channel, load, submission

BATCH = 1_000
_OPEN = tuple(s.value for s in AttachmentState if s not in (AttachmentState.STORED, AttachmentState.ERASED))


@dataclass(frozen=True)
class Waiting:
    """One attachment without its file. ``known`` is the file of an earlier version that had the same name."""

    uid: str
    version_no: int
    ordinal: int
    load_id: str
    source: str
    state: AttachmentState
    name: str
    known: str | None


@dataclass(frozen=True)
class Found:
    """What became of it: another state, and where it is stored the name of the kept file."""

    uid: str
    version_no: int
    ordinal: int
    state: AttachmentState
    file: str | None


def waiting(store: Store, channel_id: str) -> list[Waiting]:
    """Attachments of current versions of standing submissions whose file is not stored, in the order of their ids."""
    a, s, ld = attachment, submission, load
    query = (
        sa.select(a, ld.c.source)
        .join(s, (s.c.submission_uid == a.c.submission_uid) & (s.c.version_no == a.c.version_no))
        .join(ld, ld.c.load_id == a.c.load_id)
        .where(s.c.channel == channel_id, s.c.withdrawn_at.is_(None), a.c.state.in_(_OPEN))
        .order_by(a.c.submission_uid, a.c.ordinal)
    )
    found = []
    with store.reading() as connection:
        known = _known(store, connection, channel_id)
        for row in connection.execute(query, execution_options={"yield_per": BATCH}).mappings():
            name = codec.unseal(store.keys, row["sealed"], codec.CONTEXTS[attachment](row)).get("name")
            if name is not None:
                uid = row["submission_uid"]
                place = uid, row["version_no"], row["ordinal"], row["load_id"], row["source"]
                found.append(Waiting(*place, AttachmentState(row["state"]), name, known.get((uid, name))))
    return found


def _known(store: Store, connection: sa.Connection, channel_id: str) -> dict[tuple[str, str], str]:
    """Files by submission and name, of versions that are no longer current."""
    a, s = attachment, submission
    query = (
        sa.select(a)
        .join(s, (s.c.submission_uid == a.c.submission_uid) & (s.c.version_no > a.c.version_no))
        .where(s.c.channel == channel_id, a.c.state == AttachmentState.STORED.value)
        .order_by(a.c.submission_uid, a.c.version_no)
    )
    found: dict[tuple[str, str], str] = {}
    for row in connection.execute(query, execution_options={"yield_per": BATCH}).mappings():
        name = codec.unseal(store.keys, row["sealed"], codec.CONTEXTS[attachment](row)).get("name")
        if name is not None:
            found[str(row["submission_uid"]), str(name)] = str(row["file"])
    return found


def note(store: Store, channel_id: str, results: Sequence[Found], actor: str) -> None:
    """Write what became of attachments, as one act in the ledger. Their files are kept before this is called."""
    act = new_id(f"files-{channel_id}")
    a = attachment
    here = (
        (a.c.submission_uid == sa.bindparam("uid"))
        & (a.c.version_no == sa.bindparam("version"))
        & (a.c.ordinal == sa.bindparam("place"))
    )
    change = a.update().where(here).values(
        state=sa.bindparam("now"), file=sa.bindparam("kept"), collected=sa.bindparam("act")
    )  # fmt: skip
    with store.writing() as connection:
        government = connection.scalar(sa.select(channel.c.government).where(channel.c.channel == channel_id))
        rows = [
            {"uid": r.uid, "version": r.version_no, "place": r.ordinal, "now": r.state.value, "kept": r.file,
             "act": act if r.state is AttachmentState.STORED else None}
            for r in results
        ]  # fmt: skip
        connection.execute(change, rows)
        ledger.append(
            connection,
            government=str(government),
            act="attachments",
            subject=act,
            actor=actor,
            payload={
                "channel": channel_id,
                "states": dict(Counter(r.state.value for r in results)),
                "merkle_root": root(connection, act),
            },
        )


def root(connection: sa.Connection, act: str) -> str:
    """The Merkle root over what ``act`` found: submission, version, place and file of each."""
    a = attachment
    query = (
        sa.select(a.c.submission_uid, a.c.version_no, a.c.ordinal, a.c.file)
        .where(a.c.collected == act)
        .order_by(a.c.submission_uid, a.c.version_no, a.c.ordinal)
    )
    leaves = (
        hashlib.sha256(ledger.canonical_json(list(row))).hexdigest() for row in connection.execute(query).tuples()
    )
    return ledger.merkle_root(leaves)


def files_in_use(store: Store, channel_id: str) -> set[str]:
    """The names of the kept files that a standing row of any version stores."""
    with store.reading() as connection:
        return stored_files(connection, channel_id)


def stored_files(connection: sa.Connection, channel_id: str) -> set[str]:
    """``files_in_use`` as ``connection`` sees it."""
    a, s = attachment, submission
    query = (
        sa.select(a.c.file.distinct())
        .join(s, s.c.submission_uid == a.c.submission_uid)
        .where(s.c.channel == channel_id, a.c.state == AttachmentState.STORED.value, a.c.file.is_not(None))
    )
    return {str(file) for file in connection.scalars(query)}


def states(connection: sa.Connection, channel_id: str) -> dict[str, int]:
    """How many attachments of current versions of standing submissions are in which state."""
    a, s = attachment, submission
    query = (
        sa.select(a.c.state, sa.func.count())
        .join(s, (s.c.submission_uid == a.c.submission_uid) & (s.c.version_no == a.c.version_no))
        .where(s.c.channel == channel_id, s.c.withdrawn_at.is_(None))
        .group_by(a.c.state)
    )
    return dict(sorted(connection.execute(query).tuples().all()))
