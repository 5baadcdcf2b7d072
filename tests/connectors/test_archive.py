"""The archive keeps every raw byte, sealed, and says by name which file was tampered with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.archive import CHUNK, Archive, ArchiveDamaged, ArchiveWriter
from satukanal.store.keys import Keyring

KEYS = Keyring.from_secret(b"k" * 32)


def written(folder: Path, **objects: bytes) -> Archive:
    writer = ArchiveWriter(folder, KEYS)
    for name, body in objects.items():
        writer.write(name, [body], {"path": f"/{name}"})
    return writer.finish()


@given(st.lists(st.binary(max_size=60)))
def test_what_is_written_in_any_chunks_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    writer = ArchiveWriter(tmp_path_factory.mktemp("a"), KEYS)
    entry = writer.write("x", iter(chunks), {})
    archive = writer.finish()
    assert archive.read("x") == b"".join(chunks)
    assert entry.bytes == len(b"".join(chunks))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
@pytest.mark.parametrize("step", [CHUNK // 3, CHUNK, 5 * CHUNK])
def test_objects_around_the_frame_size_are_read_back(tmp_path: Path, size: int, step: int) -> None:
    body = bytes(i % 251 for i in range(1000)) * (size // 1000 + 1)
    body = body[:size]
    writer = ArchiveWriter(tmp_path, KEYS)
    writer.write("x", (body[i : i + step] for i in range(0, size, step)), {})
    archive = writer.finish()
    assert archive.read("x") == body
    assert all(len(piece) <= CHUNK for piece in archive.stream("x"))


def test_nothing_readable_lies_on_the_disk(tmp_path: Path) -> None:
    written(tmp_path, x=b"Keluhan rahasia" * 100)
    assert b"rahasia" not in (tmp_path / "x").read_bytes()


def test_the_archive_is_opened_again_with_names_origins_and_one_hash(tmp_path: Path) -> None:
    first = written(tmp_path, a=b"1", b=b"2")
    again = Archive.open(tmp_path, KEYS)
    assert again == first
    assert [(e.name, e.origin["path"]) for e in again.entries] == [("a", "/a"), ("b", "/b")]


@pytest.mark.parametrize("position", range(41))
def test_one_altered_bit_is_noticed_wherever_it_is(tmp_path: Path, position: int) -> None:
    archive = written(tmp_path, surat=b"delapan!")  # 4 length + 1 number of the secret + 12 nonce + 8 + 16 tag
    sealed = bytearray((tmp_path / "surat").read_bytes())
    assert len(sealed) == 41
    sealed[position] ^= 1
    (tmp_path / "surat").write_bytes(sealed)
    with pytest.raises(ArchiveDamaged, match=str(tmp_path / "surat")):
        archive.read("surat")


@pytest.mark.parametrize("kept", [0, 1, 3, 4, 20, -1, 4 + 1 + 12 + CHUNK + 16])  # the last: whole frames, but not all
def test_a_cut_off_file_is_noticed(tmp_path: Path, kept: int) -> None:
    archive = written(tmp_path, surat=b"x" * (2 * CHUNK))
    path = tmp_path / "surat"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ArchiveDamaged, match="surat"):
        archive.read("surat")


def test_bytes_put_behind_the_end_are_noticed(tmp_path: Path) -> None:
    archive = written(tmp_path, surat=b"x")
    path = tmp_path / "surat"
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(ArchiveDamaged, match="surat"):
        archive.read("surat")


def test_an_object_under_another_name_is_noticed(tmp_path: Path) -> None:
    archive = written(tmp_path, a=b"same", b=b"same")
    (tmp_path / "a").replace(tmp_path / "b")
    with pytest.raises(ArchiveDamaged, match="b: altered"):
        archive.read("b")
    with pytest.raises(ArchiveDamaged, match="a: cannot be read"):
        archive.read("a")


def test_an_object_of_the_same_name_from_another_load_is_noticed(tmp_path: Path) -> None:
    written(tmp_path / "yesterday", a=b"yesterday")
    today = written(tmp_path / "today", a=b"today")
    (tmp_path / "yesterday" / "a").replace(tmp_path / "today" / "a")
    with pytest.raises(ArchiveDamaged, match="not the object that the manifest names"):
        today.read("a")


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    written(tmp_path, a=b"1")
    with pytest.raises(ArchiveDamaged, match="another key"):
        Archive.open(tmp_path, Keyring.from_secret(b"z" * 32)).read("a")


@pytest.mark.parametrize("manifest", [None, b"", b"{}", b'{"objects": [{"name"', b'{"objects": [{"nam": 1}]}'])
def test_a_folder_without_a_whole_manifest_is_no_archive(tmp_path: Path, manifest: bytes | None) -> None:
    written(tmp_path, a=b"1")
    (tmp_path / "manifest.json").unlink()
    if manifest is not None:
        (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(ArchiveDamaged, match=r"manifest\.json: no whole manifest"):
        Archive.open(tmp_path, KEYS)


def test_an_object_whose_source_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError("gone")

    writer = ArchiveWriter(tmp_path, KEYS)
    with pytest.raises(ConnectionError):
        writer.write("a", broken(), {})
    assert list(tmp_path.iterdir()) == []
    writer.write("a", [b"whole"], {})
    assert writer.finish().read("a") == b"whole"


def test_what_a_killed_load_left_is_written_anew(tmp_path: Path) -> None:
    killed = ArchiveWriter(tmp_path, KEYS)
    killed.write("a", [b"old"], {})
    (tmp_path / ".b.part").write_bytes(b"half")
    again = ArchiveWriter(tmp_path, KEYS)
    assert not (tmp_path / ".b.part").exists()
    again.write("a", [b"new"], {})
    assert again.finish().read("a") == b"new"


def test_a_finished_archive_is_never_written_again(tmp_path: Path) -> None:
    written(tmp_path, a=b"1")
    with pytest.raises(FileExistsError, match="finished archive"):
        ArchiveWriter(tmp_path, KEYS)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", ".hidden", "manifest.json", "twice"])
def test_only_plain_new_names_are_taken(tmp_path: Path, name: str) -> None:
    writer = ArchiveWriter(tmp_path, KEYS)
    writer.write("twice", [b"1"], {})
    with pytest.raises(ValueError, match="plain file name"):
        writer.write(name, [b"2"], {})
