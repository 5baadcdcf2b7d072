"""Live databases are read as one snapshot, value for value, and are never written."""

import base64
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from file_sources import KEYS

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RawTable, RetryError, RunError
from connectors.sql import SqlReader, server_of
from schemas.sources import SqlSource
from tests.servers import MariaDb, free_port, running_mariadb

STREAM = {"table": "laporan", "key": ["id"], "columns": {"text": "isi"}}


def source(url: str, **more: Any) -> SqlSource:
    return SqlSource.model_validate({"reader": "sql", "url": url, "streams": {"complaints": STREAM}} | more)


def context(folder: Path, **more: Any) -> Context:
    return Context(channel="uji", sources_dir=folder, secret={"UJI_PASSWORD": "rahasia-uji"}.__getitem__, **more)


def extract(source: SqlSource, folder: Path, **more: Any) -> Archive:
    writer = ArchiveWriter(folder / f"arsip-{len(list(folder.glob('arsip-*')))}", KEYS)
    SqlReader().extract(source, writer, context(folder, **more))
    return writer.finish()


def read(source: SqlSource, folder: Path, **more: Any) -> list[RawTable]:
    return list(SqlReader().parse(source, extract(source, folder, **more)))


def frame(source: SqlSource, folder: Path, **more: Any) -> pd.DataFrame:
    return pd.concat([piece.frame for piece in read(source, folder, **more)], ignore_index=True)


def first_row(source: SqlSource, folder: Path) -> dict[str, str | None]:
    row = frame(source, folder).drop(columns=["_object", "_position"]).iloc[0]
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    with running_mariadb() as server:
        server.run("CREATE USER pembaca@'%' IDENTIFIED BY 'rahasia-uji'; CREATE USER terbuka@'%';")
        yield server


@pytest.fixture
def mariadb(mariadb_server: MariaDb) -> Iterator[Callable[[str], str]]:
    """Runs a script in a new database ``aduan``; returns its address."""

    def fill(script: str) -> str:
        mariadb_server.run(f"USE aduan; SET sql_mode = ''; {script}")
        return f"mysql://pembaca@127.0.0.1:{mariadb_server.port}/aduan"

    mariadb_server.run("CREATE DATABASE aduan CHARACTER SET utf8mb4; GRANT ALL ON aduan.* TO pembaca@'%';")
    yield fill
    mariadb_server.run("DROP DATABASE aduan")


@pytest.fixture
def postgres(postgres_url: str) -> Callable[[str], str]:
    """Runs a script in a new database; returns its address."""

    def fill(script: str) -> str:
        engine = sa.create_engine(postgres_url)
        with engine.begin() as connection:
            connection.exec_driver_sql(script)
        engine.dispose()
        url = sa.make_url(postgres_url)
        return f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"

    return fill


@pytest.fixture
def sqlite(tmp_path: Path) -> Callable[[str], str]:
    """Runs a script on a new file; returns its address."""

    def fill(script: str) -> str:
        with sqlite3.connect(tmp_path / "aduan.db") as connection:
            connection.executescript(script)
        connection.close()
        return "sqlite:///aduan.db"

    return fill


