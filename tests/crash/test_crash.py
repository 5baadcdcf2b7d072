"""Killed at any moment and run again, a store tells the same story as after an undisturbed run. Nothing is simulated:
real processes, SIGKILL, a real database server; ``python -m benchmarks crash`` does the same more often."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.crash import Home, stand, torture
from satukanal.store import open_store, read_or_make
from tests.servers import kill_postgres, restart_postgres, running_postgres, running_prefect

KILLS = 4  # on each database


@pytest.fixture(scope="module")
def prefect_api() -> Iterator[str]:
    with running_prefect() as address:
        yield address


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_runs_lose_nothing_and_double_nothing(
    database: str, prefect_api: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else None
    with stand(tmp_path, server, prefect_api) as place:
        tally = torture(place, KILLS)
    assert (tally.kills, tally.stages.total()) == (KILLS, KILLS)
    assert (tally.digest_equal, tally.lost, tally.doubled) == (True, 0, 0)
    assert tally.faults == []


def wait_for_publishing(server: sa.Engine) -> None:
    """Until the run waits, in the middle of a publishing transaction, for the lock that the test holds."""
    deadline = time.monotonic() + 120
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
    prefect_api: str, tmp_path: Path
) -> None:
    with running_postgres() as url, stand(tmp_path, url, prefect_api) as place:
        with place.home() as home:
            assert home.run()[0] == 0
            reference = home.held()
        with place.home() as home:
            told = run_while_the_server_dies(home, url)
            assert told[0] == 1, told
            assert told[1][-1].startswith("satukanal: postgresql+psycopg://")
            assert told[1][-1].endswith("; mend that and run again, what was published stands")
            assert not any("Traceback" in line for line in told[1])
            status, _, lines = home.run()
            assert status == 0, lines
            assert any("was killed and is abandoned" in line for line in lines)
            assert home.held() == reference


def run_while_the_server_dies(home: Home, url: sa.URL) -> tuple[int, list[str]]:
    """Exit status and log of a run whose database server is killed while it publishes; the server runs afterwards."""
    keys, _ = read_or_make(Path(home.environment["SATUKANAL_KEY_FILE"]), may_make=False)
    open_store(home.url, keys).close()
    ended: list[tuple[int, list[str]]] = []
    engine = sa.create_engine(home.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("LOCK TABLE submission IN SHARE MODE"))
        running = threading.Thread(target=lambda: ended.append(home.run()[::2]))
        running.start()
        wait_for_publishing(engine)
        data = kill_postgres(url)
        running.join(120)
        connection.invalidate()
    restart_postgres(url, data)
    return ended[0]
