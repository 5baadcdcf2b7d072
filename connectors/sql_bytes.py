"""Bytes that a database holds, as text: the same by whatever road they came."""

import base64
import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def bytes_text(value: bytes) -> str:
    """What should be text, as text; as ``base64:…`` where it is no UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return in_base64(value)


def blob_text(value: bytes) -> str:
    """Bytes of a column for bytes (BLOB, bytea): as ``base64:…`` too if a control character says that it is no text."""
    text = bytes_text(value)
    return in_base64(value) if has_control(text) else text


def has_control(text: str) -> bool:
    """Whether ``text`` holds a control character other than tab and line break, as no text does."""
    return _CONTROL.search(text) is not None


def in_base64(value: bytes) -> str:
    """Any bytes."""
    return "base64:" + base64.b64encode(value).decode("ascii")
