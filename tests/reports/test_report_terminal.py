"""The summary after a run: what it says, that it fits a terminal, and that it is quiet where all is well."""

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from satukanal.reports import render_summary

FIXTURE = Path(__file__).parent / "report.json"


@pytest.fixture
def report() -> dict[str, Any]:
    return orjson.loads(FIXTURE.read_bytes())


def printed(report: dict[str, Any], lang: str = "en", width: int = 100) -> list[str]:
    out = io.StringIO()
    render_summary(report, Console(file=out, width=width, color_system=None), lang)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_row_holds_the_counts_and_the_outcome_of_its_channel(report: dict[str, Any]) -> None:
    row = next(line for line in printed(report) if line.strip().startswith("ntpd112"))
    assert row.split() == ["ntpd112", "2,450", "2,450", "342", "1", "2,107", "✓", "balanced"]


def test_the_store_is_summed_up_in_one_line(report: dict[str, Any]) -> None:
    text = " ".join(printed(report, width=200))
    assert "1,553 submissions → 1,492 complaints: 61 merged, 87 related pairs in 38 incidents, 14 waiting" in text


def test_warnings_name_breach_imbalance_codes_columns_and_those_who_wait(report: dict[str, Any]) -> None:
    lines = printed(report)
    assert "✗ sitanggap (frozen) still receives complaints: 3" in lines
    assert "✗ sitanggap is not balanced" in lines
    assert "! sigap: unmapped codes in status: eskalasi (3)" in lines
    assert "! sigap: new columns at the source: laporan.prioritas" in lines
    assert "! 5 records wait in quarantine." in lines


def test_a_quiet_run_has_no_warnings(report: dict[str, Any]) -> None:
    report |= {"breaches": [], "quarantine": []}
    report["run"]["balanced"] = True
    for channel in report["channels"]:
        channel |= {"unmapped": {}, "schema_drift": [], "balanced": True, "status": "unchanged"}
    lines = printed(report)
    assert not [line for line in lines if line.startswith(("!", "✗"))]
    assert "Balanced · complete – every channel was read" in lines
    assert any("✓ balanced · unchanged" in line for line in lines)


def test_a_failed_channel_says_why_and_shows_dashes(report: dict[str, Any]) -> None:
    report["channels"][1] |= {"status": "failed", "error": "no answer [timeout]", "counts": {}, "balanced": None}
    lines = printed(report)
    assert "✗ sigap could not be read: no answer [timeout]" in lines
    assert next(line for line in lines if line.strip().startswith("sigap")).split()[1:7] == ["–"] * 5 + ["✗"]


@pytest.mark.parametrize("lang", ["id", "en"])
def test_it_fits_eighty_columns_and_prints_the_whole_ledger_head(report: dict[str, Any], lang: str) -> None:
    lines = printed(report, lang, width=80)
    assert max(map(len, lines)) <= 80
    assert report["run"]["ledger_head"] in lines


def test_markup_in_a_source_is_printed_not_obeyed(report: dict[str, Any]) -> None:
    report["run"]["run_id"] = "[red]R[/red]"
    report["channels"][1]["schema_drift"] = ["[/nonsense]"]
    text = "\n".join(printed(report))
    assert "[red]R[/red]" in text
    assert "[/nonsense]" in text
