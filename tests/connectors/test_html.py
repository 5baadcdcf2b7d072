"""The HTML reader logs in, reads list and detail pages, touches nothing else, and loses no page that it cannot read."""

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from old_system import KEYS, Asked, OldSystem, Reply, as_page, context, new_archive, running

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, RawTable, RetryError
from connectors.html import HtmlReader
from connectors.html_links import detail_name
from connectors.pages import read_page, read_text
from schemas.web_sources import HtmlSource

SECRETS = {"S_USER": "petugas", "S_PASSWORD": "sandi & rahasia"}
TABLE = {
    "listing": {
        "path": "/admin/aduan?halaman={page}",
        "row": "#daftar tbody tr",
        "cells": {"ringkas": {"select": "td.ringkas", "optional": True}},
        "link": {"select": "a.lihat", "attribute": "href"},
        "next": "a[rel=next]",
    },
    "detail": {"row": "#rincian tr", "label": "th", "value": "td"},
    "cells": {
        "nomor": {"select": "h1 .nomor"},
        "lampiran": {"select": "a.lampiran", "attribute": "href", "optional": True, "many": True},
    },
    "nested": {
        "tanggapan": {
            "row": "#tanggapan article",
            "carry": {"nomor": "nomor"},
            "cells": {"id": {"select": ":scope", "attribute": "id"}, "isi": {"select": ".isi"}},
        }
    },
}


def source(url: str, **more: Any) -> HtmlSource:
    settings: dict[str, Any] = {
        "reader": "html",
        "url": url,
        "politeness": {"per_second": 1000, "timeout_seconds": 2, "retries": 0},
        "login": {
            "path": "/login",
            "form": "form#masuk",
            "fields": {"username": "S_USER", "password": "S_PASSWORD"},
            "success": "a#logout",
        },
        "tables": {"aduan": TABLE},
        "streams": {"complaints": {"table": "aduan", "key": ["nomor"], "columns": {"text": "Isi"}}},
    }
    return HtmlSource.model_validate(settings | more)


def detail(number: str, rows: str = "<tr><th>Isi</th><td>Lampu mati</td></tr>", more: str = "") -> str:
    return f'<h1>Aduan <span class="nomor">{number}</span></h1><table id="rincian">{rows}</table>{more}'


@dataclass
class Site:
    """An admin template: CSRF token, session cookie, lists of two, buttons that destroy."""

    details: dict[str, str]
    per_page: int = 2
    lifetime: int = 1000  # requests that a session lasts
    sessions: int = 0
    asked_since: int = 0
    mangled: dict[str, Reply] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/login":
            return self.door(asked)
        self.asked_since += 1
        inside = f"sid=s{self.sessions}" in asked.headers.get("Cookie", "") and self.asked_since <= self.lifetime
        if not inside:
            return Reply(status=302, headers={"Location": "/login?next=/admin"})
        address = asked.path + (f"?{asked.query['halaman']}" if "halaman" in asked.query else "")
        if address in self.mangled:
            return self.mangled[address]
        if asked.path == "/admin":
            return self.page(f"<b id=total>Total: {len(self.details):,} aduan</b>".replace(",", "."))
        if asked.path == "/admin/aduan":
            return self.list(int(asked.query["halaman"]))
        number = asked.path.rpartition("/")[2]
        return self.page(self.details[number]) if number in self.details else as_page("hilang", 404)

    def door(self, asked: Asked) -> Reply:
        token = f"t{self.sessions}&<"
        if asked.method == "POST":
            expected = {"_token": token, "masuk": "1", "username": "petugas", "password": "sandi & rahasia"}
            if asked.form != expected:
                return Reply(status=302, headers={"Location": "/login"})
            self.sessions, self.asked_since = self.sessions + 1, 0
            return Reply(status=302, headers={"Location": "/admin", "Set-Cookie": f"sid=s{self.sessions}; Path=/"})
        return as_page(
            f"<form id=cari><input name=q></form><form id=masuk method=post action='/login'>"
            f"<input type=hidden name=_token value='{html.escape(token)}'><input name=username>"
            "<input type=password name=password><button name=masuk value=1>Masuk</button></form>"
        )

    def list(self, page: int) -> Reply:
        numbers = list(self.details)[(page - 1) * self.per_page : page * self.per_page]
        rows = "".join(
            f"<tr><td class=ringkas>R{n}</td><td><a class=lihat href='/admin/aduan/{n}#atas'>Lihat</a>"
            f"<a class=hapus href='/admin/aduan/{n}/hapus'>Hapus</a></td></tr>"
            for n in numbers
        )
        more = page * self.per_page < len(self.details)
        return self.page(
            f"<table id=daftar><tbody>{rows}</tbody></table>"
            + (f"<a rel=next href='/admin/aduan?halaman={page + 1}'>»</a>" if more else "")
        )

    @staticmethod
    def page(body: str) -> Reply:
        return as_page(f"<html><body><a id=logout href='/logout'>Keluar</a>{body}</body></html>")


