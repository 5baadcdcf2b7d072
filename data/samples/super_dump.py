"""SUPER of Sukabumi: the dump that phpMyAdmin wrote on the last day, with the dirt of five years in it.

DATETIME columns hold local time (WIB), the TIMESTAMP column UTC, for the dump sets ``time_zone = "+00:00"``.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from data.samples.common import Picker, Row, Written, mojibake, office, spell_area
from data.samples.pictures import write_pictures
from data.samples.super_sql import FOOTER, HEADER, INSERT_BYTES, STRUCTURE
from data.samples.words import PHRASES
from data.samples.world import Report, free_numbers, ticket

_STATUS = {"new": "0", "forwarded": "verifikasi", "working": "proses", "closed": "selesai", "rejected": "ditolak"}
_CATEGORY = {
    "jalan": ("Jalan dan Jembatan",), "drainase": ("Drainase", "Drainase", "Banjir"), "lampu": ("Penerangan Jalan",),
    "parkir": ("Parkir",), "sampah": ("Sampah",), "banjir": ("Banjir", "Banjir", "Drainase"), "air": ("Air Bersih",),
    "ktp": ("Kependudukan",), "trantib": ("Ketertiban",), "pohon": ("Lainnya", "Sampah"), "lain": ("Lainnya",),
}  # fmt: skip
_UNKNOWN_STATUS = "verif_ulang"
_TESTS = (("tes tes", "tes"), ("Test aplikasi", "cek notifikasi"), ("coba kirim", "coba dari hp baru"))
_AWKWARD = (
    " Pak RT bilang 'nanti saja'; lalu pergi.",
    ' Di papan tertulis "DILARANG BUANG SAMPAH" -- tapi tetap saja.',
    "\r\n1. gelap\r\n2. licin\r\nMohon dicek; terima kasih",
    " Fotonya di C:\\foto\\jalan.jpg /* lihat lampiran */",
    " Kata beliau, 'jum'at besok'), (sampai kini belum\\",
    "\tNB: `tolong` 100% jangan diabaikan_; DROP saja izinnya",
)
_NOBODY = {"nama": "-", "nik": None, "telp": "-", "email": None, "alamat": "-"}


def write_super(folder: Path, reports: list[Report], seed: int) -> Written:
    """Write ``folder/super/super.sql``."""
    rng = random.Random(f"{seed} super")
    rows = {report.number: _row(report, rng) for report in reports}
    genuine = [(str(report.number), report) for report in reports]
    picker = Picker(list(rows.values()), rng)
    planted, extra = _plant_records(reports, rows, picker, genuine, rng)
    planted |= _plant_values(picker, rng)
    rows |= extra
    answers = _answers(reports, rng)
    answers.append(answers[-1] | {"id_tanggapan": len(answers) + 1, "id_pengaduan": max(rows) + 4000})
    planted |= {
        "raw_records": len(rows) + len(answers),
        "events": len(answers),
        "extracted": len(rows),
        "accepted": len(genuine),
        "source_count": None,
        "orphan_answers": 1,
        "tables": {"tb_pengaduan": len(rows), "tanggapan": len(answers)},
    }
    (folder / "super").mkdir(parents=True, exist_ok=True)
    with (folder / "super" / "super.sql").open("w", encoding="utf-8", newline="\n") as file:
        file.write(HEADER + STRUCTURE["kategori"])
        names = sorted({name for found in _CATEGORY.values() for name in found})
        file.writelines(_inserts("kategori", [{"id_kategori": n, "nama_kategori": c} for n, c in enumerate(names, 1)]))
        file.write(STRUCTURE["petugas"])
        file.writelines(_inserts("petugas", _officers(rng)))
        file.write(STRUCTURE["tanggapan"])
        file.writelines(_inserts("tanggapan", answers))
        file.write(STRUCTURE["tb_pengaduan"])
        file.writelines(_inserts("tb_pengaduan", [rows[number] for number in sorted(rows)]))
        file.write(FOOTER.format(complaint=max(rows) + 1, answer=len(answers) + 1))
    photos = {str(row["foto"]) for row in rows.values() if row["foto"]} - {"default.jpg"}
    write_pictures(folder / "super" / "unggahan", photos)
    return Written(tuple(genuine), planted)


def _row(report: Report, rng: random.Random) -> Row:
    person, village = report.person, report.place.village
    last = report.steps[-1].when if report.steps else report.when
    row: Row = {
        "id_pengaduan": report.number,
        "no_tiket": ticket(report),
        "judul": report.title,
        "isi_laporan": report.text,
        "tgl_pengaduan": f"{report.when:%Y-%m-%d %H:%M:%S}",
        "tgl_kejadian": f"{report.happened:%Y-%m-%d}",
        "updated_at": f"{last - timedelta(hours=7):%Y-%m-%d %H:%M:%S}",
        "status": _STATUS[report.status],
        "kategori": rng.choice(_CATEGORY[report.facts.kind]),
        "opd": office(report, rng) if report.steps else None,
        "kecamatan": spell_area(village.district, rng) if rng.random() < 0.9 else "",
        "kelurahan": spell_area(village.name, rng),
        "lokasi": report.location,
        "lat": report.latitude,
        "lng": report.longitude,
        "nama": report.name,
        "nik": report.nik or None,
        "telp": report.phone or None,
        "email": person.email if rng.random() < 0.4 else rng.choice((None, "", "-")),
        "alamat": person.address if rng.random() < 0.7 else None,
        "anonim": int(report.anonymous),
        "rahasia": int(report.confidential),
        "foto": rng.choice((None, "", "default.jpg", f"IMG_{report.when:%Y%m%d}_{rng.randrange(10**6):06d}.jpg")),
        "ip_address": f"203.0.113.{rng.randint(1, 254)}",
    }
    return row | _NOBODY if report.anonymous and rng.random() < 0.5 else row


def _plant_records(
    reports: list[Report],
    rows: dict[int, Row],
    picker: Picker,
    genuine: list[tuple[str, Report]],
    rng: random.Random,
) -> tuple[dict[str, Any], dict[int, Row]]:
    """Records that are no submission, and rows that a second click sent again under the next number."""
    free = free_numbers(reports, rng)
    by_number = {report.number: report for report in reports}
    extra: dict[int, Row] = {}
    again = [n for n, _ in free if n - 1 in by_number and not by_number[n - 1].anonymous][:2]
    for number in again:
        first = rows[number - 1]
        second = by_number[number - 1].when + timedelta(seconds=2)
        ours = ticket(by_number[number - 1])
        extra[number] = first | {
            "id_pengaduan": number,
            "no_tiket": f"{ours.rsplit('-', 1)[0]}-{number:05d}",
            "tgl_pengaduan": f"{second:%Y-%m-%d %H:%M:%S}",
            "updated_at": f"{second - timedelta(hours=7):%Y-%m-%d %H:%M:%S}",
            "status": "0",
        }
        picker.keep([first])
        genuine.append((str(number), by_number[number - 1]))
    rest = [slot for slot in free if slot[0] not in extra]
    rng.shuffle(rest)
    empty = (("", ""), ("-", None))
    for (number, when), (title, text) in zip(rest, (*_TESTS, *empty), strict=False):
        blank = dict.fromkeys(rows[reports[0].number])
        extra[number] = blank | {
            "id_pengaduan": number,
            "no_tiket": f"SPR-{when:%Y%m}-{number:05d}",
            "judul": title,
            "isi_laporan": text,
            "tgl_pengaduan": f"{when:%Y-%m-%d %H:%M:%S}",
            "updated_at": f"{when - timedelta(hours=7):%Y-%m-%d %H:%M:%S}",
            "status": "0",
            "nama": "Admin Uji" if text else "-",
            "telp": "-",
            "anonim": 0,
            "rahasia": 0,
        }
    planted = {
        "quarantined": {"no_content": len(empty)},
        "excluded": {"test_entry": len(_TESTS)},
        "resubmitted": len(again),
    }
    return planted, extra


def _plant_values(picker: Picker, rng: random.Random) -> dict[str, Any]:
    """Faults of single values: each becomes null and a flag, or is mended; the complaint goes on."""
    swapped = picker.take(0.01, _swaps)
    for row in swapped:
        year, month, day = row["tgl_kejadian"].split("-")
        row["tgl_kejadian"] = f"{year}-{day}-{month}"
    reported, happened = picker.take(0.015), picker.take(0.02)
    for row in reported:
        row["tgl_pengaduan"] = "0000-00-00 00:00:00"
    for row in happened:
        row["tgl_kejadian"] = "0000-00-00"
    unknown = picker.take(0.02)
    for row in unknown:
        row["status"] = _UNKNOWN_STATUS
    overflown, nulls, dashes = picker.take(0.02), picker.take(0.01), picker.take(0.02)
    for row in overflown:
        row["nik"] = "2147483647"
    for row in nulls:
        row["nik"] = "0000000000000000"
    for row in dashes:
        row["telp"] = "-"
    garbled = picker.take(0.03, lambda row: row["isi_laporan"].isascii())
    for row in garbled:
        row["isi_laporan"] = mojibake(f"{row['isi_laporan']} {rng.choice(PHRASES['frame']['curly'])}")
    entities = picker.take(0.03)
    for row in entities:
        row["isi_laporan"] = row["isi_laporan"].replace(" ", "&nbsp;", 1) + " RT &amp;amp; RW sudah tahu"
    awkward = picker.take(0.04)
    for n, row in enumerate(awkward):
        row["isi_laporan"] += _AWKWARD[n % len(_AWKWARD)]
    return {
        "unmapped": {"status": {_UNKNOWN_STATUS: len(unknown)}},
        "swapped_dates": len(swapped),
        "zero_dates": {"tgl_pengaduan": len(reported), "tgl_kejadian": len(happened)},
        "nik_overflow": len(overflown),
        "nik_zeros": len(nulls),
        "phone_dash": len(dashes),
        "mojibake": len(garbled),
        "entities": len(entities),
        "awkward_strings": {str(row["id_pengaduan"]): row["isi_laporan"] for row in awkward},
    }


def _swaps(row: Row) -> bool:
    """Whether day and month of the incident, swapped, lie after the report."""
    year, month, day = row["tgl_kejadian"].split("-")
    return bool(int(day) <= 12 and f"{year}-{day}-{month}" > row["tgl_pengaduan"][:10])


def _answers(reports: list[Report], rng: random.Random) -> list[Row]:
    steps = sorted(
        ((step, report) for report in reports for step in report.steps), key=lambda s: (s[0].when, s[1].number)
    )
    return [
        {
            "id_tanggapan": n,
            "id_pengaduan": report.number,
            "tgl_tanggapan": f"{step.when:%Y-%m-%d %H:%M:%S}",
            "petugas": step.actor,
            "status_baru": _STATUS[step.status] if rng.random() < 0.9 else None,
            "tanggapan": step.text.format(opd=office(report, rng)),
        }
        for n, (step, report) in enumerate(steps, 1)
    ]


def _officers(rng: random.Random) -> list[Row]:
    names = ("Operator 1", "Operator 2", "Verifikator", "Admin Bidang")
    return [
        {
            "id_petugas": n,
            "nama_petugas": name,
            "username": name.lower().replace(" ", ""),
            "password": f"{rng.getrandbits(128):032x}",  # looks like an MD5, is the digest of nothing
            "telp": f"0266-000{n:03d}",
            "level": "admin" if n == 1 else "petugas",
        }
        for n, name in enumerate(names, 1)
    ]


def _inserts(table: str, rows: Sequence[Row]) -> Iterator[str]:
    """Multi-row INSERT statements, a row a line, a new statement about every 50,000 characters as phpMyAdmin does."""
    if not rows:
        return
    head = f"INSERT INTO `{table}` ({', '.join(f'`{name}`' for name in rows[0])}) VALUES\n"
    size, start = 0, head
    for row in rows:
        line = f"({', '.join(_literal(value) for value in row.values())})"
        if size > INSERT_BYTES:
            yield ";\n"
            size, start = 0, head
        yield f"{start}{line}"
        size += len(line)
        start = ",\n"
    yield ";\n"


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1a": "\\Z"})


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"'{value:.7f}'"  # phpMyAdmin quotes decimals
    return str(value) if isinstance(value, int) else f"'{value.translate(_ESCAPES)}'"
