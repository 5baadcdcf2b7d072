"""Looks into a live web system by its address: what answers, whether a login is in the way, and what lies behind it.

Asks politely, on one host, by GET; the one POST is a login form for which the user named secrets. What the answers mean
is told by ``connectors.peek_service`` and ``connectors.peek_site``; records come through the readers ``rest`` and
``html``.
"""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from requests.auth import AuthBase

from connectors import peek_visit
from connectors.base import ChannelError, Context
from connectors.http import Anonymous, Bearer, WebSession
from connectors.peek_sample import host_of
from connectors.peek_service import look_at_service
from connectors.peek_site import look_at_site
from connectors.peek_types import Found
from connectors.peek_visit import Access, Visitor, kind_of
from schemas.web_sources import Politeness

_SECRET = re.compile(r"token|key|secret|passw|sandi|auth|sign", re.IGNORECASE)


def look_at_web(address: str, secret: Callable[[str], str | None], access: Access) -> Found:
    """What answers at ``address``. What needs a login that was not given is a problem of what is found.

    Raises ``ChannelError`` for an address that is none, holds a secret or lists nothing; ``RetryError`` for one away.
    """
    _check(address)
    said = _secrets(secret)
    names = [*([access.token] if access.token else []), *sorted(set(access.login.values()))]
    auth: AuthBase = Bearer(access.token, said(access.token)) if access.token else Anonymous()
    for name in names:
        said(name)
    polite = Politeness(per_second=peek_visit.PER_SECOND, retries=2, max_requests=max(access.requests, 8))
    context = Context("", Path(), said)
    with WebSession(host_of(address), polite, context, auth, wants="*/*", secrets=names) as web:
        visitor = Visitor(web, address, access, said)
        answer = visitor.ask(address)
        if kind_of(answer) == "html":
            return look_at_site(visitor, answer)
        return look_at_service(visitor, answer)


def _check(address: str) -> None:
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise ChannelError(
            "the address holds a user or a password, which every user of this machine can see; take it out, and give "
            "--login or --token with the name of a secret"
        )
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET.search(name):
            raise ChannelError(
                f"{host_of(address)}: the address holds a secret ({name}), which every user of this machine can see; "
                "take it out, and give --token with the name of a secret"
            )


def _secrets(secret: Callable[[str], str | None]) -> Callable[[str], str]:
    def said(name: str) -> str:
        value = secret(name)
        if value is None:
            raise ChannelError(
                f"the secret {name} is not set; set SATUKANAL_SECRET_{name} or SATUKANAL_SECRET_{name}_FILE"
            )
        return value

    return said
