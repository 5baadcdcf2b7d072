"""Reads dumps of MySQL and MariaDB, by whatever tool: mysqldump, phpMyAdmin, HeidiSQL, Navicat, a person's hand.

The file goes into the archive as it is; parsing streams it from there, unpacking on the way, and holds a few megabytes
or the longest row. Only the tables that the channel file names are read, row for row as a server would hold them after
the whole dump was loaded. ``tables`` and ``rows`` are for people who look into a dump that they have never seen.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RawTable
from connectors.files import archive_files, nearest
from connectors.lookups import with_lookups
from connectors.mysql_frames import Gone
from connectors.mysql_scanner import sql_bytes
from connectors.mysql_statements import Statements
from connectors.mysql_tables import Column, Key
from connectors.packed import unpacked
from connectors.sql_uses import zone_reminders
from schemas.sources import MysqldumpSource

_OVERLAP = 400  # bytes of a chunk that are looked at again with the next
_REPLACES = re.compile(rb"(?<!OR )(?:REPLACE|IGNORE)\s+(?:INTO\b|[`\"A-Z_\x80-\xff])")
_MAKES = re.compile(
    rb"(?P<verb>CREATE|DROP|TRUNCATE|DELETE)\s+(?:(?:TEMPORARY|TABLE|FROM)\s+)*(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
    rb"(?:[`\"]?[\w$\x80-\xff]+[`\"]?\s*\.\s*)?[`\"]?(?P<table>[\w$\x80-\xff]+)"
)

Remind = Callable[[str, Iterable[str]], list[str]]
File = tuple[str, Callable[[], Iterator[bytes]]]  # a name, and how to get the bytes once more


class MysqldumpReader:
    """The reader ``mysqldump``."""

    def extract(self, source: MysqldumpSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the dump's bytes. Raises ``ChannelError`` for a missing file, ``RetryError`` for a moving one."""
        archive_files(source.path, archive, context)

    def parse(self, source: MysqldumpSource, archive: Archive) -> Iterator[RawTable]:
        """Rows of the mapped tables with their look-ups, in pieces; ``_position`` is the line where the row begins.

        A row that is no row, or has another number of values than columns, is an ``Unreadable``; so is the torn end of
        a file that was cut off. Raises ``ChannelError`` for a mapped table that the dump does not have or only shows as
        a view, for an unknown encoding, and for a packing that is not known.
        """
        files = _archived(archive)

        def remind(table: str, zoned: Iterable[str]) -> list[str]:
            return zone_reminders(source, table, zoned)

        yield from with_lookups(source, lambda names: read_dump(files, names, source.encoding, remind))

    def count(self, source: MysqldumpSource, archive: Archive) -> None:
        """A dump does not say how many records it should have."""


@dataclass(frozen=True)
class DumpTable:
    """A table (or view) that a dump holds."""

    name: str  # with its database before a dot where another database has one of the same name
    columns: tuple[Column, ...]  # as declared; without a type if only an INSERT names them
    primary_key: tuple[str, ...]
    unique_keys: tuple[Key, ...]
    rows: int  # that a server would hold after loading; those that cannot be read are not counted
    unreadable: int
    is_view: bool
    comment: str
    problems: tuple[str, ...]


def tables(source: Archive | Path | Iterable[Path], encoding: str | None = None) -> list[DumpTable]:
    """All tables and views of a dump, in the order in which they appear. Reads the files to their end.

    Raises ``ChannelError`` for an unknown encoding and for a packing that is not known.
    """
    files = _files(source)
    watch = _Watch(None, encoding)
    for _, chunks in _opened(files, _silent):
        watch.look(chunks)
    walk = Statements(None, encoding, reading="keys" if watch.needed else "counts")
    unreadable: dict[str, int] = {}
    told: list[str] = []
    for name, chunks in _opened(files, told.append):
        for raw in walk.read(name, chunks):
            unreadable[raw.table] = unreadable.get(raw.table, 0) + len(raw.unreadable)
    found: list[DumpTable] = []
    for name, gathered in walk.gathered.items():
        gone = walk.keys[name].gone if name in walk.keys else Gone()
        table = gathered.table
        found.append(
            DumpTable(
                name=name,
                columns=table.columns or gathered.named,
                primary_key=table.primary,
                unique_keys=tuple(key for key in table.keys if key.name != "PRIMARY"),
                rows=max(gathered.ordinal - gone.before, 0) - len(gone.ordinals),
                unreadable=unreadable.get(name, 0),
                is_view=gathered.is_view,
                comment=table.comment,
                problems=(*walk.problems(name), *(told if not found else ())),
            )
        )
    return found


