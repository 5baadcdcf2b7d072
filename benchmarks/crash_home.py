"""Homes in which runs are killed: real ``satukanal run`` processes, a real server of PostgreSQL, real sockets."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from benchmarks.crash_sources import write_changed
from data.samples import SECRETS, SampleServers, write_samples
from satukanal.settings import INSTALLATION
from satukanal.store import read_or_make
from schemas.store import STAGES, complaint_event, load, run, stage_match_key, submission, submission_version

SATUKANAL = str(Path(sys.executable).with_name("satukanal"))
FIRST, INCREMENT = KINDS = ("first load", "increment")
SIZE = 150
CORE = ("ntpd112", "sigap", "sitanggap", "super")  # the channels whose sources are changed and killed over
SECONDS_TO_RUN = 1_200  # a guard against a run that hangs, not a measure: the machine may be busy
STARTING = "starting"
BOUNDARIES = {
    "begun": " began: ",
    "extracted": " objects archived",
    "normalised": " submissions normalised",
    "checked": " expectations met",
    "published": " inserted, ",
    "matched": "matching: ",
    "reconciled": "reconciled: ",
}
Version = tuple[str, str, str, int]  # channel, stream, key, number


@dataclass(frozen=True)
class Kill:
    """When to kill: ``after`` so many boundaries (0: since the start), and so many seconds later.

    Where that many boundaries had come after ``usual`` seconds in an undisturbed run, a slower run is given as many
    times longer after them too. None: no matter how slow.
    """

    after: int
    seconds: float = 0.0
    usual: float | None = None


@dataclass(frozen=True)
class Boundary:
    """A line of the log that tells of the end of a stage, and how many seconds after the start it came."""

    stage: str
    at: float


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit status (negative: the signal), boundaries, all lines of its log, seconds that it took."""

    status: int
    boundaries: list[Boundary]
    lines: list[str]
    seconds: float


@dataclass(frozen=True)
class Held:
    """What a store holds."""

    digest: str
    versions: Counter[Version]
    withdrawn: frozenset[tuple[str, str, str]]
    answers: Counter[str]  # by channel, every version
    faults: tuple[str, ...]  # what ``satukanal verify`` finds, and what a run that ended must not leave behind


