"""SMS of Kota Ambon: the dump of a Gammu SMSD gateway, in which a long message is as many rows as it has parts.

TIMESTAMP columns hold UTC, as ``mysqldump`` writes them; the city's time is WIT. Text that is not in the letters of GSM
came as UCS-2; now and then the gateway kept only its hexadecimal form.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from data.samples.common import Row
from data.samples.people import make_person
from data.samples.places import Village, landmark, street_names
from data.samples.words import KINDS, PHRASES, Place, compose, draw_facts

_VILLAGES = (("81.71.01.1007", "Wainitu"), ("81.71.01.1008", "Benteng"), ("81.71.01.1009", "Kudamati"))
_COMPLAINTS = 80
_LONGEST_GSM, _LONGEST_UCS2 = 153, 67  # characters of a part
_NOISE = (
    ("TELKOMSEL", "Pelanggan Yth, kuota internet Anda hampir habis. Hub *888#"),
    ("3855", "Selamat! Anda mendapat bonus pulsa. Balas YA"),
    ("TELKOMSEL", "Sisa pulsa Anda tinggal Rp 2.150"),
)
_INBOX = """CREATE TABLE `inbox` (
  `UpdatedInDB` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  `ReceivingDateTime` timestamp NOT NULL DEFAULT current_timestamp(),
  `Text` text NOT NULL,
  `SenderNumber` varchar(20) NOT NULL DEFAULT '',
  `Coding` enum('Default_No_Compression','Unicode_No_Compression','8bit') NOT NULL DEFAULT 'Default_No_Compression',
  `UDH` text NOT NULL,
  `SMSCNumber` varchar(20) NOT NULL DEFAULT '',
  `Class` int(11) NOT NULL DEFAULT -1,
  `TextDecoded` text NOT NULL,
  `ID` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `RecipientID` text NOT NULL,
  `Processed` enum('false','true') NOT NULL DEFAULT 'false',
  `Status` int(11) NOT NULL DEFAULT -1,
  PRIMARY KEY (`ID`)
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;
"""
_SENT = """CREATE TABLE `sentitems` (
  `UpdatedInDB` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  `SendingDateTime` timestamp NOT NULL DEFAULT current_timestamp(),
  `DestinationNumber` varchar(20) NOT NULL DEFAULT '',
  `UDH` text NOT NULL,
  `TextDecoded` text NOT NULL,
  `ID` int(10) unsigned NOT NULL DEFAULT 0,
  `SenderID` varchar(255) NOT NULL,
  `SequencePosition` int(11) NOT NULL DEFAULT 1,
  `Status` enum('SendingOK','SendingOKNoReport','SendingError','DeliveryOK') NOT NULL DEFAULT 'SendingOK',
  `CreatorID` text NOT NULL,
  PRIMARY KEY (`ID`,`SequencePosition`)
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;
"""
_HEAD = """-- MySQL dump 10.13  Distrib 5.5.62, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: smsd
-- ------------------------------------------------------
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;

"""


@dataclass
class _Sms:
    """One message as the citizen sent it: local time, number, text, and the rows that it became."""

    when: datetime
    number: str
    text: str
    rows: list[Row]


def write_sms(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/sms/smsd.sql``; returns the planted counts.

    ``texts`` has the text of each whole message by the ID of its first row, ``answered`` for each answer its ID and
    that of the message it answers, ``lacking`` how many messages lack a part, ``first_at`` the first local time.
    """
    rng = random.Random(f"{seed} sms")
    sent = _messages(rng)
    long = [sms for sms in sent if len(sms.rows) > 1]
    swapped, doubled, torn = long[0::4], long[1::4], long[2::4]
    for sms in swapped:
        sms.rows.reverse()
    for sms in doubled:
        sms.rows.append(dict(sms.rows[0]))
    lacking = {id(sms) for sms in torn}
    for sms in torn:
        del sms.rows[-1]
    for sms in sent[5::9]:
        for row in sms.rows:
            row["TextDecoded"] = ""  # an old gateway kept the hexadecimal form alone
    noise = [_noise(n, sent[0].when, rng) for n in range(len(_NOISE))]
    inbox = _numbered([*sent, *noise])
    replies, answered = _replies(sent, rng)
    stray = [_reply(900, datetime(2024, 2, 2, 9), "+6281200999999", "Info: besok pemadaman air.", 1)]  # noqa: DTZ001
    rows = [row for sms in inbox for row in sms.rows]
    path = folder / "sms" / "smsd.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    body = _HEAD + _INBOX + _insert("inbox", rows) + _SENT + _insert("sentitems", replies + stray)
    path.write_text(body + "-- Dump completed on 2024-06-01  0:10:01\n", encoding="utf-8", newline="")
    whole = [sms for sms in sent if id(sms) not in lacking]
    return {
        "raw_records": len(rows) + len(replies) + len(stray),
        "parts": len(rows) - len(inbox),
        "events": len(replies) + len(stray),
        "extracted": len(inbox),
        "accepted": len(sent),
        "quarantined": {},
        "excluded": {"not_a_citizen": len(noise)},
        "answered": answered,
        "texts": {str(min(row["ID"] for row in sms.rows)): sms.text for sms in whole},
        "lacking": len(torn),
        "first_at": f"{sent[0].when:%Y-%m-%d %H:%M:%S}",
        "source_count": None,
    }


def _messages(rng: random.Random) -> list[_Sms]:
    villages = [Village(code, "Nusaniwe", name, 0, 0) for code, name in _VILLAGES]
    when, out = datetime(2024, 1, 3, 8), []  # noqa: DTZ001 (wall time of the city)
    people = [make_person(8_000_000 + n, "81.71.01", "", rng) for n in range(40)]
    for n in range(_COMPLAINTS):
        when += timedelta(hours=rng.randint(3, 40), minutes=rng.randrange(60), seconds=rng.randrange(60))
        village = rng.choice(villages)
        street = rng.choice(street_names(village, 12))
        place = Place(village, street, rng.randint(1, 9), rng.randint(1, 9), landmark(rng))
        text = " ".join(compose(draw_facts(rng.choice(KINDS), rng), place, "sms", rng.getrandbits(32)).split())
        text = f"LAPOR {text}" if n % 3 == 0 else text
        text = f"{text} 🙏" if n % 7 == 0 else text
        number = f"+62{rng.choice(people).phone[1:]}"
        out.append(_Sms(when, number, text, _parts(when, number, text, n)))
    return out


def _parts(when: datetime, number: str, text: str, n: int) -> list[Row]:
    gsm = text.isascii()
    size = _LONGEST_GSM if gsm else _LONGEST_UCS2
    pieces = [text[at : at + size] for at in range(0, len(text), size)] if len(text) > (160 if gsm else 70) else [text]
    wide = n % 5 == 0  # references of 16 bits
    head = f"060804{n:04X}" if wide else f"050003{n % 256:02X}"
    return [
        {
            "UpdatedInDB": _utc(when + timedelta(seconds=3 * (part - 1))),
            "ReceivingDateTime": _utc(when + timedelta(seconds=3 * (part - 1))),
            "Text": piece.encode("utf-16-be").hex().upper(),
            "SenderNumber": number,
            "Coding": "Default_No_Compression" if gsm else "Unicode_No_Compression",
            "UDH": f"{head}{len(pieces):02X}{part:02X}" if len(pieces) > 1 else "",
            "SMSCNumber": "+6281100000",
            "Class": -1,
            "TextDecoded": piece,
            "ID": 0,
            "RecipientID": "modem1",
            "Processed": "true",
            "Status": -1,
        }
        for part, piece in enumerate(pieces, 1)
    ]


def _noise(n: int, start: datetime, rng: random.Random) -> _Sms:
    sender, text = _NOISE[n]
    when = start + timedelta(days=rng.randint(1, 60), minutes=n)
    return _Sms(when, sender, text, _parts(when, sender, text, n))


def _numbered(messages: Sequence[_Sms]) -> list[_Sms]:
    """``messages`` by time, with rows numbered and timed in the order in which they stand: so they came in."""
    ordered = sorted(messages, key=lambda sms: sms.when)
    number = 0
    for sms in ordered:
        for row, when in zip(sms.rows, sorted(row["ReceivingDateTime"] for row in sms.rows), strict=True):
            number += 1
            row |= {"ID": number, "ReceivingDateTime": when}
    return ordered


def _replies(sent: Sequence[_Sms], rng: random.Random) -> tuple[list[Row], list[list[str]]]:
    rows, answered = [], []
    for n, sms in enumerate(sent[::2], 1):
        text = rng.choice(PHRASES["answers"]["forwarded"]).format(opd="Dinas PUPR Kota Ambon")
        text = f"{text} Balas SMS ini bila belum ditangani. Terima kasih telah melapor." * (2 if n % 4 == 0 else 1)
        pieces = [text[at : at + _LONGEST_GSM] for at in range(0, len(text), _LONGEST_GSM)]
        when = sms.when + timedelta(minutes=rng.randint(20, 150))
        rows += [_reply(n, when, sms.number, piece, part) for part, piece in enumerate(pieces, 1)]
        answered.append([str(n), str(min(row["ID"] for row in sms.rows))])
    return rows, answered


def _reply(number: int, when: datetime, to: str, text: str, part: int) -> Row:
    return {
        "UpdatedInDB": _utc(when),
        "SendingDateTime": _utc(when),
        "DestinationNumber": f"0{to[3:]}",
        "UDH": "",
        "TextDecoded": text,
        "ID": number,
        "SenderID": "modem1",
        "SequencePosition": part,
        "Status": "SendingOKNoReport",
        "CreatorID": "Operator 1",
    }


def _utc(when: datetime) -> str:
    return f"{when - timedelta(hours=9):%Y-%m-%d %H:%M:%S}"


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})


def _insert(table: str, rows: Sequence[Row]) -> str:
    """One statement on one line, as ``mysqldump`` writes it."""
    values = [
        ",".join(str(cell) if isinstance(cell, int) else f"'{cell.translate(_ESCAPES)}'" for cell in row.values())
        for row in rows
    ]
    return f"\nINSERT INTO `{table}` VALUES ({'),('.join(values)});\n\n"
