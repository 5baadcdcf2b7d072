"""Files where they lie, in the form of an archive: readers can look into them without a sealed copy being made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.archive import CHUNK, Archive, Entry
from connectors.base import ChannelError


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

    @classmethod
    def of(cls, files: Sequence[Path], most: int | None = None) -> "PlainFiles":
        """``files`` with a number before the name where two have the same."""
        names = [file.name for file in files]
        if len(set(names)) < len(names):
            names = [f"{number:03d}-{name}" for number, name in enumerate(names, start=1)]
        entries = tuple(
            Entry(name, 0, "", "", "1970-01-01T00:00:00+00:00", {"path": file.name})
            for name, file in zip(names, files, strict=True)
        )
        return cls(Path(), _NoCipher(), entries, "", dict(zip(names, files, strict=True)), most)

    def stream(self, name: str) -> Iterator[bytes]:
        """The bytes of a file. Raises ``ChannelError`` if it cannot be read."""
        path, left = self.paths[name], self.most
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
                    left = left if left is None else left - len(chunk)
                    yield chunk
        except OSError as error:
            raise ChannelError(f"{path}: cannot be read ({error.strerror}); check its owner and mode") from error
