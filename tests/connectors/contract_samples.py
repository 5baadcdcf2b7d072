"""The samples of channel files as the contract test needs them: read, counted, emptied, and grown by a column."""

import csv
import gzip
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
from bs4 import BeautifulSoup

from connectors.archive import Archive, rewrite
from connectors.base import Context
from connectors.pages import select
from connectors.readers import READERS
from data import REFERENCE
from data.samples import SECRETS, SampleServers
from schemas.channel import Channel
from schemas.channel_file import read_channel
from schemas.reference import read_reference
from schemas.sources import JsonSource, SheetSource, SourceBase, SqlSource
from schemas.web_sources import HtmlSource, RestSource
from transforms.normalise import Normalised, RawFrame, UnreadablePiece, normalise

CHANNELS = sorted((Path(__file__).parents[2] / "connectors" / "channels").glob("*.yaml"))
REFERENCE_TABLES = read_reference(REFERENCE)
NEW, VALUE = "baru", "x"
FETCHED = datetime(2024, 6, 1, 3, 0, tzinfo=UTC)
SOURCES = [(file.stem, source) for file in CHANNELS for source in read_channel(file).channel.sources]
_COUNTS = ("raw_records", "parts", "events", "extracted", "accepted", "quarantined", "excluded")
_INSERT = re.compile(r"(?ms)^INSERT INTO `(?P<table>\w+)`.*?;\r?\n")
_SQL = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[^\n]*|`[^`]*`|[();]|\bVALUES\b|\bINSERT\b|\bCREATE TABLE\b")


@dataclass(frozen=True)
class Sample:
    """One source of one channel, in a folder of samples that a test may change."""

    channel: Channel
    name: str
    folder: Path

    @property
    def source(self) -> SourceBase:
        return self.channel.sources[self.name]

    @property
    def is_served(self) -> bool:
        return isinstance(self.source, RestSource | HtmlSource)

    @contextmanager
    def ready(self) -> Iterator[Context]:
        """The way to it; the servers of samples run where it needs one."""
        way = Context(self.channel.id, self.folder, SECRETS.__getitem__)
        if not self.is_served:
            yield way
            return
        with SampleServers(self.folder) as servers:
            yield Context(way.channel, way.sources_dir, way.secret, servers.addresses[self.channel.id])

    def files(self) -> list[Path]:
        """The files that hold it."""
        path = getattr(self.source, "path", None) or f"{self.channel.id}/*.json"
        return sorted(self.folder.glob(path))

    def normalised(self, archive: Archive) -> Normalised:
        """Parsed and normalised, and nothing lost on the way."""
        pieces = list(READERS[self.source.reader].parse(self.source, archive))
        frames = [RawFrame(piece.table, piece.frame) for piece in pieces]
        bad = [UnreadablePiece(u.table, u.object, u.position, u.detail, u.raw) for p in pieces for u in p.unreadable]
        done = normalise(self.channel, self.name, frames, bad, FETCHED, REFERENCE_TABLES)
        assert done.counts.extracted == len(done.submissions) + len(done.rejected) + len(done.excluded)
        assert done.counts.raw_records == done.counts.extracted + done.counts.parts + done.counts.events
        return done


def told(done: Normalised) -> dict[str, Any]:
    """The counts, as a sample's plan states them."""
    counts = {name: getattr(done.counts, name) for name in _COUNTS[:4]}
    return counts | {
        "accepted": len(done.submissions),
        "quarantined": done.rejected["reason"].value_counts().to_dict(),
        "excluded": done.excluded["rule"].value_counts().to_dict(),
    }


def planted(folder: Path, channel: str, source: str) -> dict[str, Any]:
    """What was planted in one source: the counts, and ``schema_drift`` and ``unmapped``. Raises ``KeyError``."""
    every = json.loads((folder / "planted.json").read_text(encoding="utf-8"))[channel]
    plan = every["sources"][source] if "sources" in every else every
    known = {"parts": 0, "schema_drift": [], "unmapped": {}} | plan
    return {name: known[name] for name in (*_COUNTS, "schema_drift", "unmapped")}


def grow(sample: Sample) -> bool:
    """Add a column to every record of its main table; False where the format has none that could be more."""
    source, table = sample.source, main_table(sample)
    if isinstance(source, HtmlSource):
        return True  # see ``grown_pages``
    if isinstance(source, RestSource):
        _each_document(sample.files(), lambda document: [one.update({NEW: VALUE}) for one in document])
    elif isinstance(source, JsonSource):
        _each_document(_plain(sample), lambda document: [one.update({NEW: VALUE}) for one in _list(source, document)])
        return bool(_plain(sample))
    elif isinstance(source, SheetSource):
        _rows_of(_one_table(sample), source.header_row, table, _longer)
    elif source.reader == "mysqldump":
        _rewrite_dump(sample, lambda script: _with_column(script, table))
    elif isinstance(source, SqlSource):
        _run_sql(sample, f"ALTER TABLE {table} ADD COLUMN {NEW} TEXT DEFAULT '{VALUE}'")
    else:
        return False
    return True


def grown_pages(sample: Sample, archive: Archive, folder: Path) -> Archive:
    """The archive of a site whose detail pages have one row of label and value more."""
    source = sample.source
    assert isinstance(source, HtmlSource)
    fresh: dict[str, bytes] = {}
    for entry in archive.entries:
        if entry.origin.get("part") == "detail":
            declared = source.tables[entry.origin["table"]].detail
            page = BeautifulSoup(archive.read(entry.name), "lxml")
            last = select(page, declared.row)[-1]
            more = BeautifulSoup(str(last), "lxml").find(last.name)
            select(more, declared.label)[0].string, select(more, declared.value)[0].string = NEW, VALUE
            last.insert_after(more)
            fresh[entry.name] = page.encode()
    return rewrite(archive, folder, fresh)


def empty(sample: Sample) -> None:
    """Take all records away and leave the form."""
    source = sample.source
    if isinstance(source, JsonSource):
        for file in sample.files():
            _emptied_json(file)
    elif sample.is_served:
        for file in sample.files():
            file.write_text("[]", encoding="utf-8")
    elif isinstance(source, SheetSource):
        kept = _one_table(sample)
        for file in sample.files():
            if file != kept:
                file.unlink()
        _rows_of(kept, source.header_row, main_table(sample), lambda n, row: row if n == 0 else None)
    elif source.reader == "mysqldump":
        emptied = {main_table(sample), *(event.table for event in next(iter(source.streams.values())).events)}
        _rewrite_dump(sample, lambda script: _INSERT.sub(lambda m: "" if m["table"] in emptied else m[0], script))
    elif isinstance(source, SqlSource):
        tables = {main_table(sample), *(event.table for event in next(iter(source.streams.values())).events)}
        _run_sql(sample, *(f"DELETE FROM {table}" for table in tables))
    elif source.reader == "chat":
        for file in sample.files():
            file.unlink()
        notice = "25/08/24 10.00 - Pesan dan panggilan terenkripsi secara end-to-end.\n"
        (sample.folder / sample.channel.id / "Chat WhatsApp dengan Kosong.txt").write_text(notice, encoding="utf-8")
    else:
        raise AssertionError(f"nobody has said how a sample of {source.reader} is emptied")


def main_table(sample: Sample) -> str:
    return next(iter(sample.source.streams.values())).table


def _longer(n: int, row: list[Any]) -> list[Any]:
    """With the new cell; a line that only carries on the one before it stays as it is."""
    is_record = 2 * sum(cell not in (None, "") for cell in row) >= len(row)
    return [*row, NEW if n == 0 else VALUE if is_record else ""]


def _one_table(sample: Sample) -> Path:
    """The file that is changed where a source is files of many makers: a text in UTF-8, if there is one."""
    files = sample.files()
    texts = [file for file in files if file.suffix == ".csv" and b"\xff" not in file.read_bytes()]
    return (texts or files)[0]


def _rewrite_dump(sample: Sample, change: Callable[[str], str]) -> None:
    for file in sample.files():
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8", newline="") as dump:
            script = dump.read()
        with opened(file, "wt", encoding="utf-8", newline="") as dump:
            dump.write(change(script))


def _run_sql(sample: Sample, *statements: str) -> None:
    assert isinstance(sample.source, SqlSource)
    file = sample.folder / sample.source.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _plain(sample: Sample) -> list[Path]:
    return [file for file in sample.files() if not zipfile.is_zipfile(file)]


def _each_document(files: list[Path], change: Callable[[Any], object]) -> None:
    for file in files:
        document = json.loads(file.read_text(encoding="utf-8"))
        change(document)
        file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _list(source: JsonSource, document: Any) -> list[dict[str, Any]]:
    """The records of the main table in a document that has them."""
    table = next(iter(source.streams.values())).table
    for part in source.tables[table].records.split("."):
        document = document.get(part, {}) if part and isinstance(document, dict) else document
    return document if isinstance(document, list) else []


def _without_items(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_items(one) for key, one in value.items()}
    return [] if isinstance(value, list) else value


def _emptied_json(file: Path) -> None:
    if not zipfile.is_zipfile(file):
        document = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(_without_items(document)), encoding="utf-8")
        return
    with zipfile.ZipFile(file) as packed:
        members = {info.filename: packed.read(info) for info in packed.infolist()}
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in members.items():
            packed.writestr(
                name, json.dumps(_without_items(json.loads(content))) if name.endswith(".json") else content
            )


Change = Callable[[int, list[Any]], list[Any] | None]  # number below the headers, which are 0; None takes a row away


def _rows_of(file: Path, header_row: int, sheet: str, change: Change) -> None:
    if zipfile.is_zipfile(file):
        book = openpyxl.load_workbook(file)
        page = book[sheet]
        rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=header_row)]
        page.delete_rows(header_row, page.max_row)
        for number, row in enumerate(filter(None, (change(n, row) for n, row in enumerate(rows)))):
            for column, value in enumerate(row, 1):
                page.cell(header_row + number, column, value)
        book.save(file)
        return
    content = file.read_bytes().decode("utf-8-sig")
    head = content.splitlines()[header_row - 1]
    delimiter = max(";,\t", key=head.count)
    rows = list(csv.reader(StringIO(content, newline=""), delimiter=delimiter))
    kept = [*rows[: header_row - 1], *filter(None, (change(n, r) for n, r in enumerate(rows[header_row - 1 :])))]
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=delimiter).writerows(kept)


def _with_column(script: str, table: str) -> str:
    """A dump of which ``table`` has one column more, its first."""
    pieces: list[str] = []
    at, verb, depth, is_values, is_ours = 0, "", 0, False, False
    for token in _SQL.finditer(script):
        pieces += [script[at : token.start()], token[0]]
        at, word = token.end(), token[0]
        if word in ("INSERT", "CREATE TABLE") and not verb:
            verb, is_values, is_ours = word, False, False
        elif word == ";":
            verb, depth = "", 0
        elif verb and depth == 0 and word == f"`{table}`":
            is_ours = True
        elif word == "VALUES" and depth == 0:
            is_values = True
        elif word == "(":
            if depth == 0 and is_ours:
                named = f"`{NEW}` text,\n" if verb == "CREATE TABLE" else f"`{NEW}`,"
                pieces.append(f"'{VALUE}'," if is_values else named)
            depth += 1
        elif word == ")":
            depth -= 1
    return "".join([*pieces, script[at:]])


def copy_of(folder: Path, channel: str, source: str, to: Path) -> Sample:
    """A copy of the samples that a test may change."""
    shutil.copytree(folder, to)
    return sample_of(to, channel, source)


def sample_of(folder: Path, channel: str, source: str) -> Sample:
    file = next(file for file in CHANNELS if file.stem == channel)
    return Sample(read_channel(file).channel, source, folder)
