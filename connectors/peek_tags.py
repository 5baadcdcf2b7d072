"""What the looks at web pages share: short selectors for tags, words that links bear, and values in like pieces."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from connectors.pages import read_text

CHANGES = re.compile(  # words of links and buttons that may change the old system, or end the session
    r"hapus|delet|destroy|remove|trash|buang|edit|ubah|update|perbarui|simpan|save|store|log.?out|keluar|sign.?out|"
    r"verif|approv|setuju|tolak|reject|kirim|send|tutup|close|selesaikan|disposisi|teruskan|forward|batal|cancel|"
    r"tambah|create|(?<![a-z])add(?![a-z])|(?<![a-z])new(?![a-z])|buat|input|reset|aktif|block|blokir|spam|restore|"
    r"cetak|print|ekspor|export|unduh|download|impor|import|backup|"
    r"kosongkan|clear|truncate|mark|tandai|assign|tugas|(?<![a-z])login|masuk(?:$|\W)|register|daftar.akun",
    re.IGNORECASE,
)
SHOWS = re.compile(r"lihat|detail|rincian|show|view|baca|read|tampil|buka|open|selengkapnya|periksa", re.IGNORECASE)
FILES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|heic|pdf|docx?|xlsx?|zip|rar|mp4|3gp|mp3|css|js|ico|svg)(?:$|[?#])", re.IGNORECASE
)
_PLAIN = re.compile(r"-?[A-Za-z_][A-Za-z_-]*[0-9]{0,2}")
_OF_LOOKS = re.compile(
    r"(?:col|row|text|btn|label|badge|float|pull|m[tblrxy]?|p[tblrxy]?|d|fw|fs|font|bg|small|clearfix|active|even|odd|"
    r"w|h|table|img|align|justify|border|rounded|shadow|card|panel|media|list|item|container|flex|grid|info|"
    r"danger|success|warning|primary|secondary|default|muted|left|right|center|bold|xs|sm|md|lg)(?:-.*)?",
    re.IGNORECASE,
)
_MENUS = ("nav", "aside", "header", "footer", "head", "script", "style", "form", "select")
_MENU_CLASSES = re.compile(
    r"pagination|paging|pager|menu|navbar|sidebar|breadcrumb|^(?:main-|page-|site-)?footer|dropdown|tabs?$|toolbar"
)


@dataclass(frozen=True)
class Spot:
    """Where a value stands in like pieces, and whether some of them lack it."""

    select: str
    attribute: str | None = None
    optional: bool = False
    many: bool = False


def is_menu(tag: Tag) -> bool:
    """Whether ``tag`` stands in what leads around the site and is not its content."""
    return any(one.name in _MENUS or any(map(_MENU_CLASSES.search, classes(one))) for one in (tag, *tag.parents))


def classes(tag: Tag) -> list[str]:
    """The classes of ``tag`` that a selector can name as they are."""
    found = tag.get("class")
    return [one for one in (found if isinstance(found, list) else []) if _PLAIN.fullmatch(one)]


def own_id(tag: Tag) -> str | None:
    """The id of ``tag`` if it may be the same on every page: without numbers of records."""
    found = tag.get("id")
    return found if isinstance(found, str) and _PLAIN.fullmatch(found) else None


def named(tag: Tag) -> str:
    """``tag`` by its id, else by its classes."""
    identity = own_id(tag)
    return f"{tag.name}#{identity}" if identity else "".join([tag.name, *(f".{one}" for one in classes(tag))])


def selector_of(page: Tag, tag: Tag) -> str:
    """A selector that finds ``tag`` alone on ``page``, as short as its ids and classes allow."""
    own = named(tag)
    if len(page.select(own)) == 1:
        return own
    tried = [own]
    for around in tag.parents:
        if around is page or around.name in ("html", "[document]"):
            break
        if own_id(around) or classes(around):
            tried = [f"{named(around)} {one}" for one in tried[:1]] + tried
            found = page.select(tried[0])
            if len(found) == 1:
                return tried[0]
    same = [one for one in page.select(own) if one.parent is tag.parent]
    place = [id(one) for one in tag.parent.find_all(tag.name, recursive=False)].index(id(tag)) + 1 if tag.parent else 1
    numbered = f"{own}:nth-of-type({place})"
    if len(page.select(numbered)) == 1 or tag.parent is None or len(same) == 0:
        return numbered
    return f"{selector_of(page, tag.parent)} > {numbered}"


def words_of(link: Tag) -> str:
    """What a link says of itself: address, text, classes, title and what it runs."""
    said = [str(link.get(name) or "") for name in ("href", "title", "onclick", "data-method", "data-url", "id")]
    return " ".join([*said, " ".join(classes(link)), link.get_text(" ", strip=True)])


def is_safe(link: Tag, url: str) -> bool:
    """Whether following ``link`` on the page at ``url`` only shows something, on the same host."""
    href = str(link.get("href") or "").strip()
    if not href or href.startswith(("#", "javascript:", "mailto:", "tel:", "data:")) or FILES.search(href):
        return False
    try:
        urlsplit(urljoin(url, href))
    except ValueError:  # no address at all
        return False
    if CHANGES.search(without_place(href)) or link.get("data-method") or "confirm" in str(link.get("onclick") or ""):
        return False
    own = " ".join([*classes(link), link.get_text(" ", strip=True) if len(link.get_text(strip=True)) < 25 else ""])
    return not CHANGES.search(own) and same_host(urljoin(url, href), url)


def without_place(href: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}"


def same_host(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common."""
    return urlsplit(one)[:2] == urlsplit(other)[:2]


