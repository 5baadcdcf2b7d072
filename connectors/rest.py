"""Reads a JSON API: pages by number, each answer archived as it came, records flattened to dotted columns.

``extract`` asks; ``parse`` and ``count`` read the archive alone. An archived answer is known by what its manifest entry
says of it (``table``, or ``part: count``), not by its name. What the columns mean is left to ``transforms.normalise``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RawTable, Rows, counted_stream
from connectors.http import Anonymous, Bearer, WebSession
from connectors.json_records import add_record, dig, without_hollow_columns
from schemas.web_sources import RestSource, RestTable


class RestReader:
    """The reader of ``reader: rest``. Holds no state."""

    def extract(self, source: RestSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive every page of every table, and the count before them: a list that grows must not look short.

        An answer that is no JSON is archived before it is refused. Raises ``RetryError``, ``ChannelError`` and
        ``RunError``.
        """
        secret = source.auth.bearer if source.auth else None
        auth = Bearer(secret, context.secret(secret)) if secret else Anonymous()
        secrets = [secret] if secret else []
        with WebSession(source.url, source.politeness, context, auth, wants="application/json", secrets=secrets) as web:
            if source.count:
                counted_stream(source)
                document = _ask(web, web.at(source.count.path), archive, "count.json", {"part": "count"})
                _whole(document, source.count.at)
            for name, table in source.tables.items():
                _extract_table(web, name, table, archive, context)

    def parse(self, source: RestSource, archive: Archive) -> Iterator[RawTable]:
        """Raw records and those nested in them. ``_position`` is the ordinal in the page: ``17``, nested ``17.3``.

        Numbers stand as digits, truth as ``true`` and ``false``, null and an empty object as NA, a list that is not
        declared as nested as compact JSON. A record that is no object is an ``Unreadable``. Where a nested row has a
        column of the name of a carried one, the carried one stands. Raises ``ChannelError`` where an answer is not of
        the declared form.
        """
        for name, table in source.tables.items():
            rows = Rows(name, *table.nested)
            pages = [entry for entry in archive.entries if entry.origin.get("table") == name]
            if not pages:
                raise ChannelError(f"the archive holds no page of table {name!r}; it was read by another channel file")
            for entry in pages:
                document, garbled = load_json(archive.read(entry.name))
                if garbled:
                    rows.remark(name, "holds bytes that are no UTF-8; they stand as U+FFFD")
                for ordinal, record in enumerate(_records(document, table.records), 1):
                    add_record(rows, name, table.nested, entry.name, str(ordinal), record)
                if rows.full:
                    yield from map(without_hollow_columns, rows.drain())
            yield from map(without_hollow_columns, rows.drain())

    def count(self, source: RestSource, archive: Archive) -> Mapping[str, int] | None:
        """What the API's own count said, for the one stream of ``source``; None if none is declared."""
        if source.count is None:
            return None
        for entry in archive.entries:
            if entry.origin.get("part") == "count":
                return {counted_stream(source): _whole(load_json(archive.read(entry.name))[0], source.count.at)}
        return None  # read before the channel file declared a count


def _extract_table(web: WebSession, name: str, table: RestTable, archive: ArchiveWriter, context: Context) -> None:
    page, last, before = 1, 1, None
    while page <= last:
        query, paging = dict(table.query), table.paging
        if paging:
            query[paging.page] = str(page)
        if paging and paging.size:
            query[paging.size] = str(paging.per_page)
        label = f"{re.sub(r'[^0-9A-Za-z_]+', '-', name)}-{page:06d}.json"
        document = _ask(web, web.at(table.path, query), archive, label, {"table": name, "page": str(page)})
        records = _records(document, table.records)
        if records and records == before:
            raise ChannelError(
                f"{web.host}: page {page} is page {page - 1} again; does paging.page name the parameter?"
            )
        before = records
        last = _whole(document, paging.last) if paging else 1  # from each answer: the list may grow while it is read
        context.progress(page, max(page, last))
        page += 1


def _ask(web: WebSession, url: str, archive: ArchiveWriter, name: str, part: dict[str, str]) -> Any:
    """Get ``url``, archive the answer as ``name``, and only then look whether it is JSON."""
    answer = web.get(url)
    archive.write(name, [answer.body], answer.origin | part)
    try:
        return load_json(answer.body)[0]
    except ChannelError as error:
        page = "html" in answer.content_type.lower() or answer.body.lstrip()[:1] == b"<"
        what = "a web page where JSON was expected; check url, path and token" if page else "no JSON"
        raise ChannelError(f"{web.host}: {name} is {what} (status {answer.status})") from error


def load_json(body: bytes) -> tuple[Any, bool]:
    """The document in ``body``, and whether it held bytes that are no text. Raises ``ChannelError``."""
    encoding = json.detect_encoding(body)
    try:
        text, garbled = body.decode(encoding), False
    except UnicodeDecodeError:
        text, garbled = body.decode(encoding, "replace"), True
    try:
        return json.loads(text, parse_constant=_no_number), garbled
    except (ValueError, RecursionError) as error:
        raise ChannelError("an answer is no JSON") from error


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _whole(document: Any, path: str) -> int:
    """The whole number at ``path``, which may be written as text. Raises ``ChannelError``."""
    value = dig(document, path)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ChannelError(f"the answer has no whole number at {path!r}; has the API changed?")


def _records(document: Any, path: str) -> list[Any]:
    records = dig(document, path)
    if not isinstance(records, list):
        raise ChannelError(f"the answer has no list {f'at {path!r}' if path else 'as a whole'}; has the API changed?")
    return records
