"""Files that complaints carry, kept by what they hold: equal ones once, each sealed under a name made of its SHA-256.

A name cannot be guessed from a file, and a file that is altered no longer fits its name. Which complaint a file belongs
to is left to the store; where files come from to ``connectors.attachments``.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.archive import CHUNK, ArchiveDamaged, Cipher, seal_frames, sync_folder, unsealed, whole_or_not_at_all

FOLDER = "files"  # beside the folders of a channel's loads


@dataclass(frozen=True)
class KeptFiles:
    """The files of one channel. ``name_of`` makes the name of a file from the SHA-256 (hex) of its bytes."""

    folder: Path
    cipher: Cipher
    name_of: Callable[[str], str]

    def put(self, content: bytes) -> str:
        """Keep ``content``, durably; returns its name."""
        name = self.name_of(hashlib.sha256(content).hexdigest())
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            pieces = (content[at : at + CHUNK] for at in range(0, len(content), CHUNK))
            with whole_or_not_at_all(path) as file:
                for sealed, _ in seal_frames(pieces, name, self.cipher):
                    file.write(sealed)
            sync_folder(self.folder)
        return name

    def take_over(self, other: "KeptFiles", name: str) -> None:
        """Move a file of ``other`` here; nothing, where it was moved before."""
        path = other.folder / name
        if path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.replace(self.folder / name)
            sync_folder(self.folder)

    def stream(self, name: str) -> Iterator[bytes]:
        """The bytes of a file. Raises ``ArchiveDamaged`` for one that is missing, cut off, altered or misnamed.

        The last is known only after all bytes were handed out.
        """
        path, digest = self.folder / name, hashlib.sha256()
        for plain in unsealed(path, self.cipher):
            digest.update(plain)
            yield plain
        if self.name_of(digest.hexdigest()) != name:
            raise ArchiveDamaged(f"{path}: does not hold what its name says")

    def names(self) -> set[str]:
        """The names of all files."""
        return {path.name for path in self.folder.iterdir() if path.is_file()} if self.folder.exists() else set()

    def remove(self, name: str) -> None:
        """Take a file away, for ever."""
        (self.folder / name).unlink(missing_ok=True)
