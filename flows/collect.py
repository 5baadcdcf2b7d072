"""Collecting the files that complaints carry, after their load: a complaint never waits for its photo.

What is found is kept first and then noted, some hundred at a time: killed at any moment, the next run goes on from
there. A system that does not answer costs no complaint; its files wait for the next run.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

import orjson

from connectors.archive import MANIFEST, Archive, ArchiveDamaged
from connectors.attachments import Finder, may_find
from connectors.base import ChannelError, Context, ReaderError, RetryError
from connectors.kept import KeptFiles
from flows.site import Site, secret
from flows.ticker import Ticker
from satukanal.store import attachments, codec
from satukanal.store.attachments import Found, Waiting
from schemas.codes import AttachmentState
from transforms.normalise import Normalised

log = logging.getLogger("satukanal")
BATCH = 200  # files between two notes
PATIENCE = 3  # files in a row that a system does not give: then it is left alone


def keep_cells(site: Site, channel_id: str, done: Normalised, cells: KeptFiles) -> None:
    """Keep the files that stood in cells of accepted submissions; others (of excluded records) are left behind."""
    kept, there = site.kept_files(channel_id), cells.names()
    for listed in done.submissions["attachments"].dropna() if there else ():
        for name in orjson.loads(listed):
            file = codec.file_of_cell(site.store.keys, name)
            if file in there:
                kept.take_over(cells, file)


def collect_files(site: Site, channel_id: str) -> int:
    """Look for every file of the channel that is not stored yet; returns how many were found."""
    if not any(map(may_find, site.channel(channel_id).channel.sources.values())):
        return 0
    waiting = attachments.waiting(site.store, channel_id)
    ticker, stored, done = Ticker(channel_id, "files"), 0, 0
    for source, group in groupby(sorted(waiting, key=lambda one: one.source), lambda one: one.source):
        of_source = list(group)
        for results in _batches(_collect(site, channel_id, source, of_source)):
            done += len(results)
            ticker.tick(done, len(waiting))
            changed = [found for before, found in results if (found.state, found.file) != (before.state, None)]
            if changed:
                attachments.note(site.store, channel_id, changed, site.settings.who)
            stored += sum(found.state is AttachmentState.STORED for found in changed)
    if stored:
        log.info("%s: %d files collected", channel_id, stored)
    return stored


def _batches(results: Iterator[tuple[Waiting, Found]]) -> Iterator[list[tuple[Waiting, Found]]]:
    batch = []
    for result in results:
        batch.append(result)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _collect(site: Site, channel_id: str, source: str, waiting: Sequence[Waiting]) -> Iterator[tuple[Waiting, Found]]:
    channel = site.channel(channel_id).channel
    if source not in channel.sources:
        log.warning(
            "%s: %d files wait for source %r, which the channel file has no more", channel_id, len(waiting), source
        )
        return
    context = Context(
        channel=channel_id,
        sources_dir=site.settings.home_dir / "sources",
        secret=secret,
        address=site.settings.addresses.get(channel_id),
    )
    kept, archives, away = site.kept_files(channel_id), _Archives(site, channel_id), 0
    try:
        with Finder(channel.sources[source], context) as finder:
            for one in waiting:
                if one.known is not None:
                    yield one, _found(one, AttachmentState.STORED, one.known)
                    continue
                try:
                    outcome = finder.find(one.name, partial(archives.of, one.load_id), one.state)
                except RetryError as error:
                    away += 1
                    yield one, _found(one, AttachmentState.FAILED, None)
                    if away == PATIENCE:
                        raise ChannelError(f"{error}; files are asked for again by the next run") from error
                    continue
                away = 0
                file = None if outcome.content is None else kept.put(outcome.content)
                if outcome.reason:
                    log.warning("%s: an attachment is not taken: %s", channel_id, outcome.reason)
                yield one, _found(one, outcome.state, file)
    except ReaderError as error:
        log.warning("%s: attachments: %s", channel_id, error)


def _found(one: Waiting, state: AttachmentState, file: str | None) -> Found:
    return Found(one.uid, one.version_no, one.ordinal, state, file)


class _Archives:
    """The archives of a channel's loads, each opened once; None for one that is gone or damaged."""

    def __init__(self, site: Site, channel_id: str) -> None:
        self._site, self._channel = site, channel_id
        self._opened: dict[str, Archive | None] = {}

    def of(self, load_id: str) -> Archive | None:
        if load_id not in self._opened:
            folder = self._site.archive_dir(self._channel, load_id)
            try:
                there = (folder / MANIFEST).exists()
                self._opened[load_id] = Archive.open(folder, self._site.store.keys) if there else None
            except ArchiveDamaged as error:
                log.warning("%s: %s; files in it are not found", self._channel, error)
                self._opened[load_id] = None
        return self._opened[load_id]


def sweep(site: Site) -> None:
    """Take away kept files that no complaint carries any more: erased ones, and those of a load that was not published.

    Call while holding the run lock, and while no load runs.
    """
    root = site.settings.home_dir / "archive"
    for folder in sorted(path for path in root.iterdir() if path.is_dir()) if root.exists() else ():
        kept = site.kept_files(folder.name)
        there = kept.names()
        for name in sorted(there - attachments.files_in_use(site.store, folder.name)) if there else ():
            kept.remove(name)
