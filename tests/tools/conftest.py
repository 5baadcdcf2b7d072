"""What the tests of the engineer's tools share."""

from pathlib import Path

import pytest


@pytest.fixture
def channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for channel files that the installation reads."""
    folder = tmp_path / "channels"
    folder.mkdir()
    monkeypatch.setenv("SATUKANAL_CHANNELS", str(folder))
    return folder
