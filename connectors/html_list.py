"""What the pages of a list say: their rows, once each, and whether there is another page.

``extract`` and ``parse`` feed a ``Register`` the same pages, and so agree. Which rows' pages a reading wants is told
here as well; which links may be followed in ``connectors.html_links``.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import orjson
from bs4 import Tag

from connectors.base import ChannelError
from connectors.html_links import CommonForm, DetailPath, check_link, check_words
from connectors.pages import Fault, ListRow, read_cells, row_link, select
from connectors.refresh import Reading, is_number
from schemas.web_sources import HtmlTable

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?.*)?")
_ZERO = re.compile(r"0000-|\d{4}-00|\d{4}-\d\d-00")


@dataclass(frozen=True)
class Turned:
    """What one list page said: whether it shows what no page before it did, and whether it promises another."""

    rows: tuple[ListRow, ...]
    is_new: bool
    promises: bool


class Register:
    """What the pages of one list have said so far. Rows of pages without news are passed over."""

    def __init__(self, table: HtmlTable, base: str) -> None:
        """``base`` is the source's address."""
        self.problems: list[str] = []
        self._table, self._rows = table, dict[str, ListRow]()
        self._path = DetailPath(table.detail_path, base) if table.detail_path else None
        self._known: set[str] = set()
        self._pages = self._repeated = self._late = 0
        self._promised = False

    @property
    def count(self) -> int:
        """How many different rows there are."""
        return len(self._known)

    def read(self, object_: str, url: str, page: Tag, *, garbled: bool = False, status: int = 200) -> Turned:
        """Take in one page. Raises ``ChannelError`` where rows should have links, and not one of the page has."""
        if status >= 400:
            return Turned((), is_new=False, promises=False)
        listing = self._table.listing
        tags = select(page, listing.row)
        rows = tuple(self._read_row(object_, str(ordinal), url, tag) for ordinal, tag in enumerate(tags, 1))
        if listing.link and listing.link.optional:
            rows = tuple(row for row in rows if row.link or row.fault)
        if listing.link and rows and not any(row.link for row in rows):
            raise ChannelError(f"{object_}: no row has a link ({rows[0].fault}); has the page changed?")
        promises = bool(listing.next and select(page, listing.next))
        fresh = [row for row in rows if row.mark not in self._known]
        self._note(object_, fresh, promises=promises, garbled=garbled)
        if fresh:
            self._known |= {row.mark for row in fresh}
            if listing.link:
                self._repeated += len(rows) - len({row.mark for row in fresh})  # within the page, or of one before
                for row in fresh:
                    self._rows.setdefault(row.mark, row)
        self._pages += 1
        self._promised = promises
        return Turned(rows if fresh else (), bool(fresh), promises)

    def read_again(self, object_: str, url: str, page: Tag, *, status: int = 200) -> tuple[ListRow, ...]:
        """The rows of a page of the same list, read a second time, that did not stand on any page before."""
        tags = select(page, self._table.listing.row) if status < 400 else []
        rows = [self._read_row(object_, str(ordinal), url, tag) for ordinal, tag in enumerate(tags, 1)]
        late = {row.mark: row for row in rows if row.mark not in self._known and (row.link or not self._table.detail)}
        self._known |= set(late)
        self._rows |= late if self._table.detail else {}
        self._late += len(late)
        return tuple(late.values())

    def settle(self) -> list[ListRow]:
        """All rows that have a page of their own, links that may not be followed taken out of them.

        Raises ``ChannelError`` where that leaves none.
        """
        links = [row.link for row in self._rows.values() if row.link and not _away(row)]
        form = None if self._path else CommonForm([link for link in links if not _acts(link)])
        rows = [self._judged(row, form) for row in self._rows.values()]
        if rows and not any(row.link for row in rows):
            raise ChannelError(f"no row of the list has a link that may be followed ({rows[0].fault})")
        return rows

    def told(self) -> list[str]:
        """Oddities for the report, when all is read."""
        moved = "it moved while it was read"
        twice = [f"{self._repeated} rows stand in the list twice: {moved}"] if self._repeated else []
        late = [f"{self._late} rows were found by reading the list again: {moved}"] if self._late else []
        return [*self.problems, *twice, *late]

    def _note(self, object_: str, fresh: list[ListRow], *, promises: bool, garbled: bool) -> None:
        if garbled:
            self.problems.append("list pages hold bytes that are not of their declared charset; they stand as U+FFFD")
        if not fresh and (promises or self._promised):
            self.problems.append(f"{object_}: shows nothing new, though a next page was promised; the list ends there")
        if fresh and self._pages and self._table.listing.next and not self._promised:
            self.problems.append(f"{object_}: shows more rows, though the page before it promised none")

    def _judged(self, row: ListRow, form: CommonForm | None) -> ListRow:
        if not row.link:
            return row
        try:
            check_link(row.link, row.page)
            if self._path:
                return replace(row, cells={**row.cells, **self._path.read(row.link)})
            check_words(row.link)
            if form:
                form.check(row.link)
        except Fault as fault:
            return replace(row, link=None, fault=str(fault))
        return row

    def _read_row(self, object_: str, position: str, url: str, tag: Tag) -> ListRow:
        listing, raw = self._table.listing, str(tag).encode()
        cells: dict[str, str | None] = {}
        link, fault = None, ""
        try:
            link = row_link(tag, listing, url)
        except (Fault, ValueError) as problem:
            fault = str(problem) if isinstance(problem, Fault) else "link: is no address"
        try:
            cells = read_cells(tag, listing.cells)
        except Fault as problem:
            fault = fault or str(problem)
        digest = hashlib.sha256(raw if fault or not cells else orjson.dumps(cells)).hexdigest()
        return ListRow(object_, position, link, cells, fault, raw if fault else b"", link or digest, url)


