"""Looks into dumps of MySQL and MariaDB."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connectors import mysqldump
from connectors.base import ChannelError, RawTable
from connectors.mysql_scanner import sql_bytes
from connectors.peek_sniff import head_of, unpacked_head
from connectors.peek_types import Found, FoundColumn, FoundTable
from connectors.plain import PlainFiles

_UTC = re.compile(rb"(?i)time_zone\s*=\s*['\"]\+00:00['\"]")
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"PK\x03\x04": "zip"}


@dataclass
class _Dump:
    """The files of a dump."""

    files: tuple[Path, ...]

    def rows(self, tables: Sequence[str]) -> Iterator[RawTable]:
        """All of them in one reading of the files."""
        opened = PlainFiles.of(self.files)
        files = [(entry.name, partial(opened.stream, entry.name)) for entry in opened.entries]
        yield from mysqldump.read_dump(files, tuple(tables), None)


def look_at_dump(files: tuple[Path, ...], place: str) -> Found:
    """The tables of files that are one dump. Raises ``ChannelError`` where none is declared or filled."""
    tables = mysqldump.tables(files)
    if not tables:
        raise ChannelError(f"{files[0]}: is a dump in which no table is declared or filled; is it whole?")
    head = unpacked_head(files[0])
    utc = _UTC.search(head) is not None
    found = [
        FoundTable(
            name=table.name,
            rows=table.rows,
            columns=tuple(
                FoundColumn(c.name, c.declared, c.comment, zoned=utc and c.type == "timestamp") for c in table.columns
            ),
            primary_key=table.primary_key,
            unique_keys=tuple(key.columns for key in table.unique_keys),
            unreadable=table.unreadable,
            is_view=table.is_view,
            comment=table.comment,
            problems=table.problems,
        )
        for table in tables
    ]
    packing = next((name for mark, name in _PACKED.items() if head_of(files[0]).startswith(mark)), "")
    several = f", {len(files)} files" if len(files) > 1 else ""
    return Found(
        reader="mysqldump",
        format="MySQL dump" + (f", {packing}" if packing else "") + several,
        encoding=_encoding(files[0]),
        place=place,
        name=files[0].name.split(".")[0] if len(files) == 1 else files[0].parent.name,
        tables=found,
        rows=_Dump(files).rows,
    )


def _encoding(file: Path) -> str:
    """What the dump says of itself, by a byte order mark or SET NAMES; else UTF-8."""
    head = unpacked_head(file)
    _, wide = sql_bytes(iter((head,)), None)
    said = re.search(rb"SET NAMES '?([A-Za-z0-9]+)", head)
    return wide or {"utf8mb4": "utf-8", "utf8": "utf-8", "utf8mb3": "utf-8"}.get(
        said[1].decode().lower() if said else "utf8", said[1].decode().lower() if said else "utf-8"
    )
