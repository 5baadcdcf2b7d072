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
_NO_DIGIT = re.compile(r"\D")
_PERSON = ("reporter_name", "reporter_phone", "reporter_nik")
_EACH = re.compile(_NUMBER, re.IGNORECASE)


def mask(text: str, name: str | None = None, phone: str | None = None, nik: str | None = None) -> str:
    """``text`` with cards, phones, e-mails and ``name`` replaced by '[NIK]', '[telepon]', '[email]', '[nama]'.

    The reporter's own ``phone`` (E.164) and ``nik`` are found however they are broken up.
    """
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    if _DIGIT.search(text):
        text = _mask_known(text, nik, "[NIK]")
        text = _mask_known(text, phone.removeprefix("+62") if phone else None, "[telepon]")
        text = _PHONE.sub("[telepon]", _CARD.sub("[NIK]", text))
    if name and len(name) >= 3 and name.split()[0].casefold() in text.casefold():  # a pattern a name is dear
        words = r"\s+".join(re.escape(word) for word in name.split())
        text = re.sub(rf"(?<!\w){words}(?!\w)", "[nama]", text, flags=re.IGNORECASE)
    return text


def _mask_known(text: str, digits: str | None, sign: str) -> str:
    if not digits or digits not in _NO_DIGIT.sub("", text):
        return text
    between = r"[^\w\n]{0,3}"
    return re.sub(rf"(?<!\d)(?:(?:\+?62|0){between})?{between.join(digits)}(?!\d)", sign, text)


def mask_all(texts: pd.Series, person: pd.DataFrame) -> pd.Series:
    """``mask`` row by row; each text has its own ``person`` (columns reporter_name, reporter_phone, reporter_nik)."""
    known = [person[name].astype(object).where(person[name].notna(), None) for name in _PERSON]
    rows = zip(texts, texts.notna(), *known, strict=True)
    masked = [mask(text, *values) if has_text else None for text, has_text, *values in rows]
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
