"""The shape ``lapor``: what exports of SP4N-LAPOR! say in ways that a mapping cannot name.

Two flags in one cell, door and front-end in another, instants in seconds since 1970 beside dates that mix up day and
month, and a report that goes on in further rows, one for each office that it was sent to.
"""

import re
from functools import partial

import orjson
import pandas as pd

from schemas.channel import Channel
from schemas.mapping import Mapping
from schemas.shapes import Lapor
from transforms.normalise.shapes.base import PARTS, Shaped
from transforms.normalise.shapes.stamps import AT, stamp_texts
from transforms.normalise.tables import OWN, column, raw_json
from transforms.normalise.values import look_up

ANONYMOUS, CONFIDENTIAL, DOOR, FRONT_END = "_anonim", "_rahasia", "_door", "_front_end"
_YES, _NO = "Ya", "Tidak"
_FLAGS = {"anonim": ANONYMOUS, "rahasia": CONFIDENTIAL}
_FRONT_END = re.compile(r"(?P<door>.+?)\s+[-–]\s+(?P<slug>\S+)")


def shape_lapor(frame: pd.DataFrame, mapping: Mapping, channel: Channel) -> Shaped:
    """``frame`` with the columns that the options ask for, and rows that go on with a report as ``PARTS`` of it."""
    options = mapping.lapor
    if options is None or frame.empty:
        return Shaped(frame)
    joined = _join(frame, options, channel)
    made: dict[str, pd.Series] = {}
    if options.flags is not None:
        flags = column(joined, options.flags, channel.null_tokens)
        made |= {name: look_up(flags, partial(_flag, name)).astype("str") for name in _FLAGS.values()}
    if options.origin is not None:
        came = column(joined, options.origin, channel.null_tokens)
        made |= {
            DOOR: look_up(came, lambda cell: _parted(cell)[0]).astype("str"),
            FRONT_END: look_up(came, lambda cell: _parted(cell)[1]).astype("str"),
        }
    if options.stamp is not None:
        at = stamp_texts(column(joined, options.stamp, channel.null_tokens))
        written = column(joined, options.date, channel.null_tokens) if options.date else at
        made[AT] = at.where(at.notna(), written)
    return Shaped(joined.assign(**made), parts=len(frame) - len(joined))


def _flag(name: str, cell: str) -> str:
    """Whether the flag ``name`` is in ``cell``. A word that is no flag stands for both: it may protect a person."""
    words = [word for word in (w.strip() for w in re.split(r"[|,;/]", cell)) if word]
    unknown = [word for word in words if word.casefold() not in _FLAGS]
    if any(_FLAGS.get(word.casefold()) == name for word in words):
        return _YES
    return unknown[0] if unknown else _NO


def _parted(cell: str) -> tuple[str, str | None]:
    """'Website - pemerintah-kota-x' is the door Website of the front-end pemerintah-kota-x."""
    found = _FRONT_END.fullmatch(cell)
    return (found["door"], found["slug"]) if found else (cell, None)


def _join(frame: pd.DataFrame, options: Lapor, channel: Channel) -> pd.DataFrame:
    """``frame`` with rows that go on with a report put into its first one, whose cells stand.

    Such a row has no number and, beside the ``continued`` cells, nothing; or it has the number of a row before it, and
    differs from that one in those cells only.
    """
    more = [name for name in options.continued if name in frame.columns]
    if not more:
        return frame
    others = [name for name in frame.columns if name not in (*OWN, *more)]
    told = pd.DataFrame({name: column(frame, name, channel.null_tokens) for name in (*others, *more)})
    told = told.astype(object).where(told.notna(), None)
    number = column(frame, options.number, channel.null_tokens)
    heads = list(zip(frame["_object"], *(told[name] for name in others), strict=True))
    tails = list(zip(*(told[name] for name in more), strict=True))
    openers = _openers(heads, tails, number.notna().tolist())
    return _with_parts(frame, openers, more) if openers != list(range(len(frame))) else frame


def _openers(
    heads: list[tuple[str | None, ...]], tails: list[tuple[str | None, ...]], numbered: list[bool]
) -> list[int]:
    """Of each row the first row of its report; ``heads`` begin with the object. A loop, for rows look back."""
    reports: dict[tuple[str | None, ...], int] = {}
    seen: set[tuple[tuple[str | None, ...], tuple[str | None, ...]]] = set()
    above: dict[str | None, int] = {}
    openers = []
    for row, (head, tail, has_number) in enumerate(zip(heads, tails, numbered, strict=True)):
        opener = row
        if not any(head[1:]) and any(tail):
            opener = above.get(head[0], row)
        elif has_number and (head, tail) not in seen:  # the same to the letter is a repeat, not a part
            opener = reports.setdefault(head, row)
        seen.add((head, tail))
        above[head[0]] = opener
        openers.append(opener)
    return openers


def _with_parts(frame: pd.DataFrame, openers: list[int], more: list[str]) -> pd.DataFrame:
    """The first row of each report; one that has further rows lists all of them in ``PARTS``.

    Of the cells in ``more`` the first that is filled stands.
    """
    groups: dict[int, list[int]] = {}
    for row, opener in enumerate(openers):
        groups.setdefault(opener, []).append(row)
    joined = {opener: found for opener, found in groups.items() if len(found) > 1}
    pieces = raw_json(frame)
    own = {name: frame[name].tolist() for name in OWN}
    out = frame.iloc[list(groups)].reset_index(drop=True)
    out[PARTS] = pd.Series(
        [
            orjson.dumps([orjson.loads(pieces.iloc[n]) | {o: own[o][n] for o in OWN} for n in joined[g]]).decode()
            if g in joined
            else None
            for g in groups
        ],
        dtype="str",
    )
    for name in more:
        cells = frame[name].tolist()
        filled = [
            next((cells[n] for n in found if not pd.isna(cells[n]) and cells[n].strip()), None)
            for found in groups.values()
        ]
        out[name] = pd.Series(filled, dtype="str")
    return out
