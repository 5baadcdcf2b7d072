"""What the server would show of a literal that was stored in a column: text, by the column's declared type.

Values that need no thought are read by column, all at once; the others one by one, each spelling once. A value that the
server would refuse or bend (a word in a number, an unknown member of an ENUM) is kept as written and told.
"""

import base64
import codecs
import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.mysql_rows import escaping_slashes
from connectors.mysql_tables import Column
from connectors.mysql_tokens import unquote_string

_INTEGERS = frozenset(["tinyint", "smallint", "mediumint", "int", "bigint"])
_BINARY = re.compile(r"(?:tiny|medium|long)?blob|(?:var)?binary|geometry|point|linestring|polygon|multi\w+|geom\w+")
_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PREFIXED = re.compile(rb"(?P<prefix>_[0-9A-Za-z]+|[xXbBnN])\s*(?P<string>['\"].*)", re.DOTALL)
_HEX = re.compile(rb"(?:_[0-9A-Za-z]+\s*)?0[xX](?P<digits>[0-9A-Fa-f]+)")
_BITS = re.compile(rb"0b(?P<digits>[01]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_DATE = re.compile(
    r"\s*(?P<y>\d{4}|\d\d)[-/.:](?P<m>\d\d?)[-/.:](?P<d>\d\d?)"
    r"(?:[T ]+(?P<H>\d\d?)(?:[:.-](?P<M>\d\d?))?(?:[:.-](?P<S>\d\d?))?(?:\.(?P<f>\d*))?)?\s*"
)
_COMPACT = re.compile(r"(?P<y>\d{4}|\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?:\.(?P<f>\d*))?)?")
_TIME = re.compile(r"(?P<sign>-?)(?P<H>\d{1,3}):(?P<M>\d\d?)(?::(?P<S>\d\d?))?(?:\.(?P<f>\d*))?")
_INTEGER_SHOWN = "^(?:0|-?[1-9][0-9]{0,18})$"
_FLOAT_SHOWN = "^-?(?:0|[1-9][0-9]{0,2})(?:\\.[0-9]{0,2}[1-9])?$"
_DOUBLE_SHOWN = "^-?(?:0|[1-9][0-9]{0,5})(?:\\.[0-9]{0,7}[1-9])?$"
_UNKNOWN_NUMBER = "^[-+]?[0-9]+(?:\\.[0-9]+)?$"
_C1 = {0xDC00 + code: code for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_LITERAL_CHARSETS = {b"_latin1": "cp1252", b"_utf8": "utf-8", b"_utf8mb3": "utf-8", b"_utf8mb4": "utf-8"}
_QUOTE = ord("'")
_MEANT = np.arange(256, dtype=np.uint8)
for _sign, _meant in zip(b"0bnrtZ", b"\0\b\n\r\t\x1a", strict=True):
    _MEANT[_sign] = _meant
_KEEPS_SLASH = np.isin(np.arange(256), [*b"%_"])
_EXPRESSION = "an expression, kept as written"
_NO_VALUE = "no value of its type, kept as written"

Read = tuple[str | None, str]  # a value, and what is odd about it


def read_column(raw: pa.LargeBinaryArray, column: Column, encoding: str) -> tuple["pd.Series[str]", dict[int, str]]:
    """The values of one column as the server would show them, NULL as NA; and what is odd, by index.

    ``raw`` are literals as written; ``encoding`` is that of the connection (``binary``: that of the column).
    """
    null = pc.equal(raw, b"NULL")
    quoted = pc.starts_with(raw, b"'")
    body = pc.if_else(quoted, pc.binary_slice(raw, 1, -1), raw)
    body = _unescaped(body, quoted)
    text_encoding = _column_encoding(column, encoding)
    easy = pc.and_not(_easy(column, quoted, body), null)
    if text_encoding != "utf-8" and column.type not in _INTEGERS:
        easy = pc.and_not(easy, _not_ascii(body))
    try:
        values = pc.if_else(easy, body, None).cast(pa.large_string())
    except pa.ArrowInvalid:  # a bad byte somewhere
        easy = pc.and_not(easy, _not_ascii(body))
        values = pc.if_else(easy, body, None).cast(pa.large_string())
    hard = pc.invert(pc.or_(easy, null))
    odd: dict[int, str] = {}
    if pc.any(hard).as_py():
        indices = pc.indices_nonzero(hard).to_pylist()
        read = cache(lambda token: _read_token(token, column, text_encoding))
        found = [read(token) for token in raw.filter(hard).to_pylist()]
        values = pc.replace_with_mask(values, hard, pa.array([value for value, _ in found], pa.large_string()))
        odd = {index: fault for index, (_, fault) in zip(indices, found, strict=True) if fault}
    return pd.Series(pd.array(values, dtype="str"), copy=False), odd


def default_of(column: Column) -> Read:
    """What a row that does not name ``column`` has there."""
    if column.default_is_expression:
        return None, "its DEFAULT is computed by the server and stands in no dump"
    if column.default is not None:
        if column.type == "bit":
            return column.default, ""
        return _stored(column.default.encode(), column, "utf-8", quoted=True)
    if column.nullable or column.automatic or not column.type or column.computed:
        return None, "is computed by the server and stands in no dump" if column.computed else ""
    if column.type in _INTEGERS or column.type in ("float", "double", "decimal", "bit"):
        return _stored(b"0", column, "utf-8")
    zero = {"date": "0000-00-00", "year": "0000", "time": "00:00:00"}
    zero |= dict.fromkeys(("datetime", "timestamp"), "0000-00-00 00:00:00")
    if column.type in zero:
        return _stored(zero[column.type].encode(), column, "utf-8")
    return (column.arguments[0] if column.type == "enum" and column.arguments else ""), ""


def decoded(raw: bytes, encoding: str) -> str:
    """``raw`` as text. The server's latin1 is Windows-1252 with five more signs. Raises ``UnicodeDecodeError``."""
    if encoding == "cp1252":
        return raw.decode("cp1252", "surrogateescape").translate(_C1)
    return raw.decode(encoding)


def python_encoding(charset: str) -> str | None:
    """Python's name for a character set of the server; None for one that is not known, or not safe to split."""
    fixed = {"latin1": "cp1252", "ascii": "utf-8", "binary": "binary", "utf8": "utf-8", "utf8mb3": "utf-8"}
    fixed |= {"utf8mb4": "utf-8", "latin2": "iso8859-2", "greek": "iso8859-7", "hebrew": "iso8859-8"}
    fixed |= {"latin5": "iso8859-9", "latin7": "iso8859-13", "koi8r": "koi8-r", "koi8u": "koi8-u", "tis620": "tis-620"}
    if charset in fixed:
        return fixed[charset]
    return codecs.lookup(charset).name if re.fullmatch(r"cp125\d|cp8\d\d", charset) else None


def _column_encoding(column: Column, encoding: str) -> str:
    if encoding != "binary":
        return encoding
    return "cp1252" if column.latin1 else "utf-8"


def _unescaped(body: pa.LargeBinaryArray, quoted: pa.BooleanArray) -> pa.LargeBinaryArray:
    """Single-quoted strings, whose quotes are off already, without their escapes."""
    written = (body.buffers()[2] or pa.py_buffer(b"")).to_pybytes()
    if b"\\" not in written and b"'" not in written:
        return body
    has = pc.or_(pc.match_substring(body, b"\\"), pc.match_substring(body, b"'"))
    has = pc.and_(has, quoted)
    if not pc.any(has).as_py():
        return body
    some = body.filter(has)
    offsets = np.frombuffer(some.buffers()[1], np.int64)[: len(some) + 1]
    signs = np.frombuffer(some.buffers()[2], np.uint8)[: offsets[-1]].copy()
    escaping = escaping_slashes(signs)
    is_quote = signs == _QUOTE
    is_quote[escaping + 1] = False
    escaped = signs[escaping + 1]
    signs[escaping + 1] = _MEANT[escaped]
    dropped = np.sort(np.concatenate([escaping[~_KEEPS_SLASH[escaped]], np.flatnonzero(is_quote)[1::2]]))
    kept = np.ones(len(signs), np.bool_)
    kept[dropped] = False
    data = pa.py_buffer(signs[kept])
    starts = pa.py_buffer(offsets - np.searchsorted(dropped, offsets))
    plain = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(some), [None, starts, data])
    return pc.replace_with_mask(body, has, plain)


