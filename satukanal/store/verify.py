"""Verifying a store: does it still say what was published? Walks ledger, loads, rows and totals; changes nothing.

Everything is read in one snapshot and streamed; findings are named by place and never tell a personal value. The files
of the archive are held against the hashes given here by ``flows.verify``. What verifying proves is in docs/store.md.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from satukanal.store import attachments, ledger, verify_rows, verify_totals
from satukanal.store.database import Store
from satukanal.store.digest import digest_of
from satukanal.store.problem import Problem
from schemas.codes import LoadStatus
from schemas.store import attachment, channel, complaint_event, load, submission, submission_version
from schemas.store import ledger as entries

BATCH = 500
SHOWN = 100  # problems of one kind that are told one by one
PUBLISHED = (LoadStatus.PUBLISHED.value, LoadStatus.UNCHANGED.value)
_UNREADABLE = (ValueError, TypeError, sa.exc.DatabaseError)  # a time that is no time, bytes where text should stand


@dataclass
class Told:
    """What the ledger tells of loads, archives and erasures; as large as the number of loads, not of rows."""

    loads: dict[str, dict[str, Any]] = field(default_factory=dict)  # load_id → payload and government
    archives: dict[str, str] = field(default_factory=dict)  # load_id → manifest hash after the last erasure
    erased: set[str] = field(default_factory=set)  # ids of submissions and of rows of quarantine and exclusion
    collected: dict[str, str] = field(default_factory=dict)  # act that found attachments → Merkle root
    order: dict[str, int] = field(default_factory=dict)  # load_id → number of its entry


@dataclass(frozen=True)
class Verdict:
    """What was found. ``digest`` is None where a sealed value cannot be opened."""

    digest: str | None
    ledger_entries: int
    ledger_head: str
    problems: tuple[Problem, ...]
    archives: dict[str, tuple[str, str | None]]  # load_id → channel, manifest hash (None: the ledger tells of none)
    files: dict[str, set[str]]  # channel → names of the files that its complaints carry


def verify(store: Store, head: str | None) -> Verdict:
    """Hold the store against its ledger and against itself; ``head`` is a hash printed in an old report, or None."""
    told = Told()
    with store.reading() as connection:
        length, last = ledger.head(connection)
        parts = (
            ("ledger", _chain(connection, told)),
            ("ledger", _head(connection, head)),
            ("load", _loads(connection, told)),
            ("submission_version", verify_rows.versions(connection, store.keys, told.erased, told.order)),
            ("attachment", _attachments(connection, told)),
            ("submission", verify_rows.submissions(connection, store.keys, told.erased)),
            ("complaint_event", verify_rows.answers(connection, store.keys, told.erased, told.order)),
            ("quarantine", verify_rows.notes(connection, store.keys, told.erased)),
            ("store", verify_totals.laws(connection)),
        )
        problems = shorten(problem for table, part in parts for problem in _guarded(table, part))
        try:
            found = digest_of(connection, store.keys)
        except _UNREADABLE:
            found = None
        archives = {
            row.load_id: (row.channel, told.archives.get(row.load_id))
            for row in connection.execute(sa.select(load.c.load_id, load.c.channel).order_by(load.c.load_id))
        }
        channels = connection.scalars(sa.select(channel.c.channel).order_by(channel.c.channel)).all()
        files = {name: attachments.stored_files(connection, name) for name in channels}
    return Verdict(found, length, last, problems, archives, files)


def shorten(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """At most ``SHOWN`` problems of a kind, and how many more there are."""
    seen: Counter[str] = Counter()
    kept = []
    for problem in problems:
        seen[problem.kind] += 1
        if seen[problem.kind] <= SHOWN:
            kept.append(problem)
    more = [Problem(kind, "…", f"and {n - SHOWN} more of this kind") for kind, n in seen.items() if n > SHOWN]
    return (*kept, *more)


def _guarded(table: str, part: Iterator[Problem]) -> Iterator[Problem]:
    """A value that is not even of its column's type ends one part of verifying, and is a problem itself."""
    try:
        yield from part
    except _UNREADABLE as error:
        yield Problem(
            "unreadable", table, f"a row cannot be read ({type(error).__name__}); those after it were not seen"
        )


def _chain(connection: sa.Connection, told: Told) -> Iterator[Problem]:
    """Walk the ledger: no gaps, each entry's own hash, the hash before it. Fills ``told`` on the way."""
    seq, before = 0, ledger.GENESIS
    query = sa.select(entries).order_by(entries.c.seq)
    for row in connection.execute(query, execution_options={"yield_per": BATCH}).mappings():
        where = f"ledger entry {row['seq']} ({row['act']})"
        if row["seq"] != seq + 1:
            yield Problem("ledger_gap", where, f"comes after entry {seq}: what stood between is missing")
        elif row["previous_hash"] != before:
            yield Problem("ledger_link", where, f"does not name the hash of entry {seq}: one of the two was altered")
        if ledger.entry_hash(dict(row)) != row["hash"]:
            yield Problem("ledger_altered", where, "its hash is not that of its fields")
        seq, before = row["seq"], row["hash"]
        yield from _note(row, told, where)


