"""APIs that answer XML: elements become records, attributes and words columns, and nobody's entity is resolved."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from old_system import Asked, Reply
from rest_bench import read

from connectors.base import ChannelError, RetryError
from connectors.rest import RestReader
from connectors.rest_body import read_document

TABLE: dict[str, Any] = {
    "records": "daftar.laporan",
    "paging": {"last": "daftar.halaman.@akhir", "total": "daftar.@jumlah"},
    "nested": {"riwayat": {"at": "riwayat.catatan", "carry": {"laporan_id": "id"}}},
}


def xml(body: str, declared: str = '<?xml version="1.0" encoding="UTF-8"?>') -> Reply:
    return Reply((declared + body).encode(), headers={"Content-Type": "text/xml"})


def one(n: int, inner: str = "") -> str:
    return f'<laporan jenis="aduan"><id>{n}</id><isi>Lampu {n} &amp; tiang</isi>{inner}</laporan>'


def pages(asked: Asked) -> Reply:
    page = int(asked.query["page"])
    notes = "<riwayat><catatan><oleh>A</oleh></catatan><catatan><oleh>B</oleh></catatan></riwayat>"
    rows = {1: one(1, notes) + one(2, "<riwayat/>"), 2: one(3, notes.replace("<catatan><oleh>A</oleh></catatan>", ""))}
    return xml(f'<daftar jumlah="3"><halaman ini="{page}" akhir="2"/>{rows[page]}</daftar>')


def test_elements_are_records(tmp_path: Path) -> None:
    found = read(pages, tmp_path, TABLE)
    assert found.ids == ["1", "2", "3"]
    assert list(found.frame["isi"]) == [f"Lampu {n} & tiang" for n in (1, 2, 3)]
    assert set(found.frame["@jenis"]) == {"aduan"}
    assert set(found.frame) == {"id", "isi", "@jenis", "_object", "_position"}
    notes = found.tables["riwayat"].frame
    assert list(zip(notes["laporan_id"], notes["oleh"], strict=True)) == [("1", "A"), ("1", "B"), ("3", "B")]
    assert RestReader().count(found.source, found.archive) == {"complaints": 3}


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("<lokasi lat='-6.4'>Jl. Mawar</lokasi>", {"lokasi.@lat": "-6.4", "lokasi.#text": "Jl. Mawar"}),
        ("<lokasi><desa>Beji</desa></lokasi>", {"lokasi.desa": "Beji"}),
        ("<foto>a.jpg</foto><foto>b.jpg</foto>", {"foto": '["a.jpg","b.jpg"]'}),
        ("<n:isi xmlns:n='urn:x'>teks</n:isi>", {"isi": "teks"}),
        ("<isi><![CDATA[<b>tebal</b>]]></isi>", {"isi": "<b>tebal</b>"}),
        ("<!-- rahasia --><isi>a<!-- x -->b</isi>", {"isi": "ab"}),
        ("<kosong/>", {"kosong": None}),
    ],
)
def test_what_an_element_holds(tmp_path: Path, body: str, columns: dict[str, str | None]) -> None:
    table = {"records": "daftar.laporan"}
    found = read(lambda a: xml(f"<daftar><laporan>{body}</laporan></daftar>"), tmp_path, table)
    row = found.frame.drop(columns=["_object", "_position"]).iloc[0]
    assert {name: None if row.isna()[name] else row[name] for name in row.index} == columns


@pytest.mark.parametrize("body", ["<daftar/>", "<daftar></daftar>", '<daftar kode="0"> </daftar>'])
def test_an_element_around_nothing_is_an_empty_list(tmp_path: Path, body: str) -> None:
    assert read(lambda a: xml(body), tmp_path, {"records": "daftar.laporan"}).ids == []


@pytest.mark.parametrize("inner", ["<galat>Budi</galat>", "<d><pesan>Budi</pesan></d>", "<d>Budi</d>"])
def test_an_error_is_no_empty_list(tmp_path: Path, inner: str) -> None:
    with pytest.raises(ChannelError, match=r"has no list at 'd\.l'") as caught:
        read(lambda a: xml(inner), tmp_path, {"records": "d.l"})
    assert "Budi" not in str(caught.value)


def test_xml_that_is_cut_off_is_left_to_another_run(tmp_path: Path) -> None:
    with pytest.raises(RetryError, match="is no XML, or cut off"):
        read(lambda a: xml("<daftar><laporan><id>1</id>"), tmp_path, {"records": "daftar.laporan"})


BOMB = '<!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]>'
FILE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("head", [BOMB, FILE])
def test_entities_are_not_resolved(tmp_path: Path, head: str) -> None:
    with pytest.raises(ChannelError, match="declares entities"):
        body = f"{head}<daftar><laporan><id>&a;</id></laporan></daftar>"
        read(lambda a: xml(body), tmp_path, {"records": "daftar.laporan"})


@pytest.mark.parametrize(
    ("body", "isi"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?><d><l><isi>caf\xe9</isi></l></d>'.encode("latin-1"), "café"),
        (b"\xef\xbb\xbf<d><l><isi>bom</isi></l></d>", "bom"),
        ('<?xml version="1.0" encoding="UTF-16"?><d><l><isi>é</isi></l></d>'.encode("utf-16"), "é"),
        (b"  \n<d><l><isi>rusak \xff\x0b</isi></l></d>", "rusak \ufffd\ufffd"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(tmp_path: Path, body: bytes, isi: str) -> None:
    found = read(lambda a: Reply(body), tmp_path, {"records": "d.l"})
    assert list(found.frame["isi"]) == [isi]


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


@given(st.lists(texts, max_size=5))
def test_words_come_out_as_they_went_in(words: list[str]) -> None:
    body = "<d>" + "".join(f"<l><isi>{escape(word)}</isi></l>" for word in words) + "</d>"
    document, garbled = read_document(body.encode(), frozenset({"d.l"}))
    assert not garbled
    assert [row["isi"] or "" for row in (document["d"] or {}).get("l", [])] == [word.strip() for word in words]
