"""短信: conversations by text message, the messages themselves, and what gateways say of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base, row_id


class TextConversation(Base):
    """A survey by text message: an attempt that lives for days and in no process."""

    __tablename__ = "text_conversations"
    __table_args__ = (
        Index(
            "ix_text_conversations_look",
            "look_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_text_conversations_number", "e164", "attempt_id"),
    )
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"), primary_key=True)
    flow_version_id: Mapped[int] = mapped_column(ForeignKey("flow_versions.id"))
    gateway: Mapped[str] = mapped_column(String(100))
    e164: Mapped[str] = mapped_column(String(20))
    time_zone: Mapped[str] = mapped_column(String(50), default="")
    """Of the party; empty: the rules' own."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    """waiting, ended."""
    session: Mapped[dict[str, Any]]
    """The flow session as of the last reply."""
    question_id: Mapped[int | None]
    """The message that holds the question which is to be answered."""
    question: Mapped[str] = mapped_column(Text, default="")
    """Its words, for the reminder."""
    asked_at: Mapped[datetime | None]
    """When it went out; None: it waits to be sent."""
    look_at: Mapped[datetime]
    """When silence has to be dealt with: the reminder, then the end."""
    reminded_at: Mapped[datetime | None]
    """When the one reminder was written."""
    replies: Mapped[int] = mapped_column(default=0)
    """Replies that were taken."""
    last_reply: Mapped[str] = mapped_column(Text, default="")
    """The reply that was taken last."""
    position: Mapped[int] = mapped_column(default=0)
    """Answers kept so far."""
    booked_at: Mapped[datetime | None]
    """The person picked this time."""
    person_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True where the person asked for a human being."""
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class TextMessage(Base):
    """One message, out or in. Outgoing ones are the outbox: no message is sent that is not here."""

    __tablename__ = "text_messages"
    __table_args__ = (
        Index(
            "ix_text_messages_outbox",
            "gateway",
            "not_before",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_text_messages_sending",
            "id",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "ix_text_messages_inbox",
            "id",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
        # The same message that arrives again is the same row.
        Index(
            "uq_text_messages_once",
            "gateway",
            "gateway_id",
            unique=True,
            sqlite_where=text("direction = 'in'"),
            postgresql_where=text("direction = 'in'"),
        ),
        Index(
            "ix_text_messages_person",
            "id",
            sqlite_where=text("person = 'wanted'"),
            postgresql_where=text("person = 'wanted'"),
        ),
        Index("ix_text_messages_attempt", "attempt_id"),
        Index("ix_text_messages_number", "e164", "id"),
    )
    id: Mapped[int] = row_id()
    direction: Mapped[str] = mapped_column(String(3))
    """out, in."""
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"))
    gateway: Mapped[str] = mapped_column(String(100))
    e164: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    parts: Mapped[int] = mapped_column(default=1)
    encoding: Mapped[str] = mapped_column(String(10), default="")
    """gsm7, ucs2."""
    purpose: Mapped[str] = mapped_column(String(20), default="")
    """Of outgoing ones: question, reminder, notice, survey_text, closing,
    advance_notice."""
    state: Mapped[str] = mapped_column(String(20))
    """Out: waiting, sending, accepted, delivered, failed, uncertain, cancelled. In: received (to
    be dealt with), taken, begun, late, unmatched, repeated, courtesy, opt_out, failed."""
    gateway_id: Mapped[str] = mapped_column(String(200), default="")
    """Of incoming ones: the gateway's id. Those of outgoing ones are in `text_parts`."""
    quiet: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True: it waits for the party's calling hours; an answer to somebody who wrote does not."""
    not_before: Mapped[datetime | None]
    """Of outgoing ones."""
    not_after: Mapped[datetime | None]
    """Of outgoing ones: pointless from then on; None: never."""
    sender: Mapped[str] = mapped_column(String(100), default="")
    """The process that sends it."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often it was handed to the gateway and surely not taken."""
    written_at: Mapped[datetime | None]
    """Of incoming ones: when it was written, as the gateway tells it."""
    created_at: Mapped[datetime]
    """When it was kept here."""
    sent_at: Mapped[datetime | None]
    """When it was handed to the gateway."""
    ended_at: Mapped[datetime | None]
    """When its state became final, or it was dealt with."""
    error: Mapped[str] = mapped_column(String(300), default="")
    """What went wrong: the gateway's code and words, or an exception's name."""
    person: Mapped[str] = mapped_column(String(10), default="", server_default="")
    """Whether a person has to look: empty (no), wanted, seen."""
    seen_by: Mapped[str] = mapped_column(String(100), default="", server_default="")


class TextPart(Base):
    """A part of an outgoing message by its id at the gateway; a report may come before the id."""

    __tablename__ = "text_parts"
    __table_args__ = (
        ForeignKeyConstraint(["message_id"], ["text_messages.id"]),
        Index("ix_text_parts_message", "message_id"),
    )
    gateway: Mapped[str] = mapped_column(String(100), primary_key=True)
    gateway_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    message_id: Mapped[int | None]
    """None: reported, but no message has told this id yet."""
    state: Mapped[str] = mapped_column(String(20), default="")
    """A word of `ivr.texting.contract.DeliveryState`; empty: nothing was reported."""
    error: Mapped[str] = mapped_column(String(100), default="")
    invalid_number: Mapped[bool] = mapped_column(default=False, server_default=false())
    at: Mapped[datetime]
    """When the report was written, else when the message was accepted."""


class TextGatewayState(Base):
    """What all processes know together about a text gateway; locked by every claim to send."""

    __tablename__ = "text_gateway_states"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    next_at: Mapped[datetime | None]
    """From then on the next part may be sent."""
    paused_until: Mapped[datetime | None]
    pause_seconds: Mapped[float] = mapped_column(default=0.0)
    """Length of the latest pause; doubles with the next trouble, 0 after a success."""
    reason: Mapped[str] = mapped_column(String(300), default="")
