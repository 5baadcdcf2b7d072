"""What SP4N-LAPOR! and its front-ends give out of themselves: invented reports in the columns of the real exports.

Kota Balikpapan (WITA): the admin export of 21 columns, the open data of the years before, and the export of LAPOR WAL!,
the province's front-end. Kota Sukabumi (WIB): E-Lapor, with the admin export beside it. A report that came through a
front-end stands in both exports under one number of the national system.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from data.samples.common import Row
from data.samples.people import Person, make_person, write_name
from data.samples.places import City, landmark, load_cities, street_names
from data.samples.words import KINDS, Place, compose, draw_facts, headline

ADMIN = (
    "Tracking ID", "Tanggal Laporan Masuk", "Waktu Laporan Masuk", "Nama Pelapor", "Klasifikasi Laporan", "ID Kategori",
    "Kategori", "Judul Laporan", "Isi Laporan Awal", "Isi Laporan Akhir", "Tipe Laporan (Anonim/Rahasia)",
    "Sumber Laporan", "Instansi Induk", "ID Instansi Terdisposisi", "Instansi Terdisposisi", "Status Laporan",
    "Alasan Tunda/Arsip", "Provinsi", "Kota/Kabupaten", "Kecamatan", "Kelurahan",
)  # fmt: skip
_CATEGORY = {
    "jalan": ("928", "Infrastruktur Jalan"), "drainase": ("2397", "Drainase (Gorong-Gorong/Parit)"),
    "trantib": ("950", "Ketertiban Umum"), "lain": ("110", "Topik Lainnya"), "pohon": ("110", "Topik Lainnya"),
}  # fmt: skip
_OFFICE = {
    "jalan": ("131410", "Dinas Pekerjaan Umum dan Penataan Ruang"), "drainase": ("131410", "Dinas Pekerjaan Umum"),
    "lampu": ("13293", "Dinas Perhubungan"), "parkir": ("13293", "Dinas Perhubungan"),
    "sampah": ("131433", "Dinas Lingkungan Hidup"), "trantib": ("131438", "SATUAN POLISI PAMONG PRAJA"),
}  # fmt: skip
_TYPES = (
    "Pengaduan Berkadar Pengawasan", "Pengaduan Tidak Berkadar Pengawasan", "Aspirasi", "Permintaan Informasi", "",
)  # fmt: skip
_STATUSES = (
    "Ditutup oleh Sistem", "Ditutup oleh Pelapor", "Ditutup oleh Admin", "Diarsipkan oleh Admin",
    "Diarsipkan oleh Sistem", "Diarsipkan oleh Pelapor", "Menunggu Kelengkapan Informasi",
)  # fmt: skip
_UNKNOWN_STATUS = "Dalam Eskalasi"
_HIDDEN = ("", "Anonim", "Rahasia", "Anonim|Rahasia")
_FRONT_ENDS = {"64.71": "lapor-wal", "32.72": "e-lapor-kota-sukabumi"}
_SIZE = 90


@dataclass(frozen=True)
class _Report:
    """One report: ``when`` is wall time of the city."""

    number: str
    when: datetime
    kind: str
    place: Place
    title: str
    text: str
    person: Person
    name: str
    hidden: str
    through: bool  # the city's front-end
    status: str
    type: str


def _invent(city: City, seed: int) -> list[_Report]:
    rng = random.Random(f"{seed} sp4n {city.code}")
    out = []
    for n in range(_SIZE):
        village = rng.choice(city.villages)
        place = Place(
            village, rng.choice(street_names(village, 20)), rng.randint(1, 9), rng.randint(1, 9), landmark(rng)
        )
        facts = draw_facts(rng.choice(KINDS), rng)
        person = make_person(800_000 + n, village.code[:8], "", rng)
        out.append(
            _Report(
                number=str(9_100_000 + n * 37 + rng.randrange(37)),
                when=datetime(2024, 1, 2) + timedelta(seconds=rng.randrange(9_000_000)),  # noqa: DTZ001 - wall time
                kind=facts.kind,
                place=place,
                title=headline(facts, place, rng),
                text=compose(facts, place, rng.choice(("formal", "plain", "sms")), rng.randrange(1 << 40)),
                person=person,
                name=write_name(person, rng),
                hidden=rng.choices(_HIDDEN, (25, 40, 15, 20))[0],
                through=n % 3 == 0,
                status=rng.choice(_STATUSES),
                type=rng.choice(_TYPES),
            )
        )
    return out


def _admin_row(report: _Report, city: City, rng: random.Random) -> Row:
    category = _CATEGORY.get(report.kind, ("", ""))
    office = _OFFICE.get(report.kind, ("", ""))
    door = rng.choice(("Website", "Android", "Whatsapp"))
    reason = "" if "tutup" in report.status else "Mohon lengkapi lokasi kejadian"
    cells = (
        report.number, f"{report.when.day} {report.when:%b %Y}", f"{report.when:%H:%M:%S}", report.name, report.type,
        *category, report.title, report.text, f"{report.text.lower()}\n(disunting admin)", report.hidden,
        f"{door} - {_FRONT_ENDS[city.code]}" if report.through else door, f"Pemerintah Kota {city.name}", *office,
        report.status, reason, "", f"Kota {city.name}", report.place.village.district.upper(),
        report.place.village.name,
    )  # fmt: skip
    return dict(zip(ADMIN, cells, strict=True))


def _write_admin(path: Path, city: City, seed: int) -> dict[str, Any]:
    """The admin export with its planted faults; the counts."""
    rng = random.Random(f"{seed} admin {city.code}")
    rows = [_admin_row(report, city, rng) for report in _invent(city, seed)]
    unknown = rng.sample(rows, 2)
    for row in unknown:
        row["Status Laporan"] = _UNKNOWN_STATUS
    blank = dict.fromkeys(ADMIN, "")
    lost = rows[3] | {"Tracking ID": "", "Nama Pelapor": "Anonim"}
    empty = rows[4] | {"Tracking ID": "9099999", "Judul Laporan": "-", "Isi Laporan Awal": ""}
    disposed = next(n for n, row in enumerate(rows) if row["Instansi Terdisposisi"])
    more = blank | {"ID Instansi Terdisposisi": "131433", "Instansi Terdisposisi": "Dinas Lingkungan Hidup"}
    again = rows[disposed + 5]
    rows = [*rows[: disposed + 1], more, *rows[disposed + 1 :], lost, empty, again]
    _write_csv(path, rows, ",")
    return {
        "raw_records": len(rows), "parts": 1, "events": 0, "extracted": len(rows) - 1, "accepted": _SIZE,
        "quarantined": {"no_key": 1, "no_content": 1}, "excluded": {"repeated": 1},
        "unmapped": {"status": {_UNKNOWN_STATUS: len(unknown)}},
        "through": _SIZE // 3,
    }  # fmt: skip


def write_sp4n(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/sp4n/laporan.csv`` and ``folder/sp4n/open-data.csv`` of Balikpapan; planted counts by source."""
    city = load_cities()["64.71"]
    admin = _write_admin(folder / "sp4n" / "laporan.csv", city, seed)
    rng = random.Random(f"{seed} open data")
    rows = [_open_row(n, report, rng) for n, report in enumerate(_invent(city, seed + 1)[:60])]
    _write_csv(folder / "sp4n" / "open-data.csv", rows, ";")
    opened = {
        "raw_records": 60, "parts": 0, "events": 0, "extracted": 60, "accepted": 60, "quarantined": {}, "excluded": {},
        "unmapped": {},
    }  # fmt: skip
    return admin | {"sources": {"admin": admin, "open_data": opened}}


