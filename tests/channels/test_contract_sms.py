"""What is particular to the SMS gateway: joined texts, answers. All else: test_contract_channels.py."""

from pathlib import Path

import pytest
from contract_social_sp4n import Loaded, channel_of, load

from data.samples.sms_gammu import write_sms

COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")


def read(home: Path) -> Loaded:
    return load(channel_of("sms"), "dump", home)


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
