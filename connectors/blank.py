"""Blanks one person's records in archived bytes, so that a source which was read once does not bring them back.

``mine`` says where the records are; their cells become empty, but for the columns ``keep`` (the keys by which a replay
knows them). Everywhere else only what ``pattern`` finds is masked: the person's numbers in somebody else's words. How a
format is taken apart and put together is told here and in ``blank_…``; the readers' own ``parse`` is the judge of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

MASK = "*"
LEAST_TELLING = 4  # characters: a shorter cell tells of nobody


@dataclass(frozen=True)
class Mine:
    """One raw record of the person, as the reader handed it out: where it was read, and its cells."""

    object: str
    position: str
    cells: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Blanking:
    """What to blank. ``keep`` are source columns that stay; ``pattern`` finds the person's numbers and addresses."""

    mine: Sequence[Mine]
    keep: frozenset[str]
    pattern: re.Pattern[str] | None
    personal: frozenset[str] = frozenset()  # source columns that tell of a person, or hold what they wrote
    keys: frozenset[tuple[str, str]] = frozenset()  # stream and key of all that is the person's, here or elsewhere

    def positions(self, object_: str) -> set[str]:
        """Of the person's records in one archive object."""
        return {one.position for one in self.mine if one.object == object_}

    def pattern_of_bytes(self) -> re.Pattern[bytes] | None:
        """``pattern`` for bytes of UTF-8 and its like."""
        return re.compile(self.pattern.pattern.encode(), re.IGNORECASE) if self.pattern else None

    def masked(self, text: str) -> str:
        """``text`` with stars in the place of the person's numbers."""
        return self.pattern.sub(lambda found: MASK * len(found[0]), text) if self.pattern else text

    def leaf(self, value: Any) -> Any:
        """A value of JSON, masked; a bare number that is one of the person's becomes null."""
        if isinstance(value, str):
            return self.masked(value)
        text = "" if value is None or isinstance(value, bool) else str(value)
        return None if text and self.masked(text) != text else value

    def is_theirs(self, cells: Sequence[str]) -> bool:
        """Whether a row of a table of persons tells of this one: by a number of theirs in a cell, or two cells."""
        if self.pattern is not None and any(map(self.pattern.fullmatch, cells)):
            return True
        found = set(cells)
        return len(found & self.values) > 1 and bool(found & self.telling)

    @cached_property
    def values(self) -> frozenset[str]:
        """Every cell of the person's records."""
        return frozenset(cell for one in self.mine for cell in one.cells.values())

    @cached_property
    def telling(self) -> frozenset[str]:
        """Those that tell of them, or are their words."""
        named = self.personal - self.keep
        told = (cell for one in self.mine for name, cell in one.cells.items() if name in named)
        return frozenset(cell for cell in told if len(cell.strip()) >= LEAST_TELLING)

    def is_record(self, one: Mine, found: set[str]) -> bool:
        """Whether the cells ``found`` are the record ``one``: its key, and most of its cells."""
        keys = {cell for name, cell in one.cells.items() if name in self.keep}
        cells = set(one.cells.values()) - keys
        return keys <= found and 2 * len(cells & found) >= len(cells)
