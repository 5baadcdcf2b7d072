"""Gateways of text messages are known by their tables, and those who answer by whom they answer."""

from pathlib import Path

import pytest
from tool_runs import run, written

from flows.scaffolding import scaffold
from transforms.scaffold.speakers import Talk

KALKUN = """CREATE TABLE `inbox` (`ReceivingDateTime` timestamp NOT NULL, `Text` text, `SenderNumber` varchar(20),
 `Coding` varchar(30), `UDH` text, `TextDecoded` text, `ID` int NOT NULL, `id_folder` int, `readed` varchar(5),
 PRIMARY KEY (`ID`));
CREATE TABLE `user_inbox` (`id_inbox` int, `id_user` int, `trash` int);
"""
PLAYSMS = """CREATE TABLE `playsms_tblSMSInbox` (`in_id` int NOT NULL, `flag_deleted` tinyint, `in_sender` varchar(100),
 `in_receiver` varchar(20), `in_uid` int, `in_msg` text, `in_datetime` varchar(20), `reference_id` varchar(40),
 PRIMARY KEY (`in_id`));
CREATE TABLE `playsms_tblSMSOutgoing` (`smslog_id` int NOT NULL, `p_dst` varchar(100), `p_msg` text,
 `p_datetime` varchar(20), `p_status` int, PRIMARY KEY (`smslog_id`));
"""


def test_kalkun_shows_the_tables_of_gammu(tmp_path: Path, channels: Path) -> None:
    rows = ",".join(
        f"('2024-01-{n:02d} 08:00:00','','+62812000000{n:02d}','','','Lampu jalan mati di gang nomor {n}',{n},1,'true')"
        for n in range(1, 21)
    )
    (tmp_path / "kalkun.sql").write_text(f"{KALKUN}INSERT INTO `inbox` VALUES {rows};\n")
    mapping = written(scaffold(str(tmp_path / "kalkun.sql")), channels).channel.sources["source"].streams["complaints"]
    assert (mapping.table, mapping.shape, mapping.key) == ("inbox", "sms_parts", ("ID",))
    assert (run("kalkun")["accepted"], mapping.events) == (20, ())


def test_playsms_has_its_own_names_and_what_was_sent_answers(tmp_path: Path, channels: Path) -> None:
    rows = ",".join(
        f"({n},0,'+62812000000{n:02d}','1708',1,'Jalan rusak di gang nomor {n}','2024-01-{n:02d} 08:00:00','')"
        for n in range(1, 21)
    )
    sent = "(1,'0812000000005','Terima kasih, kami teruskan','2024-01-05 09:00:00',1)"
    text = f"{PLAYSMS}INSERT INTO `playsms_tblSMSInbox` VALUES {rows};\n"
    (tmp_path / "playsms.sql").write_text(f"{text}INSERT INTO `playsms_tblSMSOutgoing` VALUES {sent};\n")
    made = scaffold(str(tmp_path / "playsms.sql"))
    mapping = written(made, channels).channel.sources["source"].streams["complaints"]
    assert mapping.sms_parts is not None
    assert (mapping.sms_parts.sender, mapping.sms_parts.text) == ("in_sender", "in_msg")
    told = run("playsms")
    assert (told["accepted"], told["events"], told["schema_drift"]) == (20, 1, [])


def test_who_answers_many_is_the_office() -> None:
    talk = Talk()
    talk.add(("Pojok Aduan", f"warga{n % 9}") for n in range(30))
    talk.add((f"warga{n % 9}", "Pojok Aduan") for n in range(30))
    (speaker,) = talk.speakers()
    assert speaker.name == "Pojok Aduan"
    assert "answers 9 different people" in speaker.evidence


@pytest.mark.parametrize("pairs", [[], [("a", None)], [("a", "b"), ("b", "a"), ("c", "a"), ("a", "c"), ("c", "b")]])
def test_where_nobody_stands_out_nobody_is_named(pairs: list[tuple[str, str | None]]) -> None:
    talk = Talk()
    talk.add(pairs)
    assert talk.speakers() == []


def test_a_chat_in_which_nobody_stands_out_asks_a_person(tmp_path: Path, channels: Path) -> None:
    people = ("Sekar Purwacitra", "Bagas Sanjayana", "Ratri Wiradinata")
    lines = [
        f"{n:02d}/08/24 14.30 - {people[n % 3]}: Jalan di gang {n} rusak parah sekali pak\n" for n in range(13, 28)
    ]
    (tmp_path / "chat.txt").write_text("".join(lines), encoding="utf-8")
    made = scaffold(str(tmp_path / "chat.txt"))
    assert any("officers: []" in line for line in made.edits)
    assert not any(name in made.text for name in people)
    file = written(made, channels)
    assert run(file.channel.id)["accepted"] == 15
