"""The fixed parts of the SUPER dump, in the manner of phpMyAdmin 5 on MariaDB: header, table structures, footer."""

INSERT_BYTES = 50_000

HEADER = """-- phpMyAdmin SQL Dump
-- version 5.2.1
-- https://www.phpmyadmin.net/
--
-- Host: localhost:3306
-- Waktu pembuatan: 30 Apr 2024 pada 16.02
-- Versi server: 10.6.16-MariaDB-cll-lve
-- Versi PHP: 8.1.27

SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
START TRANSACTION;
SET time_zone = "+00:00";


/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;

--
-- Database: `super_db`
--
"""

_TABLE = """
-- --------------------------------------------------------

--
-- Struktur dari tabel `{name}`
--

CREATE TABLE `{name}` (
{columns}
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

--
-- Dumping data untuk tabel `{name}`
--

"""

_COLUMNS = {
    "kategori": """  `id_kategori` int(11) NOT NULL,
  `nama_kategori` varchar(50) NOT NULL""",
    "petugas": """  `id_petugas` int(11) NOT NULL,
  `nama_petugas` varchar(35) NOT NULL,
  `username` varchar(25) NOT NULL,
  `password` varchar(32) NOT NULL,
  `telp` varchar(13) NOT NULL,
  `level` enum('admin','petugas') NOT NULL DEFAULT 'petugas'""",
    "tanggapan": """  `id_tanggapan` int(11) NOT NULL,
  `id_pengaduan` int(11) NOT NULL,
  `tgl_tanggapan` datetime NOT NULL,
  `petugas` varchar(50) DEFAULT NULL,
  `status_baru` varchar(20) DEFAULT NULL COMMENT 'kosong = tidak berubah',
  `tanggapan` text NOT NULL""",
    "tb_pengaduan": """  `id_pengaduan` int(11) NOT NULL,
  `no_tiket` varchar(20) NOT NULL,
  `judul` varchar(150) DEFAULT NULL,
  `isi_laporan` text DEFAULT NULL,
  `tgl_pengaduan` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  `tgl_kejadian` date DEFAULT NULL,
  `updated_at` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  `status` varchar(20) NOT NULL DEFAULT '0' COMMENT '0; verifikasi; proses; selesai; ditolak',
  `kategori` varchar(50) DEFAULT NULL,
  `opd` varchar(100) DEFAULT NULL,
  `kecamatan` varchar(50) DEFAULT NULL,
  `kelurahan` varchar(50) DEFAULT NULL,
  `lokasi` varchar(255) DEFAULT NULL,
  `lat` decimal(10,7) DEFAULT NULL,
  `lng` decimal(10,7) DEFAULT NULL,
  `nama` varchar(60) DEFAULT NULL,
  `nik` varchar(16) DEFAULT NULL,
  `telp` varchar(25) DEFAULT NULL,
  `email` varchar(100) DEFAULT NULL,
  `alamat` varchar(255) DEFAULT NULL,
  `anonim` tinyint(1) NOT NULL DEFAULT 0,
  `rahasia` tinyint(1) NOT NULL DEFAULT 0,
  `foto` varchar(255) DEFAULT NULL,
  `ip_address` varchar(45) DEFAULT NULL""",
}

STRUCTURE = {name: _TABLE.format(name=name, columns=columns) for name, columns in _COLUMNS.items()}

FOOTER = """
--
-- Indexes for dumped tables
--

--
-- Indeks untuk tabel `kategori`
--
ALTER TABLE `kategori`
  ADD PRIMARY KEY (`id_kategori`);

--
-- Indeks untuk tabel `petugas`
--
ALTER TABLE `petugas`
  ADD PRIMARY KEY (`id_petugas`);

--
-- Indeks untuk tabel `tanggapan`
--
ALTER TABLE `tanggapan`
  ADD PRIMARY KEY (`id_tanggapan`),
  ADD KEY `id_pengaduan` (`id_pengaduan`);

--
-- Indeks untuk tabel `tb_pengaduan`
--
ALTER TABLE `tb_pengaduan`
  ADD PRIMARY KEY (`id_pengaduan`);

--
-- AUTO_INCREMENT untuk tabel yang dibuang
--

--
-- AUTO_INCREMENT untuk tabel `tanggapan`
--
ALTER TABLE `tanggapan`
  MODIFY `id_tanggapan` int(11) NOT NULL AUTO_INCREMENT, AUTO_INCREMENT={answer};

--
-- AUTO_INCREMENT untuk tabel `tb_pengaduan`
--
ALTER TABLE `tb_pengaduan`
  MODIFY `id_pengaduan` int(11) NOT NULL AUTO_INCREMENT, AUTO_INCREMENT={complaint};
COMMIT;

/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
"""
