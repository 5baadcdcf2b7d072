"""Cleans words: mojibake, entities, tags, invisible characters, blanks.

What a citizen wrote stays what it is; only what machines did to it is taken back. Emoji stay, letters are composed
(NFC). Sources of the rules: the faults of real exports listed in the domain notes (latin1 tables, double-escaped HTML).
"""

import html
import re
import unicodedata

import ftfy

from transforms.normalise.values import Outcome

_MOST_ROUNDS = 8  # each round undoes one more layer; real exports have up to three
_ESCAPED_AND = re.compile(r"&(?:amp;)+")
_BREAK = re.compile(r"<(?:br\s*/?|/p|/div|/li|/tr)\s*>", re.IGNORECASE)
_NAMES = "a|b|br|body|center|div|em|font|h[1-6]|head|hr|html|i|img|li|ol|p|pre|script|small|span|strong|style|sub|sup"
_TAG = re.compile(rf"</?(?:{_NAMES}|table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_LINE_END = re.compile("\r\n?|[\u2028\u2029\x85]")
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_INVISIBLE = re.compile(  # a joiner between two emoji makes one emoji of them, and stays
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
    f"|(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"
)
_BLANKS = re.compile("[ \t\x0b\x0c\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_AROUND_LINE_END = re.compile(r" ?\n[ \n]*")
_SUSPECT = re.compile(r"[^\n -~]|[&<>]|  | \n|\n[ \n]")


def clean_text(value: str) -> Outcome:
    """Text of several lines: blanks folded, line ends a single newline. None if nothing is left."""
    text, rules = _clean(value)
    fault = "mojibake_repaired" if "mojibake" in rules else None
    return Outcome(text or None, fault, "+".join(rules) or "blanks")


def clean_line(value: str) -> Outcome:
    """Text of one line: as ``clean_text``, with line ends folded to blanks."""
    outcome = clean_text(value)
    if outcome.value is None:
        return outcome
    return Outcome(outcome.value.replace("\n", " "), outcome.fault, outcome.rule)


def is_readable(text: str) -> bool:
    """Whether a text says anything: it holds a letter or a digit of any script."""
    return any(c.isalnum() for c in text)


def _clean(value: str) -> tuple[str, list[str]]:
    text = value.strip()
    if not _SUSPECT.search(text):
        return text, []
    rules: list[str] = []
    for _ in range(_MOST_ROUNDS):
        before = text
        for rule, step in _STEPS:
            after = step(text)
            if after != text:
                text = after
                if rule not in rules:
                    rules.append(rule)
        if text == before:
            break
    return text, rules


def _mojibake(text: str) -> str:
    return text if text.isascii() else str(ftfy.fix_encoding(text))


def _entities(text: str) -> str:
    return html.unescape(_ESCAPED_AND.sub("&", text)) if "&" in text else text


def _tags(text: str) -> str:
    return _TAG.sub("", _BREAK.sub("\n", text)) if "<" in text else text


def _unicode(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _invisible(text: str) -> str:
    return _INVISIBLE.sub("", _LINE_END.sub("\n", text))


def _blanks(text: str) -> str:
    return _AROUND_LINE_END.sub("\n", _BLANKS.sub(" ", text)).strip()


_STEPS = (
    ("mojibake", _mojibake),
    ("entities", _entities),
    ("tags", _tags),
    ("invisible", _invisible),
    ("unicode", _unicode),
    ("blanks", _blanks),
)
