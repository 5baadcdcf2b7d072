"""The commands that care for a store, as people and programs call them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from flows.site import open_site
from satukanal.store.keys import read_secrets
from tests.store.frames import publish_frames, submissions

SATUKANAL = str(Path(sys.executable).with_name("satukanal"))


def satukanal(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SATUKANAL, *arguments], env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def filled(store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An installation with two submissions; gives its key file."""
    monkeypatch.setenv("SATUKANAL_STORE", store_url)
    with open_site() as site:
        publish_frames(site.store, submissions({}, {}), archive_sha256=None)
        yield site.settings.key_path


def test_revision_keys_backup_and_restore_from_the_command_line(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = json.loads(satukanal("db", "current", "--json").stdout)
    assert current == {"revision": "0003", "program": "0003", "up_to_date": True}
    assert json.loads(satukanal("db", "upgrade", "--json").stdout) == {"before": "0003", "after": "0003"}

    rotated = satukanal("keys", "rotate", "--json")
    assert rotated.returncode == 0, rotated.stderr
    told = json.loads(rotated.stdout)
    assert (told["before"], told["after"], told["resealed"]) == ("v1", "v2", 4)
    assert Path(told["old_key"]).exists()
    assert "out of date" in rotated.stderr
    checked = satukanal("keys", "check", "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["secrets"] == ["v2", "v1"]

    out = tmp_path / "backup.tar.gz"
    backed_up = satukanal("backup", "--out", str(out), "--json")
    assert backed_up.returncode == 0, backed_up.stderr
    assert filled.read_text().split(":")[1].strip().encode() not in out.read_bytes()
    refused = satukanal("restore", str(out))
    assert (refused.returncode, "already holds" in refused.stderr) == (2, True)
    monkeypatch.setenv("SATUKANAL_HOME", str(tmp_path / "other"))
    monkeypatch.delenv("SATUKANAL_STORE")
    restored = satukanal("restore", str(out), "--json")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["digest"] == json.loads(backed_up.stdout)["digest"]
    assert json.loads(satukanal("db", "current", "--json").stdout)["up_to_date"] is True


def test_a_key_file_that_others_may_read_is_exit_2(filled: Path) -> None:
    filled.chmod(0o640)
    checked = satukanal("keys", "check", "--json")
    assert checked.returncode == 2
    assert "0640" in json.loads(checked.stdout)["problems"][0]


def test_auditors_statements_are_printed_or_refused(filled: Path, store_url: str) -> None:
    told = satukanal("db", "auditor", "--grant", "bpk")
    if store_url.startswith("sqlite"):
        assert (told.returncode, "knows no roles" in told.stderr) == (2, True)
    else:
        assert told.returncode == 0, told.stderr
        assert '"v_' not in told.stdout
        assert "GRANT SELECT ON" in told.stdout


def test_a_recovery_copy_brings_the_key_back(tmp_path: Path) -> None:
    private = X25519PrivateKey.generate()
    (tmp_path / "private.pem").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "public.pem").write_bytes(
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with open_site() as site:
        key = site.settings.key_path
    copy = str(tmp_path / "copy")
    wrapped = satukanal("keys", "recovery", "--public-key", str(tmp_path / "public.pem"), "--out", copy)
    assert wrapped.returncode == 0, wrapped.stderr
    again = str(tmp_path / "again")
    unwrapped = satukanal("keys", "unwrap", copy, "--private-key", str(tmp_path / "private.pem"), "--out", again)
    assert unwrapped.returncode == 0, unwrapped.stderr
    assert read_secrets(Path(again)) == read_secrets(key)
    assert Path(again).stat().st_mode & 0o777 == 0o600
    twice = satukanal("keys", "recovery", "--public-key", str(tmp_path / "public.pem"), "--out", copy)
    assert (twice.returncode, "File exists" in twice.stderr) == (2, True)


def test_a_key_that_was_made_just_now_is_told_loudly_and_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_site() as site:
        key = site.settings.key_path
    assert f"NEW KEY: {key}" in caplog.text
    assert "Keep a copy" in caplog.text
    assert key.read_text().strip().removeprefix("v1:") not in caplog.text
    caplog.clear()
    with open_site():
        assert caplog.text == ""


@pytest.mark.parametrize(
    "arguments", [("db", "current"), ("db", "upgrade"), ("keys", "check"), ("keys", "rotate"), ("backup", "--out", "b")]
)
def test_without_a_store_it_is_exit_2_and_nothing_is_made(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = satukanal(*arguments)
    assert done.returncode == 2
    assert "there is no store" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_restoring_without_the_key_is_exit_2(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "backup.tar.gz"
    assert satukanal("backup", "--out", str(out)).returncode == 0
    monkeypatch.setenv("SATUKANAL_STORE", f"sqlite:///{tmp_path / 'other.db'}")
    monkeypatch.setenv("SATUKANAL_KEY_FILE", str(tmp_path / "no-key"))
    done = satukanal("restore", str(out))
    assert (done.returncode, "bring the file back" in done.stderr) == (2, True)
    assert not (tmp_path / "no-key").exists()
