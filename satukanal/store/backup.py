"""Backup and restore: store, archive and the key's check value as one file that says itself whether it is whole.

A backup is a tar (gzip): ``manifest.json`` first, with size and SHA-256 of everything that follows; then each table as
one JSON list a line, read in one snapshot, so that a backup may be taken while a run writes; then the archives of the
loads that the snapshot knows. It is the same for SQLite and PostgreSQL, and one can be restored into the other.
Personal values are in it as they are in the store: sealed. The key file is not in it: keep that elsewhere.

Restoring believes nothing that the manifest does not name, writes nowhere but where it decides itself, and ends with
the digest. Staging tables and ``scratch/`` are left out: an unfinished load is read again.
"""

import base64
import gzip
import hashlib
import io
import os
import secrets
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import orjson
import psycopg
import sqlalchemy as sa

from satukanal.store import database, ledger
from satukanal.store.attachments import stored_files
from satukanal.store.database import Store, StoreError
from satukanal.store.digest import digest_of
from satukanal.store.keys import Keyring, WrongKey
from satukanal.store.stage import bulk_insert
from schemas.store import UtcDateTime, channel, load, metadata

FORMAT = "satukanal-backup/1"
MANIFEST = "manifest.json"
FILES = "files"  # folder of a channel's attachments, beside those of its loads
MOST_MANIFEST_BYTES = 256 << 20
ROWS = 5_000
CHUNK = 1 << 20
LONGEST_LINE = 64 << 20
LEAST_FREE_BYTES = 64 << 20
_NO_ROWS = (  # what is no row of ours; rows in bulk go past SQLAlchemy
    ValueError, TypeError, KeyError, sa.exc.IntegrityError, sa.exc.DataError, psycopg.IntegrityError, psycopg.DataError,
    sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError,
)  # fmt: skip


