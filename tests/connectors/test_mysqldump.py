"""Dumps of every hand are read row for row; what cannot be read is put aside with its line and bytes."""

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pymysql
import pytest
from file_sources import KEYS, archive_of, context
from hypothesis import given
from hypothesis import strategies as st

from connectors.archive import ArchiveWriter
from connectors.base import ChannelError, RawTable, Unreadable
from connectors.mysqldump import MysqldumpReader, read_dump
from schemas.sources import MysqldumpSource
from tests.servers import MariaDb, running_mariadb

EVENTS = {"table": "tanggapan", "complaint": ["id"], "columns": {"text": "isi"}}
MAPPING = {"table": "t", "key": ["id"], "columns": {"text": "isi"}}
CREATE = "CREATE TABLE `t` (`id` int(11) NOT NULL, `isi` text, PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"


def source(**more: Any) -> MysqldumpSource:
    settings = {"reader": "mysqldump", "path": "d.sql", "streams": {"complaints": MAPPING}}
    return MysqldumpSource.model_validate(settings | more)


def read(
    sql: str | bytes, piece: int = 1 << 20, tables: tuple[str, ...] = ("t",), encoding: str | None = None
) -> list[RawTable]:
    """What the dump holds, with its bytes arriving ``piece`` at a time."""
    content = sql.encode() if isinstance(sql, str) else sql

    def chunks() -> Iterator[bytes]:
        return (content[start : start + piece] for start in range(0, len(content), piece))

    return [*read_dump([("d.sql", chunks)], tables, encoding)]


def frame(sql: str | bytes, **how: Any) -> pd.DataFrame:
    return pd.concat([got.frame for got in read(sql, **how) if got.table == "t"], ignore_index=True)


def rows(sql: str | bytes, **how: Any) -> list[list[str | None]]:
    table = frame(sql, **how).drop(columns=["_object", "_position"])
    return [[None if pd.isna(value) else value for value in row] for row in table.to_numpy().tolist()]


def lines(sql: str) -> list[str]:
    return frame(sql)["_position"].tolist()


def unreadable(sql: str | bytes, **how: Any) -> list[Unreadable]:
    return [piece for got in read(sql, **how) for piece in got.unreadable]


def problems(sql: str | bytes, **how: Any) -> list[str]:
    return [problem for got in read(sql, **how) for problem in got.problems]


def value(literal: str | bytes, declared: str = "", encoding: str | None = None) -> str | None:
    """One literal, read as the value of a column of type ``declared`` (unknown if empty)."""
    content = literal.encode() if isinstance(literal, str) else literal
    create = f"CREATE TABLE t (v {declared});\n" if declared else ""
    return rows(create.encode() + b"INSERT INTO t (v) VALUES (" + content + b");\n", encoding=encoding)[0][0]


# statements


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO `t` (`id`, `isi`) VALUES (1,'a'),(2,'b');",
        "INSERT INTO `t` (`id`, `isi`) VALUES\n(1, 'a'),\n(2, 'b');\n",
        "INSERT INTO t (id, isi) VALUES (1,'a');INSERT INTO t (id, isi) VALUES (2,'b');",
        "insert into t(id,isi)values(1,'a'),(2,'b');",
        "INSERT  IGNORE INTO `t` (`id`, `isi`) VALUES (1,'a'),(2,'b');",
        "INSERT LOW_PRIORITY INTO `t` (`id`, `isi`) VALUES (1,'a'),(2,'b');",
        "INSERT DELAYED IGNORE `t` (`id`, `isi`) VALUE (1,'a'),(2,'b');",
        "REPLACE INTO `t` (`id`, `isi`) VALUES (1,'a'),(2,'b');",
        "INSERT INTO `db`.`t` (`id`, `isi`) VALUES (1,'a'),(2,'b');",
        "INSERT INTO db . t (`t`.`id`, isi) VALUES (1,'a'),(2,'b');",
        'INSERT INTO "t" ("id", "isi") VALUES (1,\'a\'),(2,\'b\');',
        "INSERT INTO T (id, isi) VALUES (1,'a'),(2,'b');",
        "INSERT /* dari */ INTO t -- it's\n (id, # don't\n isi) /*!50000 VALUES */ "
        "(1, /* (9,'x'), */ 'a') -- (\n ,(2,'b')\n;",
        "/*!40000 INSERT INTO t (id, isi) VALUES (1,'a'),(2,'b') */;",
        "INSERT INTO t (id, isi) VALUES (1,'a'),(2,'b')",
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [1 << 20, 1, 7])
def test_every_way_to_insert_is_read(insert: str, piece: int) -> None:
    assert rows(insert, piece=piece) == [["1", "a"], ["2", "b"]]