def _away(row: ListRow) -> bool:
    try:
        check_link(row.link or "", row.page)
    except Fault:
        return True
    return False


def _acts(link: str) -> bool:
    try:
        check_words(link)
    except Fault:
        return True
    return False


class Wanted:
    """Which rows' pages a reading asks for."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def has(self, row: ListRow) -> bool:
        """Whether the page of ``row`` is to be read. Raises ``ChannelError`` for a date that is not written as ISO."""
        reading = self._reading
        if not reading.part or row.fault:
            return True
        if reading.part == "open_cases":
            return reading.wants(tuple((row.cells.get(column) or "").strip() for column in reading.key))
        value = (row.cells.get(reading.refresh.field or "") or "").strip()
        if not value or _ZERO.match(value):
            return reading.refresh.nulls == "read"
        return not self._is_before(value)

    def are_past(self, rows: tuple[ListRow, ...]) -> bool:
        """Whether a list that begins with the newest can be left after ``rows``: all are older than what is wanted."""
        reading = self._reading
        values = [(row.cells.get(reading.refresh.field or "") or "").strip() for row in rows]
        return (
            reading.part in ("cursor", "window")
            and bool(values)
            and all(value and not _ZERO.match(value) and self._is_before(value) for value in values)
        )

    def _is_before(self, value: str) -> bool:
        reading = self._reading
        if is_number(reading.since) and is_number(value):
            return Decimal(value) < Decimal(reading.since)
        if is_number(reading.since) or not _ISO.fullmatch(value):
            raise ChannelError(
                f"table {reading.table!r}: refresh.field {reading.refresh.field!r} is no ISO date in the list; give "
                'the cell its format, as in format: "%d %B %Y %H:%M"'
            )
        return value < reading.since


def gaps(numbers: set[int], most: int) -> tuple[list[int], int]:
    """Numbers between the least and the greatest that are missing, the greatest ``most`` first; and how many are not
    given for that reason.
    """
    if not numbers:
        return [], 0
    missing = max(numbers) - min(numbers) + 1 - len(numbers)
    found = [n for n, _ in zip(_missing(numbers), range(most), strict=False)]
    return found, missing - len(found)


def _missing(numbers: set[int]) -> Iterator[int]:
    return (n for n in range(max(numbers) - 1, min(numbers), -1) if n not in numbers)
