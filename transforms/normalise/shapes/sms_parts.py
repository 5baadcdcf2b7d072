"""The shape ``sms_parts``: the parts of a long text message, which a gateway stores as rows, are one submission.

Parts belong together by sender, reference and time; they may come in any order, twice, or not at all: what is there is
kept, with a sign where a part lacks, and the column ``_missing`` tells which. Replies lie in tables of their own; they
find the last message that came from their number before them.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

import pandas as pd

from schemas.channel import Channel
from schemas.mapping import Mapping
from schemas.shapes import SmsParts, SmsReplies
from transforms.normalise.shapes import joining
from transforms.normalise.shapes.base import PARTS, Shaped
from transforms.normalise.tables import column
from transforms.normalise.values import look_up

MISSING = "_missing"  # column of a message that lacks parts: '2 of 3', with several '1,2 of 3'
GAP = " […] "
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_NUMBERING = {0x00: 3, 0x08: 4}  # information elements that number parts, and their length


def shape_sms_parts(frame: pd.DataFrame, mapping: Mapping, channel: Channel) -> Shaped:
    """``frame`` with the parts of each long message in one row, with place and key of the one that came first."""
    options = mapping.sms_parts
    if options is None or frame.empty:
        return Shaped(frame)
    frame = _with_text(frame, options)
    at = joining.instants(frame, options.at, mapping, channel)
    ordered = frame.loc[at.sort_values(kind="stable", na_position="last").index]
    who = joining.people(ordered, options.sender)
    messages = _together(ordered, who, at.loc[ordered.index], options)
    joined = ordered.loc[[message.first for message in messages]].copy()
    records = dict(zip(ordered.index, joining.records(ordered), strict=True))
    long = [message for message in messages if message.total]
    texts = {message.first: message.text(records, options.text) for message in long}
    joining.write_cells(joined, options.text, texts)
    many = [message for message in long if len(message.rows) > 1]
    lacking = {message.first: lack for message in long if (lack := message.missing)}
    if many:
        cells = {message.first: joining.pieces([records[row] for row in message.rows]) for message in many}
        joining.write_cells(joined, PARTS, cells)
    if lacking:
        joining.write_cells(joined, MISSING, lacking)
    problems = (f"{mapping.table}: {len(lacking)} messages lack parts; what came of them is kept",) if lacking else ()
    return Shaped(joined.reset_index(drop=True), parts=len(frame) - len(joined), problems=problems)


def link_replies(
    replies: pd.DataFrame, shaped: pd.DataFrame, table: str, mapping: Mapping, channel: Channel
) -> pd.DataFrame:
    """Rows of ``table`` with the key of the message that each answers (``_complaint``), long ones in one row.

    ``shaped`` holds the messages as ``shape_sms_parts`` gave them. A reply to a number that had not written has null.
    """
    options = mapping.sms_parts
    if options is None or replies.empty:
        return replies
    of = options.replies[table]
    whole = _whole_replies(replies, of)
    asked = pd.DataFrame(
        {
            "who": joining.people(shaped, options.sender),
            "at": joining.instants(shaped, options.at, mapping, channel),
            "key": joining.keys(shaped, mapping, channel),
        }
    )
    asked = asked.dropna().sort_values("at", kind="stable")
    by_number = {who: (rows["at"].tolist(), rows["key"].tolist()) for who, rows in asked.groupby("who")}
    read_by = next((event for event in mapping.events if event.table == table), mapping)
    sent = zip(joining.people(whole, of.number), joining.instants(whole, of.at, read_by, channel), strict=True)
    keys = []
    for number, at in sent:
        times, known = by_number.get(number, ([], []))
        place = 0 if pd.isna(at) else bisect_right(times, at)
        keys.append(known[place - 1] if place else None)
    return whole.assign(**{joining.COMPLAINT: pd.Series(keys, index=whole.index, dtype="str")})


def _with_text(frame: pd.DataFrame, options: SmsParts) -> pd.DataFrame:
    """``frame`` with the text read from its hexadecimal form where there is no other."""
    if options.hex is None:
        return frame
    empty = column(frame, options.text).isna()
    read = look_up(column(frame, options.hex).where(empty), decode_hex)
    return frame.assign(**{options.text: frame[options.text].where(~empty, read.astype("str"))})


def decode_hex(text: str) -> str | None:
    """UTF-16 (big end first) written as hexadecimal, as Gammu stores it; None if it is none."""
    if not _HEX.fullmatch(text) or len(text) % 4:
        return None
    try:
        return bytes.fromhex(text).decode("utf-16-be")
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True)
class Part:
    """Which part of which long message a row is."""

    reference: str
    total: int
    number: int


def read_udh(header: str) -> Part | None:
    """The part that a user data header (hexadecimal) tells of; None for one that numbers no parts, or is damaged."""
    digits = re.sub(r"\s", "", header)
    if not _HEX.fullmatch(digits):
        return None
    octets = bytes.fromhex(digits)
    at, end = 1, min(len(octets), octets[0] + 1)
    while at + 1 < end:
        element, length = octets[at], octets[at + 1]
        body = octets[at + 2 : at + 2 + length]
        if _NUMBERING.get(element) == length == len(body):
            return _part(body[:-2].hex(), body[-2], body[-1])
        at += 2 + length
    return None


def _part(reference: str, total: int, number: int) -> Part | None:
    return Part(reference, total, number) if 1 <= number <= total and total > 1 else None


def _parts(frame: pd.DataFrame, options: SmsParts) -> list[Part | None]:
    if options.udh:
        return [part if isinstance(part, Part) else None for part in look_up(column(frame, options.udh), read_udh)]
    if not (options.reference and options.total and options.sequence):
        return [None] * len(frame)
    cells = [column(frame, name).fillna("") for name in (options.reference, options.total, options.sequence)]
    return [
        _part(reference, int(total), int(number)) if reference and total.isdigit() and number.isdigit() else None
        for reference, total, number in zip(*cells, strict=True)
    ]


@dataclass
class _Message:
    """A message while its parts are gathered; ``total`` is 0 for one that has none."""

    first: int
    at: pd.Timestamp
    total: int = 0
    rows: list[int] = field(default_factory=list)
    by_number: dict[int, int] = field(default_factory=dict)  # number of a part: its row
    texts: dict[int, str] = field(default_factory=dict)

    def takes(self, part: Part, text: str, at: pd.Timestamp, window: pd.Timedelta) -> bool:
        """Whether ``part`` may belong here: in time, and new or the same once more."""
        late = bool(at - self.at > window)  # a time that is not known is not late
        return not late and self.texts.get(part.number, text) == text

    def add(self, row: int, part: Part, text: str) -> None:
        self.rows.append(row)
        self.by_number.setdefault(part.number, row)
        self.texts.setdefault(part.number, text)

    def text(self, records: dict[int, dict[str, str]], name: str) -> str | None:
        """The parts' texts in order, with a sign in the place of those that lack."""
        out: list[str] = []
        for number in range(1, self.total + 1):
            if number in self.by_number:
                out.append(records[self.by_number[number]].get(name, ""))
            elif not out or out[-1] != GAP:
                out.append(GAP)
        return "".join(out).strip() or None

    @property
    def missing(self) -> str | None:
        lacking = [str(number) for number in range(1, self.total + 1) if number not in self.by_number]
        return f"{','.join(lacking)} of {self.total}" if lacking else None


