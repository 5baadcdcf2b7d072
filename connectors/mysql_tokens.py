"""The words of MySQL's SQL as dumps use them: tokens, rows, literals; all on bytes.

Rules are those of the MySQL 8.4 reference manual, chapters 11.1 (literals), 11.2 (names), 11.7 (comments). Statements
and tables are left to ``connectors.mysqldump``. Patterns never give back what they took (possessive), so that time
stays linear, and none matches a token whose end lies beyond the buffer.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Kind = Literal["text", "binary", "bit", "unknown"]  # what a column's declared type says about its bytes

_SINGLE = rb"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
_DOUBLE = rb'"[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"'
_BACK = rb"`[^`]*+(?:``[^`]*+)*+`"
_BLOCK = rb"(?:[^*]++|\*(?!/))*+\*/"
# Version 999999 is MariaDB's mark for what no server runs (the sandbox line).
_COMMENT = rb"--(?=\s)[^\n]*+\n|\#[^\n]*+\n|/\*(?!M?!)" + _BLOCK + rb"|/\*M?!999999" + _BLOCK
_HINT = rb"/\*M?!\d*+(?=\D)|\*/"  # what stands between these is a statement like any other
BLANK = rb"(?:\s++|" + _COMMENT + rb"|" + _HINT + rb")*+"
_BARE = rb"[-+]?+[0-9A-Za-z_.@$]++(?:[-+][0-9]++)?+"
_VALUE = rb"(?:" + _SINGLE + rb"|" + _DOUBLE + rb"|" + _BARE + rb"(?:\s*+" + _SINGLE + rb")?+)"
NAME = rb"(?:" + _BACK + rb"|" + _DOUBLE + rb"|[0-9A-Za-z_$\x80-\xff]++)"

_TOKEN = re.compile(
    rb"(?P<blank>\s++|" + _COMMENT + rb"|" + _HINT + rb")"
    rb"|(?P<string>" + _SINGLE + rb"|" + _DOUBLE + rb")|(?P<name>" + _BACK + rb")"
    rb"|(?P<bare>" + _BARE + rb"|[\x80-\xff]++)|(?P<sign>[^'\"`#/\-]|/(?!\*)(?=.)|-(?!-\s)(?=..))",
    re.DOTALL,
)
_EXPRESSION = re.compile(rb"[-+*/.\d\s]++")
_ESCAPES = {
    **{b"\\" + bytes([code]): bytes([code]) for code in range(256)},
    rb"\0": b"\0",
    rb"\b": b"\b",
    rb"\n": b"\n",
    rb"\r": b"\r",
    rb"\t": b"\t",
    rb"\Z": b"\x1a",
    rb"\%": rb"\%",
    rb"\_": rb"\_",
    b"''": b"'",
    b'""': b'"',
}
_SINGLE_ESCAPE = re.compile(rb"\\.|''", re.DOTALL)
_DOUBLE_ESCAPE = re.compile(rb'\\(.)|""', re.DOTALL)
_PLAIN_NUMBER = rb"^[-+]?[0-9]+(\.[0-9]+)?$"
_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PREFIXED = re.compile(rb"(?P<prefix>_[0-9A-Za-z]+|[xXbBnN])\s*(?P<string>['\"].*)", re.DOTALL)
_HEX = re.compile(rb"(?P<prefix>_[0-9A-Za-z]+\s*)?0[xX](?P<digits>[0-9A-Fa-f]+)")
_BITS = re.compile(rb"0b(?P<digits>[01]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WORDS = {b"NULL": None, b"TRUE": "1", b"FALSE": "0"}
_QUOTE, _DOUBLE_QUOTE = ord("'"), ord('"')


class Malformed(ValueError):
    """What stands between the brackets is no list of SQL values."""


@dataclass(frozen=True)
class Item:
    """One member of a bracketed list: its tokens without blanks, and its bytes as written."""

    tokens: tuple[bytes, ...]
    raw: bytes


@cache
def row_pattern(width: int) -> re.Pattern[bytes]:
    """Matches a bracketed row of ``width`` plain literals, one group each, and the comma after it."""
    between = rb"\s*+,\s*+"
    return re.compile(rb"\(\s*+" + between.join([rb"(" + _VALUE + rb")"] * width) + rb"\s*+\)\s*+,?+\s*+", re.DOTALL)


@cache
def statement_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """Matches everything up to ``delimiter``, or up to the first token that is not whole."""
    first, rest = re.escape(delimiter[:1]), re.escape(delimiter[1:])
    alternatives = [
        rb"[^'\"`#/\-" + first + rb"]++", _SINGLE, _DOUBLE, _BACK, _COMMENT, _HINT,
        rb"-(?!-\s)(?=..)", rb"/(?!\*)(?=.)",
    ]  # fmt: skip
    if rest:
        alternatives.append(first + rb"(?!" + rest + rb")(?=.{" + str(len(delimiter) - 1).encode() + rb"})")
    return re.compile(rb"(?:" + rb"|".join(alternatives) + rb")*+", re.DOTALL)


def split_brackets(buffer: bytes, start: int) -> tuple[list[Item], int] | None:
    """The members of the bracketed list at ``start``, and where it ends; None if its end is not in ``buffer``.

    Raises ``Malformed`` for a semicolon outside a string, and for words after a string: a quote is missing there.
    """
    items: list[Item] = []
    tokens: list[bytes] = []
    depth, position, first, last = 0, start, start + 1, start + 1
    while match := _TOKEN.match(buffer, position):
        position = match.end()
        if match.lastgroup == "blank":
            continue
        token = match[0]
        depth += (token == b"(") - (token == b")")
        if token == b";":
            raise Malformed
        if depth == 0 or (depth == 1 and token == b","):
            if tokens or items or depth:
                items.append(Item(tuple(tokens), buffer[first:last]))
            tokens = []
            if depth == 0:
                return items, position
        elif position - 1 > start:  # not the opening bracket itself
            if not tokens:
                first = match.start()
            elif tokens[0][0] == _QUOTE and token[0] != _QUOTE:
                raise Malformed
            tokens.append(token)
            last = position
    return None


def one_value(item: Item) -> bytes:
    """A list member as one token that ``read_column`` knows: a literal, or an expression as written.

    Raises ``Malformed`` for what is neither, as where a quote is missing.
    """
    tokens = item.tokens
    if not tokens:
        raise Malformed
    if len(tokens) == 1:
        return tokens[0]
    if all(token[0] == _QUOTE for token in tokens):  # 'a' 'b' is 'ab'
        return b"'" + b"".join(token[1:-1] for token in tokens) + b"'"
    if len(tokens) == 2 and (_PREFIXED.fullmatch(b"".join(tokens)) or _HEX.fullmatch(b" ".join(tokens))):
        return b" ".join(tokens)
    call = len(tokens) > 2 and tokens[1] == b"(" and tokens[-1] == b")"
    if call or _EXPRESSION.fullmatch(item.raw):
        return item.raw
    raise Malformed


def unquote_name(token: bytes) -> str:
    """A table or column name without its quotes."""
    if token[:1] in (b"`", b'"'):
        token = token[1:-1].replace(token[:1] * 2, token[:1])
    return token.decode("utf-8", "replace")


def unquote_string(token: bytes) -> bytes:
    r"""The bytes that a quoted string stands for; ``\%`` and ``\_`` keep their backslash, as the manual says."""
    body = token[1:-1]
    pattern = _SINGLE_ESCAPE if token[0] == _QUOTE else _DOUBLE_ESCAPE
    return pattern.sub(lambda match: _ESCAPES[match[0]], body)


def read_column(tokens: Sequence[bytes], kind: Kind, encoding: str) -> tuple["pd.Series[str]", list[tuple[int, str]]]:
    """The values of one column as text, NULL as NA; and (index, what is odd) for those that need a word.

    Numbers stay as written, bits become a decimal number, bytes that are no text become ``base64:…``. Values that need
    no thought are read all at once; only the others one by one.
    """
    raw = pa.array(tokens, pa.large_binary())
    null = pc.equal(raw, b"NULL")
    quoted = pc.starts_with(raw, b"'") if kind in ("text", "unknown") else pc.equal(raw, b"\0")
    body = _unescaped(pc.binary_slice(raw, 1, -1))
    easy = pc.and_(quoted, pc.is_valid(body))
    number = pc.match_substring_regex(raw, _PLAIN_NUMBER)
    hard = pc.invert(pc.or_(pc.or_(null, number), easy))
    try:
        if encoding != "utf-8":
            raise pa.ArrowInvalid
        values = pc.if_else(easy, body, pc.if_else(number, raw, None)).cast(pa.large_string())
    except pa.ArrowInvalid:  # a bad byte somewhere, or bytes that have to be decoded
        hard, values = pa.array([True] * len(raw)), pa.nulls(len(raw), pa.large_string())
    indices = pc.indices_nonzero(hard).to_pylist()
    read = [_read_value(tokens[index], kind, encoding) for index in indices]
    if read:
        values = pc.replace_with_mask(values, hard, pa.array([value for value, _ in read], pa.large_string()))
    odd = [(index, fault) for index, (_, fault) in zip(indices, read, strict=True) if fault]
    return pd.Series(values, dtype="str"), odd


def _unescaped(body: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """Bodies of single-quoted strings without their usual escapes; null where one has others."""
    if not pc.any(pc.or_(pc.match_substring(body, b"\\"), pc.match_substring(body, b"'"))).as_py():
        return body
    tangled = pc.or_(pc.match_substring(body, b"\\\\"), pc.match_substring(body, b"''"))
    for escape in (rb"\n", rb"\r", rb"\t", rb"\'", rb"\""):
        body = pc.replace_substring(body, escape, _ESCAPES[escape])
    return pc.if_else(pc.or_(tangled, pc.match_substring(body, b"\\")), None, body)


def _read_value(token: bytes, kind: Kind, encoding: str) -> tuple[str | None, str]:
    if token.isdigit():
        return token.decode("ascii"), ""
    if token[0] in (_QUOTE, _DOUBLE_QUOTE):
        return _read_bytes(unquote_string(token), kind, encoding)
    if (word := token.upper()) in _WORDS:
        return _WORDS[word], ""
    if _NUMBER.fullmatch(token):
        return token.decode("ascii"), ""
    if match := _HEX.fullmatch(token):
        digits = match["digits"]
        raw = bytes.fromhex((b"0" * (len(digits) % 2) + digits).decode("ascii"))
        return _read_bytes(raw, "binary" if kind == "unknown" else kind, encoding)
    if match := _BITS.fullmatch(token):
        return str(int(match["digits"], 2)), ""
    if match := _PREFIXED.fullmatch(token):
        raw, prefix = unquote_string(match["string"]), match["prefix"].lower()
        if prefix in (b"x", b"_binary") and kind == "unknown":
            kind = "binary"
        try:
            if prefix == b"x":
                return _read_bytes(bytes.fromhex(raw.decode("ascii")), kind, encoding)
            if prefix == b"b":
                return str(int(raw or b"0", 2)), ""
        except ValueError:
            return token.decode(encoding, "replace"), "an expression, kept as written"
        return _read_bytes(raw, kind, "cp1252" if prefix == b"_latin1" else encoding)
    return token.decode(encoding, "replace"), "an expression, kept as written"


def _read_bytes(raw: bytes, kind: Kind, encoding: str) -> tuple[str, str]:
    """Bytes as text: a number for bits, base64 where they are no text, U+FFFD for a bad byte in a text."""
    if kind == "bit":
        return str(int.from_bytes(raw, "big")), ""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode(encoding, "replace")
        if kind == "text" or (kind == "unknown" and not _CONTROL.search(text)):
            return text, f"no valid {encoding}, bad bytes shown as U+FFFD"
    else:
        if kind != "binary" or not _CONTROL.search(text):
            return text, ""
    return "base64:" + base64.b64encode(raw).decode("ascii"), ""
