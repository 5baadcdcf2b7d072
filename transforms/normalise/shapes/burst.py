"""The shape ``burst``: what one person writes in a chat within minutes is one submission.

Time orders the rows of all files, so that neither the cut between two exports nor their names decide anything; a
message that stands in several exports counts once, its copies are parts. A burst is known by its first message: later
ones make a newer version of it. What the channel's officers write are answers, to whom they name (``@``) or who wrote
last.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pandas as pd

from schemas.channel import Channel
from schemas.mapping import Mapping
from schemas.shapes import Burst
from transforms.normalise.shapes import joining
from transforms.normalise.shapes.base import PARTS, Shaped
from transforms.normalise.tables import column
from transforms.normalise.values import is_true

GREETING = "greeting"
OFFICER = "officer_message"  # where no ``events`` read what officers wrote
_MENTION = re.compile(r"@[\u2066-\u2069]*(?=(?P<number>\+?\d[\d\s-]{7,18})?)")


def shape_burst(frame: pd.DataFrame, mapping: Mapping, channel: Channel) -> Shaped:
    """``frame`` as bursts. Rows of nobody stand alone.

    A burst that holds nothing but greetings, or messages of a kind that ``rules`` name, gets the rule of its first.
    """
    options = mapping.burst
    if options is None:
        return Shaped(frame)
    if frame.empty:
        return Shaped(frame, answers={options.answers: frame} if _are_read(mapping, options) else {})
    chats = _read(frame, options, mapping, channel)
    chats["burst"] = _bursts(chats, options.minutes)
    ordered = frame.loc[chats.index]
    answers = is_true(chats["officer"] & chats["rule"].isna())
    copies = chats["same"].duplicated().to_numpy(dtype=bool) & answers
    asked = chats[~answers]
    joined, rule = _join(ordered[~answers], asked, options)
    known = pd.Series(joining.keys(joined, mapping, channel).array, index=asked["burst"].unique())
    replies = _answer(ordered[answers & ~copies], chats, known, options.text)
    return Shaped(
        joined,
        parts=len(frame) - len(joined) - len(replies),
        answers={options.answers: replies} if _are_read(mapping, options) else {},
        rule=rule,
    )


def _read(frame: pd.DataFrame, options: Burst, mapping: Mapping, channel: Channel) -> pd.DataFrame:
    """What each row is, in order of time: chat, who, at, officer, rule, wordless, same (number of the first copy)."""
    officers = {joining.person(name) for name in options.officers}
    who = joining.people(frame, options.sender)
    text = column(frame, options.text)
    kind = _maybe(frame, options.kind)
    rule = kind.map(options.rules).astype(object)
    wordless = rule.notna()
    if options.greeting:
        greets = is_true(text.str.fullmatch(options.greeting, case=False))
        rule = rule.mask(rule.isna() & greets & _maybe(frame, options.media).isna(), GREETING)
    chats = pd.DataFrame(
        {
            "chat": _maybe(frame, options.chat).fillna(""),
            "who": who,
            "at": joining.instants(frame, options.at, mapping, channel),
            "text": text.fillna(""),
            "kind": kind.fillna(""),
            "object": frame["_object"].fillna(""),
            "officer": who.isin(officers),
            "rule": rule.mask(who.isin(officers) & rule.isna() & (not _are_read(mapping, options)), OFFICER),
            "wordless": wordless,
        }
    )
    return _in_time(chats)


def _are_read(mapping: Mapping, options: Burst) -> bool:
    return any(event.table == options.answers for event in mapping.events)


def _maybe(frame: pd.DataFrame, name: str | None) -> pd.Series:
    return column(frame, name) if name else pd.Series(None, index=frame.index, dtype="str")


def _in_time(chats: pd.DataFrame) -> pd.DataFrame:
    """``chats`` by time; at equal times the file that begins (or else ends) earlier comes first, then its lines.

    Equal messages of two files are the same message, as often as they stand in the one that has them most often.
    """
    by_file = chats.groupby("object", sort=False)["at"].agg(["min", "max"])
    ranks = by_file.reset_index().sort_values(["min", "max"], kind="stable")["object"].tolist()
    rank = chats["object"].map({name: at for at, name in enumerate(ranks)})
    chats = chats.assign(rank=rank, line=range(len(chats))).sort_values(["at", "rank", "line"], kind="stable")
    content = [
        chats[name].fillna("") if name != "at" else chats[name] for name in ("chat", "who", "at", "text", "kind")
    ]
    copy = chats.groupby([*content, chats["object"]], dropna=False, sort=False).cumcount()
    same = chats.groupby([*content, copy], dropna=False, sort=False).ngroup()
    dated = chats["at"].notna()
    return chats.assign(same=same.where(dated, -1 - chats["line"]))


def _bursts(chats: pd.DataFrame, minutes: float) -> pd.Series:
    """The number of each row's burst. A message of nobody, of an officer, or without a time is one of its own."""
    talk = chats[~chats["same"].duplicated() & chats["who"].notna() & ~chats["officer"] & chats["at"].notna()]
    gap = talk.groupby(["chat", "who"], sort=False)["at"].diff()
    begins = gap.isna() | (gap > pd.Timedelta(minutes=minutes))
    number = begins.groupby([talk["chat"], talk["who"]], sort=False).cumsum()
    burst = talk.groupby(["chat", "who", number], sort=False).ngroup()
    by_message = dict(zip(talk["same"], burst, strict=True))
    alone = pd.Series(len(talk) + pd.factorize(chats["same"])[0], index=chats.index)
    return chats["same"].map(by_message).fillna(alone).astype("int64")


