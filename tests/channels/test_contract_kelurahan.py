"""The channel file of RW, kelurahan and kecamatan keeps the contract on files of many makers that are one table."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from contract_social_sp4n import REFERENCE_TABLES, Loaded, channel_of, ids, load
from openpyxl import load_workbook

from data.samples.kelurahan_sheets import write_kelurahan
from transforms.normalise import check_codes

COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")
CP1252 = "Rekap RW 011.csv: is not UTF-8; read as Windows-1252"


def read(home: Path) -> Loaded:
    return load(channel_of("kelurahan"), "lembar", home)


def files(home: Path) -> list[Path]:
    return sorted((home / "in" / "kelurahan").iterdir())


def lembar(home: Path, name: str) -> Path:
    return home / "in" / "kelurahan" / name


def rows_of(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[rows["object"].str.contains(name, regex=False)].reset_index(drop=True)


def raw(rows: pd.DataFrame, column: str) -> list[Any]:
    return [orjson.loads(cells).get(column) for cells in rows["raw"]]


def test_the_file_points_to_nothing_that_is_not_there() -> None:
    assert check_codes(channel_of("kelurahan"), REFERENCE_TABLES) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_texts_and_faults_are_those_that_were_planted(tmp_path: Path, seed: int) -> None:
    planted = write_kelurahan(tmp_path / "in", seed)
    loaded = read(tmp_path)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
    assert (loaded.done.schema_drift, loaded.done.unmapped) == ((), planted["unmapped"])
    assert sorted(loaded.problems) == sorted([*planted["told"], CP1252])
    rows = loaded.done.submissions
    assert sorted(rows["text"]) == planted["texts"]
    flags = Counter(flag for flags in rows["flags"] for flag in orjson.loads(flags))
    assert dict(sorted(flags.items())) == planted["flags"]
    assert rows["reporter_phone"].dropna().str.fullmatch(r"\+62\d{9,12}").all()


def test_headers_over_two_rows_below_a_letterhead_mean_the_same(tmp_path: Path) -> None:
    write_kelurahan(tmp_path / "in", 1)
    rows = rows_of(read(tmp_path).done.submissions, "Rekap Aduan Kec")
    assert len(rows) == 36
    for column in ("submitted_at", "reporter_name", "reporter_nik", "reporter_phone", "location", "text"):
        assert rows[column].notna().all(), column
    assert rows["location"].str.contains(r" RT \d\d / RW \d\d$").all()


def test_a_form_tells_time_place_person_and_photos(tmp_path: Path) -> None:
    write_kelurahan(tmp_path / "in", 1)
    rows = rows_of(read(tmp_path).done.submissions, "Form Aduan")
    assert rows["village"].eq("Benda Baru").all()
    assert (rows["submitted_at"].dt.tz_localize(None) == rows["submitted_local"] - pd.Timedelta(hours=7)).all()
    clock = [text.split() for text in raw(rows, "Tanggal")]
    noon = pd.Series([int(time.split(":")[0]) % 12 + 12 * (half == "PM") for _, time, half, _ in clock])
    assert (rows["submitted_local"].dt.hour == noon).all()
    assert rows["is_anonymous"].tolist() == [answer == "Ya" for answer in raw(rows, "Rahasia")]
    assert rows["reporter_email"].notna().all()
    assert rows["status"].eq("unverified").all()
    photos = rows["attachments"].dropna().map(orjson.loads)
    assert photos.map(len).max() == 2
    assert all(photo.startswith("https://drive.example/open?id=") for found in photos for photo in found)


def test_an_answer_that_was_sent_twice_is_two_submissions_with_keys_of_their_own(tmp_path: Path) -> None:
    write_kelurahan(tmp_path / "in", 1)
    rows = rows_of(read(tmp_path).done.submissions, "Form Aduan")
    twice = rows[rows["text"].duplicated(keep=False)]
    assert [key[-2:] for key in twice["key"]] == ["#1", "#2"]
    assert twice["key"].str[:-2].nunique() == 1


def test_a_book_with_other_headers_each_year_is_one_table(tmp_path: Path) -> None:
    write_kelurahan(tmp_path / "in", 1)
    rows = rows_of(read(tmp_path).done.submissions, "BUKU ADUAN")
    assert len(rows) == 34
    for column in ("reporter_name", "reporter_address", "location", "text", "reporter_phone", "reporter_nik"):
        assert rows[column].notna().all(), column
    assert rows["submitted_local"].dt.year.dropna().value_counts().to_dict() == {2023: 15, 2024: 15}
    typed = [text for text in raw(rows, "Tanggal") if text.isdigit()]
    assert typed
    assert rows["submitted_at"].isna().sum() == len(typed)
    assert rows.loc[rows["status"].eq("closed"), "status_reason"].notna().all()


def test_a_phone_that_lost_its_zero_is_mended_and_a_rounded_number_is_not_made_up(tmp_path: Path) -> None:
    write_kelurahan(tmp_path / "in", 1)
    rows = read(tmp_path).done.submissions
    book, listed = rows_of(rows, "BUKU ADUAN"), rows_of(rows, "Rekap RW")
    lost = [phone.startswith("8") for phone in raw(book, "HP")]
    assert sum(lost) >= 10
    assert book.loc[lost, "reporter_phone"].notna().all()
    rounded = ["E+" in nik for nik in raw(listed, "NIK")]
    assert sum(rounded) == 2
    assert listed.loc[rounded, "reporter_nik"].isna().all()
    assert listed["text"].str.endswith("– kata warga “begitu”").sum() == 4  # Windows-1252


def test_a_line_with_semicolons_in_its_words_is_kept_in_quarantine_with_its_bytes(tmp_path: Path) -> None:
    write_kelurahan(tmp_path / "in", 1)
    bad = read(tmp_path).done.rejected
    bad = bad[bad["reason"].eq("unreadable")]
    assert bad["position"].tolist() == ["18"]
    assert lembar(tmp_path, "Rekap RW 011.csv").read_bytes().splitlines()[17].startswith(b"17;3/6/2023;")


def test_the_same_seed_writes_the_same_bytes_and_gives_the_same_ids(tmp_path: Path) -> None:
    for home in ("a", "b"):
        write_kelurahan(tmp_path / home / "in", 7)
    one, other = ([(path.name, path.read_bytes()) for path in files(tmp_path / home)] for home in ("a", "b"))
    assert len(one) == 6
    assert one == other
    pd.testing.assert_frame_equal(*(ids(read(tmp_path / home)) for home in ("a", "b")))


def test_files_with_headers_alone(tmp_path: Path) -> None:
    write_kelurahan(tmp_path / "in", 1)
    for path in files(tmp_path):
        if path.suffix == ".xlsx":
            book = load_workbook(path)
            for sheet in book.worksheets:
                sheet.delete_rows(2 if path.name.startswith("BUKU") else 6, 100)
            book.save(path)
        else:
            lines = path.read_bytes().split(b"\n")
            path.write_bytes(b"\n".join([*lines[: 2 if path.suffix == ".xls" else 1], b""]))
    loaded = read(tmp_path)
    assert (loaded.counts["raw_records"], loaded.done.schema_drift) == (0, ())


def test_a_form_with_one_more_question_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    planted = write_kelurahan(tmp_path / "in", 1)
    path = lembar(tmp_path, "Rekap RW 011.csv")
    lines = path.read_bytes().decode("cp1252").splitlines()
    grown = [f"{lines[0]};Dari mana tahu?", *(f"{line};spanduk" for line in lines[1:-1]), lines[-1] + ";x;y"]
    path.write_bytes("\r\n".join(grown).encode("cp1252"))
    loaded = read(tmp_path)
    assert loaded.done.schema_drift == ("ADUAN*.Dari mana tahu?",)
    assert loaded.counts == {name: planted[name] for name in COUNTS}


def test_a_workbook_of_the_kecamatan_that_grew_a_column_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    planted = write_kelurahan(tmp_path / "in", 1)
    path = next(path for path in files(tmp_path) if path.name.endswith("2024.xlsx"))
    book = load_workbook(path)
    sheet = book["ADUAN KEL BENDA BARU"]
    sheet["K4"], sheet["K6"] = "ANGGARAN", "APBD"
    book.save(path)
    loaded = read(tmp_path)
    assert loaded.done.schema_drift == ("ADUAN*.ANGGARAN",)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
