"""What truly happened: invented problems, the people who complained of them, through which channel, how often.

This is the planted truth, free of formats and faults; how each channel writes it down, and gets it wrong, is left to
``super_dump``, ``sigap_api``, ``sitanggap_site`` and ``ntpd112_sheet``. A *case* is one person's one problem until it
is closed; an *incident* is one problem, whoever complains. Times are wall times of the city (WIB; Balikpapan WITA).
"""

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from data.samples.people import Person, make_person, write_name, write_phone
from data.samples.places import City, landmark, load_cities, street_names
from data.samples.words import (
    KINDS,
    PHRASES,
    Facts,
    Place,
    Style,
    compose,
    draw_facts,
    headline,
    say_place,
)

SPARE = 16  # numbers that each channel leaves free for records that are no genuine submission …
CALLS = 4.6  # … and 112 for each genuine call this many pranks, silent lines and emergencies
MIN_SIZE = 100
_NOT_112 = ("drainase", "ktp", "lain")  # an emergency line takes no such calls
_STYLES: tuple[Style, ...] = ("formal", "plain", "slang", "sms", "shout")
_OFFICERS = ("Operator 1", "Operator 2", "Admin Bidang", "Verifikator", "Admin Kecamatan")


@dataclass(frozen=True)
class Step:
    """One answer or change of status: local time, neutral status, who, words."""

    when: datetime
    status: str
    actor: str
    text: str


@dataclass(frozen=True)
class Report:
    """One genuine submission.

    ``number`` counts within the channel; ``status`` is new, forwarded, working, closed or rejected.
    """

    channel: str
    number: int
    when: datetime
    happened: date
    facts: Facts
    place: Place
    location: str
    title: str
    text: str
    seed: int
    person: Person
    name: str
    phone: str
    nik: str
    latitude: float | None
    longitude: float | None
    anonymous: bool
    confidential: bool
    status: str
    steps: tuple[Step, ...]
    case: str
    incident: str
    trap: str  # '' or which kind of hard case this is
    quotes: tuple[datetime, str] | None = None  # the earlier report of the case whose number the text quotes


@dataclass(frozen=True)
class _Scene:
    """One city's channels with their share of the submissions, and the days in which problems begin."""

    city: str
    channels: tuple[tuple[str, float], ...]
    first: date
    days: int


_SCENES = (
    _Scene("32.72", (("super", 0.25),), date(2021, 1, 4), 1150),
    _Scene("64.71", (("sitanggap", 0.30),), date(2023, 2, 1), 450),
    _Scene("32.76", (("sigap", 0.30), ("ntpd112", 0.15)), date(2023, 6, 1), 420),
)


def ticket(report: Report) -> str:
    """The number that the channel gives the citizen."""
    number, when = report.number, report.when
    return {
        "super": f"SPR-{when:%Y%m}-{number:05d}",
        "sigap": f"SGP-{number:06d}",
        "sitanggap": f"ADU-{when:%Y}-{number:05d}",
        "ntpd112": f"112-{when:%y%m}-{number:06d}",
    }[report.channel]


def make_world(size: int, seed: int) -> dict[str, list[Report]]:
    """About ``size`` genuine submissions by channel, each in order of time and number. Raises ``ValueError``."""
    if size < MIN_SIZE:
        raise ValueError(f"size is {size}, but the planted faults need at least {MIN_SIZE}")
    cities = load_cities()
    reports: dict[str, list[Report]] = {}
    for at, scene in enumerate(_SCENES):
        rng = random.Random(f"{seed} {scene.city}")
        wanted = round(size * sum(share for _, share in scene.channels))
        invented = _Inventor(scene, cities[scene.city], rng, wanted, at * 1_000_000).fill()
        for channel, _ in scene.channels:
            reports[channel] = _number([r for r in invented if r.channel == channel], rng)
    return _quote(reports)


