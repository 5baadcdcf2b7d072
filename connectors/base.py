"""What a reader is, and what its errors mean for the run.

A reader has two halves. ``extract`` touches the old system and writes raw bytes to the archive, nothing else.
``parse`` reads the archive alone, so that it can be repeated when the old system is dead. Mapping and cleaning are left
to ``transforms.normalise``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from connectors.archive import Archive, ArchiveWriter
from schemas.sources import SourceBase

if TYPE_CHECKING:  # that module raises the errors of this one
    from connectors.refresh import Known

BATCH = 20_000  # rows that a table is handed out in
BAD_BATCH = 1_000  # and pieces that cannot be read, which hold their bytes


class ReaderError(Exception):
    """Anything that a reader raises on purpose. Its text is for a person and holds no personal value."""


class RetryError(ReaderError):
    """Try again later: the old system is busy or away."""


class ChannelError(ReaderError):
    """Stop this channel; the others go on: wrong password, changed page, missing file."""


class Paused(ChannelError):
    """Stop this channel for now: a budget is spent, or hours have begun in which not to ask. The next run goes on."""


class RunError(ReaderError):
    """Stop the run: the installation itself is wrong, as when a secret is not set."""


@dataclass(frozen=True)
class Unreadable:
    """A piece of the source that could not be read: it goes to quarantine with its bytes."""

    table: str
    object: str
    position: str
    detail: str
    raw: bytes


@dataclass(frozen=True)
class RawTable:
    """Raw records of one table, strings only (dtype ``str``; SQL NULL, JSON null and an absent cell are NA).

    Besides the source's own columns the frame has ``_object`` and ``_position`` (text: archive object, and line, row or
    ordinal in it). Bytes that are no text stand as ``base64:…``. A large table comes as several of these.
    """

    table: str
    frame: pd.DataFrame
    unreadable: tuple[Unreadable, ...] = ()
    problems: tuple[str, ...] = ()  # oddities for the report, without personal values


class Rows:
    """Gathers raw records of a few tables and hands them out as ``RawTable``, a batch at a time.

    Cells are text or None. A lone surrogate, which no text file can hold, becomes U+FFFD.
    """

    def __init__(self, *tables: str) -> None:
        self._rows: dict[str, list[dict[str, str | None]]] = {table: [] for table in tables}
        self._unreadable: list[Unreadable] = []
        self._problems: dict[str, list[str]] = {table: [] for table in tables}
        self._read: set[str] = set()
        self._faults: dict[str, str] = {}

    def add(self, table: str, object_: str, position: str, cells: Mapping[str, str | None]) -> None:
        """One record, read from ``position`` of the archive object ``object_``."""
        self._rows[table].append({**cells, "_object": object_, "_position": position})
        self._read.add(table)

    def reject(self, piece: Unreadable) -> None:
        """One piece that cannot be read."""
        self._unreadable.append(piece)
        self._faults.setdefault(piece.table, piece.detail)

    def remark(self, table: str, problem: str) -> None:
        """An oddity for the report; said once, however often it is met."""
        if problem not in self._problems[table]:
            self._problems[table].append(problem)

    def hopeless(self) -> dict[str, str]:
        """The tables of which pieces were met and none could be read, with the fault of the first piece."""
        return {table: fault for table, fault in self._faults.items() if table not in self._read}

    @property
    def full(self) -> bool:
        """True once there is enough for a batch."""
        return max(map(len, self._rows.values())) >= BATCH or len(self._unreadable) >= BAD_BATCH

    def drain(self) -> Iterator[RawTable]:
        """What was gathered, one ``RawTable`` a table (an empty one too), and start anew."""
        for table, rows in self._rows.items():
            try:
                frame = pd.DataFrame(rows, dtype="str")
            except UnicodeEncodeError:
                frame = pd.DataFrame(
                    [{_sound(k): v and _sound(v) for k, v in row.items()} for row in rows], dtype="str"
                )
            frame = frame if rows else pd.DataFrame(columns=["_object", "_position"], dtype="str")
            unreadable = tuple(piece for piece in self._unreadable if piece.table == table)
            yield RawTable(table, frame, unreadable, tuple(self._problems[table]))
            rows.clear()
            self._problems[table].clear()
        self._unreadable.clear()


def _sound(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _quiet(done: int, total: int | None) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Context:
    """What a reader may use besides its part of the channel file."""

    channel: str
    sources_dir: Path  # where relative paths of files start
    secret: Callable[[str], str]  # raises RunError for one that is not set
    address: str | None = None  # replaces scheme, host and port of the channel file's address
    progress: Callable[[int, int | None], None] = field(default=_quiet)
    known: "Mapping[str, Known]" = field(default_factory=dict)  # by stream; of a table of events by "<stream>/<table>"
    zone: str = "Asia/Jakarta"  # of the channel: hours in which not to ask are its wall time
    last: Archive | None = None  # of the load before: what did not change since need not be sent again


def counted_stream(source: SourceBase) -> str:
    """The stream that a source's own count speaks of. Raises ``ChannelError`` where it could be any of several."""
    if len(source.streams) > 1:
        raise ChannelError("count: speaks of one stream, but this source carries several; make it a source per stream")
    return next(iter(source.streams))


class Reader(Protocol):
    """One technology. Readers hold no state: everything lies in the arguments and in the archive."""

    def extract(self, source: Any, archive: ArchiveWriter, context: Context) -> None:
        """Write every raw byte of ``source`` to the archive. Raises ``RetryError``, ``ChannelError``, ``RunError``."""

    def parse(self, source: Any, archive: Archive) -> Iterator[RawTable]:
        """Read raw records from the archive, offline. A piece that cannot be read is an ``Unreadable``, never lost."""

    def count(self, source: Any, archive: Archive) -> Mapping[str, int] | None:
        """How many records the source says it has, by stream and by another road; None if it does not tell."""
