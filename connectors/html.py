"""Reads admin pages behind a login: list pages, then the detail page of every row, each archived as it came.

Only declared paths and detail links of one form are ever asked for, on the declared host, by GET; the one POST is the
login, and its pages are not archived, since they hold tokens. ``parse`` and ``count`` read the archive alone, where a
page is known by what its manifest entry says of it (``kind_of``). How one page is taken apart is in
``connectors.pages``, the list in ``connectors.html_list``, which links are followed in ``connectors.html_links``, the
stay behind the login in ``connectors.html_visit``; what the values mean is left to ``transforms.normalise``.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RawTable, counted_stream
from connectors.html_links import detail_name, label_of
from connectors.html_list import Register, Wanted, gaps
from connectors.html_records import AGAIN, GONE, number_of, parse_list, parse_table, shows_record
from connectors.html_visit import FORBIDDEN, Visit, first_page, page_path
from connectors.http import Anonymous, Request, WebSession
from connectors.pages import read_number, read_page
from connectors.recorder import Recorder
from connectors.refresh import Reading, readings
from schemas.mapping import Refresh
from schemas.web_sources import HtmlSource, HtmlTable, Numbers

UNREAD = GONE | {FORBIDDEN}  # one such page is no reason to stop the channel
BEYOND = 10  # numbers in a row that are gone: past the greatest there is no more


class HtmlReader:
    """The reader of ``reader: html``. Holds no state."""

    def extract(self, source: HtmlSource, archive: ArchiveWriter, context: Context) -> None:
        """Log in, then archive the count page, the list pages, and the detail pages that are to be read.

        Raises ``RetryError``, ``ChannelError`` (login refused, no link that may be followed, page that changed) and
        ``RunError``.
        """
        fields = source.login.fields if source.login else {}
        values = {field: context.secret(secret) for field, secret in fields.items()}
        plan = {reading.table: reading for reading in readings(source, context.known, datetime.now(UTC))}
        with WebSession(
            source.url,
            source.politeness,
            context,
            Anonymous(),
            wants="text/html,application/xhtml+xml",
            secrets=sorted(set(fields.values())),
        ) as web:
            recorder = Recorder(web, archive, context, Visit(web, source.login, values, first_page(source)).ask)
            stated = _count(source, web, recorder)
            for name, table in source.tables.items():
                reading = plan.get(name, Reading(name, Refresh()))
                _Walk(source, web, recorder, reading, table, context).through(stated.get(name))
            recorder.finish()

    def parse(self, source: HtmlSource, archive: Archive) -> Iterator[RawTable]:
        """Raw records: one a detail page (``_position`` 1) and the blocks on it (``1.3``), or one a row of a list page
        (its ordinal) where there are no detail pages.

        Columns are the cells of the list and of the page by their declared names, then a column for each label; a name
        that is taken gets ``(2)``. A page that is not as declared is an ``Unreadable`` with all its bytes. Raises
        ``ChannelError`` where that is so of many: the site has changed.
        """
        for name, table in source.tables.items():
            parse_one = parse_list if table.detail is None else parse_table
            yield from parse_one(name, table, source.url, archive)

    def count(self, source: HtmlSource, archive: Archive) -> Mapping[str, int] | None:
        """What the count page said, for the one stream of ``source``; None if none is declared."""
        if source.count is None:
            return None
        for entry in archive.entries:
            if entry.origin.get("part") == "count":
                page, _ = read_page(archive.read(entry.name), entry.origin["content_type"])
                return {counted_stream(source): read_number(page, source.count.cell)}
        return None  # read before the channel file declared a count


def _count(source: HtmlSource, web: WebSession, recorder: Recorder) -> dict[str, int]:
    """How many records the count page states, by table."""
    if source.count is None:
        return {}
    stream = counted_stream(source)
    answer = recorder.ask("count.html", Request(web.at(source.count.path)), {"part": "count"})
    page, _ = read_page(answer.body, answer.content_type)
    return {source.streams[stream].table: read_number(page, source.count.cell)}


class _Walk:
    """Through one table: the list first and at one go, so that little can move while it is read; then the details."""

    def __init__(
        self,
        source: HtmlSource,
        web: WebSession,
        recorder: Recorder,
        reading: Reading,
        table: HtmlTable,
        context: Context,
    ) -> None:
        self._web, self._recorder, self._context = web, recorder, context
        self._reading, self._table, self._name = reading, table, reading.table
        self._register = Register(table, source.url)
        self._wanted = Wanted(reading)
        self._done = 0

    def through(self, stated: int | None) -> None:
        """Archive all that is to be read; ``stated`` is how many records the count page tells of."""
        self._list(stated)
        if self._table.detail is None:
            return
        rows = self._register.settle()
        links = [row.link for row in rows if row.link and self._wanted.has(row)]
        total = self._done + len(links)
        for link in links:
            self._ask(detail_name(self._name, link, self._reading.part), link, "detail", UNREAD)
            self._context.progress(self._done, total)
        if self._table.numbers and rows and not self._reading.part:
            self._hidden(self._table.numbers, [row.link for row in rows if row.link], stated)

    def _list(self, stated: int | None) -> None:
        listing = self._table.listing
        turns = "{page}" in listing.path or "{offset}" in listing.path
        part = f"{self._reading.part}-" if self._reading.part else ""
        promised, more = True, True
        while more:
            name = f"{label_of(self._name)}-list-{part}{self._done + 1:06d}.html"
            url = self._web.at(page_path(listing, self._done))
            body, content_type, status, url = self._ask(name, url, "list", () if promised else GONE)
            page, garbled = read_page(body, content_type)
            turned = self._register.read(name, url, page, garbled=garbled, status=status)
            if turned.promises and not turns:
                raise ChannelError(
                    f"{name}: promises a next page, but listing.path of {self._name!r} holds neither {{page}} nor "
                    "{offset}"
                )
            promised = turned.promises
            owes = stated is not None and self._register.count < stated
            more = turns and turned.is_new and (promised or listing.next is None or owes)
            if listing.newest_first and self._wanted.are_past(turned.rows):
                more = False
            self._context.progress(self._done, None)
        if turns and self._done > 1 and not (self._reading.part or self._table.numbers) and stated is not None:
            self._list_again(stated)
        if stated and not self._register.count:
            raise ChannelError(
                f"table {self._name!r}: {listing.row!r} finds nothing on the list page, though the count page tells of "
                f"{stated}; has the page changed?"
            )

    def _list_again(self, stated: int) -> None:
        """Turn the pages once more for rows that slid to a page that was read before: one above them was deleted."""
        for turned in range(self._done):
            if self._register.count >= stated:
                return
            name = f"{label_of(self._name)}-list-{AGAIN}-{turned + 1:06d}.html"
            url = self._web.at(page_path(self._table.listing, turned))
            body, content_type, status, url = self._ask(name, url, "list", GONE, {"reading": AGAIN})
            self._register.read_again(name, url, read_page(body, content_type)[0], status=status)

    def _hidden(self, numbers: Numbers, links: list[str], stated: int | None) -> None:
        """Detail pages that no row names: numbers between those of rows, and beyond while the count tells of more."""
        seen = [digits for link in links if (digits := number_of(numbers, self._web.at(""), link))]
        if not seen:
            raise ChannelError(f"table {self._name!r}: no detail link is of the form numbers.path; mend it")
        width = max((len(digits) for digits in seen if digits.startswith("0")), default=0)
        known = {int(digits) for digits in seen}
        found, left = self._register.count, numbers.most

        def is_there(n: int) -> bool:
            url = self._web.at(numbers.path.replace("{n}", str(n).zfill(width)))
            body, content_type, status, reached = self._ask(detail_name(self._name, url), url, "hidden", UNREAD)
            self._context.progress(self._done, None)
            return shows_record(numbers, self._web.at(""), reached, status, read_page(body, content_type)[0])

        missing, _ = gaps(known, left)
        found, left = found + sum(map(is_there, missing)), left - len(missing)
        for n, step in ((max(known) + 1, 1), (min(known) - 1, -1)):
            gone, at = 0, n
            while stated is not None and found < stated and gone < BEYOND and left > 0 and at > 0:
                there = is_there(at)
                found, gone, left, at = found + there, 0 if there else gone + 1, left - 1, at + step

    def _ask(
        self, name: str, url: str, kind: str, accept: Collection[int], more: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[bytes, str, int, str]:
        part = {"content": kind, "part": kind, **more} | self._reading.origin()
        answer = self._recorder.ask(name, Request(self._web.follow(self._web.host, url)), part, accept)
        self._done += 1
        return answer.body, answer.content_type, answer.status, answer.url
