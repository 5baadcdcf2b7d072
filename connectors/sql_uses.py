"""What a channel file uses of each table of a database, by its mappings, their events and look-ups."""

from collections.abc import Iterable, Iterator

from schemas.mapping import EventMap, Mapping, column_maps
from schemas.sources import SourceBase

MappingOrEvents = Mapping | EventMap


def uses(source: SourceBase) -> list[MappingOrEvents]:
    """Every mapping of a source, those of events after their stream's."""
    found: list[MappingOrEvents] = []
    for mapping in source.streams.values():
        found += [mapping, *mapping.events]
    return found


def folded(name: str) -> str:
    """A column's name without what does not count: case, outer and doubled blanks."""
    return " ".join(name.split()).casefold()


def needed_columns(source: SourceBase, table: str) -> list[str]:
    """The columns of ``table`` that a load cannot do without: mapped ones, keys, and both sides of look-ups."""
    return [name for use in uses(source) for name in _needed(use, table)]


def zone_reminders(source: SourceBase, table: str, zoned: Iterable[str]) -> list[str]:
    """Lines that tell of columns of ``table`` that come in UTC and are mapped without a word of it."""
    known = {folded(name): name for name in zoned}
    silent = {name for use in uses(source) for name in _without_zone(use, table)} & set(known)
    return [
        f"{table}: {known[name]} comes in UTC; say so in the channel file (time_zone: UTC)" for name in sorted(silent)
    ]


def _needed(use: MappingOrEvents, table: str) -> list[str]:
    needed = [name for look in use.lookups.values() if look.table == table for name in (look.key, *look.columns)]
    if use.table != table:
        return needed
    mapped = [name for m in column_maps(use.columns).values() if not m.optional for name in m.origins]
    mapped += [*use.key, *(_of_source(use.complaint) if isinstance(use, EventMap) else ()), *use.lookups]
    added = {folded(name) for look in use.lookups.values() for name in look.columns.values()}
    return needed + [name for name in mapped if folded(name) not in added]


def _of_source(names: Iterable[str]) -> list[str]:
    """Without the columns that a shape makes."""
    return [name for name in names if not name.startswith("_")]


def _without_zone(use: MappingOrEvents, table: str) -> Iterator[str]:
    mapped = {folded(name) for m in column_maps(use.columns).values() if m.time_zone is None for name in m.origins}
    if use.table == table:
        yield from mapped
    for lookup in use.lookups.values():
        if lookup.table == table:
            yield from (folded(theirs) for theirs, ours in lookup.columns.items() if folded(ours) in mapped)
