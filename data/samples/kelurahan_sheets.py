"""Forms and sheets of Kecamatan Pamulang, Tangerang Selatan, as RW, kelurahan and kecamatan really keep them.

The answers of a Google form, the workbook of a kelurahan with a sheet a year, a web page called ``.xls``, a CSV of
Windows-1252 with semicolons; and apart from these the workbooks of the kecamatan, with letterhead, headers over two
rows and a sheet a kelurahan. Nothing numbers the reports. Times are the wall time of the city (WIB).
"""

import csv
import html
import io
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from data.samples.ntpd112_sheet import _STAMP, _restamped
from data.samples.people import Person, make_person, write_name, write_phone
from data.samples.places import Village, landmark, street_names
from data.samples.words import KINDS, PHRASES, Place, compose, draw_facts

_DISTRICT = "36.74.06"
_VILLAGES = ("Pamulang Barat", "Benda Baru", "Pondok Benda", "Kedaung", "Bambu Apus")
_FORM = (
    "Timestamp", "Email Address", "Nama lengkap sesuai KTP", "NIK", "Nomor HP / WhatsApp yang aktif",
    "Alamat tempat tinggal", "Kelurahan", "RT", "RW", "Kategori permasalahan",
    "Sampaikan permasalahan yang Bapak/Ibu alami (jelaskan apa, di mana dan sejak kapan)",
    "Lokasi permasalahan (nama jalan / patokan)", "Foto pendukung", "Rahasiakan identitas saya?",
    "Apakah data yang diisi sudah benar?",
)  # fmt: skip
_BOOK = {
    "ADUAN 2023": (
        "", "TGL", "NAMA PELAPOR ", "NIK", "NO HP", "ALAMAT", "RT/RW", "ISI ADUAN", "LOKASI", "STATUS", "TINDAK LANJUT",
    ),
    "Aduan 2024 ": (
        "NO", "TANGGAL\nADUAN", "Nama Warga", "N I K", "No. Telp/WA", "Alamat  Warga", "RT / RW", "Uraian Aduan",
        "Lokasi Kejadian", "Ket.", "Tindak Lanjut Kelurahan",
    ),
}  # fmt: skip
_RECAP = (
    ("NO", "NO"), ("TANGGAL", "TANGGAL"), ("PELAPOR", "NAMA"), ("PELAPOR", "NIK"), ("PELAPOR", "NO. HP"),
    ("ADUAN", "URAIAN"), ("ADUAN", "LOKASI"), ("ADUAN", "RT/RW"), ("PENANGANAN", "STATUS"),
    ("PENANGANAN", "KETERANGAN"),
)  # fmt: skip
_CATEGORY = {
    "jalan": "Jalan", "drainase": "Saluran air / banjir", "banjir": "Saluran air / banjir", "lampu": "Lampu jalan",
    "sampah": "Sampah",
}  # fmt: skip
_STATUSES = ("Selesai", "SUDAH DITINDAKLANJUTI", "Proses", "proses ", "Belum", "")
_UNKNOWN_STATUS = "Menunggu dana"
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (day 0 of Excel)
_MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agt", "September", "Okt", "Nop", "Desember")


@dataclass(frozen=True)
class _Report:
    """One report: ``when`` is wall time of the city."""

    when: datetime
    person: Person
    name: str
    place: Place
    kind: str
    text: str


def write_kelurahan(folder: Path, seed: int) -> dict[str, Any]:
    """Write the files below ``folder/kelurahan``; returns the planted counts.

    ``texts`` has the words of each accepted report,
    sorted, ``flags`` the number of each fault of a value, ``told`` what the reader must say.
    """
    rng = random.Random(f"{seed} kelurahan")
    path = folder / "kelurahan"
    path.mkdir(parents=True, exist_ok=True)
    files = [_write_form(path, rng), _write_book(path, rng), _write_page(path, rng), _write_csv(path, rng)]
    return _summed([*files, *(_write_recap(path, year, rng) for year in (2023, 2024))])


