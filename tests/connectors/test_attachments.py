"""Files are looked up by their names: in the zip that was read, in a folder or zip, below declared addresses alone."""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from old_system import KEYS, Asked, Reply, as_page, context, new_archive, running

from connectors.archive import Archive, ArchiveDamaged
from connectors.attachments import Finder, Outcome, may_find
from connectors.base import ChannelError, Context, RetryError
from connectors.http import BudgetSpent
from connectors.kept import KeptFiles
from satukanal.store import codec
from schemas.codes import AttachmentState
from schemas.sources import ChatSource, MysqldumpSource, SourceBase
from schemas.web_sources import HtmlSource, RestSource

STREAMS = {"complaints": {"table": "aduan", "key": ["id"], "columns": {"text": "isi", "attachments": "foto"}}}
NAMED, STORED, MISSING, REFUSED, FAILED = (
    AttachmentState(name) for name in ("named", "stored", "missing", "refused", "failed")
)
PHOTO = b"\xff\xd8\xff\xe0 a photo"


def dump(**attachments: Any) -> MysqldumpSource:
    told = {"attachments": attachments} if attachments else {}
    return MysqldumpSource.model_validate({"reader": "mysqldump", "path": "x.sql", "streams": STREAMS} | told)


def api(url: str, **attachments: Any) -> RestSource:
    settings = {
        "reader": "rest", "url": f"{url}/api", "tables": {"aduan": {"path": "/aduan"}}, "streams": STREAMS,
        "auth": {"bearer": "S_TOKEN"}, "attachments": {"urls": [f"{url}/unggah"]} | attachments,
        "politeness": {"per_second": 1000, "timeout_seconds": 2, "retries": 0},
    }  # fmt: skip
    return RestSource.model_validate(settings)


def find(
    source: SourceBase, name: str, sources_dir: Path, *, archive: Archive | None = None,
    before: AttachmentState = NAMED, told: Context | None = None,
) -> Outcome:  # fmt: skip
    made = told or Context("kanal", sources_dir, {"S_TOKEN": "kunci"}.__getitem__)
    with Finder(source, made) as finder:
        return finder.find(name, lambda: archive, before)


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """A folder of uploads as an old server had it, and the same as a zip."""
    files = {
        "a.jpg": b"a", "2021/Foto Jalan.JPG": PHOTO, "2021/sama.png": b"one", "2022/sama.png": b"other",
        "besar.mp4": bytes(3 << 20), "._a.jpg": b"of a Mac", "2021/beda.jpg": b"small", "2021/BEDA.jpg": b"capital",
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "unggah.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            path = tmp_path / "unggah" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            packed.writestr(f"uploads/{name}", content)
    return tmp_path


@pytest.mark.parametrize("folder", ["unggah", "unggah.zip"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"a"),
        ("/var/www/html/uploads/a.jpg", b"a"),
        ("C:\\xampp\\htdocs\\uploads\\a.jpg", b"a"),
        ("https://lama.example/uploads/2021/foto%20jalan.jpg?x=1", PHOTO),
        ("foto jalan.jpg", PHOTO),
        ("2022/sama.png", b"other"),
        ("uploads/2021/sama.png", b"one"),
        ("2021/beda.jpg", b"small"),
        ("../../unggah/a.jpg", b"a"),  # looked up, not opened
    ],
)
def test_a_name_is_found_however_it_was_written(uploads: Path, folder: str, name: str, content: bytes) -> None:
    assert find(dump(folder=folder), name, uploads) == Outcome(STORED, content)


@pytest.mark.parametrize("folder", ["unggah", "unggah.zip"])
@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("tidak-ada.jpg", MISSING, ""),
        ("", MISSING, ""),
        ("..", MISSING, ""),
        ("../rahasia.txt", MISSING, ""),
        ("/etc/passwd", MISSING, ""),
        ("sama.png", REFUSED, "2 files have this name"),
        ("besar.mp4", REFUSED, "is larger than 2 MB"),
    ],
)
def test_what_is_not_there_or_not_to_be_had_says_so(
    uploads: Path, folder: str, name: str, state: AttachmentState, reason: str
) -> None:
    (uploads / "rahasia.txt").write_text("x")
    assert find(dump(folder=folder, max_mb=2), name, uploads) == Outcome(state, None, reason)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(uploads: Path) -> None:
    (uploads / "rahasia.txt").write_text("x")
    (uploads / "unggah" / "tautan.jpg").symlink_to(uploads / "rahasia.txt")
    assert find(dump(folder="unggah"), "tautan.jpg", uploads).state is REFUSED


@pytest.mark.parametrize(
    ("folder", "told"),
    [("ungah", "no such folder"), ("../unggah", "leads out of"), ("x.txt", "no such folder, and no zip")],
)
def test_a_folder_that_is_not_there_is_one_clear_line(uploads: Path, folder: str, told: str) -> None:
    (uploads / "x.txt").write_text("no zip")
    with pytest.raises(ChannelError, match=told):
        find(dump(folder=folder), "a.jpg", uploads)


