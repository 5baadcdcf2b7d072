"""What every test may use: servers by name, a PostgreSQL of the session's own, stores on both databases."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from satukanal.store import Keyring, Store, open_store
from tests.servers import find_server, running_postgres

KEYS = Keyring.from_secret(bytes(range(32)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs a server which is not here is named and not run; where CI is set it fails."""
    for marker in item.iter_markers("server"):
        name = marker.args[0]
        if find_server(name) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{name} is not installed, and CI is set", pytrace=False)
            pytest.skip(f"{name} is not installed")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings, secrets or keys of the person who runs it."""
    for name in list(os.environ):
        if name.startswith("SATUKANAL_") and name != "SATUKANAL_REAL_DATA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SATUKANAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SATUKANAL_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("SATUKANAL_ACTOR", "tester")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.URL]:
    """A PostgreSQL of the session's own, quick rather than safe."""
    with running_postgres("-F", "-c full_page_writes=off") as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: sa.URL) -> Iterator[str]:
    """A new, empty database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield postgres_server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store, on each database in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open, empty store, on each database in turn."""
    opened = open_store(store_url, KEYS)
    yield opened
    opened.close()
