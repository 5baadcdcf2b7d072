"""The data engineer's tools: what lies in a source, its raw records, a first channel file, a channel tried on a sample.

Composes ``connectors.peek`` and ``transforms.scaffold``; nothing here touches the store or the home folder.
"""

import base64
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.base import ChannelError
from connectors.peek import Found, FoundTable, look
from data import REFERENCE
from satukanal.settings import INSTALLATION, read_secret, read_settings
from schemas.channel import MysqldumpSource, SheetSource, SourceBase, SqlSource
from schemas.channel_file import ChannelFile, read_channel, read_channels
from schemas.reference import read_reference
from transforms.scaffold import (
    ColumnProfile,
    Draft,
    Facts,
    NoComplaints,
    Place,
    Studied,
    TableProfile,
    complaint_score,
    facts_of,
    personal_kind,
    plain,
    render,
    says_person,
    shape_of,
    study,
)

log = logging.getLogger("satukanal")
SCHEMA = INSTALLATION / "schemas" / "channel.schema.json"
EXAMPLES = 3
_TOLD_EACH = 100_000  # rows
_JOINS: dict[str, type[SourceBase]] = {"mysqldump": MysqldumpSource, "sheet": SheetSource, "sql": SqlSource}


@dataclass(frozen=True)
class Looked:
    """A table of a source, read to its end."""

    found: Found
    table: FoundTable
    shown: str  # its name for people and ``--table``
    profile: TableProfile
    problems: tuple[str, ...]


def looked_into(source: str, password: str | None = None) -> tuple[list[Found], list[Looked]]:
    """Every table of ``source`` with its profile. Raises ``ChannelError`` and ``RetryError``, one line each."""
    founds = look(source, read_secret, password)
    pairs = _named(founds)
    return founds, [one for found in founds for one in _read(found, {t.name: n for f, t, n in pairs if f is found})]


def _named(founds: list[Found]) -> list[tuple[Found, FoundTable, str]]:
    """Tables by a name of their own: with the file's before them where two have the same."""
    pairs = [(found, table) for found in founds for table in found.tables]
    times: dict[str, int] = {}
    for _, table in pairs:
        times[table.name.casefold()] = times.get(table.name.casefold(), 0) + 1
    return [
        (found, table, f"{found.name}/{table.name}" if times[table.name.casefold()] > 1 else table.name)
        for found, table in pairs
    ]


def _wanted(pairs: list[tuple[Found, FoundTable, str]], name: str) -> tuple[Found, FoundTable, str]:
    exact = [pair for pair in pairs if pair[2] == name]
    folded = [pair for pair in pairs if pair[2].casefold() == name.casefold()]
    if len(exact or folded) == 1:
        return (exact or folded)[0]
    there = ", ".join(repr(shown) for _, _, shown in pairs[:12]) + (" …" if len(pairs) > 12 else "")
    raise ChannelError(f"there is no table {name!r}; there are {there}")


def _read(found: Found, shown: dict[str, str]) -> list[Looked]:
    """All tables of one whole, read at one go; ``shown`` says what each is called."""
    profiles = {table.name: _empty(table) for table in found.tables}
    problems = {table.name: list(table.problems) for table in found.tables}
    told = _TOLD_EACH
    for raw in found.rows([t.name for t in found.tables if not (t.is_view and found.reader == "mysqldump")]):
        profile = profiles[raw.table]
        profile.add(raw.frame)
        problems[raw.table] += raw.problems
        room = max(0, 3 - profile.unreadable)
        problems[raw.table] += [
            f"{shown[raw.table]}: {p.object}, {p.position}: {p.detail}" for p in raw.unreadable[:room]
        ]
        profile.unreadable += len(raw.unreadable)
        if (rows := sum(p.rows for p in profiles.values())) >= told:
            told = rows + _TOLD_EACH
            log.info("%s: %d rows read", found.name, rows)
    return [
        Looked(found, table, shown[table.name], profiles[table.name], tuple(dict.fromkeys(problems[table.name])))
        for table in found.tables
    ]


def _empty(table: FoundTable) -> TableProfile:
    columns = {c.name: ColumnProfile(c.name, c.declared, c.comment, c.zoned) for c in table.columns}
    keys = table.primary_key, table.unique_keys
    return TableProfile(table.name, columns, *keys, is_view=table.is_view, comment=table.comment)


