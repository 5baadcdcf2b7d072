"""Expectations in words: what was asked of a batch and what was found, from a row of the store's ``quality_result``.

The name comes from the catalogue's section ``check``, by type and column or by type alone. The least share and the
limits of the day stand only in ``observed``, which ``schemas.expectations`` writes; what is not known is quoted.
"""

import re
from collections.abc import Mapping
from typing import Any

from satukanal.reports.texts import Words

Row = Mapping[str, Any]

_ROWS = re.compile(r"(?P<n>\d+) rows(?:, min (?P<min>\d+))?(?:, max (?P<max>\d+))?")
_LEAST = re.compile(r"at least (\d+)%")
_RAISED = "could not be asked"


def named(t: Words, row: Row) -> str:
    """What the expectation asks, for people; one that the catalogue does not know goes by its own name."""
    kind, column = row["expectation"], row.get("column")
    known = t.sections["check"]
    text = known.get(f"{kind}:{column}") or known.get(kind) or kind
    return str(text).replace("{column}", t.name("field", column))


def found(t: Words, row: Row) -> str:
    """What it found: rows that hold of all rows, or how many rows there are, each with the limit that was asked for."""
    observed = row.get("observed") or ""
    if observed.startswith(_RAISED):
        return t("quality.not_asked")
    rows = _ROWS.fullmatch(observed)
    if rows:
        told = [t("quality.rows", n=int(rows["n"]))]
        told += [t("quality.least", limit=t.number(int(rows["min"])))] if rows["min"] else []
        told += [t("quality.most", limit=t.number(int(rows["max"])))] if rows["max"] else []
        return ", ".join(told)
    unexpected, elements = row.get("unexpected_count"), row.get("element_count")
    if unexpected is None or elements is None:
        return str(observed)
    share = _LEAST.search(observed)
    told = [t("quality.of", held=elements - unexpected, n=elements)]
    told += [t("quality.least", limit=f"{t.number(int(share[1]))} %")] if share else []
    return ", ".join(told)


def raised(row: Row) -> str | None:
    """The error of an expectation that could not be asked, as the program wrote it; null if it was asked."""
    observed = row.get("observed") or ""
    return observed if observed.startswith(_RAISED) else None
