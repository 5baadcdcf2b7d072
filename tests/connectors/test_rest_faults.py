"""Whatever an old system does, every record is found, every request accounted for, and nothing asked for twice."""

import json
import random
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from contract_child import killed_in_the_middle
from old_system import Asked, Reply, as_json, as_page, context, new_archive, running
from rest_bench import NUMBERED, QUICK, Reading, numbered, read, read_from, records, source_of

from connectors.base import ChannelError, RetryError
from connectors.rest import RestReader

HTML = as_page("<!doctype html><h1>Sedang dalam perbaikan</h1>")
CUT = Reply(b'{"data": [{"id": 3, "isi": "Lampu', headers={"Content-Type": "application/json"})
ERROR = as_json({"success": False, "message": "Budi Contoh tidak ditemukan"})
SHORT = Reply(b"{", headers={"Content-Length": "1000"})
BUSY = Reply(status=503)
LATER = Reply(status=429, headers={"Retry-After": "0"})
LIST = numbered(lambda: records(9), 3)


def once(reply: Reply | Callable[[], Reply], page: str = "2") -> Callable[[Asked], Reply]:
    """The list, with ``reply`` in the place of one answer to ``page``."""
    left = [reply]

    def answer(asked: Asked) -> Reply:
        if asked.query["page"] == page and left:
            given = left.pop()
            return given if isinstance(given, Reply) else given()
        return LIST(asked)

    return answer


def accounted(found: Reading) -> int:
    """Requests that the manifest tells of, object by object."""
    named = [e for e in found.archive.entries if e.origin.get("part") != "requests"]
    return sum(len(e.origin.get("attempts", "1").split("; ")) for e in named)


def late() -> Reply:
    time.sleep(0.6)
    return Reply(b"late")


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [
        (LATER, "429; 200"),
        (lambda: Reply(status=429, headers={"Retry-After": formatdate(time.time() + 1, usegmt=True)}), "429; 200"),
        (BUSY, "503; 200"),
        (Reply(status=500), "500; 200"),
        (SHORT, "cannot be reached, or breaks the connection off; 200"),
        (late, "does not answer within 0.5 s; 200"),
    ],
    ids=["429 in seconds", "429 by date", "503", "500", "cut off on the wire", "time-out"],
)
def test_an_answer_that_does_not_come_is_asked_for_again(tmp_path: Path, fault: Any, attempts: str) -> None:
    found = read(once(fault), tmp_path, NUMBERED, politeness=QUICK | {"timeout_seconds": 0.5})
    assert len(found.ids) == 9
    assert found.archive.entry("laporan-000002.json").origin["attempts"] == attempts
    assert accounted(found) == found.account["asked"] == len(found.system.asked) == 4


@pytest.mark.parametrize("fault", [CUT, HTML, ERROR, Reply(b""), as_json([]), as_json({"data": None})])
def test_an_answer_that_is_unsound_is_kept_as_broken_and_asked_for_again(tmp_path: Path, fault: Reply) -> None:
    found = read(once(fault), tmp_path, NUMBERED)
    assert found.ids == [str(n) for n in range(1, 10)]
    assert found.objects(part="broken") == ["laporan-000002.broken-1.json"]
    assert found.archive.read("laporan-000002.broken-1.json") == fault.body
    assert found.archive.entry("laporan-000002.json").origin["page"] == "2"
    assert accounted(found) - 1 == found.account["for_objects"] == len(found.system.asked) == 4


def test_an_answer_that_stays_cut_off_is_left_to_another_run(tmp_path: Path) -> None:
    writer = new_archive(tmp_path)
    with running(lambda asked: CUT) as system:
        with pytest.raises(
            RetryError, match=r"laporan-000001\.json is no JSON, or cut off \(status 200, asked 3 times"
        ):
            RestReader().extract(source_of(system.url, NUMBERED), writer, context())
        assert len(system.asked) == 3
    assert len(writer.finish().entries) == 3


def test_an_error_with_status_200_stops_the_channel_and_quotes_nobody(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="has no list at 'data', its keys are success, message") as caught:
        read(lambda asked: ERROR, tmp_path, NUMBERED)
    assert "Budi" not in str(caught.value)


