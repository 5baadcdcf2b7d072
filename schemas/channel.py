"""The channel file: all local facts of one channel, and nothing else.

A channel is data. This module says what such a file may hold; ``schemas.channel_file`` reads one and turns every fault
into one line with file, line, key and mend. Time zones are IANA names, codes those of ``schemas.codes``.
"""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from schemas.channel_types import (
    ChannelId,
    DateFormats,
    Fault,
    Government,
    RegionCode,
    Texts,
    ZoneName,
)
from schemas.codes import Closer, Status, SubmissionType
from schemas.mapping import Mapping, Strict, column_maps, form_of
from schemas.sources import ChatSource, JsonSource, MysqldumpSource, SheetSource, SqlSource
from schemas.web_sources import HtmlSource, RestSource


class Stream(Strict):
    """What a channel carries under one natural key."""

    title: str
    key: Literal["columns", "content"] = "columns"
    whistleblowing: bool = False  # never enters matching


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
        str, Annotated[Annotated[Status, Tag("short")] | Annotated[StatusCode, Tag("long")], Discriminator(form_of)]
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
