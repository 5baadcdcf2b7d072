"""What the tests of the REST reader share: a channel's source, and a reading of it from a server that runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
from file_sources import KEYS
from old_system import Asked, OldSystem, Reply, as_json, context, running

from connectors.archive import Archive, ArchiveWriter
from connectors.base import RawTable
from connectors.refresh import Known
from connectors.rest import RestReader
from schemas.web_sources import RestSource

STREAM = {"table": "laporan", "key": ["id"], "columns": {"text": "isi"}}
QUICK = {"per_second": 100_000, "timeout_seconds": 2, "retries": 2, "max_requests": 100_000}


def source_of(address: str, table: dict[str, Any], **more: Any) -> RestSource:
    """A source of the one table ``laporan``."""
    settings = {"url": address, "politeness": QUICK, "tables": {"laporan": {"path": "/laporan"} | table}}
    return RestSource.model_validate({"reader": "rest", "streams": {"complaints": STREAM}} | settings | more)


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": n, "isi": f"Lampu jalan {n} padam"} for n in range(1, count + 1)]


@dataclass(frozen=True)
class Reading:
    """What one load came to."""

    source: RestSource
    archive: Archive
    tables: dict[str, RawTable]
    system: OldSystem

    @property
    def frame(self) -> pd.DataFrame:
        return self.tables["laporan"].frame

    @property
    def ids(self) -> list[str]:
        """The ids that came, each once, in order of coming."""
        return list(dict.fromkeys(self.frame["id"])) if "id" in self.frame else []

    @property
    def account(self) -> dict[str, int]:
        told: dict[str, int] = orjson.loads(self.archive.read("requests.json"))
        return told

    def objects(self, **origin: str) -> list[str]:
        return [e.name for e in self.archive.entries if origin.items() <= e.origin.items()]


def read(
    answer: Callable[[Asked], Reply],
    folder: Path,
    table: dict[str, Any],
    secrets: Mapping[str, str] | None = None,
    known: Mapping[str, Known] | None = None,
    last: Archive | None = None,
    **more: Any,
) -> Reading:
    with running(answer) as system:
        return read_from(system, folder, table, secrets, known, last, **more)


def read_from(
    system: OldSystem,
    folder: Path,
    table: dict[str, Any],
    secrets: Mapping[str, str] | None = None,
    known: Mapping[str, Known] | None = None,
    last: Archive | None = None,
    **more: Any,
) -> Reading:
    source = source_of(system.url, table, **more)
    writer = ArchiveWriter(folder / "archive", KEYS)
    RestReader().extract(source, writer, replace(context(secrets), known=known or {}, last=last))
    archive = writer.finish()
    tables: dict[str, RawTable] = {}
    for raw in RestReader().parse(source, archive):
        assert raw.table not in tables
        tables[raw.table] = raw
    return Reading(source, archive, tables, system)


def numbered(rows: Callable[[], list[Any]], size: int) -> Callable[[Asked], Reply]:
    """A list by page number, with its last page and its total."""

    def answer(asked: Asked) -> Reply:
        page, all_rows = int(asked.query["page"]), rows()
        last = max(1, -(-len(all_rows) // size))
        part = all_rows[(page - 1) * size : page * size]
        return as_json({"data": part, "meta": {"last_page": last, "total": len(all_rows)}})

    return answer


NUMBERED = {"records": "data", "paging": {"last": "meta.last_page", "total": "meta.total"}}
