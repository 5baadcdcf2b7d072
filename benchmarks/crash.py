"""Does a killed run lose or double anything? ``python -m benchmarks crash --kills 20 --json``.

Rounds of two kinds take turns: a first load into a fresh home, and an increment, which starts from a copy of a loaded
home and reads sources that have changed since (new, updated, withdrawn, answered). Each round kills ``satukanal run``
(SIGKILL to its whole process group) once to three times in a row, lets it run to the end, and compares the store with
that of undisturbed runs: digest, every version of every submission, who is withdrawn. Half of the kills come at the
boundary of a stage, which the log on standard error tells; the others at a random moment between two boundaries, so
that short stages are hit as often as long ones. The program has no hook. Then ``satukanal verify`` must find nothing,
and nothing may be left staged, in scratch, or said to be running.
"""

import argparse
import logging
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from benchmarks.crash_home import (
    BOUNDARIES,
    FIRST,
    INCREMENT,
    KINDS,
    SIZE,
    STARTING,
    Ended,
    Held,
    Home,
    Kill,
    Reference,
    Stand,
    stand,
)
from tests.servers import running_postgres, running_prefect

log = logging.getLogger("benchmarks.crash")
DATABASES = ("sqlite", "postgresql")
MOST_IN_A_ROW = 3
MOST_ROUNDS_FOR_NOTHING = 20
LATE_START = 0.6  # of the time before a run begins: until then it only loads its modules


