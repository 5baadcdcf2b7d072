"""The one contract of all channel files, on their samples. A file without a sample fails here."""

from pathlib import Path

import pandas as pd
import pytest
from contract_child import Noticing, extract, killed_in_the_middle
from contract_samples import (
    CHANNELS,
    NEW,
    REFERENCE_TABLES,
    SOURCES,
    Sample,
    copy_of,
    empty,
    grow,
    grown_pages,
    main_table,
    planted,
    sample_of,
    told,
)

from connectors.base import ChannelError, Context, ReaderError, RetryError
from data.samples import SECRETS, write_samples
from schemas.channel_file import read_channel
from schemas.sources import JsonSource
from schemas.web_sources import HtmlSource
from tests.servers import free_port
from transforms.normalise import Normalised, check_codes

WITHOUT_COLUMNS = {"chat"}  # readers whose format has none that a source could add to
every_source = pytest.mark.parametrize(("channel", "source"), SOURCES)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_samples(tmp_path_factory.mktemp("sampel"), size=120, seed=3).folder


def read(sample: Sample, folder: Path) -> Normalised:
    with sample.ready() as way:
        return sample.normalised(extract(sample.source, way, folder))


def ids(done: Normalised) -> pd.DataFrame:
    events = done.events[["stream", "key", "event_key", "text"]]
    return pd.concat([done.submissions[["stream", "key", "text"]], events], ignore_index=True)


@pytest.mark.parametrize("file", CHANNELS, ids=lambda file: file.stem)
def test_the_file_points_to_nothing_that_is_not_there(file: Path) -> None:
    assert check_codes(read_channel(file).channel, REFERENCE_TABLES) == []


@every_source
def test_counts_are_those_that_were_planted(folder: Path, channel: str, source: str, tmp_path: Path) -> None:
    plan, sample = planted(folder, channel, source), sample_of(folder, channel, source)
    done = read(sample, tmp_path / "archive")
    drift, unmapped = plan.pop("schema_drift"), plan.pop("unmapped")
    assert told(done) == plan
    assert done.schema_drift == tuple(f"{main_table(sample)}.{column}" for column in drift)
    assert done.unmapped == unmapped
    assert done.submissions[["stream", "key"]].duplicated().sum() == 0


@every_source
def test_the_same_bytes_give_the_same_ids_and_a_killed_reading_changes_nothing(
    folder: Path, channel: str, source: str, tmp_path: Path
) -> None:
    sample, sealed = sample_of(folder, channel, source), list[int]()
    with sample.ready() as way:
        undisturbed = sample.normalised(extract(sample.source, way, tmp_path / "whole", Noticing(sealed.append)))
        killed_in_the_middle(sample.source, way, tmp_path / "torn", 1 + len(sealed) // 2)
        assert list((tmp_path / "torn").iterdir())
        assert not (tmp_path / "torn" / "manifest.json").exists()
        again = sample.normalised(extract(sample.source, way, tmp_path / "torn"))
    assert len(ids(again))
    pd.testing.assert_frame_equal(ids(again), ids(undisturbed))


@every_source
def test_a_source_that_grew_a_column_loses_nothing_and_is_told(
    folder: Path, channel: str, source: str, tmp_path: Path
) -> None:
    plan, sample = planted(folder, channel, source), copy_of(folder, channel, source, tmp_path / "in")
    if not grow(sample):
        is_packed = isinstance(sample.source, JsonSource) and all(f.suffix == ".zip" for f in sample.files())
        assert is_packed or sample.source.reader in WITHOUT_COLUMNS
        return
    with sample.ready() as way:
        archive = extract(sample.source, way, tmp_path / "archive")
    if isinstance(sample.source, HtmlSource):
        archive = grown_pages(sample, archive, tmp_path / "grown")
    done = sample.normalised(archive)
    drift, unmapped = plan.pop("schema_drift"), plan.pop("unmapped")
    assert set(done.schema_drift) == {f"{main_table(sample)}.{column}" for column in (NEW, *drift)}
    assert told(done) == plan
    assert done.unmapped == unmapped


@every_source
def test_a_source_without_records_gives_none(folder: Path, channel: str, source: str, tmp_path: Path) -> None:
    sample = copy_of(folder, channel, source, tmp_path / "in")
    empty(sample)
    done = read(sample, tmp_path / "archive")
    counts = told(done)
    notices = 1 if sample.source.reader == "chat" else 0  # a chat has at least a line of WhatsApp's own
    assert (counts["accepted"], counts["events"], counts["raw_records"]) == (0, 0, notices)
    assert counts["excluded"] == ({"system_message": 1} if notices else {})
    assert done.schema_drift == ()


@every_source
def test_a_dead_source_is_told_in_one_line(channel: str, source: str, tmp_path: Path) -> None:
    sample = sample_of(tmp_path / "in", channel, source)
    address = f"http://127.0.0.1:{free_port()}" if sample.is_served else None
    way = Context(channel, sample.folder, SECRETS.__getitem__, address)
    with pytest.raises(ReaderError) as caught:
        extract(sample.source, way, tmp_path / "archive")
    assert isinstance(caught.value, RetryError if sample.is_served else ChannelError)
    assert str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS.values())
