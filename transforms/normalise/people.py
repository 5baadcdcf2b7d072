"""Cleans what points to a person: name, phone, NIK, e-mail. A value that is none becomes null with a fault.

Digits that a spreadsheet has rounded away are never made up again. Faults are words for the report, without the value.
"""

import re

import phonenumbers

from transforms.normalise.text import clean_line
from transforms.normalise.values import Outcome, fold

_ROUNDED = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)
_SHORT_CODES = re.compile(r"11[0-35789]|12[1239]|14[47]|150|165|188|1708")
_SEVERAL = re.compile(r"\s*(?:[/;,\n]|\batau\b|\bdan\b)\s*", re.IGNORECASE)
_NIK_GLUE = re.compile(r"[\s.\-'’`]")
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s.,;<>()]{2,}")
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_INT_OVERFLOW = "2147483647"  # what MySQL makes of a NIK in an INT column
_NOBODY = re.compile(
    "anonim|anonym(?:ous)?|hamba allah|n ?n|nama|no ?name|tanpa nama|tidak ada(?: nama)?|tidak diketahui|unknown"
    "|warga|masyarakat"
)


def clean_phone(value: str) -> Outcome:
    """E.164, read as an Indonesian number where no country is given; of several numbers the first valid one.

    Faults: ``digits_lost`` (8.12346E+11), ``no_citizen_phone`` (112, 1708 …), ``invalid``.
    """
    text = value.strip().strip("'")
    if _ROUNDED.fullmatch(text):
        return Outcome(None, "digits_lost")
    if _SHORT_CODES.fullmatch(text):
        return Outcome(None, "no_citizen_phone")
    parts = [text, *_SEVERAL.split(text)] if _SEVERAL.search(text) else [text]
    for part in parts:
        number = _e164(part)
        if number:
            return Outcome(number, rule="e164" if part is text else "e164_first_of_several")
    return Outcome(None, "invalid")


def _e164(text: str) -> str | None:
    text = re.sub(r"\.0$", "", text)  # a number that passed through a float
    if re.search(r"[^\W\d_]{4,}", text):  # words: phonenumbers would read letters as keys of a telephone
        return None
    digits = re.sub(r"\D", "", text)
    abroad = text.startswith("+")
    if digits.startswith("00"):
        digits, abroad = digits[2:], True
    if digits.startswith("62") and (abroad or len(digits) >= 10):
        digits, abroad = "62" + digits[2:].lstrip("0"), True
    elif not abroad and re.fullmatch(r"8\d{8,11}", digits):
        digits, abroad = "62" + digits, True
    try:
        number = phonenumbers.parse(f"+{digits}" if abroad else digits, "ID")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def clean_nik(value: str) -> Outcome:
    """Sixteen digits: province 11–96, and a birth date that exists (day + 40 for women).

    Faults: ``digits_lost``, ``int_overflow``, ``placeholder``, ``wrong_length``, ``invalid``.
    """
    text = value.strip().strip("'")
    if _ROUNDED.fullmatch(text):
        return Outcome(None, "digits_lost")
    digits = _NIK_GLUE.sub("", re.sub(r"\.0$", "", text))
    if digits == _INT_OVERFLOW:
        return Outcome(None, "int_overflow")
    if digits and not digits.strip(digits[0]):
        return Outcome(None, "placeholder")
    if not re.fullmatch(r"[0-9]+", digits):
        return Outcome(None, "invalid")
    if len(digits) != 16:
        return Outcome(None, "wrong_length")
    province, day, month = int(digits[:2]), int(digits[6:8]), int(digits[8:10])
    day -= 40 if day > 40 else 0
    if not (11 <= province <= 96 and 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1]):
        return Outcome(None, "invalid")
    return Outcome(digits, rule="digits_only")


def clean_email(value: str) -> Outcome:
    """Lower case; ``invalid`` without one @ and a dot behind it."""
    text = value.strip().lower().removeprefix("mailto:")
    return Outcome(text, rule="lower_case") if _EMAIL.fullmatch(text) else Outcome(None, "invalid")


def clean_name(value: str) -> Outcome:
    """One line; what stands for nobody ('Hamba Allah', 'NN', a number) is a ``placeholder``."""
    outcome = clean_line(value)
    if outcome.value is None:
        return Outcome(None, "placeholder")
    words = fold(re.sub(r"[^\w\s]|_", " ", outcome.value))
    if _NOBODY.fullmatch(words) or not re.search(r"[^\W\d_]", words):
        return Outcome(None, "placeholder")
    return outcome
