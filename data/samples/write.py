"""Writes all sample sources, the truth behind the four largest of them and the count of their faults."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson

from data.samples.common import Written
from data.samples.hotline_calls import write_hotline
from data.samples.kelurahan_sheets import write_kelurahan
from data.samples.ntpd112_sheet import write_ntpd112
from data.samples.pro_denpasar_dump import write_pro_denpasar
from data.samples.sigap_api import write_sigap
from data.samples.sitanggap_site import write_sitanggap
from data.samples.sms_gammu import write_sms
from data.samples.social_media import write_facebook, write_instagram, write_x
from data.samples.sp4n_export import write_e_lapor, write_lapor_wal, write_sp4n
from data.samples.super_dump import write_super
from data.samples.whatsapp_chat import write_whatsapp
from data.samples.world import Report, make_world

DEFAULT_SIZE = 600
DEFAULT_SEED = 20240501
STREAM = "complaints"
_WRITERS = {"super": write_super, "sigap": write_sigap, "sitanggap": write_sitanggap, "ntpd112": write_ntpd112}
# Small ones of one size, which stand aside of the truth: each tells its own counts. E-Lapor's own city has an SP4N
# export too, in the same place: that of sp4n.yaml comes after it.
_SMALL = {
    "whatsapp": write_whatsapp, "sms": write_sms, "facebook": write_facebook, "instagram": write_instagram,
    "x": write_x, "e_lapor": write_e_lapor, "sp4n": write_sp4n, "lapor_wal": write_lapor_wal,
    "hotline": write_hotline, "pro_denpasar": write_pro_denpasar, "kelurahan": write_kelurahan,
}  # fmt: skip


@dataclass(frozen=True)
class Samples:
    """What was written. ``planted`` holds the counts by channel, as ``planted.json`` does."""

    folder: Path
    size: int
    seed: int
    planted: dict[str, dict[str, Any]] = field(repr=False)

    @property
    def raw_records(self) -> int:
        """Rows, objects and page entries over all channels, answers included."""
        return sum(planted["raw_records"] for planted in self.planted.values())


def write_samples(folder: Path, size: int = DEFAULT_SIZE, seed: int = DEFAULT_SEED) -> Samples:
    """Write sample sources with about ``size`` genuine submissions below ``folder``; equal calls write equal bytes.

    Besides the sources it writes ``truth.json`` (which accepted submission belongs to which case and incident, and
    which pairs matching must not merge) and ``planted.json`` (counts by channel). Raises ``ValueError`` for too small
    a size.
    """
    world = make_world(size, seed)
    folder.mkdir(parents=True, exist_ok=True)
    written = {channel: write(folder, world[channel], seed) for channel, write in _WRITERS.items()}
    planted = {channel: one.planted for channel, one in written.items()}
    planted |= {channel: write(folder, seed) for channel, write in _SMALL.items()}
    _write_json(folder / "planted.json", planted)
    _write_json(folder / "truth.json", _truth(written))
    return Samples(folder, size, seed, planted)


def _truth(written: dict[str, Written]) -> dict[str, Any]:
    genuine = [(channel, key, report) for channel, one in written.items() for key, report in one.genuine]
    submissions = [
        {"channel": channel, "stream": STREAM, "key": key, "case": report.case, "incident": report.incident}
        | ({"trap": report.trap} if report.trap else {})
        for channel, key, report in genuine
    ]
    return {"submissions": submissions, "restricted": list(_restricted(genuine))}


def _restricted(genuine: Iterable[tuple[str, str, Report]]) -> Iterable[dict[str, Any]]:
    """Pairs about one problem of which one side hides its person or its content, and so may not be merged or linked."""
    by_incident: dict[str, list[tuple[str, str, Report]]] = defaultdict(list)
    for entry in genuine:
        by_incident[entry[2].incident].append(entry)
    for found in by_incident.values():
        for (channel, key, one), (other_channel, other_key, other) in combinations(found, 2):
            if (one.anonymous, one.confidential) != (other.anonymous, other.confidential):
                relation = "same" if _bare(one) == _bare(other) else "related"
                yield {"pair": [[channel, STREAM, key], [other_channel, STREAM, other_key]], "would_be": relation}


def _bare(report: Report) -> str:
    """The case without the mark of what is hidden."""
    return report.case.split(".")[1].split("-")[0]


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
