"""Shapes: how the raw records of a table become the rows of submissions, before anything is mapped or cleaned.

A shape joins what one person sent in pieces, and parts answers and reposts from what citizens wrote. It sees raw texts
only, keeps the first piece's place and columns, and accounts for every row: it is a row, a part of one, or an answer.
"""

from collections.abc import Callable

import pandas as pd

from schemas.channel import Channel
from schemas.mapping import Mapping
from transforms.normalise.shapes.base import PARTS, Shaped
from transforms.normalise.shapes.burst import shape_burst
from transforms.normalise.shapes.lapor import shape_lapor
from transforms.normalise.shapes.sms_parts import link_replies, shape_sms_parts
from transforms.normalise.shapes.social import shape_social
from transforms.normalise.tables import RawFrame

__all__ = ["PARTS", "SHAPES", "Shape", "Shaped", "linked", "shape"]

Shape = Callable[[pd.DataFrame, Mapping, Channel], Shaped]

SHAPES: dict[str, Shape] = {
    "burst": shape_burst,
    "sms_parts": shape_sms_parts,
    "social": shape_social,
    "lapor": shape_lapor,
}


def shape(frame: pd.DataFrame, mapping: Mapping, channel: Channel) -> Shaped:
    """``frame`` (all raw rows of the mapping's table) in the shape that the mapping declares."""
    if mapping.shape == "plain":
        return Shaped(frame)
    return SHAPES[mapping.shape](frame, mapping, channel)


def answer_tables(shaped: Shaped) -> list[RawFrame]:
    """What a shape set apart as answers, as tables that ``events`` can name."""
    return [RawFrame(name, rows) for name, rows in shaped.answers.items()]


def linked(rows: pd.DataFrame, table: str, shaped: Shaped, mapping: Mapping, channel: Channel) -> pd.DataFrame:
    """Rows of the event table ``table``, with what the shape knows of the complaint that each belongs to."""
    if mapping.sms_parts and table in mapping.sms_parts.replies:
        return link_replies(rows, shaped.frame, table, mapping, channel)
    return rows
