"""What a reader is, and what its errors mean for the run.

A reader has two halves. ``extract`` touches the old system and writes raw bytes to the archive, nothing else.
``parse`` reads the archive alone, so that it can be repeated when the old system is dead. Mapping and cleaning are left
to ``transforms.normalise``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from connectors.archive import Archive, ArchiveWriter


class ReaderError(Exception):
    """Anything that a reader raises on purpose. Its text is for a person and holds no personal value."""


class RetryError(ReaderError):
    """Try again later: the old system is busy or away."""


class ChannelError(ReaderError):
    """Stop this channel; the others go on: wrong password, changed page, missing file."""


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


@dataclass(frozen=True)
class Context:
    """What a reader may use besides its part of the channel file."""

    channel: str
    sources_dir: Path  # where relative paths of files start
    secret: Callable[[str], str]  # raises RunError for one that is not set
    address: str | None = None  # replaces scheme, host and port of the channel file's address
    progress: Callable[[int, int | None], None] = field(default=lambda done, total: None)


class Reader(Protocol):
    """One technology. Readers hold no state: everything lies in the arguments and in the archive."""

    def extract(self, source: Any, archive: ArchiveWriter, context: Context) -> None:
        """Write every raw byte of ``source`` to the archive. Raises ``RetryError``, ``ChannelError``, ``RunError``."""

    def parse(self, source: Any, archive: Archive) -> Iterator[RawTable]:
        """Read raw records from the archive, offline. A piece that cannot be read is an ``Unreadable``, never lost."""

    def count(self, source: Any, archive: Archive) -> Mapping[str, int] | None:
        """How many records the source says it has, by stream, by another road than the records; None if it tells not."""
