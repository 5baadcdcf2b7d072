"""Files of JSON: saved pages, lines, archives of social media, and what is broken in them."""

import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from file_sources import KEYS, archive_of, context
from hypothesis import given
from hypothesis import strategies as st

from connectors.archive import Archive, ArchiveWriter
from connectors.base import ChannelError, RawTable
from connectors.json_files import JsonReader
from connectors.json_text import Broken, Found, JsonText, read_records
from schemas.sources import JsonSource

STREAM = {"table": "pos", "key": ["id"], "columns": {"text": "message"}}


def source(table: dict[str, Any] | None = None, stream: dict[str, Any] | None = None, **more: Any) -> JsonSource:
    tables = {"pos": table or {}}
    return JsonSource.model_validate(
        {"reader": "json", "path": "*", "tables": tables, "streams": {"complaints": STREAM | (stream or {})}} | more
    )


def parse(folder: Path, of: JsonSource, **files: bytes) -> list[RawTable]:
    return list(JsonReader().parse(of, archive_of(folder, **files)))


def cells(pieces: list[RawTable], table: str = "pos") -> list[dict[str, str]]:
    frame = pd.concat([piece.frame for piece in pieces if piece.table == table], ignore_index=True)
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(k): v for k, v in row.items() if v is not None and k != "_object"} for row in rows]


def extracted(folder: Path, of: JsonSource) -> Archive:
    writer = ArchiveWriter(folder / "archive", KEYS)
    JsonReader().extract(of, writer, context(folder / "in"))
    return writer.finish()


TWO = [{"id": 1, "message": "a"}, {"id": 2, "message": "b"}]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(TWO).encode(),
        json.dumps(TWO, indent=2).encode("utf-16"),
        b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, TWO)).encode(),
        f"window.YTD.tweets.part0 = {json.dumps(TWO)};\n".encode(),
        f"[{json.dumps(TWO[0])},{json.dumps(TWO[1])},]".encode(),
    ],
    ids=["list", "UTF-16", "lines", "archive of X", "comma at the end"],
)
def test_a_list_of_records_is_found_however_it_is_written(tmp_path: Path, content: bytes) -> None:
    rows = cells(parse(tmp_path, source(), a__json=content))
    assert rows == [{"id": "1", "message": "a", "_position": "1"}, {"id": "2", "message": "b", "_position": "2"}]


def test_pages_keep_long_numbers_digit_by_digit_and_lists_as_json(tmp_path: Path) -> None:
    record = {"id": 1726570123456789012, "like": 1.5, "from": {"id": "7"}, "tags": ["a"], "none": None, "empty": {}}
    page = {"meta": {"next": "x"}, "data": [record]}
    of = source({"records": "data"})
    (row,) = cells(parse(tmp_path, of, a__json=json.dumps(page).encode()))
    assert row == {"id": "1726570123456789012", "like": "1.5", "from.id": "7", "tags": '["a"]', "_position": "1"}
    twice = "\n".join([json.dumps(page)] * 2).encode()
    assert len(cells(parse(tmp_path / "lines", of, a__jsonl=twice))) == 2
    assert len(cells(parse(tmp_path / "list", of, a__json=json.dumps([page, page]).encode()))) == 2


def test_comments_and_their_replies_are_records_of_the_same_table(tmp_path: Path) -> None:
    reply = {"id": "3", "message": "balas"}
    comment = {"id": "2", "message": "komentar", "comments": {"data": [reply], "paging": {"next": "u"}}}
    post = {"id": "1", "message": "pos", "comments": {"data": [comment, "rusak"]}}
    of = source({"records": "data", "thread": {"at": ["comments.data"], "carry": {"parent": "id"}}})
    pieces = parse(tmp_path, of, a__json=json.dumps({"data": [post]}).encode())
    assert cells(pieces) == [
        {"id": "1", "message": "pos", "_position": "1"},
        {"id": "2", "message": "komentar", "parent": "1", "comments.paging.next": "u", "_position": "1.1"},
        {"id": "3", "message": "balas", "parent": "2", "_position": "1.1.1"},
    ]
    (bad,) = [u for piece in pieces for u in piece.unreadable]
    assert (bad.position, bad.raw) == ("1.2", b'"rusak"')


