"""What is said of columns that no field takes, of rows that may be no complaints, and of the other tables."""

import re
from collections.abc import Sequence

from transforms.scaffold.draft import ExclusionGuess, Ignored, ShapeGuess
from transforms.scaffold.facts import personal_kind, plain
from transforms.scaffold.guess import Guess, Studied, different_values
from transforms.scaffold.names import DELETED, NO_READ, NOISE, TESTS, WHISTLEBLOWERS, base, folded, says_person
from transforms.scaffold.profile import ColumnProfile, coverage
from transforms.scaffold.tables import EventGuess, KeyGuess, LookupGuess, complaint_score


def ignored_columns(
    table: Studied, used: set[str], lookups: Sequence[LookupGuess], shape: ShapeGuess | None = None
) -> tuple[Ignored, ...]:
    """The columns that are not ``used``, each with what it seems to be; those that a shape reads say so."""
    found = []
    looked_up = {look.column: look.table for look in lookups}
    for name, column in table.profile.columns.items():
        if name in used:
            continue
        why, personal = _why(name, column, table, looked_up)
        if shape is not None:
            named = shape.only and says_person(name) and column.filled > 0
            personal = name in shape.personal or (name not in shape.reads and (personal or named))
            why = f"read by {shape.name}" if name in shape.reads else why
        found.append(Ignored(name, why, personal))
    return tuple(found)


def _why(name: str, column: ColumnProfile, table: Studied, looked_up: dict[str, str]) -> tuple[str, bool]:
    for pattern, why in NO_READ:
        if re.search(pattern, folded(name)):
            return why, True
    if name in looked_up:
        return f"looked up in {looked_up[name]}", False
    if not column.filled:
        return "holds nothing", False
    facts = table.facts[name]
    kind = personal_kind(facts, column, by_name=False)
    if kind:
        return f"seems to hold {kind} of persons" if kind != "text" else "holds words", True
    if facts.dates and facts.dates.share > 0.6:
        return "holds dates", False
    return different_values(facts.different, column.filled), False


def find_exclusions(main: Studied, fields: dict[str, Guess]) -> tuple[ExclusionGuess, ...]:
    """Rules for calls that are no complaint, and candidates: what seems deleted, or a test."""
    found: list[ExclusionGuess] = []
    for guess in (fields[f] for f in ("type", "category", "status") if f in fields):
        column = main.profile.columns.get(guess.columns[0])
        for rule, pattern in NOISE.items():
            labels = {v: n for v, n in (column.values if column else {}).items() if re.fullmatch(pattern, v.casefold())}
            if labels:
                said = f"{sum(labels.values())} rows: calls that are no complaint"
                found.append(ExclusionGuess(rule, guess.columns[0], tuple(sorted(labels)), None, said, active=True))
    for name, column in main.profile.columns.items():
        if re.search(DELETED, folded(name)) and column.filled and main.facts[name].is_code:
            marks = tuple(
                v for v, _ in column.common(20) if v.casefold() not in ("0", "false", "tidak", "n", "no", "f")
            )
            count = sum(column.values[mark] for mark in marks)
            if marks:
                found.append(
                    ExclusionGuess("deleted", name, marks, None, f"{count} rows seem to be deleted", active=False)
                )
    for guess in (fields[f] for f in ("title", "text") if f in fields):
        column = main.profile.columns.get(guess.columns[0])
        count = sum(n for v, n in (column.values if column else {}).items() if re.search(TESTS, v, re.IGNORECASE))
        if count:
            found.append(
                ExclusionGuess(
                    "test_entry", guess.columns[0], (), TESTS, f"{count} rows begin like a test", active=False
                )
            )
    return tuple(found)


def remarks_on(main: Studied, key: KeyGuess) -> tuple[str, ...]:
    """What a person should know of the table: rows that answer other rows, and what the source says of columns."""
    said = []
    if len(key.columns) == 1:
        own = main.column(key.columns[0])
        for name, column in main.profile.columns.items():
            text = folded(name)
            names_it = base(main.profile.name) in text or text.startswith("parent")
            if (
                name != own.name
                and names_it
                and main.facts[name].whole > 0.9
                and column.filled
                and coverage(column, own) > 0.8
            ):
                said.append(
                    f"{name} holds keys of this same table: {column.filled} rows may be replies, not complaints"
                )
    said += [
        f"{name}: the source says {plain(c.comment, 120)!r}" for name, c in main.profile.columns.items() if c.comment
    ]
    return tuple(said)


def other_tables(
    tables: Sequence[Studied], main: Studied, events: Sequence[EventGuess], lookups: Sequence[LookupGuess]
) -> tuple[str, ...]:
    """What became of every table but ``main``."""
    said = []
    answers = {e.table for e in events}
    looked = {look.table for look in lookups} | {look.table for e in events for look in e.lookups}
    for table in tables:
        profile, score = table.profile, complaint_score(table)
        if profile.name == main.profile.name:
            continue
        if profile.name in answers | looked:
            what = "answers" if profile.name in answers else "looked up"
        elif re.search(WHISTLEBLOWERS, base(profile.name)):
            what = "reports of whistle-blowers: a stream of their own, with whistleblowing: true"
        elif profile.is_view:
            what = "a view"
        elif score > 3:
            what = "may hold complaints too: scaffold it with --table"
        else:
            what = "not read"
        said.append(f"{profile.name} ({profile.rows} rows): {what}")
    return tuple(said)
