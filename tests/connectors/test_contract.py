"""The one contract of all readers. A reader is tested here as soon as it has a bench; without one this module fails."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from contract_bench import START, Bench, FileBench, ServedBench, Wish, keys
from contract_child import Noticing, extract, killed_in_the_middle, peaks
from contract_files import Chat, Csv, Dump, Json, WebPage, Workbook
from contract_served import Html, MariaDbTable, PostgresTable, Rest, Sqlite
from contract_wire import Wire, wired

from connectors import base, mysql_statements, sheet, sql_mysql, sql_postgres, sql_tables
from connectors.archive import Archive
from connectors.base import ChannelError, RawTable, ReaderError, RetryError
from connectors.readers import READERS
from data import REFERENCE
from schemas.reference import read_reference
from tests.servers import MariaDb, free_port, running_mariadb
from transforms.normalise import Normalised, RawFrame, normalise

FILES: tuple[type[FileBench], ...] = (Chat, Csv, Dump, Json, Sqlite, WebPage, Workbook)
SERVED: tuple[type[ServedBench], ...] = (Html, MariaDbTable, PostgresTable, Rest)
REFERENCE_TABLES = read_reference(REFERENCE)
PIECE = 20  # rows; small, so that sources may be
WEIGHED_PIECE = 30


@pytest.fixture(scope="session")
def contract_mariadb() -> Iterator[MariaDb]:
    with running_mariadb() as server:
        yield server


def _named(benches: tuple[type[Bench], ...]) -> list[object]:
    marks = {MariaDbTable: pytest.mark.server("mariadb")}
    return [pytest.param(one, id=one.name, marks=[marks[one]] if one in marks else []) for one in benches]


@pytest.fixture(params=_named((*FILES, *SERVED)))
def bench(request: pytest.FixtureRequest) -> Bench:
    """Every bench in turn; a test may take some of them only."""
    made: type[Bench] = request.param
    if made is MariaDbTable:
        return MariaDbTable(request.getfixturevalue("contract_mariadb"))
    if made is PostgresTable:
        return PostgresTable(request.getfixturevalue("postgres_url"))
    return made()


only_files = pytest.mark.parametrize("bench", _named(FILES), indirect=True)
only_served = pytest.mark.parametrize("bench", _named(SERVED), indirect=True)
only_plain_files = pytest.mark.parametrize("bench", _named(tuple(f for f in FILES if f is not Sqlite)), indirect=True)
only_with_columns = pytest.mark.parametrize(
    "bench", _named(tuple(b for b in (*FILES, *SERVED) if b.new_column)), indirect=True
)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((base, "BATCH"), (sql_tables, "BATCH"), (sheet, "CHUNK_ROWS")):
        monkeypatch.setattr(module, name, PIECE)
    monkeypatch.setattr(mysql_statements, "CHUNK_ROWS", PIECE)


@dataclass(frozen=True)
class Counting(Archive):
    """An archive that counts the bytes that it handed out."""

    given: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, archive: Archive) -> "Counting":
        return cls(archive.folder, archive.cipher, archive.entries, archive.sha256)

    def stream(self, name: str) -> Iterator[bytes]:
        for chunk in super().stream(name):
            self.given.append(len(chunk))
            yield chunk


def read(bench: Bench, archive: Archive) -> list[RawTable]:
    return list(bench.read_by.parse(bench.source, archive))


def frame_of(pieces: list[RawTable]) -> pd.DataFrame:
    return pd.concat([piece.frame for piece in pieces], ignore_index=True)


def extracted(bench: Bench, home: Path, name: str = "archive") -> Archive:
    with bench.ready(home) as way:
        return extract(bench.source, way, home / name)


def normalised(bench: Bench, pieces: list[RawTable]) -> Normalised:
    frames = [RawFrame(piece.table, piece.frame) for piece in pieces]
    done = normalise(bench.channel, "satu", frames, [], datetime(2024, 6, 1, tzinfo=UTC), REFERENCE_TABLES)
    assert done.counts.raw_records == sum(len(frame.frame) for frame in frames)
    return done


def fault_of(call: Callable[[], object]) -> ReaderError:
    """What ``call`` raises: one line for a person, of the readers' own kinds."""
    with pytest.raises(ReaderError) as caught:
        call()
    said = str(caught.value)
    assert said
    assert "\n" not in said
    assert "rahasia-uji" not in said
    return caught.value


def test_every_reader_has_a_bench() -> None:
    assert {bench.reader for bench in (*FILES, *SERVED)} == set(READERS)


