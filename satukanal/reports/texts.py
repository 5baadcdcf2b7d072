"""The words of the reports: one catalogue per language, and how that language writes numbers, times and sizes.

A text is found by 'section.key'. Codes of the store (states, reasons, flags …) have sections of their own; a code that
the catalogue does not know is shown as it is, so that a channel's own rule needs no translation. Nothing is escaped
here: the templates do that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("id", "en")
RUN_ZONE = "Asia/Jakarta"
UNKNOWN = "–"

Text = str | Mapping[str, str]


@dataclass(frozen=True)
class Words:
    """The catalogue of one language: section → key → text, or a pair ``one``/``other`` chosen by the value ``n``."""

    lang: str
    sections: Mapping[str, Mapping[str, Text]]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of ``section.key`` with its ``{placeholders}`` filled; whole numbers are written as people do.

        Raises ``KeyError`` for a text that the catalogue does not hold.
        """
        text = self._text(key)
        if not isinstance(text, str):
            text = text["one" if values.get("n") == 1 else "other"]
        return text.format(**{k: self.number(v) if isinstance(v, int) else v for k, v in values.items()})

    def name(self, section: str, code: str | None) -> str:
        """What people call a code of the store; an unknown code is its own name."""
        if code is None:
            return UNKNOWN
        return str(self.sections[section].get(code, code))

    def number(self, value: float | None, digits: int = 0) -> str:
        """``1234.5`` as 1.234,5 or 1,234.5; a dash where it is unknown."""
        if value is None:
            return UNKNOWN
        marks = {",": self("format.thousands"), ".": self("format.decimal"), "-": "−"}
        return "".join(marks.get(sign, sign) for sign in f"{value:,.{digits}f}")

    def signed(self, value: float | None, digits: int = 0) -> str:
        """A number that always shows its sign, zero excepted; a dash where it is unknown."""
        return ("+" if value is not None and value > 0 else "") + self.number(value, digits)

    def moment(self, at: datetime | str | None, zone: str | None = None, clock: str = "clock") -> str:
        """A UTC time (aware, or ISO 8601) as wall time with WIB, WITA or WIT.

        ``zone`` is an IANA name, by default Asia/Jakarta; ``clock`` is ``clock`` or ``exact``, which shows seconds.
        """
        if at is None:
            return UNKNOWN
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        local = instant.astimezone(ZoneInfo(zone or RUN_ZONE))
        return self(
            "format.moment",
            day=str(local.day),
            month=self.name("month", f"{local:%m}"),
            year=str(local.year),
            clock=local.strftime(self(f"format.{clock}")),
            zone=local.tzname(),
        )

    def size(self, count: int | None) -> str:
        """Bytes in the largest unit that leaves a number of at least 1."""
        if count is None:
            return UNKNOWN
        value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
        while value >= 1000 and len(units) > 1:
            value, units = value / 1000, units[1:]
        return f"{self.number(value, 0 if units[0] == 'B' else 1)} {units[0]}"

    def chance(self, probability: float | None) -> str:
        """A probability with two digits; never 1, for no model is certain."""
        return (
            f"> {self.number(0.99, 2)}"
            if probability is not None and probability > 0.99
            else self.number(probability, 2)
        )

    def share(self, part: float, whole: float) -> str:
        """``part`` of ``whole`` in per cent, one digit."""
        return f"{self.number(100 * part / whole, 1)} %" if whole else UNKNOWN

    def _text(self, key: str) -> Text:
        section, _, name = key.partition(".")
        return self.sections[section][name]


@cache
def words(lang: str) -> Words:
    """The catalogue of ``lang`` ('id' or 'en'). Raises ``ValueError`` for another language."""
    if lang not in LANGUAGES:
        raise ValueError(f"no report in language {lang!r}; there are {' and '.join(LANGUAGES)}")
    return Words(lang, YAML(typ="safe", pure=True).load(FOLDER / f"{lang}.yaml"))
