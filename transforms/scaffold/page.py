"""Lines of YAML with comments in a column of their own, and values as YAML takes them in one line."""

import json
import re
from collections.abc import Iterable, Mapping

_PLAIN = re.compile(r"_?[^\W\d_][\w /.()-]*[\w)]|_?[^\W\d_]")
BLOCK = re.compile(r"_?[^\W\d_/][\w /.()>,!*-]*[\w)!*]|/[\w/.*-]+")  # where commas part nothing
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n", "ya", "tidak", "nan", "inf"])
_AT = 56  # column in which comments begin


def quoted(text: str, known: re.Pattern[str] = _PLAIN) -> str:
    """``text`` as a YAML scalar; without quotes where it fits ``known``."""
    if known.fullmatch(text) and text.casefold() not in _WORDS and "  " not in text and ": " not in text:
        return text
    return re.sub(
        r"[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff]",
        lambda m: f"\\u{ord(m[0]):04x}",
        json.dumps(text, ensure_ascii=False),
    )


def listed(texts: Iterable[str]) -> str:
    """A list in one line."""
    return "[" + ", ".join(quoted(t) for t in texts) + "]"


class Page:
    """Lines with comments in a column of their own."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def put(self, depth: int, text: str, comment: str = "") -> None:
        """One line, ``depth`` steps in."""
        line = "  " * depth + text
        self._lines.append(f"{line:<{_AT}} # {one_line(comment)}" if comment else line)

    def note(self, depth: int, text: str) -> None:
        """A line that is nothing but a comment."""
        self._lines.append("  " * depth + "# " + one_line(text))

    def gap(self) -> None:
        """An empty line."""
        self._lines.append("")

    def text(self) -> str:
        """The whole page."""
        return "\n".join(line.rstrip() for line in self._lines) + "\n"


def one_line(text: str) -> str:
    """``text`` without line breaks and signs that steer a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def flow(value: object) -> str:
    """A value in one line: texts, numbers, lists and mappings of them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)
