"""Who asks is shown in the way that the API wants, tokens are renewed, and no secret stands where it could be read."""

import base64
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from old_system import Asked, Reply, as_json, running
from rest_bench import QUICK, Reading, read, read_from, records, source_of

from connectors.base import ChannelError, RunError

SECRETS = {"API_USER": "petugas", "API_PASSWORD": "rahasia:sekali", "API_KEY": "kunci-rahasia/9"}
TABLE: dict[str, Any] = {"records": "data", "paging": {"last": "last"}}
OAUTH = {"oauth2": {"token": "/oauth/token", "client_id": "API_USER", "client_secret": "API_PASSWORD", "scope": "baca"}}
LOGIN = {
    "login": {
        "path": "/masuk",
        "fields": {"email": "API_USER", "password": "API_PASSWORD"},
        "plain": {"device_name": "satukanal"},
        "token": "data.token",
    }
}


def page(asked: Asked) -> Reply:
    number = int(asked.query["page"])
    return as_json({"data": records(6)[(number - 1) * 2 : number * 2], "last": 3})


def guarded(may: Callable[[Asked], bool], enter: Callable[[Asked], Reply] | None = None) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        if asked.path in ("/oauth/token", "/masuk") and enter:
            return enter(asked)
        return page(asked) if may(asked) else as_json({"message": "Unauthenticated."}, 401)

    return answer


def seen_anywhere(found: Reading, caplog: pytest.LogCaptureFixture) -> bytes:
    """All that stands in clear: names and origins of the manifest, and the log."""
    return (found.archive.folder / "manifest.json").read_bytes() + caplog.text.encode()


def test_user_and_password_go_along_with_each_request(tmp_path: Path) -> None:
    wanted = "Basic " + base64.b64encode(b"petugas:rahasia:sekali").decode()
    auth = {"basic": {"user": "API_USER", "password": "API_PASSWORD"}}
    found = read(guarded(lambda a: a.headers["Authorization"] == wanted), tmp_path, TABLE, SECRETS, auth=auth)
    assert len(found.ids) == 6


def test_a_key_may_stand_in_a_header(tmp_path: Path) -> None:
    auth = {"api_key": "API_KEY", "header": "X-Kunci"}
    found = read(guarded(lambda a: a.headers["X-Kunci"] == SECRETS["API_KEY"]), tmp_path, TABLE, SECRETS, auth=auth)
    assert len(found.ids) == 6


def test_a_key_in_the_query_stands_in_nothing_that_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def answer(asked: Asked) -> Reply:
        if asked.query.get("kunci") != SECRETS["API_KEY"]:
            return as_json({}, 403)
        if asked.query.get("page") == "1" and "lagi" not in asked.query:
            return Reply(status=302, headers={"Location": "/laporan?page=1&lagi=1&kunci=kunci-rahasia%2F9"})
        if asked.query["page"] == "2" and not [a for a in found_asked if a.query.get("page") == "2"]:
            found_asked.append(asked)
            return Reply(b"{", headers={"Content-Type": "application/json"})
        return page(asked)

    found_asked: list[Asked] = []
    auth = {"api_key": "API_KEY", "query": "kunci"}
    found = read(answer, tmp_path, TABLE, SECRETS, auth=auth)
    assert len(found.ids) == 6
    assert found.objects(part="broken")
    seen = seen_anywhere(found, caplog)
    assert b"kunci-rahasia" not in seen
    assert b"lagi=1" in seen


def test_a_key_that_the_system_puts_into_its_links_is_taken_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.query["kunci"] == SECRETS["API_KEY"]
        at = int(asked.query.get("dari", "0"))
        link = f'<?dari={at + 2}&kunci=kunci-rahasia%2F9>; rel="next"' if at < 4 else ""
        return as_json(records(6)[at : at + 2], Link=link)

    auth = {"api_key": "API_KEY", "query": "kunci"}
    found = read(answer, tmp_path, {"paging": {"kind": "link", "header": True}}, SECRETS, auth=auth)
    assert len(found.ids) == 6
    assert b"kunci-rahasia" not in seen_anywhere(found, caplog)


@pytest.mark.parametrize("place", ["form", "basic"])
def test_client_credentials_get_a_token(tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture) -> None:
    def enter(asked: Asked) -> Reply:
        assert asked.form.items() >= {"grant_type": "client_credentials", "scope": "baca"}.items()
        if place == "form":
            assert (asked.form["client_id"], asked.form["client_secret"]) == ("petugas", "rahasia:sekali")
            assert "Authorization" not in asked.headers
        else:
            assert asked.headers["Authorization"].startswith("Basic ")
            assert "client_secret" not in asked.form
        return as_json({"access_token": "abc123", "expires_in": 3600})

    auth = {"oauth2": OAUTH["oauth2"] | {"client_in": place}}
    may = guarded(lambda a: a.headers.get("Authorization") == "Bearer abc123", enter)
    found = read(may, tmp_path, TABLE, SECRETS, auth=auth)
    assert len(found.ids) == 6
    assert found.system.paths("POST") == ["/oauth/token"]
    assert b"abc123" not in seen_anywhere(found, caplog)
    assert (found.account["asked"], found.account["for_objects"], found.account["others"]) == (4, 3, 1)


