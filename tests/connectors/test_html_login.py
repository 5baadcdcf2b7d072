"""Logins of the frameworks that Indonesian systems are made of, and sessions that end when they like."""

import html
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from old_system import Asked, OldSystem, Reply, as_page, context, new_archive, running
from test_html import SECRETS, TABLE, Site, detail, five, source

from connectors.base import ChannelError, RawTable
from connectors.html import HtmlReader

INSIDE = "<a id=logout href='/logout'>Keluar</a>"
INPUTS = "<input name=username><input type=password name=password><button>Masuk</button>"


@dataclass
class Door:
    """A login of one framework before five complaints. ``token`` tells where the CSRF token stands."""

    token: str = "none"  # codeigniter, laravel, meta, none
    home_status: int = 200  # of the page that the login leads to
    expired: Callable[[], Reply] = lambda: Reply(status=302, headers={"Location": "/login"})
    lifetime: int = 1000  # requests
    agents: set[str] = field(default_factory=set)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        cookies = {name: one.value for name, one in SimpleCookie(asked.headers.get("Cookie", "")).items()}
        session = self.sessions.get(cookies.get("ci_session", ""))
        if session and session["agent"] != asked.headers["User-Agent"]:
            session = None
        self.agents.add(asked.headers["User-Agent"])
        if asked.path == "/login":
            return self._post(asked, cookies, session) if asked.method == "POST" else self._form(asked)
        if session is None or not session["inside"] or session["asked"] >= self.lifetime:
            return self.expired()
        session["asked"] += 1
        if asked.path == "/beranda":
            return as_page("<h1>Whoops</h1>" if self.home_status >= 500 else INSIDE, self.home_status)
        if asked.path == "/admin/aduan":
            rows = "".join(f"<tr><td><a class=lihat href='/admin/aduan/A{n}'>x</a></td></tr>" for n in range(1, 6))
            return as_page(f"{INSIDE}<table id=daftar><tbody>{rows}</tbody></table>")
        return as_page(INSIDE + detail(asked.path.rpartition("/")[2]))

    def _form(self, asked: Asked) -> Reply:
        name, token = secrets.token_hex(8), secrets.token_hex(8)
        self.sessions[name] = {"inside": False, "token": token, "agent": asked.headers["User-Agent"], "asked": 0}
        hidden = {
            "codeigniter": f"<input type=hidden name=csrf_test_name value={token}>",
            "laravel": f"<input type=hidden name=_token value={token}>",
        }.get(self.token, "")
        meta = f"<meta name=csrf-token content={token}>" if self.token == "meta" else ""
        reply = as_page(f"<html><head>{meta}</head><form id=masuk method=post action=/login>{hidden}{INPUTS}</form>")
        reply.headers["Set-Cookie"] = f"ci_session={name}; Path=/; HttpOnly"
        return reply

    def _post(self, asked: Asked, cookies: dict[str, str], session: dict[str, Any] | None) -> Reply:
        sent = asked.form.get({"codeigniter": "csrf_test_name"}.get(self.token, "_token"))
        if session is None or (self.token != "none" and sent != session["token"]):
            return as_page("Page Expired", 419 if self.token in ("laravel", "meta") else 403)
        if (asked.form["username"], asked.form["password"]) != ("petugas", "sandi & rahasia"):
            return Reply(status=302, headers={"Location": "/login"})
        session["inside"] = True
        return Reply(status=302, headers={"Location": "/beranda"})


def read(door: Door, folder: Path, login: dict[str, Any] | None = None, **more: Any) -> tuple[RawTable, OldSystem]:
    declared_login = {
        "path": "/login", "form": "form#masuk", "success": "a#logout",
        "fields": {"username": "S_USER", "password": "S_PASSWORD"},
    }  # fmt: skip
    listing = TABLE["listing"] | {"path": "/admin/aduan"}  # type: ignore[operator]
    with running(door.answer) as system:
        told = {"login": declared_login | (login or {}), "tables": {"aduan": TABLE | {"listing": listing}}}
        declared, writer = source(system.url, **told, **more), new_archive(folder)
        HtmlReader().extract(declared, writer, context(SECRETS))
    return next(iter(HtmlReader().parse(declared, writer.finish()))), system


@pytest.mark.parametrize("token", ["codeigniter", "laravel", "none"])
def test_a_token_in_the_form_is_sent_back_with_its_cookie(tmp_path: Path, token: str) -> None:
    raw, system = read(Door(token), tmp_path)
    assert len(raw.frame) == 5
    assert system.paths("POST") == ["/login"]


def test_a_token_in_the_head_is_sent_where_it_is_declared(tmp_path: Path) -> None:
    token = {"select": 'meta[name="csrf-token"]', "attribute": "content"}
    raw, _ = read(Door("meta"), tmp_path, {"token": token})
    assert len(raw.frame) == 5


def test_a_token_that_is_sent_nowhere_is_a_refused_login(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="login refused; check secrets S_PASSWORD, S_USER"):
        read(Door("meta"), tmp_path)


def test_a_declared_token_that_is_gone_is_a_changed_login(tmp_path: Path) -> None:
    token = {"select": 'meta[name="csrf-token"]', "attribute": "content"}
    with pytest.raises(ChannelError, match=r"token: 'meta.*' finds nothing at /login; has the login changed"):
        read(Door("laravel"), tmp_path, {"token": token})


def test_a_page_after_the_login_that_answers_500_does_not_shut_out(tmp_path: Path) -> None:
    raw, system = read(Door(home_status=500), tmp_path)
    assert len(raw.frame) == 5
    assert system.paths("POST") == ["/login"]
    assert system.paths().count("/admin/aduan") == 2  # to see whether the login holds, and for the list


