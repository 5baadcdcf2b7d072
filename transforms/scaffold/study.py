"""Studies one source: chooses the table of complaints, and puts the guesses about it together."""

import re
from collections.abc import Iterable, Sequence

from schemas.reference import Reference
from transforms.scaffold.coding import CODED, code_lists, theirs_of
from transforms.scaffold.draft import Draft, NoComplaints, ShapeGuess
from transforms.scaffold.guess import Guess, Studied, guess_fields
from transforms.scaffold.leftovers import find_exclusions, ignored_columns, other_tables, remarks_on
from transforms.scaffold.names import FIELDS, NO_READ, base, folded, strength
from transforms.scaffold.places import RegionGuess, guess_region
from transforms.scaffold.profile import ColumnProfile
from transforms.scaffold.shapes import guess_shape, likeness
from transforms.scaffold.source import Source
from transforms.scaffold.tables import KeyGuess, LookupGuess, find_events, find_lookups, guess_key

_SURE = 0.6
NAMED = (*CODED, "district", "village")


def study(source: Source, wanted: str | None, reference: Reference) -> Draft:
    """The draft for the table ``wanted``, or for the one that looks most like complaints. Raises ``NoComplaints``."""
    main = _choose(source.tables, wanted)
    key = guess_key(main)
    fields = {g.field: g for g in guess_fields(main, skip=_not_read(main, key))}
    shape = guess_shape(main, fields, source)
    if shape is not None:
        key, fields = shape.key, _replaced(fields, shape)
    found = find_lookups(main, source.tables, key.columns, fields) if shape is None else list(shape.lookups)
    lookups = found if source.joins else []
    meanings = _told_in_full(found, fields, source)
    if "old_numbers" not in fields and "sp4n_id" not in fields and key.columns and (shape is None or not shape.only):
        fields["old_numbers"] = Guess("old_numbers", (key.columns[0],), "no ticket number; citizens hold the key")
    if "text" not in fields and "title" not in fields:
        raise NoComplaints(f"{main.profile.name}: no column holds words of citizens; name another table with --table")
    events = list(shape.events) if shape and shape.only else find_events(main, key, source.tables, lookups=source.joins)
    exclusions = (*find_exclusions(main, fields), *(shape.exclusions if shape else ()))
    codes, open_codes = code_lists(main, fields, lookups, events, meanings, source, reference)
    excluded = {(rule.column, label) for rule in exclusions if rule.active for label in rule.any_of}
    return Draft(
        table=main.profile.name,
        rows=main.profile.rows,
        key=key,
        fields=tuple(fields.values()),
        lookups=tuple(lookups),
        ignored=ignored_columns(main, _used(fields.values()) | set(key.columns), lookups, shape),
        events=tuple(events),
        event_ignored={
            e.table: ignored_columns(source.by_name[e.table], _used(e.fields) | {e.complaint, *e.key}, e.lookups, shape)
            for e in events
            if e.ignored is None
        },
        codes={
            f: tuple(c for c in listed if (fields[f].columns[0] if f in fields else "", c.label) not in excluded)
            for f, listed in codes.items()
        },
        open_codes=open_codes,
        exclusions=exclusions,
        region=_region(main, source, fields, lookups, reference),
        shape=shape,
        remarks=(
            *remarks_on(main, key),
            *(_not_joined(look) for look in found if not source.joins and _tells_more(look)),
        ),
        others=other_tables(source.tables, main, events, lookups),
    )


def _choose(tables: Sequence[Studied], wanted: str | None) -> Studied:
    if wanted is not None:
        return next(t for t in tables if t.profile.name == wanted)
    scored = [(likeness(table), -place, table) for place, table in enumerate(tables)]
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
    return hidden + numbers + _told_beside(table)


def _told_beside(table: Studied) -> list[str]:
    """Numbers of codes that an object beside them calls by name: ``kategori.id`` where there is ``kategori.nama``."""
    there = set(table.profile.columns)
    heads = {name.removesuffix(".id") for name in there if name.endswith(".id")}
    coded = [head for head in heads if any(strength(field, head, FIELDS) >= _SURE for field in NAMED)]
    return [f"{head}.id" for head in coded if any(f"{head}.{word}" in there for word in ("nama", "name", "label"))]


def _replaced(fields: dict[str, Guess], shape: ShapeGuess) -> dict[str, Guess]:
    """``fields`` as the shape has them, in the order of the known fields."""
    kept = {} if shape.only else {name: g for name, g in fields.items() if name not in shape.without}
    kept |= {guess.field: guess for guess in shape.fields}
    order = [name for name in FIELDS if name in kept]
    return {name: kept[name] for name in (*order, *kept)}


def _told_in_full(found: Sequence[LookupGuess], fields: dict[str, Guess], source: Source) -> dict[str, dict[str, str]]:
    """Let look-ups tell ``fields``; where the reader joins none, what each code is called."""
    meanings: dict[str, dict[str, str]] = {}
    for look in found:
        for guess in look.fields:
            if source.joins:
                fields[guess.field] = guess
            elif guess.field in CODED:
                meanings[guess.field] = source.labels(look.table, look.key, theirs_of(look, guess))
                fields[guess.field] = Guess(guess.field, (look.column,), f"{look.evidence}, which tells them in full")
    return meanings


def _used(fields: Iterable[Guess]) -> set[str]:
    return {column for guess in fields for column in guess.columns}


def _region(
    main: Studied, source: Source, fields: dict[str, Guess], lookups: Sequence[LookupGuess], reference: Reference
) -> RegionGuess:
    def column(name: str) -> ColumnProfile | None:
        return _column(main, source.by_name, fields.get(name), lookups)

    return guess_region(column("district"), column("village"), column("reporter_nik"), source.called, reference)


def _tells_more(look: LookupGuess) -> bool:
    return any(guess.field not in CODED for guess in look.fields)


def _not_joined(look: LookupGuess) -> str:
    told = ", ".join(guess.field for guess in look.fields)
    return f"{look.column} is a key of {look.table}, which tells {told}; this reader joins no tables, a view would"


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
