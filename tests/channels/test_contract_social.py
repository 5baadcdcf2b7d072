"""The channel files of social media keep the contract: counts, identities, empty and grown sources."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from contract_social_sp4n import REFERENCE_TABLES, channel_of, ids, load

from data.samples.social_media import write_facebook, write_instagram, write_x
from transforms.normalise import check_codes

WRITERS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "facebook": write_facebook, "instagram": write_instagram, "x": write_x,
}  # fmt: skip
SOURCES = [
    ("facebook", "graph"), ("facebook", "archive"), ("instagram", "graph"), ("instagram", "archive"),
    ("x", "harvest"), ("x", "api"), ("x", "api_v1"),
]  # fmt: skip
EMPTY = {"graph": '{"data": []}', "api": '{"data": [], "includes": {"users": []}}', "api_v1": '{"statuses": []}'}


@pytest.mark.parametrize("name", WRITERS)
def test_the_file_points_to_nothing_that_is_not_there(name: str) -> None:
    assert check_codes(channel_of(name), REFERENCE_TABLES) == []


@pytest.mark.parametrize(("name", "source"), SOURCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_counts_are_those_that_were_planted(tmp_path: Path, name: str, source: str, seed: int) -> None:
    planted = WRITERS[name](tmp_path / "in", seed)["sources"][source]
    loaded = load(channel_of(name), source, tmp_path)
    assert loaded.counts == planted
    assert (loaded.done.schema_drift, loaded.done.unmapped) == ((), {})
    assert loaded.done.submissions["submitted_at"].notna().all()


@pytest.mark.parametrize(("name", "source"), SOURCES)
def test_the_same_seed_writes_the_same_bytes_and_gives_the_same_ids(tmp_path: Path, name: str, source: str) -> None:
    for home in ("a", "b"):
        WRITERS[name](tmp_path / home / "in", 7)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert files
    assert all(
        (tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes()
        for f in files
        if (tmp_path / "a" / f).is_file()
    )
    one, other = (ids(load(channel_of(name), source, tmp_path / home)) for home in ("a", "b"))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(("name", "source"), [s for s in SOURCES if s[1] != "archive"])
def test_an_empty_source_is_no_fault(tmp_path: Path, name: str, source: str) -> None:
    WRITERS[name](tmp_path / "in", 1)
    path = channel_of(name).sources[source].path
    files = sorted((tmp_path / "in").glob(path))
    for file in files[1:]:
        file.unlink()
    first_line = files[0].read_text(encoding="utf-8").splitlines()[0]
    files[0].write_text(EMPTY.get(source, first_line + "\n"), encoding="utf-8")
    loaded = load(channel_of(name), source, tmp_path)
    assert (loaded.counts["raw_records"], loaded.done.schema_drift) == (0, ())


@pytest.mark.parametrize(("name", "source"), [s for s in SOURCES if s[1] != "archive"])
def test_a_column_that_is_new_is_told_and_nothing_is_lost(tmp_path: Path, name: str, source: str) -> None:
    planted = WRITERS[name](tmp_path / "in", 1)["sources"][source]
    of = channel_of(name)
    for file in sorted((tmp_path / "in").glob(of.sources[source].path)):
        if file.suffix == ".csv":
            rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines(keepends=True)))
            with file.open("w", encoding="utf-8", newline="") as out:
                csv.writer(out).writerows([[*row, "baru" if n == 0 else "x"] for n, row in enumerate(rows)])
        else:
            document = json.loads(file.read_text(encoding="utf-8"))
            for record in document.get("data", document.get("statuses", [])):
                record["baru"] = "x"
            file.write_text(json.dumps(document), encoding="utf-8")
    loaded = load(of, source, tmp_path)
    table = next(iter(of.sources[source].streams.values())).table
    assert loaded.done.schema_drift == (f"{table}.baru",)
    assert loaded.counts == planted


def test_three_roads_to_x_meet_on_the_same_keys_and_answers(tmp_path: Path) -> None:
    write_x(tmp_path / "in", 3)
    of = channel_of("x")
    api, old, harvest = (load(of, source, tmp_path).done for source in ("api", "api_v1", "harvest"))
    assert set(api.submissions["key"]) == set(old.submissions["key"])
    assert set(api.submissions["key"]) - set(harvest.submissions["key"]) <= {*api.submissions["key"]}
    assert len(set(api.submissions["key"]) - set(harvest.submissions["key"])) == 1  # the number that lost digits
    links = [set(zip(d.events["event_key"], d.events["key"], strict=True)) for d in (api, old, harvest)]
    assert links[0] == links[1]
    assert {event for event, _ in links[2]} == {event for event, _ in links[0]}


def test_texts_of_an_archive_are_mended_with_a_record_of_what_came(tmp_path: Path) -> None:
    write_facebook(tmp_path / "in", 1)
    done = load(channel_of("facebook"), "archive", tmp_path).done
    mended = done.submissions[done.submissions["flags"].str.contains("mojibake_repaired")]
    assert len(mended) > 1
    for row in mended.itertuples():
        (record,) = [c for c in orjson.loads(row.changes) if c[0] == "text" and c[1].startswith("mojibake")]
        assert record[2].encode("latin-1").decode().split() == row.text.split()
    assert set(done.events["actor"]) == {"Humas Kota Jayapura – Resmi"}


def test_a_saved_error_is_told(tmp_path: Path) -> None:
    write_facebook(tmp_path / "in", 1)
    problems = load(channel_of("facebook"), "graph", tmp_path).problems
    assert [p for p in problems if "hold none" in p] == ["kiriman: 1 files hold none, the first is 000004-feed-99.json"]
