"""Looks into a source that nobody has described yet: what it is, which tables it holds, their raw records.

A source is a file, a folder of files, or the address of a database. Which reader it needs is told by content, never by
name; records come through that reader, so that a look shows what a load would read. What the columns mean is left to
``transforms.scaffold``.
"""

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from connectors import mysqldump
from connectors.base import ChannelError, RawTable
from connectors.chat import ChatReader
from connectors.files import nearest
from connectors.mysql_scanner import sql_bytes
from connectors.packed import unpacked
from connectors.peek_sheet import look_at_sheets
from connectors.peek_sql import look_at_server, look_at_sqlite
from connectors.peek_types import Found, FoundColumn, FoundTable
from connectors.plain import PlainFiles
from schemas.channel import CHAT_TABLE, ChatSource

__all__ = ["Found", "FoundColumn", "FoundTable", "look"]

Kind = Literal["mysqldump", "sheet", "sqlite", "chat"]
_HEAD = 1 << 16
_SQL = re.compile(
    rb"(?im)^\s*(?:--[^\n]*dump|/\*!\d{5}|(?:CREATE|DROP)\s+(?:TEMPORARY\s+)?TABLE\b|(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?"
    rb"INTO\b|SET\s+(?:NAMES|SQL_MODE|FOREIGN_KEY_CHECKS|time_zone)\b|LOCK\s+TABLES\b|CREATE\s+DATABASE\b|USE\s+`)"
)
_POSTGRES = re.compile(rb"(?m)^-- PostgreSQL database dump|^COPY \S+ \(.*\) FROM stdin;|^PGDMP")
_CHAT = re.compile(
    r"^\u200e?\[?\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}[.:]\d{2}(?:[.:]\d{2})?(?:[ \u202f]?[AP]M)?(?:\]| -) "
)
_UTC = re.compile(rb"(?i)time_zone\s*=\s*['\"]\+00:00['\"]")
_OFFICE = ("[content_types].xml", "mimetype", "xl/")
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"PK\x03\x04": "zip"}


