"""The frozen model: weights, cut points, bands, windows and caps as data, read from a versioned YAML file.

Every number that decides about two records stands in that file with its reason. This module only checks that the file
is whole: each feature and each level that ``compare`` can find has exactly one weight, and nothing else has.
"""

import math
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from transforms.match.keys import KINDS

UNKNOWN = "unknown"

WHO: dict[str, tuple[str, ...]] = {
    "phone": ("equal", "slip", "different"),
    "email": ("equal", "different"),
    "nik": ("equal", "slip", "different"),
    "account": ("equal", "different"),
    "name": ("equal", "equal_common", "equal_single", "similar", "partial", "different"),
    "card": ("equal", "different"),
    "ticket": ("quoted", "both_quote", "carried"),
    "sp4n": ("equal", "different"),
    "message": ("identical",),
}
WHAT: dict[str, tuple[str, ...]] = {
    "ticket": ("quoted", "both_quote", "carried"),
    "sp4n": ("equal", "different"),
    "place": ("village", "district", "city", "other_village", "other_district", "other_city"),
    "rt_rw": ("both", "rw", "different"),
    "distance": ("under_50", "under_150", "under_500", "under_2000", "beyond"),
    "category": ("same", "main", "sibling", "kin", "both_other", "one_other", "different"),
    "time": ("under_2", "under_7", "under_14", "under_30", "beyond"),
    "street": ("shared", "disjoint"),
    "words": ("exact", "high", "medium", "some", "little", "none", "short_same", "short_other"),
    "landmark": ("high", "some", "none"),
}


class ModelFileError(ValueError):
    """A model file that cannot be used. Its text is one line for a person."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Prior(_Strict):
    """Log-odds before anything is compared; ``own_street`` is a share of weights."""

    who: float
    what: float
    one_person: float
    own_street: float = Field(ge=0, le=1)


class Cuts(_Strict):
    """Where one level ends and the next begins."""

    distance: tuple[float, float, float, float]
    time: tuple[float, float, float, float]
    words: tuple[float, float, float, float, float]
    landmark: tuple[float, float]
    short_words: float
    long_words: float
    name_winkler: float
    name_slips: tuple[int, int]


class Bands(_Strict):
    """Log-odds from which a decision is automatic, or a person's."""

    same: float
    same_review: float
    related: float
    related_review: float
    compare: float


class Clusters(_Strict):
    """Average-link clustering on log-odds."""

    same_average: float
    related_average: float
    missing: float = Field(lt=0)
    clip: float = Field(gt=0)


class KeyRule(_Strict):
    """How far a key reaches: days (null: for ever), and how many neighbours in time a record meets at one key."""

    window_days: float | None
    cap: int = Field(gt=0)


class Model(_Strict):
    """A matching model. ``version`` is stored with every judgement made under it."""

    version: str
    prior: Prior
    who: dict[str, dict[str, float]]
    what: dict[str, dict[str, float]]
    cuts: Cuts
    bands: Bands
    clusters: Clusters
    kin: tuple[tuple[str, ...], ...]
    keys: dict[str, KeyRule]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for side, given, wanted in (("who", self.who, WHO), ("what", self.what, WHAT)):
            _same_names(f"{side}", set(given), set(wanted))
            for feature, levels in wanted.items():
                _same_names(f"{side}.{feature}", set(given[feature]), set(levels))
        _same_names("keys", set(self.keys), set(KINDS))
        return self

    @property
    def longest_window(self) -> int:
        """Days that the farthest-reaching weak key looks back and ahead."""
        return math.ceil(max(rule.window_days or 0 for rule in self.keys.values()))


def _same_names(where: str, given: set[str], wanted: set[str]) -> None:
    if given != wanted:
        missing, surplus = sorted(wanted - given), sorted(given - wanted)
        raise ValueError(f"{where}: missing {missing or 'nothing'}, unknown {surplus or 'nothing'}")


def load_model(path: Path) -> Model:
    """Read a model file. Raises ``ModelFileError``: one line with file, key and what is wrong."""
    try:
        return Model.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    except (OSError, YAMLError) as error:
        raise ModelFileError(f"{path}: cannot be read as YAML ({' '.join(str(error).split())})") from error
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise ModelFileError(f"{path}: {key + ': ' if key else ''}{fault['msg']}") from error
