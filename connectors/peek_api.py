"""Recognises the answer of an API: where its list lies, what the lists in it are, and how the next page is asked for.

Works on one document; asking is left to ``connectors.peek_web``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.json_records import ABSENT, dig
from connectors.peek_json import tables_of
from connectors.peek_outline import Node, outline
from schemas.sources import JsonTable

_LAST = re.compile(r"^(?:last_?page|total_?pages?|pages|page_?count|num_?pages|jumlah_?halaman|total_?halaman)$", re.I)
_TOTAL = re.compile(
    r"^(?:total|count|total_?(?:count|data|items?|records?|results?|rows)|jumlah(?:_?data)?|recordstotal|found)$", re.I
)
_PAGE = re.compile(r"^(?:page|current_?page|halaman|page_?(?:no|num|number|index))$", re.I)
_SIZE = re.compile(r"^(?:per_?page|page_?size|limit|size|rows|perhalaman|per_?halaman|take|length)$", re.I)
_OFFSET = re.compile(r"^(?:offset|skip|start|mulai)$", re.I)
_CURSOR = re.compile(
    r"^(?:next_?cursor|next_?page_?token|next_?token|after|end_?cursor|continuation(?:_?token)?)$", re.I
)
_NEXT = re.compile(r"(?:^|\.)(?:next|next_?(?:page_?)?(?:url|link|href)|@odata\.nextlink|next\.href)$", re.I)
_ASKED_WITH = {"nextpagetoken": "pageToken", "nexttoken": "token", "after": "after", "endcursor": "after"}
_GOOD = ("ok", "success", "sukses", "berhasil", "true", "200", "00")
_OF_LARAVEL = ("current_page", "meta.current_page", "per_page", "meta.per_page")
_DEEPEST = 3


@dataclass(frozen=True)
class Listed:
    """A list of records in an answer."""

    records: str  # dotted path
    count: int
    table: JsonTable
    first: Any  # the first record


@dataclass
class Turned:
    """How an API hands out a long list: ``paging`` as a channel file says it, and why."""

    paging: dict[str, Any] | None
    said: str
    total: int | None = None
    total_at: str | None = None
    drop: set[str] = field(default_factory=set)  # parameters of the address that paging sets


def find_list(document: Any, name: str) -> Listed | None:
    """The largest list of records in ``document``; None if it holds none."""
    found: list[Listed] = []
    root = Node()
    outline(iter([json.dumps(document).encode()]), root)
    for _, table in tables_of(root, name):
        records = dig(document, table.records)
        if isinstance(records, list) and records and not table.thread:
            found.append(Listed(table.records, len(records), table, records[0]))
    for path, records in _lists_of_lists(document):
        found.append(Listed(path, len(records), JsonTable(records=path), records[0]))
    return max(found, key=lambda one: one.count, default=None)


def _lists_of_lists(document: Any) -> Iterator[tuple[str, list[Any]]]:
    """Lists of rows that are lists of cells, as DataTables may have them."""
    for path in ("data", "aaData", "rows"):
        records = dig(document, path)
        if isinstance(records, list) and records and all(isinstance(one, list) for one in records):
            yield path, records


def empty_list(document: Any) -> str | None:
    """The path of a list without records; None if there is no such."""
    if document == []:
        return ""
    return next((path for path, value in _scalars(document, lists=True) if value == []), None)


def _scalars(document: Any, path: str = "", depth: int = 0, *, lists: bool = False) -> Iterator[tuple[str, Any]]:
    """Dotted paths of what is neither list nor object, and with ``lists`` of lists."""
    if not isinstance(document, dict) or depth > _DEEPEST:
        return
    for key, value in document.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict):
            yield from _scalars(value, here, depth + 1, lists=lists)
        elif not isinstance(value, list) or lists:
            yield here, value


def find_turning(document: Any, rows: int, query: Mapping[str, str]) -> Turned:
    """What ``document``, with ``rows`` records and asked with ``query``, says of the pages after it."""
    told = {path: value for path, value in _scalars(document) if not path.startswith(("data.0",))}
    total_at = _first(told, _TOTAL, lambda value: _whole(value) is not None and int(value) >= rows)
    total = int(told[total_at]) if total_at else None
    drop = {name for name in query if _PAGE.match(name) or _OFFSET.match(name) or _CURSOR.match(name)}
    drop |= {name for name in query if _SIZE.match(name)}
    asked = next((name for name in query if _PAGE.match(name)), None)
    if "recordsTotal" in told or "iTotalRecords" in told:
        return Turned({"kind": "datatables"}, "draw and recordsTotal, as DataTables answers", total, None,
            {name for name in query if re.match(r"draw|start|length|columns|order|search", name)})  # fmt: skip
    return _by_address(told, total, drop, asked) or _by_number(told, rows, query, total_at, drop, asked)


def _by_address(told: Mapping[str, Any], total: int | None, drop: set[str], asked: str | None) -> Turned | None:
    """Laravel, which names the next page beside its own numbers."""
    said = next((path for path in told if path in ("next_page_url", "links.next", "meta.next_page_url")), None)
    if said is None or not any(path in told for path in _OF_LARAVEL):
        return None
    paging = {"kind": "laravel"} | ({"page": asked} if asked not in (None, "page") else {})
    return Turned(paging, f"{said} beside per_page, as Laravel answers", total, None, drop)


def _by_number(
    told: Mapping[str, Any],
    rows: int,
    query: Mapping[str, str],
    total_at: str | None,
    drop: set[str],
    asked: str | None,
) -> Turned:
    """Cursors, last pages, next addresses, offsets, page numbers: the surest first."""
    total = int(told[total_at]) if total_at else None
    common: dict[str, Any] = {"total": total_at} if total_at else {}

    def turned(paging: dict[str, Any], said: str) -> Turned:
        return Turned(paging | common, said, total, total_at, drop)

    if cursor := _first(told, _CURSOR, lambda value: isinstance(value, str) and value and "://" not in value):
        word = re.sub(r"[^a-z]", "", cursor.rpartition(".")[2].casefold())
        name = next((one for one in query if _CURSOR.match(one) or one == "cursor"), _ASKED_WITH.get(word, "cursor"))
        return turned(
            {"kind": "cursor", "cursor": name, "next": cursor}, f"{cursor} is what the next page is asked with"
        )
    if last := _first(told, _LAST, lambda value: _whole(value) is not None):
        return turned({"page": asked or "page", "last": last}, f"{last} is the number of the last page")
    following = [path for path, value in told.items() if _NEXT.search(path) and _is_address(value)]
    if following:
        return turned({"kind": "link", "next": following[0]}, f"{following[0]} is the address of the next page")
    offset = _first(told, _OFFSET, lambda value: _whole(value) is not None)
    if offset := next((one for one in query if _OFFSET.match(one)), offset.rpartition(".")[2] if offset else None):
        size = _size_in(told, query)
        named = {"size": size} if size and size != "limit" else {}
        return turned({"kind": "offset", "offset": offset} | named, f"{offset} says how many records were left out")
    page_in = _first(told, _PAGE, lambda value: _whole(value) is not None)
    if asked or (page_in and total is not None and total > rows):
        return turned({"page": asked or "page"}, f"{page_in or asked} is the number of the page")
    return Turned(None, "", total, total_at, drop)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"https?://|/|\?", value) is not None


def size_in(document: Any, query: Mapping[str, str]) -> str | None:
    """The parameter that may say how many records a page has."""
    return _size_in(dict(_scalars(document)), query)


def _size_in(told: Mapping[str, Any], query: Mapping[str, str]) -> str | None:
    for name in (*query, *(path.rpartition(".")[2] for path, value in told.items() if _whole(value) is not None)):
        if _SIZE.match(name):
            return name
    return None


def _first(told: Mapping[str, Any], pattern: re.Pattern[str], fits: Any) -> str | None:
    return next((path for path, value in told.items() if pattern.match(path.rpartition(".")[2]) and fits(value)), None)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,12}", value) else None


def find_success(document: Any) -> dict[str, Any] | None:
    """Where the answer says that it is one."""
    if not isinstance(document, dict):
        return None
    for key in ("success", "status", "sukses"):
        value = document.get(key, ABSENT)
        if value is True or (isinstance(value, str | int) and str(value).casefold() in _GOOD):
            return {"at": key, "any_of": [str(value).lower() if value is True else str(value)]}
    return None


def shape_of_answer(document: Any) -> str:
    """What an answer is, without its values."""
    if isinstance(document, dict):
        return (
            f"an object with {', '.join(str(key)[:40] for key in list(document)[:8])}"
            if document
            else "an empty object"
        )
    return "a list without records" if isinstance(document, list) else "a single value"
