"""Does a killed run lose or double anything? ``python -m benchmarks crash --kills 20 --json``.

Each round starts in a fresh home, kills ``satukanal run`` (SIGKILL to its whole process group) once to three times in a
row, lets it run to the end, and compares the store with that of an undisturbed run: digest, and every version of every
submission. Half of the kills come at the boundary of a stage, which the log on standard error tells; the others at a
random moment between two boundaries, so that short stages are hit as often as long ones. The program has no hook.
Then ``satukanal verify`` must find nothing, and nothing may be left staged, in scratch, or said to be running.
"""

import argparse
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from data.samples import SECRETS, SampleServers, write_samples
from satukanal.store import Store, open_store, read_or_make
from satukanal.store.digest import digest
from schemas.store import STAGES, load, run, stage_match_key, submission, submission_version
from tests.servers import running_postgres, running_prefect

log = logging.getLogger("benchmarks.crash")

SATUKANAL = str(Path(sys.executable).with_name("satukanal"))
SIZE = 150
SECONDS_TO_RUN = 300
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
    """When to kill: ``after`` so many boundaries, and so many seconds later."""

    after: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Boundary:
    """A line of the log that tells of the end of a stage, and when it came."""

    stage: str
    at: float


@dataclass(frozen=True)
class Held:
    """What a store holds."""

    digest: str
    versions: Counter[Version]
    faults: tuple[str, ...]  # what ``satukanal verify`` finds, and what a run that ended must not leave behind


@dataclass
class Tally:
    """What became of the kills on one database."""

    kills: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    digest_equal: bool = True
    lost: int = 0
    doubled: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def safe(self) -> bool:
        """Whether every round ended as if nothing had happened."""
        return self.digest_equal and not self.lost and not self.doubled and not self.faults

    def told(self) -> dict[str, Any]:
        """As the interface promises it; ``stages`` counts the kills by the stage that had ended last."""
        stages = {name: self.stages[name] for name in BOUNDARIES if self.stages[name]}
        return {"kills": self.kills, "stages": stages, "digest_equal": self.digest_equal, "lost": self.lost,
                "doubled": self.doubled}  # fmt: skip


@dataclass(frozen=True)
class Stand:
    """Where homes are made: samples and key, the environment of every run, and where its stores go."""

    folder: Path
    environment: Mapping[str, str]
    server: sa.URL | None  # of PostgreSQL; None for SQLite

    @contextmanager
    def home(self) -> Iterator["Home"]:
        """A fresh home with the sources, and an address for its store; both are removed afterwards."""
        name = f"crash_{uuid.uuid4().hex[:12]}"
        place = self.folder / name
        shutil.copytree(self.folder / "sources", place / "sources")
        url = f"sqlite:///{place / 'satukanal.db'}"
        if self.server is not None:
            self._execute(f"CREATE DATABASE {name}")
            url = self.server.set(database=name).render_as_string(hide_password=False)
        try:
            yield Home(place, url, {**self.environment, "SATUKANAL_HOME": str(place), "SATUKANAL_STORE": url})
        finally:
            if self.server is not None:
                self._execute(f"DROP DATABASE {name} WITH (FORCE)")
            shutil.rmtree(place)

    def _execute(self, statement: str) -> None:
        assert self.server is not None
        engine = sa.create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()


