"""Which columns a list page adds to what detail pages tell, and by which a record is known."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from bs4 import BeautifulSoup

from connectors.pages import read_text, select
from connectors.peek_details import FieldsFound
from connectors.peek_lists import ListFound
from connectors.peek_tags import Spot, text_of

_NUMBER = re.compile(r"(?:^|\b)(?:no|nomor|nomer|kode|tiket|ticket|id|registrasi|tracking)(?:\b|$)", re.IGNORECASE)
_COUNTER = re.compile(r"\d{1,6}\.?")


def list_cells(listed: ListFound, fields: FieldsFound | None, pages: Sequence[BeautifulSoup]) -> dict[str, Spot]:
    """The cells that only the list tells; without detail pages, all of them but a counter."""
    columns = {name: _texts(listed, spot) for name, spot in listed.cells.items()}
    kept = {name: listed.cells[name] for name, texts in columns.items() if texts is not None and not _counts(texts)}
    if fields is None:
        return kept
    labels = {label.casefold().rstrip(" :") for label in fields.labels}
    told = " ".join(" ".join(read_text(page).split()) for page in pages)
    found_: dict[str, Spot] = {}
    for name, spot in kept.items():
        texts = columns[name] or []
        is_key = _NUMBER.search(name) is not None and len(set(texts)) == len(texts)
        if name.casefold().rstrip(" :") in labels:
            continue
        seen = sum(text.rstrip("….") in told for text in texts if text)
        if is_key or (any(texts) and not seen):
            found_[name] = spot
    return found_


def _texts(listed: ListFound, spot: Spot) -> list[str] | None:
    """What a cell says in each row; None where it cannot be read in all of them."""
    said = []
    for row in listed.rows:
        tags = select(row, spot.select)
        if len(tags) > 1 or (not tags and not spot.optional):
            return None
        said.append(text_of(tags[0]) if tags else "")
    return said


def _counts(texts: Sequence[str]) -> bool:
    """Whether a column only numbers the rows of the list."""
    numbers = [int(text.rstrip(".")) for text in texts if _COUNTER.fullmatch(text)]
    in_turn = all(b - a in (1, -1) for a, b in pairwise(numbers))
    return len(numbers) == len(texts) and in_turn and (len(numbers) > 1 or numbers == [1])


def keys_of(
    listed: ListFound,
    cells: Mapping[str, Spot],
    fields: FieldsFound | None,
    pages: Sequence[BeautifulSoup],
    form: str | None,
) -> tuple[str, ...]:
    """Columns by which a record may be known: a number in the list; else a piece of its address, or a label."""
    for name in cells:
        texts = _texts(listed, cells[name]) or []
        if _NUMBER.search(name) and all(texts) and len(set(texts)) == len(texts):
            return (name,)
    found_ = ["id"] if form else []
    for label in fields.labels if fields else ():
        values = [text for page in pages if fields and (text := _value(page, fields, label))]
        is_number = _NUMBER.search(label) and not re.search(r"hp|telp|nik|ktp|kk|wa", label, re.IGNORECASE)
        if is_number and len(set(values)) == len(pages):
            return (*found_, label)
    return tuple(found_)


def _value(page: BeautifulSoup, fields: FieldsFound, label: str) -> str:
    for row in select(page, fields.row):
        for one, value in zip(select(row, fields.label), select(row, fields.value), strict=False):
            if text_of(one) == label:
                return text_of(value)
    return ""
