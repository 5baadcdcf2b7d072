"""Compares pairs feature by feature. Each feature ends in one level, a word from ``model.WHO`` or ``model.WHAT``.

Cheap features come first, for all pairs and without a loop; words are compared where the rest leaves a chance, and
persons (rapidfuzz) where the problem may be the same. Levels are kept as small integers: 0 is *unknown* and weighs
nothing, n is the nth level of the model's list.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from transforms.match.language import WordSets
from transforms.match.model import WHAT, WHO, Model
from transforms.match.profile import Codes, Nodes, Objects, Profile, profile_records

Levels = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]

_EARTH_METRES = 6_371_000.0
_DAY = 86_400.0
_CHUNK = 4096
_LONG_NAME = 12
_CHEAP = ("ticket", "sp4n", "place", "rt_rw", "distance", "category", "time")
_COSTLY = ("street", "words", "landmark")


def compare(pairs: pd.DataFrame, records: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Levels of each pair: ``left``, ``right``, then ``what.<feature>`` and ``who.<feature>`` as small integers.

    ``pairs``: left, right, kinds as ``pair_candidates`` gives them; ``records``: ``RECORD_COLUMNS``.
    """
    profile = profile_records(records)
    left, right = profile.positions(pairs["left"]), profile.positions(pairs["right"])
    met = pairs["kinds"].astype("str").str.split().map(lambda kinds: "ticket" in kinds).to_numpy(dtype=bool)
    levels = find_levels(profile, left, right, met, model)
    return pd.DataFrame({"left": pairs["left"].to_numpy(), "right": pairs["right"].to_numpy(), **levels})


def find_levels(profile: Profile, left: Nodes, right: Nodes, met_at_ticket: Flags, model: Model) -> dict[str, Levels]:
    """``compare`` by position in the profile. ``met_at_ticket``: the pair shares a ticket number of some sort."""
    levels = {f"what.{f}": np.zeros(len(left), dtype=np.int8) for f in WHAT}
    levels |= {f"who.{f}": np.zeros(len(left), dtype=np.int8) for f in WHO}
    ticket = _tickets(profile, left, right, np.flatnonzero(met_at_ticket))
    cheap = {"ticket": ticket, **_cheap(profile, left, right, model)}
    for feature in _CHEAP:
        levels[f"what.{feature}"] = cheap[feature]
    best_left = sum(max(0.0, *model.what[f].values()) for f in _COSTLY)
    rows = np.flatnonzero(what_score(levels, model) + best_left >= model.bands.compare)
    for feature, found in _costly(profile, left[rows], right[rows], model).items():
        levels[f"what.{feature}"][rows] = found
    rows = rows[(what_score(levels, model) >= model.bands.compare)[rows]]
    for feature, found in _persons(profile, left[rows], right[rows], model).items():
        levels[f"who.{feature}"][rows] = found
    levels["who.ticket"][rows] = ticket[rows]
    levels["who.sp4n"][rows] = cheap["sp4n"][rows]
    return levels


def what_score(levels: dict[str, Levels], model: Model) -> npt.NDArray[np.float32]:
    """Log-odds that two records are about one problem, from the levels found so far."""
    score = np.full(len(next(iter(levels.values()))), model.prior.what, dtype=np.float32)
    for feature, names in WHAT.items():
        weights = np.array([0.0, *(model.what[feature][n] for n in names)], dtype=np.float32)
        score += weights[levels[f"what.{feature}"]]
    return score


def _level(side: dict[str, tuple[str, ...]], feature: str, cases: list[tuple[str, Flags]]) -> Levels:
    """The first case that holds, as a level; 0 where none does."""
    names = side[feature]
    return np.select([c for _, c in cases], [names.index(n) + 1 for n, _ in cases], default=0).astype(np.int8)


def _cheap(p: Profile, left: Nodes, right: Nodes, model: Model) -> dict[str, Levels]:
    same = {c: _agree(getattr(p, c), left, right) for c in ("city", "district", "village", "sp4n")}
    differ = {c: _disagree(getattr(p, c), left, right) for c in same}
    rt, rw = _agree(p.rt, left, right), _agree(p.rw, left, right)
    return {
        "sp4n": _level(WHAT, "sp4n", [("equal", same["sp4n"]), ("different", differ["sp4n"])]),
        "place": _level(WHAT, "place", [
            ("other_city", differ["city"]),
            ("other_district", differ["district"]),
            ("village", same["village"]),
            ("other_village", differ["village"]),
            ("district", same["district"]),
            ("city", same["city"]),
        ]),
        "rt_rw": _level(WHAT, "rt_rw", [
            ("different", _disagree(p.rw, left, right) | (rw & _disagree(p.rt, left, right))),
            ("both", rt & rw),
            ("rw", rw),
        ]),
        "category": _categories(p, left, right, model),
        "distance": _binned(WHAT["distance"], _metres(p, left, right), model.cuts.distance),
        "time": _binned(WHAT["time"], np.abs(p.submitted[left] - p.submitted[right]) / _DAY, model.cuts.time),
    }  # fmt: skip


