"""Looks into a workbook or a table of text: its sheets, and in which row the headers of each stand.

Headers are the first row of texts that is about as wide as the rows below it, with the row above where that parts
them into groups; letterheads above are narrower. Sheets with the same headers, as one a kelurahan, are one table.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path

from connectors.base import ChannelError, RawTable
from connectors.peek_types import Found, FoundColumn, FoundTable
from connectors.plain import PlainFiles
from connectors.sheet import SheetReader
from connectors.sheet_books import Book, Headers, Workbook, open_book
from connectors.sheet_cells import Cell, cell_text, column_letter, is_blank
from connectors.sheet_html import HtmlTables
from connectors.sheet_text import Garbled, TextTable, encoding_of
from schemas.sources import SheetSource

DEEPEST = 20  # rows above a table
_LOOKED_AT = 60
_HEAD = 1 << 20  # bytes of a text in which its headers are looked for
_LONGEST_HEADER = 160  # the questions of a form
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
        if isinstance(book, Workbook):
            again = partial(open_book, archive, file.name)
            tables = _like_ones_together([_with_groups(table, book, again) for table in tables], book.sheets)
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
        rows = {"header_row": table.header_row, "header_rows": table.header_rows}
        source = SheetSource.model_validate(
            {"reader": "sheet", "path": self._file.name, "streams": {"all": mapping}, **rows}
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


def _with_groups(table: FoundTable, book: Workbook, opened: Callable[[Headers], Book]) -> FoundTable:
    """``table`` with headers over two rows, where the upper one names groups: PELAPOR over NAMA and NIK."""
    found = table.header_row
    for first in (found - 1, found):
        cells = _rows_at(book, table.name, first)
        if not _are_groups(*cells):
            continue
        names = []
        for pair in zip_longest(*_rows_at(opened(Headers(first, first + 1, frozenset())), table.name, first)):
            parts = [" ".join((cell_text(cell or "") or "").split()) for cell in pair]
            names.append(" ".join(dict.fromkeys(filter(None, parts))))
        columns = tuple(FoundColumn(name) for name in dict.fromkeys(names) if name)
        return replace(table, columns=columns, header_row=first, header_rows=2)
    return table


def _rows_at(book: Book, sheet: str, first: int) -> tuple[Sequence[Cell], Sequence[Cell]]:
    cells = {number: row for number, row in islice(book.rows(sheet), first + 1) if not isinstance(row, Garbled)}
    return cells.get(first, ()), cells.get(first + 1, ())


def _are_groups(above: Sequence[Cell], below: Sequence[Cell]) -> bool:
    """Whether both rows hold headers, and each has some where the other has none."""
    pairs = list(zip_longest(above, below, fillvalue=""))
    upper = [cell for cell, _ in pairs if not is_blank(cell)]
    lower = [cell for _, cell in pairs if not is_blank(cell)]
    gaps = [is_blank(lower_cell) and not is_blank(cell) for cell, lower_cell in pairs]
    under = [is_blank(cell) and not is_blank(lower_cell) for cell, lower_cell in pairs]
    return min(len(upper), len(lower)) > 1 and any(gaps) and any(under) and all(map(_is_header, upper + lower))


def _like_ones_together(tables: list[FoundTable], sheets: Sequence[str]) -> list[FoundTable]:
    """Sheets with the same headers as one table, if a glob names them all and no others."""
    kinds: dict[tuple[object, ...], list[FoundTable]] = {}
    for table in tables:
        kinds.setdefault((table.header_row, table.header_rows, table.columns), []).append(table)
    made: list[FoundTable] = []
    for same in kinds.values():
        start = _common_start([table.name for table in same])
        named = {sheet for sheet in sheets if sheet.casefold().startswith(start.casefold())}
        if len(same) > 1 and start and same[0].columns and named == {table.name for table in same}:
            made.append(replace(same[0], name=f"{start}*", comment=f"{len(same)} sheets"))
        else:
            made += same
    return made


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return next((first[:n] for n, sign in enumerate(first) if last[n : n + 1] != sign), first).rstrip()


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
