"""Revisions: an older store is brought up by one command, whole; a newer one is left alone. And who may read it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from satukanal.store import Store, StoreError, auditors, database, open_store
from satukanal.store.digest import digest
from schemas.store import meta, metadata, run
from schemas.views import VIEWS
from tests.conftest import KEYS
from tests.store.frames import publish_frames, submissions

SECOND = '''"""A second revision, as one may come."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("colour", sa.Text(), nullable=True))
    op.execute("UPDATE submission SET colour = 'blue'")
'''
BROKEN = SECOND + '    op.execute("SELECT colour FROM no_such_table")\n'


@pytest.fixture
def old_store(store_url: str) -> str:
    """A filled store of the first revision."""
    store = open_store(store_url, KEYS)
    publish_frames(store, submissions({}, {}))
    store.close()
    return store_url


def newer_program(monkeypatch: pytest.MonkeyPatch, folder: Path, second: str) -> None:
    """From here on the program is one that knows a second revision."""
    shutil.copytree(database.MIGRATIONS, folder / "migrations")
    (folder / "migrations" / "versions" / "0004_colour.py").write_text(second)
    monkeypatch.setattr(database, "MIGRATIONS", folder / "migrations")


def test_an_older_store_is_refused_with_the_command_that_mends_it_and_then_upgraded(
    old_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer_program(monkeypatch, tmp_path, SECOND)
    with pytest.raises(StoreError, match=r"revision 0003.*needs 0004.*satukanal db upgrade"):
        open_store(old_store, KEYS)
    assert database.upgrade_store(old_store) == ("0003", "0004")
    store = open_store(old_store, KEYS)
    with store.reading() as connection:
        assert connection.scalars(sa.text("SELECT colour FROM submission")).all() == ["blue", "blue"]
    store.close()
    assert database.upgrade_store(old_store) == ("0004", "0004")


def test_a_store_of_the_first_revision_is_upgraded_with_all_that_it_holds(store_url: str) -> None:
    engine = database._engine(store_url)
    with database._write_transaction(engine) as connection:
        command.upgrade(database._alembic(connection), "0001")
        for name, value in (("key_check", KEYS.check_value()),):
            connection.execute(meta.insert().values(name=name, value=value))
        row = {"run_id": "run-1", "government": "*", "status": "complete", "started_at": datetime.now(UTC)}
        connection.execute(run.insert().values(**row, actor="uji", program_version="1", balanced=True))
        connection.execute(
            sa.text("INSERT INTO channel VALUES ('lama','Lama','kota','d','32','Asia/Jakarta',true,'loading',:at,'')"),
            {"at": row["started_at"]},
        )
        connection.execute(
            sa.text(
                "INSERT INTO load (load_id, run_id, channel, government, source, status, started_at, spec_sha256) "
                "VALUES ('load-1', 'run-1', 'lama', 'kota', 'a', 'failed', :at, '')"
            ),
            {"at": row["started_at"]},
        )
    with pytest.raises(StoreError, match="satukanal db upgrade"):
        open_store(store_url, KEYS)
    assert database.upgrade_store(store_url) == ("0001", database.newest_revision())
    store = open_store(store_url, KEYS)
    assert digest(store)
    with store.reading() as connection:
        kept = connection.execute(sa.text("SELECT load_id, channel, status, part FROM load")).all()
        assert [tuple(one) for one in kept] == [("load-1", "lama", "failed", None)]
        assert connection.scalar(sa.text("SELECT COUNT(*) FROM v_load")) == 1
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    store.close()


def test_an_upgrade_that_fails_changes_nothing(old_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        newer_program(patched, tmp_path, BROKEN)
        with pytest.raises((StoreError, sa.exc.DatabaseError)):
            database.upgrade_store(old_store)
    assert database.revision(old_store) == "0003"
    store = open_store(old_store, KEYS)
    with store.reading() as connection:
        assert "colour" not in {c["name"] for c in sa.inspect(connection).get_columns("submission")}
    assert digest(store)
    store.close()


def test_a_store_of_a_newer_program_is_neither_opened_nor_upgraded(
    old_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        newer_program(patched, tmp_path, SECOND)
        database.upgrade_store(old_store)
    with pytest.raises(StoreError, match="newer satukanal made it"):
        open_store(old_store, KEYS)
    with pytest.raises(StoreError, match="newer satukanal made it"):
        database.upgrade_store(old_store)
    assert database.revision(old_store) == "0004"


@pytest.mark.parametrize("role", ["auditor", 'an "odd" Role%'])
def test_an_auditor_reads_the_views_and_nothing_else(postgres_url: str, role: str) -> None:
    store = open_store(postgres_url, KEYS)
    publish_frames(store, submissions({}, {}))
    quoted = auditors.quoted(role)
    with store.writing() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {quoted} LOGIN".replace("%", "%%"))
    auditors.grant(store, role)
    auditors.grant(store, role)
    engine = sa.create_engine(sa.make_url(postgres_url).set(username=role))
    for view in VIEWS:
        with engine.connect() as connection:
            connection.execute(sa.text(f"SELECT * FROM {view}")).all()
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM v_submission")) == 2
        tables = sa.inspect(store.engine).get_table_names()
    assert len(tables) > 20
    for table in tables:
        with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text(f"SELECT * FROM {table}"))
    for statement in ("DELETE FROM v_run", "UPDATE v_load SET status = 'x'", "CREATE TABLE mine (a int)"):
        with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text(statement))
    engine.dispose()
    with store.writing() as connection:
        for statement in (f"DROP OWNED BY {quoted}", f"DROP ROLE {quoted}"):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    store.close()


def test_a_role_that_is_not_there_and_a_store_that_knows_none_are_one_line(store: Store) -> None:
    with pytest.raises(StoreError, match=r"has no role 'nobody'|knows no roles"):
        auditors.grant(store, "nobody")