def _categories(p: Profile, left: Nodes, right: Nodes, model: Model) -> Levels:
    same, main = _agree(p.category, left, right), _agree(p.main, left, right)
    other = p.other_topics[left].astype(np.int8) + p.other_topics[right]
    kin = np.zeros(len(left), dtype=bool)
    for group in model.kin:
        member = np.isin(p.category_name, group)
        kin |= member[left] & member[right]
    return _level(WHAT, "category", [
        ("both_other", other == 2),
        ("one_other", (other == 1) & (p.main[left] >= 0) & (p.main[right] >= 0)),
        ("same", same),
        ("kin", kin),
        ("sibling", main & p.has_branch[left] & p.has_branch[right]),
        ("main", main),
        ("different", _disagree(p.main, left, right)),
    ])  # fmt: skip


def _agree(code: Codes, left: Nodes, right: Nodes) -> Flags:
    a, b = code[left], code[right]
    both: Flags = (a == b) & (a >= 0)
    return both


def _disagree(code: Codes, left: Nodes, right: Nodes) -> Flags:
    a, b = code[left], code[right]
    differ: Flags = (a != b) & (a >= 0) & (b >= 0)
    return differ


def _binned(names: tuple[str, ...], value: npt.NDArray[np.float64], cuts: tuple[float, ...]) -> Levels:
    assert len(names) == len(cuts) + 1  # noqa: S101 - the model's type holds this
    found = np.searchsorted(cuts, value, side="right") + 1
    return np.where(np.isnan(value), 0, found).astype(np.int8)


def _metres(p: Profile, left: Nodes, right: Nodes) -> npt.NDArray[np.float64]:
    """Distance on the plane that touches the place: exact to the metre within a city. NaN where unknown."""
    north = p.latitude[left] - p.latitude[right]
    east = (p.longitude[left] - p.longitude[right]) * np.cos(p.latitude[left])
    return _EARTH_METRES * np.hypot(north, east)


def _tickets(p: Profile, left: Nodes, right: Nodes, rows: npt.NDArray[np.int64]) -> Levels:
    """Looked at only where the pair met at a ticket number: few."""
    out = np.zeros(len(left), dtype=np.int8)
    names = WHAT["ticket"]
    for row in rows.tolist():
        a, b = left[row], right[row]
        if p.quoted_numbers[a] & p.own_numbers[b] or p.quoted_numbers[b] & p.own_numbers[a]:
            out[row] = names.index("quoted") + 1
        elif p.quoted_numbers[a] & p.quoted_numbers[b]:
            out[row] = names.index("both_quote") + 1
        elif p.channel[a] != p.channel[b] and any(not n.isdigit() for n in p.own_numbers[a] & p.own_numbers[b]):
            out[row] = names.index("carried") + 1  # bare digits are running numbers, which every channel counts
    return out


def shared_weight(sets: WordSets, left: Nodes, right: Nodes) -> npt.NDArray[np.float32]:
    """Weight of the words that both have."""
    out = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), _CHUNK):
        a, b = left[start : start + _CHUNK], right[start : start + _CHUNK]
        other = np.where(sets.word[b] < 0, -2, sets.word[b])
        shared = (sets.word[a][:, :, None] == other[:, None, :]).any(axis=2)
        out[start : start + _CHUNK] = (sets.weight[a] * shared).sum(axis=1)
    return out


def _costly(p: Profile, left: Nodes, right: Nodes, model: Model) -> dict[str, Levels]:
    return {
        "street": _streets(p.streets, left, right),
        "words": _words(p, left, right, model),
        "landmark": _landmark(p.landmark, left, right, model),
    }


def _streets(sets: WordSets, left: Nodes, right: Nodes) -> Levels:
    known = (sets.total[left] > 0) & (sets.total[right] > 0)
    shared = shared_weight(sets, left, right) > 0
    return _level(WHAT, "street", [("shared", shared), ("disjoint", known)])


