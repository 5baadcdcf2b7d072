"""What is asked for again: after a kill nothing that the archive holds, at night only the details that changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from contract_child import killed_in_the_middle
from file_sources import KEYS
from old_system import Asked, OldSystem, Reply, as_page, context, new_archive, running
from test_html import SECRETS, TABLE, Site, detail, five, source

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, RawTable, RetryError
from connectors.html import HtmlReader
from connectors.refresh import Known, newest
from schemas.web_sources import HtmlSource

MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip


def in_words(at: datetime) -> str:
    return f"{at.day} {MONTHS[at.month - 1]} {at:%Y %H:%M}"


@dataclass
class Register:
    """An open site of many complaints, a hundred to a page; each changed at a time that the list tells in words."""

    changed: dict[int, datetime]
    per_page: int = 100
    newest_first: bool = False
    with_etag: bool = False
    not_modified: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/aduan":
            return self._tagged(asked, self.page(int(asked.query["p"])))
        number = int(asked.path.rpartition("/")[2])
        return self._tagged(asked, as_page(detail(f"A{number}", f"<tr><th>Isi</th><td>Isi {number}</td></tr>")))

    def page(self, page: int) -> Reply:
        numbers = (
            sorted(self.changed, key=lambda n: self.changed[n], reverse=True) if self.newest_first else self.changed
        )
        shown = list(numbers)[(page - 1) * self.per_page : page * self.per_page]
        rows = "".join(
            f"<tr><td class=kode>A{n}</td><td class=ubah>{in_words(self.changed[n])}</td>"
            f"<td><a class=lihat href=/aduan/{n}>x</a></td></tr>"
            for n in shown
        )
        more = "<a rel=next href=#>»</a>" if page * self.per_page < len(self.changed) else ""
        return as_page(f"<table id=daftar><tbody>{rows}</tbody></table>{more}")

    def _tagged(self, asked: Asked, reply: Reply) -> Reply:
        if not self.with_etag:
            return reply
        tag = f'"{hash(reply.body)}"'
        if asked.headers.get("If-None-Match") == tag:
            self.not_modified.append(asked.path)
            return Reply(status=304, headers={"ETag": tag})
        return replace(reply, headers={**reply.headers, "ETag": tag})


def declared(
    url: str, refresh: Mapping[str, Any], *, newest_first: bool = False, form: str | None = "%d %B %Y %H:%M"
) -> HtmlSource:
    ubah = {"select": "td.ubah"} | ({"format": form} if form else {})
    listing = {
        "path": "/aduan?p={page}", "row": "#daftar tbody tr", "link": {"select": "a.lihat", "attribute": "href"},
        "cells": {"kode": {"select": "td.kode"}, "ubah": ubah}, "next": "a[rel=next]", "newest_first": newest_first,
    }  # fmt: skip
    stream = {"table": "aduan", "key": ["kode"], "columns": {"text": "Isi"}, "refresh": dict(refresh)}
    return source(
        url, login=None, streams={"complaints": stream},
        tables={"aduan": {"listing": listing, "detail": TABLE["detail"], "detail_path": "/aduan/{id}"}},
        politeness={"per_second": 100_000, "timeout_seconds": 5, "retries": 0},
    )  # fmt: skip


def load(
    site: Register, folder: Path, refresh: Mapping[str, Any], known: Known | None = None, last: Archive | None = None,
    **more: Any,
) -> tuple[Archive, RawTable, list[str]]:  # fmt: skip
    with running(site.answer) as system:
        told = declared(system.url, refresh, **more)
        way = replace(context(), known={"complaints": known} if known else {}, last=last)
        writer = ArchiveWriter(folder, KEYS)
        HtmlReader().extract(told, writer, way)
        archive = writer.finish()
        (raw,) = HtmlReader().parse(told, archive)
    return archive, raw, system.paths()


START = datetime(2021, 8, 1, 8)
CURSOR = {"kind": "cursor", "field": "ubah", "lag_hours": 0}


def changes(count: int, *late: int) -> dict[int, datetime]:
    """Complaints that came a minute after another; ``late`` changed a year later."""
    return {n: START + timedelta(minutes=n) for n in range(count)} | {n: START.replace(year=2022) for n in late}


def parts(archive: Archive) -> set[str | None]:
    return {e.origin.get("part") for e in archive.entries if e.name != "requests.json"}


def test_at_night_no_more_is_asked_for_than_the_list_and_what_changed(tmp_path: Path) -> None:
    """10,000 complaints, 50 changed: 100 list pages and 50 details."""
    late = range(0, 10_000, 200)
    known = Known(str(START + timedelta(minutes=10_001)))
    archive, raw, asked = load(Register(changes(10_000, *late)), tmp_path / "night", CURSOR, known)
    assert len(asked) == 100 + 50
    assert sorted(map(int, raw.frame["id"])) == list(late)
    assert parts(archive) == {"cursor"}
    assert orjson.loads(archive.read("requests.json"))["asked"] == 150


def test_a_first_load_reads_all_and_gives_the_cursor_of_the_next(tmp_path: Path) -> None:
    archive, raw, asked = load(Register(changes(30, 7)), tmp_path / "first", CURSOR)
    assert len(raw.frame) == 30
    assert newest(raw.frame["ubah"]) == "2022-08-01 08:00:00"
    assert parts(archive) == {"list", "detail"}
    assert asked.count("/aduan") == 1


def test_a_list_that_begins_with_the_newest_is_left_at_the_first_page_of_old_ones(tmp_path: Path) -> None:
    site = Register(changes(1_000, 3, 4), newest_first=True)
    _, raw, asked = load(site, tmp_path / "night", CURSOR, Known("2022-01-01 00:00:00"), newest_first=True)
    assert sorted(raw.frame["id"]) == ["3", "4"]
    assert asked.count("/aduan") == 2  # the page with both, and one of old ones


def test_open_cases_reads_details_of_open_and_of_unknown_complaints(tmp_path: Path) -> None:
    keys = frozenset((f"A{n}",) for n in range(298))
    known = Known(open_keys=frozenset({("A5",), ("A250",)}), keys=keys)
    archive, raw, asked = load(Register(changes(300)), tmp_path / "night", {"kind": "open_cases"}, known)
    assert sorted(raw.frame["kode"]) == ["A250", "A298", "A299", "A5"]
    assert len(asked) == 3 + 4
    assert parts(archive) == {"open_cases"}


def test_a_window_reads_details_of_the_last_days(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    changed = {n: now - timedelta(days=n) for n in range(90)}
    _, raw, asked = load(Register(changed), tmp_path / "night", {"kind": "window", "field": "ubah", "days": 7}, Known())
    assert len(asked) == 1 + len(raw.frame)
    assert {str(n) for n in range(7)} <= set(raw.frame["id"]) <= {str(n) for n in range(9)}


def test_rows_without_a_date_are_read_each_time(tmp_path: Path) -> None:
    site = Register(changes(3))
    blank = site.page(1).body.replace(in_words(site.changed[1]).encode(), b"-")
    with running(lambda a: as_page(blank.decode()) if a.path == "/aduan" else site.answer(a)) as system:
        told, writer = declared(system.url, CURSOR), new_archive(tmp_path)
        HtmlReader().extract(told, writer, replace(context(), known={"complaints": Known("2023-01-01 00:00:00")}))
    assert [path for path in system.paths() if path != "/aduan"] == ["/aduan/1"]


def test_a_night_without_changes_has_no_details_and_no_fault(tmp_path: Path) -> None:
    archive, raw, asked = load(Register(changes(200)), tmp_path / "night", CURSOR, Known("2023-01-01 00:00:00"))
    assert (len(raw.frame), raw.unreadable, asked) == (0, (), ["/aduan", "/aduan"])
    assert parts(archive) == {"cursor"}


def test_one_broken_page_of_a_night_is_quarantined_like_any_other(tmp_path: Path) -> None:
    site = Register(changes(50, 7))
    with running(lambda a: as_page("?", 404) if a.path == "/aduan/7" else site.answer(a)) as system:
        told, writer = declared(system.url, CURSOR), new_archive(tmp_path)
        HtmlReader().extract(told, writer, replace(context(), known={"complaints": Known("2022-01-01 00:00:00")}))
    (raw,) = HtmlReader().parse(told, writer.finish())
    assert [one.detail for one in raw.unreadable] == ["the system answers 404"]


def test_dates_in_words_need_a_format(tmp_path: Path) -> None:
    with pytest.raises(
        ChannelError, match=r"refresh.field 'ubah' is no ISO date in the list; give the cell its format"
    ):
        load(Register(changes(3)), tmp_path / "night", CURSOR, Known("2022-01-01 00:00:00"), form=None)


@pytest.mark.parametrize(
    ("refresh", "column"),
    [({"kind": "cursor", "field": "Diperbarui"}, "Diperbarui"), ({"kind": "open_cases"}, "nomor")],
)
def test_what_decides_must_stand_in_the_list(refresh: dict[str, Any], column: str) -> None:
    stream = {"table": "aduan", "key": ["nomor"], "columns": {"text": "Isi"}, "refresh": refresh}
    with pytest.raises(ValueError, match=f"the list must tell '{column}' before a detail page is asked for"):
        source("http://a", streams={"complaints": stream})


def test_answers_have_no_refresh_of_their_own() -> None:
    event = {
        "table": "tanggapan",
        "complaint": ["nomor"],
        "columns": {"text": "isi"},
        "refresh": {"kind": "open_cases"},
    }
    stream = {"table": "aduan", "key": ["nomor"], "columns": {"text": "Isi"}, "events": [event]}
    with pytest.raises(ValueError, match="answers come with the page of their complaint"):
        source("http://a", streams={"complaints": stream})


def test_pages_that_did_not_change_are_not_sent_again(tmp_path: Path) -> None:
    site = Register(changes(20), with_etag=True)
    with running(site.answer) as system:
        told = declared(system.url, {"kind": "full"})
        first, second = ArchiveWriter(tmp_path / "1", KEYS), ArchiveWriter(tmp_path / "2", KEYS)
        HtmlReader().extract(told, first, context())
        site.changed[3] = START.replace(year=2022)
        HtmlReader().extract(told, second, replace(context(), last=first.finish()))
        (raw,) = HtmlReader().parse(told, second.finish())
    assert len(site.not_modified) == 20  # all details; the list page changed
    assert len(raw.frame) == 20


def kill_and_go_on(site: Site, folder: Path, at: int) -> tuple[OldSystem, int, Archive]:
    """Load, be killed when object number ``at`` is about to be written, load again; how many requests came first."""
    with running(site.answer) as system:
        told, way = source(system.url), context(SECRETS)
        killed_in_the_middle(told, way, folder, at)
        before = len(system.asked)
        writer = ArchiveWriter(folder, KEYS)
        HtmlReader().extract(told, writer, way)
        return system, before, writer.finish()


@pytest.mark.parametrize("at", [2, 5, 7])
def test_after_a_kill_nothing_is_asked_for_that_the_archive_holds(tmp_path: Path, at: int) -> None:
    system, before, archive = kill_and_go_on(Site(five()), tmp_path / "archive", at)
    wanted = 3 + 5  # list pages and details
    held = at - 1
    again = [asked.path for asked in system.asked[before:] if asked.path not in ("/login", "/admin")]
    assert len(again) == wanted - held
    told = orjson.loads(archive.read("requests.json"))
    assert told["taken_from_a_killed_load"] == held
    assert told["asked"] == len(system.asked) - before
    (raw, _) = HtmlReader().parse(source(system.url), archive)
    assert list(raw.frame["nomor"]) == ["A1", "A2", "A3", "A4", "A5"]


def test_what_is_whole_in_the_archive_needs_no_login(tmp_path: Path) -> None:
    site = Site(five())
    with running(site.answer) as system:
        told, way = source(system.url), context(SECRETS)
        killed_in_the_middle(told, way, tmp_path / "archive", 9)  # about to write the account of its requests
        before = len(system.asked)
        HtmlReader().extract(told, writer := ArchiveWriter(tmp_path / "archive", KEYS), way)
        assert len(system.asked) == before
    assert len(next(iter(HtmlReader().parse(told, writer.finish()))).frame) == 5


def test_a_load_that_a_busy_server_broke_off_goes_on_in_the_next(tmp_path: Path) -> None:
    site = Site(five(), mangled={"/admin/aduan/A4": Reply(status=503)})
    with running(site.answer) as system:
        told, way = source(system.url), context(SECRETS)
        broken = ArchiveWriter(tmp_path / "1", KEYS)
        with pytest.raises(RetryError):
            HtmlReader().extract(told, broken, way)
        site.mangled.clear()
        before = len(system.asked)
        HtmlReader().extract(told, writer := ArchiveWriter(tmp_path / "2", KEYS, [tmp_path / "1"]), way)
        asked = [one.path for one in system.asked[before:]]
    assert [path for path in asked if path.startswith("/admin/aduan")] == ["/admin/aduan/A4", "/admin/aduan/A5"]
    assert len(next(iter(HtmlReader().parse(told, writer.finish()))).frame) == 5


def test_every_request_is_accounted_for(tmp_path: Path) -> None:
    with running(Site(five(), lifetime=4).answer) as system:
        writer = new_archive(tmp_path)
        HtmlReader().extract(source(system.url), writer, context(SECRETS))
    archive = writer.finish()
    told = orjson.loads(archive.read("requests.json"))
    attempts = sum(1 + e.origin.get("attempts", "").count(";") for e in archive.entries if "url" in e.origin)
    assert told["asked"] == len(system.asked)
    assert told["for_objects"] == attempts
    assert told["others"] == len(system.asked) - attempts


def test_an_archive_in_which_pages_were_numbered_is_still_read(tmp_path: Path) -> None:
    """As loads wrote it that knew neither names by address nor the account of requests."""
    with running(Site(five()).answer) as system:
        told, writer = source(system.url), new_archive(tmp_path)
        HtmlReader().extract(told, writer, context(SECRETS))
    archive, old = writer.finish(), ArchiveWriter(tmp_path / "old", KEYS)
    for number, entry in enumerate(e for e in archive.entries if e.name != "requests.json"):
        kept = {name: value for name, value in entry.origin.items() if name != "content"}
        old.write(f"aduan-{number:06d}.html", [archive.read(entry.name)], kept)
    now, then = (next(iter(HtmlReader().parse(told, one))).frame for one in (archive, old.finish()))
    assert then.drop(columns="_object").equals(now.drop(columns="_object"))
