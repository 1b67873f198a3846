"""回访: batches, callbacks, attempts and answers, and what dialers know together."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base, row_id
from storage.types import Json


class FlowVersion(Base):
    """The exact text of a survey that callbacks were made with."""

    __tablename__ = "flow_versions"
    id: Mapped[int] = row_id()
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(default=1)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(Text)
    """The YAML, for the record."""
    stored_at: Mapped[datetime]


class Batch(Base):
    """回访批次: callbacks created together."""

    __tablename__ = "batches"
    id: Mapped[int] = row_id()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    flow_version_id: Mapped[int] = mapped_column(ForeignKey("flow_versions.id"))
    state: Mapped[str] = mapped_column(String(20), default="ready")
    """ready, running, paused, draining, stopped, finished."""
    state_reason: Mapped[str] = mapped_column(String(500), default="")
    """Why it is paused or stopped, in words."""
    channel: Mapped[str] = mapped_column(String(20), default="voice", server_default="voice")
    """How its people are reached first: voice, sms."""
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """The channels in their order (`core.plan.Plan`); empty: `channel` only."""
    schedule: Mapped[str] = mapped_column(String(100), default="")
    """Name of the schedule that made it, or empty."""
    query: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sample: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Seed, strata, number or ratio; empty: all."""
    priority: Mapped[int] = mapped_column(default=0)
    """Lower is called first."""
    deadline: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Callback(Base):
    """回访: one contact to be made with one party of one case."""

    __tablename__ = "callbacks"
    __table_args__ = (
        UniqueConstraint("batch_id", "case_id", "party_id"),
        # Claims take each batch from its front, however many rows wait behind ...
        Index(
            "ix_callbacks_due",
            "batch_id",
            "channel",
            "priority",
            "id",
            sqlite_where=text("state = 'waiting' AND due"),
            postgresql_where=text("state = 'waiting' AND due"),
        ),
        # ... and this one tells them, in order of time, what has become due.
        Index(
            "ix_callbacks_waiting",
            "batch_id",
            "channel",
            "next_at",
            "priority",
            "id",
            sqlite_where=text("state = 'waiting' AND NOT due"),
            postgresql_where=text("state = 'waiting' AND NOT due"),
        ),
        Index("ix_callbacks_state", "batch_id", "state"),
        Index("ix_callbacks_number", "e164"),
        Index("ix_callbacks_case", "case_id"),
        Index("ix_callbacks_party", "party_id"),
    )
    id: Mapped[int] = row_id()
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"))
    e164: Mapped[str] = mapped_column(String(20))
    """The number to be called next."""
    extension: Mapped[str] = mapped_column(String(10), default="")
    language: Mapped[str] = mapped_column(String(10), default="")
    channel: Mapped[str] = mapped_column(String(20), default="voice", server_default="voice")
    """How the next attempt is made: voice, sms. Each claim looks only at its own."""
    plan_step: Mapped[int] = mapped_column(default=0, server_default="0")
    """Index of the step of its batch's plan that is being tried."""
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    """waiting, calling, done, follow_up, cancelled."""
    state_reason: Mapped[str] = mapped_column(String(500), default="")
    priority: Mapped[int] = mapped_column(default=0)
    """Lower is called first: the batch's, and earlier deadlines before later ones."""
    deadline: Mapped[datetime | None]
    next_at: Mapped[datetime]
    """Not before this moment. Whoever changes it sets `due` to false."""
    due: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True once a claim has seen that `next_at` has come: claims look only at these."""
    tries: Mapped[int] = mapped_column(default=0)
    """Tries that count against the party."""
    sequence: Mapped[int] = mapped_column(default=0)
    """Attempts made so far, those that do not count included."""
    disposition: Mapped[str | None] = mapped_column(String(20))
    """Of the last attempt."""
    verdict: Mapped[str | None] = mapped_column(String(20))
    result: Mapped[int] = mapped_column(default=1, server_default="1")
    """1, 2 ...: which result it comes to; one more each time a person has it called again."""
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Attempt(Base):
    """外呼: one try to reach a party. The row is committed before the phone rings."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("callback_id", "sequence"),
        # Calls only: a conversation by text holds no channel of a trunk.
        Index(
            "ix_attempts_open",
            "trunk",
            sqlite_where=text("state = 'open' AND channel <> 'sms'"),
            postgresql_where=text("state = 'open' AND channel <> 'sms'"),
        ),
        # Two parties may share a number: whatever else goes wrong, it rings for one at a time.
        Index(
            "uq_attempts_open_number",
            "e164",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_attempts_number", "e164", "claimed_at"),
        Index("ix_attempts_party", "party_id", "claimed_at"),
        CheckConstraint("state = 'open' OR disposition IS NOT NULL", name="closed_has_disposition"),
    )
    id: Mapped[int] = row_id()
    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"))
    sequence: Mapped[int]
    """1, 2, 3 ... within the callback."""
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"))
    e164: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20), default="sip")
    """The driver: sip, sms."""
    direction: Mapped[str] = mapped_column(
        String(10), default="outgoing", server_default="outgoing"
    )
    """outgoing: we reached out; incoming: the person rang, or wrote, by himself."""
    trunk: Mapped[str] = mapped_column(String(100), default="")
    dialer: Mapped[str] = mapped_column(String(100))
    """Which dialer process holds it: host, process id and start."""
    state: Mapped[str] = mapped_column(String(10), default="open")
    """open, closed."""
    claimed_at: Mapped[datetime]
    dialed_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    disposition: Mapped[str | None] = mapped_column(String(20))
    aapor: Mapped[str | None] = mapped_column(String(5))
    verdict: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500), default="")
    sip_status: Mapped[int] = mapped_column(default=0)
    q850_cause: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(10), default="")
    recording: Mapped[str] = mapped_column(String(300), default="")
    """Path of the recording below the recordings folder; empty: none."""
    packets_lost: Mapped[int] = mapped_column(default=0)
    session: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The flow session as of the last answer."""


class Answer(Base):
    """One answer, committed before the next prompt is played."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("attempt_id", "position"),
        Index("ix_answers_aspect", "aspect"),
    )
    id: Mapped[int] = row_id()
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    position: Mapped[int]
    """1, 2, 3 ... within the attempt."""
    step: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    """key, speech, number, recording, text, booking."""
    value: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text, default="")
    aspect: Mapped[str | None] = mapped_column(String(50))
    verdict: Mapped[str | None] = mapped_column(String(20))
    score: Mapped[float | None] = mapped_column(Float)
    raw: Mapped[str] = mapped_column(Text, default="")
    confidence: Mapped[float] = mapped_column(Float, default=1.0)
    tries: Mapped[int] = mapped_column(default=1)
    answered_at: Mapped[datetime]


class TrunkState(Base):
    """What all dialers know together about a trunk; locked by every claim on PostgreSQL."""

    __tablename__ = "trunk_states"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    last_start: Mapped[datetime | None]
    """The latest start that was given out; the next one is at least 1 / rate later."""
    paused_until: Mapped[datetime | None]
    """Backing off until then."""
    pause_seconds: Mapped[float] = mapped_column(default=0.0)
    reason: Mapped[str] = mapped_column(String(300), default="")


class DialerState(Base):
    """A dialer process that is, or was, running: its heartbeat tells the living from the dead."""

    __tablename__ = "dialer_states"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class Command(Base):
    """What a person asked of a running batch (pause, resume, drain, stop)."""

    __tablename__ = "commands"
    id: Mapped[int] = row_id()
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    command: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime]
