"""Unpacks gzip, bzip2 and zip while they stream by, so that a dump of any size needs no disk and little memory.

Zip files are read from front to back by the headers of their members. A member that unpacks to much more than honest
text does is refused; what is cut off or damaged is given as far as it goes, and told.
"""

import bz2
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from connectors.base import ChannelError

FREE_BYTES = 256 << 20  # below this no ratio is suspicious
MOST_RATIO = 250  # text packs to a tenth, repeated text to a hundredth
_PIECE = 1 << 20
_REFUSED = {
    b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7z", b"Rar!": "rar", b"PK\x05\x06": "an empty zip",
}  # fmt: skip
_MEMBER = struct.Struct("<4sHHHHHIIIHH")
_MEMBER_MARK, _DESCRIPTOR_MARK = b"PK\x03\x04", b"PK\x07\x08"
_LOCKED, _SIZE_AFTERWARDS, _UTF8_NAME = 1, 8, 0x800
_STORED, _DEFLATED = 0, 8

Tell = Callable[[str], None]


class _Unpacker(Protocol):
    """What ``zlib`` and ``bz2`` have in common, brought to the names of ``bz2``."""

    @property
    def eof(self) -> bool:
        """Whether the end of the packed run was seen."""

    @property
    def unused_data(self) -> bytes:
        """What stands behind that end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most ``max_length`` bytes more; what is left of ``data`` is kept for the next call."""


class _Inflate:
    """zlib's decompressor, keeping by itself what was not yet consumed."""

    def __init__(self, window: int) -> None:
        self._inner, self._held = zlib.decompressobj(window), b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inner.decompress(self._held + data, max_length)
        self._held = self._inner.unconsumed_tail
        return out

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def unpacked(name: str, chunks: Iterator[bytes], tell: Tell) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files in what may be packed, each with its name; the bytes of one must be taken before the next.

    ``tell`` hears what is damaged or passed over. Raises ``ChannelError`` for a packing that is not known, a password,
    and a bomb.
    """
    stream = _Stream(chunks)
    first = stream.peek(8)
    for mark, packer in _REFUSED.items():
        if first.startswith(mark):
            raise ChannelError(f"{name}: is compressed ({packer}); unpack it and put the .sql file in its place")
    if first.startswith(b"\x1f\x8b"):
        yield name, _gently(name, stream, lambda: _Inflate(31), b"\x1f\x8b", tell)
    elif first.startswith(b"BZh"):
        yield name, _gently(name, stream, bz2.BZ2Decompressor, b"BZh", tell)
    elif first.startswith(_MEMBER_MARK):
        yield from _zip_members(name, stream, tell)
    else:
        yield name, stream.rest()


class _Stream:
    """Bytes that can be looked at before they are taken, and given back."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held, self.taken = chunks, b"", 0

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end."""
        while len(self._held) < size and (chunk := next(self._chunks, None)) is not None:
            self._held += chunk
        return self._held[:size]

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end, out of the stream."""
        taken = self.peek(size)
        self._held = self._held[len(taken) :]
        self.taken += len(taken)
        return taken

    def chunk(self) -> bytes:
        """As much as lies ready; empty at the end."""
        return self.take(max(len(self._held), 1))

    def give_back(self, data: bytes) -> None:
        """Put ``data`` before what comes next."""
        self._held, self.taken = data + self._held, self.taken - len(data)

    def rest(self) -> Iterator[bytes]:
        """All that is left."""
        while chunk := self.chunk():
            yield chunk


def _gently(name: str, stream: _Stream, make: Callable[[], _Unpacker], mark: bytes, tell: Tell) -> Iterator[bytes]:
    """What ``stream`` unpacks to, member after member as ``cat a.gz b.gz`` makes them."""
    total = 0
    while True:
        for piece in _inflated(name, stream, make(), tell):
            total += len(piece)
            _check_ratio(name, total, stream.taken)
            yield piece
        if stream.peek(len(mark)) != mark:
            if stream.peek(1).strip(b"\0"):
                tell(f"{name}: bytes behind the packed ones are not read")
            return


