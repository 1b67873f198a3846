"""通知: what was told to whom by e-mail, and what is wrong at present."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base, row_id


class Notice(Base):
    """One thing to be told to one address; committed before anything is sent."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("key", "recipient"),
        Index("ix_notices_due", "state", "next_at"),
        Index("ix_notices_item", "item_id", "kind"),
        Index("ix_notices_flow", "recipient", "kind", "claimed_at"),
    )
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(String(200))
    """What it is about, for example ``overdue:ITEM:DEADLINE``: told once to each recipient."""
    kind: Mapped[str] = mapped_column(String(20))
    """urgent, overdue, batch, trunk, daily, test."""
    recipient: Mapped[str] = mapped_column(String(254))
    facts: Mapped[dict[str, Any]]
    """What the letter is written from; phone numbers are masked already."""
    item_id: Mapped[int | None]
    """Follow-up item that it is about. No foreign key: the record outlives the item."""
    moment: Mapped[datetime | None]
    """Deadline that has passed (overdue)."""
    gathers: Mapped[int] = mapped_column(default=0)
    """A digest: how many notices it stands for; 0: a notice of its own."""
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"), index=True)
    """The digest that tells it."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    """waiting, sending, sent, gathered (a digest tells it), failed."""
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    """Not sent before this moment."""
    tries: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    """When somebody last began to send it."""
    sent_at: Mapped[datetime | None]
    """When the mail server took it."""
    error: Mapped[str] = mapped_column(String(500), default="")
    """Why it was not taken the last time."""


class StandingTrouble(Base):
    """Something that is wrong since a moment: told when it begins, forgotten when it is over."""

    __tablename__ = "standing_troubles"
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    """``batch:ID`` or ``trunk:MACHINE:NAME``."""
    since: Mapped[datetime]
