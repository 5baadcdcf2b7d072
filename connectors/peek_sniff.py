"""Tells by content which reader a file needs, never by its name."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from connectors.base import ChannelError
from connectors.json_text import ASSIGNED
from connectors.packed import unpacked
from connectors.peek_json import ENDINGS

Kind = Literal["mysqldump", "sheet", "sqlite", "chat", "json"]
_HEAD = 1 << 16
_SQL = re.compile(
    rb"(?im)^\s*(?:--[^\n]*dump|/\*!\d{5}|(?:CREATE|DROP)\s+(?:TEMPORARY\s+)?TABLE\b|(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?"
    rb"INTO\b|SET\s+(?:NAMES|SQL_MODE|FOREIGN_KEY_CHECKS|time_zone)\b|LOCK\s+TABLES\b|CREATE\s+DATABASE\b|USE\s+`)"
)
_POSTGRES = re.compile(rb"(?m)^-- PostgreSQL database dump|^COPY \S+ \(.*\) FROM stdin;|^PGDMP")
_CHAT = re.compile(
    r"^\u200e?\[?\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}[.:]\d{2}(?:[.:]\d{2})?(?:[ \u202f]?[AP]M)?(?:\]| -) "
)
_JSON = re.compile(rf"(?:{ASSIGNED.pattern})?\s*(?:\[\s*(?:[\[{{\"\]]|-?\d)|\{{\s*[\"}}])")
_OFFICE = ("[content_types].xml", "mimetype", "xl/")


def sniff(file: Path) -> Kind:
    """Which reader a file needs. Raises ``ChannelError`` in one line for what none reads."""
    head = head_of(file)
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
    inner = unpacked_head(file)
    if _POSTGRES.search(inner):
        raise ChannelError(f"{file}: is a dump of PostgreSQL; restore it and give the address of the database")
    if _SQL.search(inner):
        return "mysqldump"
    text = inner.decode("utf-16" if inner.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")
    lines = text.lstrip("\ufeff").splitlines()[:50]
    if sum(bool(_CHAT.match(line)) for line in lines) >= max(1, len(lines) / 5):
        return "chat"
    if inner is head or inner[:100] == head[:100]:
        if _JSON.match(text.lstrip("\ufeff")):
            return "json"
    else:
        raise ChannelError(f"{file}: holds no SQL dump inside; unpack it and give what is in it")
    if _is_binary(text, inner):
        raise ChannelError(f"{file}: is no dump, workbook, table of text or SQLite file; no reader takes it")
    return "sheet"


def _is_binary(text: str, head: bytes) -> bool:
    odd = sum(c == "\ufffd" or (ord(c) < 32 and c not in "\t\r\n\f") for c in text)
    zeros = head.count(0)
    return (zeros > len(head) / 20 and not 0.3 < zeros / len(head) < 0.6) or (not zeros and odd > len(text) / 10)


def head_of(file: Path) -> bytes:
    """The first bytes of a file. Raises ``ChannelError``."""
    try:
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError as error:
        raise ChannelError(f"{file}: cannot be read ({error.strerror}); check its owner and mode") from error


def unpacked_head(file: Path) -> bytes:
    """The first bytes of what is packed in a file, of one that is not packed its own."""

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
    """What is told by the names in a zip: a workbook, a chat, files of JSON; None is left to the reader of dumps."""
    try:
        with zipfile.ZipFile(file) as packed:
            names = [name.casefold() for name in packed.namelist()]
    except (zipfile.BadZipFile, OSError) as error:
        if any(mark in head_of(file) for mark in (b"[Content_Types].xml", b"xl/", b"docProps/", b"mimetype")):
            return "sheet"  # a broken one, of which the reader says so
        raise ChannelError(f"{file}: is a zip that was cut off or damaged; copy it anew") from error
    if any(name.startswith(_OFFICE) for name in names):
        return "sheet"
    texts = [name for name in names if name.endswith(".txt")]
    if any(name.endswith(".sql") for name in names):
        return None
    if any("whatsapp" in name or name == "_chat.txt" for name in texts):
        return "chat"
    if any(name.endswith(ENDINGS) and "__macosx" not in name for name in names):
        return "json"
    return "chat" if texts else None
