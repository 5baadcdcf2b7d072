"""Takes one HTML page apart as a channel file declares it: a value by its selector, a record by its labels, a list.

A page is decoded by its declared charset and parsed by lxml, as leniently as a browser does. A value that is not there,
or stands there twice, is a ``Fault``: nothing is guessed. Fetching is left to ``connectors.html``.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from bs4.element import CData, NavigableString
from soupsieve import SelectorSyntaxError

from connectors.base import ChannelError
from connectors.blank import MASK
from connectors.html_dates import as_iso
from schemas.web_sources import Cell, Fields, HtmlTable, Listing

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
    """The declared values in ``tag`` by name. A date that is not of its declared format is empty, and stands as it came
    in a column of its own, ``name (text)``. Raises ``Fault``.
    """
    found: dict[str, str | None] = {}
    for name, cell in cells.items():
        value = read_cell(tag, name, cell)
        found[name] = value if cell.format is None or value is None else as_iso(value, cell.format)
        if value and found[name] is None and re.search(r"\w", value):
            found[f"{name} (text)"] = value
    return found


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
    if cell.pattern is not None:
        values = [_part(name, value, cell) for value in values]
    if cell.many:
        return json.dumps([v for v in values if v is not None], ensure_ascii=False, separators=(",", ":"))
    return values[0]


def _read_value(tag: Tag, attribute: str | None) -> str | None:
    if attribute is None:
        return read_text(tag)
    value = tag.get(attribute)
    return " ".join(value) if isinstance(value, list) else value


def _part(name: str, value: str | None, cell: Cell) -> str | None:
    """What ``pattern`` finds in a value; of an optional one perhaps nothing. Raises ``Fault``."""
    found = re.search(cell.pattern or "", value) if value else None
    if found is None and not cell.optional:
        raise Fault(f"{name}: {cell.select!r} holds nothing like {cell.pattern!r}")
    return found[1] if found else None


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
    raw: bytes  # the row itself, if it has a fault
    mark: str = ""  # by which the row is known again
    page: str = ""  # the address of the list page


def row_link(tag: Tag, listing: Listing, url: str) -> str | None:
    """The address of the detail page of a row on the page at ``url``. Raises ``Fault``, ``ValueError``."""
    link = read_cell(tag, "link", listing.link) if listing.link else None
    return urldefrag(urljoin(url, link.strip())).url if link else None


def read_record(page: Tag, table: HtmlTable, detail: Fields, row: ListRow, status: int) -> dict[str, str | None]:
    """The record of a detail page: cells of its list row, cells of the page, then a column for each label.

    A label is folded to single blanks; one that stands twice gets ``(2)``. A row with a label alone is a heading.
    Raises ``Fault`` for a page that is not as declared.
    """
    if status >= 400:
        raise Fault(f"the system answers {status}")
    if row.fault:
        raise Fault(f"in the list: {row.fault}")
    record: dict[str, str | None] = {}
    for name, cell in read_cells(page, table.cells).items():
        _put(record, name, cell)
    for label, value in _labelled(page, detail):
        _put(record, label, value)
    return _with_list_cells(record, row.cells)


def _labelled(page: Tag, detail: Fields) -> Iterator[tuple[str, str]]:
    fields = select(page, detail.row)
    if not fields:
        raise Fault(f"{detail.row!r} finds nothing")
    for ordinal, field in enumerate(fields, 1):
        labels, values = select(field, detail.label), select(field, detail.value)
        if values and len(labels) != len(values):
            raise Fault(f"row {ordinal}: {len(labels)} labels, {len(values)} values")
        for label, value in zip(labels, values, strict=False):
            yield " ".join(read_text(label).split()), read_text(value)


def _with_list_cells(record: dict[str, str | None], cells: dict[str, str | None]) -> dict[str, str | None]:
    """``record`` after what only the list tells. The page's value stands where both tell the same, or the list the
    beginning of it; where they differ, that of the list stands as ``name (list)``.
    """
    out: dict[str, str | None] = {}
    for name, value in cells.items():
        if name not in record:
            out[name] = value
        elif value and not _tells(record[name] or "", value):
            out[f"{name} (list)"] = value
    return out | record


def _tells(whole: str, short: str) -> bool:
    """Whether ``whole`` begins with ``short``, which may be cut off, even inside a character. Stars are any sign: an
    erased number in one of both.
    """
    start = " ".join(re.sub(r"(?:\ufffd|\s|\.{2,}|…)+$", "", short).split())
    flat = " ".join(whole.split())
    return len(start) <= len(flat) and all(a == b or MASK in (a, b) for a, b in zip(start, flat, strict=False))


def _put(record: dict[str, str | None], name: str, value: str | None) -> None:
    column, times = name, 1
    while column in record:
        times += 1
        column = f"{name} ({times})"
    record[column] = value
