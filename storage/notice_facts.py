"""What there is to tell: urgent and overdue items, batches that stand still, a day's figures."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.followups import QueueEntry, entries
from storage.schema import (
    Attempt,
    Batch,
    Callback,
    Command,
    FollowUpItem,
    Notice,
    StandingTrouble,
)

AT_ONCE = 500
"""Items told in one transaction; the others follow in the next."""
STOPPED_WITHIN = timedelta(days=7)
"""A batch that was stopped earlier is no news."""


async def urgent_items(session: AsyncSession, most_rank: int) -> list[QueueEntry]:
    """Return items up to this rank (`core.follow_up.rank`) that nobody was told of."""
    told = exists().where(Notice.item_id == FollowUpItem.id, Notice.kind == "urgent")
    return await _items(session, FollowUpItem.rank <= most_rank, ~told)


async def overdue_items(session: AsyncSession, now: datetime) -> list[QueueEntry]:
    """Return items whose deadline has passed; of this deadline nobody was told."""
    told = exists().where(
        Notice.item_id == FollowUpItem.id,
        Notice.kind == "overdue",
        Notice.moment == FollowUpItem.deadline,
    )
    return await _items(session, FollowUpItem.deadline < now, ~told)


async def _items(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[QueueEntry]:
    rows = await session.execute(
        select(FollowUpItem.id, FollowUpItem.case_id)
        .where(FollowUpItem.state != "closed", *conditions)
        .order_by(FollowUpItem.rank, FollowUpItem.id)
        .limit(AT_ONCE)
    )
    wanted = {row[0]: row[1] for row in rows}
    found = await entries(session, case_ids=list(wanted.values())) if wanted else []
    return [entry for entry in found if entry.id in wanted]


@dataclass(frozen=True)
class StandingBatch:
    """A batch that stands still and not by its end."""

    id: int
    name: str
    state: str
    reason: str


async def standing_batches(session: AsyncSession, now: datetime) -> list[StandingBatch]:
    """Return batches that were stopped of late, and those that are paused for a reason."""
    lately = exists().where(
        Command.batch_id == Batch.id,
        Command.command.in_(("stop", "drain")),
        Command.at > now - STOPPED_WITHIN,
    )
    rows = await session.execute(
        select(Batch.id, Batch.name, Batch.state, Batch.state_reason)
        .where(
            or_(
                and_(Batch.state == "stopped", lately),
                and_(Batch.state == "paused", Batch.state_reason != ""),
            )
        )
        .order_by(Batch.id)
    )
    return [StandingBatch(*row) for row in rows]


async def begin_troubles(
    session: AsyncSession, prefix: str, present: Collection[str], now: datetime
) -> list[str]:
    """Keep which troubles under `prefix` stand at present; returns those that are new.

    What stood before and does not any more is forgotten: when it comes back, it is news.
    """
    known = set(
        await session.scalars(
            select(StandingTrouble.key)
            .where(StandingTrouble.key.startswith(prefix, autoescape=True))
            .with_for_update()
        )
    )
    over = known - set(present)
    if over:
        await session.execute(delete(StandingTrouble).where(StandingTrouble.key.in_(over)))
    new = sorted(set(present) - known)
    if not new:
        return []
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    begun = await session.scalars(
        insert(StandingTrouble)
        .values([{"key": key, "since": now} for key in new])
        .on_conflict_do_nothing(index_elements=["key"])  # another process saw it first
        .returning(StandingTrouble.key)
    )
    return sorted(begun)


async def day_figures(session: AsyncSession, since: datetime, until: datetime) -> dict[str, Any]:
    """Return what happened from `since` to `until` (excluded), and how the queue stands now."""
    ended = (Attempt.ended_at >= since, Attempt.ended_at < until, Attempt.state == "closed")
    return {
        "calls": await _count(session, Attempt.id, *ended),
        "dispositions": await _grouped(session, Attempt.disposition, *ended),
        "verdicts": await _grouped(session, Attempt.verdict, *ended),
        "opened": await _count(
            session,
            FollowUpItem.id,
            FollowUpItem.created_at >= since,
            FollowUpItem.created_at < until,
        ),
        "closed": await _count(
            session,
            FollowUpItem.id,
            FollowUpItem.closed_at >= since,
            FollowUpItem.closed_at < until,
        ),
        "open": await _count(session, FollowUpItem.id, FollowUpItem.state != "closed"),
        "overdue": await _count(
            session, FollowUpItem.id, FollowUpItem.state != "closed", FollowUpItem.deadline < until
        ),
        "batches": await _batches(session, since),
    }


async def _count(session: AsyncSession, column: Any, *conditions: Any) -> int:
    return await session.scalar(select(func.count(column)).where(*conditions)) or 0


async def _grouped(session: AsyncSession, column: Any, *conditions: Any) -> dict[str, int]:
    rows = await session.execute(
        select(column, func.count()).where(column.is_not(None), *conditions).group_by(column)
    )
    return {row[0]: row[1] for row in sorted(rows, key=lambda row: (-row[1], row[0]))}


async def _batches(session: AsyncSession, since: datetime) -> list[dict[str, Any]]:
    """Return the batches that are under way, or ended after `since`."""
    rows = await session.execute(
        select(
            Batch.name,
            Batch.state,
            func.count(Callback.id),
            func.count(Callback.id).filter(Callback.state.in_(("done", "follow_up"))),
        )
        .outerjoin(Callback, Callback.batch_id == Batch.id)
        .where(
            or_(
                Batch.state.in_(("running", "paused", "draining")),
                Batch.finished_at >= since,
            )
        )
        .group_by(Batch.id, Batch.name, Batch.state)
        .order_by(Batch.id)
    )
    return [{"name": name, "state": state, "all": n, "done": done} for name, state, n, done in rows]
