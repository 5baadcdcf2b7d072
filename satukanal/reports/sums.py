"""The sums of a channel as equations, and one flat row per channel: what the page, the terminal and the artifact share.

Nothing is judged here. Whether a channel is balanced was decided when it was published and is only passed on; the sign
between the two sides of an equation is plain arithmetic on the numbers shown, so that a reader can check it by eye.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]
Row = Mapping[str, Any]


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


def broke_off(channel: Row) -> bool:
    """Whether the load ended before it was published."""
    return channel.get("status") in ("failed", "stopped")


def counts(channel: Row) -> Mapping[str, int | None]:
    """What was counted in a channel, ``excluded`` among it. Nothing, if it was never read: no 0 stands for unknown."""
    counted = channel.get("counts") or {}
    if not counted or (broke_off(channel) and not counted.get("raw_records")):
        return {}
    return {**counted, "excluded": sum((channel.get("excluded") or {}).values())}


def equations(channel: Row) -> tuple[Equation, ...]:
    """The three sums of conservation of one channel."""
    counted = counts(channel)

    def term(measure: str) -> Term:
        return Term(measure, counted.get(measure))

    return (
        Equation(term("raw_records"), (term("extracted"), term("parts"), term("events"))),
        Equation(term("extracted"), (term("accepted"), term("quarantined"), term("excluded"))),
        Equation(term("accepted"), (term("inserted"), term("updated"), term("unchanged"))),
    )


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


def headline(run: Row) -> str:
    """The key (section ``lead``) of the opening words, from the run's own balance and status."""
    if run.get("balanced") is None:
        return "unknown"
    status = run["status"] if run.get("status") in ("complete", "partial", "failed") else "partial"
    return f"{'balanced' if run['balanced'] else 'unbalanced'}_{status}"


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