def test_nested_lists_are_tables_and_what_is_whole_stays_one_column(tmp_path: Path) -> None:
    of = source(
        {"nested": {"jawaban": {"at": "replies", "carry": {"post": "id"}}}, "whole": ["entities", "user.more"]},
        {"events": [{"table": "jawaban", "complaint": ["post"], "columns": {"text": "text"}}]},
    )
    record = {"id": 1, "entities": {"b": 1, "a": []}, "user": {"more": {"x": 2}}, "replies": [{"text": "ya"}]}
    pieces = parse(tmp_path, of, a__json=json.dumps([record]).encode())
    assert cells(pieces)[0] == {"id": "1", "entities": '{"b":1,"a":[]}', "user.more": '{"x":2}', "_position": "1"}
    assert cells(pieces, "jawaban") == [{"text": "ya", "post": "1", "_position": "1.1"}]


def test_users_of_a_page_are_looked_up(tmp_path: Path) -> None:
    of = source(
        {"records": "data"},
        {"lookups": {"author_id": {"table": "users", "key": "id", "columns": {"username": "author"}}}},
        tables={"pos": {"records": "data"}, "users": {"records": "includes.users"}},
    )
    page = {"data": [{"id": "1", "author_id": "9"}], "includes": {"users": [{"id": "9", "username": "warga_uji"}]}}
    pieces = parse(tmp_path, of, a__json=json.dumps(page).encode())
    assert cells(pieces) == [{"id": "1", "author_id": "9", "author": "warga_uji", "_position": "1"}]
    assert {piece.table for piece in pieces} == {"pos"}


@pytest.mark.parametrize(
    ("content", "ids", "raw"),
    [
        (b'[{"id":1},{"id":x2,"a":"}"},{"id":3}]', ["1", "3"], [b'{"id":x2,"a":"}"}']),
        (b'[{"id":1},{"id":NaN},{"id":3}]', ["1", "3"], [b'{"id":NaN}']),
        (b'[{"id":1},7,{"id":3}]', ["1", "3"], [b"7"]),
        (b'[{"id":1},{"id":2,"a":"putus', ["1"], [b'{"id":2,"a":"putus']),
        (b'{"id":1}\n{"id":2,"a":"putus\n{"id":3}\n', ["1", "3"], [b'{"id":2,"a":"putus']),
        (b'[{"id":1}\n{"id":2}]', ["1"], None),
        (b"<html>Masuk dulu</html>", [], [b"<html>Masuk dulu</html>"]),
    ],
    ids=["bad word", "NaN", "no object", "cut off", "cut line", "no comma", "web page"],
)
def test_what_is_broken_is_kept_with_its_bytes_and_the_rest_is_read(
    tmp_path: Path, content: bytes, ids: list[str], raw: list[bytes] | None
) -> None:
    pieces = parse(tmp_path, source(), a__json=content, b__json=b'[{"id":9}]')
    assert [row["id"] for row in cells(pieces)] == [*ids, "9"]
    bad = [u.raw for piece in pieces for u in piece.unreadable]
    assert bad == raw if raw is not None else len(bad) >= 1


def test_a_file_cut_off_is_counted_once_though_two_tables_are_read_from_it(tmp_path: Path) -> None:
    of = source(
        {"records": "data"},
        {"events": [{"table": "jawab", "complaint": ["of"], "columns": {"text": "t"}}]},
        tables={"pos": {"records": "data"}, "jawab": {"records": "replies"}},
    )
    pieces = parse(tmp_path, of, a__json=b'{"data":[{"id":1}],"replies":[{"of":"1","t":"ya"}],"meta":{"x"')
    assert (len(cells(pieces)), len(cells(pieces, "jawab"))) == (1, 1)
    assert [u.table for piece in pieces for u in piece.unreadable] == ["pos"]


def test_a_saved_error_is_told_and_a_folder_of_errors_stops(tmp_path: Path) -> None:
    error, page = b'{"error":{"code":190}}', b'{"data":[{"id":"1"}]}'
    pieces = parse(tmp_path / "some", source({"records": "data"}), a__json=error, b__json=page)
    assert pieces[-1].problems == ("pos: 1 files hold none, the first is a.json",)
    with pytest.raises(ChannelError, match="no file holds a list for pos"):
        parse(tmp_path / "all", source({"records": "data"}), a__json=error)


