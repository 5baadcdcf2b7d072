"""One table of a live database on its way into the archive: which rows, and in objects of bounded size.

An object holds at most 20,000 rows: a first line that names their columns, then each row as a JSON list of texts and
nulls. What was counted in the same snapshot stands in an object of its own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from connectors.archive import ArchiveWriter
from connectors.base import BATCH, ChannelError, Context
from connectors.files import nearest
from connectors.lookups import check_size, look_up_tables
from connectors.refresh import Reading, is_number
from connectors.sql_server import PLAIN, Column, Server, Table
from connectors.sql_uses import folded, needed_columns
from schemas.sources import SourceBase

OBJECT_BYTES = 32 << 20
FETCHED_ROWS = 500  # that the driver holds at once
KEYS_AT_ONCE = 200


@dataclass(frozen=True)
class TableReader:
    """One table of the snapshot on its way into the archive."""

    server: Server
    connection: sa.Connection
    reading: Reading
    there: tuple[Table, ...]
    source: SourceBase

    def archive(self, archive: ArchiveWriter, number: int, context: Context) -> None:
        """Write the count and the rows."""
        table = self._find()
        columns = self.server.columns(self.connection, table)
        self._check_columns(columns)
        wanted = self._wanted_keys(table, columns) if self.reading.part == "open_cases" else None
        bound = self._bound(columns)
        total = self._counted(table, bound) if wanted is None else len(wanted)
        if self.reading.table in look_up_tables(self.source):
            check_size(self.reading.table, total)
        label = f"{number:02d}-{re.sub(r'[^0-9A-Za-z_]+', '-', self.reading.table)}"
        origin = self.reading.origin() | {"server": self.server.place}
        archive.write(f"{label}-count.json", [orjson.dumps({"count": total})], origin | {"content": "count"})
        head = {"columns": [asdict(column) for column in columns], "snapshot": table.snapshot}
        rows = self._rows(table, columns, bound) if wanted is None else self._rows_of(table, columns, wanted)
        pieces = _Pieces(rows, orjson.dumps(head))
        while pieces.more or not pieces.objects:
            name = f"{label}-{pieces.objects + 1:06d}.ndjson"
            archive.write(name, pieces.take(), origin | {"content": "rows"})
            context.progress(pieces.rows, total)

    def _find(self) -> Table:
        """The table, by its exact name, or by the only one that differs in case."""
        schema, _, name = self.reading.table.rpartition(".")
        exact = [t for t in self.there if t.name == self.reading.table]
        exact += [t for t in self.there if schema and (t.schema, t.name) == (schema, name)]
        folded = [t for t in self.there if t.name.casefold() == (name if schema else self.reading.table).casefold()]
        folded = [t for t in folded if not schema or (t.schema or "").casefold() == schema.casefold()]
        if exact or len(folded) == 1:
            return (exact or folded)[0]
        hint = nearest(self.reading.table, [t.name for t in self.there])
        raise ChannelError(
            f"{self.server.place}: has no table {self.reading.table!r}, or hides it from this user{hint}"
        )

    def _check_columns(self, columns: Sequence[Column]) -> None:
        """Raise ``ChannelError`` for a column that is mapped, or part of a key, and not there."""
        names = {folded(column.name): column.name for column in columns}
        wanted = needed_columns(self.source, self.reading.table)
        wanted += [self.reading.refresh.field] if self.reading.refresh.field else []
        for name in wanted:
            if folded(name) not in names:
                hint = nearest(name, names.values())
                raise ChannelError(f"{self.server.place}: table {self.reading.table!r} has no column {name!r}{hint}")

    def _column(self, columns: Sequence[Column], name: str) -> Column:
        exact = [column for column in columns if column.name == name]
        return (exact or [column for column in columns if folded(column.name) == folded(name)])[0]

    def _bound(self, columns: Sequence[Column]) -> sa.ColumnElement[bool] | None:
        """Which rows a cursor or a window takes; None for all."""
        refresh, since = self.reading.refresh, self.reading.since
        if not since or refresh.field is None:
            return None
        column = self._column(columns, refresh.field)
        if column.kind == "text" if is_number(since) else column.kind == "number":
            raise ChannelError(
                f"{self.server.place}: refresh.field {column.name!r} of {self.reading.table!r} cannot be compared by "
                "the server; choose a column that is a number or a date there too, or kind: full"
            )
        plain: sa.ColumnElement[Any] = sa.column(column.name)
        newer = plain >= self.server.operand(since)
        if refresh.nulls == "skip":
            return newer
        text = self.server.as_text(plain)
        zero = [text.like(sa.literal_column(f"'{form}%'")) for form in ("0000-", "____-00", "____-__-00")]
        never = sa.or_(text == sa.literal_column("''"), *zero)
        return sa.or_(newer, plain.is_(None)) if column.kind == "number" else sa.or_(newer, plain.is_(None), never)

    def _counted(self, table: Table, bound: sa.ColumnElement[bool] | None) -> int:
        query = sa.select(sa.func.count()).select_from(table.clause)
        return int(self.connection.execute(query if bound is None else query.where(bound)).scalar_one())

    def _rows(
        self, table: Table, columns: Sequence[Column], bound: sa.ColumnElement[bool] | None
    ) -> Iterator[list[str | None]]:
        query = sa.select(*map(self.server.shown, columns)).select_from(table.clause)
        streaming = {"stream_results": True, "max_row_buffer": FETCHED_ROWS}
        text = self.server.text
        with self.connection.execute(
            query if bound is None else query.where(bound), execution_options=streaming
        ) as result:
            for row in result:
                yield [text(value, column) for value, column in zip(row, columns, strict=True)]

    def _wanted_keys(self, table: Table, columns: Sequence[Column]) -> list[tuple[str | None, ...]]:
        """The keys of the rows to read, each as often as it stands there; what has no whole key is read each time."""
        keys = [self._column(columns, name) for name in self.reading.key]
        return [
            tuple(row)
            for row in self._rows(table, keys, None)
            if None in row or self.reading.wants(tuple((value or "").strip() for value in row))
        ]

    def _rows_of(
        self, table: Table, columns: Sequence[Column], wanted: list[tuple[str | None, ...]]
    ) -> Iterator[list[str | None]]:
        """The rows of ``wanted``. A server that takes more texts for equal than are (case, accents) is not believed."""
        keys = [self._column(columns, name) for name in self.reading.key]
        places = [columns.index(key) for key in keys]
        if any(None in key for key in wanted):
            yield from self._rows(table, columns, sa.or_(*(sa.column(key.name).is_(None) for key in keys)))
        whole = list(dict.fromkeys(key for key in wanted if None not in key))
        for start in range(0, len(whole), KEYS_AT_ONCE):
            some = whole[start : start + KEYS_AT_ONCE]
            asked = set(some)
            for row in self._rows(table, columns, self._among(keys, some)):
                if tuple(row[place] for place in places) in asked:
                    yield row

    def _among(self, keys: Sequence[Column], some: Iterable[tuple[str | None, ...]]) -> sa.ColumnElement[bool]:
        left = [self.server.key(key) for key in keys]
        if len(left) == 1:
            return left[0].in_([sa.literal(key[0], PLAIN) for key in some])
        equal = [
            sa.and_(*(column == sa.literal(value, PLAIN) for column, value in zip(left, key, strict=True)))
            for key in some
        ]
        return sa.or_(*equal)


class _Pieces:
    """Rows cut into archive objects of bounded size."""

    def __init__(self, rows: Iterator[list[str | None]], head: bytes) -> None:
        self._rows, self._head = rows, head
        self._next = next(rows, None)
        self.rows = self.objects = 0

    @property
    def more(self) -> bool:
        """Whether rows are left."""
        return self._next is not None

    def take(self) -> Iterator[bytes]:
        """The lines of the next object."""
        self.objects += 1
        yield self._head + b"\n"
        rows = size = 0
        while self._next is not None and rows < BATCH and size < OBJECT_BYTES:
            line = orjson.dumps(self._next) + b"\n"
            yield line
            rows, size = rows + 1, size + len(line)
            self._next = next(self._rows, None)
        self.rows += rows
