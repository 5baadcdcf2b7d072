"""What may befall a run from outside, end to end: another run, a damaged archive, a full disk."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flows import stages
from flows.site import Site, open_existing, open_site
from satukanal.store import StoreFailed, read, run_lock, runs

SATUKANAL = str(Path(sys.executable).with_name("satukanal"))


def statuses(summary: dict[str, Any]) -> dict[str, str]:
    return {name: channel["status"] for name, channel in summary["channels"].items()}


def test_a_run_beside_another_is_exit_2_and_one_line_that_says_who_holds_the_store(demo: Any) -> None:
    with open_existing() as site, run_lock(site.store, "sari", 0):
        done = subprocess.run(
            [SATUKANAL, "run", "super", "--wait", "0.5"], env=os.environ | {"COLUMNS": "60"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    (line,) = [text for text in done.stderr.splitlines() if text.strip() and "working" not in text]
    assert re.fullmatch(rf"satukanal: .* by sari .*process {os.getpid()} on .*, since .*; wait .* --wait SECONDS", line)


def test_the_run_after_a_killed_one_abandons_it_clears_its_scratch_and_keeps_its_archive(
    demo: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with open_existing() as site:
        file = site.channel("super")
        run_id = runs.begin_run(site.store, file.channel.government, "tester", "0")
        load_id = runs.begin_load(site.store, run_id, file.channel, file.sha256, "dump", "tester")
        archive, scratch = site.archive_dir("super", load_id), site.scratch_dir(load_id)
    for folder in (archive, scratch, scratch.with_name("load-of-another-store")):
        folder.mkdir(parents=True)
        (folder / "something").write_bytes(b"x")
    caplog.set_level("INFO", logger="satukanal")
    before = demo.digest()
    assert statuses(demo.run("super")) == {"super": "unchanged"}
    assert demo.digest() == before
    assert (archive / "something").exists()
    assert [folder.name for folder in scratch.parent.iterdir()] == ["load-of-another-store"]
    assert f"{run_id} was killed and is abandoned, with 1 loads unpublished" in caplog.text
    assert f"{archive}: this archive was not finished" in caplog.text
    with open_existing() as site:
        report = read.report(site.store, run_id)
    assert (report["run"]["status"], report["channels"][0]["status"]) == ("abandoned", "abandoned")


@pytest.mark.parametrize("damage", ["truncated", "one bit"])
def test_a_damaged_archive_fails_its_channel_by_file_name_and_the_next_run_is_as_if_nothing_had_been(
    demo: Any, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged: list[Path] = []

    def extract_and_damage(site: Site, channel_id: str, load_id: str, *, full: bool) -> str:
        told = extract(site, channel_id, load_id, full=full)
        if channel_id == "super":
            path = next(p for p in site.archive_dir(channel_id, load_id).iterdir() if p.name != "manifest.json")
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content[: len(content) // 2] if damage == "truncated" else content)
            damaged.append(path)
        return told

    extract = stages.extract
    before = demo.digest()
    with monkeypatch.context() as patched:
        patched.setattr(stages, "extract", extract_and_damage)
        summary = demo.run("super", "ntpd112")
    assert statuses(summary) == {"super": "failed", "ntpd112": "unchanged"}
    assert summary["channels"]["super"]["error"].startswith(f"{damaged[0]}: ")
    assert demo.digest() == before
    assert statuses(demo.run("super")) == {"super": "unchanged"}
    assert demo.digest() == before


def test_an_archive_that_cannot_be_written_fails_its_channel_by_file_name_and_the_others_go_on(demo: Any) -> None:
    archive = demo.home / "archive" / "super"
    shutil.rmtree(archive)
    archive.write_bytes(b"a file where a folder should be")
    summary = demo.run("super", "ntpd112")
    assert statuses(summary) == {"super": "failed", "ntpd112": "unchanged"}
    assert summary["channels"]["super"]["error"].startswith(f"{archive}/load-super-")
    assert summary["channels"]["super"]["error"].endswith(": Not a directory")


def test_a_full_disk_ends_the_run_in_one_line_and_the_next_one_completes_it(
    demo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same sources into a store that may not grow, and then may."""
    reference, before = demo.digest(), demo.home
    monkeypatch.setenv("SATUKANAL_HOME", str(tmp_path / "small"))
    shutil.copytree(before / "sources", tmp_path / "small" / "sources")
    with open_site() as site:
        database = str(site.store.engine.url.database)

    def may_not_grow(connection: Any, _record: Any) -> None:
        if (
            hasattr(connection, "executescript")
            and connection.execute("PRAGMA database_list").fetchone()[2] == database
        ):
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {max(limit, pages)}")

    with sa.create_engine(f"sqlite:///{database}").connect() as connection:
        limit = int(connection.scalar(sa.text("PRAGMA page_count")) or 0) + 60
    sa.event.listen(sa.pool.Pool, "connect", may_not_grow)
    try:
        with pytest.raises(StoreFailed, match="database or disk is full; mend that and run again") as caught:
            demo.run()
    finally:
        sa.event.remove(sa.pool.Pool, "connect", may_not_grow)
    assert "\n" not in str(caught.value)
    summary = demo.run()
    assert (summary["status"], summary["balanced"]) == ("complete", True)
    assert demo.digest() == reference
