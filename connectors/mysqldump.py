"""Reads dumps of MySQL and MariaDB, by whatever tool: mysqldump, mariadb-dump, phpMyAdmin, a person's hand.

The file goes into the archive as it is; parsing streams it from there, holding a megabyte or the longest row. Only the
tables that the channel file names are read. Words, rows and literals of SQL are left to ``connectors.mysql_tokens``,
table definitions to ``connectors.mysql_tables``; a server's own doings (REPLACE, UPDATE …) are not replayed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pandas as pd

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RawTable, Unreadable
from connectors.files import archive_files, mapped_tables, nearest
from connectors.mysql_scanner import Scanner, sql_bytes
from connectors.mysql_tables import Column, altered_columns, created_columns
from connectors.mysql_tokens import (
    BLANK,
    NAME,
    Malformed,
    one_value,
    read_column,
    row_pattern,
    split_brackets,
    statement_pattern,
    unquote_name,
)
from schemas.channel import MysqldumpSource

CHUNK_ROWS = 20_000
CHUNK_BYTES = 32 << 20
CHUNK_UNREADABLE = 1_000
LONGEST_ROW = 64 << 20  # a quote that is never closed must not take all memory

_FLAGS = re.IGNORECASE | re.DOTALL
_QUALIFIED = rb"(?:(?P<database>" + NAME + rb")" + BLANK + rb"\." + BLANK + rb")?(?P<table>" + NAME + rb")" + BLANK
_HEAD = re.compile(
    rb"(?:(?P<insert>(?:INSERT|REPLACE)\b(?:" + BLANK + rb"(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|INTO)\b)*+)"
    rb"|(?P<create>CREATE\b" + BLANK + rb"(?:OR\b" + BLANK + rb"REPLACE\b" + BLANK + rb")?+(?:TEMPORARY\b" + BLANK
    + rb")?+TABLE\b" + BLANK + rb"(?:IF\b" + BLANK + rb"NOT\b" + BLANK + rb"EXISTS\b)?+)"
    rb"|(?P<alter>ALTER\b" + BLANK + rb"TABLE\b)"
    rb"|(?P<change>DELETE\b" + BLANK + rb"FROM\b|UPDATE\b|TRUNCATE\b(?:" + BLANK + rb"TABLE\b)?+"
    rb"|DROP\b" + BLANK + rb"TABLE\b(?:" + BLANK + rb"IF\b" + BLANK + rb"EXISTS\b)?+)"
    rb"|(?P<use>USE\b))" + BLANK + _QUALIFIED,
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
_SET_NAMES = re.compile(rb"SET\s+NAMES\s+'?(?P<charset>\w+)", re.IGNORECASE)


class MysqldumpReader:
    """The reader ``mysqldump``."""

    def extract(self, source: MysqldumpSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the dump's bytes. Raises ``ChannelError`` for a missing file, ``RetryError`` for a moving one."""
        archive_files(source.path, archive, context)

    def parse(self, source: MysqldumpSource, archive: Archive) -> Iterator[RawTable]:
        """Rows of the mapped tables as inserted, in pieces; ``_position`` is the line on which the row begins.

        A row that is no row, or has another number of values than columns, is an ``Unreadable``; so is the torn end of
        a file that was cut off. Raises ``ChannelError`` for a mapped table that the dump does not have, an unknown
        encoding, or a compressed file.
        """
        dump = _Dump(mapped_tables(source), source.encoding)
        for entry in archive.entries:
            yield from dump.read(entry.name, archive.stream(entry.name))
        yield from dump.close()

    def count(self, source: MysqldumpSource, archive: Archive) -> None:
        """A dump does not say how many records it should have."""


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
            self.last = (self.last + chunk)[-400:]
            yield chunk

    def unfinished(self) -> bool:
        return bool(_SIGNED.search(self.first)) and b"-- Dump completed" not in self.last


