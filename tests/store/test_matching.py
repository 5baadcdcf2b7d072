"""What the store keeps of a matching: aliases, incidents, judgements, neighbours. On both databases."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from frames import events, publish_frames, submissions

from satukanal.store import Store, crosswalk, matching, read, reconcile
from schemas.store import complaint, complaint_alias, judgement, submission


def uids(store: Store) -> dict[str, str]:
    with store.reading() as connection:
        return dict(connection.execute(sa.select(submission.c.key, submission.c.submission_uid)).tuples().all())


def apply(store: Store, run_id: str, clusters: dict[str, str], **found: Any) -> None:
    """Apply a matching that speaks of keys instead of uids."""
    known = uids(store)
    incidents = found.get("incidents", {})
    judged = [(known[left], known[right], kind, 0.9, "[]") for left, right, kind in found.get("judgements", [])]
    result = matching.Matching(
        pd.DataFrame([(min(a, b), max(a, b), *rest) for a, b, *rest in judged],
                     columns=["left", "right", "judgement", "score", "evidence"]),
        pd.DataFrame([(known[a], known[b]) for a, b in clusters.items()], columns=["uid", "cluster"]),
        pd.DataFrame([(known[a], known[b]) for a, b in incidents.items()], columns=["uid", "incident"]),
        "test-1",
    )  # fmt: skip
    matching.apply(store, run_id, "tester", sorted(known.values()), result)


def totals(store: Store) -> dict[str, int]:
    with store.reading() as connection:
        return matching.counts(connection)


def tracking(store: Store, key: str) -> str:
    return str(crosswalk.find(store, key, "contoh")[0]["tracking_id"])


def test_a_merge_is_an_alias_and_a_split_takes_it_back(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}, {}, {}))
    before = {key: tracking(store, key) for key in "123"}
    apply(store, run_id, {"1": "1", "2": "1", "3": "3"})
    assert (totals(store)["complaints"], totals(store)["merged"]) == (2, 1)
    assert tracking(store, "2") == before["1"]
    with store.reading() as connection:
        (alias,) = connection.execute(sa.select(complaint_alias)).all()
    assert (alias.tracking_id, alias.complaint_uid, alias.until_at) == (before["2"], uids(store)["1"], None)
    apply(store, run_id, {"1": "1", "2": "2", "3": "3"})
    assert {key: tracking(store, key) for key in "123"} == before
    with store.reading() as connection:
        assert connection.scalar(sa.select(complaint_alias.c.until_at)) is not None
    assert reconcile.reconcile(store, run_id)


@pytest.mark.parametrize("gone", ["1", "2", "3"])
def test_numbers_add_up_when_a_merged_submission_is_withdrawn(store: Store, gone: str) -> None:
    *_, run_id = publish_frames(store, submissions({}, {}, {}, {}))
    apply(store, run_id, {"1": "1", "2": "1", "3": "1", "4": "4"})
    left = submissions({}, {}, {}, {})
    *_, run_id = publish_frames(store, left[left["key"] != gone].reset_index(drop=True))
    assert reconcile.reconcile(store, run_id)
    assert (totals(store)["submissions"], totals(store)["complaints"], totals(store)["merged"]) == (3, 2, 1)
    assert tracking(store, gone) == tracking(store, "1")
    assert read.report(store, run_id)["store"]["complaints"] == 2


def test_an_incident_keeps_its_id_and_two_that_meet_become_one(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}, {}, {}, {}))
    alone = {key: key for key in "1234"}
    apply(store, run_id, alone, incidents={"1": "1", "2": "1"})
    apply(store, run_id, {"3": "3", "4": "4"}, incidents={"3": "3", "4": "3"})
    assert totals(store)["incidents"] == 2
    apply(store, run_id, alone, incidents={"1": "1", "2": "1", "3": "1", "4": "1"})
    assert totals(store)["incidents"] == 1
    with store.reading() as connection:
        assert len(set(connection.scalars(sa.select(complaint.c.incident_uid)))) == 1


def test_a_complaint_that_was_looked_at_and_has_no_incident_any_more_is_unlinked(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}, {}, {}))
    alone = {key: key for key in "123"}
    apply(store, run_id, alone, incidents={"1": "1", "2": "1", "3": "1"})
    apply(store, run_id, alone, incidents={"1": "1", "2": "1"})
    with store.reading() as connection:
        linked = connection.scalars(sa.select(complaint.c.complaint_uid).where(complaint.c.incident_uid.is_not(None)))
        assert set(linked) == {uids(store)["1"], uids(store)["2"]}


def test_a_judgement_that_the_model_no_longer_holds_is_withdrawn(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}, {}))
    alone = {"1": "1", "2": "2"}
    apply(store, run_id, alone, judgements=[("1", "2", "related")])
    apply(store, run_id, alone)
    assert totals(store)["related"] == 0


def test_a_changed_mind_withdraws_the_old_judgement_and_the_same_one_adds_nothing(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}, {}))
    alone = {"1": "1", "2": "2"}
    for kind in ("unsure", "unsure", "related"):
        apply(store, run_id, alone, judgements=[("1", "2", kind)])
    with store.reading() as connection:
        rows = connection.execute(sa.select(judgement).order_by(judgement.c.judgement_id)).all()
    assert [(r.judgement, r.withdrawn_at is None) for r in rows] == [("unsure", False), ("related", True)]
    assert (totals(store)["review"], totals(store)["related"]) == (0, 1)


def keys_of(store: Store, *pairs: tuple[str, str, bool]) -> pd.DataFrame:
    known = uids(store)
    rows = [(known[key], "phone", value, strong) for key, value, strong in pairs]
    return pd.DataFrame(rows, columns=["uid", "kind", "value", "strong"])


def test_neighbours_share_a_key_weak_ones_within_a_window_only(store: Store) -> None:
    def at(day: int) -> dict[str, Any]:
        return {"submitted_at": datetime(2024, 1, 1, tzinfo=UTC) + pd.Timedelta(days=day)}

    *_, run_id = publish_frames(store, submissions(at(0), at(5), at(300), at(300)))
    known = uids(store)
    old = [known[key] for key in "1234"]
    keys = keys_of(store, ("1", "a", False), ("2", "b", False), ("3", "a", False), ("4", "c", True))
    matching.neighbourhood(store, run_id, matching.records(store, old), keys, 60)
    apply(store, run_id, {key: key for key in "1234"})

    *_, run_id = publish_frames(store, submissions(at(0), at(5), at(300), at(300), at(10)))
    fresh = matching.fresh_uids(store)
    assert fresh == [uids(store)["5"]]
    keys = keys_of(store, ("5", "a", False), ("5", "c", True))
    around = matching.neighbourhood(store, run_id, matching.records(store, fresh), keys, 60)
    assert set(around.records["uid"]) == {uids(store)[key] for key in "145"}


def test_a_key_cannot_be_read_from_the_store(store: Store) -> None:
    *_, run_id = publish_frames(store, submissions({}))
    keys = keys_of(store, ("1", "+6281200000001", False))
    matching.neighbourhood(store, run_id, matching.records(store, uids(store).values()), keys, 60)
    apply(store, run_id, {"1": "1"})
    with store.reading() as connection:
        rows = connection.execute(sa.text("SELECT * FROM match_key")).all()
    assert len(rows) == 1
    assert "6281200000001" not in str(rows)


def test_what_matching_sees_is_what_came_in_and_when_it_was_closed(store: Store) -> None:
    closing = {"key": "1", "status": "closed", "occurred_at": datetime(2024, 5, 2, tzinfo=UTC)}
    publish_frames(store, submissions({"status": "closed", "reporter_name": "Warga Satu"}, {}), events(closing))
    seen = matching.records(store, uids(store).values()).set_index("uid")
    first = seen.loc[uids(store)["1"]]
    assert (first["name"], first["phone"]) == ("Warga Satu", "+6281200000001")
    assert first["closed_at"] == pd.Timestamp("2024-05-02", tz="UTC")
    assert pd.isna(seen.loc[uids(store)["2"], "closed_at"])
