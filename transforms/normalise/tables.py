"""What normalising takes: raw tables as the readers parse them, and how columns are found in them.

The classes mirror ``connectors.base`` without importing it, for rooms side by side do not know each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
import pandas as pd

from schemas.channel import ColumnMap, EventMap, Mapping, column_maps
from transforms.normalise.values import fold

OWN = ("_object", "_position")


@dataclass(frozen=True)
class RawFrame:
    """Raw records of one table (or a chunk of it): text columns, with ``_object`` and ``_position``."""

    table: str
    frame: pd.DataFrame


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
    used = [c for m in column_maps(mapping.columns).values() for c in m.origins] + list(mapping.key)
    if isinstance(mapping, EventMap):
        used += mapping.complaint
    else:
        used += [c.column for e in mapping.exclude for c in (e.when, e.unless) if c]
    return list(dict.fromkeys(used))


def gather(mapping: Mapping | EventMap, tables: Sequence[RawFrame]) -> pd.DataFrame:
    """All chunks of the mapping's table in order. Headers are found without regard to case and blanks."""
    wanted = [*declared(mapping), *mapping.ignore]
    frames = [_rename(t.frame, wanted) for t in tables if t.table == mapping.table]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({c: [] for c in OWN}, dtype="str")


def schema_drift(mappings: Sequence[Mapping | EventMap], tables: Sequence[RawFrame]) -> tuple[str, ...]:
    """What came and was not expected, and what was expected and did not come, sorted.

    'table.column' is neither mapped nor ignored by any mapping, 'table.*' is a table that none reads, 'table.column
    (absent)' is mapped, 'table (absent)' did not come at all. A table without rows may lack columns.
    """
    drift = set[str]()
    for table in {m.table for m in mappings} | {t.table for t in tables}:
        readers = [m for m in mappings if m.table == table]
        frames = [t.frame for t in tables if t.table == table]
        used = {c for m in readers for c in declared(m)}
        allowed = used | {c for m in readers for c in m.ignore} | set(OWN)
        came = {c for frame in frames for c in _rename(frame, allowed).columns}
        if not readers:
            drift.add(f"{table}.*")
        elif not frames:
            drift.add(f"{table} (absent)")
        else:
            drift |= {f"{table}.{c}" for c in came - allowed}
            if any(len(f) for f in frames):
                drift |= {f"{table}.{c} (absent)" for c in used - came}
    return tuple(sorted(drift))


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