@dataclass
class Tally:
    """What became of the kills on one database."""

    stages: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    rounds: dict[str, Counter[int]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})  # by kills
    equal: Counter[str] = field(default_factory=Counter)  # rounds by kind that ended as the undisturbed run did
    digest_equal: bool = True
    lost: int = 0
    doubled: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Of both kinds of run."""
        return sum(self.killed(kind) for kind in KINDS)

    def killed(self, kind: str) -> int:
        """How many runs of one kind were killed."""
        return self.stages[kind].total()

    @property
    def safe(self) -> bool:
        """Whether every round ended as if nothing had happened."""
        return self.digest_equal and not self.lost and not self.doubled and not self.faults

    def told(self) -> dict[str, Any]:
        """As the interface promises it; ``stages`` counts the kills by the stage that had ended last."""
        both = sum(self.stages.values(), Counter())
        stages = {name: both[name] for name in (STARTING, *BOUNDARIES) if both[name]}
        return {"kills": self.kills, "stages": stages, "digest_equal": self.digest_equal, "lost": self.lost,
                "doubled": self.doubled}  # fmt: skip

    def compare(self, found: Held, reference: Held) -> None:
        """Note what differs from the undisturbed run."""
        self.digest_equal &= found.digest == reference.digest
        self.lost += (reference.versions - found.versions).total()
        self.doubled += (found.versions - reference.versions).total()
        self.faults += found.faults
        if found.withdrawn != reference.withdrawn:
            self.faults.append(f"{len(found.withdrawn ^ reference.withdrawn)} submissions wrongly withdrawn or not")
        if found.answers != reference.answers:
            self.faults.append(f"answers: {dict(found.answers)} instead of {dict(reference.answers)}")


@dataclass
class _Progress:
    """Tells on standard error what happens on one database, and how long it will go on."""

    database: str
    wanted: int
    started: float = field(default_factory=time.monotonic)

    def tell(self, done: int, what: str) -> None:
        left = "?"
        if done:
            left = f"{(time.monotonic() - self.started) / done * (self.wanted - done) / 60:.0f}"
        log.info("%-10s %d/%d kills, %s min left: %s", self.database, done, self.wanted, left, what)


def torture(place: Stand, references: Mapping[str, Reference], kills: int, seed: int = 1, database: str = "") -> Tally:
    """Kill ``kills`` runs, half of them (or one more) first loads, and tell what became of the store.

    ``references`` are those of ``place``, still open. Raises ``RuntimeError`` if runs are never there to be killed.
    """
    dice = random.Random(f"{seed} {database}")
    tally = Tally()
    progress = _Progress(database, kills)
    shares = {FIRST: kills - kills // 2, INCREMENT: kills // 2}
    last = {kind: reference.ended for kind, reference in references.items()}
    moments = {kind: _moments(dice, last, kind) for kind in KINDS}
    while tally.kills < kills:
        for kind in KINDS:
            before = tally.killed(kind)
            if before == shares[kind]:
                continue
            in_a_row = min(dice.randint(1, MOST_IN_A_ROW), shares[kind] - before)
            with place.home(kind) as home:
                for _ in range(in_a_row):
                    _kill_one(home, kind, next(moments[kind]), tally, progress)
                last[kind] = _run_again(home, kind, references[kind], tally, progress) or last[kind]
            tally.rounds[kind][tally.killed(kind) - before] += 1
            if tally.rounds[kind][0] > MOST_ROUNDS_FOR_NOTHING:
                raise RuntimeError(f"{tally.rounds[kind][0]} rounds without a kill: {' / '.join(tally.faults[-3:])}")
    return tally


def _moments(dice: random.Random, last: Mapping[str, Ended], kind: str) -> Iterator[Kill]:
    """In turn a boundary, each once before one comes again, and a random moment between any two, start and end too.

    ``last`` is asked anew for the latest whole run of a kind: how long it took tells how busy the machine is.
    """
    while True:
        for boundary in dice.sample(range(1, len(last[kind].boundaries) + 1), len(last[kind].boundaries)):
            yield Kill(boundary)
            times = [0.0, *(boundary.at for boundary in last[kind].boundaries), last[kind].seconds]
            after = dice.randrange(len(times) - 1)
            share = dice.uniform(0.0 if after else LATE_START, 1.0)
            yield Kill(after, share * (times[after + 1] - times[after]), times[after])


def _kill_one(home: Home, kind: str, kill: Kill, tally: Tally, progress: _Progress) -> None:
    ended = home.run(kill)
    if ended.status == -signal.SIGKILL:
        stage = ended.boundaries[-1].stage if ended.boundaries else STARTING
        tally.stages[kind][stage] += 1
        told = f"{kind} killed {kill.seconds:.3f} s after boundary {kill.after} ({stage})"
    elif ended.status == 0:  # it had less to do, or was quicker, and ended before
        told = f"{kind} missed: it had ended after {len(ended.boundaries)} boundaries"
    else:
        tally.faults.append(f"exit {ended.status} instead of a kill: {' / '.join(ended.lines[-3:])}")
        told = tally.faults[-1]
    progress.tell(tally.kills, told)


def _run_again(home: Home, kind: str, reference: Reference, tally: Tally, progress: _Progress) -> Ended | None:
    """The run after the kills; None unless it was a whole one, as long as that of the reference."""
    ended = home.run()
    if ended.status != 0:
        tally.digest_equal = False
        tally.faults.append(f"the run after the kills ended with {ended.status}: {' / '.join(ended.lines[-3:])}")
        progress.tell(tally.kills, f"{kind} FAILED: {tally.faults[-1]}")
        return None
    found = home.held()
    tally.compare(found, reference.held)
    if found == reference.held:
        tally.equal[kind] += 1
        progress.tell(tally.kills, f"{kind} run again: equal")
    else:
        progress.tell(tally.kills, f"{kind} run again: DIFFERENT {' / '.join(found.faults)}")
    return ended if len(ended.boundaries) == len(reference.ended.boundaries) else None


def main(arguments: list[str] | None = None) -> int:
    """Torture the databases and print one JSON object; exit status 1 if anything was lost, doubled or left over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks crash", description=__doc__)
    parser.add_argument(
        "--kills", type=int, default=20,
        help="kills on EACH database, half of them first loads and half increments; so --kills 200 are 400 in all "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--size", type=int, default=SIZE, help="submissions in the samples, about (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (%(default)s)")
    parser.add_argument("--store", choices=DATABASES, action="append", help="default: both, side by side")
    parser.add_argument("--json", action="store_true", help="as for every benchmark; the output is JSON in any case")
    told = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    databases: Sequence[str] = tuple(dict.fromkeys(told.store or DATABASES))
    with tempfile.TemporaryDirectory(prefix="satukanal-crash-") as name, running_prefect() as api:

        def one(database: str) -> Tally:
            with (
                _server(database) as server,
                stand(Path(name) / database, server, api, told.size) as place,
                place.references() as references,
            ):
                return torture(place, references, told.kills, told.seed, database)

        with ThreadPoolExecutor(len(databases)) as pool:
            tallies = dict(zip(databases, pool.map(one, databases), strict=True))
    for database, tally in tallies.items():
        _sum_up(database, tally)
    print(orjson.dumps({"stores": {name: tally.told() for name, tally in tallies.items()}}).decode())
    return 0 if all(tally.safe for tally in tallies.values()) else 1


def _sum_up(database: str, tally: Tally) -> None:
    for kind in KINDS:
        stages = ", ".join(f"{name} {tally.stages[kind][name]}" for name in (STARTING, *BOUNDARIES))
        log.info("%s, %s: %d kills (%s)", database, kind, tally.killed(kind), stages)
        rounds = ", ".join(f"{count} with {kills} kills" for kills, count in sorted(tally.rounds[kind].items()))
        log.info("  %d of %d rounds ended equal; %s", tally.equal[kind], tally.rounds[kind].total(), rounds)
    for fault in tally.faults:
        log.warning("%s: FAULT %s", database, fault)


@contextmanager
def _server(database: str) -> Iterator[sa.URL | None]:
    if database == "sqlite":
        yield None
        return
    with running_postgres() as url:
        yield url
