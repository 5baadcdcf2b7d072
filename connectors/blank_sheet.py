"""Blanks one person's rows in workbooks, tables of text and pages called .xls, as ``connectors.blank`` promises.

In XLSX the cells are emptied where they stand, and texts that no cell names any more; other workbooks come back as XLSX
with the same rows. In texts a record keeps its line breaks, so that the records behind it keep their lines.
"""

import csv
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import openpyxl
import python_calamine
from lxml import etree, html

from connectors.archive import Archive
from connectors.blank import LEAST_TELLING, Blanking
from connectors.sheet import headers_of
from connectors.sheet_books import Workbook, open_book
from connectors.sheet_cells import cell_text
from connectors.sheet_html import HtmlTables
from connectors.sheet_text import TextTable
from schemas.sources import SheetSource

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def blank_sheet(source: SheetSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:
    """Files that hold something of the person."""
    for entry in archive.entries:
        body, positions = archive.read(entry.name), what.positions(entry.name)
        book = open_book(archive, entry.name, headers_of(source, entry.name))
        if isinstance(book, TextTable):
            fresh = _blank_text(body, book, positions, what)
        elif isinstance(book, HtmlTables):
            fresh = _blank_page(body, book, positions, what)
        elif zipfile.is_zipfile(io.BytesIO(body)) and "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(body)).namelist():
            fresh = _blank_xlsx(body, positions, source, what)
        else:
            fresh = _as_xlsx(body, book, positions, source, what)
        if fresh != body:
            yield entry.name, fresh


def _kept(what: Blanking) -> set[str]:
    return {cell for one in what.mine for name, cell in one.cells.items() if name in what.keep}


def _rows_of(positions: set[str], sheet: str, *, alone: bool) -> set[str]:
    """Row numbers in ``sheet``: those that name it, and bare ones if it is the sheet that bare ones mean."""
    named = {p.rpartition("!")[2] for p in positions if p.rpartition("!")[0] == sheet}
    return named | ({p for p in positions if "!" not in p} if alone else set())


def _is_mapped(sheet: str, source: SheetSource) -> bool:
    tables = {m.table for m in source.streams.values()} | {e.table for m in source.streams.values() for e in m.events}
    return " ".join(sheet.split()).casefold() in {" ".join(table.split()).casefold() for table in tables}


def _blank_xlsx(body: bytes, positions: set[str], source: SheetSource, what: Blanking) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old:
        parts = {info.filename: old.read(info) for info in old.infolist()}
        sheets = _sheet_parts(parts)
        shared_part = next((name for name in parts if name.endswith("sharedStrings.xml")), None)
        shared = etree.fromstring(parts[shared_part], _PARSER) if shared_part else None
        texts = [_text_of(si) for si in shared] if shared is not None else []
        kept, used, before = _kept(what), set[int](), dict(parts)
        for name, part in sheets.items():
            root = etree.fromstring(parts[part], _PARSER)
            rows = _rows_of(positions, name, alone=_is_mapped(name, source))
            changed = _clear_rows(root, rows, texts, kept, what)
            used |= {int(v.text) for c in root.iter(f"{_MAIN}c") if c.get("t") == "s" for v in c.iter(f"{_MAIN}v")}
            if changed:
                parts[part] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
        if shared is not None and shared_part and _clear_texts(shared, used, what):
            parts[shared_part] = etree.tostring(shared, xml_declaration=True, encoding="UTF-8", standalone=True)
        for name, content in parts.items():  # pivot caches, comments, headers and footers
            if name.endswith((".xml", ".rels", ".vml")) and name != shared_part:
                only = f"{_MAIN}hyperlink" if name in sheets.values() else etree.Element  # cells were looked at
                parts[name] = _masked_xml(content, only, what)
        if parts == before:
            return body
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                new.writestr(info, parts[info.filename])
    return out.getvalue()


def _sheet_parts(parts: dict[str, bytes]) -> dict[str, str]:
    """Sheet name → the part that holds it."""
    book = etree.fromstring(parts["xl/workbook.xml"], _PARSER)
    relations = etree.fromstring(parts["xl/_rels/workbook.xml.rels"], _PARSER)
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    found = {}
    for sheet in book.iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_REL), "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        if part in parts and "worksheets" in part:
            found[sheet.get("name", "")] = part
    return found


def _text_of(element: Any) -> str:
    return "".join(t.text or "" for t in element.iter(f"{_MAIN}t"))


def _clear_rows(root: Any, rows: set[str], texts: Sequence[str], kept: set[str], what: Blanking) -> bool:
    changed = False
    for row in root.iter(f"{_MAIN}row"):
        for cell in row.iter(f"{_MAIN}c"):
            kind, value = cell.get("t"), cell.find(f"{_MAIN}v")
            written = (value.text or "") if value is not None else ""
            text = texts[int(written)] if kind == "s" and written else written or _text_of(cell)
            if text and row.get("r") in rows and text not in kept:
                _put(cell, "")
            elif kind != "s" and what.masked(text) != text:
                _put(cell, what.masked(text))
            else:
                continue
            changed = True
    return changed


def _put(cell: Any, text: str) -> None:
    """Leave nothing in a cell but its place, its look, and ``text``."""
    kept = {name: cell.get(name) for name in ("r", "s") if cell.get(name)}
    cell.clear()
    cell.attrib.update(kept)
    if text:
        cell.set("t", "inlineStr")
        etree.SubElement(etree.SubElement(cell, f"{_MAIN}is"), f"{_MAIN}t").text = text


