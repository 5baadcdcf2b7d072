"""How fast a load becomes part of the store: ``python -m benchmarks load --size 100000 --store postgresql --json``.

Timed is all that ``stage`` and ``publish`` do (ids, hashes, sealing, staging, submissions, versions, people, events,
crosswalk, attachments, conservation, Merkle root, ledger), reading the frames from files included, making them not. It
is set against a bare COPY of the very bytes that were staged for submissions and answers, in the same order, into one
table with the key and index of ``submission_version``; and against pandas ``to_sql(method="multi")`` of the canonical
submissions alone, measured on fewer rows and scaled up. On SQLite a prepared batch in one transaction stands for COPY.
"""

import argparse
import logging
import resource
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa

from benchmarks.load_frames import events, submissions
from satukanal.store import Keyring, Store, open_store, runs
from satukanal.store.publish import Extracted, publish
from satukanal.store.stage import stage
from schemas.canonical import EXCLUDED, REJECTED, empty
from schemas.channel import Channel
from schemas.sources import MysqldumpSource
from schemas.store import stage_event, stage_submission
from tests.servers import running_postgres

log = logging.getLogger("benchmarks.load")

CHUNK = 10_000
PEER_ROWS = 5_000
SERVER = ("-c shared_buffers=1GB", "-c max_wal_size=8GB")  # otherwise as it comes: fsync, full page writes
SPEC = Channel(
    id="bangku",
    title="Bangku uji",
    government="kota-rekaan",
    owner="diskominfo",
    region="32.72",
    time_zone="Asia/Jakarta",
    live=True,
    streams={"complaints": {"title": "Pengaduan"}},
    sources={
        "dump": MysqldumpSource(
            reader="mysqldump",
            path="bangku.sql",
            streams={"complaints": {"table": "pengaduan", "key": ["id"], "columns": {"text": "isi"}}},
        )
    },
)


class Unsealing(Keyring):
    """A keyring that leaves everything in clear, to tell what sealing costs. Exists in this benchmark only."""

    def seal(self, plain: bytes, context: bytes) -> bytes:  # noqa: ARG002
        """``plain`` as it is."""
        return plain


