import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalise_build import FETCHED, one, small_channel

from schemas.mapping import ColumnMap
from transforms.normalise.dates import Clock, read_dates
from transforms.normalise.values import Notes


def read(text, *formats, zone="Asia/Jakarta", column_zone=None):
    """The UTC instant of one text, and the faults that were noted."""
    clock = Clock.of(zone, formats or ("%Y-%m-%d %H:%M:%S",), FETCHED)
    notes = Notes(1)
    origin = ColumnMap(column="x", time_zone=column_zone)
    at = read_dates("submitted_at", pd.Series([text], dtype="str"), origin, clock, notes)
    return (None if pd.isna(at[0]) else at[0].isoformat()), notes.flags_json()[0]


@pytest.mark.parametrize(
    ("text", "form", "instant"),
    [
        ("2024-01-02 10:00:00", "%d/%m/%Y", "2024-01-02T03:00:00+00:00"),  # ISO is always read
        ("2024-01-02", "%d/%m/%Y", "2024-01-01T17:00:00+00:00"),
        ("7/1/2015 10:27:00", "%d/%m/%Y %H:%M:%S", "2015-01-07T03:27:00+00:00"),  # not padded
        ("20 Agustus 2021 07:15", "%d %B %Y %H:%M", "2021-08-20T00:15:00+00:00"),
        ("20 AGT 2021 07:15", "%d %B %Y %H:%M", "2021-08-20T00:15:00+00:00"),
        ("3 Mei 2021", "%d %b %Y", "2021-05-02T17:00:00+00:00"),
        ("3 Peb 2021", "%d %b %Y", "2021-02-02T17:00:00+00:00"),
        ("3 Pebruari 2021", "%d %B %Y", "2021-02-02T17:00:00+00:00"),
        ("3 Nopember 2021", "%d %B %Y", "2021-11-02T17:00:00+00:00"),
        ("3 Okt. 2021", "%d %b %Y", "2021-10-02T17:00:00+00:00"),
        ("3 Des 2021", "%d %b %Y", "2021-12-02T17:00:00+00:00"),
        ("24 Aug 2024", "%d %b %Y", "2024-08-23T17:00:00+00:00"),
        ("Jumat, 3 Desember 2021", "%A, %d %B %Y", "2021-12-02T17:00:00+00:00"),
        ("2024-01-02T10:00:00+08:00", "%Y-%m-%dT%H:%M:%S%z", "2024-01-02T02:00:00+00:00"),
        ("02-01-2024 10:00 WIB", "%d-%m-%Y %H:%M WIB", "2024-01-02T03:00:00+00:00"),
    ],
)
def test_a_date_in_a_declared_format_is_an_instant(text, form, instant):
    assert read(text, form) == (instant, "[]")


def test_formats_are_tried_in_their_order():
    assert read("03/04/2024", "%d/%m/%Y", "%m/%d/%Y")[0] == "2024-04-02T17:00:00+00:00"
    assert read("03/14/2024", "%d/%m/%Y", "%m/%d/%Y")[0] == "2024-03-13T17:00:00+00:00"


@pytest.mark.parametrize(
    ("zone", "column_zone", "instant"),
    [
        ("Asia/Jakarta", None, "2024-01-02T03:00:00+00:00"),
        ("Asia/Makassar", None, "2024-01-02T02:00:00+00:00"),
        ("Asia/Makassar", "UTC", "2024-01-02T10:00:00+00:00"),
    ],
)
def test_a_column_may_keep_another_zone_than_its_channel(zone, column_zone, instant):
    assert read("2024-01-02 10:00:00", zone=zone, column_zone=column_zone)[0] == instant


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0000-00-00", "zero_date"),
        ("0000-00-00 00:00:00", "zero_date"),
        ("1970-01-01 00:00:00", "default_date"),
        ("1970-01-01 07:00:00", "default_date"),
        ("2000-01-01 00:00:00", "default_date"),
        ("2000-01-01", "default_date"),
        ("kemarin", "unreadable_date"),
        ("2024-02-30", "unreadable_date"),
        ("2024-00-10", "unreadable_date"),
    ],
)
def test_a_date_that_means_unknown_is_null_and_says_why(text, fault):
    assert read(text) == (None, f'["submitted_at:{fault}"]')


def dated(**columns):
    maps = {name: {"column": name} for name in columns}
    return one(small_channel({"columns": {"text": "isi", **maps}}), **columns)


@pytest.mark.parametrize("text", ["2024-06-03 12:00:00", "1999-12-31 23:59:59", "0001-01-01 00:00:00", "9999-12-31"])
def test_a_date_that_cannot_be_is_null_and_stays_among_the_changes(text):
    row = dated(submitted_at=text)
    assert (row["submitted_at"], row["submitted_local"]) == (None, None)
    assert row["flags"] == ["submitted_at:implausible_date"]
    assert row["changes"] == [["submitted_at", "implausible_date", text]]


def test_a_clock_may_be_wrong_by_a_day():
    assert dated(submitted_at="2024-06-02 09:00:00")["flags"] == []


def test_the_wall_time_stands_beside_the_instant():
    row = dated(submitted_at="2024-05-02 09:00:00")
    assert row["submitted_local"] == pd.Timestamp("2024-05-02 09:00:00")
    assert row["submitted_at"] == pd.Timestamp("2024-05-02 02:00:00", tz="UTC")


def test_day_and_month_are_swapped_back_where_the_incident_would_follow_the_report():
    row = dated(submitted_at="2023-07-20 08:00:00", incident_at="2023-11-04")
    assert row["incident_local"] == pd.Timestamp("2023-04-11")
    assert row["flags"] == ["incident_at:day_month_swapped"]
    assert row["changes"] == [["incident_at", "day_month_swapped", "2023-11-04"]]


def test_a_swap_that_lies_in_the_future_of_the_load_is_mended_before_it_is_judged():
    row = dated(submitted_at="2024-05-20 08:00:00", incident_at="2024-12-04 10:30:00")
    assert row["incident_local"] == pd.Timestamp("2024-04-12 10:30:00")


@pytest.mark.parametrize("incident", ["2023-07-25", "2023-12-10"])  # no such month; still after the report
def test_an_incident_that_no_swap_mends_stays_as_it_was(incident):
    row = dated(submitted_at="2023-07-20 08:00:00", incident_at=incident)
    assert row["incident_local"] == pd.Timestamp(incident)
    assert row["flags"] == []


def test_without_an_update_time_the_fetch_time_is_the_version():
    assert one(small_channel())["version_at"] == pd.Timestamp(FETCHED)
    assert dated(version_at="0000-00-00")["version_at"] == pd.Timestamp(FETCHED)
    assert dated(version_at="2024-05-02 09:00:00")["version_at"] == pd.Timestamp("2024-05-02 02:00", tz="UTC")


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4}( [0-9:]{4,8})?", fullmatch=True))
def test_any_text_is_a_date_or_null_with_one_fault(text):
    instant, flags = read(text, "%d/%m/%Y", "%d %B %Y %H:%M", "%Y-%m-%dT%H:%M:%S%z")
    assert (instant is None) == (flags != "[]")


@given(st.datetimes(min_value=pd.Timestamp("2001-01-01"), max_value=pd.Timestamp("2024-05-01")))
def test_what_is_written_in_a_format_is_read_back(moment):
    wall = moment.replace(microsecond=0)
    instant, flags = read(wall.strftime("%d-%m-%Y %H:%M:%S"), "%d-%m-%Y %H:%M:%S")
    assert (instant, flags) == (pd.Timestamp(wall, tz="Asia/Jakarta").tz_convert("UTC").isoformat(), "[]")
