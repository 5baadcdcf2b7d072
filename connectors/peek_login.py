"""Recognises login forms: where they stand, which inputs a person fills, and what only a page behind them has."""

import re
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

from connectors.peek_tags import classes, own_id

_TYPED = "input[type=text i][name], input[type=email i][name], input[type=tel i][name], input[type=number i][name], "
_TYPED += "input:not([type])[name], input[type=password i][name]"
_TOKEN = re.compile(r"token|csrf|nonce|xsrf", re.IGNORECASE)
_CAPTCHA = re.compile(r"captcha|kode.?keamanan|security.?code", re.IGNORECASE)
_META = "meta[name=csrf-token]"
_EXITS = (
    "a#logout", "a.logout", 'a[href*="logout" i]', 'form[action*="logout" i]', 'a[href*="keluar" i]',
    'a[href*="signout" i]', 'a[href*="log-out" i]', 'a[href*="sign-out" i]', '[onclick*="logout" i]',
    'a:-soup-contains("Keluar", "Logout", "Log Out", "Sign Out")', 'button:-soup-contains("Keluar", "Logout")',
)  # fmt: skip
_NO_DOOR = "body:not(:has(input[type=password i]))"


@dataclass(frozen=True)
class LoginForm:
    """A form that asks who one is."""

    selector: str
    action: str  # as it stands there; empty = the page itself
    inputs: tuple[str, ...]  # what a person fills, the password last
    given: dict[str, str]  # what a browser sends along: hidden inputs as they came, the name of the button
    tokens: tuple[str, ...]  # hidden inputs that seem to be CSRF tokens
    meta_token: str | None  # the token, where it stands outside of the form alone
    captcha: bool
    by_post: bool


def find_login(page: BeautifulSoup) -> LoginForm | None:
    """The one login form of ``page``: a form with one password; None if there is none."""
    forms = [form for form in page.select("form") if len(form.select("input[type=password i][name]")) == 1]
    if len(forms) != 1:
        return None
    form = forms[0]
    given = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[type=hidden i][name]")}
    button = form.select_one("input[type=submit i][name], button[name]:not([type=button i], [type=reset i])")
    tokens = tuple(name for name in given if _TOKEN.search(name))
    meta = page.select_one(_META) if not tokens else None
    typed = [i for i in form.select(_TYPED) if not _CAPTCHA.search(str(i["name"]))]
    typed.sort(key=lambda i: str(i.get("type", "")).lower() == "password")
    return LoginForm(
        selector=_selector(page, form),
        action=str(form.get("action") or ""),
        inputs=tuple(dict.fromkeys(str(i["name"]) for i in typed)),
        given=given | ({str(button["name"]): str(button.get("value", ""))} if button else {}),
        tokens=tokens,
        meta_token=str(meta["content"]) if meta is not None and meta.get("content") else None,
        captcha=_CAPTCHA.search(str(form)) is not None,
        by_post=str(form.get("method", "get")).lower() == "post",
    )


def _selector(page: BeautifulSoup, form: Tag) -> str:
    tried = [f"form#{own_id(form)}"] if own_id(form) else []
    tried += [f"form.{one}" for one in classes(form)]
    return next((one for one in tried if len(page.select(one)) == 1), "form:has(input[type=password i])")


def sign_of_inside(page: BeautifulSoup, door: BeautifulSoup) -> str | None:
    """A selector that ``page`` has and the login page ``door`` has not: the way out, else that no password is asked."""
    return next((one for one in (*_EXITS, _NO_DOOR) if page.select(one) and not door.select(one)), None)
