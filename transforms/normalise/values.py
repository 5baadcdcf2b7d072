"""The one mechanism behind all cleaning: a function from a value to a value, a fault and a rule, run on unique values.

A cleaner never raises and never sees a null. What it found is noted by row: faults become flags, cleaned values become
changes beside what came in. Which cleaner serves which column is left to ``submissions`` and ``events``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What a cleaner made of one value: the value or None, the fault it found, the rule that changed it."""

    value: Any
    fault: str | None = None
    rule: str = "cleaned"


Cleaner = Callable[[str], Outcome]


@dataclass
class Notes:
    """What was found while cleaning ``size`` rows, by row position. Filled by the cleaners, read once at the end."""

    size: int
    _flags: list[tuple[Mask, str]] = field(default_factory=list)
    _changes: list[tuple[npt.NDArray[np.intp], str, list[str], list[str]]] = field(default_factory=list)
    _unknown: dict[str, pd.Series] = field(default_factory=dict)

    def flag(self, mask: Mask, column: str, fault: str) -> None:
        """Note ``fault`` of ``column`` where ``mask`` is true."""
        if mask.any():
            self._flags.append((mask, f"{column}:{fault}"))

    def change(self, mask: Mask, column: str, rule: str, before: pd.Series) -> None:
        """Note that ``rule`` changed ``before`` where ``mask`` is true."""
        at = np.flatnonzero(mask)
        if len(at):
            self._changes.append((at, column, [rule] * len(at), before.iloc[at].tolist()))

    def change_each(self, mask: Mask, column: str, rules: npt.NDArray[np.object_], before: pd.Series) -> None:
        """As ``change``, with a rule for each row."""
        at = np.flatnonzero(mask)
        if len(at):
            self._changes.append((at, column, rules[at].tolist(), before.iloc[at].tolist()))

    def unknown(self, mask: Mask, column: str, labels: pd.Series, fault: str = "unmapped") -> None:
        """Flag labels that no list knows, and keep them to be counted."""
        self.flag(mask, column, fault)
        self._unknown[column] = without_nul(labels).where(mask)

    def count_unknown(self, kept: Mask) -> dict[str, dict[str, int]]:
        """How often each unknown label stands in the ``kept`` rows, by column; columns without one are left out."""
        counted = {column: labels[kept].value_counts() for column, labels in self._unknown.items()}
        return {c: {str(k): int(v) for k, v in counts.items()} for c, counts in sorted(counted.items()) if len(counts)}

    def flags_json(self) -> pd.Series:
        """For each row the JSON list of its flags, sorted."""
        found: dict[int, set[str]] = {}
        for mask, flag in self._flags:
            for at in np.flatnonzero(mask).tolist():
                found.setdefault(at, set()).add(flag)
        return _as_json(self.size, {at: sorted(flags) for at, flags in found.items()})

    def changes_json(self) -> pd.Series:
        """For each row the JSON list of [column, rule, value before]."""
        found: dict[int, list[list[str]]] = {}
        for positions, column, rules, befores in self._changes:
            for at, rule, before in zip(positions.tolist(), rules, befores, strict=True):
                found.setdefault(at, []).append([column, rule, before])
        return _as_json(self.size, found)


def _as_json(size: int, found: dict[int, Any]) -> pd.Series:
    cells = np.full(size, "[]", dtype=object)
    for at, value in found.items():
        cells[at] = orjson.dumps(value).decode()
    return pd.Series(cells, dtype="str")


def clean(column: str, raw: pd.Series, cleaner: Cleaner, notes: Notes) -> pd.Series:
    """``raw`` through ``cleaner``, unique values only; null stays null. Returns an object series with None for null."""
    codes, uniques = pd.factorize(raw)
    outcomes = [cleaner(value) for value in uniques]
    faults = np.array([o.fault for o in outcomes] + [None], dtype=object)[codes]
    for fault in sorted({o.fault for o in outcomes if o.fault}):
        notes.flag(faults == fault, column, fault)
    changed = np.array([o.value != u.strip() for o, u in zip(outcomes, uniques, strict=True)] + [False], dtype=bool)
    rules = np.array([o.fault if o.value is None else o.rule for o in outcomes] + [None], dtype=object)
    notes.change_each(changed[codes] & (rules != None)[codes], column, rules[codes], raw)  # noqa: E711  by element
    return pd.Series(objects([o.value for o in outcomes])[codes], index=raw.index, dtype=object)


def objects(values: list[Any]) -> npt.NDArray[np.object_]:
    """``values`` as an object array with None appended, so that the code -1 of ``factorize`` finds null."""
    array = np.empty(len(values) + 1, dtype=object)
    array[:-1] = values
    return array


def look_up(raw: pd.Series, function: Callable[[str], Any]) -> pd.Series:
    """``function`` of each value, called once for each unique one; null stays null."""
    codes, uniques = pd.factorize(raw)
    return pd.Series(objects([function(u) for u in uniques])[codes], index=raw.index, dtype=object)


def without_nul(texts: pd.Series) -> pd.Series:
    """``texts`` with U+FFFD where NUL stood, which PostgreSQL does not hold; what is cleaned has lost it anyway."""
    return texts.str.replace("\0", "\ufffd", regex=False)


def is_true(values: pd.Series) -> Mask:
    """A boolean array of ``values``; null is false."""
    return values.eq(True).fillna(value=False).to_numpy(dtype=bool)


def present(values: pd.Series) -> Mask:
    """Where ``values`` is not null."""
    return values.notna().to_numpy(dtype=bool)


def fold(label: str) -> str:
    """How labels are compared: case, outer blanks and runs of blanks do not count."""
    return re.sub(r"\s+", " ", label).strip().casefold()
