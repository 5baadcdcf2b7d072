"""What is particular to social media: keys that meet, mended texts. All else: test_contract_channels.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from contract_social_sp4n import channel_of, load

from data.samples.social_media import write_facebook, write_instagram, write_x

WRITERS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "facebook": write_facebook, "instagram": write_instagram, "x": write_x,
}  # fmt: skip
SOURCES = [
    ("facebook", "graph"), ("facebook", "archive"), ("instagram", "graph"), ("instagram", "archive"),
    ("x", "harvest"), ("x", "api"), ("x", "api_v1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "source"), SOURCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_counts_are_those_that_were_planted(tmp_path: Path, name: str, source: str, seed: int) -> None:
    planted = WRITERS[name](tmp_path / "in", seed)["sources"][source]
    loaded = load(channel_of(name), source, tmp_path)
    assert loaded.counts == planted
    assert (loaded.done.schema_drift, loaded.done.unmapped) == ((), {})
    assert loaded.done.submissions["submitted_at"].notna().all()


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
