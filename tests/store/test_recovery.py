"""The recovery copy of the key: only the holder of the private key can open it."""

from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from satukanal.store import WrongKey
from satukanal.store.recovery import unwrap, wrap

KEY_TEXT = f"v2:{'cd' * 32}\nv1:{'ab' * 32}\n"


def private_pem(private: Any, password: bytes | None = None) -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))


def public_pem(private: Any) -> bytes:
    return bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.fixture(scope="module", params=["rsa", "x25519"])
def private(request: pytest.FixtureRequest) -> Any:
    return rsa.generate_private_key(65537, 2048) if request.param == "rsa" else x25519.X25519PrivateKey.generate()


def test_the_private_key_brings_the_key_file_back(private: Any) -> None:
    copy = wrap(KEY_TEXT, public_pem(private))
    assert b"ab" * 32 not in copy
    assert unwrap(copy, private_pem(private), None) == KEY_TEXT
    assert unwrap(copy, private_pem(private, b"sandi"), b"sandi") == KEY_TEXT


def test_another_private_key_or_an_altered_copy_opens_nothing(private: Any) -> None:
    copy = wrap(KEY_TEXT, public_pem(private))
    others = (rsa.generate_private_key(65537, 2048), x25519.X25519PrivateKey.generate())
    for other in others:
        with pytest.raises(WrongKey, match="does not open"):
            unwrap(copy, private_pem(other), None)
    told = orjson.loads(copy)
    for name in ("sealed", "nonce", "wrapped"):
        altered = told | {name: ("B" if told[name][0] == "A" else "A") + told[name][1:]}
        with pytest.raises(WrongKey):
            unwrap(orjson.dumps(altered), private_pem(private), None)


def test_what_is_no_recovery_copy_and_no_fit_key_is_one_line(private: Any) -> None:
    for copy in (b"", b"[]", b"{}", b"\xff", b'{"format": 1}', b'{"format": "satukanal-recovery/1"}'):
        with pytest.raises(WrongKey, match="recovery copy"):
            unwrap(copy, private_pem(private), None)
    with pytest.raises(WrongKey, match="no public key"):
        wrap(KEY_TEXT, b"hello")
    with pytest.raises(WrongKey, match="can only sign"):
        wrap(KEY_TEXT, public_pem(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(WrongKey, match="1024 bits"):
        wrap(KEY_TEXT, public_pem(rsa.generate_private_key(65537, 1024)))
    with pytest.raises(WrongKey, match="private key cannot be read"):
        unwrap(wrap(KEY_TEXT, public_pem(private)), private_pem(private, b"sandi"), None)
