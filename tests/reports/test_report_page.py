"""The page that auditors print: what stands on it, in which order, and what can never get onto it."""

import copy
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from bs4 import BeautifulSoup, Tag

from satukanal.reports import artifact_table, render_html, render_json

FIXTURE = Path(__file__).parent / "report.json"
SECTIONS = ["reconcile", "attention", "duplicates", "quality", "overview", "quarantine", "evidence", "glossary"]
LANGUAGES = ["id", "en"]


@pytest.fixture
def report() -> dict[str, Any]:
    return orjson.loads(FIXTURE.read_bytes())


def page(report: dict[str, Any], lang: str = "id") -> BeautifulSoup:
    return BeautifulSoup(render_html(report, lang), "lxml")


def words(node: Tag | None) -> str:
    assert node is not None
    return " ".join(node.get_text(" ").split())


def channel(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in report["channels"] if c["id"] == name)


def failed(report: dict[str, Any]) -> dict[str, Any]:
    """The fixture with a SIGAP that does not answer, as the store hands it over: zeros and nulls."""
    sigap = channel(report, "sigap")
    sigap |= {"status": "failed", "balanced": None, "error": "sigap: no answer within 10 s; is the server running?"}
    sigap |= {"source_count": None, "excluded": {}, "schema_drift": [], "unmapped": {}, "flags": {}, "quality": []}
    sigap |= {"counts": dict.fromkeys(sigap["counts"], 0), "reconciliation": []}
    sigap["archive"] = {"objects": None, "bytes": None, "sha256": None}
    report["run"] |= {"status": "partial", "balanced": True}
    return report


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sections_stand_in_the_order_in_which_they_are_read(report: dict[str, Any], lang: str) -> None:
    soup = page(report, lang)
    assert soup.html is not None
    assert soup.html["lang"] == lang
    assert [section["id"] for section in soup.main.find_all("section", recursive=False)] == SECTIONS


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_asks_for_nothing_from_elsewhere_and_runs_nothing(report: dict[str, Any], lang: str) -> None:
    html = render_html(report, lang)
    soup = BeautifulSoup(html, "lxml")
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert not soup.find_all(["script", "link", "img", "iframe", "object"])
    assert all(node["href"].startswith("#") for node in soup.find_all(href=True))
    assert html.count("url(") == html.count("url(#")


