"""The nightly deployment on a real server: prefect.yaml, work pool, worker, schedule; the same flow as the command."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml
from prefect.cli.deploy._models import DeploymentConfig, PrefectYamlModel

from flows.site import open_existing
from satukanal.settings import INSTALLATION
from satukanal.store import read
from tests.servers import running_prefect

PREFECT = str(Path(sys.executable).with_name("prefect"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A Prefect server of its own; yields the environment for its clients."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")} | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with running_prefect() as address:
        yield environment | {"PREFECT_API_URL": address}


def wait_until(true: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.5)


def test_prefect_knows_every_key_of_the_deployment_file() -> None:
    """Prefect drops keys that it does not know without a word."""
    document = yaml.safe_load((INSTALLATION / "prefect.yaml").read_text(encoding="utf-8"))
    assert set(document) <= {"prefect-version", *PrefectYamlModel.model_fields}
    for deployment in document["deployments"]:
        assert set(deployment) <= set(DeploymentConfig.model_fields)
    model = PrefectYamlModel.model_validate(document)
    (schedule,) = model.deployments[0].schedules or []
    assert (schedule.cron, schedule.timezone) == ("15 1 * * *", "Asia/Jakarta")  # type: ignore[union-attr]


def test_a_worker_runs_the_deployed_flow_and_the_schedule_stands(demo, server: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    environment = server | {k: v for k, v in os.environ.items() if k.startswith("SATUKANAL_")}

    def prefect(*arguments: str, timeout: float = 120) -> str:
        done = subprocess.run(
            [PREFECT, "--no-prompt", *arguments],
            env=environment, cwd=INSTALLATION, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def post(path: str, body: dict[str, object]) -> list[dict[str, object]]:
        answer = requests.post(f"{server['PREFECT_API_URL']}/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()  # type: ignore[no-any-return]

    with open_existing() as site:
        before = read.run_id_of(site.store, "latest")
    prefect("work-pool", "create", "satukanal", "--type", "process")
    prefect("deploy", "--all")
    wait_until(lambda: post("flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}), 60)
    nightly = post("flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})
    assert {str(run["expected_start_time"])[11:16] for run in nightly} == {"18:15"}  # 01:15 WIB

    prefect("deployment", "run", "consolidate/nightly", "--param", 'channels=["ntpd112", "super"]')
    prefect("worker", "start", "--pool", "satukanal", "--run-once", timeout=300)
    ended = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}}}
    wait_until(lambda: post("flow_runs/filter", ended), 120)
    assert [run["state_name"] for run in post("flow_runs/filter", ended)] == ["Complete"]
    with open_existing() as site:
        latest = read.run_id_of(site.store, "latest")
        assert latest is not None
        assert latest != before
        assert sorted(read.summary(site.store, latest)["channels"]) == ["ntpd112", "super"]