def test_a_locked_member_is_refused_and_the_others_are_found(uploads: Path) -> None:
    path = uploads / "unggah.zip"
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02"))  # the directory's first entry: a.jpg
    content[at + 8] |= 1  # says that it is encrypted
    path.write_bytes(content)
    assert find(dump(folder="unggah.zip"), "a.jpg", uploads).state is REFUSED
    assert find(dump(folder="unggah.zip"), "2022/sama.png", uploads).state is STORED


def archived_zip(folder: Path, content: bytes) -> Archive:
    (folder / "c.zip").write_bytes(content)
    writer = new_archive(folder)
    writer.write("000001.zip", [content], {})
    return writer.finish()


def test_the_media_of_a_chat_are_found_in_the_zip_that_was_read(uploads: Path) -> None:
    with zipfile.ZipFile(uploads / "chat.zip", "w") as packed:
        packed.writestr("_chat.txt", "x")
        packed.writestr("IMG-1.jpg", PHOTO)
        packed.writestr("VID-2.mp4", bytes(5 << 20))  # several frames of the archive
        packed.writestr("IMG-3.jpg", b"behind it")
    archive = archived_zip(uploads, (uploads / "chat.zip").read_bytes())
    streams = {"complaints": {"table": "pesan", "key": ["id"], "columns": {"text": "isi"}}}
    chat = ChatSource.model_validate({"reader": "chat", "path": "*.zip", "streams": streams})
    for name, size in (("IMG-1.jpg", len(PHOTO)), ("IMG-3.jpg", 9), ("VID-2.mp4", 5 << 20)):
        content = find(chat, name, uploads, archive=archive).content
        assert content is not None
        assert len(content) == size
    assert find(chat, "IMG-9.jpg", uploads, archive=archive).state is MISSING
    assert find(chat, "IMG-9.jpg", uploads, archive=None).state is NAMED  # the archive is gone: nobody looked


def test_a_sealed_object_can_be_read_to_and_fro_and_tells_where_it_is_cut(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096 * 3 + b"end"
    archive = archived_zip(tmp_path, content)
    with archive.seekable("000001.zip") as file:
        for at in (0, 1 << 20, (1 << 20) - 3, 2_000_000, len(content) - 3, 5):
            file.seek(at)
            assert file.read(11) == content[at : at + 11]
        assert file.seek(-3, 2) == len(content) - 3
        assert file.read() == b"end"
    path = archive.folder / "000001.zip"
    path.write_bytes(path.read_bytes()[: 1 << 20])
    with archive.seekable("000001.zip") as file, pytest.raises(OSError, match=r"cut off|altered|tag"):
        file.read()


def serves(files: dict[str, bytes]) -> Callable[[Asked], Reply]:
    return lambda asked: Reply(files[asked.path]) if asked.path in files else as_page("tidak ada", 404)


@pytest.mark.parametrize("name", ["a.jpg", "/unggah/a.jpg", "./a.jpg", "sub/../a.jpg"])
def test_bare_names_and_paths_are_asked_for_below_the_declared_address(tmp_path: Path, name: str) -> None:
    with running(serves({"/unggah/a.jpg": PHOTO})) as system:
        assert find(api(system.url), name, tmp_path) == Outcome(STORED, PHOTO)
        assert system.asked[0].headers["Authorization"] == "Bearer kunci"


def test_a_whole_address_is_asked_for_with_its_query(tmp_path: Path) -> None:
    with running(serves({"/unggah/a b.jpg": PHOTO, "/unggah/a%20b.jpg": PHOTO})) as system:
        assert find(api(system.url), f"{system.url}/unggah/a%20b.jpg?v=2", tmp_path).state is STORED
        assert system.asked[0].query == {"v": "2"}


@pytest.mark.parametrize(
    "name",
    ["/aduan/7/hapus", "../aduan/7/hapus", "/unggah/../aduan/7/hapus", "/unggahan/a.jpg", "//elsewhere.example/a.jpg",
     "https://elsewhere.example/unggah/a.jpg", "http://127.0.0.1:1/unggah/a.jpg", "ftp://x.example/unggah/a.jpg"],
)  # fmt: skip
def test_nothing_is_asked_for_that_lies_elsewhere(tmp_path: Path, name: str) -> None:
    with running(serves({})) as system:
        assert find(api(system.url), name, tmp_path) == Outcome(NAMED)
        assert system.asked == []


def test_a_second_address_is_a_stranger_and_gets_no_credentials(tmp_path: Path) -> None:
    with running(serves({})) as own, running(serves({"/foto/a.jpg": PHOTO})) as other:
        source = api(own.url, urls=[f"{own.url}/unggah", f"{other.url}/foto"])
        assert find(source, f"{other.url}/foto/a.jpg", tmp_path).state is STORED
        assert "Authorization" not in other.asked[0].headers
        assert own.asked == []
        assert find(source, "a.jpg", tmp_path).state is MISSING  # a bare name is of the first
        assert len(other.asked) == 1


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(b"x", 404), Outcome(MISSING)),
        (Reply(b"x", 410), Outcome(MISSING)),
        (Reply(b"x", 403), Outcome(REFUSED, None, "the server answers 403")),
        (
            as_page("<!DOCTYPE html><p>Silakan masuk"),
            Outcome(REFUSED, None, "the server answers a page instead of a file"),
        ),
        (Reply(bytes(2 << 20)), Outcome(REFUSED, None, "is larger than 1 MB")),
        (Reply(b""), Outcome(STORED, b"")),
    ],
)  # fmt: skip
def test_each_answer_has_its_state(tmp_path: Path, reply: Reply, outcome: Outcome) -> None:
    with running(lambda _: reply) as system:
        assert find(api(system.url, max_mb=1), "a.jpg", tmp_path) == outcome


