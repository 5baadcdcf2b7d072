"""What the server would show of a literal that was stored in a column: text, by the column's declared type.

Values that need no thought are read by column, all at once; the others one by one, each spelling once. A value that the
server would refuse or bend (a word in a number, an unknown member of an ENUM) is kept as written and told.
"""

from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.mysql_charsets import is_wide
from connectors.mysql_literals import read_literal
from connectors.mysql_rows import escaping_slashes
from connectors.mysql_tables import Column
from connectors.mysql_types import INTEGERS, TEMPORAL, fraction, is_binary

_INTEGER_SHOWN = "^(?:0|-?[1-9][0-9]{0,18})$"
_FLOAT_SHOWN = "^-?(?:0|[1-9][0-9]{0,2})(?:\\.[0-9]{0,2}[1-9])?$"
_DOUBLE_SHOWN = "^-?(?:0|[1-9][0-9]{0,5})(?:\\.[0-9]{0,7}[1-9])?$"
_UNKNOWN_NUMBER = "^[-+]?[0-9]+(?:\\.[0-9]+)?$"
_QUOTE = ord("'")
_MEANT = np.arange(256, dtype=np.uint8)
for _sign, _meant in zip(b"0bnrtZ", b"\0\b\n\r\t\x1a", strict=True):
    _MEANT[_sign] = _meant
_KEEPS_SLASH = np.isin(np.arange(256), [*b"%_"])


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
    if is_wide(text_encoding):
        easy = pc.and_not(easy, quoted)
    elif text_encoding != "utf-8" and column.type not in INTEGERS:
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
        read = cache(lambda token: read_literal(token, column, text_encoding))
        found = [read(token) for token in raw.filter(hard).to_pylist()]
        values = pc.replace_with_mask(values, hard, pa.array([value for value, _ in found], pa.large_string()))
        odd = {index: fault for index, (_, fault) in zip(indices, found, strict=True) if fault}
    return pd.Series(pd.array(values, dtype="str"), copy=False), odd


def _column_encoding(column: Column, encoding: str) -> str:
    return column.encoding if encoding == "binary" else encoding


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
        return fits if kind not in TEMPORAL else pc.and_(fits, quoted)
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


@cache
def _shown(kind: str, arguments: tuple[str, ...], attributes: str) -> str | None:
    """The pattern of what the server shows of a number or a time; None for other types."""
    scale = fraction(kind, arguments)
    if kind in INTEGERS or (kind == "decimal" and scale == 0):
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
