"""The hotline of single offices of Kota Depok: the call log in which their officers key what callers say, as SQLite.

One application for five offices, moved from MySQL years ago and never cleaned: codes of its own, ``-`` for null, zero
dates, rows that are only marked as deleted, rows saved twice. Times are the wall time of the city (WIB).
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from data.samples.common import Picker, Row, mojibake, spell_area
from data.samples.people import make_person, write_name, write_phone
from data.samples.places import City, landmark, load_cities, street_names
from data.samples.words import PHRASES, Place, compose, draw_facts

_CALLS = 90
_FIRST = datetime(2023, 9, 4, 7, 30)  # noqa: DTZ001 (wall time of the city)
_KINDS = ("jalan", "drainase", "banjir", "lampu", "parkir", "sampah", "pohon", "trantib", "air")
_OFFICE = {
    "jalan": "PUPR", "drainase": "PUPR", "banjir": "PUPR", "lampu": "DISHUB", "parkir": "DISHUB", "sampah": "DLHK",
    "pohon": "DLHK", "trantib": "POLPP", "air": "PDAM",
}  # fmt: skip
_SPELLINGS = {"PUPR": ("pupr", "PUPR "), "DISHUB": ("Dishub",), "DLHK": ("DLH",), "POLPP": ("POL PP",)}
_CATEGORY = {
    "jalan": "JLN", "drainase": "DRN", "banjir": "BJR", "lampu": "PJU", "parkir": "PKR", "sampah": "SPH",
    "pohon": "PHN", "trantib": "TRB", "air": "AIR",
}  # fmt: skip
_PATHS = (("0",), ("0", "1"), ("0", "1", "2"), ("0", "1", "2", "3"), ("0", "1", "2", "9"), ("0", "4"))
_ANSWERS = {"1": "forwarded", "2": "working", "3": "closed", "9": "closed", "4": "rejected"}
_APART = ("path", "when", "said")  # what a row knows and no column holds
_UNKNOWN_STATUS, _UNKNOWN_OFFICE = "7", "UPT3"
_NO_CALLS = (
    ("P", 9, ("Anak-anak iseng", "prank", "Penelepon tertawa lalu menutup")),
    ("H", 6, ("", "-", "Tidak ada suara")),
    ("S", 3, ("Salah sambung, mencari rumah makan", "mau pesan galon")),
)
_RULES = {"P": "prank", "H": "silent_call", "S": "wrong_number"}
_TABLES = """
CREATE TABLE tb_opd (kode_opd VARCHAR(10) NOT NULL, nama_opd VARCHAR(100) NOT NULL, ext VARCHAR(5));
CREATE TABLE tb_panggilan (
  id_panggilan INTEGER NOT NULL PRIMARY KEY,
  no_register VARCHAR(20) NOT NULL DEFAULT '-',
  kode_opd VARCHAR(10) NOT NULL DEFAULT '',
  waktu_telepon DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
  jenis CHAR(1) NOT NULL DEFAULT 'A',
  nama VARCHAR(60) DEFAULT '-',
  telepon VARCHAR(30) DEFAULT '-',
  alamat VARCHAR(255) DEFAULT '-',
  no_pelanggan VARCHAR(15) DEFAULT '-',
  isi TEXT,
  kode_kategori VARCHAR(5),
  lokasi VARCHAR(255) DEFAULT '-',
  kecamatan VARCHAR(40) DEFAULT '-',
  kelurahan VARCHAR(40) DEFAULT '-',
  minta_rahasia TINYINT(1) NOT NULL DEFAULT 0,
  st VARCHAR(2) NOT NULL DEFAULT '0',
  alasan VARCHAR(255) DEFAULT '-',
  petugas VARCHAR(30) DEFAULT NULL,
  hapus TINYINT(1) NOT NULL DEFAULT 0,
  diubah DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'
);
CREATE TABLE tindak_lanjut (
  id_tl INTEGER NOT NULL PRIMARY KEY,
  id_panggilan INTEGER NOT NULL,
  waktu DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
  kode_opd VARCHAR(10) NOT NULL DEFAULT '',
  st_baru VARCHAR(2) DEFAULT NULL,
  uraian TEXT,
  petugas VARCHAR(30) DEFAULT NULL,
  diubah DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'
);
CREATE INDEX idx_diubah ON tb_panggilan (diubah);
"""
_OFFICES = (
    ("PUPR", "Dinas Pekerjaan Umum dan Penataan Ruang", "101"), ("DISHUB", "Dinas Perhubungan", "102"),
    ("DLHK", "Dinas Lingkungan Hidup dan Kebersihan", "103"), ("POLPP", "Satuan Polisi Pamong Praja", "104"),
    ("PDAM", "PT Tirta Asasta Depok (Perseroda)", "105"),
)  # fmt: skip


def write_hotline(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/hotline/hotline.db``; returns the planted counts.

    ``texts`` has the words of each accepted call by its key, ``flags`` the number of each fault of a value,
    ``resubmitted`` the number of calls saved twice, ``answers`` that of the answers that belong to an accepted call,
    ``last_change`` the latest change of a call.
    """
    rng = random.Random(f"{seed} hotline")
    city = load_cities()["32.76"]
    calls = [_call(n, city, rng) for n in range(_CALLS)]
    picker = Picker(calls, rng)
    resubmitted = [_again(row) for row in picker.take(0.04)]
    planted = _plant_values(picker, rng)
    deleted = picker.take(0.04)
    for row in deleted:
        row["hapus"] = 1
    others = [_no_call(kind, text, rng) for kind, count, words in _NO_CALLS for text in _cycle(words, count)]
    empty = [_no_call("A", text, rng) for text in ("-", "...", "")]
    gone = {id(row) for row in deleted}
    numbered = _numbered([*calls, *resubmitted, *others, *empty])
    answers = _answers(numbered, rng)
    _write(folder / "hotline" / "hotline.db", numbered, answers)
    accepted = [row for row in [*calls, *resubmitted] if id(row) not in gone]
    known = {row["id_panggilan"] for row in accepted}
    excluded = {_RULES[kind]: count for kind, count, _ in _NO_CALLS} | {"deleted": len(deleted)}
    return planted | {
        "raw_records": len(numbered) + len(answers),
        "parts": 0,
        "events": len(answers),
        "extracted": len(numbered),
        "accepted": len(accepted),
        "quarantined": {"no_content": len(empty)},
        "excluded": excluded,
        "source_count": len(numbered),
        "resubmitted": len(resubmitted),
        "answers": sum(row["id_panggilan"] in known for row in answers),
        "texts": {str(row["id_panggilan"]): row.get("said", row["isi"]) for row in accepted},
        "last_change": max(row["diubah"] for row in numbered),
    }


