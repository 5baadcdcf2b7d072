"""The load benchmark runs at a tiny size and prints what it promises, on both databases."""

import subprocess
import sys
from pathlib import Path

import orjson
import pandas as pd
import pytest

from benchmarks.load_frames import events, submissions

ROOT = Path(__file__).parents[2]
PROMISED = {"size", "store", "seconds", "rows_per_second", "peak_mb", "copy_seconds", "ratio_to_copy", "peers"}


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_the_load_benchmark_prints_one_object_of_the_promised_shape(database: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "load", "--size", "500", "--store", database, "--json"],
        cwd=ROOT, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    told = orjson.loads(done.stdout)
    assert set(told) == PROMISED
    assert (told["size"], told["store"]) == (500, database)
    assert told["ratio_to_copy"] == pytest.approx(told["seconds"] / told["copy_seconds"], rel=0.1)
    (peer,) = told["peers"].values()
    assert set(peer) == {"version", "rows", "seconds", "ratio_seconds"}
    assert min(told["seconds"], told["copy_seconds"], told["peak_mb"], peer["seconds"]) > 0


def test_the_invented_frames_are_the_same_however_they_are_cut() -> None:
    for make in (submissions, events):
        whole = next(make(300, 300))
        cut = list(make(300, 100))
        assert sum(map(len, cut)) == len(whole)
        pd.testing.assert_frame_equal(pd.concat(cut, ignore_index=True), whole)


def test_a_benchmark_that_does_not_exist_is_told_with_those_that_do() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "nothing"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"load" in done.stderr
