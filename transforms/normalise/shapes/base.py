"""What a shape gives."""

from dataclasses import dataclass, field

import pandas as pd

QUOTES = "_quotes"  # column: the key of another record that this one answers
PARTS = "_parts"  # column of a joined row: all rows that went into it as a JSON list, ``_position`` included


@dataclass(frozen=True)
class Shaped:
    """Rows of submissions, and what became of the rest of a table.

    ``len(frame) + parts + sum of answers`` is the number of rows that came in. ``rule`` has the index of ``frame``: the
    name of the rule by which a row is no complaint, else null.
    """

    frame: pd.DataFrame  # source columns, _object and _position of the first piece; PARTS where rows were joined
    parts: int = 0  # rows that were joined into another one
    answers: dict[str, pd.DataFrame] = field(
        default_factory=dict
    )  # by the table name under which ``events`` finds them
    rule: pd.Series | None = None
    problems: tuple[str, ...] = ()
