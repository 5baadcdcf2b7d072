"""Asks an API for one answer after another: with credentials, archived as they came, and again where one is unsound.

An answer that is cut off, a web page, or a document of another form is archived beside the sound one, as ``broken``.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.archive import ArchiveWriter
from connectors.base import ChannelError, Context, RetryError
from connectors.credentials import Credentials
from connectors.http import Answer, Request, WebSession
from connectors.recorder import Recorder
from connectors.rest_body import Garbled, Refusal, read_document
from connectors.rest_paging import linked
from schemas.web_sources import RestSource

BROKEN = "broken"
GONE = frozenset({404, 410})
_UNKNOWN = 401

Judge = Callable[[Any], None]  # raises ``Refusal`` for a document that is not what was asked for


@dataclass(frozen=True)
class Got:
    """One answer with its document, and the address of the next page by its header."""

    answer: Answer
    document: Any
    next: str


class Asking:
    """One conversation with one API, and the archive that it fills."""

    def __init__(
        self, source: RestSource, web: WebSession, credentials: Credentials, archive: ArchiveWriter, context: Context
    ) -> None:
        self.web, self.credentials, self._archive = web, credentials, archive
        self._tries = source.politeness.retries + 1
        self._recorder = Recorder(web, archive, context, self._sound)
        self._name, self._part, self._lists, self._by_header = "", dict[str, str](), frozenset[str](), False
        self._judge: Judge = lambda _: None
        self._judged: tuple[bytes, Any] | None = None

    def ask(
        self,
        name: str,
        request: Request,
        part: Mapping[str, str],
        judge: Judge,
        *,
        lists: frozenset[str] = frozenset(),
        accept: Collection[int] = (),
        by_header: bool = False,
    ) -> Got:
        """What answers ``request``, archived as ``name``. With a status of ``accept`` it has no document.

        It is asked for again while ``judge`` refuses it. With ``by_header`` the way on is read from the header Link and
        kept in the object's origin. Raises as ``WebSession.ask``, ``RetryError`` for what stays garbled, and
        ``ChannelError`` for what is of another form.
        """
        left = self._archive.left(name) if by_header else None
        self._name, self._part, self._judge, self._lists = name, dict(part), judge, lists
        self._by_header, self._judged = by_header, None
        request = replace(request, url=self.credentials.clean(request.url))
        before = self.web.tally.asked
        answer = self._recorder.ask(name, request, self._part, accept)
        if answer.status in accept:
            return Got(answer, None, "")
        taken = left.origin.get("next", "") if left and self.web.tally.asked == before else None
        try:
            return Got(answer, self._document(answer), self._part.get("next", "") if taken is None else taken)
        except (Garbled, Refusal) as fault:  # what was archived before was sound by another channel file
            raise self._final(fault, answer, 0) from fault

    def below(self, page: str, link: str) -> str:
        """The whole address of ``link`` on ``page``. Raises ``ChannelError`` where it leaves what was declared."""
        url = self.credentials.clean(self.web.follow(page, link))
        base = urlsplit(self.web.at("")).path
        path = unquote(urlsplit(url).path)
        if not f"{path}/".startswith(base) or ".." in path.split("/"):
            raise ChannelError(f"{self.web.host}: leads to a next page that is not below {base}; see url")
        return url

    def finish(self) -> None:
        """Archive the account of all requests."""
        self._recorder.finish()

    def _document(self, answer: Answer) -> Any:
        if self._judged is None or self._judged[0] is not answer.body:
            document, _ = read_document(answer.body, self._lists)
            self._judge(document)
            self._judged = answer.body, document
        return self._judged[1]

    def _sound(self, request: Request, accept: Collection[int]) -> Answer:
        """The first sound answer to ``request``; what came before it is archived as broken."""
        if self._by_header:
            request = replace(request, headers={})  # an answer that nothing changed need not tell the way on
        attempts: tuple[str, ...] = ()
        for tried in range(1, self._tries + 1):
            answer = self._entered(request, accept)
            attempts += answer.attempts
            if answer.status in accept:
                return replace(answer, attempts=attempts)
            try:
                self._document(answer)
            except (Garbled, Refusal) as fault:
                self._keep_broken(answer, tried, str(fault))
                if tried == self._tries:
                    raise self._final(fault, answer, tried) from fault
                if tried == 1 and self.credentials.renews and isinstance(fault, Refusal):
                    self.credentials.enter(self.web)  # some say with status 200 that the token has ended
                time.sleep(min(60.0, 0.25 * 2**tried) if tried > 1 else 0.0)
            else:
                if self._by_header:
                    self._part["next"] = self.credentials.clean(linked(self.credentials.link))
                return replace(answer, attempts=attempts)
        raise AssertionError("at least one attempt is made")

    def _entered(self, request: Request, accept: Collection[int]) -> Answer:
        """One answer; where a token has ended, with a new one."""
        credentials = self.credentials
        credentials.ready(self.web)
        refused: tuple[str, ...] = ()
        if credentials.renews:
            answer = self.web.ask(request, {*accept, _UNKNOWN})
            if answer.status != _UNKNOWN:
                return replace(answer, url=credentials.clean(answer.url))
            refused = answer.attempts
            credentials.enter(self.web)
        answer = self.web.ask(request, accept)
        return replace(answer, url=credentials.clean(answer.url), attempts=refused + answer.attempts)

    def _keep_broken(self, answer: Answer, tried: int, why: str) -> None:
        stem, _, ending = self._name.rpartition(".")
        part = dict(self._part) | {"part": BROKEN, "why": why}
        if len(answer.attempts) > 1:
            part["attempts"] = "; ".join(answer.attempts)
        self._archive.write(f"{stem}.broken-{tried}.{ending}", [answer.body], answer.origin | part)

    def _final(self, fault: ChannelError, answer: Answer, tried: int) -> Exception:
        times = f", asked {tried} times" if tried > 1 else ""
        text = f"{self.web.host}: {self._name} {fault} (status {answer.status}{times})"
        return RetryError(f"{text}; try again later") if isinstance(fault, Garbled) else ChannelError(text)
