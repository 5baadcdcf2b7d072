"""Asks a web system and archives each answer as it came, so that nothing is asked for twice that need not be.

What a killed load left is taken from its archive; what did not change since the load before is not sent again. Every
request is accounted for: an object tells how many attempts it took, and ``requests.json`` what was asked for besides.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson

from connectors.archive import Archive, ArchiveWriter, Entry
from connectors.base import Context
from connectors.http import Answer, Request, WebSession

TAKEN_HOURS = 24.0  # what a killed load left may be as old as this
REQUESTS = "requests.json"
_NOT_MODIFIED = 304

Ask = Callable[[Request, Collection[int]], Answer]


class Recorder:
    """Between a reader and the archive that it fills. ``ask`` is how the reader asks, by default through ``web``."""

    def __init__(self, web: WebSession, archive: ArchiveWriter, context: Context, ask: Ask | None = None) -> None:
        self._web, self._archive, self._ask = web, archive, ask or web.ask
        self._since = datetime.now(UTC) - timedelta(hours=TAKEN_HOURS)
        self._last = context.last
        self._before = _by_request(context.last) if context.last else {}
        self._archived = self._taken = self._unchanged = 0

    def ask(
        self, name: str, request: Request, part: Mapping[str, str], accept: Collection[int] = (), *, fresh: bool = False
    ) -> Answer:
        """The answer to ``request``, archived as the object ``name``, whose origin also says ``part``.

        With ``fresh`` it is asked for in any case. Raises as ``WebSession.ask``.
        """
        left = None if fresh else self._archive.left(name)
        if left and _is_answer_to(left, request) and datetime.fromisoformat(left.fetched_at) >= self._since:
            self._taken += 1
            return _answer(left, self._archive.take(left))
        known = None if fresh else self._before.get(_named(request))
        if known is not None:
            request = replace(request, headers={**request.headers, **_conditions(known)})
        answer = self._ask(request, {*accept, _NOT_MODIFIED} if known else accept)
        self._archived += len(answer.attempts)
        origin = answer.origin | _identity(request, answer) | dict(part)
        if len(answer.attempts) > 1:
            origin["attempts"] = "; ".join(answer.attempts)
        if known is not None and self._last is not None and answer.status == _NOT_MODIFIED:
            self._unchanged += 1
            body = self._last.read(known.name)
            before = {key: known.origin[key] for key in _KEPT if key in known.origin}
            self._archive.write(name, [body], origin | before | {"unchanged_since": known.fetched_at})
            return replace(_answer(known, body), url=answer.url, attempts=answer.attempts)
        self._archive.write(name, [answer.body], origin)
        return answer

    def finish(self) -> None:
        """Archive the account of all requests of this session; ``others`` are logins and pages that are not kept."""
        asked = self._web.tally.asked
        told = {
            "asked": asked,
            "for_objects": self._archived,
            "others": asked - self._archived,
            "taken_from_a_killed_load": self._taken,
            "not_modified": self._unchanged,
        }
        self._archive.write(REQUESTS, [orjson.dumps(told)], {"part": "requests"})


_KEPT = ("status", "content_type", "etag", "last_modified")


def _named(request: Request) -> tuple[str, str, str]:
    return request.method, request.url, _digest(request)


def _digest(request: Request) -> str:
    """What stands for a body that is sent along; empty where there is none."""
    if request.form is None and request.document is None:
        return ""
    sent = orjson.dumps([dict(request.form or {}), request.document], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(sent).hexdigest()[:16]


def _identity(request: Request, answer: Answer) -> dict[str, str]:
    """What of a request its answer does not say: an address that led on, and the body."""
    told = {"asked": request.url} if request.url != answer.url else {}
    if request.method != answer.method:
        told["asked_by"] = request.method
    return told | ({"sent": digest} if (digest := _digest(request)) else {})


def _identified(entry: Entry) -> tuple[str, str, str]:
    origin = entry.origin
    return (
        origin.get("asked_by", origin.get("method", "")),
        origin.get("asked", origin.get("url", "")),
        origin.get("sent", ""),
    )


def _is_answer_to(entry: Entry, request: Request) -> bool:
    return _identified(entry) == _named(request)


def _by_request(archive: Archive) -> dict[tuple[str, str, str], Entry]:
    """Answers of the load before that have something to ask by whether they changed."""
    return {_identified(e): e for e in archive.entries if "etag" in e.origin or "last_modified" in e.origin}


def _conditions(entry: Entry) -> dict[str, str]:
    named = {"If-None-Match": "etag", "If-Modified-Since": "last_modified"}
    return {header: entry.origin[key] for header, key in named.items() if key in entry.origin}


def _answer(entry: Entry, body: bytes) -> Answer:
    origin = entry.origin
    return Answer(
        origin.get("method", "GET"), origin.get("url", ""), int(origin.get("status", "200")),
        origin.get("content_type", ""), body, origin.get("etag", ""), origin.get("last_modified", ""),
    )  # fmt: skip
