"""Blanks one person's rows in SQL dumps: what stands between the commas of their rows, and nothing else.

Every bracketed group outside strings and comments is looked at once. A group is the person's if it begins on the line
of one of their records and holds its cells, or if it is a row of a table of persons (one that nobody maps, or whose
names a look-up takes) and holds one of their numbers as a whole value, or two of their cells. Line breaks stay, so that
positions do.
"""

import bz2
import gzip
import io
import re
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from connectors.archive import Archive
from connectors.blank import MASK, Blanking, Mine
from connectors.files import mapped_tables
from connectors.lookups import look_up_tables, tables_that_tell
from connectors.mysql_scanner import sql_bytes
from connectors.packed import unpacked
from schemas.sources import MysqldumpSource

_TOKEN = re.compile(
    rb"(?P<string>'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'|\"[^\"\\]*+(?:(?:\\.|\"\")[^\"\\]*+)*+\"|`[^`]*+`)"
    rb"|(?P<comment>--(?=\s)[^\n]*+|\#[^\n]*+|/\*(?![!M])(?:[^*]++|\*(?!/))*+\*/)"
    rb"|(?P<into>\b(?:INTO|TABLE|FROM)\s+(?:[`\"]?\w+[`\"]?\s*\.\s*)?[`\"]?(?P<table>[\w$]+)[`\"]?)"
    rb"|(?P<sign>[(),;])",
    re.DOTALL | re.IGNORECASE,
)
_WORDS = re.compile(
    rb"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'|\"[^\"\\]*+(?:(?:\\.|\"\")[^\"\\]*+)*+\""
    rb"|--(?=\s)[^\n]*+|\#[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/|(?P<bare>[0-9]{8,})",
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)|''|\"\"", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"b": b"\b", b"Z": b"\x1a"}
_LITERAL = re.compile(rb"(?P<prefix>(?:_\w+\s*|[xXbBnN])?)(?P<quoted>['\"].*['\"])", re.DOTALL)


@dataclass(frozen=True)
class _Row:
    """A bracketed group: where it begins, the line, the table of its statement, and the spans of its members."""

    line: int
    table: str
    spans: tuple[tuple[int, int], ...]


def blank_mysqldump(source: MysqldumpSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:
    """Dumps that hold something of the person, packed as they came; UTF-16 comes back as UTF-8."""
    names = {*mapped_tables(source), *look_up_tables(source)} - tables_that_tell(source, what.personal)
    mapped = {name.split(".")[-1].casefold() for name in names}
    for entry in archive.entries:
        body = archive.read(entry.name)
        members = {}
        for name, chunks in unpacked(entry.name, iter([body]), _silent):
            sql, _ = sql_bytes(chunks, source.encoding)
            before = b"".join(sql)
            members[name.removeprefix(f"{entry.name}/")] = before, _blanked(before, name, mapped, what)
        if any(after != before for before, after in members.values()):
            yield entry.name, _packed(body, members)


def _silent(_: str) -> None:
    """The reader tells it."""


def _packed(body: bytes, members: dict[str, tuple[bytes, bytes]]) -> bytes:
    if body.startswith(b"PK"):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                new.writestr(info, members[info.filename][1] if info.filename in members else old.read(info))
        return out.getvalue()
    (changed,) = (after for _, after in members.values())
    packers: dict[bytes, Callable[[bytes], bytes]] = {b"\x1f\x8b": gzip.compress, b"BZ": bz2.compress}
    return packers.get(body[:2], bytes)(changed)


def _blanked(sql: bytes, object_: str, mapped: set[str], what: Blanking) -> bytes:
    by_line: dict[str, list[Mine]] = {}
    for one in what.mine:
        if one.object == object_:
            by_line.setdefault(one.position, []).append(one)
    kept = {cell for one in what.mine for name, cell in one.cells.items() if name in what.keep}
    numbers = what.pattern_of_bytes()
    out, done = [], 0
    for row in _rows(sql):
        candidates = by_line.get(str(row.line), ())
        start, end = row.spans[0][0], row.spans[-1][1]
        if not candidates and row.table in mapped:
            continue
        met = numbers is not None and numbers.search(sql, start, end) is not None
        if not candidates and not met and not _holds(sql, start, end, what.telling):
            continue
        cells = [_cell(sql[a:b]) for a, b in row.spans]
        found = set(cells)
        mine = any(what.is_record(one, found) for one in candidates)
        known = row.table not in mapped and what.is_theirs(cells)
        if mine or known:
            for (a, b), cell in zip(row.spans, cells, strict=True):
                if cell not in kept:
                    out += [sql[done:a], _emptied(sql[a:b])]
                    done = b
    out.append(sql[done:])
    blanked = b"".join(out)
    if numbers is None or not numbers.search(blanked):
        return blanked
    return _WORDS.sub(lambda word: _masked(word, numbers), blanked)


def _holds(sql: bytes, start: int, end: int, telling: Collection[str]) -> bool:
    return any(sql.find(cell.encode(), start, end) >= 0 for cell in telling)


def _rows(sql: bytes) -> Iterator[_Row]:
    """Bracketed groups of values, in the order of the file."""
    depth, table, line, counted = 0, "", 1, 0
    start, begun = 0, 0
    spans: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(sql):
        if token["into"]:
            if depth == 0:
                table = token["table"].decode("utf-8", "replace").casefold()
            continue
        sign = token["sign"]
        if sign == b"(":
            depth += 1
            if depth == 1:
                start, spans, begun = token.end(), [], token.start()
        elif sign == b"," and depth == 1:
            spans.append((start, token.start()))
            start = token.end()
        elif sign == b")" and depth:
            depth -= 1
            if depth == 0:
                spans.append((start, token.start()))
                line += sql.count(b"\n", counted, begun)
                counted = begun
                yield _Row(line, table, tuple(spans))
        elif sign == b";":
            depth = 0


def _cell(literal: bytes) -> str:
    """A literal as the reader gives it, as far as text and numbers go."""
    found = _LITERAL.fullmatch(literal.strip())
    if found is None:
        return literal.strip().decode("utf-8", "replace")
    inner = _ESCAPED.sub(lambda m: _ESCAPES.get(m[1], m[1]) if m[1] else m[0][:1], found["quoted"][1:-1])
    return inner.decode("utf-8", "replace")


def _emptied(literal: bytes) -> bytes:
    """The same kind of literal without its words; line breaks stay."""
    if found := _LITERAL.fullmatch(literal.strip()):
        quote = found["quoted"][:1]
        return quote + b"\n" * literal.count(b"\n") + quote
    return b"NULL" + b"\n" * literal.count(b"\n")


def _masked(word: re.Match[bytes], numbers: re.Pattern[bytes]) -> bytes:
    """A string or comment with stars for the person's numbers; a bare number of theirs becomes a string of stars."""
    fresh = numbers.sub(lambda found: MASK.encode() * len(found[0]), word[0])
    return b"'" + fresh + b"'" if word["bare"] and fresh != word[0] else fresh
