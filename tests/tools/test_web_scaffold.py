"""Web systems of several makes are recognised, scaffolded, tried and loaded; nothing is asked for that changes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tool_runs import run
from web_systems import (
    COUNT,
    PASSWORD,
    PERSONAL,
    TOKEN,
    USER,
    Answer,
    CodeIgniter,
    Laravel,
    Native,
    Site,
    bare,
    cards,
    cursor,
    datatables,
    laravel,
    linked,
    offset,
    whole,
    xml,
)

from connectors.peek import Access
from flows.looking import inspect
from flows.scaffolding import Scaffolded, scaffold
from flows.trial import tried
from schemas.channel_file import ChannelFile, read_channel
from schemas.web_sources import HtmlSource, RestSource
from tests.connectors.old_system import OldSystem, running

SECRETS = {"LAMA_USER": USER, "LAMA_PASSWORD": PASSWORD, "LAMA_TOKEN": TOKEN}


@pytest.fixture(autouse=True)
def _entered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("connectors.peek_visit.PER_SECOND", 500)
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"SATUKANAL_SECRET_{name}", value)
    (tmp_path / "home").mkdir()


@contextmanager
def served(answer: Answer) -> Iterator[OldSystem]:
    with running(answer) as system:
        yield system


def by_login(site: Site) -> Access:
    user, password = site.inputs
    return Access(login={user: "LAMA_USER", password: "LAMA_PASSWORD"}, requests=40)


def drafted(address: str, access: Access, channels: Path) -> tuple[Scaffolded, ChannelFile]:
    """A scaffolded file with its three edits: whose it is, where, and how hard the system may be asked."""
    file = channels / "lama.yaml"
    made = scaffold(address, out=file, access=access)
    text = made.text.replace("{per_second: 2}", "{per_second: 500}")
    file.write_text(text, encoding="utf-8")
    return made, read_channel(file)


def balanced(file: ChannelFile, events: int) -> None:
    """The file is right by ``check``, and a run of it finds every complaint and answer."""
    checked = tried(file)
    assert (checked["stops"], checked["absent"], checked["neither_mapped_nor_ignored"]) == ([], [], [])
    assert checked["quarantined"] == {}
    told = run("lama")
    assert (told["run_balanced"], told["extracted"], told["accepted"], told["events"]) == (True, COUNT, COUNT, events)
    assert (told["schema_drift"], told["quarantined"]) == ([], 0)


ANSWERS = sum(n % 3 for n in range(1, COUNT + 1))
APIS = {
    "laravel": (laravel, "/api/v1/aduan", "LAMA_TOKEN", "laravel", ANSWERS),
    "datatables": (datatables, "/aduan/data", None, "datatables", ANSWERS),
    "bare array": (bare, "/api/aduan", None, "pages", ANSWERS),
    "offset": (offset, "/api/aduan", None, "offset", ANSWERS),
    "cursor": (cursor, "/api/aduan", None, "cursor", ANSWERS),
    "next link": (linked, "/api/aduan/", None, "link", ANSWERS),
    "one page": (whole, "/api/aduan", None, None, ANSWERS),
    "xml": (xml, "/api/aduan", None, "pages", 0),
}


@pytest.mark.parametrize("kind", APIS)
def test_an_api_is_recognised_scaffolded_and_balances(kind: str, channels: Path) -> None:
    answer, path, token, paging, events = APIS[kind]
    with served(answer) as system:
        access = Access(token=token, requests=40)
        told = inspect(system.url + path, None, access)
        assert {len(told["tables"]), told["tables"][0]["name"]} == {1 + bool(events), "aduan"}
        made, file = drafted(system.url + path, access, channels)
        asked = len(system.asked)
        source = next(iter(file.channel.sources.values()))
        assert isinstance(source, RestSource)
        table = source.tables["aduan"]
        assert (table.paging.kind if table.paging else None) == paging
        assert source.streams["complaints"].key == ("id",)
        assert asked <= 12 + 40
        balanced(file, events)
        assert {one.method for one in system.asked} == {"GET"}
    assert not any(secret in made.text for secret in SECRETS.values())


SITES = {"CodeIgniter": (CodeIgniter, ANSWERS), "Laravel": (Laravel, ANSWERS), "native PHP": (Native, 0)}


@pytest.mark.parametrize("kind", SITES)
def test_an_admin_site_is_recognised_scaffolded_and_balances(kind: str, channels: Path) -> None:
    make, events = SITES[kind]
    site = make()
    with served(site) as system:
        made, file = drafted(system.url + site.start, by_login(site), channels)
        assert len(system.asked) <= 50
        source = next(iter(file.channel.sources.values()))
        assert isinstance(source, HtmlSource)
        assert source.login is not None
        assert (source.login.path, set(source.login.fields)) == (site.login_path, set(site.inputs))
        balanced(file, events)
        assert {one.path for one in system.asked if one.method == "POST"} == {site.login_path}
    assert site.changed == []
    assert not any(secret in made.text for secret in SECRETS.values())


def test_cards_with_pages_of_their_own_are_a_list(channels: Path) -> None:
    with served(cards) as system:
        _, file = drafted(system.url + "/laporan", Access(requests=30), channels)
        source = next(iter(file.channel.sources.values()))
        assert isinstance(source, HtmlSource)
        (table,) = source.tables.values()
        assert (source.login, table.listing.row, table.listing.path) == (
            None,
            "div.col-md-4.kartu",
            "/laporan?page={page}",
        )
        balanced(file, 0)


def test_a_dashboard_leads_to_the_list(channels: Path) -> None:
    site = Laravel()
    with served(site) as system:
        _, file = drafted(f"{system.url}/", by_login(site), channels)
        source = next(iter(file.channel.sources.values()))
        assert isinstance(source, HtmlSource)
        assert source.tables["complaints"].listing.path == "/admin/complaints?page={page}"


def test_inspect_asks_little_and_shows_no_value_of_a_person() -> None:
    site = CodeIgniter()
    with served(site) as system:
        access = Access(login=dict.fromkeys(("identity",), "LAMA_USER") | {"password": "LAMA_PASSWORD"})
        told = inspect(system.url + site.start, None, access)
        assert len(system.asked) <= 26
    assert [table["name"] for table in told["tables"]] == ["pengaduan", "tanggapan"]
    assert not any(word in str(told) for word in (*PERSONAL, *SECRETS.values()))
    assert told["web"]["tables"]["pengaduan"]["listing"]["step"] == 10