def test_without_a_column_list_the_order_is_that_of_create_table() -> None:
    create = """CREATE TABLE IF NOT EXISTS `t` (
      `id` int(11) NOT NULL AUTO_INCREMENT COMMENT 'a, (b) `c`; ''d''',
      `status` enum('0','proses, (baru)') DEFAULT '0',
      `key` varchar(20) GENERATED ALWAYS AS (concat(`id`,',')) STORED,
      `a``b` decimal(10,2) /*!50606 COLUMN_FORMAT FIXED */,
      PRIMARY KEY (`id`), UNIQUE KEY `u` (`key`,`status`), KEY `x` (`status`), FULLTEXT KEY `f` (`a``b`),
      CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `o` (`id`), CHECK (`id` > 0)
    ) ENGINE=InnoDB COMMENT='x;y';
    """
    table = frame(create + "INSERT INTO t VALUES (1,'0','k',2.50);")
    assert list(table) == ["id", "status", "key", "a`b", "_object", "_position"]


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ("ADD `x` int(11) NOT NULL DEFAULT 0", ["id", "isi", "x"]),
        ("add column x varchar(5) default 'a,b' after id, add y int first", ["y", "id", "x", "isi"]),
        ("ADD (x int, y decimal(4,2))", ["id", "isi", "x", "y"]),
        (
            "ADD PRIMARY KEY (`id`), ADD KEY `k` (`isi`), ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES o (id)",
            ["id", "isi"],
        ),
        ("MODIFY `id` int(11) NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=7", ["id", "isi"]),
        ("MODIFY isi text FIRST", ["isi", "id"]),
        ("CHANGE `isi` `isi_laporan` longtext", ["id", "isi_laporan"]),
        ("RENAME COLUMN isi TO teks, DROP COLUMN IF EXISTS id", ["teks"]),
        ("DROP KEY k, DROP PRIMARY KEY, ENGINE=InnoDB", ["id", "isi"]),
    ],
)
def test_alter_table_changes_the_columns(change: str, columns: list[str]) -> None:
    values = ",".join("1" for _ in columns)
    table = frame(f"{CREATE}ALTER TABLE `t` {change};\nINSERT INTO t VALUES ({values});")
    assert list(table)[:-2] == columns


def test_columns_are_spelt_as_in_create_table() -> None:
    assert list(frame(CREATE + "INSERT INTO t (ISI, Id) VALUES ('a', 1);"))[:2] == ["id", "isi"]


def test_rows_with_different_column_lists_are_kept_apart() -> None:
    got = read("INSERT INTO t (id) VALUES (1);INSERT INTO t (id,isi) VALUES (2,'b');INSERT INTO t (id) VALUES (3);")
    assert [(list(part.frame)[:-2], len(part.frame)) for part in got[:2]] == [(["id"], 2), (["id", "isi"], 1)]


def test_tables_that_are_not_mapped_are_passed_over() -> None:
    sql = "INSERT INTO lain VALUES (1,'INSERT INTO t (id) VALUES (9);', \"x;\"), (bukan sql;\n"
    sql += "INSERT INTO t (id) VALUES (1);"
    assert rows(sql) == [["1"]]


@pytest.mark.parametrize("piece", [1 << 20, 1, 5])
def test_triggers_and_procedures_are_passed_over(piece: int) -> None:
    sql = """DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN
  -- jangan 'dibaca
  INSERT INTO t (id) VALUES (8); SET @a = 1;
END */;;
DELIMITER ;
delimiter $$
CREATE PROCEDURE p() BEGIN INSERT INTO t (id) VALUES (9); SELECT '$$', 5 $ 3; END$$
DELIMITER ;
INSERT INTO t (id) VALUES (1);
"""
    assert rows(sql, piece=piece) == [["1"]]


def test_comments_and_the_sandbox_line_of_mariadb_are_passed_over() -> None:
    sql = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB; it's\n#x' ;\n--\n/* ' ; */"
    sql += "INSERT INTO t (id) VALUES (1--1);"
    assert rows(sql) == [["1--1"]]


