"""Blanks one person's records in rows of a database, in files of JSON and in chats, as ``connectors.blank`` promises.

Where a record is not found by its place it is found by what it holds: all of its key, and most of its cells.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from connectors.archive import Archive
from connectors.blank import Blanking, Mine
from connectors.files import NAMES
from connectors.json_records import compact
from connectors.json_text import ASSIGNED
from connectors.lookups import tables_that_tell
from schemas.sources import ChatSource, JsonSource, SqlSource


def blank_sql(source: SqlSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:
    """Objects of rows: a line of columns, then a JSON list for each row."""
    persons = tables_that_tell(source, what.personal)
    for entry in archive.entries:
        if entry.origin.get("content") != "rows":
            continue
        body = archive.read(entry.name)
        head, *lines = body.splitlines(keepends=True)
        columns = [column["name"] for column in orjson.loads(head)["columns"]]
        out = [head]
        for number, line in enumerate(lines, start=1):
            cells = dict(zip(columns, orjson.loads(line), strict=True))
            own = str(number) in what.positions(entry.name) and _is_mine(cells, what)
            if entry.origin["table"] in persons:
                own = what.is_theirs([cell for cell in cells.values() if cell is not None])
            fresh = [_cell(name, cell, what, own=own) for name, cell in cells.items()]
            out.append(line if fresh == list(cells.values()) else orjson.dumps(fresh) + b"\n")
        if (made := b"".join(out)) != body:
            yield entry.name, made


def _cell(name: str, cell: str | None, what: Blanking, *, own: bool) -> str | None:
    if cell is None:
        return None
    return None if own and name not in what.keep else what.masked(cell)


def _is_mine(cells: dict[str, str | None], what: Blanking) -> bool:
    found = {cell for cell in cells.values() if cell is not None}
    own = (replace(one, cells={n: c for n, c in one.cells.items() if n in cells}) for one in what.mine)
    return any(what.is_record(one, found) for one in own)  # columns that were joined in stand elsewhere


def blank_json(source: JsonSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:  # noqa: ARG001
    """Files of JSON, a document or one a line, or what archives of X hold."""
    for entry in archive.entries:
        body = archive.read(entry.name)
        text = body.decode(json.detect_encoding(body), "surrogateescape")
        mine = [one for one in what.mine if one.object == entry.name]
        fresh = _blank_documents(text, mine, what)
        if fresh != text:
            yield entry.name, fresh.encode("utf-8", "surrogateescape")


def _blank_documents(text: str, mine: list[Mine], what: Blanking) -> str:
    assigned = ASSIGNED.match(text)
    start = assigned.end() if assigned else 0
    rest = text[start:]
    try:
        document = json.loads(rest.rstrip().rstrip(";"), strict=False)
    except ValueError:
        return "".join(_blank_line(line, mine, what) for line in text.splitlines(keepends=True))
    fresh = _walk(document, mine, what)
    return text if fresh == document else text[:start] + json.dumps(fresh, ensure_ascii=False)


def _blank_line(line: str, mine: list[Mine], what: Blanking) -> str:
    try:
        document = json.loads(line, strict=False)
    except ValueError:
        return what.masked(line)
    fresh = _walk(document, mine, what)
    return line if fresh == document else json.dumps(fresh, ensure_ascii=False) + "\n"


def _walk(value: Any, mine: list[Mine], what: Blanking) -> Any:
    if isinstance(value, list):
        return [_walk(inner, mine, what) for inner in value]
    if isinstance(value, dict):
        found = set(_leaves(value))
        if any(what.is_record(one, found) for one in mine):
            return _emptied(value, "", mine, what)
        return {key: _walk(inner, mine, what) for key, inner in value.items()}
    return what.leaf(value)


def _leaves(record: dict[str, Any]) -> Iterator[str]:
    for value in record.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        elif value is not None:
            yield value if isinstance(value, str) else compact(value)


def _emptied(record: dict[str, Any], prefix: str, mine: list[Mine], what: Blanking) -> dict[str, Any]:
    """A record with nulls for values; what others said below it stays."""
    out: dict[str, Any] = {}
    for key, value in record.items():
        column = prefix + key
        if isinstance(value, dict):
            inner = value.get("data")
            nested = isinstance(inner, list) and any(isinstance(one, dict) for one in inner)
            out[key] = _walk(value, mine, what) if nested else _emptied(value, f"{column}.", mine, what)
        elif isinstance(value, list):
            out[key] = [_walk(one, mine, what) for one in value if isinstance(one, dict)]
        else:
            out[key] = what.leaf(value) if column in what.keep else None
    return out


def blank_chat(source: ChatSource, archive: Archive, what: Blanking) -> Iterator[tuple[str, bytes]]:  # noqa: ARG001
    """Exported chats: of the person's messages the time is left, and as many lines as there were; their media go."""
    for entry in archive.entries:
        mine = [one for one in what.mine if one.object.split("/")[0] == entry.name]
        body = archive.read(entry.name)
        if entry.name == NAMES:  # a chat may be named for the person
            fresh = what.masked(body.decode()).encode()
        else:
            fresh = _blank_zip(body, mine, what) if body.startswith(b"PK") else _blank_chat(body, mine, what)
        if fresh != body:
            yield entry.name, fresh


def _blank_zip(body: bytes, mine: list[Mine], what: Blanking) -> bytes:
    out = io.BytesIO()
    sent = {file for one in mine for file in json.loads(one.cells.get("media") or "[]")}
    changed = False
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            fresh = _blank_chat(content, mine, what) if info.filename.lower().endswith(".txt") else content
            gone = info.filename.rsplit("/", 1)[-1] in sent
            changed = changed or gone or fresh != content
            if not gone:
                new.writestr(info, fresh)
    return out.getvalue() if changed else body


def _blank_chat(content: bytes, mine: list[Mine], what: Blanking) -> bytes:
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    for one in mine:
        first, words = int(one.position) - 1, one.cells.get("text", "")
        sender = one.cells.get("sender", "")
        if first >= len(lines) or sender not in lines[first]:
            continue  # another text of the same zip
        for at in range(first, min(first + 1 + words.count("\n"), len(lines))):
            end = re.search(r"[\r\n]*\Z", lines[at])
            kept = f"{lines[at].partition(sender)[0]}-: " if at == first else ""
            lines[at] = kept + (end[0] if end else "")
    return what.masked("".join(lines)).encode("utf-8", "surrogateescape")
