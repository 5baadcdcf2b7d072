"""An installation of its own for each test, on each database in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.site import Site, open_site


@pytest.fixture
def site(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An open installation with an empty store and an empty folder of channel files."""
    monkeypatch.setenv("SATUKANAL_STORE", store_url)
    monkeypatch.setenv("SATUKANAL_CHANNELS", str(tmp_path / "channels"))
    (tmp_path / "home" / "sources").mkdir(parents=True)
    with open_site() as opened:
        yield opened
