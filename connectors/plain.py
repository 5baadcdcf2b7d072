"""Files where they lie, in the form of an archive: readers can look into them without a sealed copy being made."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, BinaryIO

from connectors.archive import CHUNK, Archive, Entry
from connectors.base import ChannelError
from connectors.json_files import is_wanted
from schemas.sources import JsonSource


class _NoCipher:
    """Nothing is sealed."""

    def seal(self, plain: bytes, context: bytes) -> bytes:  # noqa: ARG002
        return plain

    def open(self, sealed: bytes, context: bytes) -> bytes:  # noqa: ARG002
        return sealed


@dataclass(frozen=True)
class PlainFiles(Archive):
    """Files as the objects of an archive, named as they are; ``most`` bytes of each, None for all."""

    paths: dict[str, Path] = field(default_factory=dict)
    most: int | None = None
    members: dict[str, str] = field(default_factory=dict)  # of objects that lie in a zip: its member

    @classmethod
    def of(cls, files: Sequence[Path], most: int | None = None) -> "PlainFiles":
        """``files`` with a number before the name where two have the same."""
        names = [file.name for file in files]
        if len(set(names)) < len(names):
            names = [f"{number:03d}-{name}" for number, name in enumerate(names, start=1)]
        entries = tuple(_entry(name, file.name) for name, file in zip(names, files, strict=True))
        return cls(Path(), _NoCipher(), entries, "", dict(zip(names, files, strict=True)), most)

    @classmethod
    def of_chats(cls, files: Sequence[Path]) -> "PlainFiles":
        """``files`` by number, for their names may tell of people."""
        names = [f"{number:06d}{file.suffix.lower()}" for number, file in enumerate(files, start=1)]
        entries = tuple(_entry(name, file.name) for name, file in zip(names, files, strict=True))
        return cls(Path(), _NoCipher(), entries, "", dict(zip(names, files, strict=True)))

    @classmethod
    def of_json(cls, source: JsonSource, files: Sequence[Path], most: int | None = None) -> "PlainFiles":
        """``files``, and instead of each zip its members that a table of ``source`` names. Raises ``ChannelError``."""
        numbers, entries = count(1), list[Entry]()
        paths: dict[str, Path] = {}
        members: dict[str, str] = {}
        for file in files:
            if not zipfile.is_zipfile(file):
                entries.append(_entry(f"{next(numbers):06d}-{file.name}", file.name))
                paths[entries[-1].name] = file
                continue
            for member in zip_members(file):
                if is_wanted(member, source):
                    name = Path(member).name
                    entries.append(_entry(f"{next(numbers):06d}-{name}", file.name, member=name))
                    paths[entries[-1].name], members[entries[-1].name] = file, member
        return cls(Path(), _NoCipher(), tuple(entries), "", paths, most, members)

    def stream(self, name: str) -> Iterator[bytes]:
        """The bytes of an object. Raises ``ChannelError`` if it cannot be read."""
        path, left = self.paths[name], self.most
        try:
            with _opened(path, self.members.get(name)) as file:
                while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
                    left = left if left is None else left - len(chunk)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise ChannelError(
                f"{path}: is damaged, locked, or packed in a way that is not known; unpack it"
            ) from error
        except OSError as error:
            raise ChannelError(f"{path}: cannot be read ({error.strerror}); check its owner and mode") from error

    def seekable(self, name: str) -> BinaryIO:
        """An object as a file in which one can go to and fro; close it. Raises ``OSError``."""
        return self.paths[name].open("rb")


def zip_members(file: Path) -> list[str]:
    """The names of the files in a zip. Raises ``ChannelError`` for a damaged one."""
    try:
        with zipfile.ZipFile(file) as packed:
            return [info.filename for info in packed.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise ChannelError(f"{file}: is a zip that was cut off or damaged; copy it anew") from error


def _entry(name: str, path: str, **more: str) -> Entry:
    return Entry(name, 0, "", "", "1970-01-01T00:00:00+00:00", {"path": path, **more})


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    if member is None:
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as packed, packed.open(member) as file:
        yield file
