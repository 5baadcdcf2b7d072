"""Values as a column's declared type shows them: what the server makes of a text or number that is stored there.

Each conversion gives None for what the type does not take; the callers keep that as written, and tell.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache

import numpy as np
import pandas as pd

from connectors.mysql_tables import Column

INTEGERS = frozenset(["tinyint", "smallint", "mediumint", "int", "bigint"])
TEMPORAL = frozenset(["date", "datetime", "timestamp", "time", "year"])
_BINARY = re.compile(r"(?:tiny|medium|long)?blob|(?:var)?binary|geometry|point|linestring|polygon|multi\w+|geom\w+")
_DATE = re.compile(
    r"\s*(?P<y>\d{4}|\d\d)[-/.:](?P<m>\d\d?)[-/.:](?P<d>\d\d?)"
    r"(?:[T ]+(?P<H>\d\d?)(?:[:.-](?P<M>\d\d?))?(?:[:.-](?P<S>\d\d?))?(?:\.(?P<f>\d*))?)?\s*"
)
_COMPACT = re.compile(r"(?P<y>\d{4}|\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?:\.(?P<f>\d*))?)?")
_TIME = re.compile(r"(?P<sign>-?)(?P<H>\d{1,3}):(?P<M>\d\d?)(?::(?P<S>\d\d?))?(?:\.(?P<f>\d*))?")


def is_binary(column: Column) -> bool:
    """Whether the column holds bytes and no text."""
    return _BINARY.fullmatch(column.type) is not None


def is_text(column: Column) -> bool:
    """Whether the column holds text of any length."""
    return column.type in ("char", "varchar", "json") or column.type.endswith("text")


def fraction(kind: str, arguments: tuple[str, ...]) -> int:
    """Digits after the point."""
    numbers = [int(text) for text in arguments if text.isdigit()]
    if kind in ("decimal", "float", "double"):
        return numbers[1] if len(numbers) == 2 else 0
    return numbers[0] if kind in TEMPORAL and numbers else 0


def in_utc(moments: "pd.Series[str]", shift: timedelta) -> "pd.Series[str]":
    """TIMESTAMPs of a zone that is ``shift`` ahead of UTC, in UTC. Zero dates and what is none stay."""

    @cache
    def moved(text: str) -> str:
        try:
            return f"{datetime.fromisoformat(text[:19]) - shift}{text[19:]}"
        except (ValueError, OverflowError):
            return text

    return moments.map(moved, na_action="ignore").astype("str")


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() < 100 else None


def literal_number(text: str) -> str:
    """A number that was written into a text column: ``-001.50`` becomes ``-1.50``."""
    if "e" in text.lower():
        return shown_float(float(text), 17) or text
    number = _number(text)
    return text if number is None else str(number)


def _integer(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    return _fixed(text, column, 0)


def _decimal(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    return _fixed(text, column, fraction("decimal", column.arguments))


def _fixed(text: str, column: Column, scale: int) -> str | None:
    number = _number(text)
    if number is None:
        return None
    with_scale = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, Context(prec=200))
    shown = f"{abs(with_scale) if with_scale == 0 else with_scale:f}"
    if "zerofill" not in column.attributes:
        return shown
    width = (
        int(column.arguments[0])
        if column.arguments
        else {"tinyint": 3, "smallint": 5, "bigint": 20}.get(column.type, 10)
    )
    return shown.zfill(width + (scale > 0 and column.type == "decimal"))


def _floating(text: str, column: Column, quoted: bool) -> str | None:  # noqa: FBT001
    try:
        number = float(text)
    except ValueError:
        return None
    if column.type == "float":
        scale = 10.0 ** int(column.arguments[1]) if len(column.arguments) == 2 else 0
        number = float(np.float32(round(number * scale) / scale if scale else number))
    if len(column.arguments) == 2:
        return _fixed(str(Decimal(number)), column, int(column.arguments[1]))
    shown = shown_float(number if quoted else number + 0.0, 6 if column.type == "float" else 17)
    if shown is not None and "zerofill" in column.attributes:
        shown = shown.zfill(12 if column.type == "float" else 22)
    return shown


def shown_float(number: float, digits: int) -> str | None:
    """A floating number as the server prints it: the shortest text that gives it back, with at most ``digits``."""
    if number != number or abs(number) == float("inf"):
        return None
    if number == 0:
        return "-0" if str(number)[0] == "-" else "0"
    text = repr(number) if digits > 15 else f"{number:.{digits - 1}e}"
    sign, mantissa, exponent = Decimal(text).normalize().as_tuple()
    figures = "".join(map(str, mantissa))
    point = len(figures) + int(exponent)  # where the point stands within the figures
    if -14 <= point <= 15 or (point == 16 and len(figures) > 16):
        whole = figures[:point].ljust(point, "0") if point > 0 else "0"
        rest = figures[point:] if point > 0 else "0" * -point + figures
        shown = whole + ("." + rest if rest else "")
    else:
        shown = figures[0] + ("." + figures[1:] if figures[1:] else "") + f"e{point - 1}"
    return "-" * sign + shown


def _moment(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    match = _COMPACT.fullmatch(text) or _DATE.fullmatch(text)
    if text == "0":
        match = _DATE.fullmatch("0000-00-00")
    if match is None:
        return None
    year, month, day, *clock = (int(match[name] or 0) for name in "ymdHMS")
    if len(match["y"]) == 2:
        year += 2000 if year < 70 else 1900
    if month > 12 or day > 31 or clock[0] > 23 or clock[1] > 59 or clock[2] > 59 or not _exists(year, month, day):
        return None
    shown = f"{year:04}-{month:02}-{day:02}"
    if column.type == "date":
        return shown
    return f"{shown} {clock[0]:02}:{clock[1]:02}:{clock[2]:02}{_parts_of_second(match['f'], column)}"


def _exists(year: int, month: int, day: int) -> bool:
    try:
        return not (year and month and day) or bool(date(year, month, day))
    except ValueError:
        return False


def _parts_of_second(digits: str | None, column: Column) -> str:
    width = fraction(column.type, column.arguments)
    return "." + (digits or "")[:width].ljust(width, "0") if width else ""


def _clock(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match["M"]) > 59 or int(match["S"] or 0) > 59 or int(match["H"]) > 838:
        return None
    shown = f"{match['sign']}{int(match['H']):02}:{int(match['M']):02}:{int(match['S'] or 0):02}"
    return shown + _parts_of_second(match["f"], column)


def _year(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    if not re.fullmatch(r"\d{1,2}|\d{4}", text):
        return None
    number = int(text)
    if len(text) == 4 or (number == 0 and not quoted):
        return f"{number:04}"
    return str(number + (2000 if number < 70 else 1900))


def _member(text: str, column: Column, quoted: bool) -> str | None:  # noqa: FBT001
    """A member of an ENUM: by its number, or by its name whatever its case and the blanks behind it."""
    members = {member.rstrip(" ").casefold(): member for member in reversed(column.arguments)}
    if quoted and (found := members.get(text.rstrip(" ").casefold())) is not None:
        return found
    if text.isdigit() and 0 <= int(text) <= len(column.arguments):
        return column.arguments[int(text) - 1] if int(text) else ""
    return None


def _members(text: str, column: Column, quoted: bool) -> str | None:  # noqa: FBT001
    """Members of a SET, by the bits of a number or by their names, in the order of the declaration."""
    if text.isdigit() and not (quoted and text in column.arguments):
        number = int(text)
        wanted = {index for index in range(len(column.arguments)) if number >> index & 1}
        return (
            ",".join(column.arguments[index] for index in sorted(wanted))
            if number >> len(column.arguments) == 0
            else None
        )
    places = {member.casefold(): index for index, member in reversed([*enumerate(column.arguments)])}
    names = [name.rstrip(" ").casefold() for name in text.split(",")] if text else []
    if any(name not in places for name in names):
        return None
    return ",".join(column.arguments[index] for index in sorted({places[name] for name in names}))


def _char(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    return (text if quoted else literal_number(text)).rstrip(" ")


CONVERSIONS: dict[str, Callable[[str, Column, bool], str | None]] = {
    **dict.fromkeys(INTEGERS, _integer),
    "decimal": _decimal,
    "float": _floating,
    "double": _floating,
    "date": _moment,
    "datetime": _moment,
    "timestamp": _moment,
    "time": _clock,
    "year": _year,
    "enum": _member,
    "set": _members,
    "char": _char,
}
