"""Reads workbooks and tables of text, one table per sheet, or several sheets that are one table.

Formats are left to ``connectors.sheet_books``, cells to ``connectors.sheet_cells``; what the columns mean, and dates
that were typed as text, to ``transforms.normalise``. Frames come in pieces.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import PurePath

import pandas as pd

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RawTable, Unreadable
from connectors.files import archive_files, mapped_tables, nearest
from connectors.sheet_books import Book, Headers, Workbook, open_book
from connectors.sheet_cells import Cell, cell_text, column_letter, folded, is_blank
from connectors.sheet_text import Garbled
from schemas.mapping import EventMap, Mapping, column_maps
from schemas.sources import SheetSource

CHUNK_ROWS = 20_000
CHUNK_CELLS = 4_000_000
CHUNK_UNREADABLE = 1_000
_EXCEL_DIGITS = 15  # a number typed into a cell keeps no more than these
_CELL = re.compile(r"([A-Z]+)([1-9][0-9]*)")
_GROUPED = re.compile(r"\d{1,3}(?:\.\d{3})+|\d+")  # 1.250 is 1250 in Indonesian


class SheetReader:
    """The reader ``sheet``."""

    def extract(self, source: SheetSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the files. Raises ``ChannelError`` for a missing file, ``RetryError`` for a moving one."""
        archive_files(source.path, archive, context)

    def parse(self, source: SheetSource, archive: Archive) -> Iterator[RawTable]:
        """Rows of the mapped sheets in pieces; ``_position`` is the row's number in Excel, or its line in a text.

        Where a glob names several sheets it is ``SHEET!number``. Empty rows and rows of totals are no records. A column
        without a header that holds values is ``kolom_<letter>``. A row of text of which it cannot be told which cell is
        which is an ``Unreadable``. Raises ``ChannelError`` for what is no workbook, a sheet that is not there, or a
        header row without headers.
        """
        tables, found = mapped_tables(source), set[str]()
        for name in _objects(archive):
            book = open_book(archive, name, headers_of(source, name))
            for table in tables:
                sheets = _sheets(book, name, table, alone=len(tables) == 1)
                for sheet in sheets:
                    found.add(table)
                    yield from _Sheet(book, name, sheet, table, source).read()
        for table in tables:
            if table not in found:
                names = [name.rsplit(".", 1)[0] for name in _objects(archive)]
                raise ChannelError(f"no file holds the sheet {table!r}{nearest(table, names)}")

    def count(self, source: SheetSource, archive: Archive) -> dict[str, int] | None:
        """The number that the vendor states in a cell (summed over files), for the source's one stream.

        Raises ``ChannelError`` if the cell holds no number, or if it cannot be known which stream it counts.
        """
        if source.count is None:
            return None
        if len(source.streams) != 1:
            raise ChannelError("count: the cell can count one stream, but the source has several; leave count out")
        books = ((open_book(archive, name, headers_of(source, name)), name) for name in _objects(archive))
        return {next(iter(source.streams)): sum(_stated(book, name, source) for book, name in books)}


def _objects(archive: Archive) -> list[str]:
    return [entry.name for entry in archive.entries]


def headers_of(source: SheetSource, name: str) -> Headers:
    """Where headers stand in the file ``name`` of a source, and which are looked for."""
    uses: list[Mapping | EventMap] = []
    for mapping in source.streams.values():
        uses += [mapping, *mapping.events]
    mapped = {name for use in uses for m in column_maps(use.columns).values() for name in m.origins}
    keys = {name for use in uses for name in use.key}
    file = PurePath(name).name.casefold()
    place = next((one for one in source.layouts if fnmatchcase(file, one.files.casefold())), source)
    first, last = place.header_row, place.header_row + place.header_rows - 1
    return Headers(first, last, frozenset(folded(name) for name in mapped | keys))