def _not_ascii(body: pa.LargeBinaryArray) -> pa.BooleanArray:
    data = np.frombuffer(body.buffers()[2] or b"", np.uint8)
    if not (data > 127).any():
        return pa.array(np.zeros(len(body), np.bool_))
    return pa.array([value is not None and not value.isascii() for value in body.to_pylist()], pa.bool_())


def _easy(column: Column, quoted: pa.BooleanArray, body: pa.LargeBinaryArray) -> pa.BooleanArray:
    """Which values stand in the dump as the server shows them."""
    kind = column.type
    if pattern := _shown(kind, column.arguments, column.attributes):
        fits = pc.match_substring_regex(body, pattern)
        return fits if kind not in _TEMPORAL else pc.and_(fits, quoted)
    if kind in ("enum", "set"):
        members = pa.array([*(member.encode() for member in column.arguments), b""], pa.large_binary())
        return pc.and_(quoted, pc.is_in(body, members))
    if kind in ("bit", "decimal", "float") or is_binary(column):
        return pa.array(np.zeros(len(body), np.bool_))
    if kind == "char":
        return pc.and_not(quoted, pc.ends_with(body, b" "))
    if kind:
        return pc.or_(quoted, pc.match_substring_regex(body, _INTEGER_SHOWN))
    return pc.or_(quoted, pc.match_substring_regex(body, _UNKNOWN_NUMBER))


