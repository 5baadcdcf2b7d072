"""A SQLite file, opened so that it cannot be written."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from connectors.base import ChannelError, ReaderError, RetryError
from connectors.sql_bytes import blob_text, bytes_text
from connectors.sql_server import CONNECT_SECONDS, PLAIN, Column, Kind, Server, Table, word


class Sqlite(Server):
    """A SQLite file, opened so that it cannot be written."""

    kind = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path, self.place, self.login = path, f"sqlite {path.name}", ""

    def engine(self) -> sa.Engine:
        """See ``Server``."""

        def connect() -> sqlite3.Connection:
            address = f"file:{quote(str(self.path.resolve()))}?mode=ro"
            opened = sqlite3.connect(address, uri=True, isolation_level=None, timeout=CONNECT_SECONDS)
            opened.text_factory = bytes_text
            return opened

        return sa.create_engine("sqlite+pysqlite://", creator=connect, poolclass=sa.NullPool, hide_parameters=True)

    def begin(self, connection: sa.Connection) -> sa.Connection:
        """See ``Server``."""
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")
        return connection

    def tables(self, connection: sa.Connection) -> tuple[Table, ...]:
        """See ``Server``."""
        found = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            "ORDER BY 1"
        )
        return tuple(Table(None, word(name)) for (name,) in found)

    def columns(self, connection: sa.Connection, table: Table) -> tuple[Column, ...]:
        """See ``Server``."""
        query = "SELECT name, type FROM pragma_table_xinfo(:name) WHERE hidden <> 1 ORDER BY cid"
        found = connection.execute(sa.text(query), {"name": table.name})
        return tuple(Column(word(name), _sqlite_kind(word(declared).upper())) for name, declared in found)

    def shown(self, column: Column) -> sa.ColumnElement[Any]:
        """See ``Server``."""
        plain: sa.ColumnElement[Any] = sa.column(column.name)
        whole = sa.func.typeof(plain) == sa.literal_column("'blob'")
        return sa.case((whole, plain), else_=sa.cast(plain, sa.Text))

    def text(self, value: Any, column: Column) -> str | None:  # noqa: ARG002
        """See ``Server``. Whether it is bytes is not told by the column."""
        return blob_text(value) if isinstance(value, bytes) else value

    def key(self, column: Column) -> sa.ColumnElement[Any]:
        """See ``Server``."""
        return self.shown(column)

    def operand(self, value: str) -> sa.ColumnElement[Any]:
        """A number as a number: a column without declared type does not turn texts into such."""
        try:
            return sa.literal(int(value) if value.lstrip("+-").isdigit() else float(value), PLAIN)
        except ValueError:
            return sa.literal(value, PLAIN)

    def fault(self, error: Exception) -> ReaderError:
        """See ``Server``."""
        original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return RetryError(f"{self.place}: is locked by another program; try again when that is done")
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return ChannelError(f"{self.place}: is no SQLite database, or a damaged one; copy it anew")
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
            return ChannelError(f"{self.place}: cannot be opened; check its owner and mode, and those of its folder")
        return ChannelError(f"{self.place}: SQLite answers with error {code}; is the file whole?")


def _sqlite_kind(declared: str) -> Kind:
    if any(word in declared for word in ("DATE", "TIME")):
        return "date"
    if any(word in declared for word in ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC")):
        return "number"
    return "text" if any(word in declared for word in ("CHAR", "TEXT", "CLOB")) else "other"
