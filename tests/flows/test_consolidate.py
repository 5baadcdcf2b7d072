"""The main job, end to end, over real files, sockets and a real Prefect API."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import load_workbook
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort

from flows.site import NotReady, open_existing
from satukanal.cli import exit_status
from satukanal.demo import score
from satukanal.store import crosswalk, read, runs
from schemas.channel_file import ChannelFileError
from schemas.codes import ChannelState

NAMES = ["ntpd112", "sigap", "sitanggap", "super"]


def moved(summary: dict[str, Any]) -> dict[str, tuple[str, int, int, int]]:
    return {
        name: (c["status"], c["inserted"], c["updated"], c["events"]) for name, c in sorted(summary["channels"].items())
    }


def test_the_first_run_is_complete_and_balanced(first_run: tuple[Path, dict[str, Any]]) -> None:
    summary = first_run[1]
    assert (summary["status"], summary["balanced"], exit_status(summary)) == ("complete", True, 0)
    assert sorted(summary["channels"]) == NAMES
    for channel in summary["channels"].values():
        excluded = sum(channel["excluded"].values())
        assert channel["raw_records"] == channel["extracted"] + channel["parts"] + channel["events"]
        assert channel["extracted"] == channel["accepted"] + channel["quarantined"] + excluded
        assert channel["accepted"] == channel["inserted"] + channel["updated"] + channel["unchanged"]
    store = summary["store"]
    assert store["submissions"] == sum(c["accepted"] for c in summary["channels"].values())
    assert store["complaints"] == store["submissions"] - store["merged"]


def test_every_planted_fault_is_counted_and_no_other(first_run: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = first_run
    planted = orjson.loads((folder / "home" / "sources" / "planted.json").read_bytes())
    for name in NAMES:
        told, found = planted[name], summary["channels"][name]
        for measure in ("raw_records", "events", "extracted", "excluded"):
            assert found[measure] == told[measure], (name, measure)
        assert found["quarantined"] == sum(told["quarantined"].values()), name
        assert found["unmapped"].get("status", {}) == told["unmapped"]["status"], name
    assert summary["channels"]["sigap"]["schema_drift"] == ["laporan.prioritas"]


def test_matching_finds_most_planted_repeats_and_hardly_a_wrong_one(
    first_run: tuple[Path, dict[str, Any]], demo: Any
) -> None:
    scores = score(demo.sources / "truth.json")
    assert scores["same"]["precision"] >= 0.97
    assert scores["same"]["recall"] >= 0.75
    assert scores["incident"]["precision"] >= 0.9
    assert scores["incident"]["recall"] >= 0.6


def test_no_planted_anonymous_repeat_is_merged_with_the_named_one(demo: Any) -> None:
    restricted = orjson.loads((demo.sources / "truth.json").read_bytes())["restricted"]
    assert restricted
    with open_existing() as site:
        found = {(m["channel"], m["key"]): m["complaint"] for m in read.membership(site.store)}
    for pair in restricted:
        ends = [found[channel, key] for channel, _stream, key in pair["pair"]]
        assert ends[0] != ends[1]


def test_a_second_run_changes_nothing(demo: Any) -> None:
    before = demo.digest()
    summary = demo.run()
    assert {c["status"] for c in summary["channels"].values()} == {"unchanged"}
    assert demo.digest() == before
    assert exit_status(summary) == 0


def test_one_change_one_addition_and_one_answer_move_exactly_these(demo: Any) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        whole = [row for row in rows if row.get("id") is not None]
        whole[0]["status"] = "diproses"
        whole[0]["updated_at"] = "2026-01-05T08:00:00+07:00"
        new = orjson.loads(orjson.dumps(whole[1]))
        new |= {
            "id": 9_000_001,
            "nomor": "SGP-2026-900001",
            "riwayat": [],
            "isi": "Pagar taman kota roboh dan berbahaya",
        }
        rows.append(new)
        entry = {"id": 9_500_001, "waktu": "2026-01-06T09:00:00+07:00", "status": "diproses", "oleh": "Petugas Dinas",
                 "keterangan": "Sudah kami tinjau"}  # fmt: skip
        whole[2]["riwayat"] = [*whole[2]["riwayat"], entry]

    with open_existing() as site:
        submissions = len(read.membership(site.store))
    demo.edit_json("sigap", change)
    summary = demo.run()
    sigap = summary["channels"]["sigap"]
    assert (sigap["status"], sigap["inserted"], sigap["updated"], sigap["withdrawn"]) == ("published", 1, 1, 0)
    assert {n: c["status"] for n, c in summary["channels"].items() if n != "sigap"} == {
        "ntpd112": "unchanged", "sitanggap": "unchanged", "super": "unchanged"
    }  # fmt: skip
    assert summary["store"]["submissions"] == submissions + 1
    with open_existing() as site:
        assert crosswalk.find(site.store, "SGP-2026-900001", None)


def test_an_answer_alone_is_published_and_changes_no_submission(demo: Any) -> None:
    def answer(rows: list[dict[str, Any]]) -> None:
        row = next(r for r in rows if r.get("id") is not None)
        entry = {"id": 9_500_002, "waktu": "2026-01-06T09:00:00+07:00", "status": "diproses", "oleh": "Petugas Dinas",
                 "keterangan": "Sudah kami tinjau"}  # fmt: skip
        row["riwayat"] = [*row["riwayat"], entry]

    demo.edit_json("sigap", answer)
    sigap = demo.run("sigap")["channels"]["sigap"]
    assert (sigap["status"], sigap["inserted"], sigap["updated"]) == ("published", 0, 0)


def test_a_dead_channel_makes_the_run_partial_and_the_others_are_published(demo: Any) -> None:
    demo.servers.stop("sigap")
    summary = demo.run()
    assert (summary["status"], exit_status(summary)) == ("partial", 3)
    assert summary["channels"]["sigap"]["status"] == "failed"
    assert "127.0.0.1" in summary["channels"]["sigap"]["error"]
    assert {c["status"] for n, c in summary["channels"].items() if n != "sigap"} == {"unchanged"}


def test_a_run_in_which_nothing_can_be_read_has_failed_for_prefect_too(demo: Any) -> None:
    demo.servers.stop("sigap")
    summary = demo.run("sigap")
    assert (summary["status"], exit_status(summary)) == ("failed", 3)
    with get_client(sync_client=True) as client:
        (flow_run,) = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
    assert flow_run.state is not None
    assert (flow_run.state.type.value, flow_run.state.name) == ("FAILED", "Failed")


def test_a_closed_gate_stops_its_channel_and_leaves_its_earlier_state(demo: Any) -> None:
    before = demo.digest()
    demo.edit_channel("super", "min: 1\n", "min: 100000\n")
    summary = demo.run("super", "ntpd112")
    assert (summary["channels"]["super"]["status"], exit_status(summary)) == ("stopped", 4)
    assert "critical expectations failed" in summary["channels"]["super"]["error"]
    assert summary["balanced"] is False
    assert demo.digest() == before


def test_a_mapped_column_that_is_not_there_stops_its_channel_instead_of_erasing_values(demo: Any) -> None:
    before = demo.digest()
    demo.edit_channel("super", "reporter_phone: telp\n", "reporter_phone: telepon\n")
    summary = demo.run("super")
    assert (summary["channels"]["super"]["status"], exit_status(summary)) == ("stopped", 4)
    assert "tb_pengaduan.telepon (absent" in summary["channels"]["super"]["error"]
    assert demo.digest() == before


def test_a_closed_gate_outranks_a_dead_channel(demo: Any) -> None:
    demo.edit_channel("super", "min: 1\n", "min: 100000\n")
    demo.servers.stop("sigap")
    assert exit_status(demo.run("super", "sigap")) == 4


def test_a_record_at_a_frozen_channel_is_loaded_and_shown_as_a_breach(demo: Any) -> None:
    with open_existing() as site:
        runs.transition(site.store, "ntpd112", ChannelState.FROZEN, "tester", "cut-over")
    path = demo.sources / "ntpd112" / "laporan-insiden-112.xlsx"
    book = load_workbook(path)
    sheet = book["LAPORAN INSIDEN"]
    header = [cell.value for cell in sheet[4]]
    call = {"UID": "112-2026-999999", "WAKTU LAPOR": "05-01-2026 08:00:00", "TIPE LAPORAN": "Information",
            "KATEGORI": "PJU", "DESKRIPSI": "Lampu jalan padam di depan balai warga", "STATUS": "Open"}  # fmt: skip
    sheet.insert_rows(5)
    for column, name in enumerate(header, start=1):
        sheet.cell(5, column, call.get(name))
    book["REKAP"]["B3"] = book["REKAP"]["B3"].value + 1
    book.save(path)
    summary = demo.run("ntpd112")
    assert summary["channels"]["ntpd112"]["inserted"] == 1
    with open_existing() as site:
        states = {row["channel"]: row for row in read.channel_states(site.store)}
        report = read.report(site.store, summary["run_id"])
    assert (states["ntpd112"]["state"], states["ntpd112"]["breaches"]) == ("frozen", 1)
    assert [(b["channel"], b["submissions"]) for b in report["breaches"]] == [("ntpd112", 1)]


def test_a_misspelt_key_is_one_line_with_file_line_key_and_the_nearest_right_key(demo: Any) -> None:
    demo.edit_channel("super", "    reader: mysqldump\n", "    reeder: mysqldump\n    reader: mysqldump\n")
    with pytest.raises(ChannelFileError) as caught:
        demo.run()
    line = 1 + (demo.channels / "super.yaml").read_text().split("\n").index("    reeder: mysqldump")
    told = str(caught.value)
    assert f"super.yaml:{line}: " in told
    assert "reeder: unknown key; did you mean 'reader'?" in told
    assert "\n" not in told


def test_a_code_that_points_to_nothing_is_one_line_with_file_line_and_key_too(demo: Any) -> None:
    demo.edit_channel("super", "owner: diskominfo\n", "owner: kelurahan\n")
    with pytest.raises(ChannelFileError) as caught:
        demo.run()
    line = 1 + (demo.channels / "super.yaml").read_text().split("\n").index("owner: kelurahan")
    told = str(caught.value)
    assert f"super.yaml:{line}: owner: 'kelurahan' is no agency of data/reference/agencies.csv; the nearest " in told
    assert "\n" not in told


def test_a_missing_secret_is_known_before_anything_is_asked_for(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SATUKANAL_SECRET_SIGAP_TOKEN")
    with pytest.raises(NotReady, match="SATUKANAL_SECRET_SIGAP_TOKEN"):
        demo.run()


def test_links_that_delete_or_log_out_are_never_followed(demo: Any) -> None:
    demo.run("sitanggap")
    assert list(demo.servers.touched) == []


def test_the_run_leaves_a_progress_a_table_and_a_link_and_named_task_runs(demo: Any) -> None:
    summary = demo.run("ntpd112")
    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)[0]
        from prefect.client.schemas.filters import (
            ArtifactFilter,
            ArtifactFilterFlowRunId,
            FlowRunFilter,
            FlowRunFilterId,
        )

        artifacts = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run.id]))
        )
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id])))
    assert {a.type for a in artifacts} == {"progress", "table", "markdown"}  # Prefect keeps a link as markdown
    assert any("reports/" in str(a.data) and summary["run_id"] in str(a.data) for a in artifacts)
    assert {"extract-ntpd112", "transform-ntpd112", "check-ntpd112", "load-ntpd112"} <= {t.name for t in tasks}
    assert flow_run.state is not None
    assert flow_run.state.name == "Complete"
