"""The key file, and what is done with it: sealing, blind indexes, ids that cannot be guessed.

One file of 32 random bytes (hex) outside the home folder; three keys are derived from it (HKDF-SHA256), for sealing,
for blind indexes and for ids, so that one cannot be used to attack another. Losing the file loses the personal data:
the store holds a check value, and a wrong or missing key beside an old store is an error, never a new key.
"""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class WrongKey(Exception):
    """The key file is missing, unreadable or not the one of this store. One line for a person."""


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"satukanal/{purpose}/1".encode()).derive(secret)


@dataclass(frozen=True)
class Keyring:
    """The three keys. Satisfies ``connectors.archive.Cipher``."""

    sealing: bytes = field(repr=False)
    index: bytes = field(repr=False)
    ids: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "Keyring":
        """Derive the keys from the 32 bytes of the key file."""
        return cls(_derive(secret, "seal"), _derive(secret, "index"), _derive(secret, "id"))

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """AES-256-GCM: 12 random bytes, then ciphertext and tag."""
        nonce = os.urandom(12)
        return nonce + AESGCM(self.sealing).encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The plain bytes. Raises ``ValueError`` if they were altered, moved, or sealed with another key."""
        try:
            return AESGCM(self.sealing).decrypt(sealed[:12], sealed[12:], context)
        except InvalidTag as error:
            raise ValueError("altered, or sealed with another key") from error

    def blind(self, kind: str, value: str) -> str:
        """A keyed hash by which equal values can be found without being readable (32 hex digits)."""
        return hmac.new(self.index, f"{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()[:32]

    def identify(self, kind: str, *parts: str) -> str:
        """A stable id of ``parts`` (26 letters and digits, base32) that cannot be guessed without the key."""
        digest = hmac.new(self.ids, "\x1f".join((kind, *parts)).encode(), hashlib.sha256).digest()
        return base64.b32encode(digest[:16]).decode().rstrip("=").lower()

    def check_value(self) -> str:
        """What the store keeps, to know its key again."""
        return self.identify("check", "satukanal")


def read_or_make(path: Path, *, may_make: bool) -> tuple[Keyring, bool]:
    """The keyring of ``path``, and whether the file was made just now (mode 0600). Raises ``WrongKey``."""
    made = False
    if not path.exists():
        if not may_make:
            raise WrongKey(f"{path}: the key of this store is not here; bring the file back or set SATUKANAL_KEY_FILE")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        made = True
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise WrongKey(f"{path}: cannot be read as a key ({type(error).__name__}); it holds 64 hex digits") from error
    if len(secret) != 32:
        raise WrongKey(f"{path}: holds {len(secret)} bytes; a key has 32 (64 hex digits)")
    return Keyring.from_secret(secret), made
