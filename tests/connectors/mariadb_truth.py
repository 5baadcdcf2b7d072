"""What a MariaDB holds, asked by a road of its own, and what the readers give: for tests that compare them.

The server spells out each value in hexadecimal digits: texts as it casts them to UTF-8, bytes as they are. Nothing of
the client's own conversions, and nothing of the readers, stands between.
"""

import base64
import unicodedata
from pathlib import Path

import pandas as pd
import pymysql

from connectors.base import RawTable
from connectors.mysqldump import rows
from tests.servers import MariaDb

_BYTES = ("blob", "binary", "geometry", "point", "linestring", "polygon")

Rows = list[tuple[str | None, ...]]


def connected(server: MariaDb, database: str = "") -> pymysql.Connection:
    """A session of root."""
    return pymysql.connect(
        host="127.0.0.1", port=server.port, user="root", database=database, charset="utf8mb4", autocommit=True
    )


def held(server: MariaDb, database: str, table: str, zone: str = "+00:00") -> tuple[list[str], Rows]:
    """Names of the columns, and all rows as text, sorted; TIMESTAMPs as a session of ``zone`` sees them."""
    with connected(server, database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = %s", (zone,))
        cursor.execute(
            "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
            " ORDER BY ORDINAL_POSITION",
            (database, table),
        )
        columns = list(cursor.fetchall())
        cursor.execute(f"SELECT {', '.join(_spelt(*column) for column in columns)} FROM `{table}`")
        found = [
            tuple(_shown(cell, kind) for cell, (_, kind) in zip(row, columns, strict=True)) for row in cursor.fetchall()
        ]
    return [name for name, _ in columns], sorted(found, key=str)


def _spelt(name: str, kind: str) -> str:
    quoted = "`" + name.replace("`", "``") + "`"
    if kind == "bit":
        quoted = f"{quoted} + 0"
    return f"HEX({quoted})" if kind.endswith(_BYTES) else f"HEX(CONVERT(CAST({quoted} AS CHAR) USING utf8mb4))"


def _shown(cell: str | None, kind: str) -> str | None:
    if cell is None:
        return None
    raw = bytes.fromhex(cell)
    if not kind.endswith(_BYTES):
        return raw.decode()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "\0"
    odd = any(unicodedata.category(sign) == "Cc" and sign not in "\t\n\r" for sign in text)
    return "base64:" + base64.b64encode(raw).decode() if odd else text


def given(*paths: Path, table: str, encoding: str | None = None) -> tuple[list[str], Rows, list[RawTable]]:
    """The same of what the reader ``mysqldump`` gives; and its raw tables."""
    parts = list(rows(paths, table, encoding))
    names, found = texts(pd.concat([part.frame for part in parts], ignore_index=True))
    return names, found, parts


def texts(frame: pd.DataFrame) -> tuple[list[str], Rows]:
    """The same of any frame of raw records."""
    own = frame.drop(columns=["_object", "_position"])
    cells = own.astype(object).where(own.notna(), None)
    return list(own), sorted((tuple(row) for row in cells.to_numpy().tolist()), key=str)