def _counts(texts: Sequence[str], **more: Any) -> dict[str, Any]:
    return {"texts": list(texts), "flags": {}, "excluded": {}, "quarantined": {}, "unmapped": {}, "told": ()} | more


def _summed(files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The counts of all files."""
    texts = sorted(text for one in files for text in one["texts"])
    total: dict[str, Any] = {
        name: dict(sorted(sum((Counter(one[name]) for one in files), Counter[str]()).items()))
        for name in ("flags", "excluded", "quarantined", "unmapped")
    }
    rows = len(texts) + sum(total["excluded"].values()) + sum(total["quarantined"].values())
    return total | {
        "raw_records": rows, "parts": 0, "events": 0, "extracted": rows, "accepted": len(texts), "source_count": None,
        "unmapped": {"status": total["unmapped"]} if total["unmapped"] else {}, "texts": texts,
        "told": tuple(line for one in files for line in one["told"]),
    }  # fmt: skip


def _reports(count: int, year: int, name: str, rng: random.Random) -> list[_Report]:
    """``count`` reports of a year from one kelurahan, by time."""
    when, out = datetime(year, 1, 8, 8), []  # noqa: DTZ001 (wall time of the city)
    hours = 8200 if year < 2024 else 2900  # the files were sent in June 2024
    village = Village(f"{_DISTRICT}.{1001 + _VILLAGES.index(name)}", "Pamulang", name, 0, 0)
    for _ in range(count):
        when += timedelta(hours=rng.randint(20, hours // count), seconds=rng.randrange(3600))
        street = rng.choice(street_names(village, 12))
        place = Place(village, street, rng.randint(1, 9), rng.randint(1, 14), landmark(rng))
        facts = draw_facts(rng.choice(KINDS), rng)
        person = make_person(8_600_000 + rng.randrange(10**5), _DISTRICT, f"{street} No. {rng.randint(1, 80)}", rng)
        text = compose(facts, place, rng.choice(("formal", "plain", "slang")), rng.getrandbits(32))
        out.append(_Report(when, person, write_name(person, rng), place, facts.kind, " ".join(text.split())))
    return out


def _write_form(folder: Path, rng: random.Random) -> dict[str, Any]:
    """What Google gives for the form of a kelurahan: UTF-8, its own times with a zone, a line for an example."""
    reports = _reports(30, 2024, "Benda Baru", rng)
    rows = []
    for n, r in enumerate(reports):
        photos = ", ".join(f"https://drive.example/open?id=foto{rng.getrandbits(48):012x}" for _ in range(n % 3))
        rows.append([
            f"{r.when:%Y/%m/%d} {r.when.hour % 12 or 12}:{r.when:%M:%S} {'AM' if r.when.hour < 12 else 'PM'} GMT+7",
            r.person.email, r.name, r.person.nik, write_phone(r.person.phone, rng), r.person.address, "Benda Baru",
            f"{r.place.rt:03d}", str(r.place.rw), _CATEGORY.get(r.kind, "Lainnya"), r.text, r.place.street, photos,
            "Ya" if n % 6 == 2 else "Tidak", "Ya",
        ])  # fmt: skip
    rows[4][3], rows[9][3], rows[14][4] = "3674", "-", "112"
    rows[7][10] = f"{rows[7][10]}\nMohon maaf, fotonya menyusul."
    twice = list(rows[12])  # the button was pressed again and the form kept both
    example = [
        *rows[0][:2],
        "CONTOH PENGISIAN",
        "-",
        "-",
        "-",
        "-",
        "-",
        "-",
        "-",
        "Contoh: lampu jalan mati",
        *["-"] * 4,
    ]
    nothing = [*rows[1][:10], ".", *["-"] * 4]
    ordered = [example, *rows[:13], twice, nothing, *rows[13:]]
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([_FORM, *ordered])
    (folder / "Form Aduan Warga Benda Baru (Jawaban) - Form Responses 1.csv").write_bytes(file.getvalue().encode())
    return _counts(
        [row[10] for row in [*rows, twice]],
        flags={"reporter_nik:wrong_length": 1, "reporter_phone:no_citizen_phone": 1},
        excluded={"example_row": 1},
        quarantined={"no_content": 1},
    )


def _write_book(folder: Path, rng: random.Random) -> dict[str, Any]:
    """The workbook of a kelurahan: a sheet a year with headers of its own, typed numbers, several kinds of dates."""
    book = Workbook()
    book.remove(book.worksheets[0])
    texts, serials, unknown = [], 0, 0
    for title, headers in _BOOK.items():
        sheet = book.create_sheet(title)
        sheet.append(headers)
        for n, r in enumerate(_reports(17, int(title.split()[1]), "Pamulang Barat", rng), 1):
            status = _UNKNOWN_STATUS if n == 11 else rng.choice(_STATUSES)
            rounded = float(f"{r.person.nik[:15]}0")  # Excel keeps fifteen digits of a typed number
            sheet.append([
                n, _typed_date(r.when, n), r.name, rounded if n == 6 else r.person.nik,
                int(r.person.phone) if n % 3 == 0 else write_phone(r.person.phone, rng), r.person.address,
                f"{r.place.rt:03d}/{r.place.rw:03d}", r.text, r.place.street, status, _answer(status, rng),
            ])  # fmt: skip
            texts.append(r.text)
            serials, unknown = serials + (n % 8 == 5), unknown + (status == _UNKNOWN_STATUS)
        sheet.append([])
        sheet.append(["JUMLAH", 17])
    _save(book, folder / "BUKU ADUAN KEL PAMULANG BARAT.xlsx")
    return _counts(
        texts,
        flags={"submitted_at:unreadable_date": serials, "status:unmapped": unknown},
        unmapped={_UNKNOWN_STATUS: unknown},
        told=(
            *("ADUAN*: 1 rows of totals are no records",) * 2,
            *("ADUAN*: NIK has 1 numbers of more than 15 digits; Excel keeps no more of typed ones",) * 2,
        ),
    )


def _typed_date(when: datetime, n: int) -> Any:
    """A date as people type it: a real one, a text, or the number of its day where the format of the cell was lost."""
    if n % 8 == 5:
        return (when - _EPOCH).days
    ways = (
        when.replace(hour=0, minute=0, second=0), f"{when:%d/%m/%Y}",
        f"{when.day} {_MONTHS[when.month - 1]} {when.year}", f"{when.day}-{when.month}-{when:%y}",
    )  # fmt: skip
    return ways[n % len(ways)]


def _answer(status: str, rng: random.Random) -> str | None:
    return rng.choice(PHRASES["answers"]["closed"]).format(opd="Dinas SDABMBK") if status == "Selesai" else None


def _write_page(folder: Path, rng: random.Random) -> dict[str, Any]:
    """What the web site of a RW offers as ``.xls``: a page with one table."""
    reports = _reports(14, 2024, "Pondok Benda", rng)
    lines = [
        "".join(f"<td>{html.escape(str(cell))}</td>" for cell in (
            n, f"{r.when:%d/%m/%Y %H:%M}", r.name, r.person.address, write_phone(r.person.phone, rng) if n % 4 else "-",
            r.text, rng.choice(_STATUSES),
        ))
        for n, r in enumerate(reports, 1)
    ]  # fmt: skip
    head = "".join(f"<th>{name}</th>" for name in ("No", "Tanggal", "Nama", "Alamat", "HP", "Keluhan", "Ket"))
    rows = "\n".join(f"<tr>{line}</tr>" for line in [head, *lines])
    page = f'<html><head><meta charset="utf-8"></head><body><table border="1">\n{rows}\n</table></body></html>\n'
    (folder / "aduan_rw05.xls").write_text(page, encoding="utf-8", newline="")
    return _counts([r.text for r in reports])


def _write_csv(folder: Path, rng: random.Random) -> dict[str, Any]:
    """What Excel saves as CSV on an Indonesian computer of a RW: semicolons, Windows-1252, rounded numbers."""
    reports = _reports(16, 2023, "Kedaung", rng)
    texts, rows = [], [["No", "Tgl", "Nama", "NIK", "No. HP", "RT", "Keluhan / Usulan", "Lokasi", "Status"]]
    for n, r in enumerate(reports, 1):
        text = r.text.encode("cp1252", "replace").decode("cp1252") + (" – kata warga “begitu”" if n % 4 == 0 else "")
        nik = "3,67406E+15" if n in (3, 8) else r.person.nik
        phone = "8,12E+10" if n == 5 else r.person.phone[1:]
        day = f"{r.when.day}/{r.when.month}/{r.when.year}"
        status = rng.choice(_STATUSES)
        rows.append([str(n), day, r.name, nik, phone, str(r.place.rt), text, r.place.street, status])
        texts.append(text)
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(rows)
    torn = "17;3/6/2023;Warga RT 4;-;-;4;selokan mampet; bau; sudah lama;Gg. Buntu;Belum\r\n"  # semicolons in the words
    (folder / "Rekap RW 011.csv").write_bytes((file.getvalue() + torn).encode("cp1252"))
    return _counts(
        texts,
        flags={"reporter_nik:digits_lost": 2, "reporter_phone:digits_lost": 1},
        quarantined={"unreadable": 1},
    )


def _write_recap(folder: Path, year: int, rng: random.Random) -> dict[str, Any]:
    """The workbook that a kecamatan makes of what its kelurahan send: a sheet for each, and one of sums."""
    book = Workbook()
    sums = book.worksheets[0]
    sums.title = "REKAP"
    texts = []
    for name in _VILLAGES[:3]:
        reports = _reports(6, year, name, rng)
        sheet = book.create_sheet(f"ADUAN KEL {name.upper()}")
        _letterhead(sheet, name, year)
        for n, r in enumerate(reports, 1):
            sheet.append([
                n, r.when if n % 2 else f"{r.when:%d/%m/%Y}", r.name, r.person.nik, int(r.person.phone), r.text,
                r.place.street, f"RT {r.place.rt:02d} / RW {r.place.rw:02d}", rng.choice(_STATUSES[:5]), None,
            ])  # fmt: skip
        sheet.append(["JUMLAH", None, len(reports)])
        texts += [r.text for r in reports]
    _letterhead(book.create_sheet(f"ADUAN KEL {_VILLAGES[4].upper()}"), _VILLAGES[4], year)  # sent nothing
    sums.append([f"REKAPITULASI ADUAN TAHUN {year}"])
    sums.append(["Jumlah aduan", len(texts)])
    _save(book, folder / f"Rekap Aduan Kec. Pamulang {year}.xlsx")
    return _counts(texts, told=("ADUAN*: 1 rows of totals are no records",) * 3)


def _letterhead(sheet: Any, name: str, year: int) -> None:
    """Three lines of letterhead, and headers in rows 4 and 5, merged where one stands over several or over both."""
    for title in ("PEMERINTAH KOTA TANGERANG SELATAN", "KECAMATAN PAMULANG", f"ADUAN WARGA {name.upper()} {year}"):
        sheet.append([title])
    for row in (4, 5):
        for column, pair in enumerate(_RECAP, 1):
            cell = sheet.cell(row, column, pair[row - 4])
            cell.font, cell.alignment = Font(bold=True), Alignment(horizontal="center")
    for first, last in ((3, 5), (6, 8), (9, 10)):
        sheet.merge_cells(start_row=4, end_row=4, start_column=first, end_column=last)
    for column in (1, 2):
        sheet.merge_cells(start_row=4, end_row=5, start_column=column, end_column=column)


def _save(book: Workbook, path: Path) -> None:
    book.properties.creator = "Kecamatan Pamulang"
    book.properties.created = datetime(*_STAMP)  # noqa: DTZ001 (openpyxl takes UTC without saying so)
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(_restamped(buffer.getvalue()))
