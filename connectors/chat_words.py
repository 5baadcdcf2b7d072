"""The words that WhatsApp itself writes into an export, in Indonesian and English, and what they make of a message.

Texts come without the marks before them; ``marked`` says whether there was one, which WhatsApp puts before words of its
own (always on iOS). How lines are taken apart is left to ``connectors.chat_lines``.
"""

import re
from dataclasses import dataclass

MARKS = "\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"  # direction of writing: they show nothing
FIRST_MARKS = "\u200e\u200f\ufeff"  # those that stand before words of WhatsApp's own
_EDITED = re.compile(
    r" ?\u200e?<(?:this message was edited|pesan ini (?:telah |sudah )?(?:di)?edit)\.?>\Z", re.IGNORECASE
)
_DELETED = re.compile(
    r"(?:this message was deleted|you deleted this message|this message was deleted by admin .{1,80}"
    r"|pesan ini (?:telah |sudah )?dihapus(?: oleh admin .{1,80})?|anda (?:telah )?menghapus pesan ini)\.?",
    re.IGNORECASE,
)
_ATTACHED = re.compile(rf"[{MARKS}]?<(?:attached|terlampir|lampiran): ([^<>\n]+)>", re.IGNORECASE)
_FILE = re.compile(
    r"(?P<name>[^\n]+\.\w{1,8}) \((?:file attached|(?:file|berkas) terlampir)\)(?:\n(?P<caption>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_OMITTED = re.compile(
    r"(?:<[^<>\n]{1,40} (?:omitted|(?:tidak|tak) disertakan|dihilangkan)>"
    r"|(?:[^\n]{1,200} )?(?:image|photo|video|audio|sticker|gif|document|contact card|video note) omitted"
    r"|(?:[^\n]{1,200} )?(?:gambar|foto|video|audio|stiker|gif|dokumen|kartu kontak|catatan video)"
    r" (?:tidak|tak) disertakan"
    r"|live location shared|lokasi (?:terkini|langsung) dibagikan)(?:\n(?P<caption>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_CALL = re.compile(
    r"(?:missed|silenced) (?:group )?(?:voice|video) call|panggilan (?:suara|video)(?: grup)? (?:tak|tidak) terjawab",
    re.IGNORECASE,
)
_ANY_CALL = re.compile(rf"{_CALL.pattern}|(?:voice|video) call|panggilan (?:suara|video)", re.IGNORECASE)
_SYSTEM = re.compile(
    r"end-to-end|\b(?:joined|left|added|removed|created (?:this )?group|changed|pinned a message|now an admin|"
    r"disappearing messages|security code|business account|blocked this contact|"
    r"bergabung|keluar|menambahkan|ditambahkan|mengeluarkan|dikeluarkan|membuat grup|mengubah|mengganti|berubah|"
    r"menyematkan|menjadi admin|pesan sementara|kode keamanan|akun bisnis|memblokir)\b",
    re.IGNORECASE,
)
_RENAMED = re.compile(
    r" (?:changed the (?:subject|group)|changed the group name|mengubah (?:subjek|nama|deskripsi)|"
    r"mengganti (?:subjek|nama|deskripsi)|(?:created|membuat) (?:group|grup)) .*[\"“]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """What a message is: ``message``, ``media``, ``system``, ``deleted`` or ``call``; its words and files."""

    kind: str
    text: str
    media: tuple[str, ...] = ()
    edited: bool = False


def is_notice(sender: str) -> bool:
    """Whether what stands before a colon is no sender but a notice that quotes a group's name with a colon in it."""
    return _RENAMED.search(sender) is not None


def read_words(sender: str | None, text: str, *, marked: bool) -> Said:
    """What ``text`` says. ``sender`` is None for a line that has none."""
    if sender is None:
        return Said("call" if _ANY_CALL.match(text) else "system", text)
    names = tuple(name.strip() for name in _ATTACHED.findall(text))
    text = _ATTACHED.sub("", text).strip() if names else text
    edited = _EDITED.search(text) is not None
    text = _EDITED.sub("", text)
    if _DELETED.fullmatch(text.strip()):
        return Said("deleted", "")
    if names:
        return Said("media", text.strip(), names, edited)
    if file := _FILE.fullmatch(text):
        name = file["name"].strip(f" {FIRST_MARKS}")
        return Said("media", (file["caption"] or "").strip(), (name,), edited)
    if omitted := _OMITTED.fullmatch(text.strip()):
        return Said("media", (omitted["caption"] or "").strip(), (), edited)
    if (_ANY_CALL.match(text) if marked else _CALL.fullmatch(text.strip(" ."))) is not None:
        return Said("call", text)
    if marked and _SYSTEM.search(text):
        return Said("system", text)
    return Said("message", text, edited=edited)
