"""Reads one list of an API into the archive: its pages, again where it changed meanwhile, and the records it leads to.

A list is not a snapshot: a record that is deleted lets the next ones slide to pages that were read. So a list is read
again, up to ``PASSES`` times, where its total changed on the way, where fewer records came than it has, or where a page
began with a record of the page before. What came in any pass counts.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.base import ChannelError, Context
from connectors.http import Request
from connectors.json_records import dig
from connectors.refresh import Reading, is_number
from connectors.rest_asking import GONE, Asking
from connectors.rest_body import Refusal, check_success, lists_of, records_of, seen_keys
from connectors.rest_keys import detail_name, detail_path, digest, is_newer, key_columns, key_of, slug, text_of
from connectors.rest_paging import Page, Turn, check_page, first_turn, is_numbered, next_turn, pages_of, total_of
from connectors.rest_requests import request_of
from schemas.web_paging import Links, Paging
from schemas.web_sources import RestSource, RestTable, Since, Success

PASSES = 3
LIST, DETAIL = "list", "detail"  # what an object holds, as its origin says in ``content``


@dataclass
class _Pass:
    """What one way through the list came to."""

    keys: set[bytes] = field(default_factory=set)
    rows: int = 0
    longest: int = 0
    told: set[tuple[int | None, int | None]] = field(default_factory=set)  # totals, and numbers of the last page
    slid: bool = False  # a page began with a record of the page before
    cut: bool = False  # ended before the end, at what is known
    order: bytes = b""

    def take(self, keys: list[bytes], told: tuple[int | None, int | None]) -> None:
        """Add one page."""
        self.keys.update(keys)
        self.rows += len(keys)
        self.longest = max(self.longest, len(keys))
        self.told.add(told)
        self.order = digest((self.order.hex(), *(key.hex() for key in keys)))

    def is_quiet(self, counted: int | None) -> bool:
        """Whether nothing speaks for a list that changed while it was read; ``counted`` is by another road."""
        totals = [total for total, _ in self.told if total is not None] + ([counted] if counted is not None else [])
        return not self.slid and len(self.told) == 1 and (self.cut or len(self.keys) >= max(totals, default=0))


class ListReader:
    """One table of the source, read as ``reading`` says."""

    def __init__(
        self, source: RestSource, name: str, reading: Reading, asking: Asking, context: Context, counted: int | None
    ) -> None:
        """``counted`` is how many records there were by another road when reading began.

        Raises ``ChannelError`` for a part of the table that the channel file gives no means to read.
        """
        self._success, self._name, self._table = source.success, name, source.tables[name]
        self._reading, self._asking, self._context = reading, asking, context
        self._counted = None if reading.part else counted
        self._columns = key_columns(source, name)
        self._details: dict[str, str] = {}  # object: path
        _check_means(name, self._table, reading)

    def read(self) -> None:
        """Archive the list, and the records that it tells in short. Raises as ``Asking.ask``."""
        before = b""
        for number in range(1, PASSES + 1):
            done = self._go_through(number)
            if self._table.paging is None or done.is_quiet(self._counted) or done.order == before:
                break  # where it is as odd as before, it does not change: it is like that
            before = done.order
        for ordinal, (name, path) in enumerate(self._details.items(), 1):
            self._read_detail(name, path)
            self._context.progress(ordinal, len(self._details))

    def _go_through(self, number: int) -> _Pass:
        done, turn, before = _Pass(), first_turn(self._table.paging), list[bytes]()
        following: Turn | None = turn
        while following is not None:
            turn, following = following, None
            address, document, link = self._ask(number, turn)
            records = _named(document, self._table)
            keys = [digest(key_of(record, self._columns)) for record in records]
            if keys and keys == before and self._is_over(turn):
                return done
            done.slid = done.slid or bool(keys and keys[0] in set(before))
            longest = done.longest
            last = pages_of(self._table.paging, document)
            done.take(keys, (total_of(self._table.paging, document), last))
            self._plan_details(records)
            if not self._table.detail:
                self._context.progress(turn.number, None if last is None else max(turn.number, last))
            if self._is_older(records):
                done.cut = True
                return done
            page = Page(document, len(records), done.rows, longest, link)
            before, following = keys, next_turn(self._table.paging, turn, page)
            if following is not None and following.url:
                following = replace(following, url=self._asking.below(address, following.url))
        return done

    def _ask(self, number: int, turn: Turn) -> tuple[str, Any, str]:
        """One page: its address, its document, and the address of the next by the header."""
        paging = self._table.paging
        stem = slug(self._name) if number == 1 else f"{slug(self._name)}-p{number}"
        part = self._reading.origin() | {"table": self._name, "content": LIST, "page": str(turn.number)}
        got = self._asking.ask(
            f"{stem}-{turn.number:06d}.json",
            request_of(self._table, turn, self._asking.web, self._since()),
            part | ({"pass": str(number)} if number > 1 else {}),
            lambda document: _check_list(document, self._table, self._success),
            lists=lists_of(self._table),
            by_header=isinstance(paging, Links) and paging.header,
        )
        return got.answer.url, got.document, got.next

    def _is_over(self, turn: Turn) -> bool:
        """Whether a page that is the page before again is the end. Raises ``ChannelError`` where it is a fault."""
        paging = self._table.paging
        if not is_numbered(paging) or (isinstance(paging, Paging) and not paging.last and turn.number > 2):
            return True  # some answer the last page again to whoever asks for more
        name = next(iter(turn.values))
        raise ChannelError(
            f"{self._asking.web.host}: page {turn.number} is page {turn.number - 1} again; "
            f"does paging.{'page' if name != 'offset' else 'offset'} name the parameter?"
        )

    def _since(self) -> dict[str, str]:
        """The parameter that asks for what changed since the bound of a cursor or window."""
        since = self._table.since
        return {since.query: _written(since, self._reading.since)} if since and self._reading.since else {}

    def _is_older(self, records: list[Any]) -> bool:
        """Whether all of a page is older than what a cursor or window asks for, and so is all behind it."""
        if not (self._table.newest_first and self._reading.since and records):
            return False
        dated = replace(self._reading, refresh=self._reading.refresh.model_copy(update={"nulls": "skip"}))
        return not any(is_newer(record, dated) for record in records)

    def _plan_details(self, records: list[Any]) -> None:
        detail = self._table.detail
        for record in records if detail else ():
            path = detail_path(detail, record) if detail else None
            if path is not None and self._wants(record):
                self._details.setdefault(detail_name(self._name, path), path)

    def _wants(self, record: Any) -> bool:
        """Whether a record of the list is read whole: it is new, or not settled as far as ``refresh`` can tell."""
        reading, columns = self._reading, self._reading.key or self._columns
        if not reading.part:
            return True
        if columns and any(text_of(record, column) for column in columns):
            key = key_of(record, columns)
            if reading.part == "open_cases":
                return reading.wants(key)
            if reading.known.keys and key not in reading.known.keys:
                return True
        return reading.part == "open_cases" or is_newer(record, reading)

    def _read_detail(self, name: str, path: str) -> None:
        detail = self._table.detail
        if detail is None:
            return

        def check(document: Any) -> None:
            check_success(document, self._success)
            found = detail_of(document, detail.record)
            if not isinstance(found, dict):
                where = f"at {detail.record!r}" if detail.record else "as a whole"
                raise Refusal(f"has no record {where}, {seen_keys(document)}; see detail.record")

        part = self._reading.origin() | {"table": self._name, "content": DETAIL}
        request = Request(self._asking.web.at(path))
        self._asking.ask(name, request, part, check, lists=lists_of(self._table), accept=GONE)


def detail_of(document: Any, path: str) -> Any:
    """The record that a detail answer holds, also where it is the one item of a list."""
    found = dig(document, path)
    return found[0] if isinstance(found, list) and len(found) == 1 else found


def _named(document: Any, table: RestTable) -> list[Any]:
    total = total_of(table.paging, document)
    return records_of(document, table, is_total_told=total is not None)


def _check_list(document: Any, table: RestTable, success: Success | None) -> None:
    """Raise ``Refusal`` for a document that is no answer of the list."""
    check_success(document, success)
    _named(document, table)
    check_page(table.paging, document)


def _check_means(name: str, table: RestTable, reading: Reading) -> None:
    means = table.detail or (reading.part != "open_cases" and (table.since or table.newest_first))
    if reading.part and not means:
        raise ChannelError(f"table {name!r}: {reading.part} needs detail, since or newest_first; or choose full")


def _written(since: Since, bound: str) -> str:
    """The bound as the API wants it."""
    if since.format is None or is_number(bound):
        return bound
    return datetime.fromisoformat(bound).strftime(since.format)
