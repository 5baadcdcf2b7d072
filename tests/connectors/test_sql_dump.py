"""A live MariaDB, its own dump with whatever options, and what the server itself says it holds: value for value."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pymysql
import pytest
from file_sources import archive_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mariadb_truth import Rows, connected, held, texts
from mariadb_truth import given as dumped
from test_sql import frame, source

from connectors.mysqldump import MysqldumpReader, tables
from schemas.sources import MysqldumpSource
from tests.servers import MariaDb, running_mariadb

pytestmark = pytest.mark.server("mariadb")

INTEGERS = {
    f"{kind}_{number}": f"{kind} {more}"
    for kind in ("tinyint", "smallint", "mediumint", "int", "bigint")
    for number, more in enumerate(["", "unsigned", "zerofill"])
} | {"ya": "tinyint(1)", "nol": "int(5) zerofill", "tahun": "year"}
BITS = {f"bit_{size}": f"bit({size})" for size in (1, 7, 8, 9, 63, 64)}
NUMBERS = {
    "uang": "decimal(10,0)", "halus": "decimal(65,30)", "uang_u": "decimal(12,3) unsigned",
    "uang_z": "decimal(12,3) zerofill", "uang_bz": "decimal(8,0) zerofill", "tunggal": "float",
    "tunggal_z": "float zerofill", "lintang": "float(10,6)", "lintang_z": "float(9,2) zerofill", "ganda": "double",
    "ganda_z": "double zerofill", "ganda_s": "double(14,4)", "ganda_sz": "double(14,4) zerofill",
}  # fmt: skip
TEXTS = {
    "huruf": "char(12)", "hampa": "char(0)", "kata": "varchar(60)", "sempit": "tinytext", "isi": "text",
    "sedang": "mediumtext", "panjang": "longtext", "biner_urut": "varchar(60) COLLATE utf8mb4_bin",
    "sembunyi": "varchar(20) INVISIBLE",
}  # fmt: skip
CHARSETS = [
    "latin1", "utf8mb3", "utf8mb4", "ucs2", "utf16", "utf16le", "utf32", "ascii", "cp1250", "cp1251", "cp1256",
    "cp1257", "latin2", "latin5", "latin7", "greek", "hebrew", "cp850", "cp852", "cp866", "koi8r", "koi8u", "macroman",
    "macce", "tis620", "gbk", "gb2312", "big5", "ujis", "euckr",
]  # fmt: skip
TEXTS |= {f"huruf_{charset}": f"varchar(20) CHARACTER SET {charset}" for charset in CHARSETS}
TEXTS |= {f"isi_{charset}": f"text CHARACTER SET {charset}" for charset in ("latin1", "utf8mb3", "ucs2")}
TEXTS |= {f"rata_{charset}": f"char(9) CHARACTER SET {charset}" for charset in ("latin1", "utf8mb3", "ucs2")}
CHOICES = {
    "status": "enum('baru','it''s, (x)','','1','\\\\n','ç')", "tag": "set('a','b;','ç','0')",
    "status_l": "enum('é','x') CHARACTER SET latin1",
}  # fmt: skip
BYTES = {
    "sidik": "binary(6)", "kunci": "varbinary(30)", "foto_1": "tinyblob", "foto_2": "blob", "foto_3": "mediumblob",
    "foto_4": "longblob",
}  # fmt: skip
DATES = {"tgl": "date"} | {f"waktu_{n}": f"datetime({n})" for n in range(7)}
DATES |= {f"cap_{n}": f"timestamp({n}) NULL DEFAULT NULL" for n in range(7)}
CLOCKS = {f"jam_{n}": f"time({n})" for n in range(7)}
OTHERS = {"data": "json", "ip4": "inet4", "ip6": "inet6", "uuid_": "uuid"}
SHAPES = {"titik": "point", "bentuk": "geometry"}
MADE = {
    "jadi_v": "int AS (ya + 1) VIRTUAL",
    "jadi_s": "varchar(30) AS (concat(ya, '; -- ')) STORED",
}
PLAIN = INTEGERS | BITS | NUMBERS | TEXTS | CHOICES | BYTES | DATES | CLOCKS | OTHERS | SHAPES
ODD = {
    "isi laporan": "text",
    "ko`de": "varchar(60)",
    "select": "int DEFAULT 7",
    "ç;'\"": "varchar(60)",
    "jadi": "int AS (id_ + 1)",
}

TRAPS = [
    "NULL", "'),\n('", "INSERT INTO `t` VALUES (1);\n", "-- x\n", "/*!50000 x */", "/* ", "*/", "# x\n", ";", "\\",
    "\\'", "''", '"', "`", "0x41", "DELIMITER ;;\nx;;\nDELIMITER ;\n", "baris\r\nbaru", "\0\b\t\n\r\x1a",
    "😀é'\"`", "%_\\%\\_", "di belakang ", " di depan", "", "é", "Дж", "日本", "base64:", "x'41'", "_binary 'x'",
    "/*M!999999 x */", "$$",
]  # fmt: skip
SIGNS = st.sampled_from("'\"\\`;,()-#/*!0nrtbZ%_ \n\r\t\0\x1a\x1eaéç🚧Ж") | st.characters(exclude_categories=["Cs"])
WHOLE = [0, 1, -1, 127, -128, 255, 39, 92, 2**15, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63), 2**64 - 1, 2024]
FLOATS = [0, -0.0, 1.5, -1.5, 0.1, 1e15, 1e16, 1e20, 3.4e38, 1e-5, 1e-30, 123456.789, 99999.995, 16777217, 1 / 3]
LATIN = ["baru", "it's, (x)", "", "1", "\\n", "ç", "é", "x", "a", "a,b;", "ç,a", "0", "salah"]
DAYS = ["0000-00-00", "2024-00-00", "2024-02-30", "2024-02-29 23:59:59.999999", "1000-01-01", "9999-12-31 23:59:59.9"]
DAYS += ["1970-01-01 00:00:01", "2037-12-31 23:59:59.5", "2024-03-31 02:30:00.000001"]
HOURS = ["00:00:00", "-00:00:00.5", "-838:59:59.999999", "838:59:59", "100:00:01.25", "23:59:59.000001", "24:00:00"]
UUIDS = ["27275c5c-0000-1000-8000-000a0d1a2722", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
BLOBS = [
    b"",
    b"\xff",
    b"'\\\0\x1a",
    b"abc",
    b"abc   ",
    bytes(range(256)),
    b"\xe9\n",
    "é😀".encode(),
    b"\x7f",
    b"\xc2\x80",
]
POOLS: dict[str, st.SearchStrategy[list[Any]]] = {
    "whole": st.lists(st.integers(-(2**63), 2**64 - 1), max_size=8).map(lambda more: [*WHOLE, *more]),
    "numbers": st.lists(
        st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-(10**12), 10**12, places=5), max_size=9
    ).map(lambda more: [*FLOATS, *more]),
    "texts": st.lists(st.text(SIGNS, max_size=30), max_size=9).map(lambda more: [*TRAPS, *more]),
    "choices": st.just(LATIN),
    "bytes": st.lists(st.binary(max_size=40), max_size=9).map(lambda more: [*BLOBS, *more]),
    "dates": st.lists(st.datetimes().map(str) | st.dates(date(1971, 1, 1), date(2037, 1, 1)).map(str), max_size=9).map(
        lambda more: [*DAYS, *more]
    ),
    "clocks": st.lists(st.times().map(str), max_size=9).map(lambda more: [*HOURS, *more]),
}
FAMILIES = (
    (INTEGERS | BITS, "whole"), (NUMBERS, "numbers"), (TEXTS, "texts"), (CHOICES, "choices"), (BYTES, "bytes"),
    (DATES, "dates"), (CLOCKS, "clocks"),
)  # fmt: skip
OWN = {
    "data": ['{"a": "it\'s \\"x\\" \\\\ \\n 😀"}', "[]", "null", " 1 "],
    "ip4": ["0.0.0.0", "39.92.10.13"],
    "ip6": ["::1", "2001:db8::ff", "::ffff:1.2.3.4"],
    "uuid_": UUIDS,
    "titik": ["POINT(1 2)", "POINT(-1.5 39.92)"],
    "bentuk": ["LINESTRING(0 0,1 1)", "POINT(3 4)"],
}
ROWS = 24
OPTIONS = [
    "", "--skip-extended-insert", "--complete-insert", "--hex-blob", "--skip-quote-names", "--skip-opt",
    "--compact --quick", "--default-character-set=utf8mb4", "--default-character-set=binary",
    "--default-character-set=binary --hex-blob", "--default-character-set=utf8mb3", "--default-character-set=latin1",
    "--default-character-set=latin1 --hex-blob", "--compatible=ansi",
    "--compatible=ansi --default-character-set=utf8mb4", "--compatible=no_table_options", "--skip-tz-utc", "--replace",
    "--insert-ignore --complete-insert", "--order-by-primary --disable-keys", "--single-transaction --no-autocommit",
    "--dump-date --skip-comments", "--skip-set-charset", "--delayed-insert --skip-add-locks",
]  # fmt: skip
SILENT = ("--compatible=ansi", "--compatible=no_table_options")  # in latin1, and do not say so
LOSSY = ("latin1", "utf8mb3")  # what the dump cannot carry is a question mark in it
LOCAL = "--skip-tz-utc"  # TIMESTAMPs in the server's zone, which the dump does not name
ZONE = "+07:00"  # of the server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    with running_mariadb() as server:
        server.run(f"SET GLOBAL time_zone = '{ZONE}'")
        yield server


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def cell(pool: list[Any], row: int, column: int) -> Any:
    """A value of the pool, another in each row and column; NULL here and there, and in all of the first row."""
    return None if row == 0 or (row * 5 + column * 3) % 11 == 0 else pool[(row + 7 * column) % len(pool)]


def fill(cursor: pymysql.cursors.Cursor, pools: dict[str, list[Any]]) -> None:
    """Two tables: ``t`` of every type, and ``u`` of names that need their quotes."""
    cursor.execute(f"SET sql_mode = '', time_zone = '{ZONE}'")
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in (PLAIN | MADE).items())
    cursor.execute(f"CREATE TABLE t (id_ int AUTO_INCREMENT PRIMARY KEY, {columns})")
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in ODD.items())
    cursor.execute(f"CREATE TABLE u (id_ int NOT NULL, {columns})")
    own = OWN | {name: pools[pool] for family, pool in FAMILIES for name in family}
    own["data"] = [*own["data"], *(json.dumps(text) for text in pools["texts"])]
    places = ", ".join("ST_GeomFromText(%s)" if name in SHAPES else "%s" for name in PLAIN)
    names = ", ".join(map(quoted, PLAIN))
    for row in range(ROWS + len(pools["texts"]) % 5):
        cells = [cell(own[name], row, column) for column, name in enumerate(PLAIN)]
        cursor.execute(f"INSERT INTO t ({names}) VALUES ({places})", cells)
    odd = [name for name, kind in ODD.items() if kind.startswith(("text", "varchar"))]
    for row, text in enumerate(pools["texts"]):
        cells = [row, *(cell([text, *TRAPS], row, column) for column in range(len(odd)))]
        places = ", ".join(["%s"] * len(cells))
        cursor.execute(f"INSERT INTO u (id_, {', '.join(map(quoted, odd))}) VALUES ({places})", cells)


def dump(server: MariaDb, file: Path, *options: str) -> Path:
    tool = shutil.which("mariadb-dump") or shutil.which("mysqldump")
    assert tool
    command = [tool, "--no-defaults", f"--socket={server.socket}", "-uroot", *options]
    file.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return file


def reloaded(server: MariaDb, file: Path, charset: str) -> None:
    """Load a file into the database ``balik``, as a client of ``charset`` does."""
    server.run("DROP DATABASE IF EXISTS balik; CREATE DATABASE balik CHARACTER SET utf8mb4")
    command = ["mariadb", "--no-defaults", f"--default-character-set={charset}", f"--socket={server.socket}"]
    command += ["-uroot", "--binary-mode", "balik"]
    done = subprocess.run(command, input=file.read_bytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def assert_same(got: tuple[list[str], Rows], expected: tuple[list[str], Rows], what: str) -> None:
    assert (got[0], len(got[1])) == (expected[0], len(expected[1])), what
    for index, name in enumerate(expected[0]):
        assert [row[index] for row in got[1]] == [row[index] for row in expected[1]], (what, name)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(pools=st.fixed_dictionaries(POOLS))
def test_server_reader_and_dump_say_the_same_of_every_type(
    mariadb: MariaDb, tmp_path_factory: pytest.TempPathFactory, pools: dict[str, list[Any]]
) -> None:
    folder = tmp_path_factory.mktemp("aduan")
    mariadb.run("DROP DATABASE IF EXISTS uji; CREATE DATABASE uji CHARACTER SET utf8mb4")
    with connected(mariadb, "uji") as connection, connection.cursor() as cursor:
        fill(cursor, pools)
    truth = {table: held(mariadb, "uji", table) for table in ("t", "u")}
    for table in truth:
        mapping = {"table": table, "key": ["id_"], "columns": {"text": "id_"}}
        live = source(f"mysql://root@127.0.0.1:{mariadb.port}/uji", streams={"complaints": mapping})
        assert_same(texts(frame(live, folder)), truth[table], f"sql {table}")
    for options in OPTIONS:
        read_as = "cp1252" if options in SILENT else None
        wanted = ("t",) if "--skip-quote-names" in options else ("t", "u")
        file = dump(mariadb, folder / "d.sql", *options.split(), "uji", *wanted)
        lossy = options in SILENT or any(word in options for word in LOSSY)
        if lossy:
            reloaded(mariadb, file, "latin1" if options in SILENT else "utf8mb4")
        for table in wanted:
            expected = truth[table]
            if lossy or options == LOCAL:
                expected = held(mariadb, "balik" if lossy else "uji", table, ZONE if options == LOCAL else "+00:00")
            names, rows, parts = dumped(file, table=table, encoding=read_as)
            assert_same((names, rows), expected, f"{options} {table}")
            assert [piece for part in parts for piece in part.unreadable] == [], options
            assert [problem for part in parts for problem in part.problems] == [], options
        seen = next(table for table in tables(file, read_as) if table.name == "t")
        assert (seen.rows, seen.primary_key) == (len(truth["t"][1]), ("id_",))
        assert [column.name for column in seen.columns] == truth["t"][0]


@pytest.mark.parametrize("zone", ["+07:00", "-3:30", "+00:00"])
def test_timestamps_of_a_dump_in_another_zone_are_those_that_the_server_would_hold(
    mariadb: MariaDb, tmp_path: Path, zone: str
) -> None:
    file = tmp_path / "d.sql"
    file.write_text(
        "/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;\n"
        f"/*!40103 SET TIME_ZONE='{zone}' */;\n"
        "CREATE TABLE t (a timestamp(3) NULL, b datetime, c timestamp NULL);\n"
        "INSERT INTO t VALUES ('2024-02-01 05:00:00.250', '2024-02-01 05:00:00', '0000-00-00 00:00:00'),\n"
        "('2024-12-31 23:59:59.999', NULL, NULL), (NULL, '2024-01-01 00:00:00', '2024-03-01 00:30:00');\n"
        "/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n"
    )
    loose = tmp_path / "longgar.sql"
    loose.write_text("SET sql_mode = '';" + file.read_text())
    reloaded(mariadb, loose, "utf8mb4")
    names, rows, parts = dumped(file, table="t")
    assert (names, rows) == held(mariadb, "balik", "t")
    assert parts[-1].problems == ()


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("SET time_zone = \"+00:00\";", ["laporan: dibuat comes in UTC; say so in the channel file (time_zone: UTC)"]),
        ("", []),
        (
            "SET SESSION time_zone = 'Asia/Jakarta';",
            ["laporan: SET TIME_ZONE Asia/Jakarta: TIMESTAMPs are read as they stand, not in UTC (1 times, first at "
             "d.sql line 1)"],
        ),
    ],
)  # fmt: skip
def test_timestamps_in_utc_are_told_as_those_of_a_live_server_are(tmp_path: Path, head: str, told: list[str]) -> None:
    dump = f"{head}\nCREATE TABLE laporan (id int, isi text, dibuat timestamp, diubah timestamp, lain timestamp);\n"
    dump += "INSERT INTO laporan VALUES (1, 'a', '2024-02-01 00:00:00', NULL, NULL);\n"
    columns = {"text": "isi", "submitted_at": "dibuat", "closed_at": {"column": "diubah", "time_zone": "UTC"}}
    mapping = {"table": "laporan", "key": ["id"], "columns": columns}
    file = MysqldumpSource.model_validate({"reader": "mysqldump", "path": "d.sql", "streams": {"complaints": mapping}})
    pieces = list(MysqldumpReader().parse(file, archive_of(tmp_path, d__sql=dump.encode())))
    assert pd.concat([piece.frame for piece in pieces])["dibuat"].tolist() == ["2024-02-01 00:00:00"]
    assert [problem for piece in pieces for problem in piece.problems] == told
