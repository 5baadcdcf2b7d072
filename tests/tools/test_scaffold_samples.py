"""Every kind of source that the samples write is scaffolded, at most three lines are edited, and the run balances."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tool_runs import run

from connectors.peek import Access
from data.samples import SECRETS, SampleServers, write_samples
from data.samples.write import Samples
from flows.looking import inspect
from flows.scaffolding import scaffold
from flows.trial import tried
from schemas.channel_file import read_channel

MOST_EDITS = 3
POLITE = {"politeness": "{per_second: 200}"}
ENTERED = {
    "sigap": Access(token="SIGAP_TOKEN", requests=60),
    "sitanggap": Access(login={"username": "SITANGGAP_USER", "password": "SITANGGAP_PASSWORD"}, requests=60),
}
JAYAPURA = {"government": "kota-jayapura", "region": '"91.71"', "time_zone": "Asia/Jayapura"}
DENPASAR = {"government": "kota-denpasar", "region": '"51.71"', "time_zone": "Asia/Makassar"}
DEPOK = {"government": "kota-depok", "region": '"32.76"'}
AMBON = {"government": "kota-ambon", "region": '"81.71"', "time_zone": "Asia/Jayapura"}
TANGERANG_SELATAN = {"government": "kota-tangerang-selatan", "region": '"36.74"'}
BALIKPAPAN = {"government": "kota-balikpapan", "region": '"64.71"', "time_zone": "Asia/Makassar"}


@dataclass(frozen=True)
class Sample:
    """One source of a channel: what is given to ``scaffold``, and what a person writes over it."""

    path: str  # below the folder of samples, or of the server
    shape: str
    region: str
    edits: dict[str, str] = field(default_factory=dict)
    by_rule: tuple[str, ...] = ()  # exclusions that only a person can know


def one(path: str, shape: str, region: str, edits: dict[str, str] | None = None, *by_rule: str) -> Sample:
    return Sample(path, shape, region, edits or {}, by_rule)


SAMPLES = {
    ("super", None): one("super/super.sql", "plain", "32.72", None, "test_entry"),
    ("ntpd112", None): one("ntpd112/laporan-insiden-112.xlsx", "plain", "32.76", None, "emergency_handled"),
    ("whatsapp", None): one("whatsapp", "burst", "51.71", DENPASAR),
    ("sms", None): one("sms/smsd.sql", "sms_parts", "81.71", AMBON),
    ("facebook", "graph"): one("facebook/feed-*.json", "social", "91.71", JAYAPURA),
    ("facebook", "archive"): one("facebook/unduhan.zip", "social", "91.71", JAYAPURA),
    ("instagram", "graph"): one("instagram/media-*.json", "social", "51.71", DENPASAR),
    ("instagram", "archive"): one("instagram/unduhan.zip", "social", "51.71", DENPASAR),
    ("x", "harvest"): one("x/tweets.csv", "social", "32.76", DEPOK),
    ("x", "api"): one("x/api", "social", "32.76", DEPOK),
    ("x", "api_v1"): one("x/v1", "social", "32.76", DEPOK),
    ("e_lapor", None): one("e_lapor/laporan.csv", "lapor", "32.72"),
    ("sp4n", "admin"): one("sp4n/laporan.csv", "lapor", "64.71"),
    ("sp4n", "open_data"): one("sp4n/open-data.csv", "lapor", "64.71", BALIKPAPAN),
    ("lapor_wal", None): one("lapor_wal/laporan.csv", "lapor", "64.71"),
    ("hotline", None): one(
        "hotline/hotline.db", "plain", "32.76", None, "prank", "silent_call", "wrong_number", "deleted"
    ),
    ("pro_denpasar", None): one("pro_denpasar/prodps.sql.gz", "plain", "51.71", None, "test_entry"),
    ("sigap", None): one("api/v1/laporan", "plain", "32.76", POLITE),
    ("sitanggap", None): one("admin/aduan", "plain", "64.71", POLITE),
    ("kelurahan", None): one("kelurahan", "plain", "36.74", TANGERANG_SELATAN, "example_row"),
}  # fmt: skip


@pytest.fixture(scope="module")
def servers(samples: Samples) -> Iterator[SampleServers]:
    """The two samples that are web systems, served."""
    with SampleServers(samples.folder) as running:
        yield running


@pytest.fixture(autouse=True)
def _entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets are set, and the samples' servers may be asked faster than a city's."""
    monkeypatch.setattr("connectors.peek_visit.PER_SECOND", 200)
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"SATUKANAL_SECRET_{name}", value)


def given(samples: Samples, sample: Sample) -> list[tuple[str, str | None]]:
    """What ``scaffold`` is called with, once for each table: nothing but a person joins sheets of unlike headers."""
    if sample.path != "kelurahan":
        return [(sample.path, None)]
    files = sorted(path for path in (samples.folder / "kelurahan").rglob("*") if path.is_file())
    return [
        (str(path.relative_to(samples.folder)), table["name"])
        for path in files
        for table in inspect(str(path))["tables"]
        if table["rows"]
    ]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """The samples, written once; they are read only."""
    return write_samples(tmp_path_factory.mktemp("samples"), size=200)


