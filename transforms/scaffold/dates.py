"""Finds the date formats of a column: each candidate is tried, as strictly as a load tries it, on all kept values."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import product

import pandas as pd

from schemas.mapping import ColumnMap
from transforms.normalise.dates import Clock, read_dates
from transforms.normalise.values import Notes
from transforms.scaffold.profile import ColumnProfile

ISO = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_DAYS = (
    "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%B-%Y", "%A, %d %B %Y", "%a, %d %b %Y",
    "%A %d %B %Y", "%Y/%m/%d", "%d/%m/%y", "%d-%m-%y", "%d-%b-%y", "%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%B %d, %Y",
    "%b %d, %Y", "%Y%m%d", "%Y-%m-%d",
)  # fmt: skip
_CLOCKS = (
    "", " %H:%M:%S", " %H:%M", " %H.%M", " %H.%M.%S", ", %H:%M", ", %H.%M", ", %H:%M:%S", " %I:%M:%S %p", " %I:%M %p",
    " - %H:%M", " pukul %H.%M", " pukul %H:%M", "T%H:%M:%S", "T%H:%M:%S%z", "T%H:%M:%S.%f%z", " %H:%M:%S%z",
    " %H:%M:%S.%f",
)  # fmt: skip
_X = "%a %b %d %H:%M:%S %z %Y"  # how X, formerly Twitter, writes dates
_ZONES = ("", " WIB", " WITA", " WIT", " GMT+7", " GMT+8", " GMT+9")  # Google writes the last
_SIGNS = {
    "%d": r"\d{1,2}", "%m": r"\d{1,2}", "%Y": r"(?:19|20)\d{2}", "%y": r"\d{2}",
    "%B": r"[A-Za-z]{3,}\.?", "%b": r"[A-Za-z]{3,}\.?",
    "%A": r"[A-Za-z']{3,}", "%a": r"[A-Za-z']{3,}", "%H": r"\d{1,2}", "%I": r"\d{1,2}", "%M": r"\d{2}", "%S": r"\d{2}",
    "%f": r"\d{1,6}", "%p": "[AaPp][Mm]", "%z": r"(?:Z|[+-]\d{2}:?\d{2})",
}  # fmt: skip
_CLOCK_ONLY = {"%H:%M:%S": r"\d{1,2}:\d{2}:\d{2}", "%H:%M": r"\d{1,2}:\d{2}", "%H.%M": r"\d{1,2}\.\d{2}"}
_LOOKED_AT = 400
_MOST_SHAPES = 60
_LEAST = 0.01


@dataclass(frozen=True)
class DateGuess:
    """Formats in the order in which to try them; none where ISO dates need none. ``share`` of values that fit."""

    formats: tuple[str, ...]
    share: float
    has_time: bool
    ambiguous: bool = False  # day and month could be the other way round


def guess_dates(column: ColumnProfile) -> DateGuess | None:
    """The formats of a column, None where hardly a value is a date."""
    texts = pd.Series([" ".join(text.split()) for text in column.values], dtype="str")
    if texts.empty or column.mean_chars > 45:
        return None
    weights = pd.Series(list(column.values.values()))
    sample = _one_of_each_shape([text for text, _ in column.common(_LOOKED_AT)])
    candidates = [form for form in _candidates() if any(_pattern(form).fullmatch(text) for text in sample)]
    looks_iso = any(re.match(r"(?:19|20)\d\d-\d\d-\d\d", text) for text in sample)
    if not candidates and not looks_iso:
        return None
    total = float(weights.sum())
    open_ = ~_fits(texts, ISO)
    left, chosen = texts[open_], list[str]()
    iso = 1 - float(weights[open_].sum()) / total
    while len(left) and len(chosen) < 4:
        scored = [(float(weights[left.index][_fits(left, (form,))].sum()) / total, form) for form in candidates]
        best = max(scored, key=lambda pair: pair[0], default=(0.0, ""))
        if best[0] < _LEAST:
            break
        chosen.append(best[1])
        left = left[~_fits(left, (best[1],))]
        candidates = [form for form in candidates if form not in chosen and form != _swapped(best[1])]
    share = 1 - float(weights[left.index].sum()) / total
    if share < 0.3:
        return None
    ambiguous = any(_swapped(f) != f and bool(_fits(texts[open_], (_swapped(f),)).all()) for f in chosen[:1])
    with_clock = bool(texts.str.contains(":").any())
    has_time = any("%H" in form or "%I" in form for form in chosen) or (iso > 0 and with_clock)
    return DateGuess(tuple(chosen), share, has_time, ambiguous)


def _one_of_each_shape(texts: list[str]) -> list[str]:
    """Texts that differ in more than their digits and letters; those without a digit are no dates."""
    shapes: dict[str, str] = {}
    for text in texts:
        if any(c.isdigit() for c in text):
            one_line = " ".join(text.split())
            shapes.setdefault(re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", one_line)), one_line)
    return list(shapes.values())[:_MOST_SHAPES]


def clock_format(column: ColumnProfile) -> str | None:
    """The format of a column that holds times of day alone."""
    for form, pattern in _CLOCK_ONLY.items():
        if column.values and sum(bool(re.fullmatch(pattern, v)) for v in column.values) >= 0.95 * len(column.values):
            return form
    return None


@cache
def _candidates() -> tuple[str, ...]:
    found = [f"{day}{clock}{zone}" for zone, day, clock in product(_ZONES, _DAYS, _CLOCKS) if clock or not zone]
    found.append(_X)
    return tuple(form for form in found if form not in ISO)


@cache
def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"(%[A-Za-z])", form)
    return re.compile("".join(_SIGNS[part] if part in _SIGNS else re.escape(part) for part in parts))


def _swapped(form: str) -> str:
    if not re.match(r"%[dm][/.-]%[dm]", form):
        return form
    return form[3:5] + form[2] + form[:2] + form[5:]


def _fits(texts: pd.Series, formats: tuple[str, ...]) -> pd.Series:
    """Where a text is a date by one of ``formats`` (or ISO, which a load always tries last)."""
    shaped = texts.map(lambda text: any(_pattern(form).fullmatch(text) is not None for form in formats))
    shaped |= texts.str.match(r"(?:19|20)\d\d-\d\d-\d\d") & (formats == ISO)
    asked = texts[shaped.astype(bool)].reset_index(drop=True)
    fits = pd.Series(False, index=texts.index)
    if len(asked):
        clock = Clock.of("UTC", formats, datetime.now(UTC))
        at = read_dates("date", asked, ColumnMap(column="date", formats=formats), clock, Notes(len(asked)))
        good = at.notna() & at.dt.year.between(1990, clock.fetched_at.year + 1)
        fits[shaped.astype(bool)] = good.to_numpy()
    return fits
