"""Guesses a first channel file from the raw values of a source: pure functions over profiles, each guess with evidence.

Opening sources is left to ``connectors.peek``, reading what was written to ``schemas.channel_file``.
"""

from transforms.scaffold.draft import Draft, NoComplaints, study
from transforms.scaffold.facts import Facts, facts_of, personal_kind, plain, shape_of
from transforms.scaffold.guess import Studied
from transforms.scaffold.names import folded, says_person
from transforms.scaffold.profile import ColumnProfile, TableProfile
from transforms.scaffold.render import Place, render
from transforms.scaffold.tables import complaint_score

__all__ = [
    "ColumnProfile", "Draft", "Facts", "NoComplaints", "Place", "Studied", "TableProfile", "complaint_score",
    "facts_of",
    "folded", "personal_kind", "plain", "render", "says_person", "shape_of", "study",
]  # fmt: skip
