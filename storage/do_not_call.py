"""The do-not-call list: numbers that are never called again. Every change is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import DoNotCall, DoNotCallEvent


@dataclass(frozen=True)
class ListedNumber:
    """One number on the list."""

    e164: str
    reason: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True)
class ListEvent:
    """A change of the list."""

    e164: str
    event: str
    """added, removed."""
    reason: str
    by: str
    at: datetime


async def add(
    session: AsyncSession, numbers: Sequence[str], *, reason: str, by: str, now: datetime
) -> int:
    """Put numbers (E.164) on the list; returns how many were not on it yet.

    A number that is on it keeps its first reason.
    """
    if not numbers:
        return 0
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    rows = [
        {"e164": e164, "reason": reason[:200], "added_by": by, "added_at": now}
        for e164 in dict.fromkeys(numbers)
    ]
    added = await session.scalars(
        insert(DoNotCall)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["e164"])
        .returning(DoNotCall.e164)
    )
    new = added.all()
    _note(session, new, "added", reason, by, now)
    return len(new)


async def remove(
    session: AsyncSession, e164: str, *, reason: str, by: str, now: datetime
) -> ListedNumber | None:
    """Take a number off the list; what stood there, or None where it was not on it."""
    row = (
        await session.execute(
            delete(DoNotCall)
            .where(DoNotCall.e164 == e164)
            .returning(DoNotCall.e164, DoNotCall.reason, DoNotCall.added_by, DoNotCall.added_at)
        )
    ).one_or_none()
    if row is None:
        return None
    _note(session, [e164], "removed", reason, by, now)
    return ListedNumber(**row._mapping)


def _note(
    session: AsyncSession, numbers: Sequence[str], event: str, reason: str, by: str, now: datetime
) -> None:
    session.add_all(
        DoNotCallEvent(e164=e164, event=event, reason=reason[:200], by=by[:100], at=now)
        for e164 in numbers
    )


async def history(session: AsyncSession, numbers: Sequence[str]) -> list[ListEvent]:
    """Return what happened to these numbers on the list, first things first."""
    found = await session.scalars(
        select(DoNotCallEvent).where(DoNotCallEvent.e164.in_(numbers)).order_by(DoNotCallEvent.id)
    )
    return [ListEvent(one.e164, one.event, one.reason, one.by, one.at) for one in found]


async def listed(session: AsyncSession, numbers: Sequence[str] | None = None) -> list[ListedNumber]:
    """Return the list, latest first; `numbers`: only these."""
    query = select(
        DoNotCall.e164, DoNotCall.reason, DoNotCall.added_by, DoNotCall.added_at
    ).order_by(DoNotCall.added_at.desc(), DoNotCall.e164)
    if numbers is not None:
        query = query.where(DoNotCall.e164.in_(numbers))
    return [ListedNumber(**row._mapping) for row in await session.execute(query)]
