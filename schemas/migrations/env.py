"""Alembic's way into the store. The connection is handed in by ``satukanal.store``; there is no ini file."""

from alembic import context

from schemas.store import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
