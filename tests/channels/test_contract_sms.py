"""The channel file of the SMS gateway keeps the contract: counts, texts, answers, an empty and a grown dump."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from contract_social_sp4n import REFERENCE_TABLES, Loaded, channel_of, ids, load

from data.samples.sms_gammu import write_sms
from transforms.normalise import check_codes

COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")


def read(home: Path) -> Loaded:
    return load(channel_of("sms"), "dump", home)


def test_the_file_points_to_nothing_that_is_not_there() -> None:
    assert check_codes(channel_of("sms"), REFERENCE_TABLES) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_and_texts_are_those_that_were_planted(tmp_path: Path, seed: int) -> None:
    planted = write_sms(tmp_path / "in", seed)
    loaded = read(tmp_path)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
    assert (loaded.done.schema_drift, loaded.done.unmapped, loaded.problems) == ((), {}, ())
    rows = loaded.done.submissions
    lacking = rows["raw"].str.contains('"_missing"', regex=False)
    assert lacking.sum() == planted["lacking"]
    assert dict(zip(rows["key"][~lacking], rows["text"][~lacking], strict=True)) == planted["texts"]
    assert rows["flags"].unique().tolist() == ["[]"]
    assert rows["reporter_phone"].str.startswith("+62").all()
    assert str(rows["submitted_local"].min()) == planted["first_at"]  # WIT, of a dump in UTC


def test_every_answer_finds_the_message_that_it_was_planted_for(tmp_path: Path) -> None:
    planted = write_sms(tmp_path / "in", 4)
    events = read(tmp_path).done.events
    found = dict(zip(events["event_key"], events["key"], strict=True))
    assert found == dict(planted["answered"]) | {"900": ""}
    assert events["text"].str.endswith("melapor.").sum() == len(planted["answered"])


def test_the_same_seed_writes_the_same_bytes_and_gives_the_same_ids(tmp_path: Path) -> None:
    for home in ("a", "b"):
        write_sms(tmp_path / home / "in", 7)
    one, other = ((tmp_path / home / "in" / "sms" / "smsd.sql").read_bytes() for home in ("a", "b"))
    assert one == other
    pd.testing.assert_frame_equal(*(ids(read(tmp_path / home)) for home in ("a", "b")))


def test_a_dump_without_rows(tmp_path: Path) -> None:
    write_sms(tmp_path / "in", 1)
    change(tmp_path, lambda line: "" if line.startswith("INSERT") else line)
    loaded = read(tmp_path)
    assert (loaded.counts["raw_records"], loaded.done.schema_drift) == (0, ())


def test_a_dump_that_grew_a_column_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    planted = write_sms(tmp_path / "in", 1)
    change(
        tmp_path, lambda line: line.replace("`Status` int(11) NOT NULL DEFAULT -1,", "`Status` int(11),\n`Baru` text,")
    )
    change(tmp_path, lambda line: line.replace("'true',-1)", "'true',-1,'x')"))
    loaded = read(tmp_path)
    assert loaded.done.schema_drift == ("inbox.Baru",)
    assert loaded.counts == {name: planted[name] for name in COUNTS}


def change(home: Path, how: Callable[[str], str]) -> None:
    path = home / "in" / "sms" / "smsd.sql"
    path.write_text("".join(how(line) for line in path.read_text(encoding="utf-8").splitlines(keepends=True)), "utf-8")
