"""Looks into an admin site: its login, the list of complaints, their detail pages, as the reader ``html`` declares it.

Links are only followed where they show something (``connectors.peek_tags.is_safe``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup

from connectors.base import ChannelError, RetryError
from connectors.http import Answer
from connectors.pages import charset_of, read_page, select
from connectors.peek_columns import keys_of, list_cells
from connectors.peek_details import BlocksFound, FieldsFound, find_blocks, find_fields, find_files, folders_of
from connectors.peek_lists import (
    ListFound,
    Turning,
    ajax_address,
    detail_form,
    find_list,
    find_turning,
    links_to_lists,
    without_host,
)
from connectors.peek_login import LoginForm, find_login, sign_of_inside
from connectors.peek_tags import Spot
from connectors.peek_types import Declared, Found
from connectors.peek_visit import Visitor, found, kind_of, name_of, refused

_DETAILS = 3  # that are compared; one for each ten requests more
_LISTS = 3  # that are looked for from a page that is none


@dataclass(frozen=True)
class _Door:
    """A login that was passed."""

    declared: dict[str, Any]
    notes: dict[str, str]


@dataclass(frozen=True)
class _Page:
    """A page, taken apart."""

    url: str
    page: BeautifulSoup
    charset: str


def look_at_site(visitor: Visitor, answer: Answer) -> Found:
    """What the site shows whose first ``answer`` this is. Raises ``ChannelError``, ``RetryError``."""
    here, door = _page(answer), None
    form = find_login(here.page)
    if form is not None:
        if not visitor.access.login:
            nothing = Declared({}, {})
            return found(
                visitor,
                "html",
                "web pages behind a login",
                nothing,
                (),
                _how_to_enter(visitor, here, form),
                here.charset,
            )
        here, door = _enter(visitor, here, form)
    elif answer.status >= 400:
        if answer.status in (401, 403, 419):
            return found(
                visitor,
                "html",
                f"web pages that refuse ({answer.status})",
                Declared({}, {}),
                (),
                [refused(visitor, answer)],
                None,
            )
        raise ChannelError(refused(visitor, answer))
    elif visitor.access.login:
        raise ChannelError(
            f"{visitor.web.host}: shows no login form at {urlsplit(here.url).path}; "
            "leave --login out, or give an address behind it"
        )
    here, listed = _list(visitor, here)
    return _declared(visitor, here, listed, door)


def _page(answer: Answer) -> _Page:
    page, _ = read_page(answer.body, answer.content_type)
    return _Page(answer.url, page, charset_of(answer.body, answer.content_type))


def _how_to_enter(visitor: Visitor, here: _Page, form: LoginForm) -> list[str]:
    """What a login form asks for, and how one gives it."""
    path = urlsplit(here.url).path
    stem = re.sub(r"\W+", "_", (urlsplit(here.url).hostname or "").split(".")[0]).upper()
    stem = stem if re.match(r"[A-Z]", stem) else "KANAL"
    options = " ".join(f"--login {name}={stem}_{re.sub(r'[^A-Za-z0-9]+', '_', name).upper()}" for name in form.inputs)
    tokens = f", hidden token {', '.join(form.tokens)}" if form.tokens else ""
    said = [
        f"{visitor.web.host}: a login is in the way: form {form.selector!r} at {path} with inputs "
        f"{', '.join(form.inputs)}{tokens}; set the secrets, and give their names: {options}"
    ]
    if form.captcha:
        said.append(
            f"{visitor.web.host}: the login asks for a captcha; no reader passes it: ask for an account without"
        )
    return said


def _enter(visitor: Visitor, door: _Page, form: LoginForm) -> tuple[_Page, _Door]:
    """Fill the form; what the address shows behind it. Raises ``ChannelError`` where it does not open."""
    given, path = visitor.access.login, urlsplit(door.url).path
    if set(given) != set(form.inputs):
        raise ChannelError(
            f"{visitor.web.host}: the login form at {path} has the inputs {', '.join(form.inputs)}; give --login "
            "INPUT=SECRET for each of them, and for no other"
        )
    if not form.by_post:
        raise ChannelError(
            f"{visitor.web.host}: the login form at {path} would put the password into the address; no reader does that"
        )
    typed = {name: visitor.secret(secret) for name, secret in given.items()}
    token = {"_token": form.meta_token} if form.meta_token else {}
    target = visitor.web.follow(door.url, form.action or door.url)
    try:
        reply = visitor.web.post(target, form.given | token | typed, frozenset({400, 401, 403, 404, 419, 422}))
        shown = _page(reply)
    except RetryError:  # the page after a login may be broken while the session is good
        shown = None
    asked = visitor.address.split("#")[0]
    if shown is None or (door.url != asked and shown.url != asked):
        answer = visitor.ask(asked)
        if answer.status >= 400:
            raise ChannelError(refused(visitor, answer))
        shown = _page(answer)
    if find_login(shown.page) is not None:
        names = ", ".join(sorted(set(given.values())))
        raise ChannelError(f"{visitor.web.host}: login refused at {path}; check secrets {names}")
    success = sign_of_inside(shown.page, door.page)
    if success is None:
        raise ChannelError(f"{visitor.web.host}: the page behind the login at {path} looks like the one before it")
    declared: dict[str, Any] = {"path": path, "form": form.selector, "fields": dict(given)}
    if form.meta_token:
        declared["token"] = {"select": "meta[name=csrf-token]", "attribute": "content"}
    declared["success"] = success
    notes = {
        "login.form": f"has {', '.join((*form.inputs, *form.tokens))}",
        "login.fields": "set " + ", ".join(f"SATUKANAL_SECRET_{name}" for name in sorted(set(given.values()))),
        "login.success": "stands behind the login, and not before it",
    }  # fmt: skip
    return shown, _Door(declared, notes)


def _list(visitor: Visitor, here: _Page) -> tuple[_Page, ListFound]:
    """The list at ``here``, or at a page it leads to. Raises ``ChannelError`` where there is none."""
    listed = find_list(here.page, here.url)
    if listed is not None and listed.links and find_turning(here.page, here.url, len(listed.rows)).next is not None:
        return here, listed
    if find_fields(here.page) is not None and listed is None:
        raise ChannelError(
            f"{visitor.web.host}: {urlsplit(here.url).path} shows one record; "
            "give the address of the list that leads to it"
        )
    tried = [(here, listed)] if listed is not None else []
    if listed is None or not listed.links:
        for address in links_to_lists(here.page, here.url)[:_LISTS]:
            answer = visitor.ask(address)
            if answer.status < 400 and kind_of(answer) == "html":
                page = _page(answer)
                if (other := find_list(page.page, page.url)) is not None:
                    tried.append((page, other))
                    if other.links:
                        break
    if not tried:
        path = urlsplit(here.url).path
        if script := ajax_address(here.page, here.url):
            raise ChannelError(
                f"{visitor.web.host}: a script fills the table at {path} from "
                f"{script.partition('?')[0]}; give that address"
            )
        raise ChannelError(
            f"{visitor.web.host}: {path} is a web page without a list of records; "
            "give the address of a page that lists them"
        )
    return max(tried, key=lambda pair: (bool(pair[1].links), len(pair[1].rows)))


def _declared(visitor: Visitor, here: _Page, listed: ListFound, door: _Door | None) -> Found:
    turning = find_turning(here.page, here.url, len(listed.rows))
    pages = _details(visitor, listed)
    fields = find_fields(pages[0]) if pages else None
    fields = fields if fields and all(select(page, fields.row) for page in pages) else None
    form = detail_form(listed.links) if fields else None
    name = _called(here, listed)
    listing: dict[str, Any] = {"path": turning.path}
    listing |= {key: value for key, value in (("step", turning.step), ("first", turning.first)) if value is not None}
    listing["row"] = listed.row
    cells = list_cells(listed, fields, pages)
    keys = keys_of(listed, cells, fields, pages, form)
    if cells:
        listing["cells"] = {column: _cell(spot) for column, spot in cells.items()}
    if fields and listed.link:
        listing["link"] = _cell(listed.link)
    if turning.next:
        listing["next"] = turning.next
    table: dict[str, Any] = {"listing": listing}
    notes = _notes(listed, turning, fields, len(pages))
    blocks: list[BlocksFound] = []
    if fields:
        table["detail"] = {"row": fields.row, "label": fields.label, "value": fields.value}
        if form:
            table["detail_path"] = form if "id" in keys else form.replace("{id}", "*")
        files = find_files(pages)
        if files:
            table["cells"] = {column: _cell(spot) for column, spot in files.items()}
        blocks = [one for one in find_blocks(pages, fields) if keys]
        blocks = [_apart_from(one, name) for one in blocks]
        if blocks:
            table["nested"] = {one.name: _nested(one, name, keys) for one in blocks}
            notes |= {f"nested.{one.name}": f"{one.count} blocks on {len(pages)} pages" for one in blocks}
    source: dict[str, Any] = {"url": visitor.web.host}
    said: dict[str, str] = {}
    if door is not None:
        source["login"], said = door.declared, door.notes
    source["tables"] = {name: table}
    said |= {f"tables.{name}.{place}": note for place, note in notes.items()}
    declared = Declared(source, said, _candidates(visitor, pages))
    what = f"web pages{' behind a login' if door else ''}: {listed.what}, pages {turning.said}"
    what += f", detail pages with {len(fields.labels)} labels" if fields else ""
    problems = _problems(visitor, here, listed, fields, pages)
    return found(visitor, "html", what, declared, [name, *(one.name for one in blocks)], problems, here.charset,
        {one.name: "id" for one in blocks if one.is_numbered})  # fmt: skip


def _candidates(visitor: Visitor, pages: Sequence[BeautifulSoup]) -> tuple[str, ...]:
    """What a person may want to take over."""
    files = {folder for page in pages for folder in folders_of(page)}
    urls = [f"{visitor.web.host}{folder}" for folder in sorted(files) if folder.startswith("/")]
    return (f"a candidate, to collect the files as well: attachments: {{urls: {urls}}}",) if urls else ()


def _details(visitor: Visitor, listed: ListFound) -> list[BeautifulSoup]:
    """Some detail pages, from the whole list page."""
    most = min(12, max(_DETAILS, _DETAILS + (visitor.access.requests - 20) // 5))
    links = list(listed.links)
    chosen = links[:: max(1, len(links) // most)][:most]
    pages = []
    for link in chosen:
        answer = visitor.ask(visitor.web.follow(visitor.web.host, link))
        if answer.status < 400 and kind_of(answer) == "html" and answer.url.split("#")[0] == link.split("#")[0]:
            pages.append(read_page(answer.body, answer.content_type)[0])
    return pages


def _called(here: _Page, listed: ListFound) -> str:
    """The list's name: the last word of its path, else what the page calls the table."""
    name = name_of(here.url)
    if name in ("data", "admin", "dashboard", "home", "index") and listed.name:
        return re.sub(r"\W+", "_", listed.name).strip("_")
    return name


