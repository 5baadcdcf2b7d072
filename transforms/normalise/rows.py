"""Decides what becomes of a row as a whole: its key, whether a rule excludes it, whether it came before.

Every row leaves by exactly one door: accepted, rejected with a reason, or excluded by a named rule.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

import pandas as pd

from schemas.canonical import EXCLUDED, REJECTED, conform
from schemas.codes import ExclusionRule, QuarantineReason
from schemas.mapping import Condition, EventMap, Exclusion, Mapping, column_maps
from transforms.normalise.tables import column, join, raw_json
from transforms.normalise.values import Mask, fold, is_true, look_up, present, without_nul

LONGEST_KEY = 200  # characters; PostgreSQL indexes values of at most 2,700 bytes
HASHED = "sha256:"


def column_key(frame: pd.DataFrame, columns: Sequence[str], null_tokens: Sequence[str]) -> pd.Series:
    """The parts of the key joined by '|'; null where any part is. '155121.0', once a float, is '155121'.

    NUL stands as U+FFFD, and a key that is too long for an index as ``sha256:`` and its hash (hex).
    """
    parts = [column(frame, c, null_tokens).str.replace(r"^(\d+)\.0$", r"\1", regex=True) for c in columns]
    key = without_nul(join(parts, "|"))
    return key.where(~(key.str.len() > LONGEST_KEY).fillna(value=False), look_up(key, _hashed).astype("str"))


def _hashed(key: str) -> str:
    return HASHED + hashlib.sha256(key.encode()).hexdigest()


def content_hash(frame: pd.DataFrame, mapping: Mapping | EventMap, besides: Sequence[str] = ()) -> pd.Series:
    """SHA-256 (hex) of the mapped cells of each row, and of columns ``besides``, stripped; order does not count."""
    names = sorted({c for m in column_maps(mapping.columns).values() for c in m.origins} | set(besides))
    joined = pd.Series("", index=frame.index, dtype="str")
    for name in names:
        joined = joined + name + "\x1f" + column(frame, name).fillna("") + "\x1e"
    return look_up(joined, lambda text: hashlib.sha256(text.encode()).hexdigest()).astype("str")


def numbered(keys: pd.Series) -> pd.Series:
    """``keys`` with the number of their occurrence: 'a#1', 'b#1', 'a#2'."""
    return keys + "#" + (keys.groupby(keys).cumcount() + 1).astype("str")


def excluded_by(frame: pd.DataFrame, rules: Sequence[Exclusion]) -> pd.Series:
    """The first rule that excludes each row, on raw values; null where none does."""
    rule = pd.Series(None, index=frame.index, dtype=object)
    for exclusion in rules:
        hit = _holds(frame, exclusion.when)
        if exclusion.unless:
            hit = hit & ~_holds(frame, exclusion.unless)
        rule = rule.mask(rule.isna() & hit, exclusion.rule)
    return rule


def _holds(frame: pd.DataFrame, condition: Condition) -> Mask:
    values = column(frame, condition.column)
    if condition.pattern is not None:
        pattern = re.compile(condition.pattern, re.IGNORECASE)
        return is_true(look_up(values, lambda v: pattern.search(v) is not None))
    wanted = {fold(v) for v in condition.any_of}
    return values.fillna("").map(fold).isin(wanted).to_numpy(dtype=bool)


def settle_repeats(submissions: pd.DataFrame) -> pd.Series:
    """What becomes of rows whose key came more than once: null (kept), ``repeated`` or ``key_reused``.

    A row that is the same to the letter is repeated. Of what is left of a key, in order of the load: a row of another
    person than one before it (name differs, and phone or NIK does) reuses the key; of the others the newest
    ``version_at`` is kept, at equal times the one read last. Loops over the rows of repeated keys only.
    """
    verdict = pd.Series(None, index=submissions.index, dtype=object)
    copies = submissions.duplicated(["key", "raw"])
    verdict[copies] = ExclusionRule.REPEATED.value
    left = submissions[~copies]
    left = left[left["key"].duplicated(keep=False)]
    people = left[["reporter_name", "reporter_phone", "reporter_nik"]].astype(object)
    rows = zip(left["key"], left.index, left["version_at"], people.where(people.notna(), None).to_numpy(), strict=True)
    kept: dict[str, list[tuple[int, pd.Timestamp, _Person]]] = {}
    for key, index, version_at, person in rows:
        before = kept.setdefault(key, [])
        if any(_other_person(tuple(person), known) for _, _, known in before):
            verdict[index] = QuarantineReason.KEY_REUSED.value
        else:
            before.append((index, version_at, tuple(person)))
    for versions in kept.values():
        newest = max(versions, key=lambda v: (v[1], v[0]))
        verdict[[v[0] for v in versions if v is not newest]] = ExclusionRule.REPEATED.value
    return verdict


_Person = tuple[str | None, str | None, str | None]


def _other_person(one: _Person, other: _Person) -> bool:
    name, phone, nik = (a is not None and b is not None and fold(a) != fold(b) for a, b in zip(one, other, strict=True))
    return name and (phone or nik)


def rejected(frame: pd.DataFrame, reason: pd.Series, details: dict[str, str]) -> pd.DataFrame:
    """Quarantine rows of those of ``frame`` that have a ``reason``. ``details`` tells each reason in words."""
    rows = frame[present(reason)]
    why = reason[present(reason)].astype("str")
    facts = rows[["channel", "stream", "object", "position", "raw"]]
    return conform(facts.assign(reason=why, detail=why.map(details)), REJECTED)


def excluded(frame: pd.DataFrame, rule: pd.Series) -> pd.DataFrame:
    """Exclusion rows of those of ``frame`` that have a ``rule``."""
    rows = frame[present(rule)]
    facts = rows[["channel", "stream", "key", "object", "position", "raw"]]
    return conform(facts.assign(rule=rule[present(rule)].astype("str")), EXCLUDED)


def provenance(frame: pd.DataFrame, channel: str, stream: str) -> pd.DataFrame:
    """Columns channel, stream, object, position and raw of a raw table."""
    facts = {"channel": channel, "stream": stream, "object": frame["_object"], "position": frame["_position"]}
    return pd.DataFrame({**facts, "raw": raw_json(frame)}, index=frame.index)


def stack(frames: Iterable[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """``frames`` one below the other; ``empty`` if none has rows."""
    filled = [f for f in frames if len(f)]
    return pd.concat(filled, ignore_index=True) if filled else empty
