"""One person's complaint is blanked in archived pages: their page, their row of the list, their number elsewhere."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
from old_system import Asked, Reply, as_page, context, new_archive, running
from test_html import TABLE, detail, source

from connectors.archive import Archive, rewrite
from connectors.blank import Blanking, Mine
from connectors.blankers import BLANKERS
from connectors.html import HtmlReader
from connectors.html_links import detail_name
from schemas.web_sources import HtmlSource

PHONE = "081200000017"
PATTERN = re.compile(PHONE)
PEOPLE = {"A1": "Siti Contoh", "A2": "Budi Contoh", "A3": "Ani Contoh"}
LINK = {"select": "a", "attribute": "href"}
CELLS = {"nomor": {"select": "td.nomor"}, "nama": {"select": "td.nama"}}


def text_of(number: str) -> str:
    return f"Tetangga ({PHONE}) membuang sampah" if number == "A3" else f"Jalan rusak dilaporkan {number}"


def site(asked: Asked) -> Reply:
    if asked.path == "/aduan":
        rows = "".join(
            f"<tr title='{name}' data-kode='{n}'><td class=nomor>{n}</td><td class=nama>{name}</td>"
            f"<td>{text_of(n)[:20]}…</td>"
            f"<td><a class=lihat href='/aduan/{n}'>Lihat</a></td></tr>"
            for n, name in PEOPLE.items()
        )
        return as_page(f"<table id=daftar><tbody>{rows}</tbody></table>")
    number = asked.path.rpartition("/")[2]
    rows = f"<tr><th>Isi</th><td>{text_of(number)}</td></tr><tr><th>Pelapor</th><td>{PEOPLE[number]}</td></tr>"
    return as_page(detail(number, rows))


def archived(folder: Path, table: dict[str, Any]) -> tuple[HtmlSource, Archive]:
    with running(site) as system:
        declared, writer = source(system.url, login=None, tables={"aduan": table}), new_archive(folder)
        HtmlReader().extract(declared, writer, context())
    return declared, writer.finish()


def frame(declared: HtmlSource, archive: Archive) -> pd.DataFrame:
    pieces = [raw for raw in HtmlReader().parse(declared, archive) if raw.table == "aduan"]
    assert [one for raw in pieces for one in raw.unreadable] == []
    return pd.concat([raw.frame for raw in pieces]).fillna("").set_index("nomor")


def blanked(folder: Path, declared: HtmlSource, archive: Archive, number: str) -> Archive:
    row = frame(declared, archive).loc[number]
    cells = {str(name): str(cell) for name, cell in row.items() if not str(name).startswith("_")}
    mine = Mine(row["_object"], row["_position"], cells | {"nomor": number})
    what = Blanking((mine,), frozenset({"nomor"}), PATTERN, frozenset({"Isi", "Pelapor", "nama"}))
    return rewrite(archive, folder / "blanked", dict(BLANKERS["html"](declared, archive, what)))


def everything(archive: Archive) -> str:
    return "\n".join(archive.read(entry.name).decode() for entry in archive.entries)


def test_page_and_row_of_a_person_are_emptied_and_others_stay(tmp_path: Path) -> None:
    listing = {
        "path": "/aduan",
        "row": "#daftar tbody tr",
        "cells": CELLS,
        "link": LINK,
    }
    declared, archive = archived(tmp_path, TABLE | {"listing": listing, "nested": {}})
    after = blanked(tmp_path, declared, archive, "A2")
    before, now = frame(declared, archive), frame(declared, after)
    assert list(now.index) == ["A1", "A2", "A3"]
    assert now.loc["A1"].equals(before.loc["A1"])
    assert now.loc["A3", "Isi"] == before.loc["A3", "Isi"].replace(PHONE, "*" * len(PHONE))
    assert set(now.loc["A2"].drop(["_object", "_position"])) == {""}
    whole = everything(after)
    assert "Budi" not in whole
    assert "dilaporkan A2" not in whole
    assert PHONE not in whole
    assert after.entry(detail_name("aduan", "/aduan/A2")).origin["rewritten"]
    assert "rewritten" not in after.entry(detail_name("aduan", "/aduan/A1")).origin


def test_a_row_that_is_the_record_itself_is_emptied(tmp_path: Path) -> None:
    cells = CELLS | {"nomor": {"select": ":scope", "attribute": "data-kode"}}
    declared, archive = archived(tmp_path, {"listing": {"path": "/aduan", "row": "#daftar tbody tr", "cells": cells}})
    after = blanked(tmp_path, declared, archive, "A2")
    now = frame(declared, after)
    assert now["nama"].to_dict() == {"A1": "Siti Contoh", "A2": "", "A3": "Ani Contoh"}
    assert "Budi" not in everything(after)
    assert PHONE not in everything(after)


def test_a_number_that_the_list_cuts_short_does_not_keep_a_person_from_being_erased(tmp_path: Path) -> None:
    """The list shows the beginning of the text, where half of the number stands."""
    cells = CELLS | {"Isi": {"select": "td:nth-child(3)"}}
    listing = {
        "path": "/aduan",
        "row": "#daftar tbody tr",
        "cells": cells,
        "link": LINK,
    }
    declared, archive = archived(tmp_path, TABLE | {"listing": listing, "nested": {}})
    now = frame(declared, blanked(tmp_path, declared, archive, "A2"))
    assert "Isi (list)" not in now
    assert now.loc["A3", "Isi"] == text_of("A3").replace(PHONE, "*" * len(PHONE))