def inspect(source: str, password: str | None = None) -> dict[str, Any]:
    """What ``channels inspect --json`` prints. Examples of personal data are shown as shapes: ``9999999999999999``."""
    founds, looked = looked_into(source, password)
    problems = [problem for found in founds for problem in found.problems]
    tables = []
    for one in looked:
        problems += one.problems
        if one.profile.unreadable:
            problems.append(
                f"{one.shown}: {one.profile.unreadable} rows cannot be read; a load puts them in quarantine"
            )
        columns = [_column(column) for column in one.profile.columns.values()]
        tables.append({"name": one.shown, "rows": one.profile.rows, "columns": columns})
    formats = list(dict.fromkeys(found.format for found in founds))
    encodings = list(dict.fromkeys(found.encoding for found in founds if found.encoding))
    return {
        "format": "; ".join(formats),
        "encoding": ", ".join(encodings) or None,
        "tables": tables,
        "problems": list(dict.fromkeys(problems)),
    }


def _column(column: ColumnProfile) -> dict[str, Any]:
    facts = facts_of(column)
    kind = personal_kind(facts, column, by_name=says_person(column.name))
    shown = [_example(text, kind) for text, _ in column.common(50)]
    return {
        "name": column.name,
        "type": column.declared or _kind(column, facts),
        "nulls": column.nulls,
        "examples": list(dict.fromkeys(shown))[:EXAMPLES],
    }


def _example(text: str, kind: str | None) -> str:
    """A value for the terminal: as it is, masked; of a person only its shape, of prose only its length."""
    if kind is None:
        return plain(text)
    return f"({text.count(' ') + 1} words)" if kind == "text" else shape_of(text)


def _kind(column: ColumnProfile, facts: Facts) -> str:
    """What the values are, for a source without declared types."""
    if not column.filled:
        return "empty"
    if facts.dates and facts.dates.share >= 0.9:
        return "date"
    return "whole number" if facts.whole == 1 else "number" if facts.number == 1 else "text"


def dumped(source: str, table: str, limit: int | None = None, password: str | None = None) -> Iterator[dict[str, Any]]:
    """The raw records of one table: column → text as read, None for NULL, bytes as ``{"base64": …}``.

    A piece that cannot be read comes as ``{"_unreadable": why, "base64": …}``. Raises as ``looked_into``.
    """
    found, one, _ = _wanted(_named(look(source, read_secret, password)), table)
    left = limit
    for raw in found.rows([one.name]):
        columns = [name for name in raw.frame.columns if name not in ("_object", "_position")]
        cells = raw.frame[columns].astype(object)
        for row in cells.where(cells.notna(), None).to_numpy(dtype=object).tolist():
            if left == 0:
                return
            left = None if left is None else left - 1
            yield {name: _cell(value) for name, value in zip(columns, row, strict=True)}
        for piece in raw.unreadable:
            if left == 0:
                return
            left = None if left is None else left - 1
            yield {"_unreadable": piece.detail, "base64": base64.b64encode(piece.raw).decode()}


def _cell(value: Any) -> Any:
    """Bytes, which readers mark by ``base64:``, as base64 without the mark."""
    if isinstance(value, str) and value.startswith("base64:"):
        return {"base64": value.removeprefix("base64:")}
    return value


@dataclass(frozen=True)
class Scaffolded:
    """A first channel file."""

    id: str
    table: str
    text: str
    edits: tuple[str, ...]  # its lines that need a person


def scaffold(source: str, table: str | None = None, out: Path | None = None, password: str | None = None) -> Scaffolded:
    """A first channel file for the table of complaints in ``source``. Writes nothing.

    Raises ``ChannelError`` where nothing can be read, or nothing looks like complaints.
    """
    founds = look(source, read_secret, password)
    pairs = _named(founds)
    chosen = _wanted(pairs, table) if table is not None else None
    best: tuple[float, Draft, Found, FoundTable] | None = None
    faults: list[str] = []
    for found in founds if chosen is None else [chosen[0]]:
        if found.reader not in _JOINS:
            faults.append(f"{found.place}: is a {found.format}; start from connectors/channels/whatsapp.yaml instead")
            continue
        looked = _read(found, {t.name: shown for f, t, shown in pairs if f is found})
        try:
            draft, score = _drafted(found, looked, chosen[1].name if chosen else None)
        except NoComplaints as error:
            faults.append(f"{found.place}: {error}" if len(founds) > 1 else str(error))
            continue
        if best is None or score > best[0]:
            best = score, draft, found, next(one for one in found.tables if one.name == draft.table)
    if best is None:
        raise ChannelError("; ".join(faults))
    _, draft, found, one = best
    text = render(draft, _place(found, one, draft.rows, out))
    edits = tuple(line.strip() for line in text.splitlines() if "EDIT" in line and not line.startswith("#"))
    return Scaffolded(_id(found, out), draft.table, text, edits)


