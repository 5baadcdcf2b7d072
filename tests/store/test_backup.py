"""Backup and restore: the same story comes back, on either database, and nothing else does."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from satukanal.store import Keyring, Store, StoreError, WrongKey, exists, open_store, runs
from satukanal.store.backup import MANIFEST, BackupDamaged, Manifest, restore, write_backup
from satukanal.store.digest import digest
from schemas.codes import ChannelState
from schemas.store import channel_transition, ledger, load, metadata
from tests.conftest import KEYS
from tests.store.frames import events, excluded, publish_frames, rejected, submissions

Edit = Callable[[tarfile.TarInfo, bytes], list[tuple[tarfile.TarInfo, bytes]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: sa.URL) -> Iterator[str]:
    """An empty database of either kind to restore into."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target.db'}"
        return
    admin = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    name = "restored_" + hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield postgres_server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def fill(store: Store, archive: Path) -> None:
    """A store with one of everything, and the archive of its load."""
    told = submissions({"attachments": '["a.jpg"]', "latitude": -6.4}, {"is_anonymous": True})
    _, load_id, _ = publish_frames(store, told, events({"key": "1"}), rejected("x"), excluded("9"))
    folder = archive / "contoh" / load_id
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_bytes(b'{"objects": []}')
    (folder / "contoh.sql").write_bytes(bytes(range(256)) * 5_000)
    (archive / "contoh" / "load-killed").mkdir()
    (archive / "contoh" / "load-killed" / "half").write_bytes(b"half")


def everything(store: Store) -> dict[str, list[Any]]:
    """Every row of every table that is kept."""
    with store.reading() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for name, table in metadata.tables.items()
            if not name.startswith("stage_")
        }


def back_up(store: Store, tmp_path: Path) -> tuple[Path, Manifest]:
    """Fill ``store`` and write its backup."""
    fill(store, tmp_path / "archive")
    out = tmp_path / "out" / "b.tar.gz"
    return out, write_backup(store, tmp_path / "archive", {"contoh": "0" * 64}, "0", out)


def test_what_is_restored_equals_what_was_backed_up_on_either_database(
    store: Store, target_url: str, tmp_path: Path
) -> None:
    out, manifest = back_up(store, tmp_path)
    assert out.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in out.parent.iterdir()] == ["b.tar.gz"]
    restore(out, target_url, tmp_path / "home" / "archive", KEYS)
    again = open_store(target_url, KEYS)
    assert everything(again) == everything(store)
    assert digest(again) == manifest.digest == digest(store)
    (load_dir,) = (tmp_path / "home" / "archive" / "contoh").iterdir()
    assert (load_dir / "contoh.sql").read_bytes() == bytes(range(256)) * 5_000
    assert sorted(p.name for p in (tmp_path / "home").iterdir()) == ["archive"]
    again.close()


def test_a_restored_store_works_on_and_its_guards_stand(store: Store, target_url: str, tmp_path: Path) -> None:
    out, _ = back_up(store, tmp_path)
    restore(out, target_url, tmp_path / "home" / "archive", KEYS)
    again = open_store(target_url, KEYS)
    runs.transition(again, "contoh", ChannelState.FROZEN, "tester", "cut-over")  # numbers itself: no number twice
    done, *_ = publish_frames(again, submissions({}, {}, {}))
    assert done.inserted == 1
    with again.reading() as connection:
        ids = connection.scalars(sa.select(channel_transition.c.transition_id)).all()
        assert len(ids) == len(set(ids)) == 3
    for statement in ("UPDATE ledger SET actor = 'x'", "DELETE FROM ledger"):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), again.writing() as connection:
            connection.execute(sa.text(statement))
    again.close()


def test_a_backup_is_of_one_moment_though_a_run_writes_meanwhile(store: Store, tmp_path: Path) -> None:
    fill(store, tmp_path / "archive")
    before = digest(store)
    with store.reading() as connection:
        entries = connection.scalar(sa.select(sa.func.count()).select_from(ledger))
        other = open_store(store.engine.url.render_as_string(hide_password=False), KEYS)
        publish_frames(other, submissions({}, {}, {}))
        assert connection.scalar(sa.select(sa.func.count()).select_from(ledger)) == entries
        other.close()
    manifest = write_backup(store, tmp_path / "archive", {}, "0", tmp_path / "b.tar.gz")
    assert manifest.digest != before