def test_names_of_people_that_are_keys_are_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="its keys are pesan and 1 more") as caught:
        read(lambda asked: as_json({"pesan": 1, "Budi Contoh": 2}), tmp_path, NUMBERED)
    assert "Budi" not in str(caught.value)


@pytest.mark.parametrize("word", [True, "Success", "200", 200])
def test_what_an_answer_says_of_itself_is_believed(tmp_path: Path, word: Any) -> None:
    success = {"at": "meta.status", "any_of": ["success", "true", "200"]}

    def answer(asked: Asked) -> Reply:
        said = "gagal" if len(system.asked) == 1 else word
        return as_json({"data": records(2), "meta": {"status": said}})

    with running(answer) as system:
        found = read_from(system, tmp_path, {"records": "data"}, success=success)
    assert len(found.ids) == 2
    assert found.objects(part="broken") == ["laporan-000001.broken-1.json"]


def test_what_says_that_it_failed_is_no_empty_list(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="does not say at 'status' that all is well"):
        read(
            lambda asked: as_json({"data": []}), tmp_path, {"records": "data"}, success={"at": "status", "any_of": "1"}
        )


def changing(change: Callable[[list[Any]], None], rows: list[Any], size: int = 3) -> Callable[[Asked], Reply]:
    """A list that changes once, when its second page has been asked for."""
    left = [change]
    answer = numbered(lambda: rows, size)

    def changed(asked: Asked) -> Reply:
        if asked.query["page"] == "2" and left:
            left.pop()(rows)
        return answer(asked)

    return changed


def test_no_record_is_lost_when_another_is_deleted_while_the_list_is_read(tmp_path: Path) -> None:
    rows = records(9)
    found = read(changing(lambda all_rows: all_rows.pop(0), rows), tmp_path, NUMBERED)
    assert set(found.ids) == {str(n) for n in range(1, 10)}  # 4 had slid to the page before
    assert found.objects(**{"pass": "2"}) == [f"laporan-p2-{n:06d}.json" for n in (1, 2, 3)]
    assert any("it was read 2 times" in problem for problem in found.tables["laporan"].problems)
    assert any("states 8 records, and 9 different ones" in problem for problem in found.tables["laporan"].problems)


def test_a_record_that_comes_first_while_the_list_is_read_is_found_and_others_come_twice(tmp_path: Path) -> None:
    rows = records(9)
    found = read(changing(lambda all_rows: all_rows.insert(0, {"id": 99}), rows), tmp_path, NUMBERED)
    assert set(found.ids) == {"99", *(str(n) for n in range(1, 10))}
    assert len(found.frame) == 10 + 3  # what slid came twice; of the second pass only the first page was new
    assert not any("states" in problem for problem in found.tables["laporan"].problems)


def test_bare_arrays_show_by_their_edges_that_they_changed(tmp_path: Path) -> None:
    rows = records(9)
    inner = changing(lambda all_rows: all_rows.insert(0, {"id": 99}), rows)
    found = read(lambda a: as_json(json.loads(inner(a).body)["data"]), tmp_path, {"paging": {}})
    assert set(found.ids) == {"99", *(str(n) for n in range(1, 10))}


def test_a_list_without_a_total_is_held_against_the_count(tmp_path: Path) -> None:
    rows = records(9)
    inner = changing(lambda all_rows: all_rows.pop(0), rows)

    def answer(asked: Asked) -> Reply:
        return as_json({"n": len(rows)}) if asked.path == "/n" else as_json(json.loads(inner(asked).body)["data"])

    found = read(answer, tmp_path, {"paging": {}}, count={"path": "/n", "at": "n"})
    assert set(found.ids) == {str(n) for n in range(1, 10)}
    assert RestReader().count(found.source, found.archive) == {"complaints": 9}


def test_a_list_that_never_comes_to_rest_is_read_three_times(tmp_path: Path) -> None:
    rows = records(9)

    def restless(asked: Asked) -> Reply:
        rows.insert(0, {"id": 1000 + len(rows)})
        return numbered(lambda: rows, 5)(asked)

    found = read(restless, tmp_path, NUMBERED)
    assert {e.origin.get("pass", "1") for e in found.archive.entries if "page" in e.origin} == {"1", "2", "3"}
    assert {str(n) for n in range(1, 10)} <= set(found.ids)


