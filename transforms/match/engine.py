"""Matches fresh records against all that share a key with them: two decisions, *same* and *related*, never mixed.

What persons decided stands above the model; what the law protects stands above both: an anonymous report never enters a
cluster with a named one, a confidential one neither a cluster nor an incident with a public one.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms.match.candidates import Found, find_pairs
from transforms.match.cluster import Linkage, Spans, average_link, join_judged
from transforms.match.compare import Levels, find_levels
from transforms.match.keys import KINDS, WHISTLEBLOWING
from transforms.match.model import Model
from transforms.match.profile import Nodes, Profile, profile_records
from transforms.match.score import explain, probability, sum_weights

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MatchResult:
    """What a matching found.

    ``judgements``: left, right, judgement (``same``, ``related``, ``restricted``, ``unsure``), score (probability that
    this judgement holds; for ``unsure`` that the pair is the same or related, whichever is doubted), evidence (JSON).
    ``clusters``: uid, cluster for every record and every uid of the clusters given. ``incidents``: uid, incident, for
    records whose incident holds at least two clusters. ``oversized_keys``: kind, key, records, cap.
    """

    judgements: pd.DataFrame
    clusters: pd.DataFrame
    incidents: pd.DataFrame
    oversized_keys: pd.DataFrame


@dataclass(frozen=True)
class _Scored:
    """Pairs as positions in the profile, with their scores and the rules that bear on them."""

    left: Nodes
    right: Nodes
    same: npt.NDArray[np.float64]
    related: npt.NDArray[np.float64]
    private: Flags  # anonymous ↔ named, or confidential ↔ public
    confidential: Flags  # confidential ↔ public
    closed: Flags  # the earlier case was closed before the later was submitted


@dataclass(frozen=True)
class _Judged:
    """What persons decided, as pairs of positions."""

    same: list[tuple[int, int]]
    related: list[tuple[int, int]]
    apart: list[tuple[int, int]]  # different, or restricted: neither cluster nor incident
    asked: set[tuple[int, int]]  # every pair a person has looked at


def match(
    records: pd.DataFrame,
    keys: pd.DataFrame,
    fresh: Collection[str] | pd.Series,
    judgements: pd.DataFrame,
    clusters: pd.DataFrame,
    model: Model,
) -> MatchResult:
    """Match the uids in ``fresh`` among ``records`` (``RECORD_COLUMNS``: they and all that share a key with them).

    ``keys``: uid, kind, key, strong. ``judgements``: left, right, judgement, by; only those by ``person`` count, the
    model's own are found again. ``clusters``: uid, cluster and, where there are any, incident, as they are now: they
    stay together, and of two that join the one founded first keeps its id. Hand in whole clusters and incidents.
    Judgements come back for pairs with a fresh uid only, and not for pairs that a person has judged.
    """
    records = records[(records["type"] != WHISTLEBLOWING).to_numpy()]
    absent = clusters[~clusters["uid"].isin(records["uid"])]
    profile = profile_records(records)
    now = clusters.set_index("uid").reindex(profile.uid)
    case = now["cluster"].to_numpy(dtype=object)
    event = now["incident"].to_numpy(dtype=object) if "incident" in now else np.full(len(now), None, dtype=object)
    is_fresh = pd.Index(profile.uid, dtype=object).isin(list(fresh))
    neighbours = find_pairs(keys, records, is_fresh, model)
    around = _around(neighbours, is_fresh, _start(case), _start(event))
    found = neighbours if (around == is_fresh).all() else find_pairs(keys, records, around, model)
    met_at_ticket = found.kinds & (1 << KINDS.index("ticket")) > 0
    levels = find_levels(profile, found.left, found.right, met_at_ticket, model)
    scored = _score_pairs(found, levels, profile, model)
    judged = _judged(judgements, profile)

    standing_case, standing_event = _within_privacy(case, event, profile)
    case_of = _same_clusters(scored, judged, _start(standing_case), profile, model)
    event_of = _incidents(scored, judged, case_of, _start(standing_event), profile, model)
    rows, names, chance = _judge(scored, case_of, event_of, is_fresh, judged, model)
    out = pd.DataFrame({
        "left": pd.Series(profile.uid[scored.left[rows]], dtype="str"),
        "right": pd.Series(profile.uid[scored.right[rows]], dtype="str"),
        "judgement": pd.Series(names, dtype="str"),
        "score": chance,
        "evidence": pd.Series(explain({column: level[rows] for column, level in levels.items()}, model), dtype="str"),
    })  # fmt: skip
    case_ids = _ids(case_of, case, profile)
    renamed = {old: new for old, new in zip(case, case_ids, strict=True) if isinstance(old, str) and old == old}
    rest = absent["cluster"].map(renamed).fillna(absent["cluster"])
    all_clusters = pd.DataFrame({
        "uid": pd.Series([*profile.uid, *absent["uid"]], dtype="str"),
        "cluster": pd.Series([*case_ids, *rest], dtype="str"),
    })  # fmt: skip
    return MatchResult(out, all_clusters, _incident_frame(event_of, case_of, event, profile), neighbours.oversized_keys)


def _within_privacy(
    case: npt.NDArray[np.object_], event: npt.NDArray[np.object_], p: Profile
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Groups as they stand, cut where a member has since become anonymous or confidential: privacy outranks history."""

    def cut(group: npt.NDArray[np.object_], side: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        named = pd.Series(group).astype("str") + "|" + pd.Series(side).astype("str")
        return named.where(pd.notna(group), None).to_numpy(dtype=object)

    confidential = p.confidential.astype(np.int64)
    return cut(case, p.anonymous.astype(np.int64) * 2 + confidential), cut(event, confidential)


def _around(found: Found, is_fresh: Flags, case: Nodes, event: Nodes) -> Flags:
    """Fresh records, those they meet, and everybody in one cluster or incident with any of these."""
    around = is_fresh.copy()
    around[found.left] = around[found.right] = True
    return np.isin(case, case[around]) | np.isin(event, event[around])


def _score_pairs(found: Found, levels: dict[str, Levels], p: Profile, model: Model) -> _Scored:
    left, right = found.left, found.right
    sums = sum_weights(levels, model)
    earlier = np.where(p.submitted[left] <= p.submitted[right], left, right)
    later = np.maximum(p.submitted[left], p.submitted[right])
    confidential = p.confidential[left] != p.confidential[right]
    return _Scored(
        left,
        right,
        sums.same,
        sums.related,
        private=confidential | (p.anonymous[left] != p.anonymous[right]),
        confidential=confidential,
        # NaN: not known, so not closed. Whatever was closed meanwhile, one number of SP4N is one complaint.
        closed=(p.closed[earlier] < later) & ~((p.sp4n[left] == p.sp4n[right]) & (p.sp4n[left] >= 0)),
    )


def _judged(judgements: pd.DataFrame, p: Profile) -> _Judged:
    by_person = judgements[judgements["by"] == "person"]
    left, right = p.positions(by_person["left"]), p.positions(by_person["right"])
    pairs: dict[str, list[tuple[int, int]]] = {}
    for a, b, word in zip(left.tolist(), right.tolist(), by_person["judgement"], strict=True):
        if a >= 0 and b >= 0:
            pairs.setdefault(word, []).append((min(a, b), max(a, b)))
    return _Judged(
        pairs.get("same", []),
        pairs.get("related", []),
        pairs.get("different", []) + pairs.get("restricted", []),
        {pair for found in pairs.values() for pair in found},
    )


def _start(group: npt.NDArray[np.object_]) -> Nodes:
    """Per record the first position that has the same group id; records without one stand alone."""
    out = np.arange(len(group))
    known = pd.notna(group)
    code, _ = pd.factorize(group[known])
    if len(code):
        first = np.full(code.max() + 1, len(group))
        np.minimum.at(first, code, out[known])
        out[known] = first[code]
    return out


def _same_clusters(scored: _Scored, judged: _Judged, start: Nodes, p: Profile, model: Model) -> Nodes:
    """Clusters of one person's words about one problem. A person may reach over a closing, never over privacy."""
    private = p.anonymous * 2 + p.confidential
    together = [(a, b) for a, b in judged.same if private[a] == private[b]]
    start = join_judged(start, together, judged.apart + judged.related)
    forbidden = scored.private | scored.closed
    c = model.clusters
    return average_link(
        start,
        *_edges(scored, np.where(forbidden, -np.inf, scored.same), judged.apart + judged.related),
        Linkage(c.same_average, model.bands.same, c.missing, c.clip),
        Spans(np.where(np.isnan(p.submitted), -np.inf, p.submitted), np.where(np.isnan(p.closed), np.inf, p.closed)),
    )


def _incidents(scored: _Scored, judged: _Judged, case_of: Nodes, start: Nodes, p: Profile, model: Model) -> Nodes:
    """Clusters about one problem, by whomever, before or after a closing."""
    links = judged.same + judged.related
    together = [(a, b) for a, b in links if p.confidential[a] == p.confidential[b]]
    grouped = [(int(a), int(b)) for a, b in enumerate(case_of) if a != b]
    grouped += [(int(a), int(b)) for a, b in enumerate(start) if a != b]
    base = join_judged(np.arange(len(case_of)), together + grouped, judged.apart)
    never = np.full(len(base), np.inf)
    c = model.clusters
    return average_link(
        base,
        *_edges(scored, np.where(scored.confidential, -np.inf, scored.related), judged.apart),
        Linkage(c.related_average, model.bands.related, c.missing, c.clip),
        Spans(-never, never),
    )


def _edges(
    scored: _Scored, score: npt.NDArray[np.float64], apart: list[tuple[int, int]]
) -> tuple[Nodes, Nodes, npt.NDArray[np.float64]]:
    """The scored pairs, and those that a person holds apart as forbidden ones."""
    more = np.array(apart, dtype=np.int64).reshape(-1, 2)
    return (
        np.r_[scored.left, more[:, 0]],
        np.r_[scored.right, more[:, 1]],
        np.r_[score, np.full(len(more), -np.inf)],
    )


def _judge(
    s: _Scored, case_of: Nodes, event_of: Nodes, is_fresh: Flags, judged: _Judged, model: Model
) -> tuple[Nodes, npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Name the pairs worth keeping. A pair that its whole neighbourhood contradicts is a question, not an answer;
    a doubt that the clusters have settled is none.
    """
    bands = model.bands
    one_case, one_event = case_of[s.left] == case_of[s.right], event_of[s.left] == event_of[s.right]
    same, related = s.same >= bands.same, s.related >= bands.related
    restricted = (same & s.private & ~s.closed) | (related & s.confidential)
    doubt_same = (s.same >= bands.same_review) & ~s.private & ~s.closed & ~one_case
    doubt_related = (s.related >= bands.related_review) & ~one_event
    names = np.select(
        [restricted, same & one_case, same & ~s.closed & ~s.private, related & one_case, doubt_same,
         (related | (same & s.closed)) & one_event, doubt_related],
        ["restricted", "same", "unsure", "", "unsure", "related", "unsure"],
        default="",
    ).astype(object)  # fmt: skip
    by_same = np.isin(names, ["same", "restricted"]) | ((names == "unsure") & doubt_same)
    chance = probability(np.where(by_same & (s.same >= bands.same_review), s.same, s.related))
    rows = np.flatnonzero((names != "") & (is_fresh[s.left] | is_fresh[s.right]))
    if judged.asked:
        free = [(a, b) not in judged.asked for a, b in zip(s.left[rows].tolist(), s.right[rows].tolist(), strict=True)]
        rows = rows[np.array(free, dtype=bool)]
    return rows, names[rows], chance[rows]


def _ids(group: Nodes, current: npt.NDArray[np.object_], p: Profile) -> npt.NDArray[np.object_]:
    """The id of each record's group: of the ids its members bring along the one founded first, else the first member.

    A member's own uid counts as brought along where ``current`` says so. When a group was split, an id goes to the part
    that holds its founder.
    """
    order = np.lexsort((p.uid.astype(str), np.nan_to_num(p.submitted, nan=np.inf)))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    position = {uid: i for i, uid in enumerate(p.uid)}
    best: dict[int, tuple[int, int, str]] = {}
    for node in order.tolist():
        g, brought = int(group[node]), current[node]
        founder = position.get(brought) if isinstance(brought, str) else None
        if isinstance(brought, str) and (founder is None or group[founder] == g):
            bid = (0, int(rank[founder if founder is not None else node]), brought)
        else:
            bid = (1, int(rank[node]), p.uid[node])
        best[g] = min(best.get(g, bid), bid)
    taken: dict[str, int] = {}
    for g, bid in sorted(best.items(), key=lambda item: item[1]):
        if taken.setdefault(bid[2], g) != g:  # a founder that is gone cannot say which part is its own
            best[g] = (1, 0, next(p.uid[node] for node in order.tolist() if int(group[node]) == g))
    return np.array([best[int(g)][2] for g in group], dtype=object)


def _incident_frame(event_of: Nodes, case_of: Nodes, event: npt.NDArray[np.object_], p: Profile) -> pd.DataFrame:
    cases = pd.Series(case_of).groupby(event_of).transform("nunique").to_numpy()
    ids = _ids(event_of, event, p)
    rows = np.flatnonzero(cases >= 2) if len(cases) else np.empty(0, dtype=np.int64)
    return pd.DataFrame({"uid": pd.Series(p.uid[rows], dtype="str"), "incident": pd.Series(ids[rows], dtype="str")})