def test_bytes_that_are_no_text_are_told_and_kept_where_they_break_a_record(tmp_path: Path) -> None:
    pieces = parse(tmp_path, source(), a__json=b'[{"id":1,"message":"caf\xe9"},{"id":\xe9}]')
    assert cells(pieces)[0]["message"] == "caf\ufffd"
    assert pieces[-1].unreadable[0].raw == b'{"id":\xe9}'
    assert pieces[-1].problems == ("a.json: holds bytes that are no text; they stand as U+FFFD",)


def test_of_a_zip_only_the_members_of_a_table_are_archived_without_their_folders(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("messages/inbox/nama_orang/message_1.json", json.dumps({"messages": TWO}))
        archive.writestr("messages/inbox/nama_lain/message_1.json", json.dumps({"messages": TWO[:1]}))
        archive.writestr("messages/inbox/nama_lain/photos/1.jpg", b"\xff\xd8")
        archive.writestr("account.json", "{}")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "fb.zip").write_bytes(packed.getvalue())
    of = source({"records": "messages", "files": "message_*.json"})
    done = extracted(tmp_path, of)
    assert [entry.name for entry in done.entries] == ["000001-message_1.json", "000002-message_1.json"]
    assert "nama" not in (tmp_path / "archive" / "manifest.json").read_text()
    pieces = list(JsonReader().parse(of, done))
    assert len(cells(pieces)) == 3
    assert pieces[-1].problems == ("fb.zip: 2 members are of no table and not read",)


@pytest.mark.parametrize("fault", ["no json", "damaged", "bomb", "missing"])
def test_a_zip_that_cannot_be_read_stops_the_channel(tmp_path: Path, fault: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt" if fault == "no json" else "a.json", b" " * ((257 << 20) if fault == "bomb" else 5000))
    content = bytearray(packed.getvalue())
    if fault == "damaged":
        content[40:50] = b"0123456789"
    (tmp_path / "in").mkdir()
    if fault != "missing":
        (tmp_path / "in" / "a.zip").write_bytes(content)
    with pytest.raises(ChannelError, match=r"a\.zip|\*"):
        extracted(tmp_path, source())


def test_a_long_list_needs_the_memory_of_a_batch(tmp_path: Path) -> None:
    record = b'{"id": "1234567890123456789", "message": "' + b"jalan rusak " * 80 + b'", "other": [1, {"a": 2}]},'
    content = b'{"includes": [' + record * 15_000 + b'0], "data": [' + record * 15_000 + b'{"id": "0"}]}'
    chunks = [content[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20)]
    tracemalloc.start()
    count = sum(1 for _ in read_records(JsonText(iter(chunks)), "data", Found()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, len(content) > 25 << 20) == (15_001, True)
    assert peak < 12 << 20


def test_a_table_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="table 'lain' is not under tables"):
        source(stream={"table": "lain"})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=6)


def pieces_of(content: bytes, size: int) -> JsonText:
    return JsonText(content[at : at + size] for at in range(0, len(content), size))


@given(RECORDS, st.sampled_from(["", "data", "a.b"]), st.integers(1, 40), st.booleans(), st.sampled_from([None, 2]))
def test_any_list_is_read_as_json_reads_it(
    records: Any, path: str, size: int, ascii_: bool, indent: int | None
) -> None:
    document: Any = records
    for part in reversed(path.split(".") if path else []):
        document = {"x": [{"deep": "]"}], part: document, "z": 1}
    content = json.dumps(document, ensure_ascii=ascii_, indent=indent).encode("utf-8", "surrogatepass")
    assert list(read_records(pieces_of(content, size), path, Found())) == records


@given(RECORDS, st.integers(1, 40), st.integers(0, 400))
def test_a_cut_loses_the_records_behind_it_and_keeps_their_bytes(records: Any, size: int, cut: int) -> None:
    content = json.dumps(records).encode()
    short = content[:cut]
    got = list(read_records(pieces_of(short, size), "", Found()))
    whole = [r for r in got if not isinstance(r, Broken)]
    lost = [r for r in got if isinstance(r, Broken)]
    assert whole == records[: len(whole)]
    assert b"".join(r.raw for r in lost) in short
    assert len(lost) <= 1
    assert bool(lost) == (0 < cut < len(content))


@given(st.binary(max_size=300), st.integers(1, 40))
def test_no_bytes_break_the_reader(content: bytes, size: int) -> None:
    for found in read_records(pieces_of(content, size), "", Found()):
        assert not isinstance(found, Broken) or found.raw
