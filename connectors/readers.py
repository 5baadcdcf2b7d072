"""The readers by the name that a channel file calls them. Which one a source needs is its ``reader`` key."""

from connectors.base import Reader
from connectors.chat import ChatReader
from connectors.html import HtmlReader
from connectors.json_files import JsonReader
from connectors.mysqldump import MysqldumpReader
from connectors.rest import RestReader
from connectors.sheet import SheetReader
from connectors.sql import SqlReader

READERS: dict[str, Reader] = {
    "chat": ChatReader(),
    "html": HtmlReader(),
    "json": JsonReader(),
    "mysqldump": MysqldumpReader(),
    "rest": RestReader(),
    "sheet": SheetReader(),
    "sql": SqlReader(),
}
