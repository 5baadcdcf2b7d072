"""Canonical frames and loads for tests of the store: invented, small, explicit."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd

from satukanal.store import Store, runs
from satukanal.store.publish import Extracted, Published, publish
from satukanal.store.stage import stage
from schemas.canonical import EVENT, EXCLUDED, REJECTED, SUBMISSION, conform
from schemas.channel import Channel
from schemas.sources import MysqldumpSource

SPEC = Channel(
    id="contoh",
    title="Contoh",
    government="kota-contoh",
    owner="diskominfo",
    region="32.72",
    time_zone="Asia/Jakarta",
    live=True,
    streams={"complaints": {"title": "Pengaduan"}},  # type: ignore[dict-item]
    sources={
        "dump": MysqldumpSource(
            reader="mysqldump",
            path="contoh.sql",
            streams={"complaints": {"table": "pengaduan", "key": ["id"], "columns": {"text": "isi"}}},  # type: ignore[dict-item]
        )
    },
)


def submissions(*rows: dict[str, Any]) -> pd.DataFrame:
    """A canonical frame: what a row does not say is filled in plausibly."""
    full = []
    for number, row in enumerate(rows, start=1):
        words = row.get("text", f"lampu jalan mati nomor {number}")
        base = {
            "channel": "contoh",
            "stream": "complaints",
            "key": str(number),
            "source": "dump",
            "object": "contoh.sql",
            "position": str(number),
            "version_at": datetime(2024, 5, 1, tzinfo=UTC),
            "version_trusted": True,
            "submitted_at": datetime(2024, 4, number % 28 + 1, 3, tzinfo=UTC),
            "submitted_local": datetime(2024, 4, number % 28 + 1, 10),
            "type": "complaint",
            "status": "unverified",
            "status_source": "0",
            "is_anonymous": False,
            "is_confidential": False,
            "text": words,
            "text_public": words,
            "reporter_name": "Warga Contoh",
            "reporter_phone": f"+62812000{number:05d}",
            "attachments": "[]",
            "flags": "[]",
            "changes": "[]",
            "raw": orjson.dumps({"id": str(number), "isi": words}).decode(),
        }
        full.append(base | row)
    return conform(pd.DataFrame(full, columns=None if full else [c.name for c in SUBMISSION]), SUBMISSION)


def events(*rows: dict[str, Any]) -> pd.DataFrame:
    """A frame of answers."""
    full = [
        {
            "channel": "contoh",
            "stream": "complaints",
            "event_key": str(number),
            "object": "contoh.sql",
            "position": str(100 + number),
            "kind": "answer",
            "occurred_at": datetime(2024, 4, 20, tzinfo=UTC),
            "text": "sudah ditangani",
            "text_public": "sudah ditangani",
            "flags": "[]",
            "raw": "{}",
        }
        | row
        for number, row in enumerate(rows, start=1)
    ]
    return conform(pd.DataFrame(full, columns=None if full else [c.name for c in EVENT]), EVENT)


def rejected(*raws: str) -> pd.DataFrame:
    """Records for quarantine."""
    rows = [
        {"channel": "contoh", "stream": "complaints", "reason": "no_content", "detail": "no text",
         "object": "o", "position": str(n), "raw": raw}
        for n, raw in enumerate(raws)
    ]  # fmt: skip
    return conform(pd.DataFrame(rows, columns=None if rows else [c.name for c in REJECTED]), REJECTED)


def excluded(*keys: str) -> pd.DataFrame:
    """Records excluded by the rule 'prank'."""
    rows = [
        {"channel": "contoh", "stream": "complaints", "key": key, "rule": "prank", "object": "o", "position": key,
         "raw": f'{{"id": "{key}"}}'}
        for key in keys
    ]  # fmt: skip
    return conform(pd.DataFrame(rows, columns=None if rows else [c.name for c in EXCLUDED]), EXCLUDED)


def begin(store: Store, spec: Channel = SPEC, source: str = "dump") -> tuple[str, str]:
    """A run and a load of the channel, begun."""
    runs.register_channel(store, spec, "0" * 64, "tester")
    run_id = runs.begin_run(store, spec.government, "tester", "0")
    return run_id, runs.begin_load(store, run_id, spec, "0" * 64, source, "tester")


def publish_frames(
    store: Store,
    found: pd.DataFrame,
    answers: pd.DataFrame | None = None,
    quarantined: pd.DataFrame | None = None,
    set_aside: pd.DataFrame | None = None,
    source: str = "dump",
    **told: Any,
) -> tuple[Published, str, str]:
    """Stage and publish these frames as one load; returns what was published, the load and the run."""
    answers = events() if answers is None else answers
    quarantined = rejected() if quarantined is None else quarantined
    set_aside = excluded() if set_aside is None else set_aside
    run_id, load_id = begin(store, source=source)
    stage(store, load_id, SPEC.government, found, answers, quarantined, set_aside)
    extracted = len(found) + len(quarantined) + len(set_aside)
    facts: dict[str, Any] = {
        "raw_records": extracted + len(answers),
        "parts": 0,
        "events": len(answers),
        "extracted": extracted,
        "source_count": extracted,
        "archive_sha256": "0" * 64,
        "archive_objects": 1,
        "archive_bytes": 1,
        "complete": True,
        "max_withdrawn": 0.5,
    }
    return publish(store, load_id, Extracted(**facts | told), "tester"), load_id, run_id
