"""Reads WhatsApp chats as a phone exports them: a text, or a zip of a text and its media.

The files go into the archive as they are; parsing streams them from there, twice (first for the order of the dates),
and holds one message. What belongs together is left to ``transforms.normalise.shapes.burst``; lines are taken apart in
``connectors.chat_lines``, WhatsApp's own words known in ``connectors.chat_words``. File names tell of people (``Chat
WhatsApp dengan …``), so messages speak of files by their number in the order of names.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import orjson

from connectors.archive import Archive, ArchiveWriter, Entry
from connectors.base import ChannelError, Context, RawTable, Rows, Unreadable
from connectors.chat_lines import LONGEST, Head, Survey, lines_of, read_head, text_of
from connectors.chat_words import FIRST_MARKS, MARKS, is_notice, read_words
from connectors.files import archive_files, file_names
from connectors.packed import unpacked
from schemas.sources import CHAT_TABLE, ChatSource

_LONGEST_SENDER = 200  # characters: what is longer before a colon is no name
_NAMED = re.compile(
    r"(?:whatsapp chat|(?:chat|obrolan) whatsapp)(?: with | dengan | - |-)(?P<chat>.+)", re.IGNORECASE | re.DOTALL
)
_COPY = re.compile(r"\s*\(\d{1,3}\)\Z")  # what a browser adds to a second download
_NUMBER = re.compile(r"\+?[\d\s().\u2010-\u2013-]{7,}")
_ANY_MARK = re.compile(f"[{MARKS}]")


class ChatReader:
    """The reader ``chat``."""

    def extract(self, source: ChatSource, archive: ArchiveWriter, context: Context) -> None:
        """Archive the files. Raises ``ChannelError`` for a missing file, ``RetryError`` for a moving one."""
        archive_files(source.path, archive, context, hide_names=True)

    def parse(self, source: ChatSource, archive: Archive) -> Iterator[RawTable]:
        """Messages as rows of the table ``pesan``; ``_position`` is the line on which one begins.

        Columns: ``id`` (hash of chat, sender and time), ``chat``, ``sender`` (null for WhatsApp's own lines), ``name``
        or ``number`` (the sender, by what it is), ``at`` (as written), ``waktu`` (ISO, wall time of the phone),
        ``text``, ``media`` (JSON list), ``kind`` (message, media, system, deleted, call), ``edited`` ('1' or null). A
        message with an impossible time, bytes that are no UTF-8, or more than a megabyte is an ``Unreadable``. Raises
        ``ChannelError`` for a file without a message, and where the order of day and month cannot be told.
        """
        rows = Rows(CHAT_TABLE)
        names = file_names(archive)
        entries = [entry for entry in archive.entries if entry.name in names]
        for number, entry in enumerate(entries, 1):
            file = f"chat file {number}"
            surveys = {place: _survey(chunks) for place, chunks in _opened(archive, entry, file, _silent)}
            chosen = _chosen(file, surveys)
            if texts := len(surveys) - len(chosen):
                rows.remark(CHAT_TABLE, f"{file}: {texts} texts beside the chat are attachments, not read")
            for place, chunks in _opened(archive, entry, file, partial(rows.remark, CHAT_TABLE)):
                if place not in chosen:
                    continue
                order, told = surveys[place].order(file, source.dates)
                rows.remark(CHAT_TABLE, told)
                name = names[entry.name]
                chat = source.chat or chat_name(name if place == entry.name else place, name)
                if chat is None:
                    rows.remark(CHAT_TABLE, f"{file}: its name does not say which chat it is; declare chat")
                object_ = entry.name if len(chosen) == 1 else f"{entry.name}/{sorted(chosen).index(place) + 1}"
                reading = _Chat(rows, object_, chat, surveys[place].form, order)
                for _ in reading.read(chunks):
                    yield from rows.drain()
        yield from rows.drain()

    def count(self, source: ChatSource, archive: Archive) -> None:
        """An export does not say how many messages it should have."""


def chat_name(place: str, file: str) -> str | None:
    """The chat's name as the phone put it into the name of the text or of the zip; else the plain name of the file."""
    stems = [_COPY.sub("", re.sub(r"\.(?:txt|zip)\Z", "", name, flags=re.IGNORECASE)) for name in (place, file)]
    names = [_ANY_MARK.sub("", stem.rsplit("/", 1)[-1]).strip() for stem in stems]
    for name in names:
        if found := _NAMED.fullmatch(name):
            return found["chat"].strip()
    return next((name for name in reversed(names) if name and name != "_chat"), None)


@dataclass
class _Chat:
    """One text while it is read; ``read`` gives a sign whenever enough rows were gathered."""

    rows: Rows
    place: str
    chat: str | None
    form: str | None
    order: str
    _lines: list[bytes] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _start: int = 1
    _head: Head | None = None
    _size: int = 0

    def read(self, chunks: Iterator[bytes]) -> Iterator[None]:
        number = 1
        for numbered, line in lines_of(chunks):
            number = numbered or number
            text = text_of(line)
            head = read_head(text.lstrip("\ufeff") if number == 1 else text, self.form) if numbered else None
            if head is not None or self._size + len(line) > LONGEST:
                self._close()
                self._start, self._head = number, head
                if self.rows.full:
                    yield
            self._lines.append(line)
            self._texts.append(text if head is None else head.rest)
            self._size += len(line)
        self._close()

    def _close(self) -> None:
        lines, texts, size = self._lines, self._texts, self._size
        self._lines, self._texts, self._size = [], [], 0
        if self._head is None:
            if any(line.strip(b"\xef\xbb\xbf\r\n \t") for line in lines):
                self._reject("belongs to no message, or to one that is too long", lines)
            return
        when = self._head.when(self.order)
        text = "\n".join(texts)
        if not _is_sound(text):
            self._reject("holds bytes that are no UTF-8", lines)
        elif when is None:
            self._reject(f"has a time that does not exist in the order {self.order}", lines)
        elif size > LONGEST:
            self._reject("is longer than a megabyte", lines)
        else:
            self.rows.add(
                CHAT_TABLE, self.place, str(self._start), _cells(self.chat, self._head, when.isoformat(), text)
            )

    def _reject(self, detail: str, lines: list[bytes]) -> None:
        self.rows.reject(Unreadable(CHAT_TABLE, self.place, str(self._start), detail, b"".join(lines)))


def _cells(chat: str | None, head: Head, when: str, text: str) -> dict[str, str | None]:
    sender, words = _parted(text)
    bare = words.lstrip(FIRST_MARKS)
    said = read_words(sender, bare, marked=bare != words)
    is_number = sender is not None and _NUMBER.fullmatch(sender) is not None
    key = "\x1f".join((chat or "", sender or "", when))
    return {
        "id": hashlib.sha256(key.encode()).hexdigest()[:32],
        "chat": chat,
        "sender": sender,
        "name": None if is_number else sender,
        "number": sender if is_number else None,
        "at": head.at,
        "waktu": when,
        "text": said.text or None,
        "media": orjson.dumps(said.media).decode() if said.media else None,
        "kind": said.kind,
        "edited": "1" if said.edited else None,
    }


def _parted(text: str) -> tuple[str | None, str]:
    """Sender and words of a message; None and all of it where WhatsApp itself speaks."""
    first, colon, _ = text.partition("\n")[0].partition(": ")
    if not colon and first.endswith(":"):
        first, colon = first[:-1], ":"
    sender = _ANY_MARK.sub("", first).replace("\u00a0", " ").replace("\u202f", " ").strip().removeprefix("~").strip()
    if not colon or not sender or len(sender) > _LONGEST_SENDER or is_notice(sender):
        return None, _ANY_MARK.sub("", text)
    return sender, text[len(first) + len(colon) :]


def _is_sound(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


def _survey(chunks: Iterator[bytes]) -> Survey:
    survey, begun = Survey(), False
    for number, line in lines_of(chunks):
        text = text_of(line).lstrip("\ufeff")
        if number:
            survey.look(text)
        if not begun and text.strip():
            begun, survey.begins_with_head = True, survey.heads == 1
    return survey


def _chosen(name: str, surveys: dict[str, Survey]) -> set[str]:
    """The texts of a file that are chats; citizens send texts as attachments, too. Raises ``ChannelError``."""
    chats = {place for place, survey in surveys.items() if survey.heads}
    if not chats:
        raise ChannelError(f"{name}: holds no message of WhatsApp; export the chat again and leave the file as it is")
    if len(chats) == 1:
        return chats
    named = {place for place in chats if _is_chat_name(place)}
    return named or {place for place in chats if surveys[place].begins_with_head} or chats


def _is_chat_name(place: str) -> bool:
    last = place.rsplit("/", 1)[-1]
    return last == "_chat.txt" or _NAMED.match(last) is not None


def _opened(
    archive: Archive, entry: Entry, file: str, tell: Callable[[str], None]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The texts of an archived file. Raises ``ChannelError`` for a packing that is not known."""

    def tell_but_media(told: str) -> None:
        if "that are no .sql" not in told:  # media are kept in the archive and need no reading
            tell(told.replace(entry.name, file))

    try:
        yield from unpacked(entry.name, archive.stream(entry.name), tell_but_media)
    except ChannelError as error:  # it speaks of dumps, for which it was made
        said = str(error).replace(entry.name, file).replace(".sql", ".txt").replace("honest dump", "honest export")
        raise ChannelError(said) from error


def _silent(_: str) -> None:
    """Told when the rows are read."""
