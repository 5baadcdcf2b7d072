"""The channel file: all local facts of one channel, and nothing else.

A channel is data. This module says what such a file may hold; ``schemas.channel_file`` reads one and turns every fault
into one line with file, line, key and mend. Time zones are IANA names, codes those of ``schemas.codes``.
"""

import re
from collections.abc import Mapping as AnyMapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from schemas.canonical import EVENT, SUBMISSION, names
from schemas.channel_types import (
    ChannelId,
    DateFormats,
    Fault,
    Government,
    Hours,
    Names,
    RegionCode,
    SecretName,
    SheetCell,
    Texts,
    UnknownField,
    Url,
    ZoneName,
)
from schemas.codes import Closer, Status, SubmissionType
from schemas.shapes import Burst, Lapor, SmsParts, Social

MAPPABLE = tuple(
    sorted(
        {"version_at", *names(SUBMISSION, "public", "personal")}
        - {"submitted_local", "incident_local", "status_source", "category_source", "agency_source", "region_code"}
        - {"quoted_numbers", "title_public", "text_public", "changes", "raw"}  # made, not mapped
    )
)
EVENT_MAPPABLE = tuple(sorted({"kind", "occurred_at", "status", "agency", "actor", "text"} & set(names(EVENT))))


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class ColumnMap(Strict):
    """Where a canonical field comes from: one source column, several joined by a blank, or a constant."""

    column: str | None = None
    join: Texts = ()
    value: str | None = None
    formats: DateFormats = ()  # strptime, tried strictly in order; dates only
    time_zone: ZoneName | None = None
    true: Texts = ()  # source values that mean yes; booleans only
    optional: bool = False  # may be absent from the source; any other absence is reported

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum([self.column is not None, bool(self.join), self.value is not None]) != 1:
            raise ValueError("give exactly one of column, join and value")
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        """The source columns that this field is made of."""
        return (self.column,) if self.column is not None else self.join


def _form(value: Any) -> str:
    """Which form of a value was written: the short one (a text) or the long one (a mapping)."""
    return "long" if isinstance(value, AnyMapping | BaseModel) else "short"


# Told apart by form, so that a fault is told of the form that was written.
Columns = dict[str, Annotated[Annotated[str, Tag("short")] | Annotated[ColumnMap, Tag("long")], Discriminator(_form)]]


class Refresh(Strict):
    """How much of a table is read when its channel was read before. The first reading is always full."""

    kind: Literal["full", "cursor", "window", "open_cases"] = "full"
    field: str | None = None  # source column: a number or a date that grows
    lag_hours: float = Field(default=24, ge=0)  # taken off a cursor that is a date, for what was committed late
    lag_number: int = Field(default=1000, ge=0)  # and off one that is a number
    nulls: Literal["read", "skip"] = "read"  # are rows whose field is null, empty or a zero date read each time?
    days: float | None = Field(default=None, gt=0)  # how far back a window reaches

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind in ("cursor", "window")) != (self.field is not None):
            raise ValueError("cursor and window need field, the column that grows; full and open_cases have none")
        if (self.kind == "window") != (self.days is not None):
            raise ValueError("window needs days, as in days: 30; the other kinds have none")
        foreign = {"lag_hours", "lag_number"} if self.kind != "cursor" else set()
        foreign |= {"nulls"} if self.field is None else set()
        if wrong := sorted(name for name in foreign if getattr(self, name) != type(self).model_fields[name].default):
            raise ValueError(f"{self.kind} knows no {wrong[0]}; take it out")
        return self


class Lookup(Strict):
    """A small table that tells more of a column's values: its key, and its columns by the names they get here."""

    table: str
    key: str
    columns: dict[str, str] = Field(min_length=1)


class EventMap(Strict):
    """A table of answers or status changes, and how its rows find their complaint."""

    table: str
    complaint: Names  # columns that hold the key of the complaint
    key: Texts = ()  # columns that make the event's own key; empty = by content
    kind: Literal["answer", "status", "note"] = "answer"
    columns: Columns
    ignore: Texts = ()
    lookups: dict[str, Lookup] = {}  # column of this table: where its values are told in full
    refresh: Refresh = Refresh()  # of events on the table of their own stream that stream's holds

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        check_fields(self.columns, EVENT_MAPPABLE)
        return self


