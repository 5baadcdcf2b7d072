"""NTPD 112 of Depok: the workbook of calls that the vendor of the call centre sends. Three calls of four are no calls.

Times are local (WIB), as text or as real Excel dates; some telephone numbers are Excel numbers and lost their zero.
"""

import io
import random
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill

from data.samples.common import Picker, Row, Written
from data.samples.people import make_person, write_phone
from data.samples.world import CALLS, Report, free_numbers, ticket

WIDTHS = {
    "UID": 18, "WAKTU LAPOR": 20, "TIPE LAPORAN": 14, "KATEGORI": 16, "SUB KATEGORI 1": 20, "DESKRIPSI": 70,
    "KECAMATAN": 16, "KELURAHAN": 20, "LOKASI KEJADIAN": 44, "LATITUDE": 12,
    "LONGITUDE": 12, "NAMA PENELEPON": 24, "NO TELEPON": 20, "STATUS": 14, "DURASI PENGERJAAN": 34, "AGENT L1": 12,
}  # fmt: skip
_CATEGORY = {
    "jalan": "JALAN", "lampu": "PJU", "parkir": "PARKIR", "sampah": "SAMPAH", "banjir": "BANJIR", "air": "AIR",
    "trantib": "KETERTIBAN", "pohon": "POHON",
}  # fmt: skip
_STATUS = {"new": "Open", "forwarded": "Diteruskan", "working": "Proses", "closed": "Selesai", "rejected": "Selesai"}
_NUISANCE = {"prank": ("Prank", "Prank Call"), "ghost_call": ("Ghost", "Ghost Call"), "silent_call": ("Silent Call",)}
_NOISE = {
    "prank": ("Anak kecil bermain telepon", "Penelepon tertawa lalu menutup", "Memesan makanan", "Berkata kasar", "-"),
    "ghost_call": ("-", "Terputus sebelum diangkat", None),
    "silent_call": ("-", "Tidak ada suara", "Hanya suara latar", None),
}
_EMERGENCIES = {
    "LAKA LANTAS": ("Tabrakan dua sepeda motor, satu korban luka", "Mobil menabrak pembatas jalan"),
    "DARURAT MEDIS": ("Lansia pingsan butuh ambulans", "Ibu hamil akan melahirkan", "Warga sesak napas"),
    "KEBAKARAN": ("Korsleting listrik di dapur, api sudah membesar", "Kebakaran alang-alang"),
    "KRIMINALITAS": ("Pencurian sepeda motor", "Percobaan pembobolan rumah kosong"),
}
_UNKNOWN_STATUS = "Pending Vendor"
_STAMP = (2024, 11, 4, 8, 0, 0)  # when the vendor wrote it: fixed, so that the bytes are


