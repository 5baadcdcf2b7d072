"""Adds weights up: one sum for *who*, one for *what*, and from both the odds that two records are the same.

The two sums are never mixed. *Related* asks for one problem; *same* asks for one problem **and** one person, and both
must be likely by themselves: a certain person cannot make up for a doubtful problem. That two reports of one person
speak of one street says little, for people complain of where they live; so for *same* the place counts in part only.
"""

import json
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms.match.compare import Levels, what_score
from transforms.match.model import WHAT, WHO, Model

Scores = npt.NDArray[np.float64]

_PLACE = ("place", "street", "rt_rw", "distance")


class Sums(NamedTuple):
    """Log-odds per pair."""

    same: Scores
    related: Scores


def sum_weights(levels: dict[str, Levels], model: Model) -> Sums:
    """``related``: one problem. ``same``: log-odds of p(one person) × p(one problem)."""
    what = what_score(levels, model).astype(np.float64)
    who = np.full(len(what), model.prior.who)
    for feature, names in WHO.items():
        who += _weights(model.who[feature], names)[levels[f"who.{feature}"]]
    near = np.zeros(len(what))
    for feature in _PLACE:
        near += np.maximum(0.0, _weights(model.what[feature], WHAT[feature]))[levels[f"what.{feature}"]]
    one_person = what - model.prior.what + model.prior.one_person - (1 - model.prior.own_street) * near
    return Sums(_both(who, one_person), what)


def _weights(given: dict[str, float], names: tuple[str, ...]) -> Scores:
    """Weights by level; level 0 is *unknown*."""
    return np.array([0.0, *(given[name] for name in names)])


def score(features: pd.DataFrame, model: Model) -> pd.DataFrame:
    """``left``, ``right``, ``same_score``, ``related_score`` (log-odds), ``evidence`` for what ``compare`` found.

    ``evidence`` is JSON: [[feature, level, weight], …], priors first; it is null where both scores are below review.
    """
    levels: dict[str, Levels] = {c: features[c].to_numpy(dtype=np.int8) for c in features.columns if "." in c}
    sums = sum_weights(levels, model)
    bands = model.bands
    rows = np.flatnonzero((sums.same >= bands.same_review) | (sums.related >= bands.related_review))
    text = np.full(len(features), None, dtype=object)
    text[rows] = explain({column: level[rows] for column, level in levels.items()}, model)
    return pd.DataFrame({
        "left": features["left"].to_numpy(),
        "right": features["right"].to_numpy(),
        "same_score": sums.same,
        "related_score": sums.related,
        "evidence": pd.Series(text, dtype="str"),
    })  # fmt: skip


def explain(levels: dict[str, Levels], model: Model) -> list[str]:
    """One line of evidence per pair: what was found, and what it weighed. Unknown features are left out."""
    priors = [json.dumps([f"{side}.prior", "", weight]) for side, weight in _priors(model)]
    lines = [list(priors) for _ in range(len(levels["what.place"]))]
    for column, found in levels.items():
        side, feature = column.split(".")
        weights = (model.what if side == "what" else model.who)[feature]
        names = (WHAT if side == "what" else WHO)[feature]
        entries = [json.dumps([column, name, weights[name]]) for name in names]
        for row in np.flatnonzero(found).tolist():
            lines[row].append(entries[found[row] - 1])
    return [f"[{', '.join(line)}]" for line in lines]


def _priors(model: Model) -> list[tuple[str, float]]:
    return [("what", model.prior.what), ("who", model.prior.who)]


def probability(log_odds: Scores) -> Scores:
    """Log-odds as a probability."""
    chance: Scores = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -50, 50)))
    return chance


def _both(one: Scores, other: Scores) -> Scores:
    """Log-odds that two independent things both hold: log(p q / (1 - p q)), written so that nothing cancels."""
    neither: Scores = np.exp(-np.clip(one + other, -100, 100))
    return -np.log(np.exp(-np.clip(one, -50, 50)) + np.exp(-np.clip(other, -50, 50)) + neither)