def test_a_token_may_come_from_another_host(tmp_path: Path) -> None:
    with running(lambda asked: as_json({"access_token": "abc123"})) as gate:
        auth = {"oauth2": OAUTH["oauth2"] | {"token": f"{gate.url}/realms/kota/token"}}
        may = guarded(lambda a: a.headers.get("Authorization") == "Bearer abc123")
        found = read(may, tmp_path, TABLE, SECRETS, auth=auth)
        assert len(found.ids) == 6
        assert gate.paths("POST") == ["/realms/kota/token"]
        assert found.account["asked"] == 4


def test_a_token_that_ends_is_renewed_once(tmp_path: Path) -> None:
    given: list[str] = []

    def enter(asked: Asked) -> Reply:
        given.append(f"token-{len(given)}")
        return as_json({"access_token": given[-1]})

    def may(asked: Asked) -> bool:
        used = [a for a in system.asked if a.path == "/laporan" and a.headers["Authorization"] == f"Bearer {given[-1]}"]
        return asked.headers["Authorization"] == f"Bearer {given[-1]}" and (len(used) <= 2 or len(given) > 1)

    with running(guarded(may, enter)) as system:
        found = read_from(system, tmp_path, TABLE, SECRETS, auth=OAUTH)
    assert len(found.ids) == 6
    assert given == ["token-0", "token-1"]
    assert found.archive.entry("laporan-000003.json").origin["attempts"] == "401; 200"


def test_a_token_is_renewed_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, given = [0.0], list[float]()
    monkeypatch.setattr("connectors.credentials.time.monotonic", lambda: now[0])

    def enter(asked: Asked) -> Reply:
        given.append(now[0])
        return as_json({"access_token": str(len(given)), "expires_in": 60})

    def may(asked: Asked) -> bool:
        is_good = now[0] < given[int(asked.headers["Authorization"].removeprefix("Bearer ")) - 1] + 60
        now[0] += 30
        return is_good

    found = read(guarded(may, enter), tmp_path, TABLE, SECRETS, auth=OAUTH)
    assert len(found.ids) == 6
    assert given == [0, 60]
    assert not [e for e in found.archive.entries if "attempts" in e.origin]


@pytest.mark.parametrize("send", ["json", "form"])
def test_a_login_call_answers_the_token(tmp_path: Path, send: str) -> None:
    def enter(asked: Asked) -> Reply:
        sent = asked.form if send == "form" else next(iter(asked.form))
        assert "rahasia:sekali" in str(sent)
        assert "satukanal" in str(sent)
        return as_json({"data": {"token": 12345}})

    auth = {"login": LOGIN["login"] | {"send": send, "header": "X-Token", "prefix": ""}}
    found = read(guarded(lambda a: a.headers.get("X-Token") == "12345", enter), tmp_path, TABLE, SECRETS, auth=auth)
    assert len(found.ids) == 6


@pytest.mark.parametrize("auth", [OAUTH, LOGIN])
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (as_json({"error": "invalid_client"}, 401), r"gives no token \(401\)"),
        (as_json({"message": "Halo Budi Contoh"}), r"gives no token at .*its keys are message"),
        (Reply(b"<html>Masuk"), "gives no token: is a web page"),
        (as_json({"access_token": "", "data": {"token": None}}), "gives no token at"),
    ],
)
def test_a_token_that_is_not_given_stops_the_channel(tmp_path: Path, auth: Any, reply: Reply, said: str) -> None:
    with pytest.raises(ChannelError, match=said) as caught:
        read(guarded(lambda a: False, lambda a: reply), tmp_path, TABLE, SECRETS, auth=auth)
    assert "Budi" not in str(caught.value)
    assert "rahasia" not in str(caught.value)


def test_a_token_that_is_refused_however_new_names_the_secrets(tmp_path: Path) -> None:
    gate = guarded(lambda a: False, lambda a: as_json({"access_token": "abc"}))
    with pytest.raises(ChannelError, match=r"refuses access \(401\); check secrets API_USER, API_PASSWORD"):
        read(gate, tmp_path, TABLE, SECRETS, auth=OAUTH)


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ({"bearer": "API_KEY"}, ("API_KEY",)),
        ({"basic": {"user": "API_USER", "password": "API_PASSWORD"}}, ("API_USER", "API_PASSWORD")),
        ({"api_key": "API_KEY", "query": "kunci"}, ("API_KEY",)),
        (OAUTH, ("API_USER", "API_PASSWORD")),
        (LOGIN, ("API_USER", "API_PASSWORD")),
    ],
)
def test_all_secrets_are_known_before_a_run_begins(tmp_path: Path, auth: Any, names: tuple[str, ...]) -> None:
    source = source_of("http://a", TABLE, auth=auth)
    assert source.secrets() == names
    with pytest.raises(RunError, match=names[0]):
        read(page, tmp_path, TABLE, {}, auth=auth)


@pytest.mark.parametrize("auth", [{"api_key": "API_KEY"}, {"api_key": "API_KEY", "query": "a", "header": "b"}])
def test_a_key_has_one_place(auth: Any) -> None:
    with pytest.raises(ValueError, match="give one of header and query"):
        source_of("http://a", TABLE, auth=auth)


def test_a_secret_that_cannot_stand_in_a_header_is_not_shown(tmp_path: Path) -> None:
    auth = {"api_key": "API_KEY", "header": "X-Kunci"}
    with pytest.raises(ChannelError, match="secret API_KEY: cannot stand in a header") as caught:
        read(page, tmp_path, TABLE, {"API_KEY": "dua\nbaris"}, auth=auth, politeness=QUICK)
    assert "baris" not in str(caught.value).replace("one line", "")
