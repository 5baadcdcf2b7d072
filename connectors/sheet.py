"""Reads XLSX workbooks (and what else calamine opens: XLS, XLSB, ODS), one table per sheet.

Cells become text as a careful clerk would copy them: whole numbers without decimals, dates in ISO 8601. What the
columns mean, and dates that were typed as text, are left to ``transforms.normalise``. calamine holds a whole
sheet in memory; frames come in pieces.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import pandas as pd
import python_calamine

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RawTable
from connectors.files import archive_files, mapped_tables, nearest
from connectors.workbooks import check_workbook
from schemas.channel import SheetSource

CHUNK_ROWS = 20_000
_EXCEL_DIGITS = 15  # a number typed into a cell keeps no more than these
_LOCKED = "EncryptedPackage".encode("utf-16-le")  # [MS-OFFCRYPTO]: the stream in which Office puts what is locked
_CELL = re.compile(r"([A-Z]+)([1-9][0-9]*)")
_GROUPED = re.compile(r"\d{1,3}(?:\.\d{3})+|\d+")  # 1.250 is 1250 in Indonesian

Cell = str | float | bool | int | date | datetime | time | timedelta


class SheetReader:
    """The reader ``sheet``."""

    def extract(self, source: SheetSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the workbook. Raises ``ChannelError`` for a missing file, ``RetryError`` for a moving one."""
        archive_files(source.path, archive, context)

    def parse(self, source: SheetSource, archive: Archive) -> Iterator[RawTable]:
        """Rows of the mapped sheets in pieces; ``_position`` is the row's number in Excel.

        Empty rows and rows of totals are no records. A column without a header that holds values is ``kolom_<letter>``.
        Raises ``ChannelError`` for what is no workbook, a sheet that is not there, or a header row without headers.
        """
        for entry in archive.entries:
            workbook = _open(archive, entry.name)
            for table in mapped_tables(source):
                yield from _read_sheet(workbook, entry.name, table, source)

    def count(self, source: SheetSource, archive: Archive) -> dict[str, int] | None:
        """The number that the vendor states in a cell (summed over files), for the source's one stream.

        Raises ``ChannelError`` if the cell holds no number, or if it cannot be known which stream it counts.
        """
        if source.count is None:
            return None
        if len(source.streams) != 1:
            raise ChannelError("count: the cell can count one stream, but the source has several; leave count out")
        total = sum(_stated(_open(archive, entry.name), entry.name, source) for entry in archive.entries)
        return {next(iter(source.streams)): total}


def cell_text(cell: Cell) -> str | None:
    """A cell as text; None if it is empty.

    Dates are ``YYYY-MM-DD`` with `` HH:MM:SS`` where there is a time (the sheet's own clock), durations ``H:MM:SS``.
    """
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):  # Excel counts in fractions of a day: 10:15:00 may come as 10:14:59.999
        return (cell + timedelta(milliseconds=500)).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(cell, time):
        return cell.isoformat(timespec="seconds")
    return str(cell)


