"""What people said to open questions, written down after the call."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base, row_id
from storage.types import Json


class Transcript(Base):
    """The words of one recorded answer; made with the answer, filled in after the call."""

    __tablename__ = "transcripts"
    __table_args__ = (
        UniqueConstraint("attempt_id", "position"),
        Index(
            "ix_transcripts_waiting",
            "id",
            sqlite_where=text("state <> 'done'"),
            postgresql_where=text("state <> 'done'"),
        ),
    )
    id: Mapped[int] = row_id()
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    position: Mapped[int]
    """Of the answer within the attempt."""
    step: Mapped[str] = mapped_column(String(100))
    language: Mapped[str] = mapped_column(String(10), default="")
    recording: Mapped[str] = mapped_column(String(300))
    """Path below the recordings folder."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    """waiting, working, done, failed, no_model, missing (the recording is not there any more)."""
    text: Mapped[str] = mapped_column(Text, default="")
    words: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    """text, start, end (seconds from the beginning of the recording), confidence (0-1)."""
    model: Mapped[str] = mapped_column(String(200), default="")
    """The model that heard it."""
    reason: Mapped[str] = mapped_column(String(300), default="")
    """Why it failed."""
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    """When somebody began to write it down."""
    done_at: Mapped[datetime | None]
