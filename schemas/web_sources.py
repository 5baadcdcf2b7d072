"""Sources of a channel that are live web systems, and how politely they are asked."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.channel_types import (
    Hours,
    SecretName,
    Url,
)
from schemas.mapping import Strict
from schemas.sources import Nested, SourceBase


class Politeness(Strict):
    """How hard a live system may be asked."""

    per_second: float = Field(default=2.0, gt=0)
    timeout_seconds: float = Field(default=30.0, gt=0)
    retries: int = Field(default=4, ge=0)
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


class Paging(Strict):
    """Page numbers in the query; the answer says which page is the last."""

    page: str = "page"
    size: str | None = None
    per_page: int = Field(default=100, gt=0)
    last: str  # dotted path in the answer


class RestTable(Strict):
    """One list that the API serves."""

    path: str
    records: str = ""  # dotted path of the list in the answer; empty = the answer is the list
    query: dict[str, str] = {}
    paging: Paging | None = None
    nested: dict[str, Nested] = {}


class RestCount(Strict):
    """Another road by which the API tells how many records there are."""

    path: str
    at: str


class BearerAuth(Strict):
    """A bearer token, by the name of its secret."""

    bearer: SecretName


class RestSource(SourceBase):
    """A JSON API."""

    reader: Literal["rest"]
    url: Url
    auth: BearerAuth | None = None
    tables: dict[str, RestTable] = Field(min_length=1)
    count: RestCount | None = None
    politeness: Politeness = Politeness()


class Login(Strict):
    """A login form: hidden inputs (CSRF tokens) are sent back as they came."""

    path: str
    form: str = "form"  # CSS selector
    fields: dict[str, SecretName] = Field(min_length=1)  # input name: name of a secret
    success: str  # CSS selector that only a page behind the login has


class Cell(Strict):
    """A value on a page: the text of what a CSS selector finds, or one of its attributes."""

    select: str
    attribute: str | None = None
    optional: bool = False
    many: bool = False  # all that are found, as a JSON list of texts


class Listing(Strict):
    """List pages: one row a record, and links that are followed to the next page."""

    path: str  # with {page}
    first: int = 1
    row: str
    cells: dict[str, Cell] = {}
    link: Cell  # to the detail page
    next: str  # CSS selector, present on every page but the last


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


class HtmlTable(Strict):
    """Records that are listed on some pages and told whole on others."""

    listing: Listing
    detail: Fields
    cells: dict[str, Cell] = {}  # further values on the detail page
    nested: dict[str, HtmlEvents] = {}


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
