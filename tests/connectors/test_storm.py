"""Five thousand complaints behind a system that fails at two requests in a hundred, in every way: none is lost."""

import contextlib
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pandas as pd
import pytest
from old_system import KEYS, context

from connectors.archive import Archive, ArchiveWriter
from connectors.readers import READERS
from connectors.recorder import REQUESTS
from schemas.sources import SourceBase
from schemas.web_sources import HtmlSource, RestSource

COMPLAINTS, SHARE, PER_PAGE = 5_000, 0.02, 100
TIMEOUT = 0.4
POLITE = {"per_second": 100_000, "timeout_seconds": TIMEOUT, "retries": 6, "backoff_seconds": 0.01}
STREAMS = {"complaints": {"table": "aduan", "key": ["id"], "columns": {"text": "isi"}}}
OF_ANY = ("429", "429 until", "500", "502", "503", "504", "silence", "cut", "closed", "half")
OF_JSON = ("broken body", "page for JSON")
OF_PAGES = ("logged out",)


@dataclass
class Storm:
    """A system with ``COMPLAINTS`` records that grows while it is read, and what it was asked and did."""

    faults: tuple[str, ...]
    seed: int = 7
    asked: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    records: list[dict[str, Any]] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.lock = threading.Lock()
        self.records = [self.record(number) for number in range(COMPLAINTS, 0, -1)]

    def record(self, number: int) -> dict[str, Any]:
        return {"id": number, "isi": f"Lampu jalan nomor {number} mati & gelap <sejak> kemarin", "status": "baru"}

    def fault(self, path: str) -> str:
        with self.lock:
            self.asked.append(path)
            if "page=" in path and len(self.asked) % 7 == 0 and len(self.records) < COMPLAINTS + 20:
                self.records.insert(0, self.record(len(self.records) + 1))  # a citizen writes meanwhile
            hit = self.dice.random() < SHARE
            kind = self.dice.choice(self.faults) if hit else ""
            self.done[kind] += 1
            return kind


