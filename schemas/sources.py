"""Sources of a channel that are files or databases, and what every source has.

Live web systems are in ``schemas.web_sources``; how tables are mapped in ``schemas.mapping``.
"""

import re
from collections.abc import Mapping as AnyMapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.channel_types import (
    Fault,
    SecretName,
    SheetCell,
    Texts,
    Url,
)
from schemas.mapping import (
    EventMap,
    Mapping,
    Strict,
)


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

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return ()

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


class SqlSource(SourceBase):
    """A live database, read only."""

    joins_lookups: ClassVar[bool] = True
    reader: Literal["sql"]
    url: str  # mysql://user@host:3306/database, postgresql://…, or sqlite:///file below the folder of sources
    password: SecretName | None = None
    tls: bool = False  # refuse a connection that is not encrypted, or whose certificate is not the host's

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return (self.password,) if self.password else ()

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


class Nested(Strict):
    """A list inside each record that is a table of its own."""

    at: str  # dotted path in the record
    carry: dict[str, str] = Field(min_length=1)  # column of the nested row: dotted path in the record


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
