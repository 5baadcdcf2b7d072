"""The one flow: pull every channel, load it, match, reconcile, report. ``satukanal run`` and a deployment are the same.

Channels are extracted and normalised side by side and published one after another. A dead channel makes the run partial
and leaves the others alone; a closed gate stops its channel and leaves its earlier state untouched.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import (
    create_link_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.tasks import Task

from connectors.archive import ArchiveDamaged
from connectors.base import ReaderError, RetryError
from flows import stages
from flows.collect import collect_files
from flows.erase import blank_leftovers
from flows.site import Site, open_site, ready_channels
from satukanal import __version__
from satukanal.reports import artifact_table
from satukanal.store import StoreError, StoreFailed, read, run_lock, runs
from satukanal.store.erasure import Load
from satukanal.store.publish import ConservationBroken
from schemas.channel_file import ChannelFile
from schemas.codes import LoadStatus, RunStatus

log = logging.getLogger("satukanal")
_PUBLISHED = {LoadStatus.PUBLISHED, LoadStatus.UNCHANGED}
STEPS = ("extract", "transform", "check", "load")


def _worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Only what may pass by itself is tried again: a busy server, not a wrong password."""
    return isinstance(state.result(raise_on_failure=False), RetryError)


@task(
    task_run_name="extract-{channel_id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_jitter_factor=0.5,
    retry_condition_fn=_worth_retrying,
    cache_policy=NO_CACHE,
)
def extract(channel_id: str, load_id: str, *, full: bool) -> str:
    """Old system → archive."""
    with open_site() as site:
        return stages.extract(site, channel_id, load_id, full=full)


@task(task_run_name="transform-{channel_id}", cache_policy=NO_CACHE)
def transform(channel_id: str, load_id: str) -> int:
    """Archive → canonical frames."""
    with open_site() as site:
        return stages.transform(site, channel_id, load_id)


@task(task_run_name="check-{channel_id}", cache_policy=NO_CACHE)
def check(channel_id: str, load_id: str) -> None:
    """Canonical frames against their expectations."""
    with open_site() as site:
        stages.check_quality(site, channel_id, load_id)


@task(task_run_name="load-{channel_id}", cache_policy=NO_CACHE)
def load(channel_id: str, load_id: str) -> str:
    """Canonical frames → store, in one transaction."""
    with open_site() as site:
        return "published" if stages.load(site, channel_id, load_id).changed else "unchanged"


@task(task_run_name="collect-{channel_id}", cache_policy=NO_CACHE)
def collect(channel_id: str) -> int:
    """The files that published complaints name."""
    with open_site() as site:
        return collect_files(site, channel_id)


@task(task_run_name="match-{run_id}", cache_policy=NO_CACHE)
def match(run_id: str) -> int:
    """Who is the same, who is related."""
    with open_site() as site:
        return stages.match_run(site, run_id)


@task(task_run_name="reconcile-{run_id}", cache_policy=NO_CACHE)
def reconcile(run_id: str) -> bool:
    """The numbers again, from the committed store."""
    with open_site() as site:
        return stages.reconcile_run(site, run_id)


@task(task_run_name="report-{run_id}", cache_policy=NO_CACHE)
def report(run_id: str) -> str:
    """The report, and where it lies."""
    with open_site() as site:
        return str(stages.write_report(site, run_id))


class _Progress:
    """The run's progress artifact, one step at a time."""

    def __init__(self, steps: int) -> None:
        self.done, self.steps = 0, steps
        self.artifact = cast(
            UUID, create_progress_artifact(0.0, key="consolidate-progress", description="Consolidation")
        )

    def step(self, steps: int = 1) -> None:
        """Some steps are done."""
        self.done += steps
        update_progress_artifact(self.artifact, round(100.0 * self.done / self.steps, 1))


@flow(name="consolidate")
def consolidate(channels: list[str] | None = None, *, full: bool = False) -> State[dict[str, Any]]:
    """Consolidate the named channels, or all; the result is the summary that ``satukanal run --json`` prints.

    With ``full`` sources that are refreshed in part are read whole. Raises ``NotReady``, ``ChannelFileError``,
    ``StoreError``, ``StoreBusy``, ``WrongKey`` or ``SettingsError`` before anything of the old systems is touched,
    and ``StoreFailed`` when the database goes away or its disk is full.
    """
    with open_site() as site:
        files = ready_channels(site, channels or ())
        with run_lock(site.store, site.settings.who, site.settings.wait), _store_at_work():
            summary = _consolidate(site, files, full=full)
    status = RunStatus(summary["status"])
    ended = Failed if status is RunStatus.FAILED else Completed
    return ended(name=status.value.capitalize(), message=f"{summary['run_id']} is {status.value}", data=summary)


