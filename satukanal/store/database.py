"""Opening the store: engine, migrations, key check, and the two kinds of transaction. Nothing else opens a database."""

import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import schemas
from satukanal.store.keys import Keyring, WrongKey
from schemas.store import meta

MIGRATIONS = Path(schemas.__file__).parent / "migrations"
LOCK = 0x5361_7475  # 'Satu': one writer at a time, by PostgreSQL's advisory lock
WAIT_SECONDS = 60
# Bulk loading talks to the drivers themselves.
_SURROUNDINGS = (sa.exc.OperationalError, psycopg.OperationalError, sqlite3.OperationalError)


class StoreError(Exception):
    """The store cannot be used as it is. One line for a person: what, where, mend."""


class StoreFailed(StoreError):
    """The database failed under a run: the disk is full, the server is gone. What was committed before stands."""


@dataclass(frozen=True)
class Store:
    """An open store. ``reading`` and ``writing`` are the only ways to its rows."""

    engine: sa.Engine
    keys: Keyring

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one consistent state and changes nothing. Raises ``StoreFailed``."""
        with failing(self.engine), self.engine.connect() as connection, connection.begin() as transaction:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection
            transaction.rollback()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction; only one writes at a time, others wait up to ``WAIT_SECONDS``. Raises ``StoreFailed``."""
        with failing(self.engine), _write_transaction(self.engine) as connection:
            yield connection

    def identity(self) -> str:
        """Which store this is, whatever backups it went through: 16 random hex digits, given when it was made."""
        with self.reading() as connection:
            return str(connection.scalar(sa.select(meta.c.value).where(meta.c.name == "store")))

    def close(self) -> None:
        """Give back the connections."""
        self.engine.dispose()


@contextmanager
def failing(engine: sa.Engine) -> Iterator[None]:
    """Turn what the database's surroundings do to us into one line for a person (``StoreFailed``)."""
    try:
        yield
    except _SURROUNDINGS as error:
        cause = getattr(error, "orig", error)
        if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise  # a statement is wrong: that is ours
        told = str(cause).strip().splitlines()[0]
        raise StoreFailed(f"{_shown(engine)}: {told}; mend that and run again, what was published stands") from error


@contextmanager
def _write_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect().execution_options(satukanal_write=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        yield connection


def exists(url: str) -> bool:
    """Whether there is a migrated store at ``url``."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return False
    return revision(url) is not None


def open_store(url: str, keys: Keyring) -> Store:
    """Open the store at ``url``; a new one is created, an old one must be at the newest revision.

    Raises ``StoreError`` for a database that cannot be reached or is of another revision, ``WrongKey`` if the store was
    made with another key.
    """
    engine = _engine(url)
    with _checked(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        upgrade(engine)
    elif current != (head := newest_revision()):
        _check_known(engine, current)
        raise StoreError(
            f"{_shown(engine)}: is of revision {current}, this program needs {head}; "
            "make a backup, then call 'satukanal db upgrade'"
        )
    store = Store(engine, keys)
    known = _told(store, "key_check", keys.check_value())
    if known != keys.check_value():
        raise WrongKey(f"{_shown(engine)}: was made with another key; set SATUKANAL_KEY_FILE to the right one")
    _told(store, "store", secrets.token_hex(8))
    return store


def _told(store: Store, name: str, otherwise: str) -> str:
    """What ``meta`` tells of ``name``; what it does not yet tell is noted as ``otherwise``."""
    query = sa.select(meta.c.value).where(meta.c.name == name)
    with store.reading() as connection:  # who only reads should not wait for who writes
        known = connection.scalar(query)
    if known is None:
        with store.writing() as connection:
            known = connection.scalar(query)
            if known is None:
                known = otherwise
                connection.execute(meta.insert().values(name=name, value=known))
    return known


def newest_revision() -> str:
    """The revision of the tables that this program needs."""
    return str(ScriptDirectory.from_config(_alembic()).get_current_head())


def revision(url: str) -> str | None:
    """The revision of the store at ``url``; None for a database without tables of ours. Raises ``StoreError``."""
    engine = _engine(url)
    try:
        with _checked(engine) as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def upgrade_store(url: str) -> tuple[str | None, str]:
    """Bring the store at ``url`` to the newest revision, whole or not at all; returns the revisions before and after.

    Raises ``StoreError`` for a store that a newer program made.
    """
    engine = _engine(url)
    try:
        with _checked(engine) as connection:
            before = MigrationContext.configure(connection).get_current_revision()
        if before is not None:
            _check_known(engine, before)
        upgrade(engine)
    finally:
        engine.dispose()
    return before, newest_revision()


@contextmanager
def new_store(url: str) -> Iterator[sa.Connection]:
    """One transaction in which an empty database has just got its tables: all of it stays, or nothing."""
    engine = _engine(url)
    try:
        with _checked(engine):
            pass
        with failing(engine), _write_transaction(engine) as connection:
            command.upgrade(_alembic(connection), "head")
            yield connection
    finally:
        engine.dispose()


def _check_known(engine: sa.Engine, current: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    if current not in known:
        raise StoreError(
            f"{_shown(engine)}: is of revision {current}, which this program does not know (it needs "
            f"{newest_revision()}); a newer satukanal made it: install that one"
        )


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables to the newest revision, in one transaction. Of two at the same time the second finds it done."""
    with _write_transaction(engine) as connection:
        command.upgrade(_alembic(connection), "head")


def _alembic(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("SATUKANAL_STORE is no address of a database, as in sqlite:////srv/satukanal.db") from error
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("SATUKANAL_STORE: a store in memory would be lost; name a file, as in sqlite:////srv/a.db")
    return parsed


def _engine(url: str) -> sa.Engine:
    parsed = _parse(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, connect_args={"timeout": WAIT_SECONDS})
        sa.event.listen(engine, "connect", _sqlite_connect)
        sa.event.listen(engine, "begin", _sqlite_begin)
        return engine
    if backend == "postgresql":
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise StoreError(f"{backend}: the store is SQLite or PostgreSQL, as in sqlite:///satukanal.db; see SATUKANAL_STORE")


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late to be a snapshot
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _turn_to_wal(connection)


def _turn_to_wal(connection: Any) -> None:
    """Where several open a new file at once SQLite refuses all but one, and does not wait by itself."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _sqlite_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("satukanal_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _checked(engine: sa.Engine) -> Iterator[sa.Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    except (sa.exc.OperationalError, sa.exc.DatabaseError) as error:
        cause = str(error.orig).strip().splitlines()[0]
        raise StoreError(f"{_shown(engine)}: cannot be opened ({cause})") from error


def _shown(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