def test_a_total_that_is_wrong_all_the_time_is_told_and_the_list_not_read_on_and_on(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        told = json.loads(LIST(asked).body)
        told["meta"]["total"] = 12
        return as_json(told)

    found = read(answer, tmp_path, NUMBERED)
    assert len(found.ids) == 9
    assert len(found.system.asked) == 6
    assert len(found.frame) == 9  # pages that came again to the letter tell nothing new
    assert "laporan: the API states 12 records, and 9 different ones came" in found.tables["laporan"].problems
    assert RestReader().count(found.source, found.archive) == {"complaints": 12}


def test_a_list_that_does_not_change_is_read_once(tmp_path: Path) -> None:
    found = read(LIST, tmp_path, NUMBERED)
    assert len(found.system.asked) == 3
    assert found.tables["laporan"].problems == ()
    assert RestReader().count(found.source, found.archive) == {"complaints": 9}


@pytest.mark.parametrize("header", [False, True])
def test_a_killed_load_is_gone_on_with_and_no_page_is_asked_for_twice(tmp_path: Path, header: bool) -> None:
    rows = records(40)

    def answer(asked: Asked) -> Reply:
        if not header:
            return numbered(lambda: rows, 4)(asked)
        at = int(asked.query.get("dari", "0"))
        return as_json(rows[at : at + 4], Link=f'<?dari={at + 4}>; rel="next"' if at + 4 < 40 else "")

    table = {"paging": {"kind": "link", "header": True}} if header else NUMBERED
    with running(answer) as system:
        source = source_of(system.url, table)
        killed_in_the_middle(source, context(), tmp_path / "archive", 6)
        begun = len(system.asked)
        found = read_from(system, tmp_path, table)
        asked = [tuple(sorted(a.query.items())) for a in system.asked]
    assert found.ids == [str(row["id"]) for row in rows]
    assert begun == 6
    assert len(asked) == 11  # the one that was on its way when the load was killed
    assert len(set(asked)) == 10
    assert found.account["taken_from_a_killed_load"] == 5


def test_a_load_whose_budget_is_spent_is_gone_on_with(tmp_path: Path) -> None:
    with running(LIST) as system:
        with pytest.raises(ChannelError, match="more than 2 requests"):
            read_from(system, tmp_path, NUMBERED, politeness=QUICK | {"max_requests": 2})
        found = read_from(system, tmp_path, NUMBERED, politeness=QUICK | {"max_requests": 2})
        assert [a.query["page"] for a in system.asked] == ["1", "2", "3"]
    assert len(found.ids) == 9


def test_five_hundred_pages_with_faults_of_all_kinds_lose_nothing(tmp_path: Path) -> None:
    rows, dice = records(1000), random.Random(7)
    kinds = [LATER, BUSY, Reply(status=500), CUT, SHORT, HTML, ERROR]
    thrown: list[Reply] = []

    def moody(asked: Asked) -> Reply:
        if dice.random() < 0.05:
            thrown.append(dice.choice(kinds))
            return thrown[-1]
        return numbered(lambda: rows, 2)(asked)

    found = read(moody, tmp_path, NUMBERED, politeness=QUICK | {"retries": 6})
    assert len(found.ids) == len(found.frame) == 1000
    assert {id(one) for one in thrown} == {id(kind) for kind in kinds}
    assert len(found.system.asked) == found.account["asked"] == found.account["for_objects"] == 500 + len(thrown)
    assert len(found.objects(part="broken")) == sum(one in (CUT, HTML, ERROR) for one in thrown)


def test_what_was_broken_is_no_record(tmp_path: Path) -> None:
    writer = new_archive(tmp_path)
    writer.write("laporan-000001.broken-1.json", [b"{"], {"table": "laporan", "part": "broken"})
    source = source_of("http://a", {})
    with pytest.raises(ChannelError, match="holds no page of table 'laporan'"):
        list(RestReader().parse(source, writer.finish()))
