"""Files get from the folder of sources into the archive, byte for byte, and nothing else does."""

from pathlib import Path

import pytest
from file_sources import KEYS, context

from connectors.archive import ArchiveWriter
from connectors.base import ChannelError, Context, RetryError
from connectors.files import archive_files, find_files, nearest


def put(folder: Path, name: str, content: bytes = b"isi") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_file_is_archived_as_it_is_with_where_it_came_from(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000  # more than one chunk
    put(tmp_path, "super/super.sql", content)
    writer = ArchiveWriter(tmp_path / "arsip", KEYS)
    archive_files("super/super.sql", writer, context(tmp_path))
    archive = writer.finish()
    (entry,) = archive.entries
    assert archive.read("super.sql") == content
    assert (entry.origin["path"], entry.origin["size"]) == ("super.sql", str(len(content)))
    assert entry.origin["mtime"].endswith("+00:00")


def test_progress_is_told_in_bytes_over_all_files(tmp_path: Path) -> None:
    put(tmp_path, "a.sql", b"12")
    put(tmp_path, "b.sql", b"345")
    told: list[tuple[int, int | None]] = []
    where = Context("uji", tmp_path, str, progress=lambda done, total: told.append((done, total)))
    archive_files("*.sql", ArchiveWriter(tmp_path / "arsip", KEYS), where)
    assert told == [(2, 5), (5, 5)]


def test_a_glob_gives_its_files_in_order_and_no_folders(tmp_path: Path) -> None:
    files = [put(tmp_path, f"super/{name}.sql") for name in ("c", "a", "b")]
    (tmp_path / "super" / "d.sql").mkdir()
    assert find_files("super/*.sql", tmp_path) == tuple(sorted(files))


def test_files_of_one_name_in_several_folders_do_not_collide(tmp_path: Path) -> None:
    put(tmp_path, "2023/super.sql", b"lama")
    put(tmp_path, "2024/super.sql", b"baru")
    writer = ArchiveWriter(tmp_path / "arsip", KEYS)
    archive_files("*/super.sql", writer, context(tmp_path))
    archive = writer.finish()
    assert {e.name: archive.read(e.name) for e in archive.entries} == {
        "001-super.sql": b"lama",
        "002-super.sql": b"baru",
    }


@pytest.mark.parametrize("name", ["manifest.json", ".super.sql"])
def test_a_name_that_the_archive_needs_itself_is_changed(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    writer = ArchiveWriter(tmp_path / "arsip", KEYS)
    archive_files(name, writer, context(tmp_path))
    assert writer.finish().entries[0].name == f"001-{name}"


def test_a_name_with_brackets_is_a_name_before_it_is_a_pattern(tmp_path: Path) -> None:
    file = put(tmp_path, "laporan [2024].xlsx")
    assert find_files("laporan [2024].xlsx", tmp_path) == (file,)


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    file = put(tmp_path, "lain/super.sql")
    assert find_files(str(file), tmp_path / "sources") == (file,)
    assert find_files(str(tmp_path / "lain" / "*.sql"), tmp_path / "sources") == (file,)


@pytest.mark.parametrize("path", ["../super.sql", "super/../../super.sql", "../*.sql"])
def test_a_relative_path_cannot_climb_out(tmp_path: Path, path: str) -> None:
    put(tmp_path, "super.sql")
    with pytest.raises(ChannelError, match=r"may not climb out .* write an absolute path"):
        find_files(path, tmp_path / "sources")


def test_a_missing_file_is_named_with_the_nearest_there_is(tmp_path: Path) -> None:
    put(tmp_path, "super/Super-2024.sql")
    with pytest.raises(ChannelError, match=r"super/super_2024.sql: no such file; did you mean 'Super-2024.sql'\?"):
        find_files("super/super_2024.sql", tmp_path)


def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"super/super.sql: no such file; put it there, or change path"):
        find_files("super/super.sql", tmp_path)


def test_a_glob_that_matches_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"\*\.sql: matches no file; put the files there"):
        find_files("*.sql", tmp_path)


def test_a_file_that_grows_while_it_is_read_is_to_be_tried_again(tmp_path: Path) -> None:
    file = put(tmp_path, "super.sql", b"a" * 10)

    def grow(done: int, total: int | None) -> None:
        if file.stat().st_size == 10:
            file.write_bytes(b"a" * 20)

    with pytest.raises(RetryError, match="changed while it was read"):
        archive_files("super.sql", ArchiveWriter(tmp_path / "a", KEYS), Context("uji", tmp_path, str, progress=grow))


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert nearest("tb_pengaduan", ["TB_PENGADUAN2", "users"]) == "; did you mean 'TB_PENGADUAN2'?"
    assert nearest("tb_pengaduan", ["x"]) == ""