def write_ntpd112(folder: Path, reports: list[Report], seed: int) -> Written:
    """Write ``folder/ntpd112/laporan-insiden-112.xlsx``."""
    rng = random.Random(f"{seed} ntpd112")
    rows = {report.number: _call(report, rng) for report in reports}
    picker = Picker(list(rows.values()), rng)
    planted = _plant_values(picker)
    excluded: dict[str, int] = {}
    free = free_numbers(reports, rng)
    emergencies = 0.4 / CALLS
    reused = next(n for n, (number, _) in enumerate(free) if number - 1 in rows)
    numbers = [number for number, _ in free]
    lost = next(n for n in (len(free) // 2, len(free) // 2 + 1) if n != reused)
    for n, (number, when) in enumerate(free):
        if n in (reused, lost):
            uid = rows[numbers[n] - 1]["UID"] if n == reused else None
            rows[number] = _stranger(reports[0], uid, when, rng)
            continue
        rule = "emergency_handled" if rng.random() < emergencies else rng.choices(list(_NUISANCE), (35, 25, 40))[0]
        excluded[rule] = excluded.get(rule, 0) + 1
        rows[number] = _other_call(rule, number, when, reports, rng)
    calls = [rows[number] for number in sorted(rows)]
    planted |= {
        "raw_records": len(calls),
        "events": 0,
        "extracted": len(calls),
        "accepted": len(reports),
        "quarantined": {"key_reused": 1, "no_key": 1},
        "excluded": dict(sorted(excluded.items())),
        "source_count": len(calls),
    }
    (folder / "ntpd112").mkdir(parents=True, exist_ok=True)
    _write_workbook(folder / "ntpd112" / "laporan-insiden-112.xlsx", calls, reports[-1].when)
    return Written(tuple((ticket(report), report) for report in reports), planted)


def _call(report: Report, rng: random.Random) -> Row:
    village = report.place.village
    located = report.latitude is not None and rng.random() < 0.7
    text = report.text.upper() if rng.random() < 0.3 else report.text
    took = timedelta(0)
    if report.status in ("closed", "rejected"):
        took = report.steps[-1].when - report.when
    return _row(report.when, rng) | {
        "UID": ticket(report),
        "TIPE LAPORAN": "Emergency" if rng.random() < 0.7 else "Information",
        "KATEGORI": _CATEGORY[report.facts.kind],
        "SUB KATEGORI 1": report.title.split(" di ")[0].upper()[:30] if rng.random() < 0.6 else "-",
        "DESKRIPSI": text,
        "KECAMATAN": village.district.upper(),
        "KELURAHAN": village.name.upper() if rng.random() < 0.85 else "-",
        "LOKASI KEJADIAN": report.location,
        "LATITUDE": report.latitude if located else 0,
        "LONGITUDE": report.longitude if located else 0,
        "NAMA PENELEPON": report.name,
        "NO TELEPON": report.phone,
        "STATUS": _STATUS[report.status],
        "DURASI PENGERJAAN": _duration(took),
    }


def _row(when: datetime, rng: random.Random) -> Row:
    """A row with nothing but its time and its agent."""
    row: Row = dict.fromkeys(WIDTHS, "-")
    row |= {"WAKTU LAPOR": f"{when:%d-%m-%Y %H:%M:%S}", "LATITUDE": 0, "LONGITUDE": 0, "STATUS": "Selesai"}
    return row | {"DURASI PENGERJAAN": _duration(timedelta(0)), "AGENT L1": f"AGENT {rng.randint(1, 9):02d}"}


def _other_call(rule: str, number: int, when: datetime, reports: list[Report], rng: random.Random) -> Row:
    """A prank, a silent line, or an emergency that 112 handles itself."""
    phone = write_phone(f"089900{rng.randrange(40 + len(reports)):06d}", rng)  # the same few callers again and again
    row = _row(when, rng) | {"UID": f"112-{when:%y%m}-{number:06d}", "NO TELEPON": phone}
    if rule in _NUISANCE:
        kind = rng.choice(_NUISANCE[rule])
        return row | {"TIPE LAPORAN": kind, "DESKRIPSI": rng.choice(_NOISE[rule])}
    category = rng.choice(list(_EMERGENCIES))
    place = rng.choice(reports).place
    person = make_person(900_000_000 + number, place.village.code[:8], "", rng)
    return row | {
        "TIPE LAPORAN": "Emergency",
        "KATEGORI": category,
        "DESKRIPSI": rng.choice(_EMERGENCIES[category]),
        "KECAMATAN": place.village.district.upper(),
        "KELURAHAN": place.village.name.upper(),
        "LOKASI KEJADIAN": place.street,
        "NAMA PENELEPON": person.name,
        "DURASI PENGERJAAN": _duration(timedelta(minutes=rng.randint(10, 200))),
    }


def _stranger(model: Report, uid: str | None, when: datetime, rng: random.Random) -> Row:
    """A call by somebody else, whose number the vendor's counter gave twice or not at all."""
    person = make_person(950_000_000 + len(uid or ""), model.place.village.code[:8], "", rng)
    return _row(when, rng) | {
        "UID": uid,
        "TIPE LAPORAN": "Information",
        "KATEGORI": "AIR" if uid else "POHON",
        "DESKRIPSI": "Penelepon menanyakan air PDAM mati di komplek" if uid else "Pohon condong di pinggir situ",
        "KECAMATAN": "TAPOS",
        "KELURAHAN": "CILANGKAP",
        "LOKASI KEJADIAN": "Gang Ulin Raya",
        "NAMA PENELEPON": person.name,
        "NO TELEPON": person.phone,
        "STATUS": "Open",
    }


def _plant_values(picker: Picker) -> dict[str, Any]:
    unknown = picker.take(0.03)
    for row in unknown:
        row["STATUS"] = _UNKNOWN_STATUS
    real_dates = picker.take(0.1)
    for row in real_dates:
        row["WAKTU LAPOR"] = datetime.strptime(row["WAKTU LAPOR"], "%d-%m-%Y %H:%M:%S")  # noqa: DTZ007 - Excel knows no zone
    numbers = picker.take(0.15)
    for row in numbers:
        row["NO TELEPON"] = int(re.sub(r"\D", "", row["NO TELEPON"]))
    return {
        "unmapped": {"status": {_UNKNOWN_STATUS: len(unknown)}},
        "excel_dates": len(real_dates),
        "numeric_phones": len(numbers),
    }


def _duration(span: timedelta) -> str:
    minutes, seconds = divmod(span.seconds, 60)
    return f"{span.days} Hari : {minutes // 60} Jam : {minutes % 60} Menit : {seconds} Detik"


def _write_workbook(path: Path, calls: list[Row], last: datetime) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("LAPORAN INSIDEN")
    for n, width in enumerate(WIDTHS.values()):
        sheet.column_dimensions[chr(ord("A") + n)].width = width
    sheet.freeze_panes = "A5"
    titles = ("PEMERINTAH KOTA DEPOK", "LAPORAN INSIDEN CALL CENTER 112", f"Periode s.d. {last:%d-%m-%Y}")
    for n, title in enumerate(titles):
        sheet.append([_cell(sheet, title, Font(bold=True, size=14 - n))])
    head = Font(bold=True, color="FFFFFF")
    sheet.append([_cell(sheet, name, head, PatternFill("solid", fgColor="1F4E78")) for name in WIDTHS])
    for row in calls:
        sheet.append([_excel(sheet, value) for value in row.values()])
    sheet.append([_cell(sheet, "JUMLAH", Font(bold=True)), _cell(sheet, len(calls), Font(bold=True))])
    recap = book.create_sheet("REKAP")
    recap.column_dimensions["A"].width = 28
    recap.append([_cell(recap, "REKAPITULASI PANGGILAN 112", Font(bold=True))])
    recap.append([])
    recap.append(["Total panggilan", len(calls)])
    kinds = sorted({row["TIPE LAPORAN"] for row in calls})
    for kind in kinds:
        recap.append([kind, sum(row["TIPE LAPORAN"] == kind for row in calls)])
    book.properties.creator = "Call Center 112"
    book.properties.created = datetime(*_STAMP)  # noqa: DTZ001 - openpyxl takes UTC without saying so
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(_restamped(buffer.getvalue()))


def _cell(sheet: Any, value: str | int, font: Font, fill: PatternFill | None = None) -> Any:
    cell = WriteOnlyCell(sheet, value)
    cell.font = font
    if fill:
        cell.fill = fill
        cell.alignment = Alignment(horizontal="center")
    return cell


def _excel(sheet: Any, value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = "dd-mm-yyyy hh:mm:ss"
    return cell


def _restamped(content: bytes) -> bytes:
    """The same workbook with fixed times, in its properties and in the archive that it is."""
    out = io.BytesIO()
    fixed = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*_STAMP).encode()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + fixed, part)
            new.writestr(zipfile.ZipInfo(name, _STAMP), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()
