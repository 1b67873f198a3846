"""The plan of a batch, and which of its steps a callback has come to."""

import sqlalchemy as sa
from alembic import op

from storage.types import Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("batches", sa.Column("plan", Json, server_default="{}", nullable=False))
    op.add_column(
        "callbacks", sa.Column("plan_step", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("callbacks", "plan_step")
    op.drop_column("batches", "plan")