def _sheets(book: Book, object_name: str, wanted: str, *, alone: bool) -> list[str]:
    """The sheets that ``wanted`` names; like Excel, without regard to case, and to outer or doubled blanks.

    A text and a page stand for the one table that is mapped, whatever they are called; where several are, one that
    is not there may be in another file.
    """
    by_folded = {folded(name): name for name in book.sheets}
    if exact := by_folded.get(folded(wanted)):
        return [exact]
    if "*" in wanted or "?" in wanted:
        pattern = folded(wanted).replace("[", "[[]")
        if some := [name for key, name in by_folded.items() if fnmatchcase(key, pattern)]:
            return some
    if not isinstance(book, Workbook):
        return [book.sheets[0]] if alone else []
    there = ", ".join(repr(sheet) for sheet in book.sheets)
    raise ChannelError(f"{object_name}: has no sheet {wanted!r}, only {there}{nearest(wanted, by_folded.values())}")


@dataclass
class _Chunk:
    """Rows on their way into a frame."""

    rows: list[Sequence[Cell]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    width: int = 0

    def add(self, row: Sequence[Cell], number: str) -> None:
        self.rows.append(row)
        self.numbers.append(number)
        self.width = max(self.width, len(row))

    @property
    def full(self) -> bool:
        cells = len(self.rows) * self.width
        return len(self.rows) >= CHUNK_ROWS or cells >= CHUNK_CELLS or len(self.unreadable) >= CHUNK_UNREADABLE


@dataclass
class _Sheet:
    """One sheet while it is read."""

    book: Book
    object: str
    sheet: str
    table: str
    source: SheetSource
    problems: list[str] = field(default_factory=list)
    long: Counter[str] = field(default_factory=Counter)

    def read(self) -> Iterator[RawTable]:
        """Its rows, in pieces; the last one carries what was odd."""
        headers = headers_of(self.source, self.object)
        rows = self.book.rows(self.sheet)
        top, filled = _top(rows, headers)
        names = self._names(top)
        if not names:
            if not filled and self._is_one_of_many and not any(_holds_something(row) for _, row in rows):
                yield RawTable(self.table, _empty(), problems=(f"{self.table}: sheet {self.sheet!r} is empty",))
                return
            place = f"{self.object}, sheet {self.sheet!r}"
            raise ChannelError(f"{place}: row {headers.first} has no headers; set header_row")
        if not isinstance(self.book, Workbook) and not headers.wanted & {folded(name) for name in names.values()}:
            place = f"{self.object}: row {headers.first}"
            raise ChannelError(f"{place} holds none of the headers that the channel file maps; set header_row")
        totals = {folded(word).rstrip(" :") for word in self.source.totals}
        chunk, sums = _Chunk(), 0
        for number, row in rows:
            position = f"{self.sheet}!{number}" if self._is_one_of_many else str(number)
            if isinstance(row, Garbled):
                chunk.unreadable.append(Unreadable(self.table, self.object, position, row.detail, row.raw))
            else:
                first = next((cell for cell in row if not is_blank(cell)), None)
                if first is None:
                    continue
                if isinstance(first, str) and folded(first).rstrip(" :") in totals:
                    sums += 1
                    continue
                chunk.add(row, position)
            if chunk.full:
                yield RawTable(self.table, self._frame(chunk, names), tuple(chunk.unreadable))
                chunk = _Chunk()
        frame = self._frame(chunk, names)
        if sums:
            self.problems.append(f"{self.table}: {sums} rows of totals are no records")
        self.problems += [
            f"{self.table}: {name} has {times} numbers of more than {_EXCEL_DIGITS} digits; "
            "Excel keeps no more of typed ones"
            for name, times in self.long.items()
            if times
        ]
        yield RawTable(self.table, frame, tuple(chunk.unreadable), (*self.problems, *self.book.remarks))

    @property
    def _is_one_of_many(self) -> bool:
        """Whether a glob named the sheet."""
        return isinstance(self.book, Workbook) and folded(self.sheet) != folded(self.table)

    def _names(self, top: Sequence[Sequence[Cell]]) -> dict[int, str]:
        """Column index → name. One without a header is left to ``_frame``, and so is one whose header is taken."""
        names: dict[int, str] = {}
        again: dict[str, list[str]] = {}
        for index, cells in enumerate(zip_longest(*top, fillvalue="")):
            parts = [" ".join((cell_text(cell) or "").split()) for cell in cells]
            whole = " ".join(part for n, part in enumerate(parts) if part and part not in parts[:n])
            name = self._declared(whole)
            if name in names.values():
                again.setdefault(name, []).append(f"kolom_{column_letter(index)}")
            elif name:
                names[index] = name
        for name, others in again.items():
            times, which = ("twice", "second is") if len(others) == 1 else (f"{len(others) + 1} times", "others are")
            shown = f"{', '.join(others[:3])}{' …' if len(others) > 3 else ''}"
            self.problems.append(f"{self.table}: header {name!r} stands {times}; the {which} {shown}")
        return names

    def _declared(self, header: str) -> str:
        """The name that the channel file has for a header that varies, else the header."""
        for name, pattern in self.source.headers.items():
            if re.fullmatch(pattern, header, re.IGNORECASE):
                return name
        return header

    def _frame(self, chunk: _Chunk, names: dict[int, str]) -> pd.DataFrame:
        data: dict[str, list[str | None]] = {}
        columns = list(zip_longest(*chunk.rows, fillvalue=""))
        for index in range(max(len(columns), max(names) + 1)):
            cells = columns[index] if index < len(columns) else ("",) * len(chunk.rows)
            texts = [cell_text(cell) for cell in cells]
            if index in names:
                data[names[index]] = texts
                self.long[names[index]] += sum(
                    isinstance(cell, float) and text is not None and len(text) > _EXCEL_DIGITS and text.isdigit()
                    for cell, text in zip(cells, texts, strict=True)
                )
            elif any(text is not None and text.strip() for text in texts):
                data[f"kolom_{column_letter(index)}"] = texts
        try:
            frame = pd.DataFrame(data, dtype="str")
        except UnicodeEncodeError:  # bytes that the encoding does not know
            self.problems.append(f"{self.table}: holds bytes that are no text; they stand as U+FFFD")
            sound = {name: [text and _sound(text) for text in texts] for name, texts in data.items()}
            frame = pd.DataFrame(sound, dtype="str")
        frame["_object"] = pd.Series(self.object, index=frame.index, dtype="str")
        frame["_position"] = pd.Series(chunk.numbers, dtype="str")
        return frame


def _top(rows: Iterable[tuple[int, Sequence[Cell] | Garbled]], headers: Headers) -> tuple[list[Sequence[Cell]], bool]:
    """The rows of headers, and whether anything stands in them or above."""
    top: list[Sequence[Cell]] = []
    filled = False
    for number, row in rows:
        if isinstance(row, Garbled):
            continue
        filled = filled or _holds_something(row)
        if number >= headers.first:
            top.append(row)
        if number >= headers.last:
            break
    return top, filled


def _holds_something(row: Sequence[Cell] | Garbled) -> bool:
    return isinstance(row, Garbled) or not all(map(is_blank, row))


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=["_object", "_position"], dtype="str")


def _sound(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _stated(book: Book, object_name: str, source: SheetSource) -> int:
    """The number in the cell that ``source.count`` names."""
    assert source.count is not None  # noqa: S101 (the caller has asked)
    match = _CELL.fullmatch(source.count.cell)
    letters, wanted = match.groups() if match else ("A", "1")
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    sheets = _sheets(book, object_name, source.count.sheet, alone=True)
    row = next((row for number, row in book.rows(sheets[0]) if number == int(wanted)), ())
    cells = () if isinstance(row, Garbled) else row
    text = (cell_text(cells[index - 1]) if len(cells) >= index else None) or ""
    if not _GROUPED.fullmatch(text.strip()):
        place = f"{object_name}, sheet {source.count.sheet!r}, cell {source.count.cell}"
        raise ChannelError(f"{place}: holds no whole number; correct count in the channel file, or leave it out")
    return int(text.strip().replace(".", ""))
