"""What normalising takes: raw tables as the readers parse them, and how columns are found in them.

The classes mirror ``connectors.base`` without importing it, for rooms side by side do not know each other.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
import pandas as pd
from rapidfuzz import fuzz, process

from schemas.mapping import ColumnMap, EventMap, Mapping, column_maps
from transforms.normalise.values import fold

OWN = ("_object", "_position")


@dataclass(frozen=True)
class RawFrame:
    """Raw records of one table (or a chunk of it): text columns, with ``_object`` and ``_position``."""

    table: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class AbsentColumn:
    """A source column that a mapping needs and that did not come, and the unused header that is most like it."""

    table: str
    column: str
    nearest: str | None

    def __str__(self) -> str:
        hint = f"; nearest: {self.nearest}" if self.nearest else ""
        return f"{self.table}.{self.column} (absent{hint})"


@dataclass(frozen=True)
class UnreadablePiece:
    """A piece of the source that could not be read: where it lies, what is wrong (no personal values), its bytes."""

    table: str
    object: str
    position: str
    detail: str
    raw: bytes


def declared(mapping: Mapping | EventMap) -> list[str]:
    """Source columns that a mapping uses, each once."""
    optional = [c for m in column_maps(mapping.columns).values() if m.optional for c in m.origins]
    return list(dict.fromkeys([*_needed(mapping), *optional]))


def _needed(mapping: Mapping | EventMap) -> list[str]:
    """Source columns without which a mapping is wrong: those of fields, unless optional, of keys and of conditions."""
    added = _looked_up(mapping)
    used = [c for m in column_maps(mapping.columns).values() if not m.optional for c in m.origins]
    used += [*mapping.key, *(c for c in mapping.lookups if c not in added)]
    if isinstance(mapping, EventMap):
        return [*used, *(c for c in mapping.complaint if not c.startswith("_"))]  # those are made by shapes
    return used + [c.column for e in mapping.exclude for c in (e.when, e.unless) if c]


def gather(mapping: Mapping | EventMap, tables: Sequence[RawFrame]) -> pd.DataFrame:
    """All chunks of the mapping's table in order. Headers are found without regard to case and blanks."""
    wanted = [*declared(mapping), *mapping.ignore]
    frames = [_rename(t.frame, wanted) for t in tables if t.table == mapping.table]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({c: [] for c in OWN}, dtype="str")


def schema_drift(mappings: Sequence[Mapping | EventMap], tables: Sequence[RawFrame]) -> tuple[str, ...]:
    """What came and was not expected, and what was expected and did not come, sorted.

    'table.column' is neither mapped nor ignored by any mapping, 'table.*' is a table that none reads, 'table (absent)'
    did not come at all, 'table.column (absent)' or 'table.column (absent; nearest: header)' is an ``AbsentColumn``.
    """
    drift = {str(absent) for absent in absent_columns(mappings, tables)}
    for table in {m.table for m in mappings} | {t.table for t in tables}:
        readers = [m for m in mappings if m.table == table]
        if not readers:
            drift.add(f"{table}.*")
        elif all(t.table != table for t in tables):
            drift.add(f"{table} (absent)")
        else:
            drift |= {f"{table}.{c}" for c in _came(table, readers, tables) - _expected(readers)}
    return tuple(sorted(drift))


def absent_columns(mappings: Sequence[Mapping | EventMap], tables: Sequence[RawFrame]) -> list[AbsentColumn]:
    """The columns that did not come, by table and column. A table without rows lacks none: it may have no columns.

    Nor is 'a.b' absent where 'a', the object around it, came and was empty in every row.
    """
    absent = []
    for table in sorted({t.table for t in tables if len(t.frame)}):
        readers = [m for m in mappings if m.table == table]
        came = _came(table, readers, tables)
        unused = {fold(c): c for c in sorted(came - {c for m in readers for c in declared(m)} - set(OWN))}
        for column in sorted({c for m in readers for c in _needed(m)} - came):
            if _is_in_empty_object(column, [t.frame for t in tables if t.table == table]):
                continue
            near = process.extractOne(fold(column), list(unused), scorer=fuzz.ratio, score_cutoff=60)
            absent.append(AbsentColumn(table, column, unused[near[0]] if near else None))
    return absent


def _came(table: str, readers: Sequence[Mapping | EventMap], tables: Sequence[RawFrame]) -> set[str]:
    """The columns of all chunks of a table, by the names that its readers have for them."""
    expected = _expected(readers)
    return {c for t in tables if t.table == table for c in _rename(t.frame, expected).columns}


def _is_in_empty_object(column: str, frames: Sequence[pd.DataFrame]) -> bool:
    parents = {column[: dot.start()] for dot in re.finditer(r"\.(?=\S)", column)}
    cells = [frame[name] for frame in frames for name in parents & set(frame.columns)]
    return bool(cells) and all((c.isna() | c.eq("[]")).all() for c in cells)  # [] is PHP's empty object


def _expected(readers: Sequence[Mapping | EventMap]) -> set[str]:
    return {c for m in readers for c in (*declared(m), *m.ignore, *m.lookups, *_looked_up(m))} | set(OWN)


def _looked_up(mapping: Mapping | EventMap) -> set[str]:
    """The columns that look-up tables add."""
    return {new for lookup in mapping.lookups.values() for new in lookup.columns.values()}


def _rename(frame: pd.DataFrame, wanted: Iterable[str]) -> pd.DataFrame:
    folded: dict[str, list[str]] = {}
    for name in frame.columns:
        folded.setdefault(fold(name), []).append(name)
    missing = [w for w in wanted if w not in frame.columns]
    return frame.rename(columns={folded[fold(w)][0]: w for w in missing if len(folded.get(fold(w), [])) == 1})


def pick(frame: pd.DataFrame, origin: ColumnMap, null_tokens: Sequence[str]) -> pd.Series:
    """The raw texts that a canonical field comes from, stripped; null where empty or a null token."""
    if origin.value is not None:
        return pd.Series(origin.value, index=frame.index, dtype="str")
    parts = [column(frame, name, null_tokens) for name in origin.origins]
    if len(parts) == 1:
        return parts[0]
    joined = join([p.fillna("") for p in parts], " ").str.split().str.join(" ")
    return joined.mask(joined.eq(""))


def join(parts: Sequence[pd.Series], separator: str) -> pd.Series:
    """Texts side by side; null where any part is null."""
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + separator + part
    return joined.astype("str")


def column(frame: pd.DataFrame, name: str, null_tokens: Sequence[str] = ()) -> pd.Series:
    """One source column, stripped; null where absent, empty or a null token (case does not count)."""
    if name not in frame.columns:
        return pd.Series(None, index=frame.index, dtype="str")
    stripped = frame[name].astype("str").str.strip()
    tokens = {"", *(t.strip().casefold() for t in null_tokens)}
    return stripped.mask(stripped.str.casefold().isin(tokens))


def raw_json(frame: pd.DataFrame) -> pd.Series:
    """Each row as the JSON object of its source columns, keys sorted, nulls left out.

    Goes row by row: the keys differ from row to row.
    """
    names = sorted(c for c in frame.columns if c not in OWN)
    cells = frame[names].astype(object)
    rows = cells.where(cells.notna(), None).to_numpy(dtype=object).tolist()
    texts = [orjson.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None}).decode() for row in rows]
    return pd.Series(texts, index=frame.index, dtype="str")