def test_a_redirect_to_elsewhere_is_refused_and_not_followed(tmp_path: Path) -> None:
    with running(serves({})) as other:
        away = Reply(b"", 302, {"Location": f"{other.url}/unggah/a.jpg"})
        with running(lambda _: away) as system:
            found = find(api(system.url), "a.jpg", tmp_path)
            assert (found.state, other.asked) == (REFUSED, [])
            assert "leads away" in found.reason


def test_a_system_that_is_away_or_over_budget_is_told_to_the_caller(tmp_path: Path) -> None:
    with running(lambda _: Reply(b"", 503)) as system, pytest.raises(RetryError):
        find(api(system.url), "a.jpg", tmp_path)
    with running(serves({})) as system:
        source = api(system.url).model_copy(
            update={"politeness": api(system.url).politeness.model_copy(update={"max_requests": 1})}
        )
        with Finder(source, Context("kanal", tmp_path, {"S_TOKEN": "kunci"}.__getitem__)) as finder:
            assert finder.find("a.jpg", lambda: None, NAMED).state is MISSING
            with pytest.raises(BudgetSpent):
                finder.find("b.jpg", lambda: None, NAMED)


def test_what_was_missing_is_looked_for_on_disk_again_and_not_asked_for_over_the_network(uploads: Path) -> None:
    with running(serves({"/unggah/x.jpg": PHOTO})) as system:
        source = api(system.url, folder="unggah")
        assert find(source, "x.jpg", uploads, before=MISSING) == Outcome(MISSING)
        assert system.asked == []
        assert find(source, "x.jpg", uploads, before=FAILED).state is STORED
        assert find(source, "a.jpg", uploads, before=MISSING).state is STORED


def test_files_behind_a_login_are_asked_for_behind_it(tmp_path: Path) -> None:
    inside: list[str] = []

    def site(asked: Asked) -> Reply:
        if asked.path == "/login" and asked.method == "POST":
            inside.append("yes")
            return as_page('<a id="logout">Keluar</a>')
        if asked.path == "/login":
            return as_page('<form><input name="username"></form>')
        return Reply(PHOTO) if inside else Reply(b"", 302, {"Location": "/login"})

    with running(site) as system:
        source = HtmlSource.model_validate({
            "reader": "html", "url": system.url, "streams": STREAMS, "attachments": {"urls": [f"{system.url}/unggah"]},
            "login": {"path": "/login", "fields": {"username": "S_USER"}, "success": "a#logout"},
            "politeness": {"per_second": 1000, "timeout_seconds": 2, "retries": 0},
            "tables": {"aduan": {"listing": {"path": "/a", "row": "tr", "link": {"select": "a"}, "next": "a"},
                                 "detail": {"row": "tr", "label": "th", "value": "td"}}},
        })  # fmt: skip
        assert find(source, "/unggah/a.jpg", tmp_path, told=context({"S_USER": "petugas"})).content == PHOTO


def test_where_nothing_is_declared_there_is_no_place(tmp_path: Path) -> None:
    with running(serves({})) as system:
        assert may_find(api(system.url))
        assert not may_find(api(system.url).model_copy(update={"attachments": None}))
    assert may_find(dump())  # a zip that was read may hold them


def kept(folder: Path) -> KeptFiles:
    return KeptFiles(folder, KEYS, partial(codec.file_name, KEYS))


def test_a_file_is_kept_once_under_a_name_that_is_made_of_what_it_holds(tmp_path: Path) -> None:
    files = kept(tmp_path / "files")
    content = PHOTO * 200_000  # more than one frame
    name = files.put(content)
    assert files.put(content) == name
    assert files.names() == {name}
    assert b"".join(files.stream(name)) == content
    assert PHOTO not in (files.folder / name).read_bytes()
    other = files.put(PHOTO)
    (files.folder / name).write_bytes((files.folder / other).read_bytes())
    with pytest.raises(ArchiveDamaged):
        list(files.stream(name))
    (files.folder / name).write_bytes(b"\0\0\0\x10short")
    with pytest.raises(ArchiveDamaged, match="cut off"):
        list(files.stream(name))


def test_a_file_moves_from_one_place_to_another(tmp_path: Path) -> None:
    here, there = kept(tmp_path / "a"), kept(tmp_path / "b")
    name = here.put(PHOTO)
    there.take_over(here, name)
    there.take_over(here, name)  # it was moved before
    assert (here.names(), b"".join(there.stream(name))) == (set(), PHOTO)
    there.remove(name)
    assert there.names() == set()
