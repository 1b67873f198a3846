"""人工回访 and what went back: follow-up items, write-backs, runs of schedules."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base, row_id


class FollowUpItem(Base):
    """人工回访: somebody has to call, or look."""

    __tablename__ = "follow_up_items"
    __table_args__ = (
        Index(
            "uq_follow_up_items_open_case",
            "case_id",
            unique=True,
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("ix_follow_up_items_order", "state", "rank", "deadline"),
    )
    id: Mapped[int] = row_id()
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"))
    reason: Mapped[str] = mapped_column(String(30))
    """The most pressing one, a word of `core.follow_up.FollowUpReason`."""
    rank: Mapped[int]
    """Order, lower first: key incidents, then dissatisfied, then others (`core.follow_up.rank`)."""
    deadline: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), default="open")
    """open, claimed, closed."""
    claimed_by: Mapped[str] = mapped_column(String(100), default="")
    claimed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(30), default="")
    """How it was closed: a verdict, or not_reached, or corrected."""
    created_at: Mapped[datetime]


class FollowUpEvent(Base):
    """What happened to a follow-up item; never changed, only added to."""

    __tablename__ = "follow_up_events"
    id: Mapped[int] = row_id()
    item_id: Mapped[int] = mapped_column(ForeignKey("follow_up_items.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(100), default="")
    event: Mapped[str] = mapped_column(String(30))
    """opened, added (a further reason), claimed, released, recorded, closed."""
    note: Mapped[str] = mapped_column(Text, default="")


class WriteBack(Base):
    """A result that was written back to where its case came from; each once per target."""

    __tablename__ = "write_backs"
    __table_args__ = (UniqueConstraint("target", "callback_id", "result"),)
    id: Mapped[int] = row_id()
    target: Mapped[str] = mapped_column(String(100))
    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"))
    result: Mapped[int] = mapped_column(default=1, server_default="1")
    """Which result of the callback."""
    receipt: Mapped[str] = mapped_column(String(100))
    """The file or transaction that carried it."""
    written_at: Mapped[datetime]


class ScheduleRun(Base):
    """A schedule that fired or should have: misfires are reported, not lost."""

    __tablename__ = "schedule_runs"
    __table_args__ = (Index("uq_schedule_runs_once", "schedule", "due_at", "outcome", unique=True),)
    id: Mapped[int] = row_id()
    schedule: Mapped[str] = mapped_column(String(100))
    due_at: Mapped[datetime]
    ran_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(20))
    """made, nothing_to_do, missed, failed."""
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    detail: Mapped[str] = mapped_column(String(500), default="")
