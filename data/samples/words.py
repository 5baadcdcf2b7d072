"""Says one problem in many ways: formal, plain, slang, SMS, capitals, or as the operator of a call centre notes it.

The wording comes from ``phrases.toml``. A seed fixes the choice, so that the very same words can be said of another
village, which is what makes a hard case for matching. Who says it, where and when is left to ``world``.
"""

import random
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from data.samples.people import slip
from data.samples.places import Village

Style = Literal["formal", "plain", "slang", "sms", "shout", "operator"]

PHRASES: dict[str, Any] = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))
KINDS: tuple[str, ...] = tuple(PHRASES["kinds"])
_FRAME: dict[str, list[str]] = PHRASES["frame"]
_SLANG: dict[str, list[str]] = PHRASES["slang"]
_SLANG_WORD = re.compile(rf"\b({'|'.join(_SLANG)})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """What is wrong, as row numbers in ``phrases.toml``, a number, and for how long."""

    kind: str
    what: int
    detail: int
    effect: int
    number: int
    span: int


@dataclass(frozen=True)
class Place:
    """Where it is wrong."""

    village: Village
    street: str
    rt: int
    rw: int
    landmark: str


def draw_facts(kind: str, rng: random.Random) -> Facts:
    """Invent what is wrong."""
    rows = PHRASES["kinds"][kind]
    return Facts(
        kind,
        rng.randrange(len(rows["what"])),
        rng.randrange(len(rows["detail"])),
        rng.randrange(len(rows["effect"])),
        rng.randint(2, 9),
        rng.randrange(len(_FRAME["span"])),
    )


def say_place(place: Place, rng: random.Random) -> str:
    """The place in a citizen's words."""
    street = place.street.replace("Jl.", rng.choice(("Jl.", "Jalan", "Jl", "jln"))).replace(
        "Gg.", rng.choice(("Gg.", "Gang"))
    )
    rtrw = rng.choice(
        (
            f"RT {place.rt:02d}/RW {place.rw:02d}",
            f"RT.{place.rt} RW.{place.rw}",
            f"rt {place.rt} rw {place.rw}",
            f"RT {place.rt:03d} RW {place.rw:03d}",
        )
    )
    village = rng.choice(("Kelurahan ", "Kel. ", "kel ", "")) + place.village.name
    district = f", Kec. {place.village.district}" if rng.random() < 0.2 else ""
    form = rng.randrange(6)
    if form == 0:
        return f"{street} {rtrw} {village}{district}"
    if form == 1:
        return f"{street} dekat {place.landmark}, {village}"
    if form == 2:
        return f"depan {place.landmark} {street}"
    if form == 3:
        return f"{street}, {rtrw}"
    if form == 4:
        return f"{village} {rtrw}, tepatnya {street}"
    return f"{street} {village}{district}"


def headline(facts: Facts, place: Place, rng: random.Random) -> str:
    """A title, as the form asks for one; at most 150 characters."""
    title: str = PHRASES["kinds"][facts.kind]["what"][facts.what][0]
    where = rng.choice(
        ("", place.village.name, place.street, f"di {place.street}", f"di {place.village.name}", f"RW {place.rw:02d}")
    )
    return f"{title} {where}".strip()[:150]


def compose(facts: Facts, place: Place, style: Style, seed: int, remark: str = "") -> str:
    """The complaint in one of its wordings, which ``seed`` fixes. ``remark`` is a sentence of this report alone."""
    rng = random.Random(seed)
    rows = PHRASES["kinds"][facts.kind]
    what = rng.choice(rows["what"][facts.what])
    what = what[0].lower() + what[1:] if not what[:3].isupper() else what
    joint = (
        ". Saya warga"
        if facts.kind == "ktp"
        else rng.choice((" di", " di", " di daerah", " tepatnya di", " di sekitar"))
    )
    where = say_place(place, rng)
    core = f"{what}{joint} {where}" if facts.kind == "ktp" or rng.random() < 0.7 else f"di {where} {what}"
    more = [rng.choice(rows["detail"][facts.detail]), rng.choice(rows["effect"][facts.effect])]
    rng.shuffle(more)
    more = [sentence for sentence in more if rng.random() < (0.5 if style in ("sms", "operator") else 0.8)]
    if rng.random() < 0.5:
        more.insert(rng.randrange(len(more) + 1), rng.choice(_FRAME["since"]).format(t=_FRAME["span"][facts.span]))
    if rng.random() < 0.75:
        more.append(rng.choice(rows["wish"]))
    if style == "operator":
        return f"{rng.choice(_FRAME['operator'])} {', '.join([core, *more]).format(n=facts.number)}"
    opening, closing = rng.choice(_FRAME["opening"]), rng.choice(_FRAME["closing"])
    joined = _join([core, *more], rng).format(n=facts.number)
    if opening.endswith(",") and not joined[:3].isupper():
        joined = joined[0].lower() + joined[1:]
    text = " ".join(part for part in (opening, joined, remark, closing) if part)
    if rng.random() < 0.04:
        text += f" {rng.choice(_FRAME['emoji'])}"
    return _restyle(text, style, rng)


def _join(sentences: list[str], rng: random.Random) -> str:
    out = sentences[0][0].upper() + sentences[0][1:]
    for sentence in sentences[1:]:
        joint = rng.choice((". ", ". ", ", ", ", dan ", ". "))
        out += joint + (sentence[0].upper() + sentence[1:] if joint == ". " else sentence)
    return f"{out}."


def _restyle(text: str, style: Style, rng: random.Random) -> str:
    if style == "formal":
        return text
    if style == "shout":
        return text.upper()
    rate = {"plain": 0.15, "slang": 0.75, "sms": 0.9}.get(style, 0.0)
    text = _SLANG_WORD.sub(lambda m: rng.choice(_SLANG[m[0].lower()]) if rng.random() < rate else m[0], text)
    words = text.split(" ")
    for _ in range(int(len(words) * (0.01 if style == "plain" else 0.05) + rng.random())):
        at = rng.randrange(len(words))
        if words[at].isalpha():
            words[at] = slip(words[at], rng)
    text = " ".join(words)
    if style == "sms":
        return text.lower().replace(". ", " ").replace(", ", " ").rstrip(".")
    return text.lower().replace(". ", rng.choice((". ", ", ", ".. "))) if style == "slang" else text
