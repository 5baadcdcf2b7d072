"""Live databases are looked into, scaffolded, checked and loaded, on real servers."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
import tool_sources
from tool_runs import run, written
from typer.testing import CliRunner, Result

from data.samples import write_samples
from data.samples.write import Samples
from flows.scaffolding import scaffold
from satukanal.cli import app
from tests.servers import MariaDb, running_mariadb

runner = CliRunner()


def call(*arguments: object) -> Result:
    return runner.invoke(app, ["channels", *map(str, arguments)], env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return write_samples(tmp_path_factory.mktemp("samples"), size=200)


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    """A MariaDB whose one user may only read."""
    with running_mariadb() as server:
        server.run("CREATE USER pembaca@'%' IDENTIFIED BY 'rahasia-uji'")
        yield server


def address(server: MariaDb, database: str, dump: Path) -> str:
    """A database filled from a dump."""
    server.run(f"DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database} CHARACTER SET utf8mb4")
    server.run("SET GLOBAL sql_mode = ''; REVOKE ALL, GRANT OPTION FROM pembaca@'%'")
    server.run(f"GRANT SELECT ON {database}.* TO pembaca@'%'")
    server.run(dump, database)
    return f"mysql://pembaca@127.0.0.1:{server.port}/{database}"


@pytest.mark.server("mariadb")
def test_a_live_mariadb_is_inspected_scaffolded_checked_and_loaded(
    mariadb: MariaDb, samples: Samples, channels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = address(mariadb, "super", samples.folder / "super" / "super.sql")
    monkeypatch.setenv("SATUKANAL_SECRET_SUPER_PASSWORD", "rahasia-uji")
    from_dump = scaffold(str(samples.folder / "super" / "super.sql"), out=channels / "dump.yaml")
    written(from_dump, channels)
    made = scaffold(source, out=channels / "hidup.yaml")
    channel = written(made, channels).channel
    assert "rahasia-uji" not in made.text
    mapping = channel.sources["source"].streams["complaints"]
    assert (channel.live, channel.region, mapping.table, mapping.key) == (
        True,
        "32.72",
        "tb_pengaduan",
        ("id_pengaduan",),
    )
    checked = call("check", channels / "hidup.yaml", "--json")
    assert checked.exit_code == 0, checked.output
    told = orjson.loads(checked.stdout)
    assert (told["absent"], told["neither_mapped_nor_ignored"], told["stops"]) == ([], [], [])
    live, dump = run("hidup"), run("dump")
    assert (live["run_balanced"], live["schema_drift"]) == (True, [])
    counts = ("raw_records", "extracted", "accepted", "events", "excluded")
    assert {name: live[name] for name in counts} == {name: dump[name] for name in counts}
    assert live["raw_records"] == samples.planted["super"]["raw_records"]


@pytest.mark.server("mariadb")
def test_what_other_tables_tell_is_joined_from_a_live_mariadb(
    mariadb: MariaDb, tmp_path: Path, channels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool_sources.school_dump(tmp_path / "sekolah.sql")
    source = address(mariadb, "sekolah", tmp_path / "sekolah.sql")
    monkeypatch.setenv("SATUKANAL_SECRET_SEKOLAH_PASSWORD", "rahasia-uji")
    channel = written(scaffold(source, out=channels / "sekolah.yaml"), channels).channel
    mapping = channel.sources["source"].streams["complaints"]
    assert {column: look.table for column, look in mapping.lookups.items()} == {
        "nik": "masyarakat",
        "id_kategori": "kategori",
    }
    assert channel.codes.category["Jalan Rusak"] == "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG"
    told = run("sekolah")
    assert (told["run_balanced"], told["accepted"], told["schema_drift"]) == (True, 60, [])


@pytest.mark.server("mariadb")
def test_tables_of_other_databases_are_not_taken_for_the_sources_own(
    mariadb: MariaDb, tmp_path: Path, channels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool_sources.school_dump(tmp_path / "sekolah.sql")
    source = address(mariadb, "sekolah", tmp_path / "sekolah.sql")
    mariadb.run("DROP DATABASE IF EXISTS arsip; CREATE DATABASE arsip CHARACTER SET utf8mb4")
    mariadb.run(tmp_path / "sekolah.sql", "arsip")
    mariadb.run("GRANT SELECT ON *.* TO pembaca@'%'")
    monkeypatch.setenv("SATUKANAL_SECRET_SEKOLAH_PASSWORD", "rahasia-uji")
    told = orjson.loads(call("inspect", source, "--json").stdout)
    assert not [table["name"] for table in told["tables"] if "arsip" in table["name"]]
    channel = written(scaffold(source, out=channels / "sekolah.yaml"), channels).channel
    lookups = channel.sources["source"].streams["complaints"].lookups
    assert {column: look.table for column, look in lookups.items()} == {"nik": "masyarakat", "id_kategori": "kategori"}


@pytest.mark.server("mariadb")
def test_text_messages_of_a_live_gateway_are_put_together(
    mariadb: MariaDb, samples: Samples, channels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = address(mariadb, "smsd", samples.folder / "sms" / "smsd.sql")
    monkeypatch.setenv("SATUKANAL_SECRET_SMSD_PASSWORD", "rahasia-uji")
    written(scaffold(source, out=channels / "sms.yaml"), channels)
    told, want = run("sms"), samples.planted["sms"]
    assert told["run_balanced"]
    counts = ("raw_records", "parts", "events", "accepted", "excluded")
    assert {name: told[name] for name in counts} == {name: want[name] for name in counts}


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
