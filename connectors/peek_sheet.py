"""Looks into a workbook or a table of text: its sheets, and in which row the headers of each stand.

Headers are the first row of texts that is about as wide as the rows below it; letterheads above are narrower.
"""

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from connectors.base import ChannelError, RawTable
from connectors.peek_types import Found, FoundColumn, FoundTable
from connectors.plain import PlainFiles
from connectors.sheet import SheetReader
from connectors.sheet_books import Book, Headers, Workbook, open_book
from connectors.sheet_cells import Cell, cell_text, column_letter, is_blank
from connectors.sheet_html import HtmlTables
from connectors.sheet_text import Garbled, TextTable, encoding_of
from schemas.channel import SheetSource

DEEPEST = 20  # rows above a table
_LOOKED_AT = 60
_HEAD = 1 << 20  # bytes of a text in which its headers are looked for
_LONGEST_HEADER = 80
_LONGEST_SHORTENED = 5  # Telp.
_MOST_DIGITS = 9  # a text with as many holds a number of somebody
_VALUE = re.compile(r"[-+]?[\d\s.,:/%-]*\d[\d\s.,:/%-]*")
_TOTAL = re.compile(r"\b(?:total|jumlah)\b", re.IGNORECASE)
_FORMATS = {b"PK": "workbook (XLSX, XLSB or ODS)", b"\xd0\xcf": "workbook (XLS)"}

Rows = list[tuple[int, Sequence[Cell]]]


def look_at_sheets(file: Path) -> Found:
    """The sheets of a file. Raises ``ChannelError`` for what is no workbook, or is locked."""
    archive = PlainFiles.of((file,))
    with file.open("rb") as opened:
        mark = opened.read(2)
    zipped = mark in _FORMATS
    head = archive if zipped else PlainFiles.of((file,), _HEAD)
    book = open_book(head, file.name, Headers(1, 1, frozenset()))
    if isinstance(book, TextTable):
        tables, form = _text_table(head, file)
    else:
        tables = [_table(book, sheet, DEEPEST) for sheet in book.sheets]
        form = "web page with tables (HTML)" if isinstance(book, HtmlTables) else _FORMATS.get(mark, "workbook")
    if not any(table.columns for table in tables):
        raise ChannelError(f"{file}: no sheet has a row of headers; it holds no table that can be read")
    return Found(
        reader="sheet",
        format=form,
        encoding=None if isinstance(book, Workbook) else encoding_of(archive.stream(file.name)),
        place=os.path.abspath(file),  # noqa: PTH100  a link stays the link that was named
        name=file.stem,
        tables=tables,
        rows=_Sheets(file, {table.name: table for table in tables}).rows,
    )


class _Sheets:
    """The sheets of a file, through the reader."""

    def __init__(self, file: Path, tables: dict[str, FoundTable]) -> None:
        self._file, self._tables = file, tables

    def rows(self, names: Sequence[str]) -> Iterator[RawTable]:
        """One sheet after another."""
        for name in names:
            if self._tables[name].columns:
                yield from self._sheet(name)

    def _sheet(self, name: str) -> Iterator[RawTable]:
        table = self._tables[name]
        headers = tuple(column.name for column in table.columns)
        mapping = {"table": name, "key": headers, "columns": {"text": headers[0]}}
        source = SheetSource.model_validate(
            {"reader": "sheet", "path": self._file.name, "header_row": table.header_row, "streams": {"all": mapping}}
        )
        yield from SheetReader().parse(source, PlainFiles.of((self._file,)))


def _text_table(head: PlainFiles, file: Path) -> tuple[list[FoundTable], str]:
    """A text: the delimiter depends on where the headers stand, so each row is tried."""
    for row in range(1, DEEPEST + 1):
        book = open_book(head, file.name, Headers(row, row, frozenset()))
        table = _table(book, book.sheets[0], row, row)
        if table.columns and _is_even(book, table):
            delimiter = book.delimiter if isinstance(book, TextTable) else ""
            shown = {"\t": "tab"}.get(delimiter, repr(delimiter))
            return [table], f"table of text, delimiter {shown}"
    return [FoundTable(file.stem, None, ())], "text"


def _is_even(book: Book, table: FoundTable) -> bool:
    """Whether most rows have as many cells as the headers: prose with commas in it has not."""
    rows = [row for _, row in islice(book.rows(table.name), _LOOKED_AT)][table.header_row :]
    width = max((len(row) for row in rows if not isinstance(row, Garbled)), default=0)
    even = sum(not isinstance(row, Garbled) and len(row) == width >= len(table.columns) for row in rows)
    return not rows or even >= 0.7 * len(rows)


def _table(book: Book, sheet: str, deepest: int, first: int = 1) -> FoundTable:
    rows: Rows = [
        (number, row)
        for number, row in islice(book.rows(sheet), _LOOKED_AT + deepest)
        if not isinstance(row, Garbled) and not all(map(is_blank, row))
    ]
    number, headers = _headers([pair for pair in rows if pair[0] >= first], deepest)
    problems = () if headers or not rows else (f"{sheet}: has no row of headers; what stands there is no table",)
    named = [" ".join(name.split()) for name in headers]
    columns = tuple(FoundColumn(name) for name in dict.fromkeys(named) if name)
    totals = tuple(_totals(rows)) if not columns else ()
    return FoundTable(sheet, None, columns, problems=problems, header_row=number, totals=totals)


def _totals(rows: Rows) -> Iterator[tuple[str, int]]:
    """Whole numbers beside a cell that says total, by their cells."""
    for number, row in rows:
        says = False
        for index, cell in enumerate(row):
            if isinstance(cell, str):
                says = says or _TOTAL.search(cell) is not None
            elif says and isinstance(cell, float) and cell.is_integer():
                yield f"{column_letter(index)}{number}", int(cell)


def _headers(rows: Rows, deepest: int) -> tuple[int, list[str]]:
    """The number of the row of headers (1 if there is none), and its texts."""
    for place, (number, row) in enumerate(rows):
        if number > deepest:
            break
        filled = [cell for cell in row if not is_blank(cell)]
        below = [sum(not is_blank(cell) for cell in other) for _, other in rows[place + 1 : place + 11]]
        wide = max(below, default=len(filled))
        if len(filled) < max(2, 0.6 * wide) or not all(map(_is_header, filled)):
            continue
        if len({cell_text(cell) for cell in filled}) < 0.7 * len(filled):
            continue
        return number, [cell_text(cell) or "" for cell in row]
    return 1, []


def _is_header(cell: Cell) -> bool:
    if not isinstance(cell, str) or len(cell) > _LONGEST_HEADER or "@" in cell:
        return False
    if cell.strip().endswith(".") and len(cell.strip()) > _LONGEST_SHORTENED:  # a sentence
        return False
    return _VALUE.fullmatch(cell.strip()) is None and sum(c.isdigit() for c in cell) < _MOST_DIGITS
