"""Verifying: what was tampered with behind the program's back is named with its place. On both databases."""

import hashlib
from datetime import UTC, datetime

import orjson
import pytest
import sqlalchemy as sa
from frames import begin, events, excluded, publish_frames, rejected, submissions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satukanal.store import Store, ledger, reconcile
from satukanal.store.digest import digest
from satukanal.store.problem import Problem
from satukanal.store.stage import stage
from satukanal.store.verify import SHOWN, shorten, verify

LATER = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def loaded(store: Store) -> Store:
    """Two loads: three submissions of which one changed, answers, a quarantined record, a prank."""
    rest = rejected('{"id": "9"}'), excluded("7")
    first = submissions(
        {"title": "Lampu", "attachments": '["foto.jpg", "surat.pdf"]', "latitude": -6.4, "agency": "dishub"},
        {"status": "in_process", "attachments": None},
        {"old_numbers": "CTH-3 X-77"},
    )
    publish_frames(store, first, events({"key": "1"}, {"key": "2"}), *rest)
    second = submissions(
        {"title": "Lampu", "attachments": '["foto.jpg", "surat.pdf"]', "latitude": -6.4, "agency": "dishub"},
        {"status": "closed", "version_at": LATER, "attachments": "[]"},
        {"old_numbers": "CTH-3 X-77"},
    )
    *_, run_id = publish_frames(store, second, events({"key": "1"}, {"key": "2", "text": "selesai"}), *rest)
    assert reconcile.reconcile(store, run_id)
    return store


def tamper(store: Store, *statements: str) -> None:
    """Change the store past the program: no trigger, no foreign key stands in the way."""
    raw = store.engine.raw_connection()
    if store.engine.dialect.name == "postgresql":
        raw.driver_connection.autocommit = True  # type: ignore[union-attr]
        free = ["SET session_replication_role = replica"]
    else:
        found = raw.cursor().execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        free = ["PRAGMA foreign_keys = OFF", *[f"DROP TRIGGER {name}" for (name,) in found]]
    cursor = raw.cursor()
    for statement in (*free, *statements):
        cursor.execute(statement)
    raw.invalidate()


def problems(store: Store, head: str | None = None) -> list[Problem]:
    return list(verify(store, head).problems)


def named(found: list[Problem], kind: str) -> str:
    """Where the problems of one kind are."""
    return "; ".join(p.where for p in found if p.kind == kind)


KEY = "(SELECT submission_uid FROM submission WHERE key = '{}')"
ONE, TWO = KEY.format(1), KEY.format(2)


def test_an_untouched_store_verifies_clean_and_tells_its_digest(loaded: Store) -> None:
    found = verify(loaded, None)
    assert found.problems == ()
    assert found.digest == digest(loaded)
    with loaded.reading() as connection:
        assert (found.ledger_entries, found.ledger_head) == ledger.head(connection)


def test_an_empty_store_verifies_clean(store: Store) -> None:
    found = verify(store, None)
    assert (found.problems, found.ledger_entries, found.ledger_head) == ((), 0, ledger.GENESIS)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "'closed'"),
        ("type", "NULL"),
        ("is_anonymous", "{true}"),
        ("agency", "'dinkes'"),
        ("submitted_at", "'2020-01-01 00:00:00.000000'"),
        ("submitted_local", "'2020-01-01 00:00:00.000000'"),
        ("latitude", "-7.5"),
        ("text_public", "'semua baik'"),
        ("object", "'lain.sql'"),
        ("flags", "NULL"),
    ],
)
def test_an_altered_column_is_named_with_its_row(loaded: Store, column: str, value: str) -> None:
    truth = {"sqlite": "1", "postgresql": "TRUE"}[loaded.engine.dialect.name]
    tamper(
        loaded,
        f"UPDATE submission_version SET {column} = {value.replace('{true}', truth)} WHERE submission_uid = {ONE}",
    )
    (problem,) = problems(loaded)
    assert problem.kind == "row_altered"
    assert problem.where.startswith("contoh/complaints/1 version 1")
    if column not in ("latitude", "agency"):  # nothing else in this small store has their value
        assert problem.where.endswith(f", {column}")
    else:
        assert "in the archive of load load-contoh-" in problem.detail


def test_a_hash_made_to_fit_an_altered_row_is_named(loaded: Store) -> None:
    tamper(loaded, f"UPDATE submission_version SET row_hash = '{'ab' * 32}' WHERE submission_uid = {ONE}")
    found = problems(loaded)
    assert "contoh/complaints/1 version 1" in named(found, "row_altered")
    assert "merkle_root" in named(found, "merkle")


