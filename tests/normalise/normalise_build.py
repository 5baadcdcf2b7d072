"""Small raw frames and channels for the tests of normalising. Everyone in them is invented."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from data import REFERENCE
from schemas.channel import Channel
from schemas.channel_file import read_channel
from schemas.reference import Reference, read_reference
from transforms.normalise import Normalised, RawFrame, UnreadablePiece, normalise

CHANNELS = Path(__file__).parents[2] / "connectors" / "channels"
FETCHED = datetime(2024, 6, 1, 3, 0, tzinfo=UTC)
REFERENCE_TABLES: Reference = read_reference(REFERENCE)


def channel(name: str) -> Channel:
    return read_channel(CHANNELS / f"{name}.yaml").channel


def small_channel(stream: dict[str, Any] | None = None, key: str = "columns", **top: Any) -> Channel:
    """A channel of one table 't' with key 'id' and text 'isi', plus whatever a test needs."""
    mapping: dict[str, Any] = {"table": "t", "key": ["id"], "columns": {"text": "isi"}} | (stream or {})
    return Channel.model_validate(
        {
            "id": "uji",
            "title": "Kanal uji",
            "government": "kota-depok",
            "owner": "diskominfo",
            "region": "32.76",
            "time_zone": "Asia/Jakarta",
            "live": False,
            "streams": {"complaints": {"title": "Aduan", "key": key}},
            "sources": {"satu": {"reader": "mysqldump", "path": "x.sql", "streams": {"complaints": mapping}}},
        }
        | top
    )


def raw(table: str, *rows: dict[str, str | None], start: int = 1) -> RawFrame:
    placed = [{**row, "_object": "berkas", "_position": str(n)} for n, row in enumerate(rows, start)]
    frame = pd.DataFrame(placed) if placed else pd.DataFrame(columns=["_object", "_position"])
    return RawFrame(table, frame.astype("str"))


def run(of: Channel, *tables: RawFrame, unreadable: tuple[UnreadablePiece, ...] = ()) -> Normalised:
    source = next(iter(of.sources))
    return normalise(of, source, tables, unreadable, FETCHED, REFERENCE_TABLES)


def one(of: Channel, **cells: str | None) -> dict[str, Any]:
    """The one submission that a row with these cells (besides id and isi) becomes; flags and changes as lists."""
    done = run(of, raw("t", {"id": "1", "isi": "Jalan rusak", **cells}))
    assert len(done.submissions) == 1, done.rejected["reason"].tolist()
    row = done.submissions.iloc[0]
    told = {name: None if pd.isna(row[name]) else row[name] for name in done.submissions.columns}
    return told | {name: orjson.loads(row[name]) for name in ("flags", "changes", "raw")}


def adds_up(done: Normalised) -> bool:
    counts = done.counts
    doors = len(done.submissions) + len(done.rejected) + len(done.excluded)
    return counts.extracted == doors and counts.raw_records == counts.extracted + counts.parts + counts.events
