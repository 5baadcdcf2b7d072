"""The readers by the name that a channel file calls them. Which one a source needs is its ``reader`` key."""

from connectors.base import Reader
from connectors.html import HtmlReader
from connectors.mysqldump import MysqldumpReader
from connectors.rest import RestReader
from connectors.sheet import SheetReader

READERS: dict[str, Reader] = {
    "html": HtmlReader(),
    "mysqldump": MysqldumpReader(),
    "rest": RestReader(),
    "sheet": SheetReader(),
}