def test_every_reference_within_the_page_has_its_goal_and_no_id_stands_twice(report: dict[str, Any]) -> None:
    soup = page(report)
    ids = [node["id"] for node in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    wanted = {node["href"][1:] for node in soup.find_all(href=True)}
    for node in soup.find_all(attrs={"aria-labelledby": True}):
        wanted |= set(str(node["aria-labelledby"]).split())
    assert wanted <= set(ids)


def test_the_opening_sentence_holds_verdict_counts_run_time_and_the_whole_ledger_head(report: dict[str, Any]) -> None:
    opening = words(page(report).select_one(".verdict"))
    assert opening.startswith("Tidak seimbang: 4 kanal dan 1.492 pengaduan")
    assert "R-20261121-151002" in opening
    assert "21 November 2026 pukul 22.14 WIB" in opening
    assert report["run"]["ledger_head"] in opening


@pytest.mark.parametrize(
    ("status", "balanced", "lead"),
    [
        ("complete", True, "Seimbang:"),
        ("partial", True, "Seimbang, tetapi belum lengkap:"),
        ("failed", True, "Gagal:"),
        ("complete", False, "Tidak seimbang:"),
        ("partial", False, "Tidak seimbang dan belum lengkap:"),
        ("failed", False, "Gagal dan tidak seimbang:"),
        ("complete", None, "Keseimbangan belum dapat dinyatakan:"),
    ],
)
def test_the_verdict_is_the_runs_own(report: dict[str, Any], status: str, balanced: bool | None, lead: str) -> None:
    report["run"] |= {"status": status, "balanced": balanced}
    assert words(page(report).select_one(".verdict strong")) == lead


def test_a_text_from_a_source_comes_out_harmless_wherever_it_stands(report: dict[str, Any]) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    sigap = channel(report, "sigap")
    sigap |= {"title": evil, "error": evil, "government": evil, "owner": evil, "state": evil}
    sigap |= {"schema_drift": [evil], "problems": [evil]}
    sigap |= {"unmapped": {"status": {evil: 1}, evil: {evil: 2}}, "excluded": {evil: 6}, "flags": {f"{evil}:{evil}": 1}}
    sigap["quality"][0] |= {"expectation": evil, "observed": evil, "column": evil, "success": False}
    sigap["reconciliation"][0]["measure"] = evil
    report["run"] |= {"run_id": evil, "actor": evil, "ledger_head": evil}
    report["categories"][0]["category"] = f"{evil} > {evil}"
    report["agencies"][0]["name"] = evil
    report["statuses"][0]["status"] = evil
    report["quarantine"][0] |= {"detail": evil, "receipt": evil, "reason": evil, "channel": evil}
    report["breaches"][0] |= {"load_id": evil, "channel": evil}
    report["doors"][0]["channels"] = [evil, "sigap"]
    report["months"][0]["channel"] = evil
    report["merges"][0]["members"][0] |= {"text_public": evil, "old_number": evil, "channel": evil}
    report["merges"][0]["evidence"][0] = [evil, evil, 1.0]
    for lang in LANGUAGES:
        soup = page(report, lang)
        assert not soup.find_all(["script", "img"])
        assert not [node for node in soup.find_all(True) if any(name.startswith("on") for name in node.attrs)]
        assert soup.get_text().count("<script>alert(1)</script>") >= 20


def equations(soup: BeautifulSoup, name: str) -> list[str]:
    card = soup.find(id=f"channel-{name}")
    assert isinstance(card, Tag)
    return [" ".join(b.get_text() for b in e.select(".term b, .op")) for e in card.select(".equation")]


def test_the_sums_of_a_channel_are_printed_as_equations(report: dict[str, Any]) -> None:
    soup = page(report)
    assert equations(soup, "ntpd112") == ["2.450 = 2.450 + 0 + 0", "2.450 = 342 + 1 + 2.107", "342 = 336 + 4 + 2"]
    assert equations(soup, "super")[0] == "612 = 400 + 0 + 212"
    assert equations(page(report, "en"), "ntpd112")[1] == "2,450 = 342 + 1 + 2,107"
    assert not soup.select(".equation.broken")


def test_numbers_that_do_not_add_up_are_never_joined_by_an_equals_sign(report: dict[str, Any]) -> None:
    channel(report, "ntpd112")["counts"]["accepted"] = 341
    soup = page(report)
    assert equations(soup, "ntpd112")[1] == "2.450 ≠ 341 + 1 + 2.107"
    assert "kedua ruas tidak sama" in words(soup.select_one(".equation.broken"))


def test_complaints_are_submissions_less_merges(report: dict[str, Any]) -> None:
    folded = page(report).select("#duplicates > .equation .term b, #duplicates > .equation .op")
    assert [node.get_text() for node in folded] == ["1.492", "=", "1.553", "−", "61"]


def test_every_channel_shows_its_outcome_as_sign_and_word(report: dict[str, Any]) -> None:
    marks = {
        words(row.select_one("th a")): row.select_one(".mark") for row in page(report).select("table.ledger tbody tr")
    }
    assert {name: words(mark) for name, mark in marks.items()} == {
        "NTPD 112": "seimbang",
        "SIGAP": "seimbang",
        "SITANGGAP": "tidak seimbang",
        "SUPER": "tanpa pembanding",
    }
    signs = {name: mark.use["href"] for name, mark in marks.items()}
    assert signs == {
        "NTPD 112": "#sign-good",
        "SIGAP": "#sign-good",
        "SITANGGAP": "#sign-bad",
        "SUPER": "#sign-open",
    }


def test_the_verdict_of_a_channel_is_not_recomputed(report: dict[str, Any]) -> None:
    channel(report, "sitanggap")["balanced"] = True  # although its source says 311 and the store holds 310
    row = page(report).find("a", href="#channel-sitanggap").find_parent("tr")
    assert words(row.select_one(".mark")) == "seimbang"


def test_a_source_that_cannot_count_is_said_to_be_without_comparison(report: dict[str, Any]) -> None:
    card = page(report).find(id="channel-super")
    assert "Sumber tidak dapat menyebut jumlahnya" in words(card)
    assert words(card.select("tbody tr")[0]) == "catatan di sumber – 400 – tanpa pembanding"


def test_times_of_the_run_are_wib_and_those_of_a_channel_its_own(report: dict[str, Any]) -> None:
    soup = page(report)
    assert "22.10 WIB" in words(soup.select_one("header .facts"))
    assert "dimuat, 21 November 2026 pukul 23.13 WITA" in words(soup.find(id="channel-sitanggap"))
    channel(report, "sitanggap")["time_zone"] = "Asia/Jayapura"
    assert "22 November 2026 pukul 00.13 WIT" in words(page(report).find(id="channel-sitanggap"))


def test_times_may_be_aware_datetimes_as_the_store_gives_them(report: dict[str, Any]) -> None:
    aware = copy.deepcopy(report)
    aware["generated_at"] = datetime.fromisoformat(report["generated_at"])
    for part in (aware["run"], *aware["channels"]):
        part |= {key: datetime.fromisoformat(part[key]) for key in ("started_at", "finished_at")}
    assert render_html(aware) == render_html(report)


def test_a_channel_that_failed_is_loud_says_why_and_shows_no_zeros(report: dict[str, Any]) -> None:
    soup = page(failed(report))
    alert = next(a for a in soup.select("#attention .alert") if "SIGAP" in words(a))
    assert "SIGAP tidak dapat dibaca" in words(alert)
    assert "no answer within 10 s" in words(alert)
    assert "satukanal run sigap" in words(alert)
    row = soup.find("a", href="#channel-sigap").find_parent("tr")
    assert words(row) == "SIGAP Kota Depok gagal dibaca – – – – – –"
    assert equations(soup, "sigap") == []
    assert words(soup.select_one(".verdict strong")) == "Seimbang, tetapi belum lengkap:"


def test_a_channel_stopped_at_a_gate_still_shows_what_was_read(report: dict[str, Any]) -> None:
    channel(report, "sigap")["status"] = "stopped"
    soup = page(report)
    assert "dihentikan sebelum disimpan" in words(soup.select_one("#attention"))
    assert equations(soup, "sigap")[0] == "1.214 = 520 + 0 + 694"


def test_what_came_through_a_frozen_channel_is_shown_as_a_breach_with_what_to_do(report: dict[str, Any]) -> None:
    alert = words(page(report).select_one("#attention .alert"))
    assert "SITANGGAP (dibekukan) masih menerima kiriman" in alert
    assert "3 kiriman" in alert
    assert "09.20 WITA" in alert
    assert "Tindakan: Tutup formulir" in alert


def test_nothing_to_do_is_said_in_words(report: dict[str, Any]) -> None:
    report["breaches"] = []
    channel(report, "sitanggap")["balanced"] = True
    soup = page(report)
    assert not soup.select("#attention .alert")
    assert "Tidak ada kanal yang bermasalah" in words(soup.select_one("#attention"))


def test_unmapped_codes_and_new_columns_name_the_channel_file_and_the_key(report: dict[str, Any]) -> None:
    quality = words(page(report).select_one("#quality"))
    assert "eskalasi (3)" in quality
    assert "codes.status" in quality
    assert "laporan.prioritas" in quality
    assert "connectors/channels/sigap.yaml" in quality


def test_a_merge_shows_each_reason_as_a_bar_on_its_side_of_the_middle(report: dict[str, Any]) -> None:
    rows = page(report).select(".merge")[0].select(".weights tbody tr")
    found = {words(row.th): (words(row.select_one("td.n")), row.select("rect")[1]) for row in rows if row.td}
    weight, bar = found["Telepon sama"]
    assert (weight, bar["x"]) == ("+7,0", "50")
    weight, bar = found["Nama berbeda"]
    assert weight == "−4,5"
    assert float(bar["x"]) + float(bar["width"]) == pytest.approx(50)


def test_a_confidential_text_is_not_invented(report: dict[str, Any]) -> None:
    report["merges"][0]["members"][0]["text_public"] = None
    assert "Isi bersifat rahasia." in words(page(report).select_one(".merge blockquote"))


def test_those_who_wait_longest_stand_first_with_their_receipts(report: dict[str, Any]) -> None:
    report["quarantine"].reverse()
    soup = page(report)
    ages = [int(row.select_one("td.n").get_text()) for row in soup.select("#quarantine tbody tr")]
    assert ages == sorted(ages, reverse=True)
    assert {q["receipt"] for q in report["quarantine"]} <= set(words(soup.select_one("#quarantine")).split())
    assert "5 catatan menunggu penanganan; yang terlama sudah 63 hari." in words(soup.select_one("#quarantine"))


def test_the_appendix_prints_whole_hashes_of_archive_and_channel_file(report: dict[str, Any]) -> None:
    evidence = words(page(report).select_one("#evidence"))
    for c in report["channels"]:
        assert c["archive"]["sha256"] in evidence
        assert c["spec_sha256"] in evidence
        assert c["load_id"] in evidence


def test_the_chart_has_its_numbers_as_a_table_beside_it(report: dict[str, Any]) -> None:
    figure = page(report).select_one("figure")
    assert figure.select_one("svg.chart")["role"] == "img"
    cells = [int(cell.get_text()) for cell in figure.select("tbody td")]
    assert sum(cells) == sum(row["submissions"] for row in report["months"] if row["month"])
    assert "17 kiriman tidak bertanggal" in words(figure)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_of_nothing_is_still_a_whole_page(lang: str) -> None:
    empty = page({"run": {}, "channels": [{"id": "super"}], "store": {}}, lang)
    assert [section["id"] for section in empty.main.find_all("section", recursive=False)] == SECTIONS


def test_zero_submissions_make_no_chart_and_no_error(report: dict[str, Any]) -> None:
    report |= {"months": [], "merges": [], "doors": [], "quarantine": [], "statuses": [], "categories": []}
    report["store"] = dict.fromkeys(report["store"], 0)
    soup = page(report)
    assert not soup.select("svg.chart")
    assert "0 = 0 − 0" in " ".join(n.get_text() for n in soup.select("#duplicates > .equation b, #duplicates .op"))
    assert "Tidak ada catatan dalam karantina." in words(soup.select_one("#quarantine"))


def test_another_language_is_refused_by_name(report: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no report in language 'fr'"):
        render_html(report, "fr")


def test_the_json_is_canonical_and_loses_nothing(report: dict[str, Any]) -> None:
    shuffled = dict(reversed(report.items()))
    assert render_json(shuffled) == render_json(report)
    assert orjson.loads(render_json(report)) == report
    assert render_json({"b": 1, "a": 2}) == b'{\n  "a": 2,\n  "b": 1\n}\n'


def test_the_artifact_has_one_row_per_channel_and_knows_unknown_from_zero(report: dict[str, Any]) -> None:
    rows = {row["channel"]: row for row in artifact_table(failed(report))}
    assert list(rows) == ["ntpd112", "sigap", "sitanggap", "super"]
    assert (rows["ntpd112"]["raw"], rows["ntpd112"]["excluded"]) == (2450, 2107)
    assert (rows["sigap"]["raw"], rows["sigap"]["balance"]) == (None, "failed")
    assert [rows[name]["balance"] for name in ("ntpd112", "sitanggap", "super")] == [
        "balanced", "unbalanced", "uncompared",
    ]  # fmt: skip
