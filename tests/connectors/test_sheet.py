"""Workbooks that another library wrote are read cell for cell."""

import struct
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from file_sources import KEYS, archive_of, context

from connectors.archive import ArchiveWriter
from connectors.base import ChannelError, RawTable
from connectors.sheet import SheetReader
from connectors.sheet_cells import column_letter
from schemas.sources import SheetSource

STREAM = {"table": "LAPORAN", "key": ["UID"], "columns": {"text": "DESKRIPSI"}}


def source(**more: Any) -> SheetSource:
    return SheetSource.model_validate({"reader": "sheet", "path": "l.xlsx", "streams": {"complaints": STREAM}} | more)


def workbook(*rows: list[Any], sheet: str = "LAPORAN", **others: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for name, content in {sheet: rows, **others}.items():
        page = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in content:
            page.append(row)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def parse(folder: Path, content: bytes, **more: Any) -> list[RawTable]:
    return list(SheetReader().parse(source(**more), archive_of(folder, l__xlsx=content)))


def frame(folder: Path, content: bytes, **more: Any) -> pd.DataFrame:
    return pd.concat([piece.frame for piece in parse(folder, content, **more)], ignore_index=True)


def problems(folder: Path, content: bytes, **more: Any) -> list[str]:
    return [problem for piece in parse(folder, content, **more) for problem in piece.problems]


def cell(folder: Path, value: Any) -> Any:
    return frame(folder, workbook(["UID", "NILAI"], ["1", value]))["NILAI"].iloc[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("081234567890", "081234567890"),
        ("  dua  spasi\nbaris ", "  dua  spasi\nbaris "),
        ("NULL", "NULL"),
        (7, "7"),
        (8123456789.0, "8123456789"),
        (3271010101900001, "3271010101900001"),
        (-6.25, "-6.25"),
        (0.1, "0.1"),
        (True, "true"),
        (False, "false"),
        (datetime.fromisoformat("2024-02-01T13:05:09"), "2024-02-01 13:05:09"),
        (date(2024, 2, 1), "2024-02-01"),
        (time(7, 30), "07:30:00"),
        (timedelta(hours=30, minutes=5), "30:05:00"),
    ],
)
def test_a_cell_becomes_the_text_that_a_person_would_copy(tmp_path: Path, value: Any, text: str) -> None:
    assert cell(tmp_path, value) == text


def test_an_empty_cell_is_missing_and_not_a_text(tmp_path: Path) -> None:
    assert pd.isna(cell(tmp_path, None))


def test_every_column_is_text(tmp_path: Path) -> None:
    assert set(frame(tmp_path, workbook(["UID", "N"], [1, 2.5])).dtypes.astype(str)) == {"str"}


def test_rows_are_known_by_their_number_in_excel_and_empty_ones_are_none(tmp_path: Path) -> None:
    content = workbook(["PEMERINTAH KOTA"], [], ["UID", "DESKRIPSI"], ["a", "x"], [None, "  "], ["b", "y"])
    got = frame(tmp_path, content, header_row=3)
    assert list(zip(got["UID"], got["_position"], got["_object"], strict=True)) == [
        ("a", "4", "l.xlsx"),
        ("b", "6", "l.xlsx"),
    ]


def test_a_sheet_that_begins_further_down_keeps_its_row_numbers(tmp_path: Path) -> None:
    got = frame(tmp_path, workbook([], [], [None, "UID"], [None, "a"]), header_row=3)
    assert got[["UID", "_position"]].to_numpy().tolist() == [["a", "4"]]


def test_headers_lose_outer_and_doubled_blanks_and_line_breaks(tmp_path: Path) -> None:
    got = frame(tmp_path, workbook([" UID ", "WAKTU\n LAPOR", "NO  TELEPON"], ["1", "2", "3"]))
    assert list(got)[:3] == ["UID", "WAKTU LAPOR", "NO TELEPON"]


def test_a_column_with_neither_header_nor_value_is_ignored(tmp_path: Path) -> None:
    assert list(frame(tmp_path, workbook(["UID", None, "X"], ["1", None, "2"]))) == ["UID", "X", "_object", "_position"]


def test_a_column_with_values_but_no_header_is_shown_by_its_letter(tmp_path: Path) -> None:
    got = frame(tmp_path, workbook(["UID", None], ["1", "catatan", "lagi"]))
    assert got[["kolom_B", "kolom_C"]].to_numpy().tolist() == [["catatan", "lagi"]]


def test_a_header_that_stands_twice_loses_no_values_and_is_told(tmp_path: Path) -> None:
    content = workbook(["UID", "UID"], ["1", "2"])
    assert frame(tmp_path / "a", content)[["UID", "kolom_B"]].to_numpy().tolist() == [["1", "2"]]
    assert problems(tmp_path / "b", content) == ["LAPORAN: header 'UID' stands twice; the second is kolom_B"]


def test_rows_of_totals_are_no_records_and_are_counted(tmp_path: Path) -> None:
    content = workbook(["UID", "N"], ["1", 2], [None, " Jumlah "], ["TOTAL", 9], ["jumlah laporan", 1])
    assert frame(tmp_path / "a", content)["UID"].tolist() == ["1", "jumlah laporan"]
    assert problems(tmp_path / "b", content) == ["LAPORAN: 2 rows of totals are no records"]


