"""The key file, and what is done with it: sealing, blind indexes, ids that cannot be guessed.

One file outside the home folder, a line ``v<number>:<64 hex digits>`` for each secret, the newest first. From the first
secret three keys are derived (HKDF-SHA256), for sealing, for blind indexes and for ids, so that one cannot be used to
attack another; every later secret only seals. Sealed bytes begin with the number of their secret, so what an older one
sealed still opens. Losing the file loses the personal data: the store holds a check value, and a wrong or missing key
beside an old store is an error, never a new key. Sealing what is old anew is left to ``satukanal.store.rotation``.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BYTES = 32
MOST_SECRETS = 255  # a sealed value names its secret in one byte
_LINE = re.compile(r"(?:v([1-9][0-9]{0,2}):)?([0-9a-fA-F]{64})")


class WrongKey(Exception):
    """The key file is missing, unreadable or not the one of this store. One line for a person."""


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"satukanal/{purpose}/1".encode()).derive(secret)


@dataclass(frozen=True)
class Keyring:
    """The keys. Satisfies ``connectors.archive.Cipher``."""

    sealing: Mapping[int, bytes] = field(repr=False)  # by number of the secret
    index: bytes = field(repr=False)
    ids: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "Keyring":
        """Derive the keys from the 32 bytes of a key file with one secret."""
        return cls.from_secrets({1: secret})

    @classmethod
    def from_secrets(cls, by_number: Mapping[int, bytes]) -> "Keyring":
        """Derive the keys from the secrets of a key file; number 1 founds ids and indexes, the greatest seals."""
        sealing = {number: _derive(secret, "seal") for number, secret in by_number.items()}
        return cls(sealing, _derive(by_number[1], "index"), _derive(by_number[1], "id"))

    @property
    def newest(self) -> int:
        """The number of the secret that seals."""
        return max(self.sealing)

    @cached_property
    def _sealer(self) -> tuple[bytes, AESGCM]:
        return bytes([self.newest]), AESGCM(self.sealing[self.newest])

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """AES-256-GCM: the secret's number (one byte), 12 random bytes, then ciphertext and tag."""
        number, cipher = self._sealer
        nonce = os.urandom(12)
        return number + nonce + cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The plain bytes. Raises ``ValueError`` if they were altered, moved, or sealed with another key."""
        key = self.sealing.get(sealed[0]) if len(sealed) > 13 else None
        if key is None:
            raise ValueError("altered, or sealed with a secret that the key file does not hold")
        try:
            return AESGCM(key).decrypt(sealed[1:13], sealed[13:], context)
        except InvalidTag as error:
            raise ValueError("altered, or sealed with another key") from error

    def blind(self, kind: str, value: str) -> str:
        """A keyed hash (BLAKE2b, RFC 7693) by which equal values are found without being readable (32 hex digits)."""
        return hashlib.blake2b(f"{kind}\x1f{value}".encode(), digest_size=16, key=self.index).hexdigest()

    def identify(self, kind: str, *parts: str) -> str:
        """A stable id of ``parts`` (26 hex digits of keyed BLAKE2b) that cannot be guessed without the key."""
        return hashlib.blake2b("\x1f".join((kind, *parts)).encode(), digest_size=13, key=self.ids).hexdigest()

    def check_value(self) -> str:
        """What the store keeps, to know its key again."""
        return self.identify("check", "satukanal")


def read_or_make(path: Path, *, may_make: bool) -> tuple[Keyring, bool]:
    """The keyring of ``path``, and whether the file was made just now (mode 0600). Raises ``WrongKey``."""
    if path.exists():
        return Keyring.from_secrets(read_secrets(path)), False
    if not may_make:
        raise WrongKey(f"{path}: the key of this store is not here; bring the file back or set SATUKANAL_KEY_FILE")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = _make(path)
    return Keyring.from_secrets(read_secrets(path)), made


def _make(path: Path) -> bool:
    """A new key file, whole or not at all; False if another process was first."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        write_private(partial, _as_text({1: secrets.token_bytes(BYTES)}))
        path.hardlink_to(partial)
    except FileExistsError:
        return False
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)
    return True


def read_secrets(path: Path) -> dict[int, bytes]:
    """The secrets in a key file by number. Raises ``WrongKey``."""
    try:
        return parse_secrets(path.read_text(encoding="ascii"))
    except OSError as error:
        raise WrongKey(f"{path}: cannot be read ({error.strerror}); check its owner and mode") from error
    except ValueError as error:
        told = "it is no text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise WrongKey(f"{path}: is no key file: {told}; bring the right file back") from error


def parse_secrets(text: str) -> dict[int, bytes]:
    """The secrets that a key file's text holds; 64 bare hex digits are number 1. Raises ``ValueError``."""
    found: dict[int, bytes] = {}
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not v<number>:<64 hex digits>")
        version = int(match[1] or 1)
        if version in found or version > MOST_SECRETS:
            raise ValueError(f"line {number}: secret v{version} stands twice, or is above v{MOST_SECRETS}")
        found[version] = bytes.fromhex(match[2])
    if 1 not in found:
        raise ValueError("it does not hold v1, which founds ids and indexes")
    return found


def check_file(path: Path) -> list[str]:
    """What is wrong with how the key file lies there, one line each; none if it is well kept."""
    status = path.stat()
    problems = []
    if status.st_mode & 0o077:
        problems.append(f"{path}: mode {status.st_mode & 0o777:04o} lets others read it; call 'chmod 600 {path}'")
    if status.st_uid != os.getuid():
        problems.append(
            f"{path}: belongs to user {status.st_uid}, not to {os.getuid()} who runs this; change its owner"
        )
    return problems


def add_secret(path: Path) -> Path:
    """Put a new secret before those of the key file; returns the copy of the old file, kept beside it.

    The file is replaced at once and whole, mode 0600. Raises ``WrongKey``.
    """
    known = read_secrets(path)
    if max(known) == MOST_SECRETS:
        raise WrongKey(f"{path}: holds {MOST_SECRETS} secrets already; a sealed value cannot name more")
    copy = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    write_private(copy, path.read_text(encoding="ascii"))
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    write_private(partial, _as_text(known | {max(known) + 1: secrets.token_bytes(BYTES)}))
    partial.replace(path)
    _sync(path.parent)
    return copy


def write_private(path: Path, text: str) -> None:
    """A new file that only its owner may read, on the disk when this returns. Raises ``FileExistsError``."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _as_text(by_number: Mapping[int, bytes]) -> str:
    return "".join(f"v{number}:{by_number[number].hex()}\n" for number in sorted(by_number, reverse=True))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
