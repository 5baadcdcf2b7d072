"""A first channel file, made from a source that nobody has described, loads and balances."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tool_sources
from tool_runs import run, written
from tool_sources import Citizens

from connectors.base import ChannelError
from flows.scaffolding import scaffold

UNKNOWN: dict[str, Callable[[Path], Citizens]] = {
    "sekolah.sql": tool_sources.school_dump,
    "kelurahan.csv": tool_sources.kelurahan_csv,
    "laravel.db": tool_sources.laravel_sqlite,
    "sp4n.csv": tool_sources.sp4n_export,
    "ekspor.xls": tool_sources.html_xls,
}


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


def test_codes_that_another_table_tells_are_joined_from_a_database_too(tmp_path: Path, channels: Path) -> None:
    tool_sources.laravel_sqlite(tmp_path / "laravel.db")
    made = scaffold(str(tmp_path / "laravel.db"))
    channel = written(made, channels).channel
    mapping = channel.sources["source"].streams["complaints"]
    assert (mapping.table, mapping.columns["old_numbers"]) == ("reports", "tracking_id")
    assert mapping.lookups["category_id"].table == "categories"
    assert channel.codes.category["PJU"] == "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM"
    assert "wbs_reports (1 rows): reports of whistle-blowers" in made.text
    assert [event.table for event in mapping.events] == ["report_histories"]


def test_an_sp4n_export_has_the_shape_lapor_and_what_is_hidden_stays_hidden(tmp_path: Path, channels: Path) -> None:
    tool_sources.sp4n_export(tmp_path / "sp4n.csv")
    mapping = written(scaffold(str(tmp_path / "sp4n.csv")), channels).channel.sources["source"].streams["complaints"]
    assert mapping.lapor is not None
    assert (mapping.lapor.number, mapping.lapor.flags) == ("Tracking ID", "Tipe Laporan (Anonim/Rahasia)")
    assert mapping.columns["is_anonymous"].column == "_anonim"  # type: ignore[union-attr]
    assert mapping.columns["submitted_at"].join == ("Tanggal Laporan Masuk", "Waktu Laporan Masuk")  # type: ignore[union-attr]
    assert (mapping.columns["sp4n_id"], mapping.columns.get("old_numbers")) == ("Tracking ID", None)


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


def test_nothing_that_holds_words_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "angka.csv").write_text("a;b\n" + "1;2\n" * 20, encoding="utf-8")
    with pytest.raises(ChannelError, match=r"no table looks like one of complaints; name it with --table"):
        scaffold(str(tmp_path / "angka.csv"))
