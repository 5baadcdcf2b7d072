"""WhatsApp chats: what one person writes within minutes is one complaint; who answers is found by whom they answer."""

from collections.abc import Iterator

import pandas as pd

from transforms.scaffold.draft import Option, ShapeGuess
from transforms.scaffold.guess import Guess, Studied
from transforms.scaffold.source import Source
from transforms.scaffold.speakers import Talk
from transforms.scaffold.tables import EventGuess, KeyGuess

_COLUMNS = ("id", "chat", "sender", "name", "number", "at", "waktu", "text", "media", "kind", "edited")
_GREETING = (
    r"(?:ass?alamu.?.?alaikum(?: w[a-z. ]*)?|selamat (?:pagi|siang|sore|malam)|halo|hai|permisi|punten|p+)"
    r"(?:[ ,]+(?:min|admin|pak|bu|kak))*[ .!,?]*"
)
_RULES = {"system": "system_message", "call": "missed_call", "deleted": "deleted"}
_ANSWERS = "jawaban"


def fits(table: Studied) -> bool:
    """Whether the columns are those that the reader of chats gives."""
    return set(_COLUMNS) <= set(table.profile.columns)


def guess(table: Studied, source: Source) -> ShapeGuess:
    """The shape as chats need it, with the officers."""
    kinds = table.column("kind").values
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    chats = len(table.column("chat").values)
    officers = _talk(source, table).speakers()
    said = "; ".join(one.evidence for one in officers)
    options = (
        Option("sender", "sender"),
        Option("at", "waktu"),
        Option("text", "text"),
        Option("minutes", 10, "silence that ends what a person says"),
        Option("chat", "chat", f"{chats} different chats"),
        Option("media", "media", f"{table.column('media').filled} messages have files"),
        Option("kind", "kind", told),
        Option("rules", _RULES, "by which a message of such a kind is no complaint"),
        Option("greeting", _GREETING, "a message that only greets"),
        Option("officers", tuple(one.name for one in officers), f"EDIT: {said}" if said else
            "EDIT: nobody stands out; names or numbers of those who answer, as the chat shows them"),
    )  # fmt: skip
    fields = (
        Guess("text", ("text",), f"{table.column('text').mean_words:.0f} words on average"),
        Guess("submitted_at", ("waktu",), "wall time of the phone"),
        Guess("reporter_name", ("name",), "who the phone knows by name"),
        Guess("reporter_phone", ("number",), "who it knows by number"),
        Guess("attachments", ("media",), "names of files"),
    )
    answer = (
        Guess("occurred_at", ("waktu",), ""),
        Guess("actor", ("sender",), ""),
        Guess("text", ("text",), ""),
    )
    ignored = tuple(n for n in _COLUMNS if n not in ("waktu", "sender", "text"))
    return ShapeGuess(
        name="burst",
        evidence="a chat: what one person writes within minutes is one complaint",
        options=options,
        key=KeyGuess(("id",), "of the first message"),
        fields=fields,
        events=(EventGuess(_ANSWERS, "_complaint", (), "answer", answer, (), "what officers wrote", ignored),),
        only=True,
        reads=("sender", "at", "chat", "kind", "edited"),
        personal=("sender", "chat"),
    )


def _talk(source: Source, table: Studied) -> Talk:
    """Whoever writes writes to the one before, in the same chat."""
    talk, last = Talk(), dict[str, str]()
    for frame in source.frames(table.profile.name):
        talk.add(_pairs(frame, last))
    return talk


def _pairs(frame: pd.DataFrame, last: dict[str, str]) -> Iterator[tuple[str | None, str | None]]:
    said = frame[frame["sender"].notna() & frame["kind"].isin(("message", "media"))]
    for chat, who in zip(said["chat"].fillna(""), said["sender"], strict=True):
        yield who, last.get(chat)
        last[chat] = who
