"""MySQL and MariaDB, through PyMySQL: it hands on the bytes that the server sends, zero dates among them."""

import ssl
from typing import Any

import sqlalchemy as sa
from pymysql.converters import encoders

from connectors.base import ReaderError
from connectors.sql_bytes import bytes_text
from connectors.sql_server import CONNECT_SECONDS, Column, Kind, Networked, Table

SILENT_SECONDS = 600  # a server that says nothing for so long is away

_KINDS: dict[str, Kind] = {"timestamp": "zoned", "bit": "bit"}
_KINDS |= dict.fromkeys(("date", "datetime"), "date")
_KINDS |= dict.fromkeys(
    ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"), "number"
)
_KINDS |= dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), "text")
_KINDS |= dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), "bytes")
_KINDS |= dict.fromkeys(("geometry", "point", "linestring", "polygon", "geometrycollection"), "bytes")
_KINDS |= dict.fromkeys(("multipoint", "multilinestring", "multipolygon"), "bytes")
_AWAY = frozenset({1040, 1053, 1080, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, *range(2000, 2100)})
_LOGIN = frozenset({1044, 1045, 1049, 1698, 1130, 1131, 1251, 1275, 1862, 1820})
_HIDDEN = frozenset({1142, 1143, 1356})


class MySql(Networked):
    """MySQL from 5.6 and MariaDB. Times with a zone (TIMESTAMP) come in UTC, as mysqldump writes them."""

    kind = "mysql"

    def engine(self) -> sa.Engine:
        """All values come as the bytes that the server sends as text: zero dates, scales and leading zeros survive."""
        arguments: dict[str, Any] = {
            "charset": "utf8mb4",
            "use_unicode": False,
            "conv": dict(encoders),
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": SILENT_SECONDS,
            "init_command": "SET SESSION sql_mode = '', time_zone = '+00:00'",
        }
        if self.tls:
            arguments["ssl"] = ssl.create_default_context()
        url = self.url.set(drivername="mysql+pymysql")
        engine = sa.create_engine(url, connect_args=arguments, poolclass=sa.NullPool, hide_parameters=True)
        sa.event.listen(engine, "handle_error", _let_go)
        return engine

    def begin(self, connection: sa.Connection) -> sa.Connection:
        """See ``Server``."""
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        return connection

    def tables(self, connection: sa.Connection) -> tuple[Table, ...]:
        """See ``Server``."""
        found = connection.exec_driver_sql(
            "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_SCHEMA = DATABASE(), ENGINE, TABLE_TYPE "
            "FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN "
            "('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY 3 DESC, 1, 2"
        )
        return tuple(
            Table(
                None if row[2] == b"1" else bytes_text(row[0]),
                bytes_text(row[1]),
                b"VIEW" in row[4] or (row[3] or b"InnoDB").lower() in (b"innodb", b"rocksdb", b"tokudb"),
            )
            for row in found
        )

    def columns(self, connection: sa.Connection, table: Table) -> tuple[Column, ...]:
        """See ``Server``."""
        query = (
            "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = COALESCE(:schema, DATABASE()) AND TABLE_NAME = :name ORDER BY ORDINAL_POSITION"
        )
        found = connection.execute(sa.text(query), {"schema": table.schema, "name": table.name})
        return tuple(Column(bytes_text(n), _KINDS.get(bytes_text(kind).lower(), "other")) for n, kind in found)

    def shown(self, column: Column) -> sa.ColumnElement[Any]:
        """See ``Server``."""
        return sa.column(column.name)

    def as_text(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """See ``Server``."""
        return sa.cast(column, sa.CHAR)

    def fault(self, error: Exception) -> ReaderError:
        """See ``Server``."""
        original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = original.args[0] if original is not None and original.args else None
        if self.tls and "SSL" in str(original):
            return self.untrusted()
        if code in _LOGIN:
            return self.refused()
        if code in _HIDDEN:
            return self.hidden()
        return self.away() if code in _AWAY else self.unexpected(code)


def _let_go(context: sa.engine.ExceptionContext) -> None:
    """Of a connection that broke off PyMySQL would still read the rest of the answer when the result is thrown away."""
    driver: Any = context.connection.connection.dbapi_connection if context.connection else None
    result = getattr(driver, "_result", None)
    if result is not None and context.is_disconnect:
        result.unbuffered_active = False
