"""Character sets of MySQL and MariaDB by their names in Python, and bytes in them as text."""

import codecs
import re

_C1 = {0xDC00 + code: code for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_CONNECTION = {
    "latin1": "cp1252", "ascii": "utf-8", "binary": "binary", "utf8": "utf-8", "utf8mb3": "utf-8", "utf8mb4": "utf-8",
    "latin2": "iso8859-2", "greek": "iso8859-7", "hebrew": "iso8859-8", "latin5": "iso8859-9", "latin7": "iso8859-13",
    "koi8r": "koi8-r", "koi8u": "koi8-u", "tis620": "tis-620",
}  # fmt: skip
_COLUMN = _CONNECTION | {
    "ucs2": "utf-16-be", "utf16": "utf-16-be", "utf16le": "utf-16-le", "utf32": "utf-32-be", "macroman": "mac-roman",
    "macce": "mac-latin2", "hp8": "hp-roman8", "gbk": "gbk", "gb2312": "gb2312", "big5": "big5", "ujis": "euc-jp",
    "eucjpms": "euc-jp", "euckr": "cp949", "sjis": "cp932", "cp932": "cp932",
}  # fmt: skip
_WIDE = frozenset({"utf-16-be", "utf-16-le", "utf-32-be"})


def connection_encoding(charset: str) -> str | None:
    """Python's name for a character set of a connection; None for one that is not known, or not safe to split."""
    return _CONNECTION.get(charset) or _code_page(charset)


def column_encoding(collation: str) -> str:
    """Python's name for the character set in which the server keeps a column of ``collation``; UTF-8 if not known."""
    charset = collation.partition("_")[0]
    return _COLUMN.get(charset) or _code_page(charset) or "utf-8"


def is_wide(encoding: str) -> bool:
    """Whether letters of ASCII are other bytes in ``encoding`` than in ASCII."""
    return encoding in _WIDE


def decoded(raw: bytes, encoding: str) -> str:
    """``raw`` as text. The server's latin1 is Windows-1252 with five more signs. Raises ``UnicodeDecodeError``."""
    if encoding == "cp1252":
        return raw.decode("cp1252", "surrogateescape").translate(_C1)
    return raw.decode(encoding)


def decoded_or_marked(raw: bytes, encoding: str) -> tuple[str, str]:
    """``raw`` as text, with U+FFFD for bad bytes; and what is odd."""
    try:
        return decoded(raw, encoding), ""
    except UnicodeDecodeError:
        return raw.decode(encoding, "replace"), f"no valid {encoding}, bad bytes shown as U+FFFD"


def _code_page(charset: str) -> str | None:
    return codecs.lookup(charset).name if re.fullmatch(r"cp125\d|cp8\d\d", charset) else None
