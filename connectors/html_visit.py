"""A stay behind a login: fills the declared form once, and once more where the session has run out.

What is asked for is left to the reader. Of the login nothing is archived, since its pages hold tokens.
"""

from collections.abc import Collection, Mapping

from bs4 import Tag

from connectors.base import ChannelError, RetryError
from connectors.http import Answer, Request, WebSession
from connectors.pages import Fault, read_cell, read_page, select
from schemas.web_sources import HtmlSource, Listing, Login

REFUSED = frozenset({400, 401, 403, 404, 419, 422})  # what a login answers to a wrong password or token
EXPIRED = frozenset({401, 419, 440})  # what some systems answer in place of a page when the session has run out
FORBIDDEN = 403  # and some this, which may also be meant


class Visit:
    """Asks for pages as one who has logged in. Nothing is asked before the first page is."""

    def __init__(self, web: WebSession, login: Login | None, values: Mapping[str, str], check: str = "") -> None:
        """``values`` are what is typed into the form's inputs; ``check`` is the path of a page behind the login."""
        self.web = web
        self._login, self._values = login, values
        self._check = (login.check if login else None) or check
        self._entered = login is None
        self._forbids = False  # the page before this one was forbidden, and a login did not change that
        self._strays = False  # pages lead to others that do not show success, and a login does not change that

    def log_in(self) -> None:
        """Fill the declared form. Raises ``ChannelError`` if that does not lead behind the login."""
        if self._login is None:
            return
        self.web.forget()
        answer = self.web.get(self.web.at(self._login.path))
        page, _ = read_page(answer.body, answer.content_type)
        form = _form(page, self._login)
        if form is None:
            inputs = ", ".join(self._login.fields)
            raise ChannelError(f"{self.web.host}: no form {self._login.form!r} with {inputs} at {self._login.path}")
        target = self.web.follow(answer.url, str(form.get("action") or answer.url))
        if not self._leads_inside(target, _given(form) | self._token(page) | dict(self._values), self._login):
            secrets = ", ".join(sorted(set(self._login.fields.values())))
            raise ChannelError(f"{self.web.host}: login refused; check secrets {secrets}")
        self._entered = True

    def page(self, url: str, accept: Collection[int] = ()) -> Answer:
        """The page at ``url``. Raises as ``ask``."""
        return self.ask(Request(url), accept)

    def ask(self, request: Request, accept: Collection[int] = ()) -> Answer:
        """What answers ``request`` behind the login. Raises as ``WebSession.ask``, and ``ChannelError`` if the session
        does not last.
        """
        if not self._entered:
            self.log_in()
        if self._login is None:
            return self.web.ask(request, accept)
        answer = self.web.ask(request, {*accept, *EXPIRED, FORBIDDEN})
        self._forbids = self._forbids and answer.status == FORBIDDEN and FORBIDDEN in accept
        if self._has_ended(request, answer, accept):
            self.log_in()
            answer = self.web.ask(request, accept)
            self._forbids = answer.status == FORBIDDEN
            self._strays = self._is_astray(request, answer)
            if self._is_outside(request, answer):
                raise ChannelError(
                    f"{self.web.host}: asks for the login again right after it; may the account see this?"
                )
        return answer

    def _leads_inside(self, target: str, typed: Mapping[str, str], login: Login) -> bool:
        """Whether the form, sent to ``target``, opens the door: its answer says so, or else the page to check by."""
        trouble: RetryError | None = None
        try:
            if self._is_inside(self.web.post(target, typed, REFUSED), login):
                return True
        except RetryError as error:  # the page after the login is broken; the session may be good
            self.web.tally.settle()
            trouble = error
        if self._check and self._is_inside(self.web.get(self.web.at(self._check), REFUSED), login):
            return True
        if trouble is not None:
            raise trouble
        return False

    @staticmethod
    def _is_inside(answer: Answer, login: Login) -> bool:
        return bool(select(read_page(answer.body, answer.content_type)[0], login.success))

    def _token(self, page: Tag) -> dict[str, str]:
        if self._login is None or self._login.token is None:
            return {}
        try:
            return {self._login.token.send: read_cell(page, "token", self._login.token) or ""}
        except Fault as fault:
            raise ChannelError(f"{self.web.host}: {fault} at {self._login.path}; has the login changed?") from fault

    def _has_ended(self, request: Request, answer: Answer, accept: Collection[int]) -> bool:
        """Whether ``answer`` looks as if the session had run out."""
        expired = answer.status in EXPIRED and answer.status not in accept
        forbidden = answer.status == FORBIDDEN and not self._forbids
        return expired or forbidden or self._is_outside(request, answer) or self._is_astray(request, answer)

    def _is_outside(self, request: Request, answer: Answer) -> bool:
        """Redirected to the login, or shown its form in place of the page."""
        if self._login is None:
            return False
        door = self.web.at(self._login.path)
        reached = answer.url if "?" in door else answer.url.partition("?")[0]
        if answer.url != request.url and reached == door:
            return True
        may_hold_form = all(name.encode() in answer.body for name in self._login.fields)  # spares taking pages apart
        return may_hold_form and _form(read_page(answer.body, answer.content_type)[0], self._login) is not None

    def _is_astray(self, request: Request, answer: Answer) -> bool:
        """Redirected to a page that is not behind the login, such as the one for visitors."""
        if self._login is None or self._strays or answer.url == request.url or "html" not in answer.content_type:
            return False
        return not self._is_inside(answer, self._login)


def first_page(source: HtmlSource) -> str:
    """The path of the first declared list page."""
    return page_path(next(iter(source.tables.values())).listing, 0)


def page_path(listing: Listing, turned: int) -> str:
    """The path of a list page after ``turned`` others."""
    page = (1 if listing.first is None else listing.first) + turned
    offset = (listing.first or 0) + turned * (listing.step or 0)
    return listing.path.replace("{page}", str(page)).replace("{offset}", str(offset))


def _form(page: Tag, login: Login) -> Tag | None:
    """The one form that is declared and has every declared input."""
    forms = [f for f in select(page, login.form) if all(f.find(None, {"name": name}) for name in login.fields)]
    return forms[0] if len(forms) == 1 else None


def _given(form: Tag) -> dict[str, str]:
    """What a browser sends along with what is typed: hidden inputs as they came, and the name of the button."""
    given = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[type=hidden i][name]")}
    button = form.select_one("input[type=submit i][name], button[name]:not([type=button i], [type=reset i])")
    return given | ({str(button["name"]): str(button.get("value", ""))} if button else {})
