"""Finds the files that complaints carry: in the zip that was read, in a folder, at the addresses that are declared.

A name is only ever looked up, never opened as a path; over the network nothing is asked for that does not lie below a
declared address. Which names there are, and what is kept of them, is left to the flows.
"""

import os
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote, unquote, urlsplit

from connectors.archive import Archive
from connectors.base import ChannelError, Context, Paused
from connectors.credentials import Credentials, credentials_of
from connectors.html_visit import Visit
from connectors.http import Anonymous, TooLarge, WebSession, same_place
from schemas.codes import AttachmentState
from schemas.sources import Attachments, SourceBase
from schemas.web_sources import HtmlSource, Politeness, RestSource

_GONE, _CLOSED = frozenset({404, 410}), frozenset({400, 401, 403})
_PAGES = (b"<!doctype html", b"<html")
_MAC_COPY = "._"
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)  # RuntimeError: locked


class Refused(Exception):
    """A file is there, and is not taken. The reason, without its name."""


@dataclass(frozen=True)
class Outcome:
    """What became of one name. ``content`` is there where it is stored, ``reason`` where it is refused."""

    state: AttachmentState
    content: bytes | None = None
    reason: str = ""


class _Place(Protocol):
    def look(self, name: str) -> bytes | None:
        """The file of that name; None if there is none. Raises ``Refused``."""


class _Names:
    """File names as people and programs write them, found among the paths of a folder or zip."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_last: dict[str, list[str]] = {}
        for path in paths:
            last = PurePosixPath(path).name
            if not last.startswith(_MAC_COPY):
                self._by_last.setdefault(last.casefold(), []).append(path)

    def find(self, name: str) -> str | None:
        """The path that shares most of its end with ``name``, any case. Raises ``Refused`` if several do."""
        parts = _parts(name)
        found = self._by_last.get(parts[-1].casefold(), []) if parts else []
        if len(found) > 1:
            shared = {path: _common_end(_parts(path), parts) for path in found}
            found = [path for path in found if shared[path] == max(shared.values())]
            exact = [path for path in found if _parts(path)[-1] == parts[-1]]
            found = exact if len(exact) == 1 else found
        if len(found) > 1:
            raise Refused(f"{len(found)} files have this name")
        return found[0] if found else None


def _parts(name: str) -> list[str]:
    path = unquote(urlsplit(name).path) if "://" in name else name
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]


def _common_end(one: list[str], other: list[str]) -> int:
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a.casefold() != b.casefold()), min(len(one), len(other)))


class _Folder:
    """Files below a folder, whatever the depth. Links that lead out are not followed."""

    def __init__(self, root: Path, most_bytes: int) -> None:
        self._root, self._most = root.resolve(), most_bytes
        found = (Path(where) / file for where, _, files in os.walk(self._root) for file in files)
        self._names = _Names(path.relative_to(self._root).as_posix() for path in found)

    def look(self, name: str) -> bytes | None:
        found = self._names.find(name)
        if found is None:
            return None
        path = (self._root / found).resolve()
        if not path.is_relative_to(self._root) or not path.is_file():
            raise Refused("is a link that leads elsewhere")
        try:
            if path.stat().st_size > self._most:
                raise Refused(f"is larger than {self._most >> 20} MB")
            return path.read_bytes()
        except OSError as error:
            raise Refused(f"cannot be read ({error.strerror})") from error


class _Zip:
    """The members of an open zip."""

    def __init__(self, opened: zipfile.ZipFile, most_bytes: int) -> None:
        self._zip, self._most = opened, most_bytes
        self._names = _Names(one.filename for one in opened.infolist() if not one.is_dir())

    def look(self, name: str) -> bytes | None:
        found = self._names.find(name)
        if found is None:
            return None
        try:
            with self._zip.open(found) as member:
                content = member.read(self._most + 1)
        except _DAMAGED as error:
            raise Refused(f"cannot be unpacked ({type(error).__name__})") from error
        if len(content) > self._most:
            raise Refused(f"is larger than {self._most >> 20} MB")
        return content


class _Web:
    """Addresses below one that is declared; the source's own credentials go to its own host alone."""

    def __init__(self, base: str, source: SourceBase, context: Context, most_bytes: int, *, bare: bool) -> None:
        self._source, self._most, self._bare = source, most_bytes, bare
        self._base = urlsplit(base)
        own = getattr(source, "url", "")
        self._own = isinstance(source, RestSource | HtmlSource) and same_place(base, own)
        self._root = f"{self._base.scheme}://{self._base.netloc}"
        self._context = context if self._own else Context(context.channel, context.sources_dir, context.secret)

    def path(self, name: str) -> str | None:
        """Path and query below the host's root; None where ``name`` lies elsewhere."""
        if "://" in name:
            if not (
                same_place(name, self._root) or (self._context.address and same_place(name, self._context.address))
            ):
                return None
            parts = urlsplit(name)
            path, query = parts.path, f"?{parts.query}" if parts.query else ""
        else:
            if not self._bare or name.startswith("//"):
                return None
            path, query = quote(name if name.startswith("/") else f"{self._base.path}/{name}"), ""
        path = posixpath.normpath(path)
        below = self._base.path.rstrip("/") + "/"
        return path + query if path.startswith(below) else None

    def fetch(self, path: str) -> bytes | None:
        """The file at ``path``. Raises ``Refused``, and the errors of ``connectors.base``."""
        visit = self._visit
        try:
            answer = visit.page(self._web.at(path), _GONE | _CLOSED)
        except Paused:
            raise
        except TooLarge as error:
            raise Refused(f"is larger than {self._most >> 20} MB") from error
        except ChannelError as error:  # of this file: it leads elsewhere, or its answer is an error of ours
            raise Refused(str(error)) from error
        if answer.status in _GONE:
            return None
        if answer.status in _CLOSED:
            raise Refused(f"the server answers {answer.status}")
        if answer.body.lstrip()[:14].lower().startswith(_PAGES):
            raise Refused("the server answers a page instead of a file")
        return answer.body

    @cached_property
    def _web(self) -> WebSession:
        source = self._source
        auth = Credentials(Anonymous())
        if isinstance(source, RestSource) and self._own:
            auth = credentials_of(source, self._context)
        politeness = getattr(source, "politeness", Politeness())
        web = WebSession(self._root, politeness, self._context, auth, wants="*/*", most_bytes=self._most)
        auth.ready(web)
        return web

    @cached_property
    def _visit(self) -> Visit:
        source = self._source
        login = source.login if isinstance(source, HtmlSource) and self._own else None
        values = {field: self._context.secret(secret) for field, secret in login.fields.items()} if login else {}
        visit = Visit(self._web, login, values)
        visit.log_in()
        return visit

    def close(self) -> None:
        if "_web" in self.__dict__:
            self._web.close()


