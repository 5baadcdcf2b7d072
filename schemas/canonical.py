"""The canonical submission: the one frame that normalising makes and the store takes.

One row is one version of one citizen's message as it came through one channel. Identity is (channel, stream, key).
Columns of kind ``personal`` are sealed by the store and never leave it in clear, except to matching.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pandas.api.types import pandas_dtype

Kind = Literal["identity", "provenance", "public", "personal", "evidence"]

UTC = "datetime64[us, UTC]"
LOCAL = "datetime64[us]"
TEXT = "str"
FLOAT = "float64"
BOOL = "bool"


@dataclass(frozen=True)
class Column:
    """One canonical column: its name, its pandas dtype, who may see it, and what it holds."""

    name: str
    dtype: str
    kind: Kind
    meaning: str


SUBMISSION: tuple[Column, ...] = (
    Column("channel", TEXT, "identity", "id of the channel"),
    Column("stream", TEXT, "identity", "stream within the channel"),
    Column("key", TEXT, "identity", "natural key as text; several columns joined by '|'"),
    Column("source", TEXT, "provenance", "name of the source within the channel file"),
    Column("object", TEXT, "provenance", "archive object that the record was read from"),
    Column("position", TEXT, "provenance", "line, row or ordinal within the object"),
    Column("version_at", UTC, "provenance", "update time trusted by the channel file, else the fetch time"),
    Column("version_trusted", BOOL, "provenance", "version_at is the source's own update time"),
    Column("submitted_at", UTC, "public", "when the citizen sent it"),
    Column("submitted_local", LOCAL, "public", "the wall-clock time that submitted_at came from"),
    Column("incident_at", UTC, "public", "when it happened"),
    Column("incident_local", LOCAL, "public", "the wall-clock time that incident_at came from"),
    Column("closed_at", UTC, "public", "when the old channel closed it"),
    Column("type", TEXT, "public", "schemas.codes.SubmissionType"),
    Column("status", TEXT, "public", "schemas.codes.Status"),
    Column("status_source", TEXT, "public", "status as the source wrote it"),
    Column("closed_by", TEXT, "public", "schemas.codes.Closer"),
    Column("archived_by", TEXT, "public", "schemas.codes.Closer"),
    Column("status_reason", TEXT, "public", "why postponed or archived"),
    Column("category", TEXT, "public", "path in the SP4N category tree, 'MAIN > SUB'"),
    Column("category_source", TEXT, "public", "category as the source wrote it"),
    Column("agency", TEXT, "public", "id in data/reference/agencies.csv"),
    Column("agency_source", TEXT, "public", "agency as the source wrote it"),
    Column("region_code", TEXT, "public", "Kemendagri code, as deep as known: 32.76 or 32.76.01.1001"),
    Column("district", TEXT, "public", "kecamatan, canonical name"),
    Column("village", TEXT, "public", "kelurahan, canonical name"),
    Column("latitude", FLOAT, "public", "degrees"),
    Column("longitude", FLOAT, "public", "degrees"),
    Column("is_anonymous", BOOL, "public", "the person is hidden"),
    Column("is_confidential", BOOL, "public", "the content is hidden"),
    Column("sp4n_id", TEXT, "public", "7-digit number of the national system"),
    Column("old_numbers", TEXT, "public", "ticket numbers that citizens hold, separated by blanks"),
    Column("quoted_numbers", TEXT, "public", "ticket numbers quoted in the text, separated by blanks"),
    Column("title_public", TEXT, "public", "title with personal data masked; null if confidential"),
    Column("text_public", TEXT, "public", "text with personal data masked; null if confidential"),
    Column("title", TEXT, "personal", "title, cleaned"),
    Column("text", TEXT, "personal", "the citizen's words, cleaned"),
    Column("location", TEXT, "personal", "where it is, in the citizen's words"),
    Column("reporter_name", TEXT, "personal", "name"),
    Column("reporter_nik", TEXT, "personal", "16 valid digits"),
    Column("reporter_phone", TEXT, "personal", "E.164"),
    Column("reporter_email", TEXT, "personal", "lower case"),
    Column("reporter_address", TEXT, "personal", "address"),
    Column("reporter_account", TEXT, "personal", "account in the old channel or a social medium"),
    Column("attachments", TEXT, "personal", "JSON list of names or addresses as the source gave them"),
    Column("flags", TEXT, "evidence", "JSON list of 'column:fault', sorted"),
    Column("changes", TEXT, "personal", "JSON list of [column, rule, value before]: what was cleaned"),
    Column("raw", TEXT, "personal", "JSON object: the raw record, strings only"),
)

EVENT: tuple[Column, ...] = (
    Column("channel", TEXT, "identity", "id of the channel"),
    Column("stream", TEXT, "identity", "stream of the complaint it belongs to"),
    Column("key", TEXT, "identity", "natural key of the complaint it belongs to"),
    Column("event_key", TEXT, "identity", "key of the event within the channel and stream"),
    Column("object", TEXT, "provenance", "archive object"),
    Column("position", TEXT, "provenance", "line, row or ordinal within the object"),
    Column("kind", TEXT, "public", "'answer', 'status' or 'note'"),
    Column("occurred_at", UTC, "public", "when"),
    Column("status", TEXT, "public", "schemas.codes.Status, if the event changed it"),
    Column("status_source", TEXT, "public", "status as the source wrote it"),
    Column("agency", TEXT, "public", "id of the agency that acted"),
    Column("actor", TEXT, "personal", "officer or account that acted"),
    Column("text", TEXT, "personal", "what was answered"),
    Column("text_public", TEXT, "public", "the answer with personal data masked"),
    Column("flags", TEXT, "evidence", "JSON list of 'column:fault', sorted"),
    Column("raw", TEXT, "personal", "JSON object: the raw record"),
)

REJECTED: tuple[Column, ...] = (
    Column("channel", TEXT, "identity", "id of the channel"),
    Column("stream", TEXT, "identity", "stream"),
    Column("reason", TEXT, "public", "schemas.codes.QuarantineReason"),
    Column("detail", TEXT, "public", "what is wrong, without personal values"),
    Column("object", TEXT, "provenance", "archive object"),
    Column("position", TEXT, "provenance", "line, row or ordinal within the object"),
    Column("raw", TEXT, "personal", "the raw record as JSON, or the unreadable piece as 'base64:…'"),
)

EXCLUDED: tuple[Column, ...] = (
    Column("channel", TEXT, "identity", "id of the channel"),
    Column("stream", TEXT, "identity", "stream"),
    Column("key", TEXT, "identity", "natural key"),
    Column("rule", TEXT, "public", "schemas.codes.ExclusionRule or a rule of the channel's own"),
    Column("object", TEXT, "provenance", "archive object"),
    Column("position", TEXT, "provenance", "line, row or ordinal within the object"),
    Column("raw", TEXT, "personal", "the raw record as JSON"),
)


def names(columns: tuple[Column, ...], *kinds: Kind) -> list[str]:
    """Names of ``columns``, of the given ``kinds`` only if any is given."""
    return [c.name for c in columns if not kinds or c.kind in kinds]


def empty(columns: tuple[Column, ...]) -> pd.DataFrame:
    """An empty frame with exactly these columns and dtypes."""
    return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in columns})


def conform(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """``frame`` with exactly these columns, in order and with their dtypes; a column that is absent becomes null.

    Raises ``ValueError`` for a column that the contract does not know: a normaliser must not smuggle.
    """
    unknown = sorted(set(frame.columns) - {c.name for c in columns})
    if unknown:
        raise ValueError(f"columns that the contract does not know: {', '.join(unknown)}")
    out = {}
    for column in columns:
        if column.name not in frame.columns:
            fill = False if column.dtype == BOOL else None
            series = pd.Series([fill] * len(frame), index=frame.index, dtype="object")
        else:
            series = frame[column.name]
        out[column.name] = series.astype(pandas_dtype(column.dtype))
    return pd.DataFrame(out, index=frame.index).reset_index(drop=True)
