"""What a column's values say by themselves, whatever its name: shares of phones, NIK, coordinates, dates …."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from transforms.normalise.people import clean_email, clean_nik, clean_phone
from transforms.normalise.public import mask
from transforms.scaffold.dates import DateGuess, guess_dates
from transforms.scaffold.profile import ColumnProfile

PROSE = 8  # words of a cell that is no name and no address
_LOOKED_AT = 1_000  # different values that are asked; they come by hash, not by place
_FILE = re.compile(
    r"(?:https?://\S+|[^\n]*?\.(?:jpe?g|png|gif|pdf|mp4|docx?|webp|heic|3gp|mp3)\"?\]?|base64:\S*)", re.IGNORECASE
)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_WHOLE = re.compile(r"\d{1,12}")
_YES_NO = frozenset(["0", "1", "ya", "tidak", "yes", "no", "true", "false", "y", "n", "t", "f", "benar", "salah"])
_ACCOUNT = re.compile(
    r"https?://(?:\w+\.)?(?:x|twitter|facebook|instagram|tiktok|youtube|threads)\.(?:com|net)/\S+", re.IGNORECASE
)
_HEX = re.compile(r"(?:00[2-7][0-9A-F]){4,}(?:[0-9A-F]{4})*", re.IGNORECASE)  # letters in UTF-16, as Gammu keeps them
_BIRTH = re.compile(r"lahir|birth|dob", re.IGNORECASE)
_PERSON = re.compile(r"[^\W\d_]+(?:[ .'’-]+[^\W\d_]+){1,4}\.?")
_ADDRESS = re.compile(r"\b(?:jl|jln|jalan|gg|gang|rt|rw|no|blok|kel|kec|dusun)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """Shares of the cells that say something, 0 to 1."""

    nik: float
    phone: float
    email: float
    file: float
    number: float
    whole: float
    latitude: float
    longitude: float
    yes_no: float
    address: float
    account: float  # addresses of pages, which name who wrote there
    hidden: float  # prose in hexadecimal
    dates: DateGuess | None
    counted: bool  # 1, 2, 3 … in any order, without gaps: a row number
    different: int

    @property
    def is_code(self) -> bool:
        """Few different values."""
        return 0 < self.different <= 60


def facts_of(column: ColumnProfile) -> Facts:
    """What the kept values of ``column`` say."""
    items = list(column.values.items())[:_LOOKED_AT]
    total = sum(count for _, count in items)

    def share(test: Callable[[str], bool]) -> float:
        return sum(count for text, count in items if test(text)) / total if total else 0.0

    number = share(lambda v: _NUMBER.fullmatch(v) is not None)
    coordinates = number > 0.5
    return Facts(
        nik=share(lambda v: len(v) >= 16 and clean_nik(v).value is not None),
        phone=share(lambda v: 9 <= len(v) <= 40 and clean_phone(v).value is not None),
        email=share(lambda v: "@" in v and clean_email(v).value is not None),
        file=share(lambda v: _FILE.fullmatch(v) is not None),
        number=number,
        whole=share(lambda v: _WHOLE.fullmatch(v) is not None),
        latitude=share(lambda v: _between(v, -11.5, 6.5)) if coordinates else 0.0,
        longitude=share(lambda v: _between(v, 94.5, 141.5)) if coordinates else 0.0,
        yes_no=share(lambda v: v.casefold() in _YES_NO),
        address=share(lambda v: _ADDRESS.search(v) is not None),
        account=share(lambda v: _ACCOUNT.match(v) is not None),
        hidden=share(lambda v: _HEX.fullmatch(v) is not None),
        dates=guess_dates(column),
        counted=_is_counted(column),
        different=len(column.values),
    )


def _between(text: str, low: float, high: float) -> bool:
    if _NUMBER.fullmatch(text) is None:
        return False
    number = float(text.replace(",", "."))
    return number == 0 or (low <= number <= high and "." in text.replace(",", "."))


def _is_counted(column: ColumnProfile) -> bool:
    if column.is_sample or column.filled < column.rows or not all(_WHOLE.fullmatch(v) for v in column.values):
        return False
    numbers = {int(v) for v in column.values}
    return (
        len(numbers) > 1
        and len(numbers) == column.rows
        and min(numbers) in (0, 1)
        and max(numbers) - min(numbers) < column.rows
    )


def personal_kind(facts: Facts, column: ColumnProfile, *, by_name: bool) -> str | None:
    """What of a person a column holds, so that its values are not shown: by its name, or by its values."""
    if facts.nik >= 0.05:
        return "NIK"
    if facts.email >= 0.05:
        return "e-mail"
    if facts.account >= 0.05:
        return "account"
    if facts.hidden >= 0.05:
        return "text in hexadecimal"
    if facts.dates is not None and facts.dates.share >= 0.6 and not _BIRTH.search(column.name):
        return None
    if facts.phone >= 0.2:
        return "phone"
    if by_name:
        return "text" if column.mean_words >= PROSE else "name or address"
    if facts.address >= 0.3 and facts.different > 20:
        return "text" if column.mean_words >= PROSE else "address"
    if column.mean_words >= 4 and not _is_form(column):
        return "text"
    people = sum(bool(_PERSON.fullmatch(v)) for v in column.values)
    if column.values and len(column.values) > 20 and people >= 0.5 * len(column.values) and not facts.is_code:
        return "name or address"
    return None


def _is_form(column: ColumnProfile) -> bool:
    """Whether the values differ in their numbers alone, as ``0 Hari : 3 Jam`` does."""
    forms = {re.sub(r"\d+", "9", text) for text in column.values}
    return len(forms) <= max(3, 0.02 * len(column.values)) and column.seen >= 3 * len(forms)


def shape_of(text: str) -> str:
    """``text`` without what it says: 9 for a digit, a for a letter, A for a capital; at most 60 characters."""
    cut = re.sub(r"[^\W\d_]", lambda m: "A" if m[0].isupper() else "a", text[:60])
    return re.sub(r"\d", "9", "".join(c if c.isprintable() else " " for c in cut)) + ("…" if len(text) > 60 else "")


def plain(text: str, most: int = 60) -> str:
    """``text`` for a terminal or a comment: one line, numbers and addresses of people masked."""
    line = " ".join("".join(c if c.isprintable() else " " for c in mask(text)).split())
    return line[:most] + ("…" if len(line) > most else "")