def test_every_record_comes_once_and_is_as_it_was_written(bench: Bench, tmp_path: Path, small_pieces: None) -> None:
    wish = Wish(5 * PIECE + 3)
    bench.write(tmp_path, wish)
    pieces = read(bench, extracted(bench, tmp_path))
    frame = frame_of(pieces)
    assert len(bench.keys_of(frame)) == bench.counted(tmp_path) == wish.count
    assert bench.keys_of(frame) == keys(wish.count)
    assert all(len(piece.frame) <= 3 * PIECE for piece in pieces)
    assert [p for piece in pieces for p in piece.unreadable] == []
    assert frame[["_object", "_position"]].notna().all(axis=None)
    assert all(str(kind) == "str" for kind in frame.dtypes)
    done = normalised(bench, pieces)
    assert len(done.submissions) == wish.count
    assert sorted(done.submissions["text"]) == sorted(text for _, _, text in wish.rows())
    assert done.submissions["submitted_local"].min().date() >= START.date()


def test_the_first_rows_come_before_the_whole_is_read(bench: Bench, tmp_path: Path, small_pieces: None) -> None:
    bench.write(tmp_path, Wish(300, pad=20_000))
    archive = Counting.of(extracted(bench, tmp_path))
    pieces = bench.read_by.parse(bench.source, archive)
    first = next(piece for piece in pieces if len(piece.frame))
    given = sum(archive.given)
    rest = [piece for piece in pieces if len(piece.frame)]
    assert len(rest) > 2
    assert len(bench.keys_of(frame_of([first, *rest]))) == 300
    if bench.is_streamed:
        assert given < 0.9 * sum(archive.given)


