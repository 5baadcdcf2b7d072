"""Lists of every kind: tables and cards, offsets, links that lie, rows that a list hides, links that destroy."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from old_system import Asked, Reply, as_page, context, new_archive, running
from test_html import SECRETS, TABLE, Site, anchor, detail, five, list_page, read, source
from test_html_refresh import in_words

from connectors.archive import Archive
from connectors.base import ChannelError, RawTable
from connectors.html import HtmlReader
from connectors.html_dates import as_iso
from connectors.html_list import gaps
from schemas.web_sources import HtmlSource
from transforms.normalise.tables import RawFrame, schema_drift

DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jum'at", "Sabtu", "Minggu")
COUNT = {"count": {"path": "/admin", "cell": {"select": "#total"}}}


def table(listing: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The table of ``test_html`` with other keys; a key that is None is left out."""
    merged = TABLE | {"listing": TABLE["listing"] | (listing or {})} | more  # type: ignore[operator]
    kept = {key: value for key, value in merged["listing"].items() if value is not None}
    return {"aduan": {key: value for key, value in merged.items() if value is not None} | {"listing": kept}}


def read_open(
    answer: Any, folder: Path, tables: dict[str, Any], **more: Any
) -> tuple[Archive, dict[str, RawTable], list[str]]:
    """A site without a login; with the addresses that it was asked for."""
    with running(answer) as system:
        declared, writer = source(system.url, tables=tables, login=None, **more), new_archive(folder)
        HtmlReader().extract(declared, writer, context())
        archive = writer.finish()
        asked = [
            a.path + ("?" + "&".join(f"{k}={v}" for k, v in a.query.items()) if a.query else "") for a in system.asked
        ]
    return archive, {raw.table: raw for raw in HtmlReader().parse(declared, archive)}, asked


def numbers(raw: dict[str, RawTable]) -> list[str]:
    return sorted(raw["aduan"].frame["nomor"])


def test_paths_with_offsets_are_turned_by_the_declared_step(tmp_path: Path) -> None:
    def ci(asked: Asked) -> Reply:
        if asked.path.startswith("/pengaduan/index/"):
            start = int(asked.path.rpartition("/")[2])
            return list_page(*(anchor(f"/pengaduan/detail/{n}") for n in range(45)[start : start + 20]), more=False)
        return as_page(detail(asked.path.rpartition("/")[2]))

    turned = {"path": "/pengaduan/index/{offset}", "step": 20, "next": None}
    _, raw, asked = read_open(ci, tmp_path, table(turned))
    assert numbers(raw) == sorted(str(n) for n in range(45))
    lists = [path for path in asked if "index" in path]
    assert lists == [f"/pengaduan/index/{offset}" for offset in (0, 20, 40, 60)]
    assert raw["aduan"].problems == ()


def test_offset_and_step_go_together() -> None:
    with pytest.raises(ValueError, match=r"\{offset\} in path and step"):
        source("http://a", tables=table({"path": "/a/{offset}"}))


def test_cards_are_rows_as_well(tmp_path: Path) -> None:
    def cards(asked: Asked) -> Reply:
        if asked.path == "/kartu":
            each = "".join(
                f"<div class='card mb-3'><h5>Aduan {n}</h5><a class=lihat href=/kartu/{n}>x</a></div>" for n in "123"
            )
            return as_page(f"<main>{each}</main><div class=card-footer></div>")
        return as_page(detail(asked.path.rpartition("/")[2]))

    declared = {"path": "/kartu", "row": "main > .card", "cells": {"kepala": {"select": "h5"}}, "next": None}
    _, raw, asked = read_open(cards, tmp_path, table(declared))
    assert list(raw["aduan"].frame["kepala"]) == ["Aduan 1", "Aduan 2", "Aduan 3"]
    assert len(asked) == 4


def rows_only(*rows: tuple[str, ...]) -> Reply:
    body = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in rows)
    return as_page(f"<table id=daftar><tbody>{body}</tbody></table>")


