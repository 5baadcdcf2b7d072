"""WhatsApp of Kota Denpasar: what the phone of the service exports, a group of citizens and chats with single ones.

One group was exported twice, the second time with what was written since; so most of its messages are there twice.
Times are those of the phone (WITA). ``export`` writes messages as Android and iOS do, in Indonesian and English.
"""

import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from data.samples.people import Person, make_person
from data.samples.places import Village, landmark, street_names
from data.samples.words import KINDS, PHRASES, Place, compose, draw_facts

Form = Literal["android_id", "android_en", "ios_id", "ios_en"]
OFFICER = "Layanan Aduan Denpasar"
GROUP = "Aduan Warga Sesetan"
_MARK = "\u200e"
_STAMPS = {
    "android_id": "{0:%d/%m/%y %H.%M} - ",
    "android_en": "{0.month}/{0.day}/{0:%y}, {h}:{0:%M}\u202f{0:%p} - ",
    "ios_id": "[{0:%d/%m/%y %H.%M.%S}] ",
    "ios_en": "[{0.month}/{0.day}/{0:%y}, {h}:{0:%M:%S}\u202f{0:%p}] ",
}
_WORDS = {
    "id": {
        "omitted": "<Media tidak disertakan>", "ios_omitted": "gambar tidak disertakan", "attached": "(file terlampir)",
        "ios_attached": "<terlampir: {0}>", "deleted": "Pesan ini telah dihapus", "edited": " <Pesan ini diedit>",
        "call": "Panggilan suara tak terjawab",
    },
    "en": {
        "omitted": "<Media omitted>", "ios_omitted": "image omitted", "attached": "(file attached)",
        "ios_attached": "<attached: {0}>", "deleted": "This message was deleted",
        "edited": " <This message was edited>", "call": "Missed voice call",
    },
}  # fmt: skip
_GREETINGS = ("Assalamualaikum", "Selamat pagi min", "Halo admin", "Permisi")
_VILLAGES = (("51.71.01.1003", "Sesetan"), ("51.71.01.1002", "Pedungan"), ("51.71.01.1005", "Renon"))
_ZIP_TIME = (2024, 3, 1, 8, 0, 0)  # fixed, so that the bytes are


@dataclass(frozen=True)
class Message:
    """One message; ``media`` is a file name, or '' for a file that was not exported."""

    when: datetime
    sender: str | None
    text: str = ""
    media: str | None = None
    kind: Literal["message", "deleted", "call", "system"] = "message"
    edited: bool = False


def export(messages: Sequence[Message], form: Form, chat: str = GROUP) -> str:
    """``messages`` as a phone writes them. Android tells no seconds."""
    return "".join(_line(message, form, chat) for message in messages)


def _line(message: Message, form: Form, chat: str) -> str:
    ios, words = form.startswith("ios"), _WORDS[form[-2:]]
    stamp = _STAMPS[form].format(message.when, h=message.when.hour % 12 or 12)
    mark = _MARK if ios else ""
    body = message.text + (words["edited"] if message.edited else "")
    if message.kind in ("deleted", "call"):
        body = mark + words[message.kind] + ("." if ios else "")
    elif message.kind == "system":
        body = mark + body
    elif message.media == "":
        body = (mark + words["ios_omitted"]) if ios else words["omitted"]
    elif message.media and ios:
        body = f"{body} {mark}{words['ios_attached'].format(message.media)}".lstrip()
    elif message.media:
        body = f"{_MARK}{message.media} {words['attached']}" + (f"\n{body}" if body else "")
    sender = message.sender or (chat if ios else None)
    head = "" if sender is None or (message.kind == "call" and not ios) else f"{sender}: "
    return f"{_MARK if ios and body.startswith(_MARK) else ''}{stamp}{head}{body}{chr(13) if ios else ''}\n"


