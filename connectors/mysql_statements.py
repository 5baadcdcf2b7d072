"""Walks through the statements of a dump: finds the tables that are wanted, what declares them, and their rows.

What cannot be read is put aside with its line and bytes. Words and patterns of SQL are left to
``connectors.mysql_tokens``, many rows at once to ``connectors.mysql_rows``, what becomes of rows to
``connectors.mysql_frames``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from connectors.base import RawTable, Unreadable
from connectors.mysql_frames import Batch, Gathered, Gone, Keys
from connectors.mysql_rows import find_rows
from connectors.mysql_scanner import Scanner, sql_bytes
from connectors.mysql_tables import Column, Table, altered_table, created_table
from connectors.mysql_tokens import (
    BLANK,
    NAME,
    Malformed,
    one_value,
    row_pattern,
    split_brackets,
    statement_pattern,
    unquote_name,
)
from connectors.mysql_values import python_encoding

CHUNK_ROWS = 20_000
CHUNK_BYTES = 32 << 20
CHUNK_UNREADABLE = 1_000
LONGEST_ROW = 64 << 20  # a quote that is never closed must not take all memory
WINDOW = 1 << 20  # what is searched for rows at once; most is four times that
LEAST_WINDOW = 8 << 10  # below that, row by row is quicker

_FLAGS = re.IGNORECASE | re.DOTALL
_EXISTS = rb"(?:IF\b" + BLANK + rb"(?:NOT\b" + BLANK + rb")?+EXISTS\b)?+"
_QUALIFIED = rb"(?:(?P<database>" + NAME + rb")" + BLANK + rb"\." + BLANK + rb")?(?P<table>" + NAME + rb")" + BLANK
_HEAD = re.compile(
    rb"(?:(?P<insert>(?P<verb>INSERT|REPLACE)\b(?:" + BLANK
    + rb"(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|INTO)\b)*+)"
    rb"|(?P<create>CREATE\b" + BLANK + rb"(?:OR\b" + BLANK + rb"REPLACE\b" + BLANK + rb")?+(?:TEMPORARY\b" + BLANK
    + rb")?+TABLE\b" + BLANK + _EXISTS + rb")"
    rb"|(?P<view>CREATE\b(?:" + BLANK + rb"(?!VIEW\b|TABLE\b|TRIGGER\b|PROCEDURE\b|FUNCTION\b|EVENT\b)[^\s(;/]++)*+"
    + BLANK + rb"VIEW\b" + BLANK + _EXISTS + rb")"
    rb"|(?P<alter>ALTER\b(?:" + BLANK + rb"(?:IGNORE|ONLINE)\b)*+" + BLANK + rb"TABLE\b" + BLANK + _EXISTS + rb")"
    rb"|(?P<empty>DELETE\b" + BLANK + rb"FROM\b|TRUNCATE\b(?:" + BLANK + rb"TABLE\b)?+|DROP\b" + BLANK
    + rb"(?:TEMPORARY\b" + BLANK + rb")?+TABLE\b" + BLANK + _EXISTS + rb")"
    rb"|(?P<update>UPDATE\b)|(?P<use>USE\b))" + BLANK + _QUALIFIED,
    _FLAGS,
)  # fmt: skip
_VALUES = re.compile(BLANK + rb"VALUES?\b" + BLANK + rb"(?=\()", _FLAGS)
_DELIMITER = re.compile(rb"DELIMITER[ \t]++(?P<delimiter>[^\s]++)[^\n]*+\n", _FLAGS)
_NEVER = re.compile(rb"(?!)")
_RESYNC = re.compile(
    rb"\n(?=\(|(?:INSERT|REPLACE|CREATE|DROP|ALTER|LOCK|UNLOCK)\s|/\*!|--\s)", re.IGNORECASE
)  # after a broken row
_RESYNC_STATEMENT = re.compile(rb"\n(?=(?:INSERT|REPLACE)\s+INTO\s|(?:CREATE|DROP)\s+TABLE\s)", re.IGNORECASE)
_TAIL = re.compile(rb"(?:ON|AS|RETURNING)\b", re.IGNORECASE)
_SIGNED = re.compile(rb"^-- (?:MySQL|MariaDB) dump ", re.MULTILINE)
_SET_NAMES = re.compile(rb"SET\s+(?:NAMES|CHARSET|CHARACTER\s+SET)\s+['\"]?(?P<charset>\w+)", re.IGNORECASE)
_SQL_MODE = re.compile(
    rb"SET\s+(?:SESSION\s+|@@(?:SESSION\.)?)?SQL_MODE\s*=\s*['\"][^'\"]*NO_BACKSLASH_ESC", re.IGNORECASE
)
_CONFLICTS = "marker lines of a merge conflict are passed over, both sides are read"


@dataclass
class _Note:
    """Something odd, how often, and where first."""

    table: str
    what: str
    object: str
    line: int
    count: int = 0

    def text(self) -> str:
        return f"{self.table}: {self.what} ({self.count} times, first at {self.object} line {self.line})"


@dataclass
class _Ends:
    """The first and last bytes of a file: a tool that signs its dumps when done has signed this one, or not."""

    first: bytes = b""
    last: bytes = b""

    def watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.first = self.first or chunk[:400]
            self.last = (self.last + chunk[-400:])[-400:]
            yield chunk

    def unfinished(self) -> bool:
        return bool(_SIGNED.search(self.first)) and b"-- Dump completed" not in self.last


class Statements:
    """What is known of a dump while it is read.

    ``wanted`` are names of tables, bare or with their database before a dot; None wants all. ``encoding`` None is what
    the dump says. ``gone`` are the rows to leave out, by table; without it nothing is. ``keys`` follows REPLACE and its
    like instead of handing out rows: ``read`` then gives only what cannot be read.
    """

    def __init__(
        self,
        wanted: Iterable[str] | None,
        encoding: str | None = None,
        gone: dict[str, Gone] | None = None,
        reading: Literal["rows", "keys", "counts"] = "rows",
    ) -> None:
        self.declared_encoding, self.encoding = encoding, encoding or "utf-8"
        self.wanted = None if wanted is None else {name.casefold(): name for name in wanted}
        self.gone, self.reading = gone or {}, reading
        self.keys: dict[str, Keys] = {}
        self.gathered: dict[str, Gathered] = {}
        self.unreadable: list[Unreadable] = []
        self.notes: dict[tuple[str, str], _Note] = {}  # by table and what is odd
        self.seen: set[str] = set()
        self.cut = self.torn = False  # whether anything, or the statement at hand, has no end
        self.object, self.database, self.delimiter = "", "", b";"
        self.fixed_encoding = encoding is not None
        self.statement_line, self.patient_until = 1, 0
        self._known_head: tuple[bytes, Gathered, tuple[Column, ...], str, str] | None = None

    def read(self, name: str, chunks: Iterator[bytes]) -> Iterator[RawTable]:
        """Read one file."""
        self.object, self.database, self.delimiter = name, "", b";"
        chunks, fixed = sql_bytes(chunks, self.declared_encoding)
        self.fixed_encoding, self.encoding = fixed is not None, fixed or "utf-8"
        ends = _Ends()
        scanner = Scanner(ends.watch(chunks))
        self.patient_until, self._known_head = 0, None
        while scanner.skip_blanks():
            if match := _DELIMITER.match(scanner.buffer, scanner.position):
                self.delimiter = match["delimiter"]
                scanner.advance(match.end())
            else:
                yield from self._statement(scanner)
        if ends.unfinished():
            self.cut = True
            self.note(self._main, "the tool's last line (Dump completed) is missing: cut off?", scanner.line)
        if scanner.conflicts:
            self.note(self._main, _CONFLICTS, scanner.conflict_line, scanner.conflicts)
        yield from self.flush()

    def problems(self, table: str) -> list[str]:
        """What was odd about a table, or about the whole dump if it is the first one that is wanted."""
        told = [note.text() for (known, _), note in self.notes.items() if known == table]
        gone = self.gone.get(table)
        return told + [f"{table}: {count} {reason}" for reason, count in (gone.reasons.items() if gone else ())]

    def note(self, table: str, what: str, line: int, count: int = 1) -> None:
        """Something odd to tell."""
        self.notes.setdefault((table, what), _Note(table, what, self.object, line)).count += count

    # statements

    def _statement(self, scanner: Scanner) -> Iterator[RawTable]:
        self.statement_line = scanner.line
        if self._known_head and scanner.starts_with(self._known_head[0]):
            whole, into, columns, fault, verb = self._known_head
            scanner.advance(scanner.position + len(whole))
            yield from self._rows(scanner, into, columns, fault, verb, whole)
            return
        self._known_head = None
        head = _HEAD.match(scanner.buffer, scanner.position)
        if head is None:
            yield from self._set(scanner)
            self._skip(scanner)
            return
        name = unquote_name(head["table"])
        database = unquote_name(head["database"]) if head["database"] else self.database
        if head["use"]:
            self.database = name
            self._skip(scanner)
            return
        if head["insert"] or head["create"] or head["view"]:
            self.seen.add(name)
        gathered = self._gathered(database, name, known=bool(head["insert"] or head["create"] or head["view"]))
        if gathered is None:
            self._skip(scanner)
        elif head["insert"]:
            yield from self._insert(scanner, gathered, head)
        elif head["update"]:
            if gathered.ordinal:
                self.note(gathered.name, "UPDATE after its rows is not carried out", scanner.line)
            self._skip(scanner)
        else:
            yield from self._flush_table(gathered)
            gathered.forget()
            self._define(scanner, gathered, head)

    def _gathered(self, database: str, name: str, *, known: bool) -> Gathered | None:
        """Where the rows of that table go; None if nobody wants them."""
        full = f"{database}.{name}".lstrip(".")
        if self.wanted is None:
            taken = self.gathered.get(name)
            target = name if taken is None or not database or taken.origins <= {full, name} else full
        else:
            target = self.wanted.get(full.casefold()) or self.wanted.get(name.casefold(), "")
        if not target or (target not in self.gathered and not known):
            return None
        gathered = self.gathered.setdefault(target, Gathered(target))
        if known:
            gathered.origins.add(full)
        return gathered

    def _define(self, scanner: Scanner, gathered: Gathered, head: re.Match[bytes]) -> None:
        """CREATE, ALTER, DROP and their like."""
        if head["create"]:
            self._create(scanner, gathered, head.end())
        elif head["alter"]:
            self._alter(scanner, gathered, head.end())
        elif head["view"]:
            gathered.is_view = True
            self._skip(scanner)
        else:
            verb = head["empty"].split()[0].decode("ascii").upper()
            scanner.advance(head.end())
            if not self._take(scanner).strip() or verb != "DELETE":
                self._emptied(gathered, f"rows were there before a later {verb} of the table")
            elif gathered.ordinal:
                self.note(gathered.name, "DELETE after its rows is not carried out", self.statement_line)

    def _emptied(self, gathered: Gathered, reason: str) -> None:
        if self.reading == "keys":
            self.keys.setdefault(gathered.name, Keys()).clear(gathered.ordinal, reason)

    def _create(self, scanner: Scanner, gathered: Gathered, end: int) -> None:
        scanner.advance(end)
        try:
            while scanner.starts_with(b"("):
                if brackets := split_brackets(scanner.buffer, scanner.position):
                    scanner.advance(brackets[1])
                    options = split_brackets(b"(" + self._take(scanner) + b"\n)", 0)
                    words = tuple(token for item in options[0] for token in item.tokens) if options else ()
                    self._declared(gathered, created_table(brackets[0], words))
                    return
                if not scanner.more():
                    break
        except Malformed:
            self.note(gathered.name, "CREATE TABLE cannot be read", self.statement_line)
        self._skip(scanner)

    def _declared(self, gathered: Gathered, table: Table) -> None:
        if table.clashes:
            self.note(gathered.name, f"CREATE TABLE names {', '.join(table.clashes)} twice", self.statement_line)
        gathered.table, gathered.is_view = table, False

    def _alter(self, scanner: Scanner, gathered: Gathered, end: int) -> None:
        scanner.advance(end)
        self.torn = False
        changes = b"(" + self._take(scanner) + b"\n)"
        try:
            if gathered.table.columns and not self.torn and (brackets := split_brackets(changes, 0)):
                gathered.table = altered_table(gathered.table, brackets[0])
        except Malformed:
            self.note(gathered.name, "ALTER TABLE cannot be read", self.statement_line)

    def _set(self, scanner: Scanner) -> Iterator[RawTable]:
        """Follow SET NAMES; note a dump that says it is in another encoding than the channel file."""
        if _SQL_MODE.match(scanner.buffer, scanner.position):
            self.note(self._main, "NO_BACKSLASH_ESCAPES is set, but backslashes are read as escapes", scanner.line)
        names = _SET_NAMES.match(scanner.buffer, scanner.position)
        if names is None:
            return
        charset = names["charset"].decode("ascii").lower()
        said = python_encoding(charset)
        if charset == "default":
            return
        if said is None:
            self.note(self._main, f"SET NAMES {charset}: this character set is not known", scanner.line)
        elif not self.fixed_encoding:
            if said != self.encoding:
                yield from self.flush()
                self.encoding = said
        elif said not in ("binary", self.encoding) and self.declared_encoding:
            self.note(
                self._main, f"SET NAMES {charset}, but the channel file says {self.declared_encoding}", scanner.line
            )

    # rows

    def _insert(self, scanner: Scanner, gathered: Gathered, head: re.Match[bytes]) -> Iterator[RawTable]:
        names: tuple[str, ...] | None = None
        start, at = scanner.position, head.end()
        try:
            brackets = split_brackets(scanner.buffer, at) if scanner.buffer.startswith(b"(", at) else None
        except Malformed:
            brackets = None
        if brackets:
            names = tuple(unquote_name(item.tokens[-1]) for item in brackets[0] if item.tokens)
            at = brackets[1]
        values = _VALUES.match(scanner.buffer, at)
        if values is None:
            line, detail = str(scanner.line), "an INSERT without VALUES (… SET, … SELECT) is not read"
            self.unreadable.append(Unreadable(gathered.name, self.object, line, detail, self._take(scanner)))
            return
        whole = scanner.buffer[start : values.end()]
        scanner.advance(values.end())
        columns, fault = _insert_columns(gathered.table, names)
        gathered.named = tuple(dict.fromkeys((*gathered.named, *columns)))
        ignore = b"IGNORE" in head["insert"].upper().split()
        verb = "ignore" if ignore else head["verb"].decode("ascii").lower()
        self._known_head = whole, gathered, columns, fault, verb
        yield from self._rows(scanner, gathered, columns, fault, verb, whole)

    def _rows(
        self, scanner: Scanner, gathered: Gathered, columns: tuple[Column, ...], fault: str, verb: str, head: bytes
    ) -> Iterator[RawTable]:
        """Read the rows after VALUES, and go to the end of the statement or to where reading can begin again."""
        plain = row_pattern(len(columns)) if columns else _NEVER
        batch = gathered.batch(columns, verb)
        while True:
            if self._many(scanner, gathered, batch, head):
                pass
            elif match := plain.match(scanner.buffer, scanner.position):
                batch.add_row(match.groups(), scanner.line, gathered.ordinal, match.end() - scanner.position)
                gathered.ordinal += 1
                scanner.advance(match.end())
            else:
                before = scanner.buffer, scanner.position
                there = scanner.skip_blanks()
                if scanner.starts_with(b","):
                    scanner.advance(scanner.position + 1)
                elif scanner.buffer is not before[0] or scanner.position != before[1]:
                    continue  # more is in sight now: it may well be a plain row
                elif scanner.starts_with(b"("):
                    if not self._odd_row(scanner, gathered, batch, fault):
                        return
                elif not there or scanner.starts_with(self.delimiter) or self._is_tail(scanner, gathered):
                    self._skip(scanner)
                    return
                elif not self._resync(
                    scanner, gathered, "neither a comma nor the end of the statement after a row", _RESYNC
                ):
                    return
            full = batch.size >= CHUNK_BYTES or gathered.ordinal - gathered.flushed >= CHUNK_ROWS
            if full or len(self.unreadable) >= CHUNK_UNREADABLE:
                yield from self.flush()

    def _many(self, scanner: Scanner, gathered: Gathered, batch: Batch, head: bytes) -> bool:
        """Read many rows at once; False if it is not worth while here."""
        if not batch.columns or scanner.offset < self.patient_until or not scanner.starts_with(b"("):
            return False
        if scanner.ahead() < WINDOW and not scanner.ended:
            scanner.more()
        if scanner.ahead() < LEAST_WINDOW or self.delimiter != b";":
            self.patient_until = scanner.offset + LEAST_WINDOW
            return False
        window = scanner.buffer[scanner.position : scanner.position + 4 * WINDOW]
        found = find_rows(window, len(batch.columns), head)
        taken = found.end if found else 0
        if taken < len(window) // 8:
            self.patient_until = scanner.offset + max(len(window) // 4, taken)
        if found is None:
            return False
        batch.add_rows(found, scanner.line, gathered.ordinal)
        gathered.ordinal += len(found)
        scanner.advance(scanner.position + found.end)
        return True

    def _is_tail(self, scanner: Scanner, gathered: Gathered) -> bool:
        tail = _TAIL.match(scanner.buffer, scanner.position)
        if tail:
            self.note(gathered.name, "rows are read as they stand, without ON DUPLICATE KEY UPDATE", scanner.line)
        return tail is not None

    def _odd_row(self, scanner: Scanner, gathered: Gathered, batch: Batch, fault: str) -> bool:
        """Read a row that is not all plain literals, or reach for the rest of it; False if the statement is lost."""
        try:
            brackets = split_brackets(scanner.buffer, scanner.position)
            row = tuple(one_value(item) for item in brackets[0]) if brackets else ()
        except Malformed:
            return self._resync(scanner, gathered, "cannot be read as a row of values", _RESYNC)
        if brackets is None:
            if scanner.ahead() < LONGEST_ROW and scanner.more():
                return True
            detail = "a row without end: cut off, or a quote is missing"
            return self._resync(scanner, gathered, detail, _RESYNC_STATEMENT)
        if fault or len(row) != len(batch.columns):
            detail = fault or f"{len(row)} values for {len(batch.columns)} columns"
            raw = scanner.buffer[scanner.position : brackets[1]]
            self.unreadable.append(Unreadable(gathered.name, self.object, str(scanner.line), detail, raw))
        else:
            batch.add_row(row, scanner.line, gathered.ordinal, brackets[1] - scanner.position)
            gathered.ordinal += 1
        scanner.advance(brackets[1])
        return True

    def _resync(self, scanner: Scanner, gathered: Gathered, detail: str, pattern: re.Pattern[bytes]) -> bool:
        """Put aside what cannot be read, up to where it looks like a row (True) or a statement (False) again."""
        while True:
            line = str(scanner.line)
            if match := pattern.search(scanner.buffer, scanner.position):
                raw = scanner.buffer[scanner.position : match.end()]
                self.unreadable.append(Unreadable(gathered.name, self.object, line, detail, raw))
                scanner.advance(match.end())
                return scanner.starts_with(b"(")
            if scanner.ended or scanner.ahead() >= LONGEST_ROW:
                self.unreadable.append(Unreadable(gathered.name, self.object, line, detail, scanner.rest()))
                scanner.advance(len(scanner.buffer))
            if not scanner.more():
                self.cut = True
                return False

    # ends of statements

    def _pieces(self, scanner: Scanner) -> Iterator[tuple[int, int]]:
        """Where in the buffer the rest of the statement lies, piece by piece; goes behind its delimiter."""
        pattern = statement_pattern(self.delimiter)
        while True:
            end = scanner.end_of(pattern)
            yield scanner.position, end
            scanner.advance(end)
            if scanner.starts_with(self.delimiter):
                scanner.advance(scanner.position + len(self.delimiter))
                return
            if scanner.ahead() >= LONGEST_ROW or not scanner.more():
                self.note(
                    self._main, "a statement has no end: cut off, or a quote or ; is missing", self.statement_line
                )
                self.cut = self.torn = True
                self._find_statement(scanner)
                return

    def _find_statement(self, scanner: Scanner) -> None:
        while True:
            if match := _RESYNC_STATEMENT.search(scanner.buffer, scanner.position):
                scanner.advance(match.end())
                return
            scanner.advance(len(scanner.buffer))
            if not scanner.more():
                return

    def _skip(self, scanner: Scanner) -> None:
        for _ in self._pieces(scanner):
            pass

    def _take(self, scanner: Scanner) -> bytes:
        return b"".join(scanner.buffer[start:end] for start, end in self._pieces(scanner))

    @property
    def _main(self) -> str:
        return next(iter(self.wanted.values()), "") if self.wanted is not None else ""

    # frames

    def flush(self) -> Iterator[RawTable]:
        """What has been read since the last time, as frames."""
        for gathered in [*self.gathered.values()]:
            yield from self._flush_table(gathered)
        unreadable, self.unreadable = self.unreadable, []
        for table in dict.fromkeys(piece.table for piece in unreadable):
            pieces = tuple(piece for piece in unreadable if piece.table == table)
            yield RawTable(table, pd.DataFrame(columns=["_object", "_position"], dtype="str"), pieces)

    def _flush_table(self, gathered: Gathered) -> Iterator[RawTable]:
        gathered.flushed = gathered.ordinal

        def note(what: str, line: int) -> None:
            self.note(gathered.name, what, line)

        if self.reading == "counts" or (self.reading == "keys" and not gathered.table.keys):
            gathered.forget()
            return
        for frame, verbs in gathered.take(self.encoding, note, only_keys=self.reading == "keys"):
            ordinals = frame.index.to_numpy()
            if self.reading == "keys":
                self.keys.setdefault(gathered.name, Keys()).follow(frame, ordinals, verbs, gathered.table)
                continue
            if gone := self.gone.get(gathered.name):
                frame = frame[gone.keeps(ordinals)]
            whole = frame.reset_index(drop=True)
            whole.insert(len(whole.columns) - 1, "_object", pd.Series(self.object, index=whole.index, dtype="str"))
            if len(whole):
                yield RawTable(gathered.name, whole)


def _insert_columns(table: Table, names: tuple[str, ...] | None) -> tuple[tuple[Column, ...], str]:
    """The columns of an INSERT, spelt and typed as in CREATE TABLE; or why there are none."""
    if names is None or not names:
        return table.columns, "" if table.columns else "no column list, and no CREATE TABLE before it"
    if len({name.lower() for name in names}) < len(names):
        return (), "the column list names a column twice"
    return tuple(table.column(name) or Column(name) for name in names), ""