@dataclass(frozen=True)
class Home:
    """One installation, in which runs are killed."""

    folder: Path
    url: str
    environment: Mapping[str, str]

    def run(self, kill: Kill | None = None) -> Ended:
        """Run ``satukanal run`` and kill it if told so."""
        boundaries: list[Boundary] = []
        lines: list[str] = []
        started = time.monotonic()
        with subprocess.Popen(
            [SATUKANAL, "run", "--json"],
            env=dict(self.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stderr is not None
            guard = threading.Timer(SECONDS_TO_RUN, os.killpg, (process.pid, signal.SIGKILL))
            guard.start()
            if kill and kill.after == 0:
                _kill(process, kill, 0.0)
            for line in process.stderr:
                lines.append(line.rstrip())
                stage = next((name for name, words in BOUNDARIES.items() if words in line), None)
                if stage is None:
                    continue
                boundaries.append(Boundary(stage, time.monotonic() - started))
                if kill and len(boundaries) == kill.after:
                    _kill(process, kill, boundaries[-1].at)
            guard.cancel()
            status = process.wait(timeout=SECONDS_TO_RUN)
        took = time.monotonic() - started
        if took >= SECONDS_TO_RUN:
            raise RuntimeError(f"a run hung for {took:.0f} s: " + " / ".join(lines[-3:]))
        return Ended(status, boundaries, lines, took)

    def held(self) -> Held:
        """What the store holds now. Raises ``RuntimeError`` if ``satukanal verify`` tells nothing."""
        done = subprocess.run(
            [SATUKANAL, "verify", "--json"], env=dict(self.environment), capture_output=True, text=True
        )
        if done.returncode not in (0, 4):
            raise RuntimeError("satukanal verify failed: " + " / ".join(done.stderr.splitlines()[-3:]))
        verdict = orjson.loads(done.stdout)
        problems = [f"{p['kind']} {p['where']}: {p['detail']}" for p in verdict["problems"]]
        left = [f"scratch of {path.name}" for path in (self.folder / "scratch").glob("*")]
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            unfinished = _unfinished(connection)
            return Held(verdict["digest"], *_counted(connection), (*unfinished, *left, *problems))


def _kill(process: subprocess.Popen[str], kill: Kill, at: float) -> None:
    pace = min(max(at / kill.usual, 0.5), 10.0) if kill.usual else 1.0
    time.sleep(kill.seconds * pace)
    os.killpg(process.pid, signal.SIGKILL)


def _counted(
    connection: sa.Connection,
) -> tuple[Counter[Version], frozenset[tuple[str, str, str]], Counter[str]]:
    s, v, e = submission, submission_version, complaint_event
    names = s.c.channel, s.c.stream, s.c.key
    versions = sa.select(*names, v.c.version_no).join(v, v.c.submission_uid == s.c.submission_uid)
    withdrawn = sa.select(*names).where(s.c.withdrawn_at.is_not(None))
    answers = sa.select(load.c.channel).join(e, e.c.load_id == load.c.load_id)
    return (
        Counter((row[0], row[1], row[2], row[3]) for row in connection.execute(versions)),
        frozenset((row[0], row[1], row[2]) for row in connection.execute(withdrawn)),
        Counter(connection.scalars(answers)),
    )


def _unfinished(connection: sa.Connection) -> list[str]:
    rows = [(table, sa.select(sa.func.count()).select_from(table)) for table in (*STAGES, stage_match_key)]
    rows += [(table, sa.select(sa.func.count()).where(table.c.status == "running")) for table in (run, load)]
    found = [(table.name, connection.scalar(query)) for table, query in rows]
    return [f"{name}: {count} unfinished rows" for name, count in found if count]


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: what the store held after it, and how it went."""

    held: Held
    ended: Ended


class Stand:
    """Where homes are made. ``base`` is a home after its first load, which every increment starts from."""

    def __init__(self, folder: Path, server: sa.URL | None, environments: Mapping[str, Mapping[str, str]]) -> None:
        """Homes go below ``folder``, stores too or to ``server``; ``environments``: of a run of each kind."""
        self.folder, self.server, self.environments = folder, server, environments
        self._base: Home | None = None

    @contextmanager
    def references(self) -> Iterator[dict[str, Reference]]:
        """Undisturbed runs of each kind; as long as this is open, increments can be run.

        Raises ``RuntimeError`` if one fails, or if the increment does not move every channel in every way.
        """
        with self.home(FIRST) as base:
            found = {FIRST: _undisturbed(base)}
            self._base = base
            with self.home(INCREMENT) as home:
                found[INCREMENT] = _undisturbed(home)
            _ensure_moved(found[FIRST].held, found[INCREMENT].held)
            yield found
            self._base = None

    @contextmanager
    def home(self, kind: str) -> Iterator[Home]:
        """A home with sources and an address for its store; both are removed afterwards.

        A fresh one for a first load; for an increment a copy of the one that was loaded, with the changed sources.
        """
        name = f"crash_{uuid.uuid4().hex[:12]}"
        place = self.folder / name
        url = f"sqlite:///{place / 'satukanal.db'}"
        template = ""
        if kind == INCREMENT:
            assert self._base is not None, "increments need the references"
            shutil.copytree(self._base.folder, place, ignore=shutil.ignore_patterns("sources"))
            template = f" TEMPLATE {self._base.folder.name}"
        shutil.copytree(self.folder / kind, place / "sources")
        if self.server is not None:
            self._execute(f"CREATE DATABASE {name}{template}")
            url = self.server.set(database=name).render_as_string(hide_password=False)
        own = {"SATUKANAL_HOME": str(place), "SATUKANAL_STORE": url}
        try:
            yield Home(place, url, {**self.environments[kind], **own})
        finally:
            if self.server is not None:
                self._execute(f"DROP DATABASE {name} WITH (FORCE)")
            shutil.rmtree(place)

    def _execute(self, statement: str) -> None:
        assert self.server is not None
        engine = sa.create_engine(self.server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(statement))


def _undisturbed(home: Home) -> Reference:
    ended = home.run()
    if ended.status != 0:
        raise RuntimeError("an undisturbed run failed: " + " / ".join(ended.lines[-3:]))
    return Reference(home.held(), ended)


def _ensure_moved(before: Held, after: Held) -> None:
    new = after.versions - before.versions
    moved = {
        "new": Counter(channel for channel, _, _, number in new if number == 1),
        "updated": Counter(channel for channel, _, _, number in new if number > 1),
        "withdrawn": Counter(channel for channel, _, _ in after.withdrawn - before.withdrawn),
    }
    channels = {channel for channel, *_ in before.versions}
    still = [f"{what} of {name}" for what, found in moved.items() for name in sorted(channels - found.keys())]
    still += [f"answers of {name}" for name, count in before.answers.items() if after.answers[name] <= count]
    if still or before.versions - after.versions:
        raise RuntimeError("the second run should have changed: " + ", ".join(still))


@contextmanager
def stand(folder: Path, server: sa.URL | None, prefect_api: str, size: int = SIZE) -> Iterator[Stand]:
    """Write the samples of both kinds, serve the web ones, make a key, and yield where rounds can be run."""
    write_samples(folder / FIRST, size=size)
    write_changed(folder / FIRST, folder / INCREMENT)
    read_or_make(folder / "key", may_make=True)
    common: dict[str, Any] = {k: v for k, v in os.environ.items() if not k.startswith(("SATUKANAL_", "PREFECT_"))}
    common |= {f"SATUKANAL_SECRET_{name}": value for name, value in SECRETS.items()}
    channels = folder / "channels"
    channels.mkdir()
    for name in CORE:
        shutil.copy(INSTALLATION / "connectors" / "channels" / f"{name}.yaml", channels)
    common |= {"SATUKANAL_CHANNELS": str(channels)}
    common |= {"SATUKANAL_KEY_FILE": str(folder / "key"), "PREFECT_API_URL": prefect_api, "COLUMNS": "400"}
    with SampleServers(folder / FIRST) as first, SampleServers(folder / INCREMENT) as later:
        served = zip(KINDS, (first, later), strict=True)
        addresses = {kind: orjson.dumps(servers.addresses).decode() for kind, servers in served}
        environments = {kind: {**common, "SATUKANAL_ADDRESSES": told} for kind, told in addresses.items()}
        yield Stand(folder, server, environments)
