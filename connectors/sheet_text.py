"""Tables of text: CSV and TSV with any delimiter and encoding, as spreadsheets and scripts write them.

A record of which it cannot be told which cell is which comes as ``Garbled``, with its bytes. Reading streams: it holds
a megabyte of text or the longest record.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from connectors.archive import Archive

LONGEST_RECORD = 1 << 20  # characters; a quote that is never closed must not take all memory
_DELIMITERS = ";,\t|"
_SEP = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own first line
_LOOKED_AT = 50  # records by which delimiters are compared
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")


@dataclass(frozen=True)
class Garbled:
    """A record that cannot be laid out under the headers."""

    detail: str
    raw: bytes


def encoding_of(chunks: Iterator[bytes]) -> str:
    """How a text is encoded: by its byte order mark, by its zeros (UTF-16), as UTF-8 if all of it is; else cp1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    first = next(chunks, b"")
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if first.startswith(mark):
            return encoding
    head = first[:4096]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 3 and head[start::2].count(0) > 0.4 * len(head) / 2 > 5 * head[1 - start :: 2].count(0):
            return encoding
    try:
        decoder.decode(first)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def looks_like_text(head: str) -> bool:
    """Whether the beginning of a file is text, with a zero byte here and there at the most."""
    return bool(head.strip()) and len(_CONTROL.findall(head)) <= max(8, len(head) / 50)


class ByteStream(io.RawIOBase):
    """Chunks of bytes as a file that can be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Fill ``buffer`` as far as one chunk does."""
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._held = memoryview(chunk)
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size


class TextTable:
    """A text as a book of one sheet, named as the file."""

    def __init__(
        self, archive: Archive, name: str, sheet: str, encoding: str, first: int, last: int, wanted: frozenset[str]
    ) -> None:
        """Raises ``ChannelError`` if no row of headers is found where it is said to be."""
        self._archive, self._name, self.encoding = archive, name, encoding
        self._first, self._last = first, last
        self.sheets = (sheet,)
        self.remarks = () if encoding != "cp1252" else (f"{name}: is not UTF-8; read as Windows-1252",)
        self.delimiter = self._find_delimiter(wanted)

    def rows(self, sheet: str) -> Iterator[tuple[int, Sequence[str] | Garbled]]:  # noqa: ARG002 (there is but one)
        """See ``sheet_books.Book``; the number is that of the record's first line."""
        width, needed = 0, 0
        for number, (line, row, raw) in enumerate(self.records(), start=1):
            if isinstance(row, Garbled):
                yield line, row
            elif number <= self._last:
                if number >= self._first:
                    row = _spread(row) if number < self._last else row
                    width = max(width, len(row))
                    needed = max([needed, *(i + 1 for i, cell in enumerate(row) if cell.strip())])
                yield number, row
            elif any(cell.strip() for cell in (row[1:] if len(row) < needed else row[width:])):
                detail = f"{len(row)} cells for {needed} headers"
                yield line, Garbled(detail, raw.encode(self.encoding, "surrogateescape"))
            else:
                yield line, row[:width]

    def _find_delimiter(self, wanted: frozenset[str]) -> str:
        """The delimiter under which most of the wanted headers are found, and then most cells."""
        if sep := _SEP.fullmatch(self._lines().peek()):
            return sep[1]
        found: dict[str, tuple[int, int]] = {}
        for delimiter in _DELIMITERS:
            rows = [row for _, row, _ in islice(self._records(delimiter), max(_LOOKED_AT, self._last))]
            header = [row for row in rows[self._first - 1 : self._last] if not isinstance(row, Garbled)]
            names = {" ".join(cell.split()).casefold() for row in header for cell in row}
            same = sum(len(row) == len(header[-1]) > 1 for row in rows if not isinstance(row, Garbled)) if header else 0
            found[delimiter] = len(names & wanted), same
        return max(found, key=found.__getitem__)

    def records(self) -> Iterator[tuple[int, list[str] | Garbled, str]]:
        """Line, cells and text of each record. Where quotes do not add up, the first line alone is given up."""
        return self._records(self.delimiter)

    def before_records(self) -> str:
        """Excel's line that names the delimiter, which is no record; mostly there is none."""
        first = self._lines().peek()
        return first if _SEP.fullmatch(first) else ""

    def _lines(self) -> "_Lines":
        return _Lines(self._archive, self._name, self.encoding)

    def _records(self, delimiter: str) -> Iterator[tuple[int, list[str] | Garbled, str]]:
        lines = self._lines()
        if _SEP.fullmatch(lines.peek()):
            lines.skip()
        while lines.peek():
            try:
                row = next(csv.reader(lines, delimiter=delimiter, strict=True))
            except csv.Error:
                line, raw = lines.give_up()
                detail = "quotes do not add up, or the record is too long"
                yield line, Garbled(detail, raw.encode(self.encoding, "surrogateescape")), raw
            else:
                line, raw = lines.take()
                yield line, row, raw


def _spread(row: list[str]) -> list[str]:
    """A row of headers above others, where an empty cell belongs to the one before it."""
    spread: list[str] = []
    for cell in row:
        spread.append(cell if cell.strip() or not spread else spread[-1])
    return spread


class _Lines:
    """Physical lines, with those of the record in hand, which can be put back."""

    def __init__(self, archive: Archive, name: str, encoding: str) -> None:
        buffered = io.BufferedReader(ByteStream(archive.stream(name)), 1 << 16)
        errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
        self._text = io.TextIOWrapper(buffered, encoding, errors, newline="")
        self._ahead: deque[str] = deque()
        self._record: list[str] = []
        self._size = 0
        self._line = 1
        csv.field_size_limit(2 * LONGEST_RECORD)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._text.readline(LONGEST_RECORD)
        if not line:
            raise StopIteration
        self._record.append(line)
        self._size += len(line)
        if self._size > LONGEST_RECORD and len(self._record) > 1:
            raise csv.Error("too long")
        return line

    def peek(self) -> str:
        """The next line, left where it is; empty at the end."""
        if not self._ahead and (line := self._text.readline(LONGEST_RECORD)):
            self._ahead.append(line)
        return self._ahead[0] if self._ahead else ""

    def skip(self) -> None:
        """Go over a line that is no record and does not count."""
        self._ahead.popleft()
        self._line += 1

    def take(self) -> tuple[int, str]:
        """The record in hand, as the line on which it begins and its text."""
        line, raw = self._line, "".join(self._record)
        self._line += len(self._record)
        self._record.clear()
        self._size = 0
        return line, raw

    def give_up(self) -> tuple[int, str]:
        """The first line of the record in hand; the others are put back."""
        first, *rest = self._record
        self._ahead.extendleft(reversed(rest))
        self._record = [first]
        return self.take()
