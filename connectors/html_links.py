"""Which links of a list are followed: those of one form, and never one that could change the old system.

A form is declared (``detail_path``), or it is what the links of the list have in common. Asking is left to
``connectors.html``, finding the links to ``connectors.html_list``.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.http import same_place
from connectors.pages import Fault

WORDS = frozenset({
    "approve", "batal", "batalkan", "cancel", "delete", "destroy", "edit", "hapus", "keluar", "logout", "reject",
    "remove", "reset", "restore", "save", "setujui", "signout", "simpan", "tolak", "ubah", "update", "verifikasi",
    "verify",
})  # fmt: skip
STEADY = 0.9  # of the links have it: so much makes a piece of the address part of their form
_PIECE = r"[^/?&#]+"


def address_of(url: str) -> str:
    """Path and query of ``url``: what stays when the host is another."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def label_of(table: str) -> str:
    """``table`` as a piece of a file name."""
    return re.sub(r"[^0-9A-Za-z_]+", "-", table)


def detail_name(table: str, url: str, part: str = "") -> str:
    """The archive object of the page at ``url``: the same in every load, so that a later one finds it."""
    digest = hashlib.sha256(address_of(url).encode()).hexdigest()[:16]
    return f"{label_of(table)}-detail-{f'{part}-' if part else ''}{digest}.html"


class DetailPath:
    """A declared form of addresses below ``base``, the source's address: ``/admin/aduan/{id}``, ``/lihat?id=*``."""

    def __init__(self, path: str, base: str) -> None:
        whole = f"{urlsplit(base).path.rstrip('/')}/{path.removeprefix('/')}"
        pieces = re.split(r"(\{\w+\}|\*)", whole)
        self._pattern = re.compile("".join(map(_piece, pieces)))

    def read(self, url: str) -> dict[str, str]:
        """The pieces of ``url`` that have names. Raises ``Fault`` for an address of another form."""
        found = self._pattern.fullmatch(address_of(url))
        if found is None:
            raise Fault("link: its address is not of the form detail_path; it was not asked for")
        for piece in found.groups():
            if piece.casefold() in WORDS:
                raise Fault(f"link: its address holds {piece.casefold()!r}; it was not asked for")
        return {name: unquote(value) for name, value in found.groupdict().items()}


def _piece(text: str) -> str:
    if text == "*":
        return f"({_PIECE})"
    return f"(?P<{text[1:-1]}>{_PIECE})" if re.fullmatch(r"\{\w+\}", text) else re.escape(text)


def check_link(link: str, page: str) -> None:
    """Raises ``Fault`` for a link on ``page`` that is no web address, or leads to another host."""
    if not link.startswith(("http://", "https://")):
        raise Fault("link: is no web address; check the selector")
    if not same_place(link, page):
        raise Fault("link: leads away from the declared host")


def check_words(link: str) -> None:
    """Raises ``Fault`` for a link whose address says that it does something."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", unquote(address_of(link)))
    if telling := sorted({word.casefold() for word in words} & WORDS):
        raise Fault(
            f"link: its address holds {telling[0]!r}, which may change the old system; it was not asked for (declare "
            "detail_path if it is harmless)"
        )


class CommonForm:
    """What most of ``links`` have in common: how many pieces, which names in the query, which pieces are the same."""

    def __init__(self, links: Sequence[str]) -> None:
        forms = Counter(_form(link) for link in links)
        self._form = forms.most_common(1)[0][0] if forms else None
        alike = [_pieces(link) for link in links if _form(link) == self._form]
        self._steady: dict[int, str] = {}
        for place, pieces in enumerate(zip(*alike, strict=True)):
            piece, times = Counter(pieces).most_common(1)[0]
            if times >= STEADY * len(alike) and not re.search(r"\d", piece):
                self._steady[place] = piece

    def check(self, link: str) -> None:
        """Raises ``Fault`` for a link that is of another form."""
        pieces = _pieces(link)
        if _form(link) != self._form or any(pieces[place] != piece for place, piece in self._steady.items()):
            raise Fault("link: its address is not of the form of the others; declare detail_path if both are right")


def _form(link: str) -> tuple[int, tuple[str, ...]]:
    parts = urlsplit(link)
    return parts.path.count("/"), tuple(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))


def _pieces(link: str) -> list[str]:
    parts = urlsplit(link)
    return [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query, keep_blank_values=True))]
