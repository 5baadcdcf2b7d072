"""A window that slides over the bytes of a dump: what is in sight, where it is, and how to see more.

Also what stands before the SQL: byte order marks, and encodings in which a bracket is not one byte. What the bytes mean
is left to ``connectors.mysql_tokens`` and ``connectors.mysqldump``.
"""

import codecs
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.base import ChannelError
from connectors.mysql_tokens import BLANK

LOOKAHEAD = 1 << 16  # the head of a statement with its column list
_SENTINEL = b"\n\n"  # after the last byte: closes a comment, and lets patterns look two bytes ahead
_BLANKS = re.compile(BLANK, re.DOTALL)
_OPENINGS = (b"/*", b"--", b"#", b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")  # of what may be a blank
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def sql_bytes(chunks: Iterator[bytes], encoding: str | None) -> tuple[Iterator[bytes], str | None]:
    """The bytes of a dump without byte order mark, and their encoding: UTF-8 in place of UTF-16 and its like.

    None is an encoding that the dump has to tell. Raises ``ChannelError`` for an unknown one.
    """
    first = next(chunks, b"")
    while len(first) < 4 and (chunk := next(chunks, None)) is not None:
        first += chunk
    try:
        named = encoding and codecs.lookup(encoding).name
    except LookupError as error:
        raise ChannelError(f"encoding {encoding!r} is unknown; write utf-8 or cp1252") from error
    named = next((wide for mark, wide in _MARKS.items() if first.startswith(mark)), named)
    if first[:4].count(0) == 2 and not named:  # UTF-16 without its mark: every other byte of "-- M" is zero
        named = "utf-16-le" if first[1] == 0 else "utf-16-be"
    chunks = itertools.chain([first.removeprefix(codecs.BOM_UTF8)], chunks)
    if named is None or "(".encode(named) == b"(":
        return chunks, named
    return (text.encode() for text in codecs.iterdecode(chunks, named, "replace")), "utf-8"


@dataclass
class Scanner:
    """A window on the stream of bytes, with the line number of its position."""

    chunks: Iterator[bytes]
    buffer: bytes = b""
    position: int = 0
    line: int = 1
    ended: bool = False
    passed: int = 0  # bytes before the buffer
    conflicts: int = 0  # of a merge, whose marker lines were passed
    conflict_line: int = 0  # the first of them

    def more(self) -> bool:
        """Let go of what lies behind and read at least as much as lies ahead; False if there is no more."""
        if self.ended:
            return False
        parts = [self.buffer[self.position :]]
        missing = max(len(parts[0]), 1)
        while missing > 0 and not self.ended:
            chunk = next(self.chunks, None)
            self.ended = chunk is None
            parts.append(_SENTINEL if chunk is None else chunk)
            missing -= len(parts[-1])
        self.passed += self.position
        self.buffer, self.position = b"".join(parts), 0
        return True

    def advance(self, end: int) -> None:
        """Go to ``end``, counting lines."""
        self.line += self.buffer.count(b"\n", self.position, end)
        self.position = end

    def skip_blanks(self) -> bool:
        """Go to the next word, with enough bytes in sight to judge it; False at the end of the stream."""
        while True:
            if (end := self.end_of(_BLANKS)) > self.position:
                self._count_conflicts(end)
                self.advance(end)
            elif len(self.buffer) - self.position >= LOOKAHEAD and not self.starts_with(*_OPENINGS):
                return True
            elif not self.more():
                return self.position < len(self.buffer)

    def _count_conflicts(self, end: int) -> None:
        if count := self.buffer.count(b"<<<<<<<", self.position, end):
            first = self.buffer.index(b"<<<<<<<", self.position)
            self.conflict_line = self.conflict_line or self.line + self.buffer.count(b"\n", self.position, first)
            self.conflicts += count

    def starts_with(self, *marks: bytes) -> bool:
        """Whether one of ``marks`` stands here."""
        return self.buffer.startswith(marks, self.position)

    @property
    def offset(self) -> int:
        """How many bytes of the stream lie behind."""
        return self.passed + self.position

    def ahead(self) -> int:
        """How many bytes are in sight."""
        return len(self.buffer) - self.position

    def rest(self) -> bytes:
        """What lies ahead, without the sentinel."""
        return self.buffer[self.position : len(self.buffer) - len(_SENTINEL) * self.ended]

    def end_of(self, pattern: re.Pattern[bytes]) -> int:
        """Where ``pattern`` ends if it stands here; here if not."""
        match = pattern.match(self.buffer, self.position)
        return match.end() if match else self.position