def _join(frame: pd.DataFrame, chats: pd.DataFrame, options: Burst) -> tuple[pd.DataFrame, pd.Series]:
    """One row a burst, with the rule by which it is no complaint. Loops over what is joined."""
    grouped = chats.assign(ruled=chats["rule"].notna()).groupby("burst", sort=False)
    rule = grouped["rule"].first().where(grouped["ruled"].all(), None)
    joined = frame[~chats["burst"].duplicated().to_numpy(dtype=bool)].copy()
    many = chats[chats["burst"].duplicated(keep=False)]
    together: dict[int, list[_Piece]] = {}
    told = zip(
        many["burst"],
        many.index,
        joining.records(frame.loc[many.index]),
        many["text"].where(~many["same"].duplicated() & ~many["wordless"], ""),
        strict=True,
    )
    for burst, index, record, words in told:
        together.setdefault(burst, []).append(_Piece(index, record, words))
    for name, cell in (
        (PARTS, lambda parts: joining.pieces([part.record for part in parts])),
        (options.text, lambda parts: _words(parts) or parts[0].record.get(options.text)),
        (options.media, lambda parts: _names([part.record.get(options.media) for part in parts])),
    ):
        if name and together:
            joining.write_cells(joined, name, {parts[0].index: cell(parts) for parts in together.values()})
    result = pd.Series(rule.to_numpy(dtype=object), index=range(len(joined)), dtype=object)
    return joined.reset_index(drop=True), result.where(result.notna(), None)


@dataclass(frozen=True)
class _Piece:
    index: int
    record: dict[str, Any]
    words: str


def _words(parts: Sequence[_Piece]) -> str:
    return "\n".join(part.words for part in parts if part.words)


def _names(media: Sequence[str | None]) -> str | None:
    names = list(dict.fromkeys(name for listed in media if listed for name in orjson.loads(listed)))
    return orjson.dumps(names).decode() if names else None


@dataclass
class _Talk:
    """Who wrote last in a chat, and the last burst of each."""

    last: int | None = None
    of: dict[str, int] = field(default_factory=dict)

    def meant(self, text: str) -> int | None:
        """The burst that an officer answers: of a person who is named, else the last one."""
        for found in _MENTION.finditer(text):
            number = joining.person(found["number"].strip()) if found["number"] else None
            if number in self.of:
                return self.of[number]
            said = text[found.end() :].casefold()
            if names := [name for name in self.of if said.startswith(name)]:
                return self.of[max(names, key=len)]
        return self.last


def _answer(rows: pd.DataFrame, chats: pd.DataFrame, known: pd.Series, text: str) -> pd.DataFrame:
    """The officers' messages with the key of the burst that they answer."""
    talks: dict[str, _Talk] = {}
    wanted, meant = set(rows.index), {}
    talking = zip(chats.index, chats["chat"], chats["who"], chats["officer"], chats["burst"], strict=True)
    for index, chat, who, officer, burst in talking:
        talk = talks.setdefault(chat, _Talk())
        if index in wanted:
            words = rows.at[index, text]
            meant[index] = talk.meant(words if isinstance(words, str) else "")
        elif isinstance(who, str) and not officer:
            talk.last = talk.of[who] = burst
    key = [None if (burst := meant[index]) is None else known[burst] for index in rows.index]
    return rows.assign(**{joining.COMPLAINT: pd.Series(key, index=rows.index, dtype="str")}).reset_index(drop=True)
