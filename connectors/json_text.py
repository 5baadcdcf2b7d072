"""Takes JSON apart value by value while it streams by, so that a list of any length needs the memory of one record.

A text is any number of documents one after another: one page, a page or a record a line; or what archives of X hold
(``window.YTD.tweets.part0 = [``). What cannot be read is ``Broken``, with its bytes, and reading goes on behind it.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONGEST = 16 << 20  # signs; what is longer is no record
ASSIGNED = re.compile(r"\s*(?:window\.[\w.$]+|(?:var|let|const)\s+[\w$]+)\s*=\s*")
_BLANKS = re.compile(r"[\s;]*")  # JavaScript ends with a semicolon
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_SCALAR = re.compile(r"[^,\[\]{}\s]*")
_NEXT_LINE = re.compile(r"\n(?=[{\[])")
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class Broken:
    """A piece that is no JSON. ``outside`` of the list that was looked for, or a record in it."""

    detail: str
    raw: bytes
    outside: bool = False


class Lost(Exception):
    """The text is not what must stand here; its own text says what."""


class JsonText:
    """Characters of a JSON text, with as many held as the value in hand is long. ``garbled``: bytes were no text."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        first = b""
        while len(first) < 4 and (chunk := next(chunks, None)) is not None:
            first += chunk
        self._encoding = json.detect_encoding(first)
        self._errors = "surrogateescape" if self._encoding.startswith("utf-8") else "replace"
        self._decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        self._chunks, self._json = chunks, json.JSONDecoder(strict=False, parse_constant=_no_number)
        self._text, self._at, self._ended, self.garbled = "", 0, False, False
        self._take_in(first)
        if assigned := ASSIGNED.match(self._text):
            self._at = assigned.end()

    def _take_in(self, chunk: bytes) -> None:
        text = self._decoder.decode(chunk, final=self._ended)
        bad = _ESCAPED_BYTE if self._errors == "surrogateescape" else re.compile("\ufffd")
        self.garbled = self.garbled or bad.search(text) is not None
        self._text, self._at = self._text[self._at :] + text, 0

    def _more(self) -> bool:
        """Hold at least twice as much; False at the end, and where a value would grow beyond all bounds."""
        held = len(self._text) - self._at
        if held > LONGEST:
            return False
        while not self._ended and len(self._text) - self._at <= 2 * held:
            chunk = next(self._chunks, None)
            self._ended = chunk is None
            self._take_in(chunk or b"")
        return len(self._text) - self._at > held

    def peek(self) -> str:
        """The next sign that is no blank; empty at the end."""
        while True:
            self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]  # matches anything
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, *signs: str) -> str:
        """Go over the next sign, one of ``signs``. Raises ``Lost``."""
        sign = self.peek()
        if sign not in signs:
            raise Lost("is cut off" if not sign else "is no JSON")
        self._at += 1
        return sign

    def value(self) -> Any:
        """The next value, or the ``Broken`` that it is. Raises ``Lost`` where it is not seen where it ends."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                span = self._end()
                if span is None:
                    if self._more():
                        continue
                    raise Lost("is cut off" if self._ended else f"is longer than {LONGEST >> 20} MB") from error
                deep = isinstance(error, RecursionError)
                return Broken("the record is nested too deep" if deep else "the record is no JSON", self._cut(span))
            if end == len(self._text) and self._text[end - 1] not in '"]}' and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _end(self) -> int | None:
        """Where the value in hand ends by its brackets; None if that is not held yet."""
        if self._text[self._at : self._at + 1] not in ("{", "[", '"'):
            found = _SCALAR.match(self._text, self._at)
            end = found.end() if found else self._at
            return end if end > self._at and (end < len(self._text) or self._ended) else None
        depth = 0
        for token in _TOKEN.finditer(self._text, self._at):
            if token[0][0] == '"' and not _is_closed(token[0]):
                return None
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
            if depth <= 0:
                return token.end()
        return None

    def skip(self) -> None:
        """Go over the next value, however long. Raises ``Lost``."""
        if self.peek() not in ("{", "["):
            self.value()
            return
        depth = 0
        while True:
            for token in _TOKEN.finditer(self._text, self._at):
                if token[0][0] == '"' and not _is_closed(token[0]):
                    break
                self._at = token.end()
                depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
                if depth == 0:
                    return
            if not self._more():
                raise Lost("is cut off")

    def rest(self, detail: str) -> Broken:
        """What cannot be read, up to the next line that begins a document, as one piece."""
        start = 0  # behind the sign at which reading stopped
        while (line := _NEXT_LINE.search(self._text, self._at + start)) is None:
            start = max(0, len(self._text) - self._at - 1)
            if not self._more():
                break
        if line is not None:
            return Broken(detail, self._cut(line.start()), outside=True)
        raw = self._cut(len(self._text))
        if not self._ended:
            detail += f"; these are its first {LONGEST >> 20} MB, all of it is in the archive"
            while self._more() or not self._ended:
                self._at = len(self._text)
        return Broken(detail, raw, outside=True)

    def _cut(self, end: int) -> bytes:
        piece, self._at = self._text[self._at : end], end
        return piece.encode(self._encoding, "surrogatepass" if self._errors == "replace" else self._errors)


def _is_closed(text: str) -> bool:
    """Whether a string token has its closing quote."""
    return len(text) > 1 and text[-1] == '"' and (len(text) - len(text[:-1].rstrip("\\"))) % 2 == 1


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


@dataclass
class Found:
    """Whether the list that was looked for was there."""

    is_there: bool = False


def read_records(text: JsonText, path: str, found: Found) -> Iterator[Any]:
    """The records at the dotted ``path`` of each document, and what is ``Broken``.

    What stands there is a list of records, or one record; lists on the way are gone through. ``found`` is told.
    """
    while sign := text.peek():
        try:
            if sign not in ("{", "["):
                raise Lost("is no JSON")
            yield from _records(text, path.split(".") if path else [], found)
        except Lost as lost:
            yield text.rest(str(lost))


def _records(text: JsonText, path: list[str], found: Found) -> Iterator[Any]:
    sign = text.peek()
    if sign == "[":
        found.is_there = found.is_there or not path
        for _ in items_of(text):
            if path:
                yield from _records(text, path, found)
            else:
                yield text.value()
    elif not path:
        found.is_there = True
        value = text.value()
        if value is not None:
            yield value
    elif sign == "{":
        for key in keys_of(text):
            if key == path[0]:
                yield from _records(text, path[1:], found)
            else:
                text.skip()
    else:
        text.skip()


def items_of(text: JsonText) -> Iterator[None]:
    """Stops before each item of a list; the caller takes it."""
    text.take("[")
    while text.peek() != "]":
        yield None
        if text.peek() != "]":
            text.take(",")
    text.take("]")


def keys_of(text: JsonText) -> Iterator[Any]:
    """Stops before each value of an object, with its key; the caller takes it."""
    text.take("{")
    while text.peek() != "}":
        if text.peek() != '"':
            raise Lost("is cut off" if not text.peek() else "is no JSON")
        key = text.value()
        text.take(":")
        yield key
        if text.peek() != "}":
            text.take(",")
    text.take("}")
