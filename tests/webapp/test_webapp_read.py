"""The reader ``html`` reads a real web application whole, and leaves its database as it was."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connectors.archive import ArchiveWriter
from connectors.base import Context, RawTable
from connectors.html import HtmlReader
from schemas.web_sources import HtmlSource
from tests.connectors.file_sources import KEYS
from tests.webapp.pengaduan_app import CUT_BYTES, PASSWORD, USER, PengaduanApp, digest, fill, serving

SOURCE: dict[str, Any] = {
    "reader": "html",
    "politeness": {"per_second": 100_000, "timeout_seconds": 5, "retries": 0},
    "login": {
        "path": "/index.php/auth",
        "fields": {"nama": "PGD_USER", "sandi": "PGD_PASSWORD"},
        "success": "a#keluar",
    },
    "count": {"path": "/index.php/dasbor", "cell": {"select": "#jumlah"}},
    "tables": {
        "pengaduan": {
            "listing": {
                "path": "/index.php/pengaduan/index/{offset}",
                "step": 10,
                "row": "table.daftar tbody tr",
                "cells": {"Nomor": {"select": "td:nth-child(1)"}, "Isi Pengaduan": {"select": "td:nth-child(2)"}},
                "link": {"select": "a[title=Lihat]", "attribute": "href"},
                "next": "a[rel=next]",
            },
            "detail_path": "/index.php/pengaduan/detail/{id}",
            "numbers": {"path": "/index.php/pengaduan/detail/{n}"},
            "detail": {"row": "dl.rincian", "label": "dt", "value": "dd"},
            "nested": {
                "tanggapan": {
                    "row": "div.tanggapan",
                    "carry": {"id_pengaduan": "id"},
                    "cells": {
                        "id": {"select": ":scope", "attribute": "data-id"},
                        "petugas": {"select": "b"},
                        "isi": {"select": "p"},
                        "waktu": {"select": "time"},
                    },
                }
            },
        }
    },
    "streams": {"complaints": {"table": "pengaduan", "key": ["id"], "columns": {"text": "Isi Pengaduan"}}},
}
LABELS = {
    "id": "id", "Nomor": "nomor", "Pelapor": "pelapor", "No. HP": "telp", "Judul": "judul", "Isi Pengaduan": "isi",
    "Status": "status", "Tanggal": "dibuat", "Diubah": "diubah",
}  # fmt: skip


def read(app: PengaduanApp, folder: Path) -> tuple[dict[str, RawTable], int | None]:
    secrets = {"PGD_USER": USER, "PGD_PASSWORD": PASSWORD}
    with serving(app) as address:
        declared = HtmlSource.model_validate(SOURCE | {"url": address})
        writer = ArchiveWriter(folder / "archive", KEYS)
        HtmlReader().extract(declared, writer, Context("pgd", folder, secrets.__getitem__))
    archive = writer.finish()
    counted = HtmlReader().count(declared, archive)
    return {raw.table: raw for raw in HtmlReader().parse(declared, archive)}, counted and counted["complaints"]


def truth(database: Path, columns: str, table: str) -> pd.DataFrame:
    with closing(sqlite3.connect(database)) as connection:
        return pd.read_sql(f"SELECT {columns} FROM {table} ORDER BY id", connection).astype("str")


@pytest.mark.parametrize("lifetime", [10_000, 7])
def test_all_of_it_is_read_and_nothing_of_it_is_changed(tmp_path: Path, lifetime: int) -> None:
    database = tmp_path / "pengaduan.db"
    fill(database)
    app, before = PengaduanApp(database, lifetime), digest(database)
    raw, counted = read(app, tmp_path)
    found, expected = raw["pengaduan"], truth(database, ", ".join(LABELS.values()), "pengaduan")
    frame = found.frame[list(LABELS)].rename(columns=LABELS).assign(id=lambda f: f["id"].astype(int))
    frame = frame.sort_values("id", ignore_index=True).astype("str")
    pd.testing.assert_frame_equal(frame, expected)
    assert found.unreadable == ()
    assert counted == len(expected) == 44
    answers = raw["tanggapan"].frame[["id", "id_pengaduan", "petugas", "isi", "waktu"]]
    answers = answers.assign(n=answers["id"].astype(int)).sort_values("n", ignore_index=True).drop(columns="n")
    pd.testing.assert_frame_equal(answers, truth(database, "id, id_pengaduan, petugas, isi, waktu", "tanggapan"))
    assert digest(database) == before
    deadly = ("hapus", "ubah_status", "keluar")
    assert not [path for path in app.asked if any(word in path for word in deadly)]


def test_what_the_list_hides_and_cuts_short_is_told(tmp_path: Path) -> None:
    database = tmp_path / "pengaduan.db"
    fill(database)
    raw, _ = read(PengaduanApp(database), tmp_path)
    hidden = truth(database, "id", "pengaduan WHERE status = 'Arsip'")
    assert len(hidden) > 5
    assert set(hidden["id"]) <= set(raw["pengaduan"].frame["id"])
    assert any("the list hides them" in problem for problem in raw["pengaduan"].problems)
    assert any("stand as U+FFFD" in problem for problem in raw["pengaduan"].problems)
    assert raw["pengaduan"].frame["Isi Pengaduan"].str.len().min() > CUT_BYTES
    assert "Isi Pengaduan (list)" not in raw["pengaduan"].frame
