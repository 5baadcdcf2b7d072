"""The summary that stands in the terminal after a run: one table, then only the lines that someone should read."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from satukanal.reports import checks, sums
from satukanal.reports.texts import Words, words

_SIGNS = {"balanced": ("✓", "green"), "uncompared": ("○", "cyan")}
_BROKEN = ("✗", "bold red")
_LEADS = {
    "balanced_complete": "bold green",
    "uncompared_complete": "bold green",
    "balanced_partial": "bold yellow",
    "uncompared_partial": "bold yellow",
}
_MEASURES = ("raw", "extracted", "accepted", "quarantined", "excluded")
_FIGURES = ("submissions", "complaints", "merged", "related", "incidents", "review")


def render_summary(report: Mapping[str, Any], console: Console, lang: str = "en") -> None:
    """Print the summary of ``report`` on ``console`` in ``lang`` ('en' or 'id'). Raises ``ValueError`` for another."""
    t = words(lang)
    run = report.get("run") or {}
    console.print(_table(report, t))
    console.print()
    _totals(report, console, t)
    for line, style in _warnings(report, t):
        console.print(Text(line, style=style))
    lead = sums.headline(report)
    opening = Text(t.name("lead", lead), style=_LEADS.get(lead, "bold red"))
    console.print(opening, Text(f"· {t.name('run_means', run.get('status'))}"))
    if run.get("ledger_head"):
        console.print(Text(t("terminal.head", n=run.get("ledger_entries") or 0), style="dim"))
        console.print(Text(run["ledger_head"], style="dim"))


def _totals(report: Mapping[str, Any], console: Console, t: Words) -> None:
    """What the run did, then what the whole store holds."""
    done, store = sums.work(report), report.get("store") or {}
    console.print(Text(t("terminal.run", n=done.asked, **asdict(done))))
    same = [channel["id"] for channel in report.get("channels") or () if channel.get("status") == "unchanged"]
    if same:
        console.print(Text(t("terminal.unchanged", channels=", ".join(same))))
    figures = {key: t.number(store.get(key)) for key in _FIGURES}
    waiting = sum(row["disposition"] == "open" for row in report.get("quarantine") or ())
    console.print(Text(t("terminal.store", **figures, waiting=waiting)))
    states = [f"{t.number(count)} {t.name('file_state', state)}" for state, count in sums.files(report).items()]
    if states:
        console.print(Text(t("terminal.files", states=", ".join(states))))


def _table(report: Mapping[str, Any], t: Words) -> Table:
    run_id = (report.get("run") or {}).get("run_id") or t("page.unknown")
    table = Table(
        title=escape(t("terminal.title", run=run_id)),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )
    table.add_column(t("page.channel"), overflow="fold")
    for measure in _MEASURES:
        table.add_column(t.name("short", measure), justify="right", no_wrap=True)
    table.add_column(t("terminal.balance"), no_wrap=True)
    for row in sums.artifact_table(report):
        sign, style = _SIGNS.get(row["balance"], _BROKEN)
        outcome = Text(f"{sign} {t.name('brief', row['balance'])}", style=style)
        table.add_row(Text(row["channel"], style="bold"), *(t.number(row[key]) for key in _MEASURES), outcome)
    return table


def _warnings(report: Mapping[str, Any], t: Words) -> Iterator[tuple[str, str]]:
    """Lines that ask for an act, with their style: what is broken first."""
    for breach in report.get("breaches") or ():
        title = t("attention.breach", channel=breach["channel"], state=t.name("state", breach["state"]))
        yield f"✗ {title}: {t.number(breach['submissions'])}", "bold red"
    for kind, channel in sums.troubled(report):
        reason = f": {channel['error']}" if channel.get("error") else ""
        yield f"✗ {t('trouble.' + kind, channel=channel['id'])}{reason}", "bold red"
    for channel in report.get("channels") or ():
        for column, codes in (channel.get("unmapped") or {}).items():
            listed = ", ".join(f"{code} ({t.number(count)})" for code, count in codes.items())
            yield f"! {t('terminal.unmapped', channel=channel['id'], column=column, codes=listed)}", "yellow"
        new, absent = sums.drift(channel)
        if new:
            yield f"! {t('terminal.drift', channel=channel['id'], columns=', '.join(new))}", "yellow"
        if absent:
            yield f"! {t('terminal.absent', channel=channel['id'], columns=', '.join(absent))}", "yellow"
        for row in sums.broken_warnings(channel):
            yield f"! {channel['id']}: {checks.named(t, row)}: {checks.found(t, row)}", "yellow"