def read(site: Site, folder: Path, **more: Any) -> tuple[Archive, dict[str, RawTable], OldSystem]:
    with running(site.answer) as system:
        declared = source(system.url, **more)
        writer = new_archive(folder)
        HtmlReader().extract(declared, writer, context(SECRETS))
    archive = writer.finish()
    return archive, {raw.table: raw for raw in HtmlReader().parse(declared, archive)}, system


def five(**changed: str) -> dict[str, str]:
    return {f"A{n}": detail(f"A{n}") for n in range(1, 6)} | changed


def test_lists_and_details_are_archived_and_become_records(tmp_path: Path) -> None:
    archive, raw, system = read(Site(five()), tmp_path)
    lists = [f"aduan-list-{n:06d}.html" for n in (1, 2, 3)]
    details = [detail_name("aduan", f"https://elsewhere/admin/aduan/A{n}") for n in range(1, 6)]
    assert [e.name for e in archive.entries] == [*lists, *details, "requests.json"]
    assert archive.entry(details[2]).origin["url"] == f"{system.url}/admin/aduan/A3"
    frame = raw["aduan"].frame
    assert list(frame["nomor"]) == ["A1", "A2", "A3", "A4", "A5"]
    assert list(frame["ringkas"]) == ["RA1", "RA2", "RA3", "RA4", "RA5"]
    assert list(frame["_object"]) == details
    assert set(frame["_position"]) == {"1"}
    assert (raw["aduan"].unreadable, raw["aduan"].problems) == ((), ())


def test_nothing_but_declared_paths_and_detail_links_is_ever_asked_for(tmp_path: Path) -> None:
    _, _, system = read(Site(five()), tmp_path)
    assert set(system.paths()) == {"/login", "/admin", "/admin/aduan"} | {f"/admin/aduan/A{n}" for n in range(1, 6)}
    assert system.paths("POST") == ["/login"]


def test_the_login_sends_hidden_inputs_back_and_is_not_archived(tmp_path: Path) -> None:
    archive, _, system = read(Site(five()), tmp_path)
    sent = next(a.form for a in system.asked if a.method == "POST")
    assert sent == {"_token": "t0&<", "masuk": "1", "username": "petugas", "password": "sandi & rahasia"}
    assert all("login" not in e.origin.get("url", "") for e in archive.entries)
    manifest = (archive.folder / "manifest.json").read_text()
    assert "sandi" not in manifest


def test_a_refused_login_names_the_secrets_and_not_their_values(tmp_path: Path) -> None:
    with running(Site(five()).answer) as system, pytest.raises(ChannelError) as refused:
        HtmlReader().extract(source(system.url), new_archive(tmp_path), context(SECRETS | {"S_PASSWORD": "keliru"}))
    assert "login refused; check secrets S_PASSWORD, S_USER" in str(refused.value)
    assert "keliru" not in str(refused.value)


