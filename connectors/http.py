"""The way to an old web system: polite, bounded, and never off the declared address.

One ``WebSession`` talks to one scheme, host and port. Every request has a time-out, waits its turn, counts against the
budget and is asked again only where that is safe. TLS is always verified. A proxy or an own certificate authority is
taken from the machine's settings, as by any other program. What an answer means is left to the readers.
"""

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit
from zoneinfo import ZoneInfo

import requests
from requests.auth import AuthBase
from urllib3.exceptions import DecodeError, InvalidHeader, MaxRetryError, ProtocolError, ReadTimeoutError, SSLError
from urllib3.util import Retry

from connectors.base import ChannelError, Context, Paused, RetryError, RunError
from schemas.web_sources import Politeness

BUSY = frozenset({429, 500, 502, 503, 504})  # may be better in a moment
MOST_BYTES = 256 << 20  # of one answer
SLOWEST = 10  # times the time-out: an answer that trickles longer is given up
PATIENCE_SECONDS = 300.0  # a system that asks for a longer pause is asked again by another run
HOPS = 5  # redirects that one request may take
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PIECE = 1 << 16
DEFAULT_PORTS = {"http": 80, "https": 443}


class BudgetSpent(Paused):
    """As many requests were sent as the channel file allows."""


class TooLarge(ChannelError):
    """An answer holds more bytes than are wanted."""


@dataclass(frozen=True)
class Request:
    """What is asked for. A form is sent as browsers do, a document as JSON.

    One that is ``repeatable`` changes nothing at the other side, and is sent again where no answer came.
    """

    url: str
    method: str = "GET"
    form: Mapping[str, str] | None = None
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


@dataclass(frozen=True)
class Answer:
    """One answer, read whole. ``url`` is the address that answered in the end; the body is free of transfer coding.

    ``attempts`` tells each request that it took: statuses, and in words what came instead of one.
    """

    method: str
    url: str
    status: int
    content_type: str
    body: bytes
    etag: str = ""
    last_modified: str = ""
    attempts: tuple[str, ...] = ()

    @property
    def origin(self) -> dict[str, str]:
        """Where the body came from, for the archive's manifest. Holds no header that was sent, so no secret."""
        told = {
            "method": self.method,
            "url": self.url,
            "status": str(self.status),
            "content_type": self.content_type,
        }
        found = {"etag": self.etag, "last_modified": self.last_modified}
        return told | {name: value for name, value in found.items() if value}


@dataclass
class Tally:
    """Every request of one session, as it ended."""

    asked: int = 0
    attempts: list[str] = field(default_factory=list)  # since ``settle`` was called last

    def note(self, what: str) -> None:
        """One request: the status that answered, or in words what came instead."""
        self.attempts.append(what)

    def settle(self) -> tuple[str, ...]:
        """What was noted since the last call."""
        noted, self.attempts = tuple(self.attempts), []
        return noted


class Anonymous(AuthBase):
    """No credentials; said aloud, so that requests does not look for some in the machine's netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave ``request`` as it is."""
        return request


