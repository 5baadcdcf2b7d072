"""The written samples: the same for the same seed, counted rightly, and with a truth that holds together."""

import hashlib
import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from data.samples import Samples, write_samples

FILES = (
    "super/super.sql",
    "sigap/laporan.json",
    "sitanggap/aduan.json",
    "ntpd112/laporan-insiden-112.xlsx",
    "truth.json",
    "planted.json",
)


def _digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def test_equal_size_and_seed_write_equal_bytes(tmp_path: Path) -> None:
    one = _digests(write_samples(tmp_path / "one", 150, 7).folder)
    assert one == _digests(write_samples(tmp_path / "two", 150, 7).folder)
    other = _digests(write_samples(tmp_path / "three", 150, 8).folder)
    assert all(one[name] != other[name] for name in FILES)


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_size_has_room_for_every_fault(tmp_path: Path, seed: int) -> None:
    planted = write_samples(tmp_path, 100, seed).planted
    assert all(counts["accepted"] > 0 for counts in planted.values())
    assert all(planted[channel]["unmapped"]["status"] for channel in ("super", "sigap", "sitanggap", "ntpd112"))


def test_too_small_a_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least"):
        write_samples(tmp_path, 99)


@pytest.mark.parametrize("channel", ["super", "sigap", "sitanggap", "ntpd112"])
def test_planted_counts_are_conserved(samples: Samples, channel: str) -> None:
    planted = samples.planted[channel]
    assert planted["raw_records"] == planted["extracted"] + planted["events"]
    rejected = sum(planted["quarantined"].values()) + sum(planted["excluded"].values())
    assert planted["extracted"] == planted["accepted"] + rejected
    truth = json.loads((samples.folder / "truth.json").read_text())["submissions"]
    assert planted["accepted"] == sum(row["channel"] == channel for row in truth)


def test_truth_names_each_submission_once_and_a_case_lies_in_one_incident(samples: Samples) -> None:
    truth = json.loads((samples.folder / "truth.json").read_text())["submissions"]
    assert max(Counter((row["channel"], row["key"]) for row in truth).values()) == 1
    incidents = defaultdict(set)
    for row in truth:
        incidents[row["case"]].add(row["incident"])
    assert all(len(found) == 1 for found in incidents.values())


def test_repeats_crowds_and_hard_cases_are_there_in_the_promised_measure(tmp_path: Path) -> None:
    written = write_samples(tmp_path, 2000)
    truth = json.loads((written.folder / "truth.json").read_text())
    cases = Counter(row["case"] for row in truth["submissions"])
    repeats = sum(n - 1 for n in cases.values()) / len(truth["submissions"])
    assert 0.08 < repeats < 0.16
    people = defaultdict(set)
    channels = defaultdict(set)
    for row in truth["submissions"]:
        people[row["incident"]].add(row["case"].split("-")[1])
        channels[row["case"]].add(row["channel"])
    crowded = sum(len(people[row["incident"]]) > 1 for row in truth["submissions"]) / len(truth["submissions"])
    assert 0.12 < crowded < 0.30
    assert any(found == {"sigap", "ntpd112"} for found in channels.values())
    traps = Counter(row.get("trap") for row in truth["submissions"])
    assert all(traps[trap] >= 5 for trap in ("same_text", "same_person", "busy_street", "recurrence"))
    relations = Counter(pair["would_be"] for pair in truth["restricted"])
    assert relations["same"] >= 3
    assert relations["related"] >= 3


def test_a_restricted_pair_lies_in_one_incident_and_never_in_one_case(samples: Samples) -> None:
    truth = json.loads((samples.folder / "truth.json").read_text())
    rows = {(row["channel"], row["stream"], row["key"]): row for row in truth["submissions"]}
    assert truth["restricted"]
    for pair in truth["restricted"]:
        one, other = (rows[tuple(side)] for side in pair["pair"])
        assert one["incident"] == other["incident"]
        assert one["case"] != other["case"]


def test_repeats_are_told_in_other_words_more_often_than_not(samples: Samples) -> None:
    texts = {}
    for channel, folder, name, key in (
        ("sigap", "sigap", "laporan", "id"),
        ("sitanggap", "sitanggap", "aduan", "nomor"),
    ):
        for row in json.loads((samples.folder / folder / f"{name}.json").read_text()):
            texts[channel, str(row[key])] = row["isi"]
    by_case = defaultdict(list)
    for row in json.loads((samples.folder / "truth.json").read_text())["submissions"]:
        if (row["channel"], row["key"]) in texts:
            by_case[row["case"]].append(texts[row["channel"], row["key"]])
    repeated = [found for found in by_case.values() if len(found) > 1]
    assert sum(len(set(found)) > 1 for found in repeated) > 0.6 * len(repeated)


@pytest.fixture(scope="module")
def rows(samples: Samples) -> list[list[object]]:
    book = CalamineWorkbook.from_path(samples.folder / "ntpd112" / "laporan-insiden-112.xlsx")
    return book.get_sheet_by_name("LAPORAN INSIDEN").to_python(skip_empty_area=False)


def test_letterhead_header_calls_and_totals_stand_where_the_vendor_puts_them(
    samples: Samples, rows: list[list[object]]
) -> None:
    assert rows[0][0] == "PEMERINTAH KOTA DEPOK"
    assert rows[3][:3] == ["UID", "WAKTU LAPOR", "TIPE LAPORAN"]
    assert rows[-1][:2] == ["JUMLAH", samples.planted["ntpd112"]["raw_records"]]
    assert len(rows) == 4 + samples.planted["ntpd112"]["raw_records"] + 1


def test_the_recap_states_the_number_of_calls_in_b3(samples: Samples) -> None:
    book = CalamineWorkbook.from_path(samples.folder / "ntpd112" / "laporan-insiden-112.xlsx")
    recap = book.get_sheet_by_name("REKAP").to_python(skip_empty_area=False)
    assert recap[2][1] == samples.planted["ntpd112"]["source_count"]


def test_three_calls_of_four_are_no_calls(samples: Samples) -> None:
    planted = samples.planted["ntpd112"]
    nuisance = sum(planted["excluded"][rule] for rule in ("prank", "ghost_call", "silent_call"))
    assert 0.68 < nuisance / planted["extracted"] < 0.82


def test_cells_hold_the_planted_kinds_of_values(samples: Samples, rows: list[list[object]]) -> None:
    planted, calls = samples.planted["ntpd112"], rows[4:-1]
    head = [str(name) for name in rows[3]]
    column = {name: [call[n] for call in calls] for n, name in enumerate(head)}
    assert sum(isinstance(when, datetime) for when in column["WAKTU LAPOR"]) == planted["excel_dates"]
    assert sum(isinstance(phone, float) for phone in column["NO TELEPON"]) == planted["numeric_phones"]
    assert column["STATUS"].count("Pending Vendor") == planted["unmapped"]["status"]["Pending Vendor"]
    assert column["UID"].count("") == planted["quarantined"]["no_key"]
    used = Counter(uid for uid in column["UID"] if uid)
    assert sum(n - 1 for n in used.values()) == planted["quarantined"]["key_reused"]
