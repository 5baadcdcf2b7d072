"""What recognises answers and pages takes any of them apart without falling over, and follows nothing that acts."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.peek_api import empty_list, find_list, find_success, find_turning, shape_of_answer
from connectors.peek_details import find_blocks, find_fields, find_files
from connectors.peek_lists import ajax_address, detail_form, links_to_lists
from connectors.peek_lists import find_list as list_on
from connectors.peek_lists import find_turning as turning_of
from connectors.peek_login import find_login, sign_of_inside
from connectors.peek_tags import is_safe

KEYS = st.sampled_from(["data", "id", "total", "next", "meta", "page", "offset", "last_page", "status", "a.b", "é", ""])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.text(max_size=5) | st.just("/x?page=2"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
TAGS = st.sampled_from(
    [
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "div",
        "ul",
        "li",
        "article",
        "dl",
        "dt",
        "dd",
        "form",
        "nav",
        "p",
        "b",
    ]
)
LEAVES = st.sampled_from(
    [
        "Judul", "Isi : panjang", "2024-01-02", "<br>", "<td colspan=9>", "<a href>z</a>", "<img src='/uploads/a.jpg'>",
        '<a href="/aduan/1">Lihat</a>', '<a href="/aduan/2">x</a>', '<a href="/aduan/hapus/3">Hapus</a>',
        "<input type=password name=p>", '<input name="u">', '<a rel=next href="?page=2">2</a>',
        '<a href="http://[x">y</a>', '<table data-ajax="http://[x"></table>', "<script>ajax: 'http://[x'</script>",
    ]
)  # fmt: skip
NAMES = st.sampled_from(["", ' id="a"', ' class="tanggapan b"', ' class="pagination"', ' class="9x"', ' id="x:y"'])


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def written(tag: str, name: str, body: list[str]) -> str:
        return f"<{tag}{name}>{''.join(body)}</{tag}>"

    return st.builds(written, TAGS, NAMES, st.lists(inner, max_size=5))


PAGES = st.recursive(LEAVES, wrapped, max_leaves=40)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS)
def test_any_answer_is_taken_apart(document: object) -> None:
    listed = find_list(document, "aduan")
    find_turning(document, listed.count if listed else 0, {"page": "1"})
    find_success(document)
    empty_list(document)
    assert shape_of_answer(document)


@settings(max_examples=300, deadline=None)
@given(PAGES, PAGES)
def test_any_page_is_taken_apart_by_selectors_that_find_what_they_should(one: str, other: str) -> None:
    pages = [BeautifulSoup(body, "lxml") for body in (one, other)]
    url = "http://lama.example/aduan"
    for page in pages:
        listed = list_on(page, url)
        if listed is not None:
            assert [id(tag) for tag in page.select(listed.row)] == [id(tag) for tag in listed.rows]
            assert not any("hapus" in link for link in listed.links)
            detail_form(listed.links)
            turning_of(page, url, len(listed.rows))
        assert not any("hapus" in link for link in links_to_lists(page, url))
        find_login(page)
        ajax_address(page, url)
        sign_of_inside(page, pages[0])
        if fields := find_fields(page):
            assert page.select(fields.row)
    find_blocks(pages, find_fields(pages[0]))
    find_files(pages)


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="/aduan/hapus/3">x</a>', '<a href="/aduan/3/edit">x</a>', '<a href="/aduan/3?aksi=verifikasi">x</a>',
        '<a href="/aduan/3" class="btn-delete">x</a>', '<a href="/aduan/3" onclick="return confirm(1)">x</a>',
        '<a href="/aduan/3" data-method="delete">x</a>', '<a href="/logout">x</a>', '<a href="/a/3">Setujui</a>',
        '<a href="http://lain.example/aduan/3">x</a>', '<a href="javascript:hapus(3)">x</a>', '<a href="#">x</a>',
        '<a href="/aduan/3/cetak">x</a>', '<a href="/unggah/a.jpg">x</a>', '<a href="mailto:a@b.example">x</a>',
    ],
)  # fmt: skip
def test_a_link_that_may_act_or_leads_away_is_not_safe(markup: str) -> None:
    (link,) = BeautifulSoup(markup, "lxml").select("a")
    assert not is_safe(link, "http://lama.example/aduan")


@pytest.mark.parametrize("href", ["/aduan/3", "detail.php?id=3", "/admin/pengaduan/lihat/3", "?page=2"])
def test_a_link_that_shows_is_safe(href: str) -> None:
    (link,) = BeautifulSoup(f'<a href="{href}">Lihat</a>', "lxml").select("a")
    assert is_safe(link, "http://lama.example/aduan")
