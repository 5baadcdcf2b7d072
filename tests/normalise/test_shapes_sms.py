"""Parts of long text messages are put together whatever their order, and replies find the message that they answer."""

from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalise_build import adds_up, raw, run, small_channel

from schemas.channel import Channel
from transforms.normalise.shapes import PARTS, Shaped, shape
from transforms.normalise.shapes.sms_parts import Part, decode_hex, read_udh

GAMMU: dict[str, Any] = {
    "sender": "SenderNumber", "at": "ReceivingDateTime", "text": "TextDecoded", "hex": "Text", "udh": "UDH",
}  # fmt: skip
SENT = {
    "number": "DestinationNumber",
    "at": "SendingDateTime",
    "text": "TextDecoded",
    "message": ["ID"],
    "sequence": "SequencePosition",
}


def gammu(**options: Any) -> Channel:
    columns = {
        "text": "TextDecoded",
        "submitted_at": {"column": "ReceivingDateTime", "time_zone": "UTC"},
        "reporter_phone": "SenderNumber",
    }
    events = {
        "table": "sentitems",
        "complaint": ["_complaint"],
        "key": ["ID"],
        "columns": {"text": "TextDecoded", "occurred_at": {"column": "SendingDateTime", "time_zone": "UTC"}},
    }
    more = {"events": [events]} if "replies" in options else {}
    stream = {"columns": columns, "shape": "sms_parts", "sms_parts": GAMMU | options}
    return small_channel(stream | {"key": ["ID"]} | more, time_zone="Asia/Jayapura")


def sms(number: int, at: str, text: str, udh: str = "", sender: str = "+6281200001111", **more: str) -> dict[str, Any]:
    day, clock = at.split() if " " in at else ("2024-01-05", at)
    row = {"ID": str(number), "ReceivingDateTime": f"{day} {clock}", "SenderNumber": sender, "UDH": udh}
    return row | {"TextDecoded": text, "Text": text.encode("utf-16-be").hex().upper()} | more


def shaped(*rows: dict[str, Any], **options: Any) -> Shaped:
    of = gammu(**options)
    return shape(raw("t", *rows).frame, of.sources["satu"].streams["complaints"], of)


def together(*rows: dict[str, Any], **options: Any) -> dict[str, str]:
    done = shaped(*rows, **options)
    return dict(zip(done.frame["ID"], done.frame["TextDecoded"], strict=True))


def test_parts_in_the_wrong_order_and_twice() -> None:
    done = shaped(
        sms(1, "08:00:09", "kedua ", "050003A70302"),
        sms(2, "08:00:10", "LAPOR pertama ", "050003A70301"),
        sms(3, "08:00:10", "pesan lain"),
        sms(4, "08:00:11", "ketiga", "050003a70303"),
        sms(5, "08:20:00", "kedua ", "050003A70302"),
    )
    assert done.frame["TextDecoded"].tolist() == ["LAPOR pertama kedua ketiga", "pesan lain"]
    assert done.frame["ID"].tolist() == ["1", "3"]
    assert [part["ID"] for part in orjson.loads(done.frame[PARTS][0])] == ["1", "2", "4", "5"]
    assert (done.parts, done.problems) == (3, ())


def test_a_message_that_lacks_parts_keeps_what_came_and_says_so() -> None:
    done = shaped(sms(1, "08:00:00", "awal", "050003070401"), sms(2, "08:00:01", "akhir", "050003070404"))
    assert done.frame["TextDecoded"].tolist() == ["awal […] akhir"]
    assert done.frame["_missing"].tolist() == ["2,3 of 4"]
    assert done.problems == ("t: 1 messages lack parts; what came of them is kept",)


def test_a_reference_is_used_again_by_others_and_later() -> None:
    head = "0500030A02"
    rows = [
        sms(1, "08:00:00", "a1 ", f"{head}01"),
        sms(2, "08:00:01", "b1 ", f"{head}01", sender="0812-0000-9999"),
        sms(3, "08:00:02", "a2", f"{head}02"),
        sms(4, "08:00:03", "b2", f"{head}02", sender="+6281200009999"),
        sms(5, "08:01:00", "c1 ", f"{head}01"),  # another text under a number that is there
        sms(6, "08:01:01", "c2", f"{head}02"),
        sms(7, "2024-01-06 08:00:00", "d1 ", f"{head}01"),  # too late to belong to the first
        sms(8, "2024-01-06 08:00:01", "d2", f"{head}02"),
    ]
    assert together(*rows) == {"1": "a1 a2", "2": "b1 b2", "5": "c1 c2", "7": "d1 d2"}
    assert together(*[row | {"TextDecoded": row["TextDecoded"][1:]} for row in rows], minutes=2000) == {
        "1": "1 2", "2": "1 2"
    }  # fmt: skip


