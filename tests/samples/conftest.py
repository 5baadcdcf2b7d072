"""Sample sources, written once, and the servers that look at them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.samples import Samples, SampleServers, write_samples
from tests.servers import MariaDb, running_mariadb


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return write_samples(tmp_path_factory.mktemp("sources"))


@pytest.fixture
def served(samples: Samples) -> Iterator[SampleServers]:
    with SampleServers(samples.folder) as servers:
        yield servers


@pytest.fixture
def small(tmp_path: Path) -> Samples:
    """Samples of its own that a test may change."""
    return write_samples(tmp_path, size=120)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    with running_mariadb() as server:
        yield server