ONLY = {
    "listing": {
        "path": "/rekap?p={page}",
        "row": "#daftar tbody tr",
        "cells": {"nomor": {"select": "td:nth-child(1)"}, "isi": {"select": "td:nth-child(2)"}},
    }
}


def test_a_list_that_tells_all_needs_no_detail_pages(tmp_path: Path) -> None:
    pages = [rows_only(("A1", "satu"), ("A2", "dua")), rows_only(("A3", "tiga"), ("A1", "satu"))]

    def rekap(asked: Asked) -> Reply:
        return pages[min(int(asked.query["p"]), 2) - 1]  # beyond the last page the last one is shown

    _, raw, asked = read_open(rekap, tmp_path, {"aduan": ONLY})
    assert raw["aduan"].frame[["nomor", "isi", "_object", "_position"]].to_numpy().tolist() == [
        ["A1", "satu", "aduan-list-000001.html", "1"],
        ["A2", "dua", "aduan-list-000001.html", "2"],
        ["A3", "tiga", "aduan-list-000002.html", "1"],
        ["A1", "satu", "aduan-list-000002.html", "2"],
    ]
    assert asked == ["/rekap?p=1", "/rekap?p=2", "/rekap?p=3"]


def test_a_row_of_such_a_list_that_lacks_a_cell_is_kept_as_unreadable(tmp_path: Path) -> None:
    def rekap(asked: Asked) -> Reply:
        rows = "<tr><td>A1</td><td>satu</td></tr><tr><td colspan=2>A2 rusak</td></tr>"
        return as_page(f"<table id=daftar><tbody>{rows}</tbody></table>")

    _, raw, _ = read_open(rekap, tmp_path, {"aduan": ONLY})
    (lost,) = raw["aduan"].unreadable
    assert (lost.position, lost.detail) == ("2", "isi: 'td:nth-child(2)' finds nothing")
    assert b"A2 rusak" in lost.raw


def test_a_list_without_detail_pages_has_no_refresh() -> None:
    stream = {"table": "aduan", "key": ["nomor"], "columns": {"text": "isi"}, "refresh": {"kind": "open_cases"}}
    with pytest.raises(ValueError, match="a list without detail pages is read whole"):
        source("http://a", tables={"aduan": ONLY}, streams={"complaints": stream})


def test_a_next_that_is_missing_though_there_are_more_is_seen_through_by_the_count(tmp_path: Path) -> None:
    last = list_page(anchor("/admin/aduan/A3"), anchor("/admin/aduan/A4"), more=False)
    _, raw, system = read(Site(five(), mangled={"/admin/aduan?2": last}), tmp_path, **COUNT)
    assert numbers(raw) == ["A1", "A2", "A3", "A4", "A5"]
    assert raw["aduan"].problems == (
        "aduan-list-000003.html: shows more rows, though the page before it promised none",
    )
    assert system.paths().count("/admin/aduan") == 3


def test_a_count_that_promises_too_much_ends_at_the_page_without_news(tmp_path: Path) -> None:
    site = Site(five(), mangled={"/admin": Site.page("<b id=total>9</b>"), "/admin/aduan?4": as_page("tiada", 404)})
    _, raw, system = read(site, tmp_path, **COUNT)
    assert numbers(raw) == ["A1", "A2", "A3", "A4", "A5"]
    assert system.paths().count("/admin/aduan") == 4 + 4  # twice, and no more
    assert raw["aduan"].problems == ()


def test_a_row_that_slides_to_a_page_that_was_read_is_found_when_the_list_is_read_again(tmp_path: Path) -> None:
    """A1 is deleted while the list is read: A3 slides to the first page, between the first and the second request."""
    site = Site(five() | {"A6": detail("A6")})

    def answer(asked: Asked) -> Reply:
        reply = site.answer(asked)
        if asked.query.get("halaman") == "1":
            site.details.pop("A1", None)
        return reply

    with running(answer) as system:
        declared, writer = source(system.url, **COUNT), new_archive(tmp_path)
        HtmlReader().extract(declared, writer, context(SECRETS))
    raw = {one.table: one for one in HtmlReader().parse(declared, writer.finish())}
    assert numbers(raw) == ["A2", "A3", "A4", "A5", "A6"]
    assert [one.detail for one in raw["aduan"].unreadable] == ["the system answers 404"]  # A1, which was listed
    assert raw["aduan"].problems == ("1 rows were found by reading the list again: it moved while it was read",)