@contextmanager
def _store_at_work() -> Iterator[None]:
    """A store that cannot be opened in the middle of a run has failed, however right the settings are."""
    try:
        yield
    except StoreFailed:
        raise
    except StoreError as error:
        raise StoreFailed(str(error)) from error


def _consolidate(site: Site, files: dict[str, ChannelFile], *, full: bool) -> dict[str, Any]:
    """The run itself, while the run lock is held."""
    stages.take_over(site)
    run_id = _begin(site, files)
    log.info("%s began: %d channels", run_id, len(files))
    progress = _Progress(len(files) * (len(STEPS) + 1) + 3)
    ended = _run_channels(site, run_id, files, progress, full=full)
    statuses = set(ended.values())
    published = bool(statuses & _PUBLISHED)
    if published:
        match(run_id)
    progress.step()
    for name, status in ended.items():
        if status in _PUBLISHED:
            collect(name)
        progress.step()
    balanced = reconcile(run_id) and LoadStatus.STOPPED not in statuses if published else None
    progress.step()
    runs.finish_run(site.store, run_id, _run_status(statuses), balanced=balanced)
    path = report(run_id)
    progress.step()
    create_table_artifact(artifact_table(read.report(site.store, run_id)), key="consolidate-channels")
    create_link_artifact(f"file://{path}", link_text="Laporan konsolidasi", key="consolidate-report")
    return read.summary(site.store, run_id)


def _begin(site: Site, files: dict[str, ChannelFile]) -> str:
    governments = sorted({file.channel.government for file in files.values()})
    for government in governments:
        runs.save_reference(site.store, site.reference(), government)
    for file in files.values():
        runs.register_channel(site.store, file.channel, file.sha256, site.settings.who)
    return runs.begin_run(site.store, governments[0] if len(governments) == 1 else "*", site.settings.who, __version__)


def _run_channels(
    site: Site, run_id: str, files: dict[str, ChannelFile], progress: _Progress, *, full: bool
) -> dict[str, LoadStatus]:
    """Extract and normalise side by side, then check and publish one after another; how each channel ended."""
    under_way: dict[str, tuple[str, PrefectFuture[str], PrefectFuture[int]]] = {}
    for name, file in files.items():
        source = stages.primary_source(file.channel)
        load_id = runs.begin_load(site.store, run_id, file.channel, file.sha256, source, site.settings.who)
        extracted = extract.submit(name, load_id, full=full)
        transformed = transform.submit(name, load_id, wait_for=[extracted])  # type: ignore[call-overload]
        under_way[name] = load_id, extracted, transformed
    statuses = {}
    for name, (load_id, extracted, transformed) in under_way.items():
        try:
            extracted.result()
            transformed.result()
            check(name, load_id)
            status = LoadStatus(load(name, load_id))
        except (stages.GateClosed, ConservationBroken) as error:
            status = _give_up(site, name, load_id, LoadStatus.STOPPED, str(error))
        except (ReaderError, ArchiveDamaged) as error:
            status = _give_up(site, name, load_id, LoadStatus.FAILED, str(error))
        except StoreError:
            raise  # no other channel can be loaded either
        except OSError as error:  # the disk of archive and scratch is full, or not ours
            told = f"{error.filename or site.settings.home_dir}: {error.strerror or type(error).__name__}"
            status = _give_up(site, name, load_id, LoadStatus.FAILED, told)
        except Exception as error:
            log.exception("%s: a fault of the program", name)
            told = f"unexpected {type(error).__name__}: a fault of the program, see the log"
            status = _give_up(site, name, load_id, LoadStatus.FAILED, told)
        statuses[name] = status
        progress.step(len(STEPS))
    return statuses


def _give_up(site: Site, name: str, load_id: str, status: LoadStatus, error: str) -> LoadStatus:
    log.error("%s: %s: %s", name, status.value, error)
    runs.end_load(site.store, load_id, status, error, stages.known_so_far(site, load_id))
    source = stages.primary_source(site.channel(name).channel)
    blank_leftovers(site, [Load(load_id, name, source)])  # it may have read again what was erased
    return status


def _run_status(statuses: set[LoadStatus]) -> RunStatus:
    broken = {LoadStatus.FAILED, LoadStatus.STOPPED}
    if not statuses & broken:
        return RunStatus.COMPLETE
    return RunStatus.FAILED if statuses <= broken else RunStatus.PARTIAL
