"""The sums of a channel as equations, and one flat row per channel: what the page, the terminal and the artifact share.

Nothing is judged here. Whether a channel is balanced was decided when it was published and is only passed on; the sign
between the two sides of an equation is plain arithmetic on the numbers shown, so that a reader can check it by eye.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]
Row = Mapping[str, Any]
FILE_STATES = ("stored", "named", "failed", "missing", "refused", "erased")  # of attachments


@dataclass(frozen=True)
class Term:
    """A counted thing: its measure (a key of the catalogue's section ``measure``) and how many; null = not counted."""

    measure: str
    value: int | None


@dataclass(frozen=True)
class Equation:
    """``left`` = sum of ``right`` (with ``minus``: the first less the others)."""

    left: Term
    right: tuple[Term, ...]
    minus: bool = False

    @property
    def operator(self) -> str:
        """The sign that holds between the numbers shown: ``=`` or ``≠``; ``?`` where one is unknown."""
        values = [term.value for term in self.right if term.value is not None]
        if self.left.value is None or len(values) < len(self.right):
            return "?"
        total = values[0] + sum(-v if self.minus else v for v in values[1:])
        return "=" if total == self.left.value else "≠"


@dataclass(frozen=True)
class Work:
    """What one run did: channels by how far they came, and submissions by what became of them."""

    asked: int
    read: int
    published: int
    uncompared: int
    inserted: int
    updated: int
    withdrawn: int


def work(report: Report) -> Work:
    """The run's own numbers, from its channels; the store's totals are another thing."""
    channels = report.get("channels") or ()

    def total(measure: str) -> int:
        return sum((channel.get("counts") or {}).get(measure) or 0 for channel in channels)

    published = [channel for channel in channels if channel.get("status") in ("published", "unchanged")]
    return Work(
        asked=len(channels),
        read=len(published) + sum(channel.get("status") == "stopped" for channel in channels),
        published=len(published),
        uncompared=sum(verdict(channel) == "uncompared" for channel in published),
        inserted=total("inserted"),
        updated=total("updated"),
        withdrawn=total("withdrawn"),
    )


def broke_off(channel: Row) -> bool:
    """Whether the load ended before it was published."""
    return channel.get("status") in ("failed", "stopped")


def counts(channel: Row) -> Mapping[str, int | None]:
    """What was counted in a channel, ``excluded`` and ``repeated`` among it. Nothing, if it was never read: no 0 stands
    for unknown. Of a load that broke off after reading, all that was extracted is ``unpublished``.
    """
    counted = channel.get("counts") or {}
    if not counted or (broke_off(channel) and not counted.get("raw_records")):
        return {}
    if broke_off(channel):
        read = {measure: counted.get(measure) for measure in ("raw_records", "parts", "events", "extracted")}
        return {**read, "unpublished": counted.get("extracted")}
    excluded = channel.get("excluded") or {}
    return {**counted, "excluded": sum(excluded.values()), "repeated": excluded.get("repeated", 0)}


def equations(channel: Row) -> tuple[Equation, ...]:
    """The sums of conservation of one channel; with repeats, also why its source tells fewer records than were read."""
    counted = {**counts(channel), "source_records": channel.get("source_count")}

    def term(measure: str) -> Term:
        return Term(measure, counted.get(measure))

    raw = Equation(term("raw_records"), (term("extracted"), term("parts"), term("events")))
    if broke_off(channel):
        return raw, Equation(term("extracted"), (term("unpublished"),))
    kept = (
        raw,
        Equation(term("extracted"), (term("accepted"), term("quarantined"), term("excluded"))),
        Equation(term("accepted"), (term("inserted"), term("updated"), term("unchanged"))),
    )
    if not counted.get("repeated") or counted["source_records"] is None:
        return kept
    return *kept, Equation(term("source_records"), (term("extracted"), term("repeated")), minus=True)


def store_equation(store: Row) -> Equation:
    """Complaints = submissions − merged."""
    return Equation(
        Term("complaints", store.get("complaints")),
        (Term("submissions", store.get("submissions")), Term("merged", store.get("merged"))),
        minus=True,
    )


def verdict(channel: Row) -> str:
    """A channel's outcome, a key of the section ``outcome``: that its load broke off, else the balance as stored."""
    if broke_off(channel):
        return str(channel["status"])
    return {True: "balanced", False: "unbalanced", None: "uncompared"}[channel.get("balanced")]


def headline(report: Report) -> str:
    """The key (section ``lead``) of the opening words, from the run's own balance and status.

    Where no channel has a count to compare with, the balance is *uncompared*: good, but not proved by the source.
    """
    run, done = report.get("run") or {}, work(report)
    if run.get("balanced") is None:
        return "unknown"
    status = run["status"] if run.get("status") in ("complete", "partial", "failed") else "partial"
    if run["balanced"] and status != "failed" and done.published and done.uncompared == done.published:
        return f"uncompared_{status}"
    return f"{'balanced' if run['balanced'] else 'unbalanced'}_{status}"


def files(report: Report) -> dict[str, int]:
    """Attachments of all channels of the report by state, in the order of ``FILE_STATES``."""
    found: Counter[str] = Counter()
    for channel in report.get("channels") or ():
        found.update(channel.get("attachments") or {})
    return {state: found[state] for state in FILE_STATES if found[state]}


def drift(channel: Row) -> tuple[list[str], list[str]]:
    """(columns that are new at the source, columns that are mapped but absent there), from ``schema_drift``."""
    mark = " (absent"
    names = list(channel.get("schema_drift") or ())
    return [n for n in names if mark not in n], [n.partition(mark)[0] for n in names if mark in n]


def broken_warnings(channel: Row) -> list[Row]:
    """The expectations of the suite *warning* that did not hold; they stop nothing."""
    return [row for row in channel.get("quality") or () if row["suite"] == "warning" and not row["success"]]


def waiting_work(report: Report) -> list[tuple[str, str, int]]:
    """(kind, section of the page, how many) of all work that waits without being an alarm; kinds as in ``work``."""
    channels = report.get("channels") or ()
    found = (
        ("quarantine", "quarantine", sum(r["disposition"] == "open" for r in report.get("quarantine") or ())),
        ("review", "duplicates", (report.get("store") or {}).get("review") or 0),
        ("unmapped", "quality", sum(len(codes) for c in channels for codes in (c.get("unmapped") or {}).values())),
        ("new_columns", "quality", sum(len(drift(c)[0]) for c in channels)),
        ("warnings", "quality", sum(len(broken_warnings(c)) for c in channels)),
    )
    return [row for row in found if row[2]]


def troubled(report: Report) -> list[tuple[str, Row]]:
    """(kind, channel) for each that someone must look at, the kind a key of the catalogue's section ``trouble``."""
    found = []
    for channel in report.get("channels") or ():
        if broke_off(channel):
            found.append((str(channel["status"]), channel))
        elif channel.get("balanced") is False:
            found.append(("unbalanced", channel))
        if channel.get("state") == "blocked":
            found.append(("blocked", channel))
    return found


def artifact_table(report: Report) -> list[dict[str, Any]]:
    """One row per channel for a table artifact: plain strings and whole numbers, null where unknown."""
    rows = []
    for channel in report.get("channels") or ():
        counted = counts(channel)
        rows.append(
            {
                "channel": channel["id"],
                "title": channel.get("title"),
                "state": channel.get("state"),
                "status": channel.get("status"),
                "source": channel.get("source_count"),
                "raw": counted.get("raw_records"),
                "extracted": counted.get("extracted"),
                "accepted": counted.get("accepted"),
                "quarantined": counted.get("quarantined"),
                "excluded": counted.get("excluded"),
                "balance": verdict(channel),
                "load_id": channel.get("load_id"),
                "error": channel.get("error"),
            }
        )
    return rows
