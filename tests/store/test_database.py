"""Opening the store: the right key, the right revision, a database that is there."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from satukanal.store import Keyring, Store, StoreError, WrongKey, exists, open_store
from schemas.store import metadata
from schemas.views import VIEWS


def test_the_migrations_make_exactly_the_tables_of_the_models(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_view_can_be_queried_and_every_table_names_its_government(store: Store) -> None:
    with store.reading() as connection:
        for view in VIEWS:
            assert connection.execute(sa.text(f"SELECT * FROM {view}")).all() == []
        tables = set(metadata.tables) - {"meta"}
        missing = [t for t in tables if "government" not in metadata.tables[t].c]
    assert missing == []


def test_a_store_made_with_another_key_is_refused(store_url: str) -> None:
    open_store(store_url, Keyring.from_secret(bytes(32))).close()
    assert exists(store_url)
    with pytest.raises(WrongKey, match="another key"):
        open_store(store_url, Keyring.from_secret(b"\x01" * 32))


def test_a_store_of_another_revision_is_refused_with_both_revisions(store_url: str) -> None:
    key = Keyring.from_secret(bytes(32))
    opened = open_store(store_url, key)
    with opened.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()
    with pytest.raises(StoreError, match="9999"):
        open_store(store_url, key)


def test_a_database_that_is_not_there_is_one_line_without_the_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://someone:hush@127.0.0.1:1/nothing", Keyring.from_secret(bytes(32)))
    assert "hush" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_reading_cannot_see_half_a_transaction(store: Store) -> None:
    with store.reading() as before:
        assert before.scalar(sa.text("SELECT COUNT(*) FROM meta")) == 2
        with store.writing() as writer:
            writer.execute(sa.text("INSERT INTO meta (name, value) VALUES ('a', 'b')"))
        assert before.scalar(sa.text("SELECT COUNT(*) FROM meta")) == 2
