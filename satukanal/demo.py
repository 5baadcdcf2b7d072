"""The demonstration: invented sources of every kind, the whole consolidation, and how well matching did.

Composes what others made; nothing here is used by a real migration.
"""

import logging
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson

from data.samples import SECRETS, SampleServers, write_samples
from flows.run import run_consolidation
from flows.site import NotReady, open_existing
from satukanal.settings import PREFIX, read_settings, use
from satukanal.store import exists, read

log = logging.getLogger("satukanal")
MARK = "sample.json"


def run_demo(size: int) -> dict[str, Any]:
    """Write the samples under home, serve the web ones, consolidate all; the run's summary plus ``truth``.

    Raises ``NotReady`` where home holds a demonstration of another size, or no demonstration at all.
    """
    home = read_settings().home_dir
    folder = home / "sources"
    _prepare(folder, size)
    with SampleServers(folder) as servers:
        use(addresses=orjson.dumps(servers.addresses).decode())
        for name, value in SECRETS.items():
            os.environ.setdefault(f"{PREFIX}SECRET_{name}", value)
        summary = run_consolidation(None)
    return summary | {"truth": score(folder / "truth.json")}


def _prepare(folder: Path, size: int) -> None:
    mark = folder / MARK
    if not mark.exists() and exists(read_settings().store_url):
        raise NotReady(f"{folder.parent} holds a store that is no demonstration; name another folder with --home")
    if mark.exists() and orjson.loads(mark.read_bytes())["size"] != size:
        raise NotReady(
            f"{folder} holds a demonstration of another size; name another --home, or remove {folder.parent}"
        )
    log.info("writing sample sources to %s", folder)
    write_samples(folder, size=size)
    mark.write_bytes(orjson.dumps({"size": size}))


def score(truth: Path) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of the store's pairs against the planted truth.

    ``same`` are pairs of one complaint; ``incident`` are pairs of one incident, those of one complaint included.
    """
    planted = {
        (s["channel"], s["stream"], s["key"]): (s["case"], s["incident"])
        for s in orjson.loads(truth.read_bytes())["submissions"]
    }
    with open_existing() as site:
        found = {(m["channel"], m["stream"], m["key"]): m for m in read.membership(site.store)}
    common = sorted(planted.keys() & found.keys())
    same_truth = {k: planted[k][0] for k in common}
    same_found = {k: found[k]["complaint"] for k in common}
    incident_truth = {k: planted[k][1] for k in common}
    incident_found = {k: found[k]["incident"] or found[k]["complaint"] for k in common}
    return {
        "same": _pair_scores(same_truth, same_found),
        "incident": _pair_scores(incident_truth, incident_found),
    }


def _pair_scores(truth: dict[Any, str], found: dict[Any, str]) -> dict[str, float]:
    """Scores over all pairs that two groupings of the same things imply, counted by group sizes."""
    both: dict[Any, int] = defaultdict(int)
    for key, group in truth.items():
        both[group, found[key]] += 1
    hits = sum(n * (n - 1) // 2 for n in both.values())
    right, claimed = _pairs(truth), _pairs(found)
    precision = hits / claimed if claimed else 1.0
    recall = hits / right if right else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def _pairs(groups: dict[Any, str]) -> int:
    sizes: dict[str, int] = defaultdict(int)
    for group in groups.values():
        sizes[group] += 1
    return sum(n * (n - 1) // 2 for n in sizes.values())
