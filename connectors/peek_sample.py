"""Raw records of the first pages of a web system, by its reader, within a bound on requests."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.archive import ArchiveWriter, Cipher
from connectors.base import Context, RawTable
from connectors.html import HtmlReader
from connectors.html_visit import page_path
from connectors.http import BudgetSpent
from connectors.rest import RestReader
from schemas.web_sources import HtmlSource, HtmlTable, RestSource

_FOR_THE_DOOR = 6  # requests that a login and a list page take


class _Enough(Exception):
    """The sample is large enough."""


class _Again(Exception):
    """The list was read to its end, and is about to be read once more."""


def sampled(
    source: RestSource | HtmlSource, context: Context, cipher: Cipher, folder: Path, requests: int, pages: int
) -> tuple[list[RawTable], bool]:
    """What the first ``pages`` of each list give, and whether that is all. Answers lie sealed below ``folder``.

    Of admin pages it is the first page of each list, and as many details as ``requests`` allow. Raises
    ``ChannelError``, ``RetryError`` and ``RunError``.
    """
    read: list[RawTable] = []
    whole = isinstance(source, RestSource)
    for number, part in enumerate(_parts(source, requests)):
        writer = ArchiveWriter(folder / str(number), cipher)
        whole = _extract(part, writer, context, pages) and whole
        archive = writer.finish()
        once = tuple(entry for entry in archive.entries if entry.origin.get("pass", "1") == "1")
        archive = replace(archive, entries=once)  # a list that is odd is read again; a sample wants it once
        read += RestReader().parse(part, archive) if isinstance(part, RestSource) else HtmlReader().parse(part, archive)
    return read, whole


def _extract(part: RestSource | HtmlSource, writer: ArchiveWriter, context: Context, pages: int) -> bool:
    """Ask; True if the end was reached."""
    if isinstance(part, HtmlSource):
        HtmlReader().extract(part, writer, context)
        return True

    seen = 0

    def enough(done: int, total: int | None) -> None:
        nonlocal seen
        if done <= seen:
            raise _Again
        seen = done
        if done >= pages and done != total:
            raise _Enough

    hurried = Context(context.channel, context.sources_dir, context.secret, context.address, enough, zone=context.zone)
    try:
        RestReader().extract(part, writer, hurried)
    except _Again:
        return True
    except (_Enough, BudgetSpent):
        return False
    return True


def _parts(source: RestSource | HtmlSource, requests: int) -> Sequence[RestSource | HtmlSource]:
    """``source`` as one for each of its tables; of admin pages the beginning of the first page of each list."""
    if isinstance(source, RestSource):
        polite = _bounded(source.politeness, max(2, requests // len(source.tables)))
        return [
            source.model_copy(update={"tables": {name: table}, "count": None, "politeness": polite})
            for name, table in source.tables.items()
        ]
    rows = max(2, (requests - _FOR_THE_DOOR) // len(source.tables))
    tables = {name: _beginning(table, rows) for name, table in source.tables.items()}
    polite = _bounded(source.politeness, max(4 * requests, 60))  # a rows' selector may find more than brothers
    return [source.model_copy(update={"tables": tables, "count": None, "politeness": polite})]


def _bounded(politeness: Any, most: int) -> Any:
    return politeness.model_copy(update={"max_requests": min(most, politeness.max_requests)})


def _beginning(table: HtmlTable, rows: int) -> HtmlTable:
    listing = table.listing
    first = listing.model_copy(
        update={
            "path": page_path(listing, 0),
            "first": None,
            "step": None,
            "next": ":not(*)",
            "row": f":nth-child(-n+{rows} of {listing.row})",
        }
    )
    return table.model_copy(update={"listing": first, "numbers": None})


def host_of(url: str) -> str:
    """Scheme, host and port of ``url``."""
    return "{}://{}".format(*urlsplit(url)[:2])
