"""What a MariaDB holds, as the reader ``mysqldump`` should give it: for the tests that load a file into both."""

import base64
from pathlib import Path

import pandas as pd
import pymysql

from connectors.base import RawTable
from connectors.mysqldump import rows
from tests.servers import MariaDb

_BYTES = ("blob", "binary", "geometry", "point")


def held(server: MariaDb, database: str, table: str) -> tuple[list[str], list[tuple[str | None, ...]]]:
    """Names of the columns, and all rows as text, sorted."""
    connection = pymysql.connect(
        host="127.0.0.1", port=server.port, user="root", database=database, charset="utf8mb4", autocommit=True
    )
    connection.decoders = {}  # numbers and dates as the server writes them
    with connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(
            "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
            " AND GENERATION_EXPRESSION IS NULL ORDER BY ORDINAL_POSITION",
            (database, table),
        )
        columns = [(_plain(name), _plain(kind)) for name, kind in cursor.fetchall()]
        names = ", ".join("`" + name.replace("`", "``") + "`" for name, _ in columns)
        cursor.execute(f"SELECT {names} FROM `{table}`")
        found = [
            tuple(_shown(cell, kind) for cell, (_, kind) in zip(row, columns, strict=True)) for row in cursor.fetchall()
        ]
    return [name for name, _ in columns], sorted(found, key=str)


def _plain(cell: str | bytes) -> str:
    return cell.decode() if isinstance(cell, bytes) else cell


def _shown(cell: str | bytes | None, kind: str) -> str | None:
    if cell is None:
        return None
    if kind == "bit":
        return str(int.from_bytes(cell if isinstance(cell, bytes) else cell.encode(), "big"))
    if not isinstance(cell, bytes):
        return cell
    if not kind.endswith(_BYTES):
        return cell.decode()
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        text = "\0"
    odd = any((sign < " " and sign not in "\t\n\r") or "\x7f" <= sign <= "\x9f" for sign in text)
    return "base64:" + base64.b64encode(cell).decode() if odd else text


def given(*paths: Path, table: str) -> tuple[list[str], list[tuple[str | None, ...]], list[RawTable]]:
    """The same of what the reader gives; and its raw tables."""
    parts = list(rows(paths, table))
    whole = pd.concat([part.frame for part in parts], ignore_index=True).drop(columns=["_object", "_position"])
    cells = whole.astype(object).where(whole.notna(), None)
    return list(whole), sorted((tuple(row) for row in cells.to_numpy().tolist()), key=str), parts
