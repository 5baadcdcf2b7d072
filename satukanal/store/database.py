"""Opening the store: engine, migrations, key check, and the two kinds of transaction. Nothing else opens a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


class StoreError(Exception):
    """The store cannot be used as it is. One line for a person: what, where, mend."""


@dataclass(frozen=True)
class Store:
    """An open store. ``reading`` and ``writing`` are the only ways to its rows."""

    engine: sa.Engine
    keys: Keyring

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one consistent state and changes nothing."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection
            transaction.rollback()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction; only one writes at a time, others wait up to ``WAIT_SECONDS``."""
        with self.engine.connect().execution_options(satukanal_write=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            yield connection

    def close(self) -> None:
        """Give back the connections."""
        self.engine.dispose()


def exists(url: str) -> bool:
    """Whether there is a migrated store at ``url``."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return False
    engine = _engine(url)
    try:
        with _checked(engine) as connection:
            return MigrationContext.configure(connection).get_current_revision() is not None
    finally:
        engine.dispose()


def open_store(url: str, keys: Keyring) -> Store:
    """Open the store at ``url``; a new one is created, an old one must be at the newest revision.

    Raises ``StoreError`` for a database that cannot be reached or is of another revision, ``WrongKey`` if the store was
    made with another key.
    """
    engine = _engine(url)
    with _checked(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    if current is None:
        upgrade(engine)
    elif current != head:
        raise StoreError(f"{_shown(engine)}: is of revision {current}, this program needs {head}")
    store = Store(engine, keys)
    with store.writing() as connection:
        known = connection.scalar(sa.select(meta.c.value).where(meta.c.name == "key_check"))
        if known is None:
            connection.execute(meta.insert().values(name="key_check", value=keys.check_value()))
        elif known != keys.check_value():
            raise WrongKey(f"{_shown(engine)}: was made with another key; set SATUKANAL_KEY_FILE to the right one")
    return store


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables to the newest revision, in one transaction."""
    with engine.connect().execution_options(satukanal_write=True) as connection, connection.begin():
        command.upgrade(_alembic(connection), "head")


def _alembic(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
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
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


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