@pytest.mark.parametrize("status", [401, 403, 419, 422])
def test_a_login_refused_by_status_is_a_refused_login(tmp_path: Path, status: int) -> None:
    site = Site(five())
    refuse = lambda asked: as_page("no", status) if asked.method == "POST" else site.answer(asked)  # noqa: E731
    with running(refuse) as system, pytest.raises(ChannelError, match="login refused"):
        HtmlReader().extract(source(system.url), new_archive(tmp_path), context(SECRETS))


def test_a_login_page_without_the_declared_form_is_named(tmp_path: Path) -> None:
    with (
        running(lambda asked: as_page("<form><input name=user></form>")) as system,
        pytest.raises(ChannelError, match="no form 'form#masuk' with username, password at /login"),
    ):
        HtmlReader().extract(source(system.url), new_archive(tmp_path), context(SECRETS))


def test_a_login_form_that_would_send_the_password_elsewhere_is_not_filled(tmp_path: Path) -> None:
    evil = "<form id=masuk action='http://127.0.0.1:1/x'><input name=username><input name=password></form>"
    with running(lambda asked: as_page(evil)) as system, pytest.raises(ChannelError, match="leads away"):
        HtmlReader().extract(source(system.url), new_archive(tmp_path), context(SECRETS))
    assert system.paths("POST") == []


def test_an_expired_session_is_renewed_and_no_record_is_lost(tmp_path: Path) -> None:
    site = Site(five(), lifetime=4)
    _, raw, system = read(site, tmp_path)
    assert list(raw["aduan"].frame["nomor"]) == ["A1", "A2", "A3", "A4", "A5"]
    assert len(system.paths("POST")) > 1


def test_a_login_form_in_place_of_a_page_is_an_expired_session_too(tmp_path: Path) -> None:
    site = Site(five())
    shown: list[str] = []

    def once(asked: Asked) -> Reply:
        if asked.path == "/admin/aduan/A2" and not shown:
            shown.append(asked.path)
            return as_page("<form id=masuk><input name=username><input name=password></form>")
        return site.answer(asked)

    with running(once) as system:
        writer = new_archive(tmp_path)
        HtmlReader().extract(source(system.url), writer, context(SECRETS))
    raw = next(iter(HtmlReader().parse(source(system.url), writer.finish())))
    assert len(raw.frame) == 5
    assert not raw.unreadable


def test_being_sent_to_a_login_page_that_shows_no_form_is_an_expired_session_too(tmp_path: Path) -> None:
    site = Site(five(), lifetime=4)

    def farewell(asked: Asked) -> Reply:
        return as_page("Sesi habis") if "next" in asked.query else site.answer(asked)

    with running(farewell) as system:
        writer = new_archive(tmp_path)
        HtmlReader().extract(source(system.url), writer, context(SECRETS))
    raw = next(iter(HtmlReader().parse(source(system.url), writer.finish())))
    assert (len(raw.frame), raw.unreadable) == (5, ())


def test_the_login_is_asked_for_as_a_stranger(tmp_path: Path) -> None:
    site = Site(five(), lifetime=4)

    def touchy(asked: Asked) -> Reply:
        stale = asked.path == "/login" and asked.method == "GET" and "Cookie" in asked.headers and not asked.query
        return as_page("galat: sesi lama") if stale else site.answer(asked)

    with running(touchy) as system:
        HtmlReader().extract(source(system.url), new_archive(tmp_path), context(SECRETS))
        assert len(system.paths("POST")) > 1


def test_a_session_that_does_not_last_stops_the_channel(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="asks for the login again right after it"):
        read(Site(five(), lifetime=1), tmp_path)  # the page behind the login uses it up


