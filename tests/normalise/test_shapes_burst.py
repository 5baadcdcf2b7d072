"""Messages of one person within minutes are one submission, however the chat was exported and cut."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import orjson
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from normalise_build import adds_up, raw, run, small_channel

from schemas.channel import Channel
from transforms.normalise.shapes import PARTS, Shaped, shape

OPTIONS: dict[str, Any] = {
    "sender": "sender", "at": "waktu", "text": "text", "chat": "chat", "media": "media", "kind": "kind",
    "rules": {"system": "system_message", "call": "missed_call", "deleted": "deleted"},
    "greeting": "(halo|permisi)[ !.]*", "officers": ["Petugas", "+62 811-0000-1111"],
}  # fmt: skip
ANSWERS = {"table": "jawaban", "complaint": ["_complaint"], "columns": {"text": "text", "occurred_at": "waktu"}}


def chat(events: tuple[dict[str, Any], ...] = (ANSWERS,), **options: Any) -> Channel:
    columns = {"text": "text", "submitted_at": "waktu", "reporter_name": "sender", "attachments": "media"}
    stream = {"columns": columns, "shape": "burst", "burst": OPTIONS | options, "events": list(events)}
    return small_channel(stream)


def said(
    at: str, sender: str | None, text: str | None, chat: str = "Warga", **more: str | None
) -> dict[str, str | None]:
    day, clock = at.split() if " " in at else ("2024-08-20", at)
    waktu = f"{day}T{clock}:00"
    row = {"id": f"{chat}/{sender}/{waktu}", "chat": chat, "sender": sender, "waktu": waktu, "text": text}
    return row | {"media": None, "kind": "message"} | more


def shaped(*messages: dict[str, str | None], **options: Any) -> Shaped:
    of = chat(**options)
    return shape(raw("t", *messages).frame, of.sources["satu"].streams["complaints"], of)


def texts(done: Shaped) -> list[str | None]:
    return done.frame["text"].astype(object).where(done.frame["text"].notna(), None).tolist()


def test_messages_within_minutes_are_one_and_silence_ends_it() -> None:
    done = shaped(
        said("10:00", "Budi", "Lampu mati"),
        said("10:04", "Siti", "Banjir"),
        said("10:09", "Budi", "di Jl. Contoh"),
        said("10:19", "Budi", "tolong"),
        said("10:30", "Budi", "Jalan rusak"),
    )
    assert texts(done) == ["Lampu mati\ndi Jl. Contoh\ntolong", "Banjir", "Jalan rusak"]
    assert done.frame["_position"].tolist() == ["1", "2", "5"]
    assert done.frame["id"].tolist()[0] == "Warga/Budi/2024-08-20T10:00:00"
    assert [part["_position"] for part in orjson.loads(done.frame[PARTS][0])] == ["1", "3", "4"]
    assert done.frame[PARTS].isna().tolist() == [False, True, True]
    assert done.parts == 2


def test_chats_are_apart_and_the_gap_is_an_option() -> None:
    both = [said("10:00", "Budi", "a"), said("10:01", "Budi", "b", chat="Lain"), said("10:30", "Budi", "c")]
    assert texts(shaped(*both)) == ["a", "b", "c"]
    assert texts(shaped(*both, minutes=30)) == ["a\nc", "b"]


def test_files_of_all_messages_are_attachments_of_the_submission() -> None:
    photo = said("10:01", "Budi", "ini fotonya", media='["a.jpg"]', kind="media")
    second = said("10:02", "Budi", None, media='["b.jpg","a.jpg"]', kind="media")
    done = run(chat(), raw("t", said("10:00", "Budi", "Jalan rusak"), photo, second))
    row = done.submissions.iloc[0]
    assert (row["text"], row["attachments"]) == ("Jalan rusak\nini fotonya", '["a.jpg","b.jpg"]')
    assert adds_up(done)


def test_what_is_no_complaint_is_named_and_what_only_begins_with_a_greeting_is_one() -> None:
    done = run(
        chat(),
        raw(
            "t",
            said("08:00", None, "Budi bergabung", kind="system"),
            said("08:00", None, "Siti bergabung", kind="system"),
            said("09:00", "Budi", "Halo"),
            said("10:00", "Siti", "permisi!"),
            said("10:01", "Siti", "lampu mati"),
            said("11:00", "Ani", None, kind="deleted"),
            said("12:00", "Joko", None, kind="deleted"),
            said("12:01", "Joko", "banjir"),
            said("13:00", "Joko", "Panggilan tak terjawab", kind="call"),
            said("14:00", "Joko", None, kind="media"),
        ),
    )
    assert adds_up(done)
    assert done.excluded["rule"].tolist() == [*["system_message"] * 2, "greeting", "deleted", "missed_call"]
    assert done.submissions["text"].tolist() == ["permisi!\nlampu mati", "banjir"]
    assert done.rejected["reason"].tolist() == ["no_content"]


def test_officers_answer_whoever_wrote_last_or_is_named() -> None:
    done = run(
        chat(),
        raw(
            "t",
            said("10:00", "Budi Contoh", "Lampu mati"),
            said("10:05", "+62 812-0000-2222", "Banjir"),
            said("10:20", "Petugas", "Kami teruskan"),
            said("10:21", "0811-0000-1111", "@Budi Contoh sudah dicek"),
            said("10:22", "Petugas", "@6281200002222 besok"),
            said("11:00", "Petugas", "Ada yang bisa dibantu?", chat="Lain"),
        ),
    )
    assert adds_up(done)
    assert done.counts.events == 4
    key = {row["text"]: row["key"] for _, row in done.submissions.iterrows()}
    assert dict(zip(done.events["text"], done.events["key"], strict=True)) == {
        "Kami teruskan": key["Banjir"],
        "@Budi Contoh sudah dicek": key["Lampu mati"],
        "@6281200002222 besok": key["Banjir"],
        "Ada yang bisa dibantu?": "",
    }


def test_an_answer_does_not_end_a_burst() -> None:
    done = shaped(said("10:00", "Budi", "a"), said("10:02", "Petugas", "alamatnya?"), said("10:05", "Budi", "b"))
    assert texts(done) == ["a\nb"]
    assert done.answers["jawaban"]["_complaint"].tolist() == ["Warga/Budi/2024-08-20T10:00:00"]


def test_officers_whom_no_events_read_are_excluded_and_counted() -> None:
    done = run(chat(events=()), raw("t", said("10:00", "Budi", "Lampu mati"), said("10:05", "Petugas", "Ya")))
    assert done.excluded["rule"].tolist() == ["officer_message"]
    assert adds_up(done)


def test_a_later_export_makes_a_newer_version_of_the_same_key() -> None:
    early = [said("10:00", "Budi", "Lampu mati")]
    first, second = (run(chat(), raw("t", *rows)) for rows in (early, [*early, said("10:05", "Budi", "di Jl. Contoh")]))
    assert first.submissions["key"].tolist() == second.submissions["key"].tolist()
    assert second.submissions["text"].tolist() == ["Lampu mati\ndi Jl. Contoh"]


def test_a_table_without_rows_and_rows_without_a_time() -> None:
    empty = run(chat(), raw("t"))
    assert (len(empty.submissions), empty.counts.raw_records, empty.schema_drift) == (0, 0, ())
    done = shaped(said("10:00", "Budi", "a") | {"waktu": "?"}, said("10:00", "Budi", "a") | {"waktu": None})
    assert (texts(done), done.parts) == (["a", "a"], 0)


START = datetime(2024, 8, 20, 8, 0)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 4, 9, 11, 60]),
        st.sampled_from(["Budi", "Siti", "Petugas", None]),
        st.sampled_from(["halo", "lampu mati", "banjir", "lampu mati", "@Budi ya", "b\nc"]),
    ),
    min_size=2,
    max_size=14,
)


@settings(deadline=None, max_examples=40)
@given(MESSAGES, st.data())
def test_how_exports_are_cut_and_overlap_decides_nothing(
    drawn: list[tuple[int, str | None, str]], data: st.DataObject
) -> None:
    when, messages = START, []
    for gap, sender, text in drawn:
        when += timedelta(minutes=gap)
        messages.append(said(f"{when:%Y-%m-%d %H:%M}", sender, text, kind="message" if sender else "system"))
    cut = data.draw(st.integers(0, len(messages)), label="cut")
    again = data.draw(st.integers(0, cut), label="overlap from")
    whole = shaped(*messages)
    assume(not is_ambiguous(messages, messages[:cut], messages[again:]))
    one, two = raw("t", *messages[:cut]).frame, raw("t", *messages[again:], start=1).frame.assign(_object="berkas 2")
    of = chat()
    cut_up = shape(pd.concat([one, two], ignore_index=True), of.sources["satu"].streams["complaints"], of)
    assert content(cut_up) == content(whole)
    assert len(cut_up.frame) + cut_up.parts + len(cut_up.answers["jawaban"]) == len(messages) + cut - again
    assert len(whole.frame) + whole.parts + len(whole.answers["jawaban"]) == len(messages)


def is_ambiguous(whole: list[Any], *files: list[Any]) -> bool:
    """Whether the cut goes between two equal messages of one minute: then nobody can tell that they were two."""
    counts = [Counter(map(str, part)) for part in (whole, *files)]
    return any(max(count[message] for count in counts[1:]) < times for message, times in counts[0].items())


def content(done: Shaped) -> list[Any]:
    assert done.rule is not None
    rule = done.rule.where(done.rule.notna(), None)
    answers = done.answers["jawaban"][["waktu", "text", "_complaint"]].astype(object)
    return [
        list(zip(done.frame["id"], done.frame["text"], rule, strict=True)),
        answers.where(answers.notna(), None).to_numpy().tolist(),
    ]
