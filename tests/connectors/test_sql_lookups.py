"""Columns of look-up tables are joined into what a live database holds, from the archive of one snapshot."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_sql import (  # noqa: F401
    STREAM,
    database,
    extract,
    mariadb,
    mariadb_server,
    postgres,
    source,
    sqlite,
    with_secret,
)

from connectors.archive import Archive
from connectors.base import ChannelError, RawTable
from connectors.refresh import Known
from connectors.sql import SqlReader
from schemas.sources import SqlSource

ROWS = """
CREATE TABLE kategori (id int, nama varchar(40), dinas int);
INSERT INTO kategori VALUES (1, 'Jalan', 7), (2, 'Sampah', NULL), (3, 'Air', 8);
CREATE TABLE dinas (kode int, sebutan varchar(40));
INSERT INTO dinas VALUES (7, 'Dinas PU'), (8, 'PDAM');
CREATE TABLE laporan (id int, isi varchar(90), id_kategori int);
INSERT INTO laporan VALUES (1, 'a', 2), (2, 'b', 1), (3, 'c', NULL), (4, 'd', 9);
CREATE TABLE jejak (id int, laporan int, dinas int);
INSERT INTO jejak VALUES (1, 1, 8);
"""
CATEGORY = {"table": "kategori", "key": "id", "columns": {"nama": "nama_kategori", "dinas": "id_dinas"}}
AGENCY = {"table": "dinas", "key": "kode", "columns": {"sebutan": "nama_dinas"}}
COLUMNS = {"text": "isi", "category": "nama_kategori", "agency": "nama_dinas"}
LOOKING = STREAM | {"columns": COLUMNS, "lookups": {"id_kategori": CATEGORY, "id_dinas": AGENCY}}
EVENT = {"table": "jejak", "complaint": ["laporan"], "columns": {"agency": "oleh"}}


def looking(url: str, **more: Any) -> SqlSource:
    return with_secret(url, streams={"complaints": LOOKING | more})


def parsed(source: SqlSource, archive: Archive) -> dict[str, pd.DataFrame]:
    pieces = list(SqlReader().parse(source, archive))
    return {
        table: pd.concat([piece.frame for piece in pieces if piece.table == table], ignore_index=True)
        for table in dict.fromkeys(piece.table for piece in pieces)
    }


def told(pieces: list[RawTable]) -> list[str]:
    return [problem for piece in pieces for problem in piece.problems]


def column(frame: pd.DataFrame, name: str) -> list[str | None]:
    return [None if pd.isna(value) else value for value in frame[name]]


def test_columns_of_look_up_tables_stand_in_the_rows(database: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    live = looking(database(ROWS))
    archive = extract(live, tmp_path)
    found = parsed(live, archive)
    assert set(found) == {"laporan"}
    assert column(found["laporan"], "nama_kategori") == ["Sampah", "Jalan", None, None]
    assert column(found["laporan"], "nama_dinas") == [None, "Dinas PU", None, None]
    assert found["laporan"]["_position"].tolist() == ["1", "2", "3", "4"]
    assert SqlReader().count(live, archive) == {"complaints": 4}
    assert "laporan.id_kategori: 1 values have no row in kategori.id" in told(list(SqlReader().parse(live, archive)))


def test_events_look_up_too_and_a_table_may_be_both(database: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    events = [EVENT | {"lookups": {"dinas": AGENCY | {"columns": {"sebutan": "oleh"}}}}]
    events += [{"table": "kategori", "complaint": ["id"], "columns": {"text": "nama"}}]
    live = looking(database(ROWS), events=events)
    found = parsed(live, extract(live, tmp_path))
    assert column(found["jejak"], "oleh") == ["PDAM"]
    assert column(found["kategori"], "nama") == ["Jalan", "Sampah", "Air"]


def test_look_up_tables_are_read_whole_whatever_is_read_again(
    database: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
) -> None:
    url = database(ROWS)
    changed = {"kind": "cursor", "field": "id", "lag_number": 0}
    events = [{"table": "kategori", "complaint": ["id"], "columns": {"text": "nama"}, "refresh": changed}]
    live = looking(url, refresh=changed, events=events)
    known = {"complaints": Known(cursor="2"), "complaints/kategori": Known(cursor="3")}
    archive = extract(live, tmp_path, known=known)
    found = parsed(live, archive)
    assert column(found["laporan"], "nama_kategori") == ["Jalan", None, None]
    assert len(found["kategori"]) == 3
    assert {entry.origin["table"]: entry.origin.get("part") for entry in archive.entries} == {
        "laporan": "cursor",
        "kategori": None,
        "dinas": None,
    }
    assert SqlReader().count(live, archive) == {"complaints": 3}


def test_look_up_tables_belong_to_the_same_moment(sqlite: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    url = sqlite("PRAGMA journal_mode = WAL;" + ROWS)
    changes: list[sqlite3.Connection] = []

    def meanwhile(done: int, total: int | None) -> None:
        if not changes:
            changes.append(sqlite3.connect(tmp_path / "aduan.db"))
            changes[0].execute("UPDATE kategori SET nama = 'lain'")
            changes[0].commit()

    live = looking(url)
    archive = extract(live, tmp_path, progress=meanwhile)
    changes[0].close()
    (tmp_path / "aduan.db").unlink()
    assert column(parsed(live, archive)["laporan"], "nama_kategori") == ["Sampah", "Jalan", None, None]


@pytest.mark.parametrize(
    ("lookups", "fault"),
    [
        ({"id_kategori": CATEGORY | {"table": "katgori"}}, r"no table 'katgori', .* did you mean 'kategori'\?"),
        ({"id_kategori": CATEGORY | {"key": "kunci"}}, "table 'kategori' has no column 'kunci'"),
        ({"id_kategori": CATEGORY | {"columns": {"nma": "x"}}}, r"'kategori' has no column 'nma'; did you mean 'nama'"),
        ({"kategori": CATEGORY}, r"table 'laporan' has no column 'kategori'; did you mean 'id_kategori'\?"),
    ],
)
def test_a_look_up_that_cannot_be_joined_stops_the_channel_before_it_reads(
    sqlite: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
    lookups: dict[str, Any],
    fault: str,
) -> None:
    with pytest.raises(ChannelError, match=fault):
        extract(looking(sqlite(ROWS), columns={"text": "isi"}, lookups=lookups), tmp_path)


def test_a_large_look_up_table_is_not_even_archived(
    sqlite: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connectors.lookups.MOST_ROWS", 2)
    with pytest.raises(ChannelError, match="look-up table 'kategori' has more than 2 rows; map it as events instead"):
        extract(looking(sqlite(ROWS)), tmp_path)


def test_an_archive_without_the_look_up_table_is_said_to_be_of_another_file(
    sqlite: Callable[[str], str],  # noqa: F811
    tmp_path: Path,
) -> None:
    url = sqlite(ROWS)
    archive = extract(source(url), tmp_path)
    with pytest.raises(ChannelError, match="no rows of table 'kategori'"):
        parsed(looking(url), archive)


def test_a_time_that_is_looked_up_in_utc_is_told(postgres: Callable[[str], str], tmp_path: Path) -> None:  # noqa: F811
    url = postgres("CREATE TABLE laporan (id int, isi text); CREATE TABLE waktu (id int, pada timestamptz)")
    look = {"id": {"table": "waktu", "key": "id", "columns": {"pada": "masuk"}}}
    mapping = STREAM | {"columns": {"text": "isi", "submitted_at": "masuk"}, "lookups": look}
    live = source(url, streams={"complaints": mapping})
    assert told(list(SqlReader().parse(live, extract(live, tmp_path)))) == [
        "waktu: pada comes in UTC; say so in the channel file (time_zone: UTC)"
    ]