def test_values_are_what_a_browser_shows(tmp_path: Path) -> None:
    rows = (
        "<tr><th> No.\n  HP </th><td> 0812&nbsp;345 </td></tr>"
        "<tr><th>Isi</th><td>satu<br>dua<br/>\ntiga  empat<p>lima</p><p>enam</p><!-- x --><script>y</script></td></tr>"
        "<tr><th>Judul</th><td>A &amp;amp; B &lt;b&gt; “ö” 😀</td></tr><tr><th>Kosong</th><td></td></tr>"
        "<tr><th colspan=2>Pelapor</th></tr><tr><th>Nama</th><td>Warga</td><th>NIK</th><td>007</td></tr>"
        "<tr><th>Nama</th><td>Petugas</td></tr>"
    )
    files = "<a class=lampiran href='/f/1.jpg'>x</a><a class=lampiran href='/f/2.jpg'>y</a>"
    _, raw, _ = read(Site({"A1": detail("A1", rows, files), "A2": detail("A2")}), tmp_path)
    row = raw["aduan"].frame.iloc[0]
    assert row["No. HP"] == "0812\xa0345"
    assert row["Isi"] == "satu\ndua\ntiga  empat\nlima\nenam"
    assert row["Judul"] == "A &amp; B <b> “ö” 😀"
    assert (row["Kosong"], row["Nama"], row["NIK"], row["Nama (2)"]) == ("", "Warga", "007", "Petugas")
    assert "Pelapor" not in raw["aduan"].frame
    assert row["lampiran"] == '["/f/1.jpg","/f/2.jpg"]'
    assert raw["aduan"].frame["lampiran"].isna().tolist() == [False, True]


def test_nested_blocks_are_a_table_with_carried_columns(tmp_path: Path) -> None:
    blocks = (
        "<div id=tanggapan><article id=t1><p class=isi>Siap</p></article>"
        "<article id=t2><p class=lain>?</p></article></div>"
    )
    _, raw, _ = read(Site(five(A2=detail("A2", more=blocks))), tmp_path)
    inner = raw["tanggapan"].frame
    assert inner[["id", "isi", "nomor", "_position"]].to_numpy().tolist() == [["t1", "Siap", "A2", "1.1"]]
    (lost,) = raw["tanggapan"].unreadable
    assert (lost.position, lost.detail) == ("1.2", "isi: '.isi' finds nothing")
    assert b"<article" in lost.raw


@pytest.mark.parametrize(
    ("page", "detail_text"),
    [
        ("<h1></h1><table id=rincian><tr><th>Isi</th><td>x</td></tr></table>", "nomor: 'h1 .nomor' finds nothing"),
        (detail("A2") + "<h1><i class=nomor>A9</i></h1>", "nomor: 'h1 .nomor' finds 2"),
        (detail("A2", ""), "'#rincian tr' finds nothing"),
        (detail("A2", "<tr><th>a</th><td>1</td><td>2</td></tr>"), "row 1: 1 labels, 2 values"),
    ],
)
def test_one_page_that_is_not_as_declared_is_kept_whole(tmp_path: Path, page: str, detail_text: str) -> None:
    archive, raw, _ = read(Site(five(A2=page)), tmp_path)
    assert list(raw["aduan"].frame["nomor"]) == ["A1", "A3", "A4", "A5"]
    (lost,) = raw["aduan"].unreadable
    name = detail_name("aduan", "https://elsewhere/admin/aduan/A2")
    assert (lost.object, lost.position, lost.detail) == (name, "1", detail_text)
    assert lost.raw == archive.read(name)


def test_a_site_whose_every_page_changed_stops_the_channel(tmp_path: Path) -> None:
    changed = {n: page.replace("nomor", "nomer") for n, page in five().items()}
    with pytest.raises(ChannelError, match="'aduan': not one page is as declared"):
        read(Site(changed), tmp_path)


def test_a_record_that_is_deleted_while_the_list_is_read_is_kept_as_unreadable(tmp_path: Path) -> None:
    site = Site(five(), mangled={"/admin/aduan/A3": as_page("hilang", 404)})
    _, raw, _ = read(site, tmp_path)
    assert [u.detail for u in raw["aduan"].unreadable] == ["the system answers 404"]
    assert len(raw["aduan"].frame) == 4


