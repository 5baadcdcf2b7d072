"""What is read again: all, what is newer than the cursor, a window, or the open cases; nothing is missed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from test_sql import STREAM, database, extract, mariadb, mariadb_server, postgres, sqlite, with_secret  # noqa: F401

from connectors.archive import Archive
from connectors.base import ChannelError
from connectors.refresh import Known, before, newest, readings
from connectors.sql import SqlReader
from schemas.mapping import Refresh
from schemas.sources import SqlSource

NOW = datetime(2024, 6, 10, 3, tzinfo=UTC)
ROWS = """
CREATE TABLE laporan (id int, isi varchar(90), diubah varchar(30));
INSERT INTO laporan VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'b', '2024-06-08 10:00:00'), (3, 'c', NULL),
  (4, 'd', '0000-00-00 00:00:00'), (5, 'e', '2024-06-09 10:00:00'), (6, 'f', '');
"""


def refreshed(url: str, refresh: dict[str, Any], **more: Any) -> SqlSource:
    return with_secret(url, streams={"complaints": STREAM | {"refresh": refresh} | more})


def ids(source: SqlSource, archive: Archive) -> list[str]:
    pieces = [piece.frame for piece in SqlReader().parse(source, archive)]
    return sorted(pd.concat(pieces)["id"], key=int)


def parts(archive: Archive) -> set[str | None]:
    return {entry.origin.get("part") for entry in archive.entries}


def read(source: SqlSource, folder: Path, known: Known | None) -> tuple[list[str], Archive]:
    archive = extract(source, folder, known={"complaints": known} if known else {})
    counted = SqlReader().count(source, archive)
    found = ids(source, archive)
    assert counted == {"complaints": len(found)}
    return found, archive


# The channel file


@pytest.mark.parametrize(
    ("refresh", "fault"),
    [
        ({"kind": "cursor"}, "need field"),
        ({"kind": "window", "days": 3}, "need field"),
        ({"kind": "window", "field": "d"}, "window needs days"),
        ({"kind": "cursor", "field": "d", "days": 3}, "window needs days"),
        ({"kind": "full", "field": "d"}, "have none"),
        ({"kind": "full", "nulls": "skip"}, "full knows no nulls"),
        ({"kind": "window", "field": "d", "days": 3, "lag_hours": 2}, "window knows no lag_hours"),
        ({"kind": "cursor", "field": "d", "lag_hours": -1}, "greater than or equal to 0"),
    ],
)
def test_keys_that_do_not_fit_their_kind_are_refused(refresh: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        refreshed("sqlite:///aduan.db", refresh)


def test_open_cases_need_a_key() -> None:
    with pytest.raises(ValidationError, match="open_cases finds rows by their key"):
        refreshed("sqlite:///aduan.db", {"kind": "open_cases"}, key=[])


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mysql://a:rahasia@h/d", "holds a password; take it out"),
        ("mysql://a:ra@hasia@h/d", "write mysql://"),
        ("mysql://h/d", "write mysql://"),
        ("mysql://a@h", "write mysql://"),
        ("mysql://a@h/d?password=rahasia", "write mysql://"),
        ("oracle://a@h/d", "write mysql://"),
        ("sqlite://aduan.db", "write mysql://"),
    ],
)
def test_an_address_is_whole_and_holds_no_password(url: str, fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SqlSource.model_validate({"reader": "sql", "url": url, "streams": {"complaints": STREAM}})
    (told,) = caught.value.errors()
    assert fault in told["msg"]
    assert "rahasia" not in told["msg"]


# The cursor


def column(*values: str | None) -> "pd.Series[str]":
    return pd.Series(list(values), dtype="str")


@pytest.mark.parametrize(
    ("values", "cursor"),
    [
        ((), None),
        ((None, "", "0000-00-00", "0000-00-00 00:00:00", "2024-00-00", "2024-05-00"), None),
        (("9", "10", None, "-3"), "10"),
        (("9.5", "9.25"), "9.5"),
        (("2024-01-31", "2024-02-01 00:00:00", "0000-00-00 00:00:00"), "2024-02-01 00:00:00"),
        (("2024-01-31T10:00:00Z", "2024-01-31T10:00:01Z"), "2024-01-31T10:00:01Z"),
        (("2204-02-01 00:00:00", "2024-06-12 00:00:00", "2024-06-13 00:00:00"), "2024-06-12 00:00:00"),
        (("2204-02-01",), None),
    ],
)
def test_the_next_cursor_is_the_greatest_value_that_can_be_true(
    values: tuple[str | None, ...], cursor: str | None
) -> None:
    assert newest(column(*values), NOW) == cursor


@pytest.mark.parametrize("values", [("10", "2024-01-01"), ("1/2/2024",), ("2024-01-01", "kemarin"), ("1e9",)])
def test_a_mixture_is_no_cursor(values: tuple[str, ...]) -> None:
    with pytest.raises(ChannelError, match="neither number nor ISO date, or both"):
        newest(column(*values), NOW)


@pytest.mark.parametrize("other", ["2024-01-01T10:00:00", "2024-01-01 10:00:00+07"])
def test_dates_that_do_not_sort_as_texts_are_no_cursor(other: str) -> None:
    with pytest.raises(ChannelError, match="written in several ways"):
        newest(column("2024-01-01 10:00:00", other), NOW)


@given(st.lists(st.decimals(-(10**12), 10**12, places=3), min_size=1))
def test_numbers_are_compared_as_numbers(numbers: list[Decimal]) -> None:
    assert Decimal(newest(column(*(f"{n:f}" for n in numbers))) or "") == max(numbers)


@given(st.datetimes(datetime(1990, 1, 2), datetime(2023, 12, 31)), st.sampled_from(["", "Z", "+07:00"]))
def test_a_date_goes_back_by_its_lag_in_its_own_form(at: datetime, zone: str) -> None:
    cursor = at.isoformat(timespec="microseconds") + zone
    bound = before(cursor, Refresh(kind="cursor", field="d"))
    assert bound == (at - timedelta(days=1)).isoformat(timespec="seconds") + zone
    assert bound < cursor
    assert newest(column(bound)) == bound


def test_a_day_and_a_number_go_back_too() -> None:
    refresh = Refresh(kind="cursor", field="d", lag_hours=6, lag_number=10)
    assert before("2024-03-01", refresh) == "2024-02-29"
    assert before("1200", refresh) == "1190"


# Reading


def test_the_first_reading_is_full(database: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    url = database(ROWS)
    for refresh in ({"kind": "cursor", "field": "diubah"}, {"kind": "open_cases"}):
        found, archive = read(refreshed(url, refresh), tmp_path, None)
        assert found == ["1", "2", "3", "4", "5", "6"]
        assert parts(archive) == {None}


@pytest.mark.parametrize(("nulls", "expected"), [("read", ["2", "3", "4", "5", "6"]), ("skip", ["2", "5"])])
def test_a_cursor_takes_what_is_newer_less_its_lag_and_what_has_no_date(
    database: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
    nulls: str,
    expected: list[str],
) -> None:
    source = refreshed(database(ROWS), {"kind": "cursor", "field": "DIUBAH", "nulls": nulls})
    found, archive = read(source, tmp_path, Known(cursor="2024-06-09 10:00:00"))
    assert found == expected
    assert parts(archive) == {"cursor"}


@pytest.mark.server("mariadb")
def test_zero_dates_of_mysql_are_read_each_time(mariadb: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    url = mariadb(ROWS.replace("NULL", "'2024-00-00'").replace("varchar(30)", "datetime NOT NULL"))
    known = Known(cursor="2024-06-09 10:00:00")
    assert read(refreshed(url, {"kind": "cursor", "field": "diubah"}), tmp_path, known)[0] == ["2", "3", "4", "5", "6"]
    skipping = refreshed(url, {"kind": "cursor", "field": "diubah", "nulls": "skip"})
    assert read(skipping, tmp_path, known)[0] == ["2", "5"]


def test_typed_dates_are_compared_as_dates(postgres: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    url = postgres(
        "CREATE TABLE laporan (id bigint, isi text, d timestamptz); INSERT INTO laporan VALUES "
        "(1, 'a', '2024-06-08 16:59:59+07'), (2, 'b', '2024-06-08 17:00:00+07'), (3, 'c', NULL)"
    )
    source = refreshed(url, {"kind": "cursor", "field": "d"})
    assert read(source, tmp_path, Known(cursor="2024-06-09 10:00:00"))[0] == ["2", "3"]


def test_a_number_is_compared_as_a_number(database: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    url = database(
        "CREATE TABLE laporan (id int, isi varchar(9)); INSERT INTO laporan VALUES (999, 'a'), (1000, 'b'), (20, 'c')"
    )
    source = refreshed(url, {"kind": "cursor", "field": "id", "lag_number": 1})
    assert read(source, tmp_path, Known(cursor="1000"))[0] == ["999", "1000"]


def test_numbers_in_a_text_column_are_no_cursor(database: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    source = refreshed(database(ROWS), {"kind": "cursor", "field": "isi"})
    with pytest.raises(ChannelError, match=r"refresh\.field 'isi' of 'laporan' cannot be compared by the server"):
        read(source, tmp_path, Known(cursor="1000"))


def test_a_field_that_is_not_there_is_named(database: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(ChannelError, match=r"has no column 'diubh'; did you mean 'diubah'\?"):
        read(refreshed(database(ROWS), {"kind": "cursor", "field": "diubh"}), tmp_path, None)


def test_a_window_takes_the_last_days(database: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    ago = [(datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S") for days in (1, 2.9, 5)]
    values = ", ".join(f"({n}, 'x', '{at}')" for n, at in enumerate(ago, start=7))
    source = refreshed(
        database(f"{ROWS} INSERT INTO laporan VALUES {values};"), {"kind": "window", "field": "diubah", "days": 3}
    )
    assert len(read(source, tmp_path, None)[0]) == 9
    found, archive = read(source, tmp_path, Known())
    assert found == ["3", "4", "6", "7", "8"]
    assert parts(archive) == {"window"}


def test_open_cases_and_new_ones_are_read(
    database: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connectors.sql_tables.KEYS_AT_ONCE", 2)
    source = refreshed(
        database(ROWS + "INSERT INTO laporan VALUES (NULL, 'tanpa nomor', NULL);"), {"kind": "open_cases"}
    )
    known = Known(keys=frozenset({("1",), ("2",), ("4",), ("99",)}), open_keys=frozenset({("2",), ("99",)}))
    archive = extract(source, tmp_path, known={"complaints": known})
    (piece,) = SqlReader().parse(source, archive)
    assert sorted(piece.frame["isi"]) == ["b", "c", "e", "f", "tanpa nomor"]
    assert SqlReader().count(source, archive) == {"complaints": 5}
    assert parts(archive) == {"open_cases"}


def test_open_cases_are_found_by_keys_of_several_columns(
    database: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
) -> None:
    source = refreshed(database(ROWS), {"kind": "open_cases"}, key=["id", "isi"])
    known = Known(keys=frozenset((str(n), "abcdef"[n - 1]) for n in range(1, 6)), open_keys=frozenset({("2", "b")}))
    assert read(source, tmp_path, known)[0] == ["2", "6"]


@pytest.mark.server("mariadb")
def test_keys_that_a_server_takes_for_equal_are_told_apart(
    mariadb: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
) -> None:
    url = mariadb(
        "CREATE TABLE laporan (id VARCHAR(9), isi TEXT); INSERT INTO laporan VALUES ('a', '1'), ('A', '2'), ('á', '3')"
    )
    source = refreshed(url, {"kind": "open_cases"})
    archive = extract(source, tmp_path, known={"complaints": Known(keys=frozenset({("A",), ("á",)}))})
    (piece,) = SqlReader().parse(source, archive)
    assert piece.frame["isi"].tolist() == ["1"]
    assert SqlReader().count(source, archive) == {"complaints": 1}


def test_events_of_open_cases_are_found_by_their_complaint(
    database: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
) -> None:
    url = database(
        ROWS + "CREATE TABLE jawaban (no int, isi varchar(9)); INSERT INTO jawaban VALUES (1, 'x'), (2, 'y'), (2, 'z')"
    )
    event = {"table": "jawaban", "complaint": ["no"], "columns": {"text": "isi"}, "refresh": {"kind": "open_cases"}}
    source = refreshed(url, {"kind": "full"}, events=[event])
    known = {"complaints/jawaban": Known(keys=frozenset({("1",), ("2",)}), open_keys=frozenset({("2",)}))}
    archive = extract(source, tmp_path, known=known)
    pieces = {piece.table: piece.frame for piece in SqlReader().parse(source, archive)}
    assert len(pieces["laporan"]) == 6
    assert sorted(pieces["jawaban"]["isi"]) == ["y", "z"]


# Tables that several streams share


def shared(*refreshes: dict[str, Any]) -> SqlSource:
    streams = {f"s{n}": STREAM | {"refresh": refresh} for n, refresh in enumerate(refreshes)}
    return SqlSource.model_validate({"reader": "sql", "url": "sqlite:///a.db", "streams": streams})


CURSOR = {"kind": "cursor", "field": "d"}


def test_a_shared_table_is_read_from_the_older_cursor() -> None:
    known = {"s0": Known(cursor="2024-06-01"), "s1": Known(cursor="2024-05-01")}
    (reading,) = readings(shared(CURSOR, CURSOR), known, NOW)
    assert (reading.part, reading.since) == ("cursor", "2024-04-30")


def test_a_shared_table_is_read_whole_if_one_stream_needs_it() -> None:
    (reading,) = readings(shared(CURSOR, CURSOR), {"s0": Known(cursor="2024-06-01")}, NOW)
    assert reading.part == ""
    (reading,) = readings(shared(CURSOR, {"kind": "full"}), {s: Known(cursor="2024-06-01") for s in ("s0", "s1")}, NOW)
    assert reading.origin() == {"table": "laporan"}


def test_a_shared_table_cannot_be_read_in_two_ways() -> None:
    both = {s: Known(cursor="2024-06-01") for s in ("s0", "s1")}
    with pytest.raises(ChannelError, match="refreshed in different ways; give all the same"):
        readings(shared(CURSOR, CURSOR | {"lag_hours": 1}), both, NOW)


def test_a_shared_table_has_the_open_cases_of_all() -> None:
    known = {
        "s0": Known(keys=frozenset({("1",), ("2",)}), open_keys=frozenset({("1",)})),
        "s1": Known(keys=frozenset({("2",), ("3",)}), open_keys=frozenset({("3",)})),
    }
    (reading,) = readings(shared({"kind": "open_cases"}, {"kind": "open_cases"}), known, NOW)
    assert [key for key in "123" if reading.wants((key,))] == ["1", "3"]
