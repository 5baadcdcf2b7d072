"""Where the invented problems are: three real cities with their real districts and villages, and invented streets.

The names of districts and villages are public geography, read from ``data/reference/regions.csv``. Streets, landmarks
and coordinates are invented. What happens there is left to ``world``.
"""

import csv
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path

_NAMES: dict[str, list[str]] = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
_SUFFIXES = ("", "", "", "Raya", "Dalam", "Barat", "Timur", "I", "II", "III", "IV", "V", "VI", "Baru", "Indah", "Asri")


@dataclass(frozen=True)
class Village:
    """One kelurahan: its Kemendagri code, its district, its name, and an invented middle (degrees)."""

    code: str
    district: str
    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class City:
    """One city: region code, name and villages."""

    code: str
    name: str
    villages: tuple[Village, ...]


_CENTRES = {
    "32.72": ("Sukabumi", -6.921, 106.927),
    "32.76": ("Depok", -6.402, 106.794),
    "64.71": ("Balikpapan", -1.243, 116.853),
}


def load_cities() -> dict[str, City]:
    """The three cities by their region code."""
    villages: dict[str, list[Village]] = {code: [] for code in _CENTRES}
    with (Path(__file__).parent.parent / "reference" / "regions.csv").open(encoding="utf-8", newline="") as file:
        names = {row["code"]: row["name"] for row in csv.DictReader(file)}
    for code, name in names.items():
        if code[:5] not in _CENTRES or code.count(".") != 3:
            continue
        _, latitude, longitude = _CENTRES[code[:5]]
        rng = random.Random(code)
        south, east = latitude + rng.uniform(-0.05, 0.05), longitude + rng.uniform(-0.05, 0.05)
        villages[code[:5]].append(Village(code, names[code[:8]], name, round(south, 6), round(east, 6)))
    return {code: City(code, name, tuple(villages[code])) for code, (name, _, _) in _CENTRES.items()}


def street_names(village: Village, count: int) -> list[str]:
    """``count`` invented streets of a village, the same on every call: ``Jl. Kenanga Raya``, ``Gg. Pelita II``."""
    rng = random.Random(f"streets {village.code}")
    names: dict[str, None] = {}
    while len(names) < count:
        kind = rng.choice(("Jl.", "Jl.", "Jl.", "Gg."))
        suffix = rng.choice(_SUFFIXES) if len(names) < 60 else f"{rng.choice(_NAMES['streets'])} {rng.randint(1, 40)}"
        names[f"{kind} {rng.choice(_NAMES['streets'])} {suffix}".strip()] = None
    return list(names)


def landmark(rng: random.Random) -> str:
    """An invented landmark."""
    pattern = rng.choice(_NAMES["landmarks"])
    return pattern.format(rng.choice(_NAMES["landmark_names"]), n=rng.randint(1, 12), w=rng.choice(_NAMES["owners"]))