def _note(row: sa.RowMapping, told: Told, where: str) -> Iterator[Problem]:
    payload = orjson.loads(row["payload"])
    if row["act"] == "load":
        if row["subject"] in told.loads:
            yield Problem("load_doubled", where, f"a second entry for load {row['subject']}")
        told.loads[row["subject"]] = payload | {"government": row["government"]}
        told.archives[row["subject"]] = payload["archive_sha256"]
        told.order[row["subject"]] = row["seq"]
    elif row["act"] == "attachments":
        told.collected[row["subject"]] = payload["merkle_root"]
    elif row["act"] == "erasure":
        told.erased |= {*payload["submissions"], *(uid for ids in payload["notes"].values() for uid in ids)}
        told.archives |= payload["archives"]


def _head(connection: sa.Connection, head: str | None) -> Iterator[Problem]:
    if head is None:
        return
    known = connection.scalar(sa.select(entries.c.seq).where(entries.c.hash == head.strip().lower()))
    if known is None:
        yield Problem("head", head, "head not in the chain: the ledger was rewritten, or the hash is of another store")


def _loads(connection: sa.Connection, told: Told) -> Iterator[Problem]:
    """Each published load against its ledger entry, and against the rows that it wrote."""
    known = set()
    for row in connection.execute(sa.select(load).order_by(load.c.load_id)).mappings().all():
        known.add(row["load_id"])
        where = f"{row['channel']}, load {row['load_id']}"
        entry = told.loads.get(row["load_id"])
        if row["status"] in PUBLISHED and entry is None:
            yield Problem("load_without_entry", where, f"is {row['status']}, but no ledger entry tells of it")
        elif row["status"] not in PUBLISHED and entry is not None:
            yield Problem("load_altered", f"{where}, status", f"is {row['status']}, but the ledger tells of its rows")
        if entry is not None:
            yield from _compare(row, entry, told.archives[row["load_id"]], where)
        yield from _written(connection, row["load_id"], entry, where)
    for load_id in sorted(told.loads.keys() - known):
        channel = told.loads[load_id]["channel"]
        yield Problem("entry_without_load", f"{channel}, load {load_id}", "the ledger tells of it, but it is not there")


def _attachments(connection: sa.Connection, told: Told) -> Iterator[Problem]:
    """What each act found against its ledger entry, and acts that it does not know."""
    a = attachment
    acts = set(connection.scalars(sa.select(a.c.collected.distinct()).where(a.c.collected.is_not(None))))
    for act in sorted(acts | told.collected.keys()):
        if act not in told.collected:
            yield Problem("attachment_altered", act, "no ledger entry tells of this act")
        elif attachments.root(connection, act) != told.collected[act]:
            yield Problem(
                "attachment_altered", act, "a file it found was changed, moved or taken away: its Merkle root differs"
            )


def _compare(row: sa.RowMapping, entry: dict[str, Any], archive_sha256: str, where: str) -> Iterator[Problem]:
    """The load row's columns against what its ledger entry says of them."""
    expected = entry["counts"] | {n: entry[n] for n in ("channel", "government", "spec_sha256", "merkle_root")}
    for name, value in expected.items():
        if row[name] != value:
            yield Problem("load_altered", f"{where}, {name}", f"the row says {row[name]}, the ledger {value}")
    if row["archive_sha256"] not in (entry["archive_sha256"], archive_sha256):
        yield Problem("load_altered", f"{where}, archive_sha256", "is not what the ledger says")
    if orjson.loads(row["excluded"] or "{}") != entry["excluded"]:
        yield Problem("load_altered", f"{where}, excluded", "is not what the ledger says")


def _written(connection: sa.Connection, load_id: str, entry: dict[str, Any] | None, where: str) -> Iterator[Problem]:
    """The rows of a load: as many as were written, and under the Merkle roots of its entry."""
    v, e, s = submission_version, complaint_event, submission
    versions = _Counted(
        connection, sa.select(v.c.row_hash).where(v.c.load_id == load_id).order_by(v.c.submission_uid, v.c.version_no)
    )
    answers = _Counted(
        connection, sa.select(e.c.content_hash).where(e.c.load_id == load_id).order_by(e.c.event_uid, e.c.version_no)
    )
    roots = ledger.merkle_root(versions), ledger.merkle_root(answers)
    if entry is None:
        if versions.count or answers.count:
            yield Problem("load_rows", where, f"{versions.count + answers.count} rows of a load that was not published")
        return
    counts = entry["counts"]
    founded = connection.scalar(sa.select(sa.func.count()).select_from(s).where(s.c.first_load_id == load_id))
    for what, found, wanted in (
        ("versions", versions.count, counts["inserted"] + counts["updated"]),
        ("submissions", founded, counts["inserted"]),
        ("versions of answers", answers.count, entry["event_versions"]),
    ):
        if found != wanted:
            yield Problem("load_rows", where, f"wrote {wanted} {what}, {found} are there: {_astray(found, wanted)}")
    for what, root, name in (("row", roots[0], "merkle_root"), ("answer", roots[1], "event_root")):
        if root != entry[name]:
            yield Problem("merkle", f"{where}, {name}", f"its {what} hashes do not give the root that the ledger tells")


def _astray(found: int | None, wanted: int) -> str:
    difference = (found or 0) - wanted
    return f"{-difference} missing" if difference < 0 else f"{difference} too many"


class _Counted:
    """The hashes that a query gives, streamed once and counted on the way."""

    def __init__(self, connection: sa.Connection, query: sa.Select[tuple[str]]) -> None:
        self._hashes = connection.execute(query, execution_options={"yield_per": BATCH}).scalars()
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for value in self._hashes:
            self.count += 1
            yield value
