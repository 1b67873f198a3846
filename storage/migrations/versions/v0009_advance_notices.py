"""Messages that are pointless after some moment: an advance notice after its call."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment."""
    op.add_column("text_messages", sa.Column("not_after", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("text_messages", "not_after")
