"""One channel through the real stages, without the orchestrator: what a hostile source gets to see of us."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from openpyxl import Workbook
from ruamel.yaml import YAML

from flows import stages
from flows.site import Site
from satukanal.store import read, runs
from satukanal.store.publish import Published
from schemas.codes import RunStatus

FIELDS = {
    "old_numbers": "tiket", "title": "judul", "text": "isi", "submitted_at": "tanggal", "status": "status",
    "category": "kategori", "agency": "opd", "district": "kecamatan", "village": "kelurahan", "location": "lokasi",
    "latitude": "lat", "longitude": "lng", "reporter_name": "nama", "reporter_nik": "nik", "reporter_phone": "telp",
    "reporter_email": "email", "reporter_address": "alamat", "reporter_account": "akun", "attachments": "foto",
    "status_reason": "alasan", "type": "jenis", "sp4n_id": "sp4n",
}  # fmt: skip
EVENT_FIELDS = {"occurred_at": "waktu", "actor": "petugas", "status": "status_baru", "text": "tanggapan"}
COLUMNS = ("id", *FIELDS.values())
EVENT_COLUMNS = ("id", "laporan", *EVENT_FIELDS.values())
STREAM = {
    "table": "laporan",
    "key": ["id"],
    "columns": FIELDS,
    "events": [{"table": "tanggapan", "complaint": ["laporan"], "key": ["id"], "columns": EVENT_FIELDS}],
}


@dataclass(frozen=True)
class Outcome:
    """What became of a load: what was published, its report's HTML and numbers."""

    published: Published
    html: str
    report: dict[str, Any]


def channel_file(folder: Path, source: dict[str, Any], **more: Any) -> Path:
    """Write a channel file ``uji.yaml`` with one source that carries complaints and their answers."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "id": "uji",
        "title": "Kanal uji",
        "government": "kota-depok",
        "owner": "diskominfo",
        "region": "32.76",
        "time_zone": "Asia/Jakarta",
        "live": True,
        "streams": {"complaints": {"title": "Laporan"}},
        "sources": {"sumber": {"streams": {"complaints": STREAM}} | source},
        "codes": {"status": {"baru": "unverified"}},
        "date_formats": ["%Y-%m-%d %H:%M:%S"],
    }
    path = folder / "uji.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(told | more, file)
    return path


def dump(*rows: dict[str, str], answers: tuple[dict[str, str], ...] = ()) -> bytes:
    """A MySQL dump of complaints and answers, each value escaped as mysqldump does."""
    parts = []
    for table, columns, records in (("laporan", COLUMNS, rows), ("tanggapan", EVENT_COLUMNS, answers)):
        listed = ", ".join(f"`{c}`" for c in columns)
        parts.append(f"CREATE TABLE `{table}` (" + ", ".join(f"`{c}` longtext" for c in columns) + ");")
        for record in records:
            values = ", ".join(_quoted(record.get(c)) for c in columns)
            parts.append(f"INSERT INTO `{table}` ({listed}) VALUES ({values});")
    return ("SET NAMES utf8mb4;\n" + "\n".join(parts) + "\n").encode("utf-8")


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\0", "\\0"), ("\n", "\\n"), ("\x1a", "\\Z")):
        value = value.replace(plain, escaped)
    return f"'{value}'"


def workbook(path: Path, *rows: dict[str, Any]) -> None:
    """An XLSX file with the sheets of complaints and (empty) answers."""
    book = Workbook()
    del book["Sheet"]
    for table, columns, records in (("laporan", COLUMNS, rows), ("tanggapan", EVENT_COLUMNS, ())):
        sheet = book.create_sheet(table)
        sheet.append(columns)
        for record in records:
            sheet.append([record.get(c) for c in columns])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def consolidate(site: Site) -> Outcome:
    """Extract, transform, check, load, match, reconcile, report: every stage of the channel ``uji``."""
    file = site.channel("uji")
    runs.save_reference(site.store, site.reference(), file.channel.government)
    runs.register_channel(site.store, file.channel, file.sha256, "tester")
    run_id = runs.begin_run(site.store, file.channel.government, "tester", "0")
    load_id = runs.begin_load(site.store, run_id, file.channel, file.sha256, "sumber", "tester")
    stages.extract(site, "uji", load_id, full=False)
    stages.transform(site, "uji", load_id)
    stages.check_quality(site, "uji", load_id)
    published = stages.load(site, "uji", load_id)
    stages.match_run(site, run_id)
    balanced = stages.reconcile_run(site, run_id)
    runs.finish_run(site.store, run_id, RunStatus.COMPLETE, balanced=balanced)
    path = stages.write_report(site, run_id)
    told = orjson.loads(path.with_suffix(".json").read_bytes())
    assert read.summary(site.store, run_id)["run_id"] == run_id
    return Outcome(published, path.read_text(encoding="utf-8"), told)