_TEMPORAL = frozenset(["date", "datetime", "timestamp", "time", "year"])


def is_binary(column: Column) -> bool:
    """Whether the column holds bytes and no text."""
    return _BINARY.fullmatch(column.type) is not None


@cache
def _shown(kind: str, arguments: tuple[str, ...], attributes: str) -> str | None:
    """The pattern of what the server shows of a number or a time; None for other types."""
    scale = _fraction(kind, arguments)
    if kind in _INTEGERS or (kind == "decimal" and scale == 0):
        zeros = "zerofill" in attributes
        width = int(arguments[0]) if arguments else {"tinyint": 3, "smallint": 5, "bigint": 20}.get(kind, 10)
        return f"^[0-9]{{{width}}}$" if zeros else _INTEGER_SHOWN
    if kind == "decimal" or (kind in ("float", "double") and len(arguments) == 2):
        shown = f"^(?:0|-?[1-9][0-9]*)\\.[0-9]{{{scale}}}$"
        return None if "zerofill" in attributes or kind == "float" else shown
    digits = f"\\.[0-9]{{{scale}}}" if scale else ""
    day = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    clock = f"[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}{digits}"
    patterns = {
        "float": _FLOAT_SHOWN,
        "double": _DOUBLE_SHOWN,
        "date": f"^{day}$",
        "datetime": f"^{day} {clock}$",
        "timestamp": f"^{day} {clock}$",
        "time": f"^-?{clock}$",
        "year": "^[0-9]{4}$",
    }
    return patterns.get(kind)


def _fraction(kind: str, arguments: tuple[str, ...]) -> int:
    """Digits after the point."""
    numbers = [int(text) for text in arguments if text.isdigit()]
    if kind in ("decimal", "float", "double"):
        return numbers[1] if len(numbers) == 2 else 0
    return numbers[0] if kind in _TEMPORAL and numbers else 0


def _read_token(token: bytes, column: Column, encoding: str) -> Read:
    """One literal; what is none is kept as written."""
    word = token.upper()
    if word == b"NULL":
        return None, ""
    if word == b"DEFAULT":
        return default_of(column)
    if word in (b"TRUE", b"FALSE"):
        return _stored(str(int(word == b"TRUE")).encode(), column, encoding)
    if token[:1] in (b"'", b'"'):
        return _stored(unquote_string(token), column, encoding, quoted=True)
    if _NUMBER.fullmatch(token):
        return _stored(token, column, encoding)
    if match := _HEX.fullmatch(token):
        digits = match["digits"]
        return _from_bytes(bytes.fromhex((b"0" * (len(digits) % 2) + digits).decode("ascii")), column)
    if match := _BITS.fullmatch(token):
        return _from_bits(match["digits"], column)
    if match := _PREFIXED.fullmatch(token):
        raw, prefix = unquote_string(match["string"]), match["prefix"].lower()
        try:
            if prefix == b"x":
                return _from_bytes(bytes.fromhex(raw.decode("ascii")), column)
            if prefix == b"b":
                return _from_bits(raw or b"0", column)
        except ValueError:
            return decoded_or_marked(token, encoding)[0], _EXPRESSION
        if prefix == b"_binary":
            return _from_bytes(raw, column)
        return _stored(raw, column, _LITERAL_CHARSETS.get(prefix, encoding), quoted=True)
    return decoded_or_marked(token, encoding)[0], _EXPRESSION


