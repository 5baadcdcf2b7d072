"""A scaffolded channel file written down, and its channel loaded through every stage."""

from pathlib import Path
from typing import Any

from flows import stages
from flows.scaffolding import Scaffolded
from flows.site import open_site, ready_channels
from satukanal.store import read, runs
from schemas.channel_file import ChannelFile, read_channel
from schemas.codes import RunStatus


def written(made: Scaffolded, channels: Path) -> ChannelFile:
    path = channels / f"{made.id}.yaml"
    path.write_text(made.text, encoding="utf-8")
    return read_channel(path)


def run(name: str) -> dict[str, Any]:
    """Every stage of one channel; its part of the summary, with the verdict on the run."""
    with open_site() as site:
        file = ready_channels(site, [name])[name]
        runs.save_reference(site.store, site.reference(), file.channel.government)
        runs.register_channel(site.store, file.channel, file.sha256, "tester")
        run_id = runs.begin_run(site.store, file.channel.government, "tester", "0")
        load_id = runs.begin_load(site.store, run_id, file.channel, file.sha256, "source", "tester")
        stages.extract(site, name, load_id, full=False)
        stages.transform(site, name, load_id)
        stages.check_quality(site, name, load_id)
        stages.load(site, name, load_id)
        balanced = stages.reconcile_run(site, run_id)
        runs.finish_run(site.store, run_id, RunStatus.COMPLETE, balanced=balanced)
        told: dict[str, Any] = read.summary(site.store, run_id)["channels"][name]
        return told | {"run_balanced": balanced}