@pytest.fixture(params=[pytest.param("mariadb", marks=pytest.mark.server("mariadb")), "postgres", "sqlite"])
def database(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Each kind of server in turn: runs a script, returns the address."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def with_secret(url: str, **more: Any) -> SqlSource:
    return source(url, **({} if url.startswith("sqlite") else {"password": "UJI_PASSWORD"}) | more)


# Values


@pytest.mark.server("mariadb")
def test_mysql_values_are_those_of_its_own_dump(mariadb: Callable[[str], str], tmp_path: Path) -> None:
    url = mariadb(
        "CREATE TABLE laporan (id INT(5) ZEROFILL, isi TEXT, d DATETIME(3), z DATE, zt TIMESTAMP NULL, nol DATETIME,"
        "  bulan DATE, b BIT(3), f FLOAT, g DOUBLE, n DECIMAL(10,3), biner BLOB, teks VARBINARY(9), ya TINYINT(1),"
        "  jam TIME, tahun YEAR, j JSON, s SET('a','b'), e ENUM('x','y'), kosong VARCHAR(3), hampa VARCHAR(3),"
        "  latin VARCHAR(9) CHARACTER SET latin1, tanda VARCHAR(90));"
        "SET time_zone = '+07:00';"
        "INSERT INTO laporan VALUES (7, 'jalan é😀', '2024-02-01 13:05:09.5', '2024-02-01', '2024-02-01 07:00:00',"
        "  '0000-00-00 00:00:00', '2024-02-00', b'101', 0.1, 1e20, -1.5, x'ff00', 'abc', 1, '-30:05:00', 2024,"
        "  '{\"a\": 1}', 'a,b', 'y', '', NULL, 'café', 'kutip '' \" \\\\ \\n \\0 akhir');"
    )
    assert first_row(with_secret(url), tmp_path) == {
        "id": "00007", "isi": "jalan é😀", "d": "2024-02-01 13:05:09.500", "z": "2024-02-01",
        "zt": "2024-02-01 00:00:00", "nol": "0000-00-00 00:00:00", "bulan": "2024-02-00", "b": "5", "f": "0.1",
        "g": "1e20", "n": "-1.500", "biner": "base64:" + base64.b64encode(b"\xff\0").decode(), "teks": "abc",
        "ya": "1", "jam": "-30:05:00", "tahun": "2024", "j": '{"a": 1}', "s": "a,b", "e": "y", "kosong": "",
        "hampa": None, "latin": "café", "tanda": "kutip ' \" \\ \n \0 akhir",
    }  # fmt: skip


def test_postgres_values_are_the_texts_that_it_shows(postgres: Callable[[str], str], tmp_path: Path) -> None:
    url = postgres(
        "CREATE TYPE warna AS ENUM ('merah'); CREATE DOMAIN nomor AS int;"
        "CREATE TABLE laporan (id bigint, isi text, d timestamp, dz timestamptz, z date, b bit(3), ya boolean,"
        "  n numeric(10,3), f real, biner bytea, teks bytea, j jsonb, u uuid, a text[], w warna, k nomor, i interval,"
        "  kosong text, hampa text);"
        "INSERT INTO laporan VALUES (9007199254740993, 'jalan é😀', '2024-02-01 13:05:09.5',"
        "  '2024-02-01 07:00:00+07', '2024-02-01', b'101', true, -1.5, 0.1, '\\xff00', 'abc', '{\"a\": 1}',"
        "  'c3caaff8-e613-41f1-ad42-02fc00000001', ARRAY['x','y'], 'merah', 7, '1 day 02:00', '', NULL)"
    )
    assert first_row(source(url), tmp_path) == {
        "id": "9007199254740993", "isi": "jalan é😀", "d": "2024-02-01 13:05:09.5", "dz": "2024-02-01 00:00:00",
        "z": "2024-02-01", "b": "5", "ya": "true", "n": "-1.500", "f": "0.1",
        "biner": "base64:" + base64.b64encode(b"\xff\0").decode(), "teks": "abc", "j": '{"a": 1}',
        "u": "c3caaff8-e613-41f1-ad42-02fc00000001", "a": "{x,y}", "w": "merah", "k": "7", "i": "1 day 02:00:00",
        "kosong": "", "hampa": None,
    }  # fmt: skip


def test_sqlite_values_are_texts_whatever_their_type(sqlite: Callable[[str], str], tmp_path: Path) -> None:
    url = sqlite(
        "CREATE TABLE laporan (id INTEGER, isi TEXT, f REAL, bulat REAL, biner BLOB, teks BLOB, rusak TEXT, nol TEXT,"
        " hampa, kosong, campur INTEGER);"
        "INSERT INTO laporan VALUES (9007199254740993, 'jalan é😀', 0.1, 2, x'ff00', x'616263', CAST(x'e9' AS TEXT),"
        " '0000-00-00', NULL, '', 'bukan angka')"
    )
    assert first_row(source(url), tmp_path) == {
        "id": "9007199254740993", "isi": "jalan é😀", "f": "0.1", "bulat": "2.0", "biner": "base64:/wA=", "teks": "abc",
        "rusak": "base64:6Q==", "nol": "0000-00-00", "hampa": None, "kosong": "", "campur": "bukan angka",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "literal"),
    [
        pytest.param("mariadb", "x'{}'", marks=pytest.mark.server("mariadb")),
        ("postgres", "'\\x{}'"),
        ("sqlite", "x'{}'"),
    ],
)
def test_bytes_with_control_characters_are_no_text_and_a_text_with_them_is(
    kind: str, literal: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    raw = [b"a\x01", b"a\x7f", "a\x85".encode(), b"a\t\r\n", "é".encode()]
    rows = ", ".join(f"({n}, {literal.format(cell.hex())}, '{chr(1)}')" for n, cell in enumerate(raw))
    types = {"mariadb": "BLOB", "postgres": "bytea", "sqlite": ""}[kind]
    url = request.getfixturevalue(kind)(
        f"CREATE TABLE laporan (id int, isi {types}, teks varchar(9)); INSERT INTO laporan VALUES {rows}"
    )
    got = frame(with_secret(url), tmp_path)
    marked = ["base64:" + base64.b64encode(cell).decode() for cell in raw[:3]]
    assert got["isi"].tolist() == [*marked, "a\t\r\n", "é"]
    assert set(got["teks"]) == {"\1"}


def test_an_ascii_database_hands_out_what_is_text_and_keeps_what_is_not(postgres_url: str, tmp_path: Path) -> None:
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    url = sa.make_url(postgres_url).set(database="kuno")
    with admin.connect() as connection:
        connection.exec_driver_sql(
            "CREATE DATABASE kuno ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    utf8 = {"client_encoding": "utf8"}
    kuno = sa.create_engine(url, isolation_level="AUTOCOMMIT", connect_args=utf8)
    with kuno.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE laporan (id int, isi text, lain text)")
        connection.exec_driver_sql("INSERT INTO laporan VALUES (1, E'caf\\xc3\\xa9', E'caf\\xe9')")
    kuno.dispose()
    try:
        row = first_row(source(f"postgresql://{url.username}@{url.host}:{url.port}/kuno"), tmp_path)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE kuno WITH (FORCE)")
        admin.dispose()
    assert row == {"id": "1", "isi": "café", "lain": "base64:Y2Fm6Q=="}


# Archive


ROWS = "CREATE TABLE laporan (id int, isi varchar(90)); INSERT INTO laporan VALUES (1, 'a'), (2, NULL), (3, 'c');"


def test_rows_lie_in_the_archive_as_lines_and_are_parsed_from_there(
    database: Callable[[str], str], tmp_path: Path
) -> None:
    url = database(ROWS)
    archive = extract(with_secret(url), tmp_path)
    count, rows = archive.entries
    assert rows.name == "01-laporan-000001.ndjson"
    lines = archive.read(rows.name).splitlines()
    assert lines[1:] == [b'["1","a"]', b'["2",null]', b'["3","c"]']
    assert rows.origin["table"] == "laporan"
    assert "part" not in rows.origin
    assert "rahasia-uji" not in str(archive.entries)
    assert archive.read(count.name) == b'{"count":3}'
    (piece,) = SqlReader().parse(with_secret(url), archive)
    assert piece.frame["isi"].tolist()[::2] == ["a", "c"]
    assert piece.frame["_position"].tolist() == ["1", "2", "3"]
    assert set(piece.frame.dtypes.astype(str)) == {"str"}
    assert SqlReader().count(with_secret(url), archive) == {"complaints": 3}


def test_a_large_table_lies_in_objects_of_bounded_size(
    database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sql_tables.BATCH", 2)
    told: list[tuple[int, int | None]] = []
    url = database(ROWS)
    archive = extract(with_secret(url), tmp_path, progress=lambda done, total: told.append((done, total)))
    assert [len(piece.frame) for piece in SqlReader().parse(with_secret(url), archive)] == [2, 1]
    assert told == [(2, 3), (3, 3)]


def test_long_rows_fill_an_object_sooner(
    sqlite: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sql_tables.OBJECT_BYTES", 5)
    assert len(read(source(sqlite(ROWS)), tmp_path)) == 3


def test_a_large_object_is_parsed_in_pieces_of_bounded_size(
    sqlite: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sql.PIECE_BYTES", 14)
    pieces = read(source(sqlite(ROWS)), tmp_path)
    assert [piece.frame["_position"].tolist() for piece in pieces] == [["1", "2"], ["3"]]
    assert {name for piece in pieces for name in piece.frame["_object"]} == {"01-laporan-000001.ndjson"}


def test_an_empty_table_has_its_columns(database: Callable[[str], str], tmp_path: Path) -> None:
    url = database("CREATE TABLE laporan (id int, isi varchar(9))")
    archive = extract(with_secret(url), tmp_path)
    (piece,) = SqlReader().parse(with_secret(url), archive)
    assert (list(piece.frame), len(piece.frame)) == (["id", "isi", "_object", "_position"], 0)
    assert SqlReader().count(with_secret(url), archive) == {"complaints": 0}


def test_tables_of_events_are_read_too_and_a_shared_table_once(database: Callable[[str], str], tmp_path: Path) -> None:
    url = database(ROWS + "CREATE TABLE tanggapan (id int, jawab varchar(9)); INSERT INTO tanggapan VALUES (1, 'ok')")
    events = [
        {"table": "tanggapan", "complaint": ["id"], "columns": {"text": "jawab"}},
        {"table": "laporan", "complaint": ["id"], "columns": {"text": "isi"}},
    ]
    pieces = read(with_secret(url, streams={"complaints": STREAM | {"events": events}}), tmp_path)
    assert [(piece.table, len(piece.frame)) for piece in pieces] == [("laporan", 3), ("tanggapan", 1)]


def test_an_archive_of_another_channel_file_is_said_to_be_one(sqlite: Callable[[str], str], tmp_path: Path) -> None:
    archive = extract(source(sqlite(ROWS)), tmp_path)
    other = source("sqlite:///aduan.db", streams={"complaints": STREAM | {"table": "lain"}})
    with pytest.raises(ChannelError, match="no rows of table 'lain'"):
        list(SqlReader().parse(other, archive))


# One snapshot


WRITTEN = "INSERT INTO laporan VALUES (4, 'baru')"


@pytest.mark.parametrize("kind", [pytest.param("mariadb", marks=pytest.mark.server("mariadb")), "postgres", "sqlite"])
def test_what_is_written_meanwhile_is_not_seen(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = request.getfixturevalue(kind)
    url = fill(("PRAGMA journal_mode = WAL;" if kind == "sqlite" else "") + ROWS)
    keeper = sqlite3.connect(tmp_path / "aduan.db") if kind == "sqlite" else None
    events = [{"table": "jejak", "complaint": ["id"], "columns": {"text": "isi"}}]
    fill("CREATE TABLE jejak (id int, isi varchar(9)); INSERT INTO jejak VALUES (1, 'x')")
    spoken: list[str] = []

    def meanwhile(done: int, total: int | None) -> None:
        if not spoken:
            spoken.append(fill("INSERT INTO jejak VALUES (4, 'y')"))

    pieces = read(with_secret(url, streams={"complaints": STREAM | {"events": events}}), tmp_path, progress=meanwhile)
    assert spoken
    assert [len(piece.frame) for piece in pieces] == [3, 1]
    if keeper:
        keeper.close()


@pytest.mark.parametrize(
    "statement", [WRITTEN, "UPDATE laporan SET isi = 'x'", "DELETE FROM laporan", "DROP TABLE laporan"]
)
def test_the_session_cannot_write(database: Callable[[str], str], tmp_path: Path, statement: str) -> None:
    url = database(ROWS)
    with pytest.raises(ChannelError), server_of(with_secret(url), context(tmp_path)).snapshot() as connection:
        connection.exec_driver_sql(statement)
    assert len(frame(with_secret(url), tmp_path)) == 3


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_sqlite_file_is_left_as_it_was(sqlite: Callable[[str], str], tmp_path: Path, journal: str) -> None:
    url, path = sqlite(f"PRAGMA journal_mode = {journal};" + ROWS), tmp_path / "aduan.db"
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert len(frame(source(url), tmp_path)) == 3
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


# Faults


def test_a_server_that_is_away_is_asked_again_later(tmp_path: Path) -> None:
    for kind in ("mysql", "postgresql"):
        with pytest.raises(RetryError, match=r"127\.0\.0\.1:\d+/aduan: is away or busy"):
            extract(source(f"{kind}://pembaca@127.0.0.1:{free_port()}/aduan"), tmp_path)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # PyMySQL closes a cursor twice
@pytest.mark.server("mariadb")
def test_a_server_that_dies_while_it_is_read_is_asked_again_later(tmp_path: Path) -> None:
    with running_mariadb() as server:
        server.run("CREATE DATABASE aduan; USE aduan; CREATE TABLE laporan (id INT, isi VARCHAR(900));")
        server.run("INSERT INTO laporan SELECT seq, REPEAT('x', 900) FROM seq_1_to_60000", "aduan")

        def kill(done: int, total: int | None) -> None:
            for row in server.run("SELECT ID FROM information_schema.PROCESSLIST WHERE HOST <> 'localhost'").split():
                server.run(f"KILL {row}")

        with pytest.raises(RetryError, match="is away or busy"):
            extract(source(f"mysql://root@127.0.0.1:{server.port}/aduan"), tmp_path, progress=kill)


@pytest.mark.server("mariadb")
def test_a_wrong_password_names_the_secret_and_not_its_value(mariadb: Callable[[str], str], tmp_path: Path) -> None:
    url = mariadb(ROWS).replace("pembaca", "terbuka")
    with pytest.raises(ChannelError, match="refuses the login; check user terbuka and secret UJI_PASSWORD") as caught:
        extract(with_secret(url), tmp_path)
    assert "rahasia-uji" not in str(caught.value)


@pytest.mark.server("mariadb")
def test_a_missing_database_and_a_missing_right_are_said(
    mariadb: Callable[[str], str], mariadb_server: MariaDb, tmp_path: Path
) -> None:
    url = mariadb(ROWS)
    with pytest.raises(ChannelError, match="refuses the login"):
        extract(with_secret(url.replace("/aduan", "/aduhan")), tmp_path)
    mariadb_server.run("GRANT SELECT (id) ON aduan.laporan TO terbuka@'%'")
    with pytest.raises(ChannelError, match=r"has no column 'isi'|may not read"):
        extract(source(url.replace("pembaca", "terbuka")), tmp_path)


def test_postgres_says_whom_it_refuses_and_what_it_hides(postgres: Callable[[str], str], tmp_path: Path) -> None:
    url = postgres(ROWS + "DROP ROLE IF EXISTS tamu; CREATE ROLE tamu LOGIN; GRANT ALL ON SCHEMA public TO tamu")
    with pytest.raises(ChannelError, match="refuses the login; check user tiada, or name its password"):
        extract(source(url.replace("//postgres@", "//tiada@")), tmp_path)
    with pytest.raises(ChannelError, match="refuses the login"):
        extract(source(url + "tiada"), tmp_path)
    with pytest.raises(ChannelError, match="user tamu may not read all that is mapped; GRANT SELECT"):
        extract(source(url.replace("//postgres@", "//tamu@")), tmp_path)


def test_a_missing_table_is_named_with_the_nearest(database: Callable[[str], str], tmp_path: Path) -> None:
    url = database(ROWS)
    with pytest.raises(ChannelError, match=r"has no table 'laporn', or hides it .* did you mean 'laporan'\?"):
        extract(with_secret(url, streams={"complaints": STREAM | {"table": "laporn"}}), tmp_path)


def test_a_missing_column_is_named_with_the_nearest(database: Callable[[str], str], tmp_path: Path) -> None:
    url = database(ROWS)
    stream = STREAM | {"columns": {"text": "isii", "title": {"column": "judul", "optional": True}}}
    with pytest.raises(ChannelError, match=r"table 'laporan' has no column 'isii'; did you mean 'isi'\?"):
        extract(with_secret(url, streams={"complaints": stream}), tmp_path)


def test_tables_and_columns_are_found_whatever_their_case(postgres: Callable[[str], str], tmp_path: Path) -> None:
    url = postgres('CREATE TABLE "Laporan" ("ID" int, "Isi 100%%" text); INSERT INTO "Laporan" VALUES (1, $$a$$)')
    stream = STREAM | {"columns": {"text": "isi 100%"}}
    assert frame(source(url, streams={"complaints": stream}), tmp_path)["Isi 100%"].tolist() == ["a"]


def test_a_table_of_another_schema_is_named_with_it(postgres: Callable[[str], str], tmp_path: Path) -> None:
    url = postgres(ROWS + "CREATE SCHEMA arsip; CREATE VIEW arsip.laporan AS SELECT 9 AS id, 'lama'::text AS isi")
    stream = STREAM | {"table": "arsip.laporan"}
    assert frame(source(url, streams={"complaints": stream}), tmp_path)["isi"].tolist() == ["lama"]
    assert len(frame(source(url), tmp_path)) == 3


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "aduan.db").write_bytes(b"bukan basis data" * 100)
    with pytest.raises(ChannelError, match=r"sqlite aduan.db: is no SQLite database, or a damaged one"):
        extract(source("sqlite:///aduan.db"), tmp_path)
    with pytest.raises(ChannelError, match="no such file"):
        extract(source("sqlite:///tiada.db"), tmp_path)
    with pytest.raises(ChannelError, match="may not climb out"):
        extract(source("sqlite:///../aduan.db"), tmp_path)


def test_a_damaged_file_stops_the_channel(sqlite: Callable[[str], str], tmp_path: Path) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    url = sqlite(ROWS + f"INSERT INTO laporan {many} SELECT i, hex(randomblob(45)) FROM n")
    path = tmp_path / "aduan.db"
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(ChannelError, match="is no SQLite database, or a damaged one"):
        extract(source(url), tmp_path)


def test_a_locked_file_is_read_later(
    sqlite: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sql_sqlite.CONNECT_SECONDS", 0.1)
    url = sqlite(ROWS)
    with sqlite3.connect(tmp_path / "aduan.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RetryError, match="is locked by another program"):
            extract(source(url), tmp_path)
    other.close()


@pytest.mark.server("mariadb")
def test_tls_that_is_asked_for_is_not_done_without(mariadb: Callable[[str], str], tmp_path: Path) -> None:
    url = mariadb(ROWS)
    with pytest.raises(ChannelError, match="offers no encrypted connection that can be trusted"):
        extract(with_secret(url, tls=True), tmp_path)


def test_tls_is_not_done_without_on_postgres(postgres: Callable[[str], str], tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="offers no encrypted connection that can be trusted"):
        extract(source(postgres(ROWS), tls=True), tmp_path)


@pytest.mark.server("mariadb")
def test_the_address_of_a_rehearsal_replaces_host_and_port(mariadb: Callable[[str], str], tmp_path: Path) -> None:
    url = mariadb(ROWS)
    port = url.rsplit(":", 1)[1].split("/")[0]
    got = frame(with_secret("mysql://pembaca@db.invalid/aduan"), tmp_path, address=f"mysql://127.0.0.1:{port}")
    assert len(got) == 3


def test_a_secret_that_is_not_set_stops_the_run(tmp_path: Path) -> None:
    def unset(name: str) -> str:
        raise RunError(f"secret {name} is not set")

    where = Context(channel="uji", sources_dir=tmp_path, secret=unset)
    with pytest.raises(RunError, match="UJI_PASSWORD"):
        SqlReader().extract(with_secret("mysql://a@127.0.0.1/b"), ArchiveWriter(tmp_path / "a", KEYS), where)


# Remarks


@pytest.mark.server("mariadb")
def test_a_table_without_snapshots_and_times_in_utc_are_told(mariadb: Callable[[str], str], tmp_path: Path) -> None:
    url = mariadb("CREATE TABLE laporan (id INT, isi TEXT, dibuat TIMESTAMP, diubah TIMESTAMP NULL) ENGINE = MyISAM")
    zone = {"column": "diubah", "time_zone": "UTC"}
    stream = STREAM | {"columns": {"text": "isi", "submitted_at": "dibuat", "closed_at": zone}}
    (piece,) = read(with_secret(url, streams={"complaints": stream}), tmp_path)
    assert piece.problems == (
        "laporan: its engine knows no snapshot; rows may change while they are read",
        "laporan: dibuat comes in UTC; say so in the channel file (time_zone: UTC)",
    )
