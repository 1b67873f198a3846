"""Calls that a cloud provider holds for us: their state, which is in no process."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base


class CloudCall(Base):
    """A survey that a provider speaks: what its next request is answered with, and why."""

    __tablename__ = "cloud_calls"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"), primary_key=True)
    flow_version_id: Mapped[int] = mapped_column(ForeignKey("flow_versions.id"))
    trunk: Mapped[str] = mapped_column(String(100))
    token: Mapped[str] = mapped_column(String(64), unique=True)
    """Names it in addresses: nobody can guess it."""
    name: Mapped[str] = mapped_column(String(100))
    """Names its recordings: day and attempt."""
    call_sid: Mapped[str] = mapped_column(String(64), default="")
    """The provider's name of it; empty: it has not told one yet."""
    time_zone: Mapped[str] = mapped_column(String(50), default="")
    """Of the party; empty: the rules' own."""
    may_leave_message: Mapped[bool] = mapped_column(default=True)
    """False: nothing is left on a mailbox, as of a key incident."""
    session: Mapped[dict[str, Any]]
    """The flow session as of the last turn."""
    awaited: Mapped[str] = mapped_column(String(64))
    """Names the turn that waits in addresses; empty: the conversation is over."""
    early: Mapped[str] = mapped_column(String(64), default="")
    """The same for keys before the question was put."""
    twiml: Mapped[str] = mapped_column(Text)
    """The turn that waits, as it was answered; whoever asks again gets it again."""
    rest: Mapped[str] = mapped_column(Text, default="")
    """The same without what stands before the question."""
    position: Mapped[int] = mapped_column(default=0)
    """Answers kept so far."""
    booked_at: Mapped[datetime | None]
    """The person picked this time."""
    person_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True where the person asked for a human being."""
    acted: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True where somebody pressed or said something: no machine does."""
    machine: Mapped[str] = mapped_column(String(60), default="")
    """Which machine answered, as an outcome says it; empty: a person, or nobody knows."""
    put_through: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True where somebody took a transfer."""
    fault: Mapped[str] = mapped_column(String(100), default="")
    """What broke the conversation on our side; empty: nothing."""
    status: Mapped[str] = mapped_column(String(20), default="queued")
    """As the provider says it: queued, initiated, ringing, in-progress, completed, busy, failed,
    no-answer, canceled; or ``refused``: it did not make the call, ``lost``: nobody knows."""
    sip_status: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(20), default="")
    """The provider's error code."""
    heard_at: Mapped[datetime]
    """When the provider told something of it last."""
    dialed_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CloudRecording(Base):
    """A recording that lies at a provider, to be brought into the house."""

    __tablename__ = "cloud_recordings"
    __table_args__ = (
        Index(
            "ix_cloud_recordings_waiting",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_cloud_recordings_file", "recording"),
    )
    sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The provider's name of it."""
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    trunk: Mapped[str] = mapped_column(String(100))
    recording: Mapped[str] = mapped_column(String(300))
    """Where it will lie below the recordings folder."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    """waiting, kept, failed."""
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(String(300), default="")
