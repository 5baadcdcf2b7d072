"""What a dump's own CREATE TABLE and ALTER TABLE declare: columns in order with their types and defaults, and keys."""

import itertools
import re
from dataclasses import dataclass, field, replace

from connectors.mysql_charsets import column_encoding
from connectors.mysql_tokens import Item, split_brackets, unquote_name, unquote_string

_NO_COLUMN = frozenset(
    b"PRIMARY KEY UNIQUE INDEX CONSTRAINT FULLTEXT SPATIAL FOREIGN CHECK PARTITION PERIOD SYSTEM VERSIONING".split()
)
_QUOTES = (b"'", b'"')
_SYNONYMS = {
    "integer": "int", "int4": "int", "int8": "bigint", "int3": "mediumint", "int2": "smallint", "int1": "tinyint",
    "middleint": "mediumint", "bool": "tinyint", "boolean": "tinyint", "dec": "decimal", "numeric": "decimal",
    "fixed": "decimal", "number": "decimal", "real": "double", "float8": "double", "float4": "float",
    "character": "char", "nchar": "char", "nvarchar": "varchar", "varchar2": "varchar", "varcharacter": "varchar",
    "serial": "bigint", "clob": "longtext", "long": "mediumtext",
}  # fmt: skip
_EXPRESSION_DEFAULT = re.compile(r"(?i)[a-z_]+\s*\(|current_timestamp|current_date|current_time|localtime|\(")


@dataclass(frozen=True)
class Column:
    """A column as declared. Everything but the name is empty for one that only an INSERT names."""

    name: str  # as the dump spells it
    type: str = ""  # the bare word: int, varchar, enum …; synonyms told by the server's own word
    arguments: tuple[str, ...] = ()  # lengths, digits, members of an ENUM or SET
    attributes: str = ""  # "unsigned", "unsigned zerofill" or nothing
    nullable: bool = True
    default: str | None = None  # as the server shows it: NULL as None, an expression as written
    comment: str = ""
    collation: str = ""  # of the column, or what its table or character set says
    automatic: bool = False  # AUTO_INCREMENT
    computed: bool = False  # GENERATED ALWAYS AS

    @property
    def declared(self) -> str:
        """The type with its arguments, as SHOW CREATE TABLE writes it: ``int(11) unsigned``, ``enum('a','b')``."""
        members = self.type in ("enum", "set")
        texts = ["'" + text.replace("'", "''") + "'" for text in self.arguments] if members else self.arguments
        return f"{self.type}({','.join(texts)})".replace("()", "") + (f" {self.attributes}" if self.attributes else "")

    @property
    def default_is_expression(self) -> bool:
        """Whether the server computes the default for each row, so that no dump can tell it."""
        return self.default is not None and _EXPRESSION_DEFAULT.match(self.default) is not None

    @property
    def encoding(self) -> str:
        """Python's name for the character set in which the server keeps the text."""
        return column_encoding(self.collation)


