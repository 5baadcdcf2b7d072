"""Places: kecamatan and kelurahan to Kemendagri codes, and coordinates.

Looked up only below the channel's region: a name that lies in the neighbouring Kabupaten is unknown here, which is what
the triage desk must see. What is not known becomes null with a flag and is counted.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

import pandas as pd

from schemas.reference import Reference
from transforms.normalise.text import clean_line
from transforms.normalise.values import Notes, look_up, objects, present

_PREFIX = re.compile(r"^(?:kec(?:amatan)?|kel(?:urahan)?|ds|desa)\b\.?\s*", re.IGNORECASE)
_LATITUDES = (-11.5, 6.5)  # Indonesia's box, degrees
_LONGITUDES = (94.5, 141.5)


@dataclass(frozen=True)
class Gazetteer:
    """Names below one region: each folded name with the codes that bear it."""

    region: str
    names: dict[str, str]  # code → canonical name
    districts: dict[str, list[str]] = field(default_factory=dict)
    villages: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def below(cls, region: str, reference: Reference) -> "Gazetteer":
        """The kecamatan (three parts of code) and kelurahan (four) of ``region``."""
        names = dict(zip(reference.regions["code"], reference.regions["name"], strict=True))
        inside = {c: n for c, n in names.items() if c == region or c.startswith(f"{region}.")}
        by_depth: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for code, name in inside.items():
            by_depth[code.count(".")][_fold_place(name)].append(code)
        return cls(region, inside, dict(by_depth[2]), dict(by_depth[3]))


@dataclass(frozen=True)
class _Place:
    code: str
    district: str | None = None
    village: str | None = None
    district_fault: str | None = None
    village_fault: str | None = None


def _fold_place(name: str) -> str:
    """'Kel. Subang Jaya' and 'SUBANGJAYA' are the same place."""
    return re.sub(r"[\W_]", "", _PREFIX.sub("", name.strip())).casefold()


def _locate(district: str | None, village: str | None, known: Gazetteer) -> _Place:
    districts = known.districts.get(_fold_place(district), []) if district else []
    villages = known.villages.get(_fold_place(village), []) if village else []
    below = [v for v in villages if any(v.startswith(f"{d}.") for d in districts)] if districts else villages
    district_fault = "unknown" if district and not districts else None
    village_fault = "unknown" if village and not villages else None
    if len(below) == 1:
        parent = below[0].rpartition(".")[0]
        return _Place(below[0], known.names[parent], known.names[below[0]], district_fault)
    if villages:
        village_fault = "ambiguous" if below else "outside_district"
    code = districts[0] if len(districts) == 1 and village_fault != "outside_district" else known.region
    return _Place(
        code,
        known.names[districts[0]] if districts else None,
        known.names[villages[0]] if villages else None,
        district_fault or ("ambiguous" if len(districts) > 1 else None),
        village_fault,
    )


def read_places(district: pd.Series, village: pd.Series, known: Gazetteer, notes: Notes) -> pd.DataFrame:
    """Columns region_code, district, village for each row; region_code is as deep as known, at least the channel's.

    A village that is unique in the region names its district. Faults: ``unknown`` (value null, counted), ``ambiguous``
    (the name stays, the code is the region's), ``outside_district`` (both names stay, the code is the region's).
    """
    d, v = look_up(district, _line), look_up(village, _line)
    if not known.districts:  # the reference knows no places here: keep what the source wrote
        return pd.DataFrame({"region_code": known.region, "district": d, "village": v}, index=district.index)
    pairs = pd.MultiIndex.from_arrays([d.fillna(""), v.fillna("")])
    codes, uniques = pd.factorize(pairs)
    places = [_locate(a or None, b or None, known) for a, b in uniques]

    def column(name: str) -> pd.Series:
        return pd.Series(objects([getattr(p, name) for p in places])[codes], index=district.index, dtype=object)

    out = pd.DataFrame({"region_code": column("code"), "district": column("district"), "village": column("village")})
    for name, given in (("district", d), ("village", v)):
        fault = column(f"{name}_fault")
        for kind in ("ambiguous", "outside_district"):
            notes.flag(fault.eq(kind).to_numpy(dtype=bool), name, kind)
        notes.unknown(fault.eq("unknown").to_numpy(dtype=bool), name, given, "unknown")
        changed = present(given) & (given.fillna("") != out[name].fillna("")).to_numpy(dtype=bool)
        notes.change(changed, name, "canonical_name", given)
    return out


def _line(value: str) -> str | None:
    cleaned: str | None = clean_line(value).value
    return cleaned


def read_coordinates(latitude: pd.Series, longitude: pd.Series, notes: Notes) -> pd.DataFrame:
    """Columns latitude and longitude in degrees (float), null together.

    Faults: ``unreadable``, ``incomplete`` (one of the two), ``zero`` (0,0), ``outside_indonesia``, ``swapped``
    (which is mended).
    """
    raw = {"latitude": latitude, "longitude": longitude}
    number = {n: pd.to_numeric(s.str.strip().str.replace(",", "."), errors="coerce") for n, s in raw.items()}
    lat, lon = number["latitude"].astype("float64"), number["longitude"].astype("float64")
    unreadable = {n: present(raw[n]) & ~present(number[n]) for n in raw}
    incomplete = present(lat) ^ present(lon)
    zero = lat.eq(0) & lon.eq(0)
    inside = lat.between(*_LATITUDES) & lon.between(*_LONGITUDES)
    swapped = lon.between(*_LATITUDES) & lat.between(*_LONGITUDES)
    outside = lat.notna() & lon.notna() & ~inside & ~swapped & ~zero
    for name, series in raw.items():
        faults = {
            "unreadable": unreadable[name],
            "incomplete": incomplete & present(number[name]),
            "zero": zero.to_numpy(),
            "outside_indonesia": outside.to_numpy(),
            "swapped": swapped.to_numpy(),
        }
        for fault, mask in faults.items():
            notes.flag(mask, name, fault)
            notes.change(mask, name, fault, series)
    good = inside | swapped
    return pd.DataFrame(
        {"latitude": lat.mask(swapped, lon).where(good), "longitude": lon.mask(swapped, lat).where(good)}
    )
