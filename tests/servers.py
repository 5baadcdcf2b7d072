"""Real servers for tests: finds their binaries, starts them on free ports of loopback, unprivileged, and stops them.

What becomes of a test whose server this machine lacks is decided in ``conftest.py``.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
