"""Notices by e-mail, and what is wrong at present."""

import sqlalchemy as sa
from alembic import op

from storage.types import Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gathers", sa.Integer(), nullable=False),
        sa.Column("digest_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["digest_id"], ["notices.id"], name="fk_notices_digest_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", "recipient", name="uq_notices_key_recipient"),
    )
    op.create_index("ix_notices_due", "notices", ["state", "next_at"])
    op.create_index("ix_notices_item", "notices", ["item_id", "kind"])
    op.create_index("ix_notices_flow", "notices", ["recipient", "kind", "claimed_at"])
    op.create_index(op.f("ix_notices_digest_id"), "notices", ["digest_id"])
    op.create_table(
        "standing_troubles",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_standing_troubles")),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("standing_troubles")
    op.drop_table("notices")
