"""The read benchmark runs at a tiny size and prints what it promises."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[2]
READER = {"mb", "reader_mb_per_cpu_second", "reader_rows_per_cpu_second", "bare_read_mb_per_cpu_second"}
SERVER = {"mariadb_mb_per_cpu_second", "mariadb_mb_per_second"}


@pytest.mark.server("mariadb")
def test_the_read_benchmark_prints_one_object_of_the_promised_shape() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "read", "--rows", "3000", "--turns", "1", "--json"],
        cwd=ROOT, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    told = orjson.loads(done.stdout)
    assert told["rows"] == 3000
    assert {layout: set(figures) for layout, figures in told["layouts"].items()} == {
        "many rows a statement": READER | SERVER,
        "one row a statement": READER | SERVER,
        "many rows a statement, gzip": READER,
    }
    assert all(figure > 0 for figures in told["layouts"].values() for figure in figures.values())
