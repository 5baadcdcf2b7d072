"""Reads admin pages behind a login: list pages, then the detail page of every row, each archived as it came.

Only declared paths and the detail links of the list are ever asked for, on the declared host, by GET; the one POST is
the login, and its pages are not archived, since they hold tokens. ``parse`` and ``count`` read the archive alone, where
a page is known by what its manifest entry says of it. How one page is taken apart is in ``connectors.pages``; what the
values mean is left to ``transforms.normalise``.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from bs4 import Tag

from connectors.archive import Archive, ArchiveWriter, Entry
from connectors.base import ChannelError, Context, RawTable, Rows, Unreadable, counted_stream
from connectors.http import Anonymous, Answer, WebSession
from connectors.pages import Fault, ListRow, Register, read_cells, read_number, read_page, read_record, select
from schemas.web_sources import HtmlSource, HtmlTable, Login

GONE = frozenset({404, 410})  # a record that was listed and then deleted; it is quarantined, and the channel goes on

REFUSED = frozenset({400, 401, 403, 419, 422})  # what a login form answers to a wrong password or token


class HtmlReader:
    """The reader of ``reader: html``. Holds no state."""

    def extract(self, source: HtmlSource, archive: ArchiveWriter, context: Context) -> None:
        """Log in, then archive the count page, all list pages and the detail page of every row.

        Raises ``RetryError``, ``ChannelError`` (login refused, link that leaves the host, page that changed) and
        ``RunError``.
        """
        fields = source.login.fields if source.login else {}
        values = {field: context.secret(secret) for field, secret in fields.items()}
        secrets = sorted(set(fields.values()))
        with WebSession(
            source.url,
            source.politeness,
            context,
            Anonymous(),
            wants="text/html,application/xhtml+xml",
            secrets=secrets,
        ) as web:
            visit = Visit(web, source.login, values)
            visit.log_in()
            if source.count:
                counted_stream(source)
                answer = visit.page(web.at(source.count.path))
                archive.write("count.html", [answer.body], answer.origin | {"part": "count"})
                read_number(read_page(answer.body, answer.content_type)[0], source.count.cell)
            for name, table in source.tables.items():
                _extract_table(visit, name, table, archive, context)

    def parse(self, source: HtmlSource, archive: Archive) -> Iterator[RawTable]:
        """Raw records, one a detail page (``_position`` 1), and the blocks on it (``1.3``).

        Columns are the cells of the list and of the page by their declared names, then a column for each label; a name
        that is taken gets ``(2)``. A page that is not as declared is an ``Unreadable`` with all its bytes. Raises
        ``ChannelError`` where no page is as declared: the site has changed.
        """
        for name, table in source.tables.items():
            yield from _parse_table(name, table, archive)

    def count(self, source: HtmlSource, archive: Archive) -> Mapping[str, int] | None:
        """What the count page said, for the one stream of ``source``; None if none is declared."""
        if source.count is None:
            return None
        for entry in archive.entries:
            if entry.origin.get("part") == "count":
                page, _ = read_page(archive.read(entry.name), entry.origin["content_type"])
                return {counted_stream(source): read_number(page, source.count.cell)}
        return None  # read before the channel file declared a count


class Visit:
    """A stay behind the login: asks for pages, and logs in once more where the session has run out."""

    def __init__(self, web: WebSession, login: Login | None, values: Mapping[str, str]) -> None:
        self.web = web
        self._login, self._values = login, values

    def log_in(self) -> None:
        """Fill the declared form. Raises ``ChannelError`` if that does not lead behind the login."""
        if self._login is None:
            return
        self.web.forget()
        answer = self.web.get(self.web.at(self._login.path))
        page, _ = read_page(answer.body, answer.content_type)
        form = _form(page, self._login)
        if form is None:
            inputs = ", ".join(self._login.fields)
            raise ChannelError(f"{self.web.host}: no form {self._login.form!r} with {inputs} at {self._login.path}")
        target = self.web.follow(answer.url, str(form.get("action") or answer.url))
        reply = self.web.post(target, _given(form) | dict(self._values), REFUSED)
        page, _ = read_page(reply.body, reply.content_type)
        if not select(page, self._login.success):
            secrets = ", ".join(sorted(set(self._login.fields.values())))
            raise ChannelError(f"{self.web.host}: login refused; check secrets {secrets}")

    def page(self, url: str, accept: Collection[int] = ()) -> Answer:
        """The page at ``url``. Raises ``ChannelError`` if the session does not last."""
        answer = self.web.get(url, accept)
        if self._is_outside(url, answer):
            self.log_in()
            answer = self.web.get(url, accept)
            if self._is_outside(url, answer):
                raise ChannelError(
                    f"{self.web.host}: asks for the login again right after it; may the account see this?"
                )
        return answer

    def _is_outside(self, url: str, answer: Answer) -> bool:
        """Redirected to the login, or shown its form in place of the page."""
        if self._login is None:
            return False
        door = self.web.at(self._login.path)
        reached = answer.url if "?" in door else answer.url.partition("?")[0]
        if answer.url != url and reached == door:
            return True
        may_hold_form = all(name.encode() in answer.body for name in self._login.fields)  # spares taking pages apart
        return may_hold_form and _form(read_page(answer.body, answer.content_type)[0], self._login) is not None


def _form(page: Tag, login: Login) -> Tag | None:
    """The one form that is declared and has every declared input."""
    forms = [f for f in select(page, login.form) if all(f.find(None, {"name": name}) for name in login.fields)]
    return forms[0] if len(forms) == 1 else None


def _given(form: Tag) -> dict[str, str]:
    """What a browser sends along with what is typed: hidden inputs as they came, and the name of the button."""
    given = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[type=hidden i][name]")}
    button = form.select_one("input[type=submit i][name], button[name]:not([type=button i], [type=reset i])")
    return given | ({str(button["name"]): str(button.get("value", ""))} if button else {})


def _extract_table(visit: Visit, name: str, table: HtmlTable, archive: ArchiveWriter, context: Context) -> None:
    """The list first and at one go, so that little can move while it is read; then the details."""
    label = re.sub(r"[^0-9A-Za-z_]+", "-", name)
    register, pages, more = Register(table.listing), 0, True
    while more:
        url = visit.web.at(table.listing.path.replace("{page}", str(table.listing.first + pages)))
        pages += 1
        answer = visit.page(url)
        entry = archive.write(
            f"{label}-list-{pages:06d}.html", [answer.body], answer.origin | {"table": name, "part": "list"}
        )
        more = register.read(entry.name, answer.url, read_page(answer.body, answer.content_type)[0])
        context.progress(pages, None)
    links = [visit.web.follow(visit.web.host, row.link) for row in register.rows if row.link]
    for ordinal, link in enumerate(links, 1):
        answer = visit.page(link, GONE)
        archive.write(
            f"{label}-detail-{ordinal:06d}.html", [answer.body], answer.origin | {"table": name, "part": "detail"}
        )
        context.progress(pages + ordinal, pages + len(links))


def _parse_table(name: str, table: HtmlTable, archive: Archive) -> Iterator[RawTable]:
    rows, register = Rows(name, *table.nested), Register(table.listing)
    parts = {
        part: [e for e in archive.entries if (e.origin.get("table"), e.origin.get("part")) == (name, part)]
        for part in ("list", "detail")
    }
    for entry in parts["list"]:
        page, _ = read_page(archive.read(entry.name), entry.origin["content_type"])
        register.read(entry.name, entry.origin["url"], page)
    for problem in register.problems:
        rows.remark(name, problem)
    for row in register.rows:
        if not row.link:
            rows.reject(Unreadable(name, row.object, row.position, row.fault, row.raw))
    linked = [row for row in register.rows if row.link]
    if not parts["list"] or len(linked) != len(parts["detail"]):
        raise ChannelError(
            f"table {name!r}: the list has {len(linked)} rows with a link, the archive {len(parts['detail'])} detail "
            "pages; it was read by another channel file"
        )
    for row, entry in zip(linked, parts["detail"], strict=True):
        _parse_detail(rows, name, table, row, entry, archive.read(entry.name))
        if rows.full:
            yield from rows.drain()
    for hopeless, fault in rows.hopeless().items():
        raise ChannelError(f"table {hopeless!r}: not one page is as declared ({fault}); has the site changed?")
    yield from rows.drain()


def _parse_detail(rows: Rows, name: str, table: HtmlTable, row: ListRow, entry: Entry, body: bytes) -> None:
    """One detail page: its record and the blocks on it, or the ``Unreadable`` that it is."""
    page, garbled = read_page(body, entry.origin["content_type"])
    if garbled:
        rows.remark(name, "pages hold bytes that are not of their declared charset; they stand as U+FFFD")
    try:
        record = read_record(page, table, row, int(entry.origin["status"]))
    except Fault as fault:
        rows.reject(Unreadable(name, entry.name, "1", str(fault), body))
        return
    rows.add(name, entry.name, "1", record)
    for inner, block in table.nested.items():
        for ordinal, piece in enumerate(select(page, block.row), 1):
            position = f"1.{ordinal}"
            try:
                cells = read_cells(piece, block.cells)
            except Fault as fault:
                rows.reject(Unreadable(inner, entry.name, position, str(fault), str(piece).encode()))
            else:
                carried = {column: record.get(origin) for column, origin in block.carry.items()}
                rows.add(inner, entry.name, position, cells | carried)
