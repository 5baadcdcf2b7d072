"""Staging: in parts or at once, the same rows; and what happens when it is lost. On both databases."""

import pandas as pd
import pytest
import sqlalchemy as sa
from frames import begin, events, excluded, publish_frames, rejected, submissions

from satukanal.store import Store
from satukanal.store.digest import digest
from satukanal.store.publish import ConservationBroken, Extracted, publish
from satukanal.store.stage import stage
from schemas.store import STAGES, UtcDateTime, complaint_event, stage_event, stage_submission

TOLD = Extracted(4, 0, 2, 2, 2, "0" * 64, 1, 1, complete=True, max_withdrawn=0.5)


def test_frames_in_parts_are_staged_like_whole_ones(store: Store) -> None:
    whole = (
        submissions({}, {"old_numbers": "A-1 A-2", "attachments": '["foto.jpg"]'}),
        events({"key": "1"}, {"key": "2"}),
    )
    rows: list[list[sa.Row[tuple[object, ...]]]] = []
    for cut in (False, True):
        parts = [[f.iloc[:1], f.iloc[1:]] if cut else f for f in whole]
        _, load_id = begin(store)
        stage(store, load_id, "kota-contoh", parts[0], parts[1], rejected("x"), excluded("7"))
        with store.reading() as connection:
            for table in STAGES:
                told = [c for c in table.c if c.name not in ("load_id", "salt", "row_hash") and "sealed" not in c.name]
                key = next(c for c in table.c if c.name.endswith("_uid") or c.name == "receipt")
                found = connection.execute(sa.select(*told).where(table.c.load_id == load_id).order_by(key, *told))
                rows.append(list(found.all()))
    assert rows[: len(STAGES)] == rows[len(STAGES) :]
    assert all(rows)


def test_values_come_back_as_they_went_in_whatever_their_type(store: Store) -> None:
    frame = submissions({"latitude": -6.25, "is_anonymous": True}, {"latitude": None, "submitted_at": pd.NaT})
    _, load_id = begin(store)
    stage(store, load_id, "kota-contoh", frame, events(), rejected(), excluded())
    with store.reading() as connection:
        first, second = connection.execute(sa.select(stage_submission).order_by(stage_submission.c.key)).mappings()
        if connection.dialect.name == "sqlite":  # the text that SQLAlchemy itself would write, so that texts compare
            raw = connection.scalar(sa.text("SELECT submitted_at FROM stage_submission WHERE key = '1'"))
            bound = UtcDateTime().dialect_impl(connection.dialect).bind_processor(connection.dialect)
            assert bound is not None
            assert raw == bound(first["submitted_at"])
    assert first["submitted_at"] == frame["submitted_at"][0]
    assert first["submitted_local"] == frame["submitted_local"][0]
    assert (first["latitude"], first["is_anonymous"]) == (-6.25, True)
    assert (second["latitude"], second["submitted_at"], second["is_anonymous"]) == (None, None, False)


def test_in_postgresql_staging_is_not_logged(postgres_url: str) -> None:
    from satukanal.store import Keyring, open_store

    opened = open_store(postgres_url, Keyring.from_secret(bytes(32)))
    with opened.reading() as connection:
        kept = connection.execute(sa.text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u'"))
        assert {row.relname for row in kept} == {table.name for table in STAGES}
    opened.close()


@pytest.mark.parametrize("lost", [STAGES, (stage_event,)], ids=["all", "answers"])
def test_a_load_whose_staging_was_lost_is_refused_and_changes_nothing(store: Store, lost: tuple[sa.Table, ...]) -> None:
    publish_frames(store, submissions({}))
    before = digest(store)
    _, load_id = begin(store)
    answers = events({"key": "1"}, {"key": "2"})
    stage(store, load_id, "kota-contoh", submissions({}, {}), answers, rejected(), excluded())
    with store.writing() as connection:
        for table in lost:
            connection.execute(table.delete())
    with pytest.raises(ConservationBroken):
        publish(store, load_id, TOLD, "tester")
    assert digest(store) == before
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(complaint_event)) == 0
