"""Reads dates: declared formats in strict order, Indonesian month names, zones, and the dates that mean *unknown*.

Nothing is guessed: a text that fits no format is null with a fault. Works on unique values, a format at a time.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from schemas.mapping import ColumnMap
from transforms.normalise.values import Mask, Notes, objects, present

_ISO = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")
_EARLIEST = pd.Timestamp("2000-01-01")  # no such channel is older
_LATITUDE = pd.Timedelta(days=1)  # clocks go wrong by hours
_MONTHS = (
    ("January", "januari jan january"),
    ("February", "februari pebruari feb peb february"),
    ("March", "maret mar march"),
    ("April", "april apr"),
    ("May", "mei may"),
    ("June", "juni jun june"),
    ("July", "juli jul july"),
    ("August", "agustus agt ags agu agst aug august"),
    ("September", "september sep sept"),
    ("October", "oktober okt oct october"),
    ("November", "november nopember nov nop"),
    ("December", "desember des dec december"),
)
_DAYS = (
    ("Monday", "senin sen monday mon"),
    ("Tuesday", "selasa sel tuesday tue"),
    ("Wednesday", "rabu rab wednesday wed"),
    ("Thursday", "kamis kam thursday thu"),
    ("Friday", "jumat jum'at jum friday fri"),
    ("Saturday", "sabtu sab saturday sat"),
    ("Sunday", "minggu ahad min sunday sun"),
)
_MONTH_OF = {word: english for english, words in _MONTHS for word in words.split()}
_DAY_OF = {word: english for english, words in _DAYS for word in words.split()}
_WORD = re.compile(r"[A-Za-z']{3,}\.?")
_ZERO = re.compile(r"0[0\s:./T-]*0")


@dataclass(frozen=True)
class Clock:
    """What dates of one channel are read by: its zone (IANA), its formats, and when the load was fetched."""

    zone: str
    formats: tuple[str, ...]
    fetched_at: pd.Timestamp

    @classmethod
    def of(cls, zone: str, formats: tuple[str, ...], fetched_at: datetime) -> "Clock":
        """Raises ``ValueError`` for a fetch time without a zone."""
        if fetched_at.tzinfo is None:
            raise ValueError("fetched_at has no time zone; pass an aware datetime")
        return cls(zone, formats, pd.Timestamp(fetched_at).tz_convert("UTC"))

    def local(self, at: pd.Series) -> pd.Series:
        """Naive wall time of the channel's zone."""
        local: pd.Series = at.dt.tz_convert(self.zone).dt.tz_localize(None)
        return local


def read_dates(column: str, raw: pd.Series, origin: ColumnMap, clock: Clock, notes: Notes) -> pd.Series:
    """Instants (UTC) of ``raw``, null where the text is no date.

    Faults: ``zero_date`` (0000-00-00), ``default_date`` (1970-01-01, 2000-01-01 00:00), ``unreadable_date``. Whether a
    date is plausible is asked by ``drop_implausible``, after a swapped day and month had its chance.
    """
    codes, uniques = pd.factorize(raw)
    texts = pd.Series([" ".join(u.split()) for u in uniques], dtype="str")
    zone = origin.time_zone or clock.zone
    at = _parse(texts, origin.formats or clock.formats, zone)
    wall = at.dt.tz_convert(zone).dt.tz_localize(None)
    epoch = at.sub(pd.Timestamp("1970-01-01", tz="UTC")).abs() < pd.Timedelta(days=1)
    default = epoch | wall.dt.normalize().eq(pd.Timestamp("1970-01-01")) | wall.eq(_EARLIEST)
    zero = texts.str.fullmatch(_ZERO.pattern)
    fault = pd.Series(None, index=texts.index, dtype=object)
    fault[at.isna()] = "unreadable_date"
    fault[zero] = "zero_date"
    fault[default] = "default_date"
    faults = objects(fault.tolist())[codes]
    for name in ("default_date", "unreadable_date", "zero_date"):
        _drop(faults == name, column, name, raw, notes)
    instants = pd.concat([at.mask(default), pd.Series([pd.NaT], dtype=at.dtype)], ignore_index=True)
    return pd.Series(instants.array[codes], index=raw.index)


def _parse(texts: pd.Series, formats: tuple[str, ...], zone: str) -> pd.Series:
    at = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us, UTC]")
    for form in (*formats, *_ISO):
        open_ = at.isna()
        if not open_.any():
            break
        words = _in_english(texts[open_], form)
        parsed = pd.to_datetime(words, format=form, errors="coerce", utc="%z" in form)
        if parsed.dt.tz is None:
            parsed = parsed.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").dt.tz_convert("UTC")
        at[open_] = parsed.astype(at.dtype)
    return at


def _in_english(texts: pd.Series, form: str) -> pd.Series:
    """Month and day names as ``strptime`` knows them, long or short as ``form`` asks."""
    if not re.search("%[AaBb]", form):
        return texts
    month = slice(None) if "%B" in form else slice(3)
    day = slice(None) if "%A" in form else slice(3)

    def translate(match: re.Match[str]) -> str:
        word = match[0].rstrip(".").casefold()
        if word in _MONTH_OF and re.search("%[Bb]", form):
            return _MONTH_OF[word][month]
        return _DAY_OF[word][day] if word in _DAY_OF else match[0]

    return pd.Series([_WORD.sub(translate, t) for t in texts], index=texts.index, dtype="str")


def mend_swapped(
    at: pd.Series, reported: pd.Series, column: str, raw: pd.Series, clock: Clock, notes: Notes
) -> pd.Series:
    """``at`` with day and month swapped where it lies after the report and the swapped date does not."""
    late = at.gt(reported)
    wall = clock.local(at)
    parts = {"year": wall.dt.year, "month": wall.dt.day, "day": wall.dt.month}
    swapped = pd.to_datetime(pd.DataFrame(parts)[late], errors="coerce") + (wall - wall.dt.normalize())[late]
    swapped_at = swapped.dt.tz_localize(clock.zone, ambiguous="NaT", nonexistent="shift_forward").dt.tz_convert("UTC")
    mended = swapped_at.reindex(at.index).le(reported)
    notes.flag(mended.to_numpy(), column, "day_month_swapped")
    notes.change(mended.to_numpy(), column, "day_month_swapped", raw)
    return at.mask(mended, swapped_at.reindex(at.index).astype(at.dtype))


def drop_implausible(at: pd.Series, column: str, raw: pd.Series, clock: Clock, notes: Notes) -> pd.Series:
    """``at`` without dates before 2000 or more than a day after the load was fetched (``implausible_date``)."""
    bad = at.gt(clock.fetched_at + _LATITUDE) | (at.notna() & clock.local(at).lt(_EARLIEST))
    _drop(bad.to_numpy(), column, "implausible_date", raw, notes)
    return at.mask(bad)


def _drop(mask: Mask, column: str, fault: str, raw: pd.Series, notes: Notes) -> None:
    notes.flag(mask, column, fault)
    notes.change(mask & present(raw), column, fault, raw)


def no_dates(index: pd.Index) -> pd.Series:
    """All null."""
    return pd.Series(np.full(len(index), None, dtype=object), index=index).astype("datetime64[us, UTC]")
