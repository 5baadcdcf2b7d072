"""Publishing: exactly once, versions, events, quarantine, withdrawal, conservation. On both databases."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from frames import begin, events, excluded, publish_frames, rejected, submissions

from satukanal.store import Store, crosswalk, ledger, read, reconcile, runs
from satukanal.store.digest import digest
from satukanal.store.publish import ConservationBroken, Extracted, publish
from satukanal.store.stage import stage
from schemas.codes import ChannelState
from schemas.store import (
    STAGES,
    complaint_event,
    load,
    references,
    stage_attachment,
    stage_crosswalk,
    submission,
    submission_version,
)

LATER = datetime(2024, 6, 1, tzinfo=UTC)
EARLIER = datetime(2023, 6, 1, tzinfo=UTC)


def count(store: Store, table: sa.Table) -> int:
    with store.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_first_load_inserts_everything_and_counts_it(store: Store) -> None:
    done, load_id, _ = publish_frames(
        store, submissions({}, {}), events({"key": "1"}), rejected('{"id": "9"}'), excluded("7", "8")
    )
    assert (done.accepted, done.inserted, done.updated, done.unchanged) == (2, 2, 0, 0)
    assert (done.quarantined, done.excluded) == (1, {"prank": 2})
    with store.reading() as connection:
        row = connection.execute(sa.select(load).where(load.c.load_id == load_id)).one()
    assert (row.status, row.raw_records, row.events, row.extracted, row.balanced) == ("published", 6, 1, 5, True)
    assert all(count(store, table) == 0 for table in STAGES)


def test_the_same_load_again_is_unchanged_and_leaves_the_digest(store: Store) -> None:
    frames = submissions({}, {}), events({"key": "1"}), rejected("x"), excluded("7")
    publish_frames(store, *frames)
    before = digest(store)
    done, load_id, _ = publish_frames(store, *frames)
    assert (done.inserted, done.updated, done.unchanged, done.changed) == (0, 0, 2, False)
    assert digest(store) == before
    with store.reading() as connection:
        assert connection.scalar(sa.select(load.c.status).where(load.c.load_id == load_id)) == "unchanged"


def test_one_change_one_addition_and_one_answer_move_exactly_these(store: Store) -> None:
    publish_frames(store, submissions({}, {}), events({"key": "1"}))
    changed = submissions({}, {"status": "closed", "version_at": LATER}, {})
    done, *_ = publish_frames(store, changed, events({"key": "1"}, {"key": "2"}))
    assert (done.inserted, done.updated, done.unchanged) == (1, 1, 1)
    assert count(store, submission) == 3
    assert count(store, submission_version) == 4
    assert count(store, complaint_event) == 2


def test_an_older_version_that_comes_late_does_not_overwrite(store: Store) -> None:
    publish_frames(store, submissions({"status": "closed", "version_at": LATER}))
    done, *_ = publish_frames(store, submissions({"status": "unverified", "version_at": EARLIER}))
    assert (done.updated, done.unchanged) == (0, 1)
    with store.reading() as connection:
        assert connection.scalar(sa.select(submission_version.c.status)) == "closed"


def test_another_source_of_the_same_version_words_it_otherwise_and_changes_nothing(store: Store) -> None:
    seconds = datetime(2024, 6, 2, 3, 0, 41, tzinfo=UTC)
    publish_frames(store, submissions({"version_at": LATER}))
    for source in ("laman", "dump", "laman"):
        done, *_ = publish_frames(
            store, submissions({"version_at": LATER, "submitted_at": seconds, "text": f"dari {source}"}), source=source
        )
        assert (done.updated, done.unchanged) == ((0, 1) if source == "laman" else (1, 0))  # its own change is one
    done, *_ = publish_frames(store, submissions({"version_at": seconds, "status": "closed"}), source="laman")
    assert (done.updated, done.unchanged) == (1, 0)


def test_without_update_times_another_source_counts_as_it_comes(store: Store) -> None:
    publish_frames(store, submissions({"version_trusted": False}))
    done, *_ = publish_frames(store, submissions({"version_trusted": False, "text": "lain"}), source="laman")
    assert (done.updated, done.unchanged) == (1, 0)


def test_a_fetch_time_is_no_update_time_and_hides_no_change(store: Store) -> None:
    publish_frames(store, submissions({"version_at": LATER, "version_trusted": False}))
    done, *_ = publish_frames(store, submissions({"status": "closed", "version_at": EARLIER}))
    assert (done.updated, done.unchanged) == (1, 0)


def test_what_was_withdrawn_comes_back_even_with_an_older_update_time(store: Store) -> None:
    publish_frames(store, submissions({}, {"version_at": LATER}))
    publish_frames(store, submissions({}))
    done, _, run_id = publish_frames(store, submissions({}, {"version_at": EARLIER}))
    assert (done.updated, done.withdrawn) == (1, 0)
    assert reconcile.reconcile(store, run_id)


def test_what_turns_out_to_be_no_complaint_is_withdrawn_and_the_numbers_hold(store: Store) -> None:
    publish_frames(store, submissions({}, {}))
    done, _, run_id = publish_frames(store, submissions({}), set_aside=excluded("2"))
    assert (done.unchanged, done.withdrawn, done.excluded) == (1, 1, {"prank": 1})
    assert reconcile.reconcile(store, run_id)


def test_an_answer_that_moves_to_another_complaint_is_moved(store: Store) -> None:
    publish_frames(store, submissions({}, {}), events({"key": "1"}))
    done, *_ = publish_frames(store, submissions({}, {}), events({"key": "2"}))
    assert done.changed
    with store.reading() as connection:
        current = sa.select(complaint_event.c.submission_uid).where(complaint_event.c.superseded_at.is_(None))
        second = sa.select(submission.c.submission_uid).where(submission.c.key == "2")
        assert connection.scalars(current).all() == connection.scalars(second).all()


def test_an_edited_answer_keeps_its_earlier_wording(store: Store) -> None:
    publish_frames(store, submissions({}), events({"key": "1"}))
    publish_frames(
        store, submissions({}), events({"key": "1", "text": "sudah selesai", "text_public": "sudah selesai"})
    )
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(complaint_event.c.text_public, complaint_event.c.superseded_at).order_by(
                complaint_event.c.version_no
            )
        ).all()
    assert [r.text_public for r in rows] == ["sudah ditangani", "sudah selesai"]
    assert rows[0].superseded_at is not None
    assert rows[1].superseded_at is None


def test_what_a_complete_read_no_longer_shows_is_withdrawn_and_comes_back(store: Store) -> None:
    publish_frames(store, submissions({}, {}))
    done, *_ = publish_frames(store, submissions({}))
    assert done.withdrawn == 1
    again, *_ = publish_frames(store, submissions({}, {}))
    assert (again.updated, again.withdrawn) == (1, 0)


def test_an_incomplete_read_withdraws_nothing(store: Store) -> None:
    publish_frames(store, submissions({}, {}))
    done, *_ = publish_frames(store, submissions({}), complete=False)
    assert done.withdrawn == 0


def test_too_many_vanished_records_stop_the_channel_and_change_nothing(store: Store) -> None:
    publish_frames(store, submissions({}, {}, {}, {}))
    before = digest(store)
    with pytest.raises(ConservationBroken, match="3 of 4 submissions are no longer in the source"):
        publish_frames(store, submissions({}), max_withdrawn=0.1)
    assert digest(store) == before


def test_counts_that_do_not_add_up_roll_the_load_back(store: Store) -> None:
    with pytest.raises(ConservationBroken, match="extracted = accepted"):
        publish_frames(store, submissions({}), extracted=2, raw_records=2)
    assert count(store, submission) == 0


def test_publishing_a_published_load_again_does_nothing(store: Store) -> None:
    done, load_id, _ = publish_frames(store, submissions({}))
    told = Extracted(1, 0, 0, 1, 1, "0" * 64, 1, 1, complete=True, max_withdrawn=0.5)
    assert publish(store, load_id, told, "tester") == done
    assert count(store, submission_version) == 1


def test_staging_twice_is_staging_once(store: Store) -> None:
    _, load_id = begin(store)
    for _ in range(2):
        stage(store, load_id, "kota-contoh", submissions({}, {}), events(), rejected(), excluded())
    with store.reading() as connection:
        assert connection.scalar(sa.text("SELECT COUNT(*) FROM stage_submission")) == 2


def test_a_source_that_counts_otherwise_is_published_but_not_balanced(store: Store) -> None:
    _, load_id, run_id = publish_frames(store, submissions({}), source_count=2)
    assert reconcile.reconcile(store, run_id) is False
    with store.reading() as connection:
        row = connection.execute(sa.select(load).where(load.c.load_id == load_id)).one()
    assert (row.status, row.balanced) == ("published", False)


def test_reconciliation_reads_the_store_and_not_the_load_row(store: Store) -> None:
    _, _, run_id = publish_frames(store, submissions({}, {}))
    assert reconcile.reconcile(store, run_id) is True
    with store.writing() as connection:
        connection.execute(submission.update().where(submission.c.key == "1").values(withdrawn_at=LATER))
    assert reconcile.reconcile(store, run_id) is False


def test_an_old_number_finds_its_complaint_whatever_the_case(store: Store) -> None:
    publish_frames(store, submissions({"old_numbers": "SPR-2023-00012"}))
    (found,) = crosswalk.find(store, " spr-2023-00012 ", None)
    assert found["channel"] == "contoh"
    assert found["tracking_id"].startswith("SK-")
    assert crosswalk.find(store, "1", "contoh")[0]["tracking_id"] == found["tracking_id"]
    assert crosswalk.find(store, "1", "lain") == []


def test_what_arrives_at_a_frozen_channel_is_loaded_and_shown_as_a_breach(store: Store) -> None:
    publish_frames(store, submissions({}))
    runs.transition(store, "contoh", ChannelState.FROZEN, "tester", "cut-over")
    assert read.channel_states(store)[0]["breaches"] == 0
    done, *_ = publish_frames(store, submissions({}, {}))
    assert done.inserted == 1
    (state,) = read.channel_states(store)
    assert (state["state"], state["breaches"], state["submissions"]) == ("frozen", 1, 2)


def test_no_personal_value_stands_in_clear_in_the_store(store: Store) -> None:
    secret = {"reporter_name": "Sri Contoh", "reporter_phone": "+628111222333", "text": "nomor saya +628111222333",
              "text_public": "nomor saya [telepon]", "raw": '{"telp": "08111222333"}'}  # fmt: skip
    publish_frames(store, submissions(secret), quarantined=rejected('{"nama": "Sri Contoh"}'))
    with store.reading() as connection:
        for name in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f"SELECT * FROM {name}")):
                told = " ".join(v.decode("latin1") if isinstance(v, bytes) else str(v) for v in row)
                assert not any(word in told for word in ("Sri Contoh", "628111222333", "08111222333")), name


def test_the_ledger_chains_every_act_and_refuses_to_be_changed(store: Store) -> None:
    publish_frames(store, submissions({}))
    publish_frames(store, submissions({}, {}))
    with store.reading() as connection:
        entries = [dict(r) for r in connection.execute(sa.text("SELECT * FROM ledger ORDER BY seq")).mappings()]
        rows = [dict(r) for r in connection.execute(sa.select(ledger.ledger).order_by(ledger.ledger.c.seq)).mappings()]
    assert [e["seq"] for e in entries] == list(range(1, len(entries) + 1))
    before = ledger.GENESIS
    for row in rows:
        assert row["previous_hash"] == before
        assert row["hash"] == ledger.entry_hash(row)
        before = row["hash"]
    for statement in ("UPDATE ledger SET actor = 'x'", "DELETE FROM ledger"):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), store.writing() as connection:
            connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM load",
        "DELETE FROM channel",
        "DELETE FROM complaint",
        "DELETE FROM submission",
        "DELETE FROM submission_version",
        "UPDATE load SET load_id = 'x'",
        "UPDATE submission_version SET version_no = 7",
    ],
)
def test_rows_that_others_name_are_not_deleted_and_keep_their_keys(store: Store, statement: str) -> None:
    publish_frames(store, submissions({}))
    before = digest(store)
    with pytest.raises(sa.exc.DatabaseError, match=r"rows of \w+ stay"), store.writing() as connection:
        connection.execute(sa.text(statement))
    assert digest(store) == before


@pytest.mark.parametrize("table", [stage_crosswalk, stage_attachment])
def test_what_is_staged_for_no_submission_rolls_the_load_back(store: Store, table: sa.Table) -> None:
    _, load_id = begin(store)
    frame = submissions({"attachments": '["foto.jpg"]'})
    stage(store, load_id, "kota-contoh", frame, events(), rejected(), excluded())
    with store.writing() as connection:
        connection.execute(table.update().values(submission_uid="nobody"))
    told = Extracted(1, 0, 0, 1, 1, "0" * 64, 1, 1, complete=True, max_withdrawn=0.5)
    with pytest.raises(ConservationBroken, match="staged for no submission"):
        publish(store, load_id, told, "tester")
    assert count(store, submission) == 0


def test_every_reference_names_a_table_by_its_whole_key() -> None:
    told = {(child.name, names): of.name for child, names, of, _ in references()}
    assert told["reporter", ("submission_uid", "version_no")] == "submission_version"  # no foreign key
    assert told["load", ("run_id",)] == "run"  # a foreign key
    for child, names, of, keys in references():
        assert len(names) == len(keys)
        assert set(names) <= set(child.c.keys())
        assert list(keys) == [c.name for c in of.primary_key]