def _cycle(words: Sequence[str], count: int) -> list[str]:
    return [words[n % len(words)] for n in range(count)]


def _blank(when: datetime, rng: random.Random) -> Row:
    """A call of which nothing is known but when it was and who took it."""
    return {
        "waktu_telepon": f"{when:%Y-%m-%d %H:%M:%S}", "jenis": "A", "kode_opd": rng.choice(_OFFICES)[0], "nama": "-",
        "telepon": "-", "alamat": "-", "no_pelanggan": "-", "isi": None, "kode_kategori": None, "lokasi": "-",
        "kecamatan": "-", "kelurahan": "-", "minta_rahasia": 0, "st": "0", "alasan": "-",
        "petugas": f"hotline{rng.randint(1, 4)}", "hapus": 0, "path": ("0",), "when": when,
        "diubah": f"{when + timedelta(minutes=rng.randint(2, 9)):%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip


def _call(n: int, city: City, rng: random.Random) -> Row:
    """A complaint by phone, as an officer noted it; ``path`` is the way of its status, ``when`` its time."""
    when = _FIRST + timedelta(hours=37 * n + rng.randint(0, 11), seconds=rng.randrange(3600))
    village = rng.choice(city.villages)
    street = rng.choice(street_names(village, 20))
    place = Place(village, street, rng.randint(1, 9), rng.randint(1, 12), landmark(rng))
    facts = draw_facts(rng.choice(_KINDS), rng)
    person = make_person(8_200_000 + n, village.code[:8], f"{street} No. {rng.randint(1, 90)}", rng)
    office, path = _OFFICE[facts.kind], rng.choice(_PATHS)
    return _blank(when, rng) | {
        "jenis": "I" if n % 11 == 0 else "A",
        "kode_opd": rng.choice(_SPELLINGS[office]) if office in _SPELLINGS and n % 5 == 0 else office,
        "nama": write_name(person, rng),
        "telepon": "-" if n % 13 == 0 else write_phone(person.phone, rng),
        "alamat": person.address if n % 3 else "-",
        "no_pelanggan": f"0{rng.randrange(10**9):09d}" if office == "PDAM" else "-",
        "isi": compose(facts, place, "operator", rng.getrandbits(32)),
        "kode_kategori": _CATEGORY[facts.kind],
        "lokasi": f"{street} RT {place.rt:02d}/{place.rw:02d}",
        "kecamatan": spell_area(village.district, rng),
        "kelurahan": spell_area(village.name, rng),
        "minta_rahasia": int(n % 17 == 3),
        "st": path[-1],
        "alasan": rng.choice(PHRASES["answers"]["rejected"]) if path[-1] == "4" else "-",
        "path": path,
    }


def _again(row: Row) -> Row:
    """``row`` as a second click saved it: the same call under the next number."""
    when = row["when"] + timedelta(seconds=3)
    stamp = f"{when:%Y-%m-%d %H:%M:%S}"
    return row | {"when": when, "waktu_telepon": stamp, "diubah": stamp, "path": ("0",), "st": "0", "alasan": "-"}


def _no_call(kind: str, text: str, rng: random.Random) -> Row:
    """A call without a complaint in it."""
    when = _FIRST + timedelta(minutes=rng.randrange(190_000), seconds=rng.randrange(60))
    return _blank(when, rng) | {"jenis": rng.choice((kind, kind.lower())), "isi": text or None}


def _plant_values(picker: Picker, rng: random.Random) -> dict[str, Any]:
    """Faults of single values; each is counted by the flag that it must raise."""
    flags: Counter[str] = Counter()

    def plant(share: float, column: str, value: str, flag: str) -> int:
        rows = picker.take(share)
        for row in rows:
            row[column] = value
        flags[flag] += len(rows)
        return len(rows)

    plant(0.02, "waktu_telepon", "0000-00-00 00:00:00", "submitted_at:zero_date")
    plant(0.02, "waktu_telepon", "1970-01-01 07:00:00", "submitted_at:default_date")
    plant(0.01, "diubah", "0000-00-00 00:00:00", "version_at:zero_date")
    plant(0.02, "telepon", "PRIVATE NUMBER", "reporter_phone:invalid")
    plant(0.02, "telepon", "8.12346E+11", "reporter_phone:digits_lost")
    plant(0.02, "nama", "NN", "reporter_name:placeholder")
    plant(0.01, "kelurahan", "Cibadak Hilir", "village:unknown")
    unknown = plant(0.02, "st", _UNKNOWN_STATUS, "status:unmapped")
    offices = plant(0.02, "kode_opd", _UNKNOWN_OFFICE, "agency:unmapped")
    garbled = picker.take(0.03, lambda row: row["isi"].isascii())
    for row in garbled:
        row["said"] = f"{row['isi']} {rng.choice(PHRASES['frame']['curly'])}"
        row["isi"] = mojibake(row["said"])
    return {
        "unmapped": {
            "status": {_UNKNOWN_STATUS: unknown}, "agency": {_UNKNOWN_OFFICE: offices},
            "village": {"Cibadak Hilir": flags["village:unknown"]},
        },
        "flags": dict(sorted((flags + Counter({"text:mojibake_repaired": len(garbled)})).items())),
    }  # fmt: skip


def _numbered(rows: Sequence[Row]) -> list[Row]:
    """``rows`` by time, with the numbers that the application gave them; some were burnt by cancelled calls."""
    ordered = sorted(rows, key=lambda row: row["when"])
    for n, row in enumerate(ordered):
        row["id_panggilan"] = 1001 + n + n // 12
        row["no_register"] = f"HTL/{row['when']:%Y/%m}/{n + 1:04d}" if n % 10 else "-"
    return ordered


def _answers(calls: Sequence[Row], rng: random.Random) -> list[Row]:
    """What offices noted as done, one of them for a call that is no longer there."""
    rows = []
    names = {code: name for code, name, _ in _OFFICES}
    for call in calls:
        when = call["when"]
        for status in call["path"][1:]:
            when += timedelta(hours=rng.randint(2, 60), minutes=rng.randrange(60))
            text = rng.choice(PHRASES["answers"][_ANSWERS[status]])
            rows.append({
                "id_panggilan": call["id_panggilan"], "waktu": f"{when:%Y-%m-%d %H:%M:%S}",
                "kode_opd": call["kode_opd"] if call["kode_opd"] in names else "PUPR",
                "st_baru": status if rng.random() < 0.9 else None,
                "uraian": text.format(opd=names.get(call["kode_opd"], "Dinas Perhubungan")),
                "petugas": rng.choice(("adm_bidang", "Korlap", "-")),
            })  # fmt: skip
        if call["path"][1:] and call["diubah"][:4] != "0000":
            call["diubah"] = f"{when:%Y-%m-%d %H:%M:%S}"
    rows.append(rows[-1] | {"id_panggilan": 99})
    rows.sort(key=lambda row: row["waktu"])
    return [{"id_tl": n} | row | {"diubah": row["waktu"]} for n, row in enumerate(rows, 1)]


def _write(path: Path, calls: Sequence[Row], answers: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as book:
        book.executescript(_TABLES)
        book.executemany("INSERT INTO tb_opd VALUES (?, ?, ?)", _OFFICES)
        _insert(book, "tb_panggilan", [{k: v for k, v in row.items() if k not in _APART} for row in calls])
        _insert(book, "tindak_lanjut", answers)
        book.commit()


def _insert(book: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    names = list(rows[0])
    places = ", ".join(f":{name}" for name in names)
    book.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", rows)
