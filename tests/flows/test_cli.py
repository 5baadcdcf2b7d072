"""The command as programs and people call it: exit status, JSON alone on standard output, one line for a mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL

from schemas.store import COUNTS

SATUKANAL = str(Path(sys.executable).with_name("satukanal"))


def satukanal(*arguments: str, cwd: Path | None = None, embedded: bool = False) -> subprocess.CompletedProcess[str]:
    """Call the command; with the session's Prefect API unless ``embedded``."""
    environment = os.environ | {"COLUMNS": "200"}
    if not embedded:
        environment["PREFECT_API_URL"] = str(PREFECT_API_URL.value())
    return subprocess.run(
        [SATUKANAL, *arguments], env=environment, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


def test_run_prints_json_alone_with_every_promised_field(demo: Any, tmp_path: Path) -> None:
    done = satukanal("run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ["run_id", "status", "balanced", "seconds", "ledger_head", "channels", "store"]
    assert (told["status"], told["balanced"]) == ("complete", True)
    assert sorted(told["channels"]) == ["ntpd112", "sigap", "sitanggap", "super"]
    promised = {
        "load_id",
        "status",
        "error",
        "balanced",
        "source_count",
        "excluded",
        "schema_drift",
        "unmapped",
        *COUNTS,
    }
    for channel in told["channels"].values():
        assert set(channel) == promised | set(COUNTS)
    assert told["channels"]["super"]["source_count"] is None
    assert told["channels"]["super"]["balanced"] is None
    assert list(told["store"]) == ["submissions", "complaints", "merged", "incidents", "related", "review"]


def test_a_dead_channel_is_exit_3_and_named_on_standard_error(demo: Any) -> None:
    demo.servers.stop("sigap")
    done = satukanal("run", "--json")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert (told["status"], told["channels"]["sigap"]["status"]) == ("partial", "failed")
    assert "sigap" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_gate_is_exit_4(demo: Any) -> None:
    demo.edit_channel("super", "min: 1\n", "min: 100000\n")
    done = satukanal("run", "super", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["channels"]["super"]["status"] == "stopped"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "sigab"), "did you mean 'sigap'?"),
        (("run", "--address", "sigap"), "CHANNEL=URL"),
        (("run", "--no-such-option"), "No such option"),
        (("report", "run-unknown"), "is no run and no load"),
        (("report", "--lang", "fr"), "SATUKANAL_LANG"),
        (("run", "--store", "mysql://x/y"), "the store is SQLite or PostgreSQL"),
        (("run", "--store", "nonsense"), "is no address of a database"),
        (("run", "--store", "sqlite://"), "in memory would be lost"),
        (("run", "--home", "/proc/none"), "cannot be made"),
        (("report", "--out", "/"), "cannot be written"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_how_to_mend_it(demo: Any, arguments: tuple[str, ...], told: str) -> None:
    done = satukanal(*arguments)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_misspelt_key_is_exit_2_and_one_line(demo: Any) -> None:
    demo.edit_channel("sigap", "        records: data\n", "        record: data\n")
    done = satukanal("run", "--json")
    assert done.returncode == 2
    (line,) = [text for text in done.stderr.splitlines() if text.strip()]
    assert "sigap.yaml:" in line
    assert "record: does not belong here; did you mean 'records'?" in line


@pytest.mark.parametrize("arguments", [("report",), ("crosswalk", "X-1"), ("retire", "status")])
def test_a_reading_command_without_a_store_is_exit_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = satukanal(*arguments)
    assert done.returncode == 2
    assert "there is no store" in done.stderr
    assert not (tmp_path / "key").exists()


def test_a_store_without_its_key_is_exit_2_and_no_new_key_is_made(demo: Any, tmp_path: Path) -> None:
    key = Path(os.environ["SATUKANAL_KEY_FILE"])
    key.rename(tmp_path / "moved")
    done = satukanal("retire", "status")
    assert done.returncode == 2
    assert "bring the file back" in done.stderr
    assert not key.exists()


def test_an_old_number_finds_its_complaint(demo: Any) -> None:
    (row, *_) = json.loads((demo.sources / "sigap" / "laporan.json").read_text())
    done = satukanal("crosswalk", row["nomor"].lower(), "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert {r["tracking_id"] for r in json.loads(satukanal("crosswalk", found["tracking_id"], "--json").stdout)} == {
        found["tracking_id"]
    }
    assert set(found) == {"channel", "old_number", "tracking_id", "sp4n_id", "status"}
    assert (found["channel"], found["old_number"]) == ("sigap", row["nomor"])


def test_states_and_channels_are_listed(demo: Any) -> None:
    states = json.loads(satukanal("retire", "status", "--json").stdout)
    assert {row["channel"]: row["state"] for row in states} == dict.fromkeys(
        ("ntpd112", "sigap", "sitanggap", "super"), "loading"
    )
    listed = json.loads(satukanal("channels", "list", "--json").stdout)
    assert [set(row) for row in listed] == [{"id", "title", "readers", "government", "state", "live"}] * 4
    assert {row["id"]: row["readers"] for row in listed}["super"] == ["mysqldump"]


def test_the_report_is_one_file_without_anything_from_elsewhere(demo: Any, tmp_path: Path) -> None:
    done = satukanal("report", "latest", "--lang", "en", "--out", str(tmp_path / "r.html"))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    satukanal("report", "latest", "--format", "json", "--out", str(tmp_path / "r.json"))
    assert json.loads((tmp_path / "r.json").read_text())["run"]["balanced"] is True


def test_no_personal_value_of_the_sources_is_told_anywhere(demo: Any) -> None:
    """Every name, phone, NIK and e-mail of SIGAP and SITANGGAP, against all outputs, logs and files under home."""
    done = satukanal("run", "--json")
    people: set[str] = set()
    for row in json.loads((demo.sources / "sigap" / "laporan.json").read_text()):
        people |= {str(v) for k, v in row.get("pelapor", {}).items() if k != "id" and v and len(str(v)) > 7}
    assert len(people) > 50
    ours = [p for p in demo.home.rglob("*") if p.is_file() and "sources" not in p.relative_to(demo.home).parts]
    for text in (done.stdout, done.stderr, *(path.read_bytes().decode("latin1") for path in ours)):
        assert [value for value in people if value in text] == []


def test_the_demo_tells_how_matching_did_and_ends_balanced(tmp_path: Path) -> None:
    done = satukanal("demo", "--home", str(tmp_path / "demo"), "--size", "150", "--json", embedded=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["truth"]) == {"same", "incident"}
    assert set(told["truth"]["same"]) == {"precision", "recall", "f1"}
    again = satukanal("demo", "--home", str(tmp_path / "demo"), "--size", "200", "--json", embedded=True)
    assert again.returncode == 2
    assert "another size" in again.stderr
