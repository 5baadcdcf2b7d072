"""Photos for the samples: tiny PNG pictures, each of a colour of its own, a few of which were lost over the years."""

import struct
import zlib
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

_SIZE = 8  # pixels
_LOST = 26  # of 256: about one in ten


def picture(name: str) -> bytes:
    """The photo of this name, the same on every machine."""
    row = b"\0" + blake2b(name.encode(), digest_size=3).digest() * _SIZE
    pieces = (
        (b"IHDR", struct.pack(">IIBBBBB", _SIZE, _SIZE, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * _SIZE, 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in pieces
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def is_lost(name: str) -> bool:
    """Whether the photo of this name is on no disk any more."""
    return blake2b(name.encode(), digest_size=1).digest()[0] < _LOST


def write_pictures(folder: Path, names: Iterable[str]) -> None:
    """Write those of ``names`` (paths below ``folder``) that are not lost."""
    for name in sorted(set(names)):
        if not is_lost(name):
            path = folder / name.removeprefix("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(name))