def test_crlf_and_a_byte_order_mark_do_no_harm() -> None:
    sql = "\ufeff" + CREATE.replace("\n", "\r\n") + "INSERT INTO t VALUES\r\n(1,'a\\r\\nb'),\r\n(2,'c');\r\n"
    assert rows(sql) == [["1", "a\r\nb"], ["2", "c"]]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be"])
def test_a_dump_that_powershell_wrote_is_read(codec: str) -> None:
    sql = "\ufeff" * (codec != "utf-16") + CREATE + "INSERT INTO t VALUES (1,'Jalan – é');"
    assert rows(sql.encode(codec), piece=3) == [["1", "Jalan – é"]]


def test_rows_know_the_line_on_which_they_begin() -> None:
    sql = "-- satu\n\nINSERT INTO t (id,isi) VALUES (1,'a\nb\nc'),(2,\n'd'),\n\n(3,now()), -- x\n(4,'e');\n"
    sql += "INSERT INTO t (id,isi) VALUES (5,'f');"
    assert lines(sql) == ["3", "5", "8", "9", "10"]


def test_many_rows_come_in_pieces_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.mysql_statements.CHUNK_ROWS", 10)
    got = read("INSERT INTO t (id) VALUES " + ",".join(f"({n})" for n in range(25)) + ";")
    assert [len(part.frame) for part in got] == [10, 10, 5, 0]
    assert rows("INSERT INTO t (id) VALUES " + ",".join(f"({n})" for n in range(25))) == [[str(n)] for n in range(25)]


def test_large_rows_come_in_smaller_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.mysql_statements.CHUNK_BYTES", 1000)
    got = read("INSERT INTO t (id) VALUES " + ",".join(f"('{'x' * 600}')" for _ in range(4)))
    assert [len(part.frame) for part in got] == [2, 2, 0]


def test_a_row_longer_than_many_chunks_is_read() -> None:
    text = "it''s (a), " * 30_000
    assert rows(f"INSERT INTO t (id,isi) VALUES (1,'{text}'),(2,'b');", piece=1000)[0][1] == text.replace("''", "'")


# literals


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"'\0\'\"\b\n\r\t\Z\\'", "\0'\"\b\n\r\t\x1a\\"),
        (r"'50\% a\_b \q\é'", r"50\% a\_b qé"),
        ("'it''s \"x\" \"\"'", 'it\'s "x" ""'),
        (r'"it\'s ""x"" \'\' a"', "it's \"x\" '' a"),
        (r"'\\'''", r"\'"),
        ("''", ""),
        ("'a\nb; -- c /* d */ # e'", "a\nb; -- c /* d */ # e"),
        ("'NULL'", "NULL"),
        ("'a' 'b'\n'c'", "abc"),
        ("0", "0"),
        ("-001.50", "-001.50"),
        ("+6.28E+12", "+6.28E+12"),
        (".5", ".5"),
        ("TRUE", "1"),
        ("false", "0"),
        ("b'101'", "5"),
        ("0b11", "3"),
        ("0x4a616c616e", "Jalan"),
        ("X'4A616C616E'", "Jalan"),
        ("_utf8mb4'Jalan'", "Jalan"),
        ("N'Jalan'", "Jalan"),
        ("_utf8mb4 0x4A616C616E", "Jalan"),
        ("_binary 'Jalan'", "Jalan"),
        ("'🚧 Jalan'", "🚧 Jalan"),
    ],
)
def test_a_literal_is_read_as_mysql_reads_it(literal: str, text: str) -> None:
    assert value(literal) == text


@pytest.mark.parametrize("literal", ["NULL", "null"])
def test_null_is_missing(literal: str) -> None:
    assert value(literal) is None


@pytest.mark.parametrize("literal", ["0xFFD80001", "x'FFD80001'", b"'\xff\xd8\\0\x01'", b"_binary '\xff\xd8\\0\x01'"])
def test_bytes_that_are_no_text_are_base64(literal: str | bytes) -> None:
    assert value(literal) == value(literal, "longblob") == "base64:" + base64.b64encode(b"\xff\xd8\x00\x01").decode()


@pytest.mark.parametrize("literal", [b"b'1'", b"'\x01'", b"_binary '\x01'", b"0x01", b"'\\\x01'"])
def test_a_bit_is_a_number_however_it_is_written(literal: bytes) -> None:
    assert value(literal, "bit(1)") == "1"


