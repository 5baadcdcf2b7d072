"""What became of the files that complaints carry

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What became of the files that complaints carry"""
    op.add_column("attachment", sa.Column("file", sa.Text(), nullable=True))
    op.add_column("attachment", sa.Column("collected", sa.Text(), nullable=True))
    op.create_index("ix_attachment_collected", "attachment", ["collected"], unique=False)
    op.add_column("stage_attachment", sa.Column("file", sa.Text(), nullable=True))


def downgrade() -> None:
    """A store is not taken back."""
    raise RuntimeError("a store is not taken back by a migration; restore a backup instead")
