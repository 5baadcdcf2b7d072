"""Finds the files of a source and puts them into the archive, byte for byte.

What the bytes mean is left to the readers of each format. Relative paths start at the folder of sources and stay below
it: a channel file that came from elsewhere cannot pick up other files of the machine by ``..`` or by a link.
"""

import difflib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson

from connectors.archive import MANIFEST, Archive, ArchiveWriter
from connectors.base import ChannelError, Context, RetryError
from schemas.sources import SourceBase

NAMES = "names.json"
_CHUNK = 1 << 20
_GLOB_SIGNS = frozenset("*?[")


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the most similar of ``known``, or nothing."""
    by_folded = {option.casefold(): option for option in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return f"; did you mean {by_folded[close[0]]!r}?" if close else ""


def mapped_tables(source: SourceBase) -> tuple[str, ...]:
    """The tables (or sheets) that a source's mappings and their events name, each once."""
    mappings = source.streams.values()
    names = [n for m in mappings for n in (m.table, *(e.table for e in m.events if e.table not in m.made))]
    return tuple(dict.fromkeys(names))


def find_files(path: str, sources_dir: Path) -> tuple[Path, ...]:
    """The files that ``path`` (a file or a glob) names, sorted. Relative paths start at ``sources_dir``.

    Raises ``ChannelError`` if there is none, or if a relative path climbs out, with ``..`` or by a symbolic link.
    """
    found = _matching(path, sources_dir)
    if not Path(path).is_absolute():
        for file in found:
            if not file.resolve().is_relative_to(sources_dir.resolve()):
                raise ChannelError(f"{file}: leads out of {sources_dir} by a link; write the absolute path of the file")
    return found


def _matching(path: str, sources_dir: Path) -> tuple[Path, ...]:
    wanted = Path(path)
    if not wanted.is_absolute() and ".." in wanted.parts:
        raise ChannelError(f"path {path!r}: may not climb out of {sources_dir} with '..'; write an absolute path")
    place = sources_dir / wanted  # an absolute path stays as it is
    if place.is_file():  # first, so that a name with brackets in it is no glob
        return (place,)
    if _GLOB_SIGNS & set(path):
        start = Path(wanted.anchor) if wanted.is_absolute() else sources_dir
        pattern = str(wanted.relative_to(wanted.anchor))
        found = tuple(sorted(file for file in start.glob(pattern) if file.is_file()))
        if found:
            return found
        raise ChannelError(f"{place}: matches no file; put the files there, or change path in the channel file")
    beside = [file.name for file in place.parent.iterdir()] if place.parent.is_dir() else []
    hint = nearest(place.name, beside)
    raise ChannelError(f"{place}: no such file{hint or '; put it there, or change path in the channel file'}")


def archive_files(path: str, archive: ArchiveWriter, context: Context, *, hide_names: bool = False) -> None:
    """Archive every file that ``path`` names. Progress is told in bytes.

    With ``hide_names`` objects are numbered, and the names of the files, which may tell of people, stand in a sealed
    object of their own, ``NAMES``.

    Raises ``ChannelError`` if a file is missing or may not be read, ``RetryError`` if it changes meanwhile.
    """
    files = find_files(path, context.sources_dir)
    total, done = sum(file.stat().st_size for file in files), 0
    named = [f"{n:06d}{file.suffix.lower()}" for n, file in enumerate(files, 1)] if hide_names else _object_names(files)
    for name, file in zip(named, files, strict=True):
        try:
            before = file.stat()
            modified = datetime.fromtimestamp(before.st_mtime, UTC).isoformat(timespec="seconds")
            origin = {} if hide_names else {"path": file.name}
            origin |= {"size": str(before.st_size), "mtime": modified}
            archive.write(name, _chunks(file, context, done, total), origin)
            after = file.stat()
        except OSError as error:
            raise ChannelError(f"{file}: cannot be read ({error.strerror}); check its owner and mode") from error
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise RetryError(f"{file}: changed while it was read; wait until the copy is done")
        done += before.st_size
    if hide_names:
        listed = dict(zip(named, (file.name for file in files), strict=True))
        archive.write(NAMES, [orjson.dumps(listed)], {"content": "names"})


def file_names(archive: Archive) -> dict[str, str]:
    """The names that archived files had, by object, hidden or not."""
    if any(entry.name == NAMES for entry in archive.entries):
        hidden: dict[str, str] = orjson.loads(archive.read(NAMES))
        return hidden
    return {entry.name: entry.origin.get("path", entry.name) for entry in archive.entries}


def _chunks(file: Path, context: Context, done: int, total: int) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk
            done += len(chunk)
            context.progress(done, total)


def _object_names(files: tuple[Path, ...]) -> tuple[str, ...]:
    """Names for the archive: the file's own, or with a number before it where that would not do."""
    names = [file.name for file in files]
    plain = len(set(names)) == len(names) and not any(name == MANIFEST or name.startswith(".") for name in names)
    return tuple(names) if plain else tuple(f"{number:03d}-{name}" for number, name in enumerate(names, start=1))
