"""Looks at a workbook before it is opened: what would unpack to more than a machine holds is refused in one line.

XLSX, XLSB and ODS are zip files: a few kilobytes may unpack to gigabytes, and one cell in the last corner of an XLSX
sheet makes its reader take half a terabyte. Sizes are counted while unpacking, never believed. What the cells mean is
left to ``connectors.sheet``.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache

from connectors.base import ChannelError

MOST_BYTES = 2 << 30  # unpacked; a sheet of a million rows has about one gigabyte
MOST_CELLS = 50_000_000  # of the rectangle that holds all cells of a sheet; its reader takes 32 bytes for each
FREE_BYTES = 64 << 20  # below this no ratio is suspicious
MOST_RATIO = 200  # tables pack to a tenth, or a fiftieth
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # XLS, and what is locked with a password ([MS-CFB])
_STREAM, _ROOT, _LEAST_BIG = 2, 5, 4096
_CHUNK = 1 << 20
_LONGEST_TAG = 1 << 20
_PLACED = re.compile(  # up to the next tag: a '>' may stand in a value
    rb"""<(?:[^\s<>/:]+:)?(row|c)(?=[\s/>])(?:[^<]*?\sr\s*=\s*["']([A-Za-z]{0,9})([0-9]{0,9})["'])?"""
)


def check_workbook(content: bytes, name: str) -> None:
    """Raise ``ChannelError`` for a workbook that is a bomb: unpacks to too much, or has sectors that run in a circle.

    What is neither zip nor compound file is passed: it cannot unpack.
    """
    if content.startswith(_COMPOUND):
        _check_sectors(content, name)
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            total = 0
            for member in packed.infolist():
                sheet = _Sheet(f"{name}, {member.filename}")  # any member may be declared to be one
                for chunk in _unpacked(packed, member):
                    total += len(chunk)
                    if total > MOST_BYTES or total > max(FREE_BYTES, MOST_RATIO * len(content)):
                        raise ChannelError(f"{name}: unpacks to more than {total >> 20} MB; it is no honest workbook")
                    sheet.feed(chunk)
                sheet.feed(b"<")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError):
        return  # no whole zip file, or a locked one: the reader says so in its own words


def _check_sectors(content: bytes, name: str) -> None:
    """Follow the chains of sectors, as a reader does: one that comes back to where it was would be read for ever."""
    damaged = ChannelError(f"{name}: is no whole workbook; open it and save it as .xlsx")
    if len(content) < 512:
        raise damaged
    size = 1 << min(content[30], 16)
    (tables, directory, _, _, first_small, smalls, first_more, mores) = struct.unpack_from("<8I", content, 44)
    sectors = len(content) // size + 1
    if size < 512 or max(tables, smalls, mores) > sectors:
        raise damaged
    places = list(struct.unpack_from("<109I", content, 76))
    for _ in range(mores):
        block = struct.unpack_from(
            f"<{size // 4}I", content.ljust((first_more + 2) * size, b"\xff"), (first_more + 1) * size
        )
        places, first_more = [*places, *block[:-1]], block[-1]
        if first_more >= sectors:
            break
    chain: list[int] = []
    for place in places[:tables]:
        if place < sectors:
            table = content[(place + 1) * size : (place + 2) * size].ljust(size, b"\xff")
            chain += struct.unpack(f"<{size // 4}I", table)
    entries = bytearray()
    for sector in _chain(directory, chain, sectors, damaged):
        entries += content[(sector + 1) * size : (sector + 2) * size]
    for at in range(0, len(entries) - 127, 128):
        kind, start = entries[at + 66], int.from_bytes(entries[at + 116 : at + 120], "little")
        length = int.from_bytes(entries[at + 120 : at + 124], "little")
        if kind == _ROOT or (kind == _STREAM and length >= _LEAST_BIG):
            _chain(start, chain, sectors, damaged)
    _chain(first_small, chain, sectors, damaged)


def _chain(first: int, following: list[int], sectors: int, damaged: ChannelError) -> list[int]:
    """The sectors of one stream."""
    found = []
    while first < len(following):
        found.append(first)
        if len(found) > sectors:
            raise damaged
        first = following[first]
    return found


def _unpacked(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a member, a megabyte at a time, to their real end: the size in its header is not believed."""
    member.file_size = MOST_BYTES + 1
    with packed.open(member) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class _Sheet:
    """The rectangle that the cells of a sheet span, read as its XML streams by.

    Cells say where they stand (``r="AB12"``); one that does not stands right of the one before it.
    """

    def __init__(self, where: str) -> None:
        self._where, self._held = where, b""
        self._row = self._column = self._rows = self._columns = 0

    def feed(self, chunk: bytes) -> None:
        """Some more of the XML; the last tag is held back until its end was seen."""
        data = self._held + chunk
        end = max(data.rfind(b"<"), 0)
        self._held = data[end:] if data[end : end + 1] == b"<" else b""
        if len(self._held) > _LONGEST_TAG:
            raise ChannelError(f"{self._where}: holds a tag without end; it is no honest workbook")
        if b"<!DOCTYPE" in data:
            raise ChannelError(f"{self._where}: declares a document type, which no workbook does; save it again")
        for tag, letters, number in _PLACED.findall(data, 0, end):
            if tag == b"row":
                self._row, self._column = int(number) if number and not letters else self._row + 1, 0
            else:
                self._column = _number(letters) if letters else self._column + 1
                self._row = int(number) if letters and number else self._row
                self._columns = max(self._columns, self._column)
            self._rows = max(self._rows, self._row)
        if self._rows * self._columns > MOST_CELLS:
            raise ChannelError(
                f"{self._where}: spans {self._rows} rows and {self._columns} columns; "
                "delete what lies far away from the table and save it again"
            )


@cache
def _number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    value = 0
    for letter in letters.upper():
        value = value * 26 + letter - 64
    return value
