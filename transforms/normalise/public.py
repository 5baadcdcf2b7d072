"""Makes the text that anyone may read: numbers, addresses and the reporter's own name masked.

Also finds the ticket numbers that a citizen quotes, which are no personal data and must survive the mask. Names of
other people in the text cannot be found by rule and stay: that is a limit to be known, not a promise.
"""

import re

import pandas as pd

_CARD = re.compile(r"(?<!\d)\d(?:[ .-]?\d){15}(?!\d)")  # NIK, KK and other 16-digit cards
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![\w+])(?:"
    r"(?:(?:\+|00)?62|0)[\s.-]?8[1-9]\d{0,2}(?:[\s.-]?\d{2,5}){2,3}"  # mobile
    r"|8[1-9]\d{7,10}"  # mobile, zero lost
    r"|(?:\+62[\s.-]?|\(?0)(?:2[1-9]|[3-9]\d{1,2})\)?[\s.-]?(?:\d{5,8}|\d{3,4}[\s.-]\d{3,4})"  # land line
    r")(?!\d)"
)
_NUMBER = r"(?:\d{5,10}|[A-Z]{2,6}-\d{4,8}(?:-\d{2,8})?)"
_CODE = re.compile(r"\b[A-Z]{2,6}-\d{4,8}(?:-\d{2,8})?\b", re.IGNORECASE)
_HASH = re.compile(r"#(\d{5,10})(?!\d)")
_TICKET = r"(?:laporan|lapor|aduan|pengaduan|tiket|ticket|tracking|sp4n)"
_SIGN = r"(?:no(?:mor)?\b\.?|id\b|#|:|nya\b|saya\b|sebelumnya\b|\s)*"
_AFTER_WORD = re.compile(
    rf"(?:\b{_TICKET}{_SIGN}|\bno(?:mor)?\.?\s*{_TICKET}{_SIGN})"
    rf"({_NUMBER}(?!\d)(?:\s*(?:,|;|/|&|dan)\s*#?{_NUMBER}(?!\d))*)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_EACH = re.compile(_NUMBER, re.IGNORECASE)


def mask(text: str, name: str | None = None) -> str:
    """``text`` with cards, phones, e-mails and ``name`` replaced by '[NIK]', '[telepon]', '[email]', '[nama]'."""
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    if _DIGIT.search(text):
        text = _PHONE.sub("[telepon]", _CARD.sub("[NIK]", text))
    if name and len(name) >= 3 and name.split()[0].casefold() in text.casefold():  # a pattern a name is dear
        words = r"\s+".join(re.escape(word) for word in name.split())
        text = re.sub(rf"(?<!\w){words}(?!\w)", "[nama]", text, flags=re.IGNORECASE)
    return text


def mask_all(texts: pd.Series, names: pd.Series, hidden: pd.Series) -> pd.Series:
    """``mask`` row by row (each text has its own name, so unique values save nothing); null where ``hidden``."""
    rows = zip(texts, texts.notna(), names, names.notna(), hidden, strict=True)
    masked = [mask(t, n if has_n else None) if has_t and not h else None for t, has_t, n, has_n, h in rows]
    return pd.Series(masked, index=texts.index, dtype=object)


def quoted_numbers(text: str) -> str | None:
    """Ticket numbers that ``text`` quotes, in order, once each, separated by blanks; capitals."""
    if not _DIGIT.search(text):
        return None
    found = [*_HASH.findall(text), *_CODE.findall(text)]
    for run in _AFTER_WORD.findall(text):
        found += _EACH.findall(run)
    ordered = sorted({n.upper() for n in found}, key=lambda n: text.upper().find(n))
    return " ".join(ordered) or None
