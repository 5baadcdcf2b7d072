"""Recognises detail pages: rows of label and value, blocks that repeat (answers), and links to files."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bs4 import BeautifulSoup, Tag

from connectors.peek_tags import (
    FILES,
    Spot,
    classes,
    free_name,
    identity_in,
    is_menu,
    own_id,
    selector_of,
    shared_classes,
    spots_in,
    text_of,
)

_FEWEST = 3  # pairs of label and value
_MOSTLY = 0.7
_LABEL = 60  # characters
_ANSWERS = re.compile(
    r"tanggap|balas|respon|komentar|comment|riwayat|history|timeline|tindak|disposisi|jawab|log|proses|reply|answer",
    re.IGNORECASE,
)
_FOLDER = re.compile(r"(?:https?://[^/]+)?(/?[\w.-]+/)")
_FILE_WORDS = re.compile(r"lampiran|foto|gambar|bukti|berkas|attach|photo|image|file", re.IGNORECASE)


@dataclass(frozen=True)
class FieldsFound:
    """Where labels and values stand on a detail page."""

    row: str
    label: str
    value: str
    labels: tuple[str, ...]  # of the first page
    said: str


@dataclass(frozen=True)
class BlocksFound:
    """Blocks on detail pages that are records of their own."""

    name: str
    row: str
    cells: dict[str, Spot]
    count: int
    is_numbered: bool  # by the cell id


@dataclass(frozen=True)
class _Pairs:
    """One way in which labels and values may stand."""

    row: str
    label: str
    value: str
    rows: tuple[Tag, ...]
    labels: tuple[str, ...]


def find_fields(page: BeautifulSoup) -> FieldsFound | None:
    """The rows of label and value on ``page``, of several tables of the same form together; None without any."""
    found: dict[tuple[str, str], list[_Pairs]] = {}
    for one in (*_in_tables(page), *_in_lists(page), *_in_boxes(page)):
        found.setdefault((one.label, one.value), []).append(one)
    best = max(found.values(), key=lambda many: sum(len(one.labels) for one in many), default=None)
    if best is None:
        return None
    labels = tuple(label for one in best for label in one.labels)
    rows = ", ".join(dict.fromkeys(one.row for one in best))
    return FieldsFound(rows, best[0].label, best[0].value, labels, f"{len(labels)} labels with a value each")


def _in_tables(page: BeautifulSoup) -> Iterator[_Pairs]:
    for table in page.select("table"):
        if is_menu(table) or table.find("table"):
            continue
        rows = table.select("tr")
        forms = [_form_of(row) for row in rows]
        form = max(set(forms), key=forms.count, default="")
        fitting = [row for row, one in zip(rows, forms, strict=True) if one == form]
        if form == "" or len(fitting) < max(_FEWEST, _MOSTLY * len(rows)):
            continue
        label, value = form.split(" ")
        labels = tuple(text_of(row.select(label)[0]) for row in fitting)
        if _are_labels(labels):
            exact = len(fitting) == len(rows)
            yield _Pairs(f"{selector_of(page, table)} tr" + ("" if exact else f":has({label}):has({value})"),
                label, value, tuple(fitting), labels)  # fmt: skip


def _form_of(row: Tag) -> str:
    """Selectors of label and value in a row of a table; empty if it holds no such pair."""
    cells = row.find_all(["th", "td"], recursive=False)
    names = "".join("h" if cell.name == "th" else "d" for cell in cells)
    if names == "hd":
        return "th td"
    if names == "dd":
        return "td:nth-child(1) td:nth-child(2)"
    if len(cells) == 3 and text_of(cells[1]) in (":", "") and names in ("ddd", "hdd", "hhd"):
        return f"{cells[0].name}:nth-child(1) {cells[2].name}:nth-child(3)"
    return ""


def _are_labels(labels: Sequence[str]) -> bool:
    """Whether texts are names of fields: short, different, in letters."""
    good = [one for one in labels if 0 < len(one) <= _LABEL and re.search(r"[^\W\d_]{2}", one)]
    few_numbers = sum(bool(re.search(r"\d{3}", one)) for one in labels) <= 0.1 * len(labels)
    return len(good) >= 0.9 * len(labels) and len(set(labels)) >= 0.9 * len(labels) and few_numbers


def _in_lists(page: BeautifulSoup) -> Iterator[_Pairs]:
    for listed in page.select("dl"):
        labels = tuple(text_of(one) for one in listed.select("dt"))
        if len(labels) >= _FEWEST and len(labels) == len(listed.select("dd")) and _are_labels(labels):
            yield _Pairs(selector_of(page, listed), "dt", "dd", (listed,), labels)


def _in_boxes(page: BeautifulSoup) -> Iterator[_Pairs]:
    """Boxes of two tags each, as rows of a grid, groups of a form, or items of a list have them."""
    groups: dict[str, list[Tag]] = {}
    for box in page.select("div, li, p"):
        inner = box.find_all(True, recursive=False)
        if len(inner) == 2 and not is_menu(box) and not _own_text(box):
            groups.setdefault("".join([box.name, *(f".{one}" for one in classes(box))]), []).append(box)
    for own, boxes in groups.items():
        firsts, seconds = ([box.find_all(True, recursive=False)[n] for box in boxes] for n in (0, 1))
        if len(boxes) < _FEWEST or len({one.name for one in firsts}) > 1 or len({one.name for one in seconds}) > 1:
            continue
        labels = tuple(text_of(one) for one in firsts)
        if not _are_labels(labels) or any(one.find(["a", "input"]) for one in firsts):
            continue
        row = own if len(page.select(own)) == len(boxes) else f"{own}:has(> {firsts[0].name}):has(> {seconds[0].name})"
        label, value = _apart(firsts, seconds)
        yield _Pairs(row, label, value, tuple(boxes), labels)


def _own_text(tag: Tag) -> str:
    return "".join(str(one) for one in tag.find_all(string=True, recursive=False)).strip(" \n\t\r:")


def _apart(firsts: Sequence[Tag], seconds: Sequence[Tag]) -> tuple[str, str]:
    """Selectors of label and value in a box."""
    names = [one[0].name + "".join(f".{c}" for c in shared_classes(one)[:1]) for one in (firsts, seconds)]
    if firsts[0].name != seconds[0].name and not any(two.find(firsts[0].name) for two in seconds) and not any(
        one.find(seconds[0].name) for one in firsts
    ):  # fmt: skip
        return firsts[0].name, seconds[0].name
    if names[0] != names[1] and "." in names[0] and "." in names[1]:
        return f":scope > {names[0]}", f":scope > {names[1]}"
    return ":scope > :nth-child(1)", ":scope > :nth-child(2)"


def find_blocks(pages: Sequence[BeautifulSoup], fields: FieldsFound | None) -> list[BlocksFound]:
    """Blocks that stand on detail pages besides ``fields``: rows of tables with headers, and repeated boxes."""
    taken = {id(tag) for page in pages for tag in (page.select(fields.row) if fields else ())}
    found: dict[str, BlocksFound] = {}
    for page in pages:
        for row, name, headers in (*_block_tables(page, taken), *_block_boxes(page, taken)):
            if row not in found:
                one = _blocks(pages, row, name, headers, taken)
                if one is not None:
                    found[row] = one
    names: dict[str, BlocksFound] = {}
    for one in sorted(found.values(), key=lambda one: -one.count):
        name = free_name(one.name, names)
        names[name] = replace(one, name=name)
    return list(names.values())


def _block_tables(page: BeautifulSoup, taken: set[int]) -> Iterator[tuple[str, str, list[str]]]:
    for table in page.select("table:has(thead)"):
        rows = [row for row in table.select("tbody tr") if row.find("td")]
        headers = [text_of(cell) for row in table.select("thead tr")[-1:] for cell in row.find_all(["th", "td"])]
        if is_menu(table) or len(headers) < 2 or any(id(row) in taken for row in rows):
            continue
        here = selector_of(page, table)
        yield f"{here} tbody tr:has(> :nth-child({len(headers)}))", _called(table), headers


def _block_boxes(page: BeautifulSoup, taken: set[int]) -> Iterator[tuple[str, str, list[str]]]:
    for parent in (page.body or page).find_all(["div", "ul", "ol", "section"]):
        if is_menu(parent) or id(parent) in taken:
            continue
        groups: dict[str, list[Tag]] = {}
        for child in parent.find_all(["article", "div", "li"], recursive=False):
            key = child.name + "".join(f".{one}" for one in classes(child)[:1])
            groups.setdefault(key, []).append(child)
        for own, group in groups.items():
            if any(id(one) in taken or one.find(["table", "form"]) or _holds(one, taken) for one in group):
                continue
            says = _ANSWERS.search(" ".join([own, own_id(parent) or "", *classes(parent)])) or own == "article"
            if not says or ("." not in own and own != "article" and not own_id(parent) and not classes(parent)):
                continue
            around = selector_of(page, parent)
            yield f"{around} > {own}", _called(group[0]), []


def _holds(tag: Tag, taken: set[int]) -> bool:
    return any(id(one) in taken for one in tag.find_all(True))


def _called(tag: Tag) -> str:
    """A name for blocks: what the tags around them are called."""
    for around in (tag, *tag.parents):
        for word in (own_id(around) or "", *classes(around)):
            if _ANSWERS.search(word):
                return re.sub(r"\W+", "_", word)
        if around.name == "body":
            break
    return own_id(tag) or "tanggapan"


def _blocks(
    pages: Sequence[BeautifulSoup], row: str, name: str, headers: list[str], taken: set[int]
) -> BlocksFound | None:
    pieces = [tag for page in pages for tag in page.select(row)]
    if not pieces or any(id(tag) in taken for tag in pieces):
        return None
    words = sum(len(text_of(piece).split()) for piece in pieces) / len(pieces)
    if headers:
        cells = {
            header: Spot(f":scope > :nth-child({place})")
            for place, header in enumerate(headers, 1)
            if header and header.casefold() not in ("no", "#", "aksi", "action")
        }
    else:
        cells = spots_in(pieces)
    if words < 3 or not cells or (len(cells) < 2 and len(pieces) < 2):
        return None
    known = identity_in(pieces)
    if known is not None and "id" not in cells:
        cells = {"id": known} | cells
    return BlocksFound(name, row, cells, len(pieces), cells.get("id") is known is not None)


def find_files(pages: Sequence[BeautifulSoup]) -> dict[str, Spot]:
    """Links to files and pictures of the record: ``lampiran`` and ``gambar``, each a list of addresses."""
    found: dict[str, Spot] = {}
    for name, selector, attribute in (("lampiran", "a[href]", "href"), ("gambar", "img[src]", "src")):
        tags = [
            tag
            for page in pages
            for tag in page.select(selector)
            if FILES.search(str(tag[attribute])) and not is_menu(tag) and _is_of_record(tag, attribute)
        ]
        if not tags:
            continue
        shared = [one for one in shared_classes(tags) if _FILE_WORDS.search(one)]
        folder = _FOLDER.match(str(tags[0][attribute]))
        if shared:
            found[name] = Spot(f"{tags[0].name}.{shared[0]}", attribute, optional=True, many=True)
        elif folder and all(folder[1] in str(tag[attribute]) for tag in tags):
            found[name] = Spot(f'{tags[0].name}[{attribute}*="{folder[1]}"]', attribute, optional=True, many=True)
    return found


def folders_of(page: BeautifulSoup) -> set[str]:
    """The first folders of the addresses of the record's files on ``page``."""
    found = find_files([page])
    addresses = [str(tag[spot.attribute or "href"]) for spot in found.values() for tag in page.select(spot.select)]
    return {folder[1] for one in addresses if (folder := _FOLDER.match(one))}


def _is_of_record(tag: Tag, attribute: str) -> bool:
    """Whether a file seems to belong to the record and not to the looks of the site."""
    if attribute == "href":
        return True
    return re.search(r"upload|unggah|storage|lampiran|foto|media|files", str(tag[attribute]), re.IGNORECASE) is not None
