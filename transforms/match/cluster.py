"""Average-link clustering: two groups join when the mean over *all* their pairs is high enough, the best first.

A pair that never met counts as slightly negative, so a chain of neighbours does not grow into one cluster. The result
depends on the pairs alone, not on their order: ties go to the smaller node, and nodes are numbered by uid.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Nodes = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Linkage:
    """When groups join: the mean of all pairs, the best single pair, and what a missing pair counts."""

    average: float
    best: float
    missing: float
    clip: float


@dataclass(frozen=True)
class Spans:
    """When each node's case opened and was closed (any unit). Groups never join across a closing."""

    opened: Scores  # -inf: not known
    closed: Scores  # inf: open or not known


class Groups:
    """Disjoint groups of nodes; the smallest node stands for its group."""

    def __init__(self, start: Nodes) -> None:
        self.parent: list[int] = start.tolist()

    def find(self, node: int) -> int:
        """The node that stands for the group of ``node``."""
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def join(self, a: int, b: int) -> None:
        """Make one group of two."""
        a, b = self.find(a), self.find(b)
        self.parent[max(a, b)] = min(a, b)

    def labels(self) -> Nodes:
        """For each node the node that stands for its group."""
        return np.array([self.find(node) for node in range(len(self.parent))], dtype=np.int64)


def join_judged(start: Nodes, together: Iterable[tuple[int, int]], apart: Iterable[tuple[int, int]]) -> Nodes:
    """Apply what persons decided to the groups ``start`` (per node the smallest node of its group).

    A group that holds a pair judged apart is dissolved, to be built again from scores. Pairs judged together are
    joined, unless that would bring a pair judged apart under one roof.
    """
    apart = sorted(apart)
    broken = {int(start[a]) for a, b in apart if start[a] == start[b]}
    groups = Groups(np.where(np.isin(start, sorted(broken)), np.arange(len(start)), start))
    foes: dict[int, set[int]] = {}
    for a, b in apart:
        foes.setdefault(groups.find(a), set()).add(b)
        foes.setdefault(groups.find(b), set()).add(a)
    for a, b in sorted(together):
        a, b = groups.find(a), groups.find(b)
        if b not in {groups.find(foe) for foe in foes.get(a, ())}:
            groups.join(a, b)
            if both := foes.pop(a, set()) | foes.pop(b, set()):
                foes[min(a, b)] = both
    return groups.labels()


def average_link(start: Nodes, left: Nodes, right: Nodes, score: Scores, linkage: Linkage, spans: Spans) -> Nodes:
    """Join groups until no two are alike enough; -inf as a score forbids. Gives per node the smallest of its group."""
    groups = Groups(start)
    score = np.where(np.isneginf(score), score, np.clip(score, -linkage.clip, linkage.clip))
    near = _near(start, left, right, score, min(linkage.best, linkage.clip))
    sizes = np.bincount(start, minlength=len(start))
    size = {g: int(sizes[g]) for g in near}
    first_closed, last_opened = np.full(len(start), np.inf), np.full(len(start), -np.inf)
    np.minimum.at(first_closed, start, spans.closed)
    np.maximum.at(last_opened, start, spans.opened)
    closed = {g: float(first_closed[g]) for g in near}
    opened = {g: float(last_opened[g]) for g in near}

    def mean(a: int, b: int) -> float:
        total, count, best = near[a][b]
        if best < min(linkage.best, linkage.clip):
            return -np.inf
        pairs = size[a] * size[b]
        return (total + (pairs - count) * linkage.missing) / pairs

    heap = [(-m, a, b) for a in near for b in near[a] if a < b and (m := mean(a, b)) >= linkage.average]
    heapq.heapify(heap)
    while heap:
        value, a, b = heapq.heappop(heap)
        if b not in near.get(a, {}) or -mean(a, b) != value:
            continue  # one of them has grown or gone since
        if min(closed[a], closed[b]) < max(opened[a], opened[b]):
            continue
        groups.join(a, b)
        size[a] += size.pop(b)
        closed[a], opened[a] = min(closed[a], closed.pop(b)), max(opened[a], opened.pop(b))
        for other, (total, count, best) in near.pop(b).items():
            del near[other][b]
            if other == a:
                continue
            old = near[a].get(other, (0.0, 0, -np.inf))
            near[a][other] = near[other][a] = (old[0] + total, old[1] + count, max(old[2], best))
        for other in near[a]:
            if (m := mean(a, other)) >= linkage.average:
                heapq.heappush(heap, (-m, min(a, other), max(a, other)))
    return groups.labels()


def _near(
    start: Nodes, left: Nodes, right: Nodes, score: Scores, best: float
) -> dict[int, dict[int, tuple[float, int, float]]]:
    """Per group its neighbours: sum, number and best of the pairs between. Only groups that could join at all."""
    a, b = start[left], start[right]
    a, b = np.minimum(a, b), np.maximum(a, b)
    live = np.zeros(len(start), dtype=bool)
    strong = (score >= best) & (a != b)
    live[a[strong]] = live[b[strong]] = True
    keep = live[a] & live[b] & (a != b)
    a, b, score = a[keep], b[keep], score[keep]
    order = np.lexsort((right[keep], left[keep], b, a))
    a, b, score = a[order], b[order], score[order]
    near: dict[int, dict[int, tuple[float, int, float]]] = {int(g): {} for g in np.flatnonzero(live)}
    if len(a):
        first = np.flatnonzero(np.r_[True, (a[1:] != a[:-1]) | (b[1:] != b[:-1])])
        total = np.add.reduceat(score, first)
        count = np.diff(np.r_[first, len(a)])
        top = np.maximum.reduceat(score, first)
        for x, y, t, c, m in zip(
            a[first].tolist(), b[first].tolist(), total.tolist(), count.tolist(), top.tolist(), strict=True
        ):
            near[x][y] = near[y][x] = (t, c, m)
    return near