def column_letter(index: int) -> str:
    """Excel's name of a column; the first (0) is A."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass
class _Chunk:
    """Rows on their way into a frame."""

    rows: list[Sequence[Cell]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


def _open(archive: Archive, name: str) -> python_calamine.CalamineWorkbook:
    content = archive.read(name)
    check_workbook(content, name)
    try:
        return python_calamine.load_workbook(io.BytesIO(content))
    except python_calamine.CalamineError as error:
        if isinstance(error, python_calamine.PasswordError) or _LOCKED in content:
            raise ChannelError(f"{name}: is locked with a password; save it without one") from error
        page = content[:2000].lstrip().lower().startswith((b"<html", b"<!doctype", b"<table", b"<meta"))
        what = "a web page under a workbook's name" if page else "no workbook that can be read"
        raise ChannelError(f"{name}: is {what}; open it and save it as .xlsx") from error


def _sheet(workbook: python_calamine.CalamineWorkbook, object_name: str, wanted: str) -> python_calamine.CalamineSheet:
    """A sheet by its name; like Excel, without regard to case, and to outer or doubled blanks."""
    by_folded = {_folded(name): name for name in workbook.sheet_names}
    if (name := by_folded.get(_folded(wanted))) is None:
        there = ", ".join(repr(sheet) for sheet in workbook.sheet_names)
        raise ChannelError(f"{object_name}: has no sheet {wanted!r}, only {there}{nearest(wanted, by_folded.values())}")
    return workbook.get_sheet_by_name(name)


def _read_sheet(
    workbook: python_calamine.CalamineWorkbook, object_name: str, table: str, source: SheetSource
) -> Iterator[RawTable]:
    rows = enumerate(_sheet(workbook, object_name, table).iter_rows(), start=1)
    header: Iterable[Cell] = next((row for number, row in rows if number == source.header_row), ())
    problems: list[str] = []
    names = _column_names(header, table, problems)
    if not names:
        raise ChannelError(f"{object_name}, sheet {table!r}: row {source.header_row} has no headers; set header_row")
    totals = {_folded(word) for word in source.totals}
    chunk, sums, long = _Chunk(), 0, Counter[str]()
    for number, row in rows:
        first = next((cell for cell in row if not _is_blank(cell)), None)
        if first is None:
            continue
        if isinstance(first, str) and _folded(first) in totals:
            sums += 1
            continue
        chunk.rows.append(row)
        chunk.numbers.append(str(number))
        if len(chunk.rows) == CHUNK_ROWS:
            yield RawTable(table, _frame(chunk, names, object_name, long))
            chunk = _Chunk()
    frame = _frame(chunk, names, object_name, long)
    if sums:
        problems.append(f"{table}: {sums} rows of totals are no records")
    problems += [
        f"{table}: {name} has {times} numbers of more than {_EXCEL_DIGITS} digits; Excel keeps no more of typed ones"
        for name, times in long.items()
        if times
    ]
    yield RawTable(table, frame, problems=tuple(problems))


def _column_names(header: Iterable[Cell], table: str, problems: list[str]) -> dict[int, str]:
    """Column index → name. A column without a header is left to ``_frame``; one whose header is taken is unnamed."""
    names: dict[int, str] = {}
    for index, cell in enumerate(header):
        name = " ".join((cell_text(cell) or "").split())
        if name in names.values():
            problems.append(f"{table}: header {name!r} stands twice; the second is kolom_{column_letter(index)}")
        elif name:
            names[index] = name
    return names


def _frame(chunk: _Chunk, names: dict[int, str], object_name: str, long: Counter[str]) -> pd.DataFrame:
    data: dict[str, list[str | None]] = {}
    width = max((len(row) for row in chunk.rows), default=0)
    columns = list(zip(*chunk.rows, strict=True)) or [() for _ in range(max(names) + 1)]
    for index in range(max(width, max(names) + 1)):
        texts = [cell_text(cell) for cell in columns[index]]
        if index in names:
            data[names[index]] = texts
            long[names[index]] += sum(
                isinstance(cell, float) and text is not None and len(text) > _EXCEL_DIGITS and text.isdigit()
                for cell, text in zip(columns[index], texts, strict=True)
            )
        elif any(text is not None for text in texts):
            data[f"kolom_{column_letter(index)}"] = texts
    frame = pd.DataFrame(data, dtype="str")
    frame["_object"] = pd.Series(object_name, index=frame.index, dtype="str")
    frame["_position"] = pd.Series(chunk.numbers, dtype="str")
    return frame


def _stated(workbook: python_calamine.CalamineWorkbook, object_name: str, source: SheetSource) -> int:
    """The number in the cell that ``source.count`` names."""
    assert source.count is not None  # noqa: S101 (the caller has asked)
    match = _CELL.fullmatch(source.count.cell)
    letters, number = match.groups() if match else ("A", "1")
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    rows = _sheet(workbook, object_name, source.count.sheet).to_python(skip_empty_area=False, nrows=int(number))
    row = rows[int(number) - 1] if len(rows) >= int(number) else []
    text = (cell_text(row[index - 1]) if len(row) >= index else None) or ""
    if not _GROUPED.fullmatch(text.strip()):
        place = f"{object_name}, sheet {source.count.sheet!r}, cell {source.count.cell}"
        raise ChannelError(f"{place}: holds no whole number; correct count in the channel file, or leave it out")
    return int(text.strip().replace(".", ""))


def _is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
