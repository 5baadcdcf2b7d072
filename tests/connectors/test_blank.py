"""Blanking: of three people's records one is emptied in the archived bytes, and the others are read as they were."""

import gzip
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from connectors.archive import Archive, ArchiveWriter, rewrite
from connectors.base import Context
from connectors.blank import Blanking, Mine
from connectors.blankers import BLANKERS
from connectors.readers import READERS
from schemas.channel import Channel
from tests.connectors.file_sources import KEYS
from tests.connectors.test_sheet_books import biff, ods

PHONE = "081200000017"
PATTERN = re.compile(r"(?<![0-9])0?8[ .\-]{0,2}1[ .\-]{0,2}2(?:[ .\-]{0,2}0){6}[ .\-]{0,2}17(?![0-9])")
HEAD = ["id", "nama", "telp", "isi"]
ROWS = [
    ["1", "Siti Contoh", "081200000018", 'Lampu jalan; mati, "gelap"'],
    ["2", "Budi Contoh", PHONE, "Jalan 'rusak'\ndi depan rumah"],
    ["3", "Ani Contoh", "081200000019", f"Tetangga ({PHONE}) membuang sampah"],
]
LOOK = {"table": "aduan", "key": ["id"], "columns": {"text": "isi", "reporter_name": "nama", "reporter_phone": "telp"}}
CHANNEL = {
    "id": "lapak", "title": "Lapak", "government": "kota-depok", "owner": "diskominfo", "region": "32.76",
    "time_zone": "Asia/Jakarta", "live": True, "streams": {"complaints": {"title": "Aduan"}},
}  # fmt: skip


def sql_text() -> bytes:
    def quoted(cell: str) -> str:
        escaped = cell.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{escaped}'"

    values = ",".join(f"({row[0]}, {', '.join(map(quoted, row[1:]))})" for row in ROWS)
    people = ", ".join(f"('{row[2]}', '{row[1]}')" for row in ROWS)
    return (
        "CREATE TABLE `aduan` (`id` int, `nama` text, `telp` text, `isi` text);\n"
        f"INSERT INTO `aduan` VALUES {values};\nINSERT INTO `warga` (`telp`, `nama`) VALUES {people};\n"
    ).encode()


def xlsx() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.title = "aduan"
    for row in (HEAD, *ROWS):
        sheet.append(row)
    book.create_sheet("lain").append(["Budi Contoh", "tetap"])
    book.save(out)
    return out.getvalue()


