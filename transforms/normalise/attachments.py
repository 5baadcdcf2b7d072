"""Names of files, out of the one cell in which old systems keep all of them. Finding the files is left to others."""

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import orjson

_NO_FILE = re.compile(r"(?:default|no-?_?image|no-?_?photo|noimage|placeholder|blank)\.\w{2,5}|null|-", re.IGNORECASE)
_PARTS = re.compile(r"[\n;|,]")
_LOOKS_LIKE_FILE = re.compile(r".*\.\w{2,5}|\w+://.+", re.DOTALL)
_PHP_LIST = re.compile(r"a:\d+:\{.*\}\Z", re.DOTALL)
_PHP_TEXT = re.compile(r's:\d+:"(.*?)";', re.DOTALL)
_ADDRESS_KEYS = ("url", "path", "file", "filename", "file_name", "nama_file", "src", "uri", "name", "nama")


def attachment_lister(none: Sequence[str]) -> Callable[[str], str | None]:
    """``list_attachments`` for a source in which the globs ``none`` (any case) name no file either."""
    globs = [glob.casefold() for glob in none]

    def listed(value: str) -> str | None:
        names = [name for name in names_in(value) if not _is_none(name, globs)]
        return orjson.dumps(names).decode() if names else None

    return listed


def list_attachments(value: str) -> str | None:
    """The JSON list of names or addresses in ``value``; null for ``default.jpg`` and its like."""
    return attachment_lister(())(value)


def joined_lists(lists: Iterable[object]) -> str | None:
    """Several such JSON lists (what is missing is no text) as one; null if there is none."""
    names = [name for listed in lists if isinstance(listed, str) for name in orjson.loads(listed)]
    return orjson.dumps(names).decode() if names else None


def _is_none(name: str, globs: Sequence[str]) -> bool:
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return _NO_FILE.fullmatch(last) is not None or any(
        fnmatchcase(one.casefold(), glob) for glob in globs for one in (last, name)
    )


def names_in(value: str) -> list[str]:
    """What stands in one cell: a list in JSON (of names or objects) or as PHP writes it, or names with signs between.

    Such signs are a line end, ';', '|' and ','; one that belongs to a single name parts nothing.
    """
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        parsed = _PHP_TEXT.findall(value) if _PHP_LIST.match(value.strip()) else _parted(value)
    if isinstance(parsed, dict):
        parsed = [parsed]
    found = [_name(item) for item in parsed] if isinstance(parsed, list) else [value]
    return [name.strip() for name in found if name and name.strip()]


def _parted(value: str) -> list[str]:
    lines = [line for line in value.splitlines() if line.strip()]
    parts = [part for part in _PARTS.split(value) if part.strip()]
    return parts if all(_LOOKS_LIKE_FILE.fullmatch(part.strip()) for part in parts) else lines


def _name(item: Any) -> str | None:
    if isinstance(item, dict):
        given = (item.get(key) for key in _ADDRESS_KEYS)
        return next((one for one in given if isinstance(one, str) and one.strip()), orjson.dumps(item).decode())
    return item if isinstance(item, str) or item is None else orjson.dumps(item).decode()
