"""A channel file is tried on a sample without a store, and shown as understood."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import orjson
import pytest
import tool_sources
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from data.samples import SECRETS, SampleServers, write_samples
from flows.scaffolding import scaffold
from satukanal.cli import app, main
from satukanal.settings import INSTALLATION
from schemas.channel_schema import PATH, channel_schema

runner = CliRunner()
SHIPPED = sorted((INSTALLATION / "connectors" / "channels").glob("*.yaml"))


def call(*arguments: object) -> Result:
    return runner.invoke(app, ["channels", *map(str, arguments)], env={"COLUMNS": "160"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A channel file that fits its source."""
    tool_sources.school_dump(tmp_path / "sekolah.sql")
    path = tmp_path / "sekolah.yaml"
    path.write_text(scaffold(str(tmp_path / "sekolah.sql")).text, encoding="utf-8")
    return path


def edited(file: Path, *pairs: tuple[str, str]) -> Path:
    text = file.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_that_fits_is_told_so_and_nothing_is_written(file: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    left = set(Path(tempfile.gettempdir()).glob("satukanal-*"))
    result = call("check", file, "--json")
    assert result.exit_code == 0, result.output
    told = orjson.loads(result.stdout)
    assert (told["accepted"], told["quarantined"], told["stops"], told["sample"]["whole"]) == (60, {}, [], True)
    assert told["null_rates"]["text"] == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert set(Path(tempfile.gettempdir()).glob("satukanal-*")) <= left


def test_a_column_that_is_not_there_would_stop_a_load(file: Path) -> None:
    result = call("check", edited(file, ("text: isi_laporan", "text: isi_lapor")), "--json")
    told = orjson.loads(result.stdout)
    assert result.exit_code == 4
    assert told["absent"] == [{"table": "pengaduan", "column": "isi_lapor", "nearest": "isi_laporan"}]
    assert told["neither_mapped_nor_ignored"] == ["pengaduan.isi_laporan"]
    assert "pengaduan.isi_lapor is mapped and not there; nearest: isi_laporan" in told["stops"]


def test_unknown_codes_are_counted_with_a_suggestion(file: Path) -> None:
    told = orjson.loads(call("check", edited(file, ("    selesai: {status", "    selesay: {status")), "--json").stdout)
    (row,) = told["unknown_codes"]["status"]
    assert (row["label"], row["suggestion"]) == ("selesai", "closed (as 'selesay')")
    assert row["count"] > 5


def test_dates_that_fit_no_format_are_told_by_their_shape(tmp_path: Path) -> None:
    people = tool_sources.kelurahan_csv(tmp_path / "kelurahan.csv")
    path = tmp_path / "kelurahan.yaml"
    path.write_text(scaffold(str(tmp_path / "kelurahan.csv")).text, encoding="utf-8")
    result = call("check", edited(path, ("%d %B %Y", "%d/%m/%Y")), "--json")
    (date,) = orjson.loads(result.stdout)["dates"]
    assert (date["field"], date["failed"], date["formats"]) == ("submitted_at", 60, ["%d %B %Y"])
    assert "9999" in date["example"]
    assert [value for value in people.planted if value in result.output] == []


def test_a_sample_ends_early_and_says_so(file: Path) -> None:
    told = orjson.loads(call("check", file, "--sample", 10, "--json").stdout)
    assert told["sample"] == {"rows": {"pengaduan": 10, "tanggapan": 10}, "whole": False}
    assert told["accepted"] == 10


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The samples' sources, the web ones being served."""
    write_samples(tmp_path / "home" / "sources", size=200)
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"SATUKANAL_SECRET_{name}", value)
    with SampleServers(tmp_path / "home" / "sources") as servers:
        monkeypatch.setenv("SATUKANAL_ADDRESSES", orjson.dumps(servers.addresses).decode())
        yield tmp_path / "home"


@pytest.mark.parametrize("name", ["super", "ntpd112", "sigap", "sitanggap"])
def test_the_shipped_channels_are_tried_and_no_store_is_made(
    name: str, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.trial.PAGES", 1)
    result = call("check", name, "--json")
    told = orjson.loads(result.stdout)
    assert result.exit_code == 0, told
    assert told["accepted"] > 10
    assert told["absent"] == []
    assert told["sample"]["whole"] == (name in ("super", "ntpd112"))
    assert {path.name for path in served.iterdir()} == {"sources"}


def test_a_source_that_cannot_be_read_is_three_and_a_bad_file_two(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (file.parent / "sekolah.sql").unlink()
    result = call("check", file)
    assert result.exit_code == 3
    assert "no such file" in result.stderr
    for arguments, said in (
        (["check", "sekolah"], "is no channel here"),
        (["check", "sigap"], "the secret SIGAP_TOKEN is not set"),
    ):
        monkeypatch.setattr("sys.argv", ["satukanal", "channels", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 2
        assert said in " ".join(capsys.readouterr().err.split())


def test_show_tells_secrets_by_name_and_whether_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATUKANAL_SECRET_SITANGGAP_USER", "nilai-rahasia")
    result = call("show", "sitanggap", "--json")
    told = orjson.loads(result.stdout)
    assert told["secrets"] == [{"name": "SITANGGAP_PASSWORD", "set": False}, {"name": "SITANGGAP_USER", "set": True}]
    assert told["channel"]["sources"]["admin"]["streams"]["complaints"]["key"] == ["nomor"]
    assert "nilai-rahasia" not in result.output
    shown = call("show", "sitanggap").stdout
    assert "SITANGGAP_PASSWORD: NOT SET" in shown
    assert "Tanggal Aduan" in shown


def test_the_schema_for_editors_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == channel_schema(), "run: python -m schemas.channel_schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_channel_files_are_right_by_the_schema(path: Path) -> None:
    jsonschema.validate(YAML(typ="safe").load(path), orjson.loads(PATH.read_bytes()))


def test_a_scaffolded_file_is_right_by_the_schema_and_names_it(file: Path) -> None:
    schema = orjson.loads(PATH.read_bytes())
    document = YAML(typ="safe").load(file)
    jsonschema.validate(document, schema)
    assert file.read_text(encoding="utf-8").startswith(
        "# yaml-language-server: $schema=../../schemas/channel.schema.json\n"
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"judul": "Lapak"}, schema)
