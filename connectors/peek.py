"""Looks into a source that nobody has described yet: what it is, which tables it holds, their raw records.

A source is a file, a folder of files, a glob, or the address of a database or a web system. Which reader it needs is
told by content, never by name; records come through that reader, so that a look shows what a load would read. What the
columns mean is left to ``transforms.scaffold``.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.base import ChannelError
from connectors.files import nearest
from connectors.peek_chat import look_at_chats
from connectors.peek_dump import look_at_dump
from connectors.peek_json import look_at_json
from connectors.peek_sheet import look_at_sheets
from connectors.peek_sniff import Kind, sniff
from connectors.peek_sql import look_at_server, look_at_sqlite
from connectors.peek_types import Declared, Found, FoundColumn, FoundTable
from connectors.peek_visit import Access
from connectors.peek_web import look_at_web

__all__ = ["Access", "Declared", "Found", "FoundColumn", "FoundTable", "look"]

_TOGETHER: tuple[Kind, ...] = ("mysqldump", "json")  # files of one folder and suffix are parts of one whole
_GLOB_SIGNS = re.compile(r"[*?\[]")


def look(
    source: str, secret: Callable[[str], str | None], password: str | None = None, access: Access | None = None
) -> list[Found]:
    """What lies in ``source``: one ``Found`` for each file, or for files that a glob would read as one whole.

    ``secret`` gives the value of a secret by name, None if it is not set; ``password`` names the one of a database,
    ``access`` says how a web system is entered.
    Raises ``ChannelError`` for what cannot be read at all, ``RetryError`` for a server that is away.
    """
    if re.match(r"https?://", source, re.IGNORECASE):
        return [look_at_web(source, secret, access or Access())]
    if "://" in source:
        return [look_at_server(source, secret, password)]
    path = Path(source).expanduser()
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.is_file() and not _is_hidden(f.relative_to(path)))
        return _look_at_several(files, f"{path}: holds no file")
    if path.exists():
        return [_look_at((path,), sniff(path))]
    if _GLOB_SIGNS.search(source):
        start = Path(path.anchor)
        files = sorted(
            f for f in start.glob(str(path.relative_to(start))) if f.is_file() and not f.name.startswith(".")
        )
        return _look_at_several(files, f"{path}: matches no file")
    near = nearest(path.name, (p.name for p in path.parent.iterdir())) if path.parent.is_dir() else ""
    raise ChannelError(f"{path}: no such file or folder{near}")


def _look_at_several(files: Sequence[Path], without: str) -> list[Found]:
    if not files:
        raise ChannelError(without)
    found: list[Found] = []
    problems: list[str] = []
    for kind, whole in _wholes(files, problems):
        try:
            found.append(_look_at(whole, kind))
        except ChannelError as error:
            problems.append(str(error))
    if not found:
        raise ChannelError(problems[0] + (f" (and {len(problems) - 1} files more)" if len(problems) > 1 else ""))
    found[0].problems.extend(problems)
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.parts)


def _wholes(files: Sequence[Path], problems: list[str]) -> list[tuple[Kind, tuple[Path, ...]]]:
    """Dumps, and files of JSON, of one folder and suffix are one whole, and so are all chats of a folder."""
    wholes: dict[tuple[Kind, Path, str], list[Path]] = {}
    for file in files:
        try:
            kind = sniff(file)
        except ChannelError as error:
            problems.append(str(error))
            continue
        if kind == "chat":
            wholes.setdefault((kind, file.parent, ""), []).append(file)
        elif kind in _TOGETHER:
            wholes.setdefault((kind, file.parent, file.suffix), []).append(file)
        else:
            wholes[kind, file, ""] = [file]
    return [(kind, tuple(whole)) for (kind, _, _), whole in wholes.items()]


def _look_at(files: tuple[Path, ...], kind: Kind) -> Found:
    if kind == "sqlite":
        return look_at_sqlite(files[0])
    if kind == "sheet":
        return look_at_sheets(files[0])
    if kind == "mysqldump":
        return look_at_dump(files, _place(files))
    name = files[0].name.split(".")[0] if len(files) == 1 and kind == "json" else files[0].absolute().parent.name
    if kind == "chat":
        return look_at_chats(files, _place(files), "whatsapp" if len(files) == 1 else name)
    return look_at_json(files, _place(files), name)


def _place(files: tuple[Path, ...]) -> str:
    """The absolute path of a file, or the glob that names them all, and if it can be no others."""
    first = Path(os.path.abspath(files[0]))  # noqa: PTH100  a link stays the link that was named
    if len(files) == 1:
        return str(first)
    suffixes = {file.suffix for file in files}
    ending = f"*{first.suffix}" if len(suffixes) == 1 else "*"
    start = re.sub(r"\d+$", "", _common_start([file.name for file in files]))
    wanted = {file.name for file in files}
    for pattern in (ending, f"{start}{ending}"):
        if not _GLOB_SIGNS.search(start) and {f.name for f in first.parent.glob(pattern) if f.is_file()} == wanted:
            return str(first.parent / pattern)
    return str(first.parent / ending)


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return next((first[:n] for n, sign in enumerate(first) if last[n : n + 1] != sign), first)
