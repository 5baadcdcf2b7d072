"""What the values of a table look like: counts, lengths, and the values themselves as far as memory allows.

A profile is filled a batch at a time and asked at the end. Up to a few megabytes of different values a column are kept
whole; beyond that every second, fourth, … different value, by its hash, so that two columns keep the same ones.
"""

import zlib
from dataclasses import dataclass, field

import pandas as pd

KEPT_CHARS = 4_000_000  # of different values of one column, with what it costs to keep each
LONGEST_KEPT = 400
_COST = 60
NOTHING = ("", "-", "--", "null", "n/a", "none", "nil", "tidak ada", "0000-00-00", "0000-00-00 00:00:00")


@dataclass
class ColumnProfile:
    """One column. ``values`` holds different values that say something, stripped and cut off, with their counts."""

    name: str
    declared: str = ""  # type as the source declares it
    comment: str = ""  # what the source says of the column
    zoned: bool = False  # a point in time that the source hands out in UTC
    rows: int = 0
    nulls: int = 0  # NULL or absent
    blanks: int = 0  # empty, or a word for nothing
    chars: int = 0
    words: int = 0
    values: dict[str, int] = field(default_factory=dict, repr=False)
    mask: int = 0
    _held: int = 0

    def add(self, cells: pd.Series) -> None:
        """Take in some more cells (text or NA)."""
        self.rows += len(cells)
        texts = cells.dropna()
        self.nulls += len(cells) - len(texts)
        counts = texts.str.strip().value_counts(sort=False)
        for text, count in zip(counts.index.tolist(), counts.tolist(), strict=True):
            if text.casefold() in NOTHING:
                self.blanks += count
                continue
            self.chars += len(text) * count
            self.words += (text.count(" ") + 1) * count
            if sampled(text, self.mask):
                cut = text[:LONGEST_KEPT]
                self._held += 0 if cut in self.values else len(cut) + _COST
                self.values[cut] = self.values.get(cut, 0) + count
        while self._held > KEPT_CHARS:
            self._thin()

    def _thin(self) -> None:
        self.mask = self.mask * 2 + 1
        self.values = {text: count for text, count in self.values.items() if sampled(text, self.mask)}
        self._held = sum(len(text) + _COST for text in self.values)

    @property
    def filled(self) -> int:
        """Cells that say something."""
        return self.rows - self.nulls - self.blanks

    @property
    def fill(self) -> float:
        """Share of such cells."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def seen(self) -> int:
        """Cells whose values are kept."""
        return sum(self.values.values())

    @property
    def distinct(self) -> float:
        """Different values per cell that says something, 1 where none comes twice."""
        return len(self.values) / self.seen if self.seen else 0.0

    @property
    def is_sample(self) -> bool:
        """Whether some values were not kept."""
        return self.mask > 0

    @property
    def mean_chars(self) -> float:
        """Characters of a cell that says something."""
        return self.chars / self.filled if self.filled else 0.0

    @property
    def mean_words(self) -> float:
        """Words of a cell that says something."""
        return self.words / self.filled if self.filled else 0.0

    def common(self, most: int) -> list[tuple[str, int]]:
        """The commonest values with their counts; equal ones in the order of the alphabet."""
        return sorted(self.values.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def sampled(text: str, mask: int) -> bool:
    """Whether a column of this mask keeps ``text``."""
    return not mask or not zlib.crc32(text.encode("utf-8", "replace")) & mask


@dataclass
class TableProfile:
    """One table (or sheet) of a source."""

    name: str
    columns: dict[str, ColumnProfile]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    rows: int = 0
    unreadable: int = 0
    is_view: bool = False
    comment: str = ""

    def add(self, frame: pd.DataFrame) -> None:
        """Take in a batch of raw records; the reader's own columns (``_object``, ``_position``) are passed over."""
        before, self.rows = self.rows, self.rows + len(frame)
        for name in frame.columns:
            if name in ("_object", "_position"):
                continue
            column = self.columns.get(str(name))
            if column is None:  # a column that only some batches have
                column = self.columns[str(name)] = ColumnProfile(str(name), rows=before, nulls=before)
            column.add(frame[name])
        for column in self.columns.values():
            column.nulls += self.rows - column.rows
            column.rows = self.rows


def coverage(part: ColumnProfile, whole: ColumnProfile) -> float:
    """Share of the different values of ``part`` that ``whole`` has too (case does not count); 0 without values."""
    mask = part.mask | whole.mask
    mine = {text.casefold() for text in part.values if sampled(text, mask)}
    known = {text.casefold() for text in whole.values if sampled(text, mask)}
    return len(mine & known) / len(mine) if mine else 0.0
