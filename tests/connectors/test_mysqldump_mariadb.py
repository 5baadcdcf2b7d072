"""A real MariaDB as oracle: what it holds is what the reader gives, whoever wrote the file and however."""

import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pymysql
import pytest
from dump_styles import STYLES
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mariadb_truth import given as read_rows
from mariadb_truth import held

from connectors.mysqldump import tables
from tests.servers import MariaDb, running_mariadb

pytestmark = pytest.mark.server("mariadb")

TYPES = {
    "bulat": "int NOT NULL",
    "kecil": "tinyint(1)",
    "besar": "bigint unsigned",
    "nol": "int(6) unsigned zerofill",
    "uang": "decimal(14,3)",
    "ganda": "double",
    "tunggal": "float",
    "lintang": "float(10,6)",
    "tgl": "date",
    "waktu": "datetime(3)",
    "jam": "time",
    "cap": "timestamp NULL",
    "tahun": "year",
    "status": "enum('baru','it''s, (x)','') DEFAULT NULL",
    "tag": "set('a','b;','ç')",
    "bendera": "bit(12)",
    "huruf": "char(9)",
    "kata": "varchar(60)",
    "lama": "varchar(60) CHARACTER SET latin1",
    "isi laporan": "longtext",
    "ko`de": "text COLLATE utf8mb4_bin",
    "data": "json",
    "sidik": "binary(6)",
    "kunci": "varbinary(20)",
    "foto": "longblob",
    "ip": "inet6",
    "titik": "point",
}
text = st.text(
    st.sampled_from("'\"\\`;,()-#/*!0nrtbZ%_ \n\r\t\0\x1a\x1eaé🚧") | st.characters(exclude_categories=["Cs"]),
    max_size=40,
)
trap = st.sampled_from(
    ["NULL", "'),\n('", "INSERT INTO `t` VALUES (1);\n", "-- x\n", "/*!50000 x */", "\\", "\\'", "0x41"]
)
latin1 = st.text(st.characters(codec="cp1252"), max_size=40)
day = st.dates().map(str) | st.sampled_from(["0000-00-00", "2024-00-00", "1970-01-01"])
clock = st.times().map(lambda time: time.isoformat("milliseconds"))
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.floats(-200, 200)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bulat": st.integers(-(2**31), 2**31 - 1),
    "kecil": st.integers(-128, 127),
    "besar": st.integers(0, 2**64 - 1),
    "nol": st.integers(0, 2**32 - 1),
    "uang": st.decimals(-(10**10), 10**10, places=3),
    "ganda": st.floats(allow_nan=False, allow_infinity=False) | st.floats(-200, 200),
    "tunggal": numbers,
    "lintang": st.floats(-180, 180),
    "tgl": day,
    "waktu": st.tuples(day, clock).map(" ".join),
    "jam": st.sampled_from(["00:00:00", "-838:59:59", "100:00:01", "23:59:59"]),
    "cap": st.dates(date(1971, 1, 1), date(2037, 1, 1)).map(str),
    "tahun": st.integers(1901, 2155) | st.just("0000"),
    "status": st.sampled_from(["baru", "it's, (x)", "", "salah"]),
    "tag": st.sampled_from(["", "a", "a,b;", "ç,a"]),
    "bendera": st.integers(0, 4095),
    "huruf": text.map(lambda t: t[:9]),
    "kata": text | trap,
    "lama": latin1,
    "isi laporan": text | trap,
    "ko`de": text | trap,
    "data": st.sampled_from(['{"a": "it\'s \\"x\\""}', "[]", "null"]),
    "sidik": st.binary(max_size=6),
    "kunci": st.binary(max_size=20),
    "foto": st.binary(max_size=60) | text.map(str.encode),
    "ip": st.sampled_from(["::1", "2001:db8::ff"]),
}
OPTIONS = [
    [],
    ["--skip-extended-insert"],
    ["--complete-insert"],
    ["--hex-blob"],
    ["--hex-blob", "--default-character-set=latin1"],
    ["--default-character-set=latin1"],
    ["--default-character-set=binary"],
    ["--default-character-set=utf8mb3"],
    ["--compatible=ansi", "--default-character-set=utf8mb4"],
    ["--skip-opt", "--skip-comments"],
    ["--compact", "--quick"],
    ["--replace"],
    ["--insert-ignore", "--complete-insert"],
    ["--skip-quote-names", "--tz-utc", "--add-drop-table"],
    ["--order-by-primary", "--disable-keys", "--add-locks", "--dump-date"],
]


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    with running_mariadb() as server:
        yield server