def _inflated(name: str, stream: _Stream, unpacker: _Unpacker, tell: Tell) -> Iterator[bytes]:
    """One packed run; ``stream`` stands behind it afterwards. What is damaged ends it and is told."""
    data = stream.chunk()
    while True:
        try:
            piece = unpacker.decompress(data, _PIECE)
        except (zlib.error, OSError, EOFError) as error:
            tell(f"{name}: is damaged, read as far as it unpacks ({type(error).__name__})")
            for _ in stream.rest():
                pass
            return
        if piece:
            yield piece
        if unpacker.eof:
            stream.give_back(unpacker.unused_data)
            return
        data = b"" if len(piece) == _PIECE else stream.chunk()
        if not data and not piece:
            tell(f"{name}: is cut off, read as far as it unpacks")
            return


def _check_ratio(name: str, total: int, packed: int) -> None:
    if total > max(FREE_BYTES, MOST_RATIO * packed):
        raise ChannelError(f"{name}: {packed} bytes unpack to more than {total >> 20} MB; it is no honest dump")


def _zip_members(name: str, stream: _Stream, tell: Tell) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The SQL files of a zip; others are told. Directory and comment at its end are not needed."""
    passed: list[str] = []
    found = False
    while stream.peek(4) == _MEMBER_MARK:
        head = stream.take(_MEMBER.size)
        if len(head) < _MEMBER.size:
            break
        _, _, flags, method, _, _, crc, size, _, length, extra = _MEMBER.unpack(head)
        raw_name = stream.take(length)
        member = raw_name.decode("utf-8" if flags & _UTF8_NAME else "cp437", "replace")
        size = _zip64_size(stream.take(extra), size)
        place = f"{name}/{member}"
        if flags & _LOCKED:
            raise ChannelError(f"{place}: is locked with a password; unpack it and put the .sql file in its place")
        if method not in (_STORED, _DEFLATED) or (method == _STORED and flags & _SIZE_AFTERWARDS):
            raise ChannelError(
                f"{place}: is packed in a way that is not known; unpack it and put the .sql in its place"
            )
        body = _checked(place, _member_bytes(place, stream, method, size, tell), crc, flags, tell)
        if _is_sql(member):
            found = True
            yield place, body
        elif not member.endswith("/"):
            passed.append(member)
        for _ in body:
            pass
        if flags & _SIZE_AFTERWARDS:
            _skip_descriptor(stream)
    if stream.peek(2) != b"PK":
        tell(f"{name}: is cut off or damaged; members behind that place are not read")
    if passed:
        tell(f"{name}: {len(passed)} files that are no .sql are not read")
    if not found:
        raise ChannelError(f"{name}: holds no .sql file")


def _is_sql(member: str) -> bool:
    last = member.rsplit("/", 1)[-1]
    return last.lower().endswith((".sql", ".txt", ".dump")) and not last.startswith("._")


def _zip64_size(extra: bytes, size: int) -> int:
    """The packed size, from the further fields of a header where 32 bits are too few."""
    while size == 0xFFFFFFFF and len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1 and length >= 16:
            return int(struct.unpack("<Q", extra[12:20])[0])
        extra = extra[4 + length :]
    return size


def _member_bytes(place: str, stream: _Stream, method: int, size: int, tell: Tell) -> Iterator[bytes]:
    if method == _DEFLATED:
        before, total = stream.taken, 0
        for piece in _inflated(place, stream, _Inflate(-15), tell):
            total += len(piece)
            _check_ratio(place, total, stream.taken - before)
            yield piece
        return
    while size > 0:
        piece = stream.take(min(size, _PIECE))
        if not piece:
            tell(f"{place}: is cut off, read as far as it goes")
            return
        size -= len(piece)
        yield piece


def _checked(place: str, pieces: Iterator[bytes], crc: int, flags: int, tell: Tell) -> Iterator[bytes]:
    """``pieces``; told if their check sum is not the one that the header gives."""
    found = 0
    for piece in pieces:
        found = zlib.crc32(piece, found)
        yield piece
    if not flags & _SIZE_AFTERWARDS and found != crc:
        tell(f"{place}: its check sum is wrong, some of its bytes are not what they were")


def _skip_descriptor(stream: _Stream) -> None:
    """Go behind check sum and sizes, which stand after a member: 12, 16, 20 or 24 bytes before the next mark."""
    for size in (16, 12, 24, 20):
        if stream.peek(size + 2)[size:] == b"PK":
            stream.take(size)
            return
