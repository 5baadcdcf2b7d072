"""The blankers by the reader whose archives they rewrite; ``connectors.blank`` says what they promise."""

from collections.abc import Callable, Iterator
from typing import Any

from connectors.archive import Archive
from connectors.blank import Blanking
from connectors.blank_dump import blank_mysqldump
from connectors.blank_rest import blank_rest
from connectors.blank_rows import blank_chat, blank_json, blank_sql
from connectors.blank_sheet import blank_sheet
from connectors.blank_web import blank_html

Blanker = Callable[[Any, Archive, Blanking], Iterator[tuple[str, bytes]]]

BLANKERS: dict[str, Blanker] = {
    "chat": blank_chat,
    "html": blank_html,
    "json": blank_json,
    "mysqldump": blank_mysqldump,
    "rest": blank_rest,
    "sheet": blank_sheet,
    "sql": blank_sql,
}
