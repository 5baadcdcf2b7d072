"""Writes a draft as a channel file: YAML that ``read_channel`` takes, each guess with its evidence beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.sources import JsonTable
from transforms.scaffold.codes import CodeGuess
from transforms.scaffold.draft import Draft, Ignored, ShapeGuess
from transforms.scaffold.facts import plain
from transforms.scaffold.guess import Guess
from transforms.scaffold.page import BLOCK, Page, flow, listed, quoted
from transforms.scaffold.tables import EventGuess, LookupGuess

_WIDE = 90  # characters of a line of a web source
_NULLS = ("", "-", "--", "NULL", "null", "N/A", "tidak ada")


@dataclass(frozen=True)
class Place:
    """Where the source lies, as the channel file says it, and what the channel is called."""

    id: str
    title: str
    reader: str
    path: str  # of files: a path or a glob; of a database: its address
    path_note: str
    secret: str | None
    header_row: int
    header_rows: int
    count: tuple[str, str] | None  # sheet and cell that state how many records there are
    live: bool
    schema: str  # path or address of the JSON Schema
    origin: str  # what was looked at, for the first line
    json_tables: Mapping[str, JsonTable] = field(default_factory=dict)  # of JSON: where its tables lie
    others: tuple[str, ...] = ()  # what else lies there
    web: Mapping[str, Any] = field(default_factory=dict)  # of a web system: what the source says, but for its streams
    web_notes: Mapping[str, str] = field(default_factory=dict)  # by dotted key
    web_remarks: tuple[str, ...] = ()


def render(draft: Draft, place: Place) -> str:
    """The channel file. Lines that a person has to look at bear ``EDIT``."""
    page = Page()
    page.put(0, f"# yaml-language-server: $schema={place.schema}")
    page.note(0, f"A first draft by 'satukanal channels scaffold' from {place.origin}. Lines with EDIT need a person;")
    page.note(0, "every guess has its evidence beside it. Then: satukanal channels check, satukanal run.")
    _head(page, draft, place)
    page.put(0, "sources:")
    page.put(1, "source:")
    page.put(2, f"reader: {place.reader}")
    if place.web:
        _web(page, place)
    else:
        page.put(2, f"{'url' if place.reader == 'sql' else 'path'}: {quoted(place.path, BLOCK)}", place.path_note)
    if place.secret:
        page.put(2, f"password: {place.secret}", f"set SATUKANAL_SECRET_{place.secret}")
    if place.header_row > 1:
        page.put(2, f"header_row: {place.header_row}", "the rows above are a letterhead")
    if place.header_rows > 1:
        page.put(2, f"header_rows: {place.header_rows}", "the first of them names groups of columns")
    if place.count:
        sheet, cell = place.count
        page.put(
            2, f"count: {{sheet: {quoted(sheet)}, cell: {cell}}}", f"states {draft.rows}, as many as there are rows"
        )
    _json_tables(page, draft, place)
    page.put(2, "streams:")
    page.put(3, "complaints:")
    _mapping(page, draft, place)
    page.gap()
    _codes(page, draft)
    _foot(page, draft, place)
    return page.text()


def _head(page: Page, draft: Draft, place: Place) -> None:
    region = draft.region
    page.put(0, f"id: {place.id}", "the name of this file")
    page.put(0, f"title: {quoted(place.title)}", "EDIT: what citizens call it")
    page.put(0, f"government: {region.government}", "EDIT: whose channel it is" if region.sure else "EDIT: not guessed")
    page.put(0, "owner: diskominfo", "an id of data/reference/agencies.csv")
    page.put(0, f'region: "{region.code}"', region.evidence if region.sure else f"EDIT: {region.evidence}")
    zone = "by its province" if region.sure else "EDIT: by its province"
    page.put(0, f"time_zone: {region.zone}", f"{zone}; Asia/Jakarta, Asia/Makassar or Asia/Jayapura")
    page.put(0, f"live: {'true' if place.live else 'false'}", "may citizens still use it?")
    page.gap()
    page.put(0, "streams:")
    page.put(1, "complaints:")
    page.put(2, "title: Pengaduan")
    if not draft.key.columns:
        page.put(2, "key: content", draft.key.evidence)
    page.gap()


def _mapping(page: Page, draft: Draft, place: Place) -> None:
    page.put(4, f"table: {quoted(draft.table)}", f"{draft.rows} rows" + (" of a sample" if place.web else ""))
    if draft.key.columns:
        page.put(4, f"key: {listed(draft.key.columns)}", draft.key.evidence)
    if draft.shape:
        _shape(page, draft.shape)
    page.put(4, "columns:")
    _fields(page, 5, draft.fields)
    _lookups(page, 4, draft.lookups)
    _ignored(page, 4, draft.ignored)
    if draft.events:
        page.put(4, "events:")
        for event in draft.events:
            own = tuple(Ignored(name, "") for name in event.ignored or ())
            _event(page, event, draft.event_ignored.get(event.table, own))
    active = [rule for rule in draft.exclusions if rule.active]
    if active:
        page.put(4, "exclude:")
    for rule in sorted(draft.exclusions, key=lambda r: not r.active):
        test = f"any_of: {listed(rule.any_of)}" if rule.any_of else f"pattern: {quoted(rule.pattern or '')}"
        written = f"{{rule: {rule.rule}, when: {{column: {quoted(rule.column)}, {test}}}}}"
        if rule.active:
            page.put(5, f"- {written}", rule.evidence)
        else:
            page.note(4, f"a candidate for exclude ({rule.evidence}): - {written}")
    for remark in draft.remarks:
        page.note(4, remark)
    for other in draft.others:
        page.note(4, f"table {other}")
    for other in place.others:
        page.note(4, other)


def _shape(page: Page, shape: ShapeGuess) -> None:
    page.put(4, f"shape: {shape.name}", shape.evidence)
    page.put(4, f"{shape.name}:")
    for option in shape.options:
        if isinstance(option.value, Mapping) and all(isinstance(inner, Mapping) for inner in option.value.values()):
            page.put(5, f"{option.name}:", option.evidence)
            for name, inner in option.value.items():
                page.put(6, f"{quoted(name)}: {flow(inner)}")
        else:
            page.put(5, f"{option.name}: {flow(option.value)}", option.evidence)


def _json_tables(page: Page, draft: Draft, place: Place) -> None:
    """Where the tables lie that the mapping needs."""
    used = {draft.table, *(look.table for look in draft.lookups)}
    used |= {name for event in draft.events for name in (event.table, *(look.table for look in event.lookups))}
    tables = {n: table for n, table in place.json_tables.items() if used & {n, *table.nested}}
    if tables:
        page.put(2, "tables:")
    for name, table in tables.items():
        page.put(3, f"{quoted(name)}:" if table.model_dump(exclude_defaults=True) else f"{quoted(name)}: {{}}")
        if table.files != "*":
            page.put(4, f"files: {quoted(table.files)}")
        if table.records:
            page.put(4, f"records: {quoted(table.records)}", "the list in each document")
        if table.thread:
            at, carry = table.thread.at, table.thread.carry
            page.put(4, f"thread: {{at: {flow(at)}, carry: {flow(carry)}}}", "records in records of the same kind")
        if table.whole:
            page.put(4, f"whole: {flow(table.whole)}", "objects that stay one column")
        if table.nested:
            page.put(4, "nested:", "lists in records that are tables of their own")
        for inner, nested in table.nested.items():
            page.put(5, f"{quoted(inner)}: {{at: {quoted(nested.at)}, carry: {flow(nested.carry)}}}")


def _web(page: Page, place: Place) -> None:
    """Where a web system is, how it is entered and asked, and where its tables lie."""
    for remark in place.web_remarks:
        page.note(2, remark)
    for key, value in place.web.items():
        if key == "tables":
            page.put(
                2, "politeness: {per_second: 2}", "how hard it may be asked; contact and quiet_hours stand here too"
            )
        _declared(page, 2, key, value, place.web_notes, key)


def _declared(page: Page, depth: int, key: str, value: Any, notes: Mapping[str, str], path: str) -> None:
    """One key: in one line where nothing in it has a note and it fits, else line by line."""
    note = notes.get(path, "")
    line = f"{quoted(key)}: {flow(value)}"
    inside = any(other.startswith(f"{path}.") for other in notes)
    if not isinstance(value, Mapping) or (not inside and len(line) <= _WIDE):
        page.put(depth, f"{quoted(key)}: {quoted(value, BLOCK)}" if isinstance(value, str) else line, note)
        return
    page.put(depth, f"{quoted(key)}:", note)
    for name, inner in value.items():
        _declared(page, depth + 1, name, inner, notes, f"{path}.{name}")


def _fields(page: Page, depth: int, fields: Sequence[Guess]) -> None:
    for guess in fields:
        page.put(depth, f"{guess.field}: {_origin(guess)}", guess.evidence)


def _origin(guess: Guess) -> str:
    parts = [f"join: {listed(guess.columns)}"] if len(guess.columns) > 1 else [f"column: {quoted(guess.columns[0])}"]
    if guess.formats:
        parts.append(f"formats: {json.dumps(list(guess.formats))}")
    if guess.optional:
        parts.append("optional: true")
    if guess.true:
        parts.append(f'"true": {listed(guess.true)}')
    if guess.zoned:
        parts.append("time_zone: UTC")
    return quoted(guess.columns[0]) if len(parts) == 1 and len(guess.columns) == 1 else "{" + ", ".join(parts) + "}"


def _lookups(page: Page, depth: int, lookups: Sequence[LookupGuess]) -> None:
    if lookups:
        page.put(depth, "lookups:")
    for look in lookups:
        columns = ", ".join(f"{quoted(theirs)}: {quoted(here)}" for theirs, here in look.columns.items())
        page.put(
            depth + 1,
            f"{quoted(look.column)}: {{table: {quoted(look.table)}, key: {quoted(look.key)}, columns: {{{columns}}}}}",
            look.evidence,
        )


def _ignored(page: Page, depth: int, ignored: Sequence[Ignored]) -> None:
    if ignored:
        page.put(depth, "ignore:")
    for one in ignored:
        page.put(depth + 1, f"- {quoted(one.column)}", one.why)


def _event(page: Page, event: EventGuess, ignored: Sequence[Ignored]) -> None:
    page.put(5, f"- table: {quoted(event.table)}", event.evidence)
    page.put(6, f"complaint: {listed([event.complaint])}")
    if event.key:
        page.put(6, f"key: {listed(event.key)}")
    page.put(6, f"kind: {event.kind}", "answer, status or note")
    page.put(6, "columns:")
    told = {g.field for look in event.lookups for g in look.fields}
    _fields(page, 7, [g for g in event.fields if g.field not in told])
    _fields(page, 7, [g for look in event.lookups for g in look.fields])
    _lookups(page, 6, event.lookups)
    left = [g.columns[0] for g in event.fields if g.field in told]
    _ignored(page, 6, [*(Ignored(name, "told in full by its look-up") for name in left), *ignored])


def _codes(page: Page, draft: Draft) -> None:
    lists = {name: codes for name, codes in draft.codes.items() if codes}
    if any(code.code for codes in lists.values() for code in codes):
        page.put(0, "codes:")
    for name, codes in lists.items():
        known = [code for code in codes if code.code]
        if known:
            page.put(1, f"{name}:")
        for code in codes:
            _code(page, code, name)
    for name, why in draft.open_codes.items():
        page.note(1, f"{name}: {why}")


def _code(page: Page, code: CodeGuess, name: str) -> None:
    said = f"{code.count} rows" + (f"; {code.hint}" if code.hint else "")
    if code.code is None:
        page.note(2, f"EDIT {name} {quoted(plain(code.label))}: …  ({said})")
        return
    by = "".join(
        f", {who}: {value}"
        for who, value in (("closed_by", code.closed_by), ("archived_by", code.archived_by))
        if value
    )
    meaning = f"{{status: {code.code}{by}}}" if by else quoted(code.code, BLOCK)
    page.put(2, f"{quoted(code.label)}: {meaning}", said)


def _foot(page: Page, draft: Draft, place: Place) -> None:
    personal = [one.column for one in draft.ignored if one.personal]
    page.put(0, f"null_tokens: {json.dumps(list(_NULLS))}")
    page.put(0, "limits:")
    page.put(1, "min: 1")
    if not place.web:  # of which only a sample was read
        page.put(1, f"max: {max(1000, draft.rows * 10)}", "ten times what there is")
    if personal:
        page.put(0, f"personal: {listed(personal)}", "columns besides the mapped ones that seem to hold personal data")
