"""Takes one HTML page apart as a channel file declares it: a value by its selector, a record by its labels, a list.

A page is decoded by its declared charset and parsed by lxml, as leniently as a browser does. A value that is not there,
or stands there twice, is a ``Fault``: nothing is guessed. Fetching is left to ``connectors.html``.
"""

import codecs
import json
import re
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from bs4.element import CData, NavigableString
from soupsieve import SelectorSyntaxError

from connectors.base import ChannelError
from schemas.web_sources import Cell, HtmlTable, Listing

LINES = frozenset({"address", "article", "blockquote", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6"}) | {
    "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"
}  # fmt: skip


class Fault(Exception):
    """Something on a page is not as declared. Its text names selectors, never values."""


def read_page(body: bytes, content_type: str) -> tuple[BeautifulSoup, bool]:
    """The page in ``body``, and whether it held bytes that are not of its charset (they become U+FFFD)."""
    text, garbled = _decode(body, content_type)
    return BeautifulSoup(text, "lxml"), garbled


def charset_of(body: bytes, content_type: str) -> str:
    """As browsers decide: byte order mark, then header, then ``meta``, else UTF-8; latin-1 means Windows-1252."""
    header = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    declared = header[1] if header else EncodingDetector.find_declared_encoding(body, is_html=True) or "utf-8"
    try:
        charset = "utf-8-sig" if body.startswith(codecs.BOM_UTF8) else codecs.lookup(declared).name
        charset = {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(charset, charset)
        b" ".decode(charset, "replace")  # of nothing at all Python does not look whether it is text
    except LookupError:
        return "utf-8"
    return charset


def _decode(body: bytes, content_type: str) -> tuple[str, bool]:
    text = body.decode(charset_of(body, content_type), "replace")
    return text, text.count("\ufffd") > body.count("\ufffd".encode())


def select(tag: Tag, selector: str) -> list[Tag]:
    """What ``selector`` finds in ``tag``; ``:scope`` is ``tag`` itself. Raises ``ChannelError`` if it is none."""
    try:
        return [tag] if selector == ":scope" else list(tag.select(selector))
    except SelectorSyntaxError as error:
        raise ChannelError(f"{selector!r} is no CSS selector; mend it in the channel file") from error


def read_text(tag: Tag) -> str:
    """The text of ``tag`` as it is seen: ``<br>`` and blocks break lines, inner blanks stay, outer ones go."""
    pieces: list[str] = []
    _gather(tag, pieces)
    return "".join(pieces).strip()


def _gather(tag: Tag, pieces: list[str]) -> None:
    broken = False
    for child in tag.children:
        if isinstance(child, Tag):
            broken = child.name == "br"
            if broken:
                pieces.append("\n")
            elif child.name in LINES:
                _break_line(pieces)
                _gather(child, pieces)
                _break_line(pieces)
            else:
                _gather(child, pieces)
        elif type(child) in (NavigableString, CData):  # not a comment, not a script
            text = str(child)
            pieces.append(re.sub(r"^\r?\n", "", text) if broken else text)  # PHP's nl2br keeps the newline as well
            broken = False


def _break_line(pieces: list[str]) -> None:
    if pieces and not pieces[-1].endswith("\n"):
        pieces.append("\n")


def read_cells(tag: Tag, cells: dict[str, Cell]) -> dict[str, str | None]:
    """The declared values in ``tag`` by name. Raises ``Fault``."""
    return {name: read_cell(tag, name, cell) for name, cell in cells.items()}


def read_cell(tag: Tag, name: str, cell: Cell) -> str | None:
    """One declared value: None for an optional one that is not there, a compact JSON list of several (``many``)."""
    found = select(tag, cell.select)
    if not found and cell.optional:
        return None
    if not found or (len(found) > 1 and not cell.many):
        raise Fault(f"{name}: {cell.select!r} finds {len(found) or 'nothing'}")
    values = [_read_value(one, cell.attribute) for one in found]
    if None in values and not cell.optional:
        raise Fault(f"{name}: {cell.select!r} has no attribute {cell.attribute!r}")
    if cell.many:
        return json.dumps([v for v in values if v is not None], ensure_ascii=False, separators=(",", ":"))
    return values[0]


def _read_value(tag: Tag, attribute: str | None) -> str | None:
    if attribute is None:
        return read_text(tag)
    value = tag.get(attribute)
    return " ".join(value) if isinstance(value, list) else value


def read_number(page: Tag, cell: Cell) -> int:
    """The one whole number in a value, dots and blanks between thousands allowed. Raises ``ChannelError``."""
    try:
        text = read_cell(page, "count", cell) or ""
    except Fault as fault:
        raise ChannelError(f"{fault}; has the page changed?") from fault
    number = re.fullmatch(r"[^0-9]*([0-9]{1,3}(?:[.,\s][0-9]{3})+|[0-9]+)[^0-9]*", text)
    if number is None:
        raise ChannelError(f"count: {cell.select!r} holds no single whole number; has the page changed?")
    return int(re.sub(r"[^0-9]", "", number[1]))


@dataclass(frozen=True)
class ListRow:
    """One row of a list page: where its detail page is, and what it says itself."""

    object: str
    position: str  # ordinal on the page
    link: str | None  # the whole address, not yet checked
    cells: dict[str, str | None]
    fault: str  # why it cannot be read; empty if it can
    raw: bytes  # the row, where there is no detail page to keep in its place


def row_link(tag: Tag, listing: Listing, url: str) -> str | None:
    """The address of the detail page of a row on the page at ``url``. Raises ``Fault``, ``ValueError``."""
    link = read_cell(tag, "link", listing.link)
    return urldefrag(urljoin(url, link.strip())).url if link else None


class Register:
    """What the pages of a list have said so far. ``extract`` and ``parse`` feed it the same pages and so agree."""

    def __init__(self, listing: Listing) -> None:
        self.rows: list[ListRow] = []
        self.problems: list[str] = []
        self._listing = listing
        self._pages = 0
        self._known: set[str] = set()

    def read(self, object_: str, url: str, page: Tag) -> bool:
        """Take in one page; True if there is another one to ask for.

        A list whose pages show nothing new ends there: systems are met that show their last page for ever. Raises
        ``ChannelError`` where no row of a page has a link.
        """
        tags = select(page, self._listing.row)
        rows = [self._read_row(object_, str(ordinal), url, tag) for ordinal, tag in enumerate(tags, 1)]
        links = {row.link for row in rows if row.link}
        if rows and not links and not self._listing.link.optional:
            raise ChannelError(f"{object_}: no row has a link ({rows[0].fault}); has the page changed?")
        more = bool(select(page, self._listing.next))
        fresh = not links <= self._known
        if not fresh and (more or (self._pages and not rows)):
            self.problems.append(f"{object_}: shows nothing new, though a next page was promised; the list ends there")
        self.rows += [row for row in rows if (fresh and row.link) or (row.fault and not row.link)]
        self._known |= links
        self._pages += 1
        return more and fresh

    def _read_row(self, object_: str, position: str, url: str, tag: Tag) -> ListRow:
        try:
            address = row_link(tag, self._listing, url)
        except (Fault, ValueError) as fault:
            reason = str(fault) if isinstance(fault, Fault) else "link: is no address"
            return ListRow(object_, position, None, {}, reason, str(tag).encode())
        try:
            return ListRow(object_, position, address, read_cells(tag, self._listing.cells), "", b"")
        except Fault as fault:
            return ListRow(object_, position, address, {}, str(fault), str(tag).encode())


def read_record(page: Tag, table: HtmlTable, row: ListRow, status: int) -> dict[str, str | None]:
    """The record of a detail page: cells of its list row, cells of the page, then a column for each label.

    A label is folded to single blanks; one that stands twice gets ``(2)``. A row with a label alone is a heading.
    Raises ``Fault`` for a page that is not as declared.
    """
    if status >= 400:
        raise Fault(f"the system answers {status}")
    if row.fault:
        raise Fault(f"in the list: {row.fault}")
    fields = select(page, table.detail.row)
    if not fields:
        raise Fault(f"{table.detail.row!r} finds nothing")
    record = dict(row.cells)
    for name, cell in read_cells(page, table.cells).items():
        _put(record, name, cell)
    for ordinal, field in enumerate(fields, 1):
        labels, values = select(field, table.detail.label), select(field, table.detail.value)
        if values and len(labels) != len(values):
            raise Fault(f"row {ordinal}: {len(labels)} labels, {len(values)} values")
        for label, value in zip(labels, values, strict=False):
            _put(record, " ".join(read_text(label).split()), read_text(value))
    return record


def _put(record: dict[str, str | None], name: str, value: str | None) -> None:
    column, times = name, 1
    while column in record:
        times += 1
        column = f"{name} ({times})"
    record[column] = value
