"""What people read after a run: a page for auditors, its JSON, a summary for the terminal, rows for an artifact.

The store gathers a report and has judged it already; this room gives it a face. It opens nothing and decides nothing.
"""

from typing import Any

import orjson

from satukanal.reports.html import render_html
from satukanal.reports.sums import artifact_table
from satukanal.reports.terminal import render_summary

__all__ = ["artifact_table", "render_html", "render_json", "render_summary"]


def render_json(report: dict[str, Any]) -> bytes:
    """The report as canonical JSON: UTF-8, sorted keys, two blanks of indent, a line feed at the end."""
    return orjson.dumps(report, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
