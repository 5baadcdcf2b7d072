"""How a table of an old system becomes complaints and answers: columns, keys, look-ups, rules, what is read again.

Where the table comes from is left to ``schemas.sources`` and ``schemas.web_sources``.
"""

import re
from collections.abc import Mapping as AnyMapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from schemas.canonical import EVENT, SUBMISSION, names
from schemas.channel_types import (
    DateFormats,
    Names,
    Texts,
    UnknownField,
    ZoneName,
)
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


def form_of(value: Any) -> str:
    """Which form of a value was written: the short one (a text) or the long one (a mapping)."""
    return "long" if isinstance(value, AnyMapping | BaseModel) else "short"


# Told apart by form, so that a fault is told of the form that was written.
Columns = dict[str, Annotated[Annotated[str, Tag("short")] | Annotated[ColumnMap, Tag("long")], Discriminator(form_of)]]


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
