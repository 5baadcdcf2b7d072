"""The channel file of the offices' hotline keeps the contract: counts, texts, answers, and what is read again."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import orjson
import pandas as pd
import pytest
from contract_social_sp4n import FETCHED, REFERENCE_TABLES, Loaded, channel_of, ids, load

from connectors.archive import ArchiveWriter
from connectors.base import Context
from connectors.readers import READERS
from connectors.refresh import Known
from data.samples.hotline_calls import write_hotline
from satukanal.store.keys import Keyring
from transforms.normalise import RawFrame, check_codes, normalise

COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")


def read(home: Path) -> Loaded:
    return load(channel_of("hotline"), "live", home)


def change(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "in" / "hotline" / "hotline.db")) as book:
        for statement in statements:
            book.execute(statement)
        book.commit()


def test_the_file_points_to_nothing_that_is_not_there() -> None:
    assert check_codes(channel_of("hotline"), REFERENCE_TABLES) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_texts_and_faults_are_those_that_were_planted(tmp_path: Path, seed: int) -> None:
    planted = write_hotline(tmp_path / "in", seed)
    loaded = read(tmp_path)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
    assert (loaded.done.schema_drift, loaded.done.unmapped, loaded.problems) == ((), planted["unmapped"], ())
    rows = loaded.done.submissions
    assert dict(zip(rows["key"], rows["text"], strict=True)) == planted["texts"]
    flags = Counter(flag for flags in rows["flags"] for flag in orjson.loads(flags))
    assert dict(sorted(flags.items())) == planted["flags"]
    assert rows["region_code"].str.startswith("32.76").all()
    assert set(rows["agency"].dropna()) <= {"dinas-pu", "dishub", "dlh", "satpol-pp", "pdam"}
    assert rows["type"].isin(["complaint", "information_request"]).all()


def test_local_times_are_those_of_the_city(tmp_path: Path) -> None:
    write_hotline(tmp_path / "in", 1)
    rows = read(tmp_path).done.submissions.dropna(subset="submitted_at")
    written = rows["raw"].map(lambda raw: orjson.loads(raw)["waktu_telepon"])
    assert (rows["submitted_local"] == pd.to_datetime(written)).all()
    assert (rows["submitted_at"].dt.tz_localize(None) == rows["submitted_local"] - pd.Timedelta(hours=7)).all()


def test_answers_find_their_calls_and_one_is_an_orphan(tmp_path: Path) -> None:
    planted = write_hotline(tmp_path / "in", 4)
    done = read(tmp_path).done
    known = done.events["key"].isin(done.submissions["key"])
    assert known.sum() == planted["answers"]
    assert done.events["key"].eq("99").sum() == 1
    closed = done.events["status"].eq("closed") & known
    assert 0 < closed.sum() < known.sum()


def test_a_call_that_was_saved_twice_is_two_submissions_of_the_same_words(tmp_path: Path) -> None:
    planted = write_hotline(tmp_path / "in", 1)
    rows = read(tmp_path).done.submissions
    assert planted["resubmitted"] == rows.duplicated(["text", "reporter_name", "location"]).sum() > 0


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    planted = write_hotline(tmp_path / "in", 1)
    first = read(tmp_path).done.submissions
    stale = first.loc[first["status"].eq("unverified") & first["version_trusted"], "key"].iloc[0]
    change(tmp_path, f"UPDATE tb_panggilan SET st = '3', diubah = '2024-05-31 10:00:00' WHERE id_panggilan = {stale}")
    of = channel_of("hotline")
    source = of.sources["live"]
    known = {name: Known(cursor=planted["last_change"]) for name in ("complaints", "complaints/tindak_lanjut")}
    writer = ArchiveWriter(tmp_path / "again", Keyring.from_secret(b"kunci uji coba berisi 32 byte .."))
    READERS["sql"].extract(source, writer, Context(of.id, tmp_path / "in", str, known=known))
    archive = writer.finish()
    tables = [RawFrame(piece.table, piece.frame) for piece in READERS["sql"].parse(source, archive)]
    again = normalise(of, "live", tables, [], FETCHED, REFERENCE_TABLES)
    assert len(again.submissions) < len(first) / 4
    assert again.submissions.set_index("key").loc[stale, "status"] == "closed"
    assert READERS["sql"].count(source, archive) == {"complaints": again.counts.extracted}


def test_the_same_seed_writes_the_same_bytes_and_gives_the_same_ids(tmp_path: Path) -> None:
    for home in ("a", "b"):
        write_hotline(tmp_path / home / "in", 7)
    one, other = ((tmp_path / home / "in" / "hotline" / "hotline.db").read_bytes() for home in ("a", "b"))
    assert one == other
    pd.testing.assert_frame_equal(*(ids(read(tmp_path / home)) for home in ("a", "b")))


def test_a_database_without_calls(tmp_path: Path) -> None:
    write_hotline(tmp_path / "in", 1)
    change(tmp_path, "DELETE FROM tb_panggilan", "DELETE FROM tindak_lanjut")
    loaded = read(tmp_path)
    assert (loaded.counts["raw_records"], loaded.done.schema_drift) == (0, ())


def test_a_database_that_grew_a_column_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    planted = write_hotline(tmp_path / "in", 1)
    change(tmp_path, "ALTER TABLE tb_panggilan ADD COLUMN rekaman VARCHAR(100) DEFAULT 'x.wav'")
    loaded = read(tmp_path)
    assert loaded.done.schema_drift == ("tb_panggilan.rekaman",)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
