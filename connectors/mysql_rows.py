"""Finds the rows of an INSERT many at a time: where each cell begins and ends, by counting quotes over a whole window.

Only what is certain is taken: single-quoted strings, bare words and numbers between brackets, comma after comma. At the
first sign of anything else (a comment, another quote, a bracket too many, a quote that closes before a letter) the rows
before it are given and the rest is left to the slower, more patient patterns of ``connectors.mysql_tokens``.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.mysql_tokens import LITERAL

Positions = npt.NDArray[np.int64]

_QUOTE, _BACKSLASH, _NEWLINE, _COMMA, _SEMICOLON, _OPEN, _CLOSE = b"'\\\n,;()"
_MARKS = bytes(sign in b'(),;"`#*/{}=<>|' for sign in range(256))  # brackets and commas, and what makes a row odd
_BLANK = np.frombuffer(bytes(sign in b" \t\r\n" for sign in range(256)), np.bool_)
_BLANKS = b" \t\r\n"
_MOST_BLANKS = 64  # around a value
_PLAIN = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.+-"


@dataclass(frozen=True)
class FoundRows:
    """Rows side by side: column by column their cells as written, and how many line breaks stand before each row."""

    cells: tuple[pa.LargeBinaryArray, ...]
    breaks: Positions
    end: int  # behind the comma after the last row, or before the mark that ends its statement

    def __len__(self) -> int:
        return len(self.breaks)


def find_rows(window: bytes, width: int, head: bytes) -> FoundRows | None:
    """The rows of ``width`` cells at the start of ``window``, as far as they are whole and plain; None without any.

    ``head`` is a statement up to its first bracket of values (``INSERT … VALUES ``): where it stands again after a
    semicolon, rows go on.
    """
    signs = np.frombuffer(window, np.uint8)
    quotes = _quotes(signs)
    marks = np.flatnonzero(np.frombuffer(window.translate(_MARKS), np.bool_))
    marks = marks[(np.searchsorted(quotes, marks) & 1) == 0]
    limit = min(_first_fault(signs, quotes), _first_comment(window, quotes))
    marks = _without_heads(window, marks, quotes, head)
    marks = marks[: np.searchsorted(marks, limit)]
    rows = len(marks) // (width + 2)
    grid = marks[: rows * (width + 2)].reshape(rows, width + 2)
    kinds = signs[grid]
    good = (kinds[:, 0] == _OPEN) & (kinds[:, -2] == _CLOSE)
    good &= (kinds[:, 1:-2] == _COMMA).all(axis=1)
    good &= (kinds[:, -1] == _COMMA) | (kinds[:, -1] == _SEMICOLON)
    rows = int(rows if good.all() else np.argmin(good))
    rows = _joined(window, grid[:rows], head)
    if rows == 0:
        return None
    grid = grid[:rows]
    starts, ends = _trimmed(signs, grid[:, :-2] + 1, grid[:, 1:-1])
    breaks = np.searchsorted(np.flatnonzero(signs[: grid[-1, -1]] == _NEWLINE), grid[:, 0])
    last = int(grid[-1, -1])
    end = last + 1 if window[last] == _COMMA else last
    buffer = pa.py_buffer(window)
    cells = tuple(_column(buffer, starts[:, index], ends[:, index]) for index in range(width))
    odd = min((_first_odd(column) for column in cells), default=rows)
    if odd < rows:  # words that are no literal: leave the row and all after it to the others
        return find_rows(window[: int(grid[odd, 0])], width, head) if odd else None
    return FoundRows(cells, breaks, end)


def escaping_slashes(signs: npt.NDArray[np.uint8]) -> Positions:
    """Where backslashes stand that take the meaning of the next byte: every other one of a run."""
    slashes = np.flatnonzero(signs == _BACKSLASH)
    order = np.arange(len(slashes))
    first = np.diff(slashes, prepend=-2) != 1
    in_run = order - np.maximum.accumulate(np.where(first, order, 0))
    escaping: Positions = slashes[in_run % 2 == 0]
    return escaping


def _quotes(signs: npt.NDArray[np.uint8]) -> Positions:
    """Where single quotes stand that no backslash takes away."""
    is_quote = signs == _QUOTE
    taken = escaping_slashes(signs) + 1
    is_quote[taken[taken < len(signs)]] = False
    return np.flatnonzero(is_quote)


def _first_fault(signs: npt.NDArray[np.uint8], quotes: Positions) -> int:
    """Where the first string ends that is not followed by another quote, a comma or a bracket."""
    closing = quotes[1::2]
    closing = closing[closing < len(signs) - 1]
    after = signs[closing + 1]
    odd = closing[(after != _COMMA) & (after != _CLOSE) & (after != _QUOTE)]
    follows = odd + 1
    for _ in range(_MOST_BLANKS):
        blank = _BLANK[signs[follows]]
        if not blank.any():
            break
        follows = np.where(blank, np.minimum(follows + 1, len(signs) - 1), follows)
    after = signs[follows]
    bad = odd[(after != _COMMA) & (after != _CLOSE)]
    unclosed = int(quotes[-1]) if len(quotes) % 2 else len(signs)
    return int(bad[0]) if len(bad) else unclosed


def _first_comment(window: bytes, quotes: Positions) -> int:
    """Where the first ``--`` stands outside of a string."""
    at = window.find(b"--")
    while at >= 0 and np.searchsorted(quotes, at) & 1:
        at = window.find(b"--", at + 2)
    return at if at >= 0 else len(window)


def _without_heads(window: bytes, marks: Positions, quotes: Positions, head: bytes) -> Positions:
    """``marks`` without those in heads of further statements."""
    if b"'" in head or window.find(head) < 0:
        return marks
    heads = np.array([found.start() for found in re.finditer(re.escape(head), window)], np.int64)
    heads = heads[(np.searchsorted(quotes, heads) & 1) == 0]
    if not len(heads):
        return marks
    before = np.searchsorted(heads, marks, side="right") - 1
    inside = (before >= 0) & (marks < heads[before] + len(head))
    outside: Positions = marks[~inside]
    return outside


def _joined(window: bytes, grid: Positions, head: bytes) -> int:
    """How many rows follow each other with nothing but a comma, or the end of a statement and its head, between."""
    closes, commas = grid[:, -2], grid[:, -1]
    opens = grid[1:, 0]
    blank_before = [*np.flatnonzero(commas != closes + 1)]
    for index in blank_before:
        if window[closes[index] + 1 : commas[index]].strip(_BLANKS):
            return int(index)  # words after the row's bracket
    if len(grid) and window[: grid[0, 0]].strip(_BLANKS):
        return 0
    for index in np.flatnonzero(opens != commas[:-1] + 1):
        between = window[commas[index] : opens[index]]
        if between.strip(_BLANKS) == b",":
            continue
        if between[0] != _SEMICOLON or between[1:].strip(_BLANKS) != head.strip(_BLANKS):
            return int(index) + 1
    touching = np.flatnonzero((opens == commas[:-1] + 1) & (np.frombuffer(window, np.uint8)[commas[:-1]] == _SEMICOLON))
    return int(touching[0]) + 1 if len(touching) else len(grid)


def _trimmed(signs: npt.NDArray[np.uint8], starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Cells without the blanks around them; the empty ones stay empty."""
    for _ in range(_MOST_BLANKS):
        blank = _BLANK[signs[starts]] & (starts < ends)
        if not blank.any():
            break
        starts = starts + blank
    for _ in range(_MOST_BLANKS):
        blank = _BLANK[signs[ends - 1]] & (starts < ends)
        if not blank.any():
            break
        ends = ends - blank
    return starts, ends


def _column(buffer: pa.Buffer, starts: Positions, ends: Positions) -> pa.LargeBinaryArray:
    """Cells of one column, which lie apart from each other in ``buffer``, one after another."""
    offsets = np.empty(2 * len(starts), np.int64)
    offsets[0::2], offsets[1::2] = starts, ends
    spans = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), buffer])
    return spans.take(pa.array(np.arange(0, len(offsets) - 1, 2)))


def _first_odd(cells: pa.LargeBinaryArray) -> int:
    """The index of the first cell that is neither a string nor a plain word; their number if there is none."""
    bare = pc.invert(pc.starts_with(cells, b"'"))
    words = cells.filter(bare)
    shortest = pc.min(pc.binary_length(words)).as_py()
    if shortest is None or (shortest and not words.buffers()[2].to_pybytes().translate(None, _PLAIN)):
        return len(cells)
    odd = [not LITERAL.fullmatch(word) for word in words.to_pylist()]
    return int(pc.indices_nonzero(bare)[odd.index(True)].as_py()) if True in odd else len(cells)
