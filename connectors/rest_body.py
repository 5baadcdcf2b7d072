"""Takes the answers of an API apart: JSON or XML, told by their content, and whether they are what was asked for.

What is odd is a ``ChannelError`` that says what came instead and quotes no value. Nobody's text is taken for markup:
entities of XML are not resolved.
"""

import json
import re
from collections.abc import Collection
from typing import Any

from lxml import etree

from connectors.base import ChannelError
from connectors.json_records import ABSENT, compact, dig
from schemas.web_paging import DataTables, Laravel
from schemas.web_sources import RestTable, Success

_MOST_KEYS = 8
_PLAIN_KEY = re.compile(r"[@#A-Za-z_][\w.@#-]{0,30}", re.ASCII)
_PAGE = re.compile(r"<!doctype\s+html|<html[\s>]|<(?:head|body|div|h1|p|br|b)\b", re.IGNORECASE)
_DECLARED = re.compile(r"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)[\"'][^>]*\?>", re.ASCII)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Garbled(ChannelError):
    """An answer is cut off, or no document at all: it may be whole when it is asked for again."""


class Refusal(ChannelError):
    """An answer is a document, but none of the form that was declared."""


def read_document(body: bytes, lists: Collection[str]) -> tuple[Any, bool]:
    """The document in ``body``, and whether it held bytes that are no text.

    XML becomes objects: attributes as ``@name``, text beside them as ``#text``; the root is the one key of the whole.
    Elements at the dotted paths ``lists`` are a list even if there is one only. Raises ``Garbled``, and ``Refusal`` for
    a web page.
    """
    text, garbled = _decoded(body)
    start = text[:600].lstrip("\ufeff \t\r\n")
    if not start.startswith("<"):
        return _json(text), garbled
    if _PAGE.match(start):
        raise Refusal("is a web page where data was expected; check url, path and credentials")
    return _xml(text, lists), garbled


def load_json(body: bytes) -> tuple[Any, bool]:
    """The document in ``body``, and whether it held bytes that are no text. Raises ``Garbled``."""
    text, garbled = _decoded(body)
    return _json(text), garbled


def is_xml(body: bytes) -> bool:
    """Whether ``body`` is XML, told by its first sign."""
    return _decoded(body[:600])[0].lstrip("\ufeff \t\r\n").startswith("<")


def _decoded(body: bytes) -> tuple[str, bool]:
    encoding: str = json.detect_encoding(body)
    if encoding == "utf-8" and (declared := _DECLARED.match(body[:200].decode("latin-1"))):
        encoding = declared[1]
    try:
        return body.decode(encoding), False
    except UnicodeDecodeError:
        return body.decode(encoding, "replace"), True
    except LookupError:
        return body.decode("utf-8", "replace"), True


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number, strict=False)
    except (ValueError, RecursionError) as error:
        raise Garbled("is no JSON, or cut off") from error


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def xml_of(body: bytes) -> etree._Element:
    """The root element of ``body``. Raises as ``xml_root``."""
    return xml_root(_decoded(body)[0])


