"""The stages of a load as plain functions, each restartable alone: what it reads is on disk or in staging by load id.

They compose the rooms below (connectors, transforms, store, reports) and know nothing of the orchestrator.
"""

import logging
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from connectors.archive import MANIFEST, Archive, ArchiveWriter
from connectors.base import Context, Paused, ReaderError, RetryError
from connectors.readers import READERS
from connectors.refresh import newest
from flows.collect import keep_cells
from flows.erase import blank_leftovers, complete, suppressed
from flows.forget import blank_archive, hold_back, swap_archive
from flows.reading import Reading, earlier_loads, read_archive, what_is_known
from flows.site import Site, secret
from flows.ticker import Ticker
from satukanal.reports import render_html, render_json
from satukanal.store import abandoned, known, matching, read, reconcile, runs
from satukanal.store.erasure import Identity, Load
from satukanal.store.publish import Extracted, Published, publish
from satukanal.store.stage import stage
from schemas.channel import Channel, Limits
from schemas.channel_file import ChannelFile
from schemas.codes import ExclusionRule
from schemas.expectations import QualityResult, check
from transforms.match import DEFAULT_MODEL, emit_keys, load_model, match
from transforms.normalise import Normalised

log = logging.getLogger("satukanal")
FRAMES = ("submissions", "events", "rejected", "excluded")


class GateClosed(Exception):
    """A critical expectation failed: the channel is not published. One line that names the expectations."""


def primary_source(channel: Channel) -> str:
    """The source that is read: the first that the channel file names."""
    return next(iter(channel.sources))


def extract(site: Site, channel_id: str, load_id: str, *, full: bool) -> str:
    """Read the old system into the archive; returns the manifest's SHA-256. An archive that is whole is kept.

    With ``full`` all is read, whatever the channel file says of refreshing. Raises the errors of ``connectors.base``.
    """
    file = site.channel(channel_id)
    source = file.channel.sources[primary_source(file.channel)]
    folder = site.archive_dir(channel_id, load_id)
    if (folder / MANIFEST).exists():
        return Archive.open(folder, site.store.keys).sha256
    earlier = earlier_loads(site, file, primary_source(file.channel))
    context = Context(
        channel=channel_id,
        sources_dir=site.settings.home_dir / "sources",
        secret=secret,
        address=site.settings.addresses.get(channel_id),
        progress=Ticker(channel_id, "read").tick,
        known={} if full else what_is_known(site, file, primary_source(file.channel)),
        zone=file.channel.time_zone,
        last=earlier.last,
    )
    writer = ArchiveWriter(folder, site.store.keys, earlier.unfinished)
    try:
        READERS[source.reader].extract(source, writer, context)
    except (RetryError, Paused):
        raise  # what was read is taken by the next load
    except ReaderError:
        writer.forget_journal()
        raise
    archive = writer.finish()
    log.info("%s: %d objects archived", channel_id, len(archive.entries))
    return archive.sha256


def transform(site: Site, channel_id: str, load_id: str) -> int:
    """Parse and normalise the archive into sealed frames in scratch; returns how many submissions there are."""
    file = site.channel(channel_id)
    archive = Archive.open(site.archive_dir(channel_id, load_id), site.store.keys)
    cells = site.kept_files(channel_id, site.scratch_dir(load_id) / "files")
    reading = read_archive(site, file, primary_source(file.channel), archive, cells.put)
    done, archive = _without_erased(site, file, reading)
    keep_cells(site, channel_id, done, cells)
    stated = None if reading.stated is None else sum(reading.stated.values())
    repeated = int((done.excluded["rule"] == ExclusionRule.REPEATED.value).sum())
    told = Extracted(
        **asdict(done.counts),
        source_count=None if reading.part else stated,
        archive_sha256=archive.sha256,
        archive_objects=len(archive.entries),
        archive_bytes=sum(e.bytes for e in archive.entries),
        max_withdrawn=file.channel.limits.max_withdrawn,
        complete=not (reading.unreadable or reading.part) and stated in (None, done.counts.extracted - repeated),
        answers=len(done.events),
        schema_drift=done.schema_drift,
        unmapped=done.unmapped,
        flags=_count_flags(done.submissions, done.events),
        problems=reading.problems,
        part=reading.part,
        cursors=_later(known.cursors(site.store, channel_id, reading.source), reading.cursors),
    )
    folder = site.scratch_dir(load_id)
    folder.mkdir(parents=True, exist_ok=True)
    for frame_name in FRAMES:
        _write_frame(site, folder / frame_name, load_id, getattr(done, frame_name))
    (folder / "told.json").write_bytes(orjson.dumps(asdict(told)))
    log.info("%s: %d submissions normalised", channel_id, len(done.submissions))
    return len(done.submissions)


