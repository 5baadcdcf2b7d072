"""Takes the lines of a WhatsApp export apart: where a message begins, when it was sent, in which order its date stands.

Two forms: ``[20/08/24, 14.30.15] Nama: …`` (iOS) and ``20/08/24 14.30 - Nama: …`` (Android). A file has one of them, so
a pasted line of the other is text. Blanks may be U+00A0 or U+202F, and marks of direction stand anywhere.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from connectors.base import ChannelError
from connectors.chat_words import MARKS

LONGEST = 1 << 20  # bytes of one message; WhatsApp itself ends at 65,536 characters
_BLANK = "[ \u00a0\u202f]"
_STAMP = (
    r"(?P<a>\d{4}|\d{1,2})(?P<sign>[/.\-])(?P<b>\d{1,2})(?P=sign)(?P<c>\d{4}|\d{1,2})"
    rf",?{_BLANK}(?P<hour>\d{{1,2}})[.:](?P<minute>\d{{2}})(?:[.:](?P<second>\d{{2}}))?"
    rf"(?:{_BLANK}?(?P<half>[AaPp])\.?{_BLANK}?[Mm]\.?)?"
)
_FORMS = {
    "ios": re.compile(rf"[{MARKS}]*\[(?P<at>{_STAMP})\](?:{_BLANK}|\Z)(?P<rest>.*)", re.DOTALL | re.ASCII),
    "android": re.compile(rf"[{MARKS}]*(?P<at>{_STAMP}){_BLANK}[-–](?:{_BLANK}|\Z)(?P<rest>.*)", re.DOTALL | re.ASCII),
}
_ORDERS = ("d/m/y", "m/d/y", "y/m/d")


@dataclass(frozen=True)
class Head:
    """How a message begins: its time as written and in pieces, and what follows on the line."""

    form: str
    at: str
    pieces: tuple[str, str, str]  # of the date, as they stand
    clock: tuple[int, int, int]
    half: str  # 'a', 'p' or ''
    rest: str

    def day(self, order: str) -> date | None:
        """The day, None if there is none such."""
        pieces = dict(zip(order[::2], self.pieces, strict=True))
        year = int(pieces["y"])
        try:
            return date(year + 2000 if len(pieces["y"]) < 4 else year, int(pieces["m"]), int(pieces["d"]))
        except ValueError:
            return None

    def when(self, order: str) -> datetime | None:
        """Wall time of the phone, None if there is no such day or hour."""
        day, (hour, minute, second) = self.day(order), self.clock
        if self.half:
            hour = hour % 12 + (12 if self.half == "p" else 0) if 1 <= hour <= 12 else 24
        if day is None or hour > 23 or minute > 59 or second > 59:
            return None
        return datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 (the phone tells no zone)


def read_head(line: str, form: str | None = None) -> Head | None:
    """The head that ``line`` is, of the given form if any; None if it goes on with a message."""
    for name in (form,) if form else _FORMS:
        if found := _FORMS[name].match(line):
            clock = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
            half = (found["half"] or "").lower()
            return Head(name, found["at"], (found["a"], found["b"], found["c"]), clock, half, found["rest"])
    return None


@dataclass
class Survey:
    """What all heads of a file say of its form and of the order of its dates."""

    form: str | None = None
    heads: int = 0
    begins_with_head: bool = False
    _differ: int = 0  # heads whose date means another day in another order
    _only: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ORDERS, 0))
    _back: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ORDERS, 0))
    _last: dict[str, date] = field(default_factory=dict)

    def look(self, line: str) -> None:
        """Take in one line."""
        head = read_head(line, self.form)
        if head is None:
            return
        self.form = head.form
        self.heads += 1
        days = {order: day for order in _ORDERS if (day := self._possible(head, order)) is not None}
        if len(days) == 1:
            self._only[next(iter(days))] += 1
        self._differ += len(set(days.values())) > 1
        for order, day in days.items():
            if order in self._last and day < self._last[order] - timedelta(days=1):
                self._back[order] += 1
            self._last[order] = day

    @staticmethod
    def _possible(head: Head, order: str) -> date | None:
        year_first = len(head.pieces[0]) == 4
        return head.day(order) if year_first == (order == "y/m/d") else None

    def order(self, place: str, declared: str | None) -> tuple[str, str]:
        """The order of the dates, and how it is known. Raises ``ChannelError`` where nothing tells."""
        if declared:
            return declared, f"{place}: dates are read as {declared}, as declared"
        shown = [order for order, lines in self._only.items() if lines]
        if len(shown) == 1:
            lines = self._only[shown[0]]
            return shown[0], f"{place}: dates are read as {shown[0]}; {lines} lines allow no other order"
        if not shown and not self._differ:
            return "d/m/y", f"{place}: dates are the same days in either order"
        forward = [order for order in ("d/m/y", "m/d/y") if not self._back[order]]
        if not shown and len(forward) == 1:
            return forward[0], f"{place}: dates are read as {forward[0]}; in the other order they go back in time"
        why = "its lines show both orders" if shown else "no line tells the day from the month"
        raise ChannelError(f"{place}: {why}; look at the phone's language and declare dates: d/m/y or dates: m/d/y")


def lines_of(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their line end and number; what is longer than ``LONGEST`` comes in pieces, the later ones number 0.

    UTF-16 (a file that was saved again on Windows) comes as UTF-8; a byte order mark stays.
    """
    held, number, whole = b"", 1, True
    for chunk in _as_utf8(chunks):
        *done, held = (held + chunk).split(b"\n") if b"\n" in chunk else (held + chunk,)
        for line in done:
            yield number if whole else 0, line + b"\n"
            number, whole = number + 1, True
        while len(held) > LONGEST:
            yield number if whole else 0, held[:LONGEST]
            held, whole = held[LONGEST:], False
    if held:
        yield number if whole else 0, held


def _as_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    if not first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield first
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    yield decoder.decode(first).encode()
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def text_of(line: bytes) -> str:
    """A line without its line end; bytes that are no UTF-8 are lone surrogates."""
    return line.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
