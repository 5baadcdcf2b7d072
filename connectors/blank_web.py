"""Blanks one person's records in answers of an API and in pages of HTML, as ``connectors.blank`` promises."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bs4 import Tag
from bs4.element import NavigableString

from connectors.archive import Archive, Entry
from connectors.blank import Blanking
from connectors.json_records import dig
from connectors.pages import Fault, charset_of, read_page, read_text, row_link, select
from connectors.rest import load_json
from schemas.web_sources import HtmlSource, HtmlTable, RestSource, RestTable

_KEPT_ATTRIBUTES = frozenset({"class", "id", "rel", "type", "name", "charset", "http-equiv", "content"})


def blank_rest(source: RestSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:
    """Pages of a JSON API, written anew where they hold something of the person."""
    for entry in archive.entries:
        table = source.tables.get(entry.origin.get("table", ""))
        if table is None:
            continue
        document, _ = load_json(archive.read(entry.name))
        blanked = _blank_page(document, table, what.positions(entry.name), what)
        if blanked != document:
            yield entry.name, json.dumps(blanked, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _blank_page(document: Any, table: RestTable, positions: set[str], what: Blanking) -> Any:
    found = dig(document, table.records)
    records = found if isinstance(found, list) else []
    at = {position.split(".")[0] for position in positions}
    gone = {id(record) for ordinal, record in enumerate(records, 1) if str(ordinal) in at}

    def walk(value: Any) -> Any:
        if id(value) in gone and isinstance(value, dict):
            return _emptied(value, "", what)
        if isinstance(value, dict):
            return {key: walk(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        return what.leaf(value)

    return walk(document)


def _emptied(branch: dict[str, Any], prefix: str, what: Blanking) -> dict[str, Any]:
    """The record with nulls for values and nothing in its lists; what is kept is still masked."""
    out: dict[str, Any] = {}
    for key, value in branch.items():
        column = prefix + key
        if isinstance(value, dict):
            out[key] = _emptied(value, f"{column}.", what)
        elif isinstance(value, list):
            out[key] = []
        else:
            out[key] = what.leaf(value) if column in what.keep else None
    return out


def blank_html(source: HtmlSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:
    """Detail pages of the person, their rows on list pages, and pages that speak of them."""
    for name, table in source.tables.items():
        entries = [entry for entry in archive.entries if entry.origin.get("table") == name]
        gone = {entry.origin["url"] for entry in entries if what.positions(entry.name)}
        for entry in entries:
            body = archive.read(entry.name)
            page, _ = read_page(body, entry.origin["content_type"])
            before = str(page)
            if entry.origin.get("part") == "list":
                _blank_rows(page, table, entry, gone, what)
            elif what.positions(entry.name):
                _blank_detail(page, table, what)
            _mask_page(page, what)
            if str(page) != before:
                charset = charset_of(body, entry.origin["content_type"])
                yield entry.name, page.encode(charset, formatter="minimal")


def _blank_rows(page: Tag, table: HtmlTable, entry: Entry, gone: set[str], what: Blanking) -> None:
    for row in select(page, table.listing.row):
        try:
            link = row_link(row, table.listing, entry.origin["url"])
        except (Fault, ValueError):
            continue
        if link in gone:
            kept = [
                t for name, cell in table.listing.cells.items() if name in what.keep for t in row.select(cell.select)
            ]
            _clear(row, kept, select(row, table.listing.link.select))


def _blank_detail(page: Tag, table: HtmlTable, what: Blanking) -> None:
    kept = [tag for name, cell in table.cells.items() if name in what.keep for tag in select(page, cell.select)]
    for field_ in select(page, table.detail.row):
        labels = select(field_, table.detail.label)
        kept += labels
        if any(" ".join(read_text(label).split()) in what.keep for label in labels):
            kept += select(field_, table.detail.value)
    _clear(page, kept, [])


def _clear(root: Tag, kept: Sequence[Tag], linked: Sequence[Tag]) -> None:
    """Empty every text and every telling attribute in ``root`` but in ``kept``; ``linked`` keep their attributes."""
    stay = {id(tag) for one in kept for tag in (one, *one.find_all(True))}
    for text in list(root.find_all(string=True)):
        if id(text.parent) not in stay:
            text.replace_with(NavigableString("")) if type(text) is NavigableString else text.extract()
    reach = {id(tag) for tag in linked}
    for tag in root.find_all(True):
        if id(tag) not in stay | reach:
            tag.attrs = {k: v if k in _KEPT_ATTRIBUTES else "" for k, v in tag.attrs.items()}


def _mask_page(page: Tag, what: Blanking) -> None:
    for text in list(page.find_all(string=True)):
        if (masked := what.masked(str(text))) != str(text):
            text.replace_with(type(text)(masked))
    for tag in page.find_all(True):
        for key, value in tag.attrs.items():
            if isinstance(value, str) and what.masked(value) != value:
                tag.attrs[key] = what.masked(value)
