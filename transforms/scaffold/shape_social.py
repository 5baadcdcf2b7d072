"""Posts, comments and messages of social media: who wrote, what is answered, and which account is the government's."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson
import pandas as pd

from transforms.normalise.shapes.social import unbroken
from transforms.scaffold.dates import DateGuess
from transforms.scaffold.draft import Option, ShapeGuess
from transforms.scaffold.guess import Guess, Studied, percent
from transforms.scaffold.names import folded
from transforms.scaffold.profile import coverage
from transforms.scaffold.source import Source
from transforms.scaffold.speakers import Talk
from transforms.scaffold.tables import EventGuess, KeyGuess, LookupGuess

_NAME = r"(?:username|screen name)"
_OF = r"(?:user|author|owner|from|sender)"
_ROLES: dict[str, tuple[str, ...]] = {  # role: patterns of folded names, the surest first
    "name": (rf"^(?:{_OF} )?{_NAME}$", rf"^\w+ {_OF} {_NAME}$", rf"^{_OF} name$"),
    "number": (rf"^(?:\w+ )?{_OF} id str$", rf"^(?:\w+ )?{_OF} id$"),
    "key": (r"^(?:tweet )?id str$", r"^(?:tweet |post |comment )?id$|^pk$"),
    "reply_to": (r"^in reply to status id str$", r"^(?:parent|in reply to(?: status)?|reply to|replied to) ?id$"),
    "conversation": (r"^conversation id(?: str)?$",),
    "whom": (r"^(?:in )?reply to (?:screen name|user ?name)$",),
    "referenced": (r"^referenced tweets$",),
    "repost": (r"^retweeted status(?: id str)?$",),
    "chat": (r"^(?:thread|chat|inbox) (?:path|id|name)$", r"^percakapan$"),
    "stamp": (r"^(?:creation )?timestamp(?: ms)?$",),
}
_TEXTS = r"^(?:full text|message|text|caption|content|body|comment|komentar|tweet|post)$"
_AT = r"\b(?:created|timestamp|time|date|published|posted|waktu|tanggal)\b"
_FILES = r"^(?:image|media|photo|attachment)s?(?: url)?$"
_STAMP_FORMAT = "%Y-%m-%dT%H:%M:%S.%f%z"
_ANSWERS = "jawaban"
_NOBODY = "@akun-pemerintah"
_MOST = 500_000  # posts whose authors are kept


@dataclass(frozen=True)
class _Roles:
    """Which column plays which part; empty where none does."""

    of: Mapping[str, str]
    texts: tuple[str, ...]

    def __getitem__(self, role: str) -> str:
        return self.of.get(role, "")


def _roles(table: Studied) -> _Roles:
    by_folded = {folded(name): name for name in reversed(table.profile.columns)}
    found: dict[str, str] = {}
    for role, patterns in _ROLES.items():
        for pattern in patterns:
            names = [by_folded[text] for text in by_folded if re.search(pattern, text)]
            if names and role not in found:
                found[role] = max(names, key=lambda name: table.column(name).filled)
    stamp = found.get("stamp", "")
    if stamp and not _is_stamp(table, stamp):
        del found["stamp"]
    texts = tuple(by_folded[text] for text in by_folded if re.search(_TEXTS, text))
    return _Roles(found, _texts(table, [name for name in texts if table.column(name).filled]))


def _is_stamp(table: Studied, name: str) -> bool:
    values = table.column(name).values
    return bool(values) and all(re.fullmatch(r"1\d{9}(?:\d{3})?", value) for value in values)


def _texts(table: Studied, names: list[str]) -> tuple[str, ...]:
    """The wordiest column, or two of which each record fills one (a caption, or a comment)."""
    ranked = sorted(names, key=lambda name: (-table.column(name).words, name))
    if len(ranked) > 1 and table.column(ranked[0]).fill + table.column(ranked[1]).fill <= 1.02:
        return tuple(sorted(ranked[:2], key=list(table.profile.columns).index))
    return tuple(ranked[:1])


def fits(table: Studied) -> bool:
    """Whether the columns are those of posts: who wrote, words, and what they belong to."""
    roles = _roles(table)
    belongs = any(roles[role] for role in ("reply_to", "conversation", "whom", "referenced"))
    is_message = bool(roles["chat"] and roles["stamp"] and roles["name"])
    is_post = bool((roles["name"] or roles["number"]) and roles["key"] and belongs)
    return bool(roles.texts) and (is_message or is_post)


def guess(table: Studied, source: Source) -> ShapeGuess:
    """The shape, with the accounts of the government and the table that tells names of accounts."""
    roles = _roles(table)
    look = _names_of(table, roles, source)
    authors = _authors(roles, look)
    key = (roles["key"],) if roles["key"] else (roles["chat"], roles["stamp"])
    speakers = _talk(table, roles, look, source).speakers()
    said = "; ".join(one.evidence for one in speakers)
    names = tuple(unbroken(one.name) for one in speakers) or (_NOBODY,)
    options = [
        Option("author", authors, "who wrote"),
        Option("accounts", names, f"EDIT: {said or 'nobody stands out; write the accounts of the government'}"),
        *_links(table, roles),
    ]
    if roles["stamp"] and not _dates(table):
        options.append(Option("stamp", roles["stamp"], "time since 1970, an instant"))
    fields = _fields(table, roles, authors, key)
    return ShapeGuess(
        name="social",
        evidence="posts: most of them are no complaints, and the rules say which are",
        options=tuple(options),
        key=KeyGuess(key, _said_of_key(table, key)),
        fields=fields,
        only=True,
        events=(_event(fields, authors, key),),
        lookups=(look,) if look else (),
        reads=tuple(dict.fromkeys(name for name in roles.of.values() if name)),
        personal=tuple(n for n in table.profile.columns if n in (roles["name"], roles["number"], roles["chat"])),
    )


def _authors(roles: _Roles, look: LookupGuess | None) -> tuple[str, ...]:
    told = tuple(look.columns.values()) if look else ()
    return tuple(name for name in (roles["name"], *told, roles["number"]) if name)


def _links(table: Studied, roles: _Roles) -> Iterator[Option]:
    """What a post belongs to."""
    for role, name in (("reply_to", "reply_to"), ("referenced", "referenced"), ("conversation", "conversation"),
                       ("whom", "reply_to_author"), ("chat", "chat"), ("repost", "repost_of")):  # fmt: skip
        if roles[role]:
            column = table.column(roles[role])
            value = (roles[role],) if name in ("reply_to", "repost_of") else roles[role]
            yield Option(name, value, f"filled in {column.filled} of {column.rows} posts")


def _names_of(table: Studied, roles: _Roles, source: Source) -> LookupGuess | None:
    """A table of accounts that tells the name of each number."""
    if roles["name"] or not roles["number"] or not source.joins:
        return None
    for other in source.tables:
        theirs = _roles(other)
        if other is table or not theirs["name"] or not theirs["key"]:
            continue
        share = coverage(table.column(roles["number"]), other.column(theirs["key"]))
        if share >= 0.8:
            said = f"{percent(share)} of its different values are in {other.profile.name}.{theirs['key']}"
            columns = {theirs["name"]: f"author_{theirs['name']}"}
            return LookupGuess(roles["number"], other.profile.name, theirs["key"], columns, (), said)
    return None


def _dates(table: Studied) -> tuple[str, DateGuess] | None:
    """The column of dates that tells when a post was written."""
    for name in table.profile.columns:
        dates = table.facts[name].dates
        if dates is not None and dates.share >= 0.6 and re.search(_AT, folded(name)):
            return name, dates
    return None


def _fields(table: Studied, roles: _Roles, authors: tuple[str, ...], key: tuple[str, ...]) -> tuple[Guess, ...]:
    words = max(table.column(name).mean_words for name in roles.texts)
    both = "; each post fills one of the two" if len(roles.texts) > 1 else ""
    fields = [Guess("text", roles.texts, f"{words:.0f} words on average{both}")]
    if dated := _dates(table):
        name, dates = dated
        said = f"{percent(dates.share)} of {table.column(name).filled} values are dates"
        fields.append(Guess("submitted_at", (name,), said, dates.formats))
    elif roles["stamp"]:
        fields.append(Guess("submitted_at", ("_at",), "made from stamp", (_STAMP_FORMAT,), optional=True))
    account = table.profile.columns.get(authors[0])
    scarce = account is not None and account.fill < 0.95
    fields.append(Guess("reporter_account", authors[:1], "who wrote, as far as it is told", optional=scarce))
    if len(key) == 1:
        fields.append(Guess("old_numbers", key, "the number of the post"))
    files = [n for n, column in table.profile.columns.items() if re.search(_FILES, folded(n)) and column.filled]
    if files:
        fields.append(Guess("attachments", (files[0],), f"{table.column(files[0]).filled} posts have some"))
    return tuple(fields)


def _event(fields: tuple[Guess, ...], authors: tuple[str, ...], key: tuple[str, ...]) -> EventGuess:
    by_field = {guess.field: guess for guess in fields}
    told = [Guess("actor", authors[:1], "")]
    if at := by_field.get("submitted_at"):
        told.insert(0, Guess("occurred_at", at.columns, "", at.formats, optional=at.optional))
    told.append(Guess("text", by_field["text"].columns, ""))
    return EventGuess(_ANSWERS, "_complaint", key, "answer", tuple(told), (), "what the accounts wrote", ())


def _said_of_key(table: Studied, key: tuple[str, ...]) -> str:
    if len(key) > 1:
        return "no post has a number of its own; chat and time tell them apart"
    column = table.column(key[0])
    return f"{percent(column.distinct)} of {column.filled} values are different"


def _talk(table: Studied, roles: _Roles, look: LookupGuess | None, source: Source) -> Talk:
    """Who answered whom, by what each post says it answers; in chats by who wrote beside whom."""
    talk = Talk()
    called = source.labels(look.table, look.key, next(iter(look.columns))) if look else {}
    authors: dict[str, str] = {}
    answers: list[tuple[str, str]] = []
    last: dict[str, str] = {}
    for frame in source.frames(table.profile.name):
        for post in _posts(frame, roles, called):
            talk.add([(post.who, post.whom)])
            if post.key and post.who and len(authors) < _MOST:
                authors[post.key] = post.who
            if post.parent and post.who and not post.whom and len(answers) < _MOST:
                answers.append((post.who, post.parent))
            if post.chat and post.who:
                talk.add([(post.who, last.get(post.chat))])
                last[post.chat] = post.who
    talk.add((who, authors.get(parent)) for who, parent in answers)
    return talk


@dataclass(frozen=True)
class _Post:
    who: str | None
    whom: str | None
    key: str | None
    parent: str | None
    chat: str | None


def _posts(frame: pd.DataFrame, roles: _Roles, called: Mapping[str, str]) -> Iterator[_Post]:
    def cells(role: str) -> list[str | None]:
        name = roles[role]
        if not name or name not in frame:
            return [None] * len(frame)
        return frame[name].astype(object).where(frame[name].notna() & frame[name].ne(""), None).tolist()

    columns = map(cells, ("name", "number", "whom", "key", "reply_to", "referenced", "conversation", "chat"))
    for name, number, whom, key, reply, referenced, conversation, chat in zip(*columns, strict=True):
        who = name or called.get(number or "") or number
        root = conversation if conversation != key else None
        yield _Post(who, whom, key, reply or _replied(referenced) or root, chat)


def _replied(referenced: str | None) -> str | None:
    """The post that X's list of references says is answered."""
    try:
        links = orjson.loads(referenced) if referenced else []
    except orjson.JSONDecodeError:
        return None
    found = [link for link in links if isinstance(link, dict) and link.get("type") == "replied_to"]
    return str(found[0].get("id")) if found else None
