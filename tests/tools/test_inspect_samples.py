"""Each sample is looked into: as many rows as were written, and nobody to be seen."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from test_scaffold_samples import ENTERED, SAMPLES, given, planted
from tool_runs import written
from typer.testing import CliRunner, Result

from connectors.peek import Access
from data.samples import SECRETS, SampleServers, write_samples
from data.samples.write import Samples
from flows.looking import dumped, inspect
from flows.scaffolding import scaffold
from satukanal.cli import app
from schemas.mapping import Mapping, column_maps

runner = CliRunner()
OWN = ("Layanan Aduan Denpasar", "Humas Kota Jayapura – Resmi", "humasdenpasar.uji", "PemkotDepokUji", "109900112233")
SHORTEST = 7


def call(*arguments: object) -> Result:
    return runner.invoke(app, ["channels", *map(str, arguments)], env={"COLUMNS": "400"})


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return write_samples(tmp_path_factory.mktemp("samples"), size=200)


@pytest.mark.parametrize(("channel", "source"), [key for key in SAMPLES if key[0] not in ENTERED])
def test_a_look_shows_every_row_and_nobody(channel: str, source: str | None, samples: Samples, channels: Path) -> None:
    rows = 0
    for number, (place, table) in enumerate(given(samples, SAMPLES[channel, source])):
        path = samples.folder / place
        made = scaffold(str(path), table, channels / f"lapak_{number}.yaml")
        file = written(made, channels)
        mapping = file.channel.sources["source"].streams["complaints"]
        tables = [mapping.table, *(event.table for event in mapping.events if event.table not in mapping.made)]
        shown = {one["name"]: one["rows"] for one in inspect(str(path))["tables"]}
        rows += sum(shown[name] for name in tables)
        people = set(persons(str(path), mapping, file.channel.personal))
        assert len(people) > 5
        for command in (("inspect",), ("inspect", "--json")):
            result = call(command[0], path, *command[1:])
            assert result.exit_code == 0
            assert [value for value in people if value in result.output] == []
        assert [value for value in people if value in made.text] == []
    want = planted(samples, channel, source)
    assert rows + want["quarantined"].get("unreadable", 0) == want["raw_records"]


@pytest.mark.parametrize("channel", ENTERED)
def test_a_look_at_a_live_system_shows_nobody(
    channel: str, samples: Samples, channels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.peek_visit.PER_SECOND", 200)
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"SATUKANAL_SECRET_{name}", value)
    access = ENTERED[channel]
    options = ["--token", access.token] if access.token else []
    options += [word for name, secret in access.login.items() for word in ("--login", f"{name}={secret}")]
    with SampleServers(samples.folder) as servers:
        address = f"{servers.addresses[channel]}/{SAMPLES[channel, None].path}"
        made = scaffold(address, None, channels / "lapak.yaml", None, access)
        file = written(made, channels)
        mapping = file.channel.sources["source"].streams["complaints"]
        people = set(persons(address, mapping, file.channel.personal, access))
        assert len(people) > 20
        outputs = [call("inspect", address, *options, *more).output for more in ([], ["--json"])]
        outputs += [call("check", channels / "lapak.yaml", *more).output for more in ([], ["--json"])]
    for output in (*outputs, made.text):
        assert [value for value in (*people, *SECRETS.values()) if value in output] == []
    assert "a load would go through" in outputs[2]


def persons(path: str, mapping: Mapping, personal: tuple[str, ...], access: Access | None = None) -> list[str]:
    """What the records say of citizens: names, numbers, accounts, words; nothing that is too short to be told."""
    fields = ("reporter_name", "reporter_nik", "reporter_phone", "reporter_email", "reporter_address",
        "reporter_account", "text")  # fmt: skip
    maps = column_maps(mapping.columns)
    columns = {name for field in fields if field in maps for name in maps[field].origins} | set(personal)
    found: list[str] = []
    for record in dumped(path, mapping.table, access=access):
        found += [value for name in columns if isinstance(value := record.get(name), str)]
    return [value for value in found if _tells(value)]


def _tells(value: str) -> bool:
    text = value.strip()
    is_one = " " in text or "@" in text or sum(sign.isdigit() for sign in text) >= 2
    return len(text) >= SHORTEST and is_one and text not in OWN


def test_the_json_of_a_chat_and_of_posts_is_as_the_interface_says(samples: Samples) -> None:
    for place, name in (("whatsapp", "pesan"), ("x/api", "api")):
        told: dict[str, Any] = orjson.loads(call("inspect", samples.folder / place, "--json").stdout)
        assert list(told) == ["format", "encoding", "tables", "problems"]
        assert told["tables"][0]["name"] == name
        assert list(told["tables"][0]["columns"][0]) == ["name", "type", "nulls", "examples"]