class Condition(Strict):
    """True where a source column holds one of these values, or matches this pattern (both ignoring case)."""

    column: str
    any_of: Texts = ()
    pattern: str | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if bool(self.any_of) == (self.pattern is not None):
            raise ValueError("give exactly one of any_of and pattern")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern is no regular expression: {error}") from error
        return self


class Exclusion(Strict):
    """A named rule for what is no complaint. It is counted, kept and reported, never dropped."""

    rule: str
    when: Condition
    unless: Condition | None = None


class Mapping(Strict):
    """How one source carries one stream: its table, its key, its columns."""

    table: str
    shape: Literal["plain", "burst", "sms_parts", "social", "lapor"] = "plain"
    burst: Burst | None = None
    sms_parts: SmsParts | None = None
    social: Social | None = None
    lapor: Lapor | None = None
    key: Texts = ()
    columns: Columns
    ignore: Texts = ()
    lookups: dict[str, Lookup] = {}  # column of this table: where its values are told in full
    events: tuple[EventMap, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    refresh: Refresh = Refresh()

    @model_validator(mode="after")
    def _shape_has_its_section(self) -> Self:
        for name in ("burst", "sms_parts", "social", "lapor"):
            if (getattr(self, name) is not None) != (self.shape == name):
                raise ValueError(f"shape: {name} and a section {name}: go together; here stands only one of them")
        return self

    @property
    def made(self) -> frozenset[str]:
        """Tables that the shape makes of this one: no reader finds them in the source."""
        return frozenset(shape.answers for shape in (self.burst, self.social) if shape is not None)

    @model_validator(mode="after")
    def _posts_have_keys(self) -> Self:
        if self.shape == "social" and not self.key:
            raise ValueError("shape: social finds who answers whom by key; add key, the columns that name a post")
        return self

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        check_fields(self.columns, MAPPABLE)
        if "text" not in self.columns and "title" not in self.columns:
            raise ValueError("map at least one of text and title: without words there is no complaint")
        if self.refresh.kind == "open_cases" and not self.key:
            raise ValueError("refresh: open_cases finds rows by their key; add key, or choose another kind")
        return self


def check_fields(columns: dict[str, str | ColumnMap], known: tuple[str, ...]) -> None:
    """Raise ``UnknownField`` for the first key of ``columns`` that is not in ``known``."""
    for field in columns:
        if field not in known:
            raise UnknownField(field, known)


def column_maps(columns: dict[str, str | ColumnMap]) -> dict[str, ColumnMap]:
    """``columns`` with the short form (a bare column name) written out."""
    return {f: ColumnMap(column=m) if isinstance(m, str) else m for f, m in columns.items()}


class Stream(Strict):
    """What a channel carries under one natural key."""

    title: str
    key: Literal["columns", "content"] = "columns"
    whistleblowing: bool = False  # never enters matching


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


class Attachments(Strict):
    """Where the files lie that a source names. Those in a zip that was read, and in cells, are found without it."""

    folder: str | None = None  # a folder or a .zip, below <SATUKANAL_HOME>/sources unless absolute
    urls: tuple[Url, ...] = ()  # only what lies below these is asked for; bare names are below the first
    none: Texts = ()  # globs of names that stand for no file, besides default.jpg and its like
    max_mb: int = Field(default=25, gt=0)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.folder is None and not self.urls and not self.none:
            raise ValueError("name a folder, urls, or names that stand for none; or leave attachments out")
        return self

    @field_validator("urls")
    @classmethod
    def _are_folders(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if not re.fullmatch(r"https?://[^/?#]+/[^?#]*", url):
                raise Fault(
                    "name a folder of the host, as in https://sigap.example.go.id/uploads: not all of it is files"
                )
        return urls


class SourceBase(Strict):
    """What every source has, whatever its reader."""

    joins_lookups: ClassVar[bool] = False  # whether the reader joins look-up tables in
    streams: dict[str, Mapping] = Field(min_length=1)
    attachments: Attachments | None = None

    @model_validator(mode="after")
    def _lookups_are_joined(self) -> Self:
        for name, mapping in self.streams.items():
            if not self.joins_lookups and (mapping.lookups or any(event.lookups for event in mapping.events)):
                raise Fault("this reader joins no look-up tables; leave lookups out", "streams", name)
        return self

    @field_validator("streams", mode="before")
    @classmethod
    def _key_names_columns(cls, streams: Any) -> Any:
        for name, mapping in streams.items() if isinstance(streams, AnyMapping) else ():
            word = mapping.get("key") if isinstance(mapping, AnyMapping) else None
            if word in ("content", "columns"):
                place = f"write key: {word} in streams.{name} at the top of the file"
                raise Fault(f"{place}; here key lists columns, as in key: [No Aduan]", name, "key")
        return streams


class MysqldumpSource(SourceBase):
    """A file that mysqldump, phpMyAdmin or the like wrote: .sql, .sql.gz, .sql.bz2 or .zip."""

    joins_lookups: ClassVar[bool] = True
    reader: Literal["mysqldump"]
    path: str  # a file or a glob, below <SATUKANAL_HOME>/sources unless absolute
    encoding: str | None = None  # what the file says by SET NAMES, else utf-8


class SheetCount(Strict):
    """A cell in which the vendor states how many records there are."""

    sheet: str
    cell: SheetCell


class SheetLayout(Strict):
    """Where headers stand in those files of a source whose names match."""

    files: str  # glob, without regard to case
    header_row: int = Field(default=1, ge=1)
    header_rows: int = Field(default=1, ge=1, le=5)


class SheetSource(SourceBase):
    """A workbook, or a table of text; a mapping's table is a sheet, or a glob of sheets that are one table."""

    reader: Literal["sheet"]
    path: str
    header_row: int = Field(default=1, ge=1)
    header_rows: int = Field(default=1, ge=1, le=5)  # a column's name may stand in several rows, from header_row on
    layouts: tuple[SheetLayout, ...] = ()  # files whose headers stand elsewhere; the first that matches counts
    headers: dict[str, str] = {}  # name of a column: regular expression of the headers that mean it, whatever the year
    totals: Texts = ("JUMLAH", "TOTAL", "GRAND TOTAL")  # first cell of a row that is a sum, not a record
    count: SheetCount | None = None

    @field_validator("headers")
    @classmethod
    def _are_patterns(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, pattern in headers.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise Fault(f"is no regular expression: {error}", name) from error
        return headers


class Paging(Strict):
    """Page numbers in the query; the answer says which page is the last."""

    page: str = "page"
    size: str | None = None
    per_page: int = Field(default=100, gt=0)
    last: str  # dotted path in the answer


class Nested(Strict):
    """A list inside each record that is a table of its own."""

    at: str  # dotted path in the record
    carry: dict[str, str] = Field(min_length=1)  # column of the nested row: dotted path in the record


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


class SqlSource(SourceBase):
    """A live database, read only."""

    joins_lookups: ClassVar[bool] = True
    reader: Literal["sql"]
    url: str  # mysql://user@host:3306/database, postgresql://…, or sqlite:///file below the folder of sources
    password: SecretName | None = None
    tls: bool = False  # refuse a connection that is not encrypted, or whose certificate is not the host's

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str) -> str:
        # A Fault, for a wrong value may hold the password.
        server = re.fullmatch(r"(?:mysql|mariadb|postgresql)://(?P<login>[^/\s@]+)@[^/\s@?#]+/[^/\s?#]+", url)
        if server is None and not re.fullmatch(r"sqlite:///[^?#]*[^?#/]", url):
            raise Fault("write mysql://user@host:3306/database, postgresql://user@host/database or sqlite:///file.db")
        if server and ":" in server["login"]:
            raise Fault("holds a password; take it out, write password: NAME_OF_SECRET, and change it on the server")
        return url

    @model_validator(mode="after")
    def _files_have_none(self) -> Self:
        if self.url.startswith("sqlite:") and (self.password or self.tls):
            raise ValueError("a SQLite file knows neither password nor tls; take them out")
        return self


CHAT_TABLE = "pesan"


class ChatSource(SourceBase):
    """WhatsApp chats as a phone exports them: .txt, or .zip with the media; all messages are the table ``pesan``."""

    reader: Literal["chat"]
    path: str  # a file or a glob; times are wall times of the phone, so of the channel's zone
    dates: Literal["d/m/y", "m/d/y", "y/m/d"] | None = None  # else told from all lines of a file
    chat: str | None = None  # the chat's name, where that of the file does not say it or changes

    @model_validator(mode="after")
    def _has_one_table(self) -> Self:
        for name, mapping in self.streams.items():
            if mapping.table != CHAT_TABLE:
                raise Fault(f"write table: {CHAT_TABLE}; a chat has no other", "streams", name, "table")
        return self


class Thread(Strict):
    """Lists inside each record whose items are records of the same table, at any depth: comments and their replies."""

    at: Texts = Field(min_length=1)  # dotted paths in the record
    carry: dict[str, str] = Field(min_length=1)  # column of the inner record: dotted path in the one around it


class JsonTable(Strict):
    """One list of records in files of JSON."""

    records: str = ""  # dotted path of the list in each document; empty = the document is the list, or a record
    files: str = "*"  # glob of the names of the files that hold it, in any folder of a zip
    nested: dict[str, Nested] = {}
    thread: Thread | None = None
    whole: Texts = ()  # dotted paths of objects that stay one column, as compact JSON


class JsonSource(SourceBase):
    """Saved answers of an API, and archives of social media: .json, .ndjson, .jsonl, .js, or .zip of them."""

    joins_lookups: ClassVar[bool] = True
    reader: Literal["json"]
    path: str  # a file or a glob, below <SATUKANAL_HOME>/sources unless absolute
    tables: dict[str, JsonTable] = Field(min_length=1)

    @model_validator(mode="after")
    def _tables_are_declared(self) -> Self:
        known = [name for top, table in self.tables.items() for name in (top, *table.nested)]
        for stream, mapping in self.streams.items():
            uses: tuple[Mapping | EventMap, ...] = (mapping, *mapping.events)
            for name in (mapping.table, *(lookup.table for use in uses for lookup in use.lookups.values())):
                if name not in known:
                    raise Fault(
                        f"table {name!r} is not under tables; there stand {', '.join(known)}", "streams", stream
                    )
        return self


Source = Annotated[
    MysqldumpSource | SheetSource | RestSource | HtmlSource | SqlSource | JsonSource | ChatSource,
    Field(discriminator="reader"),
]


class StatusCode(Strict):
    """What a local status means in full."""

    status: Status
    closed_by: Closer | None = None
    archived_by: Closer | None = None


class Codes(Strict):
    """Local values → codes of ours, compared without case and outer blanks. What is missing here is unmapped."""

    status: dict[
        str, Annotated[Annotated[Status, Tag("short")] | Annotated[StatusCode, Tag("long")], Discriminator(_form)]
    ] = {}
    type: dict[str, SubmissionType] = {}
    category: dict[str, str] = {}
    agency: dict[str, str] = {}


class Limits(Strict):
    """What a plausible load looks like: ``min`` stops the channel, ``max`` warns."""

    min: int = Field(default=1, ge=0)
    max: int | None = None
    max_withdrawn: float = Field(default=0.05, ge=0, le=1)
    fill: dict[str, float] = {}  # canonical field: least share of rows that must have it (warning)


class Channel(Strict):
    """One channel: where it is, how its fields map, its code lists and limits."""

    id: ChannelId
    title: str
    government: Government
    owner: str
    region: RegionCode
    time_zone: ZoneName
    live: bool
    streams: dict[str, Stream] = Field(min_length=1)
    sources: dict[str, Source] = Field(min_length=1)
    codes: Codes = Codes()
    null_tokens: Texts = ("", "-", "NULL", "null", "N/A")
    date_formats: DateFormats = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
    limits: Limits = Limits()
    personal: Texts = ()  # source columns beyond the mapped ones that hold personal data
    retention_years: int | None = None

    @model_validator(mode="after")
    def _streams_are_declared(self) -> Self:
        for name, source in self.sources.items():
            for stream, mapping in source.streams.items():
                at = "sources", name, "streams", stream
                if stream not in self.streams:
                    raise Fault(f"is no stream; under streams at the top stand: {', '.join(self.streams)}", *at)
                if self.streams[stream].key == "columns" and not mapping.key:
                    key = f"add key: [{_ticket_column(mapping)}] here"
                    raise Fault(f"{key}, or set streams.{stream}.key: content at the top of the file", *at)
        return self


def _ticket_column(mapping: Mapping) -> str:
    """The column that holds the ticket number, as far as the mapping tells; else an example."""
    numbers = column_maps(mapping.columns).get("old_numbers")
    return numbers.origins[0] if numbers and numbers.origins else "No Aduan"
