"""The archive: every raw byte that a load read, sealed, with a manifest that says what, whence, when and its SHA-256.

One folder is one load of one channel. Objects are written first, each whole or not at all; ``manifest.json`` comes
last: a folder without one is the remains of a load that was killed, and may be written anew. A finished archive never
changes. What the bytes mean is left to the readers.
"""

import hashlib
import io
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

CHUNK = 1 << 20
MANIFEST = "manifest.json"
JOURNAL = ".journal"  # the manifest of an archive in the making, a line an object


class Cipher(Protocol):
    """Authenticated encryption; ``context`` is bound to the sealed bytes and must be the same when opening."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt ``plain``."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt ``sealed``; raises ``ValueError`` if it was altered or belongs elsewhere."""


class ArchiveDamaged(Exception):
    """An object is missing, cut off or altered. Names the file."""


@dataclass(frozen=True)
class Entry:
    """One archived object. ``origin`` says where it came from: a path, or method, address and status of a request."""

    name: str
    bytes: int
    sha256: str  # of the raw bytes, as the source gave them
    stored_sha256: str  # of the sealed file on disk
    fetched_at: str  # UTC, ISO 8601
    origin: dict[str, str]


@dataclass(frozen=True)
class Archive:
    """A finished archive, to be read."""

    folder: Path
    cipher: Cipher
    entries: tuple[Entry, ...]
    sha256: str  # of manifest.json

    @classmethod
    def open(cls, folder: Path, cipher: Cipher) -> "Archive":
        """Open the archive in ``folder``. Raises ``ArchiveDamaged`` without a whole manifest."""
        try:
            content = (folder / MANIFEST).read_bytes()
            entries = tuple(Entry(**entry) for entry in orjson.loads(content)["objects"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArchiveDamaged(f"{folder / MANIFEST}: no whole manifest ({type(error).__name__})") from error
        return cls(folder, cipher, entries, hashlib.sha256(content).hexdigest())

    def entry(self, name: str) -> Entry:
        """The entry of one object. Raises ``KeyError``."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        return {entry.name: entry for entry in self.entries}

    def stream(self, name: str) -> Iterator[bytes]:
        """The raw bytes of an object, a megabyte at a time.

        Raises ``ArchiveDamaged`` for a file that is missing, cut off, altered or brought from another archive (the last
        only after its bytes were handed out), and ``KeyError`` for a name that is not in the manifest.
        """
        entry, path = self.entry(name), self.folder / name
        digest = hashlib.sha256()
        for plain in unsealed(path, self.cipher):
            digest.update(plain)
            yield plain
        if digest.hexdigest() != entry.sha256:
            raise ArchiveDamaged(f"{path}: not the object that the manifest names")

    def read(self, name: str) -> bytes:
        """All raw bytes of an object. Raises ``ArchiveDamaged``."""
        return b"".join(self.stream(name))

    def seekable(self, name: str) -> BinaryIO:
        """An object as a file in which one can go to and fro, as a zip wants it; close it.

        Raises ``OSError`` for one that is missing, and while reading for one that is cut off or altered.
        """
        return io.BufferedReader(_Opened(self.folder / name, name, self.cipher, self.entry(name).bytes), CHUNK)


class ArchiveWriter:
    """An archive in the making. ``finish`` makes it readable.

    What is written also stands in a journal, so that a load that was killed leaves objects that another can take.
    """

    def __init__(self, folder: Path, cipher: Cipher, left_by: Sequence[Path] = ()) -> None:
        """Make ``folder``, or take over what a killed load left; ``left_by`` are folders of others that were.

        Raises ``FileExistsError`` for a finished archive.
        """
        self.folder, self.cipher = folder, cipher
        self._entries: dict[str, Entry] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / MANIFEST).exists():
            raise FileExistsError(f"{folder}: a finished archive is not written again")
        for leftover in folder.glob(".*.part"):
            leftover.unlink()
        self._left = {one.name: (place, one) for place in (*left_by, folder) for one in _journal(place)}

    def left(self, name: str) -> Entry | None:
        """The entry of an object that a killed load left and that is whole; None if there is none."""
        place, entry = self._left.get(name, (None, None))
        if place is None or entry is None or name in self._entries or not (place / name).is_file():
            return None
        with (place / name).open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == entry.stored_sha256
        return entry if whole else None

    def take(self, entry: Entry) -> bytes:
        """Make an object that ``left`` gave one of this archive; returns its raw bytes."""
        place, _ = self._left[entry.name]
        if place != self.folder:
            (self.folder / entry.name).unlink(missing_ok=True)
            (self.folder / entry.name).hardlink_to(place / entry.name)
        self._note(entry)
        return b"".join(unsealed(self.folder / entry.name, self.cipher))

    def write(self, name: str, chunks: Iterable[bytes], origin: dict[str, str]) -> Entry:
        """Seal and store one object. ``name`` is a plain file name, new in this archive."""
        if not name or name in self._entries or name == MANIFEST or Path(name).name != name or name.startswith("."):
            raise ValueError(f"not a new plain file name: {name!r}")
        raw, stored, size = hashlib.sha256(), hashlib.sha256(), 0
        with whole_or_not_at_all(self.folder / name) as file:
            for frame, plain in seal_frames(chunks, name, self.cipher):
                raw.update(plain)
                stored.update(frame)
                size += len(plain)
                file.write(frame)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        entry = Entry(name, size, raw.hexdigest(), stored.hexdigest(), now, origin)
        self._note(entry)
        return entry

    def _note(self, entry: Entry) -> None:
        self._entries[entry.name] = entry
        with (self.folder / JOURNAL).open("ab") as journal:
            journal.write(orjson.dumps(asdict(entry)) + b"\n")

    def forget_journal(self) -> None:
        """Leave nothing that another load could take: what was read is not fit to be used."""
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def replace_entries(self, entries: Iterable[Entry]) -> None:
        """Let the manifest say ``entries``, in this order, of what was written."""
        self._entries = {entry.name: entry for entry in entries}

    def finish(self) -> Archive:
        """Write the manifest, last and whole, and open the archive."""
        content = orjson.dumps({"objects": [asdict(e) for e in self._entries.values()]}, option=orjson.OPT_INDENT_2)
        sync_folder(self.folder)  # the objects' names must outlive a power cut before the manifest's does
        for path in self.folder.iterdir():  # what an attempt before this one left and this one did not want
            if path.name not in self._entries:
                path.unlink()
        with whole_or_not_at_all(self.folder / MANIFEST) as file:
            file.write(content)
        sync_folder(self.folder)
        sync_folder(self.folder.parent)
        return Archive.open(self.folder, self.cipher)


def rewrite(archive: Archive, folder: Path, fresh: Mapping[str, bytes]) -> Archive:
    """A copy of ``archive`` in the new ``folder`` in which the objects ``fresh`` hold other bytes.

    Names, order, origin and fetch times stay; a rewritten object's origin tells in ``rewritten`` the SHA-256 that its
    bytes had. Objects that stay are links to the same file.
    """
    writer = ArchiveWriter(folder, archive.cipher)
    entries = []
    for entry in archive.entries:
        if entry.name in fresh:
            chunks = (fresh[entry.name][at : at + CHUNK] for at in range(0, len(fresh[entry.name]), CHUNK))
            written = writer.write(entry.name, chunks, entry.origin | {"rewritten": entry.sha256})
            entries.append(replace(written, fetched_at=entry.fetched_at))
        else:
            (folder / entry.name).hardlink_to(archive.folder / entry.name)
            entries.append(entry)
    writer.replace_entries(entries)
    return writer.finish()


def swap(prepared: Path, folder: Path, aside: Path) -> None:
    """Put the rewritten archive ``prepared`` in the place of ``folder``, which goes to ``aside`` and then away.

    Cut off at any moment, call it again and it goes on: as long as ``prepared`` is there, it is not in its place.
    """
    if prepared.exists():
        if folder.exists():
            shutil.rmtree(aside, ignore_errors=True)
            aside.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(aside)
        prepared.rename(folder)
        sync_folder(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def unsealed(path: Path, cipher: Cipher) -> Iterator[bytes]:
    """The plain bytes of a sealed file. Raises ``ArchiveDamaged`` for one that is missing, cut off or altered."""
    try:
        with path.open("rb") as file:
            yield from open_frames(file, path.name, cipher)
    except OSError as error:
        raise ArchiveDamaged(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ArchiveDamaged(f"{path}: {error}") from error


def _journal(folder: Path) -> Iterator[Entry]:
    """What stands in the journal of an archive in the making; a line that was cut off by a kill is left out."""
    path = folder / JOURNAL
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            yield Entry(**orjson.loads(line))
        except (ValueError, TypeError):
            return


@contextmanager
def whole_or_not_at_all(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name only when all its bytes are on the disk."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make new names in ``folder`` durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _context(name: str, index: int, *, last: bool) -> bytes:
    return f"archive/{name}/{index}/{'last' if last else 'more'}".encode()


def seal_frames(chunks: Iterable[bytes], name: str, cipher: Cipher) -> Iterator[tuple[bytes, bytes]]:
    """Frames of 4-byte length and sealed bytes; the last one is marked, so that a cut file is noticed."""
    index, held = 0, bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > CHUNK:
            plain = bytes(held[:CHUNK])
            del held[:CHUNK]
            sealed = cipher.seal(plain, _context(name, index, last=False))
            yield len(sealed).to_bytes(4, "big") + sealed, plain
            index += 1
    sealed = cipher.seal(bytes(held), _context(name, index, last=True))
    yield len(sealed).to_bytes(4, "big") + sealed, bytes(held)


def open_frames(file: BinaryIO, name: str, cipher: Cipher) -> Iterator[bytes]:
    """The plain bytes of such frames, a megabyte at a time. Raises ``ValueError`` where they are cut off or altered."""
    index = 0
    head = file.read(4)
    while True:
        sealed = file.read(int.from_bytes(head, "big")) if len(head) == 4 else b""
        if len(head) < 4 or len(sealed) < int.from_bytes(head, "big"):
            raise ValueError("cut off")
        head = file.read(4)
        yield cipher.open(sealed, _context(name, index, last=not head))
        if not head:
            return
        index += 1


class _Opened(io.RawIOBase):
    """The raw bytes of a sealed object; one frame of it is in memory."""

    def __init__(self, path: Path, name: str, cipher: Cipher, size: int) -> None:
        self._file, self._name, self._cipher, self._size = path.open("rb"), name, cipher, size
        self._at, self._frame, self._plain = 0, -1, b""
        self._starts: list[int] = []
        start = 0
        while len(head := self._file.read(4)) == 4:
            self._starts.append(start)
            start = self._file.seek(int.from_bytes(head, "big"), os.SEEK_CUR)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        index, inside = divmod(self._at, CHUNK)
        if self._at >= self._size:
            return 0
        if index != self._frame:
            self._plain, self._frame = self._open_frame(index), index
        piece = self._plain[inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _open_frame(self, index: int) -> bytes:
        if index >= len(self._starts):
            raise OSError(f"{self._name}: is cut off")
        self._file.seek(self._starts[index])
        sealed = self._file.read(int.from_bytes(self._file.read(4), "big"))
        try:
            return self._cipher.open(sealed, _context(self._name, index, last=index == len(self._starts) - 1))
        except ValueError as error:
            raise OSError(f"{self._name}: {error}") from error

    def close(self) -> None:
        self._file.close()
        super().close()
