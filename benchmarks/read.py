"""How fast a dump is read: ``python -m benchmarks read --rows 100000``.

A dump of invented complaints (26 columns, about 600 bytes a row) is written in two layouts: many rows a statement, as
mysqldump and phpMyAdmin do, and one row a statement; and once more packed. Timed is the reader from the file to frames,
the bare read of the same bytes (with unpacking), and loading the same file into a MariaDB of its own. CPU seconds are
what counts on a machine that others use too; the server's are those of its process.
"""

import argparse
import gzip
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from connectors.mysqldump import rows
from tests.servers import MariaDb, find_server, running_mariadb

WORDS = (
    "jalan", "rusak", "lampu", "mati", "sampah", "menumpuk", "selokan", "mampet", "air", "keruh", "mohon", "segera",
    "diperbaiki", "di", "depan", "sekolah", "pasar",
)  # fmt: skip
COLUMNS = (
    "`id` int(11) NOT NULL AUTO_INCREMENT", "`nomor` varchar(30)", "`isi` text", "`tanggal` datetime", "`tgl` date",
    "`id_kategori` int(11)", "`status` enum('baru','proses','selesai')", "`nama` varchar(99)", "`telp` varchar(20)",
    "`email` varchar(99)", "`lat` double", "`lng` double", "`anonim` tinyint(1)", "`hapus` tinyint(1)",
    "`dihapus` datetime", "`kelurahan` varchar(99)", "`kecamatan` varchar(99)", "`rt` varchar(9)", "`foto` varchar(99)",
    "`biaya` decimal(12,2)", "`catatan` text", "`kosong` text", "`diubah` timestamp NULL", "`sumber` varchar(9)",
    "`ip` varchar(40)", "`id_petugas` int(11)",
)  # fmt: skip
STATEMENT_ROWS = 1_500
HEAD = "INSERT INTO `pengaduan` VALUES "


def main(arguments: list[str]) -> int:
    """Print one JSON object: megabytes a (CPU) second of the reader, the bare read and MariaDB, by layout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks read", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3, help="the best of so many is told")
    parser.add_argument("--no-server", action="store_true", help="do not load the file into MariaDB")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented object")
    told = parser.parse_args(arguments)
    result: dict[str, Any] = {"rows": told.rows, "layouts": {}}
    with tempfile.TemporaryDirectory(prefix="satukanal-read-") as name:
        for layout, file in write_dumps(Path(name), told.rows).items():
            result["layouts"][layout] = measured(file, told.rows, told.turns)
        if not told.no_server and find_server("mariadb"):
            with running_mariadb() as server:
                for layout in ("many rows a statement", "one row a statement"):
                    result["layouts"][layout] |= loaded(server, Path(name) / f"{layout}.sql", told.rows)
    result["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    sys.stdout.buffer.write(orjson.dumps(result, option=0 if told.json else orjson.OPT_INDENT_2) + b"\n")
    return 0


def write_dumps(folder: Path, count: int) -> dict[str, Path]:
    """The files by layout."""
    files = {layout: folder / f"{layout}.sql" for layout in ("many rows a statement", "one row a statement")}
    for step, file in zip((STATEMENT_ROWS, 1), files.values(), strict=True):
        with file.open("w", encoding="utf-8") as out:
            out.write("SET NAMES utf8mb4;\nCREATE TABLE `pengaduan` (\n  " + ",\n  ".join(COLUMNS))
            out.write(",\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n")
            for start in range(0, count, step):
                out.write(HEAD + ",".join(row(n) for n in range(start, min(start + step, count))) + ";\n")
    packed = folder / "packed.sql.gz"
    with gzip.open(packed, "wb", 6) as out_packed, files["many rows a statement"].open("rb") as plain:
        shutil.copyfileobj(plain, out_packed)
    return {**files, "many rows a statement, gzip": packed}


def row(n: int) -> str:
    """One invented complaint as a bracketed list."""
    words = random.Random(n)
    text = " ".join(words.choices(WORDS, k=55)) + ('\\r\\nTerima kasih, it\\\'s \\"urgent\\"' if n % 4 == 0 else "")
    cells = (
        n + 1, f"'ADU-2024-{n:06d}'", f"'{text}{' 🙏 é' if n % 9 == 0 else ''}'",
        f"'2024-{n % 12 + 1:02d}-02 03:04:05'", "'2024-01-02'", n % 40, f"'{('baru', 'proses', 'selesai')[n % 3]}'",
        f"'Warga {n}'", f"'0800{n:08d}'",
        "NULL" if n % 3 else f"'warga{n}@contoh.invalid'", f"-6.{n % 999983:06d}1", f"106.{n % 999983:06d}1", n % 2, 0,
        "NULL", f"'Kelurahan {n % 90}'", f"'Kecamatan {n % 20}'", f"'RT {n % 9}'", f"'foto_{n}.jpg'", "12500.50",
        "NULL", "''", "'2024-01-02 03:04:05'", "'web'", f"'192.0.2.{n % 255}'", "NULL",
    )  # fmt: skip
    return f"({','.join(map(str, cells))})"


def measured(file: Path, count: int, turns: int) -> dict[str, float]:
    """The reader and the bare read of one file, in megabytes of SQL a CPU second; the best of ``turns``."""

    def read() -> None:
        found = sum(len(raw.frame) for raw in rows(file, "pengaduan"))
        if found != count:
            raise AssertionError(f"{found} rows of {count}")

    def bare() -> None:
        for _ in _bytes(file):
            pass

    size = sum(map(len, _bytes(file))) / 1e6
    reader, raw = (min(_cpu_seconds(work) for _ in range(turns)) for work in (read, bare))
    return {
        "mb": round(size, 1),
        "reader_mb_per_cpu_second": round(size / reader, 1),
        "reader_rows_per_cpu_second": round(count / reader),
        "bare_read_mb_per_cpu_second": round(size / raw, 1),
    }


def _bytes(file: Path) -> Iterator[bytes]:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        while chunk := opened.read(1 << 20):
            yield chunk


def _cpu_seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def loaded(server: MariaDb, file: Path, count: int) -> dict[str, float]:
    """The same file through the ``mariadb`` client into the server: CPU seconds of both, and by the clock."""
    server.run("DROP DATABASE IF EXISTS muat; CREATE DATABASE muat")
    command = ["mariadb", "--no-defaults", f"--socket={server.socket}", "-uroot", "--binary-mode", "muat"]
    cpu, clock = _spent(server), time.perf_counter()
    with file.open("rb") as opened:
        subprocess.run(command, stdin=opened, check=True)
    seconds, by_clock = _spent(server) - cpu, time.perf_counter() - clock
    found = int(server.run("SELECT COUNT(*) FROM pengaduan", "muat"))
    if found != count:
        raise AssertionError(f"{found} rows of {count}")
    size = file.stat().st_size / 1e6
    return {
        "mariadb_mb_per_cpu_second": round(size / seconds, 1),
        "mariadb_mb_per_second": round(size / by_clock, 1),
    }


def _spent(server: MariaDb) -> float:
    """CPU seconds of the server so far, and of the clients that have ended."""
    pid = server.run("SELECT @@pid_file").strip()
    fields = Path(f"/proc/{Path(pid).read_text().strip()}/stat").read_text().rsplit(")", 1)[1].split()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = int(fields[11]) + int(fields[12])
    return ticks / 100 + children.ru_utime + children.ru_stime
