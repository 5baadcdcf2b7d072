"""The REST reader archives what the API said and hands out every record as strings, or says why not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from old_system import KEYS, Asked, OldSystem, Reply, as_json, context, new_archive, running

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, RawTable, RetryError, RunError
from connectors.rest import RestReader
from schemas.web_sources import RestSource

STREAM = {"table": "laporan", "key": ["id"], "columns": {"text": "isi"}}
PAGING = {"page": "page", "size": "per_page", "per_page": 2, "last": "meta.last_page"}
TOKEN = {"SIGAP_TOKEN": "rahasia-sekali"}


def source(url: str, table: dict[str, Any] | None = None, **more: Any) -> RestSource:
    laporan = {"path": "/laporan", "records": "data", "paging": PAGING} | (table or {})
    polite = {"per_second": 1000, "timeout_seconds": 2, "retries": 0}
    settings = {"url": url, "politeness": polite, "tables": {"laporan": laporan}, "streams": {"complaints": STREAM}}
    return RestSource.model_validate({"reader": "rest"} | settings | more)


def pages(records: list[Any], size: int = 2) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        page = int(asked.query["page"])
        last = max(1, -(-len(records) // size))
        return as_json({"data": records[(page - 1) * size : page * size], "meta": {"last_page": last}})

    return answer


def read(reply: Callable[[Asked], Reply], folder: Path, **more: Any) -> tuple[Archive, dict[str, RawTable], OldSystem]:
    with running(reply) as system:
        declared = source(system.url, **more)
        writer = new_archive(folder)
        RestReader().extract(declared, writer, context(TOKEN))
    archive = writer.finish()
    return archive, tables(RestReader().parse(declared, archive)), system


def tables(found: Iterator[RawTable]) -> dict[str, RawTable]:
    by_name: dict[str, RawTable] = {}
    for raw in found:
        assert raw.table not in by_name
        by_name[raw.table] = raw
    return by_name


def archived(folder: Path, *bodies: bytes, **table: Any) -> tuple[RestSource, Archive]:
    writer = ArchiveWriter(folder, KEYS)
    for page, body in enumerate(bodies, 1):
        writer.write(f"laporan-{page:06d}.json", [body], {"table": "laporan", "page": str(page)})
    return source("http://a", {"records": "", "paging": None} | table), writer.finish()


def test_every_page_is_archived_raw_with_where_it_came_from(tmp_path: Path) -> None:
    archive, raw, system = read(pages([{"id": n} for n in range(5)]), tmp_path, auth={"bearer": "SIGAP_TOKEN"})
    assert [e.name for e in archive.entries] == [*(f"laporan-{n:06d}.json" for n in (1, 2, 3)), "requests.json"]
    assert orjson.loads(archive.read("laporan-000002.json"))["data"] == [{"id": 2}, {"id": 3}]
    origin = archive.entry("laporan-000002.json").origin
    assert origin["url"] == f"{system.url}/laporan?page=2&per_page=2"
    assert (origin["method"], origin["status"], origin["content_type"]) == ("GET", "200", "application/json")
    assert list(raw["laporan"].frame["id"]) == ["0", "1", "2", "3", "4"]
    assert list(raw["laporan"].frame["_position"]) == ["1", "2", "1", "2", "1"]
    assert raw["laporan"].frame["_object"].iloc[4] == "laporan-000003.json"


def test_the_token_is_sent_and_stands_nowhere_in_the_archive(tmp_path: Path) -> None:
    archive, _, system = read(pages([{"id": 1}]), tmp_path, auth={"bearer": "SIGAP_TOKEN"})
    assert {a.headers["Authorization"] for a in system.asked} == {"Bearer rahasia-sekali"}
    assert b"rahasia-sekali" not in (archive.folder / "manifest.json").read_bytes()


def test_a_secret_that_is_not_set_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="SIGAP_TOKEN"):
        RestReader().extract(source("http://a", auth={"bearer": "SIGAP_TOKEN"}), new_archive(tmp_path), context())


def test_a_wrong_token_names_its_secret(tmp_path: Path) -> None:
    with running(lambda asked: as_json({}, 401)) as system, pytest.raises(ChannelError, match="SIGAP_TOKEN"):
        RestReader().extract(source(system.url, auth={"bearer": "SIGAP_TOKEN"}), new_archive(tmp_path), context(TOKEN))


def test_a_list_that_grows_while_it_is_read_is_read_to_its_new_end(tmp_path: Path) -> None:
    records: list[Any] = [{"id": n} for n in range(4)]

    def growing(asked: Asked) -> Reply:
        if asked.query["page"] == "2" and len(records) == 4:
            records.append({"id": 99})
        return pages(records)(asked)

    _, raw, _ = read(growing, tmp_path)
    assert list(raw["laporan"].frame["id"])[:5] == ["0", "1", "2", "3", "99"]
    assert raw["laporan"].problems == ("laporan: the list changed while it was read, or is odd; it was read 2 times",)


def test_an_api_that_ignores_the_page_parameter_is_noticed(tmp_path: Path) -> None:
    def deaf(asked: Asked) -> Reply:
        return as_json({"data": [{"id": 1}], "meta": {"last_page": 7}})

    with pytest.raises(ChannelError, match=r"page 2 is page 1 again; does paging\.page"):
        read(deaf, tmp_path)


def test_without_paging_the_answer_is_the_list(tmp_path: Path) -> None:
    table = {"records": "", "paging": None, "query": {"semua": "1"}}
    _, raw, system = read(lambda asked: as_json([{"id": 1}, {"id": 2}]), tmp_path, table=table)
    assert list(raw["laporan"].frame["id"]) == ["1", "2"]
    assert [a.query for a in system.asked] == [{"semua": "1"}]


def test_an_empty_list_is_a_table_without_rows(tmp_path: Path) -> None:
    nested = {"riwayat": {"at": "riwayat", "carry": {"laporan_id": "id"}}}
    _, raw, _ = read(pages([]), tmp_path, table={"nested": nested})
    assert {name: len(t.frame) for name, t in raw.items()} == {"laporan": 0, "riwayat": 0}
    assert {"_object", "_position"} <= set(raw["riwayat"].frame.columns)


def test_values_become_strings_and_nothing_is_lost_on_the_way(tmp_path: Path) -> None:
    record = {
        "id": 7,
        "nik": 3276015207900001,
        "besar": 123456789012345678901234567890,
        "lat": -6.4,
        "kecil": 1e-07,
        "anonim": True,
        "rahasia": False,
        "kosong": None,
        "teks": " dua  spasi\n",
        "nol": "007",
        "pelapor": {"nama": "Warga", "kontak": {"telepon": "0812"}},
        "lampiran": ["a.jpg", {"b": 1.5}],
        "tanpa": {},
    }
    _, raw, _ = read(pages([record]), tmp_path)
    row = raw["laporan"].frame.iloc[0]
    assert row["nik"] == "3276015207900001"
    assert row["besar"] == "123456789012345678901234567890"
    assert (row["lat"], row["kecil"], row["anonim"], row["rahasia"]) == ("-6.4", "1e-07", "true", "false")
    assert (row["teks"], row["nol"]) == (" dua  spasi\n", "007")
    assert (row["pelapor.nama"], row["pelapor.kontak.telepon"]) == ("Warga", "0812")
    assert row["lampiran"] == '["a.jpg",{"b":1.5}]'
    assert pd.isna(row["kosong"])
    assert pd.isna(row["tanpa"])
    assert set(raw["laporan"].frame.dtypes.astype(str)) == {"str"}


def test_nested_rows_are_a_table_of_their_own_with_carried_columns(tmp_path: Path) -> None:
    records = [
        {"id": 1, "opd": {"id": 5}, "log": {"riwayat": [{"id": 10, "oleh": {"nama": "A"}}, {"id": 11}]}},
        {"id": 2, "log": {"riwayat": []}},
        {"id": 3, "log": {"riwayat": None}},
        {"id": 4},
    ]
    nested = {"riwayat": {"at": "log.riwayat", "carry": {"laporan": "id", "opd": "opd.id"}}}
    _, raw, _ = read(pages(records, 9), tmp_path, table={"nested": nested})
    inner = raw["riwayat"].frame
    assert list(inner["_position"]) == ["1.1", "1.2"]
    assert list(inner["laporan"]) == ["1", "1"]
    assert list(inner["opd"]) == ["5", "5"]
    assert inner["oleh.nama"].iloc[0] == "A"
    assert "log.riwayat" not in raw["laporan"].frame
    assert not raw["riwayat"].unreadable


def test_what_is_no_record_is_kept_as_unreadable(tmp_path: Path) -> None:
    nested = {"riwayat": {"at": "riwayat", "carry": {"laporan": "id"}}}
    records = [{"id": 1, "riwayat": ["x", {"id": 2}]}, "rusak", None, {"id": 4, "riwayat": {"id": 5}}]
    _, raw, _ = read(pages(records, 9), tmp_path, table={"nested": nested})
    assert list(raw["laporan"].frame["id"]) == ["1", "4"]
    lost = [(u.position, u.detail, u.raw) for u in raw["laporan"].unreadable]
    assert lost == [("2", "the record is no object", b'"rusak"'), ("3", "the record is no object", b"null")]
    assert [(u.position, u.raw) for u in raw["riwayat"].unreadable] == [("1.1", b'"x"'), ("4", b'{"id":5}')]
    assert list(raw["riwayat"].frame["id"]) == ["2"]


def test_two_fields_that_would_become_one_column_are_not_merged(tmp_path: Path) -> None:
    _, raw, _ = read(pages([{"a": {"b": 1}, "a.b": 2}, {"id": 1}], 9), tmp_path)
    assert [u.detail for u in raw["laporan"].unreadable] == ["two fields of the record become one column"]


def test_an_absent_object_makes_no_column_of_its_own(tmp_path: Path) -> None:
    records = [
        {"id": 1, "lokasi": {"lat": 1, "desa": {"nama": "X"}}},
        {"id": 2, "lokasi": None},
        {"id": 3, "lokasi": []},
    ]
    _, raw, _ = read(pages(records, 9), tmp_path)
    assert set(raw["laporan"].frame) == {"id", "lokasi.lat", "lokasi.desa.nama", "_object", "_position"}


def test_a_value_where_an_object_was_expected_stays_visible(tmp_path: Path) -> None:
    _, raw, _ = read(pages([{"id": 1, "lokasi": {"lat": 1}}, {"id": 2, "lokasi": "Jl. Raya"}], 9), tmp_path)
    assert raw["laporan"].frame["lokasi"].iloc[1] == "Jl. Raya"


def test_broken_text_is_read_and_said(tmp_path: Path) -> None:
    declared, archive = archived(
        tmp_path, b'[{"isi": "caf\xe9"}, {"isi": "\\ud83d x"}]', b'\xef\xbb\xbf[{"isi": "bom"}]'
    )
    raw = tables(RestReader().parse(declared, archive))["laporan"]
    assert list(raw.frame["isi"]) == ["caf\ufffd", "\ufffd x", "bom"]
    assert len(raw.problems) == 1


def test_an_unreadable_piece_keeps_even_what_is_no_text(tmp_path: Path) -> None:
    declared, archive = archived(tmp_path, b'["\\ud83d"]')
    (lost,) = tables(RestReader().parse(declared, archive))["laporan"].unreadable
    assert lost.raw == b'"\\ud83d"'


@pytest.mark.parametrize("body", [b"", b"{", b'[{"id": 1}', b"[NaN]", b"[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_no_json_is_archived_as_broken_and_left_to_another_run(tmp_path: Path, body: bytes) -> None:
    writer = new_archive(tmp_path)
    with running(lambda asked: Reply(body)) as system, pytest.raises(RetryError, match="no JSON, or cut off"):
        RestReader().extract(source(system.url), writer, context())
    (entry,) = (archive := writer.finish()).entries
    assert (entry.name, entry.origin["part"]) == ("laporan-000001.broken-1.json", "broken")
    assert archive.read(entry.name) == body


def test_a_web_page_in_place_of_json_is_called_so(tmp_path: Path) -> None:
    page = Reply(b"<!doctype html><h1>Masuk</h1>", headers={"Content-Type": "text/html"})
    with (
        running(lambda asked: page) as system,
        pytest.raises(ChannelError, match="is a web page where data was expected"),
    ):
        RestReader().extract(source(system.url), new_archive(tmp_path), context())


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"items": []}, "no list at 'data'"),
        ({"data": {"1": {}}, "meta": {"last_page": 1}}, "no list at 'data'"),
        ({"data": []}, r"no whole number at 'meta\.last_page'"),
        ({"data": [], "meta": {"last_page": True}}, r"no whole number at 'meta\.last_page'"),
    ],
)
def test_an_answer_of_another_form_stops_the_channel(tmp_path: Path, document: Any, problem: str) -> None:
    with pytest.raises(ChannelError, match=problem):
        read(lambda asked: as_json(document), tmp_path)


def test_a_server_that_is_down_is_a_reason_to_retry(tmp_path: Path) -> None:
    with pytest.raises(RetryError):
        read(lambda asked: Reply(status=503), tmp_path)


@pytest.mark.parametrize("total", [3, "3"])
def test_the_count_comes_from_its_own_archived_answer(tmp_path: Path, total: object) -> None:
    def answer(asked: Asked) -> Reply:
        return as_json({"data": {"total": total}}) if asked.path == "/statistik" else pages([{"id": 1}])(asked)

    count = {"path": "/statistik", "at": "data.total"}
    archive, _, system = read(answer, tmp_path, count=count)
    assert RestReader().count(source("http://nobody", count=count), archive) == {"complaints": 3}
    assert system.paths()[0] == "/statistik"
    assert RestReader().count(source("http://nobody"), archive) is None


def test_a_count_for_several_streams_is_refused(tmp_path: Path) -> None:
    streams = {"complaints": STREAM, "wbs": STREAM}
    with pytest.raises(ChannelError, match="one stream"):
        read(pages([]), tmp_path, count={"path": "/n", "at": "n"}, streams=streams)


def test_an_archive_of_another_table_is_not_mistaken_for_an_empty_one(tmp_path: Path) -> None:
    _, archive = archived(tmp_path, b"[]")
    other = source("http://a").model_copy(update={"tables": {"aduan": source("http://a").tables["laporan"]}})
    with pytest.raises(ChannelError, match="no page of table 'aduan'"):
        list(RestReader().parse(other, archive))


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(st.lists(values, max_size=6))
def test_any_json_gives_one_row_or_one_unreadable_for_each_record(
    tmp_path_factory: pytest.TempPathFactory, records: list[Any]
) -> None:
    declared, archive = archived(tmp_path_factory.mktemp("a"), json.dumps(records).encode())
    raw = tables(RestReader().parse(declared, archive))["laporan"]
    positions = [*raw.frame["_position"], *(u.position for u in raw.unreadable)]
    assert sorted(positions, key=int) == [str(n) for n in range(1, len(records) + 1)]


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(st.characters(codec="utf-8")))
def test_a_scalar_can_be_read_back_from_its_string(
    tmp_path_factory: pytest.TempPathFactory, whole: int, real: float, text: str
) -> None:
    body = json.dumps([{"i": whole, "f": real, "t": text}]).encode()
    declared, archive = archived(tmp_path_factory.mktemp("a"), body)
    row = tables(RestReader().parse(declared, archive))["laporan"].frame.iloc[0]
    assert (int(row["i"]), float(row["f"]), row["t"]) == (whole, real, text)
    assert row["i"] == str(whole)


def test_a_large_table_comes_in_batches(tmp_path: Path) -> None:
    page = orjson.dumps([{"id": n} for n in range(15_000)])
    declared, archive = archived(tmp_path, page, page, page)
    sizes = [len(raw.frame) for raw in RestReader().parse(declared, archive)]
    assert sizes == [30_000, 15_000]
