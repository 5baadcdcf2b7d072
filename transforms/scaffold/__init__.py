"""Guesses a first channel file from the raw values of a source: pure functions over profiles, each guess with evidence.

Opening sources is left to ``connectors.peek``, reading what was written to ``schemas.channel_file``.
"""

from transforms.scaffold.draft import Draft, NoComplaints
from transforms.scaffold.facts import Facts, plain, shape_of
from transforms.scaffold.guess import Studied
from transforms.scaffold.masking import personal_kinds
from transforms.scaffold.names import folded
from transforms.scaffold.profile import ColumnProfile, TableProfile
from transforms.scaffold.render import Place, render
from transforms.scaffold.shapes import likeness
from transforms.scaffold.source import Source
from transforms.scaffold.study import study

__all__ = [
    "ColumnProfile", "Draft", "Facts", "NoComplaints", "Place", "Source", "Studied", "TableProfile", "folded",
    "likeness", "personal_kinds", "plain", "render", "shape_of", "study",
]  # fmt: skip
