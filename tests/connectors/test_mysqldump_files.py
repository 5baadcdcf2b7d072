# ruff: noqa: E501 – a dump stands on one line
"""Packed, torn, merged and odd files: what is whole is read, what is not is named; keys, look-ups, and a first look."""

import bz2
import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dump_styles import STYLES
from file_sources import archive_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import ChannelError, RawTable
from connectors.mysqldump import MysqldumpReader, read_dump, rows, tables
from schemas.sources import MysqldumpSource, SheetSource

CREATE = "CREATE TABLE `t` (`id` int(11) NOT NULL, `isi` text, PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"


def read(content: str | bytes, *wanted: str, piece: int = 1 << 20, encoding: str | None = None) -> list[RawTable]:
    raw = content.encode() if isinstance(content, str) else content

    def chunks() -> Iterator[bytes]:
        return (raw[start : start + piece] for start in range(0, len(raw), piece))

    return list(read_dump([("d.sql", chunks)], wanted or ("t",), encoding))


def cells(parts: list[RawTable], table: str = "t") -> list[list[str | None]]:
    frames = [part.frame for part in parts if part.table == table]
    whole = pd.concat(frames, ignore_index=True).drop(columns=["_object", "_position"])
    return whole.astype(object).where(whole.notna(), None).to_numpy().tolist()


def told(parts: list[RawTable]) -> list[str]:
    return [problem for part in parts for problem in part.problems]


# packed


def zipped(*members: tuple[str, bytes], seekable: bool = True) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return seekable

        def tell(self) -> int:
            if not seekable:
                raise io.UnsupportedOperation
            return super().tell()

        def seek(self, *where: int) -> int:
            if not seekable:
                raise io.UnsupportedOperation
            return super().seek(*where)

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return out.getvalue()


DUMP = (CREATE + "INSERT INTO t VALUES (1,'a'),(2,'b');\n").encode()


@pytest.mark.parametrize("piece", [1 << 20, 1, 7])
@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(DUMP),
        gzip.compress(DUMP[:50]) + gzip.compress(DUMP[50:]),
        bz2.compress(DUMP),
        zipped(("d.sql", DUMP)),
        zipped(("__MACOSX/._d.sql", b"x"), ("folder/d.sql", DUMP), ("baca.md", b"INSERT INTO t"), seekable=False),
        zipped(("a.sql", CREATE.encode()), ("b.sql", DUMP[len(CREATE) :])),
    ],
)
def test_a_packed_dump_is_read_as_it_streams_by(content: bytes, piece: int) -> None:
    assert cells(read(content, piece=piece)) == [["1", "a"], ["2", "b"]]


def test_what_a_zip_holds_beside_sql_is_told() -> None:
    assert told(read(zipped(("d.sql", DUMP), ("foto.jpg", b"x")))) == ["d.sql: 1 files that are no .sql are not read"]
    with pytest.raises(ChannelError, match=r"holds no \.sql file"):
        read(zipped(("foto.jpg", b"x")))


