"""Guesses that carry their evidence, and the fields of one table of complaints."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from transforms.scaffold.codes import guess_status
from transforms.scaffold.dates import clock_format
from transforms.scaffold.facts import Facts, facts_of
from transforms.scaffold.names import EVENT_FIELDS, FIELDS, folded, strength
from transforms.scaffold.profile import ColumnProfile, TableProfile

_DATES = frozenset({"submitted_at", "incident_at", "version_at", "closed_at", "occurred_at"})
_LEAST = 0.55
_MOSTLY = 0.8

# How well values fit a field (None: not at all, 0.5: nothing against it), and in words.
Fit = tuple[float | None, str]


@dataclass(frozen=True)
class Guess:
    """A canonical field, the columns it is made of, and why."""

    field: str
    columns: tuple[str, ...]
    evidence: str
    formats: tuple[str, ...] = ()
    zoned: bool = False
    score: float = 0.0
    true: tuple[str, ...] = ()  # values that mean yes
    optional: bool = False  # may be absent


@dataclass
class Studied:
    """A table with what its columns say."""

    profile: TableProfile
    facts: dict[str, Facts] = field(default_factory=dict)

    @classmethod
    def of(cls, profile: TableProfile) -> "Studied":
        """Ask the values of every column."""
        return cls(profile, {name: facts_of(column) for name, column in profile.columns.items()})

    def column(self, name: str) -> ColumnProfile:
        """One column's profile."""
        return self.profile.columns[name]


def percent(share: float) -> str:
    """``98 %``; never 100 where something is missing, nor 0 where something is there."""
    if share <= 0 or share >= 1:
        return f"{share:.0%}".replace("%", " %")
    return f"{min(99, max(1, round(share * 100)))} %"


def guess_fields(table: Studied, skip: Iterable[str] = (), *, events: bool = False) -> list[Guess]:
    """The field that each column most likely holds, each field and column once; in the order of the fields."""
    known = EVENT_FIELDS if events else FIELDS
    scored = []
    for place, name in enumerate(table.profile.columns):
        if name in set(skip):
            continue
        for rank, target in enumerate(known):
            guess = _guess(target, table, name, known)
            if guess is not None and guess.score >= _LEAST:
                scored.append((-guess.score, rank, place, guess))
    fields: dict[str, Guess] = {}
    used: set[str] = set()
    for _, _, _, guess in sorted(scored, key=lambda item: item[:3]):
        if guess.field not in fields and not used & set(guess.columns):
            fields[guess.field] = guess
            used |= set(guess.columns)
    if not events:
        _take_any_text(table, fields, used | set(skip))
        _pair(fields)
        _hide(table, fields)
    _join_clock(table, fields, used)
    return [fields[name] for name in known if name in fields]


def _guess(target: str, table: Studied, name: str, known: dict[str, tuple[tuple[str, float], ...]]) -> Guess | None:
    column, facts = table.column(name), table.facts[name]
    sure = strength(target, name, known)
    if not column.filled:
        return Guess(target, (name,), "by its name; holds nothing yet", score=sure - 0.3) if sure >= 0.9 else None
    if target in _DATES:
        return _date(target, column, facts, sure)
    values, said = _value_evidence(target, column, facts)
    if values is None or (not sure and values < 0.6):
        return None
    score = (0.6 * sure if sure else 0.0) + 0.6 * values + (0.0 if sure else 0.1)
    because = f"by its name; {said}" if sure and said else said or "by its name"
    return Guess(target, (name,), because, score=score)


def _date(target: str, column: ColumnProfile, facts: Facts, sure: float) -> Guess | None:
    dates = facts.dates
    if not sure or dates is None:
        return None
    forms = ", ".join(dates.formats) or "ISO"
    sample = f" of a sample of {len(column.values)}" if column.is_sample else ""
    said = f"{percent(dates.share)}{sample} of {column.filled} values are dates ({forms})"
    said += "; day and month could be the other way round, look" if dates.ambiguous else ""
    said += "; a point in time, handed out in UTC" if column.zoned else ""
    return Guess(target, (column.name,), said, dates.formats, column.zoned, 0.6 * sure + 0.5 * dates.share)


