"""CSV and TSV as offices and scripts write them: any delimiter, any encoding, and no row laid out by guessing."""

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from file_sources import KEYS, archive_of, context
from hypothesis import given
from hypothesis import strategies as st

from connectors.archive import ArchiveWriter
from connectors.base import ChannelError, RawTable
from connectors.sheet import SheetReader
from connectors.sheet_text import encoding_of
from schemas.sources import SheetSource

STREAM = {"table": "LAPORAN", "key": ["UID"], "columns": {"text": "DESKRIPSI"}}


def source(**more: Any) -> SheetSource:
    return SheetSource.model_validate({"reader": "sheet", "path": "l.csv", "streams": {"complaints": STREAM}} | more)


def parse(folder: Path, content: bytes, **more: Any) -> list[RawTable]:
    return list(SheetReader().parse(source(**more), archive_of(folder, l__csv=content)))


def frame(folder: Path, content: bytes, **more: Any) -> pd.DataFrame:
    return pd.concat([piece.frame for piece in parse(folder, content, **more)], ignore_index=True)


def rows(folder: Path, content: bytes, **more: Any) -> list[list[str | None]]:
    got = frame(folder, content, **more).drop(columns=["_object", "_position"])
    return [[None if pd.isna(value) else value for value in row] for row in got.to_numpy().tolist()]


TEXT = 'UID;DESKRIPSI;BIAYA\r\n1;"jalan; rusak";1,5\r\n2;é – lampu;\r\n'
ROWS = [["1", "jalan; rusak", "1,5"], ["2", "é – lampu", None]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_delimiter_encoding_and_line_ends_are_found(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([["UID", "DESKRIPSI", "BIAYA"], *ROWS])
    assert rows(tmp_path, text.getvalue().encode(encoding)) == ROWS


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (piece,) = parse(tmp_path, TEXT.encode("cp1252"))
    assert piece.problems == ("l.csv: is not UTF-8; read as Windows-1252",)


def test_utf_8_is_believed_only_if_all_of_the_file_is(tmp_path: Path) -> None:
    late = b"UID;DESKRIPSI\n" + b"1;jalan rusak\n" * 200_000 + "2;caf\xe9\n".encode("latin-1")
    assert encoding_of(iter([late[: 1 << 20], late[1 << 20 :]])) == "cp1252"
    assert encoding_of(iter([b"caf\xc3", b"\xa9"])) == "utf-8"
    assert encoding_of(iter([b"caf\xc3"])) == "cp1252"


def test_bytes_that_no_encoding_knows_are_told_and_stand_as_such(tmp_path: Path) -> None:
    (piece,) = parse(tmp_path, b"UID;DESKRIPSI\n1;caf\xe9 \x81\n")
    assert piece.frame["DESKRIPSI"].tolist() == ["café \ufffd"]
    assert "LAPORAN: holds bytes that are no text; they stand as U+FFFD" in piece.problems


def test_a_delimiter_is_found_by_the_headers_that_are_mapped(tmp_path: Path) -> None:
    assert rows(tmp_path, b"UID|DESKRIPSI\n1|a, b; c, d; e\n2|f, g; h, i; j\n") == [
        ["1", "a, b; c, d; e"],
        ["2", "f, g; h, i; j"],
    ]


def test_excels_line_that_names_the_delimiter_is_no_row(tmp_path: Path) -> None:
    got = frame(tmp_path, b"sep=#\r\nUID#DESKRIPSI\r\n1#a;b,c\r\n")
    assert got[["DESKRIPSI", "_position"]].to_numpy().tolist() == [["a;b,c", "3"]]


def test_a_text_is_the_table_that_is_mapped_whatever_its_name(tmp_path: Path) -> None:
    (piece,) = parse(tmp_path, TEXT.encode())
    assert (piece.table, piece.frame["_object"].unique().tolist()) == ("LAPORAN", ["l.csv"])


def test_files_of_a_glob_are_tables_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "laporan.csv").write_bytes(TEXT.encode())
    (tmp_path / "JAWABAN.csv").write_bytes(b"UID\tISI\n1\tbaik\n")
    events = [{"table": "jawaban", "complaint": ["UID"], "columns": {"text": "ISI"}}]
    both = source(path="*.csv", streams={"complaints": STREAM | {"events": events}})
    writer = ArchiveWriter(tmp_path / "arsip", KEYS)
    SheetReader().extract(both, writer, context(tmp_path))
    archive = writer.finish()
    assert {p.table: len(p.frame) for p in SheetReader().parse(both, archive)} == {"jawaban": 1, "LAPORAN": 2}
    missing = STREAM | {"events": [events[0] | {"table": "jawabn"}]}
    with pytest.raises(ChannelError, match=r"no file holds the sheet 'jawabn'; did you mean 'JAWABAN'\?"):
        list(SheetReader().parse(source(path="*.csv", streams={"complaints": missing}), archive))


def test_files_of_a_glob_may_spell_their_headers_differently(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, a__csv=b"UID,DESKRIPSI ,X\n1,a,b\n", b__csv=b"X;deskripsi;uid\nb;a;2\n")
    first, second = SheetReader().parse(source(path="*.csv"), archive)
    assert (list(first.frame)[:3], list(second.frame)[:3]) == (["UID", "DESKRIPSI", "X"], ["X", "deskripsi", "uid"])


def test_cells_of_several_lines_are_whole_and_known_by_their_first_line(tmp_path: Path) -> None:
    got = frame(tmp_path, b'UID;DESKRIPSI\r\n1;"satu\r\ndua ""kutip""\r\n\r\ntiga"\r\n2;empat\r\n')
    assert got["DESKRIPSI"].tolist() == ['satu\r\ndua "kutip"\r\n\r\ntiga', "empat"]
    assert got["_position"].tolist() == ["2", "6"]


def test_zero_bytes_and_quotes_inside_a_cell_are_kept(tmp_path: Path) -> None:
    content = b'UID;DESKRIPSI\n1;jalan \x00 "Melati" rusak\n' + b"2;x\n" * 60
    assert rows(tmp_path, content)[0] == ["1", 'jalan \0 "Melati" rusak']


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"2;jalan", "2 cells for 3 headers"),
        (b"2;jalan; rusak;3", "4 cells for 3 headers"),
        (b'2;"jalan" rusak;3', "quotes do not add up, or the record is too long"),
        (b'2;"jalan rusak;3', "quotes do not add up, or the record is too long"),
        ("2;é".encode(), "2 cells for 3 headers"),
    ],
)
def test_a_row_that_cannot_be_laid_out_is_put_aside_with_its_bytes(tmp_path: Path, line: bytes, detail: str) -> None:
    (piece,) = parse(tmp_path, b"UID;DESKRIPSI;BIAYA\n1;a;b\n" + line + b"\n3;c;d\n4;e;f")
    assert piece.frame["UID"].tolist() == ["1", "3", "4"]
    (aside,) = piece.unreadable
    assert (aside.table, aside.object, aside.position, aside.detail) == ("LAPORAN", "l.csv", "3", detail)
    assert aside.raw == line + b"\n"


