"""The rules of matching, one sentence each."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from match_world import TUNED, World, as_records

from transforms.match import (
    DEFAULT_MODEL,
    RECORD_COLUMNS,
    MatchResult,
    ModelFileError,
    compare,
    emit_keys,
    load_model,
    match,
    pair_candidates,
    score,
)
from transforms.match.language import lexicon

MODEL = load_model(DEFAULT_MODEL)
NO_JUDGEMENTS = pd.DataFrame({"left": [], "right": [], "judgement": [], "by": []}, dtype="str")
NO_CLUSTERS = pd.DataFrame({"uid": [], "cluster": []}, dtype="str")
DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2024-03-01 08:00", tz="UTC")
HOLE = "Jalan Melati berlubang besar depan bengkel Barokah, dua pengendara sudah terperosok"
HOLE_AGAIN = "min di jln melati dpn bengkel barokah ada lobang dalam, pengendara terperosok lagi tadi malam"


def one(uid: str, day: float = 0, **change: object) -> dict[str, object]:
    """A report of a pothole by Kirana Maharani; change what a test is about."""
    return {
        "uid": uid, "channel": "super", "stream": "complaints", "submitted_at": START + day * DAY, "closed_at": pd.NaT,
        "region_code": "97.71", "district": "Awan", "village": "Satu Hati",
        "category": "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG", "type": "complaint", "status": "in_process",
        "text": HOLE, "name": "Kirana Maharani", "phone": "+6289901234567", "is_anonymous": False,
        "is_confidential": False,
    } | change  # fmt: skip


def other_person(uid: str, day: float = 0, **change: object) -> dict[str, object]:
    return one(uid, day, **{"name": "Taufik Siregar", "phone": "+6289907654321", "text": HOLE_AGAIN} | change)


def run(
    *rows: dict[str, object],
    fresh: set[str] | None = None,
    judgements: list[tuple[str, str, str, str]] | None = None,
    clusters: dict[str, str] | None = None,
) -> MatchResult:
    records = as_records(list(rows))
    keys = emit_keys(records).rename(columns={"value": "key"})
    decided = pd.DataFrame(judgements or [], columns=["left", "right", "judgement", "by"])
    current = pd.DataFrame({"uid": list(clusters or {}), "cluster": list((clusters or {}).values())}, dtype="str")
    return match(records, keys, fresh or set(records["uid"]), decided, current, MODEL)


def clusters(result: MatchResult) -> dict[str, str]:
    return dict(zip(result.clusters["uid"], result.clusters["cluster"], strict=True))


def incidents(result: MatchResult) -> dict[str, str]:
    return dict(zip(result.incidents["uid"], result.incidents["incident"], strict=True))


def judgement(result: MatchResult, left: str = "a", right: str = "b") -> str | None:
    found = result.judgements
    found = found[(found["left"] == left) & (found["right"] == right)]["judgement"]
    return found.iloc[0] if len(found) else None


# ---- same and related


def test_one_person_in_other_words_through_another_channel_is_the_same_complaint() -> None:
    result = run(one("a"), one("b", 2, channel="sigap", text=HOLE_AGAIN))
    assert clusters(result) == {"a": "a", "b": "a"}
    assert judgement(result) == "same"
    assert incidents(result) == {}


def test_two_citizens_about_one_pothole_are_related_and_never_merged() -> None:
    result = run(one("a"), other_person("b", 1))
    assert clusters(result) == {"a": "a", "b": "b"}
    assert judgement(result) == "related"
    assert incidents(result) == {"a": "a", "b": "a"}


def test_a_recurrence_after_closing_is_related_and_never_the_same() -> None:
    result = run(one("a", closed_at=START + 5 * DAY, status="closed"), one("b", 9, text=HOLE_AGAIN))
    assert clusters(result) == {"a": "a", "b": "b"}
    assert judgement(result) == "related"
    assert incidents(result) == {"a": "a", "b": "a"}


def test_a_case_closed_after_the_repeat_came_still_takes_it_in() -> None:
    result = run(one("a", closed_at=START + 5 * DAY), one("b", 2, text=HOLE_AGAIN))
    assert clusters(result)["b"] == "a"


def test_nothing_joins_a_cluster_across_the_closing_of_one_member() -> None:
    result = run(one("a", closed_at=START + 3 * DAY), one("b", 2), one("c", 4))
    assert not clusters(result)["a"] == clusters(result)["b"] == clusters(result)["c"]


def test_the_same_words_in_another_village_are_another_pothole() -> None:
    result = run(one("a"), other_person("b", 1, text=HOLE, village="Dua Sungai"))
    assert len(result.judgements) == 0


def test_one_person_with_another_problem_is_another_complaint() -> None:
    result = run(
        one("a"),
        one("b", 1, category="LINGKUNGAN HIDUP DAN KEHUTANAN > BANJIR", text="air masuk rumah tiap hujan deras"),
    )
    assert clusters(result)["b"] == "b"
    assert incidents(result) == {}


def test_that_one_person_complains_of_their_own_street_twice_says_little() -> None:
    dogs = one("b", 1, text="kawanan anjing tanpa pemilik mengejar anak di jalan Melati", category="TOPIK LAINNYA")
    result = run(one("a"), dogs)
    assert clusters(result)["b"] == "b"
    assert judgement(result) != "same"


def test_categories_that_citizens_confuse_do_not_keep_one_problem_apart() -> None:
    flood = {"text": "air hujan meluap dari got depan bengkel Barokah jalan Melati"}
    rows = [
        one("a", category="LINGKUNGAN HIDUP DAN KEHUTANAN > BANJIR", **flood),
        one("b", 1, category="PEKERJAAN UMUM DAN PENATAAN RUANG > DRAINASE (GORONG-GORONG/PARIT)", **flood),
    ]
    assert clusters(run(*rows))["b"] == "a"


def test_a_household_with_one_surname_and_one_street_stays_two_people() -> None:
    result = run(one("a", name="Kirana Maharani"), one("b", 1, name="Rangga Maharani", phone="+6289907654321"))
    assert clusters(result)["b"] == "b"
    assert judgement(result) == "related"


def test_two_people_on_one_telephone_are_a_question_for_a_clerk() -> None:
    result = run(one("a"), one("b", 1, name="Rangga Prakoso", text=HOLE_AGAIN))
    assert clusters(result)["b"] == "b"
    assert judgement(result) == "unsure"


def test_a_short_text_inside_a_longer_one_proves_nothing() -> None:
    short = other_person("b", 1, text="jalan rusak tolong diperbaiki", village=None, district=None)
    assert judgement(run(one("a"), short)) is None


def test_a_campaign_of_one_text_with_differing_nik_is_many_people() -> None:
    rows = [
        one(
            f"u{n}", n / 10, name=None, phone=None, nik=f"97710101900{n}000{n}", text=f"{HOLE} NIK 97710101900{n}000{n}"
        )
        for n in range(1, 6)
    ]
    result = run(*rows)
    assert set(clusters(result).values()) == {"u1", "u2", "u3", "u4", "u5"}
    assert set(incidents(result).values()) == {"u1"}


# ---- what the law protects


@pytest.mark.parametrize("mark", ["is_anonymous", "is_confidential"])
def test_what_would_be_the_same_is_restricted_where_one_side_hides(mark: str) -> None:
    result = run(one("a"), one("b", 1, **{mark: True}))
    assert clusters(result) == {"a": "a", "b": "b"}
    assert judgement(result) == "restricted"


def test_a_confidential_report_shares_no_incident_with_a_public_one() -> None:
    result = run(one("a"), other_person("b", 1, is_confidential=True))
    assert judgement(result) == "restricted"
    assert incidents(result) == {}


@pytest.mark.parametrize("mark", ["is_anonymous", "is_confidential"])
def test_a_member_that_has_come_to_hide_leaves_its_complaint(mark: str) -> None:
    stood = {"a": "a", "b": "a"}
    for rows in ([one("a"), one("b", 1, **{mark: True})], [one("a", **{mark: True}), one("b", 1)]):
        result = run(*rows, clusters=stood)
        assert clusters(result) == {"a": "a", "b": "b"}
        assert judgement(result) == "restricted"


def test_privacy_cuts_a_complaint_whose_founder_is_gone() -> None:
    result = run(one("b", 1), one("c", 2, is_anonymous=True), clusters={"b": "a", "c": "a"})
    assert clusters(result)["b"] != clusters(result)["c"]


def test_a_member_that_has_become_confidential_leaves_its_incident() -> None:
    records = as_records([one("a"), other_person("b", 1, is_confidential=True)])
    keys = emit_keys(records).rename(columns={"value": "key"})
    stood = pd.DataFrame({"uid": ["a", "b"], "cluster": ["a", "b"], "incident": ["a", "a"]}, dtype="str")
    nothing = pd.DataFrame([], columns=["left", "right", "judgement", "by"])
    assert incidents(match(records, keys, {"b"}, nothing, stood, MODEL)) == {}


def test_not_even_a_person_merges_an_anonymous_report_with_a_named_one() -> None:
    result = run(one("a"), one("b", 1, is_anonymous=True), judgements=[("a", "b", "same", "person")])
    assert clusters(result) == {"a": "a", "b": "b"}


def test_two_anonymous_reports_of_one_telephone_may_merge() -> None:
    hidden = {"is_anonymous": True, "name": None}
    assert clusters(run(one("a", **hidden), one("b", 1, **hidden)))["b"] == "a"


def test_whistle_blower_reports_get_no_keys_and_enter_no_matching() -> None:
    rows = [one("a", type="whistleblowing"), one("b", 1)]
    assert set(emit_keys(as_records(rows))["uid"]) == {"b"}
    result = run(*rows)
    assert clusters(result) == {"b": "b"}
    assert len(result.judgements) == 0


# ---- persons


def test_a_persons_no_is_respected() -> None:
    result = run(one("a"), one("b", 1), judgements=[("a", "b", "different", "person")])
    assert clusters(result) == {"a": "a", "b": "b"}
    assert judgement(result) is None
    assert incidents(result) == {}


def test_a_persons_yes_merges_what_the_model_would_not() -> None:
    rows = [one("a"), one("b", 400, text="lampu mati", name="Umi Hakim", phone=None, village=None)]
    assert clusters(run(*rows))["b"] == "b"
    assert clusters(run(*rows, judgements=[("a", "b", "same", "person")]))["b"] == "a"


def test_a_persons_related_links_and_does_not_merge() -> None:
    result = run(one("a"), one("b", 1), judgements=[("a", "b", "related", "person")])
    assert clusters(result) == {"a": "a", "b": "b"}
    assert incidents(result) == {"a": "a", "b": "a"}


def test_a_judgement_by_the_model_binds_nobody() -> None:
    result = run(one("a"), one("b", 1), judgements=[("a", "b", "different", "model")])
    assert clusters(result)["b"] == "a"


def test_a_persons_no_splits_a_cluster_and_the_founders_part_keeps_the_id() -> None:
    now = {"a": "a", "b": "a", "c": "c"}
    rows = [one("a"), one("b", 1), other_person("c", 60, village="Dua Sungai")]
    result = run(*rows, fresh={"c"}, clusters=now, judgements=[("a", "b", "different", "person")])
    assert clusters(result) == {"a": "a", "b": "b", "c": "c"}


# ---- ids


def test_the_cluster_id_is_the_earliest_member_and_ties_go_to_the_smaller_uid() -> None:
    assert set(clusters(run(one("b", 0), one("a", 1))).values()) == {"b"}
    assert set(clusters(run(one("b", 0), one("a", 0))).values()) == {"a"}


def test_an_existing_cluster_id_survives_a_new_member() -> None:
    result = run(one("a"), one("b", 1), one("c", 2), fresh={"c"}, clusters={"a": "b", "b": "b"})
    assert set(clusters(result).values()) == {"b"}


def test_when_two_clusters_join_the_one_founded_first_survives() -> None:
    now = {"a": "a", "b": "a", "c": "c", "d": "c"}
    rows = [one("c", 0), one("d", 1), one("a", 2), one("b", 3), one("e", 4)]
    assert set(clusters(run(*rows, fresh={"e"}, clusters=now)).values()) == {"c"}


def test_members_that_are_not_at_hand_follow_their_cluster() -> None:
    result = run(one("a"), one("c", -1), fresh={"c"}, clusters={"a": "a", "far": "a", "c": "c"})
    assert clusters(result) == {"a": "c", "c": "c", "far": "c"}


# ---- keys and candidates


def kinds_of(rows: list[dict[str, object]], fresh: set[str] | None = None) -> list[str]:
    records = as_records(rows)
    keys = emit_keys(records).rename(columns={"value": "key"})
    found = pair_candidates(keys, records, fresh or set(records["uid"]), MODEL).pairs
    return [str(k) for k in found["kinds"]]


def test_weak_keys_reach_only_as_far_as_their_window() -> None:
    assert kinds_of([one("a"), other_person("b", 5)]) != []
    assert kinds_of([one("a"), other_person("b", 90)]) == []


def test_backlog_keyed_in_again_years_later_meets_by_text_and_person() -> None:
    assert "text_person" in kinds_of([one("a"), one("b", 900)])[0].split()


def test_a_quoted_ticket_number_finds_its_complaint_after_years() -> None:
    rows = [one("a", old_numbers="SPR-2024-00017"), one("b", 800, quoted_numbers="SPR-2024-00017", text="belum beres")]
    assert "ticket" in kinds_of(rows)[0].split()
    assert clusters(run(*rows))["b"] == "a"


def test_without_a_date_only_strong_keys_are_emitted() -> None:
    keys = emit_keys(as_records([one("a", submitted_at=pd.NaT)]))
    assert len(keys) > 0
    assert keys["strong"].all()
    assert kinds_of([one("a", submitted_at=pd.NaT), one("b", 3)]) == ["text_person"]


def test_a_pair_needs_a_fresh_uid() -> None:
    rows = [one("a"), one("b", 1), one("c", 2)]
    records = as_records(rows)
    keys = emit_keys(records).rename(columns={"value": "key"})
    pairs = pair_candidates(keys, records, {"c"}, MODEL).pairs
    assert list(zip(pairs["left"], pairs["right"], strict=True)) == [("a", "c"), ("b", "c")]


def test_a_key_that_grew_too_common_is_capped_and_reported() -> None:
    rows = [other_person(f"u{n:03}", n / 100, name=None, phone=None) for n in range(100)]
    records = as_records(rows)
    keys = emit_keys(records).rename(columns={"value": "key"})
    found = pair_candidates(keys, records, records["uid"], MODEL)
    assert "village_category" in set(found.oversized_keys["kind"])
    assert found.oversized_keys["records"].max() == 100
    assert len(found.pairs) < 100 * 99 / 2
    assert len(run(*rows).oversized_keys) == len(found.oversized_keys)


def test_keys_of_a_record_do_not_depend_on_its_company() -> None:
    records, _ = World(3, TUNED).populate(50).frames()
    alone = emit_keys(records.head(1))
    together = emit_keys(records)
    of_first = together[together["uid"] == records["uid"].iloc[0]]
    assert sorted(alone["kind"] + alone["value"]) == sorted(of_first["kind"] + of_first["value"])


def test_no_key_is_emitted_for_what_is_missing() -> None:
    bare = dict.fromkeys(RECORD_COLUMNS) | {"uid": "a", "text": "halo", "type": "complaint", "submitted_at": START}
    assert len(emit_keys(as_records([bare]))) == 0


def test_an_empty_store_and_an_empty_batch_match_to_nothing() -> None:
    result = run()
    assert [len(f) for f in (result.judgements, result.clusters, result.incidents, result.oversized_keys)] == [0] * 4


# ---- evidence and model


def test_the_weights_of_the_evidence_add_up_to_the_scores() -> None:
    records = as_records([one("a"), other_person("b", 1)])
    keys = emit_keys(records).rename(columns={"value": "key"})
    pairs = pair_candidates(keys, records, records["uid"], MODEL).pairs
    row = score(compare(pairs, records, MODEL), MODEL).iloc[0]
    what = [weight for feature, _, weight in json.loads(row["evidence"]) if feature.startswith("what.")]
    assert sum(what) == pytest.approx(row["related_score"], abs=1e-4)


def test_every_judgement_has_evidence_and_a_probability() -> None:
    result = run(one("a"), one("b", 1), other_person("c", 1))
    assert result.judgements["score"].between(0, 1).all()
    assert all(len(json.loads(e)) > 3 for e in result.judgements["evidence"])


def test_evidence_and_oversized_keys_hold_no_personal_values() -> None:
    result = run(one("a"), one("b", 1))
    text = result.judgements.to_csv()
    assert not any(word in text for word in ("Kirana", "kirana", "+62899", "Melati", "melati"))


def test_a_model_file_that_lacks_a_level_is_refused_with_the_name_of_it(tmp_path: Path) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(DEFAULT_MODEL.read_text().replace("    slip: 2.5", "    slipp: 2.5"))
    with pytest.raises(ModelFileError, match=r"who\.phone.*'slip'.*'slipp'"):
        load_model(file)


def test_a_model_file_that_is_no_yaml_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "model.yaml"
    file.write_text("version: [")
    with pytest.raises(ModelFileError) as caught:
        load_model(file)
    assert "\n" not in str(caught.value)


# ---- language


@pytest.mark.parametrize(
    ("written", "folded"),
    [("jln", "jalan"), ("tlg", "tolong"), ("gak", "tidak"), ("udh", "sudah"), ("tolooong", "tolong"),
     ("berlubang2", "lubang"), ("lampunya", "lampu"), ("sekolah", "sekolah"), ("pju", "lampu")],
)  # fmt: skip
def test_slang_is_folded(written: str, folded: str) -> None:
    assert lexicon().fold(written) == folded


@pytest.mark.parametrize(
    ("written", "folded"),
    [("Bpk. H. Moh. Rizki S.", "muhammad rizki"), ("Hamba Allah", ""), ("IBU SITI AMINAH, S.Pd", "siti aminah")],
)
def test_names_lose_titles_and_placeholders(written: str, folded: str) -> None:
    assert lexicon().fold_name(written) == folded


@given(st.text(max_size=30))
def test_folding_any_name_twice_changes_nothing(name: str) -> None:
    once = lexicon().fold_name(name)
    assert lexicon().fold_name(once) == once


# ---- properties


@settings(max_examples=12, deadline=None)
@given(world=st.integers(0, 10_000), shuffle=st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(world: int, shuffle: int) -> None:
    records, _ = World(world, TUNED).populate(60, days=60).frames()
    mixed = records.sample(frac=1, random_state=shuffle)
    results = []
    for frame in (records, mixed):
        keys = emit_keys(frame).rename(columns={"value": "key"})
        results.append(match(frame, keys, frame["uid"], NO_JUDGEMENTS, NO_CLUSTERS, MODEL))
    for name in ("judgements", "clusters", "incidents", "oversized_keys"):
        one, other = (getattr(r, name).reset_index(drop=True) for r in results)
        pd.testing.assert_frame_equal(one, other)


@settings(max_examples=12, deadline=None)
@given(world=st.integers(0, 10_000), hidden=st.lists(st.booleans(), min_size=60, max_size=60))
def test_no_cluster_ever_mixes_anonymous_and_named(world: int, hidden: list[bool]) -> None:
    records, _ = World(world, TUNED).populate(60, days=20).frames()
    records = records.head(60).assign(is_anonymous=hidden)
    keys = emit_keys(records).rename(columns={"value": "key"})
    result = match(records, keys, records["uid"], NO_JUDGEMENTS, NO_CLUSTERS, MODEL)
    cluster = records["uid"].map(result.clusters.set_index("uid")["cluster"])
    assert records.groupby(cluster)["is_anonymous"].nunique().max() == 1


@settings(max_examples=8, deadline=None)
@given(world=st.integers(0, 10_000))
def test_an_unrelated_record_changes_nothing(world: int) -> None:
    records, _ = World(world, TUNED).populate(60, days=60).frames()
    stranger = as_records([one("zz", 5000, name="Umi Lubis", phone=None, text="pagar sekolah miring", village="Jauh")])
    more = pd.concat([records, stranger], ignore_index=True)
    results = []
    for frame in (records, more):
        keys = emit_keys(frame).rename(columns={"value": "key"})
        results.append(match(frame, keys, frame["uid"], NO_JUDGEMENTS, NO_CLUSTERS, MODEL))
    pd.testing.assert_frame_equal(results[0].judgements, results[1].judgements)
    pd.testing.assert_frame_equal(results[0].incidents, results[1].incidents)
