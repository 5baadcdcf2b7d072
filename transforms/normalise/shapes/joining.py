"""What the shapes of messages have in common: when, who, and how rows that are one submission are kept together."""

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from typing import Any

import orjson
import pandas as pd

from schemas.channel import Channel
from schemas.mapping import ColumnMap, EventMap, Mapping, column_maps
from transforms.normalise import rows, tables
from transforms.normalise.dates import Clock, read_dates
from transforms.normalise.people import clean_phone
from transforms.normalise.values import Notes, fold, look_up

COMPLAINT = "_complaint"  # column of an answer: the key of the submission that it answers, null where there is none
_NEVER = pd.Timestamp(0, tz="UTC")  # reading a time asks no clock


def instants(frame: pd.DataFrame, name: str, mapping: Mapping | EventMap, channel: Channel) -> pd.Series:
    """Instants (UTC) of the column ``name``, read as the mapping reads it where it does; null where it is no date."""
    own = [m for m in column_maps(mapping.columns).values() if m.column == name and (m.formats or m.time_zone)]
    clock = Clock(channel.time_zone, channel.date_formats, _NEVER)
    values = tables.column(frame, name, channel.null_tokens)
    return read_dates(name, values, own[0] if own else ColumnMap(column=name), clock, Notes(len(frame)))


def people(frame: pd.DataFrame, name: str) -> pd.Series:
    """The persons of the column ``name``: numbers as E.164, names folded; null where nobody stands."""
    return look_up(tables.column(frame, name), person).astype("str")


def person(name: str) -> str:
    """A name or number in the one form by which it is known again."""
    return clean_phone(name).value or fold(name)


def keys(frame: pd.DataFrame, mapping: Mapping, channel: Channel) -> pd.Series:
    """The key that each row will have as a submission; null for a stream whose keys are made of the content."""
    if not mapping.key:
        return pd.Series(None, index=frame.index, dtype="str")
    return rows.column_key(frame, mapping.key, channel.null_tokens)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as its cells without nulls, ``_object`` and ``_position`` included."""
    names = sorted(frame.columns)
    cells = frame[names].astype(object)
    found = cells.where(cells.notna(), None).to_numpy(dtype=object).tolist()
    return [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in found]


def pieces(parts: Sequence[dict[str, Any]]) -> str:
    """``records`` as the JSON list that ``PARTS`` holds."""
    return orjson.dumps(parts).decode()


def write_cells(frame: pd.DataFrame, name: str, cells: AnyMapping[Any, str | None]) -> None:
    """Put ``cells`` (by index label) into the column ``name`` of ``frame``, which is made where it is not."""
    if name not in frame.columns:
        frame[name] = pd.Series(None, index=frame.index, dtype="str")
    if cells:
        frame.loc[list(cells), name] = pd.Series(list(cells.values()), index=list(cells), dtype="str")
