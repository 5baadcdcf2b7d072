"""Sources of a channel that are live web systems, and how politely they are asked."""

import re
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.channel_types import (
    DateFormat,
    Fault,
    Hours,
    Names,
    SecretName,
    Texts,
    Url,
)
from schemas.mapping import EventMap, Mapping, Strict
from schemas.sources import Nested, SourceBase
from schemas.web_auth import Auth
from schemas.web_paging import DataTables, HowPaged


class Politeness(Strict):
    """How hard a live system may be asked."""

    per_second: float = Field(default=2.0, gt=0)
    timeout_seconds: float = Field(default=30.0, gt=0)
    retries: int = Field(default=4, ge=0)
    backoff_seconds: float = Field(default=0.5, ge=0)  # before the second retry; twice as long before each after it
    max_requests: int = Field(default=20_000, gt=0)  # of one run
    contact: str = "Diskominfo"
    quiet_hours: tuple[Hours, ...] = ()  # 07:30-16:00, wall time of the channel: nothing is asked then

    def is_quiet(self, now: datetime) -> str | None:
        """The quiet hours that ``now``, wall time of the channel, lies in; None outside of them."""
        clock = f"{now:%H:%M}"
        for hours in self.quiet_hours:
            start, _, end = hours.partition("-")
            if start <= clock < end or (start > end and not end <= clock < start):
                return hours
        return None


class Success(Strict):
    """Where an answer says that it is one, for systems that tell of errors with status 200."""

    at: str  # dotted path in the answer
    any_of: Names  # what stands there if all is well, ignoring case


class Since(Strict):
    """How the API is asked for what changed since a time."""

    query: str  # name of the parameter
    format: DateFormat | None = None  # strftime; as the system writes its dates if none is given


class Detail(Strict):
    """Where a record stands whole that the list tells in short."""

    path: str  # with {column} of the list, as in /laporan/{id}
    record: str = ""  # dotted path of the record in the answer; empty = the answer is the record

    @field_validator("path")
    @classmethod
    def _names_a_column(cls, path: str) -> str:
        if not re.search(r"\{[^{}]+\}", path):
            raise Fault("name a column of the list in braces, as in /laporan/{id}")
        return path


class RestTable(Strict):
    """One list that the API serves."""

    path: str
    method: Literal["GET", "POST"] | None = None  # POST where there is a form, a document or DataTables
    records: str = ""  # dotted path of the list in the answer; empty = the answer is the list
    query: dict[str, str] = {}
    form: dict[str, str] | None = None  # sent as a browser does
    document: dict[str, Any] | None = None  # sent as JSON
    columns: Texts = ()  # names of the cells, where a record is a list of cells
    paging: HowPaged | None = None
    nested: dict[str, Nested] = {}
    detail: Detail | None = None
    since: Since | None = None
    newest_first: bool = False  # by the column of refresh: reading ends at the first page that is older

    @model_validator(mode="after")
    def _sends_one_body(self) -> Self:
        body = self.form is not None or self.document is not None
        if self.form is not None and self.document is not None:
            raise ValueError("a request has one body; give form or document")
        if self.method == "GET" and body:
            raise ValueError("GET sends no form and no document; write them into query, or method: POST")
        if isinstance(self.paging, DataTables) and self.document is not None:
            raise ValueError("DataTables sends a form; write the fields of document under form")
        return self

    @property
    def verb(self) -> Literal["GET", "POST"]:
        """The method that lists are asked with."""
        body = self.form is not None or self.document is not None or isinstance(self.paging, DataTables)
        return self.method or ("POST" if body else "GET")


class RestCount(Strict):
    """Another road by which the API tells how many records there are."""

    path: str
    at: str


class RestSource(SourceBase):
    """An API that answers JSON or XML."""

    reader: Literal["rest"]
    url: Url
    auth: Auth | None = None
    tables: dict[str, RestTable] = Field(min_length=1)
    count: RestCount | None = None
    success: Success | None = None
    politeness: Politeness = Politeness()

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return self.auth.secrets() if self.auth else ()

    @model_validator(mode="after")
    def _can_be_refreshed(self) -> Self:
        for name, mapping in self.streams.items():
            uses: tuple[Mapping | EventMap, ...] = (mapping, *mapping.events)
            for use in uses:
                table, kind = self.tables.get(use.table), use.refresh.kind
                if table is None or kind == "full" or table.detail:
                    continue
                if kind == "open_cases":
                    raise Fault(
                        f"open_cases asks for single records; tell by tables.{use.table}.detail where one stands, or "
                        "choose another kind", "streams", name, "refresh",
                    )  # fmt: skip
                if table.since is None and not table.newest_first:
                    raise Fault(
                        f"{kind} needs detail, since or newest_first under tables.{use.table}: without one of them "
                        "the whole list is read; choose refresh: {kind: full}", "streams", name, "refresh",
                    )  # fmt: skip
        return self


class Cell(Strict):
    """A value on a page: the text of what a CSS selector finds, or one of its attributes."""

    select: str
    attribute: str | None = None
    optional: bool = False
    many: bool = False  # all that are found, as a JSON list of texts
    format: DateFormat | None = None  # strptime: the value is a date, and is written as ISO
    pattern: str | None = None  # regular expression whose first group is the value: tanggapan-(\d+)

    @field_validator("pattern")
    @classmethod
    def _has_one_group(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern).groups if pattern is not None else 1
        except re.error as error:
            raise Fault(f"is no regular expression: {error}") from error
        if groups != 1:
            raise Fault("put the part that is the value in round brackets, once, as in tanggapan-(\\d+)")
        return pattern

    @model_validator(mode="after")
    def _one_date(self) -> Self:
        if self.format is not None and self.many:
            raise ValueError("format reads one date; take out many")
        return self