def _together(frame: pd.DataFrame, who: pd.Series, at: pd.Series, options: SmsParts) -> list[_Message]:
    """The messages that the rows of ``frame``, in order of time, are.

    Loops over rows: which message a part belongs to depends on those before.
    """
    window = pd.Timedelta(minutes=options.minutes)
    gathered: dict[tuple[str, str, int], list[_Message]] = {}
    messages = []
    texts = frame[options.text].fillna("")
    for row, sender, when, part, text in zip(frame.index, who, at, _parts(frame, options), texts, strict=True):
        if part is None or not isinstance(sender, str):
            messages.append(_Message(row, when, rows=[row]))
            continue
        several = gathered.setdefault((sender, part.reference, part.total), [])
        message = next((m for m in several if m.takes(part, text, when, window)), None)
        if message is None:
            message = _Message(row, when, part.total)
            several.append(message)
            messages.append(message)
        message.add(row, part, text)
    return messages


def _whole_replies(replies: pd.DataFrame, of: SmsReplies) -> pd.DataFrame:
    """One row a reply, its text put together."""
    if not of.message:
        return replies
    number = pd.to_numeric(column(replies, of.sequence), errors="coerce") if of.sequence else range(len(replies))
    ordered = replies.assign(_number=number).sort_values("_number", kind="stable").drop(columns="_number")
    ids = [column(ordered, name).fillna("") for name in of.message]
    text = ordered[of.text].fillna("").groupby(ids).transform("".join)
    first = ~pd.concat(ids, axis=1).duplicated()
    return ordered.assign(**{of.text: text})[first].sort_index().reset_index(drop=True)
