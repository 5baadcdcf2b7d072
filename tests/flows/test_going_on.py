"""A run that spends its budget, or is killed while it reads a web system, is gone on with by the next one."""

import logging
from collections import Counter
from typing import Any

import pytest

from connectors.archive import JOURNAL
from connectors.http import WebSession
from connectors.recorder import REQUESTS, Recorder
from flows.site import open_existing
from flows.verify import verify
from tests.flows.conftest import Demo


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that is asked for, in turn."""
    addresses: list[str] = []
    real = WebSession._attempt

    def noted(self: WebSession, request: Any) -> Any:
        answer = real(self, request)  # which may refuse to ask
        addresses.append(request.url)
        return answer

    monkeypatch.setattr(WebSession, "_attempt", noted)
    return addresses


def twice(addresses: list[str], part: str) -> list[str]:
    """Addresses with ``part`` in them that were asked for more than once."""
    return [url for url, times in Counter(addresses).items() if part in url and times > 1]


def unfinished(demo: Demo, channel: str) -> list[str]:
    return sorted(path.parent.name for path in (demo.home / "archive" / channel).glob(f"*/{JOURNAL}"))


def test_a_budget_of_requests_is_spent_night_after_night_until_all_is_read(demo: Demo, asked: list[str]) -> None:
    before = demo.digest()
    demo.edit_channel("sitanggap", "per_second: 200", "max_requests: 25, per_second: 2000")
    nights = []
    for _ in range(8):
        told = demo.run("sitanggap")["channels"]["sitanggap"]
        nights.append(told["status"])
        if told["status"] != "failed":
            break
        assert "more than 25 requests" in told["error"]
        assert "run again" in told["error"]
    assert nights[-1] == "unchanged"
    assert len(nights) > 2
    assert twice(asked, "/admin/aduan/") == []  # no detail page
    assert demo.digest() == before
    with open_existing() as site:
        assert verify(site, None)["problems"] == []


@pytest.mark.parametrize("channel", ["sigap", "sitanggap"])
def test_killed_while_it_reads_the_next_run_asks_only_for_the_rest(
    demo: Demo, asked: list[str], channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = demo.digest()
    real, count = Recorder.ask, []

    def killed(self: Recorder, *arguments: Any, **named: Any) -> Any:
        count.append(1)
        if len(count) == 4:
            raise KeyboardInterrupt
        return real(self, *arguments, **named)

    with monkeypatch.context() as patch, pytest.raises(BaseException):  # noqa: B017 - as Prefect hands it on
        patch.setattr(Recorder, "ask", killed)
        demo.run(channel)
    assert len(unfinished(demo, channel)) == 1
    done = list(asked)
    assert demo.run(channel)["channels"][channel]["status"] == "unchanged"
    kept = {"sigap": "/laporan?", "sitanggap": "/admin/aduan"}[channel]
    again = set(done) & set(asked[len(done) :])
    assert [url for url in again if kept in url and done.count(url) == 1] == []
    assert demo.digest() == before
    assert unfinished(demo, channel) != []  # what was begun stays as it is


def test_what_another_channel_file_read_is_not_taken(demo: Demo, asked: list[str]) -> None:
    demo.edit_channel("sitanggap", "per_second: 200", "max_requests: 25, per_second: 2000")
    demo.run("sitanggap")
    demo.edit_channel("sitanggap", "max_requests: 25, ", "")
    assert demo.run("sitanggap")["channels"]["sitanggap"]["status"] == "unchanged"
    assert twice(asked, "/admin/aduan") != []


def test_quiet_hours_stop_a_channel_and_not_the_run(demo: Demo, asked: list[str]) -> None:
    demo.edit_channel("sitanggap", "per_second: 200", 'quiet_hours: ["00:00-12:00", "12:00-23:59"], per_second: 200')
    summary = demo.run("sitanggap", "super")
    told = summary["channels"]["sitanggap"]
    assert (summary["status"], told["status"]) == ("partial", "failed")
    assert "may not be asked from" in told["error"]
    assert asked == []


def test_the_account_of_requests_stands_in_the_archive(demo: Demo, asked: list[str], caplog: Any) -> None:
    caplog.set_level(logging.ERROR)
    demo.run("sitanggap")
    names = {path.name for folder in (demo.home / "archive" / "sitanggap").glob("load-*") for path in folder.iterdir()}
    assert REQUESTS in names
