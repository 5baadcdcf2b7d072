"""The outline of JSON that nobody has described: where lists of objects lie, and which lie in which.

A document is gone through value by value, so that its size does not matter; of a long one the first part is enough.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.json_text import Broken, JsonText, Lost, items_of, keys_of

MOST_KEYS = 200  # an object with more different keys is a dictionary of something, not a record
DEEPEST = 40


@dataclass
class Node:
    """What stands at one place of all documents: how often, as what, and what stands below."""

    objects: int = 0
    lists: int = 0
    texts: int = 0
    others: int = 0  # numbers, truth, null
    keys: "dict[str, Node]" = field(default_factory=dict)
    item: "Node | None" = None  # of lists
    values: Counter[str] = field(default_factory=Counter)  # a few of the texts

    @property
    def is_records(self) -> bool:
        """Whether lists of objects stand here."""
        return self.item is not None and self.item.objects > 0 and self.item.objects >= self.item.texts

    def lists_below(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], "Node"]]:
        """Paths of the lists of objects below this object, not those in other lists."""
        for key, node in self.keys.items():
            if node.is_records:
                yield (*path, key), node
            elif node.objects:
                yield from node.lists_below((*path, key))


def outline(chunks: Iterator[bytes], into: Node) -> None:
    """Add the documents of a text to ``into``, as far as they can be read."""
    text = JsonText(chunks)
    try:
        while text.peek() in ("{", "["):
            _walk(text, into, 0)
    except Lost:
        return  # cut off, which a look at the first part always is


def _walk(text: JsonText, node: Node, depth: int) -> None:
    sign = text.peek()
    if depth > DEEPEST:
        text.skip()
    elif sign == "{":
        node.objects += 1
        for key in keys_of(text):
            if not isinstance(key, str) or (key not in node.keys and len(node.keys) >= MOST_KEYS):
                text.skip()
                continue
            _walk(text, node.keys.setdefault(key, Node()), depth + 1)
    elif sign == "[":
        node.lists += 1
        node.item = node.item or Node()
        for _ in items_of(text):
            _walk(text, node.item, depth + 1)
    else:
        _count(node, text.value())


def _count(node: Node, value: Any) -> None:
    if isinstance(value, str):
        node.texts += 1
        if len(node.values) < MOST_KEYS:
            node.values[value[:100]] += 1
    elif not isinstance(value, Broken):
        node.others += 1