def test_a_quote_that_is_never_closed_takes_one_line_only(tmp_path: Path) -> None:
    content = b'UID;DESKRIPSI\n1;a\n2;"b\n' + b"".join(b"%d;%s\n" % (n, b"x" * 90) for n in range(3, 30_003))
    pieces = parse(tmp_path, content)
    assert sum(len(piece.frame) for piece in pieces) == 30_001
    assert [u.raw for piece in pieces for u in piece.unreadable] == [b'2;"b\n']
    assert pieces[-1].frame["_position"].iloc[-1] == "30003"


def test_a_line_without_end_is_put_aside_in_bounded_pieces(tmp_path: Path) -> None:
    content = b'UID;DESKRIPSI\n1;a\n2;"' + b"x;" * 2_000_000
    pieces = parse(tmp_path, content)
    aside = [u.raw for piece in pieces for u in piece.unreadable]
    assert b"".join(aside) == content[18:]
    assert max(map(len, aside)) <= 1 << 20


def test_trailing_delimiters_and_blank_lines_are_no_fault(tmp_path: Path) -> None:
    assert rows(tmp_path, b"UID;DESKRIPSI;;\n1;a\n;;;\n\n2;b;;;;;;\n3;c;catatan;\n") == [
        ["1", "a", None],
        ["2", "b", None],
        ["3", "c", "catatan"],
    ]


def test_totals_may_be_short(tmp_path: Path) -> None:
    (piece,) = parse(tmp_path, b"UID;DESKRIPSI;X\n1;a;b\nJUMLAH:\n")
    assert len(piece.frame) == 1
    assert piece.problems == ("LAPORAN: 1 rows of totals are no records",)


def test_letterhead_stands_above_and_headers_may_take_two_rows(tmp_path: Path) -> None:
    content = b"PEMERINTAH KOTA\n\nUID;PELAPOR;;DESKRIPSI\n;NAMA;HP;\n1;Warga;0812;a\n"
    assert list(frame(tmp_path / "a", content, header_row=3, header_rows=2))[:4] == [
        "UID",
        "PELAPOR NAMA",
        "PELAPOR HP",
        "DESKRIPSI",
    ]


def test_a_text_without_any_mapped_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"l\.csv: row 1 holds none of the headers .* set header_row"):
        parse(tmp_path, b"LAPORAN 2024\nUID;DESKRIPSI\n1;a\n")


def test_numbers_are_left_as_they_were_written(tmp_path: Path) -> None:
    content = b"UID,DESKRIPSI,NIK\n001,+62812,3.27E+15\n1.0,NA,null\n"
    assert rows(tmp_path, content) == [["001", "+62812", "3.27E+15"], ["1.0", "NA", "null"]]


LETTERS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n\r\t";')


@given(st.lists(st.lists(st.text(LETTERS, max_size=8), min_size=2, max_size=2), max_size=8))
def test_what_a_spreadsheet_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([["UID", "DESKRIPSI"], *table])
    kept = [row for row in table if any(cell.strip() for cell in row)]
    totals = {"jumlah", "total", "grand total"}
    firsts = [next(cell for cell in row if cell.strip()) for row in kept]
    kept = [
        row
        for row, first in zip(kept, firsts, strict=True)
        if " ".join(first.split()).casefold().rstrip(" :") not in totals
    ]
    got = rows(tmp_path_factory.mktemp("x"), text.getvalue().encode())
    assert got == [[cell or None for cell in row] for row in kept]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        parse(tmp_path_factory.mktemp("x"), b"UID;DESKRIPSI\n" + content)
    except ChannelError as error:
        assert len(str(error).splitlines()) == 1