def _value_evidence(target: str, column: ColumnProfile, facts: Facts) -> Fit:
    """How well the values fit a field that is no date."""
    if target not in _NOT_ASKED_FOR_DATES and facts.dates is not None and facts.dates.share >= 0.6:
        return None, ""
    return _FITS.get(target, _anything)(column, facts)


def _of(share: float, column: ColumnProfile, what: str) -> str:
    return f"{percent(share)} of {column.filled} values {what}"


def _nik(column: ColumnProfile, facts: Facts) -> Fit:
    overflown = 0.5 if facts.number >= 0.6 and column.mean_chars >= 9 else 0.0
    return max(facts.nik, overflown) or None, _of(facts.nik, column, "are valid NIK")


def _phone(column: ColumnProfile, facts: Facts) -> Fit:
    fits = facts.phone >= 0.2 and facts.nik < 0.5
    return facts.phone if fits else None, _of(facts.phone, column, "are phone numbers")


def _email(column: ColumnProfile, facts: Facts) -> Fit:
    return facts.email if facts.email >= 0.1 else None, _of(facts.email, column, "are e-mail addresses")


def _latitude(column: ColumnProfile, facts: Facts) -> Fit:
    return 0.5 if facts.latitude >= 0.5 else None, _of(facts.latitude, column, "lie in Indonesia or are 0")


def _longitude(column: ColumnProfile, facts: Facts) -> Fit:
    return 0.5 if facts.longitude >= 0.5 else None, _of(facts.longitude, column, "lie in Indonesia or are 0")


def _yes_no(column: ColumnProfile, facts: Facts) -> Fit:
    return 0.6 if facts.yes_no >= 0.9 else None, _of(facts.yes_no, column, "are yes or no")


def _files(column: ColumnProfile, facts: Facts) -> Fit:
    fits = max(facts.file, 0.4 if column.mean_words < 3 else 0.0)
    return min(fits, 0.7) or None, _of(facts.file, column, "are files or addresses")


def _number(column: ColumnProfile, facts: Facts) -> Fit:  # noqa: ARG001  all fits are asked alike
    fits = column.distinct >= 0.9 and column.mean_chars <= 40 and column.mean_words < 2
    return 0.6 if fits else None, _of(column.distinct, column, "are different")


def _prose(column: ColumnProfile, facts: Facts) -> Fit:  # noqa: ARG001
    words = column.mean_words
    return min(0.3 + words / 20, 1.0) if words >= 2 else None, f"{words:.0f} words on average"


def _title(column: ColumnProfile, facts: Facts) -> Fit:  # noqa: ARG001
    fits = 1.3 <= column.mean_words <= 25 and column.mean_chars <= 200
    return 0.5 if fits else None, f"{column.mean_words:.0f} words on average"


def _code(column: ColumnProfile, facts: Facts) -> Fit:
    few = facts.is_code or facts.different <= 0.02 * column.filled
    sure = 0.35 if facts.whole >= 0.9 else 0.5  # beside a column of words one of numbers is second
    return sure if few and column.mean_chars <= 80 else None, _different(column, facts)


def _status(column: ColumnProfile, facts: Facts) -> Fit:
    """A code; and whatever its name, a column of which nearly all words are known as states of a case."""
    values, said = _code(column, facts)
    known = sum(n for v, n in column.values.items() if v not in ("0", "1") and guess_status(v)[0]) / max(1, column.seen)
    if values is not None and facts.different > 1 and known >= _MOSTLY:
        return 0.8, f"{said}; {percent(known)} are words for the state of a case"
    return values, said


def _agency(column: ColumnProfile, facts: Facts) -> Fit:
    fits = facts.different <= 500 and column.mean_chars <= 80
    return 0.5 if fits else None, _different(column, facts)


def _place(column: ColumnProfile, facts: Facts) -> Fit:
    return 0.5 if column.mean_words <= 6 else None, _different(column, facts)


def _name(column: ColumnProfile, facts: Facts) -> Fit:
    fits = column.mean_words <= 6 and facts.number < 0.3 and column.mean_chars <= 60
    return 0.5 if fits else None, f"{column.mean_words:.0f} words on average"


def _address(column: ColumnProfile, facts: Facts) -> Fit:
    fits = 0.4 + 0.3 * facts.address if facts.number < 0.5 else None
    return fits, _of(facts.address, column, "look like an address")


