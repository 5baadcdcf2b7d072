"""The reference tables that normalising looks things up in: regions, agencies, agency aliases, categories.

This module reads and checks their form; what a look-up means is left to ``transforms.normalise``.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

COLUMNS: dict[str, tuple[str, ...]] = {
    "regions": ("code", "name", "parent"),
    "agencies": ("id", "name", "name_short"),
    "agency_aliases": ("alias", "agency", "valid_from", "valid_to"),
    "categories": ("main", "sub"),
}


class BadReference(ValueError):
    """A reference table is missing or has other columns than it must. One line for a person."""


@dataclass(frozen=True)
class Reference:
    """All tables as text. An empty cell is an empty text.

    ``regions``: code (Kemendagri, dotted), name, parent. ``agencies``: id, name, name_short. ``agency_aliases``: alias,
    agency, valid_from, valid_to (dates, half-open, empty = always). ``categories``: main, sub (empty = the main topic).
    """

    regions: pd.DataFrame
    agencies: pd.DataFrame
    agency_aliases: pd.DataFrame
    categories: pd.DataFrame

    @cached_property
    def category_paths(self) -> frozenset[str]:
        """Every category as it stands in the store: 'MAIN > SUB' or 'MAIN'."""
        pairs = zip(self.categories["main"], self.categories["sub"], strict=True)
        return frozenset(f"{main} > {sub}" if sub else main for main, sub in pairs)


def read_reference(folder: Path) -> Reference:
    """Read the four tables of ``folder``. Raises ``BadReference`` for a missing file or a wrong header."""
    return Reference(**{name: _read(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()})


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    except OSError as error:
        raise BadReference(f"{path}: cannot be read ({error.strerror})") from error
    if tuple(frame.columns) != columns:
        raise BadReference(f"{path}:1: has columns {','.join(frame.columns)}; must be {','.join(columns)}")
    return frame
