"""What a dump says besides its rows: tables that are made, altered and emptied, character set and time zone."""

import re
from collections.abc import Iterator
from datetime import timedelta

from connectors.base import RawTable
from connectors.mysql_charsets import connection_encoding
from connectors.mysql_frames import Gathered, Keys
from connectors.mysql_scanner import Scanner
from connectors.mysql_tables import Table, altered_table, created_table
from connectors.mysql_tokens import Malformed, split_brackets
from connectors.mysql_walk import Walk

_SET_NAMES = re.compile(rb"SET\s+(?:NAMES|CHARSET|CHARACTER\s+SET)\s+['\"]?(?P<charset>\w+)", re.IGNORECASE)
_SET_ZONE = re.compile(
    rb"SET\s+(?:SESSION\s+|@@(?:SESSION\.)?)?TIME_ZONE\s*=\s*"
    rb"(?:@\w+|['\"](?:(?P<sign>[-+])(?P<h>\d\d?):(?P<m>\d\d)|(?P<name>\w[^'\"]*)))",
    re.IGNORECASE,
)
_SQL_MODE = re.compile(
    rb"SET\s+(?:SESSION\s+|@@(?:SESSION\.)?)?SQL_MODE\s*=\s*['\"][^'\"]*NO_BACKSLASH_ESC", re.IGNORECASE
)


class Definitions(Walk):
    """Carries out what declares or empties tables, and follows SET."""

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
        if zone := _SET_ZONE.match(scanner.buffer, scanner.position):
            yield from self._set_zone(zone, scanner.line)
        names = _SET_NAMES.match(scanner.buffer, scanner.position)
        if names is None:
            return
        charset = names["charset"].decode("ascii").lower()
        said = connection_encoding(charset)
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

    def _set_zone(self, zone: re.Match[bytes], line: int) -> Iterator[RawTable]:
        """How far TIMESTAMPs are from UTC from now on; not known after a zone by name, or what was set before."""
        shift = None
        if zone["sign"]:
            shift = timedelta(hours=int(zone["h"]), minutes=int(zone["m"])) * (-1 if zone["sign"] == b"-" else 1)
            self.tells_zone = True
        if zone["name"]:
            said = zone["name"].decode("utf-8", "replace")
            self.note(self._main, f"SET TIME_ZONE {said}: TIMESTAMPs are read as they stand, not in UTC", line)
        if shift != self.shift:
            yield from self.flush()
        self.shift = shift
