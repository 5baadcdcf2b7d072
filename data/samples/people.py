"""Invented citizens, and the many ways in which the same person writes name and phone.

Nobody here exists: first and last names are drawn apart from lists of common ones (``names.toml``); a phone number is a
real prefix with a subscriber part that begins with 00; a NIK has the right region and birth date, and a serial from
9000 up, which offices that count from 0001 a day do not reach; e-mail domains are reserved ones (RFC 2606).
"""

import random
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

_NAMES: dict[str, list[str]] = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
_PREFIXES = ("0812", "0813", "0821", "0852", "0857", "0856", "0815", "0878", "0877", "0896", "0895", "0838")
_DOMAINS = ("example.com", "example.org", "example.net", "surat.example", "pos.example")
_MUHAMMAD = ("Muhammad", "Muh.", "M.", "Moch.", "Mohamad", "Mhd", "Muhamad")


@dataclass(frozen=True)
class Person:
    """An invented citizen. ``phone`` is national with a leading 0, ``nik`` sixteen digits."""

    number: int
    female: bool
    name: str
    nik: str
    phone: str
    email: str
    address: str


def make_person(number: int, district_code: str, address: str, rng: random.Random) -> Person:
    """Invent person ``number``, who lives in the district with the Kemendagri code ``district_code`` (``32.76.01``)."""
    female = rng.random() < 0.45
    first = rng.choice(_NAMES["women" if female else "men"])
    name = first if rng.random() < 0.08 else f"{first} {rng.choice(_NAMES['last'])}"
    born = date(1955, 1, 1) + timedelta(days=rng.randrange(18_000))
    day = born.day + 40 if female else born.day
    nik = f"{district_code.replace('.', '')}{day:02d}{born:%m%y}{rng.randint(9000, 9999)}"
    phone = f"{_PREFIXES[number % len(_PREFIXES)]}00{number * 739_397 % 1_000_000:06d}"
    handle = name.lower().replace(" ", rng.choice(("", ".", "_")))
    email = f"{handle}{rng.choice(('', str(born.year % 100), str(number)))}@{rng.choice(_DOMAINS)}"
    return Person(number, female, name, nik, phone, email, address)


def write_phone(phone: str, rng: random.Random) -> str:
    """``phone`` in one of the ways in which people and old forms write it; still the same number."""
    rest = phone[1:]
    ways = (
        phone, phone, phone, f"+62{rest}", f"62{rest}", f"+62 {rest[:3]}-{rest[3:7]}-{rest[7:]}",
        f"{phone[:4]}-{phone[4:8]}-{phone[8:]}", f"{phone[:4]} {phone[4:8]} {phone[8:]}", rest, f"0062{rest}",
        f"(+62) {rest}", f"{phone[:4]}.{phone[4:8]}.{phone[8:]}",
    )  # fmt: skip
    return rng.choice(ways)


def write_name(person: Person, rng: random.Random) -> str:
    """``person``'s name as typed this time: with a title, shortened, in capitals, in small letters, with a slip."""
    name = person.name
    if name.startswith("Muhammad "):
        name = f"{rng.choice(_MUHAMMAD)} {name.removeprefix('Muhammad ')}"
    words = name.split()
    kind = rng.random()
    if kind < 0.08:
        name = f"{rng.choice(('Ibu', 'Bu', 'Hj.') if person.female else ('Bpk', 'Bapak', 'Pak', 'H.'))} {name}"
    elif kind < 0.16 and len(words) > 1:
        name = f"{' '.join(words[:-1])} {words[-1][0]}."
    elif kind < 0.22:
        name = words[0] if len(words[0]) > 3 else name
    elif kind < 0.26:
        name = slip(name, rng)
    case = rng.random()
    if case < 0.12:
        return name.upper()
    return name.lower() if case < 0.24 else name


def slip(word: str, rng: random.Random) -> str:
    """``word`` with one slip of the finger: two letters swapped, one dropped or one doubled."""
    if len(word) < 4:
        return word
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}"
    return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]
