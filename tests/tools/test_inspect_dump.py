"""What lies in a source is shown to a person without showing a citizen, and dumped whole to a machine."""

import base64
import gzip
import io
import json
import random
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import tool_sources
from openpyxl import Workbook
from typer.testing import CliRunner, Result

from satukanal.cli import app

runner = CliRunner()


def call(*arguments: object) -> Result:
    return runner.invoke(app, ["channels", *map(str, arguments)], env={"COLUMNS": "160"})


def inspected(path: Path | str) -> dict[str, Any]:
    result = call("inspect", path, "--json")
    assert result.exit_code == 0, result.stderr
    told: dict[str, Any] = orjson.loads(result.stdout)
    return told


def test_the_json_is_as_the_interface_says(tmp_path: Path) -> None:
    tool_sources.school_dump(tmp_path / "sekolah.sql")
    told = inspected(tmp_path / "sekolah.sql")
    assert list(told) == ["format", "encoding", "tables", "problems"]
    assert (told["format"], told["encoding"], told["problems"]) == ("MySQL dump", "utf-8", [])
    tables = {table["name"]: table for table in told["tables"]}
    assert {name: table["rows"] for name, table in tables.items()} == {
        "masyarakat": 60,
        "kategori": 4,
        "pengaduan": 60,
        "petugas": 2,
        "tanggapan": tables["tanggapan"]["rows"],
    }
    first = tables["kategori"]["columns"][1]
    assert first == {
        "name": "nama_kategori",
        "type": "varchar(50)",
        "nulls": 0,
        "examples": ["Air Bersih", "Jalan Rusak", "Penerangan Jalan"],
    }


def test_rows_are_those_that_a_server_would_hold_after_replace_and_ignore(tmp_path: Path) -> None:
    (tmp_path / "ganti.sql").write_text(
        "CREATE TABLE aduan (id int PRIMARY KEY, isi text);\n"
        "INSERT INTO aduan VALUES (1,'jalan rusak parah'),(2,'lampu mati total');\n"
        "REPLACE INTO aduan VALUES (2,'lampu sudah menyala');\nINSERT IGNORE INTO aduan VALUES (1,'tidak masuk');\n"
    )
    (table,) = inspected(tmp_path / "ganti.sql")["tables"]
    assert table["rows"] == 2


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("sekolah.sql", tool_sources.school_dump), ("kelurahan.csv", tool_sources.kelurahan_csv),
        ("laravel.db", tool_sources.laravel_sqlite), ("sp4n.csv", tool_sources.sp4n_export),
        ("ekspor.xls", tool_sources.html_xls),
    ],
)  # fmt: skip
def test_nobody_is_seen_on_the_terminal(
    name: str, write: Callable[[Path], tool_sources.Citizens], tmp_path: Path
) -> None:
    people = write(tmp_path / name)
    for arguments in (("inspect",), ("inspect", "--json")):
        result = call(arguments[0], tmp_path / name, *arguments[1:])
        assert result.exit_code == 0
        assert [value for value in people.planted if value in result.stdout + result.stderr] == []
        assert "progress" not in result.stdout


def test_dump_gives_strings_nulls_and_bytes(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "aduan.db")
    base.execute("CREATE TABLE aduan (id INTEGER, isi TEXT, foto BLOB)")
    base.executemany("INSERT INTO aduan VALUES (?,?,?)", [(1, "jalan rusak", b"\xff\x00"), (2, None, None)])
    base.commit()
    base.close()
    result = call("dump", tmp_path / "aduan.db", "--table", "ADUAN")
    assert [orjson.loads(line) for line in result.stdout.splitlines()] == [
        {"id": "1", "isi": "jalan rusak", "foto": {"base64": base64.b64encode(b"\xff\x00").decode()}},
        {"id": "2", "isi": None, "foto": None},
    ]
    assert result.stderr.count("in clear") == 1
    assert len(call("dump", tmp_path / "aduan.db", "--table", "aduan", "--limit", 1).stdout.splitlines()) == 1


def test_a_wrong_table_is_answered_with_those_that_are_there(tmp_path: Path) -> None:
    tool_sources.school_dump(tmp_path / "sekolah.sql", 5)
    result = call("dump", tmp_path / "sekolah.sql", "--table", "aduan")
    assert result.exit_code == 2
    assert "there is no table 'aduan'; there are 'masyarakat', 'kategori', 'pengaduan'" in result.stderr


def test_headers_below_a_letterhead_are_found(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["PEMERINTAH KOTA"], ["Rekap aduan"], [], ["Tiket", "Isi Aduan", "Status"]):
        sheet.append(row)
    for number in range(1, 9):
        sheet.append([f"A-{number}", "Lampu jalan mati di depan gang", "Selesai"])
    book.save(tmp_path / "rekap.xlsx")
    (table,) = inspected(tmp_path / "rekap.xlsx")["tables"]
    assert (table["rows"], [column["name"] for column in table["columns"]]) == (8, ["Tiket", "Isi Aduan", "Status"])


