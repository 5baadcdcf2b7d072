"""Files made to do harm: bombs, documents without end, paths that lead outside. Each is one line, and bounded."""

import io
import json
import resource
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
from hostile_pipeline import channel_file, consolidate, dump, workbook
from openpyxl import Workbook
from test_hostile_values import PLAIN, contents

from connectors.base import ChannelError, RetryError
from connectors.workbooks import check_workbook
from flows.site import Site
from schemas.channel_file import ChannelFileError, read_channel
from tests.connectors.old_system import Asked, Reply, running

GENEROUS_SECONDS = 30
GENEROUS_BYTES = 1 << 30


@contextmanager
def bounded() -> Iterator[None]:
    """What happens inside takes neither minutes nor gigabytes."""
    began, before = monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert monotonic() - began < GENEROUS_SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < GENEROUS_BYTES


def sources(site: Site) -> Path:
    return site.settings.home_dir / "sources"


def rewrite(path: Path, member: str, content: bytes) -> None:
    """Replace one member of a workbook."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == member else old.read(info))
        if member not in old.namelist():
            new.writestr(member, content)


def refused(site: Site, match: str) -> str:
    """The one line in which a workbook is refused; nothing of it is in the store."""
    channel_file(site.settings.channels, {"reader": "sheet", "path": "uji.xlsx"})
    with bounded(), pytest.raises(ChannelError, match=match) as caught:
        consolidate(site)
    assert len(str(caught.value).splitlines()) == 1
    assert contents(site) == []
    return str(caught.value)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(site: Site) -> None:
    workbook(sources(site) / "uji.xlsx", PLAIN | {"id": "1"})
    rewrite(sources(site) / "uji.xlsx", "xl/media/padding.bin", bytes(300 << 20))
    assert (sources(site) / "uji.xlsx").stat().st_size < 1 << 20
    refused(site, "no honest workbook")


def test_a_workbook_that_lies_about_its_unpacked_size_is_counted_all_the_same(tmp_path: Path) -> None:
    workbook(tmp_path / "uji.xlsx", PLAIN | {"id": "1"})
    rewrite(tmp_path / "uji.xlsx", "xl/media/padding.bin", bytes(300 << 20))
    content = (tmp_path / "uji.xlsx").read_bytes()
    size = (300 << 20).to_bytes(4, "little")
    assert size in content
    with bounded(), pytest.raises(ChannelError, match="no honest workbook"):
        check_workbook(content.replace(size, (10).to_bytes(4, "little")), "uji.xlsx")


def test_one_cell_in_the_last_corner_is_refused_and_does_not_end_the_process(site: Site) -> None:
    path = sources(site) / "uji.xlsx"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "laporan"
    sheet["A1"] = "id"
    sheet["XFD1048576"] = "jauh"
    book.save(path)
    assert "XFD" not in refused(site, "spans 1048576 rows and 16384 columns")


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="XFD1048576"/>',
        '<c r="XFD1048576"',
        "<x:c t='n' x=\"a>b\" r = 'XFD1048576' >",
        f'<c{" " * 5000}r="XFD1048576"/>',
    ],
    ids=["plain", "torn", "odd", "far"],
)
@pytest.mark.parametrize("before", ["", " " * ((1 << 20) - 30)], ids=["whole", "split"])
def test_a_far_cell_is_found_however_it_is_written(tmp_path: Path, cell: str, before: str) -> None:
    workbook(tmp_path / "uji.xlsx", PLAIN | {"id": "1"})
    rewrite(tmp_path / "uji.xlsx", "xl/elsewhere.bin", f"<sheetData>{before}{cell}".encode())
    with pytest.raises(ChannelError, match="spans 1048576 rows and 16384 columns"):
        check_workbook((tmp_path / "uji.xlsx").read_bytes(), "uji.xlsx")


def test_cells_that_do_not_say_where_they_stand_are_counted(tmp_path: Path) -> None:
    workbook(tmp_path / "uji.xlsx", PLAIN | {"id": "1"})
    rows = "<row/>" * 60_000 + "<row>" + "<c/>" * 16_384 + "</row>"
    rewrite(tmp_path / "uji.xlsx", "xl/worksheets/sheet1.xml", f"<sheetData>{rows}</sheetData>".encode())
    with pytest.raises(ChannelError, match="spans 60001 rows and"):
        check_workbook((tmp_path / "uji.xlsx").read_bytes(), "uji.xlsx")


def test_entities_that_laugh_a_billion_times_are_not_expanded(site: Site) -> None:
    path, member = sources(site) / "uji.xlsx", "xl/worksheets/sheet1.xml"
    workbook(path, PLAIN | {"id": "1", "isi": "LAUGH"})
    entities = '<!ENTITY a0 "haha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    with zipfile.ZipFile(path) as packed:
        text = packed.read(member).decode()
    start = text.index("?>") + 2 if text.startswith("<?xml") else 0
    text = text[:start] + f"<!DOCTYPE x [{entities}]>" + text[start:].replace("LAUGH", "&a9;")
    rewrite(path, member, text.encode())
    channel_file(site.settings.channels, {"reader": "sheet", "path": "uji.xlsx"})
    with bounded():
        try:
            consolidate(site)
        except ChannelError as error:
            assert len(str(error).splitlines()) == 1
    assert all(len(content["raw"]) < 10_000 for content in contents(site))


def test_an_external_entity_reads_no_file_of_this_machine(site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("RAHASIA-MESIN")
    path = sources(site) / "uji.xlsx"
    workbook(path, PLAIN | {"id": "1", "isi": "OUTSIDE"})
    with zipfile.ZipFile(path) as packed:
        text = packed.read("xl/worksheets/sheet1.xml").decode()
    start = text.index("?>") + 2 if text.startswith("<?xml") else 0
    declared = f'<!DOCTYPE x [<!ENTITY out SYSTEM "file://{tmp_path / "secret"}">]>'
    rewrite(
        path, "xl/worksheets/sheet1.xml", (text[:start] + declared + text[start:].replace("OUTSIDE", "&out;")).encode()
    )
    channel_file(site.settings.channels, {"reader": "sheet", "path": "uji.xlsx"})
    try:
        consolidate(site)
    except ChannelError:
        return
    assert "RAHASIA-MESIN" not in str(contents(site))


REST_STREAM = {"table": "laporan", "key": ["id"], "columns": {"text": "isi", "title": "judul", "reporter_name": "nama"}}


def ask(site: Site, body: bytes) -> None:
    """Consolidate from an API that answers ``body``."""

    def answer(_: Asked) -> Reply:
        return Reply(body, 200, {"Content-Type": "application/json"})

    with running(answer) as system:
        told = {
            "politeness": {"retries": 1, "per_second": 1000},
            "tables": {"laporan": {"path": "/l", "records": "data"}},
        }
        source = {"reader": "rest", "url": system.url, **told}
        channel_file(site.settings.channels, source | {"streams": {"complaints": REST_STREAM}})
        consolidate(site)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_an_answer_that_is_nested_without_end_is_one_line(site: Site, opening: str) -> None:
    with bounded(), pytest.raises(RetryError, match="no JSON, or cut off") as caught:
        ask(site, b'{"data": ' + opening.encode() * 1_000_000)
    assert len(str(caught.value).splitlines()) == 1
    assert contents(site) == []


def test_a_record_nested_deep_is_quarantined_and_its_neighbours_are_loaded(site: Site) -> None:
    deep = '{"a":' * 800 + "1" + "}" * 800
    good = json.dumps({"id": 1, "isi": "lampu jalan mati", "judul": "lampu", "nama": "Warga"})
    with bounded():
        ask(site, f'{{"data": [{good}, {{"id": 2, "isi": {deep}}}, {good.replace("1", "3", 1)}]}}'.encode())
    assert len(contents(site)) >= 2


def test_lone_surrogates_in_every_field_are_loaded(site: Site) -> None:
    row = '{"id": "k\\ud800", "isi": "lampu \\udfff mati", "judul": "\\ud83d", "nama": "Warga \\udc00"}'
    ask(site, f'{{"data": [{row}]}}'.encode())
    (content,) = contents(site)
    assert "lampu" in content["text"]


def test_a_channel_file_that_laughs_a_billion_times_is_one_line(tmp_path: Path) -> None:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    path = channel_file(tmp_path, {"reader": "mysqldump", "path": "uji.sql"})
    path.write_text(path.read_text() + "\n".join(lines) + "\nowner: *a9\n")
    with bounded(), pytest.raises(ChannelFileError) as caught:
        read_channel(path)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_a_channel_file_that_is_nested_without_end_is_one_line(tmp_path: Path, opening: str) -> None:
    (tmp_path / "uji.yaml").write_text("id: uji\ntitle: " + opening * 20_000)
    with bounded(), pytest.raises(ChannelFileError) as caught:
        read_channel(tmp_path / "uji.yaml")
    assert len(str(caught.value).splitlines()) == 1


def test_a_channel_file_makes_no_objects_of_python(tmp_path: Path) -> None:
    path = channel_file(tmp_path, {"reader": "mysqldump", "path": "uji.sql"})
    path.write_text(path.read_text().replace("Kanal uji", "!!python/object/apply:os.system ['touch evil']"))
    with pytest.raises(ChannelFileError):
        read_channel(path)
    assert not Path("evil").exists()


@pytest.mark.parametrize("path", ["../../etc/passwd", "a/../../../etc/passwd", "../*"])
def test_a_relative_path_that_climbs_out_is_refused(site: Site, path: str) -> None:
    channel_file(site.settings.channels, {"reader": "mysqldump", "path": path})
    with pytest.raises(ChannelError, match="may not climb out"):
        consolidate(site)


@pytest.mark.parametrize("path", ["link.sql", "folder/uji.sql", "*.sql", "folder/*.sql"])
def test_a_relative_path_that_leaves_by_a_link_is_refused(site: Site, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "uji.sql").write_bytes(dump(PLAIN | {"id": "1"}))
    (sources(site) / "link.sql").symlink_to(outside / "uji.sql")
    (sources(site) / "folder").symlink_to(outside)
    channel_file(site.settings.channels, {"reader": "mysqldump", "path": path})
    with pytest.raises(ChannelError, match="leads out of"):
        consolidate(site)
    assert contents(site) == []


@pytest.mark.parametrize("tables", [1, 109, 0xFFFFFFFF])
def test_a_compound_file_whose_sectors_run_in_a_circle_is_refused(tables: int) -> None:
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9).to_bytes(2, "little")
    header[44:48] = tables.to_bytes(4, "little")
    with bounded(), pytest.raises(ChannelError, match=r"no whole workbook; open it and save it as \.xlsx"):
        check_workbook(bytes(header) + bytes(4096), "a.xls")
