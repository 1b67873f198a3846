"""Surveys by text message, and by which channel each callback is made next."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _string(name: str, length: int, *, server_default: str | None = None) -> sa.Column[Any]:
    kind = sa.String(length=length)
    return sa.Column(name, kind, nullable=False, server_default=server_default)


def _partial(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def upgrade() -> None:
    """Add the tables of text messages, and the channel of batches and callbacks."""
    for table in ("batches", "callbacks"):
        op.add_column(table, _string("channel", 20, server_default="voice"))
    _due(["batch_id", "channel"])
    op.drop_index("ix_attempts_open", table_name="attempts")
    _partial("ix_attempts_open", "attempts", ["trunk"], "state = 'open' AND channel <> 'sms'")
    op.create_table(
        "text_conversations",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("flow_version_id", sa.Integer(), nullable=False),
        _string("gateway", 100),
        _string("e164", 20),
        _string("time_zone", 50),
        _string("state", 10),
        sa.Column("session", _JSON, nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        _moment("asked_at"),
        _moment("look_at", nullable=False),
        _moment("reminded_at"),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _moment("booked_at"),
        sa.Column("last_reply", sa.Text(), nullable=False),
        sa.Column("person_wanted", sa.Boolean(), server_default=sa.false(), nullable=False),
        _moment("begun_at", nullable=False),
        _moment("ended_at"),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_text_conversations_attempt_id")
        ),
        sa.ForeignKeyConstraint(
            ["flow_version_id"],
            ["flow_versions.id"],
            name=op.f("fk_text_conversations_flow_version_id"),
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_text_conversations")),
    )
    _partial("ix_text_conversations_look", "text_conversations", ["look_at"], "state = 'waiting'")
    op.create_index("ix_text_conversations_number", "text_conversations", ["e164", "attempt_id"])
    op.create_table(
        "text_messages",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        _string("direction", 3),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        _string("gateway", 100),
        _string("e164", 20),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        _string("encoding", 10),
        _string("purpose", 20),
        _string("state", 20),
        _string("gateway_id", 200),
        sa.Column("quiet", sa.Boolean(), server_default=sa.false(), nullable=False),
        _moment("not_before"),
        _string("sender", 100),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("written_at"),
        _moment("created_at", nullable=False),
        _moment("sent_at"),
        _moment("ended_at"),
        _string("error", 300),
        _string("person", 10, server_default=""),
        _string("seen_by", 100, server_default=""),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_text_messages_attempt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_messages")),
    )
    messages = "text_messages"
    _partial(
        "ix_text_messages_outbox", messages, ["gateway", "not_before", "id"], "state = 'waiting'"
    )
    _partial("ix_text_messages_sending", messages, ["id"], "state = 'sending'")
    _partial("ix_text_messages_inbox", messages, ["id"], "state = 'received'")
    _partial("ix_text_messages_person", messages, ["id"], "person = 'wanted'")
    _partial(
        "uq_text_messages_once",
        messages,
        ["gateway", "gateway_id"],
        "direction = 'in'",
        unique=True,
    )
    op.create_index("ix_text_messages_attempt", messages, ["attempt_id"])
    op.create_index("ix_text_messages_number", messages, ["e164", "id"])
    op.create_table(
        "text_parts",
        _string("gateway", 100),
        _string("gateway_id", 200),
        sa.Column("message_id", sa.Integer(), nullable=True),
        _string("state", 20),
        _string("error", 100),
        sa.Column("invalid_number", sa.Boolean(), server_default=sa.false(), nullable=False),
        _moment("at", nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["text_messages.id"], name=op.f("fk_text_parts_message_id")
        ),
        sa.PrimaryKeyConstraint("gateway", "gateway_id", name=op.f("pk_text_parts")),
    )
    op.create_index("ix_text_parts_message", "text_parts", ["message_id"])
    op.create_table(
        "text_gateway_states",
        _string("name", 100),
        _moment("next_at"),
        _moment("paused_until"),
        sa.Column("pause_seconds", sa.Double(), nullable=False),
        _string("reason", 300),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_text_gateway_states")),
    )


def _due(first: list[str]) -> None:
    """Make the two indexes by which claims take their batches, anew."""
    for name, columns, where in (
        ("ix_callbacks_due", ["priority", "id"], "state = 'waiting' AND due"),
        (
            "ix_callbacks_waiting",
            ["next_at", "priority", "id"],
            "state = 'waiting' AND NOT due",
        ),
    ):
        op.drop_index(name, table_name="callbacks")
        _partial(name, "callbacks", [*first, *columns], where)


def downgrade() -> None:
    """Take them away again."""
    for table in ("text_gateway_states", "text_parts", "text_messages", "text_conversations"):
        op.drop_table(table)
    op.drop_index("ix_attempts_open", table_name="attempts")
    _partial("ix_attempts_open", "attempts", ["trunk"], "state = 'open'")
    _due(["batch_id"])
    for table in ("callbacks", "batches"):
        op.drop_column(table, "channel")
