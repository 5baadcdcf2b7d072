"""Reads an API: lists in pages, each answer archived as it came, records of JSON or XML as dotted columns.

``extract`` asks; ``parse`` and ``count`` read the archive alone. An archived answer is known by what its manifest entry
says of it (``table`` and ``content``, or ``part``), not by its name. How a list is read is told in
``connectors.rest_lists``, what an answer is in ``connectors.rest_body``; what columns mean in ``transforms.normalise``.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.archive import Archive, ArchiveWriter, Entry
from connectors.base import ChannelError, Context, RawTable, Rows, counted_stream
from connectors.credentials import credentials_of
from connectors.http import Request, WebSession
from connectors.json_records import add_record, without_hollow_columns
from connectors.refresh import PARTS, Reading, readings
from connectors.rest_asking import BROKEN, Asking
from connectors.rest_body import check_success, lists_of, read_document, records_of, whole
from connectors.rest_keys import detail_name, detail_path, digest, key_columns, key_of
from connectors.rest_lists import DETAIL, ListReader, detail_of
from connectors.rest_paging import total_of
from schemas.mapping import Refresh
from schemas.web_sources import RestSource, RestTable

_WANTS = "application/json, application/xml;q=0.9, text/xml;q=0.8"
_COUNT, _REQUESTS = "count", "requests"


class RestReader:
    """The reader of ``reader: rest``. Holds no state."""

    def extract(self, source: RestSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive every page of every table, and the count before them: a list that grows must not look short.

        Of tables that are refreshed in part only what is asked for is read, once the store knows the channel. Raises
        ``RetryError``, ``ChannelError`` and ``RunError``.
        """
        credentials = credentials_of(source, context)
        known = {reading.table: reading for reading in readings(source, context.known, datetime.now(UTC))}
        planned = {name: known.get(name, Reading(name, Refresh())) for name in source.tables}
        web = WebSession(
            source.url, source.politeness, context, credentials, wants=_WANTS, secrets=source.secrets()
        )  # fmt: skip
        with web:
            asking = Asking(source, web, credentials, archive, context)
            counted = _counted(source, asking, planned)
            for name, reading in planned.items():
                ListReader(source, name, reading, asking, context, counted.get(name)).read()
            asking.finish()

    def parse(self, source: RestSource, archive: Archive) -> Iterator[RawTable]:
        """Raw records and those nested in them. ``_position`` is the ordinal in the answer: ``17``, nested ``17.3``.

        Numbers stand as digits, truth as ``true`` and ``false``, null and an empty object as NA, a list that is not
        declared as nested as compact JSON. A page that came again to the letter when its list was read again is left
        out. A record that is no object is an ``Unreadable``. Where a nested row has a
        column of the name of a carried one, the carried one stands. Where a table has details, its records are those;
        a record of the list stands for itself where there is no detail of it. Raises ``ChannelError`` where an answer
        is not of the declared form.
        """
        for name, table in source.tables.items():
            yield from map(without_hollow_columns, _Table(source, name, table, archive).read())

    def count(self, source: RestSource, archive: Archive) -> Mapping[str, int] | None:
        """What the API's own count said, else the total that its last list answer told; by stream. None if neither."""
        if source.count is None:
            return _totals(source, archive) or None
        for entry in archive.entries:
            if entry.origin.get("part") == _COUNT:
                document, _ = read_document(archive.read(entry.name), frozenset())
                return {counted_stream(source): whole(document, source.count.at)}
        return None  # read before the channel file declared a count, or only a part was read


def _counted(source: RestSource, asking: Asking, planned: Mapping[str, Reading]) -> dict[str, int]:
    """How many records there are by the road that ``count`` names, by table; nothing where only a part is read."""
    if source.count is None:
        return {}
    table, at = source.streams[counted_stream(source)].table, source.count.at
    if table in planned and planned[table].part:
        return {}

    def check(document: Any) -> None:
        check_success(document, source.success)
        whole(document, at)

    request = Request(asking.web.at(source.count.path))
    return {table: whole(asking.ask("count.json", request, {"part": _COUNT}, check).document, at)}


