"""The channel file of WhatsApp keeps the contract: counts, identities, an empty and a grown export."""

from pathlib import Path

import pandas as pd
import pytest
from contract_social_sp4n import REFERENCE_TABLES, Loaded, channel_of, ids, load

from data.samples.whatsapp_chat import GROUP, OFFICER, write_whatsapp
from transforms.normalise import check_codes

COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")


def read(home: Path) -> Loaded:
    return load(channel_of("whatsapp"), "exports", home)


def test_the_file_points_to_nothing_that_is_not_there() -> None:
    assert check_codes(channel_of("whatsapp"), REFERENCE_TABLES) == []


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


def test_the_same_seed_writes_the_same_bytes_and_gives_the_same_ids(tmp_path: Path) -> None:
    for home in ("a", "b"):
        write_whatsapp(tmp_path / home / "in", 7)
    files = sorted(path.name for path in (tmp_path / "a" / "in" / "whatsapp").iterdir())
    assert len(files) == 4
    for name in files:
        one, other = (tmp_path / home / "in" / "whatsapp" / name for home in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()
    pd.testing.assert_frame_equal(*(ids(read(tmp_path / home)) for home in ("a", "b")))


def test_an_export_without_a_message_of_a_person(tmp_path: Path) -> None:
    notice = "25/08/24 10.00 - Pesan dan panggilan terenkripsi secara end-to-end.\n"
    (tmp_path / "in" / "whatsapp").mkdir(parents=True)
    (tmp_path / "in" / "whatsapp" / "Chat WhatsApp dengan Kosong.txt").write_text(notice, encoding="utf-8")
    loaded = read(tmp_path)
    assert (loaded.counts["accepted"], loaded.counts["excluded"]) == (0, {"system_message": 1})
    assert loaded.done.schema_drift == ()


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
