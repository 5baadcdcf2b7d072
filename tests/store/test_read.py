"""What a report is given of the store beyond its own run: other channels, undated submissions, places."""

from typing import Any

import pandas as pd
import sqlalchemy as sa
from frames import SPEC, publish_frames, rejected, submissions

from satukanal.store import Store, matching, read, runs
from schemas.store import submission

OTHER = SPEC.model_copy(update={"id": "lain", "title": "LAIN – Kanal yang Lain", "time_zone": "Asia/Jayapura"})


def merge(store: Store, run_id: str, *pairs: tuple[str, str]) -> None:
    """Judge these pairs (by key) the same, in this run."""
    with store.reading() as connection:
        uid: dict[str, Any] = dict(
            connection.execute(sa.select(submission.c.key, submission.c.submission_uid)).tuples().all()
        )
    judged = [(*sorted((uid[a], uid[b])), "same", 0.9, "[]") for a, b in pairs]
    result = matching.Matching(
        pd.DataFrame(judged, columns=["left", "right", "judgement", "score", "evidence"]),
        pd.DataFrame([(uid[key], uid[a]) for a, b in pairs for key in (a, b)], columns=["uid", "cluster"]),
        pd.DataFrame([], columns=["uid", "incident"]),
        "test-1",
    )
    matching.apply(store, run_id, "tester", sorted({uid[key] for pair in pairs for key in pair}), result)


def test_a_report_names_every_channel_of_the_store_and_its_time_zone(store: Store) -> None:
    runs.register_channel(store, OTHER, "0" * 64, "tester")
    *_, run_id = publish_frames(store, submissions({}))
    report = read.report(store, run_id)
    assert [channel["id"] for channel in report["channels"]] == ["contoh"]
    assert report["titles"] == {"contoh": "Contoh", "lain": "LAIN – Kanal yang Lain"}
    assert report["time_zones"]["lain"] == "Asia/Jayapura"


def test_undated_submissions_are_counted_in_a_month_of_their_own(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}, {"submitted_at": None, "submitted_local": None}))
    assert read.report(store, run_id)["months"] == [
        {"month": None, "channel": "contoh", "submissions": 1},
        {"month": "2024-04", "channel": "contoh", "submissions": 1},
    ]


def test_a_record_in_quarantine_says_where_it_lies(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}), quarantined=rejected('{"id": "9"}'))
    (row,) = read.report(store, run_id)["quarantine"]
    assert (row["object"], row["position"]) == ("o", "0")


def test_the_merges_of_the_run_stand_before_those_of_earlier_runs(store: Store) -> None:
    found = submissions({}, {}, {}, {})
    *_, first = publish_frames(store, found)
    merge(store, first, ("1", "2"))
    *_, second = publish_frames(store, found)
    merge(store, second, ("3", "4"))
    order = {run: [m["members"][0]["old_number"] or m["tracking_id"] for m in read.report(store, run)["merges"]]
             for run in (first, second)}  # fmt: skip
    assert len(order[first]) == 2
    assert order[first] == order[second][::-1]