def test_a_list_without_links_to_pages_is_turned_until_nothing_is_new(tmp_path: Path) -> None:
    _, raw, system = read(Site(five()), tmp_path, tables=table({"next": None}))
    assert numbers(raw) == ["A1", "A2", "A3", "A4", "A5"]
    assert system.paths().count("/admin/aduan") == 4


def test_an_empty_list_where_the_count_tells_of_records_is_a_changed_page(tmp_path: Path) -> None:
    renamed = Site.page("<table id=daftar-aduan><tbody><tr><td>x</td></tr></tbody></table>")
    with pytest.raises(ChannelError, match=r"'#daftar tbody tr' finds nothing on the list page, though the count page"):
        read(Site(five(), mangled={"/admin/aduan?1": renamed}), tmp_path, **COUNT)


def test_a_next_page_that_no_path_leads_to_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"promises a next page, but listing.path of 'aduan' holds neither"):
        read_open(lambda _: list_page(anchor("/a/1"), more=True), tmp_path, table({"path": "/a"}))


DEADLY = [
    "/admin/aduan/A3/hapus", "/admin/aduan/hapus/A3", "/admin/hapus_aduan.php?id=3", "/admin/aduan?aksi=delete&id=3",
    "/admin/deleteAduan/3", "/logout", "/admin/aduan/A3/verifikasi", "/admin/aduan/A3/EDIT", "/admin/aduan/%68apus/3",
]  # fmt: skip


@pytest.mark.parametrize("href", DEADLY)
def test_a_link_that_changes_the_old_system_is_not_followed(tmp_path: Path, href: str) -> None:
    links = [anchor(f"/admin/aduan/A{n}") for n in (1, 2)] + [anchor(href)]
    archive, raw, system = read(Site(five(), mangled={"/admin/aduan?1": list_page(*links, more=False)}), tmp_path)
    assert set(system.paths()) == {"/login", "/admin", "/admin/aduan", "/admin/aduan/A1", "/admin/aduan/A2"}
    (lost,) = raw["aduan"].unreadable
    assert "which may change the old system; it was not asked for" in lost.detail
    assert href.replace("&", "&amp;").encode() in lost.raw
    assert len(archive.entries) == 4


def test_a_selector_that_finds_the_links_that_delete_stops_the_channel(tmp_path: Path) -> None:
    wrong = table({"link": {"select": "a.hapus", "attribute": "href"}})
    with running(Site(five()).answer) as system, pytest.raises(ChannelError, match="holds 'hapus'"):
        HtmlReader().extract(source(system.url, tables=wrong), new_archive(tmp_path), context(SECRETS))
    assert not [path for path in system.paths() if path.startswith("/admin/aduan/")]


def test_a_link_of_another_form_than_the_others_is_not_followed(tmp_path: Path) -> None:
    links = [anchor(f"/admin/aduan/{n}") for n in range(1, 20)] + [anchor("/admin/arsipkan/20"), anchor("/admin")]
    site = Site(
        {str(n): detail(str(n)) for n in range(1, 21)}, mangled={"/admin/aduan?1": list_page(*links, more=False)}
    )
    _, raw, system = read(site, tmp_path)
    assert len(raw["aduan"].frame) == 19
    assert {one.detail for one in raw["aduan"].unreadable} == {
        "link: its address is not of the form of the others; declare detail_path if both are right"
    }
    assert "/admin/arsipkan/20" not in system.paths()