def list_page(*links: str, more: bool) -> Reply:
    rows = "".join(f"<tr><td>{link}</td></tr>" for link in links)
    return Site.page(f"<table id=daftar><tbody>{rows}</tbody></table>" + ("<a rel=next href='?'>»</a>" if more else ""))


def anchor(href: str) -> str:
    return f"<a class=lihat href='{href}'>Lihat</a>"


def test_a_list_that_never_ends_is_left_when_it_shows_nothing_new(tmp_path: Path) -> None:
    last = list_page(anchor("/admin/aduan/A5"), more=True)
    site = Site(five(), mangled={f"/admin/aduan?{n}": last for n in range(3, 50)})
    _, raw, system = read(site, tmp_path)
    assert list(raw["aduan"].frame["nomor"]) == ["A1", "A2", "A3", "A4", "A5"]
    assert system.paths().count("/admin/aduan") == 4
    assert "aduan-list-000004.html: shows nothing new" in raw["aduan"].problems[0]


def test_a_list_that_breaks_off_with_an_empty_page_is_reported(tmp_path: Path) -> None:
    _, raw, _ = read(Site(five(), mangled={"/admin/aduan?2": list_page(more=False)}), tmp_path)
    assert len(raw["aduan"].frame) == 2
    assert "aduan-list-000002.html: shows nothing new" in raw["aduan"].problems[0]


def test_a_record_that_slides_to_the_next_page_is_read_once_and_told(tmp_path: Path) -> None:
    slid = list_page(anchor("/admin/aduan/A2"), anchor("/admin/aduan/A3"), more=True)
    _, raw, system = read(Site(five(), mangled={"/admin/aduan?2": slid}), tmp_path)
    assert list(raw["aduan"].frame["nomor"]) == ["A1", "A2", "A3", "A5"]
    assert system.paths().count("/admin/aduan/A2") == 1
    assert raw["aduan"].problems == ("1 rows stand in the list twice: it moved while it was read",)


def test_an_empty_list_is_a_table_without_rows(tmp_path: Path) -> None:
    _, raw, _ = read(Site({}), tmp_path)
    assert {name: len(t.frame) for name, t in raw.items()} == {"aduan": 0, "tanggapan": 0}
    assert raw["aduan"].problems == ()


def test_a_row_without_a_link_is_kept_as_unreadable(tmp_path: Path) -> None:
    mixed = list_page("tanpa tautan", anchor("/admin/aduan/A1"), anchor("http://[x"), more=False)
    _, raw, _ = read(Site(five(), mangled={"/admin/aduan?1": mixed}), tmp_path)
    assert list(raw["aduan"].frame["nomor"]) == ["A1"]
    lost = raw["aduan"].unreadable
    assert [(u.object, u.position) for u in lost] == [("aduan-list-000001.html", "1"), ("aduan-list-000001.html", "3")]
    assert b"tanpa tautan" in lost[0].raw


def test_a_list_in_which_no_row_has_a_link_stops_the_channel(tmp_path: Path) -> None:
    site = Site(five(), mangled={"/admin/aduan?1": list_page("a", "b", more=True)})
    with pytest.raises(ChannelError, match="no row has a link"):
        read(site, tmp_path)


@pytest.mark.parametrize("href", ["http://127.0.0.1:1/admin/aduan/A1", "javascript:hapus(1)", "mailto:a@b.c"])
def test_a_detail_link_that_leaves_the_host_stops_the_channel(tmp_path: Path, href: str) -> None:
    site = Site(five(), mangled={"/admin/aduan?1": list_page(anchor(href), more=False)})
    with pytest.raises(ChannelError, match=r"leads away|no web address"):
        read(site, tmp_path)