def test_numbers_longer_than_excel_keeps_are_told_without_the_numbers(tmp_path: Path) -> None:
    told = problems(tmp_path, workbook(["UID", "NIK"], ["1", 3271010101900001], ["2", "3271010101900002"]))
    assert told == ["LAPORAN: NIK has 1 numbers of more than 15 digits; Excel keeps no more of typed ones"]


def test_many_rows_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sheet.CHUNK_ROWS", 2)
    pieces = parse(tmp_path, workbook(["UID"], *[[str(n)] for n in range(5)]))
    assert [piece.frame["UID"].tolist() for piece in pieces] == [["0", "1"], ["2", "3"], ["4"]]


def test_a_sheet_of_headers_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    (piece,) = parse(tmp_path, workbook(["UID", "DESKRIPSI"]))
    assert list(piece.frame) == ["UID", "DESKRIPSI", "_object", "_position"]
    assert len(piece.frame) == 0


def test_only_mapped_sheets_are_read_with_those_of_their_events(tmp_path: Path) -> None:
    events = {"table": "JAWABAN", "complaint": ["UID"], "columns": {"text": "ISI"}}
    content = workbook(["UID"], ["1"], JAWABAN=[["UID", "ISI"], ["1", "beres"]], LAIN=[["rahasia"]])
    pieces = parse(tmp_path, content, streams={"complaints": STREAM | {"events": [events]}})
    assert [(piece.table, len(piece.frame)) for piece in pieces] == [("LAPORAN", 1), ("JAWABAN", 1)]


def test_a_sheet_is_found_whatever_its_case_and_blanks(tmp_path: Path) -> None:
    assert len(frame(tmp_path, workbook(["UID"], ["1"], sheet="Laporan "))) == 1


def test_a_missing_sheet_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(
        ChannelError, match=r"l.xlsx: has no sheet 'LAPORAN', only 'LAPORAN 112', 'X'; did you mean 'LAPORAN 112'\?"
    ):
        parse(tmp_path, workbook(["UID"], sheet="LAPORAN 112", X=[["a"]]))


@pytest.mark.parametrize("header_row", [1, 9])
def test_a_header_row_without_headers_is_named(tmp_path: Path, header_row: int) -> None:
    with pytest.raises(ChannelError, match=rf"row {header_row} has no headers; set header_row"):
        parse(tmp_path, workbook([], ["UID"], ["1"]), header_row=header_row)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no workbook that can be read"),
        (b"PK\x03\x04 potong", "no workbook that can be read"),
        (b"\n<html><p>UID</p></html>", "a web page without a table"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no workbook that can be read"),
    ],
)
def test_what_is_no_workbook_is_said_to_be_none(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(ChannelError, match=f"l.xlsx: is {what}; open it and save it as .xlsx"):
        parse(tmp_path, content)


def test_a_locked_workbook_is_said_to_be_locked(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"l.xlsx: is locked with a password; save it without one"):
        parse(tmp_path, compound_file("EncryptedPackage"))


@pytest.mark.parametrize(("stated", "number"), [(4, 4), ("1250", 1250), ("1.250", 1250), (" 7 ", 7)])
def test_the_vendors_count_is_read_from_its_cell(tmp_path: Path, stated: Any, number: int) -> None:
    content = workbook(["UID"], REKAP=[[], [], ["Jumlah", stated]])
    archive = archive_of(tmp_path, l__xlsx=content)
    assert SheetReader().count(source(count={"sheet": "REKAP", "cell": "B3"}), archive) == {"complaints": number}


@pytest.mark.parametrize("stated", [None, "empat", 4.5, -3, date(2024, 1, 1)])
def test_a_count_that_is_no_number_stops_the_channel(tmp_path: Path, stated: Any) -> None:
    archive = archive_of(tmp_path, l__xlsx=workbook(["UID"], REKAP=[["Jumlah", stated]]))
    with pytest.raises(ChannelError, match=r"sheet 'REKAP', cell B1: holds no whole number"):
        SheetReader().count(source(count={"sheet": "REKAP", "cell": "B1"}), archive)


def test_without_a_cell_there_is_no_count(tmp_path: Path) -> None:
    assert SheetReader().count(source(), archive_of(tmp_path, l__xlsx=workbook(["UID"]))) is None


def test_one_cell_cannot_count_two_streams(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, l__xlsx=workbook(["UID"], REKAP=[[1]]))
    two = {"complaints": STREAM, "whistleblowing": STREAM | {"table": "WBS"}}
    with pytest.raises(ChannelError, match="the source has several"):
        SheetReader().count(source(streams=two, count={"sheet": "REKAP", "cell": "A1"}), archive)


def test_extraction_and_reading_meet_in_the_archive(tmp_path: Path) -> None:
    (tmp_path / "l.xlsx").write_bytes(workbook(["UID"], ["1"]))
    writer = ArchiveWriter(tmp_path / "arsip", KEYS)
    SheetReader().extract(source(), writer, context(tmp_path))
    (piece,) = SheetReader().parse(source(), writer.finish())
    assert piece.frame["UID"].tolist() == ["1"]


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_lettered_as_in_excel(index: int, letters: str) -> None:
    assert column_letter(index) == letters


def compound_file(stream: str) -> bytes:
    """The container in which Office keeps an encrypted workbook, with one empty stream ([MS-CFB])."""

    def entry(name: str, kind: int, child: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1) + links
        return head + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)

    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<I", 0) + b"\xff" * 4 * 108
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    return head + table + entry("Root Entry", 5, 1) + entry(stream, 2, 0xFFFFFFFF) + bytes(256)
