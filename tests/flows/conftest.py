"""A consolidated demonstration, made once a session and copied for each test; a Prefect API of the session's own."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from data.samples import SECRETS, SampleServers, write_samples
from flows import consolidate
from flows.run import run_consolidation
from flows.site import open_existing
from satukanal.settings import INSTALLATION
from satukanal.store.digest import digest

SIZE = 200
CORE = ("ntpd112", "sigap", "sitanggap", "super")  # four readers, three cities: the others have contract tests


@pytest.fixture(scope="session", autouse=True)
def prefect_api() -> Iterator[None]:
    """A Prefect server on a database of its own; without the heartbeat, whose end costs a second a flow."""
    with prefect_test_harness(), temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@dataclass
class Demo:
    """An installation with sample sources, its web ones being served."""

    home: Path
    channels: Path
    servers: SampleServers

    @property
    def sources(self) -> Path:
        return self.home / "sources"

    def run(self, *channels: str) -> dict[str, Any]:
        return run_consolidation(list(channels) or None)

    def digest(self) -> str:
        with open_existing() as site:
            return digest(site.store)

    def edit_channel(self, name: str, old: str, new: str) -> None:
        path = self.channels / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def edit_json(self, name: str, change: Any) -> None:
        (path,) = (self.sources / name).glob("*.json")
        rows = orjson.loads(path.read_bytes())
        change(rows)
        path.write_bytes(orjson.dumps(rows))


def copy_channels(folder: Path) -> Path:
    """The files of ``CORE`` into ``folder``."""
    for name in CORE:
        shutil.copy(INSTALLATION / "connectors" / "channels" / f"{name}.yaml", folder)
    return folder


def serve(home: Path, monkeypatch: pytest.MonkeyPatch) -> SampleServers:
    """Point the environment of this test at ``home`` and at sample servers that serve its sources."""
    monkeypatch.setenv("SATUKANAL_HOME", str(home))
    monkeypatch.setenv("SATUKANAL_KEY_FILE", str(home.parent / "key"))
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"SATUKANAL_SECRET_{name}", value)
    return SampleServers(home / "sources")


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, prefect_api: None) -> tuple[Path, dict[str, Any]]:
    """A folder with a home after its first run, and that run's summary."""
    folder = tmp_path_factory.mktemp("first")
    write_samples(folder / "home" / "sources", size=SIZE)
    with pytest.MonkeyPatch.context() as monkeypatch, serve(folder / "home", monkeypatch) as servers:
        monkeypatch.setenv("SATUKANAL_CHANNELS", str(copy_channels(tmp_path_factory.mktemp("channels"))))
        monkeypatch.setenv("SATUKANAL_ADDRESSES", orjson.dumps(servers.addresses).decode())
        summary = run_consolidation(None)
    return folder, summary


@pytest.fixture
def demo(first_run: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    """A copy of the consolidated demonstration that the test may change."""
    shutil.copytree(first_run[0], tmp_path / "demo")
    channels = tmp_path / "channels"
    channels.mkdir()
    copy_channels(channels)
    monkeypatch.setenv("SATUKANAL_CHANNELS", str(channels))
    hurried = consolidate.extract.with_options(retry_delay_seconds=[0, 0])  # as often as ever, but without waiting
    monkeypatch.setattr(consolidate, "extract", hurried)
    with serve(tmp_path / "demo" / "home", monkeypatch) as servers:
        monkeypatch.setenv("SATUKANAL_ADDRESSES", orjson.dumps(servers.addresses).decode())
        yield Demo(tmp_path / "demo" / "home", channels, servers)