@pytest.fixture(autouse=True)
def _sources(samples: Samples, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sources").symlink_to(samples.folder)


def planted(samples: Samples, channel: str, source: str | None) -> dict[str, Any]:
    told: dict[str, Any] = samples.planted[channel]
    return dict(told["sources"][source]) if source else told


def test_every_sample_is_scaffolded(samples: Samples) -> None:
    there = {
        (channel, source)
        for channel, told in samples.planted.items()
        for source in (told.get("sources") or {None: told})
    }
    assert set(SAMPLES) == there


@pytest.mark.parametrize(("channel", "source"), SAMPLES)
def test_the_samples_balance_after_three_edited_lines(
    channel: str, source: str | None, samples: Samples, servers: SampleServers, tmp_path: Path, channels: Path
) -> None:
    sample, access = SAMPLES[channel, source], ENTERED.get(channel)
    below = servers.addresses[channel] if access else str(tmp_path / "home" / "sources")
    told = [
        loaded(f"lapak_{number}", f"{below}/{path}", table, sample, access, channels)
        for number, (path, table) in enumerate(given(samples, sample))
    ]
    want = planted(samples, channel, source)
    for count in ("raw_records", "extracted", "events"):
        assert sum(one[count] for one in told) == want[count], count
    unknown = sum(want["excluded"].get(rule, 0) for rule in sample.by_rule)
    accepted, quarantined = sum(one["accepted"] for one in told), sum(one["quarantined"] for one in told)
    assert want["accepted"] <= accepted <= want["accepted"] + unknown
    assert accepted + quarantined == want["accepted"] + sum(want["quarantined"].values()) + unknown
    excluded = {rule: count for one in told for rule, count in one["excluded"].items()}
    assert excluded == {rule: count for rule, count in want["excluded"].items() if rule not in sample.by_rule}


def loaded(
    name: str, where: str, table: str | None, sample: Sample, access: Access | None, channels: Path
) -> dict[str, Any]:
    """What a run of the scaffolded file tells, after it was edited and found right."""
    file = channels / f"{name}.yaml"
    made = scaffold(where, table, file, access=access)
    text = made.text
    for key, value in sample.edits.items():
        text, count = re.subn(rf"(?m)^( *){key}: .*$", rf"\g<1>{key}: {value}", text)
        assert count == 1
    edited = [line for line in difflib.ndiff(made.text.splitlines(), text.splitlines()) if line.startswith("+ ")]
    assert len(edited) <= MOST_EDITS
    file.write_text(text, encoding="utf-8")
    channel = read_channel(file).channel
    mapping = channel.sources["source"].streams["complaints"]
    assert (mapping.shape, channel.region) == (sample.shape, sample.region)
    checked = tried(read_channel(file))
    told = run(name)
    assert (checked["stops"], checked["absent"], checked["neither_mapped_nor_ignored"]) == ([], [], [])
    assert checked["accepted"] == told["accepted"] or not checked["sample"]["whole"]
    assert told["run_balanced"]
    assert told["schema_drift"] == []
    return told


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("whatsapp", "Layanan Aduan Denpasar"), ("facebook/feed-*.json", "Humas Kota Jayapura – Resmi"),
        ("facebook/unduhan.zip", "Humas Kota Jayapura – Resmi"), ("instagram/media-*.json", "humasdenpasar.uji"),
        ("instagram/unduhan.zip", "humasdenpasar.uji"), ("x/tweets.csv", "PemkotDepokUji"),
        ("x/api", "PemkotDepokUji"), ("x/v1", "PemkotDepokUji"),
    ],
)  # fmt: skip
def test_who_answers_for_the_government_is_found_and_told_why(
    path: str, name: str, samples: Samples, channels: Path
) -> None:
    made = scaffold(str(samples.folder / path), out=channels / "lapak.yaml")
    (line,) = [line for line in made.text.splitlines() if re.match(r"\s+(?:officers|accounts):", line)]
    assert re.match(rf'\s+\w+: \["?{re.escape(name)}"?\] +# EDIT: answers \d+ different people', line)


def test_nothing_that_changes_a_system_is_asked_for(servers: SampleServers, channels: Path) -> None:
    for channel in ("sitanggap", "sigap"):
        made = scaffold(
            f"{servers.addresses[channel]}/{SAMPLES[channel, None].path}", out=channels / "lapak.yaml",
            access=ENTERED[channel],
        )  # fmt: skip
        assert not any(value in made.text for value in SECRETS.values())
    assert servers.touched == []


def test_a_folder_of_several_kinds_takes_the_largest_and_names_the_others(samples: Samples, channels: Path) -> None:
    made = scaffold(str(samples.folder / "facebook"), out=channels / "lapak.yaml")
    assert "facebook/*.json" in made.text
    assert re.search(r"unduhan\.zip: 24 rows of messages: scaffold it by itself", made.text)