def _clear_texts(shared: Any, used: set[int], what: Blanking) -> bool:
    """Empty the shared texts that no cell names, and mask the person's numbers in the others."""
    changed = False
    for number, si in enumerate(shared):
        text = _text_of(si)
        fresh = what.masked(text) if number in used else ""
        if fresh != text:
            si.clear()
            etree.SubElement(si, f"{_MAIN}t").text = fresh
            changed = True
    return changed


def _masked_xml(content: bytes, only: Any, what: Blanking) -> bytes:
    telling = {c for one in what.mine for n, c in one.cells.items() if n not in what.keep and len(c) >= LEAST_TELLING}
    try:
        root, changed = etree.fromstring(content, _PARSER), False
    except etree.XMLSyntaxError:  # .vml is not always XML
        return what.masked(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    for element in root.iter(only):
        for value, put in ((element.text, "text"), *((v, k) for k, v in element.attrib.items())):
            told = (value or "").removeprefix("mailto:").removeprefix("tel:")
            fresh = "" if told in telling else what.masked(value or "")
            if value and fresh != value:
                changed = True
                if put == "text":
                    element.text = fresh
                else:
                    element.set(put, fresh)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True) if changed else content


def _as_xlsx(body: bytes, book: Any, positions: set[str], source: SheetSource, what: Blanking) -> bytes:
    """XLS, XLSB and ODS, which nobody writes in place, as XLSX with the same sheets, rows and merged headers."""
    assert isinstance(book, Workbook)  # noqa: S101 (open_book knows no other)
    kept, changed = _kept(what), False
    old, new = python_calamine.load_workbook(io.BytesIO(body)), openpyxl.Workbook()
    new.remove(new.active)
    for name in old.sheet_names:
        page, sheet = old.get_sheet_by_name(name), new.create_sheet(name)
        rows = _rows_of(positions, name, alone=_is_mapped(name, source))
        shift = page.start[1] if page.start else 0
        for number, row in enumerate(page.iter_rows(), start=1):
            for column, cell in enumerate(row, start=1 + shift):
                text = cell_text(cell)
                own = str(number) in rows and text not in kept
                gone = text is not None and (own or what.masked(text) != text)
                changed = changed or gone
                if text is not None and not gone:
                    sheet.cell(number, column).value = cell
                elif gone and text is not None and not own and isinstance(cell, str):
                    sheet.cell(number, column).value = what.masked(text)
        for (top, left), (bottom, right) in page.merged_cell_ranges or ():
            sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
    if not changed:
        return body
    out = io.BytesIO()
    new.save(out)
    return out.getvalue()


def _blank_text(body: bytes, book: TextTable, positions: set[str], what: Blanking) -> bytes:
    encoding, kept, out = book.encoding, _kept(what), []
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    for line, row, raw in book.records():
        if str(line) in positions:
            out.append(_emptied(row, raw, book.delimiter, kept))
        else:
            out.append(what.masked(raw))
    skipped = book.before_records()
    text = skipped + "".join(out)
    encoded = text.encode(encoding, errors if errors != "replace" else "strict")
    return body if text == skipped + "".join(raw for _, _, raw in book.records()) else encoded


def _emptied(row: Any, raw: str, delimiter: str, kept: set[str]) -> str:
    """A record without its words, on as many lines as before; of what is no record nothing but line breaks is left."""
    breaks = re.findall(r"\r\n|\n|\r", raw)
    if not isinstance(row, list):
        return "".join(breaks)
    end = breaks.pop() if breaks and raw.endswith(breaks[-1]) else ""
    cells = [cell if cell in kept else "" for cell in row]
    inside = "".join(breaks[: len(breaks) - sum(len(re.findall(r"\r\n|\n|\r", cell)) for cell in cells)])
    if inside and "" in cells:
        cells[cells.index("")] = inside
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells)
    return line.getvalue() + end


def _blank_page(body: bytes, book: HtmlTables, positions: set[str], what: Blanking) -> bytes:
    encoding = {"utf-8-sig": "utf-8"}.get(book.encoding, book.encoding)
    document = html.document_fromstring(body, parser=html.HTMLParser(encoding=encoding))
    kept, changed = _kept(what), False
    outer = [t for t in document.iter("table") if not any(a.tag == "table" for a in t.iterancestors())]
    first = int(book.sheets[0].removeprefix("tabel "))
    for ordinal, table in enumerate(outer, start=1):
        rows = [r for r in table.iter("tr") if next(a for a in r.iterancestors("table")) is table]
        own = _rows_of(positions, f"tabel {ordinal}", alone=ordinal == first)
        for number, row in enumerate(rows, start=1):
            for cell in row.iterchildren("td", "th"):
                text = cell.text_content()
                fresh = "" if str(number) in own and " ".join(text.split()) not in kept else what.masked(text)
                if fresh != text:
                    changed = True
                    span = {k: v for k, v in cell.attrib.items() if k in ("rowspan", "colspan")}
                    tail = cell.tail
                    cell.clear()
                    cell.attrib.update(span)
                    cell.text, cell.tail = fresh, tail
    made: bytes = html.tostring(document, encoding=encoding, doctype=document.getroottree().docinfo.doctype)
    return made if changed else body