class _Inventor:
    """Invents one city's problems until there are enough submissions."""

    def __init__(self, scene: _Scene, city: City, rng: random.Random, wanted: int, first_person: int) -> None:
        self.scene, self.city, self.rng, self.wanted = scene, city, rng, wanted
        self.people = self.first_person = first_person
        self.problems = 0
        per_village = 20 + wanted // 150  # a busier sample has more streets, as a longer period would
        self.streets = {v.code: street_names(v, per_village) for v in city.villages}

    def fill(self) -> list[Report]:
        out: list[Report] = []
        while len(out) < self.wanted:
            found = self._problem()
            out += found
            trap = self.rng.random()
            if trap < 0.09:
                out += self._trap(found[0], trap)
        return out[: self.wanted]

    def _problem(self) -> list[Report]:
        rng = self.rng
        village = rng.choice(self.city.villages)
        street = rng.choice(self.streets[village.code])
        place = Place(village, street, rng.randint(1, 12), rng.randint(1, 16), landmark(rng))
        facts = draw_facts(rng.choice(KINDS), rng)
        begin = datetime.combine(self.scene.first, time()) + timedelta(days=rng.randrange(self.scene.days))
        crowd = rng.choices((1, 2, 3, 4, 5), (91, 5, 2, 1, 1))[0] if facts.kind != "ktp" else 1
        self.problems += 1
        incident = f"{self.city.name.lower()}-{self.problems:06d}"
        out = []
        for n in range(crowd):
            day = begin + timedelta(days=rng.choice((0, 0, 1, 2, 3, 5, 8, 12)) if n else 0)
            out += self._case(facts, place, self._person(place), day, incident, f"{incident}.{n + 1}")
        return out

    def _trap(self, model: Report, kind: float) -> list[Report]:
        """A hard case: looks like ``model`` and is another problem."""
        rng = self.rng
        day = datetime.combine(model.when, time()) + timedelta(days=rng.randint(0, 4))
        self.problems += 1
        incident = f"{self.city.name.lower()}-{self.problems:06d}"
        if kind < 0.03:
            village = rng.choice([v for v in self.city.villages if v != model.place.village])
            place = Place(
                village, rng.choice(self.streets[village.code]), model.place.rt, model.place.rw, landmark(rng)
            )
            person, facts, trap = self._person(place), model.facts, "same_text"
        else:
            facts = draw_facts(rng.choice([k for k in KINDS if k not in (model.facts.kind, "ktp")]), rng)
            person, trap = (model.person, "same_person") if kind < 0.06 else (self._person(model.place), "busy_street")
            place = replace(model.place, landmark=landmark(rng))
        channel = model.channel if trap == "same_text" else self._channel(facts.kind)
        when = _hour(day, rng)
        report = self._report(channel, when, facts, place, person, (False, False), "", (incident, f"{incident}.1"))
        if trap == "same_text":
            text = compose(facts, place, _style_of(channel, random.Random(model.seed)), model.seed)
            report = replace(report, text=text)
        status = rng.choice(("new", "forwarded", "working", "closed"))
        return [replace(_live(report, status, when + timedelta(days=rng.randint(1, 20)), rng), trap=trap)]

    def _person(self, place: Place) -> Person:
        self.people += 1
        district = place.village.code[:8]
        address = f"{place.street} No. {self.rng.randint(1, 150)} RT {place.rt:02d}/RW {place.rw:02d}"
        return make_person(self.people, district, address, self.rng)

    def _channel(self, kind: str, other_than: str = "") -> str:
        open_to = [c for c in self.scene.channels if c[0] != "ntpd112" or kind not in _NOT_112]
        names = [c for c in open_to if c[0] != other_than] or open_to
        return self.rng.choices([name for name, _ in names], [share for _, share in names])[0]

    def _case(
        self, facts: Facts, place: Place, person: Person, day: datetime, incident: str, case: str
    ) -> list[Report]:
        """All reports of one person about one problem while it is open, and now and then its recurrence."""
        rng = self.rng
        times = rng.choices((1, 2, 3), (85, 13, 2))[0]
        hidden = (rng.random() < 0.06, rng.random() < 0.03)
        status = rng.choices(("new", "forwarded", "working", "closed", "rejected"), (13, 12, 15, 55, 5))[0]
        recurs = rng.random() < 0.012 and facts.kind != "ktp"
        whens, channel = [_hour(day, rng)], self._channel(facts.kind)
        channels = [channel]
        for _ in range(times - 1):
            channels.append(self._channel(facts.kind, channels[-1] if rng.random() < 0.7 else ""))
            gap = timedelta(seconds=rng.randint(500, 36_000) if rng.random() < 0.4 else rng.randint(40_000, 1_100_000))
            whens.append(whens[-1] + gap)
        closed = whens[-1] + timedelta(days=rng.randint(1, 21), minutes=rng.randint(0, 500))
        out: list[Report] = []
        for n, (channel, when) in enumerate(zip(channels, whens, strict=True)):
            remark = rng.choice(PHRASES["frame"]["again"]) if n and rng.random() < 0.5 else ""
            flags = hidden if n == 0 or rng.random() < 0.92 else (not hidden[0], hidden[1])
            report = self._report(channel, when, facts, place, person, flags, remark, (incident, case))
            report = _live(report, "closed" if recurs else status, closed, rng)
            if n and rng.random() < 0.2:  # copied and pasted
                report = replace(report, text=out[0].text, title=out[0].title)
            if n and rng.random() < 0.2 and not flags[0] and channel != "ntpd112":
                report = replace(report, quotes=(out[0].when, out[0].channel))
            out.append(report)
        if recurs and "ntpd112" not in channels:
            when = closed + timedelta(days=rng.randint(60, 120))
            remark = rng.choice(PHRASES["frame"]["later"])
            again = self._report(channel, when, facts, place, person, hidden, remark, (incident, f"{case}r"))
            out.append(replace(_live(again, status, when + timedelta(days=9), rng), trap="recurrence"))
        return out

    def _report(
        self,
        channel: str,
        when: datetime,
        facts: Facts,
        place: Place,
        person: Person,
        hidden: tuple[bool, bool],
        remark: str,
        ids: tuple[str, str],
    ) -> Report:
        rng = self.rng
        call = channel == "ntpd112"  # an emergency line knows no anonymity and no forms
        anonymous = hidden[0] and not call
        confidential = hidden[1] and channel in ("super", "sigap")
        seed = rng.randrange(1 << 40)
        if not remark and rng.random() < 0.06:
            remark = rng.choice(PHRASES["frame"]["curly"])
        located = rng.random() < 0.6
        suffix = "".join(letter for letter, on in (("a", anonymous), ("c", confidential)) if on)
        return Report(
            channel=channel,
            number=0,
            when=when,
            happened=(when - timedelta(days=rng.choice((0, 0, 0, 1, 1, 2, 3, 7)))).date(),
            facts=facts,
            place=place,
            location=say_place(place, rng),
            title=headline(facts, place, rng),
            text=compose(facts, place, _style_of(channel, random.Random(seed)), seed, remark),
            seed=seed,
            person=person,
            name=write_name(person, rng),
            phone=write_phone(person.phone, rng) if call or rng.random() < 0.92 else "",
            nik=person.nik if rng.random() < 0.6 and not call else "",
            latitude=round(place.village.latitude + _spot(place, 0) + rng.gauss(0, 0.0003), 6) if located else None,
            longitude=round(place.village.longitude + _spot(place, 1) + rng.gauss(0, 0.0003), 6) if located else None,
            anonymous=anonymous,
            confidential=confidential,
            status="new",
            steps=(),
            case=f"{ids[1]}-{suffix}" if suffix else ids[1],
            incident=ids[0],
            trap="",
        )


