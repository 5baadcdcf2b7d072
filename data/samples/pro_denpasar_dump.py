"""Pro Denpasar: the packed dump that Navicat wrote of the application of 2013 (web) and 2018 (app), a row a statement.

The tables are latin1 and the application spoke UTF-8 to them, so that some texts are garbled and what latin1 does not
have became ``?``. Categories, offices, kinds and statuses are numbers of other tables. DATETIME and TIMESTAMP columns
both hold the city's time (WITA), for Navicat does not set the zone of its session; ``waktu_input`` holds Unix seconds.
"""

import gzip
import io
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from data.samples.common import OFFICE_OF, Picker, Row, mojibake, spell_area
from data.samples.people import make_person, write_name, write_phone
from data.samples.places import Village, landmark, street_names
from data.samples.words import KINDS, PHRASES, Place, compose, draw_facts, headline

_REPORTS = 100
_VILLAGES = (
    ("51.71.01.1003", "Denpasar Selatan", "Sesetan"), ("51.71.01.1004", "Denpasar Selatan", "Panjer"),
    ("51.71.01.1005", "Denpasar Selatan", "Renon"), ("51.71.01.2010", "Denpasar Selatan", "Sanur Kauh"),
    ("51.71.02.1003", "Denpasar Timur", "Kesiman"), ("51.71.02.2002", "Denpasar Timur", "Sumerta Kelod"),
    ("51.71.03.1010", "Denpasar Barat", "Padangsambian"), ("51.71.03.2008", "Denpasar Barat", "Tegal Harum"),
    ("51.71.04.1004", "Denpasar Utara", "Tonja"), ("51.71.04.1007", "Denpasar Utara", "Ubung"),
)  # fmt: skip
_HAMLETS = ("Br. Kaja", "Br. Kelod", "Br. Tengah", "Br. Kangin", "Banjar Kauh", "")
_BIRTHS = (("I Wayan", "I Made", "I Nyoman", "I Ketut"), ("Ni Luh", "Ni Made", "Ni Nyoman", "Ni Ketut"))
_OPD = {
    "works": (3, "Dinas Pekerjaan Umum dan Penataan Ruang", "PUPR "), "transport": (7, "Dinas Perhubungan ", "DISHUB"),
    "environment": (9, "Dinas Lingkungan Hidup dan Kebersihan", "DLHK"), "disaster": (12, "BPBD ", "BPBD"),
    "water": (31, "Perumda Air Minum Tirta Sewakadarma", "PDAM "), "order": (5, "SATPOLL PP", "POLPP"),
    "civil": (14, "Dinas Kependudukan dan Pencatatan Sipil", "CAPIL"),
    "other": (20, "Dinas Komunikasi, Informatika dan Statistik", "DISKOMINFOS"),
}  # fmt: skip
_CATEGORIES = (
    "Jalan", "Drainase", "Lampu Penerangan Jalan", "Parkir", "Sampah", "Banjir", "Air Bersih", "Kependudukan",
    "Ketertiban", "Pohon", "Lain-lain",
)  # fmt: skip
_KIND_NAMES = ("Pengaduan", "Aspirasi", "Saran", "Pertanyaan", "Permintaan Informasi", "Apresiasi")
_STATUSES = ("Belum Verifikasi", "Belum Tindak Lanjut", "Respon Awal", "Ditindaklanjuti Lapangan", "Selesai", "Ditolak")
_PATHS = ((1,), (2,), (2, 3), (2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 4, 5), (6,))
_SAYS = {2: "forwarded", 3: "forwarded", 4: "working", 5: "closed", 6: "rejected"}
_TESTS = (("test", "test aja"), ("Tes aplikasi android", "coba kirim foto"), ("Uji coba", "-"))
_EMPTY = (("-", ""), ("", None))
_APART = ("path", "when", "said")  # what a row knows and no column holds

