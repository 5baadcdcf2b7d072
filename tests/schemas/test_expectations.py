from datetime import UTC, datetime

import pandas as pd
import pytest

from schemas.canonical import SUBMISSION, conform
from schemas.channel import Limits
from schemas.expectations import QualityResult, check

NOW = datetime(2024, 6, 1, tzinfo=UTC)
SECRET = "Siti Contoh"


def batch(*rows, size=10):
    """A batch of ``size`` sound submissions; the first ones altered by ``rows``."""
    sound = {
        "channel": "super",
        "stream": "complaints",
        "submitted_at": pd.Timestamp("2024-05-01", tz="UTC"),
        "status": "closed",
        "type": "complaint",
        "text": f"aduan {SECRET}",
        "flags": "[]",
        "reporter_phone": "+6281234567891",
    }
    altered = [*rows, *({} for _ in range(size - len(rows)))]
    return conform(
        pd.DataFrame([{**sound, "key": f"{SECRET}-{n}", **row} for n, row in enumerate(altered)]), SUBMISSION
    )


def failed(results: list[QualityResult], suite: str) -> list[str]:
    return [f"{r.expectation} {r.column}" for r in results if r.suite == suite and not r.success]


def test_a_sound_batch_passes_both_suites():
    results = check(batch(), Limits(max=10, fill={"reporter_phone": 1.0}), NOW)
    assert failed(results, "critical") == failed(results, "warning") == []
    assert {r.suite for r in results} == {"critical", "warning"}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"key": None}, "expect_column_values_to_not_be_null key"),
        ({"key": f"{SECRET}-5"}, "expect_compound_columns_to_be_unique stream, key"),
        ({"stream": None}, "expect_column_values_to_not_be_null stream"),
        ({"channel": None}, "expect_column_values_to_not_be_null channel"),
        ({"status": "selesai"}, "expect_column_values_to_be_in_set status"),
        ({"type": None}, "expect_column_values_to_not_be_null type"),
        ({"type": "aduan"}, "expect_column_values_to_be_in_set type"),
        ({"text": None}, "expect_column_values_to_not_be_null content"),
        ({"submitted_at": pd.Timestamp("2024-06-03", tz="UTC")}, "expect_column_values_to_be_between submitted_at"),
    ],
)
def test_one_broken_row_stops_the_channel(row, fault):
    results = check(batch(row), Limits(), NOW)
    assert failed(results, "critical") == [fault]
    (result,) = (r for r in results if not r.success)
    assert result.unexpected_count >= 1
    assert result.element_count == 10


def test_the_same_key_in_two_streams_is_no_repetition():
    assert failed(check(batch({"key": f"{SECRET}-5", "stream": "wbs"}), Limits(), NOW), "critical") == []


def test_a_null_date_is_not_in_the_future():
    assert failed(check(batch({"submitted_at": pd.NaT}), Limits(), NOW), "critical") == []


@pytest.mark.parametrize(("minimum", "stored", "stops"), [(10, 0, False), (11, 0, True), (11, 1, False)])
def test_too_few_rows_stop_the_channel_unless_the_store_has_the_others(minimum, stored, stops):
    results = check(batch(), Limits(min=minimum), NOW, already_stored=stored)
    assert failed(results, "critical") == (["expect_table_row_count_to_be_between (rows)"] if stops else [])


def test_an_empty_batch_stops_a_channel_that_must_have_rows():
    results = check(batch(size=1).head(0), Limits(min=1), NOW)
    assert failed(results, "critical") == ["expect_table_row_count_to_be_between (rows)"]
    (result,) = (r for r in results if not r.success)
    assert result.observed == "0 rows, min 1"


def test_what_is_odd_but_no_reason_to_stop_is_a_warning():
    odd = {"status": "unmapped", "flags": '["status:unmapped"]', "reporter_phone": None}
    results = check(batch(*[odd] * 4), Limits(max=9, fill={"reporter_phone": 0.7, "text": 1.0}), NOW)
    assert failed(results, "critical") == []
    assert failed(results, "warning") == [
        "expect_column_values_to_not_be_null unflagged",
        "expect_column_values_to_not_be_null status_mapped",
        "expect_column_values_to_not_be_null reporter_phone",
        "expect_table_row_count_to_be_between (rows)",
    ]
    (phone,) = (r for r in results if r.column == "reporter_phone")
    assert (phone.unexpected_count, phone.observed) == (4, "4 of 10 do not hold; at least 70% must hold")


def test_an_expectation_that_cannot_be_asked_fails_and_says_why():
    results = check(batch(), Limits(fill={"reporter_fax": 0.5}), NOW)
    (fax,) = (r for r in results if r.column == "reporter_fax")
    assert not fax.success
    assert fax.observed.startswith("could not be asked: ")


def test_no_personal_value_leaves_in_a_result():
    rows = [{"key": f"{SECRET}-5", "status": SECRET, "text": None, "reporter_phone": None}] * 3
    assert SECRET not in repr(check(batch(*rows), Limits(min=99, fill={"reporter_phone": 1.0}), NOW))