def _from_bits(digits: bytes, column: Column) -> Read:
    number = int(digits, 2)
    if column.type and (is_binary(column) or _is_text(column)):
        return _from_bytes(number.to_bytes(max(-(-len(digits) // 8), 1), "big"), column)
    return _stored(str(number).encode(), column, "utf-8") if column.type != "bit" else (str(number), "")


def _from_bytes(raw: bytes, column: Column) -> Read:
    """Bytes as the column takes them: a number, text in its own character set, or bytes."""
    if column.type in _INTEGERS or column.type in ("decimal", "float", "double"):
        return _stored(str(int.from_bytes(raw, "big")).encode(), column, "utf-8")
    if not column.type:
        return _bytes_or_text(raw, "utf-8"), ""
    return _stored(raw, column, "cp1252" if column.latin1 else "utf-8", quoted=True)


def _is_text(column: Column) -> bool:
    return column.type in ("char", "varchar", "json") or column.type.endswith("text")


def _stored(raw: bytes, column: Column, encoding: str, *, quoted: bool = False) -> Read:
    """The bytes of a string, or the digits of a number, as shown after they were stored."""
    kind = column.type
    if kind == "bit":
        return (str(int.from_bytes(raw, "big")) if quoted else raw.decode("ascii")), ""
    if is_binary(column):
        if kind == "binary" and column.arguments:
            raw = raw.ljust(int(column.arguments[0]), b"\0")
        return _bytes_or_text(raw, "utf-8"), ""
    text, fault = decoded_or_marked(raw, encoding)
    if fault and not kind and _CONTROL.search(text):
        return _bytes_or_text(raw, encoding), ""
    if fault or not kind:
        return text, fault
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        return (text if quoted else _literal_number(text)), ""
    shown = convert(text, column, quoted)
    return (text, _NO_VALUE) if shown is None else (shown, "")


def _bytes_or_text(raw: bytes, encoding: str) -> str:
    return "base64:" + base64.b64encode(raw).decode("ascii") if _is_no_text(raw, encoding) else decoded(raw, encoding)


def _is_no_text(raw: bytes, encoding: str) -> bool:
    try:
        text = decoded(raw, encoding)
    except UnicodeDecodeError:
        return True
    return False if raw.isascii() and raw.isalnum() else _CONTROL.search(text) is not None


def decoded_or_marked(raw: bytes, encoding: str) -> tuple[str, str]:
    """``raw`` as text, with U+FFFD for bad bytes; and what is odd."""
    try:
        return decoded(raw, encoding), ""
    except UnicodeDecodeError:
        return raw.decode(encoding, "replace"), f"no valid {encoding}, bad bytes shown as U+FFFD"


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() < 100 else None


def _literal_number(text: str) -> str:
    """A number that was written into a text column: ``-001.50`` becomes ``-1.50``."""
    if "e" in text.lower():
        return shown_float(float(text), 17) or text
    number = _number(text)
    return text if number is None else str(number)


def _integer(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    return _fixed(text, column, 0)


def _decimal(text: str, column: Column, quoted: bool) -> str | None:  # noqa: ARG001, FBT001
    return _fixed(text, column, _fraction("decimal", column.arguments))


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
    return shown_float(number if quoted else number + 0.0, 6 if column.type == "float" else 17)


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
    width = _fraction(column.type, column.arguments)
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
    return (text if quoted else _literal_number(text)).rstrip(" ")


_CONVERSIONS: dict[str, Callable[[str, Column, bool], str | None]] = {
    **dict.fromkeys(_INTEGERS, _integer),
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