def _style_of(channel: str, rng: random.Random) -> Style:
    if channel == "ntpd112":
        return "operator"
    return rng.choices(_STYLES, (25, 35, 20, 15, 5))[0]


def _spot(place: Place, axis: int) -> float:
    """Where the street lies in its village, in degrees from the village's middle."""
    return random.Random(f"{place.street} {place.rt} {place.rw} {axis}").uniform(-0.008, 0.008)


def _hour(day: datetime, rng: random.Random) -> datetime:
    return day.replace(hour=0) + timedelta(hours=min(23.9, max(0.1, rng.gauss(13, 4))), seconds=rng.randrange(60))


def _live(report: Report, status: str, closed: datetime, rng: random.Random) -> Report:
    """``report`` with its status and the answers that led there."""
    report = replace(report, when=report.when.replace(microsecond=0))
    way = {"new": (), "forwarded": ("forwarded",), "rejected": ("rejected",), "working": ("forwarded", "working")}
    names = way.get(status, ("forwarded", "working", "closed"))
    span = closed - report.when
    steps = []
    for n, name in enumerate(names):
        when = report.when + span * ((n + 1) / len(names))
        text = rng.choice(PHRASES["answers"][name])
        steps.append(Step(when.replace(microsecond=0), name, rng.choice(_OFFICERS), text))
    return replace(report, status=status, steps=tuple(steps))


def _number(reports: list[Report], rng: random.Random) -> list[Report]:
    """``reports`` in order of time, numbered, with numbers left free in between."""
    ordered = sorted(reports, key=lambda r: (r.when, r.seed))
    numbers = sorted(rng.sample(range(1, _last_number(ordered) + 1), len(ordered)))
    return [replace(report, number=number) for report, number in zip(ordered, numbers, strict=True)]


def _last_number(reports: list[Report]) -> int:
    calls = CALLS * len(reports) if reports and reports[0].channel == "ntpd112" else 0
    return len(reports) + SPARE + round(calls)


def free_numbers(reports: list[Report], rng: random.Random) -> list[tuple[int, datetime]]:
    """The numbers of a channel that no genuine submission has, each with a local time that fits in between."""
    taken = {report.number: report.when for report in reports}
    before, free, out = reports[0].when - timedelta(hours=9), [], []
    for number in range(1, _last_number(reports) + 1):
        if number not in taken:
            free.append(number)
            continue
        span = (taken[number] - before).total_seconds()
        out += [
            (n, before + timedelta(seconds=int(at)))
            for n, at in zip(free, sorted(rng.uniform(0, span) for _ in free), strict=True)
        ]
        before, free = taken[number], []
    return out + [(number, before + timedelta(minutes=n + 1)) for n, number in enumerate(free)]


def _quote(reports: dict[str, list[Report]]) -> dict[str, list[Report]]:
    """Write quoted numbers into the texts, now that they are known. A number that was cut away is not quoted."""
    known = {(r.when, r.channel, r.incident): ticket(r) for found in reports.values() for r in found}
    clear = Counter((r.when, r.channel, r.incident) for found in reports.values() for r in found)
    out: dict[str, list[Report]] = {}
    for channel, found in reports.items():
        out[channel] = []
        for report in found:
            key = (*report.quotes, report.incident) if report.quotes else None
            if key in known and clear[key] == 1:
                report = replace(report, text=f"{report.text} (laporan sebelumnya nomor {known[key]})")
            out[channel].append(report)
    return out
