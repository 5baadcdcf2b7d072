"""What the guesses about one source may ask: its studied tables, and their raw records once more."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from transforms.scaffold.guess import Studied


@dataclass(frozen=True)
class Source:
    """A source. ``frames`` reads a table anew, in batches of text columns with ``_object`` and ``_position``."""

    tables: Sequence[Studied]
    frames: Callable[[str], Iterator[pd.DataFrame]]
    joins: bool  # whether its reader joins look-up tables in
    called: Sequence[str] = ()  # what source and tables are called

    def table(self, name: str) -> Studied:
        """One table. Raises ``KeyError``."""
        return self.by_name[name]

    @property
    def by_name(self) -> dict[str, Studied]:
        """The tables by name."""
        return {table.profile.name: table for table in self.tables}

    def labels(self, table: str, key: str, label: str) -> dict[str, str]:
        """What each key of a look-up table is called."""
        told: dict[str, str] = {}
        for frame in self.frames(table):
            pairs = frame[[key, label]].dropna()
            told |= dict(zip(pairs[key], pairs[label], strict=True))
        return told
