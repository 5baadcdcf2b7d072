"""The archive: every raw byte that a load read, sealed, with a manifest that says what, whence, when and its SHA-256.

One folder is one load of one channel. Objects are written first, each whole or not at all; ``manifest.json`` comes last:
a folder without one is the remains of a load that was killed. What the bytes mean is left to the readers.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson

CHUNK = 1 << 20
MANIFEST = "manifest.json"


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
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise KeyError(name)

    def stream(self, name: str) -> Iterator[bytes]:
        """The raw bytes of an object, a megabyte at a time. Raises ``ArchiveDamaged``."""
        path = self.folder / name
        try:
            with path.open("rb") as file:
                yield from _open_frames(file, name, self.cipher)
        except (OSError, ValueError) as error:
            raise ArchiveDamaged(f"{path}: {error}") from error

    def read(self, name: str) -> bytes:
        """All raw bytes of an object. Raises ``ArchiveDamaged``."""
        return b"".join(self.stream(name))


class ArchiveWriter:
    """An archive in the making. ``finish`` makes it readable."""

    def __init__(self, folder: Path, cipher: Cipher) -> None:
        self.folder, self.cipher = folder, cipher
        self._entries: dict[str, Entry] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, chunks: Iterable[bytes], origin: dict[str, str]) -> Entry:
        """Seal and store one object. ``name`` is a plain file name, new in this archive."""
        if not name or name in self._entries or name == MANIFEST or Path(name).name != name or name.startswith("."):
            raise ValueError(f"not a new plain file name: {name!r}")
        raw, stored, size = hashlib.sha256(), hashlib.sha256(), 0
        partial = self.folder / f".{name}.part"
        with partial.open("wb") as file:
            for frame, plain in _seal_frames(chunks, name, self.cipher):
                raw.update(plain)
                stored.update(frame)
                size += len(plain)
                file.write(frame)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / name)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        entry = Entry(name, size, raw.hexdigest(), stored.hexdigest(), now, origin)
        self._entries[name] = entry
        return entry

    def finish(self) -> Archive:
        """Write the manifest, last and whole, and open the archive."""
        content = orjson.dumps({"objects": [asdict(e) for e in self._entries.values()]}, option=orjson.OPT_INDENT_2)
        partial = self.folder / f".{MANIFEST}.part"
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / MANIFEST)
        return Archive.open(self.folder, self.cipher)


def _context(name: str, index: int, *, last: bool) -> bytes:
    return f"archive/{name}/{index}/{'last' if last else 'more'}".encode()


def _seal_frames(chunks: Iterable[bytes], name: str, cipher: Cipher) -> Iterator[tuple[bytes, bytes]]:
    """Frames of 4-byte length and sealed bytes; the last one is marked, so that a cut file is noticed."""
    index, held = 0, b""
    for chunk in chunks:
        held += chunk
        while len(held) > CHUNK:
            plain, held = held[:CHUNK], held[CHUNK:]
            sealed = cipher.seal(plain, _context(name, index, last=False))
            yield len(sealed).to_bytes(4, "big") + sealed, plain
            index += 1
    sealed = cipher.seal(held, _context(name, index, last=True))
    yield len(sealed).to_bytes(4, "big") + sealed, held


def _open_frames(file: BinaryIO, name: str, cipher: Cipher) -> Iterator[bytes]:
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
