"""Only one run writes to a store at a time; the second is told who does; what a killed one leaves is cleaned up."""

import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from frames import SPEC, begin, events, excluded, publish_frames, rejected, submissions

from satukanal.store import Keyring, Store, StoreBusy, StoreFailed, matching, open_store, read_or_make, run_lock, runs
from satukanal.store.abandoned import abandon, ended_loads
from satukanal.store.digest import digest
from satukanal.store.publish import Extracted, publish
from satukanal.store.stage import stage
from schemas.codes import LoadStatus, RunStatus
from schemas.store import STAGES, ledger, stage_match_key, submission

HOLD = """
import sys, time
from satukanal.store import Keyring, open_store, run_lock
with run_lock(open_store(sys.argv[1], Keyring.from_secret(bytes(range(32)))), "penjaga", 0):
    print("held", flush=True)
    time.sleep(600)
"""
TOLD = Extracted(1, 0, 0, 1, 1, "0" * 64, 1, 1, complete=True, max_withdrawn=0.5)


def rows(store: Store, table: str) -> list[dict[str, object]]:
    with store.reading() as connection:
        return [dict(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()]


def test_the_second_run_is_told_who_holds_the_lock_since_when_and_what_to_do(store: Store) -> None:
    with run_lock(store, "sari", 0), pytest.raises(StoreBusy) as caught, run_lock(store, "budi", 0):
        pass
    told = str(caught.value)
    assert re.search(r"by sari.*, process \d+ on \S+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+; wait .* --wait", told)
    assert "\n" not in told
    with run_lock(store, "budi", 0):
        pass


def test_a_second_run_that_waits_begins_when_the_first_has_ended(store: Store) -> None:
    def first() -> None:
        with run_lock(store, "sari", 0):
            held.set()
            time.sleep(0.5)

    held = threading.Event()
    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with run_lock(store, "budi", 30):
        assert not thread.is_alive() or thread.join(5) is None
    with run_lock(store, "sari", 0), pytest.raises(StoreBusy), run_lock(store, "budi", 0.3):
        pass


def test_the_lock_of_a_killed_process_holds_nobody_up(store: Store, store_url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, store_url], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreBusy, match=f"by penjaga.*, process {holder.pid} on "), run_lock(store, "budi", 0):
            pass
        holder.kill()
        holder.wait()
        with run_lock(store, "budi", 10):
            pass


def test_two_that_open_an_empty_database_at_once_make_one_store(store_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(store_url, Keyring.from_secret(bytes(32))), range(4)))
    assert [len(rows(opened, "meta")) for opened in stores] == [2] * 4
    for opened in stores:
        opened.close()


def test_two_that_begin_without_a_key_at_once_make_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: read_or_make(path, may_make=True), range(8)))
    assert len({keys.check_value() for keys, _ in made}) == 1
    assert [first for _, first in made].count(True) == 1
    assert [found.name for found in path.parent.iterdir()] == ["key"]


def test_what_a_killed_run_left_is_marked_put_into_the_ledger_and_cleared(store: Store) -> None:
    publish_frames(store, submissions({}))
    before = digest(store)
    runs.finish_run(store, rows(store, "v_run")[0]["run_id"], RunStatus.COMPLETE, balanced=True)
    run_id, load_id = begin(store)
    stage(store, load_id, SPEC.government, submissions({}, {}), events({"key": "1"}), rejected("x"), excluded("9"))
    with store.writing() as connection:
        key = {"run_id": run_id, "key": "k", "submission_uid": "u", "kind": "phone", "government": "*", "strong": True}
        connection.execute(stage_match_key.insert().values(**key))

    (lost,) = abandon(store, "tester")
    assert (lost.run_id, [load.load_id for load in lost.loads]) == (run_id, [load_id])
    assert {row["run_id"]: row["status"] for row in rows(store, "v_run")}[run_id] == "abandoned"
    assert {row["load_id"]: row["status"] for row in rows(store, "v_load")}[load_id] == "abandoned"
    assert all(rows(store, table.name) == [] for table in (*STAGES, stage_match_key))
    with store.reading() as connection:
        last = connection.execute(sa.select(ledger).order_by(ledger.c.seq.desc())).first()
    assert last is not None
    assert (last.act, last.subject) == ("abandoned", run_id)
    assert load_id in last.payload
    assert digest(store) == before
    assert abandon(store, "tester") == []
    assert ended_loads(store, [load_id, "load-of-another-store"]) == {load_id}


def test_what_was_published_before_the_kill_stays_published(store: Store) -> None:
    _, load_id, run_id = publish_frames(store, submissions({}, {}))
    (lost,) = abandon(store, "tester")
    assert (lost.run_id, lost.loads) == (run_id, ())
    assert {row["load_id"]: row["status"] for row in rows(store, "v_load")} == {load_id: "published"}
    assert len(matching.fresh_uids(store)) == 2  # and the next run matches it


def test_a_run_that_was_given_up_for_dead_can_publish_and_match_nothing_more(store: Store) -> None:
    run_id, load_id = begin(store)
    stage(store, load_id, SPEC.government, submissions({}), events(), rejected(), excluded())
    abandon(store, "another")
    stage(store, load_id, SPEC.government, submissions({}), events(), rejected(), excluded())
    with pytest.raises(StoreFailed, match="another run took over"):
        publish(store, load_id, TOLD, "tester")
    nothing = submissions().rename(columns={"key": "uid", "channel": "cluster", "stream": "incident"})
    pairs = nothing.assign(left="", right="", judgement="", score=0.0, evidence="")
    with pytest.raises(StoreFailed, match="another run took over"):
        matching.apply(store, run_id, "tester", [], matching.Matching(pairs, nothing, nothing, "test-1"))
    runs.end_load(store, load_id, LoadStatus.FAILED, "too late", {})
    runs.finish_run(store, run_id, RunStatus.COMPLETE, balanced=True)
    assert [row["status"] for row in rows(store, "v_load") + rows(store, "v_run")] == ["abandoned", "abandoned"]
    assert rows(store, submission.name) == rows(store, "stage_submission") == []


def test_a_full_disk_is_one_line_that_names_it_and_leaves_the_earlier_state(tmp_path: Path) -> None:
    """The disk gets more room each time until the load fits: it is full in staging first, then in publishing."""
    store = open_store(f"sqlite:///{tmp_path / 'small.db'}", Keyring.from_secret(bytes(range(32))))
    publish_frames(store, submissions({}, {}))
    before, room = digest(store), 0

    def grows_no_more(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {room}")

    store.engine.dispose()
    sa.event.listen(store.engine, "connect", grows_no_more)
    many = submissions(*[{"text": f"lampu {n} " * 40} for n in range(300)])
    full_with_so_many_staged = []
    with store.reading() as connection:
        room = connection.scalar(sa.text("PRAGMA page_count")) or 0
    while len(rows(store, submission.name)) == 2:
        room += 50
        store.engine.dispose()
        try:
            done, *_ = publish_frames(store, many)
        except StoreFailed as error:
            assert re.fullmatch(r"sqlite:\S+small\.db: database or disk is full; [^\n]+", str(error))
            assert digest(store) == before
            full_with_so_many_staged.append(len(rows(store, "stage_submission")))
            abandon(store, "tester")
    assert set(full_with_so_many_staged) == {0, 300}
    assert (done.inserted, len(rows(store, submission.name))) == (298, 300)
    store.close()
