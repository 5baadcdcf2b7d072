"""Records of JSON as raw records: dotted columns of text, and the lists in them as tables of their own.

Shared by the readers of APIs and of files, so that both make the same of the same record.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from connectors.base import RawTable, Rows, Unreadable
from schemas.sources import Nested

ABSENT = object()


def dig(document: Any, path: str) -> Any:
    """What stands at a dotted ``path``, else ``ABSENT``."""
    for part in path.split(".") if path else ():
        if not isinstance(document, dict) or part not in document:
            return ABSENT
        document = document[part]
    return document


def add_record(rows: Rows, table: str, nested: Mapping[str, Nested], object_: str, position: str, record: Any) -> None:
    """One record and the lists in it, or the ``Unreadable`` that it is."""
    try:
        cells = flatten(record, {inner.at for inner in nested.values()})
    except (ValueError, RecursionError) as error:
        rows.reject(Unreadable(table, object_, position, _reason(error), _bytes(record)))
        return
    rows.add(table, object_, position, cells)
    for name, inner in nested.items():
        children = dig(record, inner.at)
        if children is ABSENT or children is None or children == {}:
            continue
        if not isinstance(children, list):
            rows.reject(Unreadable(name, object_, position, f"{inner.at} is no list", _bytes(children)))
            continue
        carried = {column: cells.get(path) for column, path in inner.carry.items()}
        for ordinal, child in enumerate(children, 1):
            place = f"{position}.{ordinal}"
            try:
                rows.add(name, object_, place, flatten(child, ()) | carried)
            except (ValueError, RecursionError) as error:
                rows.reject(Unreadable(name, object_, place, _reason(error), _bytes(child)))


def flatten(record: Any, skip: Collection[str]) -> dict[str, str | None]:
    """``record`` as dotted columns of text, without the paths in ``skip``. Raises ``ValueError`` if one were lost."""
    if not isinstance(record, dict):
        raise ValueError("the record is no object")
    cells: dict[str, str | None] = {}
    _gather(record, "", skip, cells)
    return cells


def _gather(branch: dict[str, Any], prefix: str, skip: Collection[str], cells: dict[str, str | None]) -> None:
    for key, value in branch.items():
        column = prefix + key
        if column in skip:
            continue
        if value in (None, {}, []) and any(path.startswith(f"{column}.") for path in skip):
            continue  # what would have been around a table of its own
        if isinstance(value, dict) and value:
            _gather(value, f"{column}.", skip, cells)
        elif column in cells:
            raise ValueError("two fields of the record become one column")
        else:
            cells[column] = value if isinstance(value, str) else compact(value) if value not in (None, {}) else None


def compact(value: Any) -> str:
    """Compact JSON: of a number its digits, of truth ``true`` or ``false``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False)


def _bytes(value: Any) -> bytes:
    return compact(value).encode("utf-8", "backslashreplace")  # a lone surrogate stays the escape that it was


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else "the record is nested too deep"


def without_hollow_columns(raw: RawTable) -> RawTable:
    """Drop column ``a`` where it holds only the nulls (or PHP's ``[]``) that stand for an absent object ``a.b``."""
    frame = raw.frame
    parents = {parent for parent in frame.columns if any(c.startswith(f"{parent}.") for c in frame.columns)}
    hollow = [c for c in sorted(parents) if (frame[c].isna() | frame[c].eq("[]")).all()]
    return replace(raw, frame=frame.drop(columns=hollow)) if hollow else raw
