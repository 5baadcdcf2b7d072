"""Local labels to codes of ours: status, type, category, agency, yes and no.

An unknown label never falls to a default: it is flagged, counted and shown, until a person adds it to the channel file
or to the alias table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from rapidfuzz import fuzz, process

from schemas.channel import Channel, StatusCode
from schemas.codes import Closer, Status, SubmissionType
from schemas.mapping import ColumnMap
from schemas.reference import Reference
from transforms.normalise.public import mask
from transforms.normalise.values import Notes, fold, is_true, look_up, present, without_nul

_NO = frozenset(["0", "false", "tidak", "no", "n", "t", "f", "off", "bukan", "publik", "terbuka"])
_YES = frozenset(["1", "true", "ya", "yes", "y", "on", "benar"])
_EMPTY = "(kosong)"
_LONGEST_LABEL = 60
_LIKE = 75  # percent of letters from which a wrong word is held to be a slip
_GOVERNMENT = re.compile(r"\s+(?:kota|kabupaten|kab|provinsi)\b.*$")


def label(raw: pd.Series) -> pd.Series:
    """``raw`` as a label for people: blanks folded. Null stays null, NUL stands as U+FFFD."""
    return look_up(without_nul(raw), lambda v: " ".join(v.split()))


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


@dataclass(frozen=True)
class CodeProblem:
    """A value of a channel file that points to nothing: the parts of its key, and what is wrong with it."""

    key: tuple[str, ...]
    problem: str


def check_codes(channel: Channel, reference: Reference) -> list[CodeProblem]:
    """What in a channel file points to nothing in ``data/reference``, with what is nearest. Empty = all is well."""
    paths = {path: path for path in reference.category_paths}
    agencies = {n: row[0] for row in reference.agencies.astype(object).to_numpy().tolist() for n in reversed(row)}
    depth = channel.region.count(".")
    regions = {code: code for code in reference.regions["code"] if code.count(".") == depth}
    asked = [
        *((("codes", "category", k), v, paths, "category", "categories") for k, v in channel.codes.category.items()),
        *((("codes", "agency", k), v, agencies, "agency", "agencies") for k, v in channel.codes.agency.items()),
        (("owner",), channel.owner, agencies, "agency", "agencies"),
        (("region",), channel.region, regions, "region", "regions"),
    ]
    return [
        CodeProblem(key, f"{value!r} is no {kind} of data/reference/{table}.csv{_nearest(value, known)}")
        for key, value, known, kind, table in asked
        if value not in known.values()
    ]


def _nearest(value: str, known: Mapping[str, str]) -> str:
    """The hint: what is most like ``value`` among ``known`` (name: code), below its main category if there is one."""
    main, _, _ = value.partition(" > ")
    near_names = [name for name in known if name.startswith(f"{main} > ")] or list(known)
    best = process.extract(value, near_names, scorer=fuzz.ratio, processor=fold, limit=12)
    if best and best[0][1] >= _LIKE:
        return f"; did you mean {known[best[0][0]]!r}?"
    codes = list(dict.fromkeys(known[name] for name, _, _ in best))[:3]
    return f"; the nearest are {', '.join(map(repr, codes))}" if codes else ""