def _open_row(n: int, report: _Report, rng: random.Random) -> Row:
    """A row of the open data of 2015: dates without zeros or zone, and the instants in seconds since 1970."""
    when = report.when - timedelta(days=3288)  # nine years
    stamp = int((when - timedelta(hours=8)).replace(tzinfo=UTC).timestamp())  # WITA
    category, office = _CATEGORY.get(report.kind, ("", "")), _OFFICE.get(report.kind, ("", ""))
    return {
        "TrackingID": str(66_000 + n * 7), "JudulLaporan": f" {report.title}", "IsiLaporan": report.text,
        "DisposisiInstansi": office[1], "DisposisiInstansiID": office[0], "Kategori": category[1],
        "KategoriID": category[0], "Status": rng.choice(("Belum", "Proses", "Selesai")),
        "Area": "Nasional", "AreaID": "34",
        "TanggalLaporanMasuk": f"{when.day}/{when.month}/{when.year} {when:%H:%M:%S}",
        "TimestampLaporanMasuk": "" if n % 10 == 0 else str(stamp),
    }  # fmt: skip


def write_lapor_wal(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/lapor_wal/laporan.csv``: what came through LAPOR WAL!, of which the newest have no number yet."""
    city = load_cities()["64.71"]
    reports = [r for r in _invent(city, seed) if r.through]
    rng = random.Random(f"{seed} lapor wal")
    newest = sorted(reports, key=lambda r: r.when)[-3:]
    rows = [
        {
            "Nomor Tiket": f"LW-{r.when:%Y%m}-{n:05d}", "ID SP4N": "" if r in newest else r.number,
            "Tanggal": f"{r.when:%d/%m/%Y}", "Jam": f"{r.when:%H.%M}", "Nama": r.name, "Telepon": r.person.phone,
            "Jenis Laporan": r.type, "Kategori": _CATEGORY.get(r.kind, ("", ""))[1], "Judul": r.title,
            "Isi Laporan": r.text, "Kerahasiaan": r.hidden.replace("|", ", "), "Sumber": "Aplikasi - lapor-wal",
            "Perangkat Daerah": _OFFICE.get(r.kind, ("", ""))[1], "Status": r.status,
            "Kecamatan": r.place.village.district, "Kelurahan": r.place.village.name,
        }
        for n, r in enumerate(sorted(reports, key=lambda r: (r.when, r.number)), 1)
    ]  # fmt: skip
    rng.shuffle(rows)
    _write_csv(folder / "lapor_wal" / "laporan.csv", rows, ";")
    return _plain_counts(len(rows)) | {"with_number": len(rows) - len(newest)}


def write_e_lapor(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/e_lapor/laporan.csv``, and beside it ``folder/sp4n/laporan.csv`` of the same city, Sukabumi."""
    city = load_cities()["32.72"]
    reports = [r for r in _invent(city, seed) if r.through]
    rows = [
        {
            "No Laporan": f"#{r.number}", "Waktu": f"{r.when.day} {r.when:%b %Y %H:%M:%S}", "Pelapor": r.name,
            "Klasifikasi": r.type, "Topik": _CATEGORY.get(r.kind, ("", ""))[1], "Judul": r.title, "Laporan": r.text,
            "Anonim/Rahasia": r.hidden, "Kanal": "Website - e-lapor-kota-sukabumi",
            "Terdisposisi ke": _OFFICE.get(r.kind, ("", ""))[1], "Status": r.status,
            "Kecamatan": r.place.village.district, "Kelurahan": r.place.village.name,
        }
        for r in reports
    ]  # fmt: skip
    _write_csv(folder / "e_lapor" / "laporan.csv", rows, ",")
    admin = _write_admin(folder / "sp4n" / "laporan.csv", city, seed)
    return _plain_counts(len(rows)) | {"with_number": len(rows), "admin": admin}


def _plain_counts(rows: int) -> dict[str, Any]:
    return {
        "raw_records": rows, "parts": 0, "events": 0, "extracted": rows, "accepted": rows, "quarantined": {},
        "excluded": {}, "unmapped": {},
    }  # fmt: skip


def _write_csv(path: Path, rows: Sequence[Row], delimiter: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
