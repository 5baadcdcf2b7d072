"""Whatever an office calls a workbook is read: XLS, ODS, a web page; with merged headers, many sheets, many years."""

import struct
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from file_sources import archive_of
from test_sheet import workbook

from connectors.base import ChannelError, RawTable
from connectors.sheet import SheetReader
from schemas.sources import SheetSource

STREAM = {"table": "LAPORAN", "key": ["UID"], "columns": {"text": "DESKRIPSI"}}


def parse(folder: Path, content: bytes, **more: Any) -> list[RawTable]:
    whole = {"reader": "sheet", "path": "l.xls", "streams": {"complaints": STREAM}} | more
    return list(SheetReader().parse(SheetSource.model_validate(whole), archive_of(folder, l__xls=content)))


def frame(folder: Path, content: bytes, **more: Any) -> pd.DataFrame:
    return pd.concat([piece.frame for piece in parse(folder, content, **more)], ignore_index=True)


def cells(folder: Path, content: bytes, **more: Any) -> list[list[str | None]]:
    got = frame(folder, content, **more).drop(columns=["_object", "_position"])
    return [[None if pd.isna(value) else value for value in row] for row in got.to_numpy().tolist()]


# XLS and ODS


def biff(*rows: list[str | float]) -> bytes:
    """An XLS workbook with one sheet LAPORAN, as [MS-XLS] and [MS-CFB] have it."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if isinstance(value, str):
                text = value.encode("utf-16-le")
                sheet += record(0x204, struct.pack("<HHHHB", y, x, 0, len(value), 1) + text)
            else:
                sheet += record(0x203, struct.pack("<HHHd", y, x, 0, value))
    sheet += record(0x0A, b"")
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + record(0x42, struct.pack("<H", 1200))
    named = struct.pack("<BB", 7, 0) + b"LAPORAN"
    at = len(begin) + 4 + 6 + len(named) + 4
    book = begin + record(0x85, struct.pack("<IBB", at, 0, 0) + named) + record(0x0A, b"") + sheet
    book = book.ljust(max(4096, -(-len(book) // 512) * 512), b"\0")
    sectors = len(book) // 512

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
        return head + struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + bytes(36) + struct.pack("<IQ", start, size)

    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<I", 0) + b"\xff" * 4 * 108
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(book))
    return head + table + folder + bytes(256) + book


def ods(*rows: list[str], locked: bool = False) -> bytes:
    body = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in row)
        + "</table:table-row>"
        for row in rows
    )
    office = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{office}:office:1.0" '
        f'xmlns:table="{office}:table:1.0" xmlns:text="{office}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="LAPORAN">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    key = "<manifest:encryption-data/>" if locked else ""
    manifest = (
        f'<manifest:manifest xmlns:manifest="{office}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="content.xml">{key}</manifest:file-entry></manifest:manifest>'
    )
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", content)
        packed.writestr("META-INF/manifest.xml", manifest)
    return target.getvalue()


def test_an_xls_workbook_is_read(tmp_path: Path) -> None:
    content = biff(["UID", "DESKRIPSI"], [7.0, "jalan é rusak"], ["008", 1.5])
    assert cells(tmp_path, content) == [["7", "jalan é rusak"], ["008", "1.5"]]


def test_an_ods_workbook_is_read(tmp_path: Path) -> None:
    assert cells(tmp_path, ods(["UID", "DESKRIPSI"], ["007", "jalan é rusak"])) == [["007", "jalan é rusak"]]


def test_a_locked_ods_workbook_is_said_to_be_locked(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"l\.xls: is locked with a password; save it without one"):
        parse(tmp_path, ods(["UID"], locked=True))


def test_an_xlsx_workbook_is_known_by_its_content(tmp_path: Path) -> None:
    assert cells(tmp_path, workbook(["UID", "DESKRIPSI"], ["1", "a"])) == [["1", "a"]]


# Web pages

PAGE = (
    "<html><head><meta charset='utf-8'></head><body><table><tr><td colspan=2>PEMERINTAH KOTA</td></tr></table>"
    "<table border=1><thead><tr><th>UID</th><th>DESKRIPSI</th></tr></thead>"
    "<tbody><tr><td>001</td><td> jalan &amp;  rusak<br>di\n sini&nbsp;</td></tr>"
    "<tr><td>2</td><td>é <b>lampu</b> mati</td></tr></tbody></table></body></html>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("before", ["", "\n  ", "<!-- x -->", "<!DOCTYPE html>"])
def test_a_page_under_a_workbooks_name_is_read(tmp_path: Path, encoding: str, before: str) -> None:
    got = frame(tmp_path, (before + PAGE).encode(encoding))
    assert got["UID"].tolist() == ["001", "2"]
    assert got["DESKRIPSI"].tolist() == ["jalan & rusak\ndi sini", "é lampu mati"]
    assert got["_position"].tolist() == ["2", "3"]


def test_a_bare_table_is_a_page(tmp_path: Path) -> None:
    content = b"<table><tr><td>UID<td>DESKRIPSI<tr><td>1<td>a<table><tr><td>dalam</table></table>"
    assert cells(tmp_path, content) == [["1", "adalam"]]


def test_spans_of_a_page_keep_cells_in_their_places(tmp_path: Path) -> None:
    content = (
        b"<table><tr><th rowspan=2>UID</th><th colspan=2>PELAPOR</th><th rowspan='2'>DESKRIPSI</th></tr>"
        b"<tr><th>NAMA</th><th>HP</th></tr><tr><td rowspan=2>1</td><td>Warga</td><td>08</td><td>a</td></tr>"
        b"<tr><td>Lain</td><td>09</td><td>b</td></tr></table>"
    )
    got = frame(tmp_path, content, header_rows=2)
    assert list(got)[:4] == ["UID", "PELAPOR NAMA", "PELAPOR HP", "DESKRIPSI"]
    assert got["PELAPOR HP"].tolist() == ["08", "09"]
    assert got["UID"].isna().tolist() == [False, True]


def test_a_page_whose_spans_are_a_bomb_is_bounded(tmp_path: Path) -> None:
    rows = b"<tr><td colspan=99999>x<td rowspan=99999 colspan=99999>y" * 2_000
    tracemalloc.start()
    pieces = parse(tmp_path, b"<table><tr><td>UID<td>DESKRIPSI" + rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(len(piece.frame) for piece in pieces) == 2_000
    assert peak < 300 << 20


def test_a_workbook_of_2003_in_xml_is_said_to_be_one(tmp_path: Path) -> None:
    content = b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
    with pytest.raises(ChannelError, match=r"is a workbook of 2003 in XML; open it and save it as \.xlsx"):
        parse(tmp_path, content)


# Headers


def merged(ranges: list[str], *rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "LAPORAN"
    for row in rows:
        page.append(row)
    for place in ranges:
        page.merge_cells(place)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def test_merged_headers_name_every_column_that_they_cover(tmp_path: Path) -> None:
    content = merged(
        ["B2:B3", "C2:D2", "E2:E3", "B4:B5"],
        [],
        [None, "UID", "PELAPOR", None, "DESKRIPSI"],
        [None, None, "NAMA", "HP", None],
        [None, "1", "Warga", "08", "a"],
        [None, None, "Lain", "09", "b"],
    )
    got = frame(tmp_path, content, header_row=2, header_rows=2)
    assert list(got)[:4] == ["UID", "PELAPOR NAMA", "PELAPOR HP", "DESKRIPSI"]
    assert got["PELAPOR HP"].tolist() == ["08", "09"]
    assert got["UID"].isna().tolist() == [False, True]


def test_a_header_merged_over_several_columns_names_the_first_and_is_told(tmp_path: Path) -> None:
    (piece,) = parse(tmp_path, merged(["B1:F1"], ["UID", "DESKRIPSI"], ["1", "a", "b", "c", "d", "e"]))
    assert list(piece.frame)[:4] == ["UID", "DESKRIPSI", "kolom_C", "kolom_D"]
    told = "LAPORAN: header 'DESKRIPSI' stands 5 times; the others are kolom_C, kolom_D, kolom_E …"
    assert piece.problems == (told,)


def test_a_sheet_that_begins_further_right_keeps_its_letters(tmp_path: Path) -> None:
    got = frame(tmp_path, workbook([None, "UID", None], [None, "1", "catatan"]))
    assert list(got)[:2] == ["UID", "kolom_C"]


@pytest.mark.parametrize("header", ["Tahun 2023", "TAHUN  2024", "tahun 2025 "])
def test_headers_that_vary_by_year_are_known_by_a_pattern(tmp_path: Path, header: str) -> None:
    got = frame(tmp_path, workbook(["UID", header], ["1", "a"]), headers={"TAHUN": r"tahun \d{4}"})
    assert list(got)[:2] == ["UID", "TAHUN"]


def test_two_headers_of_one_pattern_lose_no_values(tmp_path: Path) -> None:
    content = workbook(["UID", "Tahun 2023", "Tahun 2024"], ["1", "a", "b"])
    (piece,) = parse(tmp_path, content, headers={"TAHUN": r"tahun \d{4}"})
    assert piece.frame[["TAHUN", "kolom_C"]].to_numpy().tolist() == [["a", "b"]]
    assert piece.problems == ("LAPORAN: header 'TAHUN' stands twice; the second is kolom_C",)


def test_files_whose_headers_stand_elsewhere_are_the_same_table(tmp_path: Path) -> None:
    layouts = [{"files": "REKAP*", "header_row": 2, "header_rows": 2}, {"files": "*", "header_row": 1}]
    recap = merged(["A2:B2"], ["KECAMATAN"], ["ADUAN", None], ["UID", "DESKRIPSI"], ["2", "b"])
    archive = archive_of(tmp_path, form__csv=b"UID,DESKRIPSI\n1,a\n", rekap__xlsx=recap)
    source = SheetSource.model_validate(
        {
            "reader": "sheet",
            "path": "*",
            "layouts": layouts,
            "headers": {"UID": "(aduan )?uid", "DESKRIPSI": "(aduan )?deskripsi"},
            "streams": {"complaints": STREAM},
        }
    )
    pieces = list(SheetReader().parse(source, archive))
    assert [piece.frame[["UID", "DESKRIPSI"]].to_numpy().tolist() for piece in pieces] == [[["1", "a"]], [["2", "b"]]]


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        SheetSource.model_validate(
            {"reader": "sheet", "path": "x", "streams": {"complaints": STREAM}, "headers": {"X": "("}}
        )


# Sheets


def test_sheets_of_a_glob_are_one_table(tmp_path: Path) -> None:
    months = {"FEB 2024": [["deskripsi", "UID "], ["b", "2"]], "REKAP": [["Jumlah", 2]], "MARET 2024": []}
    content = workbook(["UID", "DESKRIPSI"], ["1", "a"], sheet="JAN 2024", **months)
    pieces = parse(tmp_path, content, streams={"complaints": STREAM | {"table": "* 2024"}})
    assert {piece.table for piece in pieces} == {"* 2024"}
    assert [piece.frame["_position"].tolist() for piece in pieces] == [["JAN 2024!2"], ["FEB 2024!2"], []]
    assert [problem for piece in pieces for problem in piece.problems] == ["* 2024: sheet 'MARET 2024' is empty"]


def test_a_glob_that_no_sheet_matches_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"has no sheet 'BULAN \*', only 'LAPORAN'"):
        parse(tmp_path, workbook(["UID"]), streams={"complaints": STREAM | {"table": "BULAN *"}})


def test_one_sheet_of_a_glob_without_headers_stops_the_channel(tmp_path: Path) -> None:
    content = workbook(["UID"], ["1"], sheet="JAN", FEB=[[], ["UID"], ["2"]])
    with pytest.raises(ChannelError, match="sheet 'FEB': row 1 has no headers"):
        parse(tmp_path, content, streams={"complaints": STREAM | {"table": "*"}})


# Values


def test_numbers_and_texts_are_kept_as_they_are_stored(tmp_path: Path) -> None:
    content = workbook(["UID", "NIK"], ["00123", "3.27E+15"], [123, 3.27e15], ["1,5", 1.5])
    (piece,) = parse(tmp_path, content)
    assert piece.frame["NIK"].tolist() == ["3.27E+15", "3270000000000000", "1.5"]
    assert piece.frame["UID"].tolist() == ["00123", "123", "1,5"]
    assert piece.problems == ("LAPORAN: NIK has 1 numbers of more than 15 digits; Excel keeps no more of typed ones",)
