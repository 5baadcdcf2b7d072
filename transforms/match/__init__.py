"""Who is the same, who is related: keys, candidates, comparison, weights, clusters. Pure functions over frames.

Reading and keeping keys, judgements and clusters is the store's; composing the two is the flows'. ``docs/matching.md``
tells the whole in prose.
"""

from pathlib import Path

from transforms.match.candidates import Candidates, pair_candidates
from transforms.match.compare import compare
from transforms.match.engine import MatchResult, match
from transforms.match.keys import emit_keys
from transforms.match.model import Model, ModelFileError, load_model
from transforms.match.score import score

RECORD_COLUMNS = (
    "uid", "channel", "stream", "submitted_at", "closed_at", "region_code", "district", "village", "category",
    "agency", "type", "status", "title", "text", "location", "latitude", "longitude", "name", "phone", "nik", "email",
    "account", "is_anonymous", "is_confidential", "old_numbers", "quoted_numbers", "sp4n_id",
)  # fmt: skip
DEFAULT_MODEL = Path(__file__).with_name("model-1.yaml")

__all__ = [
    "DEFAULT_MODEL", "RECORD_COLUMNS", "Candidates", "MatchResult", "Model", "ModelFileError", "compare", "emit_keys",
    "load_model", "match", "pair_candidates", "score",
]  # fmt: skip