def shared_classes(tags: Sequence[Tag]) -> list[str]:
    """The classes that all ``tags`` have."""
    first, *others = tags
    return [one for one in classes(first) if all(one in classes(other) for other in others)]


def spots_in(pieces: Sequence[Tag]) -> dict[str, Spot]:
    """Values in like pieces of pages: by class or by tag, each at most once in a piece. Names are unique."""
    times: Counter[str] = Counter()
    several: set[str] = set()
    leaves: list[list[list[str]]] = []
    for piece in pieces:
        here = [[*(f".{one}" for one in classes(leaf)), leaf.name] for leaf in _leaves(piece)]
        leaves.append(here)
        for selector in {one for names in here for one in names}:
            found = len(piece.select(selector))
            times[selector] += 1
            if found > 1:
                several.add(selector)
    spots: dict[str, Spot] = {}
    for names in (names for here in leaves for names in here):
        usable = [one for one in names if one not in several]
        usable.sort(key=lambda one: (_OF_LOOKS.fullmatch(one.lstrip(".")) is not None, -times[one]))
        if usable and (one := usable[0]) not in {spot.select for spot in spots.values()}:
            spots[free_name(one.lstrip("."), spots)] = Spot(one, optional=times[one] < len(pieces))
    return _without_doubles(spots, pieces)


def _without_doubles(spots: dict[str, Spot], pieces: Sequence[Tag]) -> dict[str, Spot]:
    """``spots`` of which no two find the same tags."""
    seen: set[tuple[int, ...]] = set()
    kept: dict[str, Spot] = {}
    for name, spot in spots.items():
        found = tuple(id(tag) for piece in pieces for tag in piece.select(spot.select))
        if not (set(found) & {one for group in seen for one in group}):
            kept[name] = spot
            seen.add(found)
    return kept


def _leaves(piece: Tag) -> list[Tag]:
    """Tags below ``piece`` with a text of their own; what stands in one is part of it."""
    found: list[Tag] = []
    for child in piece.find_all(True, recursive=False):
        if child.name in ("script", "style", "button", "form", "svg", "i", "img", "br"):
            continue
        if any(type(part) is NavigableString and part.strip(" \n\t·|-–:,()&\xa0") for part in child.children):
            found.append(child)
        else:
            found += _leaves(child)
    return found


def identity_in(pieces: Sequence[Tag]) -> Spot | None:
    """An attribute that numbers the pieces: ``id`` or ``data-id`` of a piece, or of one tag in each."""
    for attribute in ("id", "data-id", "data-key"):
        if _numbers([str(piece.get(attribute) or "") for piece in pieces]):
            return Spot(":scope", attribute)
        tagged = [piece.select(f"[{attribute}]") for piece in pieces]
        if all(len(one) == 1 for one in tagged) and _numbers([str(one[0][attribute]) for one in tagged]):
            shared = shared_classes([one[0] for one in tagged])
            return Spot(f".{shared[0]}" if shared else f"[{attribute}]", attribute)
    return None


def _numbers(values: list[str]) -> bool:
    return all(values) and len(set(values)) == len(values) and all(re.search(r"\d", value) for value in values)


def free_name(name: str, taken: object) -> str:
    """``name`` as a column, with a number where it is taken."""
    plain = re.sub(r"\W+", "_", name).strip("_") or "nilai"
    names = taken if isinstance(taken, dict | set | list | tuple) else ()
    return plain if plain not in names else next(f"{plain}_{n}" for n in range(2, 999) if f"{plain}_{n}" not in names)


def text_of(tag: Tag) -> str:
    """The text of ``tag`` in one line."""
    return " ".join(read_text(tag).split())


def is_page(page: BeautifulSoup) -> bool:
    """Whether there is a page at all, and not a text that a parser took for one."""
    return page.find(["body", "html", "table", "form", "div"]) is not None
