"""What the dump's own CREATE TABLE and ALTER TABLE say about a table: its columns in order, and their kinds."""

import re
from dataclasses import dataclass

from connectors.mysql_tokens import Item, Kind, split_brackets, unquote_name

_NO_COLUMN = frozenset(
    b"PRIMARY KEY UNIQUE INDEX CONSTRAINT FULLTEXT SPATIAL FOREIGN CHECK PARTITION PERIOD SYSTEM VERSIONING".split()
)
_BINARY = re.compile(rb"(?:tiny|medium|long)?blob|(?:var)?binary|geometry|point|linestring|polygon|multi\w+|geom\w+")


@dataclass(frozen=True)
class Column:
    """A column's name as the dump spells it, and the kind of its type."""

    name: str
    kind: Kind


def created_columns(items: list[Item]) -> tuple[Column, ...]:
    """The columns of a CREATE TABLE, from the members of its brackets."""
    return tuple(_column(item.tokens) for item in items if _is_column(item.tokens))


def altered_columns(columns: tuple[Column, ...], items: list[Item]) -> tuple[Column, ...]:
    """``columns`` after an ALTER TABLE, from the members of its list of changes."""
    for item in items:
        verb, rest = item.tokens[:1], _without_noise(item.tokens[1:])
        action = verb[0].upper() if verb else b""
        if action == b"ADD" and rest[:1] == (b"(",):
            inner = split_brackets(item.raw, item.raw.index(b"("))
            columns += created_columns(inner[0]) if inner else ()
        elif action == b"ADD" and _is_column(rest):
            columns = _placed(columns, _column(rest), rest)
        elif action == b"DROP" and _is_column(rest):
            columns = _without(columns, rest[0])
        elif action == b"MODIFY" and _is_column(rest):
            columns = _changed(columns, rest[0], rest)
        elif action == b"CHANGE" and len(rest) > 2:
            columns = _changed(columns, rest[0], rest[1:])
        elif action == b"RENAME" and len(rest) > 2 and item.tokens[1].upper() == b"COLUMN":
            old, new = unquote_name(rest[0]).lower(), unquote_name(rest[2])
            columns = tuple(Column(new, c.kind) if c.name.lower() == old else c for c in columns)
    return columns


def _is_column(tokens: tuple[bytes, ...]) -> bool:
    return bool(tokens) and tokens[0].upper() not in _NO_COLUMN


def _column(tokens: tuple[bytes, ...]) -> Column:
    declared = tokens[1].lower() if len(tokens) > 1 else b""
    kind: Kind = "bit" if declared == b"bit" else "binary" if _BINARY.fullmatch(declared) else "text"
    return Column(unquote_name(tokens[0]), kind)


def _without_noise(tokens: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Tokens without a leading COLUMN and IF [NOT] EXISTS."""
    start = 0
    while start < len(tokens) and tokens[start].upper() in (b"COLUMN", b"IF", b"NOT", b"EXISTS"):
        start += 1
    return tokens[start:]


def _without(columns: tuple[Column, ...], name: bytes) -> tuple[Column, ...]:
    folded = unquote_name(name).lower()
    return tuple(column for column in columns if column.name.lower() != folded)


def _placed(columns: tuple[Column, ...], column: Column, tokens: tuple[bytes, ...]) -> tuple[Column, ...]:
    """``columns`` with one more: first, after another, or last, as its definition's end says."""
    at = len(columns)
    if tokens[-1].upper() == b"FIRST":
        at = 0
    elif len(tokens) > 2 and tokens[-2].upper() == b"AFTER":
        names = [known.name.lower() for known in columns]
        after = unquote_name(tokens[-1]).lower()
        at = names.index(after) + 1 if after in names else at
    return (*columns[:at], column, *columns[at:])


def _changed(columns: tuple[Column, ...], old: bytes, tokens: tuple[bytes, ...]) -> tuple[Column, ...]:
    """``columns`` with ``old`` defined anew by ``tokens``, moved only where they say so."""
    column, folded = _column(tokens), unquote_name(old).lower()
    if tokens[-1].upper() == b"FIRST" or (len(tokens) > 2 and tokens[-2].upper() == b"AFTER"):
        return _placed(_without(columns, old), column, tokens)
    return tuple(column if known.name.lower() == folded else known for known in columns)
