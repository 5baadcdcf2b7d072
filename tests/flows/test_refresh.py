"""A live database read again: only what the channel file asks for, nothing lost, nothing taken for withdrawn."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.archive import Archive
from flows.site import open_existing
from flows.verify import verify
from tests.flows.conftest import Demo

CHANNEL = """
id: lapak
title: Lapak Aduan
government: kota-depok
owner: diskominfo
region: "32.76"
time_zone: Asia/Jakarta
live: true
streams:
  complaints: {title: Aduan warga}
sources:
  basis:
    reader: sql
    url: sqlite:///lapak/aduan.db
    streams:
      complaints:
        table: aduan
        key: [id]
        REFRESH
        columns: {text: isi, title: judul, submitted_at: dibuat, version_at: diubah, status: status}
        events:
          - {table: tanggapan, complaint: [aduan_id], key: [id], columns: {text: isi, occurred_at: waktu}}
codes:
  status: {baru: unverified, selesai: {status: closed, closed_by: agency}}
limits: {max_withdrawn: 1}
"""
REFRESHES = {
    "full": "refresh: {kind: full}",
    "cursor": "refresh: {kind: cursor, field: diubah, lag_hours: 1}",
    "window": "refresh: {kind: window, field: diubah, days: 100000}",
    "open_cases": "refresh: {kind: open_cases}",
}


class Lapak:
    """A small app with a database of its own."""

    def __init__(self, demo: Demo, kind: str) -> None:
        self.demo, self.kind = demo, kind
        (demo.channels / "lapak.yaml").write_text(CHANNEL.replace("REFRESH", REFRESHES[kind]), encoding="utf-8")
        path = demo.sources / "lapak" / "aduan.db"
        path.parent.mkdir()
        self.database = sqlite3.connect(path)
        self.database.executescript(
            "CREATE TABLE aduan (id INTEGER PRIMARY KEY, judul TEXT, isi TEXT, dibuat TEXT, diubah TEXT, status TEXT);"
            "CREATE TABLE tanggapan (id INTEGER PRIMARY KEY, aduan_id INTEGER, isi TEXT, waktu TEXT);"
        )
        for n in range(1, 41):
            self.add(n, day=1 + n % 20, status="selesai" if n % 2 else "baru")
        self.answer(1, 1)

    def add(self, number: int, day: int, status: str = "baru") -> None:
        at = f"2024-03-{day:02d} 08:00:00"
        row = number, f"Jalan rusak nomor {number}", f"Jalan berlubang di RT {number} belum ditambal", at, at, status
        self.run("INSERT INTO aduan VALUES (?, ?, ?, ?, ?, ?)", *row)

    def answer(self, number: int, complaint: int) -> None:
        self.run(
            "INSERT INTO tanggapan VALUES (?, ?, ?, ?)", number, complaint, "Sudah ditambal", "2024-03-25 09:00:00"
        )

    def run(self, statement: str, *values: Any) -> None:
        with self.database:
            self.database.execute(statement, values)

    def load(self) -> dict[str, Any]:
        summary = self.demo.run("lapak")
        return {**summary["channels"]["lapak"], "run": summary}


@pytest.fixture
def lapak(demo: Demo, request: pytest.FixtureRequest) -> Iterator[Lapak]:
    made = Lapak(demo, request.param)
    yield made
    made.database.close()


@pytest.mark.parametrize("lapak", list(REFRESHES), indirect=True)
def test_what_changed_is_taken_in_and_what_was_not_read_is_not_taken_for_gone(lapak: Lapak) -> None:
    first = lapak.load()
    assert (first["status"], first["inserted"], first["balanced"]) == ("published", 40, True), first
    lapak.add(41, day=24)
    lapak.run("UPDATE aduan SET isi = isi || ' juga', diubah = '2024-03-24 10:00:00' WHERE id = 2")
    lapak.run("DELETE FROM aduan WHERE id = 3")
    lapak.answer(2, 41)
    second = lapak.load()
    full = lapak.kind == "full"
    assert (second["inserted"], second["updated"]) == (1, 1), second
    assert (second["withdrawn"], second["balanced"]) == ((1, True) if full else (0, None))
    # Those changed on the last day that was seen, less the lag, and those after; or 20 open ones and the new one.
    assert second["extracted"] == {"full": 40, "window": 40, "cursor": 4, "open_cases": 21}[lapak.kind]
    with open_existing() as site:
        found = verify(site, None)
        assert found["ok"], found["problems"]
        with site.store.reading() as connection:
            query = sa.text("SELECT COUNT(*) FROM v_submission WHERE channel = 'lapak' AND withdrawn_at IS NULL")
            assert connection.scalar(query) == (40 if full else 41)
    third = lapak.load()
    assert (third["status"], third["inserted"], third["updated"]) == ("unchanged", 0, 0), (lapak.kind, third)


@pytest.mark.parametrize("lapak", ["cursor"], indirect=True)
def test_a_source_set_back_to_an_old_state_does_not_move_the_cursor_back(lapak: Lapak) -> None:
    lapak.load()
    lapak.run("UPDATE aduan SET diubah = '2024-03-28 10:00:00' WHERE id = 5")
    lapak.load()
    lapak.run("DELETE FROM aduan WHERE id = 5")
    again = lapak.load()
    assert (again["extracted"], again["withdrawn"]) == (0, 0)
    with open_existing() as site, site.store.reading() as connection:
        last = connection.scalar(sa.text("SELECT cursors FROM load ORDER BY started_at DESC LIMIT 1"))
    assert last == '{"complaints":"2024-03-28 10:00:00"}'


@pytest.mark.parametrize("lapak", ["cursor"], indirect=True)
def test_the_archive_says_how_its_records_were_chosen(lapak: Lapak) -> None:
    lapak.load()
    second = lapak.load()
    with open_existing() as site:
        archive = Archive.open(site.archive_dir("lapak", second["load_id"]), site.store.keys)
    assert {entry.origin.get("part") for entry in archive.entries if entry.origin["table"] == "aduan"} == {"cursor"}
    assert {entry.origin.get("part") for entry in archive.entries if entry.origin["table"] == "tanggapan"} == {None}
