"""The shape ``social``: what is a complaint, what is an answer to which, and what is neither."""

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
from transforms.normalise.shapes.social import lost_digits, unbroken

OPTIONS: dict[str, Any] = {
    "author": ["siapa"],
    "accounts": ["@PemkotUji"],
    "reply_to": ["balas"],
    "conversation": "awal",
    "reply_to_author": "kepada",
    "repost_of": ["ulang"],
}
ANSWER = {"table": "jawaban", "complaint": ["_complaint"], "key": ["id"], "columns": {"text": "isi", "actor": "siapa"}}


def channel(events: tuple[dict[str, Any], ...] = (ANSWER,), **options: Any) -> Channel:
    stream = {
        "shape": "social",
        "social": OPTIONS | options,
        "columns": {"text": "isi", "old_numbers": "id", "reporter_account": "siapa"},
        "ignore": ["balas", "awal", "kepada", "ulang", "ruang", "ref"],
        "events": list(events),
    }
    return small_channel(stream)


def post(key: str | None, text: str | None, who: str | None = "warga", **more: str | None) -> dict[str, str | None]:
    return {"id": key, "isi": text, "siapa": who, "balas": None, "awal": None, "kepada": None, "ulang": None} | more


def normal(*posts: dict[str, str | None], **options: Any) -> Normalised:
    done = run(channel(**options), raw("t", *posts))
    assert adds_up(done)
    assert done.schema_drift == ()
    return done


def fates(*posts: dict[str, str | None], **options: Any) -> dict[str, str]:
    """What became of each post: complaint, the rule that excluded it, a reason, or >key of the complaint it answers."""
    done = normal(*posts, **options)
    kept = dict.fromkeys(done.submissions["key"], "complaint")
    out = dict(zip(done.excluded["key"], done.excluded["rule"], strict=True))
    waits = {
        orjson.loads(r).get("id", "?"): why
        for r, why in zip(done.rejected["raw"], done.rejected["reason"], strict=True)
    }
    answered = {k: f">{c}" for k, c in zip(done.events["event_key"], done.events["key"], strict=True)}
    return kept | out | waits | answered


@pytest.mark.parametrize(
    ("text", "fate", "why"),
    [
        ("Jalan depan pasar RUSAKNYA parah min", "complaint", "complaint: rusak*"),
        ("min lampu dari kemarin begini terus #Lapor", "complaint", "complaint: #lapor"),
        ("𝗠𝗼𝗵𝗼𝗻 dicek", "complaint", "complaint: mohon"),
        ("PROMO sedot WC, saluran mampet? Diskon 20%", "promotion", "promotion: diskon"),
        ("Terima kasih min, jalan rusaknya sudah diperbaiki", "not_a_complaint", None),
        ("Terima kasih, sudah dicek tapi masih rusak", "complaint", "complaint: rusak*"),
        ("hadir min", "not_a_complaint", "not_a_complaint: no rule holds"),
        ("RT @warga2: jalan rusak", "repost", "repost"),
    ],
)
def test_a_declared_rule_decides_and_its_word_is_told(text: str, fate: str, why: str | None) -> None:
    done = normal(post("1", text))
    rows = pd.concat([done.submissions, done.excluded])
    assert [*done.excluded["rule"], *(["complaint"] if len(done.submissions) else [])] == [fate]
    assert why is None or orjson.loads(rows["raw"].iloc[0])["_why"] == why


def test_the_lists_are_the_channels_own_where_it_has_some() -> None:
    rules = [
        {"rule": "other_city", "mentions": ["@kotalain"]},
        {"rule": "complaint", "patterns": [r"\bkrn\b.*\bbegini\b"], "hashtags": ["#aduanuji"], "words": ["kok begini"]},
    ]
    told = fates(
        post("1", "@KotaLain kok  begini"), post("2", "kok begini"), post("3", "krn apa ya begini"),
        post("4", "kok beginilah"), post("5", "#AduanUji"), rules=rules, otherwise="chat",
    )  # fmt: skip
    assert told == {"1": "other_city", "2": "complaint", "3": "complaint", "4": "chat", "5": "complaint"}