@dataclass(frozen=True)
class Home:
    """One installation, in which runs are killed."""

    folder: Path
    url: str
    environment: Mapping[str, str]

    def run(self, kill: Kill | None = None) -> tuple[int, list[Boundary], list[str]]:
        """Run ``satukanal run`` and kill it if told so; returns exit status, boundaries and all lines of its log."""
        boundaries: list[Boundary] = []
        lines: list[str] = []
        with subprocess.Popen(
            [SATUKANAL, "run", "--json"],
            env=dict(self.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                lines.append(line.rstrip())
                stage = next((name for name, words in BOUNDARIES.items() if words in line), None)
                if stage is None:
                    continue
                boundaries.append(Boundary(stage, time.monotonic()))
                if kill and len(boundaries) == kill.after:
                    time.sleep(kill.seconds)
                    os.killpg(process.pid, signal.SIGKILL)
            return process.wait(timeout=SECONDS_TO_RUN), boundaries, lines

    def held(self) -> Held:
        """What the store holds now."""
        keys, _ = read_or_make(Path(self.environment["SATUKANAL_KEY_FILE"]), may_make=False)
        store = open_store(self.url, keys)
        try:
            return Held(digest(store), _versions(store), (*_unfinished(store), *self._scratch(), *self._problems()))
        finally:
            store.close()

    def _scratch(self) -> list[str]:
        return [f"scratch of {path.name}" for path in (self.folder / "scratch").glob("*")]

    def _problems(self) -> list[str]:
        done = subprocess.run(
            [SATUKANAL, "verify", "--json"], env=dict(self.environment), capture_output=True, text=True
        )
        return [f"{p['kind']} {p['where']}: {p['detail']}" for p in orjson.loads(done.stdout)["problems"]]


def _versions(store: Store) -> Counter[Version]:
    s, v = submission, submission_version
    query = sa.select(s.c.channel, s.c.stream, s.c.key, v.c.version_no).join(
        v, v.c.submission_uid == s.c.submission_uid
    )
    with store.reading() as connection:
        return Counter(tuple(row) for row in connection.execute(query))


def _unfinished(store: Store) -> list[str]:
    rows = [(table, sa.select(sa.func.count()).select_from(table)) for table in (*STAGES, stage_match_key)]
    rows += [(table, sa.select(sa.func.count()).where(table.c.status == "running")) for table in (run, load)]
    with store.reading() as connection:
        found = [(table.name, connection.scalar(query)) for table, query in rows]
    return [f"{name}: {count} unfinished rows" for name, count in found if count]


@contextmanager
def stand(folder: Path, server: sa.URL | None, prefect_api: str, size: int = SIZE) -> Iterator[Stand]:
    """Write the samples, serve the web ones, make a key, and yield where rounds can be run."""
    write_samples(folder / "sources", size=size)
    read_or_make(folder / "key", may_make=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SATUKANAL_", "PREFECT_"))}
    environment |= {f"SATUKANAL_SECRET_{name}": value for name, value in SECRETS.items()}
    environment |= {"SATUKANAL_KEY_FILE": str(folder / "key"), "PREFECT_API_URL": prefect_api, "COLUMNS": "400"}
    with SampleServers(folder / "sources") as servers:
        environment["SATUKANAL_ADDRESSES"] = orjson.dumps(servers.addresses).decode()
        yield Stand(folder, environment, server)


def torture(place: Stand, kills: int, seed: int = 1) -> Tally:
    """Kill ``kills`` runs, in rounds of one to three, and tell what became of the store."""
    dice = random.Random(seed)
    tally = Tally()
    with place.home() as home:
        status, boundaries, lines = home.run()
        if status != 0:
            raise RuntimeError("the undisturbed run failed: " + " / ".join(lines[-3:]))
        reference = home.held()
    order = dice.sample(range(len(boundaries)), len(boundaries))
    while tally.kills < kills:
        with place.home() as home:
            for _ in range(min(dice.randint(1, 3), kills - tally.kills)):
                _kill_one(home, _choose(dice, boundaries, order, tally.kills), tally)
            status, _, lines = home.run()
            if status != 0:
                raise RuntimeError("the run after the kills failed: " + " / ".join(lines[-3:]))
            _compare(home.held(), reference, tally)
    return tally


def _choose(dice: random.Random, boundaries: list[Boundary], order: list[int], number: int) -> Kill:
    """In turn a boundary, each once before one comes again, and a random moment between any two."""
    if number % 2 == 0:
        return Kill(order[number // 2 % len(order)] + 1)
    index = dice.randrange(len(boundaries) - 1)
    return Kill(index + 1, dice.uniform(0, boundaries[index + 1].at - boundaries[index].at))


def _kill_one(home: Home, kill: Kill, tally: Tally) -> None:
    status, boundaries, _ = home.run(kill)
    if status == -signal.SIGKILL:
        tally.kills += 1
        tally.stages[boundaries[-1].stage] += 1
        log.info("killed %.3f s after boundary %d (%s)", kill.seconds, kill.after, boundaries[-1].stage)
    else:  # a run that had less to do, and ended before
        log.info("missed: it had ended after %d boundaries", len(boundaries))


def _compare(found: Held, reference: Held, tally: Tally) -> None:
    tally.digest_equal &= found.digest == reference.digest
    tally.lost += (reference.versions - found.versions).total()
    tally.doubled += (found.versions - reference.versions).total()
    tally.faults += found.faults
    log.info("run again: %s", "equal" if found == reference else f"DIFFERENT {' / '.join(found.faults)}")


def main(arguments: list[str] | None = None) -> int:
    """Torture both databases and print one JSON object; exit status 1 if anything was lost, doubled or left over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kills per database")
    parser.add_argument("--size", type=int, default=SIZE, help="submissions in the samples, about")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), action="append", help="default: both")
    parser.add_argument("--json", action="store_true", help="JSON alone, without a line for each kill on stderr")
    told = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.WARNING if told.json else logging.INFO)
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory(prefix="satukanal-crash-") as name, running_prefect() as api:
        for database in told.store or ("sqlite", "postgresql"):
            with _server(database) as server, stand(Path(name) / database, server, api, told.size) as place:
                tallies[database] = torture(place, told.kills, told.seed)
    print(orjson.dumps({"stores": {name: tally.told() for name, tally in tallies.items()}}).decode())
    return 0 if all(tally.safe for tally in tallies.values()) else 1


@contextmanager
def _server(database: str) -> Iterator[sa.URL | None]:
    if database == "sqlite":
        yield None
        return
    with running_postgres() as url:
        yield url