def entries_of(archive: Archive, table: str) -> list[Entry]:
    """The sound answers of a table, lists and details."""
    return [e for e in archive.entries if e.origin.get("table") == table and e.origin.get("part") != BROKEN]


def _totals(source: RestSource, archive: Archive) -> dict[str, int]:
    told = {}
    for stream, mapping in source.streams.items():
        table = source.tables.get(mapping.table)
        lists = [e for e in entries_of(archive, mapping.table) if e.origin.get("content") != DETAIL]
        if table is None or table.paging is None or not lists:
            continue
        document, _ = read_document(archive.read(lists[-1].name), lists_of(table))
        total = total_of(table.paging, document)
        if total is not None:
            told[stream] = total
    return told


class _Table:
    """One table while it is read from the archive."""

    def __init__(self, source: RestSource, name: str, table: RestTable, archive: Archive) -> None:
        self._name, self._table, self._archive = name, table, archive
        self._success, self._columns = source.success, key_columns(source, name)
        self._entries = entries_of(archive, name)
        self._origins = {entry.name: entry.origin for entry in self._entries}
        self._rows = Rows(name, *table.nested)
        self._keys: set[bytes] = set()
        self._total: int | None = None
        self._without = 0
        if not self._entries:
            raise ChannelError(f"the archive holds no page of table {name!r}; it was read by another channel file")

    def read(self) -> Iterator[RawTable]:
        """Its rows and those nested in them, in pieces; the last one tells what was odd."""
        first: dict[str, str] = {}  # of lists: SHA-256, and in which pass the page came so first
        for entry in self._entries:
            if entry.origin.get("content") == DETAIL:
                self._add_detail(entry)
            elif first.setdefault(entry.sha256, entry.origin.get("pass", "1")) == entry.origin.get("pass", "1"):
                self._add_list(entry)
            if self._rows.full:
                yield from self._rows.drain()
        for problem in self._problems():
            self._rows.remark(self._name, problem)
        yield from self._rows.drain()

    def _document(self, entry: Entry) -> Any:
        document, garbled = read_document(self._archive.read(entry.name), lists_of(self._table))
        if garbled:
            self._rows.remark(self._name, "holds bytes that are no UTF-8; they stand as U+FFFD")
        return document

    def _add_list(self, entry: Entry) -> None:
        document = self._document(entry)
        check_success(document, self._success)
        self._total = total_of(self._table.paging, document)
        for ordinal, record in enumerate(records_of(document, self._table, is_total_told=self._total is not None), 1):
            self._keys.add(digest(key_of(record, self._columns)))
            if self._table.detail is None or self._stands_for_itself(record):
                add_record(self._rows, self._name, self._table.nested, entry.name, str(ordinal), record)

    def _stands_for_itself(self, record: Any) -> bool:
        """Whether there is no detail of a record that the list tells."""
        detail = self._table.detail
        path = detail_path(detail, record) if detail else None
        origin = self._origins.get(detail_name(self._name, path)) if path is not None else None
        alone = path is None or (origin is not None and origin.get("status") in ("404", "410"))
        self._without += alone
        return alone

    def _add_detail(self, entry: Entry) -> None:
        if entry.origin.get("status") in ("404", "410") or self._table.detail is None:
            return
        record = detail_of(self._document(entry), self._table.detail.record)
        add_record(self._rows, self._name, self._table.nested, entry.name, "1", record)

    def _problems(self) -> Iterator[str]:
        passes = max(int(entry.origin.get("pass", "1")) for entry in self._entries)
        if passes > 1:
            yield f"{self._name}: the list changed while it was read, or is odd; it was read {passes} times"
        if self._without:
            yield f"{self._name}: of {self._without} records there is no detail; the list's own words stand for them"
        parts = {entry.origin.get("part") for entry in self._archive.entries}
        is_whole = _REQUESTS in parts and not parts & set(PARTS)  # a sample has no account of its requests
        if self._total is not None and is_whole and self._total != len(self._keys):
            yield f"{self._name}: the API states {self._total} records, and {len(self._keys)} different ones came"
