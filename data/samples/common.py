"""What the four writers share: the words of each channel's lists, small faults, and the count of what was planted.

The formats themselves are left to the writers.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from data.samples.world import Report

Row = dict[str, Any]

# Offices as they are written in the old channels: today's names, short names, names that reforms did away with.
OFFICES: dict[str, dict[str, tuple[str, ...]]] = {
    "super": {
        "works": ("Dinas Pekerjaan Umum dan Tata Ruang", "DPUTR", "Dinas PUTR", "Dinas Pekerjaan Umum"),
        "transport": ("Dinas Perhubungan", "Dishub", "DISHUB", "Dinas Perhubungan "),
        "environment": ("Dinas Lingkungan Hidup", "DLH", "Dinas LH"),
        "disaster": ("Badan Penanggulangan Bencana Daerah", "BPBD"),
        "water": ("PDAM", "Perumda Air Minum Tirta Bumi Wibawa"),
        "civil": ("Dinas Kependudukan dan Pencatatan Sipil", "Disdukcapil", "DISDUKCAPIL"),
        "order": ("Satuan Polisi Pamong Praja", "Satpol PP", "SATPOLL PP"),
        "other": ("Dinas Komunikasi dan Informatika", "Diskominfo", "Diskominfotik"),
    },
    "sigap": {
        "works": ("Dinas Pekerjaan Umum dan Penataan Ruang", "DPUPR", "Dinas PUPR", "PUPR"),
        "transport": ("Dinas Perhubungan", "Dishub"),
        "environment": ("Dinas Lingkungan Hidup dan Kebersihan", "DLHK", "Dinas Lingkungan Hidup"),
        "disaster": ("Dinas Pemadam Kebakaran dan Penyelamatan", "Damkar"),
        "water": ("PT Tirta Asasta Depok (Perseroda)", "PDAM Tirta Asasta"),
        "civil": ("Dinas Kependudukan dan Pencatatan Sipil", "Disdukcapil"),
        "order": ("Satuan Polisi Pamong Praja", "Satpol PP"),
        "other": ("Dinas Komunikasi dan Informatika", "Diskominfo"),
    },
    "sitanggap": {
        "works": ("Dinas Pekerjaan Umum", "DPU", "Dinas Pekerjaan Umum dan Penataan Ruang"),
        "transport": ("Dinas Perhubungan", "DISHUB"),
        "environment": ("Dinas Lingkungan Hidup", "DLH"),
        "disaster": ("Badan Penanggulangan Bencana Daerah", "BPBD"),
        "water": ("Perumda Tirta Manuntung Balikpapan", "PDAM", "Perumda Air Minum Tirta Manuntung"),
        "civil": ("Dinas Kependudukan dan Pencatatan Sipil", "Disdukcapil"),
        "order": ("Satuan Polisi Pamong Praja", "Satpol PP", "SATPOL PP"),
        "other": ("Dinas Komunikasi dan Informatika", "Diskominfo"),
    },
}
OFFICE_OF = {
    "jalan": "works", "drainase": "works", "lampu": "transport", "parkir": "transport", "sampah": "environment",
    "pohon": "environment", "banjir": "disaster", "air": "water", "ktp": "civil", "trantib": "order", "lain": "other",
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """What a writer wrote: the key of every genuine submission that ends as accepted, and the count of all faults."""

    genuine: tuple[tuple[str, Report], ...]
    planted: dict[str, Any]


def office(report: Report, rng: random.Random) -> str:
    """The office that ``report`` is for, under one of its names."""
    return rng.choice(OFFICES[report.channel][OFFICE_OF[report.facts.kind]])


def spell_area(name: str, rng: random.Random) -> str:
    """A district or village as forms have it: mostly right, else in capitals, with blanks lost or added."""
    kind = rng.random()
    if kind < 0.12:
        return name.upper()
    if kind < 0.16 and " " in name:
        return name.replace(" ", "")
    if kind < 0.19:
        return f" {name.replace(' ', '  ')} "
    return f"Kel. {name}" if kind < 0.21 else name


def mojibake(text: str) -> str:
    """``text`` as UTF-8 read as Windows-1252 and stored again. Raises ``UnicodeDecodeError`` where that cannot be."""
    return text.encode("utf-8").decode("cp1252")


class Picker:
    """Picks rows for faults, each row for one fault at most, so that counts stay exact."""

    def __init__(self, rows: list[Row], rng: random.Random) -> None:
        self._free = list(rows)
        rng.shuffle(self._free)
        self._size = len(rows)

    def take(self, share: float, when: Callable[[Row], bool] = bool) -> list[Row]:
        """About ``share`` of all rows, at least one if any is left such that ``when``."""
        wanted = max(1, round(share * self._size))
        found = [row for row in self._free if when(row)][:wanted]
        taken = {id(row) for row in found}
        self._free = [row for row in self._free if id(row) not in taken]
        return found

    def keep(self, rows: list[Row]) -> None:
        """Spare ``rows`` from faults."""
        kept = {id(row) for row in rows}
        self._free = [row for row in self._free if id(row) not in kept]
