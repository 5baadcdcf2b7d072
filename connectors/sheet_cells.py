"""Cells of a sheet as text, as a careful clerk would copy them: whole numbers without decimals, dates in ISO 8601."""

from datetime import date, datetime, time, timedelta

Cell = str | float | bool | int | date | datetime | time | timedelta


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


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing, or blanks only."""
    return isinstance(cell, str) and not cell.strip()


def folded(text: str) -> str:
    """A name without what does not count: case, outer and doubled blanks, line breaks."""
    return " ".join(text.split()).casefold()
