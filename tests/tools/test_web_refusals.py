"""What stands in the way of a look at a web system is one line with the host and what to do; no secret, no value."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result
from web_systems import PASSWORD, PERSONAL, TOKEN, USER, CodeIgniter, Native, laravel, plain

from satukanal.cli import app
from tests.connectors.old_system import Asked, OldSystem, Reply, as_page, running

runner = CliRunner()


def call(*arguments: object) -> Result:
    return runner.invoke(app, ["channels", *map(str, arguments)], env={"COLUMNS": "160"})


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.peek_visit.PER_SECOND", 500)
    monkeypatch.setenv("SATUKANAL_SECRET_LAMA_USER", USER)
    monkeypatch.setenv("SATUKANAL_SECRET_LAMA_PASSWORD", PASSWORD)
    monkeypatch.setenv("SATUKANAL_SECRET_LAMA_TOKEN", TOKEN)
    monkeypatch.setenv("SATUKANAL_SECRET_SALAH", "bukan-sandi-uji")


@pytest.fixture
def pages() -> Iterator[OldSystem]:
    with running(plain) as system:
        yield system


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "is a web page without a list of records; give the address of a page that lists them"),
        ("/skrip", "a script fills the table at /skrip from /aduan/data; give that address"),
        ("/satu", "shows one record; give the address of the list that leads to it"),
        ("/kosong", "the list at 'data' in the answer of /kosong is empty"),
        ("/galat", "answers an object with status, message, and no list of records"),
        ("/gambar", "answers neither JSON nor XML nor a web page"),
        ("/pos", "answers 405 at /pos; check the address; a list that is asked by POST has to be written by hand"),
        ("/tidak-ada", "answers 404 at /tidak-ada; check the address"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "scaffold"])
def test_what_lists_nothing_is_one_line(command: str, path: str, said: str, pages: OldSystem) -> None:
    result = call(command, pages.url + path)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.strip().splitlines()
    assert said in line
    assert pages.url in line
    assert not any(word in result.output for word in PERSONAL)


def test_an_api_that_wants_a_token_says_how_to_give_one() -> None:
    with running(laravel) as system:
        address = f"{system.url}/api/v1/aduan"
        told = orjson.loads(call("inspect", address, "--json").stdout)
        assert told["tables"] == []
        assert "refuses access (401) at /api/v1/aduan" in told["problems"][0]
        assert "give --token NAME" in told["problems"][0]
        result = call("scaffold", address)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "give --token NAME" in result.stderr
        wrong = call("inspect", address, "--token", "SALAH", "--json")
        assert "check SALAH" in orjson.loads(wrong.stdout)["problems"][0]
        right = call("inspect", address, "--token", "LAMA_TOKEN")
        assert right.exit_code == 0
        for output in (wrong.output, right.output):
            assert not any(word in output for word in (TOKEN, "bukan-sandi-uji", *PERSONAL))


def test_a_login_in_the_way_is_told_with_its_inputs_and_how_to_pass_it() -> None:
    with running(CodeIgniter()) as system:
        told = orjson.loads(call("inspect", f"{system.url}/pengaduan/index", "--json").stdout)
        assert told["tables"] == []
        (said,) = told["problems"]
        assert "form 'form:has(input[type=password i])' at /auth/login with inputs identity, password" in said
        assert "hidden token csrf_test_name" in said
        assert "--login identity=KANAL_IDENTITY --login password=KANAL_PASSWORD" in said
        assert {one.method for one in system.asked} == {"GET"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--login", "identity=LAMA_USER"], "has the inputs identity, password; give --login INPUT=SECRET for each"),
        (["--login", "identity=LAMA_USER", "--login", "password=SALAH"], "login refused at /auth/login; check secrets"),
        (["--login", "identity=TIDAK_ADA", "--login", "password=SALAH"], "the secret TIDAK_ADA is not set"),
        (["--login", "identity"], "--login takes INPUT=NAME_OF_SECRET"),
        (["--login", "identity=bukan-sandi-uji"], "--login takes INPUT=NAME_OF_SECRET"),
        (["--token", "bukan-sandi-uji"], "--token takes the name of a secret"),
    ],
)
def test_a_login_that_fails_is_one_line(options: list[str], said: str) -> None:
    with running(CodeIgniter()) as system:
        result = call("scaffold", f"{system.url}/pengaduan/index", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.strip().splitlines()
    assert said in line
    assert "bukan-sandi-uji" not in result.output


@pytest.mark.parametrize("address", ["{}/api/aduan?api_key=rahasia-uji", "{}/x?token=rahasia-uji", "rahasia-uji@"])
def test_an_address_that_holds_a_secret_is_refused_and_not_repeated(address: str, pages: OldSystem) -> None:
    url = address.format(pages.url) if "{}" in address else pages.url.replace("//", "//u:rahasia-uji@")
    result = call("inspect", url)
    assert result.exit_code == 2
    assert "take it out" in result.stderr
    assert "rahasia-uji" not in result.output
    assert pages.asked == []


def test_a_captcha_is_told() -> None:
    def door(_: Asked) -> Reply:
        form = '<form method="post"><input name="u"><input type="password" name="p"><input name="captcha"></form>'
        return as_page(f"<html><body>{form}</body></html>")

    with running(door) as system:
        problems = orjson.loads(call("inspect", system.url, "--json").stdout)["problems"]
    assert "inputs u, p;" in problems[0]
    assert "asks for a captcha; no reader passes it" in problems[1]


def test_a_system_that_is_away_is_three() -> None:
    result = call("inspect", "http://127.0.0.1:1/aduan")
    assert result.exit_code == 3
    assert "http://127.0.0.1:1: cannot be reached" in result.stderr


def test_check_says_what_stands_in_the_way(tmp_path: Path) -> None:
    with running(laravel) as system:
        file = tmp_path / "lama.yaml"
        made = call("scaffold", f"{system.url}/api/v1/aduan", "--token", "LAMA_TOKEN", "--out", file)
        assert made.exit_code == 0, made.output
        text = file.read_text(encoding="utf-8").replace("per_second: 2}", "per_second: 500}")
        for changed, status, said in (
            (text, 0, "a load would go through"),
            (
                text.replace("bearer: LAMA_TOKEN", "bearer: SALAH"),
                3,
                f"{system.url}: refuses access (401); check secret",
            ),
            (text.replace("text: isi", "text: isian"), 4, "aduan.isian is mapped and not there; nearest: isi"),
        ):
            file.write_text(changed, encoding="utf-8")
            before = len(system.asked)
            result = call("check", file)
            assert result.exit_code == status, result.output
            assert said in result.output
            assert len(system.asked) - before <= 40


def test_dump_gives_raw_records_of_the_first_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Native()
    login = ["--login", "user=LAMA_USER", "--login", "pass=LAMA_PASSWORD"]
    with running(site) as system:
        result = call("dump", system.url + site.start, "--table", "pengaduan", "--limit", 3, *login)
    records = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert [record["Nomor Tiket"] for record in records] == ["ADU-2024001", "ADU-2024002", "ADU-2024003"]
    assert "in clear" in result.stderr
    assert site.changed == []
