"""The channel file of Pro Denpasar keeps the contract on a packed dump of Navicat with tables to look up."""

import gzip
from collections import Counter
from pathlib import Path

import orjson
import pandas as pd
import pytest
from contract_social_sp4n import REFERENCE_TABLES, Loaded, channel_of, ids, load

from data.samples.pro_denpasar_dump import write_pro_denpasar
from transforms.normalise import check_codes

COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")
DUMP = "in/pro_denpasar/prodps.sql.gz"


def read(home: Path) -> Loaded:
    return load(channel_of("pro_denpasar"), "dump", home)


def rewrite(home: Path, lines: list[str]) -> None:
    (home / DUMP).write_bytes(gzip.compress("".join(lines).encode()))


def lines_of(home: Path) -> list[str]:
    return gzip.decompress((home / DUMP).read_bytes()).decode().splitlines(keepends=True)


def test_the_file_points_to_nothing_that_is_not_there() -> None:
    assert check_codes(channel_of("pro_denpasar"), REFERENCE_TABLES) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_texts_and_faults_are_those_that_were_planted(tmp_path: Path, seed: int) -> None:
    planted = write_pro_denpasar(tmp_path / "in", seed)
    loaded = read(tmp_path)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
    assert (loaded.done.schema_drift, loaded.done.unmapped) == ((), planted["unmapped"])
    assert tuple(sorted(p for p in loaded.problems if "no row in" in p)) == planted["told"]
    rows = loaded.done.submissions
    assert dict(zip(rows["key"], rows["text"], strict=True)) == planted["texts"]
    flags = Counter(flag for flags in rows["flags"] for flag in orjson.loads(flags))
    assert dict(sorted(flags.items())) == planted["flags"]


def test_numbers_are_told_in_words_by_the_tables_that_they_point_to(tmp_path: Path) -> None:
    write_pro_denpasar(tmp_path / "in", 1)
    done = read(tmp_path).done
    rows, events = done.submissions, done.events
    assert {"dinas-pu", "dishub", "dlh", "pdam", "satpol-pp"} <= set(rows["agency"].dropna())
    assert rows["agency"].notna().eq(rows["agency_source"].notna()).all()
    assert {"unverified", "dispositioned", "in_process", "closed", "archived"} <= set(rows["status"])
    assert {"complaint", "aspiration", "information_request"} <= set(rows["type"])
    assert events["status"].notna().all()
    assert "agency" not in done.unmapped
    assert rows["region_code"].str.startswith("51.71.").mean() > 0.9


def test_times_are_those_of_the_city_and_the_unix_seconds_say_the_same(tmp_path: Path) -> None:
    write_pro_denpasar(tmp_path / "in", 1)
    rows = read(tmp_path).done.submissions.dropna(subset="submitted_at")
    seconds = rows["raw"].map(lambda raw: int(orjson.loads(raw)["waktu_input"]))
    assert (rows["submitted_at"] == pd.to_datetime(seconds, unit="s", utc=True)).all()
    assert (rows["submitted_local"] - rows["submitted_at"].dt.tz_localize(None)).eq(pd.Timedelta(hours=8)).all()
    trusted = rows[rows["version_trusted"]]
    assert trusted["version_at"].ge(trusted["submitted_at"]).all()


def test_photos_are_lists_and_a_picture_that_stands_for_none_is_none(tmp_path: Path) -> None:
    planted = write_pro_denpasar(tmp_path / "in", 1)
    rows = read(tmp_path).done.submissions
    app = rows["raw"].map(lambda raw: orjson.loads(raw).get("foto", "").startswith("["))
    assert rows.loc[app, "attachments"].map(orjson.loads).map(len).sum() == planted["photos"]
    assert not rows["attachments"].str.contains("default", na=False).any()
    assert rows.loc[~app, "attachments"].isna().any()


def test_answers_find_their_reports_and_one_is_an_orphan(tmp_path: Path) -> None:
    planted = write_pro_denpasar(tmp_path / "in", 4)
    done = read(tmp_path).done
    assert done.events["key"].isin(done.submissions["key"]).sum() == planted["answers"]
    assert done.events["key"].eq("4").sum() == 1


def test_the_same_seed_writes_the_same_bytes_and_gives_the_same_ids(tmp_path: Path) -> None:
    for home in ("a", "b"):
        write_pro_denpasar(tmp_path / home / "in", 7)
    one, other = ((tmp_path / home / DUMP).read_bytes() for home in ("a", "b"))
    assert one == other
    pd.testing.assert_frame_equal(*(ids(read(tmp_path / home)) for home in ("a", "b")))


def test_a_dump_without_rows(tmp_path: Path) -> None:
    write_pro_denpasar(tmp_path / "in", 1)
    rewrite(tmp_path, [line for line in lines_of(tmp_path) if not line.startswith("INSERT")])
    loaded = read(tmp_path)
    assert (loaded.counts["raw_records"], loaded.done.schema_drift) == (0, ())


def test_a_dump_that_grew_a_column_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    planted = write_pro_denpasar(tmp_path / "in", 1)
    column = "  PRIMARY KEY (`idpengaduan`)"
    rewrite(
        tmp_path,
        [
            line.replace(column, f"  `rating` int(11) NULL,\r\n{column}").replace(");", ", 5);")
            if line.startswith((column, "INSERT INTO `pengaduan`"))
            else line
            for line in lines_of(tmp_path)
        ],
    )
    loaded = read(tmp_path)
    assert loaded.done.schema_drift == ("pengaduan.rating",)
    assert loaded.counts == {name: planted[name] for name in COUNTS}
