"""How good matching is, measured on an invented world whose truth is known, in phrasings the weights never saw."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from match_world import UNSEEN, World, as_records, pair_quality

from transforms.match import DEFAULT_MODEL, MatchResult, emit_keys, load_model, match
from transforms.match.compare import shared_weight
from transforms.match.language import tokenise, word_sets

MODEL = load_model(DEFAULT_MODEL)
NO_JUDGEMENTS = pd.DataFrame({"left": [], "right": [], "judgement": [], "by": []}, dtype="str")
NO_CLUSTERS = pd.DataFrame({"uid": [], "cluster": []}, dtype="str")


def match_all(records: pd.DataFrame) -> MatchResult:
    keys = emit_keys(records).rename(columns={"value": "key"})
    return match(records, keys, records["uid"], NO_JUDGEMENTS, NO_CLUSTERS, MODEL)


@pytest.fixture(scope="module")
def matched() -> tuple[pd.DataFrame, pd.DataFrame, MatchResult]:
    records, truth = World(2024, UNSEEN).populate(3000).frames()
    return records, truth.set_index("uid"), match_all(records)


def test_merging_is_almost_never_wrong_and_finds_most_repeats(matched) -> None:
    _, truth, result = matched
    precision, recall = pair_quality(result.clusters.set_index("uid")["cluster"], truth["same"])
    assert precision >= 0.98
    assert recall >= 0.85


def test_incidents_gather_the_citizens_of_one_problem_and_few_others(matched) -> None:
    _, truth, result = matched
    incidents = result.clusters.set_index("uid")["cluster"]
    incidents = incidents.mask(incidents.index.isin(result.incidents["uid"])).fillna(
        result.incidents.set_index("uid")["incident"]
    )
    precision, recall = pair_quality(incidents, truth["incident"])
    assert precision >= 0.9
    assert recall >= 0.75


def test_clusters_do_not_chain(matched) -> None:
    _, truth, result = matched
    largest = result.incidents["incident"].value_counts().iloc[0]
    assert largest <= 2 * truth["incident"].value_counts().iloc[0]


def test_no_cluster_mixes_anonymous_and_named_in_the_whole_world(matched) -> None:
    records, _, result = matched
    cluster = records["uid"].map(result.clusters.set_index("uid")["cluster"])
    assert records.groupby(cluster)["is_anonymous"].nunique().max() == 1


def test_every_record_is_in_exactly_one_cluster_and_the_id_is_a_members_uid(matched) -> None:
    records, _, result = matched
    assert sorted(result.clusters["uid"]) == sorted(records["uid"])
    founders = result.clusters[result.clusters["uid"] == result.clusters["cluster"]]
    assert set(founders["cluster"]) == set(result.clusters["cluster"])


def test_an_incident_holds_all_members_of_its_clusters_and_at_least_two_clusters(matched) -> None:
    _, _, result = matched
    incident = result.clusters["uid"].map(result.incidents.set_index("uid")["incident"])
    assert incident.fillna("none").groupby(result.clusters["cluster"]).nunique().max() == 1
    assert result.clusters["cluster"].groupby(incident).nunique().min() >= 2


def test_splitting_a_load_in_two_gives_what_one_load_gives() -> None:
    records, _ = World(7, UNSEEN).populate(600).frames()
    whole = match_all(records)
    first = records.sort_values("submitted_at").head(300)
    before = match_all(first)
    now = before.clusters.merge(before.incidents, on="uid", how="left")
    keys = emit_keys(records).rename(columns={"value": "key"})
    after = match(records, keys, set(records["uid"]) - set(first["uid"]), NO_JUDGEMENTS, now, MODEL)
    for whole_groups, groups in ((whole.clusters, after.clusters), (whole.incidents, after.incidents)):
        joined = whole_groups.merge(groups, on="uid", how="outer").fillna("none")
        differing = (joined.iloc[:, 1] != joined.iloc[:, 2]).sum()
        assert differing <= 0.01 * len(records)


def real_texts() -> Path | None:
    """Real customer complaints, read where they lie; they are not part of the project."""
    given = os.environ.get("SATUKANAL_REAL_DATA")
    folder = Path(given) if given else Path(__file__).parents[3] / "shared" / "real"
    return folder / "stif_complaints" if (folder / "stif_complaints").is_dir() else None


if FOLDER := real_texts():

    def test_folded_words_tell_real_paraphrases_from_strangers() -> None:
        texts = pd.read_parquet(FOLDER / "records.parquet").set_index("id")["text"]
        pairs = pd.read_parquet(FOLDER / "pairs.parquet")
        a, b = texts[pairs["id1"]].reset_index(drop=True), texts[pairs["id2"]].reset_index(drop=True)
        strangers = b.sample(frac=1, random_state=1).reset_index(drop=True)
        sets = word_sets(tokenise(pd.concat([a, b, strangers], ignore_index=True)), 3 * len(a), 24)
        rows = np.arange(len(a))

        def share(block: int) -> np.ndarray:
            norm = np.sqrt(sets.total[rows] * sets.total[rows + block * len(a)])
            return shared_weight(sets, rows, rows + block * len(a)) / np.maximum(norm, 1e-6)

        paraphrase_scores_higher = (share(1)[:, None] > share(2)[None, :]).mean()
        assert paraphrase_scores_higher >= 0.97


def test_the_helper_frame_has_the_stores_dtypes() -> None:
    frame = as_records(World(1, UNSEEN).populate(5).rows)
    assert str(frame["submitted_at"].dtype) == "datetime64[us, UTC]"
    assert frame["is_anonymous"].dtype == bool