def test_the_hexadecimal_text_serves_where_there_is_no_other() -> None:
    row = sms(1, "08:00:00", "Jalan rusak 🙏", "050003A70201") | {"TextDecoded": ""}
    assert together(row, sms(2, "08:00:01", " parah", "050003A70202")) == {"1": "Jalan rusak 🙏 parah"}
    assert [decode_hex(text) for text in ("0048", "48", "zz", "D83D")] == ["H", None, None, None]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("050003A70302", Part("a7", 3, 2)),
        ("05 00 03 a7 03 02", Part("a7", 3, 2)),
        ("060804A1B20301", Part("a1b2", 3, 1)),
        ("0B0504158A0000" + "0003A70302", Part("a7", 3, 2)),  # port addresses before it
        ("050003A70304", None),  # the fourth of three
        ("050003A70101", None),  # the only one
        ("050003A703", None),
        ("06050415820000", None),
        ("", None),
        ("tidak ada", None),
    ],
)
def test_user_data_headers(header: str, part: Part | None) -> None:
    assert read_udh(header) == part


def test_columns_of_a_gateway_that_takes_the_header_apart() -> None:
    more = {"udh": None, "reference": "MessageID", "total": "PartCount", "sequence": "SequencePosition"}
    rows = [
        sms(n, f"08:00:0{n}", text, MessageID="9", PartCount="2", SequencePosition=sequence)
        for n, (text, sequence) in enumerate((("dua", "2"), ("satu ", "1"), ("sendiri", "")), 1)
    ]
    assert together(*rows, **more) == {"1": "satu dua", "3": "sendiri"}


def test_a_message_of_playsms_is_a_row_that_was_put_together_by_the_gateway() -> None:
    options = {"sender": "in_sender", "at": "in_datetime", "text": "in_msg"}
    columns = {"text": "in_msg", "submitted_at": "in_datetime", "reporter_phone": "in_sender"}
    of = small_channel({"key": ["in_id"], "columns": columns, "shape": "sms_parts", "sms_parts": options})
    rows = [
        {"in_id": str(n), "in_sender": "+6281200001111", "in_datetime": at, "in_msg": "Lampu mati"}
        for n, at in enumerate(("2024-01-05 08:00:00", "0000-00-00 00:00:00"), 1)
    ]
    done = run(of, raw("t", *rows))
    assert adds_up(done)
    assert done.submissions["key"].tolist() == ["1", "2"]
    assert done.submissions["submitted_at"].isna().tolist() == [False, True]


def reply(number: int, at: str, text: str, to: str = "081200001111", part: int = 1) -> dict[str, str]:
    return {
        "ID": str(number),
        "SendingDateTime": f"2024-01-05 {at}",
        "DestinationNumber": to,
        "TextDecoded": text,
        "SequencePosition": str(part),
    }


def test_replies_are_answers_to_the_last_message_that_came_from_their_number_before() -> None:
    done = run(
        gammu(replies={"sentitems": SENT}),
        raw("t", sms(1, "08:00:00", "Lampu mati"), sms(2, "09:00:00", "Jalan rusak")),
        raw(
            "sentitems",
            reply(1, "07:00:00", "Info"),
            reply(2, "08:30:00", "kedua", part=2),
            reply(2, "08:30:00", "Pertama dan ", part=1),
            reply(3, "09:00:00", "Segera"),
            reply(4, "09:00:00", "Info", to="081200007777"),
        ),
    )
    assert adds_up(done)
    assert done.counts.events == 5
    assert [drift for drift in done.schema_drift if "absent" in drift] == []
    assert list(zip(done.events["key"], done.events["text"], strict=True)) == [
        ("", "Info"),
        ("1", "Pertama dan kedua"),
        ("2", "Segera"),
        ("", "Info"),
    ]
    assert done.events["occurred_at"][2] == pd.Timestamp("2024-01-05 09:00", tz="UTC")


LONG = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Z"]), min_size=2, max_size=40)


@settings(deadline=None, max_examples=40)
@given(st.lists(LONG, min_size=1, max_size=4), st.randoms(use_true_random=False), st.sampled_from([2, 3, 7]))
def test_parts_in_any_order_give_the_same_text(texts: list[str], random: Any, size: int) -> None:
    rows = []
    for reference, text in enumerate(texts):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        head = f"050003{reference:02X}{len(pieces):02X}"
        rows += [(piece, f"{head}{n:02X}" if len(pieces) > 1 else "") for n, piece in enumerate(pieces, 1)]
    random.shuffle(rows)
    came = [sms(n, f"08:{n // 60:02}:{n % 60:02}", piece, udh) for n, (piece, udh) in enumerate(rows)]
    done = shaped(*came)
    assert sorted(done.frame["TextDecoded"]) == sorted(texts)
    assert len(done.frame) + done.parts == len(rows)
