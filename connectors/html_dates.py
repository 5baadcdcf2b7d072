"""Writes a date of a page as ISO, by its declared format; month names may be Indonesian or English, long or short."""

import re
from datetime import datetime

_MONTHS = (
    "january januari jan", "february februari pebruari feb peb", "march maret mar", "april apr", "may mei",
    "june juni jun", "july juli jul", "august agustus agt ags agu agst aug", "september sep sept",
    "october oktober okt oct", "november nopember nov nop", "december desember des dec",
)  # fmt: skip
_MONTH_OF = {word: line.split()[0] for line in _MONTHS for word in line.split()}
_DAYS = r"\b(?:senin|selasa|rabu|kamis|jum'?at|sabtu|minggu|ahad)\b\.?,?\s*"


def as_iso(text: str, form: str) -> str | None:
    """``text`` as ``2021-08-20`` or ``2021-08-20 13:05:00``, with an offset if it has one; None if it does not fit."""
    words = " ".join(text.split())
    if "%A" not in form and "%a" not in form:
        words = re.sub(_DAYS, "", words, flags=re.IGNORECASE)
    if month := re.search("%[Bb]", form):
        words = re.sub(r"[A-Za-z]{3,}\.?", lambda found: _month(found[0], short=month[0] == "%b"), words)
    try:
        at = datetime.strptime(words, form)  # noqa: DTZ007 - wall time of the page
    except ValueError:
        return None
    return at.isoformat(sep=" ", timespec="seconds") if re.search("%[HIcXTR]", form) else f"{at:%Y-%m-%d}"


def _month(word: str, *, short: bool) -> str:
    name = _MONTH_OF.get(word.rstrip(".").casefold())
    return word if name is None else name[:3] if short else name
