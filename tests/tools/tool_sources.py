"""Undescribed sources of the kinds that are met (domain §3), filled with invented citizens."""

import csv
import io
import random
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

GIVEN = ("Sekar", "Bagas", "Ratri", "Danu", "Wulan", "Jatmiko", "Laras", "Tirta", "Galih", "Ayunda")
FAMILY = ("Purwacitra", "Sanjayana", "Wiradinata", "Kusumadewa", "Prameswari", "Adiningrat", "Mangkuraja", "Lokatama")
PROBLEMS = (
    ("jalan", "Jalan di depan gang berlubang besar dan sudah dua minggu belum ditambal, mohon segera diperbaiki"),
    ("lampu", "Lampu penerangan jalan mati sejak pekan lalu sehingga gang gelap sekali pada malam hari"),
    ("sampah", "Sampah di tempat pembuangan sementara menumpuk dan baunya sampai ke rumah warga sekitar"),
    ("air", "Air bersih tidak mengalir sejak kemarin sore padahal tagihan sudah kami bayar penuh"),
)
MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
    "November", "Desember")  # fmt: skip
DISTRICTS = {
    "Pancoran Mas": ("Depok", "Mampang", "Rangkapan Jaya"),
    "Beji": ("Beji Timur", "Kukusan", "Tanah Baru"),
    "Sukmajaya": ("Abadijaya", "Mekarjaya", "Tirtajaya"),
}


