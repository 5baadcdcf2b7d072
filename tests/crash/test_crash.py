"""Killed at any moment and run again, a store tells the same story as after an undisturbed run. Nothing is simulated:
real processes, SIGKILL, a real database server; ``python -m benchmarks crash`` does the same more often."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.crash import Tally, torture
from benchmarks.crash_home import FIRST, INCREMENT, Ended, Held, Home, Reference, Stand, stand
from satukanal.store import open_store, read_or_make
from tests.servers import kill_postgres, restart_postgres, running_postgres, running_prefect

KILLS = 4  # on each database; two in a row of each kind of run with this seed
SEED = 4


@pytest.fixture(scope="module")
def prefect_api() -> Iterator[str]:
    with running_prefect() as address:
        yield address


@pytest.fixture(scope="module")
def embedded(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A stand with SQLite, whose sources and key the other databases of this module share: so digests must be equal."""
    with stand(tmp_path_factory.mktemp("crash"), None, prefect_api) as place:
        yield place


@pytest.fixture(scope="module")
def undisturbed(embedded: Stand) -> Iterator[dict[str, Reference]]:
    with embedded.references() as references:
        yield references


def killed_without_a_trace(place: Stand, references: dict[str, Reference], database: str) -> None:
    tally = torture(place, references, KILLS, SEED, database)
    assert (tally.kills, tally.told()["kills"], sum(tally.told()["stages"].values())) == (KILLS, KILLS, KILLS)
    assert (tally.killed(FIRST), tally.killed(INCREMENT)) == (KILLS // 2, KILLS // 2)
    assert (tally.digest_equal, tally.lost, tally.doubled) == (True, 0, 0)
    assert tally.faults == []


def test_killed_runs_lose_nothing_and_double_nothing_on_sqlite(
    embedded: Stand, undisturbed: dict[str, Reference]
) -> None:
    killed_without_a_trace(embedded, undisturbed, "sqlite")


def test_killed_runs_lose_nothing_and_double_nothing_on_postgresql(
    embedded: Stand, undisturbed: dict[str, Reference], postgres_server: sa.URL
) -> None:
    place = Stand(embedded.folder, postgres_server, embedded.environments)
    with place.references() as references:
        assert {kind: found.held for kind, found in references.items()} == {
            kind: found.held for kind, found in undisturbed.items()
        }
        killed_without_a_trace(place, references, "postgresql")


def wait_for_publishing(server: sa.Engine) -> None:
    """Until the run waits, in the middle of a publishing transaction, for the lock that the test holds."""
    deadline = time.monotonic() + 600
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO submission%'"
    )
    while time.monotonic() < deadline:
        with server.connect() as connection:
            if connection.scalar(sa.text(waiting)):
                return
        time.sleep(0.1)
    raise AssertionError("the run never came to publishing")


def test_a_database_server_killed_in_mid_publish_ends_the_run_and_the_next_one_completes_it(
    embedded: Stand, undisturbed: dict[str, Reference]
) -> None:
    with running_postgres() as url, Stand(embedded.folder, url, embedded.environments).home(FIRST) as home:
        died = run_while_the_server_dies(home, url)
        assert died.status == 1, died
        assert died.lines[-1].startswith("satukanal: postgresql+psycopg://")
        assert died.lines[-1].endswith("; mend that and run again, what was published stands")
        assert not any("Traceback" in line for line in died.lines)
        again = home.run()
        assert again.status == 0, again
        assert any("was killed and is abandoned" in line for line in again.lines)
        assert home.held() == undisturbed[FIRST].held


def run_while_the_server_dies(home: Home, url: sa.URL) -> Ended:
    """A run whose database server is killed while it publishes; the server runs afterwards."""
    keys, _ = read_or_make(Path(home.environment["SATUKANAL_KEY_FILE"]), may_make=False)
    open_store(home.url, keys).close()
    ended: list[Ended] = []
    engine = sa.create_engine(home.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("LOCK TABLE submission IN SHARE MODE"))
        running = threading.Thread(target=lambda: ended.append(home.run()))
        running.start()
        wait_for_publishing(engine)
        data = kill_postgres(url)
        running.join(600)
        connection.invalidate()
    restart_postgres(url, data)
    return ended[0]


def test_the_harness_sees_what_is_lost_doubled_or_wrongly_withdrawn() -> None:
    one, two, three = ("super", "complaints", "1", 1), ("super", "complaints", "1", 2), ("sigap", "complaints", "7", 1)
    reference = Held("a", Counter([one, two]), frozenset({one[:3]}), Counter(super=3), ())
    tally = Tally()
    tally.compare(reference, reference)
    assert tally.safe
    tally.compare(Held("b", Counter([one, one, three]), frozenset(), Counter(super=2), ("row_missing",)), reference)
    assert (tally.digest_equal, tally.lost, tally.doubled, tally.safe) == (False, 1, 2, False)
    assert tally.faults[0] == "row_missing"
    assert len(tally.faults) == 3
