"""Turns records into arrays that pairs can be looked up in: codes, word sets, folded names. One row per record."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms.match.keys import OTHER_TOPICS, clean_numbers, fold_names, main_category, sort_words
from transforms.match.language import (
    Tokens,
    WordSets,
    landmark_tokens,
    lexicon,
    message_column,
    street_tokens,
    tokenise,
    trouble_tokens,
    word_sets,
)

Nodes = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]

_MESSAGE_WORDS = 24
_PLACE_WORDS = 6
_STREETS = 3
_LONG_NUMBER = re.compile(r"(?<!\d)\d{10,20}(?!\d)")
_RT = r"\brt\.?\s*0*(\d{1,3})\b"
_RW = r"\brw\.?\s*0*(\d{1,3})\b"
_RT_SLASH_RW = r"\brt\.?\s*0*(\d{1,3})\s*/\s*(?:rw\.?\s*)?0*(\d{1,3})\b"


@dataclass(frozen=True)
class Profile:
    """Records as arrays, sorted by uid. A code of -1 and an empty text mean *not known*."""

    uid: Objects
    submitted: Times  # seconds since 1970, NaN
    closed: Times
    anonymous: npt.NDArray[np.bool_]
    confidential: npt.NDArray[np.bool_]
    city: Codes
    district: Codes  # codes across cities: equal names in two cities differ
    village: Codes
    main: Codes
    category: Codes
    category_name: Objects
    other_topics: npt.NDArray[np.bool_]
    has_branch: npt.NDArray[np.bool_]  # the category is known below its main branch
    channel: Codes
    latitude: Times
    longitude: Times
    rt: Codes
    rw: Codes
    phone: Objects
    nik: Objects
    email: Codes
    account: Codes
    sp4n: Codes
    name: Objects  # words sorted
    first_name: Objects
    name_code: Codes  # equal for names of the same words in any order
    name_words: Codes
    name_common: npt.NDArray[np.bool_]
    message: WordSets
    message_code: Codes  # equal for messages of the same words in the same order
    streets: WordSets
    landmark: WordSets
    own_numbers: tuple[frozenset[str], ...]
    quoted_numbers: tuple[frozenset[str], ...]
    long_numbers: tuple[frozenset[str], ...]
    has_long_number: npt.NDArray[np.bool_]

    def positions(self, uids: pd.Series) -> Nodes:
        """Where each uid stands; -1 for one that is not here."""
        return pd.Index(self.uid, dtype=object).get_indexer(pd.Index(uids, dtype=object)).astype(np.int64)


def profile_records(records: pd.DataFrame) -> Profile:
    """The profile of ``records`` (``RECORD_COLUMNS``). Rows come out sorted by uid, whatever order they came in."""
    records = records.sort_values("uid", ignore_index=True)
    rows = len(records)
    message = message_column(records)
    tokens = tokenise(message)
    place_text = records["location"].fillna("") + " . " + records["text"].fillna("")
    places = tokenise(place_text)
    rt, rw = _rt_rw(place_text)
    names = fold_names(records["name"])
    main = main_category(records["category"])
    in_order = sort_words(names)
    city = records["region_code"].str.slice(0, 5)
    submitted, closed = _seconds(records["submitted_at"]), _seconds(records["closed_at"])
    numbers = [_number_sets(records[c]) for c in ("old_numbers", "quoted_numbers", "sp4n_id")]
    long_numbers = _long_numbers(message)
    return Profile(
        uid=records["uid"].to_numpy(dtype=object),
        submitted=submitted,
        closed=np.where(closed < submitted, np.nan, closed),  # closed before it came: the date is wrong
        anonymous=records["is_anonymous"].to_numpy(dtype=bool),
        confidential=records["is_confidential"].to_numpy(dtype=bool),
        city=_codes(city),
        district=_codes(city.fillna("") + "|" + records["district"].str.lower()),
        village=_codes(city.fillna("") + "|" + records["village"].str.lower()),
        main=_codes(main),
        category=_codes(records["category"]),
        category_name=_texts(records["category"]),
        other_topics=(main == OTHER_TOPICS).to_numpy(dtype=bool),
        has_branch=records["category"].str.contains(" > ", regex=False).fillna(value=False).to_numpy(dtype=bool),
        channel=_codes(records["channel"]),
        latitude=_degrees(records["latitude"], records["longitude"]),
        longitude=_degrees(records["longitude"], records["latitude"]),
        rt=rt,
        rw=rw,
        phone=_texts(records["phone"]),
        nik=_texts(records["nik"]),
        email=_codes(records["email"].str.lower()),
        account=_codes(records["account"].str.lower()),
        sp4n=_codes(records["sp4n_id"]),
        name=_texts(in_order),
        first_name=_texts(names.str.extract(r"^(\S+)", expand=False)),
        name_code=_codes(in_order),
        name_words=np.array([name.count(" ") + 1 if name else 0 for name in _texts(names)], dtype=np.int64),
        name_common=_only_common(names),
        message=word_sets(trouble_tokens(tokens), rows, _MESSAGE_WORDS),
        message_code=_sequence_codes(tokens, rows),
        streets=word_sets(street_tokens(places), rows, _STREETS),
        landmark=word_sets(landmark_tokens(places), rows, _PLACE_WORDS),
        own_numbers=tuple(own | sp4n for own, sp4n in zip(numbers[0], numbers[2], strict=True)),
        quoted_numbers=numbers[1],
        long_numbers=long_numbers,
        has_long_number=np.array([bool(n) for n in long_numbers], dtype=bool),
    )


def _codes(column: pd.Series) -> Codes:
    return pd.factorize(column.to_numpy(dtype=object))[0].astype(np.int64)


def _texts(column: pd.Series) -> Objects:
    return column.fillna("").to_numpy(dtype=object)


def _seconds(column: pd.Series) -> Times:
    seconds = column.astype("datetime64[us, UTC]").astype("int64").to_numpy(dtype=np.float64) / 1e6
    return np.where(column.isna().to_numpy(), np.nan, seconds)


def _degrees(one: pd.Series, other: pd.Series) -> Times:
    """Radians; NaN where either is missing or the point is 0, 0, which stands for *no position* in old apps."""
    nowhere = one.isna() | other.isna() | ((one == 0) & (other == 0))
    radians: Times = np.deg2rad(one.mask(nowhere).to_numpy(dtype=np.float64))
    return radians


def _rt_rw(text: pd.Series) -> tuple[Codes, Codes]:
    lower = text.str.lower()
    some = lower[lower.str.contains(r"\br[tw]", regex=True)]  # few records name one, and extracting is slow
    both = some.str.extract(_RT_SLASH_RW)
    rt = both[0].fillna(some.str.extract(_RT)[0]).reindex(text.index)
    rw = both[1].fillna(some.str.extract(_RW)[0]).reindex(text.index)
    return rt.fillna("-1").to_numpy(dtype=np.int64), rw.fillna("-1").to_numpy(dtype=np.int64)


def _only_common(names: pd.Series) -> npt.NDArray[np.bool_]:
    common = lexicon().common_names
    usual = [name for name in names.dropna().unique() if common.issuperset(name.split())]
    return names.isin(usual).to_numpy(dtype=bool)


def _sequence_codes(tokens: Tokens, rows: int) -> Codes:
    """A code per message; -1 for an empty one."""
    starts = np.searchsorted(tokens.row, np.arange(rows))
    ends = np.searchsorted(tokens.row, np.arange(rows), side="right")
    content = tokens.word.astype(np.int32)
    words = [content[a:b].tobytes() for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    codes = pd.factorize(np.array(words, dtype=object))[0].astype(np.int64)
    return np.where(ends > starts, codes, -1)


def _number_sets(column: pd.Series) -> tuple[frozenset[str], ...]:
    known = column.notna()
    return _sets(known, clean_numbers(column[known]))


def _long_numbers(text: pd.Series) -> tuple[frozenset[str], ...]:
    known = text.str.contains(r"\d{10}", regex=True)
    return _sets(known, text[known].map(_LONG_NUMBER.findall))


def _sets(known: pd.Series, values: pd.Series) -> tuple[frozenset[str], ...]:
    """A set for each record; an empty one where ``known`` is false."""
    sets = [frozenset[str]()] * len(known)
    for row, found in zip(np.flatnonzero(known).tolist(), values, strict=True):
        sets[row] = frozenset(found)
    return tuple(sets)