def test_text_in_a_binary_column_is_text() -> None:
    assert value("_binary 'Jalan rusak\\n'", "blob") == "Jalan rusak\n"


def test_a_control_character_in_a_text_column_stays() -> None:
    assert value(r"'a\0b'", "varchar(9)") == value(r"'a\0b'") == "a\0b"


def test_a_bad_byte_in_a_text_is_shown_and_told_without_the_text() -> None:
    sql = CREATE.encode() + b"INSERT INTO t VALUES (1,'baik'),\n(2,'Caf\xe9 rahasia'),(3,'\xe9');"
    assert rows(sql) == [["1", "baik"], ["2", "Caf� rahasia"], ["3", "�"]]
    told = "t: isi: no valid utf-8, bad bytes shown as U+FFFD (2 times, first at d.sql line 3)"
    assert problems(sql) == [told]


def test_another_encoding_is_read_if_the_channel_file_names_it() -> None:
    assert value("'Café – ok'".encode("cp1252"), encoding="cp1252") == "Café – ok"


def test_an_encoding_that_the_dump_contradicts_is_told() -> None:
    sql = "/*!40101 SET NAMES latin1 */;\nINSERT INTO t (id) VALUES (1);"
    told = ["t: SET NAMES latin1, but the channel file says utf-8 (1 times, first at d.sql line 1)"]
    assert problems(sql, encoding="utf-8") == told
    assert problems(sql.replace("latin1", "utf8mb4"), encoding="utf-8") == []
    assert problems(sql) == []


@pytest.mark.parametrize("expression", ["now()", "ST_GeomFromText('POINT(1 2)', 4326)", "CURRENT_TIMESTAMP", "1 + 2"])
def test_an_expression_is_kept_as_written_and_told(expression: str) -> None:
    sql = f"INSERT INTO t (id,isi) VALUES (1,{expression}),(2,'b');"
    assert rows(sql) == [["1", expression], ["2", "b"]]
    assert problems(sql) == ["t: isi: an expression, kept as written (1 times, first at d.sql line 1)"]


# what cannot be read


def test_a_row_of_another_length_is_put_aside_and_the_others_are_read() -> None:
    sql = CREATE + "INSERT INTO t VALUES (1,'a'),\n(2),\n(3,'c','d'),(4,'e');"
    assert rows(sql) == [["1", "a"], ["4", "e"]]
    assert unreadable(sql) == [
        Unreadable("t", "d.sql", "3", "1 values for 2 columns", b"(2)"),
        Unreadable("t", "d.sql", "4", "3 values for 2 columns", b"(3,'c','d')"),
    ]


def test_rows_whose_columns_nobody_names_are_put_aside() -> None:
    (piece,) = unreadable("INSERT INTO t VALUES (1,'a');")
    assert (piece.detail, piece.raw) == ("no column list, and no CREATE TABLE before it", b"(1,'a')")


def test_a_column_that_is_named_twice_is_put_aside() -> None:
    assert unreadable("INSERT INTO t (id,ID) VALUES (1,2);")[0].detail == "the column list names a column twice"


@pytest.mark.parametrize("tail", ["SET id = 1, isi = 'x;y'", "SELECT * FROM lain", "(id) SELECT id FROM lain"])
def test_an_insert_without_values_is_put_aside_whole(tail: str) -> None:
    sql = f"INSERT INTO t (id) VALUES (1);\nINSERT INTO t {tail};\nINSERT INTO t (id) VALUES (2);"
    assert rows(sql) == [["1"], ["2"]]
    (piece,) = unreadable(sql)
    assert (piece.position, piece.raw) == ("2", f"INSERT INTO t {tail}".encode())


@pytest.mark.parametrize("piece", [1 << 20, 3])
def test_a_missing_quote_costs_its_row_and_not_the_others(piece: int) -> None:
    sql = CREATE + "INSERT INTO t VALUES\n(1,'a'),\n(2,'it's'),\n(3,'c');\nINSERT INTO t VALUES (4,'d');"
    assert rows(sql, piece=piece) == [["1", "a"], ["3", "c"], ["4", "d"]]
    assert [(bad.position, bad.raw) for bad in unreadable(sql, piece=piece)] == [("4", b"(2,'it's'),\n")]


