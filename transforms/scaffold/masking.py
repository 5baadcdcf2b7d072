"""Which columns of a source may not be shown as they are: by name, by values, or for they repeat names of people."""

from collections.abc import Sequence

from transforms.scaffold.facts import personal_kind
from transforms.scaffold.guess import Studied
from transforms.scaffold.names import says_person
from transforms.scaffold.profile import ColumnProfile

_LOOKED_AT = 300  # different values of a column
_MOST = 3_000  # names of people
_SHORTEST = 6
_NOBODY = frozenset({"anonim", "anonymous", "anonymus", "rahasia", "hamba allah", "tanpa nama", "masyarakat"})
_PEOPLE = ("name or address", "account", "phone", "e-mail")


def personal_kinds(tables: Sequence[Studied]) -> dict[tuple[int, str], str | None]:
    """What of a person each column holds, by the number of its table and its name; None for one that may be shown."""
    kinds = {
        (number, name): personal_kind(table.facts[name], column, by_name=says_person(name))
        for number, table in enumerate(tables)
        for name, column in table.profile.columns.items()
    }
    people: set[str] = set()
    for (number, name), kind in kinds.items():
        if kind in _PEOPLE:
            values = list(tables[number].column(name).values)[: _MOST - len(people)]
            people |= {value.casefold() for value in values if len(value) >= _SHORTEST}
    people -= _NOBODY
    for (number, name), kind in kinds.items():
        if kind is None and people and _repeats(tables[number].column(name), people):
            kinds[number, name] = "name or address"
    return kinds


def _repeats(column: ColumnProfile, people: set[str]) -> bool:
    """Whether most values are, or hold, what another column says of people: a thread called after who wrote in it."""
    values = [value.casefold() for value in list(column.values)[:_LOOKED_AT] if len(value) >= _SHORTEST]
    if len(values) < 2 or column.mean_chars > 120:
        return False
    return sum(any(name in value for name in people) for value in values) >= 0.5 * len(values)