def test_a_missing_cell_in_the_list_makes_only_that_record_unreadable(tmp_path: Path) -> None:
    rows = [anchor("/admin/aduan/A1"), anchor("/admin/aduan/A2") + "<i class=wajib>ya</i>"]
    site = Site(five(), mangled={"/admin/aduan?1": list_page(*rows, more=False)})
    table = TABLE | {"listing": TABLE["listing"] | {"cells": {"wajib": {"select": ".wajib"}}}}  # type: ignore[operator]
    _, raw, _ = read(site, tmp_path, tables={"aduan": table})
    assert list(raw["aduan"].frame["wajib"]) == ["ya"]
    assert [u.detail for u in raw["aduan"].unreadable] == ["in the list: wajib: '.wajib' finds nothing"]


def test_a_server_that_goes_away_in_the_middle_is_a_reason_to_retry(tmp_path: Path) -> None:
    with pytest.raises(RetryError):
        read(Site(five(), mangled={"/admin/aduan/A3": Reply(status=502)}), tmp_path)


def test_a_selector_that_is_none_stops_the_channel(tmp_path: Path) -> None:
    table = TABLE | {"detail": {"row": "tr[", "label": "th", "value": "td"}}
    with pytest.raises(ChannelError, match=r"'tr\[' is no CSS selector"):
        read(Site(five()), tmp_path, tables={"aduan": table})


def test_the_count_is_read_from_its_own_page(tmp_path: Path) -> None:
    count = {"path": "/admin", "cell": {"select": "#total"}}
    archive, _, _ = read(Site(five()), tmp_path, count=count)
    assert HtmlReader().count(source("http://nobody", count=count), archive) == {"complaints": 5}
    assert HtmlReader().count(source("http://nobody"), archive) is None


@pytest.mark.parametrize(("text", "number"), [("1.234", 1234), ("Total: 12.345.678 aduan", 12345678), ("1 234", 1234)])
def test_a_count_may_have_dots_and_words(tmp_path: Path, text: str, number: int) -> None:
    writer = ArchiveWriter(tmp_path, KEYS)
    writer.write("count.html", [f"<b>{text}</b>".encode()], {"part": "count", "content_type": "text/html"})
    declared = source("http://a", count={"path": "/", "cell": {"select": "b"}})
    assert HtmlReader().count(declared, writer.finish()) == {"complaints": number}


@pytest.mark.parametrize("text", ["", "banyak", "5 dari 10", "12,5", "-"])
def test_a_count_that_is_no_number_stops_the_channel(tmp_path: Path, text: str) -> None:
    site = Site(five(), mangled={"/admin": Site.page(f"<b id=total>{text}</b>")})
    with pytest.raises(ChannelError, match="no single whole number"):
        read(site, tmp_path, count={"path": "/admin", "cell": {"select": "#total"}})


@pytest.mark.parametrize(
    ("body", "content_type", "text", "garbled"),
    [
        ("é “x”".encode("cp1252"), "text/html; charset=ISO-8859-1", "é “x”", False),
        ("é “x”".encode(), "text/html; charset=utf-8", "é “x”", False),
        (b'<meta charset="windows-1252"><p>\xe9', "text/html", "é", False),
        (b'<meta charset="latin1"><p>' + "é".encode(), "text/html; charset=UTF-8", "é", False),
        (b"caf\xe9 \xef\xbf\xbd", "text/html", "caf\ufffd \ufffd", True),
        (b"\xef\xbb\xbf" + "é".encode(), "text/html; charset=latin1", "é", False),
        ("é".encode(), "text/html; charset=rahasia", "é", False),
        ("é".encode(), "text/html; charset=base64", "é", False),
        (b"a\x00b", "text/html", "a\ufffdb", False),
    ],
)
def test_bytes_are_decoded_by_the_declared_charset(body: bytes, content_type: str, text: str, garbled: bool) -> None:
    page, was_garbled = read_page(body, content_type)
    assert (read_text(page), was_garbled) == (text, garbled)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"])))
def test_any_text_that_a_program_escaped_is_read_back(text: str) -> None:
    page, garbled = read_page(f"<td id=x>{html.escape(text)}</td>".encode(), "text/html; charset=utf-8")
    assert read_text(page) == text.strip()
    assert not garbled