def look(source: str, secret: Callable[[str], str | None], password: str | None = None) -> list[Found]:
    """What lies in ``source``: one ``Found`` for each file, or for files that a glob would read as one whole.

    ``secret`` gives the value of a secret by name, None if it is not set; ``password`` names the one of a database.
    Raises ``ChannelError`` for what cannot be read at all, ``RetryError`` for a server that is away.
    """
    if re.match(r"https?://", source, re.IGNORECASE):
        raise ChannelError(
            "web addresses cannot be looked into yet; write the channel file by hand, see docs/channels.md"
        )
    if "://" in source:
        return [look_at_server(source, secret, password)]
    path = Path(source).expanduser()
    if not path.exists():
        near = nearest(path.name, (p.name for p in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise ChannelError(f"{path}: no such file or folder{near}")
    return _look_at_folder(path) if path.is_dir() else [_look_at_files((path,))]


def _look_at_folder(folder: Path) -> list[Found]:
    files = sorted(f for f in folder.rglob("*") if f.is_file() and not _is_hidden(f.relative_to(folder)))
    if not files:
        raise ChannelError(f"{folder}: holds no file")
    found: list[Found] = []
    problems: list[str] = []
    for files_ in _wholes(files, problems):
        try:
            found.append(_look_at_files(files_))
        except ChannelError as error:
            problems.append(str(error))
    if not found:
        raise ChannelError(problems[0] + (f" (and {len(problems) - 1} files more)" if len(problems) > 1 else ""))
    found[0].problems.extend(problems)
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.parts)


def _wholes(files: list[Path], problems: list[str]) -> list[tuple[Path, ...]]:
    """Dumps of one folder and suffix are parts of one whole; every other file stands alone."""
    wholes: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        try:
            together = _sniff(file) == "mysqldump"
        except ChannelError as error:
            problems.append(str(error))
            continue
        wholes.setdefault((file.parent, file.suffix) if together else (file, ""), []).append(file)
    return [tuple(whole) for whole in wholes.values()]


def _look_at_files(files: tuple[Path, ...]) -> Found:
    kind = _sniff(files[0])
    if kind == "sqlite":
        return look_at_sqlite(files[0])
    if kind == "sheet":
        return look_at_sheets(files[0])
    if kind == "chat":
        return _look_at_chat(files[0])
    return _look_at_dump(files)


def _sniff(file: Path) -> Kind:
    """Which reader a file needs. Raises ``ChannelError`` in one line for what none reads."""
    head = _head(file)
    if not head.strip(b"\0\t\r\n "):
        raise ChannelError(f"{file}: is empty; copy it anew")
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    if head.startswith(b"PK\x03\x04"):
        kind = _kind_of_zip(file)
        if kind is not None:
            return kind
    if head.startswith((b"\xd0\xcf\x11\xe0", b"\x09\x08", b"\x09\x04", b"\x09\x02")):
        return "sheet"
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"\x7fELF", b"MZ", b"GIF8")):
        raise ChannelError(f"{file}: is a picture, a document or a program; no reader takes it")
    inner = _unpacked_head(file)
    if _POSTGRES.search(inner):
        raise ChannelError(f"{file}: is a dump of PostgreSQL; restore it and give the address of the database")
    if _SQL.search(inner):
        return "mysqldump"
    text = inner.decode("utf-16" if inner.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")
    lines = text.lstrip("\ufeff").splitlines()[:50]
    if sum(bool(_CHAT.match(line)) for line in lines) >= max(1, len(lines) / 5):
        return "chat"
    if inner is not head and inner[:100] != head[:100]:
        raise ChannelError(f"{file}: holds no SQL dump inside; unpack it and give what is in it")
    if re.match(r"\s*[\[{]\s*[\[{\"]", text.lstrip("\ufeff")):
        raise ChannelError(f"{file}: is JSON, which no reader takes from a file; describe the API that it came from")
    if _is_binary(text, inner):
        raise ChannelError(f"{file}: is no dump, workbook, table of text or SQLite file; no reader takes it")
    return "sheet"


def _is_binary(text: str, head: bytes) -> bool:
    odd = sum(c == "\ufffd" or (ord(c) < 32 and c not in "\t\r\n\f") for c in text)
    zeros = head.count(0)
    return (zeros > len(head) / 20 and not 0.3 < zeros / len(head) < 0.6) or (not zeros and odd > len(text) / 10)


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError as error:
        raise ChannelError(f"{file}: cannot be read ({error.strerror}); check its owner and mode") from error


def _unpacked_head(file: Path) -> bytes:
    def chunks() -> Iterator[bytes]:
        with file.open("rb") as opened:
            while chunk := opened.read(1 << 16):
                yield chunk

    head = b""
    for _, inner in unpacked(file.name, chunks(), lambda _: None):
        for chunk in inner:
            head += chunk
            if len(head) >= _HEAD:
                break
        break
    return head


def _kind_of_zip(file: Path) -> Kind | None:
    """Workbooks and chats are told by the names in the zip; None is left to the reader of dumps."""
    try:
        with zipfile.ZipFile(file) as packed:
            names = [name.casefold() for name in packed.namelist()]
    except (zipfile.BadZipFile, OSError) as error:
        if any(mark in _head(file) for mark in (b"[Content_Types].xml", b"xl/", b"docProps/", b"mimetype")):
            return "sheet"  # a broken one, of which the reader says so
        raise ChannelError(f"{file}: is a zip that was cut off or damaged; copy it anew") from error
    if any(name.startswith(_OFFICE) for name in names):
        return "sheet"
    texts = [name for name in names if name.endswith(".txt")]
    return "chat" if texts and not any(name.endswith(".sql") for name in names) else None


def _look_at_chat(file: Path) -> Found:
    """A chat as a table of messages. Raises ``ChannelError`` where no message is found."""
    source = ChatSource.model_validate(
        {"reader": "chat", "path": file.name, "streams": {"all": {"table": CHAT_TABLE, "columns": {"text": "text"}}}}
    )

    def rows(_: Sequence[str]) -> Iterator[RawTable]:
        yield from ChatReader().parse(source, PlainFiles.of((file,)))

    first = next(rows([CHAT_TABLE]))
    columns = tuple(FoundColumn(str(name)) for name in first.frame.columns if name not in ("_object", "_position"))
    return Found(
        "chat", "WhatsApp chat", "utf-8", _place((file,)), file.stem, [FoundTable(CHAT_TABLE, None, columns)], rows
    )


@dataclass
class _Dump:
    """The files of a dump."""

    files: tuple[Path, ...]

    def rows(self, tables: Sequence[str]) -> Iterator[RawTable]:
        """All of them in one reading of the files."""
        opened = PlainFiles.of(self.files)
        files = [(entry.name, partial(opened.stream, entry.name)) for entry in opened.entries]
        yield from mysqldump.read_dump(files, tuple(tables), None)


def _look_at_dump(files: tuple[Path, ...]) -> Found:
    tables = mysqldump.tables(files)
    if not tables:
        raise ChannelError(f"{files[0]}: is a dump in which no table is declared or filled; is it whole?")
    head = _unpacked_head(files[0])
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
    packing = next((name for mark, name in _PACKED.items() if _head(files[0]).startswith(mark)), "")
    several = f", {len(files)} files" if len(files) > 1 else ""
    return Found(
        reader="mysqldump",
        format="MySQL dump" + (f", {packing}" if packing else "") + several,
        encoding=_encoding(files[0]),
        place=_place(files),
        name=files[0].name.split(".")[0] if len(files) == 1 else files[0].parent.name,
        tables=found,
        rows=_Dump(files).rows,
    )


def _encoding(file: Path) -> str:
    """What the dump says of itself, by a byte order mark or SET NAMES; else UTF-8."""
    head = _unpacked_head(file)
    _, wide = sql_bytes(iter((head,)), None)
    said = re.search(rb"SET NAMES '?([A-Za-z0-9]+)", head)
    return wide or {"utf8mb4": "utf-8", "utf8": "utf-8", "utf8mb3": "utf-8"}.get(
        said[1].decode().lower() if said else "utf8", said[1].decode().lower() if said else "utf-8"
    )


def _place(files: tuple[Path, ...]) -> str:
    """The absolute path of a file, or the glob that names them all."""
    first = Path(os.path.abspath(files[0]))  # noqa: PTH100  a link stays the link that was named
    return str(first if len(files) == 1 else first.parent / f"*{first.suffix}")