def test_a_quote_that_is_never_closed_costs_its_statement_and_not_the_next() -> None:
    sql = CREATE + "INSERT INTO t VALUES (1,'a'),(2,'b),(3,NULL);\nINSERT INTO t (id) VALUES (4);\n"
    assert rows(sql) == [["1", "a"], ["4", None]]
    assert [bad.raw for bad in unreadable(sql)] == [b"(2,'b),(3,NULL);\n"]


@pytest.mark.parametrize("piece", [1 << 20, 3])
@pytest.mark.parametrize("end", ["(2,'b", "(2,'b'", "(2", "(", r"(2,'b\'),("])
def test_a_file_that_was_cut_off_gives_its_whole_rows_and_the_torn_one(end: str, piece: int) -> None:
    sql = CREATE + "INSERT INTO t VALUES (1,'a'),\n" + end
    assert rows(sql, piece=piece) == [["1", "a"]]
    (torn,) = unreadable(sql, piece=piece)
    assert (torn.position, torn.raw) == ("3", end.encode())
    assert torn.detail == "a row without end: cut off, or a quote is missing"


@pytest.mark.parametrize("end", ["", ",", ",\n"])
def test_a_file_that_was_cut_off_between_rows_is_told(end: str) -> None:
    assert problems(CREATE + "INSERT INTO t VALUES (1,'a')" + end) == [
        "t: a statement has no end: cut off, or a quote or ; is missing (1 times, first at d.sql line 2)"
    ]


def test_a_tool_that_signs_its_dumps_has_signed_a_whole_one() -> None:
    sql = "-- MySQL dump 10.13  Distrib 8.0.36\n--\n" + CREATE + "INSERT INTO t VALUES (1,'a');\n"
    assert problems(sql + "-- Dump completed on 2024-01-31 10:00:00\n") == []
    assert problems(sql) == [
        "t: the tool's last line (Dump completed) is missing: cut off? (1 times, first at d.sql line 7)"
    ]


def test_rubbish_between_rows_is_put_aside() -> None:
    sql = "INSERT INTO t (id) VALUES (1), x (2),\n(3);"
    assert rows(sql) == [["1"], ["3"]]
    assert [bad.raw for bad in unreadable(sql)] == [b"x (2),\n"]


def test_on_duplicate_key_is_told() -> None:
    sql = "INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE id=VALUES(id);INSERT INTO t (id) VALUES (2);"
    assert rows(sql) == [["1"], ["2"]]
    assert "ON DUPLICATE KEY UPDATE" in problems(sql)[0]


def test_statements_that_change_rows_afterwards_are_told() -> None:
    sql = "DROP TABLE IF EXISTS t;\nINSERT INTO t (id) VALUES (1);\nUPDATE `t` SET id = 2;\nDELETE FROM t WHERE id = 1;"
    assert rows(sql) == [["1"]]
    assert problems(sql) == [
        "t: UPDATE after its rows is not carried out (1 times, first at d.sql line 3)",
        "t: DELETE after its rows is not carried out (1 times, first at d.sql line 4)",
    ]


def test_one_name_in_two_databases_is_told() -> None:
    sql = "USE `a`;\nINSERT INTO t (id) VALUES (1);\nUSE b;\nINSERT INTO t (id) VALUES (2);"
    assert problems(sql) == ["t: is read from several tables: a.t, b.t"]


def test_a_table_without_rows_is_a_table() -> None:
    (got,) = read(CREATE)
    assert (list(got.frame), len(got.frame)) == (["id", "isi", "_object", "_position"], 0)


def test_a_table_that_is_not_there_stops_the_channel_and_the_nearest_is_named() -> None:
    with pytest.raises(ChannelError, match=r"table 'tb_pengaduan' is not in the dump; did you mean 'tbl_pengaduan'\?"):
        read("CREATE TABLE tbl_pengaduan (id int);", tables=("tb_pengaduan",))


def test_a_packing_that_is_not_known_and_an_unknown_encoding_stop_the_channel() -> None:
    with pytest.raises(ChannelError, match=r"d.sql: is compressed \(xz\); unpack it"):
        read(b"\xfd7zXZ\0")
    with pytest.raises(ChannelError, match="encoding 'utf-9' is unknown"):
        read("", encoding="utf-9")


