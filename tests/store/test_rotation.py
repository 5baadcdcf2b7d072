"""Rotation: everything is sealed anew, nothing changes, and being cut off costs only time."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from satukanal.store import Keyring, Store, codec, open_store, read_or_make, rotation
from satukanal.store.digest import digest
from satukanal.store.keys import read_secrets
from satukanal.store.verify import verify
from schemas.store import STAGES, ledger, metadata, submission_version
from tests.store.frames import events, excluded, publish_frames, rejected, submissions

FRAMES = (submissions({"attachments": '["a.jpg"]'}, {}, {}), events({"key": "1"}), rejected("x"), excluded("9"))


def quiet(done: int, total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def rotated(store_url: str, tmp_path: Path) -> tuple[Store, Path]:
    """A filled store and its key file."""
    path = tmp_path / "key"
    store = open_store(store_url, read_or_make(path, may_make=True)[0])
    publish_frames(store, *FRAMES)
    return store, path


def secrets_used(store: Store) -> set[int]:
    """The numbers that sealed values begin with."""
    with store.reading() as connection:
        return {
            value[0]
            for table in codec.CONTEXTS
            for value in connection.scalars(sa.select(table.c.sealed).where(table.c.sealed.is_not(None)))
        }


def test_rotation_seals_everything_anew_and_the_store_says_the_same(rotated: tuple[Store, Path]) -> None:
    store, path = rotated
    before = digest(store)
    done = rotation.rotate(store, path, "tester", quiet)
    assert (done.before, done.after, done.resealed) == (1, 2, 3 + 3 + 1 + 1 + 1 + 1)
    fresh = replace(store, keys=Keyring.from_secrets(read_secrets(path)))
    assert secrets_used(fresh) == {2}
    assert rotation.stale(fresh) == {}
    assert digest(fresh) == before
    assert verify(fresh, None).problems == ()
    with store.reading() as connection:
        entry = connection.execute(sa.select(ledger).order_by(ledger.c.seq.desc()).limit(1)).one()
    assert (entry.act, entry.actor) == ("rotation", "tester")
    assert orjson.loads(entry.payload)["to"] == 2
    store.close()


def test_only_the_new_secret_is_needed_afterwards_except_for_ids(rotated: tuple[Store, Path]) -> None:
    store, path = rotated
    before = digest(store)
    rotation.rotate(store, path, "tester", quiet)
    known = read_secrets(path)
    keys = Keyring.from_secrets(known)
    assert digest(replace(store, keys=replace(keys, sealing={2: keys.sealing[2]}))) == before
    store.close()


class Killed(BaseException):
    """The process ends here."""


def test_a_rotation_that_was_cut_off_goes_on_with_the_same_secret(
    rotated: tuple[Store, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, path = rotated
    before = digest(store)
    monkeypatch.setattr(rotation, "BATCH", 1)

    def kill_after_four(done: int, total: int) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        rotation.rotate(store, path, "tester", kill_after_four)
    again = replace(store, keys=Keyring.from_secrets(read_secrets(path)))
    assert secrets_used(again) == {1, 2}
    assert digest(again) == before
    publish_frames(again, submissions({}, {}, {}, {}))  # work goes on in between
    done = rotation.rotate(again, path, "tester", quiet)
    assert (done.before, done.after, done.old_key) == (1, 2, None)
    assert secrets_used(again) == {2}
    assert max(read_secrets(path)) == 2
    assert rotation.rotate(again, path, "tester", quiet).after == 3
    store.close()


def test_an_altered_value_stops_rotation_and_is_not_sealed_anew(rotated: tuple[Store, Path]) -> None:
    store, path = rotated
    with store.writing() as connection:
        connection.execute(submission_version.update().values(sealed=b"\x01" + bytes(40)))
    with pytest.raises(ValueError, match="altered"):
        rotation.rotate(store, path, "tester", quiet)
    store.close()


def test_every_table_with_sealed_values_is_known_to_rotation() -> None:
    staged = {table.name for table in STAGES}
    holding = {t.name for t in metadata.tables.values() if "sealed" in t.c and t.name not in staged}
    assert holding == {table.name for table in codec.CONTEXTS}
