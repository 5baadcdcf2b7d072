"""The channel files of SP4N-LAPOR! and its front-ends keep the contract, and one report meets itself in two exports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from contract_social_sp4n import channel_of, load

from data.samples.sp4n_export import write_e_lapor, write_lapor_wal, write_sp4n
from schemas.channel import Channel
from transforms.normalise import Normalised

WRITERS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "sp4n": write_sp4n, "lapor_wal": write_lapor_wal, "e_lapor": write_e_lapor,
}  # fmt: skip
SOURCES = [("sp4n", "admin"), ("sp4n", "open_data"), ("lapor_wal", "export"), ("e_lapor", "export")]


def planted_of(folder: Path, name: str, source: str, seed: int) -> dict[str, Any]:
    planted = WRITERS[name](folder, seed)
    return planted.get("sources", {source: planted})[source]


def counts_of(planted: dict[str, Any]) -> dict[str, Any]:
    return {
        key: planted[key]
        for key in ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")
    }


@pytest.mark.parametrize(("name", "source"), SOURCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_counts_are_those_that_were_planted(tmp_path: Path, name: str, source: str, seed: int) -> None:
    planted = planted_of(tmp_path / "in", name, source, seed)
    loaded = load(channel_of(name), source, tmp_path)
    assert loaded.counts == counts_of(planted)
    assert (loaded.done.schema_drift, loaded.done.unmapped) == ((), planted["unmapped"])
    assert loaded.done.submissions["submitted_at"].notna().all()


def admin_of(name: str) -> Channel:
    """The file of SP4N for the city of a front-end."""
    front = channel_of(name)
    return channel_of("sp4n").model_copy(
        update={"government": front.government, "region": front.region, "time_zone": front.time_zone}
    )


def both(tmp_path: Path, name: str) -> tuple[Normalised, Normalised, dict[str, Any]]:
    planted = WRITERS[name](tmp_path / "in", 5)
    if name == "lapor_wal":
        write_sp4n(tmp_path / "in", 5)
    front = load(channel_of(name), "export", tmp_path).done
    return front, load(admin_of(name), "admin", tmp_path).done, planted


@pytest.mark.parametrize("name", ["lapor_wal", "e_lapor"])
def test_a_report_of_a_front_end_has_the_number_that_it_has_in_sp4n(tmp_path: Path, name: str) -> None:
    front, national, planted = both(tmp_path, name)
    numbers = set(front.submissions["sp4n_id"].dropna())
    assert len(numbers) == planted["with_number"]
    assert numbers <= set(national.submissions["sp4n_id"])
    raws = national.submissions["raw"].map(orjson.loads)
    through = national.submissions[raws.map(lambda raw: "_front_end" in raw)]
    assert numbers <= set(through["sp4n_id"])
    assert raws.map(lambda raw: raw["_door"]).isin(["Website", "Android", "Whatsapp"]).all()


@pytest.mark.parametrize("name", ["lapor_wal", "e_lapor"])
def test_one_report_in_two_exports_says_the_same(tmp_path: Path, name: str) -> None:
    front, national, _ = both(tmp_path, name)
    same = front.submissions.merge(national.submissions, on="sp4n_id", suffixes=("", "_sp4n"))
    assert len(same) > 20
    for column in ("text", "title", "type", "is_anonymous", "is_confidential", "agency", "category", "region_code"):
        pd.testing.assert_series_equal(same[column], same[f"{column}_sp4n"], check_names=False)
    assert (same["submitted_at"] - same["submitted_at_sp4n"]).abs().max() < pd.Timedelta(minutes=1)
    states = same[same["status"] == same["status_sp4n"]]
    assert len(states) >= len(same) - 2  # of two the national export has a status that is not known


def test_the_flags_and_labels_of_the_national_export_are_read(tmp_path: Path) -> None:
    write_sp4n(tmp_path / "in", 1)
    rows = load(channel_of("sp4n"), "admin", tmp_path).done.submissions
    flags = rows["raw"].map(lambda raw: orjson.loads(raw).get("Tipe Laporan (Anonim/Rahasia)", ""))
    assert rows["is_anonymous"].tolist() == flags.str.contains("Anonim").tolist()
    assert rows["is_confidential"].tolist() == flags.str.contains("Rahasia").tolist()
    told = rows[["status_source", "status", "closed_by", "archived_by"]].drop_duplicates().set_index("status_source")
    assert told.loc["Ditutup oleh Pelapor", ["status", "closed_by"]].tolist() == ["closed", "reporter"]
    assert told.loc["Diarsipkan oleh Sistem", ["status", "archived_by"]].tolist() == ["archived", "system"]
    assert told.loc["Menunggu Kelengkapan Informasi", "status"] == "postponed"
    assert not rows["text"].str.contains("disunting admin").any()
    assert rows["raw"].str.contains("disunting admin").all()


def test_open_data_is_dated_by_its_stamps_and_else_by_its_dates(tmp_path: Path) -> None:
    write_sp4n(tmp_path / "in", 1)
    rows = load(channel_of("sp4n"), "open_data", tmp_path).done.submissions
    written = rows["raw"].map(lambda raw: orjson.loads(raw)["TanggalLaporanMasuk"])
    wall = pd.to_datetime(written, format="%d/%m/%Y %H:%M:%S")
    assert (rows["submitted_local"] == wall).all()
