"""A small real web server for tests: answers by a function, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.archive import ArchiveWriter
from connectors.base import Context, RunError
from satukanal.store.keys import Keyring

KEYS = Keyring.from_secret(b"k" * 32)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    form: dict[str, str]
    at: float


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class OldSystem:
    url: str
    asked: list[Asked]

    def paths(self, method: str = "GET") -> list[str]:
        return [a.path for a in self.asked if a.method == method]


def as_json(document: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json", **headers})


def as_page(body: str, status: int = 200, **headers: str) -> Reply:
    return Reply(body.encode(), status, {"Content-Type": "text/html; charset=utf-8", **headers})


@contextmanager
def running(answer: Callable[[Asked], Reply]) -> Iterator[OldSystem]:
    system = OldSystem("", [])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            asked = Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                self.headers,
                dict(parse_qsl(form, keep_blank_values=True)),
                monotonic(),
            )
            system.asked.append(asked)
            reply = answer(asked)
            self.send_response(reply.status)
            for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = "Content-Length" in reply.headers  # a reply that lies about its length

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    system.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield system
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def context(secrets: Mapping[str, str] | None = None, address: str | None = None) -> Context:
    def secret(name: str) -> str:
        if name not in (secrets or {}):
            raise RunError(f"secret {name} is not set")
        return (secrets or {})[name]

    return Context("kanal", Path(), secret, address)


def new_archive(folder: Path) -> ArchiveWriter:
    return ArchiveWriter(folder / "archive", KEYS)