_HEAD = """/*
 Navicat Premium Data Transfer

 Source Server         : prodenpasar
 Source Server Type    : MySQL
 Source Server Version : 50562
 Source Host           : localhost:3306
 Source Schema         : prodps

 Target Server Type    : MySQL
 Target Server Version : 50562
 File Encoding         : 65001

 Date: 30/11/2022 09:14:55
*/

SET NAMES utf8mb4;
SET FOREIGN_KEY_CHECKS = 0;
"""
_RULE = "-- ----------------------------"
_TEXT = "CHARACTER SET latin1 COLLATE latin1_swedish_ci"
_TABLES = {
    "m_jenis": f"""  `idjenis` int(11) NOT NULL AUTO_INCREMENT,
  `jenis` varchar(50) {_TEXT} NOT NULL,
  PRIMARY KEY (`idjenis`) USING BTREE""",
    "m_kategori": f"""  `idkategori` int(11) NOT NULL AUTO_INCREMENT,
  `kategori` varchar(100) {_TEXT} NOT NULL,
  PRIMARY KEY (`idkategori`) USING BTREE""",
    "m_status": f"""  `idstatus` tinyint(4) NOT NULL,
  `status` varchar(50) {_TEXT} NOT NULL,
  PRIMARY KEY (`idstatus`) USING BTREE""",
    "pengaduan": f"""  `idpengaduan` int(11) NOT NULL AUTO_INCREMENT,
  `kode` varchar(20) {_TEXT} NOT NULL DEFAULT '',
  `idjenis` int(11) NOT NULL DEFAULT 1,
  `idkategori` int(11) NOT NULL DEFAULT 0,
  `idopd` int(11) NULL DEFAULT NULL,
  `idstatus` tinyint(4) NOT NULL DEFAULT 1,
  `judul` varchar(150) {_TEXT} NULL DEFAULT NULL,
  `isi` text {_TEXT} NULL,
  `tgl_pengaduan` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  `waktu_input` int(11) NOT NULL DEFAULT 0 COMMENT 'time()',
  `sumber` enum('WEB','ANDROID','IOS') {_TEXT} NOT NULL DEFAULT 'WEB',
  `nama` varchar(60) {_TEXT} NULL DEFAULT NULL,
  `email` varchar(100) {_TEXT} NULL DEFAULT NULL,
  `hp` varchar(30) {_TEXT} NULL DEFAULT NULL,
  `alamat` varchar(255) {_TEXT} NULL DEFAULT NULL,
  `kecamatan` varchar(40) {_TEXT} NULL DEFAULT NULL,
  `desa` varchar(40) {_TEXT} NULL DEFAULT NULL,
  `banjar` varchar(40) {_TEXT} NULL DEFAULT NULL,
  `lokasi` varchar(255) {_TEXT} NULL DEFAULT NULL,
  `lat` double NULL DEFAULT NULL,
  `lng` double NULL DEFAULT NULL,
  `foto` varchar(255) {_TEXT} NULL DEFAULT 'default.jpg',
  `anonim` enum('Y','T') {_TEXT} NOT NULL DEFAULT 'T',
  `rahasia` tinyint(1) NOT NULL DEFAULT 0,
  `updated_at` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`idpengaduan`) USING BTREE""",
    "respon": f"""  `idrespon` int(11) NOT NULL AUTO_INCREMENT,
  `idpengaduan` int(11) NOT NULL,
  `idopd` int(11) NULL DEFAULT NULL,
  `idstatus` tinyint(4) NULL DEFAULT NULL,
  `tgl_respon` datetime NOT NULL,
  `respon` text {_TEXT} NOT NULL,
  `petugas` varchar(50) {_TEXT} NULL DEFAULT NULL,
  PRIMARY KEY (`idrespon`) USING BTREE""",
    "tb_opd": f"""  `idopd` int(11) NOT NULL AUTO_INCREMENT,
  `namaopd` varchar(100) {_TEXT} NOT NULL,
  `nama_pendek_opd` varchar(20) {_TEXT} NULL DEFAULT NULL,
  PRIMARY KEY (`idopd`) USING BTREE""",
}


