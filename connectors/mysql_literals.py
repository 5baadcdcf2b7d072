"""One literal of a dump, or the default of a column, as the server would show it after it was stored."""

import re

from connectors.mysql_charsets import decoded, decoded_or_marked
from connectors.mysql_tables import Column
from connectors.mysql_tokens import unquote_string
from connectors.mysql_types import CONVERSIONS, INTEGERS, is_binary, is_text, literal_number
from connectors.sql_bytes import has_control, in_base64

_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PREFIXED = re.compile(rb"(?P<prefix>_[0-9A-Za-z]+|[xXbBnN])\s*(?P<string>['\"].*)", re.DOTALL)
_HEX = re.compile(rb"(?:_[0-9A-Za-z]+\s*)?0[xX](?P<digits>[0-9A-Fa-f]+)")
_BITS = re.compile(rb"0b(?P<digits>[01]+)")
_LITERAL_CHARSETS = {b"_latin1": "cp1252", b"_utf8": "utf-8", b"_utf8mb3": "utf-8", b"_utf8mb4": "utf-8"}
_EXPRESSION = "an expression, kept as written"
_NO_VALUE = "no value of its type, kept as written"

Read = tuple[str | None, str]  # a value, and what is odd about it


def read_literal(token: bytes, column: Column, encoding: str) -> Read:
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
    if column.type and (is_binary(column) or is_text(column)):
        return _from_bytes(number.to_bytes(max(-(-len(digits) // 8), 1), "big"), column)
    return _stored(str(number).encode(), column, "utf-8") if column.type != "bit" else (str(number), "")


def _from_bytes(raw: bytes, column: Column) -> Read:
    """Bytes as the column takes them: a number, text in its own character set, or bytes."""
    if column.type in INTEGERS or column.type in ("decimal", "float", "double"):
        return _stored(str(int.from_bytes(raw, "big")).encode(), column, "utf-8")
    if not column.type:
        return _bytes_or_text(raw, "utf-8"), ""
    return _stored(raw, column, column.encoding, quoted=True)


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
    if column.type in INTEGERS or column.type in ("float", "double", "decimal", "bit"):
        return _stored(b"0", column, "utf-8")
    zero = {"date": "0000-00-00", "year": "0000", "time": "00:00:00"}
    zero |= dict.fromkeys(("datetime", "timestamp"), "0000-00-00 00:00:00")
    if column.type in zero:
        return _stored(zero[column.type].encode(), column, "utf-8")
    return (column.arguments[0] if column.type == "enum" and column.arguments else ""), ""


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
    if fault and not kind and has_control(text):
        return _bytes_or_text(raw, encoding), ""
    if fault or not kind:
        return text, fault
    convert = CONVERSIONS.get(kind)
    if convert is None:
        return (text if quoted else literal_number(text)), ""
    shown = convert(text, column, quoted)
    return (text, _NO_VALUE) if shown is None else (shown, "")


def _bytes_or_text(raw: bytes, encoding: str) -> str:
    if raw.isascii() and raw.isalnum():
        return raw.decode("ascii")
    try:
        text = decoded(raw, encoding)
    except UnicodeDecodeError:
        return in_base64(raw)
    return in_base64(raw) if has_control(text) else text