def test_extraction_and_reading_meet_in_the_archive(tmp_path: Path) -> None:
    sql = (
        CREATE
        + "INSERT INTO t VALUES (1,'a');CREATE TABLE tanggapan (id int, isi text);INSERT INTO tanggapan VALUES (1,'b');"
    )
    (tmp_path / "d.sql").write_text(sql)
    writer = ArchiveWriter(tmp_path / "arsip", KEYS)
    described = source(streams={"complaints": MAPPING | {"events": [EVENTS]}})
    MysqldumpReader().extract(described, writer, context(tmp_path))
    archive = writer.finish()
    got = [
        (part.table, part.frame["_object"].iloc[0])
        for part in MysqldumpReader().parse(described, archive)
        if len(part.frame)
    ]
    assert got == [("t", "d.sql"), ("tanggapan", "d.sql")]
    assert MysqldumpReader().count(described, archive) is None


def test_several_files_are_read_one_after_another(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, a__sql=CREATE.encode(), b__sql=b"INSERT INTO t VALUES (1,'a');")
    parts = [part.frame for part in MysqldumpReader().parse(source(), archive) if len(part.frame)]
    assert pd.concat(parts)[["id", "_object", "_position"]].to_numpy().tolist() == [["1", "b.sql", "1"]]


# any text, any cut

hostile = st.text(
    st.sampled_from("'\"\\`;,()-#/*!0nrtbZ%_ \n\r\t\0\x1a\x1eaé🚧") | st.characters(exclude_categories=["Cs"]),
    max_size=30,
)
cells = st.none() | hostile | st.just("NULL")
MYSQL = {"\0": "\\0", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\x1a": "\\Z", "\\": "\\\\"}


def quoted(text: str | None, style: str) -> str:
    if text is None:
        return "NULL"
    if style == "doubled":
        return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    if style == "double quotes":
        return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
    return "'" + "".join(MYSQL.get(sign, sign) for sign in text) + "'"


@given(
    table=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6),
    style=st.sampled_from(["escaped", "doubled", "double quotes"]),
    between=st.sampled_from([",", ",\n", " , -- it's\n", "/* ( */,"]),
    piece=st.integers(1, 60),
)
def test_whatever_is_written_by_mysqls_rules_is_read_back(
    table: list[tuple[str | None, ...]], style: str, between: str, piece: int
) -> None:
    values = between.join("(" + ",".join(quoted(cell, style) for cell in row) + ")" for row in table)
    sql = f"INSERT INTO lain VALUES {values};\nINSERT INTO `t` (`a`,`b`,`c`) VALUES {values};\n"
    assert rows(sql, piece=piece) == [list(row) for row in table]
    assert unreadable(sql, piece=piece) == []


@given(table=st.lists(st.tuples(hostile, hostile), min_size=1, max_size=5), data=st.data())
def test_wherever_a_file_is_cut_the_rows_before_are_whole(table: list[tuple[str, ...]], data: st.DataObject) -> None:
    written = ["(" + ",".join(quoted(cell, "escaped") for cell in row) + ")" for row in table]
    head = "INSERT INTO t (a,b) VALUES "
    sql = (head + ",".join(written) + ";").encode()
    cut = data.draw(st.integers(len(head) + 1, len(sql)))
    whole = [end for n in range(len(written)) if (end := len((head + ",".join(written[: n + 1])).encode())) <= cut]
    assert rows(sql[:cut]) == [list(row) for row in table[: len(whole)]]


@given(st.binary(max_size=300), st.integers(1, 40))
def test_no_rubbish_breaks_the_reader(rubbish: bytes, piece: int) -> None:
    sql = CREATE.encode() + b"INSERT INTO t VALUES (1,'a'),\n" + rubbish
    assert rows(sql, piece=piece)[0] == ["1", "a"]


# the oracle


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    with running_mariadb() as server:
        yield server


