"""Exports of SP4N-LAPOR! and of its front-ends: the admin's of 21 columns, the open data, and what looks like them."""

import re
from dataclasses import replace

from transforms.scaffold.draft import Option, ShapeGuess
from transforms.scaffold.guess import Guess, Studied, percent
from transforms.scaffold.names import folded
from transforms.scaffold.profile import ColumnProfile
from transforms.scaffold.tables import KeyGuess

_CLOSED = re.compile(r"(?:ditutup|diarsipkan) oleh|menunggu kelengkapan informasi", re.IGNORECASE)
_CAME_BY = re.compile(r".+?\s+[-–]\s+[a-z0-9]+(?:-[a-z0-9]+)+")  # Website - pemerintah-kota-x
_SECONDS = re.compile(r"1\d{9}(?:\d{3})?")
_NATIONAL = re.compile(r"#?\d{4,8}")
_AT = "%Y-%m-%dT%H:%M:%S.%f%z"


def guess(table: Studied, fields: dict[str, Guess]) -> ShapeGuess | None:
    """The shape, where the columns or words of the national system are met; else None."""
    number = fields.get("old_numbers") or fields.get("sp4n_id")
    if number is None:
        return None
    hidden = [fields[f] for f in ("is_anonymous", "is_confidential") if f in fields and fields[f].true]
    flags = hidden[0].columns[0] if hidden else ""
    stamp = _named(table, r"^timestamp\b.*\b(?:masuk|laporan)", _SECONDS)
    origin = _origin(table)
    closed = _share(table.column(fields["status"].columns[0]), _CLOSED) if "status" in fields else 0.0
    if not ((flags and (origin or closed >= 0.3)) or stamp):
        return None
    name = number.columns[0]
    options = [Option("number", name, number.evidence)]
    made: dict[str, Guess] = {}
    if flags:
        options.append(Option("flags", flags, "Anonim, Rahasia, or both in one cell"))
        for field, column in (("is_anonymous", "_anonim"), ("is_confidential", "_rahasia")):
            made[field] = Guess(field, (column,), "made from flags", true=("Ya",), optional=True)
    if origin:
        options.append(Option("origin", origin, f"{_different(table, origin)}; the front-end stands behind the dash"))
    if stamp:
        options.append(Option("stamp", stamp, "seconds since 1970, an instant; the date beside it has no zone"))
        made["submitted_at"] = _stamped(fields.get("submitted_at"), options)
    continued = tuple(c for c in table.profile.columns if re.search(r"\binstansi terdisposisi\b", folded(c)))
    if continued:
        options.append(Option("continued", continued, "a report that went to several offices goes on in further rows"))
    national = _share(table.column(name), _NATIONAL)
    without = set[str]()
    if national >= 0.9 and "sp4n_id" not in fields:
        said = f"{percent(national)} of its values are numbers as the national system gives them"
        made["sp4n_id"] = Guess("sp4n_id", (name,), said)
        without.add("old_numbers")
    return ShapeGuess(
        name="lapor",
        evidence=_why(flags, stamp, closed),
        options=tuple(options),
        key=KeyGuess((name,), "the number of a report"),
        fields=tuple(made.values()),
        without=frozenset(without),
        reads=tuple(c for c in (flags, origin, stamp, *continued) if c),
    )


def _why(flags: str, stamp: str, closed: float) -> str:
    if stamp:
        return "an export of SP4N-LAPOR!: its open data of 2012-2015"
    said = f"; {percent(closed)} of the status words are its own" if closed else ""
    return f"an export of SP4N-LAPOR! or of a front-end: {flags} hides persons and contents{said}"


def _share(column: ColumnProfile, pattern: re.Pattern[str]) -> float:
    return sum(n for v, n in column.values.items() if pattern.match(v)) / column.seen if column.seen else 0.0


def _named(table: Studied, name: str, values: re.Pattern[str]) -> str:
    columns = table.profile.columns.items()
    return next((n for n, c in columns if re.search(name, folded(n)) and _share(c, values) >= 0.9), "")


def _origin(table: Studied) -> str:
    """The column of doors: by the front-ends behind a dash, else by its name."""
    for name, column in table.profile.columns.items():
        if column.mean_chars <= 60 and column.mean_words <= 8 and table.facts[name].is_code:
            slugs = sum(n for v, n in column.values.items() if _CAME_BY.fullmatch(v))
            if slugs and slugs >= 0.1 * column.filled:
                return name
    return next((n for n in table.profile.columns if folded(n) in ("sumber laporan", "kanal laporan")), "")


def _different(table: Studied, name: str) -> str:
    return f"{len(table.column(name).values)} different values"


def _stamped(submitted: Guess | None, options: list[Option]) -> Guess:
    """``submitted_at`` from the stamp, and where that is empty from the date beside it."""
    said = "made from stamp"
    formats: tuple[str, ...] = ()
    if submitted is not None and len(submitted.columns) == 1:
        options.append(Option("date", submitted.columns[0], submitted.evidence))
        formats, said = submitted.formats, "made from stamp, and where that is empty from date"
    plain = Guess("submitted_at", ("_at",), said, (_AT, *formats))
    return replace(plain, optional=True)
