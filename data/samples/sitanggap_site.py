"""SITANGGAP of Balikpapan: the complaints as its admin pages show them, dates in Indonesian words, WITA.

``web_sitanggap`` serves them; here they are made and spoilt.
"""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from data.samples.common import Picker, Row, Written, office, spell_area
from data.samples.pictures import write_pictures
from data.samples.world import Report, free_numbers, ticket

_STATUS = {
    "new": "Baru",
    "forwarded": "Diteruskan",
    "working": "Dalam Proses",
    "closed": "Selesai",
    "rejected": "Bukan Kewenangan",
}
_CATEGORY = {
    "jalan": ("Jalan",), "drainase": ("Drainase/Parit", "Drainase/Parit", "Banjir"), "lampu": ("PJU",),
    "parkir": ("Parkir",), "sampah": ("Persampahan",), "banjir": ("Banjir", "Banjir", "Drainase/Parit"),
    "air": ("PDAM / Air Bersih",),
    "ktp": ("Kependudukan",), "trantib": ("Trantibum",), "pohon": ("Lainnya", "Persampahan"), "lain": ("Lainnya",),
}  # fmt: skip
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
    "Oktober", "November", "Desember",
)  # fmt: skip
_VARIANTS = {"Agustus": "Agt", "November": "Nopember", "Februari": "Pebruari"}
_UNKNOWN_STATUS = "Eskalasi Camat"


def write_sitanggap(folder: Path, reports: list[Report], seed: int) -> Written:
    """Write ``folder/sitanggap/aduan.json``."""
    rng = random.Random(f"{seed} sitanggap")
    rows, answers = [], 0
    for report in reports:
        rows.append(_record(report, answers, rng))
        answers += len(rows[-1]["tanggapan"])
    genuine = tuple((ticket(report), report) for report in reports)
    planted = _plant_values(Picker(rows, rng))
    number, when = free_numbers(reports, rng)[0]
    rows.append(_blank(rows[0], number, when))
    rows.sort(key=lambda row: int(row["id"]), reverse=True)  # the newest first
    planted |= {
        "raw_records": len(rows) + answers,
        "events": answers,
        "extracted": len(rows),
        "accepted": len(genuine),
        "quarantined": {"no_content": 1},
        "excluded": {},
        "source_count": len(rows),
    }
    (folder / "sitanggap").mkdir(parents=True, exist_ok=True)
    write_pictures(folder / "sitanggap", (row["lampiran"] for row in rows if row["lampiran"]))
    (folder / "sitanggap" / "aduan.json").write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    return Written(genuine, planted)


def _day(when: datetime) -> str:
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def _minute(when: datetime) -> str:
    return f"{_day(when)} {when:%H:%M}"


def _second(when: datetime) -> str:
    return f"{_day(when)} {when:%H:%M:%S}"


def _record(report: Report, answers: int, rng: random.Random) -> Row:
    person, village = report.person, report.place.village
    stripped = report.anonymous and rng.random() < 0.5
    last = report.steps[-1].when if report.steps else report.when
    happened = datetime.combine(report.happened, datetime.min.time())
    return {
        "id": report.number,
        "nomor": ticket(report),
        "judul": report.title,
        "isi": report.text,
        "tanggal": _minute(report.when),
        "kejadian": _day(happened) if rng.random() < 0.9 else "--",
        "diperbarui": _second(last),
        "status": _STATUS[report.status],
        "kategori": rng.choice(_CATEGORY[report.facts.kind]),
        "opd": office(report, rng) if report.steps else "-",
        "kecamatan": spell_area(village.district, rng),
        "kelurahan": spell_area(village.name, rng),
        "lokasi": report.location,
        "nama": "-" if stripped else report.name,
        "nik": "-" if stripped else report.nik or "-",
        "hp": "-" if stripped else report.phone or "--",
        "alamat": "-" if stripped or rng.random() < 0.3 else person.address,
        "rahasiakan": "Ya" if report.anonymous else "Tidak",
        "sumber": rng.choice(("Website", "Website", "Android", "Datang langsung")),
        "lampiran": f"/unggah/{report.when:%Y}/{rng.getrandbits(48):012x}.jpg" if rng.random() < 0.4 else None,
        "tanggapan": [
            {
                "id": f"tanggapan-{answers + n}",
                "waktu": _minute(step.when),
                "petugas": step.actor,
                "isi": step.text.format(opd=office(report, rng)),
                "status": _STATUS[step.status] if rng.random() < 0.8 else None,
            }
            for n, step in enumerate(report.steps, 1)
        ],
    }


def _plant_values(picker: Picker) -> dict[str, Any]:
    unknown = picker.take(0.02)
    for row in unknown:
        row["status"] = _UNKNOWN_STATUS
    months = picker.take(0.05, lambda row: any(month in row["tanggal"] for month in _VARIANTS))
    for row in months:
        for month, variant in _VARIANTS.items():
            row["tanggal"] = row["tanggal"].replace(month, variant)
    invisible = picker.take(0.03)
    for row in invisible:
        row["isi"] = row["isi"].replace(" ", "\u00a0", 2)[:40] + "\u200b" + row["isi"][40:]
    entities = picker.take(0.03)
    for row in entities:
        row["isi"] = row["isi"].replace(". ", ".&nbsp;", 1) + " RT &amp; RW sudah tahu<br />tolong ya"
    broken = picker.take(0.04)
    for row in broken:
        row["isi"] += "\n\nCatatan:\n- sudah difoto\n- ada saksi"
    return {
        "unmapped": {"status": {_UNKNOWN_STATUS: len(unknown)}},
        "month_variants": len(months),
        "invisible_characters": len(invisible),
        "entities": len(entities),
        "line_breaks": len(broken),
    }


def _blank(model: Row, number: int, when: datetime) -> Row:
    """A form that was sent empty."""
    empty = dict.fromkeys(("opd", "lokasi", "nama", "nik", "hp", "alamat"), "-")
    return (
        model
        | empty
        | {
            "id": number,
            "nomor": f"ADU-{when:%Y}-{number:05d}",
            "judul": "-",
            "isi": "",
            "tanggal": _minute(when),
            "kejadian": "--",
            "diperbarui": _second(when),
            "status": "Baru",
            "lampiran": None,
            "tanggapan": [],
        }
    )
