"""A live MariaDB and its own dump give the same raw records."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from file_sources import archive_of
from test_sql import STREAM, frame, mariadb, mariadb_server, with_secret  # noqa: F401

from connectors.mysqldump import MysqldumpReader
from schemas.channel import MysqldumpSource
from tests.servers import MariaDb

SCRIPT = """
SET time_zone = '+07:00';
CREATE TABLE laporan (id INT(5) ZEROFILL PRIMARY KEY, isi TEXT, d DATETIME(3), z DATE, zt TIMESTAMP NULL, nol DATETIME,
  b BIT(3), f FLOAT, g DOUBLE, n DECIMAL(10,3), biner BLOB, teks VARBINARY(9), ya TINYINT(1), jam TIME, tahun YEAR,
  s SET('a','b'), kosong VARCHAR(3), hampa VARCHAR(3), latin VARCHAR(9) CHARACTER SET latin1, tanda VARCHAR(90));
INSERT INTO laporan VALUES (7, 'jalan é😀', '2024-02-01 13:05:09.5', '2024-02-01', '2024-02-01 07:00:00',
  '0000-00-00 00:00:00', b'101', 0.1, 1e20, -1.5, x'ff0027', 'abc', 1, '-30:05:00', 2024, 'a,b', '', NULL, 'café',
  'kutip '' " \\\\ \\n \\0 akhir');
INSERT INTO laporan (id, n, f, z) VALUES (8, 0, 3.4e38, '2024-00-00'), (9, 12345.678, -0.0, '0000-00-00');
"""


@pytest.mark.server("mariadb")
@pytest.mark.parametrize("options", [[], ["--hex-blob"], ["--skip-extended-insert"]])
def test_the_server_and_its_dump_say_the_same(
    mariadb: Callable[[str], str],  # noqa: F811
    mariadb_server: MariaDb,  # noqa: F811
    tmp_path: Path,
    options: list[str],
) -> None:
    live = frame(with_secret(mariadb(SCRIPT)), tmp_path)
    tool = shutil.which("mariadb-dump") or shutil.which("mysqldump")
    assert tool
    command = [tool, "--no-defaults", f"--socket={mariadb_server.socket}", "-uroot", *options, "aduan"]
    dump = subprocess.run(command, check=True, capture_output=True).stdout
    source = MysqldumpSource.model_validate({"reader": "mysqldump", "path": "d.sql", "streams": {"complaints": STREAM}})
    pieces = [piece.frame for piece in MysqldumpReader().parse(source, archive_of(tmp_path / "dump", d__sql=dump))]
    said = pd.concat(pieces, ignore_index=True)
    own = ["_object", "_position"]
    pd.testing.assert_frame_equal(live.drop(columns=own), said.drop(columns=own)[list(live.drop(columns=own))])
