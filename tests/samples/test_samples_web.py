"""The two sample servers behave as live ones do: tokens, sessions, moods, pages, and files that change below them."""

import json
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup

from data.samples import SECRETS, Samples, SampleServers
from data.samples.__main__ import main

TOKEN = {"Authorization": f"Bearer {SECRETS['SIGAP_TOKEN']}"}


def _laporan(servers: SampleServers, page: int = 1) -> requests.Response:
    return requests.get(
        f"{servers.addresses['sigap']}/api/v1/laporan", {"page": page, "per_page": 50}, headers=TOKEN, timeout=10
    )


def _insist(servers: SampleServers, page: int) -> dict[str, object]:
    answers = [_laporan(servers, page) for _ in range(2)]
    return next(answer.json() for answer in answers if answer.ok)


def _log_in(servers: SampleServers) -> requests.Session:
    session, address = requests.Session(), servers.addresses["sitanggap"]
    form = BeautifulSoup(session.get(f"{address}/login", timeout=10).text, "lxml").select_one("form#login")
    token = form.select_one("input[name=_token]")["value"]
    fields = {"username": SECRETS["SITANGGAP_USER"], "password": SECRETS["SITANGGAP_PASSWORD"], "_token": token}
    session.post(f"{address}/login", fields, timeout=10)
    return session


def test_the_api_refuses_a_caller_without_the_token_in_json(served: SampleServers) -> None:
    answer = requests.get(f"{served.addresses['sigap']}/api/v1/laporan", timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


def test_the_api_is_busy_once_and_away_once_for_each_run_of_the_server(served: SampleServers) -> None:
    answers = [_laporan(served) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 200, 503, 200, 200]
    assert answers[0].headers["Retry-After"] == "0"


def test_the_pages_hold_every_record_and_one_of_them_twice(served: SampleServers, samples: Samples) -> None:
    first = _insist(served, 1)
    pages = [first, *(_insist(served, page) for page in range(2, first["meta"]["last_page"] + 1))]
    ids = [row["id"] for page in pages for row in page["data"]]
    assert len(ids) == samples.planted["sigap"]["extracted"]
    assert len(ids) - len(set(ids)) == samples.planted["sigap"]["excluded"]["repeated"]
    assert pages[0]["data"][-1]["id"] == pages[1]["data"][0]["id"], "it slid over the edge of a page"
    count = requests.get(f"{served.addresses['sigap']}/api/v1/statistik", headers=TOKEN, timeout=10).json()
    assert count == {"data": {"total": samples.planted["sigap"]["source_count"]}}


def test_the_site_shows_nothing_without_a_session(served: SampleServers) -> None:
    for path in ("/admin", "/admin/aduan?halaman=1", "/admin/aduan/1"):
        answer = requests.get(served.addresses["sitanggap"] + path, allow_redirects=False, timeout=10)
        assert (answer.status_code, answer.headers["location"]) == (302, "/login")


def test_a_login_without_the_token_of_the_form_has_expired(served: SampleServers) -> None:
    fields = {"username": SECRETS["SITANGGAP_USER"], "password": SECRETS["SITANGGAP_PASSWORD"], "_token": "x"}
    assert requests.post(f"{served.addresses['sitanggap']}/login", fields, timeout=10).status_code == 419


def test_the_listing_is_cut_short_and_the_detail_is_whole(served: SampleServers, samples: Samples) -> None:
    session, address = _log_in(served), served.addresses["sitanggap"]
    listed, page, more = [], 1, True
    while more:
        soup = BeautifulSoup(session.get(f"{address}/admin/aduan?halaman={page}", timeout=10).text, "lxml")
        listed += [link["href"] for link in soup.select("table#daftar tbody tr a.lihat")]
        more, page = soup.select_one("a[rel=next]") is not None, page + 1
    rows = json.loads((samples.folder / "sitanggap" / "aduan.json").read_text())
    assert listed == [f"/admin/aduan/{row['id']}" for row in rows]
    assert "…" in soup.select_one("table#daftar").text
    row = next(row for row in rows if row["tanggapan"] and "\n" not in row["isi"])
    detail = BeautifulSoup(session.get(f"{address}/admin/aduan/{row['id']}", timeout=10).text, "lxml")
    cells = {tr.select_one("th").text: tr.select_one("td").text for tr in detail.select("table#rincian tr")}
    assert cells["Isi Aduan"] == row["isi"]
    assert detail.select_one("h1 .nomor").text == row["nomor"]
    assert [block["id"] for block in detail.select("#tanggapan article .isi")] == [a["id"] for a in row["tanggapan"]]


def test_a_link_that_deletes_is_noted_when_it_is_followed(served: SampleServers) -> None:
    _log_in(served).get(f"{served.addresses['sitanggap']}/admin/aduan/3/hapus", timeout=10)
    assert served.touched == ["/admin/aduan/3/hapus"]


def test_a_changed_file_shows_at_the_next_request(small: Samples) -> None:
    path = small.folder / "sigap" / "laporan.json"
    with SampleServers(small.folder) as servers:
        before = _insist(servers, 1)["data"][0]
        rows = json.loads(path.read_text())
        rows[0]["judul"] = "Judul baru"
        path.write_text(json.dumps(rows))
        after = _insist(servers, 1)["data"][0]
    assert before["judul"] != after["judul"] == "Judul baru"


def test_one_server_can_be_stopped_and_the_other_goes_on(small: Samples) -> None:
    with SampleServers(small.folder) as servers:
        servers.stop("sigap")
        with pytest.raises(requests.ConnectionError):
            _laporan(servers)
        assert requests.get(f"{servers.addresses['sitanggap']}/login", timeout=10).ok


def test_the_command_writes_samples_and_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["write", "--out", str(tmp_path / "s"), "--size", "110"]) == 0
    assert "raw records" in capsys.readouterr().out
    assert (tmp_path / "s" / "truth.json").is_file()


def test_serving_a_folder_without_samples_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--from", str(tmp_path)]) == 2
    assert "write samples first" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["write", "serve"])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "example: python -m data.samples" in capsys.readouterr().out