def test_an_altered_content_hash_is_named(loaded: Store) -> None:
    tamper(loaded, f"UPDATE submission_version SET content_hash = '{'ab' * 16}' WHERE submission_uid = {ONE}")
    assert named(problems(loaded), "row_altered") == "contoh/complaints/1 version 1, content_hash"


@pytest.mark.parametrize(("table", "what"), [("submission_version", "content"), ("reporter", "reporter")])
def test_sealed_bytes_swapped_between_two_people_are_named(loaded: Store, table: str, what: str) -> None:
    other = f"(SELECT sealed FROM {table} WHERE submission_uid = {TWO} AND version_no = 1)"
    tamper(loaded, f"UPDATE {table} SET sealed = {other} WHERE submission_uid = {ONE}")
    found = verify(loaded, None)
    assert named(list(found.problems), "sealed") == f"contoh/complaints/1 version 1, {what}"
    assert found.digest is None


def test_words_moved_between_versions_of_one_submission_are_named(store: Store) -> None:
    publish_frames(store, submissions({"text": "belum"}))
    publish_frames(store, submissions({"text": "sudah", "version_at": LATER}))
    tamper(store, "UPDATE submission_version SET sealed = (SELECT v.sealed FROM submission_version v "
           "WHERE v.version_no = 1) WHERE version_no = 2")  # fmt: skip
    (problem,) = problems(store)
    assert (problem.kind, problem.where) == ("row_altered", "contoh/complaints/1 version 2")


def test_versions_that_changed_places_are_named(loaded: Store) -> None:
    tables = ("attachment", "reporter", "submission_version")
    swap = [f"UPDATE {t} SET version_no = {new} WHERE submission_uid = {TWO} AND version_no = {old}"
            for old, new in ((1, 9), (2, 1), (9, 2)) for t in tables]  # fmt: skip
    tamper(loaded, *swap)
    assert named(problems(loaded), "row_altered") == "contoh/complaints/2 version 2, version_no"


def test_a_changed_index_of_a_person_is_named(loaded: Store) -> None:
    tamper(loaded, f"UPDATE reporter SET phone_index = '{'ab' * 16}' WHERE submission_uid = {ONE}")
    assert named(problems(loaded), "row_altered") == "contoh/complaints/1 version 1, phone_index"


def test_an_attachment_that_was_taken_away_is_named_with_its_submission(loaded: Store) -> None:
    tamper(loaded, "DELETE FROM attachment WHERE ordinal = 1")
    assert "contoh/complaints/1 version 1" in named(problems(loaded), "row_altered")


def test_a_deleted_version_is_named_and_counted(loaded: Store) -> None:
    tamper(
        loaded,
        f"DELETE FROM reporter WHERE submission_uid = {TWO} AND version_no = 1",
        f"DELETE FROM submission_version WHERE submission_uid = {TWO} AND version_no = 1",
    )
    found = problems(loaded)
    assert named(found, "missing") == "contoh/complaints/2 version 1"
    assert ["1 missing" in p.detail for p in found if p.kind == "load_rows"] == [True]
    assert "merkle_root" in named(found, "merkle")


def test_a_submission_deleted_with_everything_of_it_is_missed_by_the_totals(loaded: Store) -> None:
    tables = ("attachment", "reporter", "submission_version", "id_crosswalk", "complaint_event")
    uid = ONE
    tamper(
        loaded,
        *[f"DELETE FROM {table} WHERE submission_uid = {uid}" for table in tables],
        f"DELETE FROM complaint WHERE complaint_uid = {uid}",
        "DELETE FROM submission WHERE key = '1'",
    )
    found = problems(loaded)
    assert any(p.detail == "its loads inserted 3 submissions, 2 are there" for p in found if p.kind == "total")
    told = [p.detail for p in found if p.kind == "load_rows"]
    assert any("versions" in text for text in told)
    assert any("versions of answers" in text for text in told)


def test_a_doubled_version_is_named(loaded: Store) -> None:
    columns = [c["name"] for c in sa.inspect(loaded.engine).get_columns("submission_version")]
    copied = ", ".join("2" if name == "version_no" else name for name in columns)
    listed = ", ".join(columns)
    tamper(
        loaded,
        f"INSERT INTO submission_version ({listed}) SELECT {copied} FROM submission_version "
        f"WHERE submission_uid = {ONE}",
    )
    found = problems(loaded)
    assert "contoh/complaints/1 version 2" in named(found, "doubled")
    assert any("1 too many" in p.detail for p in found if p.kind == "load_rows")


@pytest.mark.parametrize("column", ["inserted", "raw_records", "quarantined", "source_count"])
def test_a_changed_count_of_a_load_is_named(loaded: Store, column: str) -> None:
    tamper(loaded, f"UPDATE load SET {column} = {column} + 1 WHERE inserted = 3")
    where = named(problems(loaded), "load_altered")
    assert where.startswith("contoh, load load-contoh-")
    assert where.endswith(f", {column}")


