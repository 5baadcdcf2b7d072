"""The kinds of value that a channel file is made of, each with the sentence that is said of a wrong one.

What keys there are is left to ``schemas.channel`` and what it is made of; place and line to ``schemas.channel_file``.
"""

import re
from collections.abc import Callable
from time import strptime
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

_DATE_LETTERS = re.compile(r"(?<=[:.])mm|y{4}|yy|m{3,4}|mm|dd|hh|ss", re.IGNORECASE)
_DATE_SIGNS = {"yyyy": "%Y", "yy": "%y", "mmmm": "%B", "mmm": "%b", "mm": "%m", "dd": "%d", "hh": "%H", "ss": "%S"}


class Fault(ValueError):
    """A fault of a channel file in words of ours; ``at`` is where it lies, from the value that was looked at."""

    def __init__(self, problem: str, *at: str) -> None:
        super().__init__(problem)
        self.at = at


class UnknownField(Fault):
    """A mapping names a canonical field that does not exist."""

    def __init__(self, field: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{field!r} is not a field that can be mapped", "columns", field)
        self.field, self.known = field, known


def _shaped(pattern: str, mend: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(mend)
        return value

    return check


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not a time zone; Indonesia has Asia/Jakarta, Asia/Makassar and Asia/Jayapura")
    return value


def _secret(value: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value):  # a Fault, for the wrong value may be the secret itself
        raise Fault("name a secret in capitals, as in SIGAP_TOKEN; its value belongs in SATUKANAL_SECRET_<NAME>")
    return value


def _url(value: str) -> str:
    if not re.match(r"https?://[^/\s]+", value):
        raise ValueError("write the whole address, as in https://sigap.example.go.id/api")
    return value.rstrip("/")


def _date_format(value: str) -> str:
    if "%" not in value:
        signs = _DATE_LETTERS.sub(lambda m: "%M" if _is_minute(m) else _DATE_SIGNS[m[0].lower()], value)
        example = signs if "%" in signs else "%d/%m/%Y"
        raise ValueError(f"write a date format with % signs, as in {example}")
    try:
        strptime("", value)
    except ValueError as error:
        if "bad directive" in str(error) or "stray %" in str(error):
            raise ValueError("has a % sign that is none of strptime's; write it as in %d/%m/%Y %H:%M") from error
    return value


def _is_minute(found: re.Match[str]) -> bool:
    """Whether the letters mm follow the hour, as in hh:mm."""
    return found[0].lower() == "mm" and found.string[: found.start()][:-1].lower().endswith("hh")


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


ChannelId = Annotated[
    str,
    BeforeValidator(
        _shaped(r"[a-z][a-z0-9_]*", "write small letters, digits and _, a letter first, as in sigap or ntpd112")
    ),
]
Government = Annotated[
    str,
    BeforeValidator(_shaped(r"[a-z][a-z0-9-]*", "write small letters, digits and -, a letter first, as in kota-depok")),
]
RegionCode = Annotated[
    str,
    BeforeValidator(
        _shaped(
            r"\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?", 'write the Kemendagri code in quotes, with dots: region: "32.76"'
        )
    ),
]
SheetCell = Annotated[
    str, BeforeValidator(_shaped(r"[A-Z]+[1-9][0-9]*", "write one cell: letters of the column, number of the row: B3"))
]
Hours = Annotated[
    str, BeforeValidator(_shaped(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", "write hours as in 07:30-16:00"))
]
ZoneName = Annotated[str, AfterValidator(_zone)]
SecretName = Annotated[str, AfterValidator(_secret)]
Url = Annotated[str, AfterValidator(_url)]
DateFormat = Annotated[str, AfterValidator(_date_format)]

Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]  # a bare text is a list of one
Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
DateFormats = Annotated[tuple[DateFormat, ...], BeforeValidator(_listed)]
