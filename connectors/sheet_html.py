"""Web pages under a workbook's name: what a PHP script writes and calls ``.xls``. Their tables are the sheets.

A page is read as a stream, row by row; cells that span rows or columns keep the others in their places.
"""

import io
from collections.abc import Iterator
from typing import Any

from lxml import etree

from connectors.archive import Archive
from connectors.base import ChannelError
from connectors.sheet_text import ByteStream

MOST_COLUMNS = 1_024  # that spans may fill; what reaches further is a slip, or a bomb
_BLOCKS = frozenset({"br", "p", "div", "li"})


class HtmlTables:
    """The tables of a page as sheets ``tabel 1``, ``tabel 2`` …; the one that holds most wanted headers comes first."""

    remarks: tuple[str, ...] = ()

    def __init__(
        self, archive: Archive, name: str, encoding: str, first: int, last: int, wanted: frozenset[str]
    ) -> None:
        """Raises ``ChannelError`` for a page without tables."""
        self._archive, self._name, self.encoding = archive, name, encoding
        self._first, self._last = first, last
        found: dict[int, set[str]] = {}
        for table, number, row in self._all(last):
            names = found.setdefault(table, set())
            if number >= first:
                names |= {" ".join(cell.split()).casefold() for cell in row} & wanted
        if not found:
            raise ChannelError(f"{name}: is a web page without a table; open it and save it as .xlsx")
        order = sorted(found, key=lambda table: (-len(found[table]), table))
        self.sheets = tuple(f"tabel {table}" for table in order)

    def rows(self, sheet: str) -> Iterator[tuple[int, list[str]]]:
        """See ``sheet_books.Book``."""
        wanted = int(sheet.removeprefix("tabel "))
        for table, number, row in self._all(None):
            if table == wanted:
                yield number, row
            elif table > wanted:
                return

    def _all(self, last: int | None) -> Iterator[tuple[int, int, list[str]]]:
        """Number of the table, number of the row in it, cells; of each table only the rows up to ``last``."""
        stream = io.BufferedReader(ByteStream(self._archive.stream(self._name)))
        encoding = {"utf-8-sig": "utf-8"}.get(self.encoding, self.encoding)
        depth = table = number = 0
        spans: dict[int, tuple[int, str]] = {}  # column: rows that are still covered, text
        tags = ("table", "tr")
        try:
            for event, element in etree.iterparse(
                stream, events=("start", "end"), tag=tags, html=True, encoding=encoding, recover=True, huge_tree=True
            ):
                if element.tag == "table":
                    depth += 1 if event == "start" else -1
                    if depth == 1 and event == "start":
                        table, number, spans = table + 1, 0, {}
                elif event == "end" and depth <= 1:
                    table, number = max(table, 1), number + 1
                    if last is None or number <= last:
                        yield table, number, self._row(element, number, spans)
                    _forget(element)
        except etree.XMLSyntaxError as error:
            raise ChannelError(f"{self._name}: is a web page that cannot be read; save it as .xlsx") from error

    def _row(self, element: Any, number: int, spans: dict[int, tuple[int, str]]) -> list[str]:
        header = self._first <= number <= self._last
        row: list[str] = []

        def covered() -> None:
            while len(row) in spans:
                left, text = spans.pop(at := len(row))
                if left > 1:
                    spans[at] = left - 1, text
                row.append(text if header else "")

        for cell in element.iterchildren("td", "th"):
            covered()
            text = _text(cell)
            down, right = _span(cell, "rowspan"), _span(cell, "colspan")
            for place in range(max(1, min(right, MOST_COLUMNS - len(row)))):
                if down > 1:
                    spans[len(row)] = down - 1, text
                row.append(text if place == 0 or header else "")
        covered()
        while row and not row[-1]:
            row.pop()
        return row


def _forget(element: Any) -> None:
    """Free a row that was read, and those before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _span(cell: Any, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return max(int(value), 1) if value.isdecimal() and len(value) < 6 else 1


def _text(cell: Any) -> str:
    """Text as a browser shows it: blanks joined, a new line where the page breaks one."""
    if not len(cell):
        return " ".join((cell.text or "").split())
    parts: list[str] = []
    for node in cell.iter():
        if isinstance(node.tag, str):
            if node.tag in _BLOCKS and node is not cell:
                parts.append("\n")
            if node.tag not in ("script", "style"):
                parts.append(" ".join((node.text or "").split("\n")))
        if node is not cell and node.tail:
            parts.append(" ".join(node.tail.split("\n")))
    lines = ("".join(parts)).replace("\xa0", " ").split("\n")
    return "\n".join(text for line in lines if (text := " ".join(line.split())))
