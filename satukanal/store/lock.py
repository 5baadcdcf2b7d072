"""One run at a time: who writes to a store holds its run lock from beginning to end, and a second one is told by whom.

The lock dies with its owner. SQLite: a locked file beside the database, which the kernel frees. PostgreSQL: an advisory
lock of a session of its own, which the server frees. What its owner tells of himself counts only while it is held.
Should a server be restarted under a living run, the next run abandons its loads, and they are then refused.
"""

import fcntl
import getpass
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import orjson
import sqlalchemy as sa

from satukanal.store.database import Store, StoreError, failing
from schemas.store import meta

RUN_LOCK = 0x5361_7476  # PostgreSQL's advisory lock of a whole run; database.LOCK is that of one transaction
POLL_SECONDS = 0.2
_META = "run_lock"


class StoreBusy(StoreError):
    """Another run holds the store. One line: who, since when, what to do."""


@dataclass(frozen=True)
class Holder:
    """Who holds the run lock: actor, login, host and process, and since when (UTC)."""

    actor: str
    login: str
    host: str
    pid: int
    since: datetime

    def said(self) -> str:
        """In words, with the time as the clock on this machine's wall shows it."""
        whose = self.actor if self.actor == self.login else f"{self.actor} ({self.login})"
        since = self.since.astimezone()
        return f"{whose}, process {self.pid} on {self.host}, since {since:%Y-%m-%d %H:%M:%S %Z}"


class _Lock(Protocol):
    def try_take(self) -> bool:
        """Take the lock if it is free."""

    def tell(self, told: bytes) -> None:
        """Leave word for those who come second."""

    def read(self) -> bytes:
        """The word that was left last; empty if there is none."""

    def close(self) -> None:
        """Give the lock back."""


@contextmanager
def run_lock(store: Store, actor: str, wait_seconds: float) -> Iterator[None]:
    """Hold the store's run lock; wait for it at most ``wait_seconds``.

    Raises ``StoreBusy`` when the time is over.
    """
    with failing(store.engine):
        lock: _Lock = _SessionLock(store) if store.engine.dialect.name == "postgresql" else _FileLock(store)
    try:
        with failing(store.engine):
            deadline = time.monotonic() + wait_seconds
            while not lock.try_take():
                if time.monotonic() >= deadline:
                    raise StoreBusy(_busy(lock.read()))
                time.sleep(POLL_SECONDS)
            me = Holder(actor, getpass.getuser(), socket.gethostname(), os.getpid(), datetime.now(UTC))
            lock.tell(orjson.dumps(asdict(me)))
        yield
    finally:
        lock.close()


def _busy(told: bytes) -> str:
    holder = "another run"
    if told:
        values = orjson.loads(told)
        holder = Holder(**values | {"since": datetime.fromisoformat(values["since"])}).said()
    return f"the store is being written to by {holder}; wait for it to end, or use --wait SECONDS"


class _FileLock:
    """SQLite: ``<database>.lock``. The file stays, for removing it would let two hold locks on two files."""

    def __init__(self, store: Store) -> None:
        path = Path(f"{store.engine.url.database}.lock")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def try_take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def tell(self, told: bytes) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, told, 0)

    def read(self) -> bytes:
        return os.pread(self._file, 4096, 0)

    def close(self) -> None:
        os.close(self._file)


class _SessionLock:
    """PostgreSQL: an advisory lock of a session of its own; the word is a row of ``meta``."""

    def __init__(self, store: Store) -> None:
        self._connection = store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.detach()  # so that closing ends the session, and with it the lock

    def try_take(self) -> bool:
        return bool(self._connection.scalar(sa.select(sa.func.pg_try_advisory_lock(RUN_LOCK))))

    def tell(self, told: bytes) -> None:
        self._connection.execute(meta.delete().where(meta.c.name == _META))
        self._connection.execute(meta.insert().values(name=_META, value=told.decode()))

    def read(self) -> bytes:
        return (self._connection.scalar(sa.select(meta.c.value).where(meta.c.name == _META)) or "").encode()

    def close(self) -> None:
        self._connection.close()
