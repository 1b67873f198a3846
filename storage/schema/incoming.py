"""来电: calls of people who ring us."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base, row_id


class IncomingCall(Base):
    """来电: somebody rang us. Who gets his survey has an attempt; the others only this row."""

    __tablename__ = "incoming_calls"
    __table_args__ = (
        # Who hears a sentence occupies a channel of the trunk as any call does.
        Index(
            "ix_incoming_calls_open",
            "trunk",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_incoming_calls_number", "e164", "at"),
    )
    id: Mapped[int] = row_id()
    trunk: Mapped[str] = mapped_column(String(100))
    dialer: Mapped[str] = mapped_column(String(100))
    """Which process holds it."""
    e164: Mapped[str] = mapped_column(String(20), default="")
    """Empty: withheld, or no number."""
    called: Mapped[str] = mapped_column(String(40), default="")
    """The number that was dialled, as the network writes it."""
    welcome: Mapped[str] = mapped_column(String(20))
    """How it was met: survey, answered, key_incident, person, do_not_call, under_way, unknown,
    withheld, busy."""
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"))
    """Of whoever got his survey."""
    state: Mapped[str] = mapped_column(String(10), default="open")
    """open (without an attempt, and on the line), closed."""
    at: Mapped[datetime]
