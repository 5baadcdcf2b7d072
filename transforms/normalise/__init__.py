"""Normalising: raw records of one source become canonical submissions and events, rejected and excluded records.

Pure functions over frames. Every fault of a value becomes null and a flag and the complaint goes on; what was cleaned
stands beside what came in. Reading sources is left to ``connectors``, judging the batch to ``schemas.expectations``,
keeping it to the store.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from schemas.canonical import EVENT, EXCLUDED, REJECTED, SUBMISSION, conform, empty
from schemas.channel import Channel
from schemas.codes import QuarantineReason
from schemas.mapping import EventMap, Mapping
from schemas.reference import Reference
from transforms.normalise.codes import check_codes
from transforms.normalise.dates import Clock
from transforms.normalise.events import normalise_events
from transforms.normalise.rows import column_key, stack
from transforms.normalise.shapes import answer_tables, linked, shape
from transforms.normalise.submissions import normalise_stream
from transforms.normalise.tables import RawFrame, UnreadablePiece, gather, schema_drift

__all__ = ["Counts", "Normalised", "RawFrame", "UnreadablePiece", "check_codes", "normalise"]


Known = Callable[[str, set[str]], pd.DataFrame]
"""Of a stream and keys: rows of submissions that were loaded before, with key, is_confidential and the reporter."""


@dataclass(frozen=True)
class Counts:
    """``raw_records == extracted + parts + events``.

    ``extracted`` counts rows of complaint tables, once for each stream that reads them, and every unreadable piece,
    whatever its table. ``events`` counts rows of event tables, exact repeats included. ``parts`` counts rows that
    a shape joined into another one.
    """

    raw_records: int
    extracted: int
    parts: int
    events: int


@dataclass(frozen=True)
class Normalised:
    """What one load of one source came to: ``counts.extracted == submissions + rejected + excluded`` (rows).

    ``events`` may have fewer rows than ``counts.events``: exact repeats are dropped. ``schema_drift`` names what is
    neither mapped nor ignored ('table.column'), and what is mapped and absent ('table.column (absent)').
    ``unmapped`` counts labels that no code list knows, by field; those of events under 'event_status', 'event_agency'.
    """

    submissions: pd.DataFrame
    events: pd.DataFrame
    rejected: pd.DataFrame
    excluded: pd.DataFrame
    counts: Counts
    schema_drift: tuple[str, ...]
    unmapped: dict[str, dict[str, int]]
    problems: tuple[str, ...] = ()  # what shapes found odd


def normalise(
    channel: Channel,
    source: str,
    tables: Sequence[RawFrame],
    unreadable: Sequence[UnreadablePiece],
    fetched_at: datetime,
    reference: Reference,
    known: Known | None = None,
) -> Normalised:
    """Normalise all streams of ``source``. ``tables`` may hold several chunks of a table, in the order they were read.

    ``known`` tells of complaints that were loaded before and are not in these tables, because only a part was read: who
    reported them, so that their answers are masked as they were. ``fetched_at`` (with a zone) stands for a missing
    update time, and dates more than a day after it are not believed. Raises ``ValueError`` for one without a zone,
    ``KeyError`` for a source that the channel does not have.
    """
    clock = Clock.of(channel.time_zone, channel.date_formats, fetched_at)
    streams = channel.sources[source].streams
    results, events, event_rows, parts = [], [], 0, 0
    apart: set[str] = set()  # tables that shapes made
    problems: tuple[str, ...] = ()
    unmapped: dict[str, dict[str, int]] = {}
    for stream, mapping in streams.items():
        shaped = shape(gather(mapping, tables), mapping, channel)
        parts += shaped.parts
        apart |= set(shaped.answers)
        problems += shaped.problems
        result = normalise_stream(channel, source, stream, mapping, shaped, clock, reference)
        results.append(result)
        _add(unmapped, result.unmapped)
        for number, event_map in enumerate(mapping.events):
            prefix = f"{event_map.table}|" if number else ""  # the first table's keys stay when a second one is added
            rows = gather(event_map, [*tables, *answer_tables(shaped)])
            event_rows += len(rows)
            rows = linked(rows, event_map.table, shaped, mapping, channel)
            people = _people(known, stream, event_map, rows, result.submissions, channel)
            made, labels = normalise_events(channel, stream, event_map, prefix, rows, people, clock, reference)
            events.append(made)
            _add(unmapped, labels)
    extracted = sum(r.seen for r in results) + len(unreadable)
    mappings: list[Mapping | EventMap] = [m for s in streams.values() for m in _tables(s)]
    return Normalised(
        submissions=stack([r.submissions for r in results], empty(SUBMISSION)),
        events=stack(events, empty(EVENT)),
        rejected=stack([*(r.rejected for r in results), _unreadable(channel, source, unreadable)], empty(REJECTED)),
        excluded=stack([r.excluded for r in results], empty(EXCLUDED)),
        counts=Counts(extracted + parts + event_rows, extracted, parts, event_rows),
        schema_drift=schema_drift([m for m in mappings if m.table not in apart], tables),
        unmapped=unmapped,
        problems=problems,
    )


def _people(
    known: Known | None,
    stream: str,
    event_map: EventMap,
    events: pd.DataFrame,
    submissions: pd.DataFrame,
    channel: Channel,
) -> pd.DataFrame:
    """The submissions that ``events`` may belong to: those of this load, and of those loaded before what is asked."""
    if known is None or events.empty:
        return submissions
    keys = set(column_key(events, event_map.complaint, channel.null_tokens).dropna()) - set(submissions["key"])
    before = known(stream, keys) if keys else None
    return submissions if before is None or before.empty else pd.concat([submissions, before], ignore_index=True)


def _tables(mapping: Mapping) -> list[Mapping | EventMap]:
    return [mapping, *mapping.events]


def _unreadable(channel: Channel, source: str, pieces: Sequence[UnreadablePiece]) -> pd.DataFrame:
    """Quarantine rows of pieces; the stream is the one that reads their table, else the source's first."""
    streams = channel.sources[source].streams
    stream_of = {t.table: name for name, m in reversed(streams.items()) for t in _tables(m)}
    first = next(iter(streams))
    rows = [
        {
            "channel": channel.id,
            "stream": stream_of.get(piece.table, first),
            "reason": QuarantineReason.UNREADABLE.value,
            "detail": piece.detail,
            "object": piece.object,
            "position": piece.position,
            "raw": "base64:" + base64.b64encode(piece.raw).decode(),
        }
        for piece in pieces
    ]
    return conform(pd.DataFrame(rows), REJECTED) if rows else empty(REJECTED)


def _add(total: dict[str, dict[str, int]], more: dict[str, dict[str, int]]) -> None:
    for column, labels in more.items():
        counts = total.setdefault(column, {})
        for label, count in labels.items():
            counts[label] = counts.get(label, 0) + count
