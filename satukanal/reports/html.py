"""The report as one HTML file that needs nothing beside itself: no script, no font, no picture from elsewhere.

Everything that came from a source is escaped by the templates. What a report leaves out is shown as unknown.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from satukanal.reports import charts, checks, sums
from satukanal.reports.texts import words

TEMPLATES = Path(__file__).parent / "templates"
SHORT = 28  # letters of a title in legends and tables

_LISTS = ("channels", "statuses", "categories", "agencies", "months", "doors", "quarantine", "breaches", "merges")
_RUN = (
    "run_id", "started_at", "finished_at", "status", "balanced", "seconds", "ledger_head", "ledger_entries", "actor",
)  # fmt: skip
_STORE = ("submissions", "complaints", "merged", "incidents", "related", "review", "restricted")
_ONE = (
    "id", "title", "government", "owner", "state", "live", "time_zone", "load_id", "status", "error", "balanced",
    "source_count", "spec_sha256", "started_at", "finished_at",
)  # fmt: skip
_MANY = ("schema_drift", "problems", "quality", "reconciliation")
_NAMED = ("counts", "excluded", "unmapped", "flags", "archive", "attachments")
_CHANNEL: dict[str, Any] = {**dict.fromkeys(_ONE), **dict.fromkeys(_MANY, ()), **{key: {} for key in _NAMED}}


def render_html(report: dict[str, Any], lang: str = "id") -> str:
    """The report of one run as a whole HTML page in ``lang`` ('id' or 'en').

    Times of the run are shown in Asia/Jakarta, those of a channel in its own zone. Raises ``ValueError`` for another
    language.
    """
    filled = _filled(report)
    return (
        _environment(lang)
        .get_template("page.html")
        .render(
            filled,
            lead=sums.headline(filled),
            done=sums.work(filled),
            troubled=sums.troubled(filled),
            waiting_work=sums.waiting_work(filled),
            folded=sums.store_equation(filled["store"]),
            chart=charts.columns(filled["months"]),
            waiting=sorted(filled["quarantine"], key=lambda row: -(row["age_days"] or 0)),
            heaviest=max((abs(e[2]) for merge in filled["merges"] for e in merge["evidence"] or ()), default=0),
        )
    )


def _filled(report: Mapping[str, Any]) -> dict[str, Any]:
    """``report`` with every key that the templates name; what is absent or null becomes unknown or empty."""
    return {
        "generated_at": report.get("generated_at"),
        "program_version": report.get("program_version"),
        "run": {key: (report.get("run") or {}).get(key) for key in _RUN},
        "store": {key: (report.get("store") or {}).get(key) for key in _STORE},
        "titles": {c["id"]: c.get("title") or c["id"] for c in report.get("channels") or ()}
        | {key: title for key, title in (report.get("titles") or {}).items() if title},
        "zones": {c["id"]: c.get("time_zone") for c in report.get("channels") or ()} | (report.get("time_zones") or {}),
        **{key: list(report.get(key) or ()) for key in _LISTS},
        "quarantine": [{"object": None, "position": None, **row} for row in report.get("quarantine") or ()],
        "channels": [
            {key: value if channel.get(key) is None else channel[key] for key, value in _CHANNEL.items()}
            for channel in report.get("channels") or ()
        ],
    }


def _place(identifier: str | None) -> str:
    """``kota-depok`` as Kota Depok."""
    return " ".join(word.capitalize() for word in (identifier or "").split("-"))


def _short(title: str) -> str:
    """``SIGAP`` of 'SIGAP – Sistem Informasi …': what everybody calls the channel, cut where it is long."""
    name = title.partition(" – ")[0]
    return name if len(name) <= SHORT else name[: SHORT - 1].rstrip() + "…"


def _branches(category: str | None) -> tuple[str, ...]:
    """A category path from its leaf upwards."""
    return tuple(reversed((category or "").split(" > ")))


def _evidence(rows: Sequence[Sequence[Any]] | None) -> list[tuple[str, str, str, float]]:
    """(side, feature, level, weight), the person before the problem, the heaviest first; 'who.phone' has side who."""
    split = [(*name.rpartition(".")[::2], level, weight) for name, level, weight in rows or ()]
    return sorted(split, key=lambda row: (row[0] != "who", row[0], row[1] == "prior", -abs(row[3])))


def _flag_rows(flags: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """(column, fault, how often), most frequent first, from ``{'column:fault': n}``."""
    ranked = sorted(flags.items(), key=lambda item: (-item[1], item[0]))
    return [(*flag.partition(":")[::2], count) for flag, count in ranked]


def _tally(quality: list[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """(suite, how many expectations held, how many there are) from the rows of one channel."""
    ordered = sorted(quality, key=lambda row: row["suite"])
    groups = [(suite, list(rows)) for suite, rows in groupby(ordered, key=lambda row: row["suite"])]
    return [(suite, sum(bool(row["success"]) for row in rows), len(rows)) for suite, rows in groups]


@cache
def _environment(lang: str) -> Environment:
    t = words(lang)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=t, equations=sums.equations, verdict=sums.verdict, counts=sums.counts)
    environment.globals.update(
        evidence_rows=_evidence, flag_rows=_flag_rows, tally=_tally, drift=sums.drift, file_states=sums.FILE_STATES
    )
    environment.globals.update(raised=checks.raised)
    environment.filters.update(number=t.number, signed=t.signed, chance=t.chance, moment=t.moment, size=t.size)
    environment.filters.update(place=_place, short=_short, branches=_branches)
    environment.filters.update(asked=partial(checks.named, t), found=partial(checks.found, t))
    return environment
