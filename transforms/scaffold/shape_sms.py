"""Text messages as gateways store them: Gammu SMSD (and Kalkun, which shows its tables), and playSMS."""

import re
from collections.abc import Mapping

from transforms.scaffold.draft import ExclusionGuess, Option, ShapeGuess, Value
from transforms.scaffold.guess import Guess, Studied
from transforms.scaffold.names import folded
from transforms.scaffold.source import Source
from transforms.scaffold.tables import EventGuess, guess_key

_INBOX = {
    "sender": ("sender number", "in sender"),
    "at": ("receiving date time", "in datetime"),
    "text": ("text decoded", "in msg", "in message"),
    "hex": ("text",),
    "udh": ("udh", "in udh"),
    "reference": ("message id",),
    "total": ("part count",),
    "sequence": ("sequence position",),
}
_SENT = {
    "number": ("destination number", "p dst"),
    "at": ("sending date time", "p datetime"),
    "text": ("text decoded", "p msg"),
    "sequence": ("sequence position",),
    "actor": ("creator id", "p sender"),
}
_NOBODY = r"^\D*[A-Za-z]|^\d{2,6}$"  # operators and short codes


def fits(table: Studied) -> bool:
    """Whether the columns are those of messages that came in."""
    return {"sender", "at", "text"} <= set(_roles(table, _INBOX))


def _roles(table: Studied, known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    by_folded = {folded(name): name for name in table.profile.columns}
    found = {role: next((by_folded[n] for n in names if n in by_folded), "") for role, names in known.items()}
    return {role: name for role, name in found.items() if name}


def guess(table: Studied, source: Source) -> ShapeGuess:
    """Parts put together by their header or their number; what was sent as answers."""
    roles = _roles(table, _INBOX)
    options = [
        Option("sender", roles["sender"], "named as gateways name it"),
        Option("at", roles["at"]),
        Option("text", roles["text"]),
    ]
    udh = roles.get("udh")
    if "hex" in roles and folded(roles["text"]) == "text decoded":
        options.append(Option("hex", roles["hex"], "the text in hexadecimal, for rows whose text is empty"))
    if udh and table.column(udh).filled:
        said = f"{table.column(udh).filled} of {table.profile.rows} rows are parts of long messages"
        options.append(Option("udh", udh, said))
    elif {"reference", "total", "sequence"} <= set(roles):
        options += [Option(name, roles[name]) for name in ("reference", "total", "sequence")]
    sent = [(other, _roles(other, _SENT)) for other in source.tables]
    sent = [(other, there) for other, there in sent if {"number", "at", "text"} <= set(there) and other.profile.rows]
    if sent:
        replies = {other.profile.name: _replies(other, there) for other, there in sent}
        options.append(Option("replies", replies, "what the office sent; finds its message by number and time"))
    fields = (
        Guess("text", (roles["text"],), f"{table.column(roles['text']).mean_words:.0f} words on average"),
        _date("submitted_at", table, roles["at"]),
        Guess("reporter_phone", (roles["sender"],), "who sent it"),
    )
    return ShapeGuess(
        name="sms_parts",
        evidence="the table is an SMS gateway's inbox; a long message is as many rows as it has parts",
        options=tuple(options),
        key=guess_key(table),
        fields=fields,
        events=tuple(_event(other, there) for other, there in sent),
        only=True,
        exclusions=_exclusions(table, roles["sender"]),
        personal=tuple(filter(None, (roles.get("hex", ""), *(there["number"] for _, there in sent)))),
        reads=tuple(roles.values()) + tuple(name for _, there in sent for name in there.values()),
    )


def _date(field: str, table: Studied, name: str) -> Guess:
    dates, column = table.facts[name].dates, table.column(name)
    said = "a point in time, handed out in UTC" if column.zoned else "wall time of the gateway"
    return Guess(field, (name,), said, dates.formats if dates else (), column.zoned)


def _replies(other: Studied, roles: Mapping[str, str]) -> Value:
    told: dict[str, Value] = {name: roles[name] for name in ("number", "at", "text")}
    if "sequence" in roles and len(other.profile.primary_key) > 1:
        told["message"] = tuple(name for name in other.profile.primary_key if name != roles["sequence"])
        told["sequence"] = roles["sequence"]
    return told


def _event(other: Studied, roles: Mapping[str, str]) -> EventGuess:
    key = tuple(name for name in other.profile.primary_key if name != roles.get("sequence"))
    actor = [Guess("actor", (roles["actor"],), "who sent it")] if "actor" in roles else []
    fields = (_date("occurred_at", other, roles["at"]), *actor, Guess("text", (roles["text"],), "what was answered"))
    said = f"{other.profile.rows} messages that were sent"
    return EventGuess(other.profile.name, "_complaint", key, "answer", fields, (), said)


def _exclusions(table: Studied, sender: str) -> tuple[ExclusionGuess, ...]:
    count = sum(n for text, n in table.column(sender).values.items() if re.search(_NOBODY, text))
    if not count:
        return ()
    said = f"{count} rows come from operators and short codes"
    return (ExclusionGuess("not_a_citizen", sender, (), _NOBODY, said, active=True),)
