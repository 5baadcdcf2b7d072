"""Every way in which an API hands out a long list is gone to its end, each record once, and no request too many."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from old_system import Asked, Reply, as_json, running
from rest_bench import read, read_from, records, source_of

from connectors.base import ChannelError
from connectors.rest_paging import Page, first_turn, next_turn
from schemas.web_paging import AnyPaging, DataTables, Laravel, Offsets, Paging

ROWS = records(7)
ALL = [str(n) for n in range(1, 8)]


def part(asked: Asked, at: str, size: int = 3, *, first: int = 1) -> list[Any]:
    page = int(asked.query[at]) - first
    return ROWS[page * size : (page + 1) * size]


def test_bare_arrays_are_read_until_a_page_is_short(tmp_path: Path) -> None:
    table = {"paging": {"size": "jumlah", "per_page": 3}}
    found = read(lambda asked: as_json(part(asked, "page")), tmp_path, table)
    assert found.ids == ALL
    assert [a.query for a in found.system.asked] == [{"page": str(n), "jumlah": "3"} for n in (1, 2, 3)]


def test_bare_arrays_whose_last_page_is_full_are_read_until_one_is_empty(tmp_path: Path) -> None:
    found = read(lambda asked: as_json(part(asked, "hal", 7)), tmp_path, {"paging": {"page": "hal"}})
    assert found.ids == ALL
    assert len(found.system.asked) == 2


def test_a_system_that_gives_less_than_it_is_asked_for_is_read_to_its_end(tmp_path: Path) -> None:
    found = read(lambda asked: as_json(part(asked, "page", 2)), tmp_path, {"paging": {"size": "n", "per_page": 100}})
    assert found.ids == ALL


def test_page_numbers_may_begin_at_zero(tmp_path: Path) -> None:
    found = read(lambda asked: as_json(part(asked, "page", first=0)), tmp_path, {"paging": {"first": 0}})
    assert found.ids == ALL


def test_a_total_spares_the_request_for_a_page_that_is_empty(tmp_path: Path) -> None:
    table = {"records": "isi", "paging": {"total": "jumlah"}}
    found = read(lambda asked: as_json({"isi": part(asked, "page", 7), "jumlah": "7"}), tmp_path, table)
    assert found.ids == ALL
    assert len(found.system.asked) == 1


@pytest.mark.parametrize("total", [None, "total"])
def test_offsets_go_on_by_what_came(tmp_path: Path, total: str | None) -> None:
    def answer(asked: Asked) -> Reply:
        start, limit = int(asked.query["offset"]), min(2, int(asked.query["limit"]))  # never more than two
        return as_json({"data": ROWS[start : start + limit], "total": len(ROWS)})

    paging = {"kind": "offset", "per_page": 5} | ({"total": total} if total else {})
    found = read(answer, tmp_path, {"records": "data", "paging": paging})
    assert found.ids == ALL
    assert [a.query["offset"] for a in found.system.asked] == ["0", "2", "4", "6"]


@pytest.mark.parametrize("end", [None, "", False, "same", "absent"])
def test_a_cursor_is_followed_until_there_is_none(tmp_path: Path, end: Any) -> None:
    def answer(asked: Asked) -> Reply:
        at = int(asked.query.get("setelah", "0"))
        following: Any = at + 3 if at + 3 < len(ROWS) else at if end == "same" else end
        meta = {} if following == "absent" else {"next": following}
        return as_json({"data": ROWS[at : at + 3], "meta": meta})

    paging = {"kind": "cursor", "cursor": "setelah", "next": "meta.next", "size": "n", "per_page": 3}
    found = read(answer, tmp_path, {"records": "data", "paging": paging})
    assert found.ids == ALL
    assert [a.query for a in found.system.asked] == [{"n": "3"}, {"setelah": "3", "n": "3"}, {"setelah": "6", "n": "3"}]


def linked(asked: Asked) -> tuple[list[Any], str | None]:
    at = int(asked.query.get("dari", "0"))
    return ROWS[at : at + 3], f"?{urlencode({'dari': at + 3})}" if at + 3 < len(ROWS) else None


def test_a_link_in_the_answer_is_followed(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        rows, link = linked(asked)
        return as_json({"data": rows, "links": {"next": link}})

    found = read(answer, tmp_path, {"records": "data", "paging": {"kind": "link", "next": "links.next"}})
    assert found.ids == ALL
    assert len(found.system.asked) == 3


def test_a_link_in_the_header_is_followed(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        rows, link = linked(asked)
        told = f'<{link}>; rel="next", <?dari=0>; rel="first"' if link else '<?dari=0>; rel="first"'
        return as_json(rows, Link=told)

    table = {"paging": {"kind": "link", "header": True}}
    found = read(answer, tmp_path, table)
    assert found.ids == ALL
    assert len(found.system.asked) == 3
    second = found.archive.entry("laporan-000002.json").origin
    assert second["next"].endswith("?dari=6")


@pytest.mark.parametrize("link", ["http://127.0.0.2/api/laporan?dari=3", "/admin/hapus", "../../admin", "%2e%2e/admin"])
def test_a_link_that_leads_away_is_not_followed(tmp_path: Path, link: str) -> None:
    with running(lambda asked: as_json({"data": ROWS, "next": link})) as system:
        table = {"records": "data", "paging": {"kind": "link", "next": "next"}}
        with pytest.raises(ChannelError, match="leads"):
            read_from(system, tmp_path, table, url=f"{system.url}/api")
        assert system.paths() == ["/api/laporan"]


@pytest.mark.parametrize("wrap", [lambda meta: meta, lambda meta: {"meta": meta}])
def test_paginate_of_laravel_is_read_as_it_comes(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    def answer(asked: Asked) -> Reply:
        page = int(asked.query["page"])
        meta = {"current_page": page, "last_page": 3, "total": 7}
        wrong = {"next_page_url": f"http://localhost/laporan?page={page + 1}" if page < 3 else None}
        return as_json({"data": part(asked, "page")} | wrong | wrap(meta))

    found = read(answer, tmp_path, {"paging": {"kind": "laravel", "per_page": 3}})
    assert found.ids == ALL
    assert [a.query for a in found.system.asked] == [{"page": str(n), "per_page": "3"} for n in (1, 2, 3)]


def test_simple_paginate_of_laravel_is_followed_whatever_host_it_names(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        page = int(asked.query["page"])
        link = f"http://localhost/api/laporan?page={page + 1}" if page < 3 else None
        return as_json({"data": part(asked, "page"), "next_page_url": link})

    found = read(answer, tmp_path, {"paging": {"kind": "laravel"}})
    assert found.ids == ALL
    assert len(found.system.asked) == 3


def test_cursor_paginate_of_laravel_is_followed(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        at = int(asked.query.get("cursor", "0"))
        link = f"http://localhost/laporan?cursor={at + 3}" if at + 3 < len(ROWS) else None
        return as_json({"data": ROWS[at : at + 3], "next_page_url": link})

    found = read(answer, tmp_path, {"paging": {"kind": "laravel"}})
    assert found.ids == ALL
    assert [a.query.get("cursor") for a in found.system.asked] == [None, "3", "6"]


def test_data_tables_are_asked_as_their_script_asks(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        start, length = int(asked.form["start"]), int(asked.form["length"])
        cells = [[f"<b>{row['id']}</b>", row["isi"], "lebih"] for row in ROWS[start : start + length]]
        told = {"draw": int(asked.form["draw"]), "recordsTotal": 9, "recordsFiltered": len(ROWS)}
        return as_json(told | {"data": cells})

    paging = {"kind": "datatables", "per_page": 3, "order": "isi"}
    table = {"columns": ["id", "isi"], "form": {"tahun": "2024"}, "paging": paging}
    found = read(answer, tmp_path, table)
    assert found.ids == [f"<b>{n}</b>" for n in ALL]
    assert found.frame["isi"].iloc[6] == "Lampu jalan 7 padam"
    assert set(found.frame["3"]) == {"lebih"}
    assert [a.method for a in found.system.asked] == ["POST"] * 3
    form = found.system.asked[1].form
    assert form.items() >= {"tahun": "2024", "draw": "2", "start": "3", "length": "3"}.items()
    assert form.items() >= {"columns[1][data]": "isi", "order[0][column]": "1", "order[0][dir]": "asc"}.items()
    assert found.source.tables["laporan"].verb == "POST"


def test_an_error_that_data_tables_tell_stops_the_channel(tmp_path: Path) -> None:
    told = {"draw": 1, "recordsTotal": 0, "data": [], "error": "SQLSTATE[42S02] di tabel warga"}
    with pytest.raises(ChannelError, match="tells of an error in the way of DataTables") as caught:
        read(lambda asked: as_json(told), tmp_path, {"paging": {"kind": "datatables"}})
    assert "warga" not in str(caught.value)


def test_a_list_that_is_posted_as_a_form_carries_its_page_there(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        page = int(asked.form["hal"])
        return as_json(ROWS[(page - 1) * 3 : page * 3])

    table = {"form": {"status": "semua"}, "query": {"v": "2"}, "paging": {"page": "hal"}}
    found = read(answer, tmp_path, table)
    assert found.ids == ALL
    assert [(a.method, a.query, a.form) for a in found.system.asked][1] == (
        "POST",
        {"v": "2"},
        {"status": "semua", "hal": "2"},
    )
    assert len({e.origin["sent"] for e in found.archive.entries if "sent" in e.origin}) == 3


def test_a_list_that_is_posted_as_json_carries_its_page_there(tmp_path: Path) -> None:
    sent: list[Any] = []

    def answer(asked: Asked) -> Reply:
        sent.append(json.loads(next(iter(asked.form))))
        start = sent[-1]["paging"]["offset"]
        return as_json({"data": ROWS[start : start + sent[-1]["paging"]["n"]]})

    paging = {"kind": "offset", "offset": "paging.offset", "size": "paging.n", "per_page": 4}
    found = read(answer, tmp_path, {"records": "data", "document": {"f": {"x": []}}, "paging": paging})
    assert found.ids == ALL
    assert sent == [{"f": {"x": []}, "paging": {"offset": at, "n": 4}} for at in (0, 4)]


def test_a_last_page_that_comes_again_and_again_is_the_end(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        page = min(3, int(asked.query["page"]))
        return as_json(records(6)[(page - 1) * 2 : page * 2])

    found = read(answer, tmp_path, {"paging": {}})
    assert found.ids == ALL[:6]


def test_an_unknown_kind_of_paging_is_refused() -> None:
    with pytest.raises(ValueError, match="write one of pages, offset, cursor, link, laravel, datatables"):
        source_of("http://a", {"paging": {"kind": "halaman"}})


sizes = st.integers(min_value=1, max_value=9)


@given(st.integers(min_value=0, max_value=60), sizes, sizes, st.booleans(), st.sampled_from(["pages", "offset", "dt"]))
def test_every_record_is_on_exactly_one_page(count: int, asked: int, given_at_most: int, told: bool, kind: str) -> None:
    """Whatever the list's length, the size that is asked for, and the size that the system gives at most."""
    paging: AnyPaging = {
        "pages": Paging(per_page=asked, total="total" if told else None),
        "offset": Offsets(kind="offset", per_page=asked, total="total" if told else None),
        "dt": DataTables(kind="datatables", per_page=asked),
    }[kind]
    size, turn, rows, longest, requests = min(asked, given_at_most), first_turn(paging), list[int](), 0, 0
    following: Any = turn
    while following is not None:
        values = dict(following.values)
        start = (values["page"] - 1) * size if kind == "pages" else values["offset" if kind == "offset" else "start"]
        got = list(range(count))[start : start + size]
        rows += got
        requests += 1
        page = Page({"total": count, "recordsTotal": count}, len(got), len(rows), longest)
        longest = max(longest, len(got))
        following = next_turn(paging, following, page)
    assert rows == list(range(count))
    assert requests <= count // size + (1 if told or kind == "dt" else 2)


@given(st.lists(st.integers(min_value=1, max_value=6), max_size=12))
def test_links_in_a_circle_end(targets: list[int]) -> None:
    paging = Laravel(kind="laravel")
    turn, asked = first_turn(paging), 0
    following: Any = turn
    while following is not None:
        target = targets[asked % len(targets)] if targets else None
        asked += 1
        link = {"next_page_url": f"http://x/?cursor={target}" if target else None}
        following = next_turn(paging, following, Page(link, 1, asked, 1))
    assert asked <= 8
