"""A first channel file, made from a source that nobody has described, loads and balances."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import tool_sources
from tool_sources import Citizens

from connectors.base import ChannelError
from data.samples import write_samples
from flows import stages
from flows.site import open_site, ready_channels
from flows.tools import Scaffolded, scaffold
from satukanal.store import read, runs
from schemas.channel_file import ChannelFile, read_channel
from schemas.codes import RunStatus

UNKNOWN: dict[str, Callable[[Path], Citizens]] = {
    "sekolah.sql": tool_sources.school_dump,
    "kelurahan.csv": tool_sources.kelurahan_csv,
    "laravel.db": tool_sources.laravel_sqlite,
    "sp4n.csv": tool_sources.sp4n_export,
    "ekspor.xls": tool_sources.html_xls,
}


@pytest.fixture
def channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for channel files that the installation reads."""
    folder = tmp_path / "channels"
    folder.mkdir()
    monkeypatch.setenv("SATUKANAL_CHANNELS", str(folder))
    return folder


def written(made: Scaffolded, channels: Path) -> ChannelFile:
    path = channels / f"{made.id}.yaml"
    path.write_text(made.text, encoding="utf-8")
    return read_channel(path)


def run(name: str) -> dict[str, Any]:
    """Every stage of one channel; its part of the summary, with the verdict on the run."""
    with open_site() as site:
        file = ready_channels(site, [name])[name]
        runs.save_reference(site.store, site.reference(), file.channel.government)
        runs.register_channel(site.store, file.channel, file.sha256, "tester")
        run_id = runs.begin_run(site.store, file.channel.government, "tester", "0")
        load_id = runs.begin_load(site.store, run_id, file.channel, file.sha256, "source", "tester")
        stages.extract(site, name, load_id)
        stages.transform(site, name, load_id)
        stages.check_quality(site, name, load_id)
        stages.load(site, name, load_id)
        balanced = stages.reconcile_run(site, run_id)
        runs.finish_run(site.store, run_id, RunStatus.COMPLETE, balanced=balanced)
        told: dict[str, Any] = read.summary(site.store, run_id)["channels"][name]
        return told | {"run_balanced": balanced}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_scaffolded_file_loads_and_balances_without_an_edit(name: str, tmp_path: Path, channels: Path) -> None:
    UNKNOWN[name](tmp_path / name)
    made = scaffold(str(tmp_path / name))
    file = written(made, channels)
    told = run(file.channel.id)
    assert told["run_balanced"]
    assert told["schema_drift"] == []
    assert told["accepted"] == told["extracted"] == (30 if name == "ekspor.xls" else 60)
    assert file.channel.region == "32.76"


@pytest.mark.parametrize(
    ("source", "region", "accepted"),
    [("super/super.sql", "32.72", 80), ("ntpd112/laporan-insiden-112.xlsx", "32.76", 50)],
)
def test_the_samples_balance_after_three_edited_lines(
    source: str, region: str, accepted: int, tmp_path: Path, channels: Path
) -> None:
    write_samples(tmp_path / "home" / "sources", size=300)
    made = scaffold(str(tmp_path / "home" / "sources" / source))
    edits = {"id": "lapak", "title": "Lapak Aduan", "government": "kota-contoh"}
    text = made.text
    for key, value in edits.items():
        text, count = re.subn(rf"(?m)^{key}: .*$", f"{key}: {value}", text)
        assert count == 1
    (channels / "lapak.yaml").write_text(text, encoding="utf-8")
    file = read_channel(channels / "lapak.yaml")
    told = run("lapak")
    assert told["run_balanced"]
    assert told["schema_drift"] == []
    assert told["accepted"] == accepted
    assert file.channel.region == region
    assert next(iter(file.channel.sources.values())).path == source  # type: ignore[union-attr]


def test_tables_that_answer_and_tables_that_tell_codes_are_found(tmp_path: Path, channels: Path) -> None:
    tool_sources.school_dump(tmp_path / "sekolah.sql")
    mapping = written(scaffold(str(tmp_path / "sekolah.sql")), channels).channel.sources["source"].streams["complaints"]
    assert mapping.table == "pengaduan"
    assert mapping.key == ("id_pengaduan",)
    assert {column: look.table for column, look in mapping.lookups.items()} == {
        "nik": "masyarakat",
        "id_kategori": "kategori",
    }
    assert mapping.columns["category"] == "nama_kategori"
    assert mapping.columns["reporter_phone"] == "telp"
    (event,) = mapping.events
    assert (event.table, event.complaint, event.key) == ("tanggapan", ("id_pengaduan",), ("id_tanggapan",))
    assert event.columns["actor"] == "nama_petugas"


