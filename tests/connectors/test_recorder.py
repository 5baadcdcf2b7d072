"""What a killed load left is not asked for again, what did not change is not sent again, and every request is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from old_system import KEYS, Asked, OldSystem, Reply, as_json, context, running

from connectors.archive import JOURNAL, Archive, ArchiveWriter
from connectors.base import Context, Paused, RetryError
from connectors.http import Anonymous, Request, WebSession
from connectors.recorder import REQUESTS, Recorder
from schemas.web_sources import Politeness

GONE = frozenset({404})


def read(
    system: OldSystem,
    writer: ArchiveWriter,
    names: list[str],
    told: Context | None = None,
    **politeness: object,
) -> dict[str, bytes]:
    """Ask for each of ``names`` by a recorder of its own; their bodies."""
    polite = Politeness.model_validate({"per_second": 1000, "timeout_seconds": 2, "retries": 2} | politeness)
    told = told or context()
    with WebSession(system.url, polite, told, Anonymous(), wants="*/*") as web:
        recorder = Recorder(web, writer, told)
        bodies = {}
        for name in names:
            request = Request(web.at(f"/{name}"), headers={"X-Asked": "yes"})
            bodies[name] = recorder.ask(f"{name}.json", request, {"table": "aduan"}, GONE).body
        recorder.finish()
    return bodies


def numbered() -> Callable[[Asked], Reply]:
    """Each answer is another one, so that one sees which was taken."""
    given: list[int] = []

    def answer(asked: Asked) -> Reply:
        given.append(1)
        return as_json({"path": asked.path, "n": len(given)})

    return answer


def killed(system: OldSystem, folder: Path, names: list[str]) -> None:
    """A load that was killed: what it had asked for lies there, without a manifest."""
    polite = Politeness.model_validate({"per_second": 1000})
    writer = ArchiveWriter(folder, KEYS)
    with WebSession(system.url, polite, context(), Anonymous(), wants="*/*") as web:
        recorder = Recorder(web, writer, context())
        for name in names:
            recorder.ask(f"{name}.json", Request(web.at(f"/{name}")), {"table": "aduan"})


def account(archive: Archive) -> dict[str, int]:
    told: dict[str, int] = orjson.loads(archive.read(REQUESTS))
    return told


def test_what_a_killed_load_left_in_the_same_folder_is_not_asked_for_again(tmp_path: Path) -> None:
    with running(numbered()) as system:
        killed(system, tmp_path / "load", ["a", "b"])
        writer = ArchiveWriter(tmp_path / "load", KEYS)
        bodies = read(system, writer, ["a", "b", "c"])
        archive = writer.finish()
    assert system.paths() == ["/a", "/b", "/c"]
    assert [orjson.loads(bodies[name])["n"] for name in "abc"] == [1, 2, 3]
    assert {e.name: archive.read(e.name) for e in archive.entries if e.name != REQUESTS} == {
        f"{name}.json": body for name, body in bodies.items()
    }
    assert not (tmp_path / "load" / JOURNAL).exists()
    assert account(archive) | {"taken_from_a_killed_load": 2, "asked": 1, "for_objects": 1} == account(archive)


def test_what_a_load_before_it_left_is_taken_over_and_the_newest_counts(tmp_path: Path) -> None:
    with running(numbered()) as system:
        killed(system, tmp_path / "one", ["a", "b"])
        killed(system, tmp_path / "two", ["a"])
        writer = ArchiveWriter(tmp_path / "three", KEYS, (tmp_path / "one", tmp_path / "two"))
        bodies = read(system, writer, ["a", "b", "c"])
        archive = writer.finish()
    assert [orjson.loads(bodies[name])["n"] for name in "abc"] == [3, 2, 4]
    assert Archive.open(archive.folder, KEYS).read("a.json") == bodies["a"]
    assert archive.entry("b.json").fetched_at < archive.entry("a.json").fetched_at


@pytest.mark.parametrize("harm", ["cut", "gone", "journal cut", "another address", "too old", "a finished one"])
def test_what_is_not_whole_not_the_same_or_too_old_is_asked_for_again(
    tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "one"
    with running(numbered()) as system:
        killed(system, folder, ["a"])
        if harm == "cut":
            (folder / "a.json").write_bytes((folder / "a.json").read_bytes()[:-3])
        if harm == "gone":
            (folder / "a.json").unlink()
        if harm == "journal cut":
            (folder / JOURNAL).write_bytes((folder / JOURNAL).read_bytes()[:-9])
        if harm == "another address":
            journal = (folder / JOURNAL).read_bytes()
            (folder / JOURNAL).write_bytes(journal.replace(b"/a", b"/x"))
        if harm == "too old":
            monkeypatch.setattr("connectors.recorder.TAKEN_HOURS", 0.0)
        if harm == "a finished one":
            ArchiveWriter(folder, KEYS).finish()
        writer = ArchiveWriter(tmp_path / "two", KEYS, (folder,))
        read(system, writer, ["a"])
        archive = writer.finish()
    assert system.paths() == ["/a", "/a"]
    assert orjson.loads(archive.read("a.json"))["n"] == 2
    assert account(archive)["taken_from_a_killed_load"] == 0


def test_a_load_that_does_not_want_what_was_left_leaves_no_trace_of_it(tmp_path: Path) -> None:
    with running(numbered()) as system:
        killed(system, tmp_path / "one", ["a", "b"])
        writer = ArchiveWriter(tmp_path / "one", KEYS)
        read(system, writer, ["b"])
        archive = writer.finish()
    assert {path.name for path in archive.folder.iterdir()} == {"b.json", REQUESTS, "manifest.json"}


def validated(etag: str, modified: str) -> Callable[[Asked], Reply]:
    """A server that knows whether a page changed; ``/c`` always did."""

    def answer(asked: Asked) -> Reply:
        headers = {"ETag": etag} if etag else {}
        headers |= {"Last-Modified": modified} if modified else {}
        same = bool(etag and asked.headers.get("If-None-Match") == etag) or (
            bool(modified) and asked.headers.get("If-Modified-Since") == modified
        )
        if same and asked.path != "/c":
            return Reply(b"", 304, headers)
        return Reply(f"body of {asked.path}".encode(), 200, headers | {"Content-Type": "text/plain"})

    return answer


@pytest.mark.parametrize(
    ("etag", "modified"),
    [('"v1"', ""), ("", "Wed, 01 May 2024 03:00:00 GMT"), ('W/"v2"', "Wed, 01 May 2024 03:00:00 GMT")],
)
def test_what_did_not_change_is_not_sent_again_and_the_archive_is_whole_all_the_same(
    tmp_path: Path, etag: str, modified: str
) -> None:
    with running(validated(etag, modified)) as system:
        archives: list[Archive] = []
        for night in range(3):
            told = replace(context(), last=archives[-1] if archives else None)
            writer = ArchiveWriter(tmp_path / str(night), KEYS)
            bodies = read(system, writer, ["a", "b", "c"], told)
            archives.append(writer.finish())
            assert bodies == {name: f"body of /{name}".encode() for name in "abc"}
    for archive in archives[1:]:
        assert account(archive)["not_modified"] == 2
        entry = archive.entry("a.json")
        assert archive.read("a.json") == b"body of /a"
        assert (entry.origin["status"], entry.origin["content_type"]) == ("200", "text/plain")
        assert entry.origin["unchanged_since"] < entry.fetched_at
    assert len(system.asked) == 9


def test_a_server_that_tells_nothing_of_changes_is_asked_plainly(tmp_path: Path) -> None:
    with running(validated("", "")) as system:
        writer = ArchiveWriter(tmp_path / "one", KEYS)
        read(system, writer, ["a"])
        read(system, ArchiveWriter(tmp_path / "two", KEYS), ["a"], replace(context(), last=writer.finish()))
        assert not {"If-None-Match", "If-Modified-Since"} & set(system.asked[1].headers)


def test_every_request_is_told_with_what_came_before_its_answer(tmp_path: Path) -> None:
    replies = [Reply(b"", 503), Reply(b"", 429, {"Retry-After": "0"}), Reply(b"ok"), Reply(b"", 404)]
    with running(lambda _: replies.pop(0)) as system:
        writer = ArchiveWriter(tmp_path / "one", KEYS)
        read(system, writer, ["a", "b"])
        archive = writer.finish()
        asked = len(system.asked)
    assert archive.entry("a.json").origin["attempts"] == "503; 429; 200"
    assert "attempts" not in archive.entry("b.json").origin
    told = account(archive)
    assert (told["asked"], told["for_objects"], told["others"]) == (asked, 4, 0)


def test_a_budget_that_is_spent_is_gone_on_with_by_the_next_run(tmp_path: Path) -> None:
    names, system_asked = list("abcdefgh"), []
    with running(numbered()) as system:
        folders: list[Path] = []
        for run in range(3):
            writer = ArchiveWriter(tmp_path / str(run), KEYS, folders)
            folders.append(tmp_path / str(run))
            if run < 2:
                with pytest.raises(Paused, match=r"more than 3 requests.*run again"):
                    read(system, writer, names, max_requests=3)
            else:
                read(system, writer, names, max_requests=3)
        system_asked = system.paths()
    assert system_asked == [f"/{name}" for name in names]


def test_a_system_that_goes_away_is_gone_on_with_where_it_went(tmp_path: Path) -> None:
    away: list[bool] = []
    answer = numbered()
    with running(lambda asked: Reply(b"", 503) if asked.path == "/c" and not away else answer(asked)) as system:
        with pytest.raises(RetryError):
            read(system, ArchiveWriter(tmp_path / "one", KEYS), ["a", "b", "c"], retries=0)
        away.append(True)
        read(system, ArchiveWriter(tmp_path / "two", KEYS, (tmp_path / "one",)), ["a", "b", "c"])
    assert system.paths() == ["/a", "/b", "/c", "/c"]


@pytest.mark.parametrize(
    ("hours", "clock", "quiet"),
    [
        ("07:30-16:00", "07:29", False), ("07:30-16:00", "07:30", True), ("07:30-16:00", "15:59", True),
        ("07:30-16:00", "16:00", False), ("22:00-05:00", "23:10", True), ("22:00-05:00", "04:59", True),
        ("22:00-05:00", "05:00", False), ("22:00-05:00", "21:59", False),
    ],
)  # fmt: skip
def test_quiet_hours_have_a_beginning_and_an_end(hours: str, clock: str, quiet: bool) -> None:
    polite = Politeness.model_validate({"quiet_hours": ["03:00-03:01", hours]})
    assert polite.is_quiet(datetime.fromisoformat(f"2024-05-01T{clock}:00")) == (hours if quiet else None)


def test_in_quiet_hours_nothing_is_asked(tmp_path: Path) -> None:
    zone = {0: "Asia/Jakarta", 1: "Asia/Jayapura"}
    here = datetime.now(UTC) + timedelta(hours=7)
    around = f"{here - timedelta(minutes=30):%H:%M}-{here + timedelta(minutes=30):%H:%M}"
    with running(numbered()) as system:
        jakarta = replace(context(), zone=zone[0])
        with pytest.raises(Paused, match=f"may not be asked from {around}"):
            read(system, ArchiveWriter(tmp_path / "one", KEYS), ["a"], jakarta, quiet_hours=[around])
        assert system.asked == []
        jayapura = replace(context(), zone=zone[1])  # two hours ahead
        read(system, ArchiveWriter(tmp_path / "two", KEYS), ["a"], jayapura, quiet_hours=[around])
        assert len(system.asked) == 1


@pytest.mark.parametrize("wrong", ["7-16", "25:00-03:00", "07:30", "night"])
def test_hours_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="write hours as in 07:30-16:00"):
        Politeness.model_validate({"quiet_hours": [wrong]})


def test_sessions_with_one_host_take_turns(tmp_path: Path) -> None:
    with running(numbered()) as system:
        read(system, ArchiveWriter(tmp_path / "one", KEYS), ["a", "b"], per_second=10)
        read(system, ArchiveWriter(tmp_path / "two", KEYS), ["c"], per_second=10)
        at = [asked.at for asked in system.asked]
    assert all(later - earlier > 0.08 for earlier, later in pairwise(at))