@pytest.mark.parametrize("column", ["archive_sha256", "spec_sha256", "merkle_root", "status"])
def test_changed_evidence_of_a_load_is_named(loaded: Store, column: str) -> None:
    tamper(loaded, f"UPDATE load SET {column} = 'failed' WHERE inserted = 3")
    assert named(problems(loaded), "load_altered").endswith(f", {column}")


def test_an_edited_ledger_entry_is_named(loaded: Store) -> None:
    tamper(loaded, "UPDATE ledger SET actor = 'orang lain' WHERE seq = 3")
    assert named(problems(loaded), "ledger_altered") == "ledger entry 3 (load)"


def test_an_entry_that_was_hashed_anew_breaks_the_chain_after_it(loaded: Store) -> None:
    with loaded.reading() as connection:
        row = dict(connection.execute(sa.select(ledger.ledger).where(ledger.ledger.c.seq == 2)).mappings().one())
    forged = ledger.entry_hash(row | {"actor": "orang lain"})
    tamper(loaded, f"UPDATE ledger SET actor = 'orang lain', hash = '{forged}' WHERE seq = 2")
    assert named(problems(loaded), "ledger_link") == "ledger entry 3 (load)"


def test_a_deleted_ledger_entry_leaves_a_gap_and_a_load_without_entry(loaded: Store) -> None:
    tamper(loaded, "DELETE FROM ledger WHERE seq = 3")
    found = problems(loaded)
    assert named(found, "ledger_gap") == "ledger entry 4 (load)"
    assert named(found, "load_without_entry").startswith("contoh, load load-contoh-")


def test_an_entry_cut_off_at_the_end_leaves_its_load_without_entry(loaded: Store) -> None:
    tamper(loaded, "DELETE FROM ledger WHERE seq = (SELECT MAX(seq) FROM ledger)")
    found = problems(loaded)
    assert [p.kind for p in found] == ["load_without_entry", "load_rows"]


def test_an_invented_ledger_entry_tells_of_a_load_that_is_not_there(loaded: Store) -> None:
    with loaded.writing() as connection:
        row = dict(
            connection.execute(sa.select(ledger.ledger).where(ledger.ledger.c.act == "load")).mappings().first() or {}
        )
        ledger.append(
            connection, government="x", act="load", subject="load-contoh-none", actor="x",
            payload=orjson.loads(row["payload"]),
        )  # fmt: skip
    assert named(problems(loaded), "entry_without_load") == "contoh, load load-contoh-none"