def test_answers_are_found_up_the_chain_of_replies_and_in_the_conversation() -> None:
    told = fates(
        post("100", "jalan rusak"),
        post("101", "betul", "lain", balas="100"),
        post("102", "Sedang kami cek", "pemkotuji", balas="101"),
        post("103", "Terima kasih", "PEMKOTUJI", awal="100"),
        post("104", "Menjawab yang lama", "@pemkotuji", balas="9"),
        post("200", "Jadwal pasar murah", "pemkotuji"),
        post("201", "sampah menumpuk", "a", awal="200"),
        post("202", "banjir di sini", "b", awal="200"),
        post("203", "lampu padam juga", "a", awal="200"),
        post("204", "Baik, @b", "pemkotuji", awal="200", kepada="B"),
        post("205", "Baik, @a", "pemkotuji", awal="200", kepada="a"),
        post("206", "Terima kasih kak", "pemkotuji", awal="200", kepada="c"),
        post("207", "lanjutan jadwal", "pemkotuji", balas="200"),
    )
    assert told == {
        "100": "complaint", "101": "not_a_complaint", "102": ">100", "103": ">100", "104": ">9", "200": "own_post",
        "201": "complaint", "202": "complaint", "203": "complaint", "204": ">202", "205": ">203", "206": "own_post",
        "207": "own_post",
    }  # fmt: skip


def test_in_a_chat_an_answer_is_to_the_latest_complaint_before_it() -> None:
    told = fates(
        post("1", "Selamat siang, jadwal kami", "pemkotuji", ruang="x"),
        post("2", "jalan rusak", ruang="x"),
        post("3", "lampu padam", ruang="x"),
        post("4", "Kami teruskan", "pemkotuji", ruang="x"),
        post("5", "Halo", "pemkotuji", ruang="y"),
        chat="ruang",
    )
    assert told == {"1": "own_post", "2": "complaint", "3": "complaint", "4": ">3", "5": "own_post"}


def test_a_complaint_below_a_complaint_is_one_of_its_own_and_says_below_which() -> None:
    done = normal(post("10", "jalan rusak"), post("11", "di sini juga rusak min", "lain", balas="10"))
    assert done.submissions["key"].tolist() == ["10", "11"]
    assert [orjson.loads(r).get("_quotes") for r in done.submissions["raw"]] == [None, "10"]


def test_references_of_x_tell_replies_and_reposts() -> None:
    told = fates(
        post("10", "jalan rusak"),
        post("11", "Kami cek", "pemkotuji", ref='[{"type":"quoted","id":"3"},{"type":"replied_to","id":"10"}]'),
        post("12", "jalan rusak", ref='[{"type":"retweeted","id":"10"}]'),
        post("13", "jalan rusak", ref="[x"),
        referenced="ref",
    )
    assert told == {"10": "complaint", "11": ">10", "12": "repost", "13": "complaint"}


def test_a_comment_without_words_is_a_reaction_and_a_post_without_is_looked_at() -> None:
    told = fates(post("1", None), post("2", "👍", balas="1"), post("3", " ", balas="1"))
    assert told == {"1": "no_content", "2": "not_a_complaint", "3": "not_a_complaint"}


def test_where_no_events_read_them_answers_are_counted_as_own_posts() -> None:
    told = fates(post("1", "jalan rusak"), post("2", "Siap", "pemkotuji", balas="1"), events=())
    assert told == {"1": "complaint", "2": "own_post"}


@pytest.mark.parametrize("lost", ["1.72657E+18", "1,72657e+18", "1726570123456789012.0"])
def test_a_number_that_lost_digits_is_no_key_and_is_kept_as_it_came(lost: str) -> None:
    shaped = shaped_of(post(lost, "jalan rusak"), post("1726570123456789013", "lampu padam", balas=lost))
    assert shaped.frame["id"].isna().tolist() == [True, False]
    assert shaped.frame["id (as it came)"].tolist()[0] == lost
    assert shaped.problems == tuple(f"t.{c}: 1 numbers passed through a float and lost digits" for c in ("id", "balas"))
    assert normal(post(lost, "jalan rusak")).rejected["reason"].tolist() == ["no_key"]


def test_a_column_that_a_spreadsheet_rounded_is_known_by_its_zeros() -> None:
    rounded = pd.Series(["1726570123456780000", "1726570123456790000", "1726570999456780000", "1726570123456789013"])
    assert lost_digits(rounded).tolist() == [True, True, True, False]
    assert not lost_digits(pd.Series(["1726570123456780000", "1726570123456789013", "12300", None])).any()


