"""Joins columns of look-up tables into the tables that a source maps, as its mappings declare under ``lookups``.

A dump or database keeps ``id_kategori`` where a complaint should say its category. The look-up tables are read first
and kept in memory, for they are small; the mapped tables stream by. Works on the raw tables of any reader.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import pandas as pd

from connectors.base import ChannelError, RawTable
from connectors.files import mapped_tables, nearest
from schemas.mapping import EventMap, Lookup, Mapping
from schemas.sources import SourceBase

MOST_ROWS = 200_000  # of a look-up table

Read = Callable[[tuple[str, ...]], Iterator[RawTable]]


@dataclass(frozen=True)
class _Joined:
    """One declared look-up, and what it finds: rows by key, columns by the names they get."""

    column: str
    lookup: Lookup
    found: pd.DataFrame


def look_up_tables(source: SourceBase) -> tuple[str, ...]:
    """The tables that the look-ups of ``source`` name, each once."""
    return tuple(dict.fromkeys(lookup.table for pairs in _declared(source).values() for _, lookup in pairs))


def tables_that_tell(source: SourceBase, columns: Collection[str]) -> frozenset[str]:
    """Those of ``look_up_tables`` that a column of ``columns`` is taken from."""
    pairs = [pair for found in _declared(source).values() for pair in found]
    return frozenset(lookup.table for _, lookup in pairs if not set(lookup.columns.values()).isdisjoint(columns))


def joined_columns(source: SourceBase) -> frozenset[str]:
    """The columns that look-ups add: what they hold stands in other rows than the record."""
    pairs = [pair for found in _declared(source).values() for pair in found]
    return frozenset(ours for _, lookup in pairs for ours in lookup.columns.values())


def check_size(table: str, rows: int) -> None:
    """Raise ``ChannelError`` for a look-up table of more than ``MOST_ROWS`` rows."""
    if rows > MOST_ROWS:
        raise ChannelError(f"look-up table {table!r} has more than {MOST_ROWS} rows; map it as events instead")


def with_lookups(source: SourceBase, read: Read) -> Iterator[RawTable]:
    """The mapped tables of ``source`` with the columns that their look-ups add.

    ``read`` gives the raw tables of the names it is called with, anew with each call; it is called once more if there
    are look-ups. A value without a row in the look-up table gets NA and is told. Raises ``ChannelError`` for a look-up
    table without the columns that are declared, or with more than ``MOST_ROWS`` rows.
    """
    declared, wanted = _declared(source), look_up_tables(source)
    if not wanted:
        yield from read(mapped_tables(source))
        return
    tables, problems = _look_up_tables(wanted, read)
    joins, doubled = {}, []
    for table, pairs in declared.items():
        joins[table] = [_Joined(column, lookup, _by_key(lookup, tables[lookup.table])) for column, lookup in pairs]
        doubled += [text for _, lookup in pairs if (text := _doubled(lookup, tables[lookup.table]))]
    problems += tuple(dict.fromkeys(doubled))
    missed: dict[tuple[str, str], int] = {}
    for raw in read(mapped_tables(source)):
        yield replace(raw, frame=_extended(raw, joins.get(raw.table, []), missed), problems=(*raw.problems, *problems))
        problems = ()
    told = tuple(
        f"{table}.{column}: {count} values have no row in {_table_of(joins[table], column)}"
        for (table, column), count in missed.items()
        if count
    )
    if told or problems:
        table = next(iter(declared))
        yield RawTable(table, pd.DataFrame(columns=["_object", "_position"], dtype="str"), problems=(*problems, *told))


def _declared(source: SourceBase) -> dict[str, list[tuple[str, Lookup]]]:
    """Look-ups by mapped table, each once, in the order of the file."""
    declared: dict[str, list[tuple[str, Lookup]]] = {}
    for mapping in source.streams.values():
        maps: tuple[Mapping | EventMap, ...] = (mapping, *mapping.events)
        for one in maps:
            pairs = declared.setdefault(one.table, [])
            pairs += [pair for pair in one.lookups.items() if pair not in pairs]
    return {table: pairs for table, pairs in declared.items() if pairs}


def _look_up_tables(wanted: tuple[str, ...], read: Read) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in wanted}
    problems: list[str] = []
    for raw in read(wanted):
        frames[raw.table].append(raw.frame)
        problems += raw.problems
        if raw.unreadable:
            first = raw.unreadable[0]
            where = f"first at {first.object} {first.position}: {first.detail}"
            problems.append(f"{raw.table}: {len(raw.unreadable)} rows of this look-up table cannot be read ({where})")
        check_size(raw.table, sum(map(len, frames[raw.table])))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()}, tuple(dict.fromkeys(problems))


def _folded(values: "pd.Series[str]") -> "pd.Series[str]":
    return values.str.strip().str.casefold()


def _header(name: str, frame: pd.DataFrame) -> str | None:
    """The column of that name, whatever its case."""
    return next((str(column) for column in frame.columns if str(column).casefold() == name.casefold()), None)


def _by_key(lookup: Lookup, frame: pd.DataFrame) -> pd.DataFrame:
    headers = {name: _header(name, frame) for name in (lookup.key, *lookup.columns)}
    for name, header in headers.items():
        if header is None and len(frame):
            raise ChannelError(f"look-up table {lookup.table!r} has no column {name!r}{nearest(name, frame.columns)}")
    if not len(frame):
        return pd.DataFrame(columns=list(lookup.columns.values()), dtype="str")
    rows = frame[[headers[name] for name in lookup.columns]].set_axis(list(lookup.columns.values()), axis=1)
    rows.index = pd.Index(_folded(frame[headers[lookup.key]]))
    rows = rows[rows.index.notna()]
    return rows[~rows.index.duplicated()]


def _doubled(lookup: Lookup, frame: pd.DataFrame) -> str:
    header = _header(lookup.key, frame)
    if header is None:
        return ""
    keys = _folded(frame[header]).dropna()
    count = int(keys.duplicated().sum())
    return f"{lookup.table}.{lookup.key}: {count} keys come again; the first row of each is used" if count else ""


def _extended(raw: RawTable, joins: Iterable[_Joined], missed: dict[tuple[str, str], int]) -> pd.DataFrame:
    frame = raw.frame
    for join in joins:
        header = _header(join.column, frame)
        if header is None:
            if len(frame):
                near = nearest(join.column, frame.columns)
                raise ChannelError(f"table {raw.table!r} has no column {join.column!r} to look up{near}")
            keys = pd.Series(index=frame.index, dtype="str")
        else:
            keys = _folded(frame[header])
        at = join.found.index.get_indexer(pd.Index(keys))
        place = raw.table, join.column
        missed[place] = missed.get(place, 0) + int(((at < 0) & keys.notna().to_numpy()).sum())
        found = join.found.reset_index(drop=True).reindex(at).set_axis(frame.index)
        frame = frame.assign(**{str(name): found[name].astype("str") for name in found})
    own = [name for name in ("_object", "_position") if name in frame]
    return frame[[*(name for name in frame if name not in own), *own]]


def _table_of(joins: Iterable[_Joined], column: str) -> str:
    return ", ".join(dict.fromkeys(f"{j.lookup.table}.{j.lookup.key}" for j in joins if j.column == column))