def test_a_folder_is_looked_into_file_by_file_and_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "kiriman"
    folder.mkdir()
    tool_sources.school_dump(folder / "sekolah.sql", 5)
    tool_sources.kelurahan_csv(folder / "kelurahan.csv", 5)
    (folder / "kosong.csv").write_bytes(b"")
    told = inspected(folder)
    assert {"pengaduan", "kelurahan"} <= {table["name"] for table in told["tables"]}
    assert any("kosong.csv: is empty" in problem for problem in told["problems"])


def test_packed_dumps_and_chats_are_known_by_content(tmp_path: Path) -> None:
    tool_sources.school_dump(tmp_path / "a.sql", 5)
    (tmp_path / "cadangan").write_bytes(gzip.compress((tmp_path / "a.sql").read_bytes()))
    assert inspected(tmp_path / "cadangan")["format"] == "MySQL dump, gzip"
    chat = "20/08/24 14.30 - Sekar Purwacitra: Lampu mati pak\n21/08/24 14.31 - Bagas Sanjayana: Jalan rusak bu\n"
    (tmp_path / "chat.txt").write_text(chat, encoding="utf-8")
    result = call("inspect", tmp_path / "chat.txt", "--json")
    assert orjson.loads(result.stdout)["tables"][0]["rows"] == 2
    assert "Sekar" not in result.output


def test_a_cut_off_dump_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    tool_sources.school_dump(tmp_path / "utuh.sql")
    content = (tmp_path / "utuh.sql").read_bytes()
    (tmp_path / "putus.sql").write_bytes(content[: len(content) // 2])
    told = inspected(tmp_path / "putus.sql")
    assert any("cut off" in problem for problem in told["problems"])


def zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def locked_workbook() -> bytes:
    """The container in which Office keeps an encrypted workbook, with one empty stream ([MS-CFB])."""

    def entry(name: str, kind: int, child: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return head + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)

    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 4 * 108
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    return head + table + entry("Root Entry", 5, 1) + entry("EncryptedPackage", 2, 0xFFFFFFFF) + bytes(256)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("kosong.sql", b"", "is empty"),
        ("acak.sql", random.Random(4).randbytes(4000), "satukanal: "),
        ("terkunci.xlsx", locked_workbook(), "is locked with a password"),
        ("putus.xlsx", b"PK\x03\x04\x14\x00xl/workbook.xml" + bytes(200), "is no workbook that can be read"),
        ("putus.zip", b"PK\x03\x04", "cut off or damaged"),
        ("putus.db", b"SQLite format 3\0" + bytes(300), "is no SQLite database, or a damaged one"),
        ("surat.pdf", b"%PDF-1.7 x", "is a picture, a document or a program"),
        ("pg.sql", b"-- PostgreSQL database dump\n", "is a dump of PostgreSQL"),
        ("catatan.txt", b"Halo, ini surat.\nTerima kasih, salam.\n", "holds no table"),
        ("data.json", json.dumps({"nama": "Sekar Purwacitra"}).encode(), "is JSON without a list of objects"),
        ("data.zip", zipped("data.json", b'{"nama": "Sekar'), "is JSON without a list of objects"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "scaffold"])
def test_hostile_files_are_one_clear_line(command: str, name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    result = call(command, tmp_path / name)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert said in line
    assert "Sekar" not in line


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("tidak-ada.sql", "no such file or folder"),
        ("oracle://u@h/d", "no reader for this kind of database"),
        ("mysql://u@/", "is no address of a database"),
    ],
)
def test_what_cannot_be_looked_into_is_one_line(source: str, said: str) -> None:
    result = call("inspect", source)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    for command in ("inspect", "scaffold"):
        result = call(command, "mysql+pymysql://u:s3cr3t-uji@127.0.0.1:1/aduan")
        assert result.exit_code == 2
        assert "take it out, set SATUKANAL_SECRET_ADUAN_PASSWORD" in result.stderr
        assert "s3cr3t-uji" not in result.output


def test_a_server_that_is_away_is_three() -> None:
    result = call("inspect", "mysql+pymysql://u@127.0.0.1:1/aduan")
    assert result.exit_code == 3
    assert "is away or busy" in result.stderr


def test_scaffold_never_writes_over_a_file(tmp_path: Path) -> None:
    tool_sources.school_dump(tmp_path / "sekolah.sql", 5)
    out = tmp_path / "kanal" / "lapak.yaml"
    first = call("scaffold", tmp_path / "sekolah.sql", "--out", out)
    assert (first.exit_code, first.stdout.strip()) == (0, str(out))
    assert "id: lapak" in out.read_text(encoding="utf-8")
    second = call("scaffold", tmp_path / "sekolah.sql", "--out", out)
    assert second.exit_code == 2
    assert "is there already" in second.stderr
    told = orjson.loads(call("scaffold", tmp_path / "sekolah.sql", "--json").stdout)
    assert (told["table"], told["path"]) == ("pengaduan", None)
    assert any("EDIT" in line for line in told["edits"])