def test_text_of_an_archive_is_mended_told_and_kept_as_it_came() -> None:
    broken = "Jalan rusak 😭 di depan café".encode().decode("latin-1")
    done = normal(post("1", broken))
    row = done.submissions.iloc[0]
    assert row["text"] == "Jalan rusak 😭 di depan café"
    assert orjson.loads(row["changes"]) == [["text", "mojibake", broken]]
    assert orjson.loads(row["flags"]) == ["text:mojibake_repaired"]
    assert orjson.loads(row["raw"])["isi"] == broken


def test_an_own_account_is_known_by_its_broken_name() -> None:
    told = fates(post("1", "Info", "Pemkot Abépura".encode().decode("latin-1")), accounts=["Pemkot Abépura"])
    assert told == {"1": "own_post"}


@pytest.mark.parametrize("stamp", ["1700000000", "1700000000000", "1700000000.0"])
def test_a_stamp_becomes_a_date_with_a_zone(stamp: str) -> None:
    stream = {
        "shape": "social",
        "social": {"author": ["siapa"], "accounts": ["x"], "stamp": "t"},
        "columns": {
            "text": "isi",
            "submitted_at": {"column": "_at", "optional": True, "formats": ["%Y-%m-%dT%H:%M:%S.%f%z"]},
        },
        "ignore": ["t", "siapa"],
    }
    done = run(small_channel(stream), raw("t", {"id": "1", "isi": "jalan rusak", "siapa": "a", "t": stamp}))
    assert done.submissions["submitted_at"][0] == pd.Timestamp("2023-11-14T22:13:20Z")
    assert done.schema_drift == ()


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        ({"key": []}, "shape: social finds who answers whom by key"),
        ({"social": OPTIONS | {"rules": [{"rule": "x", "patterns": ["("]}]}}, "is no regular expression"),
    ],
)
def test_options_that_cannot_work_are_refused(stream: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        small_channel({"shape": "social", "social": OPTIONS} | stream)


KEYS = st.sampled_from([None, "1", "2", "3", "10", "11", "12", "1.7E+18"])
WORDS = st.sampled_from([None, "", "👍", "jalan rusak", "promo", "hadir", "RT @a: rusak", "terima kasih"])
POSTS = st.lists(
    st.builds(
        post, KEYS, WORDS, st.sampled_from([None, "a", "b", "pemkotuji"]), balas=KEYS, awal=KEYS, ruang=KEYS,
        kepada=st.sampled_from([None, "a", "b"]), ulang=st.sampled_from([None, "1"]),
    ),
    max_size=8,
)  # fmt: skip


CHATTY = channel(chat="ruang")


def shaped_of(*posts: dict[str, str | None], of: Channel = CHATTY) -> Shaped:
    mapping = of.sources["satu"].streams["complaints"]
    return shape(raw("t", *posts).frame, mapping, of)


@settings(max_examples=60, deadline=None)
@given(POSTS)
def test_every_row_is_accounted_for(posts: list[dict[str, str | None]]) -> None:
    shaped = shaped_of(*posts)
    places = [p for f in (shaped.frame, *shaped.answers.values()) if len(f) for p in f["_position"]]
    assert sorted(places) == sorted(str(n) for n in range(1, len(posts) + 1))
    assert shaped.rule is None or shaped.rule.index.equals(shaped.frame.index)


@settings(max_examples=60, deadline=None)
@given(POSTS, st.randoms())
def test_the_order_of_rows_decides_nothing(posts: list[dict[str, str | None]], random: Any) -> None:
    def told(shaped: Shaped) -> list[tuple[str, ...]]:
        rule = shaped.rule if shaped.rule is not None else pd.Series(dtype=object)
        rows = [*zip(shaped.frame["mark"], rule.fillna("kept"), shaped.frame["_quotes"].fillna(""), strict=True)]
        apart = [
            ("answer", *pair) for f in shaped.answers.values() for pair in zip(f["mark"], f["_complaint"], strict=True)
        ]
        return sorted([*rows, *apart])

    marked = [p | {"mark": str(n)} for n, p in enumerate(posts)]
    mixed = random.sample(marked, len(marked))
    if posts:
        assert told(shaped_of(*marked)) == told(shaped_of(*mixed))


@given(st.text())
def test_any_text_survives_being_put_together_or_is_left_alone(text: str) -> None:
    mended = unbroken(text)
    assert mended == text or mended.encode().decode("latin-1") == text
    if not text.isascii() and not any("\ud800" <= c <= "\udfff" for c in text):
        assert unbroken(text.encode().decode("latin-1")) == text
