"""Which table holds the complaints, which tables answer them, which tell their codes in full, and what the key is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transforms.scaffold.guess import Guess, Studied, guess_fields, percent
from transforms.scaffold.names import (
    COMPLAINTS,
    FIELDS,
    HISTORY,
    LABEL,
    NO_COMPLAINTS,
    PEOPLE,
    REMARKS,
    WHISTLEBLOWERS,
    base,
    folded,
    single,
    strength,
)
from transforms.scaffold.profile import coverage

MOST_LOOKED_UP = 200_000  # rows, as connectors.lookups takes them
_CODED = ("category", "agency", "status", "type", "district", "village")
_PERSONAL = ("reporter_name", "reporter_nik", "reporter_phone", "reporter_email", "reporter_address")
_ACTORS = r"petugas|user|admin|pegawai|operator|officer"


@dataclass(frozen=True)
class LookupGuess:
    """A column whose values another table tells in full, and the fields that this gives."""

    column: str
    table: str
    key: str
    columns: dict[str, str]  # theirs: the name they get here
    fields: tuple[Guess, ...]
    evidence: str


@dataclass(frozen=True)
class KeyGuess:
    """The natural key; without columns the content is the key."""

    columns: tuple[str, ...]
    evidence: str


@dataclass(frozen=True)
class EventGuess:
    """A table of answers or status changes."""

    table: str
    complaint: str
    key: tuple[str, ...]
    kind: str
    fields: tuple[Guess, ...]
    lookups: tuple[LookupGuess, ...]
    evidence: str
    ignored: tuple[str, ...] | None = None  # None: all columns that no field takes


def complaint_score(table: Studied) -> float:
    """How much a table looks like one of complaints; 0 for one that cannot be."""
    profile = table.profile
    if profile.is_view or not profile.rows:
        return 0.0
    fields = {guess.field: guess for guess in guess_fields(table)}
    if "text" not in fields and "title" not in fields:
        return 0.0
    words = max((c.mean_words for c in profile.columns.values()), default=0.0)
    name = base(profile.name)
    score = min(words, 20) / 10 + 0.3 * len(fields)
    score += 2.0 if re.search(COMPLAINTS, name) else 0.0
    score -= 3.0 if re.search(NO_COMPLAINTS, name) else 0.0
    score -= 4.0 if re.search(WHISTLEBLOWERS, name) else 0.0
    score += 1.0 if "submitted_at" in fields else 0.0
    score += 1.0 if {"reporter_phone", "reporter_nik", "reporter_name"} & set(fields) else 0.0
    return max(score, 0.01)


def guess_key(table: Studied) -> KeyGuess:
    """The key that the source declares, else a column of names and values as keys have them, else the content."""
    profile = table.profile
    if profile.primary_key:
        return KeyGuess(profile.primary_key, "declared as the primary key")
    found: list[tuple[float, int, str]] = []
    for place, (name, column) in enumerate(profile.columns.items()):
        facts = table.facts[name]
        is_number = bool(re.fullmatch(r"no|nomor|nr|num|row|baris|urut|no urut", folded(name)))
        if column.fill < 0.95 or column.distinct < 0.9 or column.mean_words >= 2 or column.mean_chars > 40:
            continue
        if is_number and facts.counted:  # begins anew in each file
            continue
        if (facts.dates and facts.dates.share > 0.5) or facts.phone > 0.2 or facts.nik > 0.2 or facts.email > 0.2:
            continue
        says = strength("old_numbers", name, FIELDS)
        says = max(
            says, 0.9 if re.search(r"^id$|^uid$|^uuid$|\bid\b|^kode\b|^no\b|^nomor\b|\bkey\b", folded(name)) else 0
        )
        if says:
            found.append((-(says + column.distinct), place, name))
    if not found:
        return KeyGuess((), "no column numbers the records; the content is the key, so updates cannot be followed")
    name = min(found)[2]
    column = profile.columns[name]
    unique = len(column.values) == column.seen and column.fill == 1
    said = (
        "each value once"
        if unique
        else f"{percent(column.distinct)} of {column.filled} values are different, {column.rows - column.filled} empty"
    )
    return KeyGuess((name,), said + (" (of a sample)" if column.is_sample else ""))


def find_lookups(
    table: Studied, others: Sequence[Studied], key: Sequence[str], taken: Mapping[str, Guess], *, events: bool = False
) -> list[LookupGuess]:
    """Columns of ``table`` that are keys of small tables, where that tells a field that ``taken`` has not."""
    found: list[LookupGuess] = []
    told = {name for name, guess in taken.items() if not _is_id(table, guess)}
    used = set(table.profile.columns)
    for name, column in table.profile.columns.items():
        if name in key or not column.filled:
            continue
        for other in others:
            if other.profile.name == table.profile.name or not 0 < other.profile.rows <= MOST_LOOKED_UP:
                continue
            at = _key_of(other)
            if at is None or not _relates(name, other.profile.name, at):
                continue
            share = coverage(column, other.column(at))
            if share < 0.8:
                continue
            guesses = _told_by(other, at, name, events=events)
            guesses = [g for g in guesses if g.field not in told]
            if not guesses:
                continue
            told |= {g.field for g in guesses}
            here = {g.columns[0]: _free(g.columns[0], other.profile.name, used) for g in guesses}
            used |= set(here.values())
            renamed = tuple(
                Guess(g.field, (here[g.columns[0]],), f"{g.evidence}, from {other.profile.name}") for g in guesses
            )
            said = f"{percent(share)} of its different values are in {other.profile.name}.{at}"
            found.append(LookupGuess(name, other.profile.name, at, here, renamed, said))
            break
    return found


def _is_id(table: Studied, guess: Guess) -> bool:
    facts = table.facts.get(guess.columns[0])
    return guess.field in _CODED and facts is not None and facts.whole >= 0.9


def _key_of(other: Studied) -> str | None:
    if len(other.profile.primary_key) == 1:
        return other.profile.primary_key[0]
    for keys in other.profile.unique_keys:
        if len(keys) == 1:
            return keys[0]
    return next((c.name for c in other.profile.columns.values() if c.distinct == 1 and c.fill == 1), None)


def _relates(column: str, table: str, key: str) -> bool:
    if folded(column) == folded(key) and folded(key) not in ("id", "no", "nomor", "nama", "name"):
        return True
    words = [w for w in folded(column).split() if w not in ("id", "kode", "kd", "fk", "no")]
    plain = " ".join(words)
    return bool(plain) and single(plain) == base(table)


def _told_by(other: Studied, key: str, column: str, *, events: bool) -> list[Guess]:
    name = base(other.profile.name)
    label = _label(other, key)
    if events:
        if label and re.search(_ACTORS, name):
            return [Guess("actor", (label,), "who each number is")]
        coded: tuple[str, ...] = ("agency", "status")
    elif re.search(PEOPLE, name):
        return [g for g in guess_fields(other, skip=[key]) if g.field in _PERSONAL and len(g.columns) == 1]
    else:
        coded = _CODED
    sure = [
        (strength(f, said, FIELDS), f)
        for f in coded
        for said in (name, " ".join(w for w in folded(column).split() if w != "id"))
    ]
    best = max(sure, key=lambda pair: pair[0], default=(0.0, ""))
    return [Guess(best[1], (label,), "what each code is called")] if label and best[0] >= 0.6 else []


def _label(other: Studied, key: str) -> str | None:
    texts = [n for n in other.profile.columns if n != key and other.facts[n].number < 0.5 and other.column(n).filled]
    named = [n for n in texts if re.search(LABEL, folded(n))] or [
        n for n in texts if base(other.profile.name) in folded(n)
    ]
    return next(iter(named or texts), None)


def _free(name: str, table: str, used: set[str]) -> str:
    return name if name not in used else f"{table}.{name}"


def find_events(table: Studied, key: KeyGuess, others: Sequence[Studied], *, lookups: bool) -> list[EventGuess]:
    """Tables whose rows answer complaints or tell their status: they name the key, and hold words or a status."""
    if len(key.columns) != 1:
        return []
    found = []
    for other in others:
        profile = other.profile
        if (
            profile.name == table.profile.name
            or profile.is_view
            or not profile.rows
            or re.search(WHISTLEBLOWERS, base(profile.name))
        ):
            continue
        link = _link(table, key.columns[0], other)
        if link is None:
            continue
        name, share = link
        own = profile.primary_key
        fields = guess_fields(other, skip=[name, *own], events=True)
        if not {"text", "status"} & {g.field for g in fields}:
            continue
        told = find_lookups(other, others, [name, *own], {g.field: g for g in fields}, events=True) if lookups else []
        told = [one for one in told if one.table != table.profile.name]
        there = base(profile.name)
        kind = "note" if re.search(REMARKS, there) else "status" if re.search(HISTORY, there) else "answer"
        said = f"{percent(share)} of the different values of {name} are keys of {table.profile.name}"
        found.append(EventGuess(profile.name, name, own, kind, tuple(fields), tuple(told), said))
    return found


def _link(table: Studied, key: str, other: Studied) -> tuple[str, float] | None:
    """The column of ``other`` that holds keys of ``table``, and the share of its values that do."""
    best: tuple[bool, float, str] | None = None
    for name, column in other.profile.columns.items():
        if not column.filled or (name,) == other.profile.primary_key:
            continue
        text = folded(name)
        same = text == folded(key) and text != "id"
        names_it = base(table.profile.name) in text or bool(re.search(rf"\b(?:{COMPLAINTS})\b", text))
        if not same and not (names_it and other.facts[name].dates is None and column.mean_words < 2):
            continue
        share = coverage(column, table.column(key))
        if share >= 0.7 and (best is None or (same, share) > best[:2]):
            best = same, share, name
    return (best[2], best[1]) if best else None