class Citizens:
    """Invented citizens; ``planted`` gathers every value that points to one."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = random.Random(seed)
        self.planted: set[str] = set()

    def one(self) -> dict[str, str]:
        rng = self.rng
        name = f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"
        born = f"{rng.randint(1, 28):02d}{rng.randint(1, 12):02d}{rng.randint(60, 99)}"
        nik = f"32760{rng.randint(1, 9)}{born}{rng.randint(1, 9999):04d}"
        phone = f"0812{rng.randint(10_000_000, 99_999_999)}"
        email = f"{name.split()[0].lower()}{rng.randint(10, 999)}@surat.example"
        district = rng.choice(sorted(DISTRICTS))
        kind, text = rng.choice(PROBLEMS)
        found = {
            "nama": name, "nik": nik, "telp": phone, "email": email, "kecamatan": district,
            "kelurahan": rng.choice(DISTRICTS[district]), "jenis": kind,
            "alamat": f"Gang Cempaka Ungu No. {rng.randint(1, 99)} RT 0{rng.randint(1, 9)}",
            "isi": f"{text}, di gang nomor {rng.randint(1, 999)}. Hubungi {phone}.",
        }  # fmt: skip
        self.planted |= {name, nik, phone, email, found["alamat"]}
        return found

    def times(self, count: int) -> Iterator[datetime]:
        at = datetime(2023, 1, 3, 7, 30)
        for _ in range(count):
            at += timedelta(minutes=self.rng.randint(60, 4000))
            yield at


def school_dump(path: Path, count: int = 60) -> Citizens:
    """The 'pengaduan masyarakat' of vocational schools: citizens and categories in tables of their own, answers."""
    people = Citizens(1)
    lines = ["-- phpMyAdmin SQL Dump", 'SET time_zone = "+00:00";', "/*!40101 SET NAMES utf8mb4 */;"]
    lines += [
        "CREATE TABLE `masyarakat` (`nik` char(16) NOT NULL, `nama` varchar(35), `username` varchar(25),"
        " `password` varchar(32), `telp` varchar(13), PRIMARY KEY (`nik`));",
        "CREATE TABLE `kategori` (`id_kategori` int(11) NOT NULL, `nama_kategori` varchar(50),"
        " PRIMARY KEY (`id_kategori`));",
        "CREATE TABLE `pengaduan` (`id_pengaduan` int(11) NOT NULL AUTO_INCREMENT, `tgl_pengaduan` date NOT NULL,"
        " `nik` char(16), `id_kategori` int(11), `isi_laporan` text, `foto` varchar(255), `status`"
        " enum('0','proses','selesai') NOT NULL, `deleted` tinyint(1), PRIMARY KEY (`id_pengaduan`));",
        "CREATE TABLE `petugas` (`id_petugas` int(11) NOT NULL, `nama_petugas` varchar(35),"
        " PRIMARY KEY (`id_petugas`));",
        "CREATE TABLE `tanggapan` (`id_tanggapan` int(11) NOT NULL, `id_pengaduan` int(11), `tgl_tanggapan` date,"
        " `tanggapan` text, `id_petugas` int(11), PRIMARY KEY (`id_tanggapan`));",
        "INSERT INTO `kategori` VALUES (1,'Jalan Rusak'),(2,'Penerangan Jalan'),(3,'Sampah'),(4,'Air Bersih');",
        "INSERT INTO `petugas` VALUES (1,'Operator Satu'),(2,'Operator Dua');",
    ]
    codes = {"jalan": 1, "lampu": 2, "sampah": 3, "air": 4}
    for number, at in enumerate(people.times(count), 1):
        who = people.one()
        lines.append(
            f"REPLACE INTO `masyarakat` VALUES ('{who['nik']}','{who['nama']}','warga{number}','{number:032x}',"
            f"'{who['telp']}');"
        )
        status = people.rng.choice(("0", "proses", "selesai"))
        lines.append(
            f"INSERT INTO `pengaduan` VALUES ({number},'{at:%Y-%m-%d}','{who['nik']}',{codes[who['jenis']]},"
            f"'{who['isi']}','foto_{number}.jpg','{status}',{int(number % 20 == 0)});"
        )
        if status != "0":
            lines.append(
                f"INSERT INTO `tanggapan` VALUES ({number},{number},'{at + timedelta(days=2):%Y-%m-%d}',"
                f"'Terima kasih, laporan sudah kami teruskan ke petugas lapangan',{number % 2 + 1});"
            )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return people


def kelurahan_csv(path: Path, count: int = 60) -> Citizens:
    """A register that a kelurahan keeps: semicolons, Windows-1252, a row number, dates of the tongue."""
    people = Citizens(2)
    buffer = io.StringIO()
    sheet = csv.writer(buffer, delimiter=";")
    sheet.writerow(
        ["No", "Tanggal Masuk", "Nama Pelapor", "No. HP", "Alamat", "Kelurahan", "Uraian Aduan", "Status", "Keterangan"]
    )
    for number, at in enumerate(people.times(count), 1):
        who = people.one()
        status = people.rng.choice(("Selesai", "Dalam Proses", "Menunggu", "Koord. PLN"))
        sheet.writerow(
            [
                number,
                f"{at.day} {MONTHS[at.month - 1]} {at.year}",
                who["nama"],
                who["telp"],
                who["alamat"],
                who["kelurahan"],
                who["isi"] + " Rumah di pojok – dekat pos",
                status,
                "-",
            ]
        )
    path.write_bytes(buffer.getvalue().encode("cp1252"))
    return people


def laravel_sqlite(path: Path, count: int = 60) -> Citizens:
    """A Laravel application: English names, foreign keys, a history table, users."""
    people = Citizens(3)
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE categories (id INTEGER PRIMARY KEY, name VARCHAR);"
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR, email VARCHAR, password VARCHAR, phone VARCHAR);"
        "CREATE TABLE reports (id INTEGER PRIMARY KEY, tracking_id VARCHAR, user_id INTEGER, category_id INTEGER,"
        " title VARCHAR, description TEXT, status VARCHAR, latitude DECIMAL, longitude DECIMAL, image VARCHAR,"
        " is_anonymous BOOLEAN, kecamatan VARCHAR, nik VARCHAR, phone VARCHAR, created_at DATETIME,"
        " updated_at DATETIME);"
        "CREATE TABLE report_histories (id INTEGER PRIMARY KEY, report_id INTEGER, status VARCHAR, note TEXT,"
        " created_at DATETIME);"
        "CREATE TABLE wbs_reports (id INTEGER PRIMARY KEY, report TEXT, created_at DATETIME);"
        "INSERT INTO categories VALUES (1,'Jalan'),(2,'PJU'),(3,'Kebersihan'),(4,'Air Minum');"
        "INSERT INTO wbs_reports VALUES (1,'Dugaan pungutan liar di loket pelayanan','2023-02-01 10:00:00');"
    )
    codes = {"jalan": 1, "lampu": 2, "sampah": 3, "air": 4}
    for number, at in enumerate(people.times(count), 1):
        who = people.one()
        status = people.rng.choice(("submitted", "in_progress", "done", "rejected"))
        base.execute(
            "INSERT INTO users VALUES (?,?,?,?,?)", (number, who["nama"], who["email"], f"{number:060x}", who["telp"])
        )
        base.execute(
            "INSERT INTO reports VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (number, f"ADU-2023-{number:04d}", number, codes[who["jenis"]], f"Laporan {who['jenis']} {number}",
             who["isi"],
             status, -6.39 - number / 1e4, 106.8 + number / 1e4, f"reports/{number}.jpg", number % 2, who["kecamatan"],
             who["nik"], who["telp"], f"{at:%Y-%m-%d %H:%M:%S}", f"{at + timedelta(days=1):%Y-%m-%d %H:%M:%S}"),
        )  # fmt: skip
        base.execute(
            "INSERT INTO report_histories VALUES (?,?,?,?,?)",
            (number, number, status, "Diteruskan ke dinas terkait", f"{at + timedelta(days=1):%Y-%m-%d %H:%M:%S}"),
        )
    base.commit()
    base.close()
    return people


def sp4n_export(path: Path, count: int = 60) -> Citizens:
    """The admin export of SP4N-LAPOR! (domain §1.3b), of which some columns are left out."""
    people = Citizens(4)
    buffer = io.StringIO()
    sheet = csv.writer(buffer)
    sheet.writerow(
        [
            "Tracking ID",
            "Tanggal Laporan Masuk",
            "Waktu Laporan Masuk",
            "Nama Pelapor",
            "Klasifikasi Laporan",
            "ID Kategori",
            "Kategori",
            "Judul Laporan",
            "Isi Laporan Awal",
            "Isi Laporan Akhir",
            "Tipe Laporan (Anonim/Rahasia)",
            "Sumber Laporan",
            "Instansi Induk",
            "Instansi Terdisposisi",
            "Status Laporan",
            "Alasan Tunda/Arsip",
            "Kecamatan",
            "Kelurahan",
        ]
    )
    for number, at in enumerate(people.times(count), 1):
        who = people.one()
        sheet.writerow(
            [
                8_000_000 + number,
                f"{at.day} {at:%b %Y}",
                f"{at:%H:%M:%S}",
                who["nama"],
                people.rng.choice(
                    ("Pengaduan Berkadar Pengawasan", "Pengaduan Tidak Berkadar Pengawasan", "Aspirasi", "")
                ),
                928,
                "Infrastruktur Jalan",
                f"Keluhan {who['jenis']} warga {number}",
                who["isi"] + "\nTerima kasih",
                who["isi"],
                people.rng.choice(("", "Anonim", "Rahasia", "Anonim|Rahasia")),
                "Website",
                "Pemerintah Kota Depok",
                people.rng.choice(("Dinas Perhubungan", "")),
                people.rng.choice(("Ditutup oleh Sistem", "Diarsipkan oleh Admin", "Menunggu Kelengkapan Informasi")),
                "",
                who["kecamatan"].upper(),
                who["kelurahan"],
            ]
        )
    path.write_text(buffer.getvalue(), encoding="utf-8")
    return people


def html_xls(path: Path, count: int = 30) -> Citizens:
    """A page that a PHP script calls .xls."""
    people = Citizens(5)
    rows = "".join(
        f"<tr><td>{n}</td><td>ADU/{n:04d}/2023</td><td>{at:%d/%m/%Y %H:%M}</td>"
        f"<td>{who['nama']}</td><td>'{who['nik']}</td>"
        f"<td>{who['isi']}</td><td>{who['kelurahan']}</td><td>{'Selesai' if n % 2 else 'Proses'}</td></tr>"
        for n, (at, who) in enumerate(((at, people.one()) for at in people.times(count)), 1)
    )
    head = "".join(
        f"<th>{h}</th>" for h in ("No", "No Tiket", "Tgl Lapor", "Nama", "NIK", "Isi Aduan", "Kelurahan", "Status")
    )
    path.write_text(f"<html><body><table border=1><tr>{head}</tr>{rows}</table></body></html>", encoding="utf-8")
    return people