@dataclass
class _Batch:
    """Rows of one table with the same columns, as tokens, until there are enough for a frame."""

    columns: tuple[Column, ...]
    rows: list[tuple[bytes, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    size: int = 0


class _Dump:
    """What is known of a dump while it is read."""

    def __init__(self, wanted: Iterable[str], encoding: str) -> None:
        self.encoding = self.declared_encoding = encoding
        self.wanted = {name.split(".")[-1].casefold(): name for name in wanted}
        self.columns: dict[str, tuple[Column, ...]] = {}
        self.batches: dict[tuple[str, tuple[Column, ...]], _Batch] = {}
        self.unreadable: list[Unreadable] = []
        self.notes: dict[tuple[str, str], _Note] = {}  # by table and what is odd
        self.origins: dict[str, set[str]] = {}  # wanted table: the tables of the dump that were read as it
        self.seen: set[str] = set()
        self.object, self.database, self.delimiter, self.cut = "", "", b";", False
        self.statement_line = 1

    def read(self, name: str, chunks: Iterator[bytes]) -> Iterator[RawTable]:
        """Read one file."""
        self.object, self.database, self.delimiter = name, "", b";"
        chunks, self.encoding = sql_bytes(name, chunks, self.declared_encoding)
        ends = _Ends()
        scanner = Scanner(ends.watch(chunks))
        while scanner.skip_blanks():
            if match := _DELIMITER.match(scanner.buffer, scanner.position):
                self.delimiter = match["delimiter"]
                scanner.advance(match.end())
            else:
                yield from self._statement(scanner)
        if ends.unfinished():
            self.cut = True
            self._note(self._main, "the tool's last line (Dump completed) is missing: cut off?", scanner.line)
        yield from self._flush()

    def close(self) -> Iterator[RawTable]:
        """Tables without rows, and what was odd. Raises ``ChannelError`` for a table that is not there."""
        for name in self.wanted.values():
            if name not in self.origins and not self.cut:
                raise ChannelError(f"table {name!r} is not in the dump{nearest(name, self.seen)}")
            problems = [note.text() for (table, _), note in self.notes.items() if table == name]
            if name not in self.origins:
                problems.append(f"{name}: is not in the dump, which was cut off")
            elif len(self.origins[name]) > 1:
                problems.append(f"{name}: is read from several tables: {', '.join(sorted(self.origins[name]))}")
            columns = [column.name for column in self.columns.get(name, ())]
            frame = pd.DataFrame(columns=[*columns, "_object", "_position"], dtype="str")
            yield RawTable(name, frame, problems=tuple(problems))

    def _statement(self, scanner: Scanner) -> Iterator[RawTable]:
        self.statement_line = scanner.line
        head = _HEAD.match(scanner.buffer, scanner.position)
        if head is None:
            self._check_charset(scanner)
            self._skip(scanner)
            return
        name = unquote_name(head["table"])
        if head["use"]:
            self.database = name
        table = self.wanted.get(name.casefold())
        if head["insert"] or head["create"]:
            self.seen.add(name)
        if table is None or head["use"]:
            self._skip(scanner)
            return
        if head["insert"] or head["create"]:
            database = unquote_name(head["database"]) if head["database"] else self.database
            self.origins.setdefault(table, set()).add(f"{database}.{name}".lstrip("."))
        if head["insert"]:
            yield from self._insert(scanner, table, head.end())
        elif head["create"]:
            self._create(scanner, table, head.end())
        elif head["alter"]:
            self._alter(scanner, table, head.end())
        else:
            if any(known == table for known, _ in self.batches):
                verb = head["change"].split()[0].decode("ascii").upper()
                self._note(table, f"{verb} after its rows is not carried out", scanner.line)
            self._skip(scanner)

    def _create(self, scanner: Scanner, table: str, end: int) -> None:
        scanner.advance(end)
        try:
            while scanner.starts_with(b"("):
                if brackets := split_brackets(scanner.buffer, scanner.position):
                    self.columns[table] = created_columns(brackets[0])
                    scanner.advance(brackets[1])
                elif not scanner.more():
                    break
        except Malformed:
            self._note(table, "CREATE TABLE cannot be read", self.statement_line)
        self._skip(scanner)

    def _alter(self, scanner: Scanner, table: str, end: int) -> None:
        scanner.advance(end)
        changes = b"(" + self._take(scanner) + b"\n)"
        try:
            if table in self.columns and (brackets := split_brackets(changes, 0)):
                self.columns[table] = altered_columns(self.columns[table], brackets[0])
        except Malformed:
            self._note(table, "ALTER TABLE cannot be read", self.statement_line)

    def _insert(self, scanner: Scanner, table: str, at: int) -> Iterator[RawTable]:
        names: tuple[str, ...] | None = None
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
            self.unreadable.append(Unreadable(table, self.object, line, detail, self._take(scanner)))
            return
        scanner.advance(values.end())
        columns, fault = self._insert_columns(table, names)
        yield from self._rows(scanner, table, columns, fault)

    def _insert_columns(self, table: str, names: tuple[str, ...] | None) -> tuple[tuple[Column, ...], str]:
        """The columns of an INSERT, spelt and typed as in CREATE TABLE; or why there are none."""
        declared = self.columns.get(table, ())
        if names is None:
            return declared, "" if declared else "no column list, and no CREATE TABLE before it"
        if len({name.lower() for name in names}) < len(names):
            return (), "the column list names a column twice"
        known = {column.name.lower(): column for column in declared}
        return tuple(known.get(name.lower(), Column(name, "unknown")) for name in names), ""

    def _rows(self, scanner: Scanner, table: str, columns: tuple[Column, ...], fault: str) -> Iterator[RawTable]:
        """Read the rows after VALUES, and go to the end of the statement or to where reading can begin again."""
        plain = row_pattern(len(columns)) if columns else _NEVER
        batch = self.batches.setdefault((table, columns), _Batch(columns))
        while True:
            if match := plain.match(scanner.buffer, scanner.position):
                batch.rows.append(match.groups())
                batch.lines.append(scanner.line)
                batch.size += match.end() - scanner.position
                scanner.advance(match.end())
                if len(batch.rows) >= CHUNK_ROWS or batch.size >= CHUNK_BYTES:
                    yield from self._flush()
                continue
            before = scanner.buffer, scanner.position
            there = scanner.skip_blanks()
            if scanner.starts_with(b","):
                scanner.advance(scanner.position + 1)
            elif scanner.buffer is not before[0] or scanner.position != before[1]:
                continue  # more is in sight now: it may well be a plain row
            elif scanner.starts_with(b"("):
                if not self._odd_row(scanner, batch, table, fault):
                    return
                if len(self.unreadable) >= CHUNK_UNREADABLE:
                    yield from self._flush()
            elif not there or scanner.starts_with(self.delimiter) or self._is_tail(scanner, table):
                self._skip(scanner)
                return
            elif not self._resync(scanner, table, "neither a comma nor the end of the statement after a row", _RESYNC):
                return

    def _is_tail(self, scanner: Scanner, table: str) -> bool:
        tail = _TAIL.match(scanner.buffer, scanner.position)
        if tail:
            self._note(table, "rows are read as they stand, without ON DUPLICATE KEY UPDATE", scanner.line)
        return tail is not None

    def _odd_row(self, scanner: Scanner, batch: _Batch, table: str, fault: str) -> bool:
        """Read a row that is not all plain literals, or reach for the rest of it; False if the statement is lost."""
        try:
            brackets = split_brackets(scanner.buffer, scanner.position)
            row = tuple(one_value(item) for item in brackets[0]) if brackets else ()
        except Malformed:
            return self._resync(scanner, table, "cannot be read as a row of values", _RESYNC)
        if brackets is None:
            if scanner.ahead() < LONGEST_ROW and scanner.more():
                return True
            return self._resync(scanner, table, "a row without end: cut off, or a quote is missing", _RESYNC_STATEMENT)
        if fault or len(row) != len(batch.columns):
            detail = fault or f"{len(row)} values for {len(batch.columns)} columns"
            raw = scanner.buffer[scanner.position : brackets[1]]
            self.unreadable.append(Unreadable(table, self.object, str(scanner.line), detail, raw))
        else:
            batch.rows.append(row)
            batch.lines.append(scanner.line)
            batch.size += brackets[1] - scanner.position
        scanner.advance(brackets[1])
        return True

    def _resync(self, scanner: Scanner, table: str, detail: str, pattern: re.Pattern[bytes]) -> bool:
        """Put aside what cannot be read, up to where it looks like a row (True) or a statement (False) again."""
        while True:
            line = str(scanner.line)
            if match := pattern.search(scanner.buffer, scanner.position):
                raw = scanner.buffer[scanner.position : match.end()]
                self.unreadable.append(Unreadable(table, self.object, line, detail, raw))
                scanner.advance(match.end())
                return scanner.starts_with(b"(")
            if scanner.ended or scanner.ahead() >= LONGEST_ROW:
                self.unreadable.append(Unreadable(table, self.object, line, detail, scanner.rest()))
                scanner.advance(len(scanner.buffer))
            if not scanner.more():
                self.cut = True
                return False

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
                self._note(
                    self._main, "a statement has no end: cut off, or a quote or ; is missing", self.statement_line
                )
                self.cut = True
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

    def _check_charset(self, scanner: Scanner) -> None:
        """Note a dump that says it is in another encoding than the channel file."""
        names = _SET_NAMES.match(scanner.buffer, scanner.position)
        charset = names["charset"].decode("ascii").lower() if names else "binary"
        if charset != "binary" and charset.startswith("utf8") != (self.encoding == "utf-8"):
            self._note(self._main, f"SET NAMES {charset}, but the channel file says {self.encoding}", scanner.line)

    def _note(self, table: str, what: str, line: int) -> None:
        self.notes.setdefault((table, what), _Note(table, what, self.object, line)).count += 1

    @property
    def _main(self) -> str:
        return next(iter(self.wanted.values()))

    def _flush(self) -> Iterator[RawTable]:
        """What has been read since the last time, as frames."""
        unreadable, self.unreadable = self.unreadable, []
        for (table, columns), batch in self.batches.items():
            if batch.rows:
                frame = self._frame(table, columns, batch)
                batch.rows, batch.lines, batch.size = [], [], 0
                yield RawTable(table, frame)
        for table in dict.fromkeys(piece.table for piece in unreadable):
            pieces = tuple(piece for piece in unreadable if piece.table == table)
            yield RawTable(table, pd.DataFrame(columns=["_object", "_position"], dtype="str"), pieces)

    def _frame(self, table: str, columns: tuple[Column, ...], batch: _Batch) -> pd.DataFrame:
        data: dict[str, pd.Series[str]] = {}
        for column, tokens in zip(columns, zip(*batch.rows, strict=True), strict=True):
            data[column.name], odd = read_column(tokens, column.kind, self.encoding)
            for index, what in odd:
                self._note(table, f"{column.name}: {what}", batch.lines[index])
        frame = pd.DataFrame(data)
        frame["_object"] = pd.Series(self.object, index=frame.index, dtype="str")
        frame["_position"] = pd.Series([str(line) for line in batch.lines], dtype="str")
        return frame
