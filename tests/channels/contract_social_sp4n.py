"""What every channel file must keep: a source of a channel, from its files to canonical frames."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from connectors.archive import ArchiveWriter
from connectors.base import Context, RawTable, RunError
from connectors.readers import READERS
from data import REFERENCE
from satukanal.store.keys import Keyring
from schemas.channel import Channel
from schemas.channel_file import read_channel
from schemas.reference import read_reference
from transforms.normalise import Normalised, RawFrame, UnreadablePiece, normalise

CHANNELS = Path(__file__).parents[2] / "connectors" / "channels"
FETCHED = datetime(2024, 6, 1, 3, 0, tzinfo=UTC)
REFERENCE_TABLES = read_reference(REFERENCE)
_KEYS = Keyring.from_secret(b"kunci uji coba berisi 32 byte ..")


def channel_of(name: str) -> Channel:
    return read_channel(CHANNELS / f"{name}.yaml").channel


def _no_secrets(name: str) -> str:
    raise RunError(f"secret {name} is not set")


@dataclass(frozen=True)
class Loaded:
    """What one source came to, and what its reader told."""

    done: Normalised
    problems: tuple[str, ...]

    @property
    def counts(self) -> dict[str, Any]:
        counts, done = self.done.counts, self.done
        return {
            "raw_records": counts.raw_records,
            "parts": counts.parts,
            "events": counts.events,
            "extracted": counts.extracted,
            "accepted": len(done.submissions),
            "quarantined": done.rejected["reason"].value_counts().to_dict(),
            "excluded": done.excluded["rule"].value_counts().to_dict(),
        }


def load(of: Channel, source: str, home: Path) -> Loaded:
    """Read ``source`` from the files below ``home`` / in by an archive in ``home``, and normalise it."""
    reader, declared = READERS[of.sources[source].reader], of.sources[source]
    writer = ArchiveWriter(home / "archive" / of.id / source, _KEYS)
    reader.extract(declared, writer, Context(channel=of.id, sources_dir=home / "in", secret=_no_secrets))
    pieces: list[RawTable] = list(reader.parse(declared, writer.finish()))
    frames = [RawFrame(piece.table, piece.frame) for piece in pieces]
    bad = [UnreadablePiece(u.table, u.object, u.position, u.detail, u.raw) for p in pieces for u in p.unreadable]
    done = normalise(of, source, frames, bad, FETCHED, REFERENCE_TABLES)
    assert done.counts.extracted == len(done.submissions) + len(done.rejected) + len(done.excluded)
    assert done.counts.raw_records == done.counts.extracted + done.counts.parts + done.counts.events
    assert done.counts.raw_records == sum(len(f.frame) for f in frames if f.table in _mapped(of, source)) + len(bad)
    return Loaded(done, tuple(problem for piece in pieces for problem in piece.problems))


def _mapped(of: Channel, source: str) -> set[str]:
    mappings = of.sources[source].streams.values()
    return {table for m in mappings for table in (m.table, *(e.table for e in m.events))}


def ids(loaded: Loaded) -> pd.DataFrame:
    """What identifies submissions and events, with their texts."""
    events = loaded.done.events[["stream", "key", "event_key", "text"]]
    return pd.concat([loaded.done.submissions[["stream", "key", "text"]], events], ignore_index=True)
