"""Puts the guesses about one source together: a draft of its channel file, each part with its evidence."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.channel import Channel
from schemas.reference import Reference
from transforms.scaffold.codes import MOST, CodeGuess, guess_codes, unknown_agencies
from transforms.scaffold.facts import personal_kind, plain
from transforms.scaffold.guess import Guess, Studied, guess_fields
from transforms.scaffold.names import DELETED, NO_READ, NOISE, TESTS, WHISTLEBLOWERS, base, folded
from transforms.scaffold.places import RegionGuess, guess_region
from transforms.scaffold.profile import ColumnProfile, coverage
from transforms.scaffold.tables import (
    EventGuess,
    KeyGuess,
    LookupGuess,
    complaint_score,
    find_events,
    find_lookups,
    guess_key,
)

_CODED = ("status", "type", "category", "agency")
Labels = Callable[[str, str, str], dict[str, str]]  # table, key, label → what each key is called


class NoComplaints(Exception):
    """No table of the source can hold complaints. One line."""


@dataclass(frozen=True)
class Ignored:
    """A column that no field takes, and what it seems to be."""

    column: str
    why: str
    personal: bool = False


@dataclass(frozen=True)
class ExclusionGuess:
    """A rule for what is no complaint. One that is not ``active`` is written as a comment."""

    rule: str
    column: str
    any_of: tuple[str, ...]
    pattern: str | None
    evidence: str
    active: bool


@dataclass(frozen=True)
class Draft:
    """All that a first channel file says of a source."""

    table: str
    rows: int
    key: KeyGuess
    fields: tuple[Guess, ...]
    lookups: tuple[LookupGuess, ...]
    ignored: tuple[Ignored, ...]
    events: tuple[EventGuess, ...]
    event_ignored: dict[str, tuple[Ignored, ...]]
    codes: dict[str, tuple[CodeGuess, ...]]
    open_codes: dict[str, str]  # field: why its list of labels is not written
    exclusions: tuple[ExclusionGuess, ...]
    region: RegionGuess
    remarks: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=())  # what became of the other tables


def study(
    tables: Sequence[Studied],
    wanted: str | None,
    called: Sequence[str],
    reference: Reference,
    labels: Labels,
    *,
    joins: bool,
) -> Draft:
    """The draft for ``wanted``, or for the table that looks most like one of complaints.

    ``called`` is what source and tables are called; ``labels`` reads a look-up table; ``joins`` tells whether
    the reader joins look-up tables in. Raises ``NoComplaints``.
    """
    main = _choose(tables, wanted)
    key = guess_key(main)
    direct = {g.field: g for g in guess_fields(main, skip=_not_read(main, key))}
    lookups = find_lookups(main, tables, key.columns, direct)
    meanings = {
        g.field: labels(look.table, look.key, _theirs(look, g))
        for look in lookups
        for g in look.fields
        if g.field in _CODED and not joins
    }
    fields = dict(direct)
    for look in lookups:
        for guess in look.fields:
            if joins:
                fields[guess.field] = guess
            elif guess.field in _CODED:
                fields[guess.field] = Guess(guess.field, (look.column,), f"{look.evidence}, which tells them in full")
    if "old_numbers" not in fields and key.columns:
        fields["old_numbers"] = Guess("old_numbers", (key.columns[0],), "no ticket number; citizens hold the key")
    if "text" not in fields and "title" not in fields:
        raise NoComplaints(f"{main.profile.name}: no column holds words of citizens; name another table with --table")
    events = find_events(main, key, tables, lookups=joins)
    by_name = {t.profile.name: t for t in tables}
    exclusions = _exclusions(main, fields)
    codes, open_codes = _codes(main, by_name, fields, lookups if joins else [], events, meanings, labels, reference)
    excluded = {(rule.column, label) for rule in exclusions if rule.active for label in rule.any_of}
    codes = {
        f: tuple(c for c in found if (fields[f].columns[0] if f in fields else "", c.label) not in excluded)
        for f, found in codes.items()
    }
    return Draft(
        table=main.profile.name,
        rows=main.profile.rows,
        key=key,
        fields=tuple(fields.values()),
        lookups=tuple(lookups) if joins else (),
        ignored=_ignored(
            main, {c for g in fields.values() for c in g.columns} | set(key.columns), lookups if joins else []
        ),
        events=tuple(events),
        event_ignored={
            e.table: _ignored(
                by_name[e.table], {c for g in e.fields for c in g.columns} | {e.complaint, *e.key}, e.lookups
            )
            for e in events
        },
        codes=codes,
        open_codes=open_codes,
        exclusions=exclusions,
        region=_region(main, by_name, fields, lookups if joins else [], called, reference),
        remarks=(*_remarks(main, key), *(_not_joined(look) for look in lookups if not joins and _tells_more(look))),
        others=_others(tables, main, events, lookups if joins else ()),
    )


def _theirs(look: LookupGuess, guess: Guess) -> str:
    return next(theirs for theirs, here in look.columns.items() if here == guess.columns[0])


def _choose(tables: Sequence[Studied], wanted: str | None) -> Studied:
    if wanted is not None:
        return next(t for t in tables if t.profile.name == wanted)
    scored = [(complaint_score(table), -place, table) for place, table in enumerate(tables)]
    best = max(scored, key=lambda item: item[:2], default=None)
    if best is None or best[0] == 0:
        raise NoComplaints("no table looks like one of complaints; name it with --table")
    return best[2]


def _not_read(table: Studied, key: KeyGuess) -> list[str]:
    """Columns that no field takes: secrets, and a key that is no ticket number."""
    hidden = [n for n in table.profile.columns if any(re.search(p, folded(n)) for p, _ in NO_READ)]
    numbers = [
        n
        for n in key.columns
        if table.facts[n].whole >= 0.9 and folded(n) in ("id", f"id {base(table.profile.name)}", "no")
    ]
    return hidden + numbers


def _ignored(table: Studied, used: set[str], lookups: Sequence[LookupGuess]) -> tuple[Ignored, ...]:
    found = []
    looked_up = {look.column: look.table for look in lookups}
    for name, column in table.profile.columns.items():
        if name in used:
            continue
        why, personal = _why(name, column, table, looked_up)
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
    return f"{facts.different} different values in {column.filled}", False


def _codes(
    main: Studied,
    tables: dict[str, Studied],
    fields: dict[str, Guess],
    lookups: Sequence[LookupGuess],
    events: Sequence[EventGuess],
    meanings: dict[str, dict[str, str]],
    labels: Labels,
    reference: Reference,
) -> tuple[dict[str, tuple[CodeGuess, ...]], dict[str, str]]:
    codes: dict[str, tuple[CodeGuess, ...]] = {}
    open_: dict[str, str] = {}
    for name in _CODED:
        counts: dict[str, int] = {}
        for table, guess, looks in [
            (main, fields.get(name), lookups),
            *(
                (
                    tables[e.table],
                    next((g for g in (*e.fields, *(x for k in e.lookups for x in k.fields)) if g.field == name), None),
                    e.lookups,
                )
                for e in events
            ),
        ]:
            for text, count in _counts(table, guess, looks, labels).items():
                counts[text] = counts.get(text, 0) + count
        if name == "agency" and counts:
            counts = {label: counts[label] for label in unknown_agencies(sorted(counts), _nameless(), reference)}
        if len(counts) > MOST:
            open_[name] = f"{len(counts)} different labels: too many for a list; is the column mapped right?"
        elif counts:
            codes[name] = tuple(guess_codes(name, counts, reference, meanings.get(name)))
    return codes, open_


def _counts(table: Studied, guess: Guess | None, lookups: Sequence[LookupGuess], labels: Labels) -> dict[str, int]:
    """The labels of a field with their counts; of one that is looked up the labels that the look-up tells."""
    if guess is None:
        return {}
    look = next((look for look in lookups if guess in look.fields), None)
    if look is None:
        column = table.profile.columns.get(guess.columns[0])
        return column.values if column else {}
    told = {key.strip().casefold(): label for key, label in labels(look.table, look.key, _theirs(look, guess)).items()}
    counts: dict[str, int] = {}
    for key, count in table.column(look.column).values.items():
        if label := told.get(key.casefold()):
            counts[label] = counts.get(label, 0) + count
    return counts


def _column(
    table: Studied, tables: dict[str, Studied], guess: Guess | None, lookups: Sequence[LookupGuess]
) -> ColumnProfile | None:
    if guess is None:
        return None
    for look in lookups:
        theirs = next((t for t, here in look.columns.items() if here == guess.columns[0]), None)
        if theirs is not None and guess in look.fields:
            return tables[look.table].column(theirs)
    return table.profile.columns.get(guess.columns[0])


def _nameless() -> Channel:
    """A channel without lists of its own, to ask what is known without any."""
    mapping = {"table": "t", "columns": {"text": "t"}}
    return Channel.model_validate(
        {
            "id": "draft", "title": "", "government": "draft", "owner": "", "region": "11", "time_zone": "Asia/Jakarta",
            "live": False, "streams": {"complaints": {"title": "", "key": "content"}},
            "sources": {"draft": {"reader": "sheet", "path": "", "streams": {"complaints": mapping}}},
        }
    )  # fmt: skip


def _exclusions(main: Studied, fields: dict[str, Guess]) -> tuple[ExclusionGuess, ...]:
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


def _region(
    main: Studied,
    tables: dict[str, Studied],
    fields: dict[str, Guess],
    lookups: Sequence[LookupGuess],
    called: Sequence[str],
    reference: Reference,
) -> RegionGuess:
    def column(name: str) -> ColumnProfile | None:
        return _column(main, tables, fields.get(name), lookups)

    return guess_region(column("district"), column("village"), column("reporter_nik"), called, reference)


def _tells_more(look: LookupGuess) -> bool:
    return any(guess.field not in _CODED for guess in look.fields)


def _not_joined(look: LookupGuess) -> str:
    told = ", ".join(guess.field for guess in look.fields)
    return f"{look.column} is a key of {look.table}, which tells {told}; this reader joins no tables, a view would"


def _remarks(main: Studied, key: KeyGuess) -> tuple[str, ...]:
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


def _others(
    tables: Sequence[Studied], main: Studied, events: Sequence[EventGuess], lookups: Sequence[LookupGuess]
) -> tuple[str, ...]:
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
