"""What a database server is to the reader ``sql``: a session that cannot write, lists of tables, values as text.

Each server shows its values as its own dump would: the raw record of a row is the same by either road. The servers are
modules of their own (``sql_mysql``, ``sql_postgres``, ``sql_sqlite``); how much of a table is read, and how it is
archived, is left to ``connectors.sql_tables``.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from connectors.base import ChannelError, ReaderError, RetryError
from connectors.sql_bytes import blob_text, bytes_text

Kind = Literal["number", "date", "zoned", "bit", "bytes", "text", "other"]
CONNECT_SECONDS = 15
PORTS = {"mysql": 3306, "postgresql": 5432}
PLAIN = sa.types.NullType()  # the server finds the type


@dataclass(frozen=True)
class Column:
    """A column as the server spells it. ``zoned`` is a point in time, which is handed out in UTC."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Table:
    """A table or view of the server. Without ``snapshot`` its engine may change rows while they are read."""

    schema: str | None
    name: str
    snapshot: bool = True

    @property
    def clause(self) -> sa.TableClause:
        """For SELECTs."""
        return sa.table(self.name, schema=self.schema)


class Server(ABC):
    """One database and the way to it. ``place`` names it for people, without user and password."""

    kind: str
    place: str
    login: str  # what to look at when the server refuses

    @abstractmethod
    def engine(self) -> sa.Engine:
        """A way to make connections; none is made yet."""

    @abstractmethod
    def begin(self, connection: sa.Connection) -> sa.Connection:
        """Begin the one snapshot, in a session that cannot write."""

    @abstractmethod
    def tables(self, connection: sa.Connection) -> tuple[Table, ...]:
        """Tables and views that can be named, those that need no schema before them first."""

    @abstractmethod
    def columns(self, connection: sa.Connection, table: Table) -> tuple[Column, ...]:
        """The columns of a table in order."""

    @abstractmethod
    def shown(self, column: Column) -> sa.ColumnElement[Any]:
        """The column in a SELECT, as ``text`` takes it."""

    @abstractmethod
    def fault(self, error: Exception) -> ReaderError:
        """What an error of the driver means; its own words may hold values and are not told."""

    def text(self, value: Any, column: Column) -> str | None:
        """A value of a SELECT of ``shown`` as the text that is handed out."""
        if value is None or (isinstance(value, str) and column.kind != "bit"):
            return value
        if column.kind == "bit":
            return str(int(value, 2) if isinstance(value, str) else int.from_bytes(value))
        return blob_text(bytes(value)) if column.kind == "bytes" else bytes_text(bytes(value))

    def operand(self, value: str) -> sa.ColumnElement[Any]:
        """A bound to compare a column with: the server reads it as the column's type."""
        return sa.literal(value, PLAIN)

    def key(self, column: Column) -> sa.ColumnElement[Any]:
        """A column to compare with texts of its values, by its index where it has one."""
        return sa.column(column.name)

    def as_text(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """A column as text, inside the server."""
        return sa.cast(column, sa.Text)

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """One read-only snapshot. Raises ``RetryError`` and ``ChannelError`` for whatever goes wrong inside."""
        engine = self.engine()
        try:
            with engine.connect() as connection:
                yield self.begin(connection)
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            raise self.fault(error) from error
        finally:
            engine.dispose()


def word(value: Any) -> str:
    """A name that the server's catalogue holds."""
    return bytes_text(value) if isinstance(value, bytes) else str(value)


class Networked(Server):
    """A server that is reached by an address."""

    def __init__(self, url: sa.URL, login: str, *, tls: bool) -> None:
        self.url, self.login, self.tls = url.set(port=url.port or PORTS[self.kind]), login, tls
        self.place = f"{self.kind} {self.url.host}:{self.url.port}/{self.url.database}"

    def away(self) -> RetryError:
        """It does not answer, or has no time."""
        return RetryError(f"{self.place}: is away or busy; try again, or correct url in the channel file")

    def refused(self) -> ChannelError:
        """User, password or database are not known there."""
        return ChannelError(f"{self.place}: refuses the login; check {self.login}")

    def hidden(self) -> ChannelError:
        """The user lacks a right."""
        return ChannelError(f"{self.place}: user {self.url.username} may not read all that is mapped; GRANT SELECT")

    def untrusted(self) -> ChannelError:
        """There is no encryption, or not by whom the address names."""
        return ChannelError(f"{self.place}: offers no encrypted connection that can be trusted; see tls")

    def unexpected(self, code: object) -> ChannelError:
        """All other answers."""
        return ChannelError(f"{self.place}: the server answers with error {code}; its manual says what that is")