def _cell(spot: Spot) -> dict[str, Any]:
    told: dict[str, Any] = {"select": spot.select}
    told |= {"attribute": spot.attribute} if spot.attribute else {}
    told |= {"optional": True} if spot.optional else {}
    return told | ({"many": True} if spot.many else {})


def _apart_from(one: BlocksFound, name: str) -> BlocksFound:
    """``one`` with a name that no table of the channel has."""
    return one if one.name != name else replace(one, name=f"{name}_blok")


def _nested(one: BlocksFound, table: str, keys: Sequence[str]) -> dict[str, Any]:
    return {
        "row": one.row,
        "carry": {f"{table}_id" if key == "id" or key in one.cells else key: key for key in keys},
        "cells": {name: _cell(spot) for name, spot in one.cells.items()},
    }


def _notes(listed: ListFound, turning: Turning, fields: FieldsFound | None, pages: int) -> dict[str, str]:
    notes = {"listing.path": turning.said, "listing.row": listed.what}
    notes |= {"listing.link": f"leads to {len(listed.links)} different pages"} if listed.link else {}
    notes |= {"listing.next": "stands where there is another page"} if turning.next else {}
    if fields:
        notes["detail.row"] = f"{fields.said}, on {pages} pages looked at"
        notes["detail_path"] = "all links have this form; others are not followed"
        notes |= {"cells": "files of the record"}
    return notes


def _problems(
    visitor: Visitor, here: _Page, listed: ListFound, fields: FieldsFound | None, pages: Sequence[BeautifulSoup]
) -> list[str]:
    path, problems = urlsplit(here.url).path, []
    if not listed.links:
        problems.append(
            f"{visitor.web.host}: rows at {path} lead to no page of their own; only what the list tells is read"
        )
    elif fields is None and pages:
        problems.append(
            f"{visitor.web.host}: detail pages show no rows of label and value; "
            "write detail by hand, or only the list is read"
        )
    elif not pages:
        problems.append(f"{visitor.web.host}: no detail page could be opened; may the account see them?")
    if script := ajax_address(here.page, here.url):
        problems.append(
            f"{visitor.web.host}: a script of {path} asks {script.partition('?')[0]}, which may hold the whole list"
        )
    if without_host(here.url) != without_host(visitor.address.split("#")[0]):
        problems.append(f"{visitor.web.host}: the list was found at {path}")
    return problems
