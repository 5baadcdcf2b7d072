"""Reads channel files. Every fault becomes one line: file, line, key, what is wrong, how to mend it.

YAML 1.2 is read (a code ``no`` stays the word *no*) and keys are texts whatever they look like (``true``, ``0``); a key
that stands twice is an error, a date is the text that was written, and nothing in the file is executed.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tag import Tag
from ruamel.yaml.tokens import AliasToken

from schemas.channel import Channel
from schemas.channel_types import Fault, UnknownField
from schemas.codes import Status
from schemas.mapping import Strict
from schemas.shapes import Options


def _models(base: type[BaseModel]) -> set[type[BaseModel]]:
    return {base}.union(*(_models(one) for one in base.__subclasses__()))


_MODELS = _models(Strict) | _models(Options)
KNOWN_KEYS = tuple(sorted({key for model in _MODELS for key in model.model_fields}))
MOST_ALIASES = 20  # aliases of aliases multiply: so many make a file at most 1,600 times as large
READERS = tuple(sorted(get_args(m.model_fields["reader"].annotation)[0] for m in _MODELS if "reader" in m.model_fields))


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
    content, document = _load(path)
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


def fault_at(path: Path, location: Sequence[str], problem: str) -> ChannelFileError:
    """``problem`` of the key ``location`` of a channel file that was read before, as its one line."""
    return ChannelFileError(path, _line(_load(path)[1], tuple(location)), ".".join(location), problem)


class _Constructor(RoundTripConstructor):
    """Keys are texts: a bare ``true`` is our key of that name, and a bare ``0`` a label that the source holds."""

    def flatten_mapping(self, node: Any) -> Any:
        for key, _ in node.value:
            if isinstance(key, ScalarNode) and not str(key.tag).endswith(":merge"):
                key.ctag = Tag(suffix="tag:yaml.org,2002:str")
        return super().flatten_mapping(node)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def _load(path: Path) -> tuple[bytes, CommentedMap]:
    """The bytes of a file and what they hold. Raises ``ChannelFileError``."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    content = b""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        if text.count("*") > MOST_ALIASES and _aliases(text) > MOST_ALIASES:
            raise ChannelFileError(path, 1, "", f"holds more than {MOST_ALIASES} aliases (*name); write the values out")
        document = yaml.load(text)
    except OSError as error:
        raise ChannelFileError(path, None, "", f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ChannelFileError(path, line, "", "is not UTF-8; save it as UTF-8") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ChannelFileError(path, mark.line + 1 if mark else 1, "", _yaml_problem(error)) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ChannelFileError(path, line, "", "holds a control character; take it out") from error
    except YAMLError as error:
        raise ChannelFileError(path, 1, "", f"is not valid YAML: {' '.join(str(error).split())}") from error
    except (KeyError, ValueError, RecursionError) as error:  # what ruamel lets through of tags and endless brackets
        problem = "holds a tag (!…) or brackets that cannot be read; write plain keys and values"
        raise ChannelFileError(path, 1, "", problem) from error
    if not isinstance(document, CommentedMap):
        raise ChannelFileError(path, 1, "", "holds no keys; start with 'id: …'")
    return content, document


def _aliases(text: str) -> int:
    return sum(isinstance(token, AliasToken) for token in YAML(pure=True).scan(text))


def _yaml_problem(error: MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or error.context).split())
    if isinstance(error, DuplicateKeyError) and (twice := re.search(r'duplicate key "(.*?)" with value', problem)):
        return f"{twice[1]}: stands twice; keep one of them"
    if "'\\t'" in problem:
        return "holds a tab; indent with blanks"
    colon = "mapping values are not allowed" in problem
    return f"is not valid YAML: {problem}{'; write a text that holds a colon and a blank in quotes' if colon else ''}"


def _explain(path: Path, document: CommentedMap, error: ValidationError) -> ChannelFileError:
    """The first fault of ``error`` as one line. A misspelt key comes before the one that it leaves missing."""
    faults = error.errors()
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    location = _real_location(document, fault["loc"])
    if kind == "missing":
        location = (*location, fault["loc"][-1])
    cause = context.get("error")
    if isinstance(cause, Fault):
        location, problem = (*location, *cause.at), str(cause)
        if isinstance(cause, UnknownField):
            problem += _nearest(cause.field, cause.known) or f"; the fields are: {', '.join(cause.known)}"
    elif kind == "extra_forbidden":
        problem = _unknown_key(str(location[-1]))
    elif kind == "missing":
        problem = "is missing; add it"
    elif kind.startswith("union_tag"):  # the reader
        location = (*location, "reader")
        problem = _choice(context.get("tag"), READERS)
    elif kind in ("enum", "literal_error"):
        problem = _choice(value, _quoted(context["expected"]))
    else:
        shown = f" (is {value!r})" if isinstance(value, str | int | float) else ""
        problem = _sentence(kind, fault["msg"], str(location[-1]) if location else "", value) + shown
    return ChannelFileError(path, _line(document, location), ".".join(map(str, location)), problem)


_ALIKE = 90  # of 100: one key mistyped as another


def _unknown_key(key: str) -> str:
    if key in KNOWN_KEYS:
        near = process.extractOne(key, [k for k in KNOWN_KEYS if k != key], scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return (
            f"does not belong here{f'; did you mean {near[0]!r}?' if near else ''}; docs/channels.md says where it does"
        )
    return f"unknown key{_nearest(key, KNOWN_KEYS) or '; docs/channels.md lists the keys'}"


def _quoted(words: str) -> tuple[str, ...]:
    """The words of pydantic's "'a', 'b' or 'c'" that a person may write: ``unmapped`` is what nobody wrote."""
    return tuple(w for w in re.findall(r"'([^']*)'", words) if w != Status.UNMAPPED)


def _choice(value: Any, known: tuple[str, ...]) -> str:
    given = "is missing" if value is None else f"is {value!r}" if isinstance(value, str | int | float) else "is no text"
    return f"{given}; write one of {', '.join(known)}{_nearest(str(value), known)}"


def _sentence(kind: str, message: str, key: str, value: Any) -> str:
    """What pydantic calls ``message``, in words for a person who writes YAML."""
    if kind == "string_type":
        if not isinstance(value, int | float):
            return "must be a text"
        return f'must be a text; write it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind == "tuple_type":
        return f"must be a list, as in {key}: [A, B]"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return f"must hold keys of its own, indented below {key}:"
    if kind.startswith("bool_"):
        return "write true or false"
    if kind.startswith(("int_", "float_")):
        return "write a whole number" if kind.startswith("int_") else "write a number"
    if kind == "invalid_key":
        return "a key must be one text"
    if kind == "too_short":
        return "must not be empty"
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def _real_location(document: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """What the document has of ``location``: without pydantic's union tags, which are no keys."""
    kept: list[int | str] = []
    node = document
    for part in location:
        if _has(node, part):
            kept.append(part)
            node = node[part]
    return tuple(kept)


def _line(document: Any, location: tuple[int | str, ...]) -> int:
    """1-based line of the deepest part of ``location`` that the document has; its first line if it has none."""
    node, line = document, 1
    for part in location:
        if not _has(node, part):
            break
        place = node.lc.data.get(part) if node.lc.data else None  # what was merged in (<<) has none
        line, node = place[0] + 1 if place else line, node[part]
    return line


def _has(node: Any, part: int | str) -> bool:
    if isinstance(node, CommentedSeq):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, CommentedMap) and part in node


def _nearest(word: str, known: tuple[str, ...]) -> str:
    found = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=60)
    return f"; did you mean {found[0]!r}?" if found else ""
