"""Which shape the records of a table need, and how a channel file says so: the first that its columns speak for.

Each shape has a module of its own; what all give is a ``ShapeGuess``, which replaces guesses of the plain kind.
"""

from transforms.scaffold import shape_burst, shape_lapor, shape_sms, shape_social
from transforms.scaffold.draft import ShapeGuess
from transforms.scaffold.guess import Guess, Studied
from transforms.scaffold.source import Source
from transforms.scaffold.tables import complaint_score

_SURE = 10.0  # what a shape that fits is worth beside the words of a table


def likeness(table: Studied) -> float:
    """``complaint_score``, more for a table whose columns are those of a known kind of channel; 0 for none at all."""
    if table.profile.is_view or not table.profile.rows:
        return 0.0
    known = any(shape.fits(table) for shape in (shape_sms, shape_burst, shape_social))
    return complaint_score(table) + (_SURE if known else 0.0)


def guess_shape(main: Studied, fields: dict[str, Guess], source: Source) -> ShapeGuess | None:
    """The shape of ``main``; None for plain rows. Reads the table once more where it asks who answers whom."""
    if shape_sms.fits(main):
        return shape_sms.guess(main, source)
    if shape_burst.fits(main):
        return shape_burst.guess(main, source)
    if shape_social.fits(main):
        return shape_social.guess(main, source)
    return shape_lapor.guess(main, fields)
