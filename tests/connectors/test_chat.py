"""WhatsApp exports of both systems and both languages: every message survives, and no date is read by guessing."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_args

import orjson
import pandas as pd
import pytest
from file_sources import KEYS, archive_of, context
from hypothesis import given
from hypothesis import strategies as st

from connectors.archive import Archive, ArchiveWriter, Entry
from connectors.base import ChannelError, RawTable, Unreadable
from connectors.chat import ChatReader, chat_name
from connectors.chat_lines import LONGEST
from data.samples.whatsapp_chat import Form, Message, export
from schemas.sources import ChatSource

STREAM = {"table": "pesan", "key": ["id"], "columns": {"text": "text"}}
FORMS: tuple[Form, ...] = get_args(Form)
COLUMNS = ["_position", "waktu", "sender", "text", "media", "kind"]


def source(**more: Any) -> ChatSource:
    return ChatSource.model_validate({"reader": "chat", "path": "*", "streams": {"complaints": STREAM}} | more)


def parse(archive: Archive, **more: Any) -> list[RawTable]:
    return list(ChatReader().parse(source(**more), archive))


def read(folder: Path, content: str | bytes, name: str = "Chat WhatsApp dengan Warga.txt", **more: Any) -> pd.DataFrame:
    return pd.concat([piece.frame for piece in parse(archived(folder, content, name), **more)], ignore_index=True)


def archived(folder: Path, content: str | bytes, name: str = "Chat WhatsApp dengan Warga.txt") -> Archive:
    writer = ArchiveWriter(folder / "arsip", KEYS)
    writer.write(name, [content.encode() if isinstance(content, str) else content], {"path": name})
    return writer.finish()


def rows(frame: pd.DataFrame, *names: str) -> list[tuple[str | None, ...]]:
    cells = frame[list(names) or COLUMNS].astype(object)
    return [tuple(row) for row in cells.where(cells.notna(), None).to_numpy().tolist()]


ANDROID_ID = """\
20/08/24 14.30 - Pesan dan panggilan terenkripsi secara end-to-end. Ketuk untuk info selengkapnya.
20/08/24 14.30 - \u202a+62 812-0011-2233\u202c: Lampu jalan mati
sejak kemarin: tolong

