"""Serves the samples of SIGAP and SITANGGAP on loopback, from threads, reading the files again when they change."""

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import uvicorn
from starlette.applications import Starlette

from data.samples.web_sigap import sigap_app
from data.samples.web_sitanggap import SitanggapSite

SECRETS: dict[str, str] = {
    "SIGAP_TOKEN": "contoh-token-sigap",
    "SITANGGAP_USER": "operator",
    "SITANGGAP_PASSWORD": "contoh-kata-sandi",
}
"""The samples' secrets by name; an installation takes its own from SATUKANAL_SECRET_<NAME>."""

PORTS = {"sigap": 8711, "sitanggap": 8712}
"""The ports that the channel files name."""


class _JsonFile:
    """A list in a JSON file, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._rows: list[dict[str, Any]] = []

    def __call__(self) -> list[dict[str, Any]]:
        stat = self._path.stat()
        if self._seen != (stat.st_mtime_ns, stat.st_size):
            self._rows = orjson.loads(self._path.read_bytes())
            self._seen = (stat.st_mtime_ns, stat.st_size)
        return self._rows


class _Server:
    """One application on one port of 127.0.0.1, in a thread."""

    def __init__(self, app: Starlette, port: int) -> None:
        # The protocol is named so that asyncio sets TCP_NODELAY; each answer would wait 40 ms otherwise.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError(f"the sample server at {self.address} did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()


class SampleServers:
    """Context manager that serves ``folder/sigap`` and ``folder/sitanggap``; port 0 means a free one.

    ``addresses`` gives the address of each; ``touched`` the paths of the admin site that no reader may ask for and that
    were asked for. Raises ``OSError`` if a port is taken, ``FileNotFoundError`` if there are no samples in ``folder``.
    """

    def __init__(self, folder: Path, sigap_port: int = 0, sitanggap_port: int = 0) -> None:
        files = {"sigap": folder / "sigap" / "laporan.json", "sitanggap": folder / "sitanggap" / "aduan.json"}
        for path in files.values():
            if not path.is_file():
                raise FileNotFoundError(f"{path} is not there; write samples first: python -m data.samples write")
        site = SitanggapSite(
            _JsonFile(files["sitanggap"]),
            SECRETS["SITANGGAP_USER"],
            SECRETS["SITANGGAP_PASSWORD"],
            folder / "sitanggap",
        )
        self.touched = site.touched
        self._servers = {
            "sigap": _Server(sigap_app(_JsonFile(files["sigap"]), SECRETS["SIGAP_TOKEN"], folder / "sigap"), sigap_port)
        }
        try:
            self._servers["sitanggap"] = _Server(site.app, sitanggap_port)
        except OSError:
            self._servers["sigap"].stop()
            raise
        self.addresses = {name: server.address for name, server in self._servers.items()}

    def __enter__(self) -> Self:
        for server in self._servers.values():
            server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in tuple(self._servers):
            self.stop(name)

    def stop(self, name: str) -> None:
        """Stop one server (``sigap`` or ``sitanggap``); its port then refuses connections. Raises ``KeyError``."""
        self._servers.pop(name).stop()