class BackupDamaged(StoreError):
    """A backup that is cut off, altered or not one of ours. Names the piece."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    format: str
    made_at: str  # UTC
    program_version: str
    revision: str
    key_check: str
    digest: str
    ledger_entries: int
    ledger_head: str
    channels: dict[str, str]  # channel file → SHA-256
    rows: dict[str, int]  # table → rows
    missing: list[str]  # loads whose archive was not there any more
    files: dict[str, tuple[int, str]]  # member → bytes, SHA-256


def _tables() -> list[sa.Table]:
    """What is kept, in an order in which rows may be inserted."""
    return [table for table in metadata.sorted_tables if not table.name.startswith("stage_")]


def _dump_name(table: sa.Table) -> str:
    return f"store/{table.name}.ndjson"


def write_backup(
    store: Store, archive_dir: Path, channels: Mapping[str, str], program_version: str, out: Path
) -> Manifest:
    """Write the backup ``out``, whole or not at all, mode 0600; ``channels`` are SHA-256s of channel files.

    Raises ``StoreError`` if ``out`` is there already, or if the store is damaged.
    """
    if out.exists():
        raise StoreError(f"{out}: is there already; a backup is never written over another")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".satukanal-backup-") as folder:
        dumps = Path(folder)
        with store.reading() as connection:
            rows = {str(table.name): _dump(connection, table, dumps / f"{table.name}.ndjson") for table in _tables()}
            entries, head = ledger.head(connection)
            content = _digest(connection, store.keys)
            folders, missing = _archives(connection, archive_dir)
            kept = {name: stored_files(connection, name) for name in connection.scalars(sa.select(channel.c.channel))}
        members = {_dump_name(table): dumps / f"{table.name}.ndjson" for table in _tables()}
        for name in folders:
            members |= {f"archive/{name}/{p.name}": p for p in sorted((archive_dir / name).iterdir()) if p.is_file()}
        for name, files in kept.items():
            paths = {f"archive/{name}/{FILES}/{file}": archive_dir / name / FILES / file for file in sorted(files)}
            members |= {member: path for member, path in paths.items() if path.exists()}
        manifest = Manifest(
            format=FORMAT,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            program_version=program_version,
            revision=database.newest_revision(),
            key_check=store.keys.check_value(),
            digest=content,
            ledger_entries=entries,
            ledger_head=head,
            channels=dict(channels),
            rows=rows,
            missing=missing,
            files={name: (path.stat().st_size, _sha256(path)) for name, path in members.items()},
        )
        partial = dumps / "backup.tar.gz"
        _write_tar(partial, manifest, members)
        partial.rename(out)
    return manifest


def _digest(connection: sa.Connection, keys: Keyring) -> str:
    try:
        return digest_of(connection, keys)
    except ValueError as error:
        raise BackupDamaged("a sealed value does not open; 'satukanal verify' says which") from error


def _archives(connection: sa.Connection, archive_dir: Path) -> tuple[list[str], list[str]]:
    """Folders of finished archives of the loads that are known, and published loads without one."""
    query = sa.select(load.c.channel, load.c.load_id, load.c.archive_sha256).order_by(load.c.load_id)
    there, missing = [], []
    for row in connection.execute(query):
        if (archive_dir / row.channel / row.load_id / MANIFEST).exists():
            there.append(f"{row.channel}/{row.load_id}")
        elif row.archive_sha256:
            missing.append(row.load_id)
    return there, missing


def _dump(connection: sa.Connection, table: sa.Table, path: Path) -> int:
    """Write the names of the columns, then each row, as one JSON list a line; returns how many rows."""
    columns = list(table.columns)
    writers = [_writer(column) for column in columns]
    found = connection.execution_options(yield_per=ROWS).execute(sa.select(table).order_by(*table.primary_key.columns))
    count = 0
    with path.open("wb") as file:
        file.write(orjson.dumps([str(c.name) for c in columns]) + b"\n")
        for row in found:
            values = [write(value) for write, value in zip(writers, row, strict=True)]
            file.write(orjson.dumps(values) + b"\n")
            count += 1
    return count


def _writer(column: sa.Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, sa.LargeBinary):
        return lambda value: None if value is None else base64.b64encode(value).decode()
    return lambda value: value.isoformat() if isinstance(value, date) else value  # a datetime is a date


def _reader(column: sa.Column[Any]) -> Callable[[Any], Any]:
    kinds: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
        (sa.LargeBinary, base64.b64decode),
        (UtcDateTime | sa.DateTime, datetime.fromisoformat),
        (sa.Date, date.fromisoformat),
    )
    read = next((read for kind, read in kinds if isinstance(column.type, kind)), lambda value: value)
    return lambda value: None if value is None else read(value)


def _write_tar(path: Path, manifest: Manifest, members: Mapping[str, Path]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        # sealed bytes do not shrink: the fastest level takes what the rest gives
        with (
            gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            told = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2)
            tar.addfile(_member(MANIFEST, len(told)), io.BytesIO(told))
            for name, member in members.items():
                with member.open("rb") as file:
                    tar.addfile(_member(name, manifest.files[name][0]), file)
        raw.flush()
        os.fsync(raw.fileno())


def _member(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(path: Path, url: str, archive_dir: Path, keys: Keyring) -> Manifest:
    """Bring a backup back into an empty store at ``url`` and an empty ``archive_dir``, whole or not at all.

    Raises ``StoreError`` for a target that is not empty, a backup of another revision or one that does not fit the
    disk, ``BackupDamaged`` for one that is not whole, ``WrongKey`` for one made with another key.
    """
    if database.exists(url) or (archive_dir.exists() and any(archive_dir.iterdir())):
        raise StoreError("the target already holds a store or an archive; restore into an empty home and database")
    archive_dir.parent.mkdir(parents=True, exist_ok=True)
    aside = archive_dir.with_name(f".{archive_dir.name}.{secrets.token_hex(4)}")
    done = False
    try:
        with _opened(path) as (manifest, pieces):
            _check(manifest, archive_dir.parent, keys)
            with database.new_store(url) as connection:
                _take_in(connection, manifest, pieces, aside)
                _reset_sequences(connection)
                if _digest(connection, keys) != manifest.digest:
                    raise BackupDamaged("the digest of what was read is not that of the manifest; nothing was restored")
                aside.mkdir(exist_ok=True)
                aside.rename(archive_dir)  # the last thing before the commit
        done = True
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BackupDamaged(f"{path}: is no whole backup ({type(error).__name__}); nothing was restored") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if not done:
            shutil.rmtree(archive_dir, ignore_errors=True)  # it was empty when we came
    return manifest


def _check(manifest: Manifest, folder: Path, keys: Keyring) -> None:
    if manifest.revision != database.newest_revision():
        raise StoreError(
            f"the backup is of revision {manifest.revision}, this program makes {database.newest_revision()}; "
            f"restore it with satukanal {manifest.program_version}, then call 'satukanal db upgrade' with this one"
        )
    if manifest.key_check != keys.check_value():
        raise WrongKey("the backup was made with another key; set SATUKANAL_KEY_FILE to the right one")
    needed, free = sum(size for size, _ in manifest.files.values()), shutil.disk_usage(folder).free
    if needed + LEAST_FREE_BYTES > free:
        raise StoreError(f"{folder}: has {free >> 20} MB free, the backup needs {needed >> 20} MB; make room")


class _Bounded(gzip.GzipFile):
    """Unpacks no more at once than a manifest may be long, whatever a header claims."""

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes."""
        if size is None or not 0 <= size <= MOST_MANIFEST_BYTES:
            raise tarfile.ReadError("a header that is too large")
        return super().read(size)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Manifest, Iterator[tuple[str, "_Checked"]]]]:
    """The manifest, and the members that follow it, each exactly as large as the manifest says and a plain file."""
    with _Bounded(path) as packed, tarfile.open(fileobj=packed, mode="r:") as tar:
        first = tar.next()
        file = tar.extractfile(first) if first and first.isreg() and first.name == MANIFEST else None
        if first is None or file is None or first.size > MOST_MANIFEST_BYTES:
            raise BackupDamaged(f"{path}: does not begin with a manifest; it is no backup of satukanal")
        manifest = _read_manifest(path, file.read())
        yield manifest, _pieces(tar, manifest)


