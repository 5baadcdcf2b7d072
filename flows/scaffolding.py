"""Makes a first channel file from a source that nobody has described."""

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from connectors.base import ChannelError
from connectors.peek import Access, Found, look
from data import REFERENCE
from flows.looking import Looked, named_tables, read_tables, sealing, wanted_table
from satukanal.settings import INSTALLATION, read_secret, read_settings
from schemas.reference import read_reference
from schemas.sources import ChatSource, JsonSource, MysqldumpSource, SheetSource, SourceBase, SqlSource
from schemas.web_sources import HtmlSource, RestSource
from transforms.scaffold import Draft, NoComplaints, Place, Source, Studied, likeness, plain, render, study

log = logging.getLogger("satukanal")
SCHEMA = INSTALLATION / "schemas" / "channel.schema.json"
_READERS: dict[str, type[SourceBase]] = {
    "mysqldump": MysqldumpSource, "sheet": SheetSource, "sql": SqlSource, "json": JsonSource, "chat": ChatSource,
    "rest": RestSource, "html": HtmlSource,
}  # fmt: skip


@dataclass(frozen=True)
class Scaffolded:
    """A first channel file."""

    id: str
    table: str
    text: str
    edits: tuple[str, ...]  # its lines that need a person


def scaffold(
    source: str,
    table: str | None = None,
    out: Path | None = None,
    password: str | None = None,
    access: Access | None = None,
) -> Scaffolded:
    """A first channel file for the table of complaints in ``source``. Writes nothing.

    Raises ``ChannelError`` where nothing can be read, or nothing looks like complaints.
    """
    founds = look(source, read_secret, password, sealing(access))
    if not any(found.tables for found in founds):
        raise ChannelError("; ".join(problem for found in founds for problem in found.problems))
    pairs = named_tables(founds)
    chosen = wanted_table(pairs, table) if table is not None else None
    drafted: list[_Drafted] = []
    faults: list[str] = []
    for found in founds if chosen is None else [chosen[0]]:
        looked = read_tables(found, {t.name: shown for f, t, shown in pairs if f is found})
        try:
            drafted.append(_draft(found, looked, chosen[1].name if chosen else None))
        except NoComplaints as error:
            faults.append(f"{found.place}: {error}" if len(founds) > 1 else str(error))
    if not drafted:
        raise ChannelError("; ".join(faults))
    best = max(drafted, key=lambda one: one.score)
    text = render(best.draft, _place(best, out, [one for one in drafted if one is not best]))
    edits = tuple(line.strip() for line in text.splitlines() if "EDIT" in line and not line.startswith("#"))
    return Scaffolded(_id(best.found, out), best.draft.table, text, edits)


@dataclass(frozen=True)
class _Drafted:
    """A draft for one whole, and how much its table looks like complaints."""

    found: Found
    draft: Draft
    score: float


def _draft(found: Found, looked: list[Looked], wanted: str | None) -> _Drafted:
    tables = [Studied.of(one.profile) for one in looked]
    called = (found.name.replace("_", " ").replace("-", " "), *(t.profile.name for t in tables))

    def frames(name: str) -> Iterator[pd.DataFrame]:
        log.info("%s: looking at %s once more", found.name, plain(name))
        yield from (raw.frame for raw in found.rows([name]) if raw.table == name)

    source = Source(tables, frames, _READERS[found.reader].joins_lookups, called)
    draft = study(source, wanted, read_reference(REFERENCE))
    return _Drafted(found, draft, likeness(source.table(draft.table)))


def _place(best: _Drafted, out: Path | None, others: list[_Drafted]) -> Place:
    found, rows = best.found, best.draft.rows
    table = next(one for one in found.tables if one.name == best.draft.table)
    count = next(((t.name, cell) for t in found.tables for cell, number in t.totals if number == rows), None)
    path, note = found.place, ""
    if found.reader == "sql" and path.startswith("sqlite:///"):
        short = _short(Path(path.removeprefix("sqlite:///")))
        path, note = (f"sqlite:///{short[0]}", short[1])
    elif found.web is None and found.reader != "sql":
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
        header_rows=table.header_rows,
        count=count,
        live=found.web is not None or (found.reader == "sql" and not found.place.startswith("sqlite:")),
        schema=schema,
        origin=f"{'web system' if found.web else found.format}, table {plain(table.name)}",
        json_tables=found.json_tables,
        web=found.web.source if found.web else {},
        web_notes=found.web.notes if found.web else {},
        web_remarks=(found.format, *found.problems, *found.web.remarks) if found.web else (),
        others=tuple(
            f"{one.found.place}: {one.draft.rows} rows of {one.draft.table}: scaffold it by itself for a second source"
            for one in others
        ),
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
