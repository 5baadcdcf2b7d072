"""The labels of the fields that have codes, counted over the table of complaints and its events."""

from collections.abc import Callable, Mapping, Sequence

from schemas.channel import Channel
from schemas.reference import Reference
from transforms.scaffold.codes import MOST, CodeGuess, guess_codes, unknown_agencies
from transforms.scaffold.guess import Guess, Studied
from transforms.scaffold.source import Source
from transforms.scaffold.tables import EventGuess, LookupGuess

Labels = Callable[[str, str, str], dict[str, str]]  # table, key, label → what each key is called
CODED = ("status", "type", "category", "agency")


def code_lists(
    main: Studied,
    fields: dict[str, Guess],
    lookups: Sequence[LookupGuess],
    events: Sequence[EventGuess],
    meanings: Mapping[str, Mapping[str, str]],
    source: Source,
    reference: Reference,
) -> tuple[dict[str, tuple[CodeGuess, ...]], dict[str, str]]:
    """The codes of each field that has some, and of one with too many labels why it has none.

    ``meanings`` tells labels in full where a look-up table does and ``lookups`` does not join it.
    """
    tables, labels = source.by_name, source.labels
    codes: dict[str, tuple[CodeGuess, ...]] = {}
    open_: dict[str, str] = {}
    for name in CODED:
        counts: dict[str, int] = {}
        for table, guess, looks in [
            (main, fields.get(name), lookups),
            *(
                (
                    tables[e.table],
                    next((g for g in (*e.fields, *(x for k in e.lookups for x in k.fields)) if g.field == name), None),
                    e.lookups,
                )
                for e in events
                if e.table in tables
            ),
        ]:
            for text, count in _counts(table, guess, looks, labels).items():
                counts[text] = counts.get(text, 0) + count
        if name == "agency" and counts:
            counts = {label: counts[label] for label in unknown_agencies(sorted(counts), _nameless(), reference)}
        if len(counts) > MOST:
            open_[name] = f"{len(counts)} different labels: too many for a list; is the column mapped right?"
        elif counts:
            codes[name] = tuple(guess_codes(name, counts, reference, meanings.get(name)))
    return codes, open_


def _counts(table: Studied, guess: Guess | None, lookups: Sequence[LookupGuess], labels: Labels) -> dict[str, int]:
    """The labels of a field with their counts; of one that is looked up the labels that the look-up tells."""
    if guess is None:
        return {}
    look = next((look for look in lookups if guess in look.fields), None)
    if look is None:
        column = table.profile.columns.get(guess.columns[0])
        return column.values if column else {}
    told = {
        key.strip().casefold(): label for key, label in labels(look.table, look.key, theirs_of(look, guess)).items()
    }
    counts: dict[str, int] = {}
    for key, count in table.column(look.column).values.items():
        if label := told.get(key.casefold()):
            counts[label] = counts.get(label, 0) + count
    return counts


def _nameless() -> Channel:
    """A channel without lists of its own, to ask what is known without any."""
    mapping = {"table": "t", "columns": {"text": "t"}}
    return Channel.model_validate(
        {
            "id": "draft", "title": "", "government": "draft", "owner": "", "region": "11", "time_zone": "Asia/Jakarta",
            "live": False, "streams": {"complaints": {"title": "", "key": "content"}},
            "sources": {"draft": {"reader": "sheet", "path": "", "streams": {"complaints": mapping}}},
        }
    )  # fmt: skip


def theirs_of(look: LookupGuess, guess: Guess) -> str:
    """The look-up table's own name of a column that it tells."""
    return next(theirs for theirs, here in look.columns.items() if here == guess.columns[0])
