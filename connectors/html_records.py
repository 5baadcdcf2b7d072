"""Records out of archived pages: list and detail pages put together, single faults told apart from a changed site.

One page that is not as declared is an ``Unreadable`` with all its bytes. Where many have the same fault the site has
changed: the channel stops, nothing is published, and the archive holds all pages for when the channel file is mended.
"""

import re
from collections import Counter
from collections.abc import Iterator

from bs4 import Tag

from connectors.archive import Archive, Entry
from connectors.base import ChannelError, RawTable, Rows, Unreadable
from connectors.html_links import DetailPath, detail_name
from connectors.html_list import Register, gaps
from connectors.pages import Fault, ListRow, read_cells, read_page, read_record, select
from connectors.refresh import PARTS
from schemas.web_sources import Fields, HtmlTable, Numbers

AGAIN = "again"  # of a list page that is read a second time
LEAST_FAULTS = 5  # fewer pages with one fault are single faults, whatever their share
GONE = frozenset({404, 410})  # a record that was deleted since it was listed, or that a number never had


def kind_of(entry: Entry) -> str:
    """``list``, ``detail``, or ``hidden`` (a detail page that no row of the list names); else what the page is."""
    return entry.origin.get("content") or entry.origin.get("part", "")


def parse_list(name: str, table: HtmlTable, base: str, archive: Archive) -> Iterator[RawTable]:
    """Records that the list tells whole: a row is a record."""
    rows, register, faults = Rows(name), Register(table, base), _Faults(table)
    for entry in _lists(name, archive):
        for row in _read(register, entry, archive.read(entry.name)):
            faults.met(name)
            if row.fault:
                faults.note(name, row.fault)
                rows.reject(Unreadable(name, row.object, row.position, row.fault, row.raw))
            else:
                rows.add(name, row.object, row.position, row.cells)
        if rows.full:
            yield from rows.drain()
    for problem in register.told():
        rows.remark(name, problem)
    _stop_if_changed(rows, faults, least=1)
    yield from rows.drain()


def parse_table(name: str, table: HtmlTable, base: str, archive: Archive) -> Iterator[RawTable]:
    """Records of detail pages, each with the cells of its row in the list, and the blocks on them."""
    detail = table.detail
    assert detail is not None  # noqa: S101 (who calls has looked)
    lists, register = _lists(name, archive), Register(table, base)
    for entry in lists:
        _read(register, entry, archive.read(entry.name))
    listed, pages = register.settle(), _Pages(name, archive)
    rows, faults = Rows(name, *table.nested), _Faults(table)
    one = _Detail(rows, faults, name, table, detail)
    part = lists[0].origin.get("part", "")
    for row in listed:
        if row.link is None:
            faults.met(name)
            faults.note(name, row.fault)
            rows.reject(Unreadable(name, row.object, row.position, row.fault, row.raw or _raw(archive, table, row)))
        elif found := pages.of(row.link):
            one.take(row, found, archive.read(found.name))
        elif part not in PARTS:
            raise ChannelError(
                f"table {name!r}: the archive holds no detail page for a row of {row.object}; it was read by another "
                "channel file"
            )
        if rows.full:
            yield from rows.drain()
    yield from _hidden(one, [row.link for row in listed if row.link], archive, base)
    for problem in register.told():
        rows.remark(name, problem)
    _stop_if_changed(rows, faults, least=LEAST_FAULTS if part in PARTS else 1)
    yield from rows.drain()


def _hidden(one: "_Detail", links: list[str], archive: Archive, base: str) -> Iterator[RawTable]:
    """Records that no row of the list names."""
    numbers = one.table.numbers
    entries = [e for e in archive.entries if e.origin.get("table") == one.name and kind_of(e) == "hidden"]
    if numbers is None:
        return
    path, gone = DetailPath(one.table.detail_path, base) if one.table.detail_path else None, 0
    for entry in entries:
        body, url = archive.read(entry.name), entry.origin.get("asked", entry.origin["url"])
        page, _ = read_page(body, entry.origin["content_type"])
        if not shows_record(numbers, base, entry.origin["url"], int(entry.origin["status"]), page):
            gone += 1
            continue
        cells: dict[str, str | None] = {**path.read(url)} if path else {}
        one.take(ListRow(entry.name, "1", url, cells, "", b""), entry, body)
        if one.rows.full:
            yield from one.rows.drain()
    if entries:
        one.rows.remark(
            one.name,
            f"of {len(entries)} numbers that no row of the list names, {gone} are gone and {len(entries) - gone} have "
            "a page: the list hides them",
        )
    left = gaps({int(digits) for link in links if (digits := number_of(numbers, base, link))}, numbers.most)[1]
    if left and entries:
        one.rows.remark(one.name, f"{left} more were not asked for (numbers.most is {numbers.most})")


def shows_record(numbers: Numbers, base: str, url: str, status: int, page: Tag) -> bool:
    """Whether the page at ``url``, asked for by number, is that of a record: not gone, not another in its place."""
    if status in GONE or number_of(numbers, base, url) is None:
        return False
    return numbers.gone is None or not select(page, numbers.gone)


