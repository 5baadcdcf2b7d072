"""Readers in processes of their own: one that is killed in the middle, and one whose memory is measured.

The processes are forked from a server that has imported the readers, so that each starts at once and small.
"""

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from file_sources import KEYS

from connectors import base, mysql_statements, sheet, sql_tables
from connectors.archive import Archive, ArchiveWriter, Cipher
from connectors.base import Context
from connectors.readers import READERS
from schemas.sources import SourceBase

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["connectors.readers"])


class Noticing:
    """A cipher that tells of every piece that it seals."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.sealed, self._tell = 0, tell

    def seal(self, plain: bytes, context: bytes) -> bytes:
        self.sealed += 1
        self._tell(self.sealed)
        return KEYS.seal(plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        return KEYS.open(sealed, context)


def smaller_pieces(rows: int) -> None:
    """Let readers hand out pieces of at most ``rows`` rows, so that small sources have several."""
    base.BATCH = sql_tables.BATCH = sheet.CHUNK_ROWS = mysql_statements.CHUNK_ROWS = rows


def extract(source: SourceBase, context: Context, folder: Path, cipher: Cipher = KEYS) -> Archive:
    writer = ArchiveWriter(folder, cipher)
    READERS[source.reader].extract(source, writer, context)
    return writer.finish()


def killed_in_the_middle(source: SourceBase, context: Context, folder: Path, at: int) -> None:
    """Extract into ``folder`` in another process, and SIGKILL it when it is about to seal piece number ``at``."""
    near, far = _FORKS.Pipe()
    secrets = _secrets_of(source, context)
    arguments = (source, context.sources_dir, context.address, secrets, folder, at, far)
    process = _FORKS.Process(target=_extract_and_hang, args=arguments)
    process.start()
    far.close()
    assert near.poll(60), "it never came that far"
    assert near.recv() == at
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


def peaks(source: SourceBase, archives: list[Path], rows: int) -> list[tuple[int, int]]:
    """Parse one archive after another in a process of its own, in pieces of ``rows`` that are thrown away.

    Gives of each how many rows it had, and the greatest memory of the process up to its end, in bytes.
    """
    near, far = _FORKS.Pipe()
    process = _FORKS.Process(target=_parse_and_weigh, args=(source, archives, rows, far))
    process.start()
    far.close()
    found = near.recv()
    process.join(30)
    assert process.exitcode == 0
    return found


def _secrets_of(source: SourceBase, context: Context) -> dict[str, str]:
    return {name: context.secret(name) for name in source.secrets()}


def _extract_and_hang(
    source: SourceBase, home: Path, address: str | None, known: dict[str, str], folder: Path, at: int, told: Connection
) -> None:
    def hang(sealed: int) -> None:
        if sealed == at:
            told.send(sealed)
            time.sleep(600)

    extract(source, Context("uji", home, known.__getitem__, address), folder, Noticing(hang))


def _parse_and_weigh(source: SourceBase, archives: list[Path], rows: int, told: Connection) -> None:
    smaller_pieces(rows)
    found: list[Any] = []
    for folder in archives:
        archive = Archive.open(folder, KEYS)
        count = sum(len(piece.frame) for piece in READERS[source.reader].parse(source, archive))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found.append((count, peak if sys.platform == "darwin" else peak * 1024))
    told.send(found)
