"""Several results a callback; changes of do-not-call list and cases kept; a run noted once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Number results, add the two histories."""
    op.add_column(
        "callbacks", sa.Column("result", sa.Integer(), server_default="1", nullable=False)
    )
    with op.batch_alter_table("write_backs") as table:
        table.add_column(sa.Column("result", sa.Integer(), server_default="1", nullable=False))
        table.drop_constraint("uq_write_backs_target_callback_id", type_="unique")
        table.create_unique_constraint(
            "uq_write_backs_target_callback_id_result", ["target", "callback_id", "result"]
        )
    op.execute(
        "DELETE FROM schedule_runs WHERE id NOT IN"
        " (SELECT min(id) FROM schedule_runs GROUP BY schedule, due_at, outcome)"
    )
    op.create_index(
        "uq_schedule_runs_once", "schedule_runs", ["schedule", "due_at", "outcome"], unique=True
    )
    op.create_table(
        "do_not_call_events",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_do_not_call_events")),
    )
    op.create_index(op.f("ix_do_not_call_events_e164"), "do_not_call_events", ["e164"])
    op.create_table(
        "import_conflicts",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("fact", sa.String(length=110), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_conflicts_import_id")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_import_conflicts_case_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_conflicts")),
    )
    op.create_index(op.f("ix_import_conflicts_case_id"), "import_conflicts", ["case_id"])


def downgrade() -> None:
    """Take them away again; of several written results of a callback the first stays noted."""
    op.drop_index("uq_schedule_runs_once", table_name="schedule_runs")
    op.drop_table("import_conflicts")
    op.drop_table("do_not_call_events")
    op.execute("DELETE FROM write_backs WHERE result > 1")
    with op.batch_alter_table("write_backs") as table:
        table.drop_constraint("uq_write_backs_target_callback_id_result", type_="unique")
        table.drop_column("result")
        table.create_unique_constraint(
            "uq_write_backs_target_callback_id", ["target", "callback_id"]
        )
    # Not by copying the table: rows of others refer to it.
    op.drop_column("callbacks", "result")
