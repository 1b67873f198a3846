"""The tables. States are whole words of the glossary; rules that must never break are constraints.

The way of a party: case -> callback (in a batch) -> attempts -> answers -> follow-up item or
write-back. Changing a table means a migration in storage/migrations (tested against this file).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.types import Json, UtcDateTime

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: Json, list[Any]: Json}  # noqa: RUF012


def _id() -> Mapped[int]:
    return mapped_column(Integer, Identity(), primary_key=True)


# ------------------------------------------------------------------------------------ cases


class Unit(Base):
    """单位: who handled a case. City > county > station."""

    __tablename__ = "units"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    """Full name; where the export has levels in separate columns, the path joined with `/`."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    code: Mapped[str] = mapped_column(String(50), default="")


class Officer(Base):
    """民警: who handled a case and is rated."""

    __tablename__ = "officers"
    __table_args__ = (UniqueConstraint("badge_number", "name"),)
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(100))
    badge_number: Mapped[str] = mapped_column(String(50), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))


class Branch(Base):
    """警种: kind of police work."""

    __tablename__ = "branches"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(100), unique=True)


class Import(Base):
    """One file that was imported."""

    __tablename__ = "imports"
    id: Mapped[int] = _id()
    file_name: Mapped[str] = mapped_column(String(500))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    source: Mapped[str] = mapped_column(String(100), default="")
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    accepted: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    supplemented: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)


class Case(Base):
    """案件 / 警情 / 业务: the thing that was handled."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("source", "case_number"),
        Index("ix_cases_class_accepted", "respondent_class", "accepted_at"),
        Index("ix_cases_unit", "unit_id"),
    )
    id: Mapped[int] = _id()
    source: Mapped[str] = mapped_column(String(100), default="")
    """The case platform that it came from (the mapping's name)."""
    case_number: Mapped[str] = mapped_column(String(100))
    respondent_class: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branches.id"))
    accepted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    key_incident: Mapped[bool] = mapped_column(default=False)
    """True where one of its tags makes it a key incident: a person calls, no detail is told."""
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Further columns of the export that surveys may use."""
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CaseTag(Base):
    """A tag on a case, for example 家暴; some make it a key incident."""

    __tablename__ = "case_tags"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(50), primary_key=True, index=True)


class Party(Base):
    """当事人: a person."""

    __tablename__ = "parties"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(100), default="")
    language: Mapped[str] = mapped_column(String(10), default="")
    time_zone: Mapped[str] = mapped_column(String(50), default="")
    face_to_face: Mapped[bool] = mapped_column(default=False)
    """True: petitioners and the like are visited, never called by a machine."""


class CaseParty(Base):
    """Who has to do with which case."""

    __tablename__ = "case_parties"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(50), default="")


class PartyNumber(Base):
    """A number of a party; the first one is called first."""

    __tablename__ = "party_numbers"
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"), primary_key=True)
    e164: Mapped[str] = mapped_column(String(20), primary_key=True, index=True)
    extension: Mapped[str] = mapped_column(String(10), default="")
    kind: Mapped[str] = mapped_column(String(10), default="mobile")
    position: Mapped[int] = mapped_column(default=0)
    invalid_since: Mapped[datetime | None]
    """When the network said that this number does not exist."""


class DoNotCall(Base):
    """A number that is never called again."""

    __tablename__ = "do_not_call"
    e164: Mapped[str] = mapped_column(String(20), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200), default="")
    added_by: Mapped[str] = mapped_column(String(100), default="")
    added_at: Mapped[datetime]


class DoNotCallEvent(Base):
    """Who put a number on the do-not-call list or took it off, when and why; only added to."""

    __tablename__ = "do_not_call_events"
    id: Mapped[int] = _id()
    e164: Mapped[str] = mapped_column(String(20), index=True)
    event: Mapped[str] = mapped_column(String(10))
    """added, removed."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    by: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime]


class ImportConflict(Base):
    """A fact of a known case that a later export states differently; only added to."""

    __tablename__ = "import_conflicts"
    id: Mapped[int] = _id()
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    fact: Mapped[str] = mapped_column(String(110))
    """officer, unit, branch, accepted_at, closed_at, or ``fields.NAME``."""
    old: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)
    taken: Mapped[bool]
    """True: the case has the new value now; False: it keeps the old one."""
    at: Mapped[datetime]


# -------------------------------------------------------------------------------- callbacks


class FlowVersion(Base):
    """The exact text of a survey that callbacks were made with."""

    __tablename__ = "flow_versions"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(default=1)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(Text)
    """The YAML, for the record."""
    stored_at: Mapped[datetime]


class Batch(Base):
    """回访批次: callbacks created together."""

    __tablename__ = "batches"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    flow_version_id: Mapped[int] = mapped_column(ForeignKey("flow_versions.id"))
    state: Mapped[str] = mapped_column(String(20), default="ready")
    """ready, running, paused, draining, stopped, finished."""
    state_reason: Mapped[str] = mapped_column(String(500), default="")
    """Why it is paused or stopped, in words."""
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
            "priority",
            "id",
            sqlite_where=text("state = 'waiting' AND due"),
            postgresql_where=text("state = 'waiting' AND due"),
        ),
        # ... and this one tells them, in order of time, what has become due.
        Index(
            "ix_callbacks_waiting",
            "batch_id",
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
    id: Mapped[int] = _id()
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"))
    e164: Mapped[str] = mapped_column(String(20))
    """The number to be called next."""
    extension: Mapped[str] = mapped_column(String(10), default="")
    language: Mapped[str] = mapped_column(String(10), default="")
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
        Index(
            "ix_attempts_open",
            "trunk",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
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
    id: Mapped[int] = _id()
    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"))
    sequence: Mapped[int]
    """1, 2, 3 ... within the callback."""
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"))
    e164: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20), default="sip")
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
    id: Mapped[int] = _id()
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    position: Mapped[int]
    """1, 2, 3 ... within the attempt."""
    step: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    """key, speech, number, recording, booking."""
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
    id: Mapped[int] = _id()
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    command: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime]


# ------------------------------------------------------------------- follow-up and write-back


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
    id: Mapped[int] = _id()
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
    id: Mapped[int] = _id()
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
    id: Mapped[int] = _id()
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
    id: Mapped[int] = _id()
    schedule: Mapped[str] = mapped_column(String(100))
    due_at: Mapped[datetime]
    ran_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(20))
    """made, nothing_to_do, missed, failed."""
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    detail: Mapped[str] = mapped_column(String(500), default="")