@dataclass
class Watch:
    """Seconds by name."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Add the time of the block to ``name``."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks load", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--store", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--peer", choices=("to_sql", "all", "none"), default="all")
    parser.add_argument("--unsealed", action="store_true", help="without encryption, to tell what it costs")
    parser.add_argument("--json", action="store_true", help="JSON alone, without the times of the parts on stderr")
    told = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server and its gigabytes go as well
    logging.basicConfig(level=logging.WARNING if told.json else logging.INFO, format="%(message)s")
    keys = (Unsealing if told.unsealed else Keyring).from_secret(bytes(range(32)))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="satukanal-bench-")))
        if told.store == "postgresql":
            url = stack.enter_context(running_postgres(*SERVER)).render_as_string(hide_password=False)
        else:
            url = f"sqlite:///{folder / 'store.db'}"
        store = open_store(url, keys)
        stack.callback(store.close)
        print(orjson.dumps(measure(store, told.size, folder, peers=told.peer != "none")).decode())
    return 0


def measure(store: Store, size: int, folder: Path, *, peers: bool) -> dict[str, Any]:
    """The result for ``size`` submissions in an empty store, as the interface promises it."""
    watch = Watch()
    runs.register_channel(store, SPEC, "0" * 64, "benchmark")
    run_id = runs.begin_run(store, SPEC.government, "benchmark", "0")
    load_id = runs.begin_load(store, run_id, SPEC, "0" * 64, "dump", "benchmark")
    sent = _keep(folder, "submissions", submissions(size, CHUNK))
    replies = _keep(folder, "events", events(size, CHUNK))
    answers = sum(len(part) for part in _kept(replies))
    with watch.timing("stage"):
        stage(store, load_id, SPEC.government, _kept(sent), _kept(replies), empty(REJECTED), empty(EXCLUDED))
    for file in (*sent, *replies):
        file.unlink()
    watch.seconds["copy"] = (_copy_postgresql if store.engine.name == "postgresql" else _copy_sqlite)(store, folder)
    extracted = Extracted(
        raw_records=size + answers, parts=0, events=answers, extracted=size, source_count=size,
        archive_sha256="0" * 64, archive_objects=1, archive_bytes=1, complete=True, max_withdrawn=0.0,
    )  # fmt: skip
    with watch.timing("publish"):
        publish(store, load_id, extracted, "benchmark")
    seconds = watch.seconds["stage"] + watch.seconds["publish"]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    log.info("%s", {name: round(value, 2) for name, value in watch.seconds.items()})
    return {
        "size": size,
        "store": store.engine.name,
        "seconds": round(seconds, 3),
        "rows_per_second": round(size / seconds),
        "peak_mb": round(peak_mb, 1),
        "copy_seconds": round(watch.seconds["copy"], 3),
        "ratio_to_copy": round(seconds / watch.seconds["copy"], 2),
        "peers": {"pandas_to_sql_multi": _to_sql(store.engine, size, seconds)} if peers else {},
    }


def _keep(folder: Path, name: str, parts: Iterable[pd.DataFrame]) -> list[Path]:
    """The frames as files: making them is not measured, reading them back is."""
    files = []
    for number, part in enumerate(parts):
        files.append(folder / f"{name}-{number}")
        part.to_pickle(files[-1], compression=None)
    return files


def _kept(files: list[Path]) -> Iterator[pd.DataFrame]:
    return (pd.read_pickle(file, compression=None) for file in files)


# The texts, submissions and answers alike, in the columns that a staged submission has.
SHARED = [c.name for c in stage_event.columns if c.name in stage_submission.c and c.name != "submission_uid"]
READ = (
    ("SELECT * FROM stage_submission", ", ".join(c.name for c in stage_submission.columns)),
    (f"SELECT event_uid, {', '.join(SHARED)} FROM stage_event", f"submission_uid, {', '.join(SHARED)}"),
)
INDEXES = (
    "CREATE UNIQUE INDEX bare_key ON bare (submission_uid, version_no)",
    "CREATE INDEX bare_load ON bare (load_id)",
)


def _copy_postgresql(store: Store, folder: Path) -> float:
    """Seconds of COPY of what is staged, from files, into one table with the indexes of ``submission_version``."""
    with store.engine.connect() as connection, connection.connection.driver_connection.cursor() as cursor:  # type: ignore[union-attr]
        for number, (query, _) in enumerate(READ):
            with (
                (folder / f"{number}.copy").open("wb") as file,
                cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as copy,
            ):
                for block in copy:
                    file.write(block)
        for statement in ("CREATE TABLE bare AS SELECT * FROM stage_submission WHERE false", *INDEXES, "COMMIT"):
            cursor.execute(statement)
        start = time.perf_counter()
        for number, (_, columns) in enumerate(READ):
            with (
                (folder / f"{number}.copy").open("rb") as file,
                cursor.copy(f"COPY bare ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
            ):
                while block := file.read(1 << 16):
                    copy.write(block)
        cursor.execute("COMMIT")
        seconds = time.perf_counter() - start
        for statement in ("DROP TABLE bare", "COMMIT"):
            cursor.execute(statement)
    return seconds


def _copy_sqlite(store: Store, folder: Path) -> float:
    """Seconds of one prepared batch of what is staged, into another file with one table; reading it is part of that."""
    source = sqlite3.connect(str(store.engine.url.database))
    target = sqlite3.connect(folder / "bare.db", isolation_level=None)
    with closing(source), closing(target):
        target.execute("PRAGMA journal_mode=WAL")
        target.execute(f"CREATE TABLE bare ({READ[0][1]})")
        for statement in INDEXES:
            target.execute(statement)
        start = time.perf_counter()
        target.execute("BEGIN")
        for query, columns in READ:
            marks = ", ".join("?" * (columns.count(",") + 1))
            target.executemany(f"INSERT INTO bare ({columns}) VALUES ({marks})", source.execute(query))
        target.execute("COMMIT")
        return time.perf_counter() - start


def _to_sql(engine: sa.Engine, size: int, seconds: float) -> dict[str, Any]:
    """What pandas takes to write the canonical frame with ``method="multi"``, in the largest statements there are."""
    rows = min(size, PEER_ROWS)
    frame = next(submissions(rows, rows))
    most = 1000 if engine.name == "postgresql" else 32_000 // len(frame.columns)
    start = time.perf_counter()
    frame.to_sql("peer", engine, index=False, method="multi", chunksize=most)
    theirs = (time.perf_counter() - start) * size / rows
    return {
        "version": pd.__version__,
        "rows": rows,
        "seconds": round(theirs, 3),
        "ratio_seconds": round(seconds / theirs, 3),
    }
