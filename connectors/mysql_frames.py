"""Rows of one table of a dump, gathered as they are met and handed out as frames, as the server would hold them.

Columns that an INSERT leaves out get their DEFAULT, AUTO_INCREMENT its next number. Which rows REPLACE, INSERT IGNORE
and TRUNCATE took away is found by ``Keys`` in a reading of its own before.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from connectors.mysql_literals import default_of
from connectors.mysql_rows import FoundRows
from connectors.mysql_tables import Column, Key, Table
from connectors.mysql_types import in_utc, is_binary
from connectors.mysql_values import read_column

Numbers = npt.NDArray[np.int64]
Note = Callable[[str, int], None]  # what is odd, and on which line

_MOST_BATCHES = 50  # column lists that are remembered
_BINARY_COLLATIONS = ("_bin", "binary")


@dataclass
class Batch:
    """Rows that came with the same columns by the same verb, as literals, until there are enough for a frame."""

    columns: tuple[Column, ...]
    verb: str  # insert, ignore or replace
    size: int = 0
    _rows: list[tuple[bytes, ...]] = field(default_factory=list)
    _marks: list[tuple[int, int]] = field(default_factory=list)  # line and ordinal of each of _rows
    _parts: list[tuple[tuple[pa.LargeBinaryArray, ...], Numbers, Numbers]] = field(default_factory=list)

    def add_row(self, row: tuple[bytes, ...], line: int, ordinal: int, size: int) -> None:
        """One row, as tokens."""
        self._rows.append(row)
        self._marks.append((line, ordinal))
        self.size += size

    def add_rows(self, found: FoundRows, line: int, ordinal: int) -> None:
        """Many rows at once, of which the first search began on ``line``."""
        self._settle()
        self._parts.append((found.cells, found.breaks + line, np.arange(ordinal, ordinal + len(found))))
        self.size += found.end

    def take(self) -> tuple[tuple[pa.LargeBinaryArray, ...], Numbers, Numbers]:
        """Cells by column, lines and ordinals of all rows; the batch is empty afterwards."""
        self._settle()
        parts, self._parts, self.size = self._parts, [], 0
        cells = tuple(pa.concat_arrays(column) for column in zip(*(part[0] for part in parts), strict=True))
        return cells, np.concatenate([part[1] for part in parts]), np.concatenate([part[2] for part in parts])

    def __bool__(self) -> bool:
        return bool(self._rows or self._parts)

    def _settle(self) -> None:
        if self._rows:
            cells = tuple(pa.array(column, pa.large_binary()) for column in zip(*self._rows, strict=True))
            marks = np.array(self._marks, np.int64)
            self._parts.append((cells, marks[:, 0], marks[:, 1]))
            self._rows, self._marks = [], []


@dataclass
class Gone:
    """The rows of a table, by ordinal, that a server would not hold at the end; and why, with how many."""

    before: int = 0  # all rows before this one
    ordinals: set[int] = field(default_factory=set)
    reasons: dict[str, int] = field(default_factory=dict)

    def keeps(self, ordinals: Numbers) -> npt.NDArray[np.bool_]:
        """Which of the rows stay."""
        kept = ordinals >= self.before
        if self.ordinals:
            kept &= ~np.isin(ordinals, np.fromiter(self.ordinals, np.int64, len(self.ordinals)))
        return kept

    def add(self, ordinal: int, reason: str) -> None:
        """One more row is gone."""
        self.ordinals.add(ordinal)
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def clear(self, ordinal: int, reason: str) -> None:
        """All rows before ``ordinal`` are gone."""
        count = ordinal - self.before - len(self.ordinals)
        self.before, self.ordinals = ordinal, set()
        if count:
            self.reasons[reason] = self.reasons.get(reason, 0) + count


SUPERSEDED = "rows are superseded by a later REPLACE of the same key"
IGNORED = "rows are dropped, for INSERT IGNORE met a key that was there"


@dataclass
class Keys:
    """Follows the primary and unique keys of a table through REPLACE and INSERT IGNORE, in memory by the row."""

    gone: Gone = field(default_factory=Gone)
    _known: dict[tuple[str, ...], int] = field(default_factory=dict)

    def follow(self, frame: pd.DataFrame, ordinals: Numbers, verbs: list[str], table: Table) -> None:
        """Take in rows, in the order of insertion; ``frame`` has at least the columns of the table's keys."""
        columns = [_key_values(frame, key, table) for key in table.keys]
        for ordinal, verb, *values in zip(ordinals.tolist(), verbs, *columns, strict=True):
            keys = [value for value in values if value is not None]
            met = {self._known[key] for key in keys if self._known.get(key, -1) >= 0} - self.gone.ordinals
            if met and verb == "ignore":
                self.gone.add(ordinal, IGNORED)
                continue
            if met and verb == "replace":
                for old in met:
                    self.gone.add(old, SUPERSEDED)
            for key in keys:
                self._known[key] = ordinal

    def clear(self, ordinal: int, reason: str) -> None:
        """The table was emptied."""
        self.gone.clear(ordinal, reason)
        self._known.clear()