def test_a_load_whose_archive_is_gone_is_told(store: Store, tmp_path: Path) -> None:
    _, load_id, _ = publish_frames(store, submissions({}))
    manifest = write_backup(store, tmp_path / "archive", {}, "0", tmp_path / "b.tar.gz")
    assert manifest.missing == [load_id]


def test_a_backup_is_never_written_over_another(store: Store, tmp_path: Path) -> None:
    out, _ = back_up(store, tmp_path)
    before = out.read_bytes()
    with pytest.raises(StoreError, match="is there already"):
        write_backup(store, tmp_path / "archive", {}, "0", out)
    assert out.read_bytes() == before


def test_a_target_that_is_not_empty_and_a_wrong_key_are_refused(
    store: Store, store_url: str, target_url: str, tmp_path: Path
) -> None:
    out, _ = back_up(store, tmp_path)
    home = tmp_path / "home" / "archive"
    with pytest.raises(StoreError, match="already holds"):
        restore(out, store_url, home, KEYS)
    with pytest.raises(StoreError, match="already holds"):
        restore(out, target_url, tmp_path / "archive", KEYS)
    with pytest.raises(WrongKey, match="another key"):
        restore(out, target_url, home, Keyring.from_secret(bytes(32)))
    assert not exists(target_url)
    assert (tmp_path / "archive" / "contoh").exists()