def test_the_page_that_shows_whether_the_login_holds_may_be_declared(tmp_path: Path) -> None:
    raw, system = read(Door(home_status=500), tmp_path, {"check": "/admin/aduan/A1"})
    assert len(raw.frame) == 5
    assert system.paths().count("/admin/aduan") == 1


def test_a_wrong_password_before_a_broken_page_is_still_refused(tmp_path: Path) -> None:
    with running(Door(home_status=500).answer) as system, pytest.raises(ChannelError, match="login refused"):
        HtmlReader().extract(
            source(system.url, login={"path": "/login", "form": "form#masuk", "success": "a#logout",
                                      "fields": {"username": "S_USER", "password": "S_PASSWORD"}}),
            new_archive(tmp_path), context(SECRETS | {"S_PASSWORD": "keliru"}),
        )  # fmt: skip


def test_a_session_bound_to_the_agent_string_lasts(tmp_path: Path) -> None:
    door = Door("codeigniter", lifetime=3)
    raw, _ = read(door, tmp_path)
    assert len(raw.frame) == 5
    assert len(door.agents) == 1
    assert "satukanal/" in next(iter(door.agents))


EXPIRED = {
    "redirected to the login": Reply(status=302, headers={"Location": "/login"}),
    "the login form with 200": as_page(f"<form id=masuk method=post action=/login>{INPUTS}</form>"),
    "401": as_page("Unauthorized", 401),
    "403": as_page("Forbidden", 403),
    "419": as_page("Page Expired", 419),
}


@pytest.mark.parametrize("how", EXPIRED)
def test_a_session_that_ends_in_the_middle_costs_no_record(tmp_path: Path, how: str) -> None:
    door = Door("codeigniter", lifetime=3, expired=lambda: EXPIRED[how])
    raw, system = read(door, tmp_path)
    assert sorted(raw.frame["nomor"]) == [f"A{n}" for n in range(1, 6)]
    assert raw.unreadable == ()
    assert len(system.paths("POST")) > 1


def test_a_session_that_ends_on_the_page_for_visitors_costs_no_record(tmp_path: Path) -> None:
    site = Site(five())
    visitors: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/":
            return as_page("<h1>Selamat datang</h1>")
        if asked.path == "/admin/aduan/A3" and not visitors:
            visitors.append(asked.path)
            return Reply(status=302, headers={"Location": "/"})
        return site.answer(asked)

    with running(answer) as system:
        writer = new_archive(tmp_path)
        HtmlReader().extract(source(system.url), writer, context(SECRETS))
    raw = next(iter(HtmlReader().parse(source(system.url), writer.finish())))
    assert (len(raw.frame), raw.unreadable) == (5, ())
    assert len(system.paths("POST")) == 2


def test_a_page_that_stays_forbidden_stops_the_channel(tmp_path: Path) -> None:
    site = Site(five(), mangled={"/admin/aduan/A3": as_page(html.escape("dilarang"), 401)})
    with running(site.answer) as system, pytest.raises(ChannelError, match=r"refuses access \(401\)"):
        HtmlReader().extract(source(system.url), new_archive(tmp_path), context(SECRETS))
    assert len(system.paths("POST")) == 2


def test_one_record_that_the_account_may_not_see_is_quarantined(tmp_path: Path) -> None:
    closed = as_page("Anda tidak berhak", 403)
    site = Site(five(), mangled={"/admin/aduan/A2": closed, "/admin/aduan/A3": closed})
    with running(site.answer) as system:
        writer = new_archive(tmp_path)
        HtmlReader().extract(source(system.url), writer, context(SECRETS))
    raw = next(iter(HtmlReader().parse(source(system.url), writer.finish())))
    assert list(raw.frame["nomor"]) == ["A1", "A4", "A5"]
    assert [one.detail for one in raw.unreadable] == ["the system answers 403"] * 2
    assert len(system.paths("POST")) == 2  # one login to see whether it is the session, not one a page


def test_a_list_that_the_account_may_not_see_stops_the_channel(tmp_path: Path) -> None:
    site = Site(five(), mangled={"/admin/aduan?1": as_page("Anda tidak berhak", 403)})
    with running(site.answer) as system, pytest.raises(ChannelError, match=r"refuses access \(403\)"):
        HtmlReader().extract(source(system.url), new_archive(tmp_path), context(SECRETS))


def test_pages_that_lead_to_others_without_the_sign_do_not_cost_a_login_each(tmp_path: Path) -> None:
    """The sign of the login stands on the dashboard alone, and each detail page leads on to another address."""

    def bare(reply: Reply) -> Reply:
        return Reply(reply.body.replace(b"id=logout", b""), reply.status, reply.headers)

    site = Site(five())

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/admin/aduan/A") and not asked.path.endswith("/x"):
            return Reply(status=302, headers={"Location": f"{asked.path}/x"})
        reply = site.answer(Asked(asked.method, asked.path.removesuffix("/x"), *_rest(asked)))
        return reply if asked.path == "/admin" else bare(reply)

    with running(answer) as system:
        writer = new_archive(tmp_path)
        HtmlReader().extract(source(system.url), writer, context(SECRETS))
    raw = next(iter(HtmlReader().parse(source(system.url), writer.finish())))
    assert (len(raw.frame), raw.unreadable) == (5, ())
    assert len(system.paths("POST")) == 2


def _rest(asked: Asked) -> tuple[Any, ...]:
    return asked.query, asked.headers, asked.form, asked.at