def _key_values(frame: pd.DataFrame, key: Key, table: Table) -> list[tuple[str, ...] | None]:
    """The key of each row as the server compares it; None where a part is NULL, which is like no other."""
    parts = [_folded(frame[name], table.column(name), size) for name, size in key.parts if name in frame]
    if len(parts) < len(key.parts):
        return [None] * len(frame)
    return [None if None in values else (key.name, *values) for values in zip(*parts, strict=True)]


def _folded(values: pd.Series, column: Column | None, size: int) -> list[str | None]:
    texts: list[str | None] = values.astype(object).where(values.notna(), None).tolist()
    cut = [text[:size] if text is not None and size else text for text in texts]
    if column is None or is_binary(column) or column.collation.endswith(_BINARY_COLLATIONS):
        return cut
    return [None if text is None else _fold(text) for text in cut]


def _fold(text: str) -> str:
    text = text.rstrip(" ")
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


@dataclass
class Gathered:
    """A table of the dump while it is read."""

    name: str  # as the reader hands it out
    table: Table = field(default_factory=Table)
    origins: set[str] = field(default_factory=set)  # the tables of the dump that are read as it
    ordinal: int = 0  # rows so far
    flushed: int = 0  # rows that were handed out
    next_number: int = 1
    named: tuple[Column, ...] = ()  # by INSERTs
    is_view: bool = False
    batches: dict[tuple[tuple[str, ...], str], Batch] = field(default_factory=dict)

    _last: Batch | None = None

    def batch(self, columns: tuple[Column, ...], verb: str) -> Batch:
        """Where rows of these columns are gathered."""
        if self._last and self._last.columns is columns and self._last.verb == verb:
            return self._last
        key = tuple(column.name for column in columns), verb
        self._last = self.batches.setdefault(key, Batch(columns, verb))
        return self._last

    def forget(self) -> None:
        """Let go of the gathered rows."""
        self.batches, self._last = {}, None

    def take(
        self, encoding: str, shift: timedelta | None, note: Note, *, only_keys: bool = False
    ) -> Iterator[tuple[pd.DataFrame, list[str]]]:
        """The gathered rows as frames, with the verb of each row; indexed by ordinal, with ``_position``.

        ``shift`` is how far TIMESTAMPs are ahead of UTC, in which they are handed out.
        Frames of a table that was declared have all its columns and come in the order of the rows.
        """
        frames = []
        for batch in self.batches.values():
            if batch:
                frame = self._frame(batch, encoding, note, only_keys=only_keys)
                for column in self.table.columns if shift else ():
                    if column.type == "timestamp" and column.name in frame:
                        frame[column.name] = in_utc(frame[column.name], shift or timedelta())
                frames.append((frame, [batch.verb] * len(frame)))
        if len(self.batches) > _MOST_BATCHES:
            self.forget()
        if not self.table.columns or len(frames) < 2:
            yield from ((self._numbered(frame), verbs) for frame, verbs in frames)
            return
        whole = pd.concat([frame for frame, _ in frames])
        order = np.argsort(whole.index.to_numpy(), kind="stable")
        verbs = np.concatenate([np.array(verbs) for _, verbs in frames])[order].tolist()
        yield self._numbered(whole.iloc[order]), verbs

    def _frame(self, batch: Batch, encoding: str, note: Note, *, only_keys: bool) -> pd.DataFrame:
        cells, lines, ordinals = batch.take()
        wanted = {name.lower() for key in self.table.keys for name in key.columns} if only_keys else None
        data: dict[str, pd.Series[str]] = {}
        for column, raw in zip(batch.columns, cells, strict=True):
            if wanted is None or column.name.lower() in wanted:
                data[column.name], odd = read_column(raw, column, encoding)
                for index, what in odd.items():
                    note(f"{column.name}: {what}", int(lines[index]))
        given = {column.name.lower() for column in batch.columns}
        left_out = [column for column in self.table.columns if column.name.lower() not in given]
        for column in left_out:
            if column.computed or (wanted is not None and column.name.lower() not in wanted):
                continue
            value, fault = default_of(column)
            data[column.name] = pd.Series([value] * len(lines), dtype="str")
            if fault:
                note(f"{column.name}: {fault}", int(lines[0]))
        names = [column.name for column in self.table.columns if column.name in data]
        frame = pd.DataFrame({name: data[name] for name in dict.fromkeys([*names, *data])}, index=range(len(lines)))
        frame["_position"] = pd.Series(pa.array(lines).cast(pa.large_string()), dtype="str")
        return frame.set_axis(pd.Index(ordinals), axis=0)

    def _numbered(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` with the numbers that AUTO_INCREMENT gives to rows that come without."""
        column = next((column for column in self.table.columns if column.automatic), None)
        if column is None or column.name not in frame or not len(frame):
            return frame
        values = frame[column.name]
        numbers = pd.to_numeric(values, errors="coerce")
        if not values.isna().any():
            largest = numbers.max()
            self.next_number = max(self.next_number, int(largest) + 1 if largest == largest else 1)
            return frame
        given: list[str] = []
        for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
            given.append(value if isinstance(value, str) else str(self.next_number))
            current = int(number) if number == number else self.next_number if not isinstance(value, str) else 0
            self.next_number = max(self.next_number, current + 1)
        return frame.assign(**{column.name: pd.Series(given, index=frame.index, dtype="str")})