def xml_root(text: str) -> etree._Element:
    """The root element of ``text``. Raises ``Garbled``, and ``Refusal`` for a text that brings entities of its own."""
    plain = _NO_XML.sub("\ufffd", _DECLARED.sub("", text.lstrip("\ufeff"), count=1))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
                             remove_pis=True, strip_cdata=True)  # fmt: skip
    try:
        root = etree.fromstring(plain.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Garbled("is no XML, or cut off") from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise Refusal("is XML that declares entities; they are not resolved")
    return root


def _xml(text: str, lists: Collection[str]) -> Any:
    root = xml_root(text)
    name = etree.QName(root).localname
    return {name: _element(root, name, frozenset(lists))}


def _element(element: etree._Element, path: str, lists: frozenset[str]) -> Any:
    """What an element holds: text, None where it is empty, or an object."""
    cells: dict[str, Any] = {f"@{etree.QName(name).localname}": value for name, value in element.attrib.items()}
    words = [element.text or ""]
    for child in element:
        name = etree.QName(child).localname
        place = f"{path}.{name}"
        value = _element(child, place, lists)
        if name in cells and isinstance(cells[name], _Several):
            cells[name].append(value)
        elif name in cells:
            cells[name] = _Several((cells[name], value))
        else:
            cells[name] = _Several((value,)) if place in lists else value
        words.append(child.tail or "")
    own = "".join(words).strip()
    if not cells:
        return own or None
    return cells | ({"#text": own} if own else {})


class _Several(list[Any]):
    """Elements of one name; told from a list that is one element's value."""


def lists_of(table: RestTable) -> frozenset[str]:
    """The paths of an answer of ``table`` at which elements of XML are lists."""
    heads = [table.records] if table.detail is None else [table.detail.record]
    return frozenset({table.records} | {f"{head}.{inner.at}" for head in heads for inner in table.nested.values()})


def list_path(table: RestTable) -> str:
    """Where the list of ``table`` is in an answer."""
    return table.records or ("data" if isinstance(table.paging, Laravel | DataTables) else "")


def records_of(document: Any, table: RestTable, *, is_total_told: bool = False) -> list[Any]:
    """The records of one list answer; lists of cells are named by the table's columns. Raises ``Refusal``."""
    path = list_path(table)
    found = dig(document, path)
    if found is ABSENT and not table.records and isinstance(table.paging, DataTables):
        found = dig(document, "aaData")
    if not isinstance(found, list):
        if _is_empty_xml(document, path, is_total_told=is_total_told):
            return []
        raise Refusal(f"has no list {f'at {path!r}' if path else 'as a whole'}, {seen_keys(document)}; see records")
    return [_named(record, table.columns) for record in found] if table.columns else found


def _is_empty_xml(document: Any, path: str, *, is_total_told: bool) -> bool:
    """Whether the element around the list holds none, and nothing that could tell of a fault."""
    head, _, last = path.rpartition(".")
    around = dig(document, head) if head else ABSENT
    if not isinstance(document, dict) or len(document) != 1 or around is ABSENT or isinstance(around, list):
        return False
    if around is None:
        return True
    return isinstance(around, dict) and last not in around and (is_total_told or all(k[0] == "@" for k in around))


def _named(record: Any, columns: tuple[str, ...]) -> Any:
    """A list of cells as an object. A cell beyond the names is named by its place, so that it shows as drift."""
    if not isinstance(record, list):
        return record
    names = (*columns, *(str(n) for n in range(len(columns) + 1, len(record) + 1)))
    return dict(zip(names, record, strict=False))


def whole(document: Any, path: str) -> int:
    """The whole number at ``path``, which may be written as text. Raises ``Refusal``."""
    value = whole_or_none(document, path)
    if value is None:
        raise Refusal(f"has no whole number at {path!r}, {seen_keys(document)}; has the API changed?")
    return value


def whole_or_none(document: Any, path: str) -> int | None:
    """The whole number at ``path``; None if there is none."""
    value = dig(document, path)
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value, re.ASCII):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def check_success(document: Any, success: Success | None) -> None:
    """Raise ``Refusal`` for an answer that does not say that it is one."""
    if success is None:
        return
    value = dig(document, success.at)
    text = "" if value is ABSENT else value if isinstance(value, str) else compact(value)
    if text.strip().lower() not in {word.strip().lower() for word in success.any_of}:
        raise Refusal(f"does not say at {success.at!r} that all is well, {seen_keys(document)}")


def seen_keys(document: Any) -> str:
    """What a document is, for messages: names of keys, which are the API's own words, and no value."""
    if not isinstance(document, dict):
        return "it is a list" if isinstance(document, list) else "it is a bare value"
    plain = [key for key in document if _PLAIN_KEY.fullmatch(key)][:_MOST_KEYS]
    more = len(document) - len(plain)
    named = ", ".join(plain) + (f" and {more} more" if plain and more else f"{more} others" if more else "")
    return f"its keys are {named}" if named else "it is empty"
