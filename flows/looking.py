"""Looks into a source for the data engineer: what lies in it, and its raw records.

Composes ``connectors.peek`` and ``transforms.scaffold``; nothing here touches the store or the home folder.
"""

import base64
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from connectors.base import ChannelError
from connectors.peek import Access, Found, FoundTable, look
from satukanal.settings import read_secret
from satukanal.store import Keyring
from transforms.scaffold import (
    ColumnProfile,
    Facts,
    Studied,
    TableProfile,
    personal_kinds,
    plain,
    shape_of,
)

log = logging.getLogger("satukanal")
EXAMPLES = 3
_TOLD_EACH = 100_000  # rows


@dataclass(frozen=True)
class Looked:
    """A table of a source, read to its end."""

    found: Found
    table: FoundTable
    shown: str  # its name for people and ``--table``
    profile: TableProfile
    problems: tuple[str, ...]


def sealing(access: Access | None) -> Access:
    """``access`` with a cipher of its own: what a web system answers lies sealed, as long as it lies on disk."""
    return replace(access or Access(), cipher=Keyring.from_secret(os.urandom(32)))


def looked_into(
    source: str, password: str | None = None, access: Access | None = None
) -> tuple[list[Found], list[Looked]]:
    """Every table of ``source`` with its profile. Raises ``ChannelError`` and ``RetryError``, one line each."""
    founds = look(source, read_secret, password, sealing(access))
    pairs = named_tables(founds)
    return founds, [
        one for found in founds for one in read_tables(found, {t.name: n for f, t, n in pairs if f is found})
    ]


def named_tables(founds: list[Found]) -> list[tuple[Found, FoundTable, str]]:
    """Tables by a name of their own: with the file's before them where two have the same."""
    pairs = [(found, table) for found in founds for table in found.tables]
    times: dict[str, int] = {}
    for _, table in pairs:
        times[table.name.casefold()] = times.get(table.name.casefold(), 0) + 1
    return [
        (found, table, f"{found.name}/{table.name}" if times[table.name.casefold()] > 1 else table.name)
        for found, table in pairs
    ]


def wanted_table(pairs: list[tuple[Found, FoundTable, str]], name: str) -> tuple[Found, FoundTable, str]:
    """The table called ``name``, whatever its case. Raises ``ChannelError`` with those that are there."""
    if not pairs:
        raise ChannelError(f"there is no table {name!r}, nor any other; 'satukanal channels inspect' says why")
    exact = [pair for pair in pairs if pair[2] == name]
    folded = [pair for pair in pairs if pair[2].casefold() == name.casefold()]
    if len(exact or folded) == 1:
        return (exact or folded)[0]
    there = ", ".join(repr(shown) for _, _, shown in pairs[:12]) + (" …" if len(pairs) > 12 else "")
    raise ChannelError(f"there is no table {name!r}; there are {there}")


def read_tables(found: Found, shown: dict[str, str]) -> list[Looked]:
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


def inspect(source: str, password: str | None = None, access: Access | None = None) -> dict[str, Any]:
    """What ``channels inspect --json`` prints. Examples of personal data are shown as shapes: ``9999999999999999``.

    Of a web system ``web`` says besides what a channel file would say of it.
    """
    founds, looked = looked_into(source, password, access)
    problems = [problem for found in founds for problem in found.problems]
    tables = []
    studied = [Studied.of(one.profile) for one in looked]
    kinds = personal_kinds(studied)
    for number, one in enumerate(looked):
        problems += one.problems
        if one.profile.unreadable:
            problems.append(
                f"{one.shown}: {one.profile.unreadable} of its rows cannot be read; a load puts them in quarantine"
            )
        columns = [
            _column(column, studied[number].facts[name], kinds[number, name])
            for name, column in one.profile.columns.items()
        ]
        tables.append({"name": one.shown, "rows": one.profile.rows, "columns": columns})
    formats = list(dict.fromkeys(found.format for found in founds))
    encodings = list(dict.fromkeys(found.encoding for found in founds if found.encoding))
    webs = [found.web.source for found in founds if found.web is not None and found.tables]
    return {
        "format": "; ".join(formats),
        "encoding": ", ".join(encodings) or None,
        "tables": tables,
        "problems": list(dict.fromkeys(problems)),
        **({"web": webs[0]} if webs else {}),
    }


def _column(column: ColumnProfile, facts: Facts, kind: str | None) -> dict[str, Any]:
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
    words = text.count(" ") + 1
    return shape_of(text) if kind != "text" else f"({words} words)" if words > 1 else "(1 word)"


def _kind(column: ColumnProfile, facts: Facts) -> str:
    """What the values are, for a source without declared types."""
    if not column.filled:
        return "empty"
    if facts.dates and facts.dates.share >= 0.9:
        return "date"
    return "whole number" if facts.whole == 1 else "number" if facts.number == 1 else "text"


def dumped(
    source: str,
    table: str,
    limit: int | None = None,
    password: str | None = None,
    access: Access | None = None,
) -> Iterator[dict[str, Any]]:
    """The raw records of one table: column → text as read, None for NULL, bytes as ``{"base64": …}``.

    A piece that cannot be read comes as ``{"_unreadable": why, "base64": …}``. Raises as ``looked_into``.
    """
    founds = look(source, read_secret, password, sealing(access))
    found, one, _ = wanted_table(named_tables(founds), table)
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