def _read_manifest(path: Path, content: bytes) -> Manifest:
    try:
        manifest = Manifest(**orjson.loads(content))
        if manifest.format != FORMAT:
            raise BackupDamaged(f"{path}: is of format {manifest.format!r}; this program reads {FORMAT}")
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in manifest.files.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise BackupDamaged(f"{path}: its manifest cannot be read ({type(error).__name__})") from error
    return Manifest(**asdict(manifest) | {"files": files})


def _pieces(tar: tarfile.TarFile, manifest: Manifest) -> Iterator[tuple[str, "_Checked"]]:
    expected = dict(manifest.files)
    while (member := tar.next()) is not None:
        size, digest = expected.pop(member.name, (-1, ""))
        file = tar.extractfile(member) if member.isreg() and member.size == size else None
        if file is None:
            raise BackupDamaged(f"{member.name!r}: is not as the manifest names it; nothing was restored")
        checked = _Checked(file)
        yield member.name, checked
        tar.members.clear()  # type: ignore[attr-defined]  # tarfile remembers every member otherwise
        if checked.digest() != digest:
            raise BackupDamaged(f"{member.name!r}: was altered; nothing was restored")
    if expected:
        raise BackupDamaged(f"{sorted(expected)[0]!r}: is missing; nothing was restored")


class _Checked:
    """A stream that hashes what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._sum = file, hashlib.sha256()

    def lines(self) -> Iterator[bytes]:
        """Lines, none longer than a row can be."""
        while line := self._file.readline(LONGEST_LINE):
            self._sum.update(line)
            yield line

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes."""
        content = self._file.read(size)
        self._sum.update(content)
        return content

    def digest(self) -> str:
        """SHA-256 (hex) of the whole stream, read to its end."""
        while self.read(CHUNK):
            pass
        return self._sum.hexdigest()


def _take_in(
    connection: sa.Connection, manifest: Manifest, pieces: Iterable[tuple[str, _Checked]], aside: Path
) -> None:
    """Tables into the store, archives into ``aside``. Only names that we would have given lead anywhere."""
    tables = {_dump_name(table): table for table in _tables()}
    waiting = list(tables)  # tables refer to each other: they come in their order, as they were written
    for name, file in pieces:
        if name in tables:
            if name != waiting.pop(0):
                raise BackupDamaged(f"{name!r}: stands where another table should; nothing was restored")
            if _fill(connection, tables[name], file.lines()) != manifest.rows[tables[name].name]:
                raise BackupDamaged(f"{name!r}: does not hold as many rows as the manifest says; nothing was restored")
        else:
            _write_object(aside.joinpath(*_archive_place(name)), file)
    if waiting:
        raise BackupDamaged(f"{waiting[0]!r}: is missing; nothing was restored")


def _archive_place(name: str) -> list[str]:
    """Channel, load and object of an archive's member. Raises ``BackupDamaged`` for a name that leads elsewhere."""
    room, *parts = name.split("/")
    plain = all(part and part not in (".", "..") and not set(part) & set("\\\0:") for part in parts)
    if room != "archive" or len(parts) != 3 or not plain:
        raise BackupDamaged(f"{name!r}: is no place in an archive; nothing was restored")
    return parts


def _write_object(path: Path, file: _Checked) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        while chunk := file.read(CHUNK):
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())


def _fill(connection: sa.Connection, table: sa.Table, found: Iterator[bytes]) -> int:
    """Insert the rows of a dumped table; returns how many."""
    try:
        columns = [table.c[name] for name in orjson.loads(next(found, b""))]
        readers = [_reader(column) for column in columns]
        batch: list[dict[str, Any]] = []
        count = 0
        for line in found:
            values = orjson.loads(line)
            batch.append({c.name: r(v) for c, r, v in zip(columns, readers, values, strict=True)})
            count += 1
            if len(batch) == ROWS:
                bulk_insert(connection, table, batch)
                batch = []
        bulk_insert(connection, table, batch)
    except _NO_ROWS as error:
        told = f"table {table.name}: cannot be read ({type(error).__name__}); nothing was restored"
        raise BackupDamaged(told) from error
    return count


def _reset_sequences(connection: sa.Connection) -> None:
    """Let PostgreSQL count on where the restored rows end; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in _tables():
        for column in table.primary_key.columns:
            named = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
            if named:
                last = sa.select(sa.func.max(column)).scalar_subquery()
                connection.execute(sa.select(sa.func.setval(named, sa.func.coalesce(last, 1), last.is_not(None))))
