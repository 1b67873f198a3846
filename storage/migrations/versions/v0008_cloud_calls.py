"""Calls that a cloud provider holds, and their recordings."""

import sqlalchemy as sa
from alembic import op

from storage.types import Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "cloud_calls",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("flow_version_id", sa.Integer(), nullable=False),
        sa.Column("trunk", sa.String(length=100), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("call_sid", sa.String(length=64), nullable=False),
        sa.Column("time_zone", sa.String(length=50), nullable=False),
        sa.Column("may_leave_message", sa.Boolean(), nullable=False),
        sa.Column("session", Json, nullable=False),
        sa.Column("awaited", sa.String(length=64), nullable=False),
        sa.Column("early", sa.String(length=64), nullable=False),
        sa.Column("twiml", sa.Text(), nullable=False),
        sa.Column("rest", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("booked_at", moment, nullable=True),
        sa.Column("person_wanted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("acted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("put_through", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("fault", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("sip_status", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=20), nullable=False),
        sa.Column("heard_at", moment, nullable=False),
        sa.Column("dialed_at", moment, nullable=True),
        sa.Column("ringing_at", moment, nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_cloud_calls_attempt_id")
        ),
        sa.ForeignKeyConstraint(
            ["flow_version_id"], ["flow_versions.id"], name=op.f("fk_cloud_calls_flow_version_id")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_cloud_calls")),
        sa.UniqueConstraint("token", name=op.f("uq_cloud_calls_token")),
    )
    op.create_table(
        "cloud_recordings",
        sa.Column("sid", sa.String(length=64), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("trunk", sa.String(length=100), nullable=False),
        sa.Column("recording", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_cloud_recordings_attempt_id")
        ),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_cloud_recordings")),
    )
    op.create_index(
        "ix_cloud_recordings_waiting",
        "cloud_recordings",
        ["next_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_cloud_recordings_file", "cloud_recordings", ["recording"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("cloud_recordings")
    op.drop_table("cloud_calls")
