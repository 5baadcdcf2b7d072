"""SIGAP of Depok: the records as the API serves them, one JSON list in the order of their ids. Times carry +07:00.

``web_sigap`` serves them; here they are made and spoilt.
"""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from data.samples.common import OFFICE_OF, OFFICES, Picker, Row, Written, office, spell_area
from data.samples.pictures import write_pictures
from data.samples.world import Report, free_numbers, ticket

PER_PAGE = 50
_STATUS = {
    "new": "menunggu",
    "forwarded": "diteruskan",
    "working": "diproses",
    "closed": "selesai",
    "rejected": "diarsipkan",
}
_CATEGORIES = (
    "Jalan Rusak", "Saluran Air", "Lampu Jalan (PJU)", "Parkir Liar", "Kebersihan", "Banjir", "Air Minum",
    "Administrasi Kependudukan", "Ketertiban Umum", "Lain-lain",
)  # fmt: skip
_CATEGORY = {
    "jalan": (0,), "drainase": (1, 1, 5), "lampu": (2,), "parkir": (3,), "sampah": (4,), "banjir": (5, 5, 1),
    "air": (6,), "ktp": (7,), "trantib": (8,), "pohon": (9, 4), "lain": (9,),
}  # fmt: skip
_UNKNOWN_STATUS = "eskalasi"
_OFFICE_IDS = list(OFFICES["sigap"])


def write_sigap(folder: Path, reports: list[Report], seed: int) -> Written:
    """Write ``folder/sigap/laporan.json``."""
    rng = random.Random(f"{seed} sigap")
    rows = []
    histories = 0
    for report in reports:
        rows.append(_record(report, histories, rng))
        histories += len(rows[-1]["riwayat"])
    planted = _plant_values(Picker(rows, rng), rng)
    number, when = free_numbers(reports, rng)[0]
    rows = _plant_records(rows, number, when)
    events = sum(len(row["riwayat"]) for row in rows)
    planted |= {
        "raw_records": len(rows) + events,
        "events": events,
        "extracted": len(rows),
        "accepted": len(reports),
        "quarantined": {"no_key": 1, "no_content": 1},
        "excluded": {"repeated": 1},
        "source_count": len(rows) - 1,  # the service counts its records, each once
    }
    (folder / "sigap").mkdir(parents=True, exist_ok=True)
    write_pictures(folder / "sigap", (photo["url"] for row in rows for photo in row["lampiran"]))
    (folder / "sigap" / "laporan.json").write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    return Written(tuple((str(report.number), report) for report in reports), planted)


def _iso(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}+07:00"


def _record(report: Report, histories: int, rng: random.Random) -> Row:
    person, village = report.person, report.place.village
    stripped = report.anonymous and rng.random() < 0.5
    category = rng.choice(_CATEGORY[report.facts.kind])
    steps = [("menunggu", report.when, "sistem", "Laporan dibuat"), *_steps(report, rng)] if report.steps else []
    last = report.steps[-1].when if report.steps else report.when
    closer = "selesai_otomatis" if report.status == "closed" and rng.random() < 0.15 else _STATUS[report.status]
    return {
        "id": report.number,
        "nomor": ticket(report),
        "judul": report.title,
        "isi": report.text,
        "jenis": "pengaduan" if rng.random() < 0.93 else rng.choice(("aspirasi", "informasi")),
        "status": closer,
        "created_at": _iso(report.when),
        "updated_at": _iso(last),
        "tanggal_kejadian": f"{report.happened:%d/%m/%Y}" if rng.random() < 0.85 else None,
        "anonim": report.anonymous,
        "rahasia": report.confidential,
        "kategori": {"id": category + 1, "nama": _CATEGORIES[category]},
        "opd": {
            "id": 100 + _OFFICE_IDS.index(OFFICE_OF[report.facts.kind]) if report.steps else None,
            "nama": office(report, rng) if report.steps else None,
        },
        "lokasi": {
            "kecamatan": spell_area(village.district, rng),
            "kelurahan": spell_area(village.name, rng) if rng.random() < 0.93 else rng.choice((None, "-")),
            "alamat": report.location,
            "lat": report.latitude,
            "lng": report.longitude,
        },
        "pelapor": {
            "id": 10_000 + person.number % 1_000_000,
            "nama": "-" if stripped else report.name,
            "nik": None if stripped else report.nik or rng.choice((None, "-", "")),
            "telepon": None if stripped else report.phone or None,
            "email": person.email if not stripped and rng.random() < 0.5 else None,
        },
        "lampiran": [
            {"id": histories + n, "url": f"/storage/laporan/{report.when:%Y/%m}/{rng.getrandbits(64):016x}.jpg"}
            for n in range(rng.choice((0, 0, 1, 1, 2)))
        ],
        "riwayat": [
            {"id": histories + n, "waktu": _iso(when), "status": status, "oleh": who, "keterangan": text}
            for n, (status, when, who, text) in enumerate(steps, 1)
        ],
    }


def _steps(report: Report, rng: random.Random) -> list[tuple[str, datetime, str, str]]:
    return [(_STATUS[s.status], s.when, s.actor, s.text.format(opd=office(report, rng))) for s in report.steps]


def _plant_values(picker: Picker, rng: random.Random) -> dict[str, Any]:
    unknown, epochs = picker.take(0.02), picker.take(0.01)
    for row in unknown:
        row["status"] = _UNKNOWN_STATUS
    for row in epochs:
        row["created_at"] = "1970-01-01T00:00:00+07:00"
    for row in picker.take(0.05):
        row["prioritas"] = rng.choice(("tinggi", "sedang", "rendah"))
    entities = picker.take(0.02)
    for row in entities:
        row["isi"] = f"<p>{row['isi']}</p>&amp;nbsp;"
    dashes = picker.take(0.02)
    for row in dashes:
        row["pelapor"] |= {"telepon": "-", "email": "null"}
    return {
        "unmapped": {"status": {_UNKNOWN_STATUS: len(unknown)}},
        "schema_drift": ["prioritas"],
        "default_dates": len(epochs),
        "entities": len(entities),
        "phone_dash": len(dashes),
    }


def _plant_records(rows: list[Row], number: int, when: datetime) -> list[Row]:
    """A record that slid onto the next page while the list grew, one without an id, one without words."""
    model = rows[0]
    fresh = {"created_at": _iso(when), "updated_at": _iso(when), "status": "menunggu", "lampiran": [], "riwayat": []}
    lost = (
        model
        | fresh
        | {"id": None, "nomor": None, "isi": "Lampu taman kota mati semua sejak semalam", "judul": "Lampu taman"}
    )
    blank = model | fresh | {"id": number, "nomor": f"SGP-{number:06d}", "judul": "-", "isi": None}
    for extra in (lost, blank):
        extra.pop("prioritas", None)
    rows = sorted([*rows, blank], key=lambda row: int(row["id"]))
    rows.insert(len(rows) // 2, lost)
    edge = min(PER_PAGE, len(rows)) - 1
    sound = next(n for n in range(edge, -1, -1) if rows[n] is not lost and rows[n] is not blank and _is_sound(rows[n]))
    rows[edge], rows[sound] = rows[sound], rows[edge]
    rows[edge]["riwayat"] = []
    rows.insert(edge + 1, dict(rows[edge]))
    return rows


def _is_sound(row: Row) -> bool:
    return row["status"] != _UNKNOWN_STATUS and "prioritas" not in row and not row["created_at"].startswith("1970")
