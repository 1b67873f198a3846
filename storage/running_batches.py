"""The states of batches as a running dialer reads and sets them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import Batch, Callback


async def batch_states(
    session: AsyncSession, batches: Collection[int] | None = None
) -> dict[int, str]:
    """Return the state of `batches` (None: of all that are not finished)."""
    query = select(Batch.id, Batch.state)
    query = (
        query.where(Batch.state != "finished") if batches is None else query.where(_these(batches))
    )
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def close_finished(
    session: AsyncSession, batches: Collection[int] | None, now: datetime
) -> list[int]:
    """Finish running batches of which nobody waits any more, stop drained ones; their ids."""
    query = select(Batch.id, Batch.state).where(Batch.state.in_(("running", "draining")))
    if batches is not None:
        query = query.where(_these(batches))
    closed = []
    for batch_id, state in (await session.execute(query)).all():
        left = ("waiting", "calling") if state == "running" else ("calling",)
        waiting = await session.scalar(
            select(Callback.id)
            .where(Callback.batch_id == batch_id, Callback.state.in_(left))
            .limit(1)
        )
        if waiting is not None:
            continue
        values = (
            {"state": "finished", "finished_at": now, "state_reason": ""}
            if state == "running"
            else {"state": "stopped"}
        )
        await session.execute(
            update(Batch).where(Batch.id == batch_id, Batch.state == state).values(**values)
        )
        closed.append(batch_id)
    return closed


async def pause_for(
    session: AsyncSession, batches: Collection[int] | None, why: str
) -> dict[int, str]:
    """Pause running batches because nothing can be called; id -> the reason as it was kept."""
    query = update(Batch).where(Batch.state == "running")
    if batches is not None:
        query = query.where(_these(batches))
    rows = await session.execute(
        query.values(state="paused", state_reason=why[:500]).returning(Batch.id)
    )
    return dict.fromkeys(rows.scalars().all(), why[:500])


async def resume_from(session: AsyncSession, paused: dict[int, str]) -> None:
    """Let batches run again that `pause_for` paused, unless a person changed them meanwhile."""
    for batch_id, why in paused.items():
        await session.execute(
            update(Batch)
            .where(Batch.id == batch_id, Batch.state == "paused", Batch.state_reason == why)
            .values(state="running", state_reason="")
        )


def _these(batches: Collection[int]) -> ColumnElement[bool]:
    return Batch.id.in_(batches)
