"""The views that auditors may query, and the triggers that keep the ledger and what others refer to, per database.

Views hold no personal value. They are created by migrations, so a change here needs a new migration that drops and
creates them again.
"""

from schemas.store import STAGES, UNCHECKED, metadata

VIEWS: dict[str, str] = {
    "v_run": "SELECT run_id, government, status, started_at, finished_at, actor, program_version, balanced FROM run",
    "v_load": """
        SELECT load_id, run_id, channel, government, source, started_at, finished_at, status, raw_records, parts,
               events, extracted, accepted, inserted, updated, unchanged, withdrawn, quarantined, excluded,
               schema_drift, unmapped, source_count, balanced, spec_sha256, archive_sha256, merkle_root
        FROM load""",
    "v_submission": """
        SELECT s.submission_uid, s.channel, s.stream, v.load_id, c.tracking_id, v.submitted_at, v.type, v.status,
               v.category, v.agency, s.government, v.is_anonymous, v.is_confidential, v.row_hash, s.version_no,
               s.withdrawn_at
        FROM submission s
        JOIN submission_version v ON v.submission_uid = s.submission_uid AND v.version_no = s.version_no
        JOIN complaint c ON c.complaint_uid = s.complaint_uid""",
    # A complaint is as open as its most open member; its agency and place are those of the founding submission.
    "v_complaint": """
        SELECT c.tracking_id, m.sp4n_id, m.channels, m.submissions, c.incident_uid AS incident_id,
               m.first_submitted_at,
               CASE m.status_rank WHEN 0 THEN 'unmapped' WHEN 1 THEN 'unverified' WHEN 2 THEN 'postponed'
                    WHEN 3 THEN 'dispositioned' WHEN 4 THEN 'in_process' WHEN 5 THEN 'archived' ELSE 'closed' END
                    AS status,
               f.agency, c.government, f.region_code, f.category
        FROM complaint c
        JOIN (
            SELECT s.complaint_uid, COUNT(*) AS submissions, {channels} AS channels, MAX(v.sp4n_id) AS sp4n_id,
                   MIN(v.submitted_at) AS first_submitted_at,
                   MIN(CASE v.status WHEN 'unmapped' THEN 0 WHEN 'unverified' THEN 1 WHEN 'postponed' THEN 2
                            WHEN 'dispositioned' THEN 3 WHEN 'in_process' THEN 4 WHEN 'archived' THEN 5
                            ELSE 6 END) AS status_rank
            FROM submission s
            JOIN submission_version v ON v.submission_uid = s.submission_uid AND v.version_no = s.version_no
            WHERE s.withdrawn_at IS NULL
            GROUP BY s.complaint_uid
        ) m ON m.complaint_uid = c.complaint_uid
        JOIN submission fs ON fs.submission_uid = c.complaint_uid
        JOIN submission_version f ON f.submission_uid = fs.submission_uid AND f.version_no = fs.version_no""",
    "v_crosswalk": """
        SELECT x.channel, x.old_number, c.tracking_id, v.sp4n_id, x.government
        FROM id_crosswalk x
        JOIN submission s ON s.submission_uid = x.submission_uid
        JOIN submission_version v ON v.submission_uid = s.submission_uid AND v.version_no = s.version_no
        JOIN complaint c ON c.complaint_uid = s.complaint_uid""",
    "v_reconciliation": """
        SELECT load_id, channel, government, measure, source_value, store_value, difference, balanced
        FROM reconciliation""",
    "v_judgement": """
        SELECT left_uid || ' ' || right_uid AS pair, government, judgement, score, "by", actor, at, withdrawn_at
        FROM judgement""",
    "v_quarantine": """
        SELECT receipt, last_load_id AS load_id, channel, government, reason, {age} AS age_days, disposition
        FROM quarantine""",
    # What still arrives at a door that is closed: first seen by a load that began after the door was frozen.
    "v_breach": """
        SELECT s.channel, s.government, ch.state, l.load_id, COUNT(*) AS submissions,
               MIN(v.submitted_at) AS first_submitted_at
        FROM submission s
        JOIN channel ch ON ch.channel = s.channel
        JOIN load l ON l.load_id = s.first_load_id
        JOIN submission_version v ON v.submission_uid = s.submission_uid AND v.version_no = 1
        WHERE ch.state IN ('frozen', 'retired')
          AND l.started_at >= (SELECT MAX(t.at) FROM channel_transition t
                               WHERE t.channel = s.channel AND t.to_state = 'frozen')
        GROUP BY s.channel, s.government, ch.state, l.load_id""",
}

_DIALECT = {
    "sqlite": {
        "channels": "(SELECT group_concat(d.channel, ' ') FROM (SELECT DISTINCT x.channel FROM submission x WHERE "
        "x.complaint_uid = s.complaint_uid AND x.withdrawn_at IS NULL ORDER BY x.channel) d)",
        "age": "CAST(julianday('now') - julianday(first_seen_at) AS INTEGER)",
    },
    "postgresql": {
        "channels": "string_agg(DISTINCT s.channel, ' ' ORDER BY s.channel)",
        "age": "CAST(EXTRACT(EPOCH FROM now() - first_seen_at) / 86400 AS INTEGER)",
    },
}

_GUARD = {
    "sqlite": (
        "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
        "CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
    ),
}  # fmt: skip


# Rows that others name without a foreign key (``schemas.store.UNCHECKED``) are not deleted and keep their keys.
_KEPT = {t.name: [c.name for c in t.primary_key] for t in dict.fromkeys(parent for *_, parent in UNCHECKED)}


def _keepers(dialect: str) -> list[str]:
    """Triggers on the tables of ``_KEPT``; a migration that makes such a table anew in SQLite makes them anew too."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {when} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} stay: others refer to them'); END"
            for table, key in _KEPT.items()
            for verb, when in (("delete", "DELETE"), ("rename", f"UPDATE OF {', '.join(key)}"))
        ]
    refuse = (
        "CREATE FUNCTION row_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of % stay: others refer to them', TG_TABLE_NAME; END $$"
    )
    return [
        refuse,
        *(
            f"CREATE TRIGGER {table}_stays BEFORE DELETE OR TRUNCATE OR UPDATE OF {', '.join(key)} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION row_stays()"
            for table, key in _KEPT.items()
        ),
    ]


def create_statements(dialect: str) -> list[str]:
    """The statements that create every view and guard for ``dialect`` ('sqlite' or 'postgresql').

    In PostgreSQL they also say how tables are stored: what is staged can be staged again and needs no log.
    """
    parts = _DIALECT[dialect]
    views = []
    for name, body in VIEWS.items():
        text = body
        for key, value in parts.items():
            text = text.replace("{" + key + "}", value)
        views.append(f"CREATE VIEW {name} AS {' '.join(text.split())}")
    return [*(_storage() if dialect == "postgresql" else ()), *views, *_GUARD[dialect], *_keepers(dialect)]


def _storage() -> list[str]:
    """Staging out of the write-ahead log, its rows whole; and no attempt to compress what is sealed."""
    unlogged = [f"ALTER TABLE {t.name} SET UNLOGGED, SET (toast_tuple_target = 8160)" for t in STAGES]
    sealed = [(t.name, c.name) for t in metadata.sorted_tables for c in t.columns if c.name.endswith("sealed")]
    return unlogged + [f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL" for table, column in sealed]
