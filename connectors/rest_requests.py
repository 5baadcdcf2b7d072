"""How the request for one page of a list is written: in the query, as a form, or as a document of JSON."""

import copy
from collections.abc import Mapping
from typing import Any

from connectors.http import Request, WebSession
from connectors.rest_paging import Turn
from schemas.web_paging import DataTables
from schemas.web_sources import RestTable


def request_of(table: RestTable, turn: Turn, web: WebSession, more: Mapping[str, str]) -> Request:
    """The request for one page; ``more`` stands in the query, form or document besides."""
    values: dict[str, Any] = dict(turn.values)
    paging = table.paging
    if isinstance(paging, DataTables):
        values |= {"length": paging.per_page} | _columns(table, paging)
    elif paging is not None and paging.size:
        values[paging.size] = paging.per_page
    if turn.url:
        values, more = {}, {}
    values |= more
    texts = {name: str(value) for name, value in values.items()}
    verb = table.verb
    if verb == "GET":
        return Request(turn.url or web.at(table.path, {**table.query, **texts}))
    url = turn.url or web.at(table.path, table.query)
    if table.document is not None:
        document = copy.deepcopy(table.document)
        for name, value in values.items():
            _put(document, name, value)
        return Request(url, verb, document=document)
    return Request(url, verb, {**(table.form or {}), **texts})


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set ``value`` at a dotted path, making the objects on the way."""
    *heads, last = path.split(".")
    for head in heads:
        inner = document.get(head)
        document[head] = inner if isinstance(inner, dict) else {}
        document = document[head]
    document[last] = value


def _columns(table: RestTable, paging: DataTables) -> dict[str, Any]:
    """What the script of DataTables tells of its columns, and by which it wants the rows in order."""
    told: dict[str, Any] = {}
    for place, name in enumerate(table.columns):
        told |= {
            f"columns[{place}][data]": name,
            f"columns[{place}][name]": name,
            f"columns[{place}][searchable]": "true",
            f"columns[{place}][orderable]": "true",
        }
    if paging.order is not None:
        place = table.columns.index(paging.order) if paging.order in table.columns else 0
        told |= {"order[0][column]": place, "order[0][dir]": "asc"}
    return told