def _drafted(found: Found, looked: list[Looked], wanted: str | None) -> tuple[Draft, float]:
    tables = [Studied.of(one.profile) for one in looked]
    called = [found.name.replace("_", " ").replace("-", " "), *(t.profile.name for t in tables)]

    def labels(name: str, key: str, label: str) -> dict[str, str]:
        told: dict[str, str] = {}
        for raw in found.rows([name]):
            pairs = raw.frame[[key, label]].dropna()
            told |= dict(zip(pairs[key], pairs[label], strict=True))
        return told

    joins = _JOINS[found.reader].joins_lookups
    draft = study(tables, wanted, called, read_reference(REFERENCE), labels, joins=joins)
    return draft, complaint_score(next(t for t in tables if t.profile.name == draft.table))


def _place(found: Found, table: FoundTable, rows: int, out: Path | None) -> Place:
    count = next(((t.name, cell) for t in found.tables for cell, number in t.totals if number == rows), None)
    path, note = found.place, ""
    if found.reader == "sql" and path.startswith("sqlite:///"):
        short = _short(Path(path.removeprefix("sqlite:///")))
        path, note = (f"sqlite:///{short[0]}", short[1])
    elif found.reader != "sql":
        path, note = _short(Path(path))
    folder = (out.parent if out else INSTALLATION / "connectors" / "channels").absolute()
    schema = os.path.relpath(SCHEMA, folder) if folder.is_relative_to(INSTALLATION) else SCHEMA.as_uri()
    return Place(
        id=_id(found, out),
        title=" ".join(word[:1].upper() + word[1:] for word in re.split(r"[_\W]+", found.name) if word) or "Kanal",
        reader=found.reader,
        path=path,
        path_note=note,
        secret=found.secret,
        header_row=table.header_row if found.reader == "sheet" else 1,
        count=count,
        live=found.reader == "sql" and not found.place.startswith("sqlite:"),
        schema=schema,
        origin=f"{found.format}, table {plain(table.name)}",
    )


def _short(path: Path) -> tuple[str, str]:
    """``path`` below the folder of sources, else the absolute one with a note."""
    sources = read_settings().home_dir / "sources"
    for below, whole in ((sources, path), (sources.resolve(), path.resolve())):
        if whole.is_relative_to(below):
            return str(whole.relative_to(below)), "below <SATUKANAL_HOME>/sources"
    return str(path), "better: copy it below <SATUKANAL_HOME>/sources, and write the rest of its path"


def _id(found: Found, out: Path | None) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", (out.stem if out else found.name).casefold()).strip("_")
    return name if re.match(r"[a-z]", name) else f"kanal_{name}".rstrip("_")


def shown(file: ChannelFile) -> dict[str, Any]:
    """The channel as understood, and its secrets: by name, and whether they are set."""
    channel = file.channel.model_dump(mode="json", exclude_defaults=True)
    secrets = [{"name": name, "set": read_secret(name) is not None} for name in secrets_of(channel)]
    return {"path": str(file.path), "sha256": file.sha256, "channel": channel, "secrets": secrets}


def secrets_of(channel: dict[str, Any]) -> list[str]:
    """Names of the secrets that the sources of a dumped channel ask for."""
    found: list[str] = []
    for source in channel["sources"].values():
        found += [source["password"]] if source.get("password") else []
        found += [source["auth"]["bearer"]] if source.get("auth") else []
        found += list((source.get("login") or {}).get("fields", {}).values())
    return sorted(set(found))


def channel_file(name: str) -> ChannelFile:
    """A channel by its id in the installation's folder, or the file of that path. Raises ``ChannelFileError``."""
    if name.endswith((".yaml", ".yml")) and Path(name).is_file():
        return read_channel(Path(name))
    return read_channels(read_settings().channels, [name])[name]
