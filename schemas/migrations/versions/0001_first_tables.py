"""The store's first tables, views and guards

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import schemas.store
from schemas.views import create_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The store's first tables, views and guards"""
    op.create_table(
        "agency",
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_short", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("government", "agency", name=op.f("pk_agency")),
    )
    op.create_table(
        "agency_alias",
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("government", "alias", "agency", name=op.f("pk_agency_alias")),
    )
    op.create_table(
        "channel",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_since", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("spec_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel")),
    )
    op.create_table(
        "ledger",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "run",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("program_version", sa.Text(), nullable=False),
        sa.Column("balanced", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run")),
    )
    op.create_table(
        "stage_attachment",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("submission_uid", sa.Text(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=True),
        sa.Column("government", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
    )
    with op.batch_alter_table("stage_attachment", schema=None) as batch_op:
        batch_op.create_index("ix_stage_attachment_load", ["load_id", "submission_uid"], unique=False)

    op.create_table(
        "stage_crosswalk",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("old_number", sa.Text(), nullable=True),
        sa.Column("submission_uid", sa.Text(), nullable=True),
        sa.Column("government", sa.Text(), nullable=True),
    )
    with op.batch_alter_table("stage_crosswalk", schema=None) as batch_op:
        batch_op.create_index("ix_stage_crosswalk_load", ["load_id", "submission_uid"], unique=False)

    op.create_table(
        "stage_event",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("event_uid", sa.Text(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.Column("government", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("stream", sa.Text(), nullable=True),
        sa.Column("submission_uid", sa.Text(), nullable=True),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("occurred_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("status_source", sa.Text(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("text_public", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
    )
    with op.batch_alter_table("stage_event", schema=None) as batch_op:
        batch_op.create_index("ix_stage_event_load", ["load_id", "event_uid"], unique=False)

    op.create_table(
        "stage_exclusion",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("exclusion_uid", sa.Text(), nullable=True),
        sa.Column("government", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("stream", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
    )
    with op.batch_alter_table("stage_exclusion", schema=None) as batch_op:
        batch_op.create_index("ix_stage_exclusion_load", ["load_id", "exclusion_uid"], unique=False)

    op.create_table(
        "stage_match_key",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
    )
    with op.batch_alter_table("stage_match_key", schema=None) as batch_op:
        batch_op.create_index("ix_stage_match_key_key", ["key"], unique=False)
        batch_op.create_index(batch_op.f("ix_stage_match_key_run_id"), ["run_id"], unique=False)

    op.create_table(
        "stage_quarantine",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("government", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("stream", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
    )
    with op.batch_alter_table("stage_quarantine", schema=None) as batch_op:
        batch_op.create_index("ix_stage_quarantine_load", ["load_id", "receipt"], unique=False)

    op.create_table(
        "stage_submission",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tracking_id", sa.Text(), nullable=False),
        sa.Column("nik_index", sa.Text(), nullable=True),
        sa.Column("phone_index", sa.Text(), nullable=True),
        sa.Column("email_index", sa.Text(), nullable=True),
        sa.Column("account_index", sa.Text(), nullable=True),
        sa.Column("reporter_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("submission_uid", sa.Text(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.Column("government", sa.Text(), nullable=True),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("version_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version_trusted", sa.Boolean(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("row_hash", sa.Text(), nullable=True),
        sa.Column("submitted_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("submitted_local", sa.DateTime(), nullable=True),
        sa.Column("incident_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("incident_local", sa.DateTime(), nullable=True),
        sa.Column("closed_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("status_source", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("archived_by", sa.Text(), nullable=True),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("category_source", sa.Text(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("agency_source", sa.Text(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("is_anonymous", sa.Boolean(), nullable=True),
        sa.Column("is_confidential", sa.Boolean(), nullable=True),
        sa.Column("sp4n_id", sa.Text(), nullable=True),
        sa.Column("old_numbers", sa.Text(), nullable=True),
        sa.Column("quoted_numbers", sa.Text(), nullable=True),
        sa.Column("title_public", sa.Text(), nullable=True),
        sa.Column("text_public", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
    )
    with op.batch_alter_table("stage_submission", schema=None) as batch_op:
        batch_op.create_index("ix_stage_submission_load", ["load_id", "submission_uid"], unique=False)

    op.create_table(
        "channel_transition",
        sa.Column("transition_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["channel"], ["channel.channel"], name=op.f("fk_channel_transition_channel")),
        sa.PrimaryKeyConstraint("transition_id", name=op.f("pk_channel_transition")),
    )
    op.create_table(
        "incident",
        sa.Column("incident_uid", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("since_at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name=op.f("fk_incident_run_id")),
        sa.PrimaryKeyConstraint("incident_uid", name=op.f("pk_incident")),
    )
    op.create_table(
        "load",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("spec_sha256", sa.Text(), nullable=False),
        sa.Column("archive_sha256", sa.Text(), nullable=True),
        sa.Column("archive_objects", sa.Integer(), nullable=True),
        sa.Column("archive_bytes", sa.BigInteger(), nullable=True),
        sa.Column("raw_records", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("events", sa.Integer(), server_default="0", nullable=False),
        sa.Column("extracted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("inserted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("withdrawn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default="0", nullable=False),
        sa.Column("excluded", sa.Text(), nullable=True),
        sa.Column("schema_drift", sa.Text(), nullable=True),
        sa.Column("unmapped", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("problems", sa.Text(), nullable=True),
        sa.Column("source_count", sa.Integer(), nullable=True),
        sa.Column("balanced", sa.Boolean(), nullable=True),
        sa.Column("merkle_root", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["channel"], ["channel.channel"], name=op.f("fk_load_channel")),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name=op.f("fk_load_run_id")),
        sa.PrimaryKeyConstraint("load_id", name=op.f("pk_load")),
    )
    with op.batch_alter_table("load", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_load_channel"), ["channel"], unique=False)
        batch_op.create_index(batch_op.f("ix_load_run_id"), ["run_id"], unique=False)

    op.create_table(
        "complaint",
        sa.Column("complaint_uid", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("tracking_id", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("incident_uid", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["incident_uid"], ["incident.incident_uid"], name=op.f("fk_complaint_incident_uid")),
        sa.PrimaryKeyConstraint("complaint_uid", name=op.f("pk_complaint")),
        sa.UniqueConstraint("tracking_id", name=op.f("uq_complaint_tracking_id")),
    )
    with op.batch_alter_table("complaint", schema=None) as batch_op:
        batch_op.create_index(
            "ix_complaint_incident_uid",
            ["incident_uid"],
            unique=False,
            postgresql_where=sa.text("incident_uid IS NOT NULL"),
            sqlite_where=sa.text("incident_uid IS NOT NULL"),
        )

    op.create_table(
        "complaint_event",
        sa.Column("event_uid", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("occurred_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("status_source", sa.Text(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("text_public", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("superseded_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("event_uid", "version_no", name=op.f("pk_complaint_event")),
    )
    with op.batch_alter_table("complaint_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_complaint_event_load_id"), ["load_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_complaint_event_submission_uid"), ["submission_uid"], unique=False)

    op.create_table(
        "exclusion",
        sa.Column("exclusion_uid", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("first_load_id", sa.Text(), nullable=False),
        sa.Column("last_load_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("exclusion_uid", name=op.f("pk_exclusion")),
    )
    op.create_table(
        "quality_result",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("expectation", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("unexpected_count", sa.Integer(), nullable=True),
        sa.Column("element_count", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.load_id"], name=op.f("fk_quality_result_load_id")),
        sa.PrimaryKeyConstraint("load_id", "ordinal", name=op.f("pk_quality_result")),
    )
    op.create_table(
        "quarantine",
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("first_load_id", sa.Text(), nullable=False),
        sa.Column("last_load_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("disposed_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("disposed_by", sa.Text(), nullable=True),
        sa.Column("disposed_reason", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("receipt", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("source_value", sa.BigInteger(), nullable=True),
        sa.Column("store_value", sa.BigInteger(), nullable=True),
        sa.Column("difference", sa.BigInteger(), nullable=True),
        sa.Column("balanced", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.load_id"], name=op.f("fk_reconciliation_load_id")),
        sa.PrimaryKeyConstraint("load_id", "measure", name=op.f("pk_reconciliation")),
    )
    op.create_table(
        "complaint_alias",
        sa.Column("alias_id", sa.Integer(), nullable=False),
        sa.Column("tracking_id", sa.Text(), nullable=False),
        sa.Column("complaint_uid", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("since_at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_uid"], ["complaint.complaint_uid"], name=op.f("fk_complaint_alias_complaint_uid")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name=op.f("fk_complaint_alias_run_id")),
        sa.PrimaryKeyConstraint("alias_id", name=op.f("pk_complaint_alias")),
    )
    with op.batch_alter_table("complaint_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_complaint_alias_tracking_id"), ["tracking_id"], unique=False)

    op.create_table(
        "submission",
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("complaint_uid", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("matched_version_no", sa.Integer(), nullable=True),
        sa.Column("first_load_id", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("submission_uid", name=op.f("pk_submission")),
        sa.UniqueConstraint("channel", "stream", "key", name=op.f("uq_submission_channel_stream_key")),
    )
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_submission_complaint_uid"), ["complaint_uid"], unique=False)
        batch_op.create_index(batch_op.f("ix_submission_first_load_id"), ["first_load_id"], unique=False)

    op.create_table(
        "attachment",
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("submission_uid", "version_no", "ordinal", name=op.f("pk_attachment")),
    )
    op.create_table(
        "id_crosswalk",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("old_number", sa.Text(), nullable=False),
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("submission_uid", "channel", "old_number", name=op.f("pk_id_crosswalk")),
    )

    op.create_table(
        "judgement",
        sa.Column("judgement_id", sa.Integer(), nullable=False),
        sa.Column("left_uid", sa.Text(), nullable=False),
        sa.Column("right_uid", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("judgement", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["left_uid"], ["submission.submission_uid"], name=op.f("fk_judgement_left_uid")),
        sa.ForeignKeyConstraint(["right_uid"], ["submission.submission_uid"], name=op.f("fk_judgement_right_uid")),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name=op.f("fk_judgement_run_id")),
        sa.PrimaryKeyConstraint("judgement_id", name=op.f("pk_judgement")),
    )
    with op.batch_alter_table("judgement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_judgement_left_uid"), ["left_uid"], unique=False)
        batch_op.create_index(batch_op.f("ix_judgement_right_uid"), ["right_uid"], unique=False)

    op.create_table(
        "match_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_uid"], ["submission.submission_uid"], name=op.f("fk_match_key_submission_uid")
        ),
        sa.PrimaryKeyConstraint("key", "submission_uid", name=op.f("pk_match_key")),
    )
    with op.batch_alter_table("match_key", schema=None) as batch_op:
        batch_op.create_index("ix_match_key_submission_uid", ["submission_uid"], unique=False)

    op.create_table(
        "submission_version",
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("version_at", schemas.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version_trusted", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("row_hash", sa.Text(), nullable=False),
        sa.Column("submitted_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("submitted_local", sa.DateTime(), nullable=True),
        sa.Column("incident_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("incident_local", sa.DateTime(), nullable=True),
        sa.Column("closed_at", schemas.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("status_source", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("archived_by", sa.Text(), nullable=True),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("category_source", sa.Text(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("agency_source", sa.Text(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.Column("sp4n_id", sa.Text(), nullable=True),
        sa.Column("old_numbers", sa.Text(), nullable=True),
        sa.Column("quoted_numbers", sa.Text(), nullable=True),
        sa.Column("title_public", sa.Text(), nullable=True),
        sa.Column("text_public", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("submission_uid", "version_no", name=op.f("pk_submission_version")),
    )
    with op.batch_alter_table("submission_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_submission_version_load_id"), ["load_id"], unique=False)

    op.create_table(
        "reporter",
        sa.Column("submission_uid", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("nik_index", sa.Text(), nullable=True),
        sa.Column("phone_index", sa.Text(), nullable=True),
        sa.Column("email_index", sa.Text(), nullable=True),
        sa.Column("account_index", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("submission_uid", "version_no", name=op.f("pk_reporter")),
    )
    with op.batch_alter_table("reporter", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reporter_account_index",
            ["account_index"],
            unique=False,
            postgresql_where=sa.text("account_index IS NOT NULL"),
            sqlite_where=sa.text("account_index IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_reporter_email_index",
            ["email_index"],
            unique=False,
            postgresql_where=sa.text("email_index IS NOT NULL"),
            sqlite_where=sa.text("email_index IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_reporter_nik_index",
            ["nik_index"],
            unique=False,
            postgresql_where=sa.text("nik_index IS NOT NULL"),
            sqlite_where=sa.text("nik_index IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_reporter_phone_index",
            ["phone_index"],
            unique=False,
            postgresql_where=sa.text("phone_index IS NOT NULL"),
            sqlite_where=sa.text("phone_index IS NOT NULL"),
        )

    for statement in create_statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """There is nothing before the first revision."""
    raise RuntimeError("a store is not taken apart by a migration; restore a backup instead")
