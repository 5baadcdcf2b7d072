"""Joins records on their keys: who is to be compared with whom.

Within a key the records lie in order of time and each meets its next neighbours only, up to a window and a cap. So the
work grows with the records, not with their square, and a key that grew too common is told of instead of obeyed.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms.match.keys import KINDS
from transforms.match.model import Model

Nodes = npt.NDArray[np.int64]

_DAY = 86_400.0
_NEVER = np.float64(4e18)  # stands for a missing date: after everything, and seen by keys without a window only


class Candidates(NamedTuple):
    """Pairs (``left``, ``right``, ``kinds``: names of the shared kinds, by blanks) and what the caps cut off."""

    pairs: pd.DataFrame
    oversized_keys: pd.DataFrame  # kind, key, records, cap


class Found(NamedTuple):
    """The same as positions in the sorted uids. Bit n of ``kinds`` stands for ``KINDS[n]``."""

    left: Nodes
    right: Nodes
    kinds: Nodes
    oversized_keys: pd.DataFrame


def pair_candidates(
    keys: pd.DataFrame, records: pd.DataFrame, fresh: Collection[str] | pd.Series, params: Model
) -> Candidates:
    """All pairs with ``left < right`` that share a key, lie within its window and hold at least one fresh uid.

    ``keys``: uid, kind, key, strong. A capped record keeps the neighbours nearest in time; what a cap cuts off here may
    still be found by another key.
    """
    uids = np.sort(records["uid"].to_numpy(dtype=object))
    found = find_pairs(keys, records, pd.Index(uids, dtype=object).isin(list(fresh)), params)
    masks, inverse = np.unique(found.kinds, return_inverse=True)
    words = [" ".join(k for i, k in enumerate(KINDS) if mask >> i & 1) for mask in masks.tolist()]
    pairs = pd.DataFrame({
        "left": pd.Series(uids[found.left], dtype="str"),
        "right": pd.Series(uids[found.right], dtype="str"),
        "kinds": pd.Categorical.from_codes(inverse.tolist(), categories=pd.Index(words, dtype="str")),
    })  # fmt: skip
    return Candidates(pairs, found.oversized_keys)


def find_pairs(keys: pd.DataFrame, records: pd.DataFrame, is_fresh: npt.NDArray[np.bool_], params: Model) -> Found:
    """``pair_candidates`` by position: ``is_fresh`` and the result count along the sorted uids of ``records``."""
    index = pd.Index(np.sort(records["uid"].to_numpy(dtype=object)), dtype=object)
    time = pd.Series(_seconds(records["submitted_at"]), index=records["uid"].to_numpy(dtype=object))[index].to_numpy()
    node = index.get_indexer(pd.Index(keys["uid"], dtype=object)).astype(np.int64)
    known = node >= 0
    known[known] &= keys["strong"].to_numpy(dtype=bool)[known] | (time[node[known]] < _NEVER)
    keys, node = keys[known], node[known]
    kind = pd.Index(KINDS).get_indexer(pd.Index(keys["kind"])).astype(np.int64)
    key = pd.factorize(keys["key"].to_numpy(dtype=object))[0].astype(np.int64)
    group = pd.factorize(key * len(KINDS) + kind)[0].astype(np.int64)
    busy = (np.bincount(group) > 1) & (np.bincount(group, weights=is_fresh[node]) > 0)
    row = np.flatnonzero(busy[group])
    row = row[np.lexsort((node[row], time[node[row]], group[row]))]
    left, right, bits, cut = _slide(node[row], kind[row], group[row], time[node[row]], is_fresh, params)
    capped = np.flatnonzero(np.isin(group[row], np.unique(group[row][cut])))
    return Found(*_unite(left, right, bits, len(index)), _oversized(keys.iloc[row[capped]], params))


def _seconds(column: pd.Series) -> npt.NDArray[np.float64]:
    seconds = column.astype("datetime64[us, UTC]").astype("int64").to_numpy(dtype=np.float64) / 1e6
    seconds[column.isna().to_numpy()] = _NEVER
    return seconds


def _slide(
    node: Nodes,
    kind: Nodes,
    group: Nodes,
    time: npt.NDArray[np.float64],
    is_fresh: npt.NDArray[np.bool_],
    params: Model,
) -> tuple[Nodes, Nodes, Nodes, Nodes]:
    """Pair each position with the 1st, 2nd, 3rd … one after it while key, window and cap allow."""
    rules = [params.keys[k] for k in KINDS]
    window = np.array([np.inf if r.window_days is None else r.window_days * _DAY for r in rules])[kind]
    cap = np.array([r.cap for r in rules])[kind]
    lefts, rights, bits, cuts = [], [], [], []
    active = np.arange(len(node) - 1)
    step = 1
    while len(active):
        active = active[active + step < len(node)]
        other = active + step
        active = active[(group[other] == group[active]) & (time[other] - time[active] <= window[active])]
        cuts.append(active[cap[active] < step])
        active = active[cap[active] >= step]
        a, b = node[active], node[active + step]
        wanted = (is_fresh[a] | is_fresh[b]) & (a != b)
        lefts.append(np.minimum(a, b)[wanted])
        rights.append(np.maximum(a, b)[wanted])
        bits.append(np.int64(1) << kind[active][wanted])
        step += 1
    nothing = np.empty(0, dtype=np.int64)
    left, right, kinds, cut = (np.concatenate([nothing, *parts]) for parts in (lefts, rights, bits, cuts))
    return left, right, kinds, cut


def _unite(left: Nodes, right: Nodes, bits: Nodes, nodes: int) -> tuple[Nodes, Nodes, Nodes]:
    """One row per pair, with the kinds of all keys it was found by."""
    code = left * nodes + right
    order = np.argsort(code, kind="stable")
    code, bits = code[order], bits[order]
    first = np.flatnonzero(np.r_[True, code[1:] != code[:-1]]) if len(code) else code
    kinds = np.bitwise_or.reduceat(bits, first) if len(code) else bits
    return code[first] // nodes, code[first] % nodes, kinds


def _oversized(keys: pd.DataFrame, params: Model) -> pd.DataFrame:
    found = keys.groupby(["kind", "key"], as_index=False).agg(records=("uid", "nunique"))
    found["cap"] = found["kind"].map({k: r.cap for k, r in params.keys.items()}).astype("int64")
    return found.sort_values(["records", "kind", "key"], ascending=[False, True, True], ignore_index=True)
