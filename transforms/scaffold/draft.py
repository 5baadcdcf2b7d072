"""The draft of a channel file: all guesses about one source, each with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from transforms.scaffold.codes import CodeGuess
from transforms.scaffold.guess import Guess
from transforms.scaffold.places import RegionGuess
from transforms.scaffold.tables import EventGuess, KeyGuess, LookupGuess

Value = str | float | Sequence[str] | Mapping[str, "Value"]


class NoComplaints(Exception):
    """No table of the source can hold complaints. One line."""


@dataclass(frozen=True)
class Ignored:
    """A column that no field takes, and what it seems to be."""

    column: str
    why: str
    personal: bool = False


@dataclass(frozen=True)
class ExclusionGuess:
    """A rule for what is no complaint. One that is not ``active`` is written as a comment."""

    rule: str
    column: str
    any_of: tuple[str, ...]
    pattern: str | None
    evidence: str
    active: bool


@dataclass(frozen=True)
class Option:
    """One key of a shape's section."""

    name: str
    value: Value
    evidence: str = ""


@dataclass(frozen=True)
class ShapeGuess:
    """A shape that is not plain, and what it replaces of the guesses about single columns."""

    name: str  # burst, sms_parts, social or lapor
    evidence: str
    options: tuple[Option, ...]
    key: KeyGuess
    fields: tuple[Guess, ...]
    without: frozenset[str] = frozenset()  # fields that are none
    only: bool = False  # whether ``fields`` are all that there are
    events: tuple[EventGuess, ...] = ()
    exclusions: tuple[ExclusionGuess, ...] = ()
    lookups: tuple[LookupGuess, ...] = ()
    reads: tuple[str, ...] = ()  # columns that only the shape reads
    personal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """All that a first channel file says of a source."""

    table: str
    rows: int
    key: KeyGuess
    fields: tuple[Guess, ...]
    lookups: tuple[LookupGuess, ...]
    ignored: tuple[Ignored, ...]
    events: tuple[EventGuess, ...]
    event_ignored: dict[str, tuple[Ignored, ...]]
    codes: dict[str, tuple[CodeGuess, ...]]
    open_codes: dict[str, str]  # field: why its list of labels is not written
    exclusions: tuple[ExclusionGuess, ...]
    region: RegionGuess
    shape: ShapeGuess | None = None
    remarks: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=())  # what became of the other tables
