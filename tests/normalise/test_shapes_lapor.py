"""The shape ``lapor``: flags, doors, stamps and rows that go on."""

from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalise_build import adds_up, raw, run, small_channel

from schemas.channel import Channel
from transforms.normalise import Normalised
from transforms.normalise.shapes import Shaped, shape
from transforms.normalise.shapes.stamps import FORMAT

FLAG = {"optional": True, "true": ["Ya"]}


def channel() -> Channel:
    stream = {
        "shape": "lapor",
        "lapor": {
            "number": "id", "flags": "tipe", "origin": "sumber", "stamp": "detik", "date": "tgl", "continued": ["opd"],
        },
        "columns": {
            "text": "isi", "sp4n_id": "id", "agency": "opd",
            "submitted_at": {"column": "_at", "optional": True, "formats": [FORMAT, "%d/%m/%Y %H:%M:%S"]},
            "is_anonymous": FLAG | {"column": "_anonim"}, "is_confidential": FLAG | {"column": "_rahasia"},
        },
        "ignore": ["tipe", "sumber", "detik", "tgl"],
    }  # fmt: skip
    return small_channel(stream)


def row(number: str | None = "9165816", **more: str | None) -> dict[str, str | None]:
    return {"id": number, "isi": "Jalan rusak", "tipe": None, "sumber": "Website", "opd": None} | more


def normal(*rows: dict[str, str | None]) -> Normalised:
    done = run(channel(), raw("t", *rows))
    assert adds_up(done)
    return done


@pytest.mark.parametrize(
    ("cell", "anonymous", "confidential", "unknown"),
    [
        (None, False, False, {}),
        ("Anonim", True, False, {}),
        ("Rahasia", False, True, {}),
        ("Anonim|Rahasia", True, True, {}),
        ("rahasia | ANONIM", True, True, {}),
        ("Tertutup", True, True, {"is_anonymous": {"Tertutup": 1}, "is_confidential": {"Tertutup": 1}}),
    ],
)
def test_two_flags_in_one_cell(cell: str | None, anonymous: bool, confidential: bool, unknown: Any) -> None:
    done = normal(row(tipe=cell))
    assert done.submissions[["is_anonymous", "is_confidential"]].to_numpy().tolist() == [[anonymous, confidential]]
    assert done.unmapped == unknown


@pytest.mark.parametrize(
    ("cell", "door", "slug"),
    [
        ("Website - pemerintah-kota-uji", "Website", "pemerintah-kota-uji"),
        ("Android – lapor-uji", "Android", "lapor-uji"),
        ("SMS 1708", "SMS 1708", None),
        (None, None, None),
    ],
)
def test_door_and_front_end_in_one_cell(cell: str | None, door: str | None, slug: str | None) -> None:
    told = orjson.loads(normal(row(sumber=cell)).submissions["raw"][0])
    assert (told.get("_door"), told.get("_front_end"), told.get("sumber")) == (door, slug, cell)


@pytest.mark.parametrize(
    ("stamp", "written", "at"),
    [
        ("1420601220", "1/7/2015 10:27:00", "2015-01-07 03:27"),  # month before day: the stamp knows better
        ("", "7/1/2015 10:27:00", "2015-01-07 03:27"),
        ("0", "7/1/2015 10:27:00", "2015-01-07 03:27"),
        (None, None, None),
    ],
)
def test_an_instant_is_believed_before_a_date(stamp: str | None, written: str | None, at: str | None) -> None:
    got = normal(row(detik=stamp, tgl=written)).submissions["submitted_at"][0]
    assert pd.isna(got) if at is None else got == pd.Timestamp(at, tz="UTC")


def test_rows_that_go_on_are_parts_of_the_report_above_them() -> None:
    more = dict.fromkeys(row(), None)
    done = normal(
        row("9165816", opd="Dinas Perhubungan"), more | {"opd": "Dinas Lingkungan Hidup"},
        row("9165817"), row("9165817", opd="Satpol PP"),
        row("9165818", opd="Satpol PP"), row("9165818", opd="Satpol PP"),
    )  # fmt: skip
    assert (done.counts.parts, done.excluded["rule"].tolist()) == (2, ["repeated"])
    assert done.submissions["agency"].tolist() == ["dishub", "satpol-pp", "satpol-pp"]
    pieces = orjson.loads(orjson.loads(done.submissions["raw"][0])["_parts"])
    assert [(p["opd"], p["_position"]) for p in pieces] == [("Dinas Perhubungan", "1"), ("Dinas Lingkungan Hidup", "2")]


def test_a_row_without_a_number_that_says_more_is_a_report_of_its_own_and_waits() -> None:
    done = normal(row(), row(None, isi="Lampu padam"))
    assert (done.counts.parts, done.rejected["reason"].tolist()) == (0, ["no_key"])


OF = channel()


def shaped_of(*rows: dict[str, str | None]) -> Shaped:
    return shape(raw("t", *rows).frame, OF.sources["satu"].streams["complaints"], OF)


CELL = st.sampled_from([None, "", "-", "Anonim", "x|Rahasia", "Website - a-b", "0", "1420601220", "7/1/2015"])
ROWS = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from([None, "1", "2"]), "isi": st.sampled_from([None, "a"]),
                           "tipe": CELL, "sumber": CELL, "detik": CELL, "tgl": CELL, "opd": CELL}),
    max_size=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_every_row_is_accounted_for(rows: list[dict[str, str | None]]) -> None:
    shaped = shaped_of(*rows)
    assert len(shaped.frame) + shaped.parts == len(rows)
    lists = shaped.frame["_parts"].dropna() if "_parts" in shaped.frame else []
    told = [piece["_position"] for cell in lists for piece in orjson.loads(cell)]
    assert len(told) == shaped.parts + len(lists)
    assert sorted({*told, *shaped.frame["_position"]}, key=int) == [str(n + 1) for n in range(len(rows))]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=6, unique=True), st.randoms())
def test_whole_reports_do_not_mind_their_order(cells: list[tuple[str | None, ...]], random: Any) -> None:
    rows = [row(f"{n}", tipe=a, sumber=b, detik=c, tgl=d) for n, (a, b, c, d) in enumerate(cells, 1)]
    mixed = random.sample(rows, len(rows))
    made = ["id", "_anonim", "_rahasia", "_door", "_front_end", "_at"]
    if rows:
        one, other = (shaped_of(*r).frame[made].sort_values("id", ignore_index=True) for r in (rows, mixed))
        pd.testing.assert_frame_equal(one, other)
