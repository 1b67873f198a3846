"""Who might be called now: the callbacks next in line, with what a call needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.facts import KnownCallback, known_callbacks
from storage.schema import Batch, Callback, Party

RIPEN = 1000
"""Callbacks that one claim marks as due, at most."""
DUE = "callbacks.state = 'waiting' AND callbacks.due"
COMING = "callbacks.state = 'waiting' AND NOT callbacks.due"
# Written out, not bound: the planner must see the conditions of the partial indexes.


@dataclass(frozen=True)
class Candidate:
    """One callback that may be next."""

    callback_id: int
    batch_id: int
    flow_version_id: int
    extension: str
    language: str
    """Of the callback, else of the party; empty: the survey's own."""
    sequence: int
    """Attempts made so far."""
    known: KnownCallback
    """What the calling policy asks about."""


async def ripen(session: AsyncSession, now: datetime) -> bool:
    """Mark callbacks whose time has come as due; True where more may be left to mark."""
    coming = (
        select(Callback.id)
        .where(text(COMING))
        .where(Callback.next_at <= now)
        .order_by(Callback.next_at, Callback.priority, Callback.deadline, Callback.id)
        .limit(RIPEN)
    )
    if session.get_bind().dialect.name == "postgresql":
        coming = coming.with_for_update(skip_locked=True)
    table = cast(Table, Callback.__table__)
    changed = await (await session.connection()).execute(
        update(table).where(table.c.id.in_(coming)).values(due=True)
    )
    return changed.rowcount >= RIPEN


async def candidates(
    session: AsyncSession, now: datetime, limit: int, batches: Collection[int] | None = None
) -> list[Candidate]:
    """Return those next in line (priority, deadline, id) of running batches, locked."""
    running = select(Batch.id).where(Batch.state == "running")
    if batches is not None:
        running = running.where(Batch.id.in_(batches))
    ids = (await session.execute(running)).scalars().all()
    if not ids:
        return []
    first = (
        select(
            Callback.id,
            Callback.batch_id,
            Batch.flow_version_id,
            Callback.extension,
            func.coalesce(func.nullif(Callback.language, ""), Party.language),
            Callback.sequence,
        )
        .join(Batch, Batch.id == Callback.batch_id)
        .join(Party, Party.id == Callback.party_id)
        .where(text(DUE))
        .where(Callback.batch_id.in_(ids), Callback.next_at <= now)
        .order_by(Callback.priority, Callback.deadline, Callback.id)
        .limit(limit)
    )
    if session.get_bind().dialect.name == "postgresql":
        first = first.with_for_update(of=Callback, skip_locked=True)
    rows = (await session.execute(first)).all()
    known = await known_callbacks(session, [row[0] for row in rows]) if rows else {}
    return [
        Candidate(row[0], row[1], row[2], row[3], row[4], row[5], known[row[0]]) for row in rows
    ]


async def next_due(
    session: AsyncSession, batches: Collection[int] | None = None
) -> datetime | None:
    """Return when the next callback of a running batch becomes due; None: none waits."""
    query = (
        select(Callback.next_at)
        .join(Batch, Batch.id == Callback.batch_id)
        .where(text(COMING))
        .where(Batch.state == "running")
        .order_by(Callback.next_at)
        .limit(1)
    )
    if batches is not None:
        query = query.where(Callback.batch_id.in_(batches))
    return await session.scalar(query)