@dataclass(frozen=True)
class Key:
    """A primary or unique key: its columns, each with the length of its prefix (0: all of it)."""

    name: str  # PRIMARY, or as declared
    parts: tuple[tuple[str, int], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns alone."""
        return tuple(name for name, _ in self.parts)


@dataclass(frozen=True)
class Table:
    """A table as declared so far."""

    columns: tuple[Column, ...] = ()
    keys: tuple[Key, ...] = ()  # the primary key and the unique ones
    comment: str = ""
    collation: str = ""
    clashes: tuple[str, ...] = field(default=())  # columns that are declared twice

    @property
    def primary(self) -> tuple[str, ...]:
        """The columns of the primary key; none if there is none."""
        return next((key.columns for key in self.keys if key.name == "PRIMARY"), ())

    def column(self, name: str) -> Column | None:
        """The column of that name, whatever its case."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)


def created_table(items: list[Item], options: tuple[bytes, ...] = ()) -> Table:
    """The table of a CREATE TABLE, from the members of its brackets and the words after them."""
    table = Table(comment=_text_after(options, b"COMMENT"), collation=_collation(options))
    for item in items:
        table = _with_item(table, item.tokens)
    return table


def altered_table(table: Table, items: list[Item]) -> Table:
    """``table`` after an ALTER TABLE, from the members of its list of changes."""
    for item in items:
        tokens = item.tokens
        verb = tokens[0].upper() if tokens else b""
        rest = _without_noise(tokens[1:])
        if verb == b"ADD" and rest[:1] == (b"(",):
            inner = split_brackets(item.raw, item.raw.index(b"("))
            for member in inner[0] if inner else ():
                table = _with_item(table, member.tokens)
        elif verb == b"ADD" and rest:
            table = _with_item(table, rest)
        elif verb == b"DROP" and rest:
            table = _dropped(table, tokens, rest)
        elif verb == b"MODIFY" and _is_column(rest):
            table = _changed(table, rest[0], rest)
        elif verb == b"CHANGE" and len(rest) > 2:
            table = _changed(table, rest[0], rest[1:])
        elif verb == b"RENAME" and len(rest) > 2 and tokens[1].upper() == b"COLUMN":
            table = _renamed(table, unquote_name(rest[0]), unquote_name(rest[2]))
    return table


def _with_item(table: Table, tokens: tuple[bytes, ...]) -> Table:
    """``table`` with one more column or key."""
    if not tokens:
        return table
    if not _is_column(tokens):
        key = _key(tokens)
        return replace(table, keys=(*table.keys, key)) if key else table
    column = _column(tokens, table.collation)
    if table.column(column.name):
        return replace(table, clashes=(*table.clashes, column.name))
    table = replace(table, columns=_placed(table.columns, column, tokens))
    name = _key_of_column(tokens)
    return replace(table, keys=(*table.keys, Key(name or column.name, ((column.name, 0),)))) if name != "" else table


def _is_column(tokens: tuple[bytes, ...]) -> bool:
    return bool(tokens) and tokens[0].upper() not in _NO_COLUMN


def _column(tokens: tuple[bytes, ...], collation: str) -> Column:
    word = tokens[1].decode("ascii", "replace").lower() if len(tokens) > 1 else ""
    at, arguments = 2, tuple[str, ...]()
    if word == "double" and _word(tokens, at) == b"PRECISION":
        at += 1
    if _word(tokens, at) in (b"VARYING", b"VARCHAR", b"VARCHARACTER"):
        word, at = "varchar", at + 1
    if tokens[at : at + 1] == (b"(",):
        end = tokens.index(b")", at) if b")" in tokens[at:] else len(tokens)
        arguments = tuple(_member(token) for token in tokens[at + 1 : end] if token != b",")
        at = end + 1
    rest = tokens[at:]
    words = _outer_words(rest)
    attributes = " ".join(w.decode().lower() for w in (b"UNSIGNED", b"ZEROFILL") if w in words)
    if b"ZEROFILL" in words:
        attributes = "unsigned zerofill"
    if word in ("bool", "boolean"):
        arguments = ("1",)
    serial = word == "serial"
    return Column(
        name=unquote_name(tokens[0]),
        type=_SYNONYMS.get(word, word),
        arguments=arguments,
        attributes="unsigned" if serial else attributes,
        nullable=not (serial or _follows(words, b"NOT", b"NULL") or b"PRIMARY" in words),
        default=_default(rest, words),
        comment=_text_after(rest, b"COMMENT"),
        collation=_collation(rest) or collation,
        automatic=serial or b"AUTO_INCREMENT" in words,
        computed=b"AS" in words,
    )


def _outer_words(tokens: tuple[bytes, ...]) -> list[bytes]:
    """Tokens in capitals, strings and what stands in brackets left out (as empty words, so that places stay)."""
    words, depth = [], 0
    for token in tokens:
        depth -= token == b")"
        words.append(b"" if depth > 0 or token.startswith(_QUOTES) else token.upper())
        depth += token == b"("
    return words


def _word(tokens: tuple[bytes, ...], at: int) -> bytes:
    return tokens[at].upper() if at < len(tokens) else b""


def _follows(words: list[bytes], first: bytes, second: bytes) -> bool:
    return (first, second) in itertools.pairwise(words)


def _member(token: bytes) -> str:
    return _text(token) if token.startswith(_QUOTES) else token.decode("utf-8", "replace")


def _text(token: bytes) -> str:
    return unquote_string(token).decode("utf-8", "replace")


def _default(tokens: tuple[bytes, ...], words: list[bytes]) -> str | None:
    """What stands after DEFAULT: a literal as the server shows it, or an expression as written."""
    if b"DEFAULT" not in words[:-1]:
        return None
    at = words.index(b"DEFAULT") + 1
    token = tokens[at]
    if token.startswith(_QUOTES):
        return _text(token)
    if token.upper() == b"NULL":
        return None
    if token.upper() in (b"TRUE", b"FALSE"):
        return str(int(token.upper() == b"TRUE"))
    if token.lower() in (b"b", b"x") and at + 1 < len(tokens):
        return str(int(unquote_string(tokens[at + 1]) or b"0", 2 if token.lower() == b"b" else 16))
    if match := re.fullmatch(rb"[bB]'([01]*)'", token):
        return str(int(match[1] or b"0", 2))
    if token in (b"-", b"+") and at + 1 < len(tokens):
        return (token + tokens[at + 1]).decode("ascii", "replace")
    if tokens[at + 1 : at + 2] != (b"(",) and token != b"(":
        return token.decode("utf-8", "replace")
    start, depth = at if token == b"(" else at + 1, 0
    for end in range(start, len(tokens)):
        depth += (tokens[end] == b"(") - (tokens[end] == b")")
        if depth == 0:
            return b"".join(tokens[at : end + 1]).decode("utf-8", "replace")
    return token.decode("utf-8", "replace")


def _text_after(tokens: tuple[bytes, ...], word: bytes) -> str:
    words = _outer_words(tokens)
    at = words.index(word) + 1 if word in words else len(tokens)
    at += tokens[at : at + 1] == (b"=",)
    return _text(tokens[at]) if at < len(tokens) and tokens[at].startswith(_QUOTES) else ""


def _collation(tokens: tuple[bytes, ...]) -> str:
    """The collation that the words name, or the bare character set; empty without either."""
    words = _outer_words(tokens)
    found = ""
    for at, word in enumerate(words):
        after = at + 1 + (words[at + 1 : at + 2] == [b"SET"])
        after += tokens[after : after + 1] == (b"=",)
        if after >= len(tokens):
            continue
        if word == b"COLLATE":
            return _name(tokens[after])
        if word in (b"CHARSET", b"CHARACTER") or (word == b"CHAR" and words[at + 1] == b"SET"):
            found = _name(tokens[after])
    return found


def _name(token: bytes) -> str:
    return token.strip(b"'\"`").decode("ascii", "replace").lower()


def _key_of_column(tokens: tuple[bytes, ...]) -> str | None:
    """``PRIMARY`` or None (a unique key named as the column) for a column that is a key by itself; else empty."""
    words = _outer_words(tokens[1:])
    if b"PRIMARY" in words:
        return "PRIMARY"
    return None if b"UNIQUE" in words or words[:1] == [b"SERIAL"] else ""


def _key(tokens: tuple[bytes, ...]) -> Key | None:
    """A primary or unique key from its definition; None for any other."""
    words = _outer_words(tokens)
    if b"(" not in words or b"FOREIGN" in words:
        return None
    start = words.index(b"(")
    primary, unique = b"PRIMARY" in words[:start], b"UNIQUE" in words[:start]
    if not primary and not unique:
        return None
    named = [token for token, word in zip(tokens[:start], words, strict=False) if word not in (*_NO_COLUMN, b"KEY")]
    if b"USING" in words[:start]:
        named = named[: max(len(named) - 2, 0)]
    end = words.index(b")", start) if b")" in words[start:] else len(words)
    parts: list[tuple[str, int]] = []
    for token in tokens[start + 1 : end]:
        if token.isdigit() and parts:
            parts[-1] = (parts[-1][0], int(token))
        elif token not in (b",", b"(", b")") and token.upper() not in (b"ASC", b"DESC"):
            parts.append((unquote_name(token), 0))
    first = unquote_name(named[-1]) if named else parts[0][0] if parts else ""
    return Key("PRIMARY" if primary else first, tuple(parts)) if parts else None


def _without_noise(tokens: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Tokens without a leading COLUMN and IF [NOT] EXISTS."""
    start = 0
    while start < len(tokens) and tokens[start].upper() in (b"COLUMN", b"IF", b"NOT", b"EXISTS"):
        start += 1
    return tokens[start:]


def _dropped(table: Table, tokens: tuple[bytes, ...], rest: tuple[bytes, ...]) -> Table:
    if rest[0].upper() == b"PRIMARY":
        return replace(table, keys=tuple(key for key in table.keys if key.name != "PRIMARY"))
    if tokens[1].upper() in (b"KEY", b"INDEX", b"CONSTRAINT"):
        gone = unquote_name(tokens[-1]).lower()
        return replace(table, keys=tuple(key for key in table.keys if key.name.lower() != gone))
    if not _is_column(rest):
        return table
    gone = unquote_name(rest[0]).lower()
    return replace(table, columns=tuple(column for column in table.columns if column.name.lower() != gone))


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


def _changed(table: Table, old: bytes, tokens: tuple[bytes, ...]) -> Table:
    """``table`` with its column ``old`` defined anew by ``tokens``, moved only where they say so."""
    column, name = _column(tokens, table.collation), unquote_name(old)
    others = tuple(known for known in table.columns if known.name.lower() != name.lower())
    if tokens[-1].upper() == b"FIRST" or (len(tokens) > 2 and tokens[-2].upper() == b"AFTER"):
        columns = _placed(others, column, tokens)
    else:
        columns = tuple(column if known.name.lower() == name.lower() else known for known in table.columns)
    return replace(table, columns=columns, keys=_renamed(table, name, column.name).keys)


def _renamed(table: Table, old: str, new: str) -> Table:
    def named(name: str) -> str:
        return new if name.lower() == old.lower() else name

    keys = tuple(replace(key, parts=tuple((named(name), size) for name, size in key.parts)) for key in table.keys)
    return replace(table, columns=tuple(replace(c, name=named(c.name)) for c in table.columns), keys=keys)