def write_pro_denpasar(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/pro_denpasar/prodps.sql.gz``; returns the planted counts.

    ``texts`` has the words of each accepted report by its key, ``flags`` the number of each fault of a value, ``told``
    what the reader must say of look-ups, ``photos`` the number of files that reports name.
    """
    rng = random.Random(f"{seed} pro denpasar")
    reports = [_report(n, rng) for n in range(_REPORTS)]
    picker = Picker(reports, rng)
    planted = _plant_values(picker, rng)
    others = [_no_report(title, text, rng) for title, text in (*_TESTS, *_EMPTY)]
    rows = sorted([*reports, *others], key=lambda row: row["when"])
    for n, row in enumerate(rows):
        row |= {"idpengaduan": 11 + n + n // 9, "kode": f"PRO-{row['when']:%Y}-{n + 1:05d}"}
    answers = _answers(rows, rng)
    torn = f"INSERT INTO `pengaduan` VALUES ({rows[-1]['idpengaduan'] + 1}, 'PRO-2022-99999', 1);"
    _write(folder / "pro_denpasar" / "prodps.sql.gz", rows, answers, torn)
    return planted | {
        "raw_records": len(rows) + 1 + len(answers),
        "parts": 0,
        "events": len(answers),
        "extracted": len(rows) + 1,
        "accepted": len(reports),
        "quarantined": {"no_content": len(_EMPTY), "unreadable": 1},
        "excluded": {"test_entry": len(_TESTS)},
        "source_count": None,
        "answers": len(answers) - 1,
        "photos": sum(len(orjson.loads(row["foto"])) for row in reports if (row["foto"] or "").startswith("[")),
        "texts": {str(row["idpengaduan"]): row["said"] for row in reports},
    }


def _report(n: int, rng: random.Random) -> Row:
    """A report as the application kept it; ``path`` is the way of its status, ``said`` what the citizen wrote."""
    when = datetime(2013, 11, 25, 9) + timedelta(days=32 * n + rng.randrange(30), seconds=rng.randrange(40_000))  # noqa: DTZ001
    code, district, name = rng.choice(_VILLAGES)
    village = Village(code, district, name, -8.65, 115.22)
    place = Place(village, rng.choice(street_names(village, 15)), rng.randint(1, 9), rng.randint(1, 9), landmark(rng))
    facts = draw_facts(KINDS[n % len(KINDS)], rng)
    person = make_person(8_400_000 + n, code[:8], f"{place.street} No. {rng.randint(1, 90)}", rng)
    person = replace(person, name=f"{rng.choice(_BIRTHS[person.female])} {person.name.split()[-1]}")
    said = _latin1(compose(facts, place, rng.choice(("formal", "plain", "slang")), rng.getrandbits(32)))
    path, app = rng.choice(_PATHS), when.year >= 2018
    photos = [f"{when:%Y%m%d}_{rng.randrange(10**6):06d}.jpg" for _ in range(rng.randint(1, 3))]
    return _blank(when) | {
        "idjenis": 1 if n % 3 else rng.randint(1, 6),
        "idkategori": list(OFFICE_OF).index(facts.kind) % len(_CATEGORIES) + 1,
        "idopd": _OPD[OFFICE_OF[facts.kind]][0] if path[0] == 2 else None,
        "idstatus": path[-1],
        "judul": _latin1(headline(facts, place, rng)),
        "isi": said,
        "sumber": rng.choice(("WEB", "ANDROID", "IOS")) if app else "WEB",
        "nama": write_name(person, rng),
        "email": person.email if n % 2 else rng.choice(("", "-")),
        "hp": write_phone(person.phone, rng) if n % 9 else "-",
        "alamat": person.address if n % 4 else None,
        "kecamatan": spell_area(district, rng),
        "desa": spell_area(name, rng) if n % 5 else f"Desa {name}",
        "banjar": rng.choice(_HAMLETS),
        "lokasi": place.street,
        "lat": round(-8.65 + rng.uniform(-0.04, 0.04), 6) if app else None,
        "lng": round(115.22 + rng.uniform(-0.04, 0.04), 6) if app else None,
        "foto": orjson.dumps(photos).decode() if app else rng.choice((photos[0], "default.jpg", "")),
        "anonim": "Y" if n % 8 == 5 else "T",
        "rahasia": int(n % 14 == 6),
        "path": path,
        "said": said,
    }


def _blank(when: datetime) -> Row:
    stamp = f"{when:%Y-%m-%d %H:%M:%S}"
    unix = int((when - timedelta(hours=8)).replace(tzinfo=UTC).timestamp())
    return {
        "idpengaduan": 0, "kode": "", "idjenis": 1, "idkategori": 11, "idopd": None, "idstatus": 1, "judul": None,
        "isi": None, "tgl_pengaduan": stamp, "waktu_input": unix, "sumber": "WEB", "nama": "-", "email": "", "hp": "-",
        "alamat": None, "kecamatan": None, "desa": None, "banjar": None, "lokasi": None, "lat": None, "lng": None,
        "foto": "default.jpg", "anonim": "T", "rahasia": 0, "updated_at": stamp, "path": (1,), "when": when,
    }  # fmt: skip


def _no_report(title: str, text: str | None, rng: random.Random) -> Row:
    when = datetime(2018, 3, 1) + timedelta(minutes=rng.randrange(900_000))  # noqa: DTZ001 (wall time of the city)
    return _blank(when) | {"judul": title, "isi": text, "nama": "Admin Uji"}


def _latin1(text: str) -> str:
    """``text`` as MySQL's latin1 keeps it, which is Windows-1252: what that does not have is ``?``."""
    return text.encode("cp1252", "replace").decode("cp1252")


def _plant_values(picker: Picker, rng: random.Random) -> dict[str, Any]:
    """Faults of single values; each is counted by the flag that it must raise."""
    flags: Counter[str] = Counter()

    def plant(share: float, cells: Row, *names: str) -> int:
        rows = picker.take(share)
        for row in rows:
            row |= cells
        flags.update({name: len(rows) for name in names})
        return len(rows)

    plant(0.02, {"tgl_pengaduan": "0000-00-00 00:00:00"}, "submitted_at:zero_date")
    plant(0.02, {"updated_at": "0000-00-00 00:00:00"}, "version_at:zero_date")
    plant(0.02, {"lat": 0.0, "lng": 0.0}, "latitude:zero", "longitude:zero")
    plant(0.02, {"hp": "0361"}, "reporter_phone:invalid")
    plant(0.02, {"nama": "Hamba Allah"}, "reporter_name:placeholder")
    elsewhere = plant(0.02, {"kecamatan": "", "desa": "Dalung"}, "village:unknown")  # of the neighbouring Kabupaten
    status = plant(0.02, {"idstatus": 9}, "status:unmapped")
    category = plant(0.03, {"idkategori": 0})
    garbled = picker.take(0.04, lambda row: row["isi"].isascii())
    for row in garbled:
        row["said"] = f"{row['isi']} {rng.choice(PHRASES['frame']['curly'][1:])}"
        row["isi"] = mojibake(row["said"])
    for row in picker.take(0.03):
        row["said"], row["isi"] = f"{row['isi']}\nMohon dicek & dibantu", f"{row['isi']}<br />Mohon dicek &amp; dibantu"
    for row in picker.take(0.03):
        row["said"] = row["isi"] = f"{row['isi']}\nKata petugas: 'nanti saja'; lalu pergi. -- foto di C:\\foto\\1.jpg"
    return {
        "unmapped": {"status": {"(kosong)": status}, "village": {"Dalung": elsewhere}},
        "flags": dict(sorted((flags + Counter({"text:mojibake_repaired": len(garbled)})).items())),
        "told": (
            f"pengaduan.idkategori: {category} values have no row in m_kategori.idkategori",
            f"pengaduan.idstatus: {status} values have no row in m_status.idstatus",
        ),
    }


def _answers(rows: Sequence[Row], rng: random.Random) -> list[Row]:
    """Answers by time, one of them to a report that is gone; a report's last one moves its ``updated_at``."""
    offices = {number: name.strip() for number, name, _ in _OPD.values()}
    out = []
    for row in rows:
        when = row["when"]
        for status in (s for s in row["path"] if s in _SAYS):
            when += timedelta(hours=rng.randint(1, 90), minutes=rng.randrange(60))
            text = rng.choice(PHRASES["answers"][_SAYS[status]])
            out.append({
                "idpengaduan": row["idpengaduan"], "idopd": row["idopd"], "idstatus": status,
                "tgl_respon": f"{when:%Y-%m-%d %H:%M:%S}",
                "respon": text.format(opd=offices.get(row["idopd"], "Dinas Perhubungan")),
                "petugas": rng.choice(("admin", "Operator OPD", None)),
            })  # fmt: skip
        if when > row["when"] and row["updated_at"][:4] != "0000":
            row["updated_at"] = f"{when:%Y-%m-%d %H:%M:%S}"
    out.append(out[-1] | {"idpengaduan": 4})
    out.sort(key=lambda row: str(row["tgl_respon"]))
    return [{"idrespon": n} | row for n, row in enumerate(out, 1)]


def _write(path: Path, reports: Sequence[Row], answers: Sequence[Row], torn: str) -> None:
    """The dump, packed, with the line ends of Windows; ``torn`` is a statement that somebody cut."""
    named = {"idjenis": _KIND_NAMES, "idkategori": _CATEGORIES, "idstatus": _STATUSES}
    small = {f"m_{key[2:]}": [{key: n, "nama": t} for n, t in enumerate(texts, 1)] for key, texts in named.items()}
    rows: dict[str, Sequence[Row]] = {
        **small,
        "pengaduan": [{name: cell for name, cell in row.items() if name not in _APART} for row in reports],
        "respon": answers,
        "tb_opd": [{"idopd": n, "nama": name, "pendek": short} for n, name, short in sorted(_OPD.values())],
    }
    text = "\n".join([_HEAD, *_tables(rows, torn), "SET FOREIGN_KEY_CHECKS = 1;", ""])
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as file:
        file.write(text.replace("\n", "\r\n").encode())
    path.write_bytes(packed.getvalue())


def _tables(rows: Mapping[str, Sequence[Row]], torn: str) -> Iterator[str]:
    for table, columns in _TABLES.items():
        yield f"{_RULE}\n-- Table structure for {table}\n{_RULE}\nDROP TABLE IF EXISTS `{table}`;"
        yield f"CREATE TABLE `{table}`  (\n{columns}\n) ENGINE = MyISAM CHARACTER SET = latin1 ROW_FORMAT = Dynamic;\n"
        yield f"{_RULE}\n-- Records of {table}\n{_RULE}"
        for row in rows[table]:
            yield f"INSERT INTO `{table}` VALUES ({', '.join(_literal(cell) for cell in row.values())});"
        yield torn + "\n" if table == "pengaduan" else ""


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\r\\n"})


def _literal(cell: Any) -> str:
    if cell is None:
        return "NULL"
    return f"'{cell.translate(_ESCAPES)}'" if isinstance(cell, str) else str(cell)
