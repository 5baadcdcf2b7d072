"""What the looks at web systems share: how they are entered and asked, what an answer is, and the sample of records."""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from connectors.archive import Cipher
from connectors.base import Context, RawTable
from connectors.http import Answer, Request, WebSession
from connectors.peek_sample import sampled
from connectors.peek_types import Declared, Found, FoundTable
from schemas.web_sources import HtmlSource, RestSource

PER_SECOND = 2.0
PAGES = 5  # of an API, for the sample
REFUSED = frozenset({400, 401, 403, 404, 405, 410, 419, 422})
_SECRET = re.compile(r"token|key|secret|passw|sandi|auth|sign", re.IGNORECASE)
_BROWSER = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.5"
_PROGRAM = "application/json,application/xml;q=0.9,*/*;q=0.5"
_API = re.compile(r"(?:^|[/.])(?:api|rest|graphql|json|ws)(?=[/.]|$)|\.json$", re.IGNORECASE)
_BARE = re.compile(r"(?:api|v?\d+(?:\.\d+)*|index(?:\.php)?|public|data|list|json|all|get|rest|ajax|datatables?)", re.I)


@dataclass(frozen=True)
class Access:
    """How a web system is entered and how much it is asked: secrets by name only."""

    token: str | None = None  # of the secret that holds a bearer token
    login: Mapping[str, str] = field(default_factory=dict)  # input of the login form: name of a secret
    requests: int = 20
    cipher: Cipher | None = None  # what the sample's answers are sealed with, while they lie in a temporary folder


@dataclass(frozen=True)
class Visitor:
    """A look in progress: the conversation, and what the user gave."""

    web: WebSession
    address: str
    access: Access
    secret: Callable[[str], str]

    def ask(self, url: str, accept: frozenset[int] = REFUSED) -> Answer:
        """The page at ``url``."""
        return self.web.ask(Request(url, headers={"Accept": self.wants}), accept)

    @cached_property
    def wants(self) -> str:
        """What is asked for: of an API data, of anything else what a browser shows."""
        parts = urlsplit(self.address)
        is_api = self.access.token or _API.search(f"{parts.hostname or ''}{parts.path}")
        return _PROGRAM if is_api and not self.access.login else _BROWSER


def kind_of(answer: Answer) -> str:
    """``json``, ``xml``, ``html`` or ``other``: by what the answer is, not by what it says of itself."""
    start = answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:400]
    if start[:1] in (b"{", b"["):
        return "json"
    if re.search(rb"<!doctype html|<html|<head|<body", start, re.IGNORECASE):
        return "html"
    if start.startswith(b"<?xml") or ("xml" in answer.content_type and "html" not in answer.content_type):
        return "html" if b"xhtml" in start else "xml"
    return "html" if start[:1] == b"<" else "other"


def name_of(address: str) -> str:
    """What a list at ``address`` may be called: the last word of its path that says something."""
    parts = urlsplit(address)
    said = [value for _, value in parse_qsl(parts.query) if re.fullmatch(r"[a-z_-]{4,30}", value)]
    words = [word for word in (*said, *parts.path.split("/")) if word and not _BARE.fullmatch(word)]
    plain = re.sub(r"\W+", "_", re.sub(r"\.\w{2,5}$", "", words[-1]) if words else "").strip("_")
    return plain if re.match(r"[^\W\d]", plain) else "data"


def channel_of(address: str) -> str:
    """What a channel at ``address`` may be called: the host, without what all hosts have, else the list."""
    host = urlsplit(address).hostname or ""
    if re.fullmatch(r"[\d.:]+|localhost", host):
        return name_of(address)
    return next((word for word in host.split(".") if word not in ("www", "api", "admin", "app")), host)


def refused(visitor: Visitor, answer: Answer) -> str:
    """What to do next where ``answer`` refuses. One line."""
    path, host = urlsplit(answer.url).path, visitor.web.host
    if answer.status in (401, 403, 419):
        if names := [name for name in (visitor.access.token, *visitor.access.login.values()) if name]:
            return f"{host}: refuses access ({answer.status}) at {path}; check {', '.join(sorted(set(names)))}"
        return (
            f"{host}: refuses access ({answer.status}) at {path}: it wants to know who asks; give --token NAME, the "
            "name of the secret with a bearer token (other kinds of auth: write them into the channel file)"
        )
    more = "; a list that is asked by POST has to be written by hand" if answer.status == 405 else ""
    return f"{host}: answers {answer.status} at {path}; check the address{more}"


@dataclass
class Sampled:
    """Records of a declared web system; asked for once, however often they are read."""

    reader: str
    source: Mapping[str, Any]
    tables: Sequence[str]
    access: Access
    secret: Callable[[str], str]
    requests: int

    @cached_property
    def _read(self) -> list[RawTable]:
        if self.access.cipher is None:
            raise ValueError("a sample of a web system needs a cipher")
        streams = {"all": {"table": self.tables[0], "columns": {"text": "-"}}}
        polite = {"per_second": PER_SECOND, "retries": 2}
        kind = RestSource if self.reader == "rest" else HtmlSource
        source = kind.model_validate({"reader": self.reader, **self.source, "streams": streams, "politeness": polite})
        with tempfile.TemporaryDirectory(prefix="satukanal-") as folder:
            context = Context("", Path(), self.secret)
            return sampled(source, context, self.access.cipher, Path(folder), self.requests, PAGES)[0]

    def rows(self, names: Sequence[str]) -> Iterator[RawTable]:
        """The named tables of the sample."""
        if names:
            yield from (raw for raw in self._read if raw.table in names)


def _keyed(table: str, keys: Mapping[str, str]) -> tuple[str, ...]:
    return (keys[table],) if table in keys else ()


def found(
    visitor: Visitor,
    reader: str,
    what: str,
    declared: Declared,
    tables: Sequence[str],
    problems: Sequence[str],
    encoding: str | None,
    keys: Mapping[str, str] | None = None,
) -> Found:
    """What a look gives; ``keys`` are columns that number the rows of a table. Without tables there is only what it
    says of itself.
    """
    left = max(6, visitor.access.requests - visitor.web.tally.asked)
    sample = Sampled(reader, orjson.loads(orjson.dumps(declared.source)), tables, visitor.access, visitor.secret, left)
    note = ["only first pages were asked for: rows and examples are a sample"] if tables else []
    return Found(
        reader=reader,
        format=what,
        encoding=encoding,
        place=visitor.address.split("#")[0],
        name=next((one for one in (channel_of(visitor.address), *tables) if one != "data"), "data"),
        tables=[FoundTable(one, None, (), _keyed(one, keys or {})) for one in tables],
        rows=sample.rows,
        problems=[*problems, *note],
        web=declared,
    )