@pytest.mark.parametrize("pack", [gzip.compress, lambda raw: bz2.compress(raw, 1), lambda raw: zipped(("d.sql", raw))])
def test_a_packed_file_that_was_cut_off_gives_what_unpacks_and_says_so(pack: Any) -> None:
    many = CREATE + "INSERT INTO t VALUES " + ",".join(f"({n},'aduan nomor {n * 7919}')" for n in range(30_000)) + ";"
    content = pack(many.encode())
    parts = read(content[: len(content) * 2 // 3])
    assert 5_000 < len(cells(parts)) < 30_000
    assert any("cut off, read as far as it unpacks" in problem for problem in told(parts))


def test_a_damaged_packed_file_is_told() -> None:
    content = bytearray(gzip.compress(DUMP * 50))
    content[-6] ^= 0xFF
    assert any("is damaged" in problem for problem in told(read(bytes(content))))
    content = bytearray(zipped(("d.sql", DUMP)))
    content[14] ^= 0xFF
    assert any("check sum is wrong" in problem for problem in told(read(bytes(content))))


@pytest.mark.parametrize("pack", [gzip.compress, lambda raw: zipped(("d.sql", raw))])
def test_a_bomb_is_refused(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.packed.FREE_BYTES", 1 << 20)
    with pytest.raises(ChannelError, match="it is no honest dump"):
        read(pack(b" " * (20 << 20)))


# wherever it is cut


@pytest.mark.parametrize("style", STYLES)
def test_cut_at_any_byte_a_dump_gives_rows_of_the_whole_one_and_never_breaks(style: str) -> None:
    content = STYLES[style]().encode()
    whole = cells(read(content, "pengaduan"), "pengaduan")
    created = re.search(rb"(?i)create table (?:if not exists )?`?pengaduan", content)
    assert created
    start = created.end() + 3
    before = 0
    for cut in range(start, len(content), 11):
        parts = read(content[:cut], "pengaduan")
        found = cells(parts, "pengaduan")
        assert found == whole[: len(found)]
        assert len(found) >= before
        before = len(found)
        between = re.search(rb"(?:;|\*/)\s*(?:(?:--|#|/\*)[^;]*)?$", content[:cut])
        assert between or told(parts) or any(part.unreadable for part in parts)


# many rows at once, and one by one

hostile = st.text(st.sampled_from("'\"\\`;,()-#/*!0nrtbZ%_ \n\r\t\0\x1aé🚧"), max_size=12)
literal = (
    hostile.map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'")
    | hostile.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '""') + '"')
    | st.sampled_from(
        [
            "NULL",
            "1",
            "-0.5",
            "b'1'",
            "_binary 'x'",
            "0x41",
            "now()",
            "rusak parah",
            "'a' 'b'",
            "'it's'",
            "/* ' */ 2",
            "",
            "1--1",
        ]
    )
)
gap = st.sampled_from(
    [",", ",\n", " ,  ", ", -- it's\n", ";\nINSERT INTO t VALUES ", "; INSERT INTO t VALUES", ";;", "x,", ", #'\n"]
)


@given(written=st.lists(st.tuples(literal, literal, gap), min_size=1, max_size=12))
def test_rows_found_many_at_once_are_those_found_one_by_one(written: list[tuple[str, str, str]]) -> None:
    sql = "CREATE TABLE t (a text, b text);\nINSERT INTO t VALUES "
    sql += "".join(f"( {a},{b}){between}" for a, b, between in written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.mysql_statements.LEAST_WINDOW", 1 << 40)
        patient = read(sql)
        patch.setattr("connectors.mysql_statements.LEAST_WINDOW", 0)
        quick = read(sql)
    assert cells(quick) == cells(patient)
    assert [part.frame["_position"].tolist() for part in quick] == [
        part.frame["_position"].tolist() for part in patient
    ]
    assert [part.unreadable for part in quick] == [part.unreadable for part in patient]


@pytest.mark.parametrize("between", [",", ",\n", ";\nINSERT INTO t VALUES "])
def test_many_rows_are_read_with_their_lines(between: str) -> None:
    count = 40_000
    sql = (
        CREATE + "INSERT INTO t VALUES " + between.join(f"({n},'it\\'s; (baris)\\n, {n}')" for n in range(count)) + ";"
    )
    parts = read(sql)
    assert cells(parts) == [[str(n), f"it's; (baris)\n, {n}"] for n in range(count)]
    lines = [int(line) for part in parts for line in part.frame["_position"]]
    assert lines == [2 + n * ("\n" in between) for n in range(count)]


# what a server would hold


@pytest.mark.parametrize(
    ("sql", "held", "problem"),
    [
        ("INSERT INTO t VALUES (1,'a'),(2,'b');REPLACE INTO t VALUES (1,'c');", [["2", "b"], ["1", "c"]], "t: 1 rows are superseded by a later REPLACE of the same key"),
        ("INSERT INTO t VALUES (1,'a');INSERT IGNORE INTO t VALUES (1,'b'),(2,'c');", [["1", "a"], ["2", "c"]], "t: 1 rows are dropped, for INSERT IGNORE met a key that was there"),
        ("INSERT INTO t VALUES (1,'a');DROP TABLE t;" + CREATE + "INSERT INTO t VALUES (2,'b');", [["2", "b"]], "t: 1 rows were there before a later DROP of the table"),
        ("INSERT INTO t VALUES (1,'a');TRUNCATE t;INSERT INTO t VALUES (2,'b');", [["2", "b"]], "t: 1 rows were there before a later TRUNCATE of the table"),
        ("ALTER TABLE t DROP PRIMARY KEY;INSERT INTO t VALUES (1,'a');REPLACE INTO t VALUES (1,'b');", [["1", "a"], ["1", "b"]], None),
        ("ALTER TABLE t ADD UNIQUE KEY u (isi(3));INSERT INTO t VALUES (1,'Jalan A');REPLACE INTO t VALUES (2,'JALAN b ');", [["2", "JALAN b "]], "t: 1 rows are superseded by a later REPLACE of the same key"),
        ("REPLACE INTO t VALUES (1,NULL),(1,'b'),(1,'c');", [["1", "c"]], "t: 2 rows are superseded by a later REPLACE of the same key"),
    ],
)  # fmt: skip
def test_rows_are_those_that_a_server_would_hold(sql: str, held: list[list[str]], problem: str | None) -> None:
    parts = read(CREATE + sql)
    assert cells(parts) == held
    assert told(parts) == ([problem] if problem else [])


def test_columns_that_an_insert_leaves_out_have_their_defaults() -> None:
    sql = """CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, isi text, status enum('baru','lama') DEFAULT 'lama',
      jumlah int NOT NULL, uang decimal(5,2) DEFAULT 1, tgl datetime NOT NULL, dibuat timestamp DEFAULT current_timestamp());
    INSERT INTO t (isi) VALUES ('a'); INSERT INTO t (status, isi, id) VALUES (DEFAULT, 'b', 7), (1, 'c', NULL);"""
    parts = read(sql)
    assert cells(parts) == [
        ["1", "a", "lama", "0", "1.00", "0000-00-00 00:00:00", None],
        ["7", "b", "lama", "0", "1.00", "0000-00-00 00:00:00", None],
        ["8", "c", "baru", "0", "1.00", "0000-00-00 00:00:00", None],
    ]
    assert "its DEFAULT is computed by the server" in told(parts)[0]


def test_both_sides_of_a_merge_conflict_are_read_and_told() -> None:
    sql = (
        CREATE
        + "INSERT INTO t VALUES\n(1,'a'),\n<<<<<<< HEAD\n(2,'b'),\n=======\n(2,'it''s'),\n>>>>>>> cabang's\n(3,'d');\n"
    )
    sql += "<<<<<<< HEAD\nINSERT INTO t VALUES (4,'e');\n=======\nINSERT INTO t VALUES (5,'f');\n>>>>>>> x\n"
    parts = read(sql)
    assert [row[0] for row in cells(parts)] == ["1", "2", "2", "3", "4", "5"]
    assert told(parts) == [
        "t: marker lines of a merge conflict are passed over, both sides are read (2 times, first at d.sql line 4)"
    ]


def test_latin1_dumps_are_read_by_what_they_say() -> None:
    sql = "SET NAMES latin1;\nCREATE TABLE t (id int, isi text CHARACTER SET utf8mb4) CHARSET=latin1;\n"
    raw = sql.encode() + b"INSERT INTO t VALUES (1,'Caf\xe9 \x93\x81\x94'),(2,'polos');"
    assert cells(read(raw)) == [["1", "Café “\x81”"], ["2", "polos"]]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_seen_even_without_its_mark(codec: str) -> None:
    assert cells(read((CREATE + "INSERT INTO t VALUES (1,'é');").encode(codec))) == [["1", "é"]]


def test_a_view_stops_the_channel_with_its_name() -> None:
    with pytest.raises(ChannelError, match="'v_adu' is a view, of which a dump holds no rows"):
        read(STYLES["phpMyAdmin 5"](), "v_adu")


def test_a_line_of_a_megabyte_is_read() -> None:
    long = "jalan 'rusak'; (parah), " * 50_000
    assert cells(read(CREATE + "INSERT INTO t VALUES (1,'" + long.replace("'", "''") + "'),(2,'b');")) == [
        ["1", long],
        ["2", "b"],
    ]


# look-ups


def source(**lookups: Any) -> MysqldumpSource:
    mapping = {
        "table": "adu",
        "key": ["id"],
        "columns": {"text": "isi", "category": "nama_kategori"},
        "lookups": lookups,
    }
    return MysqldumpSource.model_validate({"reader": "mysqldump", "path": "d.sql", "streams": {"complaints": mapping}})


KATEGORI = {"table": "kategori", "key": "id", "columns": {"nama": "nama_kategori", "id_bidang": "bidang"}}
LOOKUPS = """CREATE TABLE adu (id int, isi text, Id_Kategori int); CREATE TABLE kategori (id int, nama text, id_bidang int);
CREATE TABLE bidang (kode int, nama text);
INSERT INTO adu VALUES (1,'a',1),(2,'b',2),(3,'c',NULL),(4,'d',99);
INSERT INTO kategori VALUES (1,'Jalan',10),(2,'Air',20),(2,'Dobel',20); INSERT INTO bidang VALUES (10,'PU');"""


def test_columns_of_look_up_tables_are_joined_in(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, d__sql=LOOKUPS.encode())
    bidang = {"table": "bidang", "key": "kode", "columns": {"nama": "nama_bidang"}}
    parts = list(MysqldumpReader().parse(source(id_kategori=KATEGORI, bidang=bidang), archive))
    assert {part.table for part in parts} == {"adu"}
    assert list(parts[0].frame) == [
        "id",
        "isi",
        "Id_Kategori",
        "nama_kategori",
        "bidang",
        "nama_bidang",
        "_object",
        "_position",
    ]
    assert [row[3:] for row in cells(parts, "adu")] == [
        ["Jalan", "10", "PU"], ["Air", "20", None], [None, None, None], [None, None, None],
    ]  # fmt: skip
    assert told(parts) == [
        "kategori.id: 1 keys come again; the first row of each is used",
        "adu.id_kategori: 1 values have no row in kategori.id",
        "adu.bidang: 1 values have no row in bidang.kode",
    ]


@pytest.mark.parametrize(
    ("lookups", "fault"),
    [
        ({"id_kategori": KATEGORI | {"key": "kode"}}, "look-up table 'kategori' has no column 'kode'"),
        ({"id_ktg": KATEGORI}, r"table 'adu' has no column 'id_ktg' to look up; did you mean 'Id_Kategori'\?"),
        (
            {"id_kategori": KATEGORI | {"table": "katgori"}},
            r"table 'katgori' is not in the dump; did you mean 'kategori'\?",
        ),
    ],
)
def test_a_look_up_that_cannot_be_joined_stops_the_channel(tmp_path: Path, lookups: Any, fault: str) -> None:
    archive = archive_of(tmp_path, d__sql=LOOKUPS.encode())
    with pytest.raises(ChannelError, match=fault):
        list(MysqldumpReader().parse(source(**lookups), archive))


def test_a_look_up_table_that_is_too_large_stops_the_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.lookups.MOST_ROWS", 2)
    with pytest.raises(ChannelError, match="has more than 2 rows"):
        list(MysqldumpReader().parse(source(id_kategori=KATEGORI), archive_of(tmp_path, d__sql=LOOKUPS.encode())))


def test_look_ups_of_a_reader_that_joins_none_are_a_fault_of_the_file() -> None:
    mapping = {"table": "A", "key": ["id"], "columns": {"text": "isi"}, "lookups": {"k": KATEGORI}}
    with pytest.raises(ValidationError, match="joins no look-up tables"):
        SheetSource.model_validate({"reader": "sheet", "path": "a.xlsx", "streams": {"complaints": mapping}})


# a first look


def test_a_dump_never_seen_before_tells_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "d.sql"
    file.write_text(STYLES["phpMyAdmin 5"]() + "INSERT INTO asing (a,b) VALUES (1,2),(3);\n", encoding="utf-8")
    kategori, pengaduan, view, foreign = tables(file)
    assert [table.name for table in (kategori, pengaduan, view, foreign)] == ["kategori", "pengaduan", "v_adu", "asing"]
    assert (pengaduan.rows, pengaduan.primary_key, pengaduan.is_view, view.is_view, view.rows) == (
        5,
        ("id",),
        False,
        True,
        0,
    )
    by_name = {column.name: column for column in pengaduan.columns}
    assert [by_name[name].declared for name in ("id", "status", "lat")] == [
        "int(11)", "enum('0','proses','selesai','')", "decimal(10,7)",
    ]  # fmt: skip
    assert (by_name["isi"].comment, by_name["isi"].nullable) == ("isi; (laporan), 'teks'", True)
    assert (by_name["status"].default, by_name["aktif"].default, by_name["id"].nullable) == ("0", "0", False)
    assert (foreign.rows, foreign.unreadable, [column.name for column in foreign.columns]) == (1, 1, ["a", "b"])
    assert sum(len(part.frame) for part in rows(file, "pengaduan")) == 5
    assert tables(archive_of(tmp_path / "arsip", d__sql=file.read_bytes())) == tables([file])


def test_tables_of_one_name_in_two_databases_are_two(tmp_path: Path) -> None:
    file = tmp_path / "d.sql"
    file.write_text(
        f"USE a;\n{CREATE}INSERT INTO t VALUES (1,'a');\nUSE b;\n{CREATE}INSERT INTO t VALUES (2,'b'),(3,'c');\n"
    )
    assert [(table.name, table.rows) for table in tables(file)] == [("t", 1), ("b.t", 2)]
    assert cells(list(rows(file, "b.t")), "b.t") == [["2", "b"], ["3", "c"]]
