"""What is known of a dump while it is read, where its statements end, and how its rows are handed out as frames."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pandas as pd

from connectors.base import RawTable, Unreadable
from connectors.mysql_frames import Gathered, Gone, Keys
from connectors.mysql_scanner import Scanner
from connectors.mysql_tables import Column
from connectors.mysql_tokens import statement_pattern

LONGEST_ROW = 64 << 20  # a quote that is never closed must not take all memory
RESYNC_STATEMENT = re.compile(rb"\n(?=(?:INSERT|REPLACE)\s+INTO\s|(?:CREATE|DROP)\s+TABLE\s)", re.IGNORECASE)
_SIGNED = re.compile(rb"^-- (?:MySQL|MariaDB) dump ", re.MULTILINE)


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
class Ends:
    """The first and last bytes of a file: a tool that signs its dumps when done has signed this one, or not."""

    first: bytes = b""
    last: bytes = b""

    def watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """``chunks`` as they are."""
        for chunk in chunks:
            self.first = self.first or chunk[:400]
            self.last = (self.last + chunk[-400:])[-400:]
            yield chunk

    def unfinished(self) -> bool:
        """Whether the tool began to sign and did not end."""
        return bool(_SIGNED.search(self.first)) and b"-- Dump completed" not in self.last


class Walk:
    """What is known of a dump while it is read.

    ``wanted`` are names of tables, bare or with their database before a dot; None wants all. ``encoding`` None is what
    the dump says. ``gone`` are the rows to leave out, by table; without it nothing is. Only ``reading="rows"`` hands
    out rows: with ``"keys"`` REPLACE and its like are followed, with ``"counts"`` rows are counted.
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
        self.shift: timedelta | None = None  # of TIMESTAMPs from UTC; None if the file does not say
        self.tells_zone = False  # whether any file says it
        self.statement_line, self.patient_until = 1, 0
        self._known_head: tuple[bytes, Gathered, tuple[Column, ...], str, str] | None = None

    def problems(self, table: str) -> list[str]:
        """What was odd about a table, or about the whole dump if it is the first one that is wanted."""
        told = [note.text() for (known, _), note in self.notes.items() if known == table]
        gone = self.gone.get(table)
        return told + [f"{table}: {count} {reason}" for reason, count in (gone.reasons.items() if gone else ())]

    def note(self, table: str, what: str, line: int, count: int = 1) -> None:
        """Something odd to tell."""
        self.notes.setdefault((table, what), _Note(table, what, self.object, line)).count += count

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
            if match := RESYNC_STATEMENT.search(scanner.buffer, scanner.position):
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
        for frame, verbs in gathered.take(self.encoding, self.shift, note, only_keys=self.reading == "keys"):
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
