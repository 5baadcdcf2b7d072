"""What was erased and must not come back, what must not be erased, and how far a load came

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

import schemas.store

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was erased and must not come back, what must not be erased, and how far a load came"""
    op.add_column("load", sa.Column("part", sa.Text(), nullable=True))
    op.add_column("load", sa.Column("cursors", sa.Text(), nullable=True))
    op.create_table(
        "suppression",
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("erasure", sa.Text(), nullable=False),
        sa.Column("since_at", schemas.store.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_suppression")),
    )
    op.create_table(
        "legal_hold",
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("tracking_id", sa.Text(), nullable=False),
        sa.Column("government", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("since_at", schemas.store.UtcDateTime(), nullable=False),
        sa.Column("until_at", schemas.store.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_legal_hold")),
    )
    op.create_index("ix_legal_hold_tracking_id", "legal_hold", ["tracking_id"], unique=False)


def downgrade() -> None:
    """A store is not taken back."""
    raise RuntimeError("a store is not taken back by a migration; restore a backup instead")
