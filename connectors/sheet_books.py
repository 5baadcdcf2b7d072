"""Opens what offices call a workbook, by its content and whatever its name: XLSX, XLS, XLSB, ODS, HTML, CSV, TSV.

A book has sheets, a sheet has numbered rows of cells. In the rows of headers, merged cells hold their text in every
place that they cover; below them only in the first. What the columns mean is left to ``connectors.sheet``.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

import python_calamine

from connectors.archive import Archive
from connectors.base import ChannelError
from connectors.sheet_cells import Cell
from connectors.sheet_html import HtmlTables
from connectors.sheet_text import Garbled, TextTable, encoding_of, looks_like_text
from connectors.workbooks import check_workbook

_WORKBOOKS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")
_LOCKED = "EncryptedPackage".encode("utf-16-le")  # [MS-OFFCRYPTO]: the stream in which Office puts what is locked
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|meta|table|body|style|div|\?xml)\b|\s*<!--|\s*<\?xml", re.IGNORECASE)
_SHEET_XML = "urn:schemas-microsoft-com:office:spreadsheet"


@dataclass(frozen=True)
class Headers:
    """Where the headers stand, counted from 1, and which columns the channel file looks for, folded."""

    first: int
    last: int
    wanted: frozenset[str]


class Book(Protocol):
    """An opened file."""

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of its sheets, in order."""

    def rows(self, sheet: str) -> Iterator[tuple[int, Sequence[Cell] | Garbled]]:
        """The rows of a sheet with their numbers, from the first that is not empty at the latest."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of how the file was read."""


def open_book(archive: Archive, name: str, headers: Headers) -> Book:
    """The book in an archived object. Raises ``ChannelError`` for what is none, or is locked."""
    head = _head(archive, name)
    if head.startswith(_WORKBOOKS):
        return Workbook(archive.read(name), name, headers)
    encoding = encoding_of(archive.stream(name))
    text = head.decode(encoding, "replace").lstrip("\ufeff")
    if _MARKUP.match(text):
        if _SHEET_XML in text:
            raise ChannelError(f"{name}: is a workbook of 2003 in XML; open it and save it as .xlsx")
        return HtmlTables(archive, name, encoding, headers.first, headers.last, headers.wanted)
    if not looks_like_text(text):
        raise ChannelError(f"{name}: is no workbook that can be read; open it and save it as .xlsx")
    return TextTable(
        archive,
        name,
        PurePath(archive.entry(name).origin.get("path", name)).stem,
        encoding,
        headers.first,
        headers.last,
        headers.wanted,
    )


def _head(archive: Archive, name: str) -> bytes:
    stream = archive.stream(name)
    head = next(stream, b"")[:8192]
    for _ in stream:  # to its end, so that an altered file is noticed here
        pass
    return head


class Workbook:
    """What calamine opens. It holds a sheet in memory, at about twice its unpacked size; rows are made one by one."""

    remarks: tuple[str, ...] = ()

    def __init__(self, content: bytes, name: str, headers: Headers) -> None:
        """Raises ``ChannelError`` for a bomb, a locked or a broken workbook."""
        check_workbook(content, name)
        self._headers = headers
        try:
            self._book = python_calamine.load_workbook(io.BytesIO(content))
        except python_calamine.CalamineError as error:
            if isinstance(error, python_calamine.PasswordError) or _is_locked(content):
                raise ChannelError(f"{name}: is locked with a password; save it without one") from error
            raise ChannelError(f"{name}: is no workbook that can be read; open it and save it as .xlsx") from error
        self.sheets: tuple[str, ...] = tuple(self._book.sheet_names)

    def rows(self, sheet: str) -> Iterator[tuple[int, Sequence[Cell]]]:
        """See ``Book``."""
        page = self._book.get_sheet_by_name(sheet)
        before: list[Cell] = [""] * (page.start[1] if page.start else 0)
        merged = [(a, b) for a, b in page.merged_cell_ranges or () if a[0] < self._headers.last]
        kept: dict[tuple[int, int], Cell] = {}
        for number, read in enumerate(page.iter_rows(), start=1):
            row = [*before, *read] if before else read
            if self._headers.first <= number <= self._headers.last:
                row = list(row)
                for (top, left), (bottom, right) in merged:
                    if top < number <= bottom + 1 and left < len(row):
                        value = kept.setdefault((top, left), row[left])
                        row[left : right + 1] = [value] * (min(right + 1, len(row)) - left)
            yield number, row


def _is_locked(content: bytes) -> bool:
    """Whether a workbook that cannot be opened is one that Office or LibreOffice has locked."""
    if not content.startswith(b"PK"):
        return _LOCKED in content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed, packed.open("META-INF/manifest.xml") as manifest:
            return b"encryption-data" in manifest.read(1 << 20)
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, zlib.error):
        return False
