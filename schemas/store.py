"""The store's tables, one definition for SQLite and PostgreSQL. How they are filled is left to ``satukanal.store``.

Columns that end in ``_at`` are UTC; ``_local`` is wall-clock time of the channel. ``sealed`` is AES-GCM over JSON and
the only place of personal values; ``…_index`` is a keyed hash by which equal values are found. Rows are not deleted:
what ends carries a time. Every table names the government that a row belongs to, so that one store serves a province.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from schemas import canonical


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant. Aware in Python; ``timestamptz`` in PostgreSQL, UTC without a zone in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: it would be silently wrong by eight hours somewhere."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored as an instant")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Hand out aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

COUNTS = (
    "raw_records", "parts", "events", "extracted", "accepted", "inserted", "updated", "unchanged", "withdrawn",
    "quarantined",
)  # fmt: skip

_TYPES: dict[str, Any] = {
    canonical.UTC: UtcDateTime,
    canonical.LOCAL: sa.DateTime,
    canonical.TEXT: sa.Text,
    canonical.FLOAT: sa.Double,
    canonical.BOOL: sa.Boolean,
}


def _text(name: str, *, key: bool = False, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=optional)


def _at(name: str, *, optional: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime, nullable=optional)


def _government() -> sa.Column[str]:
    return _text("government")


def _of_contract(columns: tuple[canonical.Column, ...], skip: tuple[str, ...] = ()) -> list[sa.Column[Any]]:
    """Columns for the public and evidence part of a canonical frame; personal ones go into ``sealed``."""
    kept = [c for c in columns if c.kind in ("public", "evidence") and c.name not in skip]
    return [sa.Column(c.name, _TYPES[c.dtype](), nullable=c.dtype != canonical.BOOL) for c in kept]


def _sealed() -> sa.Column[bytes]:
    return sa.Column("sealed", sa.LargeBinary, nullable=True)  # erasure nulls it


def _where_given(table: str, column: str) -> sa.Index:
    """An index of those rows alone in which ``column`` is not null."""
    given = sa.column(column).is_not(None)
    return sa.Index(f"ix_{table}_{column}", column, postgresql_where=given, sqlite_where=given)


meta = sa.Table("meta", metadata, _text("name", key=True), _text("value"))

channel = sa.Table(
    "channel",
    metadata,
    _text("channel", key=True),
    _text("title"),
    _government(),
    _text("owner"),
    _text("region"),
    _text("time_zone"),
    sa.Column("live", sa.Boolean, nullable=False),
    _text("state"),
    _at("state_since"),
    _text("spec_sha256"),
)

channel_transition = sa.Table(
    "channel_transition",
    metadata,
    sa.Column("transition_id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.Text, sa.ForeignKey("channel.channel"), nullable=False),
    _government(),
    _text("from_state", optional=True),
    _text("to_state"),
    _at("at"),
    _text("actor"),
    _text("reason"),
)

run = sa.Table(
    "run",
    metadata,
    _text("run_id", key=True),
    _text("government"),  # '*' where a run serves several
    _text("status"),
    _at("started_at"),
    _at("finished_at", optional=True),
    _text("actor"),
    _text("program_version"),
    sa.Column("balanced", sa.Boolean, nullable=True),
)

load = sa.Table(
    "load",
    metadata,
    _text("load_id", key=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("run.run_id"), nullable=False, index=True),
    sa.Column("channel", sa.Text, sa.ForeignKey("channel.channel"), nullable=False, index=True),
    _government(),
    _text("source"),
    _text("status"),
    _text("error", optional=True),
    _at("started_at"),
    _at("finished_at", optional=True),
    _text("spec_sha256"),
    _text("archive_sha256", optional=True),
    sa.Column("archive_objects", sa.Integer, nullable=True),
    sa.Column("archive_bytes", sa.BigInteger, nullable=True),
    *[sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in COUNTS],
    _text("excluded", optional=True),  # JSON {rule: count}
    _text("schema_drift", optional=True),  # JSON list
    _text("unmapped", optional=True),  # JSON {field: {value: count}}
    _text("flags", optional=True),  # JSON {'column:fault': count}
    _text("problems", optional=True),  # JSON list
    sa.Column("source_count", sa.Integer, nullable=True),
    sa.Column("balanced", sa.Boolean, nullable=True),
    _text("merkle_root", optional=True),
    _text("part", optional=True),  # how a load that did not read all chose: cursor, window, open_cases
    _text("cursors", optional=True),  # JSON {stream or stream/table: how far it came}
)

submission = sa.Table(
    "submission",
    metadata,
    _text("submission_uid", key=True),
    _government(),
    _text("channel"),
    _text("stream"),
    _text("key"),
    sa.Column("complaint_uid", sa.Text, nullable=False, index=True),
    sa.Column("version_no", sa.Integer, nullable=False),  # the current one
    sa.Column("matched_version_no", sa.Integer, nullable=True),  # null or older = still to be matched
    sa.Column("first_load_id", sa.Text, nullable=False, index=True),
    _at("withdrawn_at", optional=True),
    sa.UniqueConstraint("channel", "stream", "key"),
)

submission_version = sa.Table(
    "submission_version",
    metadata,
    _text("submission_uid", key=True),
    sa.Column("version_no", sa.Integer, primary_key=True),
    _government(),
    sa.Column("load_id", sa.Text, nullable=False, index=True),
    _text("object"),
    _text("position"),
    _at("version_at"),
    sa.Column("version_trusted", sa.Boolean, nullable=False),  # version_at is the source's own, not the fetch time
    _text("content_hash"),
    _text("row_hash"),
    *_of_contract(canonical.SUBMISSION),
    sa.Column("salt", sa.LargeBinary, nullable=True),  # of the commitment in row_hash; erasure destroys it
    _sealed(),  # title, text, location, changes, raw
)

reporter = sa.Table(
    "reporter",
    metadata,
    _text("submission_uid", key=True),
    sa.Column("version_no", sa.Integer, primary_key=True),
    _government(),
    _text("load_id"),  # of the version, which is bound to it
    _text("nik_index", optional=True),
    _text("phone_index", optional=True),
    _text("email_index", optional=True),
    _text("account_index", optional=True),
    _sealed(),  # name, NIK, phone, e-mail, address, account
    *[_where_given("reporter", f"{kind}_index") for kind in ("nik", "phone", "email", "account")],
)

attachment = sa.Table(
    "attachment",
    metadata,
    _text("submission_uid", key=True),
    sa.Column("version_no", sa.Integer, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    _government(),
    _text("load_id"),  # of the version, which is bound to it
    _text("state"),  # schemas.codes.AttachmentState
    _text("file", optional=True),  # its name among the channel's kept files, made of what it holds
    _text("collected", optional=True),  # the act of the ledger that found it; a cell's came with its load
    _sealed(),  # the name that the source gives it
    sa.Index("ix_attachment_collected", "collected"),
)

complaint = sa.Table(
    "complaint",
    metadata,
    _text("complaint_uid", key=True),  # = the founding submission's uid
    _government(),
    sa.Column("tracking_id", sa.Text, nullable=False, unique=True),
    _text("load_id"),  # of the founding submission, which is bound to it
    sa.Column("incident_uid", sa.Text, sa.ForeignKey("incident.incident_uid"), nullable=True),
    _where_given("complaint", "incident_uid"),
)

complaint_alias = sa.Table(
    "complaint_alias",
    metadata,
    sa.Column("alias_id", sa.Integer, primary_key=True),
    sa.Column("tracking_id", sa.Text, nullable=False, index=True),  # of the complaint that was folded in
    sa.Column("complaint_uid", sa.Text, sa.ForeignKey("complaint.complaint_uid"), nullable=False),
    _government(),
    sa.Column("run_id", sa.Text, sa.ForeignKey("run.run_id"), nullable=False),
    _at("since_at"),
    _at("until_at", optional=True),
)

complaint_event = sa.Table(
    "complaint_event",
    metadata,
    _text("event_uid", key=True),
    sa.Column("version_no", sa.Integer, primary_key=True),
    _government(),
    _text("channel"),
    _text("stream"),
    sa.Column("submission_uid", sa.Text, nullable=False, index=True),  # no foreign key: an answer may come first
    sa.Column("load_id", sa.Text, nullable=False, index=True),
    _text("object"),
    _text("position"),
    _text("content_hash"),
    *_of_contract(canonical.EVENT),
    _at("superseded_at", optional=True),
    _sealed(),  # actor, text, raw
)

incident = sa.Table(
    "incident",
    metadata,
    _text("incident_uid", key=True),  # = the founding submission's uid
    _government(),
    sa.Column("run_id", sa.Text, sa.ForeignKey("run.run_id"), nullable=False),
    _at("since_at"),
)

id_crosswalk = sa.Table(
    "id_crosswalk",
    metadata,
    _text("channel"),
    _text("old_number"),
    _text("submission_uid"),
    _government(),
    _text("load_id"),  # of the submission's version, which is bound to it
    sa.PrimaryKeyConstraint("submission_uid", "channel", "old_number"),
)

match_key = sa.Table(
    "match_key",
    metadata,
    _text("key", key=True),  # keyed hash of kind and value
    sa.Column("submission_uid", sa.Text, sa.ForeignKey("submission.submission_uid"), primary_key=True),
    _text("kind"),
    _government(),
    sa.Column("strong", sa.Boolean, nullable=False),
    sa.Column("day", sa.Integer, nullable=True),  # of submitted_at, days since 1970: weak keys meet within a window
    sa.Index("ix_match_key_submission_uid", "submission_uid"),
)

judgement = sa.Table(
    "judgement",
    metadata,
    sa.Column("judgement_id", sa.Integer, primary_key=True),
    sa.Column("left_uid", sa.Text, sa.ForeignKey("submission.submission_uid"), nullable=False, index=True),
    sa.Column("right_uid", sa.Text, sa.ForeignKey("submission.submission_uid"), nullable=False, index=True),
    _government(),
    _text("judgement"),
    sa.Column("score", sa.Double, nullable=True),
    _text("by"),  # 'model' or 'person'
    _text("actor"),  # model version, or who
    _text("evidence"),  # JSON [[feature, level, weight], …]; names no value
    sa.Column("run_id", sa.Text, sa.ForeignKey("run.run_id"), nullable=False),
    _at("at"),
    _at("withdrawn_at", optional=True),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    _text("receipt", key=True),
    _government(),
    _text("channel"),
    _text("stream"),
    _text("reason"),
    _text("detail"),
    _text("object"),
    _text("position"),
    _text("first_load_id"),
    _text("last_load_id"),
    _at("first_seen_at"),
    _text("disposition"),
    _at("disposed_at", optional=True),
    _text("disposed_by", optional=True),
    _text("disposed_reason", optional=True),
    _sealed(),
)

exclusion = sa.Table(
    "exclusion",
    metadata,
    _text("exclusion_uid", key=True),
    _government(),
    _text("channel"),
    _text("stream"),
    _text("key"),
    _text("rule"),
    _text("object"),
    _text("position"),
    _text("first_load_id"),
    _text("last_load_id"),
    _sealed(),
)

suppression = sa.Table(
    "suppression",
    metadata,
    _text("uid", key=True),  # keyed hash: of a submission, or the number of a row of quarantine or exclusion
    _text("kind"),  # 'submission', 'quarantine', 'exclusion'
    _government(),
    _text("channel"),
    _text("stream"),
    _text("key"),  # as it stands since the erasure
    _text("erasure"),  # the act
    _at("since_at"),
)

legal_hold = sa.Table(
    "legal_hold",
    metadata,
    sa.Column("hold_id", sa.Integer, primary_key=True),
    sa.Column("tracking_id", sa.Text, nullable=False, index=True),
    _government(),
    _text("reason"),
    _text("actor"),
    _at("since_at"),
    _at("until_at", optional=True),
)

quality_result = sa.Table(
    "quality_result",
    metadata,
    sa.Column("load_id", sa.Text, sa.ForeignKey("load.load_id"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    _government(),
    _text("suite"),
    _text("expectation"),
    _text("column", optional=True),
    sa.Column("success", sa.Boolean, nullable=False),
    _text("observed"),
    sa.Column("unexpected_count", sa.Integer, nullable=True),
    sa.Column("element_count", sa.Integer, nullable=True),
)

reconciliation = sa.Table(
    "reconciliation",
    metadata,
    sa.Column("load_id", sa.Text, sa.ForeignKey("load.load_id"), primary_key=True),
    _text("measure", key=True),
    _text("channel"),
    _government(),
    sa.Column("source_value", sa.BigInteger, nullable=True),
    sa.Column("store_value", sa.BigInteger, nullable=True),
    sa.Column("difference", sa.BigInteger, nullable=True),
    sa.Column("balanced", sa.Boolean, nullable=True),
)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    _government(),
    _at("at"),
    _text("act"),
    _text("subject"),
    _text("actor"),
    _text("payload"),  # canonical JSON, no personal value
    _text("previous_hash"),
    _text("hash"),
)

agency = sa.Table(
    "agency",
    metadata,
    _text("government", key=True),
    _text("agency", key=True),
    _text("name"),
    _text("name_short", optional=True),
)

agency_alias = sa.Table(
    "agency_alias",
    metadata,
    _text("government", key=True),
    _text("alias", key=True),
    _text("agency", key=True),
    sa.Column("valid_from", sa.Date, nullable=True),
    sa.Column("valid_to", sa.Date, nullable=True),
)

# References of what a load writes. No foreign key checks them row by row (docs/decisions/0006): guards keep the rows
# that they name (schemas.views), publishing counts, verifying looks at every one. Child, its columns, the table named.
UNCHECKED: tuple[tuple[sa.Table, tuple[str, ...], sa.Table], ...] = (
    (submission, ("channel",), channel),
    (submission, ("complaint_uid",), complaint),
    (submission, ("first_load_id",), load),
    (submission_version, ("submission_uid",), submission),
    (submission_version, ("load_id",), load),
    (reporter, ("submission_uid", "version_no"), submission_version),
    (attachment, ("submission_uid",), submission),
    (complaint_event, ("load_id",), load),
    (id_crosswalk, ("submission_uid",), submission),
    *[(notes, ("channel",), channel) for notes in (quarantine, exclusion)],
    *[(notes, (name,), load) for notes in (quarantine, exclusion) for name in ("first_load_id", "last_load_id")],
)


def references() -> list[tuple[sa.Table, tuple[str, ...], sa.Table, tuple[str, ...]]]:
    """Every reference from one table to another: child, its columns, parent, its columns; with a foreign key or not."""
    enforced = [
        (table, tuple(constraint.column_keys), constraint.referred_table,
         tuple(element.column.name for element in constraint.elements))
        for table in metadata.sorted_tables
        for constraint in sorted(table.foreign_key_constraints, key=lambda c: tuple(c.column_keys))
    ]  # fmt: skip
    return enforced + [(t, names, of, tuple(c.name for c in of.primary_key)) for t, names, of in UNCHECKED]


def _stage(name: str, of: sa.Table, key: str, skip: tuple[str, ...], *more: sa.Column[Any]) -> sa.Table:
    """A staging table: the columns of the table it feeds, without its keys to others. It is read by load and ``key``.

    In PostgreSQL it is unlogged (``schemas.views``): after a crash it is empty, and its load is staged anew.
    """
    columns = [sa.Column(c.name, c.type, nullable=True) for c in of.columns if c.name not in skip]
    return sa.Table(
        name,
        metadata,
        sa.Column("load_id", sa.Text, nullable=False),
        *more,  # what many statements look at stands first: they need not take a whole row apart
        *[c for c in columns if c.name != "load_id"],
        sa.Index(f"ix_{name}_load", "load_id", key),
    )


stage_submission = _stage(
    "stage_submission",
    submission_version,
    "submission_uid",
    (),
    sa.Column("outcome", sa.Text, nullable=True),
    _text("channel"),
    _text("stream"),
    _text("key"),
    _text("tracking_id"),
    *[sa.Column(f"{kind}_index", sa.Text, nullable=True) for kind in ("nik", "phone", "email", "account")],
    sa.Column("reporter_sealed", sa.LargeBinary, nullable=True),
)
stage_event = _stage(
    "stage_event", complaint_event, "event_uid", ("superseded_at",), sa.Column("outcome", sa.Text, nullable=True)
)
stage_quarantine = _stage(
    "stage_quarantine",
    quarantine,
    "receipt",
    ("first_load_id", "last_load_id", "first_seen_at", "disposition", "disposed_at", "disposed_by", "disposed_reason"),
)
stage_exclusion = _stage("stage_exclusion", exclusion, "exclusion_uid", ("first_load_id", "last_load_id"))
stage_crosswalk = _stage("stage_crosswalk", id_crosswalk, "submission_uid", ())
stage_attachment = _stage("stage_attachment", attachment, "submission_uid", ("version_no", "collected"))
stage_match_key = sa.Table(
    "stage_match_key",
    metadata,
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    *[sa.Column(c.name, c.type, nullable=c.nullable) for c in match_key.columns],
    sa.Index("ix_stage_match_key_key", "key"),
)

STAGES = (stage_submission, stage_event, stage_quarantine, stage_exclusion, stage_crosswalk, stage_attachment)