terima kasih
20/08/24 14.31 - Bu Contoh: <Media tidak disertakan>
20/08/24 14.31 - Bu Contoh: \u200eIMG-20240820-WA0001.jpg (file terlampir)
ini fotonya
20/08/24 14.32 - Bu Contoh: Pesan ini telah dihapus
20/08/24 14.33 - Bu Contoh: Jalannya rusak <Pesan ini diedit>
20/08/24 14.34 - Panggilan suara tak terjawab
20/08/24 14.35 - +62 812-0011-2233 keluar
20/08/24 14.35 - Bu Contoh mengubah subjek dari "RT: 1" menjadi "RT: 2"
"""


def test_an_indonesian_android_export(tmp_path: Path) -> None:
    frame = read(tmp_path, ANDROID_ID)
    notice = "Pesan dan panggilan terenkripsi secara end-to-end. Ketuk untuk info selengkapnya."
    at = "2024-08-20T14:3"
    assert rows(frame) == [
        ("1", f"{at}0:00", None, notice, None, "system"),
        (
            "2",
            f"{at}0:00",
            "+62 812-0011-2233",
            "Lampu jalan mati\nsejak kemarin: tolong\n\nterima kasih",
            None,
            "message",
        ),
        ("6", f"{at}1:00", "Bu Contoh", None, None, "media"),
        ("7", f"{at}1:00", "Bu Contoh", "ini fotonya", '["IMG-20240820-WA0001.jpg"]', "media"),
        ("9", f"{at}2:00", "Bu Contoh", None, None, "deleted"),
        ("10", f"{at}3:00", "Bu Contoh", "Jalannya rusak", None, "message"),
        ("11", f"{at}4:00", None, "Panggilan suara tak terjawab", None, "call"),
        ("12", f"{at}5:00", None, "+62 812-0011-2233 keluar", None, "system"),
        ("13", f"{at}5:00", None, 'Bu Contoh mengubah subjek dari "RT: 1" menjadi "RT: 2"', None, "system"),
    ]
    assert frame["edited"].notna().tolist() == [False] * 5 + [True] + [False] * 3
    assert frame["chat"].unique().tolist() == ["Warga"]
    assert frame["at"].unique()[0] == "20/08/24 14.30"
    assert rows(frame[1:3], "name", "number") == [(None, "+62 812-0011-2233"), ("Bu Contoh", None)]


IOS_EN = """\
[8/20/24, 2:30:15\u202fPM] Warga: \u200eMessages and calls are end-to-end encrypted.\r
[8/20/24, 2:30:20\u202fPM] ~\u00a0Contoh: Street lamp\nis dead\r
\u200e[8/20/24, 2:31:00\u202fPM] ~\u00a0Contoh: see \u200e<attached: 00000012-PHOTO-2024-08-20.jpg>\r
\u200e[8/20/24, 2:31:01\u202fPM] ~\u00a0Contoh: \u200eimage omitted\r
\u200e[8/20/24, 12:32:00\u202fAM] ~\u00a0Contoh: \u200eThis message was deleted.\r
\u200e[8/20/24, 12:33:00\u202fPM] ~\u00a0Contoh: \u200eMissed voice call, tap to call back\r
\u200e[8/20/24, 12:34:00\u202fPM] Admin: \u200eAdmin added ~\u00a0Lain\r
"""


def test_an_english_ios_export_with_marks_and_narrow_blanks(tmp_path: Path) -> None:
    assert rows(
        read(tmp_path, IOS_EN, "WhatsApp Chat - Warga.txt"), "_position", "waktu", "sender", "text", "kind"
    ) == [
        ("1", "2024-08-20T14:30:15", "Warga", "Messages and calls are end-to-end encrypted.", "system"),
        ("2", "2024-08-20T14:30:20", "Contoh", "Street lamp\nis dead", "message"),
        ("4", "2024-08-20T14:31:00", "Contoh", "see", "media"),
        ("5", "2024-08-20T14:31:01", "Contoh", None, "media"),
        ("6", "2024-08-20T00:32:00", "Contoh", None, "deleted"),
        ("7", "2024-08-20T12:33:00", "Contoh", "Missed voice call, tap to call back", "call"),
        ("8", "2024-08-20T12:34:00", "Admin", "Admin added ~\u00a0Lain", "system"),
    ]


@pytest.mark.parametrize(
    ("head", "waktu"),
    [
        ("25/08/2024 14.30 - ", "2024-08-25T14:30:00"),
        ("25/8/24, 14:30 - ", "2024-08-25T14:30:00"),
        ("25/08/24, 2.30 PM - ", "2024-08-25T14:30:00"),
        ("25/08/24, 12:05 am - ", "2024-08-25T00:05:00"),
        ("25/08/24, 12:05 p.m. - ", "2024-08-25T12:05:00"),
        ("8/25/24, 2:30\u202fPM - ", "2024-08-25T14:30:00"),
        ("25.08.24, 14:30 - ", "2024-08-25T14:30:00"),
        ("2024-08-05 14.30 - ", "2024-08-05T14:30:00"),
        ("[25/08/24 14.30.15] ", "2024-08-25T14:30:15"),
        ("[25/08/2024, 14:30:15] ", "2024-08-25T14:30:15"),
        ("\u200e[8/25/24, 2:30:15\u202fPM] ", "2024-08-25T14:30:15"),
        ("\ufeff25/08/24 14.30 - ", "2024-08-25T14:30:00"),
    ],
)
def test_clocks_and_dates_as_phones_write_them(tmp_path: Path, head: str, waktu: str) -> None:
    assert rows(read(tmp_path, f"{head}Budi: halo\n"), "waktu", "sender", "text") == [(waktu, "Budi", "halo")]


def lines(*days: str) -> str:
    return "".join(f"{day} 10.00 - Budi: pesan\n" for day in days)


@pytest.mark.parametrize(
    ("days", "declared", "first", "told"),
    [
        (("05/06/24", "13/06/24"), None, "2024-06-05", "read as d/m/y; 1 lines allow no other order"),
        (("05/06/24", "05/13/24"), None, "2024-05-06", "read as m/d/y; 1 lines allow no other order"),
        (("11/08/24", "02/09/24"), None, "2024-08-11", "read as d/m/y; in the other order they go back in time"),
        (("08/11/24", "09/02/24"), None, "2024-08-11", "read as m/d/y; in the other order they go back in time"),
        (("05/05/24", "06/06/24"), None, "2024-05-05", "the same days in either order"),
        (("05/06/24", "06/06/24"), "m/d/y", "2024-05-06", "read as m/d/y, as declared"),
    ],
)
def test_the_order_of_the_date_is_told_by_all_lines(
    tmp_path: Path, days: tuple[str, ...], declared: str | None, first: str, told: str
) -> None:
    (piece,) = parse(archived(tmp_path, lines(*days)), dates=declared)
    assert piece.frame["waktu"][0] == f"{first}T10:00:00"
    assert [problem.startswith("chat file 1: dates are") and told in problem for problem in piece.problems] == [True]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (("05/06/24", "06/06/24"), "no line tells the day from the month"),
        (("13/06/24", "06/13/24"), "its lines show both orders"),
    ],
)
def test_an_order_that_nothing_tells_stops_the_channel_and_says_what_to_declare(
    tmp_path: Path, days: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ChannelError, match=f"chat file 1: {why}.*declare dates: d/m/y or dates: m/d/y"):
        parse(archived(tmp_path, lines(*days)))


def test_a_message_that_cannot_be_read_keeps_its_bytes_and_the_others_go_on(tmp_path: Path) -> None:
    good = b"20/08/24 10.00 - Budi: baik\n"
    bad_day, bad_byte = b"31/02/24 10.00 - Budi: lampu\nmati\n", b"20/08/24 10.01 - Budi: caf\xe9\n"
    bad_hour = b"20/08/24 25.00 - Budi: x\n"
    (piece,) = parse(archived(tmp_path, b"sisa\n" + good + bad_day + good + bad_byte + bad_hour + good))
    assert piece.frame["_position"].tolist() == ["2", "5", "8"]
    name = "Chat WhatsApp dengan Warga.txt"
    time, no_text = "has a time that does not exist in the order d/m/y", "holds bytes that are no UTF-8"
    assert piece.unreadable == (
        Unreadable("pesan", name, "1", "belongs to no message, or to one that is too long", b"sisa\n"),
        Unreadable("pesan", name, "3", time, bad_day),
        Unreadable("pesan", name, "6", no_text, bad_byte),
        Unreadable("pesan", name, "7", time, bad_hour),
    )


@pytest.mark.parametrize("end", [b"\n", b" "])
def test_a_text_without_end_is_given_up_in_pieces_and_none_of_its_bytes_is_lost(tmp_path: Path, end: bytes) -> None:
    endless = b"20/08/24 10.00 - Budi: " + (b"x" * 999 + end) * 4000 + b"\n"
    good = b"20/08/24 10.01 - Budi: baik\n"
    pieces = parse(archived(tmp_path, endless + good))
    lost = [one for piece in pieces for one in piece.unreadable]
    kept = [text for piece in pieces for text in piece.frame.get("text", ())]
    assert kept[-1] == "baik"
    assert all(len(one.raw) <= 2 * LONGEST for one in lost)
    assert b"".join(one.raw for one in lost).count(b"x") + sum(text.count("x") for text in kept) == 999 * 4000


def test_a_zip_with_media_is_read_from_its_text_and_attached_texts_are_not(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("IMG-1.jpg", b"\xff\xd8" * 500)
        out.writestr("catatan.txt", "20/08/24 09.00 - Orang Lain: ini kutipan\n")
        out.writestr("_chat.txt", "[20/08/24, 10.00.00] Budi: lihat \u200e<terlampir: IMG-1.jpg>\r\n")
        out.writestr("surat.txt", "Dengan hormat\n")
    (piece,) = parse(archived(tmp_path, packed.getvalue(), "Chat WhatsApp - Warga RW 5 (2).zip"))
    assert rows(piece.frame, "chat", "sender", "text", "media") == [("Warga RW 5", "Budi", "lihat", '["IMG-1.jpg"]')]
    assert piece.problems[0] == "chat file 1: 2 texts beside the chat are attachments, not read"


def test_what_is_no_export_stops_the_channel_and_names_no_person(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"Dengan hormat,\nlampu mati\n", b"7z\xbc\xaf' ....")):
        with pytest.raises(ChannelError, match="chat file 1: ") as caught:
            parse(archived(tmp_path / str(number), content, "Chat WhatsApp dengan Bu Contoh.txt"))
        assert "Contoh" not in str(caught.value)


def test_utf_16_and_several_files(tmp_path: Path) -> None:
    archive = archive_of(
        tmp_path / "arsip",
        a__txt="20/08/24 10.00 - Budi: satu 🙏\n".encode("utf-16"),
        b__txt=b"[20/08/24, 10.00.00] Siti: dua\n",
    )
    frame = pd.concat([piece.frame for piece in parse(archive)])
    assert rows(frame, "_object", "text") == [("a.txt", "satu 🙏"), ("b.txt", "dua")]


def test_extract_archives_every_file_of_a_glob(tmp_path: Path) -> None:
    for name in ("Chat WhatsApp dengan A.txt", "Chat WhatsApp dengan B.txt"):
        (tmp_path / name).write_text("20/08/24 10.00 - Budi: halo\n", encoding="utf-8")
    writer = ArchiveWriter(tmp_path / "arsip", KEYS)
    ChatReader().extract(source(path="Chat*.txt"), writer, context(tmp_path))
    frame = pd.concat([piece.frame for piece in parse(writer.finish())])
    assert frame["chat"].tolist() == ["A", "B"]
    assert frame["id"].nunique() == 2


@pytest.mark.parametrize(
    ("place", "file", "chat"),
    [
        ("Chat WhatsApp dengan Warga.txt", "Chat WhatsApp dengan Warga.txt", "Warga"),
        ("WhatsApp Chat with +62 812-0000-1111 (1).txt", "", "+62 812-0000-1111"),
        ("x.zip/_chat.txt", "WhatsApp Chat - RT 01 - Blok C.zip", "RT 01 - Blok C"),
        ("grup warga.txt", "grup warga.txt", "grup warga"),
        ("_chat.txt", "_chat.txt", None),
    ],
)
def test_the_chat_is_named_by_the_file(place: str, file: str, chat: str | None) -> None:
    assert chat_name(place, file) == chat


def test_the_id_does_not_change_when_a_message_is_edited_or_deleted(tmp_path: Path) -> None:
    frames = [
        read(tmp_path / str(n), f"20/08/24 10.00 - Budi: {text}\n")
        for n, text in enumerate(("lampu mat", "lampu mati <Pesan ini diedit>", "Pesan ini telah dihapus"))
    ]
    assert len({frame["id"][0] for frame in frames}) == 1


@dataclass
class InMemory:
    """What the reader needs of an archive, without disk and cipher: the property is asked hundreds of times."""

    content: bytes

    @property
    def entries(self) -> list[Entry]:
        return [Entry("Chat WhatsApp dengan Warga.txt", len(self.content), "", "", "", {})]

    def stream(self, _: str) -> Iterator[bytes]:
        yield from (self.content[at : at + 7] for at in range(0, len(self.content), 7))


WORDS = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r<(\u200e\u200f\ufeff"), min_size=1, max_size=60
).filter(lambda text: not text.endswith(":"))
NAMES = st.from_regex(r"[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8})?|\+62 8\d{2}-\d{4}-\d{4}", fullmatch=True)
START = datetime(2024, 1, 25, 8, 0)
SENT = st.builds(
    Message,
    st.integers(0, 10_000).map(lambda minutes: START + timedelta(minutes=minutes)),
    NAMES,
    WORDS,
    media=st.sampled_from([None, None, None, "", "IMG-20240125-WA0001.jpg"]),
    edited=st.booleans(),
)


@given(st.lists(SENT, min_size=1, max_size=12), st.sampled_from(FORMS))
def test_any_message_survives_being_exported(messages: list[Message], form: Form) -> None:
    dates = "d/m/y" if form.endswith("id") else "m/d/y"
    archive = cast("Archive", InMemory(export(messages, form).encode()))
    frame = pd.concat([piece.frame for piece in parse(archive, dates=dates)], ignore_index=True)
    assert rows(frame, "waktu", "sender", "kind") == [
        (m.when.isoformat(), m.sender, "message" if m.media is None else "media") for m in messages
    ]
    for message, (text, media) in zip(messages, rows(frame, "text", "media"), strict=True):
        if message.media == "":
            assert (text, media) == (None, None)
        elif message.media:
            assert media == orjson.dumps([message.media]).decode()
            assert (text or "") == message.text.strip()
        else:
            assert text == message.text
