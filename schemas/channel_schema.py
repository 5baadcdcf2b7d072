"""The JSON Schema of the channel file, for editors that complete and check YAML.

``python -m schemas.channel_schema`` writes it anew where a changed model asks for it. It cannot say all that
``schemas.channel`` checks: what is right by it may still be refused with file, line and key.
"""

import json
from pathlib import Path
from typing import Any

from schemas.channel import Channel

PATH = Path(__file__).parent / "channel.schema.json"
_TEXTS = {"type": "array", "items": {"type": "string"}}


def channel_schema() -> str:
    """The schema as the text of its file."""
    made = _listed(Channel.model_json_schema())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Satu Kanal: a channel file"}
    return json.dumps({**made, **head}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _listed(node: Any) -> Any:
    """``node`` in which one text may stand for a list of texts, as in ``key: No Aduan``."""
    if isinstance(node, list):
        return [_listed(item) for item in node]
    if not isinstance(node, dict):
        return node
    if all(node.get(key) == value for key, value in _TEXTS.items()):
        rest = {key: value for key, value in node.items() if key not in (*_TEXTS, "minItems")}
        return {**rest, "anyOf": [_TEXTS, {"type": "string"}]}
    return {key: _listed(value) for key, value in node.items()}


if __name__ == "__main__":
    PATH.write_text(channel_schema(), encoding="utf-8")
