"""Blanks one person's records in answers of an API, as ``connectors.blank`` promises: lists, details, JSON and XML."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from lxml import etree

from connectors.archive import Archive, Entry
from connectors.blank import Blanking
from connectors.json_records import dig
from connectors.rest_asking import BROKEN
from connectors.rest_body import is_xml, list_path, lists_of, load_json, read_document, records_of, xml_of
from connectors.rest_keys import detail_columns, detail_name, detail_path
from connectors.rest_lists import DETAIL, detail_of
from connectors.rest_paging import total_of
from schemas.web_sources import RestSource, RestTable


def blank_rest(source: RestSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:
    """Answers of an API, written anew where they hold something of the person.

    Of an answer that was broken nobody can tell whom it speaks of: where a table holds something of the person all its
    broken ones become empty.
    """
    for name, table in source.tables.items():
        entries = [entry for entry in archive.entries if entry.origin.get("table") == name]
        gone = {entry.name for entry in entries if what.positions(entry.name)}
        positions: dict[str, set[str]] = {}  # by SHA-256: of pages that came twice to the letter only one was read
        for entry in entries:
            positions.setdefault(entry.sha256, set()).update(what.positions(entry.name))
        for entry in entries:
            body = archive.read(entry.name)
            if entry.origin.get("part") == BROKEN:
                if body and gone:
                    yield entry.name, b""
            elif entry.origin.get("status") not in ("404", "410"):
                places = _places(entry, body, name, table, gone, positions[entry.sha256])
                fresh = (
                    _xml(entry, body, table, places, what) if is_xml(body) else _json(entry, body, table, places, what)
                )
                if fresh is not None:
                    yield entry.name, fresh


def _places(
    entry: Entry, body: bytes, name: str, table: RestTable, gone: Collection[str], read: set[str]
) -> frozenset[int]:
    """Where in an answer, from 0, the person's records are: what was read there, and what was read whole elsewhere."""
    positions = {int(position.split(".")[0]) - 1 for position in read}
    if table.detail is not None and entry.origin.get("content") != DETAIL:
        document, _ = read_document(body, lists_of(table))
        rows = records_of(document, table, is_total_told=total_of(table.paging, document) is not None)
        paths = [detail_path(table.detail, record) for record in rows]
        positions |= {at for at, path in enumerate(paths) if path is not None and detail_name(name, path) in gone}
    return frozenset(positions)


def _kept(table: RestTable, what: Blanking) -> frozenset[str]:
    return what.keep | (detail_columns(table.detail) if table.detail else frozenset())


def _json(entry: Entry, body: bytes, table: RestTable, places: frozenset[int], what: Blanking) -> bytes | None:
    document, _ = load_json(body)
    if table.detail is not None and entry.origin.get("content") == DETAIL:
        rows = [detail_of(document, table.detail.record)]
    else:
        path = list_path(table)
        found = dig(document, path)
        rows = found if isinstance(found, list) else dig(document, "aaData")
    emptied = {id(row) for at, row in enumerate(rows) if at in places}
    keep = _kept(table, what)

    def walk(value: Any) -> Any:
        if id(value) in emptied and isinstance(value, dict):
            return _emptied(value, "", keep, what)
        if id(value) in emptied and isinstance(value, list):
            names = (*table.columns, *([""] * len(value)))
            return [what.leaf(cell) if name in keep else None for name, cell in zip(names, value, strict=False)]
        if isinstance(value, dict):
            return {key: walk(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        return what.leaf(value)

    blanked = walk(document)
    if blanked == document:
        return None
    return json.dumps(blanked, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _emptied(branch: dict[str, Any], prefix: str, keep: frozenset[str], what: Blanking) -> dict[str, Any]:
    """The record with nulls for values and nothing in its lists; what is kept is still masked."""
    out: dict[str, Any] = {}
    for key, value in branch.items():
        column = prefix + key
        if isinstance(value, dict):
            out[key] = _emptied(value, f"{column}.", keep, what)
        elif isinstance(value, list):
            out[key] = []
        else:
            out[key] = what.leaf(value) if column in keep else None
    return out


def _xml(entry: Entry, body: bytes, table: RestTable, places: frozenset[int], what: Blanking) -> bytes | None:
    root = xml_of(body)
    before = etree.tostring(root)
    is_detail = table.detail is not None and entry.origin.get("content") == DETAIL
    path = table.detail.record if table.detail is not None and is_detail else list_path(table)
    keep = _kept(table, what)
    for at, element in enumerate(_elements(root, path)):
        if at in places:
            for inner in table.nested.values():
                for child in _below(element, inner.at.split(".")):
                    child.getparent().remove(child)
            _empty(element, "", keep)
    for element in root.iter():
        element.text, element.tail = (text and what.masked(text) for text in (element.text, element.tail))
        for name, value in element.attrib.items():
            element.attrib[name] = what.masked(value)
    return etree.tostring(root, encoding="utf-8") if etree.tostring(root) != before else None


def _elements(root: etree._Element, path: str) -> list[etree._Element]:
    """The elements at a dotted path that begins with the root."""
    head, *rest = path.split(".")
    return _below(root, rest) if etree.QName(root).localname == head else []


def _below(element: etree._Element, names: list[str]) -> list[etree._Element]:
    found = [element]
    for name in names:
        found = [child for one in found for child in one if etree.QName(child).localname == name]
    return found


def _empty(element: etree._Element, column: str, keep: frozenset[str]) -> None:
    """Take away what the element says, but for the columns ``keep``."""
    prefix = f"{column}." if column else ""
    for name in list(element.attrib):
        if f"{prefix}@{etree.QName(name).localname}" not in keep:
            element.attrib[name] = ""
    if not {column, f"{prefix}#text"} & keep:
        element.text = None
        for child in element:
            child.tail = None
    for child in element:
        _empty(child, prefix + etree.QName(child).localname, keep)
