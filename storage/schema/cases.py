"""案件: cases with their parties, units, officers and branches, and how they came in."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema.base import Base, row_id


class Unit(Base):
    """单位: who handled a case. City > county > station."""

    __tablename__ = "units"
    id: Mapped[int] = row_id()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    """Full name; where the export has levels in separate columns, the path joined with `/`."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    code: Mapped[str] = mapped_column(String(50), default="")


class Officer(Base):
    """民警: who handled a case and is rated."""

    __tablename__ = "officers"
    __table_args__ = (UniqueConstraint("badge_number", "name"),)
    id: Mapped[int] = row_id()
    name: Mapped[str] = mapped_column(String(100))
    badge_number: Mapped[str] = mapped_column(String(50), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))


class Branch(Base):
    """警种: kind of police work."""

    __tablename__ = "branches"
    id: Mapped[int] = row_id()
    name: Mapped[str] = mapped_column(String(100), unique=True)


class Import(Base):
    """One file that was imported."""

    __tablename__ = "imports"
    id: Mapped[int] = row_id()
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
    id: Mapped[int] = row_id()
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
    id: Mapped[int] = row_id()
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
    id: Mapped[int] = row_id()
    e164: Mapped[str] = mapped_column(String(20), index=True)
    event: Mapped[str] = mapped_column(String(10))
    """added, removed."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    by: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime]


class ImportConflict(Base):
    """A fact of a known case that a later export states differently; only added to."""

    __tablename__ = "import_conflicts"
    id: Mapped[int] = row_id()
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    fact: Mapped[str] = mapped_column(String(110))
    """officer, unit, branch, accepted_at, closed_at, or ``fields.NAME``."""
    old: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)
    taken: Mapped[bool]
    """True: the case has the new value now; False: it keeps the old one."""
    at: Mapped[datetime]
