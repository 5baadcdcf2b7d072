# ruff: noqa: E501 – lines stand as the tools write them
"""Dumps of one invented database in the hand of each tool: its comments, quoting and layout of statements."""

from collections.abc import Callable, Sequence

Cell = str | int | float | bytes | None
Row = tuple[Cell, ...]

CATEGORIES: list[Row] = [(1, "Jalan & jembatan"), (2, "Air 'bersih'"), (3, "Lain-lain; umum")]
COMPLAINTS: list[Row] = [
    (1, "2019-03-01 08:15:00", "Jalan rusak di depan \"pasar\", it's parah;\r\nmohon\tdiperbaiki", "0", -6.917464, b"\xff\xd8\x00'\\", 1, 1.5, "0000000000000001", 1),
    (2, "0000-00-00 00:00:00", "Lampu mati -- # /* bukan komentar */ `x` \\ C:\\foto\\n", "proses", 0.0, None, 0, 20.25, None, None),
    (3, "2020-12-31 23:59:59", "'),\n(99,'INSERT INTO `pengaduan` VALUES (1);", "selesai", 106.8, b"", 1, -0.125, "", 2),
    (7, "2021-01-01 00:00:00", "Terima kasih 🙏 – é ñ 100% a_b \\% \\_", "", -0.5, b"teks biasa", 0, 0.0, "NULL", 3),
    (12, "2022-05-05 05:05:05", "", "0", 1.0, b"\x1a\n\r\"", 1, 123456.5, "-", 3),
]  # fmt: skip
NAMES = ["id", "waktu", "isi", "status", "lat", "foto", "aktif", "nilai", "nik", "id_kategori"]
KINDS = "nttdnbinti"  # number, text, d = enum as text, b = blob, i = bit or number
_COLUMNS = [
    "`id` int(11) NOT NULL{auto}",
    "`waktu` datetime NOT NULL DEFAULT '0000-00-00 00:00:00'",
    "`isi` text COMMENT 'isi; (laporan), ''teks'''",
    "`status` enum('0','proses','selesai','') DEFAULT '0'",
    "`lat` decimal(10,7) DEFAULT NULL",
    "`foto` longblob",
    "`aktif` bit(1) NOT NULL DEFAULT b'0'",
    "`nilai` double DEFAULT NULL",
    "`nik` varchar(16) DEFAULT NULL",
    "`id_kategori` int(11) DEFAULT NULL",
]
_MYSQL = {"\0": "\\0", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\x1a": "\\Z", "\\": "\\\\"}


def _create(table: str, options: str, *, keys: bool = True, indent: str = "  ", end: str = "\n") -> str:
    if table == "kategori":
        lines = [f"`id` int(11) NOT NULL{' AUTO_INCREMENT' if keys else ''}", "`nama` varchar(50) NOT NULL"]
    else:
        lines = [line.format(auto=" AUTO_INCREMENT" if keys else "") for line in _COLUMNS]
    lines += ["PRIMARY KEY (`id`)"] * keys
    if keys and table != "kategori":
        lines.append("KEY `fk` (`id_kategori`) USING BTREE")
    return f"CREATE TABLE `{table}` (\n" + ",\n".join(indent + line for line in lines) + end + f") {options};\n"


def _escaped(text: str) -> str:
    return "'" + "".join(_MYSQL.get(sign, sign) for sign in text) + "'"


def _doubled(text: str) -> str:
    """As phpMyAdmin does: quotes doubled, line breaks by backslash."""
    text = text.replace("\\", "\\\\").replace("'", "''")
    return "'" + text.replace("\0", "\\0").replace("\n", "\\n").replace("\r", "\\r").replace("\x1a", "\\Z") + "'"


def _raw_breaks(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _all_quoted(cell: Cell, text: Callable[[str], str], blob: Callable[[bytes], str]) -> str:
    if cell is None:
        return "NULL"
    return blob(cell) if isinstance(cell, bytes) else text(str(cell))


def _cell(cell: Cell, text: Callable[[str], str], blob: Callable[[bytes], str], bit: str = "{}") -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, bytes):
        return blob(cell)
    return str(cell) if isinstance(cell, int | float) else text(cell)


def _cells(row: Row, text: Callable[[str], str], blob: Callable[[bytes], str], bit: str = "{}") -> list[str]:
    cells = [_cell(cell, text, blob) for cell in row]
    if len(row) == len(NAMES):
        cells[6] = bit.format(row[6])
    return cells


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex() if raw else "''"


def _names(table: str) -> list[str]:
    return ["id", "nama"] if table == "kategori" else NAMES


def _listed(table: str, separator: str = ", ") -> str:
    return separator.join(f"`{name}`" for name in _names(table))


def _tables() -> list[tuple[str, Sequence[Row]]]:
    return [("kategori", CATEGORIES), ("pengaduan", COMPLAINTS)]


_VIEW = "select `p`.`id` AS `id`,`k`.`nama` AS `nama` from (`pengaduan` `p` join `kategori` `k` on(`k`.`id` = `p`.`id_kategori`))"
_STAND_IN = "`id` int(11)\n,`nama` varchar(50)\n"


def mysqldump(version: str = "8.0.36") -> str:
    """MySQL's own: one statement a table, ``_binary`` before blobs, views first as tables."""
    out = f"-- MySQL dump 10.13  Distrib {version}, for Linux (x86_64)\n--\n-- Host: localhost    Database: adu\n-- ------------------------------------------------------\n-- Server version\t{version}\n\n/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n/*!50503 SET NAMES utf8mb4 */;\n/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;\n/*!40103 SET TIME_ZONE='+00:00' */;\n/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n\n"
    for table, rows in _tables():
        out += f"--\n-- Table structure for table `{table}`\n--\n\nDROP TABLE IF EXISTS `{table}`;\n/*!40101 SET @saved_cs_client     = @@character_set_client */;\n/*!50503 SET character_set_client = utf8mb4 */;\n"
        out += _create(table, "ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4")
        out += f"/*!40101 SET character_set_client = @saved_cs_client */;\n\n--\n-- Dumping data for table `{table}`\n--\n\nLOCK TABLES `{table}` WRITE;\n/*!40000 ALTER TABLE `{table}` DISABLE KEYS */;\n"
        values = ",".join(
            "("
            + ",".join(_cells(row, _escaped, lambda raw: "_binary " + _hex(raw) if raw else "''", "_binary '\\{}'"))
            + ")"
            for row in rows
        ).replace("_binary '\\1'", "_binary '\x01'")
        out += (
            f"INSERT INTO `{table}` VALUES {values};\n/*!40000 ALTER TABLE `{table}` ENABLE KEYS */;\nUNLOCK TABLES;\n"
        )
        if table == "kategori":
            out += "/*!50003 SET sql_mode = 'ONLY_FULL_GROUP_BY' */ ;\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `cap` BEFORE INSERT ON `kategori` FOR EACH ROW BEGIN\n  -- it's; INSERT INTO `pengaduan` VALUES (1);\n  SET NEW.nama = NEW.nama;\nEND */;;\nDELIMITER ;\n/*!50003 SET sql_mode = @OLD_SQL_MODE */ ;\n"
    out += "\n--\n-- Temporary view structure for view `v_adu`\n--\n\nDROP TABLE IF EXISTS `v_adu`;\n/*!50001 DROP VIEW IF EXISTS `v_adu`*/;\nSET @saved_cs_client     = @@character_set_client;\n/*!50503 SET character_set_client = utf8mb4 */;\n/*!50001 CREATE VIEW `v_adu` AS SELECT \n 1 AS `id`,\n 1 AS `nama`*/;\nSET character_set_client = @saved_cs_client;\n\n--\n-- Final view structure for view `v_adu`\n--\n\n/*!50001 DROP VIEW IF EXISTS `v_adu`*/;\n"
    out += f"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n/*!50001 VIEW `v_adu` AS {_VIEW} */;\n/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n\n-- Dump completed on 2024-01-31 10:00:00\n"
    return out


def phpmyadmin(version: str) -> str:
    """phpMyAdmin: from 4.1 on keys come by ALTER TABLE at the end, and a view stands in as a table before."""
    late = version >= "4.1"
    out = f"-- phpMyAdmin SQL Dump\n-- version {version}\n-- {'https' if late else 'http'}://www.phpmyadmin.net{'/' * late}\n--\n-- Host: localhost\n-- Generation Time: Jan 31, 2020 at 10:00 AM\n-- Server version: 5.5.16\n-- PHP Version: 5.3.8\n\n"
    out += (
        'SET SQL_MODE="NO_AUTO_VALUE_ON_ZERO";\n'
        if not late
        else 'SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";\nSET AUTOCOMMIT = 0;\nSTART TRANSACTION;\n'
    )
    out += 'SET time_zone = "+00:00";\n\n\n/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n/*!40101 SET NAMES utf8mb4 */;\n\n--\n-- Database: `adu`\n--\n\n-- --------------------------------------------------------\n'
    for table, rows in _tables():
        out += f"\n--\n-- Table structure for table `{table}`\n--\n\n"
        create = _create(
            table,
            "ENGINE=InnoDB" + " " * (not late) + " DEFAULT CHARSET=latin1" + " AUTO_INCREMENT=13 " * (not late),
            keys=not late,
        )
        create = create.replace("`isi` text", "`isi` text CHARACTER SET utf8mb4")
        out += create if late else create.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
        out += f"\n--\n-- Dumping data for table `{table}`\n--\n\nINSERT INTO `{table}` ({_listed(table)}) VALUES\n"
        out += (
            ",\n".join("(" + ", ".join(_cells(row, _doubled, _hex, "b'{}'")) + ")" for row in rows)
            + ";\n\n-- --------------------------------------------------------\n"
        )
    if late:
        out += f"\n--\n-- Stand-in structure for view `v_adu`\n-- (See below for the actual view)\n--\nCREATE TABLE `v_adu` (\n{_STAND_IN});\n\n-- --------------------------------------------------------\n\n--\n-- Structure for view `v_adu`\n--\nDROP TABLE IF EXISTS `v_adu`;\n\nCREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v_adu`  AS  {_VIEW} ;\n\n--\n-- Indexes for dumped tables\n--\n"
        for table, _ in _tables():
            out += f"\n--\n-- Indexes for table `{table}`\n--\nALTER TABLE `{table}`\n  ADD PRIMARY KEY (`id`){',' if table == 'pengaduan' else ';'}\n"
            out += "  ADD KEY `fk` (`id_kategori`);\n" if table == "pengaduan" else ""
        out += "\n--\n-- AUTO_INCREMENT for dumped tables\n--\n"
        for table, _ in _tables():
            out += f"\n--\n-- AUTO_INCREMENT for table `{table}`\n--\nALTER TABLE `{table}`\n  MODIFY `id` int(11) NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=13;\n"
        out += "COMMIT;\n"
    return out + "\n/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"


def heidisql() -> str:
    """HeidiSQL: tabs, names of columns, a table in place of each view first."""
    out = "-- --------------------------------------------------------\n-- Host:                         127.0.0.1\n-- Server version:               10.4.32-MariaDB - mariadb.org binary distribution\n-- Server OS:                    Win64\n-- HeidiSQL Version:             12.6.0.6765\n-- --------------------------------------------------------\n\n/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n/*!40101 SET NAMES utf8 */;\n/*!50503 SET NAMES utf8mb4 */;\n/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n\n\n"
    for table, rows in _tables():
        out += f"-- Dumping structure for table adu.{table}\nDROP TABLE IF EXISTS `{table}`;\n"
        out += _create(
            table, "ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"
        ).replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
        out += f"\n-- Dumping data for table adu.{table}: ~{len(rows)} rows (approximately)\nDELETE FROM `{table}`;\n/*!40000 ALTER TABLE `{table}` DISABLE KEYS */;\nINSERT INTO `{table}` ({_listed(table)}) VALUES\n"
        out += ",\n".join(
            "\t(" + ", ".join(_cells(row, _escaped, lambda raw: "_binary " + _hex(raw) if raw else "''", "b'{}'")) + ")"
            for row in rows
        )
        out += f";\n/*!40000 ALTER TABLE `{table}` ENABLE KEYS */;\n\n"
    out += f"-- Dumping structure for view adu.v_adu\n-- Creating temporary table to overcome VIEW dependency errors\nCREATE TABLE `v_adu` (\n\t`id` INT(11) NOT NULL,\n\t`nama` VARCHAR(50) NULL COLLATE 'utf8mb4_general_ci'\n) ENGINE=MyISAM;\n\n-- Dumping structure for view adu.v_adu\n-- Removing temporary table and create final VIEW structure\nDROP TABLE IF EXISTS `v_adu`;\nCREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v_adu` AS {_VIEW} ;\n\n"
    return (
        out
        + "/*!40101 SET SQL_MODE=IFNULL(@OLD_SQL_MODE, '') */;\n/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"
    )


def navicat(version: str = "15") -> str:
    """Navicat: a header in a block comment, one statement a row; older ones quote every value."""
    out = "/*\n Navicat Premium Data Transfer\n\n Source Server         : localhost\n Source Server Type    : MySQL\n Source Schema         : adu\n\n Date: 31/01/2020 10:00:00\n*/\n\nSET NAMES utf8mb4;\nSET FOREIGN_KEY_CHECKS = 0;\n\n"
    for table, rows in _tables():
        out += f"-- ----------------------------\n-- Table structure for {table}\n-- ----------------------------\nDROP TABLE IF EXISTS `{table}`;\n"
        create = _create(
            table,
            "ENGINE = InnoDB AUTO_INCREMENT = 13 CHARACTER SET = utf8mb4 COLLATE = utf8mb4_general_ci ROW_FORMAT = Dynamic",
        )
        out += create.replace(
            "`isi` text COMMENT", "`isi` text CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL COMMENT"
        ).replace("PRIMARY KEY (`id`)", "PRIMARY KEY (`id`) USING BTREE")
        out += f"\n-- ----------------------------\n-- Records of {table}\n-- ----------------------------\n"
        for row in rows:
            cells = (
                _cells(row, _escaped, _hex, "b'{}'")
                if version > "11"
                else [_all_quoted(cell, _escaped, _hex) for cell in row]
            )
            if version <= "11" and len(row) > 6:
                cells[6] = f"{chr(39)}{chr(1) if row[6] else chr(92) + '0'}{chr(39)}"
            out += f"INSERT INTO `{table}` VALUES ({', '.join(cells)});\n"
        out += "\n"
    return (
        out
        + f"-- ----------------------------\n-- View structure for v_adu\n-- ----------------------------\nDROP VIEW IF EXISTS `v_adu`;\nCREATE ALGORITHM = UNDEFINED SQL SECURITY DEFINER VIEW `v_adu` AS {_VIEW};\n\nSET FOREIGN_KEY_CHECKS = 1;\n"
    )


def sqlyog() -> str:
    """SQLyog: lower-case statements, many rows without a blank between."""
    out = "/*\nSQLyog Ultimate v11.11 (32 bit)\nMySQL - 5.5.5-10.1.38-MariaDB : Database - adu\n*********************************************************************\n*/\n\n/*!40101 SET NAMES utf8mb4 */;\n\n/*!40101 SET SQL_MODE=''*/;\n\n"
    for table, rows in _tables():
        out += f"/*Table structure for table `{table}` */\n\nDROP TABLE IF EXISTS `{table}`;\n\n" + _create(
            table, "ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4"
        )
        values = ",".join(
            "(" + ",".join(_cells(row, _escaped, _escaped_bytes, "'\\{}'")) + ")" for row in rows
        ).replace("'\\1'", "'\x01'")
        out += (
            f"\n/*Data for the table `{table}` */\n\ninsert  into `{table}`({_listed(table, ',')}) values {values};\n\n"
        )
    out += f"/*Table structure for table `v_adu` */\n\nDROP TABLE IF EXISTS `v_adu`;\n\n/*!50001 DROP VIEW IF EXISTS `v_adu` */;\n/*!50001 DROP TABLE IF EXISTS `v_adu` */;\n\n/*!50001 CREATE TABLE  `v_adu`(\n `id` int(11) ,\n `nama` varchar(50) \n)*/;\n\n/*View structure for view v_adu */\n\n/*!50001 DROP TABLE IF EXISTS `v_adu` */;\n/*!50001 DROP VIEW IF EXISTS `v_adu` */;\n\n/*!50001 CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v_adu` AS {_VIEW} */;\n"
    return out


def _escaped_bytes(raw: bytes) -> str:
    return "_binary " + _hex(raw) if any(sign > 127 for sign in raw) else _escaped(raw.decode())


def sequel_pro() -> str:
    """Sequel Pro: a header of #, rows below each other with a tab, blobs as X''."""
    out = "# ************************************************************\n# Sequel Pro SQL dump\n# Version 4541\n#\n# http://www.sequelpro.com/\n#\n# Host: 127.0.0.1 (MySQL 5.7.26)\n# Database: adu\n# Generation Time: 2020-01-31 10:00:00 +0000\n# ************************************************************\n\n\n/*!40101 SET NAMES utf8mb4 */;\n/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n\n\n"
    for table, rows in _tables():
        out += (
            f"# Dump of table {table}\n# ------------------------------------------------------------\n\nDROP TABLE IF EXISTS `{table}`;\n\n"
            + _create(table, "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")
        )
        out += f"\nLOCK TABLES `{table}` WRITE;\n/*!40000 ALTER TABLE `{table}` DISABLE KEYS */;\n\nINSERT INTO `{table}` ({_listed(table)})\nVALUES\n"
        out += ",\n".join(
            "\t(" + ",".join(_cells(row, _escaped, lambda raw: f"X'{raw.hex().upper()}'", "b'{}'")) + ")"
            for row in rows
        )
        out += f";\n\n/*!40000 ALTER TABLE `{table}` ENABLE KEYS */;\nUNLOCK TABLES;\n\n\n"
    return (
        out
        + "# Replace placeholder table for v_adu with correct view syntax\n# ------------------------------------------------------------\n\nDROP TABLE IF EXISTS `v_adu`;\n\nCREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v_adu`\nAS SELECT\n   `p`.`id` AS `id`\nFROM `pengaduan` `p`;\n"
    )


def mysql_front() -> str:
    """MySQL-Front: comments of #, every value in quotes."""
    out = "# MySQL-Front 5.1  (Build 4.13)\n\n/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE */;\n/*!40101 SET SQL_MODE='' */;\n/*!40101 SET NAMES utf8mb4 */;\n\n\n# Host: localhost    Database: adu\n# ------------------------------------------------------\n# Server version 5.5.16\n\n"
    for table, rows in _tables():
        out += f"#\n# Source for table {table}\n#\n\nDROP TABLE IF EXISTS `{table}`;\n" + _create(
            table, "ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4"
        )
        out += f"\n#\n# Dumping data for table {table}\n#\n\nLOCK TABLES `{table}` WRITE;\n/*!40000 ALTER TABLE `{table}` DISABLE KEYS */;\n"
        for row in rows:
            cells = [_all_quoted(cell, _escaped, _hex) for cell in row]
            if len(row) > 6:
                cells[6] = str(row[6])
            out += f"INSERT INTO `{table}` VALUES ({','.join(cells)});\n"
        out += f"/*!40000 ALTER TABLE `{table}` ENABLE KEYS */;\nUNLOCK TABLES;\n\n"
    return out


def codeigniter() -> str:
    """CodeIgniter's database utility: a backup that the application itself offers."""
    out = "SET foreign_key_checks = 0;\n"
    for table, rows in _tables():
        out += (
            f"#\n# TABLE STRUCTURE FOR: {table}\n#\n\nDROP TABLE IF EXISTS `{table}`;\n\n"
            + _create(table, "ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4")
            + "\n"
        )
        for row in rows:
            cells = [
                _cell(cell, _escaped, _hex) if KINDS[index] in "nib" else _all_quoted(cell, _escaped, _hex)
                for index, cell in enumerate(row)
            ]
            out += f"INSERT INTO `{table}` ({_listed(table)}) VALUES ({', '.join(cells)});\n"
        out += "\n\n"
    return out + "SET foreign_key_checks = 1;\n"


def by_hand() -> str:
    """A person's own script: mixed case, no quotes around names, double quotes, raw line breaks, REPLACE, defaults."""
    complaints = [(*row[:5], *row[6:]) for row in COMPLAINTS]
    out = "set names utf8mb4;\nset sql_mode='';\ncreate table if not exists kategori(id int primary key auto_increment, nama varchar(50) not null) default charset=utf8mb4;\ninsert into kategori values\n (null,\"Jalan & jembatan\") , -- yang pertama; it's\n (null, 'Air ''bersih''')\n # selesai\n;insert ignore into kategori(nama,id) values('dobel',1);\n"
    out += "REPLACE INTO adu.kategori (id, nama) VALUE (2, \"Air \\\"bersih\\\"\"), (3, 'Lain' '-lain');\n" + _create(
        "pengaduan", "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
    ).replace("`", "")
    names = ",".join(name for name in NAMES if name != "foto")
    for row in complaints:
        cells = ", ".join(_cell(cell, _raw_breaks, _hex) for cell in row)
        out += f"INSERT INTO pengaduan\n({names})\n/* ; */ VALUES ( {cells} ) ;\n"
    return (
        out
        + "ALTER TABLE kategori ADD urutan int NOT NULL DEFAULT 5 AFTER id;\nINSERT INTO kategori (nama) VALUES ('baru');\n"
    )


STYLES: dict[str, Callable[[], str]] = {
    "mysqldump": mysqldump,
    "phpMyAdmin 3": lambda: phpmyadmin("3.4.5"),
    "phpMyAdmin 4": lambda: phpmyadmin("4.8.5"),
    "phpMyAdmin 5": lambda: phpmyadmin("5.2.1"),
    "HeidiSQL": heidisql,
    "Navicat 8": lambda: navicat("10"),
    "Navicat 15": navicat,
    "SQLyog": sqlyog,
    "Sequel Pro": sequel_pro,
    "MySQL-Front": mysql_front,
    "CodeIgniter": codeigniter,
    "by hand": by_hand,
}
