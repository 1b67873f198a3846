"""Calls of people who ring us, and which attempts people began by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the direction of attempts."""
    op.add_column(
        "attempts",
        sa.Column("direction", sa.String(length=10), server_default="outgoing", nullable=False),
    )
    op.create_table(
        "incoming_calls",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("trunk", sa.String(length=100), nullable=False),
        sa.Column("dialer", sa.String(length=100), nullable=False),
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.Column("called", sa.String(length=40), nullable=False),
        sa.Column("welcome", sa.String(length=20), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_incoming_calls_attempt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_calls")),
    )
    still = sa.text("state = 'open'")
    op.create_index(
        "ix_incoming_calls_open",
        "incoming_calls",
        ["trunk"],
        sqlite_where=still,
        postgresql_where=still,
    )
    op.create_index("ix_incoming_calls_number", "incoming_calls", ["e164", "at"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("incoming_calls")
    # Not by copying the table: rows of others refer to it.
    op.drop_column("attempts", "direction")
