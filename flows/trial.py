"""A channel tried on a sample: connection, mapping and code lists, without a store and without a load.

Files are read where they lie. Answers of web systems lie sealed in a temporary folder, which is removed. What a load
would make of the sample is asked of the same functions that a load calls.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pandas as pd
from rapidfuzz import fuzz, process

from connectors.archive import Archive
from connectors.base import Context, RawTable, Unreadable
from connectors.files import find_files, mapped_tables
from connectors.lookups import with_lookups
from connectors.peek_sample import sampled
from connectors.peek_sql import sampled_tables
from connectors.plain import PlainFiles
from connectors.readers import READERS
from data import REFERENCE
from flows.site import NotReady, secret
from flows.tools import secrets_of
from satukanal.settings import read_secret, read_settings
from satukanal.store import Keyring
from schemas.channel import StatusCode
from schemas.channel_file import ChannelFile, fault_at
from schemas.expectations import check as check_expectations
from schemas.mapping import Mapping, column_maps
from schemas.reference import Reference, read_reference
from schemas.sources import ChatSource, JsonSource, SqlSource
from transforms.normalise import Normalised, RawFrame, UnreadablePiece, check_codes, normalise
from transforms.normalise.tables import absent_columns
from transforms.normalise.values import fold
from transforms.scaffold import ColumnProfile, shape_of
from transforms.scaffold.codes import guess_codes
from transforms.scaffold.dates import guess_dates

SAMPLE = 20_000  # rows of a table
PAGES = 2  # of a list of an API
REQUESTS = 40  # to a web system
_DATES = ("submitted_at", "incident_at", "closed_at", "version_at")
_FILES = ("mysqldump", "sheet", "chat", "json")


@dataclass
class _Sample:
    """Raw records, at most ``most`` of each table."""

    most: int
    tables: list[RawFrame] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    whole: bool = True

    def take(self, tables: Iterator[RawTable], wanted: tuple[str, ...]) -> None:
        """Read until every wanted table is full, or to the end."""
        for raw in tables:
            room = self.most - self.rows[raw.table]
            self.whole = self.whole and len(raw.frame) <= room
            frame = raw.frame.iloc[: max(room, 0)]
            self.tables.append(RawFrame(raw.table, frame))
            self.rows[raw.table] += len(frame)
            self.unreadable += raw.unreadable
            self.problems += raw.problems
            if all(self.rows[name] >= self.most for name in wanted):
                self.whole = False
                return


def tried(file: ChannelFile, most: int = SAMPLE) -> dict[str, Any]:
    """What a load of the channel's first source would make of at most ``most`` rows of each table.

    ``stops`` tells what would stop a load; empty is well. Raises ``NotReady`` for a secret that is not set,
    ``ChannelFileError`` for a code that does not exist, and the errors of ``connectors.base``.
    """
    reference = read_reference(REFERENCE)
    for name in secrets_of(file.channel):
        if read_secret(name) is None:
            raise NotReady(f"{file.path}: the secret {name} is not set; set SATUKANAL_SECRET_{name} (or …_FILE)")
    for problem in check_codes(file.channel, reference):
        raise fault_at(file.path, problem.key, problem.problem)
    source_name, source = next(iter(file.channel.sources.items()))
    sample = _Sample(most)
    with tempfile.TemporaryDirectory(prefix="satukanal-") as folder:
        stated = _read(file.channel.id, file.channel.time_zone, source, sample, Path(folder))
    pieces = [UnreadablePiece(**asdict(piece)) for piece in sample.unreadable]
    done = normalise(file.channel, source_name, sample.tables, pieces, datetime.now(UTC), reference)
    return _told(file, source_name, source, sample, done, stated, reference)


def _read(channel: str, zone: str, source: Any, sample: _Sample, folder: Path) -> int | None:
    """Fill ``sample``; returns what the source states, where the sample is all of it."""
    context = Context(
        channel=channel,
        sources_dir=read_settings().home_dir / "sources",
        secret=secret,
        address=read_settings().addresses.get(channel),
        zone=zone,
    )
    wanted = mapped_tables(source)
    reader = READERS[source.reader]
    if isinstance(source, SqlSource):

        def read(names: tuple[str, ...]) -> Iterator[RawTable]:
            return sampled_tables(source, context, names, sample.most + 1)

        sample.take(with_lookups(source, read) if source.joins_lookups else read(wanted), wanted)
        return None
    if source.reader in _FILES:
        archive = _where_they_lie(source, find_files(source.path, context.sources_dir))
        sample.take(reader.parse(source, archive), wanted)
        stated = reader.count(source, archive) if sample.whole else None
        return None if stated is None else sum(stated.values())
    cipher = Keyring.from_secret(os.urandom(32))
    records, whole = sampled(source, context, cipher, folder, REQUESTS, PAGES)
    sample.whole = whole
    sample.take(iter(records), wanted)
    return None


def _where_they_lie(source: Any, files: tuple[Path, ...]) -> Archive:
    if isinstance(source, JsonSource):
        return PlainFiles.of_json(source, files)
    return PlainFiles.of_chats(files) if isinstance(source, ChatSource) else PlainFiles.of(files)


def _told(
    file: ChannelFile,
    source_name: str,
    source: Any,
    sample: _Sample,
    done: Normalised,
    stated: int | None,
    reference: Reference,
) -> dict[str, Any]:
    mappings = [use for mapping in source.streams.values() for use in (mapping, *mapping.events)]
    absent = [asdict(one) for one in absent_columns(mappings, sample.tables)]
    limits = file.channel.limits if sample.whole else file.channel.limits.model_copy(update={"min": 0})
    results = check_expectations(done.submissions, limits)
    stops = [
        f"{one['table']}.{one['column']} is mapped and not there"
        + (f"; nearest: {one['nearest']}" if one["nearest"] else "")
        for one in absent
    ]
    stops += [
        f"{r.expectation} of {r.column}: {r.observed}" for r in results if r.suite == "critical" and not r.success
    ]
    if stated is not None and stated != done.counts.extracted:
        stops.append(f"the source states {stated} records, and {done.counts.extracted} were read")
    return {
        "channel": file.channel.id,
        "path": str(file.path),
        "source": source_name,
        "reader": source.reader,
        "sample": {"rows": dict(sample.rows), "whole": sample.whole},
        "accepted": len(done.submissions),
        "quarantined": _counted(done.rejected["reason"]),
        "excluded": _counted(done.excluded["rule"]),
        "answers": len(done.events),
        "absent": absent,
        "neither_mapped_nor_ignored": [text for text in done.schema_drift if "(absent" not in text],
        "unknown_codes": _unknown(file, done, reference),
        "dates": _failing_dates(source.streams.values(), done),
        "null_rates": _null_rates(source.streams.values(), done),
        "warnings": [
            f"{r.expectation} of {r.column}: {r.observed}" for r in results if r.suite == "warning" and not r.success
        ],
        "problems": list(dict.fromkeys(sample.problems)),
        "stops": stops,
    }


def _counted(values: pd.Series) -> dict[str, int]:
    return {str(k): int(v) for k, v in values.value_counts().sort_index().items()}


def _unknown(file: ChannelFile, done: Normalised, reference: Reference) -> dict[str, list[dict[str, Any]]]:
    """Labels that no list knows, with what they may mean: as a like label of the channel does, or by their words."""
    codes = file.channel.codes
    found: dict[str, list[dict[str, Any]]] = {}
    for name, labels in done.unmapped.items():
        kind = name.removeprefix("event_")
        known = {k: v.status if isinstance(v, StatusCode) else str(v) for k, v in getattr(codes, kind, {}).items()}
        rows = []
        for label, count in sorted(labels.items(), key=lambda pair: (-pair[1], pair[0])):
            near = process.extractOne(label, list(known), scorer=fuzz.ratio, processor=fold, score_cutoff=75)
            if near:
                suggestion: str | None = f"{known[near[0]]} (as {near[0]!r})"
            elif kind in ("status", "type", "category", "agency"):
                (guess,) = guess_codes(kind, {label: count}, reference)
                suggestion = guess.code or guess.hint or None
            else:
                suggestion = None
            rows.append({"label": label, "count": count, "suggestion": suggestion})
        found[name] = rows
    return found


def _failing_dates(mappings: Any, done: Normalised) -> list[dict[str, Any]]:
    """Dates that no declared format reads: how many, the shape of one, and formats that would."""
    failed: dict[str, list[str]] = {}
    for text in done.submissions["changes"].dropna():
        for column, rule, before in orjson.loads(text):
            if column in _DATES and rule == "unreadable_date":
                failed.setdefault(column, []).append(before)
    told = []
    maps = {f: m for mapping in mappings for f, m in column_maps(cast(Mapping, mapping).columns).items()}
    for name, values in failed.items():
        profile = ColumnProfile(name)
        profile.add(pd.Series(values, dtype="str"))
        guess = guess_dates(profile)
        shape = Counter(shape_of(value) for value in values).most_common(1)[0][0]
        columns = list(maps[name].origins) if name in maps else []
        formats = list(guess.formats) if guess else []
        told.append({"field": name, "columns": columns, "failed": len(values), "example": shape, "formats": formats})
    return told


def _null_rates(mappings: Any, done: Normalised) -> dict[str, float]:
    names = sorted({name for mapping in mappings for name in mapping.columns if name in done.submissions})
    if not len(done.submissions):
        return {}
    return {name: round(float(done.submissions[name].isna().mean()), 4) for name in names}