def test_killed_in_the_middle_and_read_again_it_is_as_if_undisturbed(bench: Bench, tmp_path: Path) -> None:
    bench.write(tmp_path, Wish(200, pad=20_000))
    pieces: list[int] = []
    with bench.ready(tmp_path) as way:
        undisturbed = extract(bench.source, way, tmp_path / "whole", Noticing(pieces.append))
        killed_in_the_middle(bench.source, way, tmp_path / "torn", 1 + len(pieces) // 2)
        left = [file.stat().st_size for file in (tmp_path / "torn").iterdir()]
        assert left
        assert not (tmp_path / "torn" / "manifest.json").exists()
        again = extract(bench.source, way, tmp_path / "torn")
    assert [p.name for p in (tmp_path / "torn").glob(".*")] == []
    pd.testing.assert_frame_equal(frame_of(read(bench, again)), frame_of(read(bench, undisturbed)))


def test_the_same_source_gives_the_same_rows_and_keys(bench: Bench, tmp_path: Path) -> None:
    bench.write(tmp_path, Wish(30))
    one, other = (read(bench, extracted(bench, tmp_path, name)) for name in ("one", "other"))
    pd.testing.assert_frame_equal(frame_of(one), frame_of(other))
    submissions = [normalised(bench, pieces).submissions[["stream", "key", "text"]] for pieces in (one, other)]
    pd.testing.assert_frame_equal(*submissions)
    assert submissions[0]["key"].is_unique


def test_a_source_without_records_gives_none(bench: Bench, tmp_path: Path) -> None:
    bench.write(tmp_path, Wish(0))
    pieces = read(bench, extracted(bench, tmp_path))
    frame = frame_of(pieces)
    assert bench.counted(tmp_path) == 0
    assert frame.empty or bench.keys_of(frame) == []
    done = normalised(bench, pieces)
    assert (len(done.submissions), len(done.rejected)) == (0, 0)
    assert done.schema_drift == ()


@only_files
def test_a_file_of_no_bytes_stops_the_channel(bench: FileBench, tmp_path: Path) -> None:
    bench.path(tmp_path).write_bytes(b"")
    assert isinstance(fault_of(lambda: read(bench, extracted(bench, tmp_path))), ChannelError)


@only_files
def test_a_file_that_is_not_there_stops_the_channel(bench: FileBench, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    fault = fault_of(lambda: extracted(bench, tmp_path))
    assert isinstance(fault, ChannelError)
    assert bench.file in str(fault)


@only_plain_files
def test_a_file_that_grows_while_it_is_read_is_read_again_later(bench: FileBench, tmp_path: Path) -> None:
    bench.write(tmp_path, Wish(200, pad=20_000))

    def grow(sealed: int) -> None:
        with bench.path(tmp_path).open("ab") as out:
            out.write(b"\n")

    fault = fault_of(lambda: extract(bench.source, bench.way(tmp_path), tmp_path / "archive", Noticing(grow)))
    assert isinstance(fault, RetryError)


def test_a_table_that_grows_while_it_is_read_is_read_as_of_one_moment(tmp_path: Path, small_pieces: None) -> None:
    bench = Sqlite()
    bench.write(tmp_path, Wish(100))

    def grow(sealed: int) -> None:
        with closing(sqlite3.connect(bench.path(tmp_path))) as connection, connection:
            connection.execute("INSERT INTO aduan SELECT 'BARU-' || count(*), tanggal, isi FROM aduan")

    archive = extract(bench.source, bench.way(tmp_path), tmp_path / "archive", Noticing(grow))
    assert bench.keys_of(frame_of(read(bench, archive))) == keys(100)
    assert bench.counted(tmp_path) > 100


@only_served
def test_a_server_that_is_away_is_asked_again_later(bench: ServedBench, tmp_path: Path) -> None:
    fault = fault_of(lambda: extract(bench.source, bench.way(tmp_path, free_port()), tmp_path / "archive"))
    assert isinstance(fault, RetryError)


def answered_bytes(bench: ServedBench, home: Path) -> int:
    """How many bytes the server sends for the whole of the source."""
    with bench.served(home) as port, wired(Wire(port)) as wire:
        extract(bench.source, bench.way(home, wire.port), home / "measured")
        return wire.passed


@only_served
def test_a_server_that_breaks_off_in_the_middle_is_asked_again_later(bench: ServedBench, tmp_path: Path) -> None:
    bench.write(tmp_path, Wish(60, pad=2_000))
    half = answered_bytes(bench, tmp_path) // 2
    with bench.served(tmp_path) as port, wired(Wire(port, cut_after=half)) as wire:
        way = bench.way(tmp_path, wire.port)
        fault = fault_of(lambda: extract(bench.source, way, tmp_path / "archive"))
    assert isinstance(fault, RetryError)
    assert not (tmp_path / "archive" / "manifest.json").exists()
    again = extracted(bench, tmp_path)
    assert bench.keys_of(frame_of(read(bench, again))) == keys(60)


@only_served
def test_a_server_that_falls_silent_in_the_middle_is_given_up_in_time(
    bench: ServedBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sql_mysql, sql_postgres):
        monkeypatch.setattr(module, "SILENT_SECONDS", 1)
    bench.write(tmp_path, Wish(60, pad=2_000))
    half = answered_bytes(bench, tmp_path) // 2
    with bench.served(tmp_path) as port, wired(Wire(port, silent_after=half)) as wire:
        way, began = bench.way(tmp_path, wire.port), time.monotonic()
        fault = fault_of(lambda: extract(bench.source, way, tmp_path / "archive"))
    assert isinstance(fault, RetryError)
    assert time.monotonic() - began < 10


@only_served
def test_a_slow_server_is_waited_for(bench: ServedBench, tmp_path: Path) -> None:
    bench.write(tmp_path, Wish(12))
    with bench.served(tmp_path) as port, wired(Wire(port, delay_seconds=0.05)) as wire:
        archive = extract(bench.source, bench.way(tmp_path, wire.port), tmp_path / "archive")
    assert bench.keys_of(frame_of(read(bench, archive))) == keys(12)


@only_with_columns
def test_a_source_that_grew_a_column_loses_nothing_and_is_told(bench: Bench, tmp_path: Path) -> None:
    bench.write(tmp_path, Wish(9))
    before = frame_of(read(bench, extracted(bench, tmp_path, "before")))
    bench.write(tmp_path, Wish(9, grown=True))
    pieces = read(bench, extracted(bench, tmp_path, "after"))
    after = frame_of(pieces)
    assert after[bench.new_column].tolist() == [f"nilai {n}" for n in range(9)]
    place = ["_object", "_position"]  # lines may have moved
    pd.testing.assert_frame_equal(
        after.drop(columns=[bench.new_column, *place])[[*before.columns.drop(place)]], before.drop(columns=place)
    )
    done = normalised(bench, pieces)
    assert done.schema_drift == (f"{bench.table}.{bench.new_column}",)
    assert done.submissions["key"].tolist() == keys(9)


def test_only_a_chat_has_no_columns_that_could_grow() -> None:
    assert [bench.name for bench in (*FILES, *SERVED) if bench.new_column is None] == ["chat"]


def test_memory_does_not_grow_with_the_source(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_tables, "BATCH", 500)  # rows of an archived object
    folders, count, pad = [], *bench.weighed
    for times in (1, 10):
        bench.write(tmp_path, Wish(times * count, pad=pad))
        folders.append(tmp_path / f"times {times}")
        extracted(bench, tmp_path, folders[-1].name)
    (_, small), (rows, large) = peaks(bench.source, folders, WEIGHED_PIECE)
    assert rows >= 10 * count
    assert large - small < bench.memory_share * 9 * count * pad