HOSTILE_TABLE = r"""
CREATE DATABASE uji CHARACTER SET utf8mb4; USE uji;
CREATE TABLE `t` (
  `id` int NOT NULL AUTO_INCREMENT, `isi laporan` longtext, `k``utip` varchar(200), tgl datetime, lahir date, waktu timestamp NULL,
  nominal decimal(12,2), lat double, anonim bit(1), bendera bit(12), foto longblob, sidik varbinary(20), status enum('','baru','it''s'),
  tag set('a','b'), data json, panjang int GENERATED ALWAYS AS (char_length(`k``utip`)) STORED, latin varchar(50) CHARACTER SET latin1,
  PRIMARY KEY (id), KEY `x;'` (tgl)
) COMMENT='a; ''b'' -- c';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.nominal = IFNULL(NEW.nominal, 1);
CREATE VIEW v AS SELECT id FROM t;
CREATE TABLE lain (id int, isi text); INSERT INTO lain VALUES (1, 'INSERT INTO `t` VALUES (''x''),\n(');
"""  # noqa: E501
TEXTS = [
    None, "", "NULL", "it's \"x\"", "\\", "\\'", "a\\nb", "baris\r\nbaru\ttab", "\0\x1a\b", "%_\\%\\_",
    "; -- x /* y */ # z",
    "'),\n('", "INSERT INTO `t` VALUES (1);\n", "🚧 é ñ ﷽", "`a`", "/*!50000 x */", "0x41", "  dua  ", "\ufeffbom",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile_database(mariadb: MariaDb) -> pymysql.Connection:
    mariadb.run(HOSTILE_TABLE)
    connection = pymysql.connect(
        host="127.0.0.1", port=mariadb.port, user="root", database="uji", charset="utf8mb4", autocommit=True
    )
    connection.decoders = {}  # numbers and dates as the server writes them
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        insert = (
            "INSERT INTO t (`isi laporan`,`k``utip`,tgl,lahir,waktu,nominal,lat,anonim,bendera,foto,sidik,status,tag,"
            "data,latin) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)"
        )
        for number, text in enumerate(TEXTS):
            binary = bytes([0, 255, 39, 92, 10, number]) * number
            cursor.execute(insert, (
                text, text, "0000-00-00 00:00:00" if number % 3 else "2024-02-29 23:59:59", "2024-00-00",
                "2024-01-02 03:04:05",
                None if number % 2 else "-0012.5", number / 7, number % 2, number * 100, binary or None,
                binary[:20],
                "it's" if number % 2 else "salah", "a,b", '{"a": "it\'s \\"x\\""}', "Café",
            ))  # fmt: skip
    return connection


def as_text(cell: Any, column: str) -> str | None:
    if cell is None:
        return None
    if column in ("anonim", "bendera"):
        return str(int.from_bytes(cell, "big"))
    if isinstance(cell, bytes):
        printable = not cell or (cell.isascii() and all(sign >= 32 for sign in cell))
        return cell.decode() if printable else "base64:" + base64.b64encode(cell).decode()
    return str(cell)


@pytest.mark.server("mariadb")
@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--skip-extended-insert"],
        ["--complete-insert"],
        ["--hex-blob"],
        ["--compatible=ansi", "--default-character-set=utf8mb4"],
        ["--skip-opt", "--skip-comments"],
        ["--compact", "--quick"],
        ["--replace", "--databases", "uji"],
        ["--insert-ignore", "--skip-quote-names", "--tables", "uji", "lain", "t"],
    ],
    ids=" ".join,
)
def test_what_mariadb_dumps_is_read_as_mariadb_tells_it(
    mariadb: MariaDb, hostile_database: pymysql.Connection, options: list[str]
) -> None:
    command = ["mariadb-dump", "--no-defaults", f"--socket={mariadb.socket}", "-uroot", "--routines", "--triggers"]
    database = [] if "uji" in options else ["uji"]
    if "--skip-quote-names" in options:
        hostile_database.cursor().execute("CREATE OR REPLACE TABLE lain (id int, isi text)")
    done = subprocess.run([*command, *options, *database], capture_output=True, check=True)
    got = frame(done.stdout, piece=4096)
    with hostile_database.cursor() as cursor:
        names = [name for name in got if not name.startswith("_")]
        cursor.execute(f"SELECT {', '.join('`' + name.replace('`', '``') + '`' for name in names)} FROM t ORDER BY id")
        truth = [tuple(as_text(cell, name) for cell, name in zip(row, names, strict=True)) for row in cursor.fetchall()]
    found = [tuple(None if pd.isna(cell) else cell for cell in row) for row in got[names].to_numpy().tolist()]
    assert len(names) >= 16
    for name, *pair in zip(names, zip(*found, strict=True), zip(*truth, strict=True), strict=True):
        assert pair[0] == pair[1], name
    assert unreadable(done.stdout) == []
    assert problems(done.stdout) == []
