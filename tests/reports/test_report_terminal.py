"""The summary after a run: what it says, that it fits a terminal, and that it is quiet where all is well."""

import io
import re
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
    text = " ".join(printed(report, width=300))
    assert "In the whole store: 1,553 submissions → 1,492 complaints: 61 merged, 87 related pairs in 38 inc" in text
    assert "waiting for a person; 5 in quarantine." in text


def test_what_the_run_did_stands_apart_with_what_was_withdrawn(report: dict[str, Any]) -> None:
    line = "This run: 4 of 4 channels asked for were read, 4 published; 1,523 submissions new, 24 updated, 2 withdrawn."
    assert line in printed(report, width=200)


def test_warnings_name_breach_imbalance_codes_columns_and_those_who_wait(report: dict[str, Any]) -> None:
    lines = printed(report)
    assert "✗ sitanggap (frozen) still receives complaints: 3" in lines
    assert "✗ sitanggap is not balanced" in lines
    assert "! sigap: unmapped codes in status: eskalasi (3)" in lines
    assert "! sigap: new columns at the source: laporan.prioritas" in lines
    assert "! sigap: district filled in: 482 of 512, at least 95 %" in lines


def test_mapped_columns_that_are_absent_are_no_new_columns(report: dict[str, Any]) -> None:
    report["channels"][1]["schema_drift"] = ["laporan.prioritas", "laporan.isi (absent)"]
    lines = printed(report)
    assert "! sigap: new columns at the source: laporan.prioritas" in lines
    assert "! sigap: mapped columns that the source does not have: laporan.isi" in lines


def test_where_a_gate_stopped_all_nothing_is_said_of_reading(report: dict[str, Any]) -> None:
    report["channels"] = [report["channels"][1] | {"status": "stopped", "error": "critical expectations failed: key"}]
    report["run"] |= {"status": "failed", "balanced": True}
    lines = printed(report)
    assert "Failed · no channel was published" in lines
    assert "✗ sigap was read, but not published: critical expectations failed: key" in lines


def test_a_quiet_run_has_no_warnings(report: dict[str, Any]) -> None:
    report |= {"breaches": [], "quarantine": []}
    report["run"]["balanced"] = True
    for channel in report["channels"]:
        channel |= {"unmapped": {}, "schema_drift": [], "balanced": True, "status": "unchanged"}
        channel["quality"] = []
    lines = printed(report)
    assert not [line for line in lines if line.startswith(("!", "✗"))]
    assert "Balanced · all channels that were asked for were read" in lines
    assert "Unchanged since the load before: ntpd112, sigap, sitanggap, super." in lines


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
    for channel in report["channels"]:
        row = next(line for line in lines if line.strip().startswith(channel["id"]))
        assert re.search(r"[✓✗○] \w+", row)


@pytest.mark.parametrize("lang", ["id", "en"])
def test_a_channel_of_sixteen_letters_and_its_balance_stay_on_one_line(report: dict[str, Any], lang: str) -> None:
    report["channels"][3] |= {"id": "kelurahan-online", "balanced": None}
    report["channels"][3]["counts"]["raw_records"] = 61200
    row = next(line for line in printed(report, lang, width=80) if "kelurahan-online" in line)
    assert re.search(r"○ (no count|tak terbanding)$", row)


def test_markup_in_a_source_is_printed_not_obeyed(report: dict[str, Any]) -> None:
    report["run"]["run_id"] = "[red]R[/red]"
    report["channels"][1]["schema_drift"] = ["[/nonsense]"]
    text = "\n".join(printed(report))
    assert "[red]R[/red]" in text
    assert "[/nonsense]" in text
