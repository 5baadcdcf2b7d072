"""What a look into an undescribed source gives."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.base import RawTable
from schemas.sources import JsonTable


@dataclass(frozen=True)
class FoundColumn:
    """A column as the source declares it."""

    name: str
    declared: str = ""  # its type; empty where the source has none
    comment: str = ""
    zoned: bool = False  # a point in time that is handed out in UTC


@dataclass(frozen=True)
class FoundTable:
    """A table, view or sheet. ``rows`` are those that a server would hold; a sheet's are counted when it is read."""

    name: str
    rows: int | None
    columns: tuple[FoundColumn, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    unreadable: int = 0
    is_view: bool = False
    comment: str = ""
    problems: tuple[str, ...] = ()
    header_row: int = 1  # of a sheet
    header_rows: int = 1  # in which the headers of a sheet stand
    totals: tuple[tuple[str, int], ...] = ()  # of a sheet that is no table: cells with a total, as B3, and the number


@dataclass(frozen=True)
class Declared:
    """What a channel file says of a web system, without streams, and why: notes by dotted key."""

    source: dict[str, Any]
    notes: dict[str, str]
    remarks: tuple[str, ...] = ()  # lines that are nothing but a comment


@dataclass(frozen=True)
class Found:
    """One source: the reader that it needs, and how to get the raw records of each table."""

    reader: str  # mysqldump, sheet, sql, json, chat, rest or html
    format: str  # for people
    encoding: str | None
    place: str  # absolute path, glob, or address without password
    name: str  # of the file or database, without suffix
    tables: list[FoundTable]
    rows: Callable[[Sequence[str]], Iterator[RawTable]] = field(
        repr=False
    )  # of the named tables, at one go if it can be
    problems: list[str] = field(default_factory=list)
    secret: str | None = None  # name of the secret that holds the password
    json_tables: dict[str, JsonTable] = field(default_factory=dict)  # of JSON: where its tables lie
    web: Declared | None = None  # of a web system

    def table(self, name: str) -> FoundTable | None:
        """The table of that name, whatever its case."""
        exact = [table for table in self.tables if table.name == name]
        folded = [table for table in self.tables if table.name.casefold() == name.casefold()]
        return next(iter(exact or folded), None)
