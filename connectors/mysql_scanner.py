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
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


def sql_bytes(name: str, chunks: Iterator[bytes], encoding: str) -> tuple[Iterator[bytes], str]:
    """The bytes of a dump without byte order mark, and their encoding: UTF-8 in place of UTF-16 and its like.

    Raises ``ChannelError`` for an unknown encoding and for a compressed file.
    """
    first = next(chunks, b"")
    for mark, packer in _PACKED.items():
        if first.startswith(mark):
            raise ChannelError(f"{name}: is compressed ({packer}); unpack it and put the .sql file in its place")
    try:
        encoding = codecs.lookup(_MARKS.get(first[:2], encoding)).name
    except LookupError as error:
        raise ChannelError(f"encoding {encoding!r} is unknown; write utf-8 or cp1252") from error
    chunks = itertools.chain([first.removeprefix(codecs.BOM_UTF8)], chunks)
    if "(".encode(encoding) == b"(":
        return chunks, encoding
    return (text.encode() for text in codecs.iterdecode(chunks, encoding, "replace")), "utf-8"


@dataclass
class Scanner:
    """A window on the stream of bytes, with the line number of its position."""

    chunks: Iterator[bytes]
    buffer: bytes = b""
    position: int = 0
    line: int = 1
    ended: bool = False

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
                self.advance(end)
            elif len(self.buffer) - self.position >= LOOKAHEAD and not self.starts_with(b"/*", b"--", b"#"):
                return True
            elif not self.more():
                return self.position < len(self.buffer)

    def starts_with(self, *marks: bytes) -> bool:
        """Whether one of ``marks`` stands here."""
        return self.buffer.startswith(marks, self.position)

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
