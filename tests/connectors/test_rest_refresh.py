"""What a later load asks for: pages of the list and the records that changed, and not one request more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract_child import killed_in_the_middle
from old_system import Asked, Reply, as_json, context, running
from rest_bench import NUMBERED, numbered, read, read_from, records, source_of

from connectors.base import ChannelError
from connectors.refresh import Known
from schemas.channel_types import Fault

DETAIL = NUMBERED | {"detail": {"path": "/laporan/{id}", "record": "data"}}
CURSOR = {"kind": "cursor", "field": "updated_at", "lag_hours": 0}


def stream(**refresh: Any) -> dict[str, Any]:
    return {"complaints": {"table": "laporan", "key": ["id"], "columns": {"text": "isi"}, "refresh": refresh}}


def day(n: int) -> str:
    return f"2024-{1 + n // 28:02d}-{1 + n % 28:02d} 08:00:00"


def rows(count: int) -> list[dict[str, Any]]:
    return [row | {"updated_at": day(n)} for n, row in enumerate(records(count))]


def known(count: int, cursor: str | None = None, is_open: set[int] | None = None) -> dict[str, Known]:
    keys = {(str(n),) for n in range(1, count + 1)}
    return {"complaints": Known(cursor, frozenset((str(n),) for n in is_open or ()), frozenset(keys))}


def with_details(
    all_rows: list[dict[str, Any]], size: int = 100, gone: set[str] | None = None
) -> Callable[[Asked], Reply]:
    listed = numbered(lambda: [{k: v for k, v in row.items() if k != "isi"} for row in all_rows], size)
    whole = {str(row["id"]): row for row in all_rows}

    def answer(asked: Asked) -> Reply:
        if asked.path == "/laporan":
            return listed(asked)
        found = whole.get(asked.path.rsplit("/", 1)[1])
        is_gone = found is None or asked.path.rsplit("/", 1)[1] == gone
        return as_json({"message": "Not found"}, 404) if is_gone else as_json({"data": found})

    return answer


def details(paths: list[str]) -> list[str]:
    return [path.rsplit("/", 1)[1] for path in paths if path != "/laporan"]


def test_records_come_from_their_details(tmp_path: Path) -> None:
    found = read(with_details(rows(5), 2), tmp_path, DETAIL)
    assert found.ids == ["1", "2", "3", "4", "5"]
    assert set(found.frame["isi"]) == {f"Lampu jalan {n} padam" for n in range(1, 6)}
    assert len(found.system.asked) == 3 + 5
    assert {e.origin["content"] for e in found.archive.entries if "content" in e.origin} == {"list", "detail"}
    assert not [e for e in found.archive.entries if e.origin.get("part") not in (None, "requests")]


def test_a_record_whose_detail_is_gone_is_what_the_list_tells(tmp_path: Path) -> None:
    found = read(with_details(rows(3), gone="2"), tmp_path, DETAIL)
    assert sorted(found.ids) == ["1", "2", "3"]
    assert found.frame.set_index("id")["isi"].isna()["2"]
    assert any("of 1 records there is no detail" in problem for problem in found.tables["laporan"].problems)


def test_a_record_that_the_list_does_not_name_is_what_the_list_tells(tmp_path: Path) -> None:
    all_rows = [*rows(2), {"id": None, "nomor": "X"}, {"id": "..", "nomor": "Y"}]
    found = read(with_details(all_rows), tmp_path, DETAIL)
    assert len(found.frame) == 4
    assert details(found.system.paths()) == ["1", "2"]


def test_a_name_that_is_no_part_of_an_address_is_written_so_that_it_is_one(tmp_path: Path) -> None:
    found = read(lambda a: as_json([{"id": "a/b?c"}]) if a.path == "/laporan" else as_json({"id": a.path}), tmp_path,
                 {"detail": {"path": "/laporan/{id}"}})  # fmt: skip
    assert found.ids == ["/laporan/a%2Fb%3Fc"]


def test_a_night_asks_for_the_list_and_what_changed(tmp_path: Path) -> None:
    """10,000 complaints, of which 50 changed."""
    all_rows = [row | {"updated_at": "2024-01-01 08:00:00"} for row in records(10_000)]
    for row in all_rows[::200]:
        row["updated_at"] = "2024-06-01 09:30:00"
    before = known(10_000, "2024-06-01 00:00:00")
    found = read(with_details(all_rows), tmp_path, DETAIL, known=before, streams=stream(**CURSOR))
    assert len(found.system.asked) == 100 + 50
    assert found.ids == [str(row["id"]) for row in all_rows[::200]]
    assert {e.origin.get("part") for e in found.archive.entries} == {"cursor", "requests"}


def test_open_cases_asks_for_what_is_open_or_unknown(tmp_path: Path) -> None:
    found = read(
        with_details(rows(6)), tmp_path, DETAIL, known=known(5, is_open={2, 4}), streams=stream(kind="open_cases")
    )
    assert found.ids == ["2", "4", "6"]
    assert details(found.system.paths()) == ["2", "4", "6"]
    assert {e.origin.get("part") for e in found.archive.entries} == {"open_cases", "requests"}


def test_a_record_that_the_store_lacks_is_asked_for_however_old(tmp_path: Path) -> None:
    all_rows = rows(6)
    found = read(with_details(all_rows), tmp_path, DETAIL, known=known(3, day(4)), streams=stream(**CURSOR))
    assert found.ids == ["4", "5", "6"]


@pytest.mark.parametrize(("nulls", "ids"), [("read", ["2", "3", "4"]), ("skip", ["3", "4"])])
def test_records_without_a_date_are_read_unless_they_are_skipped(tmp_path: Path, nulls: str, ids: list[str]) -> None:
    all_rows = rows(4)
    all_rows[1]["updated_at"] = None
    refresh = CURSOR | {"nulls": nulls}
    found = read(with_details(all_rows), tmp_path, DETAIL, known=known(4, day(2)), streams=stream(**refresh))
    assert found.ids == ids


def test_the_first_load_reads_all(tmp_path: Path) -> None:
    found = read(with_details(rows(4)), tmp_path, DETAIL, streams=stream(**CURSOR))
    assert found.ids == ["1", "2", "3", "4"]


def test_what_a_list_says_of_time_in_another_way_is_read(tmp_path: Path) -> None:
    all_rows = [row | {"updated_at": f"0{n % 9 + 1}/01/2020"} for n, row in enumerate(records(3))]
    found = read(with_details(all_rows), tmp_path, DETAIL, known=known(3, day(2)), streams=stream(**CURSOR))
    assert found.ids == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("since", "sent"),
    [({"query": "sejak"}, "2024-02-01 08:00:00"), ({"query": "sejak", "format": "%d/%m/%Y"}, "01/02/2024")],
)
def test_the_system_is_asked_for_what_is_new(tmp_path: Path, since: dict[str, str], sent: str) -> None:
    def answer(asked: Asked) -> Reply:
        return numbered(lambda: rows(40)[28:] if "sejak" in asked.query else rows(40), 100)(asked)

    table = NUMBERED | {"since": since}
    found = read(answer, tmp_path, table, known=known(40, day(28)), streams=stream(**CURSOR))
    assert [a.query["sejak"] for a in found.system.asked] == [sent]
    assert len(found.ids) == 12
    assert found.tables["laporan"].problems == ()
    whole = read(answer, tmp_path / "whole", table, streams=stream(**CURSOR))
    assert len(whole.ids) == 40


def test_a_list_with_the_newest_first_is_read_to_the_first_page_that_is_older(tmp_path: Path) -> None:
    newest_first = rows(40)[::-1]
    table = NUMBERED | {"newest_first": True}
    found = read(numbered(lambda: newest_first, 5), tmp_path, table, known=known(40, day(32)), streams=stream(**CURSOR))
    assert [a.query["page"] for a in found.system.asked] == ["1", "2", "3"]
    assert {str(n) for n in range(33, 41)} <= set(found.ids)
    assert found.account["asked"] == 3


def test_a_window_reaches_back_some_days(tmp_path: Path) -> None:
    newest_first = [row | {"updated_at": "2020-01-01 00:00:00"} for row in records(20)]
    newest_first[0]["updated_at"] = "2999-01-01 00:00:00"
    table = NUMBERED | {"newest_first": True}
    refresh = {"kind": "window", "field": "updated_at", "days": 3}
    found = read(numbered(lambda: newest_first, 5), tmp_path, table, known=known(20), streams=stream(**refresh))
    assert len(found.system.asked) == 2
    assert {e.origin.get("part") for e in found.archive.entries} == {"window", "requests"}


@pytest.mark.parametrize(
    ("refresh", "said"),
    [
        (CURSOR, "cursor needs detail, since or newest_first under tables.laporan"),
        ({"kind": "open_cases"}, "open_cases asks for single records; tell by tables.laporan.detail"),
    ],
)
def test_what_cannot_be_read_in_part_is_refused_before_it_is_tried(refresh: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        source_of("http://a", NUMBERED, streams=stream(**refresh))
    assert issubclass(Fault, ValueError)


def test_a_count_of_all_is_not_asked_for_where_a_part_is_read(tmp_path: Path) -> None:
    found = read(
        with_details(rows(4)), tmp_path, DETAIL, known=known(4, day(3)), streams=stream(**CURSOR),
        count={"path": "/n", "at": "n"},
    )  # fmt: skip
    assert found.ids == ["4"]
    assert "/n" not in found.system.paths()


def test_what_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    inner = with_details(rows(4))

    def answer(asked: Asked) -> Reply:
        tag = f'"{asked.path}"'
        if asked.headers.get("If-None-Match") == tag:
            return Reply(status=304)
        reply = inner(asked)
        return Reply(reply.body, reply.status, reply.headers | {"ETag": tag})

    with running(answer) as system:
        first = read_from(system, tmp_path, DETAIL)
        again = read_from(system, tmp_path / "again", DETAIL, last=first.archive)
    assert again.account["not_modified"] == 5
    assert again.ids == first.ids
    assert list(again.frame["isi"]) == list(first.frame["isi"])


def test_details_of_a_killed_load_are_not_asked_for_again(tmp_path: Path) -> None:
    with running(with_details(rows(10), 5)) as system:
        killed_in_the_middle(source_of(system.url, DETAIL), context(), tmp_path / "archive", 8)
        found = read_from(system, tmp_path, DETAIL)
        asked = [a.path + a.query.get("page", "") for a in system.asked]
    assert found.ids == [str(n) for n in range(1, 11)]
    assert len(asked) == 12 + 1
    assert len(set(asked)) == 12


def test_a_detail_of_another_form_stops_the_channel(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        return with_details(rows(2))(asked) if asked.path == "/laporan" else as_json({"hasil": []})

    with pytest.raises(ChannelError, match=r"has no record at 'data', its keys are hasil; see detail\.record"):
        read(answer, tmp_path, DETAIL)


def test_a_detail_may_be_the_one_item_of_a_list(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/laporan":
            return with_details(rows(2))(asked)
        return as_json({"data": [{"id": int(asked.path[-1]), "isi": "satu"}]})

    assert read(answer, tmp_path, DETAIL).ids == ["1", "2"]