def connected(server: MariaDb, database: str = "") -> pymysql.Connection:
    return pymysql.connect(
        host="127.0.0.1", port=server.port, user="root", database=database, charset="utf8mb4", autocommit=True
    )


def new_database(server: MariaDb) -> str:
    server.run("DROP DATABASE IF EXISTS uji; CREATE DATABASE uji CHARACTER SET utf8mb4")
    return "uji"


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(data=st.data())
def test_whatever_mariadb_holds_and_however_it_dumps_it_is_read(
    mariadb: MariaDb, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    database = new_database(mariadb)
    options = data.draw(st.lists(st.sampled_from(OPTIONS), min_size=3, max_size=5, unique_by=tuple))
    names = data.draw(st.permutations(list(TYPES)))
    plain = not any("--skip-quote-names" in option for option in options)
    columns = ", ".join(f"`{name.replace('`', '``')}` {TYPES[name]}" for name in names)
    rows = data.draw(st.lists(st.fixed_dictionaries({name: VALUES[name] for name in VALUES}), min_size=1, max_size=8))
    nulls = data.draw(st.sets(st.sampled_from([name for name in names if name != "bulat"])))
    with connected(mariadb, database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        cursor.execute(f"CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, {columns})")
        for row in rows:
            given_columns = [name for name in VALUES if name not in nulls]
            places = ", ".join(["%s"] * len(given_columns))
            listed = ", ".join(f"`{name.replace('`', '``')}`" for name in given_columns)
            cells = [row[name] for name in given_columns]
            cursor.execute(f"INSERT INTO t ({listed}, titik) VALUES ({places}, ST_GeomFromText('POINT(1 2)'))", cells)
    truth = held(mariadb, database, "t")
    for option in options:
        if not plain and "`" in "".join(names) and "--skip-quote-names" in option:
            continue  # such a file no server reads either
        file = tmp_path_factory.mktemp("dump") / "d.sql"
        command = ["mariadb-dump", "--no-defaults", f"--socket={mariadb.socket}", "-uroot", *option, database]
        file.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
        lossy = any("latin1" in word or "utf8mb3" in word for word in option)
        expected = truth
        if lossy:  # signs that the connection cannot carry are question marks in the file already
            new = "balik"
            mariadb.run(f"DROP DATABASE IF EXISTS {new}; CREATE DATABASE {new} CHARACTER SET utf8mb4")
            subprocess.run(
                ["mariadb", "--no-defaults", f"--socket={mariadb.socket}", "-uroot", "--binary-mode", new],
                input=file.read_bytes(), capture_output=True, check=True,
            )  # fmt: skip
            expected = held(mariadb, new, "t")
        got_names, got, parts = read_rows(file, table="t")
        assert got_names == expected[0], option
        for index, name in enumerate(got_names):
            assert [row[index] for row in got] == [row[index] for row in expected[1]], (option, name)
        assert [piece for part in parts for piece in part.unreadable] == []
        assert [problem for part in parts for problem in part.problems] == []
        (seen,) = tables(file)
        assert (seen.rows, seen.primary_key, [c.name for c in seen.columns]) == (len(got), ("id",), got_names)


@pytest.mark.parametrize("style", STYLES)
def test_what_a_tool_wrote_is_read_as_mariadb_loads_it(mariadb: MariaDb, tmp_path: Path, style: str) -> None:
    mariadb.run("DROP DATABASE IF EXISTS adu; CREATE DATABASE adu CHARACTER SET utf8mb4")
    file = tmp_path / "d.sql"
    file.write_text(STYLES[style](), encoding="utf-8", newline="")
    command = ["mariadb", "--no-defaults", f"--socket={mariadb.socket}", "-uroot", "--default-character-set=utf8mb4"]
    loaded = subprocess.run(
        [*command, "--binary-mode", "adu"], input=file.read_bytes(), capture_output=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr.decode()
    seen = {table.name: table for table in tables(file)}
    for name in ("kategori", "pengaduan"):
        names, rows = held(mariadb, "adu", name)
        got_names, got, parts = read_rows(file, table=name)
        if style != "by hand":  # whose rows are older than a column of the table
            assert got_names == names
            assert got == rows
        assert [piece for part in parts for piece in part.unreadable] == []
        assert (seen[name].rows, seen[name].primary_key, seen[name].is_view) == (len(rows), ("id",), False)
        assert [column.name for column in seen[name].columns] == names
    assert [name for name, table in seen.items() if table.is_view] == ["v_adu"] * ("v_adu" in file.read_text())