class Bearer(AuthBase):
    """A bearer token. ``name`` is that of its secret, for messages."""

    def __init__(self, name: str, token: str) -> None:
        """Raises ``ChannelError`` for a token that cannot stand in a header; the token itself is not shown."""
        self._token = token.strip()
        if not self._token or not self._token.isascii() or not self._token.isprintable():
            raise ChannelError(f"secret {name}: is no token; it must be one line of ASCII characters")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to ``request``."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Turns:
    """When each host may be asked next: all sessions of this process take turns, whatever channel they serve."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, host: str, seconds: float) -> None:
        """Wait for the next turn with ``host``; the one after it comes ``seconds`` later."""
        with self._lock:
            turn = max(time.monotonic(), self._next.get(host, 0.0))
            self._next[host] = turn + seconds
        time.sleep(max(0.0, turn - time.monotonic()))


_TURNS = _Turns()


class WebSession:
    """A conversation with one scheme, host and port. Use it in a ``with`` block."""

    def __init__(
        self,
        url: str,
        politeness: Politeness,
        context: Context,
        auth: AuthBase,
        *,
        wants: str,
        secrets: Sequence[str] = (),
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Nothing is asked yet. ``wants`` is a media type; ``secrets`` names what to check when the system refuses.

        An answer of more than ``most_bytes`` is not read to its end: ``TooLarge``.

        Raises ``ChannelError`` or ``RunError`` for an address that cannot be used.
        """
        self._base = _base(url, context.address)
        self._here = _place(self._base)
        self.host = "{}://{}".format(*urlsplit(self._base)[:2])
        self._politeness, self._secrets = politeness, tuple(secrets)
        self.tally = Tally()
        self._most_bytes, self._zone = most_bytes, context.zone
        contact = " ".join(politeness.contact.split()).encode("ascii", "replace").decode()
        self._session = requests.Session()
        self._session.auth = auth
        self._session.trust_env = urlsplit(self._base).hostname not in LOOPBACK  # no proxy leads to this machine
        self._session.headers["Accept"] = wants
        self._session.headers["User-Agent"] = f"satukanal/{version('satukanal')} (+{contact})"
        self._retry = Retry(
            total=politeness.retries,
            allowed_methods={"GET"},
            status_forcelist=BUSY,
            backoff_factor=politeness.backoff_seconds,
            backoff_max=60,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation."""
        self._session.close()

    def at(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address of ``path`` below the source's address."""
        url = f"{self._base}/{path.removeprefix('/')}"
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url

    def follow(self, page: str, link: str) -> str:
        """The address that ``link`` on ``page`` leads to. Raises ``ChannelError`` if it leaves the declared place."""
        try:
            url = urldefrag(urljoin(page, link.strip())).url
            place = _place(url)
        except ValueError as error:
            raise ChannelError(f"{self.host}: holds a link that is no web address; check the selector") from error
        if place != self._here:
            where = "{}://{}:{}".format(*place)
            raise ChannelError(f"{self.host}: leads away, to {where}; if that is right, declare it as url")
        return url

    def forget(self) -> None:
        """Drop all cookies, so that the next page is seen as a stranger sees it."""
        self._session.cookies.clear()

    def get(self, url: str, accept: Collection[int] = ()) -> Answer:
        """The page at ``url``. Raises as ``ask``."""
        return self.ask(Request(url), accept)

    def post(self, url: str, fields: Mapping[str, str], accept: Collection[int] = ()) -> Answer:
        """Send a form, once, and follow to the page that answers. Raises as ``ask``."""
        return self.ask(Request(url, "POST", fields, repeatable=False), accept)

    def ask(self, request: Request, accept: Collection[int] = ()) -> Answer:
        """What answers ``request``, redirects followed; a status of ``accept`` is an answer too.

        Raises ``RetryError`` where the system is away or busy after all attempts, ``ChannelError`` where it refuses.
        """
        for _ in range(HOPS + 1):
            response = self._send(request)
            target = self._session.get_redirect_target(response)
            if target is None:
                self._judge(response.status_code, accept)
                return self._answer(request, response)
            url = self.follow(request.url, target)
            request = replace(request, url=url) if response.status_code in (307, 308) else Request(url)
        raise ChannelError(f"{self.host}: redirects in a circle; does the account have the rights it needs?")

    def _answer(self, request: Request, response: requests.Response) -> Answer:
        headers = response.headers
        return Answer(
            request.method,
            request.url,
            response.status_code,
            headers.get("Content-Type", ""),
            response.content,
            headers.get("ETag", ""),
            headers.get("Last-Modified", ""),
            self.tally.settle(),
        )

    def _send(self, request: Request) -> requests.Response:
        retry = self._retry
        while True:
            response, problem = self._attempt(request)
            self.tally.note(problem or str(response.status_code if response is not None else ""))
            if response is not None:
                asks_to_wait = response.status_code in BUSY
                if not asks_to_wait:
                    return response
                problem = f"answers {response.status_code}"
            if not request.repeatable:
                raise RetryError(f"{self.host}: {problem}; try again later")
            try:
                retry = retry.increment("GET", request.url, response=response.raw if response is not None else None)
            except MaxRetryError as error:
                times = self._politeness.retries + 1
                raise RetryError(
                    f"{self.host}: {problem} (asked {times} times); does it run? Try again later"
                ) from error
            self._pause(retry, response)

    def _attempt(self, request: Request) -> tuple[requests.Response | None, str]:
        """One request: its answer, or in words why there is none that could be better in a moment."""
        self._take_turn()
        limit = self._politeness.timeout_seconds
        try:
            with self._session.request(
                request.method, request.url, data=request.form, json=request.document, headers=dict(request.headers),
                timeout=limit, allow_redirects=False, stream=True,
            ) as response:  # fmt: skip
                return self._read(response, time.monotonic() + SLOWEST * limit), ""
        except requests.exceptions.SSLError as error:
            raise ChannelError(f"{self.host}: its TLS certificate is not trusted; have the owner renew it") from error
        except requests.Timeout:
            return None, f"does not answer within {limit:g} s"
        except requests.ConnectionError:
            return None, "cannot be reached, or breaks the connection off"
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            return None, "gives an answer that is cut off or garbled"
        except requests.RequestException as error:
            raise ChannelError(f"{self.host}: cannot be asked ({type(error).__name__}); check the url") from error

    def _read(self, response: requests.Response, deadline: float) -> requests.Response:
        """``response`` with its body, which is neither endless nor trickles for ever."""
        body = bytearray()
        while piece := self._piece(response):
            body += piece
            if len(body) > self._most_bytes:
                raise TooLarge(f"{self.host}: an answer holds more than {self._most_bytes >> 20} MB")
            if time.monotonic() > deadline:
                raise requests.Timeout
        response._content = bytes(body)  # where requests keeps it when it reads by itself
        return response

    @staticmethod
    def _piece(response: requests.Response) -> bytes:
        """What has come so far, without waiting for more; empty at the end. Raises as ``requests`` does."""
        try:
            return bytes(response.raw.read1(_PIECE, decode_content=True))
        except DecodeError as error:
            raise requests.exceptions.ContentDecodingError(error) from error
        except ReadTimeoutError as error:
            raise requests.Timeout(error) from error
        except (ProtocolError, SSLError) as error:
            raise requests.ConnectionError(error) from error

    def _take_turn(self) -> None:
        polite = self._politeness
        if self.tally.asked >= polite.max_requests:
            raise BudgetSpent(
                f"{self.host}: more than {polite.max_requests} requests; raise politeness.max_requests if the system "
                "is that large, or run again: what was read is not asked for twice"
            )
        if quiet := polite.is_quiet(datetime.now(ZoneInfo(self._zone))):
            raise Paused(f"{self.host}: may not be asked from {quiet} (politeness.quiet_hours); run after that")
        self.tally.asked += 1
        _TURNS.wait(self.host, 1 / polite.per_second)

    def _pause(self, retry: Retry, response: requests.Response | None) -> None:
        """Wait as long as the system asks for, else longer from attempt to attempt."""
        try:
            asked_for = retry.get_retry_after(response.raw) if response is not None else None
        except InvalidHeader:
            asked_for = None
        if asked_for is not None and asked_for > PATIENCE_SECONDS:
            raise RetryError(f"{self.host}: asks to come back in {asked_for:.0f} s; run again then")
        time.sleep(retry.get_backoff_time() if asked_for is None else asked_for)

    def _judge(self, status: int, accept: Collection[int]) -> None:
        if status < 400 or status in accept:
            return
        if status in (401, 403):
            check = f"check {_secrets(self._secrets)}" if self._secrets else "a login may be needed"
            raise ChannelError(f"{self.host}: refuses access ({status}); {check}")
        if status in BUSY:
            raise RetryError(f"{self.host}: answers {status}; try again later")
        raise ChannelError(f"{self.host}: answers {status}; check the paths in the channel file")


def _secrets(names: Sequence[str]) -> str:
    return f"secret{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _base(url: str, address: str | None) -> str:
    """``url``, with scheme, host and port of ``address`` if there is one."""
    try:
        _place(url)
        parts = urlsplit(url)
    except ValueError as error:
        raise ChannelError("url: is no web address, or holds a password (that belongs in a secret)") from error
    if address is not None:
        try:
            _place(address)
        except ValueError as error:
            raise RunError("the address that replaces the url is none; write it as http://127.0.0.1:8711") from error
        parts = parts._replace(scheme=urlsplit(address).scheme, netloc=urlsplit(address).netloc)
    return parts._replace(query="", fragment="").geturl().rstrip("/")


def same_place(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common; False for what is no web address."""
    try:
        return _place(one) == _place(other)
    except ValueError:
        return False


def _place(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, comparable. Raises ``ValueError`` for what is no web address, or holds a password."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("is no web address")
    if parts.username or parts.password:
        raise ValueError("holds a password")
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme]
