"""The geometry of the charts, in units of the drawing; templates only draw what is measured out here.

Submissions per month and channel become stacked columns. A series is told apart by pattern as well as by colour, so
that a black-and-white print can be read.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SERIES = 8  # colours and patterns that can still be told apart; what is beyond shares the last
MONTHS = 72  # a longer time is shown by years
WIDTH, HEIGHT, LEFT, TOP = 720.0, 220.0, 46.0, 12.0
OTHERS = "…"


@dataclass(frozen=True)
class Bar:
    """One piece of a column."""

    x: float
    y: float
    width: float
    height: float
    series: int
    period: str
    channel: str
    value: int


@dataclass(frozen=True)
class Mark:
    """A label on an axis, at ``at`` along it; ``text`` is a number or a period (``2024`` or ``2024-05``)."""

    at: float
    text: str


@dataclass(frozen=True)
class Columns:
    """A finished chart: its pieces, its axes, its series with their sums, and the same numbers as a table."""

    bars: tuple[Bar, ...]
    periods: tuple[Mark, ...]
    levels: tuple[Mark, ...]
    series: tuple[tuple[str, int], ...]
    table: tuple[tuple[str, tuple[int, ...]], ...]
    undated: int

    @property
    def peak(self) -> tuple[str, int]:
        """The period with the most submissions, and how many."""
        return max(((period, sum(values)) for period, values in self.table), key=lambda item: item[1])


def columns(rows: Sequence[Mapping[str, Any]]) -> Columns | None:
    """Stacked columns from rows of ``month`` (YYYY-MM or null), ``channel``, ``submissions``; null if none is dated."""
    dated = [row for row in rows if row["month"] is not None]
    undated = sum(row["submissions"] for row in rows if row["month"] is None)
    if not dated:
        return None
    names = _series(dated)
    cells: dict[tuple[str, str], int] = defaultdict(int)
    periods = _periods([row["month"] for row in dated])
    for row in dated:
        name = row["channel"] if row["channel"] in names else OTHERS
        cells[row["month"][: len(periods[0])], name] += row["submissions"]
    table = tuple((period, tuple(cells[period, name] for name in names)) for period in periods)
    top, step = _scale(max(sum(values) for _, values in table))
    slot = (WIDTH - LEFT) / len(periods)
    return Columns(
        bars=_bars(table, names, slot, top),
        periods=_labels(periods, slot),
        levels=tuple(Mark(TOP + HEIGHT * (1 - n / top), str(n)) for n in range(0, top + 1, step)),
        series=tuple((name, sum(values[i] for _, values in table)) for i, name in enumerate(names)),
        table=table,
        undated=undated,
    )


def _series(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[row["channel"]] += row["submissions"]
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    return ranked if len(ranked) <= SERIES else [*ranked[: SERIES - 1], OTHERS]


def _periods(months: Sequence[str]) -> list[str]:
    first, last = min(months), max(months)
    low, high = int(first[:4]) * 12 + int(first[5:7]) - 1, int(last[:4]) * 12 + int(last[5:7]) - 1
    if high - low < MONTHS:
        return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(low, high + 1)]
    return [f"{year:04d}" for year in range(low // 12, high // 12 + 1)]


def _scale(peak: int) -> tuple[int, int]:
    """The top of the axis and the distance of its lines: two to five lines at 1, 2 or 5 times a power of ten."""
    step = 1
    while peak > 4 * step:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return max(step, -(-peak // step) * step), step


def _bars(table: Sequence[tuple[str, tuple[int, ...]]], names: Sequence[str], slot: float, top: int) -> tuple[Bar, ...]:
    bars = []
    width = min(slot * 0.72, 44.0)
    for place, (period, values) in enumerate(table):
        floor = TOP + HEIGHT
        for series, value in enumerate(values):
            height = HEIGHT * value / top
            floor -= height
            if value:
                x = LEFT + slot * place + (slot - width) / 2
                bars.append(Bar(x, floor, width, height, series, period, names[series], value))
    return tuple(bars)


def _labels(periods: Sequence[str], slot: float) -> tuple[Mark, ...]:
    """As many labels as have room, a January among them if there is one."""
    room = 60.0
    every = next(n for n in (1, 2, 3, 6, 12, 24, 60, 120, len(periods) + 1) if n * slot >= room or n > len(periods))
    first = next((i for i, period in enumerate(periods) if period.endswith("-01")), 0) % every
    return tuple(Mark(LEFT + slot * (i + 0.5), periods[i]) for i in range(first, len(periods), every))
