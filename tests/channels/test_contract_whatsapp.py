"""What is particular to chats: bursts, answers, dates. Their contract: tests/connectors/test_contract_channels.py."""

from pathlib import Path

import pandas as pd
import pytest
from contract_social_sp4n import Loaded, channel_of, load

from data.samples.whatsapp_chat import GROUP, OFFICER, write_whatsapp

COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")


def read(home: Path) -> Loaded:
    return load(channel_of("whatsapp"), "exports", home)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_are_those_that_were_planted(tmp_path: Path, seed: int) -> None:
    planted = write_whatsapp(tmp_path / "in", seed)
    loaded = read(tmp_path)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
    assert (loaded.done.schema_drift, loaded.done.unmapped) == ((), {})
    rows = loaded.done.submissions
    assert rows["key"].is_unique
    assert rows["flags"].unique().tolist() == ["[]"]
    assert (rows["reporter_name"].notna() ^ rows["reporter_phone"].notna()).all()
    assert not rows["text"].str.contains("disertakan|omitted|diedit|\u200e", regex=True).any()


def test_every_answer_finds_the_burst_that_it_was_planted_for(tmp_path: Path) -> None:
    planted = write_whatsapp(tmp_path / "in", 4)
    done = read(tmp_path).done
    asked = done.submissions.set_index("key")["submitted_local"].dt.strftime("%Y-%m-%d %H:%M")
    answered = done.events["occurred_at"].dt.tz_convert("Asia/Makassar").dt.strftime("%Y-%m-%d %H:%M")
    found = [list(pair) for pair in zip(answered, done.events["key"].map(asked), strict=True)]
    assert sorted(found) == sorted(planted["answered"])
    assert done.events["actor"].unique().tolist() == [OFFICER]


def test_the_order_of_the_dates_is_told_for_each_file(tmp_path: Path) -> None:
    write_whatsapp(tmp_path / "in", 1)
    orders = [problem.split("read as ")[1][:5] for problem in read(tmp_path).problems]
    assert sorted(orders) == ["d/m/y", "d/m/y", "d/m/y", "m/d/y"]


def test_a_later_export_keeps_every_key_and_adds_to_the_last_burst(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for home in (first, second):
        write_whatsapp(home / "in", 5)
    before = read(first).done.submissions
    last = before.sort_values("submitted_at").iloc[-1]
    sender = last["reporter_name"] or last["reporter_phone"]
    at = last["submitted_local"] + pd.Timedelta(minutes=1)
    more = f"{at:%d/%m/%y %H.%M} - {sender}: Tambahan: sudah parah\n"
    group = second / "in" / "whatsapp" / f"Chat WhatsApp dengan {GROUP} (1).txt"
    group.write_text(group.read_text(encoding="utf-8") + more, encoding="utf-8")
    after = read(second).done.submissions
    assert set(before["key"]) == set(after["key"])
    changed = after.set_index("key")["text"][last["key"]]
    assert sorted(changed.split("\n")) == sorted([*last["text"].split("\n"), "Tambahan: sudah parah"])