def answer(storm: Storm, path: str, query: dict[str, str], cookie: str) -> tuple[int, str, bytes, dict[str, str]]:
    if path == "/login":
        return 200, "text/html", b"<form id=masuk><input name=user></form>", {}
    if path == "/api/aduan":
        page = int(query.get("page", "1"))
        rows = [{"id": row["id"]} for row in storm.records[(page - 1) * PER_PAGE : page * PER_PAGE]]
        last = -(-len(storm.records) // PER_PAGE)
        body = json.dumps({"data": rows, "meta": {"last_page": last, "total": len(storm.records)}})
        return 200, "application/json", body.encode(), {}
    number = int(path.rsplit("/", 1)[-1]) if path.rsplit("/", 1)[-1].isdigit() else 0
    record = next((row for row in storm.records if row["id"] == number), None) if number else None
    if path.startswith("/api/aduan/"):
        return (200, "application/json", json.dumps({"data": record}).encode(), {}) if record else (404, "", b"", {})
    if cookie not in storm.sessions:
        return 302, "text/html", b"", {"Location": "/login"}
    if path == "/aduan":
        page = int(query.get("page", "1"))
        rows = storm.records[(page - 1) * PER_PAGE : page * PER_PAGE]
        more = '<a rel="next" href="#">next</a>' if page * PER_PAGE < len(storm.records) else ""
        cells = "".join(f'<tr><td><a class="lihat" href="/aduan/{r["id"]}">{r["id"]}</a></td></tr>' for r in rows)
        return 200, "text/html", f"<a id=keluar></a><table id=d>{cells}</table>{more}".encode(), {}
    if record:
        text = record["isi"].replace("&", "&amp;").replace("<", "&lt;")
        rows = f"<tr><th>id</th><td>{number}</td></tr><tr><th>isi</th><td>{text}</td></tr>"
        return 200, "text/html", f"<a id=keluar></a><table id=r>{rows}</table>".encode(), {}
    return 200, "text/html", b"<a id=keluar></a>Beranda", {}


@contextmanager
def raging(storm: Storm) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            storm.asked.append(f"POST {self.path}")
            name = f"s{len(storm.asked)}"
            storm.sessions.add(name)
            self.reply(302, "text/html", b"", {"Location": "/", "Set-Cookie": f"sesi={name}; Path=/"})

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            kind = storm.fault(self.path)
            cookie = self.headers.get("Cookie", "").partition("sesi=")[2].partition(";")[0]
            if kind == "logged out":
                storm.sessions.clear()
            status, media, body, headers = answer(storm, parts.path, dict(parse_qsl(parts.query)), cookie)
            until = format_datetime(datetime.now(UTC) + timedelta(seconds=0.5), usegmt=True)
            if kind.startswith("429"):
                status, body, headers = 429, b"pelan", {"Retry-After": until if "until" in kind else "0"}
            elif kind.isdigit():
                status, media, body, headers = int(kind), "text/html", b"<h1>Kesalahan</h1>", {}
            elif kind == "silence":
                time.sleep(2 * TIMEOUT)
            elif kind == "closed":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            elif kind == "broken body" and media == "application/json":
                body = body[: len(body) // 2]
            elif kind == "page for JSON" and media == "application/json":
                media, body = "text/html", b"<!DOCTYPE html><p>Sedang dalam perbaikan"
            self.reply(status, media, body, headers, cut=kind in ("cut", "half"))

        def reply(self, status: int, media: str, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                told = {"Content-Type": media, "Content-Length": str(len(body) + (cut and 9))} | headers
                for name, value in told.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)
                if cut:
                    self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def api(url: str) -> RestSource:
    table = {
        "path": "/aduan", "records": "data", "detail": {"path": "/aduan/{id}", "record": "data"},
        "paging": {"page": "page", "last": "meta.last_page", "total": "meta.total", "per_page": PER_PAGE},
    }  # fmt: skip
    return RestSource.model_validate(
        {"reader": "rest", "url": f"{url}/api", "politeness": POLITE, "tables": {"aduan": table}, "streams": STREAMS}
    )


def pages(url: str) -> HtmlSource:
    table = {
        "listing": {
            "path": "/aduan?page={page}", "row": "#d tr", "next": "a[rel=next]",
            "link": {"select": "a.lihat", "attribute": "href"},
        },
        "detail": {"row": "#r tr", "label": "th", "value": "td"},
    }  # fmt: skip
    login = {"path": "/login", "form": "#masuk", "fields": {"user": "S_USER"}, "success": "#keluar"}
    told = {"reader": "html", "url": url, "politeness": POLITE, "login": login, "tables": {"aduan": table}}
    return HtmlSource.model_validate(told | {"streams": STREAMS})


def attempts(archive: Archive) -> int:
    """How many requests the manifest tells of, object by object; a broken answer is an attempt of the sound one."""
    objects = [e for e in archive.entries if "url" in e.origin and e.origin.get("part") != "broken"]
    return sum(len(entry.origin["attempts"].split("; ")) if "attempts" in entry.origin else 1 for entry in objects)


@pytest.mark.parametrize(
    ("make", "faults"), [(api, OF_ANY + OF_JSON), (pages, OF_ANY + OF_PAGES)], ids=["rest", "html"]
)
def test_every_record_is_found_and_every_request_told(tmp_path: Path, make: Any, faults: tuple[str, ...]) -> None:
    storm = Storm(faults)
    there = {row["id"] for row in storm.records}
    with raging(storm) as url:
        source: SourceBase = make(url)
        reader = READERS[source.reader]  # type: ignore[attr-defined]
        writer = ArchiveWriter(tmp_path / "archive", KEYS)
        reader.extract(source, writer, context({"S_USER": "petugas"}))
        archive = writer.finish()
        asked = len(storm.asked)
    raised = sum(count for kind, count in storm.done.items() if kind)
    assert raised > 60
    assert set(faults) <= set(storm.done)  # each kind of fault was met

    pieces = list(reader.parse(source, archive))
    assert sum(len(piece.unreadable) for piece in pieces) == 0
    frame = pd.concat([piece.frame for piece in pieces if len(piece.frame)])
    found = frame.drop_duplicates("id").set_index("id")["isi"].to_dict()
    assert there <= {int(number) for number in found}
    assert found["17"] == "Lampu jalan nomor 17 mati & gelap <sejak> kemarin"

    told = orjson.loads(archive.read(REQUESTS))
    assert told["asked"] == asked
    assert attempts(archive) == told["for_objects"]
    assert told["for_objects"] + told["others"] == asked
