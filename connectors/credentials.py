"""How a request to an API shows who asks: what stands in headers and addresses, and how a token is got and renewed.

A secret stands in no text of an error. A key that is sent in the query is taken out of every address that is kept.
"""

import base64
import time
from dataclasses import replace
from typing import Any, assert_never
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from requests.auth import AuthBase

from connectors.base import ChannelError, Context
from connectors.http import Anonymous, Bearer, Request, WebSession, same_place
from connectors.json_records import dig
from connectors.rest_body import read_document, seen_keys
from schemas.web_auth import ApiKeyAuth, BasicAuth, BearerAuth, ClientCredentials, LoginAuth, LoginCall, OAuthAuth
from schemas.web_sources import RestSource

_EARLY = 0.9  # of the time that a token is good for: it is renewed before it ends
_REFUSED = frozenset({400, 401, 403, 404, 422})


class Credentials(AuthBase):
    """What is added to each request; by default what ``auth`` adds. ``link`` is the header Link that came last."""

    renews = False  # whether ``enter`` can get what a refused request lacked

    def __init__(self, auth: AuthBase) -> None:
        self._auth = auth
        self.link = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add to ``request`` what shows who asks."""
        request.hooks["response"].append(self._note)
        return self._auth(request)

    def _note(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self.link = response.headers.get("Link", "")

    def enter(self, web: WebSession) -> None:
        """Get a token where one is needed. Raises as ``WebSession.ask``."""

    def ready(self, web: WebSession) -> None:
        """``enter`` where there is no token yet, or it is about to end."""

    def clean(self, url: str) -> str:
        """``url`` without what is secret."""
        return url


class Token(Credentials):
    """A token that a call answers; ``requested`` makes that call."""

    renews = True

    def __init__(self, source: RestSource, call: LoginCall | ClientCredentials, context: Context) -> None:
        """Nothing is asked yet. Raises ``RunError`` for a secret that is not set."""
        super().__init__(Anonymous())
        self._source, self._call, self._context = source, call, context
        self._names = source.secrets()
        self._values = {name: context.secret(name) for name in self._names}
        self._until = 0.0

    def ready(self, web: WebSession) -> None:
        """``enter`` where there is no token yet, or it is about to end."""
        if time.monotonic() >= self._until:
            self.enter(web)

    def enter(self, web: WebSession) -> None:
        """Ask for a token. Raises ``ChannelError`` where none is given, else as ``WebSession.ask``."""
        self._auth = Anonymous()
        request, path = self._requested(web)
        elsewhere = _elsewhere(self._source, self._call, self._context)
        if elsewhere is None:
            answer = web.ask(request, _REFUSED)
        else:
            elsewhere.tally = web.tally  # counted as one conversation
            with elsewhere:
                answer = elsewhere.ask(request, _REFUSED)
        check = f"check secrets {', '.join(self._names)}"
        if answer.status in _REFUSED:
            raise ChannelError(f"{web.host}: gives no token ({answer.status}); {check}")
        try:
            document, _ = read_document(answer.body, frozenset())
        except ChannelError as error:
            raise ChannelError(f"{web.host}: gives no token: {error}; check the path of the call") from error
        token = dig(document, path)
        if isinstance(token, int) and not isinstance(token, bool):
            token = str(token)
        if not isinstance(token, str) or not token.strip():
            raise ChannelError(f"{web.host}: gives no token at {path!r}, {seen_keys(document)}; {check}")
        self._auth = self._carried(token)
        lasts = dig(document, "expires_in")
        is_told = isinstance(lasts, int | float) and not isinstance(lasts, bool) and lasts > 0
        self._until = time.monotonic() + lasts * _EARLY if is_told else float("inf")

    def _requested(self, web: WebSession) -> tuple[Request, str]:
        call = self._call
        if isinstance(call, LoginCall):
            fields = call.plain | {field: self._values[name] for field, name in call.fields.items()}
            url = _own_address(call.path, self._source, web)
            as_form = call.send == "form"
            return Request(url, "POST", fields if as_form else None, None if as_form else fields), call.token
        pair = {"client_id": self._values[call.client_id], "client_secret": self._values[call.client_secret]}
        form = {"grant_type": "client_credentials"} | ({"scope": call.scope} if call.scope else {})
        headers = {}
        if call.client_in == "basic":
            headers["Authorization"] = _basic(pair["client_id"], pair["client_secret"])
        else:
            form |= pair
        return Request(_token_url(call.token, self._source, web), "POST", form, headers=headers), call.at

    def _carried(self, token: str) -> AuthBase:
        if isinstance(self._call, LoginCall):
            return _Header(self._names[-1], self._call.header, token.strip(), self._call.prefix)
        return Bearer(self._names[-1], token)


class QueryKey(Credentials):
    """A key in the query of each address."""

    def __init__(self, parameter: str, key: str) -> None:
        super().__init__(Anonymous())
        self._parameter, self._key = parameter, key.strip()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to the address that is asked for."""
        request.prepare_url(self.clean(request.url or ""), {self._parameter: self._key})
        return super().__call__(request)

    def clean(self, url: str) -> str:
        """``url`` without the parameter of the key, and without the key wherever else it stands."""
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if name != self._parameter and value != self._key]
        return parts._replace(query=urlencode(kept)).geturl() if len(kept) < len(pairs) else url


class _Header(AuthBase):
    """A secret in a header of its own."""

    def __init__(self, name: str, header: str, value: str, prefix: str = "") -> None:
        self._header, self._value = header, prefix + value
        if not value or not self._value.isascii() or not self._value.isprintable():
            raise ChannelError(f"secret {name}: cannot stand in a header; it must be one line of ASCII characters")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._value
        return request


def credentials_of(source: RestSource, context: Context) -> Credentials:
    """What shows who asks. Raises ``RunError`` for a secret that is not set, ``ChannelError`` for a bad one."""
    auth = source.auth
    match auth:
        case None:
            return Credentials(Anonymous())
        case BearerAuth():
            return Credentials(Bearer(auth.bearer, context.secret(auth.bearer)))
        case BasicAuth():
            user, password = (context.secret(name) for name in auth.secrets())
            return Credentials(_Header(auth.basic.password, "Authorization", _basic(user, password)))
        case ApiKeyAuth():
            key = context.secret(auth.api_key)
            if auth.query is not None:
                return QueryKey(auth.query, key)
            return Credentials(_Header(auth.api_key, auth.header or "X-API-Key", key.strip()))
        case OAuthAuth():
            return Token(source, auth.oauth2, context)
        case LoginAuth():
            return Token(source, auth.login, context)
        case _:
            assert_never(auth)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _elsewhere(source: RestSource, call: LoginCall | ClientCredentials, context: Context) -> WebSession | None:
    """A session with the host that gives tokens, if it is another than the source's."""
    if isinstance(call, LoginCall) or "://" not in call.token or same_place(call.token, source.url):
        return None
    apart = replace(context, address=None)
    return WebSession(call.token, source.politeness, apart, Anonymous(), wants="application/json")


def _own_address(path: str, source: RestSource, web: WebSession) -> str:
    """The whole address of ``path`` below the source's, whatever ``web`` began with."""
    return f"{web.host}{urlsplit(source.url).path.rstrip('/')}/{path.removeprefix('/')}"


def _token_url(token: str, source: RestSource, web: WebSession) -> str:
    if "://" not in token:
        return _own_address(token, source, web)
    return urljoin(web.host, urlsplit(token).path) if same_place(token, source.url) else token
