"""Local labels to codes of ours: status, type, category, agency, yes and no.

An unknown label never falls to a default: it is flagged, counted and shown, until a person adds it to the channel file
or to the alias table.
"""

import re
from collections.abc import Mapping

import pandas as pd
from rapidfuzz import process

from schemas.channel import Channel, ColumnMap, StatusCode
from schemas.codes import Closer, Status, SubmissionType
from schemas.reference import Reference
from transforms.normalise.public import mask
from transforms.normalise.values import Notes, fold, is_true, look_up, present

_NO = frozenset(["0", "false", "tidak", "no", "n", "t", "f", "off", "bukan", "publik", "terbuka"])
_YES = frozenset(["1", "true", "ya", "yes", "y", "on", "benar"])
_EMPTY = "(kosong)"
_LONGEST_LABEL = 60
_GOVERNMENT = re.compile(r"\s+(?:kota|kabupaten|kab|provinsi)\b.*$")


def label(raw: pd.Series) -> pd.Series:
    """``raw`` as a label for people: blanks folded. Null stays null."""
    return look_up(raw, lambda v: " ".join(v.split()))


def read_status(column: str, raw: pd.Series, channel: Channel, origin: ColumnMap, notes: Notes) -> pd.DataFrame:
    """Columns status, closed_by, archived_by. Unknown and empty labels are ``unmapped``, unless the list has them."""
    known = {fold(k): v if isinstance(v, StatusCode) else StatusCode(status=v) for k, v in channel.codes.status.items()}
    if origin.value is not None:  # a constant may also be one of our own codes
        known = {s.value: StatusCode(status=s) for s in Status} | known
    found = look_up(raw.fillna(""), lambda v: known.get(fold(v)))
    missing = ~present(found)
    notes.unknown(missing, column, _short(raw))

    def part(name: str) -> pd.Series:
        return found.map(lambda code: getattr(code, name), na_action="ignore")

    return pd.DataFrame(
        {
            "status": part("status").mask(missing, Status.UNMAPPED),
            "closed_by": part("closed_by"),
            "archived_by": part("archived_by"),
        }
    )


def read_code(column: str, raw: pd.Series, known: Mapping[str, str], notes: Notes) -> pd.Series:
    """The code of each label in ``known``; null where the label is null or (flagged and counted) unknown."""
    folded = {fold(k): str(v) for k, v in known.items()}
    found = look_up(raw, lambda v: folded.get(fold(v)))
    notes.unknown(present(raw) & ~present(found), column, _short(raw))
    return found


def read_type(raw: pd.Series, channel: Channel, origin: ColumnMap, notes: Notes) -> pd.Series:
    """``SubmissionType`` of each label; without one ``unclassified``."""
    own = {t.value: t for t in SubmissionType} if origin.value is not None else {}
    return read_code("type", raw, {**own, **channel.codes.type}, notes).fillna(SubmissionType.UNCLASSIFIED.value)


def read_closer(column: str, raw: pd.Series, notes: Notes) -> pd.Series:
    """``Closer`` of each label, which must be one of its codes."""
    return read_code(column, raw, {c.value: c.value for c in Closer}, notes)


def read_yes(column: str, raw: pd.Series, origin: ColumnMap, notes: Notes) -> pd.Series:
    """Booleans. Empty is no. A word that is neither yes nor no counts as yes: it is a person's protection."""
    yes = frozenset(fold(v) for v in origin.true) or _YES
    found = look_up(raw, lambda v: True if fold(v) in yes else (False if fold(v) in _NO else None))
    unsure = present(raw) & ~present(found)
    notes.unknown(unsure, column, _short(raw))
    return pd.Series(is_true(found) | unsure, index=raw.index)


def _short(raw: pd.Series) -> pd.Series:
    """Labels as they may stand in a report: short, and without numbers or addresses of people."""
    return look_up(raw.fillna(_EMPTY), lambda v: mask(" ".join(v.split()))[:_LONGEST_LABEL] or _EMPTY)


def _fold_agency(name: str) -> str:
    """'DINAS P.U.P.R. Kota Depok' and 'Dinas PUPR' are the same office."""
    words = fold(re.sub(r"[^\w\s]|_", " ", name.replace(".", "")))
    return _GOVERNMENT.sub("", words) or words


def read_agency(
    column: str, raw: pd.Series, on: pd.Series, channel: Channel, reference: Reference, notes: Notes
) -> pd.Series:
    """Agency ids: the channel's own list, then the alias valid at ``on`` (UTC), then names and short names.

    An alias with dates needs one; ``on`` must not be null.
    """
    own = {fold(k): v for k, v in channel.codes.agency.items()}
    names = {
        _fold_agency(name): agency
        for column_ in ("name_short", "name", "id")
        for agency, name in zip(reference.agencies["id"], reference.agencies[column_], strict=True)
    }
    aliases = reference.agency_aliases.assign(folded=reference.agency_aliases["alias"].map(_fold_agency))
    found = look_up(raw, lambda v: own.get(fold(v)))
    folded = look_up(raw, _fold_agency)
    dates = pd.to_datetime(on).dt.tz_convert(channel.time_zone).dt.strftime("%Y-%m-%d")
    asked = aliases[aliases["folded"].isin(set(folded.dropna()))]  # a few lines of the table
    for name, agency, start, end in asked[["folded", "agency", "valid_from", "valid_to"]].astype(object).to_numpy():
        valid = folded.eq(name) & dates.ge(start) & dates.lt(end or "9999")
        found = found.mask(valid & found.isna(), agency)
    found = found.where(found.notna(), look_up(folded, names.get))
    notes.unknown(present(raw) & ~present(found), column, _short(raw))
    return found


def check_codes(channel: Channel, reference: Reference) -> list[str]:
    """What in a channel file points to nothing: one line each, with the nearest right name. Empty = all is well."""
    agencies = frozenset(reference.agencies["id"])
    asked = [
        *((f"codes.category.{k}", v, reference.category_paths, "category") for k, v in channel.codes.category.items()),
        *((f"codes.agency.{k}", v, agencies, "agency") for k, v in channel.codes.agency.items()),
        ("owner", channel.owner, agencies, "agency"),
        ("region", channel.region, frozenset(reference.regions["code"]), "region"),
    ]
    return [_problem(channel.id, key, value, kind, known) for key, value, known, kind in asked if value not in known]


def _problem(channel: str, key: str, value: str, kind: str, known: frozenset[str]) -> str:
    nearest = process.extractOne(value, sorted(known), score_cutoff=60)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"{channel}: {key}: {value!r} is no known {kind}{hint}"