def number_of(numbers: Numbers, base: str, url: str) -> str | None:
    """The number in ``url``, as it is written; None for an address of another form."""
    try:
        digits = DetailPath(numbers.path, base).read(url)["n"]
    except Fault:
        return None
    return digits if re.fullmatch(r"\d{1,18}", digits, re.ASCII) else None


class _Pages:
    """The detail pages of one table, by the links that led to them."""

    def __init__(self, name: str, archive: Archive) -> None:
        self._name = name
        entries = [e for e in archive.entries if e.origin.get("table") == name and kind_of(e) == "detail"]
        self._by_name = {entry.name: entry for entry in entries}
        self._part = next((part for e in entries if (part := e.origin.get("part", "")) in PARTS), "")
        self._by_url: dict[str, Entry] = {}  # of archives in which pages were numbered
        for entry in entries:
            self._by_url.setdefault(entry.origin.get("asked", entry.origin["url"]), entry)

    def of(self, link: str) -> Entry | None:
        return self._by_name.get(detail_name(self._name, link, self._part)) or self._by_url.get(link)


class _Faults:
    """How many pieces of each table were met, and with which faults."""

    def __init__(self, table: HtmlTable) -> None:
        self._share = table.max_faulty
        self._met: Counter[str] = Counter()
        self._faults: Counter[tuple[str, str]] = Counter()

    def met(self, table: str) -> None:
        self._met[table] += 1

    def seen(self, table: str) -> int:
        return self._met[table]

    def note(self, table: str, fault: str) -> None:
        self._faults[table, re.sub(r"^row \d+:", "a row:", fault)] += 1

    def many(self) -> Iterator[str]:
        """What has so many of one fault that it is no single one, in words."""
        for (table, fault), times in self._faults.most_common():
            if times >= LEAST_FAULTS and times > self._share * self._met[table]:
                yield f"table {table!r}: {times} of {self._met[table]} pages or rows are not as declared ({fault})"


def _stop_if_changed(rows: Rows, faults: _Faults, *, least: int) -> None:
    """Raises ``ChannelError`` where not one of ``least`` pages or more could be read, or many have the same fault."""
    for table, fault in rows.hopeless().items():
        if faults.seen(table) >= least:
            raise ChannelError(f"table {table!r}: not one page is as declared ({fault}); has the site changed?")
    for told in faults.many():
        raise ChannelError(f"{told}; has the site changed? All pages are archived: mend the channel file")


class _Detail:
    """Takes detail pages apart, into ``rows``."""

    def __init__(self, rows: Rows, faults: _Faults, name: str, table: HtmlTable, detail: Fields) -> None:
        self.rows, self.name, self.table = rows, name, table
        self._faults, self._detail = faults, detail

    def take(self, row: ListRow, entry: Entry, body: bytes) -> None:
        """One detail page: its record and the blocks on it, or the ``Unreadable`` that it is."""
        page, garbled = read_page(body, entry.origin["content_type"])
        if garbled:
            self.rows.remark(self.name, "pages hold bytes that are not of their declared charset; they stand as U+FFFD")
        self._faults.met(self.name)
        try:
            record = read_record(page, self.table, self._detail, row, int(entry.origin["status"]))
        except Fault as fault:
            self._faults.note(self.name, str(fault))
            self.rows.reject(Unreadable(self.name, entry.name, "1", str(fault), body))
            return
        self.rows.add(self.name, entry.name, "1", record)
        for inner, block in self.table.nested.items():
            for ordinal, piece in enumerate(select(page, block.row), 1):
                position = f"1.{ordinal}"
                self._faults.met(inner)
                try:
                    cells = read_cells(piece, block.cells)
                except Fault as fault:
                    self._faults.note(inner, str(fault))
                    self.rows.reject(Unreadable(inner, entry.name, position, str(fault), str(piece).encode()))
                else:
                    carried = {column: record.get(origin) for column, origin in block.carry.items()}
                    self.rows.add(inner, entry.name, position, cells | carried)


def _lists(name: str, archive: Archive) -> list[Entry]:
    found = [e for e in archive.entries if e.origin.get("table") == name and kind_of(e) == "list"]
    if not found:
        raise ChannelError(
            f"table {name!r}: the archive holds no page of its list; it was read by another channel file"
        )
    return found


def _read(register: Register, entry: Entry, body: bytes) -> tuple[ListRow, ...]:
    page, garbled = read_page(body, entry.origin["content_type"])
    status = int(entry.origin.get("status", "200"))
    if entry.origin.get("reading") == AGAIN:
        return register.read_again(entry.name, entry.origin["url"], page, status=status)
    return register.read(entry.name, entry.origin["url"], page, garbled=garbled, status=status).rows


def _raw(archive: Archive, table: HtmlTable, row: ListRow) -> bytes:
    """The row as it stands on its list page."""
    page, _ = read_page(archive.read(row.object), archive.entry(row.object).origin["content_type"])
    return str(select(page, table.listing.row)[int(row.position) - 1]).encode()
