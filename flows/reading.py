"""Reading an archive: raw records parsed and normalised, the same for a load, for a replay and for an erasure."""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd

from connectors.archive import JOURNAL, MANIFEST, Archive
from connectors.base import RawTable
from connectors.readers import READERS
from connectors.refresh import PARTS, Known, newest
from flows.site import Site
from satukanal.store import codec, known
from schemas.channel_file import ChannelFile
from schemas.mapping import column_maps
from schemas.sources import SourceBase
from transforms.normalise import Normalised, RawFrame, UnreadablePiece, normalise

_BYTES = "base64:"  # before the bytes of a cell that is no text
_DATA = "data:"  # before a file that a program wrote as text: data:image/jpeg;base64,…


def what_is_known(site: Site, file: ChannelFile, source_name: str) -> dict[str, Known]:
    """What the store knows of the streams (and of tables of answers, ``stream/table``) that are not read in full.

    Nothing, before the first load of this source.
    """
    channel, source = file.channel, file.channel.sources[source_name]
    cursors = known.cursors(site.store, channel.id, source_name)
    found: dict[str, Known] = {}
    for stream, mapping in source.streams.items():
        uses = {stream: mapping} | {f"{stream}/{event.table}": event for event in mapping.events}
        asked = {place: use for place, use in uses.items() if use.refresh.kind != "full"}
        if not asked:
            continue
        progress = known.progress(site.store, channel.id, stream)
        if not progress.keys:
            continue
        width = len(mapping.key)
        keys, open_keys = (_split(keys, width) for keys in (progress.keys, progress.open_keys))
        found |= {place: Known(cursors.get(place), open_keys, keys) for place in asked}
    return found


@dataclass(frozen=True)
class Earlier:
    """What loads before this one left of the same source, described by the same channel file."""

    last: Archive | None  # of the latest that was read to its end
    unfinished: tuple[Path, ...]  # folders of those that were begun after it and not finished, oldest first


def earlier_loads(site: Site, file: ChannelFile, source_name: str) -> Earlier:
    """The archives that a load of ``source_name`` may go on from."""
    last: Archive | None = None
    unfinished: list[Path] = []
    for load_id in known.loads_alike(site.store, file.channel.id, source_name, file.sha256):
        folder = site.archive_dir(file.channel.id, load_id)
        if (folder / MANIFEST).exists():
            last = Archive.open(folder, site.store.keys)
            break
        if (folder / JOURNAL).exists():
            unfinished.insert(0, folder)
    return Earlier(last, tuple(unfinished))


def _split(keys: frozenset[str], width: int) -> frozenset[tuple[str, ...]]:
    """The columns of each key; one that cannot be taken apart is left out, and so is read again."""
    parts = (tuple(key.split("|")) if width > 1 else (key,) for key in keys)
    return frozenset(part for part in parts if len(part) == width)


@dataclass(frozen=True)
class Reading:
    """What one archive came to, read by one source of the channel file."""

    source: str
    archive: Archive
    done: Normalised
    unreadable: int
    stated: Mapping[str, int] | None  # records by stream as the source counts them by another road
    problems: tuple[str, ...]
    part: str | None  # how the archive's records were chosen, if it does not hold all of them
    cursors: Mapping[str, str]  # by stream or stream/table: where a later read by cursor begins


def read_archive(
    site: Site, file: ChannelFile, source_name: str, archive: Archive, keep: Callable[[bytes], object] = len
) -> Reading:
    """Parse and normalise ``archive``; ``keep`` is given each file that stood in a cell.

    Raises the errors of ``connectors.base``, and ``ArchiveDamaged``.
    """
    source = file.channel.sources[source_name]
    reader = READERS[source.reader]
    tables: list[RawFrame] = []
    unreadable: list[UnreadablePiece] = []
    problems: list[str] = []
    for raw in reader.parse(source, archive):
        tables.append(RawFrame(raw.table, _without_files(raw, source, keep)))
        unreadable += [UnreadablePiece(**asdict(piece)) for piece in raw.unreadable]
        problems += raw.problems
    fetched_at = max((datetime.fromisoformat(e.fetched_at) for e in archive.entries), default=datetime.now(UTC))
    parts = sorted({part for e in archive.entries if (part := e.origin.get("part")) in PARTS})
    before = partial(known.people, site.store, file.channel.id) if parts else None
    done = normalise(file.channel, source_name, tables, unreadable, fetched_at, site.reference(), before)
    read = sum(len(t.frame) for t in tables if t.table in {m.table for m in source.streams.values()})
    stated = in_submissions(source, reader.count(source, archive), read + len(unreadable) - done.counts.extracted)
    return Reading(
        source_name,
        archive,
        done,
        len(unreadable),
        stated,
        tuple(dict.fromkeys((*problems, *done.problems))),
        ", ".join(map(str, parts)) or None,
        _cursors(source, tables),
    )


def in_submissions(source: SourceBase, stated: Mapping[str, int] | None, folded: int) -> Mapping[str, int] | None:
    """What a source counts, less the ``folded`` rows that a shape made parts of a message, or answers."""
    folding = [name for name, mapping in source.streams.items() if mapping.shape in ("burst", "sms_parts", "social")]
    if stated is None or not folding:
        return stated
    return {**stated, folding[0]: stated[folding[0]] - folded}


def _without_files(raw: RawTable, source: SourceBase, keep: Callable[[bytes], object]) -> pd.DataFrame:
    """Raw records in which files have given way to ``cell:`` and their SHA-256: a frame holds no photos."""
    frame = raw.frame
    for mapping in source.streams.values():
        origin = column_maps(mapping.columns).get("attachments") if mapping.table == raw.table else None
        for name in set(origin.origins) & set(frame.columns) if origin else ():
            cells = frame[name]
            if any(cells.str.startswith(start).any() for start in (_BYTES, _DATA, codec.CELL)):
                lifted = [_lifted(cell, keep) if isinstance(cell, str) else cell for cell in cells]
                frame = frame.assign(**{name: pd.Series(lifted, index=frame.index, dtype="str")})
    return frame


def _lifted(cell: str, keep: Callable[[bytes], object]) -> str:
    head, _, packed = cell.partition(",") if cell.startswith(_DATA) else (_BYTES, "", cell.removeprefix(_BYTES))
    if cell.startswith((_BYTES, _DATA)) and head.endswith(("base64", _BYTES)):
        try:
            content = b64decode("".join(packed.split()), validate=True)
        except ValueError:
            return cell
        keep(content)
        return codec.CELL + hashlib.sha256(content).hexdigest()
    return f"./{cell}" if cell.startswith(codec.CELL) else cell  # a name that only looks like one of ours


def _cursors(source: SourceBase, tables: list[RawFrame]) -> dict[str, str]:
    found = {}
    for stream, mapping in source.streams.items():
        uses = {stream: mapping} | {f"{stream}/{event.table}": event for event in mapping.events}
        for place, use in uses.items():
            if use.refresh.kind == "cursor" and use.refresh.field:
                frames = [t.frame for t in tables if t.table == use.table and use.refresh.field in t.frame]
                last = newest(pd.concat([frame[use.refresh.field] for frame in frames])) if frames else None
                if last is not None:
                    found[place] = last
    return found
