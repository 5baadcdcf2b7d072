"""Walks through the statements of a dump: finds the tables that are wanted, what declares them, and their rows.

What cannot be read is put aside with its line and bytes. Words and patterns of SQL are left to
``connectors.mysql_tokens``, what is no row to ``connectors.mysql_definitions``, many rows at once to
``connectors.mysql_rows``, what becomes of rows to ``connectors.mysql_frames``.
"""

import re
from collections.abc import Iterator

from connectors.base import RawTable, Unreadable
from connectors.mysql_definitions import Definitions
from connectors.mysql_frames import Batch, Gathered
from connectors.mysql_rows import find_rows
from connectors.mysql_scanner import Scanner, sql_bytes
from connectors.mysql_tables import Column, Table
from connectors.mysql_tokens import BLANK, NAME, Malformed, one_value, row_pattern, split_brackets, unquote_name
from connectors.mysql_walk import LONGEST_ROW, RESYNC_STATEMENT, Ends

CHUNK_ROWS = 20_000
CHUNK_BYTES = 32 << 20
CHUNK_UNREADABLE = 1_000
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
_TAIL = re.compile(rb"(?:ON|AS|RETURNING)\b", re.IGNORECASE)
_CONFLICTS = "marker lines of a merge conflict are passed over, both sides are read"


class Statements(Definitions):
    """Reads the files of a dump, one after another. What it is made with is told by ``Walk``."""

    def read(self, name: str, chunks: Iterator[bytes]) -> Iterator[RawTable]:
        """Read one file."""
        self.object, self.database, self.delimiter = name, "", b";"
        chunks, fixed = sql_bytes(chunks, self.declared_encoding)
        self.fixed_encoding, self.encoding, self.shift = fixed is not None, fixed or "utf-8", None
        ends = Ends()
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
            return self._resync(scanner, gathered, detail, RESYNC_STATEMENT)
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


def _insert_columns(table: Table, names: tuple[str, ...] | None) -> tuple[tuple[Column, ...], str]:
    """The columns of an INSERT, spelt and typed as in CREATE TABLE; or why there are none."""
    if names is None or not names:
        return table.columns, "" if table.columns else "no column list, and no CREATE TABLE before it"
    if len({name.lower() for name in names}) < len(names):
        return (), "the column list names a column twice"
    return tuple(table.column(name) or Column(name) for name in names), ""