def _words(p: Profile, left: Nodes, right: Nodes, model: Model) -> Levels:
    """Shared weight by the geometric mean: a short text inside a long one stays small. Equal texts are exact."""
    total = p.message.total
    share = _share(p.message, left, right)
    short = np.minimum(total[left], total[right]) < model.cuts.short_words
    known = (total[left] > 0) & (total[right] > 0)
    alike = known & (share >= model.cuts.words[0])
    cases = [("short_same", alike & short), ("short_other", known & short), ("exact", alike)]
    steps = ("high", "medium", "some", "little")
    cases += [(n, known & (share >= cut)) for n, cut in zip(steps, model.cuts.words[1:], strict=True)]
    return _level(WHAT, "words", [*cases, ("none", known)])


def _landmark(sets: WordSets, left: Nodes, right: Nodes, model: Model) -> Levels:
    share = _share(sets, left, right)
    known = (sets.total[left] > 0) & (sets.total[right] > 0)
    high, some = model.cuts.landmark
    cases = [("high", known & (share >= high)), ("some", known & (share >= some)), ("none", known)]
    return _level(WHAT, "landmark", cases)


def _share(sets: WordSets, left: Nodes, right: Nodes) -> npt.NDArray[np.float32]:
    norm = np.sqrt(sets.total[left] * sets.total[right])
    shared = shared_weight(sets, left, right)
    return np.where(norm > 0, shared / np.maximum(norm, 1e-6), 0.0).astype(np.float32)


def _persons(p: Profile, left: Nodes, right: Nodes, model: Model) -> dict[str, Levels]:
    account = _agree(p.account, left, right)
    one_channel = _disagree(p.account, left, right) & (p.channel[left] == p.channel[right])
    long_text = p.message.total[left] >= model.cuts.long_words
    return {
        "phone": _identifier("phone", p.phone, left, right),
        "nik": _identifier("nik", p.nik, left, right),
        "email": _level(WHO, "email", [
            ("equal", _agree(p.email, left, right)), ("different", _disagree(p.email, left, right)),
        ]),
        "account": _level(WHO, "account", [("equal", account), ("different", one_channel)]),
        "name": _names(p, left, right, model),
        "card": _cards(p, left, right),
        "message": _level(WHO, "message", [("identical", _agree(p.message_code, left, right) & long_text)]),
    }  # fmt: skip


def _identifier(feature: str, value: Objects, left: Nodes, right: Nodes) -> Levels:
    """Equal, one slip apart (a digit wrong, missing, or two swapped), or different."""
    a, b = value[left], value[right]
    known = (a != "") & (b != "")
    equal = known & (a == b)
    slip = np.zeros(len(a), dtype=bool)
    rows = np.flatnonzero(known & ~equal)
    if len(rows):
        slip[rows] = cpdist(a[rows], b[rows], scorer=OSA.distance, score_cutoff=1) <= 1
    return _level(WHO, feature, [("equal", equal), ("slip", slip), ("different", known)])


def _names(p: Profile, left: Nodes, right: Nodes, model: Model) -> Levels:
    a, b = p.name[left], p.name[right]
    known = (a != "") & (b != "")
    equal = _agree(p.name_code, left, right)
    single = np.minimum(p.name_words[left], p.name_words[right]) < 2
    similar, partial = np.zeros(len(a), dtype=bool), np.zeros(len(a), dtype=bool)
    rows = np.flatnonzero(known & ~equal)
    if len(rows):
        x, y = a[rows], b[rows]
        few, more = model.cuts.name_slips
        allowed = np.where(np.char.str_len(x.astype(str)) < _LONG_NAME, few, more)
        alike = cpdist(x, y, scorer=JaroWinkler.similarity) >= model.cuts.name_winkler
        similar[rows] = alike & (cpdist(x, y, scorer=OSA.distance) <= allowed) & ~single[rows]
        first = cpdist(p.first_name[left[rows]], p.first_name[right[rows]], scorer=JaroWinkler.similarity)
        partial[rows] = cpdist(x, y, scorer=fuzz.token_set_ratio) == 100  # one name's words are all in the other
        partial[rows] |= single[rows] & (first >= model.cuts.name_winkler)
    return _level(WHO, "name", [
        ("equal_single", equal & single),
        ("equal_common", equal & p.name_common[left]),
        ("equal", equal),
        ("similar", similar),
        ("partial", partial),
        ("different", known),
    ])  # fmt: skip


def _cards(p: Profile, left: Nodes, right: Nodes) -> Levels:
    """Long numbers in both texts. Only numbers of one length are of one kind and can contradict each other."""
    out = np.zeros(len(left), dtype=np.int8)
    for row in np.flatnonzero(p.has_long_number[left] & p.has_long_number[right]).tolist():
        a, b = p.long_numbers[left[row]], p.long_numbers[right[row]]
        if a & b:
            out[row] = WHO["card"].index("equal") + 1
        elif {len(n) for n in a} & {len(n) for n in b}:
            out[row] = WHO["card"].index("different") + 1
    return out
