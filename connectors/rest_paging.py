"""The way through a list that comes in pages: what to ask first, and after each answer what next.

Nothing is asked here. A way ends only where the answer says so, or where there is nothing left: a page that holds fewer
records than was asked for is no end if no page before it held more, for many systems give less than they are asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.utils import parse_header_links

from connectors.json_records import ABSENT, dig
from connectors.rest_body import Refusal, whole, whole_or_none
from schemas.web_paging import AnyPaging, Cursors, DataTables, Laravel, Links, Offsets, Paging

_LAST, _TOTAL, _NEXT = ("last_page", "meta.last_page"), ("total", "meta.total"), ("next_page_url", "links.next")
_READ, _ALL = "recordsFiltered", "recordsTotal"


@dataclass(frozen=True)
class Turn:
    """What one page is asked with: parameters of the paging, or the whole address that the page before told."""

    number: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    asked: frozenset[str] = frozenset()  # cursors and addresses so far: who comes back to one goes in a circle


@dataclass(frozen=True)
class Page:
    """One answer. ``rows`` are all records so far, those of this answer and of pages that were read twice too."""

    document: Any
    count: int  # records of this answer
    rows: int
    longest: int  # records of the longest page before this one; 0 at the first
    next: str = ""  # the address in the header Link


def first_turn(paging: AnyPaging | None) -> Turn:
    """What the first page is asked with."""
    match paging:
        case Paging():
            return Turn(values={paging.page: paging.first})
        case Offsets():
            return Turn(values={paging.offset: 0})
        case Laravel():
            return Turn(values={paging.page: 1})
        case DataTables():
            return Turn(values={"draw": 1, "start": 0})
        case _:
            return Turn()


def next_turn(paging: AnyPaging | None, turn: Turn, page: Page) -> Turn | None:
    """What the next page is asked with; None at the end. Raises ``Refusal`` for an answer that tells no way on."""
    number = turn.number + 1
    match paging:
        case None:
            return None
        case Paging():
            at = turn.values[paging.page]
            ends = at >= whole(page.document, paging.last) if paging.last else _is_last(paging, page)
            return None if ends else Turn(number, {paging.page: at + 1})
        case Offsets():
            at = turn.values[paging.offset] + page.count
            total = total_of(paging, page.document)
            ends = page.count == 0 or (at >= total if total is not None else _is_short(page))
            return None if ends else Turn(number, {paging.offset: at})
        case DataTables():
            at = turn.values["start"] + page.count
            total = total_of(paging, page.document)
            ends = page.count == 0 or (total is not None and at >= total)
            return None if ends else Turn(number, {"draw": number, "start": at})
        case Cursors():
            return _after_cursor(paging.cursor, dig(page.document, paging.next), turn)
        case Laravel():
            return _after_laravel(paging, turn, page)
        case Links():
            link = page.next if paging.header else _text(dig(page.document, paging.next or ""))
            return _new(Turn(number, url=link, asked=turn.asked), link) if link else None


def check_page(paging: AnyPaging | None, document: Any) -> None:
    """Raise ``Refusal`` for an answer without the numbers by which the way goes on."""
    if isinstance(paging, Paging) and paging.last:
        whole(document, paging.last)
    if paging is not None and paging.total:
        whole(document, paging.total)
    if isinstance(paging, DataTables):
        if _text(dig(document, "error")):
            raise Refusal("tells of an error in the way of DataTables")
        whole(document, _ALL)


def total_of(paging: AnyPaging | None, document: Any) -> int | None:
    """How many records the list has by an answer; None if it does not tell."""
    match paging:
        case None:
            return None
        case DataTables() if not paging.total:
            read = whole_or_none(document, _READ)
            return whole_or_none(document, _ALL) if read is None else read
        case Laravel() if not paging.total:
            return next((n for path in _TOTAL if (n := whole_or_none(document, path)) is not None), None)
        case _:
            return whole_or_none(document, paging.total) if paging.total else None


def pages_of(paging: AnyPaging | None, document: Any) -> int | None:
    """How many pages there are by an answer; None if it does not tell."""
    if paging is None:
        return 1
    if isinstance(paging, Paging) and paging.last:
        return max(1, whole(document, paging.last) - paging.first + 1)
    last = _last_of_laravel(document) if isinstance(paging, Laravel) else None
    return None if last is None else max(1, last)


def is_numbered(paging: AnyPaging | None) -> bool:
    """Whether a page that is the same as the one before shows that the API does not know the parameter."""
    return isinstance(paging, Paging | Offsets | Laravel | DataTables)


def _is_short(page: Page) -> bool:
    return page.count < page.longest


def _is_last(paging: Paging, page: Page) -> bool:
    """Whether a page whose answer names no last one is the last."""
    total = total_of(paging, page.document)
    return page.count == 0 or (page.rows >= total if total is not None else _is_short(page))


def _after_cursor(parameter: str, cursor: Any, turn: Turn) -> Turn | None:
    text = _text(cursor)
    if not text:
        return None
    value = cursor if isinstance(cursor, int) else text
    return _new(Turn(turn.number + 1, {parameter: value}, asked=turn.asked), text)


def _after_laravel(paging: Laravel, turn: Turn, page: Page) -> Turn | None:
    """By page number where the last is told; else by what stands in the next address, whose host is often wrong."""
    last, number = _last_of_laravel(page.document), turn.values.get(paging.page)
    if last is not None and isinstance(number, int):
        return Turn(turn.number + 1, {paging.page: number + 1}) if number < last else None
    link = next((text for path in _NEXT if (text := _text(dig(page.document, path)))), "")
    query = dict(parse_qsl(urlsplit(link).query))
    values: dict[str, Any] = {name: query[name] for name in ("cursor", paging.page) if name in query}
    if not values:
        return None
    return _new(Turn(turn.number + 1, values, asked=turn.asked), repr(sorted(values.items())))


def _last_of_laravel(document: Any) -> int | None:
    return next((n for path in _LAST if (n := whole_or_none(document, path)) is not None), None)


def _new(turn: Turn, what: str) -> Turn | None:
    """``turn``, unless ``what`` was asked before."""
    return None if what in turn.asked else replace(turn, asked=turn.asked | {what})


def _text(value: Any) -> str:
    """A cursor or address as text; empty for what stands for none."""
    if value is ABSENT or value is None or isinstance(value, bool | dict | list):
        return ""
    return str(value).strip()


def linked(header: str) -> str:
    """The address of the next page in an HTTP header Link; empty if there is none."""
    for link in parse_header_links(header) if header else ():
        if "next" in re.split(r"\s+", str(link.get("rel", "")).lower()):
            return str(link["url"])
    return ""
