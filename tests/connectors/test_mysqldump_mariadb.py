"""A real MariaDB as oracle: what it holds is what the reader gives, whoever wrote the file and however."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dump_styles import STYLES
from mariadb_truth import given as read_rows
from mariadb_truth import held

from connectors.mysqldump import tables
from tests.servers import MariaDb, running_mariadb

pytestmark = pytest.mark.server("mariadb")


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    with running_mariadb() as server:
        yield server


@pytest.mark.parametrize("style", STYLES)
def test_what_a_tool_wrote_is_read_as_mariadb_loads_it(mariadb: MariaDb, tmp_path: Path, style: str) -> None:
    mariadb.run("DROP DATABASE IF EXISTS adu; CREATE DATABASE adu CHARACTER SET utf8mb4")
    file = tmp_path / "d.sql"
    file.write_text(STYLES[style](), encoding="utf-8", newline="")
    command = ["mariadb", "--no-defaults", f"--socket={mariadb.socket}", "-uroot", "--default-character-set=utf8mb4"]
    loaded = subprocess.run(
        [*command, "--binary-mode", "adu"], input=file.read_bytes(), capture_output=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr.decode()
    seen = {table.name: table for table in tables(file)}
    for name in ("kategori", "pengaduan"):
        names, rows = held(mariadb, "adu", name)
        got_names, got, parts = read_rows(file, table=name)
        if style != "by hand":  # whose rows are older than a column of the table
            assert got_names == names
            assert got == rows
        assert [piece for part in parts for piece in part.unreadable] == []
        assert (seen[name].rows, seen[name].primary_key, seen[name].is_view) == (len(rows), ("id",), False)
        assert [column.name for column in seen[name].columns] == names
    assert [name for name, table in seen.items() if table.is_view] == ["v_adu"] * ("v_adu" in file.read_text())
