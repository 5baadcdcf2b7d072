"""Recognises list pages: rows of a table or cards, the link of each to its detail page, and how one turns pages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from connectors.peek_tags import (
    SHOWS,
    Spot,
    classes,
    is_menu,
    is_safe,
    own_id,
    selector_of,
    shared_classes,
    spots_in,
    text_of,
    words_of,
)

_FEWEST_CARDS = 3
_SAME = 0.8  # of the rows, which must have the link
_PAGE = re.compile(r"^(?:page|halaman|hal|p|pg|laman|paged|pageno|page_?num(?:ber)?)$", re.IGNORECASE)
_OFFSET = re.compile(r"^(?:offset|start|per_page|mulai|from|skip)$", re.IGNORECASE)
_NEXT = (
    "a[rel~=next]", "li.next:not(.disabled) a[href]", ".pagination .next:not(.disabled) a[href]", "a.next[href]",
    ".pagination .active + li a[href]", ".pagination li:has(.active) + li a[href]", ".active + li a[href]",
    'a[href]:-soup-contains("Selanjutnya", "Berikutnya", "Lanjut", "Next")',
    'a[href]:-soup-contains("»", "›")', ".pagination strong + a[href]", ".pagination .current + a[href]",
)  # fmt: skip
_PAGER = ".pagination a[href], .paging a[href], .pager a[href], nav a[href], [class*=pagin] a[href], a[rel~=next]"
_AJAX = re.compile(r"ajax['\"]?\s*[:=]\s*(?:\{[^}]*?url['\"]?\s*:\s*)?['\"]([^'\"]+)['\"]", re.DOTALL)


@dataclass(frozen=True)
class ListFound:
    """Rows that a page lists."""

    row: str  # selector
    rows: list[Tag] = field(repr=False)
    what: str  # for people: table of 25 rows
    cells: dict[str, Spot]
    link: Spot | None  # to the detail page
    links: tuple[str, ...]  # whole addresses, in the order of the rows; without those that lack one
    name: str  # what the list may be called, empty if nothing says it


@dataclass(frozen=True)
class Turning:
    """How one turns to the next page."""

    path: str  # with {page} or {offset}; as it came where there is one page
    step: int | None
    first: int | None
    next: str | None  # selector of what all pages but the last have
    following: str | None  # whole address of the next page
    said: str


def find_list(page: BeautifulSoup, url: str) -> ListFound | None:
    """What the page at ``url`` lists, the richest where there is more than one; None for a page that is no list."""
    return max((*_tables(page, url), *_cards(page, url)), key=_worth, default=None)


def _worth(one: ListFound) -> float:
    words = sum(len(text_of(row).split()) for row in one.rows) / max(1, len(one.rows))
    return (2.0 if one.links else 0.5) * min(words, 40) * min(len(one.rows), 30)


def _tables(page: BeautifulSoup, url: str) -> Iterator[ListFound]:
    for table in page.select("table"):
        if is_menu(table) or table.find("table"):
            continue
        rows = [row for row in table.select("tr") if len(row.find_all("td", recursive=False)) >= 2]
        head = _headers(table)
        if not rows or (not head and not _links(rows, url)[1]) or (len(rows) == 1 and not head):
            continue
        here = selector_of(page, table)
        inside = all(row.parent is not None and row.parent.name == "tbody" for row in rows)
        row = f"{here} tbody tr" if inside else f"{here} tr:has(> td)"
        link, links = _links(rows, url)
        width = len(rows[0].find_all(["td", "th"], recursive=False))
        cells = {
            name: Spot(f":scope > :nth-child({place})", optional=False)
            for place, name in enumerate(head, 1)
            if name and len(head) == width and not _is_of_links(rows, place)
        }
        yield ListFound(row, rows, f"table of {len(rows)} rows", _unique(cells), link, links, own_id(table) or "")


def _headers(table: Tag) -> list[str]:
    """The names of the columns: of the last row of ``thead``, else of a first row of ``th`` alone."""
    rows = table.select("thead tr") or [row for row in table.select("tr")[:1] if not row.find("td")]
    return [text_of(cell) for cell in rows[-1].find_all(["th", "td"], recursive=False)] if rows else []


def _unique(cells: dict[str, Spot]) -> dict[str, Spot]:
    return {name: spot for name, spot in cells.items() if name.casefold() not in ("aksi", "action", "opsi", "#")}


def _is_of_links(rows: Sequence[Tag], place: int) -> bool:
    """Whether a column holds nothing but buttons."""
    cells = [row.select_one(f":scope > :nth-child({place})") for row in rows]
    return all(
        cell is not None and cell.find(["a", "button", "form"]) is not None and not _text_beside_links(cell)
        for cell in cells
    ) and any(
        cell is not None and (len(cell.select("a, button")) > 1 or SHOWS.search(words_of(cell))) for cell in cells
    )


def _text_beside_links(cell: Tag) -> str:
    return "".join(str(one) for one in cell.find_all(string=True) if one.find_parent(["a", "button"]) is None).strip()


def _cards(page: BeautifulSoup, url: str) -> Iterator[ListFound]:
    body = page.body or page
    for parent in body.find_all(["div", "ul", "ol", "section", "main", "body", "article"]):
        groups: dict[str, list[Tag]] = {}
        for child in parent.find_all(["div", "li", "article", "a", "section"], recursive=False):
            groups.setdefault(child.name, []).append(child)
        for name, group in groups.items():
            tags = [one for one in group if one.find("a", href=True) or one.get("href")]
            if len(tags) < _FEWEST_CARDS or is_menu(parent) or any(one.find(["table", "nav"]) for one in tags):
                continue
            link, links = _links(tags, url)
            words = sum(len(text_of(one).split()) for one in tags) / len(tags)
            if link is None or words < 4:
                continue
            shared = shared_classes(tags)
            own = "".join([name, *(f".{one}" for one in shared)])
            around = selector_of(page, parent) if parent.name != "body" else "body"
            row = own if shared and len(page.select(own)) == len(tags) else f"{around} > {own}"
            if len(page.select(row)) != len(tags):
                row = f"{row}:has(a[href])"
            yield ListFound(row, tags, f"{len(tags)} cards", spots_in(tags), link, links, own_id(parent) or "")


def _links(rows: Sequence[Tag], url: str) -> tuple[Spot | None, tuple[str, ...]]:
    """The link of each row that leads to a page of its own, and where those lead."""
    groups: dict[str, list[list[Tag]]] = {}
    for number, row in enumerate(rows):
        for link in [*([row] if row.get("href") else []), *row.select("a[href]")]:
            if is_safe(link, url):
                pieces = groups.setdefault(_form(str(link["href"])), [[] for _ in rows])
                pieces[number].append(link)
    best: tuple[float, list[list[Tag]]] | None = None
    for form, pieces in groups.items():
        there = [{urljoin(url, str(link["href"])) for link in links} for links in pieces if links]
        once = all(len(addresses) == 1 for addresses in there)
        different = len({next(iter(addresses)) for addresses in there}) == len(there)
        if not once or not different or len(there) < _SAME * len(rows) or "*" not in form:
            continue
        says = any(SHOWS.search(words_of(link)) for links in pieces for link in links)
        score = (2.0 if says else 0.0) + len(there) / len(rows) - len(form) / 1000
        if best is None or score > best[0]:
            best = score, pieces
    if best is None:
        return None, ()
    spot = _link_spot(rows, best[1])
    addresses = tuple(urljoin(url, str(links[0]["href"])) for links in best[1] if links)
    return spot, addresses if spot else ()


def _form(href: str) -> str:
    """An address with ``*`` for numbers and long codes."""
    return re.sub(r"\d+|(?<=[/=])[A-Za-z0-9_=-]{16,}(?=$|[/&?])", "*", href.strip())


def _link_spot(rows: Sequence[Tag], links: Sequence[Sequence[Tag]]) -> Spot | None:
    """A selector that finds the link of each row, and once."""
    first = next(found[0] for found in links if found)
    if all(found and found[0] is row for row, found in zip(rows, links, strict=True)):
        return Spot(":scope", "href")
    static = max(re.split(r"\d+|\*", _form(str(first["href"]).split("#")[0])), key=len)
    tried = ["a[href]"]
    tried += sorted((f"a.{one}" for one in classes(first)), key=lambda one: SHOWS.search(one) is None)
    tried += [f'a[href*="{static}"]'] if len(static) > 2 and '"' not in static else []
    tried += [f'{one}:not([href*="{word}"])' for one in tried[-1:] for word in ("hapus", "edit", "delete")]
    tried += [f"{around.name} {first.name}[href]" for around in [first.parent] if around and around.name != "td"]
    cell = first.find_parent("td")
    place = len(cell.find_previous_siblings(["td", "th"])) + 1 if cell else 0
    tried += [f":scope > :nth-child({place}) a[href]", f":scope > :nth-child({place}) a:nth-of-type(1)"] if cell else []
    for one in tried:
        if all(
            [id(tag) for tag in row.select(one)] == [id(t) for t in found[:1]]
            for row, found in zip(rows, links, strict=True)
            if found
        ):
            return Spot(one, "href")
    return None


def detail_form(links: Sequence[str]) -> str | None:
    """The path that all detail links have, ``{id}`` for the one piece that differs; None where there is no such."""
    pieces = [re.split(r"([/?&=])", without_host(link)) for link in links]
    if len(pieces) < 2 or len({tuple(one[1::2]) for one in pieces}) != 1:
        return None
    columns = list(zip(*pieces, strict=True))
    moving = [place for place, column in enumerate(columns) if len(set(column)) > 1]
    if len(moving) != 1 or len(set(columns[moving[0]])) != len(links):
        return None
    return "".join("{id}" if place == moving[0] else column[0] for place, column in enumerate(columns))


def find_turning(page: BeautifulSoup, url: str, rows: int) -> Turning:
    """How the list at ``url`` of ``rows`` rows goes on: by its links to other pages."""
    here = urlsplit(url)
    plain = here.path + (f"?{here.query}" if here.query else "")
    links = [a for a in page.select("a[href]") if is_safe(a, url)]
    next_ = next((one for one in _NEXT if (f := page.select(one)) and all(is_safe(a, url) for a in f)), None)
    pagers = page.select(_PAGER) + (page.select(next_) if next_ else [])
    addresses = list(dict.fromkeys(urljoin(url, str(a["href"])) for a in pagers if any(a is b for b in links)))
    following = urljoin(url, str(page.select(next_)[0]["href"])) if next_ else None
    for name in _parameters(addresses):
        values = sorted(_numbers_of(addresses, name))
        step = _step(values, rows)
        if _OFFSET.match(name) and step:
            path = _with_query(_having(addresses, name), name, "{offset}", url)
            return Turning(
                path, step, None, next_, following or _at(addresses, name, step), f"by ?{name}, {step} rows a page"
            )
        if _PAGE.match(name) or next_ or 2 in values:
            path = _with_query(_having(addresses, name), name, "{page}", url)
            first = 0 if 0 in values and 1 in values and _number_at(following, name) == 1 else None
            return Turning(path, None, first, next_, following or _at(addresses, name, 2), f"by ?{name}")
    return _by_path(addresses, here.path, plain, rows, next_, following)


def _by_path(
    addresses: Sequence[str], here: str, plain: str, rows: int, next_: str | None, following: str | None
) -> Turning:
    """Numbers at the end of the path, as CodeIgniter has them."""
    ends = [(m[1], int(m[2])) for one in addresses if (m := re.fullmatch(r"(.*/)(\d{1,7})/?", urlsplit(one).path))]
    stem = next((start for start, _ in ends if here.startswith(start.rstrip("/"))), None)
    numbers = sorted({number for start, number in ends if start == stem})
    if stem is None or not numbers:
        return Turning(plain, None, None, None, None, "one page holds all")
    step = _step(numbers, rows)
    after = following or next(one for one in addresses if urlsplit(one).path.rstrip("/") == f"{stem}{numbers[0]}")
    if step and step > 1:
        return Turning(f"{stem}{{offset}}", step, None, next_, after, f"by an offset in the path, {step} rows a page")
    return Turning(f"{stem}{{page}}", None, None, next_, after, "by a number in the path")


def _step(numbers: Sequence[int], rows: int) -> int | None:
    """The rows of a page, if ``numbers`` are offsets: multiples of the rows that there are."""
    above = [number for number in numbers if number]
    return rows if rows > 1 and above and all(number % rows == 0 for number in above) else None


def _parameters(addresses: Sequence[str]) -> list[str]:
    """Parameters that hold a number in an address of another page, those that are called so first."""
    names = [name for one in addresses for name, value in parse_qsl(urlsplit(one).query) if value.isdecimal()]
    moving = [name for name in dict.fromkeys(names) if _PAGE.match(name) or _OFFSET.match(name)]
    return moving or [name for name in dict.fromkeys(names) if len(_numbers_of(addresses, name)) > 1]


def _numbers_of(addresses: Sequence[str], name: str) -> set[int]:
    return {n for one in addresses if (n := _number_at(one, name)) is not None}


def _number_at(address: str | None, name: str) -> int | None:
    value = dict(parse_qsl(urlsplit(address or "").query)).get(name, "")
    return int(value) if value.isdecimal() else None


def _having(addresses: Sequence[str], name: str) -> str:
    return next(one for one in addresses if _number_at(one, name) is not None)


def _at(addresses: Sequence[str], name: str, number: int) -> str | None:
    return next((one for one in addresses if _number_at(one, name) == number), None)


def _with_query(address: str, name: str, mark: str, url: str) -> str:
    """The path of ``address`` with ``mark`` for the value of ``name``; other parameters as they stand."""
    parts = urlsplit(address)
    pairs = [
        f"{key}={mark if key == name else value}"
        for key, _, value in (one.partition("=") for one in parts.query.split("&"))
    ]
    return f"{parts.path or urlsplit(url).path}?{'&'.join(pairs)}"


def ajax_address(page: BeautifulSoup, url: str) -> str | None:
    """The path from which a script fills a table of the page; None if no script says so."""
    for table in page.select("table[data-ajax], table[data-url]"):
        return _path_at(url, str(table.get("data-ajax") or table.get("data-url")))
    for script in page.select("script:not([src])"):
        if found := _AJAX.search(script.get_text()):
            return _path_at(url, found[1])
    return None


def _path_at(url: str, link: str) -> str | None:
    try:
        return without_host(urljoin(url, link))
    except ValueError:  # no address at all
        return None


def without_host(address: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def links_to_lists(page: BeautifulSoup, url: str) -> list[str]:
    """Addresses on ``page`` that may list complaints, the likeliest first."""
    found: dict[str, int] = {}
    for link in page.select("a[href]"):
        if not is_safe(link, url):
            continue
        words = re.search(
            r"pengaduan|aduan|laporan|keluhan|aspirasi|complaint|report|tiket|ticket", words_of(link), re.IGNORECASE
        )
        address = urljoin(url, str(link["href"])).split("#")[0]
        if words and address != url:
            found.setdefault(
                address,
                ("pengaduan", "aduan").index(words[0].lower()) if words[0].lower() in ("pengaduan", "aduan") else 2,
            )
    return sorted(found, key=lambda one: (found[one], bool(re.search(r"/\d+$", one)), len(one)))
