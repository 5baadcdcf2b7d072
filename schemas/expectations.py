"""The gate before staging: two great-expectations suites over one canonical batch.

*critical* stops the channel, *warning* is reported. great-expectations is heavy and is imported in the function that
runs it. It is shown facts only: whether a personal cell is filled, which key is the same as which, never a value.
"""

import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from schemas.channel import Limits
from schemas.codes import Status, SubmissionType

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

SuiteName = Literal["critical", "warning"]
UNFLAGGED_SHARE = 0.7  # least share of rows without any flag
MAPPED_SHARE = 0.95  # least share of rows whose status the code list knows
_LATITUDE = timedelta(days=1)


@dataclass(frozen=True)
class QualityResult:
    """What one expectation found. ``observed`` is for people: numbers, or why it could not be asked; never values."""

    suite: SuiteName
    expectation: str
    column: str
    success: bool
    observed: str
    unexpected_count: int
    element_count: int


def check(
    frame: pd.DataFrame, limits: Limits, now: datetime | None = None, already_stored: int = 0
) -> list[QualityResult]:
    """Hold the batch ``frame`` (contract ``schemas.canonical.SUBMISSION``) against both suites.

    ``now`` (with a zone; default the clock's) is what *not in the future* means, with a day of grace.
    ``already_stored`` counts live submissions of the channel that this batch does not hold; ``limits.min`` counts both
    together. An expectation that cannot be asked is a failure that says why.
    """
    today = pd.Timestamp(now or datetime.now(UTC)).tz_convert("UTC").tz_localize(None)
    facts = _facts(frame, limits)
    return _validate(facts, _suites(limits, (today + _LATITUDE).to_pydatetime(), already_stored))


def _facts(frame: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """What may be shown of ``frame``. Keys become numbers, and filled cells a mark."""
    numbers = pd.Series(pd.factorize(frame["key"])[0], index=frame.index)
    facts = {
        "channel": frame["channel"],
        "stream": frame["stream"],
        "key": numbers.astype("str").mask(numbers.eq(-1)),
        "status": frame["status"],
        "type": frame["type"],
        "submitted_at": frame["submitted_at"].dt.tz_localize(None),
        "content": _mark(frame["text"].notna() | frame["title"].notna()),
        "unflagged": _mark(frame["flags"].fillna("[]").eq("[]")),
        "status_mapped": _mark(frame["status"].ne(Status.UNMAPPED.value)),
    }
    for name in limits.fill:
        if name in frame.columns:
            facts[f"fill:{name}"] = _mark(frame[name].notna())
    return pd.DataFrame(facts).reset_index(drop=True)


def _mark(filled: pd.Series) -> pd.Series:
    return pd.Series("x", index=filled.index, dtype="str").where(filled.astype(bool))


def _suites(limits: Limits, latest: datetime, already_stored: int) -> "dict[SuiteName, list[Expectation]]":
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations.expectations as gxe

    critical = [
        gxe.ExpectColumnValuesToNotBeNull(column="channel"),
        gxe.ExpectColumnValuesToNotBeNull(column="stream"),
        gxe.ExpectColumnValuesToNotBeNull(column="key"),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["stream", "key"]),
        gxe.ExpectColumnValuesToNotBeNull(column="status"),
        gxe.ExpectColumnValuesToBeInSet(column="status", value_set=[s.value for s in Status]),
        gxe.ExpectColumnValuesToNotBeNull(column="type"),
        gxe.ExpectColumnValuesToBeInSet(column="type", value_set=[t.value for t in SubmissionType]),
        gxe.ExpectColumnValuesToBeBetween(column="submitted_at", max_value=latest),
        gxe.ExpectColumnValuesToNotBeNull(column="content"),
        gxe.ExpectTableRowCountToBeBetween(min_value=max(0, limits.min - already_stored)),
    ]
    warning = [
        gxe.ExpectColumnValuesToNotBeNull(column="unflagged", mostly=UNFLAGGED_SHARE),
        gxe.ExpectColumnValuesToNotBeNull(column="status_mapped", mostly=MAPPED_SHARE),
        *(gxe.ExpectColumnValuesToNotBeNull(column=f"fill:{n}", mostly=share) for n, share in limits.fill.items()),
    ]
    if limits.max is not None:
        warning.append(gxe.ExpectTableRowCountToBeBetween(max_value=limits.max))
    return {"critical": critical, "warning": warning}


def _validate(facts: pd.DataFrame, suites: "dict[SuiteName, list[Expectation]]") -> list[QualityResult]:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)  # tells temporary folders
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset("submissions")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": facts})
    form = {"result_format": "SUMMARY", "exclude_unexpected_values": True}
    results: list[QualityResult] = []
    for name, expectations in suites.items():
        found = batch.validate(gx.ExpectationSuite(name=name, expectations=expectations), result_format=form)
        results += [_result(name, r.to_json_dict(), len(facts)) for r in found.results]
    return results


def _result(suite: SuiteName, found: dict[str, Any], rows: int) -> QualityResult:
    config, result = found["expectation_config"], found.get("result") or {}
    asked = config["kwargs"]
    column = asked.get("column") or ", ".join(asked.get("column_list", ())) or "(rows)"
    name = column.removeprefix("fill:")
    unexpected = int(result.get("unexpected_count") or 0)
    error = _error(found)
    if error is not None:
        observed = error
    elif "observed_value" in result:
        limits = [
            f"{w} {asked[k]}" for k, w in (("min_value", "min"), ("max_value", "max")) if asked.get(k) is not None
        ]
        observed = ", ".join([f"{result['observed_value']} rows", *limits])
    else:
        share = f"; at least {asked['mostly']:.0%} must hold" if "mostly" in asked and asked["mostly"] < 1 else ""
        observed = f"{unexpected} of {int(result.get('element_count') or rows)} do not hold{share}"
    elements = int(result.get("element_count") or rows)
    return QualityResult(suite, config["type"], name, bool(found["success"]), observed, unexpected, elements)


def _error(found: dict[str, Any]) -> str | None:
    """The message of an expectation that raised: it stands at the top or below the id of a metric."""
    info = found.get("exception_info") or {}
    for part in (info, *(v for v in info.values() if isinstance(v, dict))):
        if part.get("raised_exception"):
            return f"could not be asked: {str(part.get('exception_message')).splitlines()[0][:200]}"
    return None
