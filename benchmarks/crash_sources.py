"""The sample sources some weeks later: in every channel records were updated, one is gone, some are new, with answers.

How many change is fixed, and which follows from their order: equal sources change equally.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from openpyxl import load_workbook

Row = dict[str, Any]
_TEXT = "Pagar taman bermain roboh dan membahayakan anak-anak"
_CALL = {"UID": "112-2026-999999", "WAKTU LAPOR": "05-01-2026 08:00:00", "TIPE LAPORAN": "Information",
         "KATEGORI": "PJU", "DESKRIPSI": "Lampu jalan padam di depan balai warga", "STATUS": "Open"}  # fmt: skip
_COUNTED_CALLS = {"Emergency", "Information"}
_COUNTED_KINDS = {"PJU", "POHON", "BANJIR", "JALAN", "SAMPAH", "PARKIR", "AIR", "KETERTIBAN"}


def write_changed(sources: Path, changed: Path) -> None:
    """Copy the samples below ``sources`` to ``changed`` and change them there. Raises ``ValueError`` if too few."""
    shutil.copytree(sources, changed)
    _change_json(changed / "sigap" / "laporan.json", _change_sigap)
    _change_json(changed / "sitanggap" / "aduan.json", _change_sitanggap)
    _change_dump(changed / "super" / "super.sql")
    _change_workbook(changed / "ntpd112" / "laporan-insiden-112.xlsx")


def _change_json(path: Path, change: Callable[[list[Row]], None]) -> None:
    rows = orjson.loads(path.read_bytes())
    change(rows)
    path.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))


def _whole(rows: list[Row], text: str) -> list[Row]:
    """Rows with a key of their own and a text."""
    times = Counter(row["id"] for row in rows)
    found = [row for row in rows if row["id"] is not None and times[row["id"]] == 1 and row[text]]
    if len(found) < 10:
        raise ValueError(f"{len(found)} sound records are too few to change; take more samples")
    return found


def _change_sigap(rows: list[Row]) -> None:
    whole = _whole(rows, "isi")
    for row in whole[1:4]:
        row |= {"status": "diproses", "isi": f"{row['isi']} Mohon segera.", "updated_at": "2026-01-05T08:00:00+07:00"}
    for n, row in enumerate(whole[3:6], 1):  # one both updated and answered
        row["riwayat"] = [*row["riwayat"], {
            "id": 9_500_000 + n, "waktu": "2026-01-06T09:00:00+07:00", "status": "diproses",
            "oleh": "Petugas Dinas", "keterangan": "Sudah kami tinjau",
        }]  # fmt: skip
    fresh = {"id": 9_000_001, "nomor": "SGP-2026-900001", "isi": _TEXT, "riwayat": [], "lampiran": []}
    again = {"id": 9_000_002, "nomor": "SGP-2026-900002", "riwayat": [], "lampiran": []}  # says what another said
    when = {"created_at": "2026-01-04T10:00:00+07:00", "updated_at": "2026-01-04T10:00:00+07:00"}
    rows += [whole[6] | fresh | when, whole[7] | again | when]
    rows.remove(whole[-1])


def _change_sitanggap(rows: list[Row]) -> None:
    whole = _whole(rows, "isi")
    for row in whole[1:4]:
        row |= {"status": "Dalam Proses", "judul": f"{row['judul']} (lagi)", "diperbarui": "05 Januari 2026 08:00:00"}
    for n, row in enumerate(whole[3:6], 1):
        row["tanggapan"] = [*row["tanggapan"], {
            "id": f"tanggapan-{9_500_000 + n}", "waktu": "06 Januari 2026 09:00", "petugas": "Petugas Dinas",
            "isi": "Sudah kami tinjau", "status": "Dalam Proses",
        }]  # fmt: skip
    fresh = {"id": 9_000_001, "nomor": "ADU-2026-90001", "isi": _TEXT, "tanggal": "04 Januari 2026 10:00"}
    rows.append(whole[6] | fresh | {"diperbarui": "04 Januari 2026 10:00:00", "lampiran": None, "tanggapan": []})
    rows.remove(whole[-1])


def _change_dump(path: Path) -> None:
    """By lines: the dump holds one row on each, ending with a comma unless it is the last of its statement."""
    lines = path.read_text(encoding="utf-8").split("\n")
    complaints = [n for n, line in enumerate(lines) if re.match(r"\(\d+, 'SPR-.*\),$", line)]
    answers = [n for n, line in enumerate(lines) if re.match(r"\(\d+, \d+, '\d{4}-.*\),$", line)]
    forwarded = [n for n in complaints if ", 'verifikasi', " in lines[n]][:3]
    gone = next(n for n in reversed(complaints) if n not in forwarded and ", 'selesai', " in lines[n])
    if len(forwarded) < 1 or len(answers) < 3:
        raise ValueError("too few complaints or answers in the dump to change; take more samples")
    for n in forwarded:
        lines[n] = lines[n].replace(", 'verifikasi', ", ", 'proses', ", 1)
    fresh = re.sub(r"^\(\d+, '[^']*', '(?:[^'\\]|\\.)*'", f"(9000001, 'SPR-202601-90001', '{_TEXT}'", lines[gone])
    lines[gone] = fresh
    for n in answers[:2]:
        lines[n] += "\n" + re.sub(r"^\(\d+", f"({9_500_000 + n}", lines[n])
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")


def _change_workbook(path: Path) -> None:
    book = load_workbook(path)
    sheet = book["LAPORAN INSIDEN"]
    columns = {cell.value: cell.column for cell in sheet[4]}

    def value(row: int, name: str) -> Any:
        return sheet.cell(row, columns[name]).value

    uids = Counter(value(row, "UID") for row in range(5, sheet.max_row + 1))
    calls = [
        row
        for row in range(5, sheet.max_row + 1)
        if uids[value(row, "UID")] == 1 and value(row, "UID") is not None
        and value(row, "TIPE LAPORAN") in _COUNTED_CALLS and value(row, "KATEGORI") in _COUNTED_KINDS
    ]  # fmt: skip
    if len(calls) < 6:
        raise ValueError(f"{len(calls)} calls are too few to change; take more samples")
    for row in calls[1:4]:
        sheet.cell(row, columns["DESKRIPSI"]).value = f"{value(row, 'DESKRIPSI')} (diperbarui)"
    sheet.append([_CALL.get(name) for name in columns])
    sheet.append([(_CALL | {"UID": "112-2026-999998", "KATEGORI": "POHON"}).get(name) for name in columns])
    sheet.delete_rows(calls[-1])
    book["REKAP"]["B3"] = book["REKAP"]["B3"].value + 1
    book.save(path)