def test_a_declared_form_is_the_only_one_that_is_followed(tmp_path: Path) -> None:
    links = [anchor("/admin/aduan/A1"), anchor("/admin/aduan/A2?tab=riwayat"), anchor("/admin/aduan/hapus")]
    site = Site(five(), mangled={"/admin/aduan?1": list_page(*links, more=False)})
    _, raw, system = read(site, tmp_path, tables=table(detail_path="/admin/aduan/{kode}"))
    assert raw["aduan"].frame[["kode", "nomor"]].to_numpy().tolist() == [["A1", "A1"]]
    assert [one.detail for one in raw["aduan"].unreadable] == [
        "link: its address is not of the form detail_path; it was not asked for",
        "link: its address holds 'hapus'; it was not asked for",
    ]
    assert "/admin/aduan/hapus" not in system.paths()


def test_a_word_that_is_declared_is_harmless(tmp_path: Path) -> None:
    def site(asked: Asked) -> Reply:
        if asked.path == "/verifikasi/daftar":
            return list_page(anchor("/verifikasi/lihat?id=7&x=mohon-ubah-data"), more=False)
        return as_page(detail(asked.query["id"]))

    declared = table({"path": "/verifikasi/daftar"}, detail_path="/verifikasi/lihat?id={id}&x=*")
    _, raw, _ = read_open(site, tmp_path, declared)
    assert list(raw["aduan"].frame["id"]) == ["7"]


def hiding(gone: Reply, /, **more: Any) -> tuple[Any, dict[str, Any]]:
    """A list of 12 numbers that filters four of them out, two of which are really gone."""

    def site(asked: Asked) -> Reply:
        if asked.path == "/admin":
            return as_page("<b id=total>10</b>")
        if asked.path == "/aduan":
            return list_page(*(anchor(f"/aduan/{n}") for n in (1, 2, 4, 5, 6, 9, 11, 12)), more=False)
        number = asked.path.rpartition("/")[2]
        return gone if number in ("7", "10") else as_page(detail(number))

    return site, table({"path": "/aduan", "next": None}, numbers={"path": "/aduan/{n}", **more})


@pytest.mark.parametrize(
    ("gone", "more"),
    [
        (as_page("tidak ada", 404), {}),
        (as_page("<p class=kosong>Data tidak ditemukan</p>"), {"gone": "p.kosong"}),
        (Reply(status=302, headers={"Location": "/aduan"}), {}),
    ],
)
def test_rows_that_a_list_hides_are_found_by_number(tmp_path: Path, gone: Reply, more: dict[str, str]) -> None:
    site, declared = hiding(gone, **more)
    archive, raw, asked = read_open(site, tmp_path, declared, **COUNT)
    assert sorted(map(int, raw["aduan"].frame["nomor"])) == [1, 2, 3, 4, 5, 6, 8, 9, 11, 12]
    assert raw["aduan"].unreadable == ()
    assert raw["aduan"].problems == (
        "of 4 numbers that no row of the list names, 2 are gone and 2 have a page: the list hides them",
    )
    assert not {"/aduan/0", "/aduan/13"} & set(asked)
    assert HtmlReader().count(source("http://a", **COUNT), archive) == {"complaints": 10}


def test_the_newest_is_found_by_number_where_the_count_tells_of_it(tmp_path: Path) -> None:
    """Number 13 is archived and so not in the list; 14 to 23 are ten in a row that are gone."""

    def site(asked: Asked) -> Reply:
        if asked.path == "/admin":
            return as_page("<b id=total>5</b>")
        if asked.path == "/aduan":
            return list_page(anchor("/aduan/11"), anchor("/aduan/12"), more=False)
        number = asked.path.rpartition("/")[2]
        return as_page(detail(number)) if number in ("9", "11", "12", "13") else as_page("tidak ada", 404)

    declared = table({"path": "/aduan", "next": None}, numbers={"path": "/aduan/{n}"})
    _, raw, asked = read_open(site, tmp_path, declared, **COUNT)
    assert sorted(map(int, raw["aduan"].frame["nomor"])) == [9, 11, 12, 13]
    assert asked[4:] == [f"/aduan/{n}" for n in (*range(13, 24), *range(10, 0, -1))]