def test_codes_that_another_table_tells_are_named_where_the_reader_joins_none(tmp_path: Path, channels: Path) -> None:
    tool_sources.laravel_sqlite(tmp_path / "laravel.db")
    made = scaffold(str(tmp_path / "laravel.db"))
    channel = written(made, channels).channel
    mapping = channel.sources["source"].streams["complaints"]
    assert (mapping.table, mapping.columns["old_numbers"]) == ("reports", "tracking_id")
    if not mapping.lookups:
        assert channel.codes.category["2"] == "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM"
    assert "wbs_reports (1 rows): reports of whistle-blowers" in made.text
    assert [event.table for event in mapping.events] == ["report_histories"]


def test_what_is_hidden_in_an_sp4n_export_stays_hidden(tmp_path: Path, channels: Path) -> None:
    tool_sources.sp4n_export(tmp_path / "sp4n.csv")
    columns = (
        written(scaffold(str(tmp_path / "sp4n.csv")), channels).channel.sources["source"].streams["complaints"].columns
    )
    assert columns["is_anonymous"].true == ("Anonim", "Anonim|Rahasia")  # type: ignore[union-attr]
    assert columns["is_confidential"].true == ("Anonim|Rahasia", "Rahasia")  # type: ignore[union-attr]
    assert columns["submitted_at"].join == ("Tanggal Laporan Masuk", "Waktu Laporan Masuk")  # type: ignore[union-attr]


def test_a_row_number_is_no_key_and_a_word_that_no_rule_knows_stays_open(tmp_path: Path, channels: Path) -> None:
    tool_sources.kelurahan_csv(tmp_path / "kelurahan.csv")
    made = scaffold(str(tmp_path / "kelurahan.csv"))
    channel = written(made, channels).channel
    assert channel.streams["complaints"].key == "content"
    assert "EDIT status Koord. PLN" in made.text
    assert "Koord. PLN" not in channel.codes.status
    assert channel.codes.status["Menunggu"] == "unverified"


@pytest.mark.parametrize("name", UNKNOWN)
def test_equal_sources_give_equal_files_that_show_nobody(name: str, tmp_path: Path) -> None:
    people = UNKNOWN[name](tmp_path / name)
    first, second = scaffold(str(tmp_path / name)), scaffold(str(tmp_path / name))
    assert first == second
    assert [value for value in people.planted if value in first.text] == []


def test_a_live_database_is_scaffolded_with_the_name_of_its_secret(
    postgres_url: str, channels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE aduan (id serial PRIMARY KEY, isi text, status text, created_at timestamptz);"
            "INSERT INTO aduan (isi, status, created_at) SELECT 'Lampu jalan di gang ' || n || ' mati sejak pekan',"
            " 'selesai', '2024-01-01'::timestamptz + n * interval '1 hour' FROM generate_series(1, 40) n"
        )
    engine.dispose()
    url = sa.make_url(postgres_url)
    address = f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"
    monkeypatch.setenv("SATUKANAL_SECRET_UJI_PASSWORD", "rahasia-uji")
    made = scaffold(address, password="UJI_PASSWORD")
    assert "rahasia-uji" not in made.text
    channel = written(made, channels).channel
    source = channel.sources["source"]
    assert (channel.live, source.reader, source.password) == (True, "sql", "UJI_PASSWORD")  # type: ignore[union-attr]
    assert source.streams["complaints"].columns["submitted_at"].time_zone == "UTC"  # type: ignore[union-attr]
    told = run(channel.id)
    assert (told["run_balanced"], told["accepted"]) == (True, 40)


def test_nothing_that_holds_words_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "angka.csv").write_text("a;b\n" + "1;2\n" * 20, encoding="utf-8")
    with pytest.raises(ChannelError, match=r"no table looks like one of complaints; name it with --table"):
        scaffold(str(tmp_path / "angka.csv"))
