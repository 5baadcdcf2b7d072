"""Blanks one person's records in pages of HTML, as ``connectors.blank`` promises."""

from collections.abc import Iterator, Sequence

from bs4 import Tag
from bs4.element import NavigableString

from connectors.archive import Archive, Entry
from connectors.blank import Blanking
from connectors.html_links import DetailPath, address_of
from connectors.html_records import kind_of
from connectors.pages import Fault, charset_of, read_cells, read_page, read_text, row_link, select
from schemas.web_sources import Cell, Fields, HtmlSource, HtmlTable

_KEPT_ATTRIBUTES = frozenset({"class", "id", "rel", "type", "name", "charset", "http-equiv", "content"})


def blank_html(source: HtmlSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:
    """Detail pages of the person, their rows on list pages, and pages that speak of them."""
    for name, table in source.tables.items():
        entries = [entry for entry in archive.entries if entry.origin.get("table") == name]
        of_person = [entry for entry in entries if kind_of(entry) != "list" and what.positions(entry.name)]
        gone = {address_of(entry.origin.get("asked", entry.origin["url"])) for entry in of_person}
        for entry in entries:
            body = archive.read(entry.name)
            page, _ = read_page(body, entry.origin["content_type"])
            before = str(page)
            if kind_of(entry) == "list":
                _blank_rows(page, table, entry, gone, what, _Theirs(source, name, table, what))
            elif table.detail and what.positions(entry.name):
                _blank_detail(page, table, table.detail, what)
            _mask_page(page, what)
            if str(page) != before:
                charset = charset_of(body, entry.origin["content_type"])
                yield entry.name, page.encode(charset, formatter="minimal")


class _Theirs:
    """Rows whose key the list tells, and which are the person's: their pages may stand in another archive."""

    def __init__(self, source: HtmlSource, name: str, table: HtmlTable, what: Blanking) -> None:
        self._cells = table.listing.cells
        self._path = DetailPath(table.detail_path, source.url) if table.detail_path else None
        uses = {stream: use.key for stream, use in source.streams.items() if use.table == name}
        self._keys = [(key, stream) for stream, key in uses.items() if key and set(key) <= table.listed]
        self._wanted = what.keys

    def has(self, row: Tag, link: str | None) -> bool:
        for columns, stream in self._keys if self._wanted else ():
            try:
                told = read_cells(row, {name: cell for name, cell in self._cells.items() if name in columns})
                told |= self._path.read(link) if self._path and link else {}
            except Fault:
                continue
            if (stream, "|".join((told.get(column) or "").strip() for column in columns)) in self._wanted:
                return True
        return False


def _blank_rows(page: Tag, table: HtmlTable, entry: Entry, gone: set[str], what: Blanking, theirs: _Theirs) -> None:
    """Rows of the person: those that lead to their pages, and those that are their records."""
    listing, own = table.listing, what.positions(entry.name)
    for ordinal, row in enumerate(select(page, listing.row), 1):
        try:
            link = row_link(row, listing, entry.origin["url"])
        except (Fault, ValueError):
            link = None
        if str(ordinal) in own or (link and address_of(link) in gone) or theirs.has(row, link):
            stay = [cell for name, cell in listing.cells.items() if name in what.keep]
            _clear(row, *_found(row, [*stay, listing.link] if listing.link else stay))


def _blank_detail(page: Tag, table: HtmlTable, detail: Fields, what: Blanking) -> None:
    kept, marked = _found(page, [cell for name, cell in table.cells.items() if name in what.keep])
    for field_ in select(page, detail.row):
        labels = select(field_, detail.label)
        kept += labels
        if any(" ".join(read_text(label).split()) in what.keep for label in labels):
            kept += select(field_, detail.value)
    _clear(page, kept, marked)


def _found(root: Tag, cells: Sequence[Cell]) -> tuple[list[Tag], set[tuple[int, str]]]:
    """What holds the values of ``cells``: tags whose text does, and attributes with the ids of their tags."""
    places = [(cell, tag) for cell in cells for tag in select(root, cell.select)]
    texts = [tag for cell, tag in places if cell.attribute is None]
    return texts, {(id(tag), cell.attribute) for cell, tag in places if cell.attribute is not None}


def _clear(root: Tag, kept: Sequence[Tag], marked: set[tuple[int, str]]) -> None:
    """Empty every text and every telling attribute of ``root`` and in it, but in ``kept`` and those ``marked``."""
    stay = {id(tag) for one in kept for tag in (one, *one.find_all(True))}
    for text in list(root.find_all(string=True)):
        if id(text.parent) not in stay:
            text.replace_with(NavigableString("")) if type(text) is NavigableString else text.extract()
    for tag in (root, *root.find_all(True)):
        if id(tag) not in stay:
            tag.attrs = {k: v if k in _KEPT_ATTRIBUTES or (id(tag), k) in marked else "" for k, v in tag.attrs.items()}


def _mask_page(page: Tag, what: Blanking) -> None:
    for text in list(page.find_all(string=True)):
        if (masked := what.masked(str(text))) != str(text):
            text.replace_with(type(text)(masked))
    for tag in page.find_all(True):
        for key, value in tag.attrs.items():
            if isinstance(value, str) and what.masked(value) != value:
                tag.attrs[key] = what.masked(value)
