"""A role for auditors in PostgreSQL: it sees the views and nothing else.

SQLite knows no roles: there auditors get a copy (docs/security.md).
"""

import sqlalchemy as sa

from satukanal.store.database import Store, StoreError
from schemas.views import VIEWS


def statements(store: Store, role: str) -> list[str]:
    """The statements that let ``role`` read the auditors' views. Raises ``StoreError`` for a store that is a file."""
    if store.engine.dialect.name != "postgresql":
        raise StoreError("a store that is one file knows no roles; give auditors a copy (satukanal backup) instead")
    with store.reading() as connection:
        schema = connection.scalar(sa.select(sa.func.current_schema()))
    views = ", ".join(f"{quoted(str(schema))}.{name}" for name in VIEWS)
    return [
        f"GRANT USAGE ON SCHEMA {quoted(str(schema))} TO {quoted(role)}",
        f"GRANT SELECT ON {views} TO {quoted(role)}",
    ]


def quoted(name: str) -> str:
    """A name as PostgreSQL reads it in any case, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def grant(store: Store, role: str) -> None:
    """Let ``role``, which must exist, read the views. Raises ``StoreError``."""
    told = statements(store, role)
    with store.writing() as connection:
        known = connection.scalar(sa.text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role})
        if not known:
            raise StoreError(f"the database has no role {role!r}; make it first: CREATE ROLE … LOGIN PASSWORD …")
        for statement in told:
            connection.exec_driver_sql(statement.replace("%", "%%"))