def may_find(source: SourceBase) -> bool:
    """Whether there is any place where the files of ``source`` could be looked for."""
    declared = source.attachments
    return _is_of_files(source) or (declared is not None and (declared.folder is not None or bool(declared.urls)))


def _is_of_files(source: SourceBase) -> bool:
    return hasattr(source, "path")


class Finder:
    """Where the files of one source are looked for. Use it in a ``with`` block."""

    def __init__(self, source: SourceBase, context: Context) -> None:
        """Nothing is asked yet. Raises ``ChannelError`` for a declared folder that is not there."""
        declared = source.attachments
        self._most = (declared.max_mb if declared else Attachments.model_fields["max_mb"].default) << 20
        self._stack, self._of_files = ExitStack(), _is_of_files(source)
        self._zips: dict[Path, list[_Place]] = {}
        self._folder = self._open_folder(declared.folder, context.sources_dir) if declared and declared.folder else None
        urls = declared.urls if declared else ()
        self._webs = [_Web(url, source, context, self._most, bare=n == 0) for n, url in enumerate(urls)]
        for web in self._webs:
            self._stack.callback(web.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def find(self, name: str, archive: Callable[[], Archive | None], before: AttachmentState) -> Outcome:
        """What becomes of ``name``, which was ``before`` and is of a record that ``archive`` (if it is there) holds.

        What was missing or refused is not asked for over the network again. Raises ``RetryError`` and ``ChannelError``
        where the old system cannot be asked at all.
        """
        places = (self._in_archive(archive()) if self._of_files else []) + ([self._folder] if self._folder else [])
        try:
            for place in places:
                content = place.look(name)
                if content is not None:
                    return Outcome(AttachmentState.STORED, content)
            if before in (AttachmentState.NAMED, AttachmentState.FAILED):
                for web in self._webs:
                    path = web.path(name)
                    if path is not None:
                        content = web.fetch(path)
                        state = AttachmentState.MISSING if content is None else AttachmentState.STORED
                        return Outcome(state, content)
        except Refused as error:
            return Outcome(AttachmentState.REFUSED, reason=str(error))
        if places and before is AttachmentState.NAMED:
            return Outcome(AttachmentState.MISSING)
        return Outcome(before)

    def _open_folder(self, name: str, sources_dir: Path) -> _Place:
        path = sources_dir / name
        if not Path(name).is_absolute() and not path.resolve().is_relative_to(sources_dir.resolve()):
            raise ChannelError(f"{path}: leads out of {sources_dir}; write the absolute path of the folder")
        if path.is_dir():
            return _Folder(path, self._most)
        if path.is_file() and zipfile.is_zipfile(path):
            return _Zip(self._stack.enter_context(zipfile.ZipFile(path)), self._most)
        raise ChannelError(f"{path}: no such folder, and no zip; put the files there, or mend attachments.folder")

    def _in_archive(self, archive: Archive | None) -> list[_Place]:
        """The zips of an archive, as places."""
        if archive is None:
            return []
        if archive.folder not in self._zips:
            found: list[_Place] = []
            for entry in archive.entries:
                if entry.name.endswith(".zip"):
                    opened = self._stack.enter_context(archive.seekable(entry.name))
                    try:
                        found.append(_Zip(self._stack.enter_context(zipfile.ZipFile(opened)), self._most))
                    except zipfile.BadZipFile:
                        continue  # its reader has told
            self._zips[archive.folder] = found
        return self._zips[archive.folder]