def rows(source: Archive | Path | Iterable[Path], table: str, encoding: str | None = None) -> Iterator[RawTable]:
    """The rows of one table as ``MysqldumpReader.parse`` gives them, look-ups aside. Raises ``ChannelError``."""
    yield from read_dump(_files(source), (table,), encoding)


def read_dump(
    files: Iterable[File], wanted: tuple[str, ...], encoding: str | None, remind: Remind = lambda _, __: []
) -> Iterator[RawTable]:
    """The rows of the ``wanted`` tables of files that are loaded one after another; told last what was odd.

    ``remind`` is asked what to tell of a table's columns that are in UTC, for the dump says so.
    Files are read twice, or three times if REPLACE, INSERT IGNORE, TRUNCATE or a later DROP takes rows away.
    """
    files = tuple(files)
    watch = _Watch(wanted, encoding)
    for _, chunks in _opened(files, _silent):
        watch.look(chunks)
    gone: dict[str, Gone] = {}
    if watch.needed:
        first = Statements(wanted, encoding, reading="keys")
        for name, chunks in _opened(files, _silent):
            for _ in first.read(name, chunks):
                pass
        gone = {name: keys.gone for name, keys in first.keys.items()}
    walk = Statements(wanted, encoding, gone=gone)
    told: list[str] = []
    for name, chunks in _opened(files, told.append):
        yield from walk.read(name, chunks)
    if told:
        walk.cut = True
    for name in wanted:
        yield _ending(walk, name, told, remind)
        told = []


def _ending(walk: Statements, name: str, told: list[str], remind: Remind) -> RawTable:
    """A table without rows that tells what was odd. Raises ``ChannelError`` for a table that is not there."""
    gathered = walk.gathered.get(name)
    if gathered is None and not walk.cut:
        raise ChannelError(f"table {name!r} is not in the dump{nearest(name, walk.seen)}")
    if gathered is not None and gathered.is_view:
        raise ChannelError(f"{name!r} is a view, of which a dump holds no rows; map the table that it shows")
    problems = walk.problems(name) + told
    if gathered is None:
        problems.append(f"{name}: is not in the dump, which was cut off")
    elif len(origins := sorted(origin for origin in gathered.origins if "." in origin)) > 1:
        problems.append(f"{name}: is read from several tables: {', '.join(origins)}")
    declared = gathered.table.columns if gathered else ()
    if walk.tells_zone:
        problems += remind(name, [column.name for column in declared if column.type == "timestamp"])
    columns = [column.name for column in declared]
    frame = pd.DataFrame(columns=[*columns, "_object", "_position"], dtype="str")
    return RawTable(name, frame, problems=tuple(problems))


class _Watch:
    """Looks for statements that take away rows of the ``wanted`` tables (None: of any); quick, at times too careful."""

    def __init__(self, wanted: tuple[str, ...] | None, encoding: str | None) -> None:
        self._wanted = None if wanted is None else {name.split(".")[-1].upper().encode() for name in wanted}
        self._encoding = encoding
        self._made: set[bytes] = set()
        self.needed = False

    def look(self, chunks: Iterator[bytes]) -> None:
        """Take in one file, as far as needed."""
        held = b""
        sql, _ = sql_bytes(chunks, self._encoding)
        for chunk in sql:
            words = held + chunk.upper()
            if b"REPLACE" in words or b"IGNORE" in words:
                self.needed = self.needed or _REPLACES.search(words) is not None
            if b" TABLE" in words or b"TRUNCATE" in words or b"DELETE" in words:
                self._follow(words, len(held))
            if self.needed:
                return
            held = words[-_OVERLAP:]

    def _follow(self, words: bytes, start: int) -> None:
        for match in _MAKES.finditer(words, max(start - _OVERLAP, 0)):
            table = match["table"]
            if self._wanted is not None and table not in self._wanted:
                continue
            if match["verb"] == b"CREATE":
                self._made.add(table)
            elif match["verb"] in (b"TRUNCATE", b"DELETE") or table in self._made:
                self.needed = True


def _archived(archive: Archive) -> tuple[File, ...]:
    return tuple((entry.name, lambda name=entry.name: archive.stream(name)) for entry in archive.entries)


def _files(source: Archive | Path | Iterable[Path]) -> tuple[File, ...]:
    if isinstance(source, Archive):
        return _archived(source)
    paths = (source,) if isinstance(source, Path) else tuple(source)
    return tuple((path.name, lambda path=path: _file_chunks(path)) for path in paths)


def _file_chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                yield chunk
    except OSError as error:
        raise ChannelError(f"{path}: cannot be read ({error.strerror})") from error


def _opened(files: Iterable[File], tell: Callable[[str], None]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The SQL files in ``files``, unpacked; ``tell`` hears what is damaged."""
    for name, stream in files:
        yield from unpacked(name, stream(), tell)


def _silent(_: str) -> None:
    """Told when the rows are read."""