def csv_text() -> bytes:
    lines = [";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in (HEAD, *ROWS)]
    return "\r\n".join(lines).encode("utf-8-sig")


def page() -> bytes:
    rows = ["".join(f"<td>{cell.replace(chr(10), '<br>')}</td>" for cell in row) for row in (HEAD, *ROWS)]
    cells = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<html><body><table border=1>{cells}</table></body></html>".encode()


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(name, content)
    return out.getvalue()


def objects() -> list[dict[str, Any]]:
    return [dict(zip(HEAD, row, strict=True)) for row in ROWS]


def database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE aduan (id INTEGER PRIMARY KEY, nama TEXT, telp TEXT, isi TEXT)")
    connection.executemany("INSERT INTO aduan VALUES (?, ?, ?, ?)", ROWS)
    connection.commit()
    connection.close()


SHEET = {"reader": "sheet", "path": "a/*"}
JSON: dict[str, Any] = {"reader": "json", "path": "a/*", "tables": {"aduan": {}}}
SOURCES: dict[str, tuple[dict[str, Any], str, Callable[[], bytes] | None]] = {
    "mysqldump": ({"reader": "mysqldump", "path": "a/*"}, "a.sql", sql_text),
    "mysqldump gz": ({"reader": "mysqldump", "path": "a/*"}, "a.sql.gz", lambda: gzip.compress(sql_text())),
    "mysqldump zip": ({"reader": "mysqldump", "path": "a/*"}, "a.zip", lambda: zipped("dump/a.sql", sql_text())),
    "mysqldump UTF-16": ({"reader": "mysqldump", "path": "a/*"}, "a.sql", lambda: sql_text().decode().encode("utf-16")),
    "xlsx": (SHEET, "a.xlsx", xlsx),
    "csv": (SHEET, "aduan.csv", csv_text),
    "tsv UTF-16": (SHEET, "aduan.csv", lambda: csv_text().decode("utf-8-sig").replace(";", "\t").encode("utf-16")),
    "page": (SHEET, "a.xls", page),
    "json": (JSON, "a.json", lambda: json.dumps(objects()).encode()),
    "json lines": (JSON, "a.ndjson", lambda: b"\n".join(json.dumps(one).encode() for one in objects())),
    "sql": ({"reader": "sql", "url": "sqlite:///a/a.db"}, "a.db", None),
}  # fmt: skip


def archived(folder: Path, kind: str) -> tuple[Any, Archive]:
    told, name, made = SOURCES[kind]
    (folder / "sources" / "a").mkdir(parents=True)
    path = folder / "sources" / "a" / name
    path.write_bytes(made()) if made else database(path)
    whole = CHANNEL | {"sources": {"a": told | {"streams": {"complaints": LOOK}}}}
    source = Channel.model_validate(whole).sources["a"]
    writer = ArchiveWriter(folder / "archive", KEYS)
    READERS[source.reader].extract(source, writer, Context("lapak", folder / "sources", lambda _: ""))
    return source, writer.finish()


def records(source: Any, archive: Archive) -> dict[str, Mine]:
    frames = [
        raw.frame for raw in READERS[source.reader].parse(source, archive) if raw.table == "aduan" and len(raw.frame)
    ]
    found = {}
    for row in pd.concat(frames).to_dict("records"):
        cells = {str(n): str(c) for n, c in row.items() if not str(n).startswith("_") and not pd.isna(c)}
        found[cells["id"]] = Mine(row["_object"], row["_position"], cells)
    return found


@pytest.mark.parametrize("kind", list(SOURCES))
def test_one_record_is_emptied_and_the_others_stay(tmp_path: Path, kind: str) -> None:
    source, archive = archived(tmp_path, kind)
    before = records(source, archive)
    assert [before[n].cells["nama"] for n in "123"] == [row[1] for row in ROWS]
    what = Blanking((before["2"],), frozenset({"id"}), PATTERN, frozenset({"nama", "telp", "isi"}))
    fresh = dict(BLANKERS[source.reader](source, archive, what))
    blanked = rewrite(archive, tmp_path / "blanked", fresh)
    after = records(source, blanked)
    assert after["1"] == before["1"]
    third = before["3"].cells | {"isi": before["3"].cells["isi"].replace(PHONE, "*" * len(PHONE))}
    assert after["3"].cells == third
    assert after["3"].position == before["3"].position
    assert {cell.strip() for name, cell in after["2"].cells.items() if name != "id"} <= {""}
    for entry in blanked.entries:
        for plain in unpacked(blanked.read(entry.name)):
            assert PHONE not in plain
            assert "rusak" not in plain
    if kind.startswith("mysqldump"):
        assert not any("Budi" in plain for e in blanked.entries for plain in unpacked(blanked.read(e.name)))
    assert [e.origin.get("rewritten") for e in blanked.entries if e.name in fresh] == [
        e.sha256 for e in archive.entries if e.name in fresh
    ]


PERSONS = """CREATE TABLE `pengaduan` (`id` int, `nik` char(16), `isi` text);
CREATE TABLE `masyarakat` (`nik` char(16), `nama` text, `telp` text);
INSERT INTO `pengaduan` VALUES (1,'3272010101900001','Lampu mati'),(2,'3272010101900017','Jalan rusak');
INSERT INTO `masyarakat` VALUES ('3272010101900001','Siti Contoh','081200000018');
INSERT INTO `masyarakat` VALUES ('3272010101900017','Budi Contoh','081200000017');
"""
BY_NIK = {
    "table": "pengaduan", "key": ["id"], "columns": {"text": "isi", "reporter_name": "nama", "reporter_nik": "nik"},
    "lookups": {"nik": {"table": "masyarakat", "key": "nik", "columns": {"nama": "nama", "telp": "telp"}}},
}  # fmt: skip


@pytest.mark.parametrize("reader", ["mysqldump", "sql"])
def test_a_name_that_a_look_up_tells_is_emptied_where_it_stands(tmp_path: Path, reader: str) -> None:
    """As in the many applications that keep citizens in a table of their own."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.sql").write_text(PERSONS)
    with sqlite3.connect(tmp_path / "sources" / "a.db") as connection:
        connection.executescript(PERSONS)
    connection.close()
    told = {"mysqldump": {"path": "a.sql"}, "sql": {"url": "sqlite:///a.db"}}[reader]
    whole = CHANNEL | {"sources": {"a": {"reader": reader, **told, "streams": {"complaints": BY_NIK}}}}
    source = Channel.model_validate(whole).sources["a"]
    writer = ArchiveWriter(tmp_path / "archive", KEYS)
    READERS[reader].extract(source, writer, Context("lapak", tmp_path / "sources", lambda _: ""))
    archive = writer.finish()

    def read(of: Archive) -> dict[str, Mine]:
        frame = pd.concat([raw.frame for raw in READERS[reader].parse(source, of) if len(raw.frame)])
        return {
            row["id"]: Mine(row["_object"], row["_position"], {str(n): c for n, c in row.items() if isinstance(c, str)})
            for row in frame.to_dict("records")
        }

    before = read(archive)
    assert before["2"].cells["nama"] == "Budi Contoh"
    mine = Mine(
        before["2"].object, before["2"].position, {n: c for n, c in before["2"].cells.items() if not n.startswith("_")}
    )
    pattern = re.compile("3272010101900017|081200000017")
    what = Blanking((mine,), frozenset({"id"}), pattern, frozenset({"nama", "nik", "telp", "isi"}))
    blanked = rewrite(archive, tmp_path / "blanked", dict(BLANKERS[reader](source, archive, what)))
    assert read(blanked)["1"].cells == before["1"].cells
    for entry in blanked.entries:
        for plain in unpacked(blanked.read(entry.name)):
            assert not {word for word in ("Budi", "rusak", "0017") if word in plain}


def unpacked(content: bytes) -> list[str]:
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return [packed.read(name).decode("utf-8", "replace") for name in packed.namelist()]
    return [content.decode("utf-8", "replace"), content.decode("utf-16-le", "replace")]


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_workbooks_that_nobody_writes_in_place_come_back_as_xlsx(tmp_path: Path, kind: str) -> None:
    rows = [["id", "isi"], ["7", "jalan rusak"], ["8", "lampu mati"]]
    content = biff(*rows) if kind == "xls" else ods(*rows)  # type: ignore[arg-type]
    writer = ArchiveWriter(tmp_path / "archive", KEYS)
    writer.write("a", [content], {"path": "a"})
    archive = writer.finish()
    (name,) = openpyxl_sheets(content)
    mapping = {"table": name, "key": ["id"], "columns": {"text": "isi"}}
    whole = CHANNEL | {"sources": {"a": {"reader": "sheet", "path": "a", "streams": {"complaints": mapping}}}}
    source = Channel.model_validate(whole).sources["a"]

    def read(of: Archive) -> list[dict[str, Any]]:
        (frame,) = [raw.frame for raw in READERS["sheet"].parse(source, of)]
        return list(frame.to_dict("records"))

    first, second = read(archive)
    what = Blanking((Mine("a", first["_position"], {"id": "7", "isi": "jalan rusak"}),), frozenset({"id"}), None)
    blanked = rewrite(archive, tmp_path / "blanked", dict(BLANKERS["sheet"](source, archive, what)))
    third, fourth = read(blanked)
    assert fourth == second
    assert third["id"] == "7"
    assert pd.isna(third["isi"])


def openpyxl_sheets(content: bytes) -> list[str]:
    import python_calamine

    return list(python_calamine.load_workbook(io.BytesIO(content)).sheet_names)