@pytest.mark.parametrize(
    ("statement", "kind", "where"),
    [
        ("UPDATE complaint_event SET status = 'closed' WHERE version_no = 2", "answer_altered", "contoh/complaints/2"),
        (f"UPDATE complaint_event SET submission_uid = {ONE}", "answer_altered", "contoh/complaints/1 answer"),
        ("DELETE FROM complaint_event WHERE version_no = 2", "answer_altered", "superseded_at"),
        ("DELETE FROM complaint_event WHERE version_no = 2", "merkle", "event_root"),
        ("UPDATE complaint SET tracking_id = 'SK-0000-0000-0000-0' WHERE complaint_uid = " + ONE, "row_altered",
         "contoh/complaints/1, tracking_id"),
        (f"UPDATE submission SET complaint_uid = {ONE} WHERE key = '2'", "alias", "contoh/complaints/2"),
        ("UPDATE submission SET key = '22' WHERE key = '2'", "row_altered", "contoh/complaints/22, key"),
        ("UPDATE submission SET withdrawn_at = first_seen_at FROM quarantine WHERE key = '2'", "total",
         "contoh, accepted"),
        ("DELETE FROM id_crosswalk WHERE old_number = 'CTH-3'", "missing", "contoh/complaints/3, id_crosswalk"),
        (f"DELETE FROM id_crosswalk WHERE submission_uid = {ONE}", "missing", "contoh/complaints/1, id_crosswalk"),
        ("INSERT INTO id_crosswalk SELECT channel, 'X-1', 'nobody', government, load_id FROM id_crosswalk "
         "WHERE old_number = '1'", "dangling", "id_crosswalk.submission_uid"),
        ("UPDATE quarantine SET reason = 'no_key'", "note_altered", "reason"),
        ("UPDATE exclusion SET rule = 'test_entry'", "note_altered", "rule"),
        ("DELETE FROM exclusion", "total", "contoh, excluded"),
        (f"UPDATE submission_version SET salt = NULL, sealed = NULL WHERE submission_uid = {ONE}", "emptied",
         "contoh/complaints/1 version 1"),
        ("UPDATE reporter SET load_id = (SELECT MAX(load_id) FROM load WHERE inserted = 0)", "dangling",
         "reporter.load_id"),
        ("UPDATE submission_version SET salt = sealed WHERE version_no = 2", "row_altered",
         "contoh/complaints/2 version 2"),
        (f"DELETE FROM reporter WHERE submission_uid = {ONE}", "missing", "contoh/complaints/1 version 1, reporter"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_named(loaded: Store, statement: str, kind: str, where: str) -> None:
    tamper(loaded, statement)
    assert where in named(problems(loaded), kind)


def test_rows_left_in_staging_by_a_load_that_has_ended_are_named(loaded: Store) -> None:
    _, load_id = begin(loaded)
    stage(loaded, load_id, "kota-contoh", submissions({}), events(), rejected(), excluded())
    assert problems(loaded) == []
    tamper(loaded, f"UPDATE load SET status = 'failed' WHERE load_id = '{load_id}'")
    assert named(problems(loaded), "leftover") == "stage_submission; stage_crosswalk"


def test_a_value_of_the_wrong_type_is_named_and_the_rest_is_still_verified(loaded: Store) -> None:
    if loaded.engine.dialect.name == "postgresql":
        statement = "UPDATE ledger SET payload = 'nothing' WHERE seq = 1"
    else:
        statement = "UPDATE submission_version SET submitted_at = 'kemarin'"
    tamper(loaded, statement, "DELETE FROM exclusion")
    found = problems(loaded)
    assert "contoh, excluded" in named(found, "total")
    assert named(found, "unreadable") in ("ledger", "submission_version")


def test_an_old_head_is_in_the_chain_and_another_is_not(loaded: Store) -> None:
    with loaded.reading() as connection:
        hashes = list(connection.scalars(sa.select(ledger.ledger.c.hash).order_by(ledger.ledger.c.seq)))
    assert problems(loaded, hashes[0]) == problems(loaded, hashes[-1].upper()) == []
    (problem,) = problems(loaded, "0" * 64)
    assert (problem.kind, problem.where) == ("head", "0" * 64)
    assert "head not in the chain" in problem.detail


def test_many_problems_of_a_kind_are_counted_and_not_all_told() -> None:
    told = shorten(Problem("missing", str(n), "is not there") for n in range(SHOWN + 5))
    assert len(told) == SHOWN + 1
    assert told[-1].detail == "and 5 more of this kind"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 13, 100])
def test_the_merkle_root_is_that_of_rfc_6962(count: int) -> None:
    leaves = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(count)]

    def tree(hashes: list[str]) -> bytes:
        if not hashes:
            return hashlib.sha256(b"").digest()
        if len(hashes) == 1:
            return hashlib.sha256(b"\x00" + bytes.fromhex(hashes[0])).digest()
        split = 1 << (len(hashes) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + tree(hashes[:split]) + tree(hashes[split:])).digest()

    assert ledger.merkle_root(iter(leaves)) == tree(leaves).hex()


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
MAYBE = st.none() | WORDS
INSTANTS = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
ROW = st.fixed_dictionaries(
    {
        "submitted_at": INSTANTS,
        "submitted_local": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
        "version_at": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
        "latitude": st.none() | st.floats(),
        "longitude": st.none() | st.floats(),
        "is_anonymous": st.booleans(),
        "is_confidential": st.booleans(),
        "status_source": MAYBE,
        "district": MAYBE,
        "text": MAYBE,
        "text_public": MAYBE,
        "title": MAYBE,
        "reporter_name": MAYBE,
        "reporter_phone": MAYBE,
        "reporter_nik": MAYBE,
        "attachments": st.none() | st.lists(WORDS, max_size=3).map(lambda v: ledger.canonical_json(v).decode()),
        "changes": MAYBE,
    }
)


@given(rows=st.lists(ROW, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_hashed_at_staging_is_what_comes_back(store: Store, rows: list[dict[str, object]]) -> None:
    known = _next_key(store)
    keyed = [row | {"key": str(known + n)} for n, row in enumerate(rows)]
    publish_frames(store, submissions(*keyed), events(*keyed_answers(keyed)), complete=False)
    assert problems(store) == []


def _next_key(store: Store) -> int:
    with store.reading() as connection:
        return (connection.scalar(sa.text("SELECT COUNT(*) FROM submission")) or 0) + 1


def keyed_answers(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        {
            "key": r["key"],
            "event_key": r["key"],
            "text": r["text"],
            "occurred_at": r["submitted_at"],
            "actor": r["title"],
        }
        for r in rows
    ]
