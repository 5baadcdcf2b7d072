"""Which lists in files of JSON are tables, and how a channel file says where they lie."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from connectors.peek import look
from connectors.peek_outline import Node, outline
from flows.looking import inspect


def tables(path: Path) -> dict[str, Any]:
    (found,) = look(str(path), lambda _: None)
    return {name: table.model_dump(exclude_defaults=True) for name, table in found.json_tables.items()}


def rows(path: Path) -> dict[str, int]:
    return {table["name"]: table["rows"] for table in inspect(str(path))["tables"]}


def written(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_a_list_as_the_whole_document_is_a_table(tmp_path: Path) -> None:
    path = written(tmp_path / "aduan.json", [{"id": 1, "isi": "jalan rusak"}, {"id": 2, "isi": "lampu mati"}])
    assert (tables(path), rows(path)) == ({"aduan": {}}, {"aduan": 2})


def test_a_record_a_line_is_a_table(tmp_path: Path) -> None:
    path = written(tmp_path / "aduan.ndjson", '{"id": 1, "isi": "a"}\n{"id": 2, "isi": "b"}\n')
    assert rows(path) == {"aduan": 2}


def test_lists_at_dotted_paths_are_tables_of_their_own(tmp_path: Path) -> None:
    answer = {
        "data": {"items": [{"id": 1, "isi": "a"}]},
        "ref": {"kategori": [{"kode": "J", "nama": "Jalan"}]},
        "page": 1,
    }
    path = written(tmp_path / "hal.json", answer)
    assert tables(path) == {"hal": {"records": "data.items"}, "kategori": {"records": "ref.kategori"}}


def test_records_in_records_of_the_same_kind_are_a_thread_and_others_are_nested(tmp_path: Path) -> None:
    reply = {"id": "3", "text": "ya", "user": "b", "at": "2024-01-03"}
    comment = {"id": "2", "text": "rusak", "user": "a", "at": "2024-01-02", "replies": {"data": [reply]}}
    steps = [{"status": "proses", "oleh": "admin", "waktu": "2024-01-02"}]
    post = {
        "id": "1",
        "text": "info",
        "user": "kota",
        "at": "2024-01-01",
        "comments": {"data": [comment]},
        "steps": steps,
    }
    path = written(tmp_path / "pos.json", {"data": [post]})
    (table,) = tables(path).values()
    assert table["thread"] == {"at": ("comments.data", "replies.data"), "carry": {"parent_id": "id"}}
    assert table["nested"]["steps"] == {"at": "steps", "carry": {"pos_id": "id"}}
    assert rows(path) == {"pos": 3, "steps": 1}


def test_an_archive_of_x_is_read_behind_its_assignment(tmp_path: Path) -> None:
    tweets = [{"tweet": {"id_str": str(n), "full_text": "jalan rusak", "created_at": "x"}} for n in range(3)]
    path = written(tmp_path / "tweets.js", f"window.YTD.tweets.part0 = {json.dumps(tweets)}")
    assert (tables(path), rows(path)) == ({"tweets": {"records": "tweet"}}, {"tweets": 3})


def test_an_object_of_many_different_keys_stays_one_column(tmp_path: Path) -> None:
    days = {f"2024-{month:02d}-{day:02d}": 1 for month in range(1, 5) for day in range(1, 29)}
    records = [{"id": n, "isi": "a", "per_hari": days} for n in range(2)]
    assert tables(written(tmp_path / "a.json", records))["a"]["whole"] == ("per_hari",)


def test_members_of_different_kinds_have_tables_of_their_own(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "unduhan.zip", "w") as archive:
        archive.writestr("a/posts_1.json", json.dumps([{"id": 1, "isi": "a"}]))
        archive.writestr(
            "b/comments_1.json", json.dumps({"comments": [{"kode": 1, "teks": "b"}, {"kode": 2, "teks": "c"}]})
        )
        archive.writestr("c/kosong_1.json", "[]")
        archive.writestr("foto.jpg", b"\xff\xd8\xff")
    assert tables(tmp_path / "unduhan.zip") == {
        "unduhan": {"files": "posts_*.json"},
        "comments": {"files": "comments_*.json", "records": "comments"},
    }
    assert rows(tmp_path / "unduhan.zip") == {"unduhan": 1, "comments": 2}


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_off_is_outlined_as_far_as_it_goes(cut: float, tmp_path: Path) -> None:
    text = json.dumps({"data": [{"id": n, "isi": "jalan rusak"} for n in range(50)]})
    path = written(tmp_path / "putus.json", text[: int(len(text) * cut)])
    told = inspect(str(path))
    assert told["tables"][0]["rows"] == int(50 * cut)
    assert any("cut off" in problem for problem in told["problems"])


def test_the_outline_needs_no_more_than_a_part_of_a_long_list() -> None:
    root = Node()
    piece = b'{"data": [' + b'{"id": 1, "isi": "a"},' * 1000
    outline(iter([piece]), root)
    assert [path for path, _ in root.lists_below()] == [("data",)]
    assert root.keys["data"].item is not None
    assert root.keys["data"].item.objects >= 999