class Token(Cell):
    """A CSRF token that does not stand in the form, and the input as which it is sent."""

    send: str = "_token"


class Login(Strict):
    """A login form: hidden inputs (CSRF tokens) are sent back as they came."""

    path: str
    form: str = "form"  # CSS selector
    fields: dict[str, SecretName] = Field(min_length=1)  # input name: name of a secret
    token: Token | None = None  # for one in <meta name="csrf-token">
    success: str  # CSS selector that only a page behind the login has
    check: str | None = None  # path that is asked for success where the page after the login lacks it; else a list page


class Listing(Strict):
    """List pages: one row a record, and a link to its page."""

    path: str  # with {page}, or {offset} and step; with neither, one page holds all
    first: int | None = None  # the first page (1) or offset (0)
    step: int | None = Field(default=None, gt=0)  # rows of a page, where the path holds {offset}
    row: str  # CSS selector of a row, card or any other element
    cells: dict[str, Cell] = {}
    link: Cell | None = None  # to the detail page
    next: str | None = None  # CSS selector, present on every page but the last; without it, to the page without news
    newest_first: bool = False  # rows come by refresh.field, the latest first: pages of older ones need not be read

    @model_validator(mode="after")
    def _turns_pages(self) -> Self:
        if ("{offset}" in self.path) != (self.step is not None):
            raise ValueError("{offset} in path and step, the rows of a page, go together; here stands only one of them")
        return self


class Fields(Strict):
    """A table or list of label and value: each label becomes a column, so that a new one shows as drift."""

    row: str
    label: str
    value: str


class HtmlEvents(Strict):
    """Blocks on a detail page that are a table of their own."""

    row: str
    cells: dict[str, Cell] = Field(min_length=1)
    carry: dict[str, str] = Field(min_length=1)  # column of the block: column of the record


class Numbers(Strict):
    """Detail pages by number: between the least and the greatest of the list, those that no row names are asked for."""

    path: str  # of the detail page, with {n} for digits
    most: int = Field(default=500, gt=0)  # of a run
    gone: str | None = None  # CSS selector of what a page without a record shows, if it does not answer 404

    @field_validator("path")
    @classmethod
    def _has_a_number(cls, path: str) -> str:
        if path.count("{n}") != 1 or "{" in path.replace("{n}", "") or "*" in path:
            raise Fault("write {n} once, in the place of the number: /admin/aduan/{n}")
        return path


class HtmlTable(Strict):
    """Records that are listed on some pages and told whole on others; without detail, the list tells all."""

    listing: Listing
    detail: Fields | None = None
    detail_path: str | None = None  # all detail links have this form: * is one piece, {id} one that becomes a column
    numbers: Numbers | None = None
    cells: dict[str, Cell] = {}  # further values on the detail page
    nested: dict[str, HtmlEvents] = {}
    max_faulty: float = Field(default=0.2, ge=0, le=1)  # more pages (and 5) with one fault: the site has changed

    @model_validator(mode="after")
    def _has_what_a_detail_needs(self) -> Self:
        if (self.detail is None) != (self.listing.link is None):
            raise ValueError("listing.link and detail go together: the link leads to the page whose fields detail says")
        if self.detail is None and not self.listing.cells:
            raise ValueError("without detail pages the cells of a row are the record; name them under listing.cells")
        if self.detail is None and (self.detail_path or self.numbers or self.cells or self.nested):
            raise ValueError("detail_path, numbers, cells and nested are of detail pages; add listing.link and detail")
        return self

    @property
    def listed(self) -> frozenset[str]:
        """The columns that a list page tells: cells, and parts of the detail links."""
        return frozenset(self.listing.cells) | set(re.findall(r"\{(\w+)\}", self.detail_path or ""))


class HtmlCount(Strict):
    """A page that states how many records there are."""

    path: str
    cell: Cell


class HtmlSource(SourceBase):
    """Admin pages behind a login."""

    reader: Literal["html"]
    url: Url
    login: Login | None = None
    tables: dict[str, HtmlTable] = Field(min_length=1)
    count: HtmlCount | None = None
    politeness: Politeness = Politeness()

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return tuple(self.login.fields.values()) if self.login else ()

    @model_validator(mode="after")
    def _lists_tell_what_to_read(self) -> Self:
        for name, mapping in self.streams.items():
            at = "streams", name, "refresh"
            if any(event.refresh.kind != "full" for event in mapping.events):
                raise Fault("answers come with the page of their complaint; leave their refresh out", *at)
            table = self.tables.get(mapping.table)
            if table is None or mapping.refresh.kind == "full":
                continue
            if table.detail is None:
                raise Fault("a list without detail pages is read whole; leave refresh out", *at)
            needed = (*([mapping.refresh.field] if mapping.refresh.field else []), *mapping.key)
            if missing := [column for column in needed if column not in table.listed]:
                raise Fault(
                    f"the list must tell {missing[0]!r} before a detail page is asked for; add it to listing.cells, or "
                    "as {…} to detail_path",
                    *at,
                )
        return self
