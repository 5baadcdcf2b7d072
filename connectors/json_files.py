"""Reads files of JSON: answers that were saved from an API, and the archives that social media give to their users.

``extract`` archives files byte for byte; of a zip the members that a table names, each an object of its own, for the
rest is pictures. Records become dotted columns of text (``connectors.json_records``). What they mean is left to
``transforms.normalise``.
"""

import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from connectors.archive import Archive, ArchiveWriter, Entry
from connectors.base import ChannelError, Context, RawTable, RetryError, Rows, Unreadable
from connectors.files import find_files, mapped_tables
from connectors.json_records import ABSENT, add_record, compact, dig, without_hollow_columns
from connectors.json_text import Broken, Found, JsonText, read_records
from connectors.lookups import with_lookups
from schemas.sources import JsonSource, JsonTable, Thread

_CHUNK = 1 << 20
_ENDINGS = (".json", ".ndjson", ".jsonl", ".js")
_MOST_RATIO = 250  # JSON packs to a tenth, repeated JSON to a hundredth
_FREE_BYTES = 256 << 20  # below this no ratio is suspicious
_DEEPEST = 50  # replies to replies


class JsonReader:
    """The reader ``json``."""

    def extract(self, source: JsonSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the files and the members of zips. Raises ``ChannelError`` for what is missing, locked or a bomb.

        Raises ``RetryError`` for a file that changes meanwhile. Progress is told in files.
        """
        files = find_files(source.path, context.sources_dir)
        numbers = itertools.count(1)
        for done, file in enumerate(files, 1):
            before = file.stat()
            try:
                if zipfile.is_zipfile(file):
                    _archive_members(file, numbers, source, archive)
                else:
                    _write(archive, next(numbers), file.name, _file_chunks(file), {"path": file.name})
            except OSError as error:
                raise ChannelError(f"{file}: cannot be read ({error.strerror}); check its owner and mode") from error
            after = file.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise RetryError(f"{file}: changed while it was read; wait until the copy is done")
            context.progress(done, len(files))

    def parse(self, source: JsonSource, archive: Archive) -> Iterator[RawTable]:
        """Raw records, those inside them and those nested in them, with the columns of their look-ups.

        ``_position`` is the ordinal in the file: ``17``, inside or nested ``17.3``. A record that is no JSON, or no
        object, is an ``Unreadable``; so is what follows where a file is cut off. A file that holds none of the tables
        is told. Raises ``ChannelError`` if no file holds any.
        """
        yield from with_lookups(source, lambda names: _read(source, archive, names))

    def count(self, source: JsonSource, archive: Archive) -> None:  # noqa: ARG002
        """Files do not tell how many records there are."""
        return


def _archive_members(file: Path, numbers: Iterator[int], source: JsonSource, archive: ArchiveWriter) -> None:
    try:
        with zipfile.ZipFile(file) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
            wanted = [info for info in infos if is_wanted(info.filename, source)]
            if not wanted:
                raise ChannelError(f"{file}: holds no file of JSON that a table names; check files in the channel file")
            for at, info in enumerate(wanted):
                name = Path(info.filename).name
                if info.flag_bits & 1:
                    raise ChannelError(f"{file}: is locked with a password; unpack it and put its files there")
                if info.file_size > max(_FREE_BYTES, _MOST_RATIO * info.compress_size):
                    raise ChannelError(f"{file}: {name} unpacks to {info.file_size >> 20} MB; it is no honest archive")
                origin = {"path": file.name, "member": name}
                origin |= {"others": str(len(infos) - len(wanted))} if at == 0 else {}
                with opened.open(info) as member:
                    _write(archive, next(numbers), name, iter(lambda m=member: m.read(_CHUNK), b""), origin)  # type: ignore[misc]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ChannelError(f"{file}: is damaged, or packed in a way that is not known; unpack it") from error


def is_wanted(member: str, source: JsonSource) -> bool:
    """Whether a member of a zip is JSON that a table names."""
    name = Path(member).name
    if name.startswith("._") or not name.lower().endswith(_ENDINGS):
        return False
    return any(fnmatch(name, table.files) for table in source.tables.values())


def _file_chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


def _write(archive: ArchiveWriter, number: int, name: str, chunks: Iterator[bytes], origin: dict[str, str]) -> None:
    """Store one object, by number and plain name: the folders of a member may be names of people."""
    archive.write(f"{number:06d}-{re.sub(r'[^0-9A-Za-z_.-]', '_', name)}", chunks, origin)


def _read(source: JsonSource, archive: Archive, names: tuple[str, ...]) -> Iterator[RawTable]:
    """The tables ``names``, which stand at the top or are nested."""
    is_anywhere = False
    for name, table in source.tables.items():
        if not {name, *table.nested} & set(names):
            continue
        reading = _Reading(name, table, source, archive)
        for raw in reading.read():
            if raw.table in names:
                yield without_hollow_columns(raw)
        is_anywhere = is_anywhere or reading.is_there
    if not is_anywhere and set(names) & set(mapped_tables(source)):
        raise ChannelError(f"{source.path}: no file holds a list for {', '.join(names)}; check records and files")


class _Reading:
    """One table while it is read."""

    def __init__(self, name: str, table: JsonTable, source: JsonSource, archive: Archive) -> None:
        self.name, self.table, self.source, self.archive = name, table, source, archive
        self.is_there = False
        self._rows = Rows(name, *table.nested)

    def read(self) -> Iterator[RawTable]:
        """Its rows and those nested in them, in pieces; the last one tells what was odd."""
        without: list[str] = []
        for entry in self.archive.entries:
            plain = _plain_name(entry)
            if not fnmatch(plain, self.table.files):
                continue
            text, found = JsonText(self.archive.stream(entry.name)), Found()
            for ordinal, record in enumerate(read_records(text, self.table.records, found), 1):
                self._add(entry, str(ordinal), record, 0)
                if self._rows.full:
                    yield from self._rows.drain()
            if text.garbled:
                self._rows.remark(self.name, f"{entry.name}: holds bytes that are no text; they stand as U+FFFD")
            if not found.is_there:
                without.append(entry.name)
            if (others := entry.origin.get("others", "0")) != "0":
                self._rows.remark(self.name, f"{entry.origin['path']}: {others} members are of no table and not read")
            self.is_there = self.is_there or found.is_there
        if without:
            self._rows.remark(self.name, f"{self.name}: {len(without)} files hold none, the first is {without[0]}")
        yield from self._rows.drain()

    def _add(self, entry: Entry, position: str, record: Any, depth: int) -> None:
        if isinstance(record, Broken):
            if not record.outside or self._leads(entry):
                self._rows.reject(Unreadable(self.name, entry.name, position, record.detail, record.raw))
            return
        thread = self.table.thread
        inner = _take_out(record, thread) if thread and isinstance(record, dict) else []
        if inner and depth == _DEEPEST:
            self._rows.reject(Unreadable(self.name, entry.name, position, "nested too deep", compact(inner).encode()))
            inner = []
        _make_whole(record, self.table.whole)
        add_record(self._rows, self.name, self.table.nested, entry.name, position, record)
        for ordinal, child in enumerate(inner, 1):
            self._add(entry, f"{position}.{ordinal}", child, depth + 1)

    def _leads(self, entry: Entry) -> bool:
        """Whether this is the first table of the file: what belongs to no record is counted once, there."""
        plain = _plain_name(entry)
        return self.name == next(name for name, t in self.source.tables.items() if fnmatch(plain, t.files))


def _plain_name(entry: Entry) -> str:
    return entry.origin.get("member") or entry.origin["path"]


def _take_out(record: dict[str, Any], thread: Thread) -> list[Any]:
    """The records inside ``record``, out of it, with what they carry. What is no list stays where it is."""
    carried = {column: dig(record, path) for column, path in thread.carry.items()}
    carried = {column: value for column, value in carried.items() if value is not ABSENT}
    out: list[Any] = []
    for path in thread.at:
        parent, _, last = path.rpartition(".")
        around = dig(record, parent)
        if isinstance(around, dict) and isinstance(around.get(last), list):
            out += [child | carried if isinstance(child, dict) else child for child in around.pop(last)]
            above, _, own = parent.rpartition(".")
            if parent and not around:
                dig(record, above).pop(own)  # an object that held nothing else
    return out


def _make_whole(record: Any, paths: tuple[str, ...]) -> None:
    """Let the objects at ``paths`` stand as compact JSON."""
    for path in paths:
        parent, _, last = path.rpartition(".")
        around = dig(record, parent)
        if isinstance(around, dict) and isinstance(around.get(last), dict) and around[last]:
            around[last] = compact(around[last])
