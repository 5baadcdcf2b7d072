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
    assert opening.startswith("Tidak seimbang: 4 dari 4 kanal yang diminta terbaca, 4 diterbitkan; 1.523 kiriman baru,")
    assert "1 kanal tanpa pembanding dari sumber." in opening
    assert "R-20261121-151002" in opening
    assert "21 November 2026 pukul 22.14 WIB" in opening
    assert report["run"]["ledger_head"] in opening


@pytest.mark.parametrize(
    ("status", "balanced", "lead"),
    [
        ("complete", True, "Seimbang:"),
        ("partial", True, "Seimbang, tetapi belum lengkap:"),
        ("failed", True, "Gagal – tidak ada kanal yang diterbitkan:"),
        ("complete", False, "Tidak seimbang:"),
        ("partial", False, "Tidak seimbang dan belum lengkap:"),
        ("failed", False, "Gagal dan tidak seimbang – tidak ada kanal yang diterbitkan:"),
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
    report["quarantine"][1] |= {"object": evil, "position": evil}
    report["titles"]["sigap"] = evil
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
    assert words(card.select("tbody tr")[0]) == "catatan di sumber – 397 – tanpa pembanding"


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


def stopped(report: dict[str, Any]) -> dict[str, Any]:
    """The fixture with a SIGAP that a gate stopped, as the store hands it over: read, nothing published."""
    sigap = channel(report, "sigap")
    sigap |= {"status": "stopped", "balanced": None, "excluded": {}, "reconciliation": []}
    sigap["error"] = "critical expectations failed: " + "; ".join(f"expectation {n} of key (…)" for n in range(40))
    sigap["counts"] |= dict.fromkeys(("accepted", "inserted", "updated", "unchanged", "withdrawn", "quarantined"), 0)
    report["run"] |= {"status": "partial", "balanced": False}
    return report


@pytest.mark.parametrize(("lang", "third"), [("id", "dibaca, tidak diterbitkan"), ("en", "read, not published")])
def test_what_a_gate_stopped_was_read_and_is_not_lost(report: dict[str, Any], lang: str, third: str) -> None:
    soup = page(stopped(report), lang)
    found = [e.translate(str.maketrans(",", ".")) for e in equations(soup, "sigap")]
    assert found == ["1.214 = 520 + 0 + 694", "520 = 520"]
    assert not soup.select("#channel-sigap .broken")
    assert third in words(soup.find(id="channel-sigap"))
    row = soup.find("a", href="#channel-sigap").find_parent("tr")
    assert f"{third}: 520" in words(row)


def test_the_error_of_a_stopped_channel_is_shown_whole(report: dict[str, Any]) -> None:
    error = channel(stopped(report), "sigap")["error"]
    soup = page(report)
    assert "SIGAP dibaca, tetapi tidak diterbitkan" in words(soup.select_one("#attention"))
    assert error in words(soup.select_one("#attention"))
    assert error in words(soup.find(id="channel-sigap"))


def test_a_run_of_one_channel_tells_the_run_apart_from_the_store(report: dict[str, Any]) -> None:
    report["channels"] = [channel(report, "ntpd112")]
    report["run"] |= {"status": "complete", "balanced": True}
    soup = page(report)
    assert words(soup.select_one(".verdict p")) == (
        "Seimbang: 1 dari 1 kanal yang diminta terbaca, 1 diterbitkan; 336 kiriman baru, 4 diperbarui, "
        "0 ditarik di sumber."
    )
    assert "semua kanal yang diminta terbaca" in words(soup.select_one("header .facts"))
    assert words(soup.find(id="whole-store")) == "Isi seluruh penyimpanan, dari semua proses"
    assert words(soup.select_one(".tiles")).startswith("1.553 kiriman warga 1.492 pengaduan")


def test_a_balance_that_no_source_could_confirm_says_so(report: dict[str, Any]) -> None:
    report["channels"] = [channel(report, "super")]
    report["run"] |= {"status": "complete", "balanced": True}
    report["breaches"] = []
    soup = page(report)
    assert words(soup.select_one(".verdict strong")) == "Seimbang; tanpa pembanding dari sumber:"
    assert "good" in soup.select_one(".verdict")["class"]


def test_repeats_are_subtracted_in_sight_where_the_source_tells_fewer(report: dict[str, Any]) -> None:
    soup = page(report)
    assert equations(soup, "sigap")[3] == "514 = 520 − 6"
    assert "520 − 6 berulang" in words(soup.find("a", href="#channel-sigap").find_parent("tr"))
    assert len(equations(soup, "ntpd112")) == 3


def test_a_channel_outside_the_run_keeps_its_title_and_its_time_zone(report: dict[str, Any]) -> None:
    report["channels"] = [channel(report, "super")]
    report["doors"] = [{"channels": ["sigap", "wbk"], "complaints": 3}]
    report["months"].append({"month": "2024-05", "channel": "wbk", "submissions": 1})
    report["merges"][0]["members"][0] |= {"channel": "wbk", "submitted_at": "2024-05-01T00:00:00Z"}
    report["quarantine"][0]["channel"] = "wbk"
    soup = page(report)
    assert "SIGAP + WBK" in words(soup.select_one("#duplicates table"))
    assert "WBK" in words(soup.select_one(".legend"))
    assert "1 Mei 2024 pukul 09.00 WIT" in words(soup.select_one(".merge blockquote footer"))
    assert "WBK" in words(soup.select_one("#quarantine table"))


def test_a_title_without_a_dash_is_cut_in_tables_and_whole_in_its_own_place(report: dict[str, Any]) -> None:
    long = "Layanan Aspirasi dan Pengaduan Online Masyarakat Kelurahan"
    channel(report, "sigap")["title"] = report["titles"]["sigap"] = long
    soup = page(report)
    assert words(soup.find("a", href="#channel-sigap")) == "Layanan Aspirasi dan Pengad…"
    assert words(soup.find(id="channel-sigap-title")) == long


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
    assert soup.select_one("#attention .calm use")["href"] == "#sign-open"  # work still waits


@pytest.mark.parametrize("lang", LANGUAGES)
def test_work_that_waits_is_listed_with_counts_and_ways_there(report: dict[str, Any], lang: str) -> None:
    items = page(report, lang).select("#attention .work li a")
    found = [(a["href"], words(a).split()[0]) for a in items]
    assert found == [
        ("#quarantine", "5"), ("#duplicates", "14"), ("#quality", "3"), ("#quality", "1"), ("#quality", "1"),
    ]  # fmt: skip


def test_where_no_work_waits_none_is_listed(report: dict[str, Any]) -> None:
    report |= {"breaches": [], "quarantine": []}
    report["store"]["review"] = 0
    for c in report["channels"]:
        c |= {"unmapped": {}, "schema_drift": [], "balanced": True, "quality": []}
    soup = page(report)
    assert not soup.select(".work")
    assert soup.select_one("#attention .calm use")["href"] == "#sign-good"


def test_new_columns_and_absent_ones_are_two_things(report: dict[str, Any]) -> None:
    channel(report, "sigap")["schema_drift"] = ["laporan.prioritas", "laporan.kelurahan (absent)", "foto (absent)"]
    quality = words(page(report).select_one("#quality"))
    assert "1 kolom baru di sumber: laporan.prioritas ." in quality
    assert "2 kolom yang dipetakan tidak ada di sumber: laporan.kelurahan , foto ." in quality
    assert "absent" not in quality


@pytest.mark.parametrize(
    ("lang", "shown"), [("id", "kecamatan terisi {} 482 dari 512, minimal 95 %"),
                        ("en", "district filled in {} 482 of 512, at least 95 %")]
)  # fmt: skip
def test_a_broken_expectation_is_told_in_the_language_of_the_page(
    report: dict[str, Any], lang: str, shown: str
) -> None:
    row = page(report, lang).select_one("#quality tr.detail")
    raw = "expect_column_values_to_not_be_null (district)"
    assert shown.format(raw) in words(row)
    assert words(row.select_one("small code")) == raw


def test_an_expectation_that_could_not_be_asked_quotes_why(report: dict[str, Any]) -> None:
    channel(report, "sigap")["quality"][0] |= {"success": False, "observed": "could not be asked: no column"}
    row = words(page(report).select_one("#quality tr.detail"))
    assert "tidak dapat diperiksa could not be asked: no column" in row


def test_a_channels_own_rule_is_shown_as_code_and_readers_notes_as_english(report: dict[str, Any]) -> None:
    channel(report, "ntpd112")["problems"] = ["LAPORAN INSIDEN: 1 rows of totals are no records"]
    soup = page(report)
    assert "emergency_handled" in [code.get_text() for code in soup.select("#channel-ntpd112 dd code")]
    notes = soup.select_one("#quality ul.notes")
    assert notes["lang"] == "en"
    assert "dalam bahasa Inggris" in words(notes.find_previous_sibling("p"))


def test_the_page_does_not_claim_to_be_free_of_personal_data(report: dict[str, Any]) -> None:
    assert "bacalah laporan ini sebelum diterbitkan" in words(page(report).find_all("footer")[-1])
    assert "read this report before you publish it" in words(page(report, "en").find_all("footer")[-1])


def test_unmapped_codes_and_new_columns_name_the_channel_file_and_the_key(report: dict[str, Any]) -> None:
    quality = words(page(report).select_one("#quality"))
    assert "eskalasi (3)" in quality
    assert "codes.status" in quality
    assert "laporan.prioritas" in quality
    assert "dalam sigap.yaml" in quality


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


def test_a_record_in_quarantine_says_where_it_lies(report: dict[str, Any]) -> None:
    assert "super.sql , baris 13" in words(page(report).select_one("#quarantine tbody"))
    report["quarantine"][0]["position"] = "bytes 10–90"
    assert "super.sql , bytes 10–90" in words(page(report).select_one("#quarantine tbody"))


def test_those_who_wait_since_today_do_not_wait_for_0_days(report: dict[str, Any]) -> None:
    for row in report["quarantine"]:
        row["age_days"] = 0
    assert "5 catatan menunggu penanganan, sejak hari ini." in words(page(report).select_one("#quarantine"))


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
