"""``satukanal verify`` over the demonstration: clean when untouched; damage to store or archive is named, exit 4."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest
from test_cli import satukanal

from flows.site import open_existing
from satukanal.store import runs
from schemas.codes import ChannelState


def verify(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = satukanal("verify", "--json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def an_archive(demo: Any) -> tuple[Path, Path]:
    """The archive of the dump, and an object in it."""
    (folder,) = (demo.home / "archive" / "super").glob("load-*")
    return folder, next(path for path in sorted(folder.iterdir()) if path.name != "manifest.json")


def test_an_untouched_demonstration_verifies_clean_and_changes_nothing(demo: Any) -> None:
    before = demo.digest()
    status, found = verify()
    assert (status, found["ok"], found["problems"]) == (0, True, [])
    assert list(found) == ["ok", "digest", "ledger_entries", "ledger_head", "problems"]
    assert found["digest"] == before == demo.digest()
    done = satukanal("verify")
    assert done.returncode == 0
    assert found["ledger_head"] in done.stdout


def test_a_second_run_leaves_the_store_clean_and_the_old_head_in_the_chain(demo: Any) -> None:
    _, first = verify()
    demo.edit_json("sigap", lambda rows: rows[0].update(isi="Kalimat baru yang ditulis warga kemudian hari"))
    demo.run()
    status, found = verify("--head", first["ledger_head"])
    assert (status, found["problems"]) == (0, [])
    assert found["ledger_head"] != first["ledger_head"]


def test_a_head_of_elsewhere_is_exit_4(demo: Any) -> None:
    status, found = verify("--head", "ab" * 32)
    assert (status, found["ok"]) == (4, False)
    assert [(p["kind"], p["where"]) for p in found["problems"]] == [("head", "ab" * 32)]


def test_an_altered_row_is_exit_4_and_told_with_its_channel_and_column(demo: Any) -> None:
    with sqlite3.connect(demo.home / "satukanal.db") as connection:
        connection.execute(
            "UPDATE submission_version SET is_anonymous = NOT is_anonymous WHERE submission_uid = "
            "(SELECT MIN(submission_uid) FROM submission WHERE channel = 'sigap')"
        )
    done = satukanal("verify")
    assert done.returncode == 4
    assert "row_altered  sigap/complaints/" in done.stdout
    assert "version 1, is_anonymous" in done.stdout


def flip(path: Path, _folder: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def cut(path: Path, _folder: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def remove(path: Path, _folder: Path) -> None:
    path.unlink()


def extend(path: Path, _folder: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\x00")


@pytest.mark.parametrize(
    ("damage", "kind"),
    [(flip, "archive_altered"), (cut, "archive_altered"), (extend, "archive_altered"), (remove, "archive_missing")],
)
def test_a_damaged_archive_object_is_named(demo: Any, damage: Any, kind: str) -> None:
    folder, path = an_archive(demo)
    damage(path, folder)
    status, found = verify()
    assert status == 4
    assert [(p["kind"], p["where"]) for p in found["problems"]] == [
        (kind, f"archive/super/{folder.name}/{path.name}"),
    ]


def test_an_altered_manifest_is_named_even_where_the_object_was_altered_with_it(demo: Any) -> None:
    folder, _ = an_archive(demo)
    manifest = folder / "manifest.json"
    told = orjson.loads(manifest.read_bytes())
    told["objects"][0]["name"] = "../../../satukanal.db"
    manifest.write_bytes(orjson.dumps(told))
    status, found = verify()
    assert status == 4
    (problem,) = found["problems"]
    assert (problem["kind"], problem["where"]) == ("archive_altered", f"archive/super/{folder.name}/manifest.json")
    manifest.unlink()
    assert [p["kind"] for p in verify()[1]["problems"]] == ["archive_missing"]


def test_surplus_files_and_folders_are_named(demo: Any) -> None:
    folder, _ = an_archive(demo)
    (folder / "tambahan.sql").write_text("INSERT")
    (demo.home / "archive" / "super" / "load-super-unknown").mkdir()
    status, found = verify()
    assert status == 4
    assert {(p["kind"], p["where"]) for p in found["problems"]} == {
        ("archive_surplus", f"archive/super/{folder.name}/tambahan.sql"),
        ("archive_surplus", "archive/super/load-super-unknown"),
    }


def test_a_failed_channel_leaves_a_store_that_verifies(demo: Any) -> None:
    demo.servers.stop("sigap")
    demo.run("sigap")
    status, found = verify()
    assert (status, found["problems"]) == (0, [])


def test_verify_without_a_store_is_exit_2(tmp_path: Path) -> None:
    done = satukanal("verify", "--home", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "there is no store" in done.stderr


def test_a_transition_is_in_the_chain(demo: Any) -> None:
    with open_existing() as site:
        runs.transition(site.store, "super", ChannelState.PARALLEL_RUN, "tester", "a gate with evidence")
    status, found = verify()
    assert (status, found["ok"]) == (0, True)
