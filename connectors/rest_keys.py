"""What records of an API are known by, before anything is normalised: their key, their page, and how new they are."""

import hashlib
import re
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from connectors.json_records import ABSENT, compact, dig
from connectors.refresh import Reading, is_number
from schemas.sources import SourceBase
from schemas.web_sources import Detail

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T].*)?", re.DOTALL)
_NO_TIME = re.compile(r"(?:0000-|\d{4}-00|\d{4}-\d\d-00).*", re.DOTALL)


def key_columns(source: SourceBase, table: str) -> tuple[str, ...]:
    """The columns by which a row of ``table`` is known; empty where none are declared."""
    for mapping in source.streams.values():
        if mapping.table == table:
            return mapping.key
    return next((e.key for m in source.streams.values() for e in m.events if e.table == table), ())


def text_of(record: Any, column: str) -> str:
    """The text at a dotted path of a record, outer blanks off; empty where there is none."""
    value = dig(record, column)
    if value is ABSENT or value is None:
        return ""
    return (value if isinstance(value, str) else compact(value)).strip()


def key_of(record: Any, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The key of a record; of one without a key all that it holds."""
    key = tuple(text_of(record, column) for column in columns)
    return key if any(key) else ("", compact(record))


def digest(key: tuple[str, ...]) -> bytes:
    """What stands for a key where very many are held."""
    return hashlib.blake2b("\x1f".join(key).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def detail_path(detail: Detail, record: Any) -> str | None:
    """Where ``record`` stands whole; None where the list does not tell what belongs in the path."""
    missing = False

    def filled(found: re.Match[str]) -> str:
        nonlocal missing
        text = text_of(record, found[1])
        missing = missing or text in ("", ".", "..")
        return quote(text.encode("utf-8", "replace"), safe="")

    path = re.sub(r"\{([^{}]+)\}", filled, detail.path)
    return None if missing else path


def detail_columns(detail: Detail) -> frozenset[str]:
    """The columns of the list that the path names."""
    return frozenset(re.findall(r"\{([^{}]+)\}", detail.path))


def slug(table: str) -> str:
    """``table`` as the start of an object's name."""
    return re.sub(r"[^0-9A-Za-z_]+", "-", table)


def detail_name(table: str, path: str) -> str:
    """The archive object of the record at ``path``."""
    return f"{slug(table)}-detail-{hashlib.sha256(path.encode()).hexdigest()[:20]}.json"


def is_newer(record: Any, reading: Reading) -> bool:
    """Whether a record is at or behind the bound of a cursor or window; so is what cannot be compared with it."""
    value = text_of(record, reading.refresh.field or "")
    if not value or _NO_TIME.fullmatch(value):
        return reading.refresh.nulls == "read"
    if is_number(reading.since) != is_number(value):
        return True
    if is_number(value):
        return Decimal(value) >= Decimal(reading.since)
    return not _ISO.fullmatch(value) or _alike(value, reading.since) >= _alike(reading.since, value)


def _alike(text: str, other: str) -> str:
    """An ISO date as far as ``other`` tells of it, with a blank before the time."""
    return text[: len(other)].replace("T", " ")
