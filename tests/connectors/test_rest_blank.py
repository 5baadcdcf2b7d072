"""Blanking answers of an API: a person's record is emptied wherever it stands, the others are read as they were."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from file_sources import KEYS
from old_system import Asked, Reply, as_json
from rest_bench import Reading, read

from connectors.archive import Archive, rewrite
from connectors.blank import Blanking, Mine
from connectors.blankers import BLANKERS
from connectors.rest import RestReader

PHONE = "081200000017"
PATTERN = re.compile(PHONE)
PEOPLE = [("1", "Siti Contoh", "081200000018"), ("2", "Budi Contoh", PHONE), ("3", "Ani Contoh", "081200000019")]
ROWS = [
    {"id": key, "pelapor": {"nama": name, "telp": phone}, "isi": f"tetangga {PHONE}" if key == "3" else "lampu"}
    for key, name, phone in PEOPLE
]
NOTES = [{"isi": "ditelepon"}]


def listed(asked: Asked) -> Reply:
    return as_json({"data": [row | {"riwayat": NOTES} for row in ROWS], "oleh": PHONE})


def detailed(asked: Asked) -> Reply:
    if asked.path == "/laporan":
        return as_json({"data": [{"id": row["id"], "judul": f"dari {row['pelapor']['nama']}"} for row in ROWS]})
    return as_json({"data": ROWS[int(asked.path[-1]) - 1] | {"riwayat": NOTES}})


def celled(asked: Asked) -> Reply:
    return as_json([[row["id"], row["pelapor"]["nama"], row["pelapor"]["telp"], row["isi"]] for row in ROWS])


def as_xml(asked: Asked) -> Reply:
    rows = "".join(
        f"<l id='{row['id']}'><pelapor nama='{row['pelapor']['nama']}'>{row['pelapor']['telp']}</pelapor>"
        f"<isi>{row['isi']}</isi><riwayat><c><isi>ditelepon</isi></c></riwayat></l>"
        for row in ROWS
    )
    return Reply(f"<d>{rows}</d>".encode())


NESTED = {"riwayat": {"at": "riwayat", "carry": {"laporan": "id"}}}
KINDS: dict[str, tuple[Callable[[Asked], Reply], dict[str, Any], str]] = {
    "list": (listed, {"records": "data", "nested": NESTED}, "id"),
    "detail": (detailed, {"records": "data", "detail": {"path": "/l/{id}", "record": "data"}, "nested": NESTED}, "id"),
    "cells": (celled, {"columns": ["id", "nama", "telp", "isi"]}, "id"),
    "xml": (as_xml, {"records": "d.l", "nested": {"riwayat": {"at": "riwayat.c", "carry": {"laporan": "@id"}}}}, "@id"),
}  # fmt: skip


def blanked(found: Reading, key: str, folder: Path) -> Archive:
    row = found.frame[found.frame[key].eq("2")].iloc[0]
    mine = Mine(row["_object"], row["_position"], {n: c for n, c in row.items() if not pd.isna(c)})
    what = Blanking((mine,), frozenset({key}), PATTERN, frozenset())
    return rewrite(found.archive, folder, dict(BLANKERS["rest"](found.source, found.archive, what)))


def frame_of(found: Reading, archive: Archive, table: str = "laporan") -> pd.DataFrame:
    return next(raw.frame for raw in RestReader().parse(found.source, archive) if raw.table == table)


@pytest.mark.parametrize("kind", list(KINDS))
def test_one_record_is_emptied_and_the_others_stay(tmp_path: Path, kind: str) -> None:
    answer, table, key = KINDS[kind]
    found = read(answer, tmp_path, table)
    archive = blanked(found, key, tmp_path / "blanked")
    before, after = found.frame, frame_of(found, archive)
    others = before[key].ne("2").to_numpy()
    shared = [column for column in before.columns if column in after.columns]
    masked = before.loc[others, shared].replace(PHONE, "*" * 12, regex=True)
    pd.testing.assert_frame_equal(after.loc[others, shared], masked)
    emptied = after[after[key].eq("2")].drop(columns=["_object", "_position", key])
    assert len(emptied) == 1
    assert emptied.isna().all(axis=None) or set(emptied.iloc[0].dropna()) == {""}
    everything = b"".join(archive.read(entry.name) for entry in archive.entries)
    assert b"Budi" not in everything
    assert PHONE.encode() not in everything
    assert b"Siti" in everything
    if "nested" in table:
        assert list(frame_of(found, archive, "riwayat")["laporan"]) == ["1", "3"]


def test_a_page_that_was_read_twice_is_emptied_twice(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        return as_json({"data": ROWS if asked.query["page"] == "1" else [], "n": 9})

    found = read(answer, tmp_path, {"records": "data", "paging": {"total": "n"}})
    assert found.objects(**{"pass": "2"})
    archive = blanked(found, "id", tmp_path / "blanked")
    assert b"Budi" not in b"".join(archive.read(entry.name) for entry in archive.entries)
    assert len(frame_of(found, archive)) == 3


def test_what_was_broken_becomes_empty(tmp_path: Path) -> None:
    left = [Reply(json.dumps(ROWS).encode()[:-5])]
    found = read(lambda asked: left.pop() if left else as_json(ROWS), tmp_path, {})
    assert b"Budi" in found.archive.read("laporan-000001.broken-1.json")
    archive = blanked(found, "id", tmp_path / "blanked")
    assert archive.read("laporan-000001.broken-1.json") == b""
    assert list(frame_of(found, archive)["id"]) == ["1", "2", "3"]
    assert archive.cipher is KEYS
