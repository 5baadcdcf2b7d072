"""Two sources of one channel meet on the same keys: pages scraped today, the vendor's dump tomorrow, one history."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from flows.site import open_existing
from flows.verify import verify
from schemas.store import complaint_event, id_crosswalk, submission, submission_version
from tests.flows.conftest import Demo

MONTHS = ("jan", "feb peb", "mar", "apr", "mei", "jun", "jul", "agu ags agt", "sep", "okt", "nov nop", "des")
MONTH = {word: number for number, words in enumerate(MONTHS, 1) for word in words.split()}

DUMP = """    reader: mysqldump
    path: sitanggap/vendor.sql
    attachments: {folder: sitanggap}
    streams:
      complaints:
        table: aduan
        key: [nomor]
        columns:
          old_numbers: nomor
          title: judul
          text: isi
          submitted_at: tanggal
          incident_at: kejadian
          version_at: diperbarui
          status: nama_status
          category: kategori
          agency: opd
          district: kecamatan
          village: kelurahan
          location: lokasi
          reporter_name: nama
          reporter_nik: nik
          reporter_phone: hp
          reporter_address: alamat
          is_anonymous: {column: rahasiakan, "true": ["1"]}
          attachments: lampiran
        ignore: [id, status, sumber]
        lookups:
          status: {table: m_status, key: id, columns: {nama: nama_status}}
        events:
          - table: tanggapan
            complaint: [nomor]
            key: [id]
            columns: {occurred_at: waktu, actor: petugas, status: nama_status, text: isi}
            ignore: [aduan_id, status]
            lookups:
              aduan_id: {table: aduan, key: id, columns: {nomor: nomor}}
              status: {table: m_status, key: id, columns: {nama: nama_status}}
"""


def stored(text: str | None, *, seconds: int = 0) -> str | None:
    """A date as the page shows it, as the application's table holds it."""
    found = re.match(r"(\d+) (\w{3})\w* (\d{4})(?: (\d\d):(\d\d)(?::(\d\d))?)?$", text or "")
    if found is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    at = datetime(
        int(year), MONTH[month.casefold()], int(day), int(hour or 0), int(minute or 0), int(second or seconds)
    )
    return f"{at:%Y-%m-%d %H:%M:%S}" if hour else f"{at:%Y-%m-%d}"


def quoted(value: Any) -> str:
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def table(name: str, rows: list[dict[str, Any]]) -> str:
    columns = ", ".join(f"`{column}` text" for column in rows[0])
    values = ",\n".join(f"({', '.join(map(quoted, row.values()))})" for row in rows)
    return f"CREATE TABLE `{name}` ({columns});\nINSERT INTO `{name}` VALUES {values};\n"


def write_dump(folder: Path) -> int:
    """What the vendor's database holds of what the site shows; returns how many answers there are."""
    shown = orjson.loads((folder / "aduan.json").read_bytes())
    states = sorted(
        {row["status"] for row in shown} | {a["status"] for row in shown for a in row["tanggapan"]} - {None}
    )
    number = {state: n for n, state in enumerate(states, 1)}
    plain = ("judul", "isi", "kategori", "opd", "kecamatan", "kelurahan", "lokasi", "nama", "nik", "hp", "alamat")
    rows = [
        {
            "id": row["id"], "nomor": row["nomor"], **{name: row[name] for name in plain},
            "tanggal": stored(row["tanggal"], seconds=37), "kejadian": stored(row["kejadian"]) or "--",
            "diperbarui": stored(row["diperbarui"]), "status": number[row["status"]], "sumber": row["sumber"],
            "rahasiakan": int(row["rahasiakan"] == "Ya"), "lampiran": row["lampiran"],
        }
        for row in shown
    ]  # fmt: skip
    answers = [
        {
            "id": int(one["id"].rsplit("-")[-1]), "aduan_id": row["id"], "waktu": stored(one["waktu"]),
            "petugas": one["petugas"], "isi": one["isi"], "status": number.get(one["status"]),
        }
        for row in shown for one in row["tanggapan"]
    ]  # fmt: skip
    named = [{"id": n, "nama": state} for state, n in number.items()]
    text = table("m_status", named) + table("aduan", rows) + table("tanggapan", answers)
    (folder / "vendor.sql").write_text(text, encoding="utf-8")
    return len(answers)


def history(channel: str) -> dict[str, Any]:
    """What a citizen or an auditor could hold against it later."""
    s, v, x, e = submission, submission_version, id_crosswalk, complaint_event
    mine = sa.select(s.c.submission_uid).where(s.c.channel == channel)
    asked = {
        "submissions": sa.select(s.c.submission_uid, s.c.key, s.c.version_no, s.c.complaint_uid, s.c.withdrawn_at),
        "versions": sa.select(v.c.submission_uid, v.c.version_no, v.c.content_hash, v.c.submitted_at),
        "crosswalk": sa.select(x.c.submission_uid, x.c.old_number),
        "answers": sa.select(e.c.submission_uid, e.c.event_uid, e.c.version_no, e.c.content_hash),
    }
    with open_existing() as site, site.store.reading() as connection:
        return {
            name: sorted(connection.execute(query.where(query.selected_columns[0].in_(mine))).tuples().all(), key=repr)
            for name, query in asked.items()
        }


def test_pages_today_and_the_vendors_dump_tomorrow_are_one_history(demo: Demo) -> None:
    before = history("sitanggap")
    answers = write_dump(demo.sources / "sitanggap")
    assert len(before["answers"]) == answers > 20
    path = demo.channels / "sitanggap.yaml"
    text = path.read_text()
    assert "\nsources:\n  admin:\n" in text
    path.write_text(text.replace("\nsources:\n  admin:\n", f"\nsources:\n  dump:\n{DUMP}  admin:\n", 1))

    told = demo.run("sitanggap")["channels"]["sitanggap"]
    assert (told["error"], told["schema_drift"]) == (None, [])
    assert (told["inserted"], told["updated"], told["withdrawn"]) == (0, 0, 0)
    assert told["accepted"] == told["unchanged"] == len(before["submissions"])
    assert history("sitanggap") == before

    path.write_text(text)  # and back to the pages, which the vendor has not closed yet
    told = demo.run("sitanggap")["channels"]["sitanggap"]
    assert (told["inserted"], told["updated"], told["withdrawn"]) == (0, 0, 0)
    assert history("sitanggap") == before
    with open_existing() as site:
        assert verify(site, None)["problems"] == []


def test_what_changed_since_comes_by_either_source(demo: Demo) -> None:
    folder, path = demo.sources / "sitanggap", demo.channels / "sitanggap.yaml"

    def close_one(rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if row["status"] not in ("Selesai", "Bukan Kewenangan"))
        row.update(status="Selesai", diperbarui="1 Desember 2025 08:00:00")

    demo.edit_json("sitanggap", close_one)
    write_dump(folder)
    text = path.read_text()
    path.write_text(text.replace("\nsources:\n  admin:\n", f"\nsources:\n  dump:\n{DUMP}  admin:\n", 1))
    assert demo.run("sitanggap")["channels"]["sitanggap"]["updated"] == 1
    changed = history("sitanggap")
    path.write_text(text)
    assert demo.run("sitanggap")["channels"]["sitanggap"]["updated"] == 0
    assert history("sitanggap") == changed
