"""Reading an archive: raw records parsed and normalised, the same for a load, for a replay and for an erasure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from connectors.archive import Archive
from connectors.readers import READERS
from flows.site import Site
from schemas.channel_file import ChannelFile
from transforms.normalise import Normalised, RawFrame, UnreadablePiece, normalise


@dataclass(frozen=True)
class Reading:
    """What one archive came to, read by one source of the channel file."""

    source: str
    archive: Archive
    done: Normalised
    unreadable: int
    stated: Mapping[str, int] | None  # records by stream as the source counts them by another road
    problems: tuple[str, ...]


def read_archive(site: Site, file: ChannelFile, source_name: str, archive: Archive) -> Reading:
    """Parse and normalise ``archive``. Raises the errors of ``connectors.base``, and ``ArchiveDamaged``."""
    source = file.channel.sources[source_name]
    reader = READERS[source.reader]
    tables: list[RawFrame] = []
    unreadable: list[UnreadablePiece] = []
    problems: list[str] = []
    for raw in reader.parse(source, archive):
        tables.append(RawFrame(raw.table, raw.frame))
        unreadable += [UnreadablePiece(**asdict(piece)) for piece in raw.unreadable]
        problems += raw.problems
    fetched_at = max((datetime.fromisoformat(e.fetched_at) for e in archive.entries), default=datetime.now(UTC))
    done = normalise(file.channel, source_name, tables, unreadable, fetched_at, site.reference())
    stated = reader.count(source, archive)
    return Reading(source_name, archive, done, len(unreadable), stated, tuple(dict.fromkeys(problems)))
