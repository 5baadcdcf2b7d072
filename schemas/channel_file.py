"""Reads channel files. Every fault becomes one line: file, line, key, what is wrong, how to mend it.

YAML 1.2 is read (a code ``no`` stays the word *no*), a key that stands twice is an error, and nothing in the file is
executed or expanded.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from schemas.channel import (
    BearerAuth,
    Cell,
    Channel,
    Codes,
    ColumnMap,
    Condition,
    EventMap,
    Exclusion,
    HtmlCount,
    HtmlEvents,
    HtmlSource,
    HtmlTable,
    Limits,
    Listing,
    Login,
    Mapping,
    MysqldumpSource,
    Nested,
    Paging,
    Politeness,
    RestCount,
    RestSource,
    RestTable,
    SheetCount,
    SheetSource,
    StatusCode,
    Stream,
    UnknownField,
)

_MODELS: tuple[type[BaseModel], ...] = (
    BearerAuth, Cell, Channel, Codes, ColumnMap, Condition, EventMap, Exclusion, HtmlCount, HtmlEvents, HtmlSource,
    HtmlTable, Limits, Listing, Login, Mapping, MysqldumpSource, Nested, Paging, Politeness, RestCount, RestSource,
    RestTable, SheetCount, SheetSource, StatusCode, Stream,
)  # fmt: skip
KNOWN_KEYS = tuple(sorted({key for model in _MODELS for key in model.model_fields}))


class ChannelFileError(ValueError):
    """A channel file that cannot be used. Its text is one line for a person: file, line, key, mend."""

    def __init__(self, path: Path, line: int | None, key: str, problem: str) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {key + ': ' if key else ''}{problem}")
        self.path, self.line, self.key = path, line, key


@dataclass(frozen=True)
class ChannelFile:
    """A channel with the file it came from and the SHA-256 of that file's bytes (hex)."""

    path: Path
    sha256: str
    channel: Channel


def read_channel(path: Path) -> ChannelFile:
    """Read one channel file. Raises ``ChannelFileError``."""
    try:
        content = path.read_bytes()
        document = YAML(typ="rt", pure=True).load(content.decode("utf-8"))
    except OSError as error:
        raise ChannelFileError(path, None, "", f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ChannelFileError(path, line, "", "is not UTF-8; save it as UTF-8") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context).split())
        raise ChannelFileError(path, mark.line + 1 if mark else None, "", f"is not valid YAML: {problem}") from error
    except YAMLError as error:
        raise ChannelFileError(path, None, "", f"is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, CommentedMap):
        raise ChannelFileError(path, 1, "", "holds no keys; start with 'id: …'")
    try:
        channel = Channel.model_validate(document)
    except ValidationError as error:
        raise _explain(path, document, error) from error
    if channel.id != path.stem:
        raise ChannelFileError(path, _line(document, ("id",)), "id", f"is {channel.id!r}, but the file is {path.name}")
    return ChannelFile(path, hashlib.sha256(content).hexdigest(), channel)


def read_channels(folder: Path, only: Sequence[str] = ()) -> dict[str, ChannelFile]:
    """Every channel file of ``folder`` by id, sorted, or those named in ``only``.

    Raises ``ChannelFileError`` for a bad file, an empty folder, or a name that has no file.
    """
    paths = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not paths:
        raise ChannelFileError(folder, None, "", "holds no channel file (*.yaml); set SATUKANAL_CHANNELS")
    for name in only:
        if name not in paths:
            raise ChannelFileError(folder, None, name, f"is no channel here{_nearest(name, tuple(paths))}")
    return {name: read_channel(paths[name]) for name in (only or paths)}


def _explain(path: Path, document: CommentedMap, error: ValidationError) -> ChannelFileError:
    """The first fault of ``error`` as one line. pydantic's locations hold union tags, which are no keys: skip them."""
    faults = error.errors()
    fault = next(
        (f for f in faults if f["type"] == "extra_forbidden"), faults[0]
    )  # a misspelt key is also a missing one
    location = _real_location(document, fault["loc"])
    key = ".".join(str(part) for part in location)
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, UnknownField):
        inside = (*location, "columns", cause.field)
        problem = f"{cause}{_nearest(cause.field, cause.known)}"
        return ChannelFileError(path, _line(document, inside), ".".join(map(str, inside)), problem)
    if fault["type"] == "extra_forbidden":
        problem = f"unknown key{_nearest(str(location[-1]), KNOWN_KEYS)}"
    elif fault["type"] == "missing":
        problem = "is missing"
    else:
        shown = "" if isinstance(fault["input"], dict | list) else f" (is {fault['input']!r})"
        problem = fault["msg"].removeprefix("Value error, ") + shown
    return ChannelFileError(path, _line(document, location), key, problem)


def _real_location(document: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    kept: list[int | str] = []
    node = document
    for i, part in enumerate(location):
        last = i == len(location) - 1
        if isinstance(node, CommentedMap) and (part in node or (last and isinstance(part, str))):
            kept.append(part)
            node = node.get(part)
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            kept.append(part)
            node = node[part]
    return tuple(kept)


def _line(document: Any, location: tuple[int | str, ...]) -> int | None:
    """1-based line of the deepest part of ``location`` that the document has."""
    node, line = document, None
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line, node = node.lc.key(part)[0] + 1, node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line, node = node.lc.item(part)[0] + 1, node[part]
        else:
            break
    return line


def _nearest(word: str, known: tuple[str, ...]) -> str:
    found = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=60)
    return f"; did you mean {found[0]!r}?" if found else ""