def _actor(column: ColumnProfile, facts: Facts) -> Fit:
    return None if facts.whole >= 0.9 else 0.4, _different(column, facts)


def _account(column: ColumnProfile, facts: Facts) -> Fit:
    return None if facts.whole >= 0.9 else 0.5, _different(column, facts)


def _anything(column: ColumnProfile, facts: Facts) -> Fit:
    return 0.4, _different(column, facts)


def _different(column: ColumnProfile, facts: Facts) -> str:
    return different_values(facts.different, column.filled)


def different_values(count: int, filled: int) -> str:
    """``3 different values in 40``."""
    return f"the same value in all {filled}" if count == 1 else f"{count} different values in {filled}"


_NOT_ASKED_FOR_DATES = frozenset({"reporter_nik", "reporter_phone", "latitude", "longitude", "attachments"})
_FITS: dict[str, Callable[[ColumnProfile, Facts], Fit]] = {
    "reporter_nik": _nik, "reporter_phone": _phone, "reporter_email": _email, "latitude": _latitude,
    "longitude": _longitude, "is_anonymous": _yes_no, "is_confidential": _yes_no, "attachments": _files,
    "old_numbers": _number, "sp4n_id": _number, "text": _prose, "title": _title, "status": _status, "type": _code,
    "category": _code, "agency": _agency, "district": _place, "village": _place, "reporter_name": _name,
    "location": _address, "reporter_address": _address, "actor": _actor, "reporter_account": _account,
}  # fmt: skip


def _take_any_text(table: Studied, fields: dict[str, Guess], used: set[str]) -> None:
    """Without words there is no complaint: the wordiest column that is left is the text."""
    if "text" in fields:
        return
    left = [c for c in table.profile.columns.values() if c.name not in used and c.mean_words >= 3]
    if left:
        best = max(left, key=lambda c: c.mean_words)
        fields["text"] = Guess("text", (best.name,), f"the wordiest column: {best.mean_words:.0f} words on average")


def _pair(fields: dict[str, Guess]) -> None:
    """Half a coordinate is none."""
    if ("latitude" in fields) != ("longitude" in fields):
        fields.pop("latitude", None)
        fields.pop("longitude", None)


def _hide(table: Studied, fields: dict[str, Guess]) -> None:
    """A column of words for what is hidden, as SP4N-LAPOR! has it: ``Anonim``, ``Rahasia``, ``Anonim|Rahasia``."""
    for target, word in (("is_anonymous", "anonim"), ("is_confidential", "rahasia")):
        for name, column in table.profile.columns.items():
            said = [v for v in column.values if "anonim" in v.casefold() or "rahasia" in v.casefold()]
            marks = tuple(sorted(v for v in said if word in v.casefold()))
            short = column.mean_chars <= 30 and table.facts[name].is_code and column.mean_words <= 3
            if target not in fields and marks and short and len(said) >= 0.5 * len(column.values):
                count = sum(column.values[v] for v in marks)
                fields[target] = Guess(target, (name,), f"{count} of {column.filled} values say so", true=marks)


def _join_clock(table: Studied, fields: dict[str, Guess], used: set[str]) -> None:
    """A date whose time of day stands in a column of its own."""
    for target in sorted(_DATES & set(fields)):
        guess = fields[target]
        if len(guess.columns) != 1 or not _has_no_time(table.facts[guess.columns[0]]):
            continue
        words = set(folded(guess.columns[0]).split())
        for name, column in table.profile.columns.items():
            clock = clock_format(column) if name not in used else None
            near = set(folded(name).split()) & {"jam", "waktu", "time", "pukul"}
            if clock and near and (words & set(folded(name).split()) or len(words) == 1):
                days = guess.formats or ("%Y-%m-%d",)
                joined = tuple(f"{day} {clock}" for day in days) + days
                said = f"{guess.evidence}; the time of day stands in {name}"
                fields[target] = Guess(target, (guess.columns[0], name), said, joined, guess.zoned, guess.score)
                used.add(name)
                break


def _has_no_time(facts: Facts) -> bool:
    return facts.dates is not None and not facts.dates.has_time