def _later(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The later of two cursors, place by place: a source that was set back to an old state moves none."""
    pairs = {place: [cursors[place] for cursors in (before, now) if place in cursors] for place in {**before, **now}}
    found = {place: newest(pd.Series(pair, dtype="str")) for place, pair in pairs.items()}
    return {place: cursor for place, cursor in found.items() if cursor is not None}


def _without_erased(site: Site, file: ChannelFile, reading: Reading) -> tuple[Normalised, Archive]:
    """Hold back what was erased once and is still in the source, and blank it in this load's archive as well."""
    channel, load_id = file.channel.id, reading.archive.folder.name
    gone = suppressed(site, channel)
    if not gone:
        return reading.done, reading.archive
    done, mine = hold_back(site.store.keys, reading.done, gone)
    if not mine and not reading.part:  # lists of a part may show rows that it did not read
        return done, reading.archive
    prepared = site.scratch_dir(load_id) / "archive"
    keys = [(stream, key) for stream in file.channel.streams for key in gone.submissions.values()]
    blanked = blank_archive(site, file, reading, mine, Identity(), prepared, keys)
    if blanked is None:
        return done, reading.archive
    swap_archive(site, channel, load_id, prepared)
    log.info("%s: %d records that were erased are still in the source; they were not loaded", channel, len(mine))
    return done, Archive.open(reading.archive.folder, site.store.keys)


def check_quality(site: Site, channel_id: str, load_id: str) -> None:
    """Hold the batch against its expectations and keep what they found.

    Raises ``GateClosed`` if a critical one fails, or if a column that the channel file maps is not in the source: its
    values would be overwritten by nothing.
    """
    file = site.channel(channel_id)
    told = _read_told(site, load_id)
    absent = [found for found in told.schema_drift if " (absent" in found]
    if absent:
        raise GateClosed(
            f"{file.path.name} maps columns that the source does not have: {'; '.join(absent)}. Mend the name, or mark "
            "the field as optional: true"
        )
    # How many there should be, and how full, is said of the whole; of a part nothing of it follows.
    limits = Limits(min=0) if told.part else file.channel.limits
    results = check(_read_frame(site, load_id, "submissions"), limits)
    runs.save_quality(site.store, load_id, file.channel.government, results)
    log.info("%s: %d of %d expectations met", channel_id, sum(r.success for r in results), len(results))
    failed = [r for r in results if r.suite == "critical" and not r.success]
    if failed:
        rejected = _read_frame(site, load_id, "rejected")["reason"].value_counts().sort_index()
        besides = f"; in quarantine: {', '.join(f'{n} {why}' for why, n in rejected.items())}" if len(rejected) else ""
        raise GateClosed("critical expectations failed: " + "; ".join(_said(r) for r in failed) + besides)


def load(site: Site, channel_id: str, load_id: str) -> Published:
    """Stage and publish, then forget the scratch. Raises ``ConservationBroken``."""
    file = site.channel(channel_id)
    frames = {name: _read_frame(site, load_id, name) for name in FRAMES}
    told = _read_told(site, load_id)
    stage(site.store, load_id, file.channel.government, **frames)
    done = publish(site.store, load_id, told, site.settings.who)
    shutil.rmtree(site.scratch_dir(load_id), ignore_errors=True)
    log.info("%s: %d inserted, %d updated, %d unchanged", channel_id, done.inserted, done.updated, done.unchanged)
    return done


def known_so_far(site: Site, load_id: str) -> dict[str, Any]:
    """What is known of a load that will not be published: columns of its row."""
    if not (site.scratch_dir(load_id) / "told.json").exists():
        return {}
    told = _read_told(site, load_id)
    counts = ("raw_records", "parts", "events", "extracted", "source_count")
    evidence = ("archive_sha256", "archive_objects", "archive_bytes")
    lists = ("schema_drift", "unmapped", "flags", "problems")
    return {n: getattr(told, n) for n in counts + evidence} | {
        n: orjson.dumps(getattr(told, n)).decode() for n in lists
    }


def match_run(site: Site, run_id: str) -> int:
    """Match what is not yet matched, in one transaction; returns how many submissions were looked at."""
    fresh = matching.fresh_uids(site.store)
    if not fresh:
        return 0
    model = load_model(DEFAULT_MODEL)
    records = matching.records(site.store, fresh)
    around = matching.neighbourhood(site.store, run_id, records, emit_keys(records), model.longest_window)
    found = match(around.records, around.keys, set(fresh), around.judgements, around.clusters, model)
    result = matching.Matching(found.judgements, found.clusters, found.incidents, model.version)
    matching.apply(site.store, run_id, site.settings.who, fresh, result)
    log.info("matching: %d submissions, %d judgements", len(fresh), len(found.judgements))
    return len(fresh)


def reconcile_run(site: Site, run_id: str) -> bool:
    """Read the run's numbers back from the committed store; whether all is balanced."""
    balanced = reconcile.reconcile(site.store, run_id)
    log.info("reconciled: %s", "balanced" if balanced else "not balanced")
    return balanced


def take_over(site: Site) -> None:
    """Clean up after runs that were killed: their loads are abandoned, scratch goes, archives stay.

    Call only while holding the run lock.
    """
    complete(site)
    for lost in abandoned.abandon(site.store, site.settings.who):
        log.warning("%s was killed and is abandoned, with %d loads unpublished", lost.run_id, len(lost.loads))
        for load_ in lost.loads:
            folder = site.archive_dir(load_.channel, load_.load_id)
            if folder.exists() and not (folder / MANIFEST).exists():
                log.warning("%s: this archive was not finished; it is kept, without a manifest", folder)
        blank_leftovers(site, [Load(one.load_id, one.channel, one.source) for one in lost.loads])
    scratch = site.scratch_dir("")
    left = [folder.name for folder in scratch.iterdir()] if scratch.exists() else []
    for load_id in abandoned.ended_loads(site.store, left):
        shutil.rmtree(site.scratch_dir(load_id))


def write_report(site: Site, run_id: str) -> Path:
    """Write the run's report as HTML and JSON under ``home/reports``; returns the path of the HTML file."""
    folder = site.settings.home_dir / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    report = read.report(site.store, run_id)
    (folder / f"{run_id}.json").write_bytes(render_json(report))
    path = folder / f"{run_id}.html"
    path.write_text(render_html(report, site.settings.lang), encoding="utf-8")
    return path


def _write_frame(site: Site, path: Path, load_id: str, frame: pd.DataFrame) -> None:
    buffer = BytesIO()
    frame.to_parquet(buffer, index=False)
    path.write_bytes(site.store.keys.seal(buffer.getvalue(), f"scratch/{load_id}/{path.name}".encode()))


def _read_frame(site: Site, load_id: str, name: str) -> pd.DataFrame:
    sealed = (site.scratch_dir(load_id) / name).read_bytes()
    return pd.read_parquet(BytesIO(site.store.keys.open(sealed, f"scratch/{load_id}/{name}".encode())))


def _read_told(site: Site, load_id: str) -> Extracted:
    values: dict[str, Any] = orjson.loads((site.scratch_dir(load_id) / "told.json").read_bytes())
    return Extracted(**values | {n: tuple(values[n]) for n in ("schema_drift", "problems")})


def _count_flags(*frames: pd.DataFrame) -> dict[str, int]:
    found = Counter(flag for frame in frames for text in frame["flags"].dropna() for flag in orjson.loads(text))
    return dict(sorted(found.items()))


def _said(result: QualityResult) -> str:
    column = f" of {result.column}" if result.column else ""
    return f"{result.expectation}{column} ({result.observed})"