def test_no_more_numbers_are_asked_for_than_are_declared(tmp_path: Path) -> None:
    site, declared = hiding(as_page("tidak ada", 404), most=2)
    _, raw, asked = read_open(site, tmp_path, declared)
    assert [path for path in asked if path in ("/aduan/3", "/aduan/7", "/aduan/8", "/aduan/10")] == [
        "/aduan/10",
        "/aduan/8",
    ]
    assert raw["aduan"].problems[1] == "2 more were not asked for (numbers.most is 2)"


def test_a_form_of_numbers_that_no_link_has_is_named(tmp_path: Path) -> None:
    site, declared = hiding(as_page("tidak ada", 404), path="/laporan/{n}")
    with pytest.raises(ChannelError, match=r"no detail link is of the form numbers.path"):
        read_open(site, tmp_path, declared)


def test_text_that_the_list_cuts_short_is_taken_from_the_page(tmp_path: Path) -> None:
    long = "Jalan rusak di depan kantor lurah, sudah dilaporkan 3 kali"
    cells = {"Isi": {"select": "td.ringkas"}, "nomor": {"select": "td.nomor"}, "Status": {"select": "td.status"}}

    def site(asked: Asked) -> Reply:
        if asked.path == "/aduan":
            short = {"A1": long[:25] + "…", "A2": long[:25] + " ...", "A3": "Lain sama sekali"}
            rows = "".join(
                f"<tr><td class=nomor>{n}</td><td class=ringkas>{text}</td><td class=status>Baru</td>"
                f"<td>{anchor(f'/aduan/{n}')}</td></tr>"
                for n, text in short.items()
            )
            return as_page(f"<table id=daftar><tbody>{rows}</tbody></table>")
        return as_page(detail(asked.path.rpartition("/")[2], f"<tr><th>Isi</th><td>{long}</td></tr>"))

    _, raw, _ = read_open(site, tmp_path, table({"path": "/aduan", "cells": cells, "next": None}))
    frame = raw["aduan"].frame
    assert set(frame["Isi"]) == {long}
    assert list(frame["nomor"]) == ["A1", "A2", "A3"]
    assert frame["Isi (list)"].fillna("").tolist() == ["", "", "Lain sama sekali"]  # nothing is lost, and drift is told
    assert "nomor (2)" not in frame
    assert "Status (list)" not in frame


def test_text_that_was_cut_inside_a_character_loses_nothing_else(tmp_path: Path) -> None:
    whole = "Pohon tumbang di jalan “Contoh”"
    cut = whole.encode()[: whole.encode().index("“".encode()) + 2]

    def site(asked: Asked) -> Reply:
        if asked.path == "/aduan":
            row = b"<tr><td class=ringkas>" + cut + b"</td><td>" + anchor("/aduan/A1").encode() + b"</td></tr>"
            return Reply(b"<table id=daftar><tbody>" + row + b"</tbody></table>", headers={"Content-Type": "text/html"})
        return as_page(detail("A1", f"<tr><th>Isi</th><td>{whole}</td></tr>"))

    listing = {"path": "/aduan", "cells": {"Isi": {"select": "td.ringkas"}}, "next": None}
    archive, raw, _ = read_open(site, tmp_path, table(listing))
    assert list(raw["aduan"].frame["Isi"]) == [whole]
    assert "Isi (list)" not in raw["aduan"].frame
    assert raw["aduan"].problems == (
        "list pages hold bytes that are not of their declared charset; they stand as U+FFFD",
    )
    assert cut in archive.read("aduan-list-000001.html")


def many(faulty: int, of: int = 30) -> dict[str, str]:
    pages = {f"A{n}": detail(f"A{n}") for n in range(of)}
    return pages | {f"A{n}": detail(f"A{n}").replace("nomor", "nomer") for n in range(faulty)}


def test_a_few_pages_that_are_not_as_declared_are_single_faults(tmp_path: Path) -> None:
    _, raw, _ = read(Site(many(6), per_page=10), tmp_path)
    assert (len(raw["aduan"].frame), len(raw["aduan"].unreadable)) == (24, 6)


def test_many_pages_with_one_fault_are_a_changed_site(tmp_path: Path) -> None:
    with pytest.raises(
        ChannelError, match=r"7 of 30 .* not as declared \(nomor: 'h1 .nomor' finds nothing\); has the s"
    ):
        read(Site(many(7), per_page=10), tmp_path)


