"""Looks into an API: its list, its paging, its auth, as the reader ``rest`` declares them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.base import ChannelError
from connectors.http import Answer
from connectors.json_records import dig
from connectors.peek_api import (
    Listed,
    Turned,
    empty_list,
    find_list,
    find_success,
    find_turning,
    shape_of_answer,
    size_in,
)
from connectors.peek_types import Declared, Found
from connectors.peek_visit import Visitor, found, kind_of, name_of, refused
from connectors.rest_body import read_document

_VERSION = re.compile(r"v?\d+(?:\.\d+)*|api", re.IGNORECASE)
_USUAL = ("page", "halaman", "hal", "p")


def look_at_service(visitor: Visitor, answer: Answer) -> Found:
    """What the API says in ``answer``. Raises ``ChannelError`` where no reader takes it."""
    kind = kind_of(answer)
    if answer.status in (401, 403, 419):
        nothing = Declared({}, {})
        return found(
            visitor,
            "rest",
            f"web service that refuses ({answer.status})",
            nothing,
            (),
            [refused(visitor, answer)],
            None,
        )
    if answer.status >= 400:
        raise ChannelError(refused(visitor, answer))
    if kind == "other":
        raise ChannelError(f"{visitor.web.host}: answers neither JSON nor XML nor a web page; no reader takes it")
    document = document_of(answer)
    host, path = visitor.web.host, urlsplit(visitor.address).path
    listed = find_list(document, name_of(visitor.address))
    if listed is None:
        if (at := empty_list(document)) is not None:
            raise ChannelError(
                f"{host}: the list {f'at {at!r} ' if at else ''}in the answer of {path} is empty; "
                "ask for one with records"
            )
        raise ChannelError(
            f"{host}: {path} answers {shape_of_answer(document)}, and no list of records; give the address of a list"
        )
    return _declared(visitor, answer, document, listed)


def document_of(answer: Answer) -> Any:
    """The document in an answer of JSON or XML. Raises ``ChannelError``."""
    return read_document(answer.body, frozenset())[0]


def _declared(visitor: Visitor, answer: Answer, document: Any, listed: Listed) -> Found:
    query = dict(parse_qsl(urlsplit(visitor.address).query, keep_blank_values=True))
    turned = find_turning(document, listed.count, query)
    name = name_of(visitor.address)
    if turned.paging is None:
        turned = _tried(visitor, document, listed, turned, query)
    elif turned.paging.get("kind", "pages") == "pages" and "page" not in query:
        turned = _confirmed(visitor, document, listed, turned, query)
    table = _table(visitor, name, document, listed, turned, query)
    base, path = _apart(visitor.address)
    source: dict[str, Any] = {"url": f"{visitor.web.host}{base}"}
    notes = {"url": "https would hide it on the way"} if _is_open(visitor) else {}
    if visitor.access.token:
        source["auth"] = {"bearer": visitor.access.token}
        notes["auth"] = f"set SATUKANAL_SECRET_{visitor.access.token}"
    if success := find_success(document):
        source["success"] = success
        notes["success"] = "what the answer says of itself; anything else there is an error"
    source["tables"] = {name: {"path": path} | table}
    notes |= {f"tables.{name}.{key}": said for key, said in _notes(listed, turned).items()}
    what = f"JSON API: {listed.count} records {f'at {listed.records!r}' if listed.records else 'in a bare list'}"
    what = what.replace("JSON", "XML") if kind_of(answer) == "xml" else what
    what += f", {turned.said}" if turned.said else ", one page"
    what += f", {turned.total} in all" if turned.total is not None else ""
    nested = list(listed.table.nested)
    problems = _problems(visitor, listed, turned)
    held = f"{turned.total_at} told {turned.total}: as paging.total it would hold each load to it"
    remarks = (held,) if turned.total_at and "total" not in source["tables"][name].get("paging", {}) else ()
    return found(
        visitor,
        "rest",
        what,
        Declared(source, notes, remarks),
        [name, *nested],
        problems,
        "utf-8",
        _numbered(document, listed),
    )


def _numbered(document: Any, listed: Listed) -> dict[str, str]:
    """The lists in records whose items have an ``id`` of their own, each once."""
    keys: dict[str, str] = {}
    for name, inner in listed.table.nested.items():
        items = [
            item
            for record in dig(document, listed.records)
            if isinstance(found_ := dig(record, inner.at), list)
            for item in found_
        ]
        ids = [str(item.get("id")) for item in items if isinstance(item, dict) and item.get("id") is not None]
        if "id" not in inner.carry and items and len(set(ids)) == len(items):
            keys[name] = "id"
    return keys


def _is_open(visitor: Visitor) -> bool:
    return bool(visitor.access.token) and visitor.web.host.startswith("http://")


def _table(
    visitor: Visitor, name: str, document: Any, listed: Listed, turned: Turned, query: Mapping[str, str]
) -> dict[str, Any]:
    table: dict[str, Any] = {"records": listed.records} if listed.records else {}
    kept = {name: value for name, value in query.items() if name not in turned.drop}
    if kept:
        table["query"] = kept
    if turned.paging is not None:
        paging = dict(turned.paging)
        if paging.get("kind") == "datatables":
            table["method"] = "GET"
        elif paging.get("kind", "pages") == "pages" and (size := _size(visitor, document, listed, query)):
            paging |= {"size": size}
        if paging.get("kind") in ("cursor", "link") or "last" in paging:
            paging.pop("total", None)  # a total that counts repeats would stand against what is read
        table["paging"] = paging
    if isinstance(listed.first, list):
        table["columns"] = [f"kolom_{number}" for number in range(1, len(listed.first) + 1)]
    if listed.table.nested:
        table["nested"] = {
            inner_name: {
                "at": inner.at,
                "carry": {
                    f"{name}_{path}" if path in ("id", "pk", "uuid") else column: path
                    for column, path in inner.carry.items()
                },
            }
            for inner_name, inner in listed.table.nested.items()
        }
    return table


def _size(visitor: Visitor, document: Any, listed: Listed, query: Mapping[str, str]) -> str | None:
    """The parameter of a page's size, if asking with it changes how many records come."""
    name = size_in(document, query)
    if name is None or visitor.web.tally.asked >= visitor.access.requests:
        return None
    fewer = max(1, listed.count // 2)
    if listed.count < 2:
        return None
    records = _records(visitor, {**query, name: str(fewer)}, listed)
    return name if records is not None and len(records) == fewer else None


def _records(visitor: Visitor, query: Mapping[str, str], listed: Listed) -> list[Any] | None:
    """The list as it answers to another query; None where it does not."""
    answer = visitor.ask(f"{visitor.address.split('?')[0].split('#')[0]}?{urlencode(query)}")
    if answer.status >= 400 or kind_of(answer) not in ("json", "xml"):
        return None
    records = dig(document_of(answer), listed.records)
    return records if isinstance(records, list) else None


def _tried(visitor: Visitor, document: Any, listed: Listed, turned: Turned, query: Mapping[str, str]) -> Turned:
    """An answer that says nothing of pages: whether ``page`` or ``offset`` change what comes."""
    if turned.total is not None and turned.total <= listed.count:
        return turned
    first = dig(document, listed.records)
    for name, value, paging in (
        ("page", "2", {"page": "page"}),
        ("offset", str(listed.count), {"kind": "offset", "offset": "offset"}),
    ):
        after = _records(visitor, {**query, name: value}, listed)
        if after and after != first and after[0] not in first:
            total = {"total": turned.total_at} if turned.total_at else {}
            said = f"?{name}={value} answers other records"
            return Turned(paging | total, said, turned.total, turned.total_at, turned.drop)
    return turned


def _confirmed(visitor: Visitor, document: Any, listed: Listed, turned: Turned, query: Mapping[str, str]) -> Turned:
    """``turned`` with the parameter that does turn the page: the one that was told, or another that is usual."""
    first = dig(document, listed.records)
    told = str((turned.paging or {}).get("page"))
    for name in dict.fromkeys((told, *_USUAL)):
        after = _records(visitor, {**query, name: "2"}, listed)
        if after and after != first:
            return replace(turned, paging={**(turned.paging or {}), "page": name})
    return turned


def _notes(listed: Listed, turned: Turned) -> dict[str, str]:
    notes = {"records": f"{listed.count} records in the first answer"}
    if turned.paging is not None:
        notes["paging"] = turned.said + (f"; {turned.total} in all" if turned.total is not None else "")
    if isinstance(listed.first, list):
        notes["columns"] = "EDIT: records are lists of cells; name each"
    return notes | {f"nested.{name}": "a list in each record" for name in listed.table.nested}


def _problems(visitor: Visitor, listed: Listed, turned: Turned) -> list[str]:
    problems = []
    if turned.paging is None and turned.total is not None and turned.total > listed.count:
        problems.append(
            f"{visitor.web.host}: says {turned.total} records and gave {listed.count}; how the next page is asked for "
            "could not be found: see paging in docs/readers/rest.md"
        )
    return problems


def _apart(address: str) -> tuple[str, str]:
    """The path of ``address`` as the API's own part (up to its version) and the list's."""
    pieces = urlsplit(address).path.split("/")
    marks = [place for place, piece in enumerate(pieces) if _VERSION.fullmatch(piece)]
    place = marks[-1] + 1 if marks and marks[-1] + 1 < len(pieces) else 1
    return "/".join(pieces[:place]).rstrip("/"), "/" + "/".join(pieces[place:])
