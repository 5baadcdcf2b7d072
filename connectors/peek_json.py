"""Looks into files of JSON: which lists in them are tables, and how a channel file says where these lie.

Lists at the top are tables; lists in records whose items are records of the same kind (comments, replies) are a thread,
others are nested tables. A document that tells of itself by texts of its own is a record, and its lists are nested.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.base import ChannelError, RawTable
from connectors.json_files import JsonReader
from connectors.peek_outline import Node, outline
from connectors.peek_types import Found, FoundTable
from connectors.plain import PlainFiles, zip_members
from schemas.sources import JsonSource, JsonTable, Nested, Thread

ENDINGS = (".json", ".ndjson", ".jsonl", ".js")
_HEAD = 4 << 20  # bytes of each file that are outlined
_MOST_FILES = 200  # of one kind
_SAME = 0.5  # of the keys of a record, which an inner one must have to be another of its kind
_FEWEST = 3  # keys of a record of its own
_PAGING = re.compile(r"next|prev|page|cursor|token|total|url", re.IGNORECASE)
_OF_ITSELF = re.compile(r"(?:thread|chat|conversation|dialog)_?(?:path|id|name)|^(?:title|name|id)$", re.IGNORECASE)
_BARE_KEYS = ("id", "id_str", "pk", "uuid")
_BARE = ("data", "items", "results", "records", "rows", "list")


@dataclass(frozen=True)
class _Kind:
    """Files of one kind: their names differ in numbers alone."""

    pattern: str  # of their names
    root: Node
    count: int


def look_at_json(files: Sequence[Path], place: str, name: str) -> Found:
    """The tables of files that are one whole. Raises ``ChannelError`` where no list of objects lies in them."""
    everything = _source({"all": JsonTable()}, place)
    archive = PlainFiles.of_json(everything, files, _HEAD)
    tables: dict[str, JsonTable] = {}
    kinds = _kinds(archive)
    several = len([kind for kind in kinds if any(True for _ in _tables(kind, name))]) > 1
    for kind in kinds:
        for proposed, table in _tables(kind, name):
            tables[_free(proposed, tables)] = table.model_copy(update={"files": kind.pattern if several else "*"})
    if not several and any(zipfile.is_zipfile(file) for file in files):
        patterns = {kind.pattern for kind in kinds if any(True for _ in _tables(kind, name))}
        tables = {n: t.model_copy(update={"files": next(iter(patterns))}) for n, t in tables.items()}
    if not tables:
        raise ChannelError(f"{place}: is JSON without a list of objects; there is no table in it")
    found = _unique_nested(tables)
    names = [name for top, table in found.items() for name in (top, *table.nested)]
    rows = _Files(tuple(files), found, place)
    packed = ", zip" if any(zipfile.is_zipfile(file) for file in files) else ""
    several_files = f", {len(files)} files" if len(files) > 1 else ""
    return Found(
        reader="json",
        format=f"JSON{packed}{several_files}",
        encoding="utf-8",
        place=place,
        name=name,
        tables=[FoundTable(one, None, ()) for one in names],
        rows=rows.rows,
        json_tables=found,
    )


def holds_json(file: Path) -> bool:
    """Whether a zip has members that are JSON."""
    return any(member.lower().endswith(ENDINGS) for member in zip_members(file))


def _kinds(archive: PlainFiles) -> list[_Kind]:
    kinds: dict[str, tuple[Node, int]] = {}
    for entry in archive.entries:
        plain = entry.origin.get("member") or entry.origin["path"]
        pattern = re.sub(r"\d+", "*", re.sub(r"[\[\]?*]", "?", plain))
        root, count = kinds.get(pattern, (Node(), 0))
        kinds[pattern] = root, count + 1
        if count < _MOST_FILES:
            outline(archive.stream(entry.name), root)
    return [_Kind(pattern, root, count) for pattern, (root, count) in kinds.items()]


def _tables(kind: _Kind, name: str) -> Iterator[tuple[str, JsonTable]]:
    return tables_of(kind.root, name)


def tables_of(root: Node, name: str) -> Iterator[tuple[str, JsonTable]]:
    """The tables in documents of one kind, with names; the one that has none of its own is called ``name``."""
    if root.is_records and root.item is not None:
        yield from _of_records("", root.item, name)
        return
    lists = list(root.lists_below())
    if not lists and root.objects > 1:  # a record a line, or a file
        yield from _of_records("", root, name)
        return
    if lists and _tells_of_itself(root):
        yield name, JsonTable(nested=_nested(root, ""))
        return
    for path, node in lists:
        if node.item is not None:
            last = next((part for part in reversed(path) if part.casefold() not in _BARE), name)
            yield from _of_records(".".join(path), node.item, last)


def _tells_of_itself(root: Node) -> bool:
    """Whether the document is a record: each tells by which text it is known, and it is no page of a list."""
    own = _scalars(root)
    named = [key for key in own if root.keys[key].texts and _OF_ITSELF.search(key)]
    return bool(named) and not any(_PAGING.search(key) for key in own if key not in named)


def _scalars(record: Node) -> list[str]:
    """Keys of a record under which neither lists nor objects stand."""
    return [key for key, node in record.keys.items() if not node.lists and not node.objects]


def _of_records(at: str, record: Node, name: str) -> Iterator[tuple[str, JsonTable]]:
    """The table of one list. Records that hold nothing but one object each are that object."""
    while len(record.keys) == 1:
        (key, inner), *_ = record.keys.items()
        if not inner.objects or inner.objects < record.objects:
            break
        at, record = f"{at}.{key}".strip("."), inner
    threads = _threads(record)
    yield name, JsonTable(records=at, thread=_thread(record, threads), nested=_nested(record, name, threads),
        whole=tuple(sorted(_whole(record))))  # fmt: skip


def _threads(record: Node) -> list[str]:
    """Paths of lists, in records or in the records of such lists, whose items look like the record."""
    found: list[str] = []
    left = [record]
    while left:
        around = left.pop()
        for path, node in around.lists_below():
            text = ".".join(path)
            if node.item is not None and text not in found and _is_like(node.item, record):
                found.append(text)
                left.append(node.item)
    return found


def _is_like(inner: Node, outer: Node) -> bool:
    """Whether an inner record has what makes the outer one known (an id), and half of its other keys."""
    theirs = {key for key, node in outer.keys.items() if not node.lists and not any(True for _ in node.lists_below())}
    shared = theirs & set(inner.keys)
    has_id = any(re.search(r"(?:^|_)(?:id|pk)(?:$|_)", key) for key in shared)
    return has_id and len(shared) >= max(_FEWEST, _SAME * len(theirs))


def _thread(record: Node, paths: list[str]) -> Thread | None:
    if not paths:
        return None
    key = next(key for key in ("id_str", "id", "pk", *sorted(record.keys)) if key in record.keys)
    return Thread(at=tuple(paths), carry={"parent_id" if "parent_id" not in record.keys else "_parent_id": key})


def _nested(record: Node, name: str, threads: Sequence[str] = ()) -> dict[str, Nested]:
    """Lists of objects in each record that are tables of their own."""
    found: dict[str, Nested] = {}
    carried = _known_by(record)
    for path, node in record.lists_below():
        at = ".".join(path)
        if node.item is None or at in threads or carried is None or len(node.item.keys) < _FEWEST:
            continue
        part = next((part for part in reversed(path) if part.casefold() not in _BARE), path[-1])
        says_little = carried in node.item.keys or carried in _BARE_KEYS
        column = f"{name}_{carried}" if says_little else carried
        found[part] = Nested(at=at, carry={column: carried})
    return found


def _known_by(record: Node) -> str | None:
    """The key of a record by which those in it are told apart."""
    own = _scalars(record)
    ranked = ("id_str", "id", "uuid", "pk", "thread_path", "thread_id", "chat_id", "conversation_id", "nomor", "kode")
    return next((key for key in ranked if key in own), None) or next(
        (key for key in own if _OF_ITSELF.search(key)), None
    )


def _whole(record: Node) -> Iterator[str]:
    """Objects in a record that are records of the same kind themselves, or dictionaries of something."""
    for key, node in record.keys.items():
        if node.objects and (_is_like(node, record) or len(node.keys) > 60):
            yield key


def _free(name: str, taken: dict[str, JsonTable]) -> str:
    plain = re.sub(r"\W+", "_", name).strip("_") or "data"
    return plain if plain not in taken else next(f"{plain}_{n}" for n in range(2, 99) if f"{plain}_{n}" not in taken)


def _unique_nested(tables: dict[str, JsonTable]) -> dict[str, JsonTable]:
    """``tables`` with nested ones of which none is called as another table is."""
    taken = set(tables)
    made: dict[str, JsonTable] = {}
    for top, table in tables.items():
        nested: dict[str, Nested] = {}
        for name, inner in table.nested.items():
            own = name if name not in taken else f"{top}_{name}"
            taken.add(own)
            nested[own] = inner
        made[top] = table.model_copy(update={"nested": nested})
    return made


def _source(tables: dict[str, JsonTable], place: str, names: Sequence[str] = ()) -> JsonSource:
    streams = {name: {"table": name, "key": ["-"], "columns": {"text": "-"}} for name in names or tables}
    raw = {name: table.model_dump(exclude_defaults=True) for name, table in tables.items()}
    return JsonSource.model_validate({"reader": "json", "path": place, "tables": raw, "streams": streams})


@dataclass(frozen=True)
class _Files:
    """The files, through the reader."""

    files: tuple[Path, ...]
    tables: dict[str, JsonTable]
    place: str

    def rows(self, names: Sequence[str]) -> Iterator[RawTable]:
        """The named tables, one file after another."""
        source = _source(self.tables, self.place, names)
        yield from JsonReader().parse(source, PlainFiles.of_json(source, self.files))