def rewritten(source: Path, target: Path, edit: Edit) -> Path:
    """A copy of a backup in which ``edit`` has replaced members."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            file = old.extractfile(member)
            for info, content in edit(member, file.read() if file else b""):
                info.size = len(content) if info.isreg() else 0
                new.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return target


def named(member: tarfile.TarInfo, end: str) -> bool:
    return member.name.endswith(end)


def with_manifest(change: Callable[[dict[str, Any]], Any]) -> Edit:
    """An edit of the manifest alone."""

    def edit(member: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
        if member.name == MANIFEST:
            told = orjson.loads(content)
            change(told)
            content = orjson.dumps(told)
        return [(member, content)]

    return edit


def smuggled(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Edit:
    """An edit that puts one more member, known to the manifest, at the end of the archive's."""
    digest_, size = hashlib.sha256(b"evil").hexdigest(), 4

    def edit(member: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
        (kept,) = with_manifest(lambda told: told["files"].update({name: [size, digest_]}))(member, content)
        if not named(member, "/contoh.sql"):
            return [kept]
        extra = tarfile.TarInfo(name)
        extra.type, extra.linkname = kind, link
        return [kept, (extra, b"evil")]

    return edit


def replaced(end: str, change: Callable[[bytes], bytes]) -> Edit:
    return lambda member, content: [(member, change(content) if named(member, end) else content)]


HOSTILE: dict[str, Edit] = {
    "a table altered": replaced("store/submission.ndjson", lambda b: b.replace(b"contoh", b"contog")),
    "an object altered": replaced("contoh.sql", lambda b: b[:-1] + b"\0"),
    "an object longer than told": replaced("contoh.sql", lambda b: b + b"\0"),
    "a table left out": lambda m, c: [] if named(m, "store/ledger.ndjson") else [(m, c)],
    "an object left out": lambda m, c: [] if named(m, "contoh.sql") else [(m, c)],
    "a member twice": lambda m, c: [(m, c), (m, c)] if named(m, "contoh.sql") else [(m, c)],
    "a member nobody told of": lambda m, c: (
        [(m, c), (tarfile.TarInfo("archive/a/b/c"), c)] if named(m, "contoh.sql") else [(m, c)]
    ),
    "a way up": smuggled("archive/contoh/load/../../../../evil"),
    "two dots as a folder": smuggled("archive/../../evil"),
    "an absolute path": smuggled("/tmp/satukanal-evil"),
    "a path with backslashes": smuggled("archive/a/b/..\\..\\evil"),
    "a place of its own": smuggled("sources/a/b"),
    "a link": smuggled("archive/a/b/c", tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": smuggled("archive/a/b/c", tarfile.LNKTYPE, "/etc/passwd"),
    "a device": smuggled("archive/a/b/c", tarfile.CHRTYPE),
    "no manifest": lambda m, c: [] if m.name == MANIFEST else [(m, c)],
    "a manifest that is no JSON": lambda m, c: [(m, b"{" if m.name == MANIFEST else c)],
    "a manifest of something else": with_manifest(lambda told: told.pop("files")),
    "another format": with_manifest(lambda told: told.update(format="satukanal-backup/9")),
    "another digest": with_manifest(lambda told: told.update(digest="0" * 64)),
    "more than a disk": with_manifest(lambda told: told["files"].update({"archive/a/b/c": [1 << 60, "0" * 64]})),
    "another revision": with_manifest(lambda told: told.update(revision="9999")),
}


@pytest.fixture(scope="module")
def a_backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    store = open_store(f"sqlite:///{folder / 'store.db'}", KEYS)
    out, _ = back_up(store, folder)
    store.close()
    return out


@pytest.mark.parametrize("what", HOSTILE)
def test_a_backup_that_was_altered_restores_nothing_at_all(a_backup: Path, tmp_path: Path, what: str) -> None:
    bad = rewritten(a_backup, tmp_path / "bad.tar.gz", HOSTILE[what])
    url = f"sqlite:///{tmp_path / 'home' / 'target.db'}"
    with pytest.raises(StoreError) as caught:
        restore(bad, url, tmp_path / "home" / "archive", KEYS)
    assert len(str(caught.value).splitlines()) == 1
    assert not exists(url)
    left = {p.name for p in tmp_path.rglob("*") if p.is_file()}
    assert left <= {"bad.tar.gz", "target.db", "target.db-wal", "target.db-shm"}
    assert not (tmp_path / "home" / "archive").exists()
    assert not Path("/tmp/satukanal-evil").exists()


def test_rows_that_were_altered_with_their_hashes_do_not_pass_the_digest(a_backup: Path, tmp_path: Path) -> None:
    """Who can write hashes can write a manifest; what is sealed he cannot write."""
    changed: dict[str, bytes] = {}

    def find(member: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
        if named(member, "store/submission.ndjson"):
            changed[member.name] = content.replace(b'"complaints"', b'"whistle"')
        return [(member, content)]

    rewritten(a_backup, tmp_path / "look.tar.gz", find)
    ((name, content),) = changed.items()
    told = [len(content), hashlib.sha256(content).hexdigest()]
    rehash = with_manifest(lambda manifest: manifest["files"].update({name: told}))
    bad = rewritten(a_backup, tmp_path / "bad.tar.gz", lambda m, c: rehash(m, content if m.name == name else c))
    with pytest.raises(BackupDamaged, match="digest"):
        restore(bad, f"sqlite:///{tmp_path / 't.db'}", tmp_path / "archive", KEYS)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_backup_that_is_cut_off_is_refused(a_backup: Path, tmp_path: Path, kept: float) -> None:
    whole = a_backup.read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BackupDamaged):
        restore(tmp_path / "cut.tar.gz", f"sqlite:///{tmp_path / 't.db'}", tmp_path / "archive", KEYS)


def test_a_header_that_unpacks_to_gigabytes_is_not_read(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 4 << 30
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        file.write(bytes(1 << 20))
    with pytest.raises(BackupDamaged):
        restore(tmp_path / "bomb.tar.gz", f"sqlite:///{tmp_path / 't.db'}", tmp_path / "archive", KEYS)


def test_loads_know_their_archive_in_the_snapshot(store: Store, tmp_path: Path) -> None:
    _, manifest = back_up(store, tmp_path)
    with store.reading() as connection:
        (load_id,) = connection.scalars(sa.select(load.c.load_id))
    objects = {name for name in manifest.files if name.startswith("archive/")}
    assert objects == {f"archive/contoh/{load_id}/{MANIFEST}", f"archive/contoh/{load_id}/contoh.sql"}
