"""The recovery copy of the key file: wrapped for a public key, so that it may lie where the key file must not.

Whoever holds the private key (the head of the office, a notary's safe) can unwrap it; nobody else, and not this
program, can. The text of the key file is sealed with AES-256-GCM under a key of this copy's own, which is wrapped by
RSA-OAEP (SHA-256), or agreed with an X25519 key of this copy's own (HKDF-SHA256).
"""

import base64
import hashlib
import os
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from satukanal.store.keys import Keyring, WrongKey, parse_secrets

FORMAT = "satukanal-recovery/1"
LEAST_RSA_BITS = 2048
_OAEP = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)


def wrap(key_text: str, public_pem: bytes) -> bytes:
    """The recovery copy (JSON) of a key file's text for a public key in PEM. Raises ``WrongKey``."""
    public = _public_key(public_pem)
    if isinstance(public, X25519PublicKey):
        own = X25519PrivateKey.generate()
        wrapped = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        key, how = _agreed(own.exchange(public), wrapped), "x25519-hkdf-sha256"
    else:
        key = os.urandom(32)
        wrapped, how = public.encrypt(key, _OAEP), "rsa-oaep-sha256"
    nonce = os.urandom(12)
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    told: dict[str, str] = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "key_check": Keyring.from_secrets(parse_secrets(key_text)).check_value(),
        "public_key_sha256": hashlib.sha256(spki).hexdigest(),
        "wrapping": how,
        "wrapped": _b64(wrapped),
        "nonce": _b64(nonce),
        "sealed": _b64(AESGCM(key).encrypt(nonce, key_text.encode("ascii"), FORMAT.encode())),
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def unwrap(copy: bytes, private_pem: bytes, password: bytes | None) -> str:
    """The key file's text from a recovery copy. Raises ``WrongKey`` for another private key, or a copy that is none."""
    try:
        told = orjson.loads(copy)
        if told["format"] != FORMAT:
            raise WrongKey(f"the recovery copy is of format {told['format']!r}; this program reads {FORMAT}")
        wrapped, nonce, sealed = (base64.b64decode(told[name]) for name in ("wrapped", "nonce", "sealed"))
    except (ValueError, KeyError, TypeError) as error:
        raise WrongKey("the file is no recovery copy; it is the one that 'satukanal keys recovery' wrote") from error
    try:
        text = AESGCM(_content_key(wrapped, private_pem, password)).decrypt(nonce, sealed, FORMAT.encode())
        parse_secrets(text.decode("ascii"))
    except (InvalidTag, ValueError) as error:
        raise WrongKey("the recovery copy does not open; it was altered, or made for another key") from error
    return text.decode("ascii")


def _public_key(pem: bytes) -> rsa.RSAPublicKey | X25519PublicKey:
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise WrongKey(
            "the file is no public key in PEM; make one with 'openssl pkey -in private.pem -pubout'"
        ) from error
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < LEAST_RSA_BITS:
        raise WrongKey(f"the RSA key has {public.key_size} bits; at least {LEAST_RSA_BITS} are needed")
    if not isinstance(public, rsa.RSAPublicKey | X25519PublicKey):
        raise WrongKey("the public key can only sign; an RSA or X25519 key is needed")
    return public


def _content_key(wrapped: bytes, private_pem: bytes, password: bytes | None) -> bytes:
    try:
        private: Any = load_pem_private_key(private_pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise WrongKey("the private key cannot be read; it is a PEM file, and its password the right one") from error
    if isinstance(private, rsa.RSAPrivateKey):
        return private.decrypt(wrapped, _OAEP)
    if isinstance(private, X25519PrivateKey):
        return _agreed(private.exchange(X25519PublicKey.from_public_bytes(wrapped)), wrapped)
    raise WrongKey("the private key can only sign; the copy was made for an RSA or X25519 key")


def _agreed(shared: bytes, own_public: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=own_public, info=FORMAT.encode()).derive(shared)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
