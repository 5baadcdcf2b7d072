"""The words of MySQL's SQL as dumps use them: tokens, rows, literals; all on bytes.

Rules are those of the MySQL 8.4 reference manual, chapters 11.1 (literals), 11.2 (names), 11.7 (comments). Statements
and tables are left to others. Patterns never give back what they took (possessive), so that time
stays linear, and none matches a token whose end lies beyond the buffer.
"""

import re
from dataclasses import dataclass
from functools import cache

_SINGLE = rb"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
_DOUBLE = rb'"[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"'
_BACK = rb"`[^`]*+(?:``[^`]*+)*+`"
_BLOCK = rb"(?:[^*]++|\*(?!/))*+\*/"
# Version 999999 is MariaDB's mark for what no server runs (the sandbox line).
_CONFLICT = rb"(?<=\n)(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n])[^\n]*+\n"  # what a failed merge leaves in a file
_COMMENT = rb"--(?=\s)[^\n]*+\n|\#[^\n]*+\n|/\*(?!M?!)" + _BLOCK + rb"|/\*M?!999999" + _BLOCK + rb"|" + _CONFLICT
_HINT = rb"/\*M?!\d*+(?=\D)|\*/"  # what stands between these is a statement like any other
BLANK = rb"(?:\s++|" + _COMMENT + rb"|" + _HINT + rb")*+"
_BARE = rb"[-+]?+[0-9A-Za-z_.@$]++(?:[-+][0-9]++)?+"
_VALUE = rb"(?:" + _SINGLE + rb"|" + _DOUBLE + rb"|" + _BARE + rb"(?:\s*+" + _SINGLE + rb")?+)"
LITERAL = re.compile(_VALUE, re.DOTALL)
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
_PREFIXED = re.compile(rb"(?:_[0-9A-Za-z]+|[xXbBnN])\s*['\"].*", re.DOTALL)
_HEX = re.compile(rb"(?:_[0-9A-Za-z]+\s*)?0[xX][0-9A-Fa-f]+")
_QUOTE = ord("'")


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
    """A list member as one token that ``connectors.mysql_literals`` knows: a literal, or an expression as written.

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
