"""Names of files come out of a cell whatever program put them in, and what stands for no photo is none."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.normalise.attachments import attachment_lister, list_attachments, names_in

NAMES = st.from_regex(r"[A-Za-z0-9 _().'-]{1,20}\.(jpg|png|pdf|jpeg)", fullmatch=True).filter(lambda n: n == n.strip())


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("foto.jpg", ["foto.jpg"]),
        ("uploads/2021/foto 1.jpg", ["uploads/2021/foto 1.jpg"]),
        ("https://x.example/a.jpg?v=2", ["https://x.example/a.jpg?v=2"]),
        ("a.jpg, b.png", ["a.jpg", "b.png"]),
        ("a.jpg|b.jpg;c.pdf", ["a.jpg", "b.jpg", "c.pdf"]),
        ("a.jpg\r\nb.jpg", ["a.jpg", "b.jpg"]),
        ("rusak, parah.jpg", ["rusak, parah.jpg"]),  # one name with a comma in it
        ('["a.jpg", "b.jpg"]', ["a.jpg", "b.jpg"]),
        ('[{"id": 3, "url": "/s/a.jpg"}, {"path": "b.jpg"}, null]', ["/s/a.jpg", "b.jpg"]),
        ('{"file": "a.jpg"}', ["a.jpg"]),
        ('[{"id": 3}]', ['{"id":3}']),  # nothing is lost of what nobody understands
        ('a:2:{i:0;s:5:"a.jpg";i:1;s:8:"b ; c.jp";}', ["a.jpg", "b ; c.jp"]),  # as PHP writes a list
        ("12", ["12"]),
    ],
)
def test_each_way_of_writing_names(cell: str, names: list[str]) -> None:
    assert names_in(cell) == names


@pytest.mark.parametrize(
    "cell",
    ["default.jpg", "DEFAULT.PNG", "uploads/default.jpg", "no-image.png", "no_image.jpg", "noimage.jpg",
     "https://x.example/img/placeholder.svg", "null", "-", "[]", '[""]', '["default.jpg"]', " ; "],
)  # fmt: skip
def test_what_stands_for_no_photo_is_no_attachment(cell: str) -> None:
    assert list_attachments(cell) is None


def test_a_channel_names_its_own_pictures_of_nothing() -> None:
    listed = attachment_lister(["kosong*.jpg", "assets/img/*"])
    assert listed("KOSONG-2.jpg") is None
    assert listed("assets/img/logo.png") is None
    assert listed('["kosong.jpg", "jalan.jpg"]') == '["jalan.jpg"]'


@given(st.lists(NAMES, min_size=1, max_size=5), st.sampled_from(["\n", ";", "|", ","]))
def test_names_with_a_sign_between_them_come_back(names: list[str], sign: str) -> None:
    assert names_in(sign.join(names)) == names
    assert names_in(orjson.dumps(names).decode()) == names


@given(st.text())
def test_any_text_gives_names_that_hold_something(cell: str) -> None:
    assert all(name.strip() for name in names_in(cell))