def test_how_many_are_many_may_be_declared(tmp_path: Path) -> None:
    _, raw, _ = read(Site(many(20), per_page=10), tmp_path, tables=table(max_faulty=0.9))
    assert (len(raw["aduan"].frame), len(raw["aduan"].unreadable)) == (10, 20)


def test_a_mended_channel_file_reads_the_pages_of_the_changed_site(tmp_path: Path) -> None:
    with running(Site(many(30), per_page=10).answer) as system:
        writer = new_archive(tmp_path)
        HtmlReader().extract(source(system.url), writer, context(SECRETS))
    archive = writer.finish()
    with pytest.raises(ChannelError, match="has the site changed"):
        list(HtmlReader().parse(source("http://a"), archive))
    cells = {"nomor": {"select": "h1 .nomer"}}
    mended = source("http://a", tables=table(cells=cells))
    assert sum(len(raw.frame) for raw in HtmlReader().parse(mended, archive) if raw.table == "aduan") == 30


def drift(raw: RawTable, declared: HtmlSource) -> tuple[str, ...]:
    return schema_drift(list(declared.streams.values()), [RawFrame(raw.table, raw.frame)])


def test_a_label_that_is_new_and_one_that_is_gone_are_drift(tmp_path: Path) -> None:
    pages = {n: detail(n, "<tr><th>Uraian</th><td>Lampu mati</td></tr>") for n in ("A1", "A2")}
    _, raw, _ = read(Site(pages), tmp_path)
    told = drift(raw["aduan"], source("http://a"))
    assert "aduan.Uraian" in told
    assert any("Isi" in one and "absent" in one for one in told)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)))
def test_any_date_in_indonesian_words_is_read_back(at: datetime) -> None:
    at = at.replace(second=0, microsecond=0)
    assert as_iso(f"{DAYS[at.weekday()]}, {at.day} {in_words(at)[len(str(at.day)) + 1 :]}", "%d %B %Y %H:%M") == str(at)


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(1, 400))
def test_gaps_are_what_lies_between_and_is_not_there(found: set[int], most: int) -> None:
    missing, left = gaps(found, most)
    assert missing == sorted(set(range(min(found), max(found))) - found, reverse=True)[:most]
    assert len(missing) + left + len(found) == max(found) - min(found) + 1


@pytest.mark.parametrize(
    ("text", "form", "iso"),
    [
        ("20 Agustus 2021 07.05", "%d %B %Y %H.%M", "2021-08-20 07:05:00"),
        ("20/08/2021", "%d/%m/%Y", "2021-08-20"),
        ("Jumat, 3  Sept 2021", "%d %b %Y", "2021-09-03"),
        ("3 Mei 2021", "%d %b %Y", "2021-05-03"),
        ("5 Des. 2021 10:00:09 +0800", "%d %b %Y %H:%M:%S %z", "2021-12-05 10:00:09+08:00"),
        ("20 Augustus 2021", "%d %B %Y", None),
        ("2021-08-20", "%d/%m/%Y", None),
    ],
)
def test_dates_of_a_page_become_iso_by_their_format(text: str, form: str, iso: str | None) -> None:
    assert as_iso(text, form) == iso


def test_a_date_that_is_not_of_its_format_stands_as_it_came(tmp_path: Path) -> None:
    cells = {"nomor": {"select": "td:nth-child(1)"}, "isi": {"select": "td:nth-child(2)", "format": "%d %B %Y"}}
    listing = ONLY["listing"] | {"path": "/rekap", "cells": cells}
    page = rows_only(("A1", "20 Agustus 2021"), ("A2", "kemarin"), ("A3", "-"))
    _, raw, _ = read_open(lambda _: page, tmp_path, {"aduan": {"listing": listing}})
    frame = raw["aduan"].frame[["isi", "isi (text)"]].astype(object)
    assert frame.where(frame.notna(), None).to_numpy().tolist() == [
        ["2021-08-20", None],
        [None, "kemarin"],
        [None, None],
    ]
