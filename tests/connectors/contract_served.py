"""Benches of the readers that ask a server: JSON API, admin pages, MariaDB, PostgreSQL; and of a SQLite file."""

import html
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from contract_bench import FileBench, ServedBench, Wish
from old_system import Asked, Reply, as_json, as_page, running

from tests.servers import MariaDb

PATIENT = {"per_second": 100_000, "timeout_seconds": 1, "retries": 1, "max_requests": 100_000}


class _Web(ServedBench):
    """What is served lies in a file, and is counted there."""

    def _file(self, home: Path) -> Path:
        (home / "in").mkdir(parents=True, exist_ok=True)
        return home / "in" / "records.json"

    def write(self, home: Path, wish: Wish) -> None:
        self._file(home).write_text(json.dumps(list(wish.documents())), encoding="utf-8")

    def counted(self, home: Path) -> int:
        return len(re.findall(r'"nomor": "ADU-\d+"', self._file(home).read_text(encoding="utf-8")))

    def answer(self, asked: Asked, records: list[dict[str, str]]) -> Reply:
        raise NotImplementedError

    @contextmanager
    def served(self, home: Path) -> Iterator[int]:
        records = json.loads(self._file(home).read_text(encoding="utf-8"))
        with running(lambda asked: self.answer(asked, records)) as system:
            port = urlsplit(system.url).port
            assert port is not None
            yield port


class Rest(_Web):
    name, reader = "rest", "rest"
    per_page = 50

    def settings(self) -> dict[str, Any]:
        paging = {"size": "jumlah", "per_page": self.per_page, "last": "akhir"}
        tables = {"aduan": {"path": "/aduan", "records": "data", "paging": paging}}
        return {"url": "http://127.0.0.1", "tables": tables, "politeness": PATIENT}

    def answer(self, asked: Asked, records: list[dict[str, str]]) -> Reply:
        start = (int(asked.query["page"]) - 1) * self.per_page
        last = max(1, -(-len(records) // self.per_page))
        return as_json({"data": records[start : start + self.per_page], "akhir": last})


class Html(_Web):
    """Of each page the manifest keeps about a kilobyte, and some more while it is opened."""

    name, reader = "html", "html"
    per_page, weighed = 50, (60, 50_000)

    def settings(self) -> dict[str, Any]:
        listing = {
            "path": "/daftar?hal={page}",
            "row": "tbody tr",
            "link": {"select": "a", "attribute": "href"},
            "cells": {"ringkas": {"select": "td.ringkas"}},
            "next": "a[rel=next]",
        }
        table = {"listing": listing, "detail": {"row": "#rincian tr", "label": "th", "value": "td"}}
        return {"url": "http://127.0.0.1", "tables": {"aduan": table}, "politeness": PATIENT}

    def stream(self) -> dict[str, Any]:
        return super().stream() | {"ignore": ["ringkas"]}

    def answer(self, asked: Asked, records: list[dict[str, str]]) -> Reply:
        if asked.path == "/daftar":
            start = (int(asked.query["hal"]) - 1) * self.per_page
            shown = list(enumerate(records))[start : start + self.per_page]
            rows = "".join(f"<tr><td class=ringkas>Aduan {n}</td><td><a href=/aduan/{n}>x</a></td>" for n, _ in shown)
            more = "<a rel=next href=#>lagi</a>" if start + self.per_page < len(records) else ""
            return _page(f"<table><tbody>{rows}</tbody></table>{more}")
        record = records[int(asked.path.rsplit("/", 1)[-1])]
        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(value)}</td>" for name, value in record.items())
        return _page(f"<table id=rincian>{rows}</table>")


def _page(content: str) -> Reply:
    menu = "".join(f"<li><a href=/menu/{n}>Menu {n}</a></li>" for n in range(20))
    return as_page(
        f"<!doctype html><html><head><title>Admin</title></head><body><ul>{menu}</ul>{content}</body></html>"
    )


def _script(wish: Wish) -> Iterator[str]:
    yield "DROP TABLE IF EXISTS aduan;"
    yield f"CREATE TABLE aduan ({', '.join(f'{name} text' for name in wish.columns)});"
    rows = [f"({','.join(map(repr, row))})" for row in wish.rows()]  # no quote or backslash stands in them
    for at in range(0, len(rows), 500):
        yield f"INSERT INTO aduan VALUES {','.join(rows[at : at + 500])};"


class Sqlite(FileBench):
    name, reader, file = "sql, SQLite", "sql", "aduan.db"

    def settings(self) -> dict[str, Any]:
        return {"url": f"sqlite:///{self.file}"}

    def write(self, home: Path, wish: Wish) -> None:
        with closing(sqlite3.connect(self.path(home))) as connection:
            connection.executescript("PRAGMA journal_mode = WAL;" + "".join(_script(wish)))

    def counted(self, home: Path) -> int:
        with closing(sqlite3.connect(self.path(home))) as connection:
            return int(connection.execute("SELECT count(*) FROM aduan").fetchone()[0])


class _Database(ServedBench):
    """A server that runs already; what was written last is there."""

    secrets: ClassVar[dict[str, str]] = {"UJI_PASSWORD": "rahasia-uji"}
    reader = "sql"
    port: int

    @contextmanager
    def served(self, home: Path) -> Iterator[int]:
        yield self.port


class MariaDbTable(_Database):
    name = "sql, MariaDB"

    def __init__(self, server: MariaDb) -> None:
        self._server, self.port = server, server.port
        server.run(
            "CREATE DATABASE IF NOT EXISTS kontrak; CREATE USER IF NOT EXISTS pembaca@'%' IDENTIFIED BY 'rahasia-uji';"
            "GRANT SELECT ON kontrak.* TO pembaca@'%'"
        )

    def settings(self) -> dict[str, Any]:
        return {"url": "mysql://pembaca@127.0.0.1/kontrak", "password": "UJI_PASSWORD"}

    def write(self, home: Path, wish: Wish) -> None:
        self._server.run("".join(_script(wish)), "kontrak")

    def counted(self, home: Path) -> int:
        return int(self._server.run("SELECT count(*) FROM aduan", "kontrak"))


class PostgresTable(_Database):
    name = "sql, PostgreSQL"

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        assert self._url.port is not None
        self.port = self._url.port

    def _run(self, script: str) -> Any:
        engine = sa.create_engine(self._url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            done = connection.exec_driver_sql(script)
            return done.scalar() if done.returns_rows else None

    def settings(self) -> dict[str, Any]:
        place = f"{self._url.username}@127.0.0.1/{self._url.database}"
        return {"url": f"postgresql://{place}", "password": "UJI_PASSWORD"}

    def write(self, home: Path, wish: Wish) -> None:
        self._run("".join(_script(wish)))

    def counted(self, home: Path) -> int:
        return int(self._run("SELECT count(*) FROM aduan"))
