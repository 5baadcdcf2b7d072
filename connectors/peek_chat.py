"""Looks into WhatsApp chats: all files of one service are one table of messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.base import RawTable
from connectors.chat import ChatReader
from connectors.peek_types import Found, FoundColumn, FoundTable
from connectors.plain import PlainFiles
from schemas.sources import CHAT_TABLE, ChatSource


def look_at_chats(files: tuple[Path, ...], place: str, name: str) -> Found:
    """The messages of ``files``. Raises ``ChannelError`` where none is found."""
    chats = _Chats(files)
    first = next(chats.rows([CHAT_TABLE]))
    columns = tuple(FoundColumn(str(name)) for name in first.frame.columns if name not in ("_object", "_position"))
    several = f", {len(files)} files" if len(files) > 1 else ""
    return Found(
        reader="chat",
        format=f"WhatsApp chat{several}",
        encoding="utf-8",
        place=place,
        name=name,
        tables=[FoundTable(CHAT_TABLE, None, columns)],
        rows=chats.rows,
    )


@dataclass(frozen=True)
class _Chats:
    """The files, through the reader."""

    files: tuple[Path, ...]

    def rows(self, _: Sequence[str]) -> Iterator[RawTable]:
        """All messages, one file after another."""
        columns = {"table": CHAT_TABLE, "columns": {"text": "text"}}
        source = ChatSource.model_validate({"reader": "chat", "path": "-", "streams": {"all": columns}})
        yield from ChatReader().parse(source, PlainFiles.of_chats(self.files))