@dataclass(frozen=True)
class _Burst:
    """What one citizen sends at once, and what the officer answers."""

    messages: tuple[Message, ...]
    outcome: str  # accepted, or the rule or reason by which it is not
    answers: tuple[Message, ...] = ()


def write_whatsapp(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/whatsapp``: the group twice, a chat as a text and one as a zip; returns the planted counts.

    ``answered`` lists for each answer its local time and that of the first message of the burst it answers.
    """
    rng = random.Random(f"{seed} whatsapp")
    villages = [Village(code, "Denpasar Selatan", name, 0, 0) for code, name in _VILLAGES]
    persons = [make_person(7_000_000 + n, "51.71.01", "", rng) for n in range(20)]
    start = datetime(2024, 1, 8, 7, 0)  # noqa: DTZ001 (wall time)
    group = _talk(persons[:16], villages, start, 62, rng, in_group=True)
    single = _talk(persons[16:17], villages, start, 12, rng, in_group=False)
    other = _talk(persons[17:18], villages, start + timedelta(days=3), 9, rng, in_group=False)
    notice = Message(start - timedelta(hours=1), None, _NOTICE_ID, kind="system")
    joined = Message(
        start + timedelta(minutes=1), None, f"{persons[3].name} bergabung menggunakan tautan undangan grup"
    )
    renamed = Message(start + timedelta(minutes=2), None, f'Admin mengubah nama grup dari "RW: 5" menjadi "{GROUP}"')
    lines = _in_order([notice, joined, renamed], group)
    cut = len(lines) * 2 // 3
    places = folder / "whatsapp"
    places.mkdir(parents=True, exist_ok=True)
    damaged = "31/02/24 09.15 - "
    first = export(lines[:cut], "android_id") + f"{damaged}{_sender(persons[0])}: Lampu mati\nsejak kemarin\n"
    _write(places / f"Chat WhatsApp dengan {GROUP}.txt", first)
    _write(places / f"Chat WhatsApp dengan {GROUP} (1).txt", export(lines[cut // 4 :], "android_id"))
    two = [Message(start, None, _NOTICE_EN, kind="system"), *_in_order([], single)]
    _write(places / f"WhatsApp Chat with {_sender(persons[16])}.txt", export(two, "android_en"))
    three = _in_order([Message(start, None, _NOTICE_ID, kind="system")], other)
    _write_zip(places / f"Chat WhatsApp - {persons[17].name}.zip", export(three, "ios_id", persons[17].name), three)
    bursts = group + single + other
    copies = cut - cut // 4
    return _count(bursts, system=5, copies=copies, damaged=1)


_NOTICE_ID = (
    "Pesan dan panggilan terenkripsi secara end-to-end. Hanya orang dalam chat ini yang bisa membaca, mendengarkan, "
    "atau membagikannya. Ketuk untuk info selengkapnya."
)
_NOTICE_EN = (
    "Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them. "
    "Learn more."
)


def _talk(
    persons: Sequence[Person],
    villages: Sequence[Village],
    start: datetime,
    count: int,
    rng: random.Random,
    *,
    in_group: bool,
) -> list[_Burst]:
    """``count`` bursts, hours apart, so that it is certain what belongs together and which one an answer means."""
    kinds = ["photo_only", "greeting", "deleted", "missed_call"][: 4 if not in_group else 3]
    odd = dict(zip(rng.sample(range(1, count), len(kinds)), kinds, strict=True))
    bursts, when = [], start
    for n in range(count):
        when += timedelta(hours=rng.randint(5, 30), minutes=rng.randrange(60), seconds=rng.randrange(60))
        person = rng.choice(persons)
        bursts.append(_burst(_sender(person), when, rng.choice(villages), odd.get(n, ""), rng, in_group=in_group))
    return bursts


def _burst(sender: str, when: datetime, village: Village, odd: str, rng: random.Random, *, in_group: bool) -> _Burst:
    if odd == "photo_only":
        return _Burst((Message(when, sender, media=""),), "no_content")
    if odd == "greeting":
        return _Burst((Message(when, sender, rng.choice(_GREETINGS)),), "greeting")
    if odd == "deleted":
        return _Burst((Message(when, sender, kind="deleted"),), "deleted")
    if odd == "missed_call":
        return _Burst((Message(when, sender, kind="call"),), "missed_call")
    place = Place(village, rng.choice(street_names(village, 12)), rng.randint(1, 9), rng.randint(1, 9), landmark(rng))
    words = compose(
        draw_facts(rng.choice(KINDS), rng), place, rng.choice(("plain", "slang", "sms")), rng.getrandbits(32)
    )
    texts = [words] if rng.random() < 0.35 else _split(words)
    if rng.random() < 0.2:
        texts.insert(0, rng.choice(_GREETINGS))
    messages = []
    for n, text in enumerate(texts):
        when += timedelta(seconds=rng.randint(61, 200) if n else 0)
        multi = text.replace(", ", "\n", 1) if rng.random() < 0.15 else text
        messages.append(Message(when, sender, multi, edited=rng.random() < 0.04))
    if rng.random() < 0.4:
        when += timedelta(seconds=rng.randint(61, 120))
        photo = f"IMG-{when:%Y%m%d}-WA{rng.randrange(10_000):04d}.jpg"
        messages.append(Message(when, sender, rng.choice(("", "ini fotonya")), media=photo))
    answers = []
    for step in ("forwarded", "closed")[: rng.choice((0, 1, 1, 2))]:
        when += timedelta(minutes=rng.randint(12, 80))
        named = f"@{sender} " if in_group and rng.random() < 0.7 else ""
        text = rng.choice(PHRASES["answers"][step]).format(opd="Dinas PUPR")
        answers.append(Message(when, OFFICER, named + text))
    return _Burst(tuple(messages), "accepted", tuple(answers))


def _split(words: str) -> list[str]:
    """``words`` as people send them: in two messages."""
    at = words.find(" ", len(words) // 2)
    return [words] if at < 0 else [words[:at], words[at + 1 :]]


def _sender(person: Person) -> str:
    """As the phone shows a person: by name if it is in its book, else by number."""
    rest = person.phone[1:]
    return person.name if person.number % 2 else f"+62 {rest[:3]}-{rest[3:7]}-{rest[7:]}"


def _in_order(notices: list[Message], bursts: Sequence[_Burst]) -> list[Message]:
    said = [message for burst in bursts for message in (*burst.messages, *burst.answers)]
    return sorted([*notices, *said], key=lambda message: message.when)


def _count(bursts: Sequence[_Burst], *, system: int, copies: int, damaged: int) -> dict[str, Any]:
    sent, answers = sum(len(b.messages) for b in bursts), sum(len(b.answers) for b in bursts)
    rules = [burst.outcome for burst in bursts]
    excluded = {rule: rules.count(rule) for rule in ("deleted", "greeting", "missed_call")} | {"system_message": system}
    return {
        "raw_records": sent + answers + system + copies + damaged,
        "parts": sent - len(bursts) + copies,
        "events": answers,
        "extracted": len(bursts) + system + damaged,
        "accepted": rules.count("accepted"),
        "quarantined": {"no_content": rules.count("no_content"), "unreadable": damaged},
        "excluded": dict(sorted(excluded.items())),
        "answered": [
            [answer.when.strftime("%Y-%m-%d %H:%M"), burst.messages[0].when.strftime("%Y-%m-%d %H:%M")]
            for burst in bursts
            for answer in burst.answers
        ],
        "source_count": None,
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")


def _write_zip(path: Path, text: str, messages: Sequence[Message]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for n, message in enumerate(messages):
            if message.media:
                packed.writestr(zipfile.ZipInfo(message.media, _ZIP_TIME), bytes([n % 256]) * 100)
        packed.writestr(zipfile.ZipInfo("_chat.txt", _ZIP_TIME), text.encode(), zipfile.ZIP_DEFLATED)
