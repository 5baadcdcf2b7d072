"""PostgreSQL, through psycopg: every value is made text by the server itself."""

import re
import time
from collections.abc import Generator
from typing import Any

import psycopg
import sqlalchemy as sa

from connectors.base import ReaderError
from connectors.sql_server import CONNECT_SECONDS, Column, Kind, Networked, Table, word

SILENT_SECONDS = 600.0  # a server that says nothing for so long is away

_KINDS: dict[str, Kind] = {"timestamp with time zone": "zoned", "bytea": "bytes"}
_KINDS |= dict.fromkeys(("date", "timestamp without time zone"), "date")
_KINDS |= dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision"), "number")
_KINDS |= dict.fromkeys(("bit", "bit varying"), "bit")
_KINDS |= dict.fromkeys(("character", "character varying", "text"), "text")
_BUSY = ("08", "40", "53", "55", "57", "58")  # classes of SQLSTATE that a later try may not meet
_REFUSES = re.compile(r"authentication|password|role|database|pg_hba|permission|ident", re.IGNORECASE)
_AWAY = re.compile(r"starting up|shutting down|too many|recovery|could not receive|closed the", re.IGNORECASE)


class _Patient(psycopg.Connection[Any]):
    """A connection that gives up a server which says nothing for ``SILENT_SECONDS``; libpq would wait for ever."""

    def wait(self, gen: Generator[Any, Any, Any], interval: float = 1.0) -> Any:  # type: ignore[override]
        """Wait as psycopg does, but not for ever. Raises ``OperationalError``."""
        return super().wait(_within(gen), min(interval, SILENT_SECONDS))


def _within(gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """What ``gen`` yields and returns, as long as the server says something now and then."""
    heard = time.monotonic()
    try:
        asked = next(gen)
        while True:
            ready = yield asked
            if ready:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENT_SECONDS:
                gen.close()
                raise psycopg.OperationalError("the server says nothing any more")
            asked = gen.send(ready)
    except StopIteration as end:
        return end.value


class Postgres(Networked):
    """PostgreSQL. Times with a zone (timestamptz) come in UTC, without the offset."""

    kind = "postgresql"

    def engine(self) -> sa.Engine:
        """See ``Server``."""
        arguments: dict[str, Any] = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "satukanal",
            "client_encoding": "utf8",
        }
        if self.tls:
            arguments |= {"sslmode": "verify-full", "sslrootcert": "system"}
        url = self.url.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(
            url, connect_args=arguments, poolclass=sa.NullPool, hide_parameters=True, use_native_hstore=False
        )
        sa.event.listen(engine, "do_connect", lambda _dialect, _record, args, named: _Patient.connect(*args, **named))
        return engine

    def begin(self, connection: sa.Connection) -> sa.Connection:
        """See ``Server``."""
        snapshot = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        if snapshot.exec_driver_sql("SHOW server_encoding").scalar() == "SQL_ASCII":
            snapshot.exec_driver_sql("SET LOCAL client_encoding = 'SQL_ASCII'")  # values come as bytes then
        for setting in ("TimeZone = 'UTC'", "DateStyle = 'ISO, YMD'", "statement_timeout = 0"):
            snapshot.exec_driver_sql(f"SET LOCAL {setting}")
        return snapshot

    def tables(self, connection: sa.Connection) -> tuple[Table, ...]:
        """See ``Server``."""
        found = connection.exec_driver_sql(
            "SELECT n.nspname::text, c.relname::text, n.nspname = ANY (current_schemas(false)) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','f') "
            "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' "
            "ORDER BY array_position(current_schemas(false), n.nspname), 1, 2"
        )
        return tuple(Table(word(schema), word(name)) for schema, name, _ in found)

    def columns(self, connection: sa.Connection, table: Table) -> tuple[Column, ...]:
        """See ``Server``."""
        query = (
            "SELECT a.attname::text, format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL) FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_type t ON t.oid = a.atttypid WHERE n.nspname = :schema AND c.relname = :name "
            "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        )
        found = connection.execute(sa.text(query), {"schema": table.schema, "name": table.name})
        return tuple(Column(word(name), _KINDS.get(word(kind), "other")) for name, kind in found)

    def shown(self, column: Column) -> sa.ColumnElement[Any]:
        """See ``Server``."""
        plain: sa.ColumnElement[Any] = sa.column(column.name)
        if column.kind == "zoned":
            plain = plain.op("AT TIME ZONE")(sa.literal_column("'UTC'"))
        return plain if column.kind == "bytes" else sa.cast(plain, sa.Text)

    def fault(self, error: Exception) -> ReaderError:
        """See ``Server``."""
        original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        state, said = getattr(original, "sqlstate", None), str(original)
        if state is None and "ssl" in said.lower() and self.tls:
            return self.untrusted()
        if state is None:  # no session yet: libpq has but words
            refused = _REFUSES.search(said.partition("FATAL:")[2]) and not _AWAY.search(said)
            return self.refused() if refused else self.away()
        if state.startswith(("28", "3D")):
            return self.refused()
        if state == "42501":
            return self.hidden()
        return self.away() if state.startswith(_BUSY) else self.unexpected(state)
