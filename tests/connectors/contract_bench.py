"""A bench of the contract test: one reader on sources of invented records, which are counted by another road."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from file_sources import no_secrets

from connectors.base import Context, Reader
from connectors.readers import READERS
from schemas.channel import Channel
from schemas.sources import SourceBase

START = datetime(2023, 1, 2, 8, 0)
COLUMNS = ("nomor", "tanggal", "isi")
NEW = "baru"  # the column that a source grows


@dataclass(frozen=True)
class Wish:
    """A source to be written: ``pad`` is the length in characters that is added to each text."""

    count: int = 7
    grown: bool = False
    pad: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        return (*COLUMNS, NEW) if self.grown else COLUMNS

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Cells by ``columns``; no two texts are alike."""
        for n in range(self.count):
            padding = (f" di tiang {n * 31} Jalan Contoh" * (self.pad // 20 + 1))[: self.pad]
            at = f"{START + timedelta(minutes=30 * n):%Y-%m-%d %H:%M:%S}"
            yield (key(n), at, f"Lampu jalan padam, laporan {key(n)}{padding}", f"nilai {n}")[: len(self.columns)]

    def documents(self) -> Iterator[dict[str, str]]:
        """The same rows by the names of their columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows())


def key(n: int) -> str:
    return f"ADU-{n:06d}"


def keys(count: int) -> list[str]:
    return [key(n) for n in range(count)]


class Bench(ABC):
    """One reader, one kind of source. Files lie below ``home / "in"``; a reader of a server gets the server's port."""

    name: ClassVar[str]
    reader: ClassVar[str]
    table: ClassVar[str] = "aduan"
    new_column: ClassVar[str | None] = NEW  # None: the format has no columns that a source could add to
    is_streamed: ClassVar[bool] = True  # parsing begins to hand out before it has seen all bytes
    weighed: ClassVar[tuple[int, int]] = (2_000, 2_000)  # records, and characters of each, whose parsing is weighed
    memory_share: ClassVar[float] = 0.25  # of the characters that the source grew by may the peak of memory grow
    secrets: ClassVar[dict[str, str]] = {}

    @abstractmethod
    def write(self, home: Path, wish: Wish) -> None:
        """Write the source, in place of the one that was there."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What the channel file would say, streams and reader aside."""

    @abstractmethod
    def counted(self, home: Path) -> int:
        """How many records the source holds, by another road than the reader's."""

    def stream(self) -> dict[str, Any]:
        columns = {"text": "isi", "submitted_at": "tanggal", "old_numbers": "nomor"}
        return {"table": self.table, "key": ["nomor"], "columns": columns}

    def keys_of(self, frame: pd.DataFrame) -> list[str]:
        """The key of each raw record."""
        return frame["nomor"].tolist()

    @property
    def channel(self) -> Channel:
        """A channel file with this one source."""
        source = {"reader": self.reader, "streams": {"complaints": self.stream()}} | self.settings()
        return Channel.model_validate(
            {
                "id": "uji",
                "title": "Kanal uji",
                "government": "kota-uji",
                "owner": "diskominfo",
                "region": "32.76",
                "time_zone": "Asia/Jakarta",
                "live": True,
                "streams": {"complaints": {"title": "Aduan"}},
                "sources": {"satu": source},
            }
        )

    @property
    def source(self) -> SourceBase:
        return self.channel.sources["satu"]

    @property
    def read_by(self) -> Reader:
        return READERS[self.reader]

    @contextmanager
    def ready(self, home: Path) -> Iterator[Context]:
        """The way to the source while it stands there."""
        yield self.way(home)

    def way(self, home: Path, port: int | None = None) -> Context:
        """How a reader gets to the files below ``home``, or to what listens on ``port``."""
        address = None if port is None else f"http://127.0.0.1:{port}"
        secret = self.secrets.__getitem__ if self.secrets else no_secrets
        return Context(channel="uji", sources_dir=home / "in", secret=secret, address=address)


class FileBench(Bench):
    """A source that is one file."""

    file: ClassVar[str]

    def settings(self) -> dict[str, Any]:
        return {"path": self.file}

    def path(self, home: Path) -> Path:
        (home / "in").mkdir(parents=True, exist_ok=True)
        return home / "in" / self.file


class ServedBench(Bench):
    """A source behind a port of loopback."""

    @abstractmethod
    def served(self, home: Path) -> Any:
        """Context manager: the server runs; gives its port."""

    @contextmanager
    def ready(self, home: Path) -> Iterator[Context]:
        with self.served(home) as port:
            yield self.way(home, port)
