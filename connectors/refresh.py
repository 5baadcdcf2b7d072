"""What of a table is read again: the store's knowledge of a stream, and the bounds that follow from it.

A channel file says per table how it is refreshed (``schemas.channel.Refresh``); the flow says what the store knows
(``Known``); a reader asks ``readings`` what to read. Objects of a reading that was not full carry ``part`` in their
origin: what they do not hold may still be there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd

from connectors.base import ChannelError
from schemas.mapping import Refresh
from schemas.sources import SourceBase

PARTS = ("cursor", "window", "open_cases")
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_DATE = r"\d{4}-\d\d-\d\d(?:([ T])\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?"
_ZERO_DATE = r"0000-|\d{4}-00|\d{4}-\d\d-00"


@dataclass(frozen=True)
class Known:
    """What the store knows of a stream when reading begins. Keys are the texts of the key's columns, outer blanks off.

    For a table of events they are those of the complaints: ``keys`` of all, ``open_keys`` of those not closed.
    """

    cursor: str | None = None
    open_keys: frozenset[tuple[str, ...]] = frozenset()
    keys: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True)
class Reading:
    """How one table is to be read. ``part`` is empty for all of it; ``since`` bounds cursor and window from below."""

    table: str
    refresh: Refresh
    part: str = ""
    since: str = ""
    key: tuple[str, ...] = ()
    known: Known = Known()

    def origin(self) -> dict[str, str]:
        """What an archived object of this reading says of itself."""
        return {"table": self.table} | ({"part": self.part} if self.part else {})

    def wants(self, key: tuple[str, ...]) -> bool:
        """Whether open_cases reads the row of ``key``: its case is open, or the store does not have it."""
        return key in self.known.open_keys or key not in self.known.keys


def readings(source: SourceBase, known: Mapping[str, Known], now: datetime) -> tuple[Reading, ...]:
    """How each table of ``source`` is to be read, in the order of the channel file.

    A table that several streams share is read once: whole if one of them needs it whole. Events on a table that carries
    a stream come with that stream's rows. Raises ``ChannelError`` where streams ask for different parts of a table.
    """
    uses: dict[str, list[Reading]] = {}
    for stream, mapping in source.streams.items():
        uses.setdefault(mapping.table, []).append(
            _reading(mapping.table, mapping.refresh, mapping.key, known.get(stream), now)
        )
    carried = set(uses)
    for stream, mapping in source.streams.items():
        for event in mapping.events:
            if event.table not in carried:
                place = known.get(f"{stream}/{event.table}")
                uses.setdefault(event.table, []).append(
                    _reading(event.table, event.refresh, event.complaint, place, now)
                )
    return tuple(_merged(found) for found in uses.values())


def newest(values: pd.Series, now: datetime | None = None) -> str | None:
    """The next cursor: the greatest number or the latest date of a column as it was read; None if there is none.

    Nulls, empty texts and zero dates do not count, nor do dates more than two days ahead of ``now`` (UTC): one slip of
    the year would hide all that comes after it. Raises ``ChannelError`` for other texts, and for a mixture.
    """
    texts = pd.Series(values.dropna().unique(), dtype="str").str.strip()
    texts = texts[texts.ne("") & ~texts.str.match(_ZERO_DATE)]
    if texts.empty:
        return None
    if texts.str.fullmatch(_NUMBER).all():
        return max(texts, key=Decimal)
    dates = texts.str.extract(f"^{_DATE}$").fillna("")[texts.str.fullmatch(_DATE)]
    if len(dates) < len(texts):
        raise ChannelError(
            f"refresh.field: holds what is neither number nor ISO date, or both ({len(texts) - len(dates)} of "
            f"{len(texts)} values are no date); choose another column, or refresh: full"
        )
    if any(dates.loc[dates[0].ne(""), form].nunique() > 1 for form in (0, 1)):
        raise ChannelError("refresh.field: its dates are written in several ways; choose another column")
    ahead = (now or datetime.now(UTC)).astimezone(UTC) + timedelta(days=2)
    past = texts[texts.str.slice(0, 10).le(f"{ahead:%Y-%m-%d}")]
    return None if past.empty else str(past.max())


def is_number(cursor: str) -> bool:
    """Whether a cursor is a number; else it is a date."""
    return re.fullmatch(_NUMBER, cursor) is not None


def before(cursor: str, refresh: Refresh) -> str:
    """``cursor`` less the lag of ``refresh``, written in the cursor's own way; fractions of a second are cut."""
    if is_number(cursor):
        return str(Decimal(cursor) - refresh.lag_number)
    found = re.fullmatch(_DATE, cursor)
    if found is None:
        raise ChannelError("refresh: the cursor of the last load is neither number nor ISO date; read in full once")
    zone = found[2] or ""
    local = datetime.fromisoformat(cursor.removesuffix(zone)) - timedelta(hours=refresh.lag_hours)
    return f"{local:%Y-%m-%d}" if found[1] is None else f"{local:%Y-%m-%d{found[1]}%H:%M:%S}{zone}"


def _reading(table: str, refresh: Refresh, key: tuple[str, ...], known: Known | None, now: datetime) -> Reading:
    if refresh.kind == "window":
        assert refresh.days is not None  # noqa: S101 (checked with the channel file)
        # Indonesian clocks are ahead of UTC, so that this day began there no later than here.
        start = now.astimezone(UTC) - timedelta(days=refresh.days)
        return Reading(table, refresh, "window", f"{start:%Y-%m-%d}") if known else Reading(table, refresh)
    if refresh.kind == "cursor" and known and known.cursor is not None:
        return Reading(table, refresh, "cursor", before(known.cursor, refresh), known=known)
    if refresh.kind == "open_cases" and known and known.keys:
        return Reading(table, refresh, "open_cases", key=key, known=known)
    return Reading(table, refresh)


def _merged(uses: list[Reading]) -> Reading:
    first = uses[0]
    if len(uses) == 1:
        return first
    if whole := next((use for use in uses if not use.part), None):
        return whole
    if any(use.refresh != first.refresh or use.key != first.key for use in uses):
        raise ChannelError(f"table {first.table!r}: its streams are refreshed in different ways; give all the same")
    cursors = [use.known.cursor for use in uses if use.known.cursor is not None]
    oldest = min(cursors, key=Decimal if all(map(is_number, cursors)) else str, default=None)
    known = Known(
        oldest,
        frozenset.union(*(use.known.open_keys for use in uses)),
        frozenset.intersection(*(use.known.keys for use in uses)),
    )
    since = before(oldest, first.refresh) if first.part == "cursor" and oldest is not None else first.since
    return Reading(first.table, first.refresh, first.part, since, first.key, known)
