"""Guesses the region of a source: by its kecamatan and kelurahan, by the NIK of its citizens, by what it is called."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from schemas.reference import Reference
from transforms.normalise.people import clean_nik
from transforms.normalise.places import Gazetteer, read_places
from transforms.normalise.values import Notes
from transforms.scaffold.guess import percent
from transforms.scaffold.profile import ColumnProfile

_CENTRAL = frozenset(["51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"])
_EASTERN = frozenset(["81", "82", "91", "92", "93", "94", "95", "96"])


@dataclass(frozen=True)
class RegionGuess:
    """A region of the reference, what it is called, its zone, and why; not ``sure`` where nothing speaks for it."""

    code: str
    name: str
    zone: str
    evidence: str
    sure: bool

    @property
    def government(self) -> str:
        """The id that a government of this region would have: ``kota-depok``."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.casefold()).strip("-")


def zone_of(code: str) -> str:
    """The time zone of a region (IANA), by its province."""
    province = code[:2]
    return "Asia/Makassar" if province in _CENTRAL else "Asia/Jayapura" if province in _EASTERN else "Asia/Jakarta"


def guess_region(
    district: ColumnProfile | None,
    village: ColumnProfile | None,
    nik: ColumnProfile | None,
    called: Sequence[str],
    reference: Reference,
) -> RegionGuess:
    """The regency or city that most speaks for."""
    names = dict(zip(reference.regions["code"], reference.regions["name"], strict=True))
    regencies = sorted(code for code in names if code.count(".") == 1)

    def made(code: str, evidence: str, *, sure: bool = True) -> RegionGuess:
        return RegionGuess(code, names[code], zone_of(code), evidence, sure)

    shares = [(share, code) for code in regencies if (share := _known(district, village, code, reference)) >= 0.4]
    if shares:
        share, code = max(shares, key=lambda pair: pair[0])
        return made(code, f"{percent(share)} of its different kecamatan and kelurahan lie in {names[code]}")
    for code in regencies:
        bare = re.sub(r"^(?:kota|kabupaten) ", "", names[code].casefold())
        full = any(names[code].casefold() in text.casefold() for text in called)
        short = any(re.search(rf"(?<![a-z]){bare}(?![a-z])", text.casefold()) for text in called)
        if full or (short and sum(bare in names[other].casefold() for other in regencies) == 1):
            return made(code, f"the source is called after {names[code]}")
    prefix = _nik_prefix(nik)
    if prefix and prefix[0] in regencies:
        return made(prefix[0], f"{percent(prefix[1])} of the valid NIK begin with {prefix[0]}")
    aside = f"; NIK begin with {prefix[0]}, which data/reference/regions.csv does not have" if prefix else ""
    return made(regencies[0], f"NOT GUESSED: nothing tells where it is{aside}", sure=False)


def _known(district: ColumnProfile | None, village: ColumnProfile | None, code: str, reference: Reference) -> float:
    labels = [
        (kind, text)
        for kind, column in (("d", district), ("v", village))
        if column is not None
        for text, _ in column.common(200)
    ]
    if not labels:
        return 0.0
    index = range(len(labels))
    d = pd.Series([text if kind == "d" else None for kind, text in labels], index=index, dtype="str")
    v = pd.Series([text if kind == "v" else None for kind, text in labels], index=index, dtype="str")
    known = Gazetteer.below(code, reference)
    if not known.districts:
        return 0.0
    found = read_places(d, v, known, Notes(len(labels)))
    return float((found["district"].notna() | found["village"].notna()).mean())


def _nik_prefix(nik: ColumnProfile | None) -> tuple[str, float] | None:
    if nik is None:
        return None
    found = Counter(f"{d[:2]}.{d[2:4]}" for text in nik.values if (d := clean_nik(text).value))
    if not found:
        return None
    code, count = min(found.items(), key=lambda pair: (-pair[1], pair[0]))
    share = count / found.total()
    return (code, share) if share >= 0.4 else None
