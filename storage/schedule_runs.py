"""What became of scheduled batches: made, nothing to do, missed, failed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import ScheduleRun


async def note_run(
    session: AsyncSession,
    *,
    schedule: str,
    due_at: datetime,
    outcome: str,
    ran_at: datetime | None = None,
    batch_id: int | None = None,
    detail: str = "",
) -> bool:
    """Note one run; False where this very outcome of it was noted already (a double fire)."""
    known = await session.scalar(
        select(ScheduleRun.id).where(
            ScheduleRun.schedule == schedule,
            ScheduleRun.due_at == due_at,
            ScheduleRun.outcome == outcome,
        )
    )
    if known is not None:
        return False
    session.add(
        ScheduleRun(
            schedule=schedule,
            due_at=due_at,
            ran_at=ran_at,
            outcome=outcome,
            batch_id=batch_id,
            detail=detail[:500],
        )
    )
    await session.flush()
    return True


async def runs(session: AsyncSession, limit: int = 50) -> Sequence[ScheduleRun]:
    """Return the latest runs, latest first."""
    found = await session.scalars(
        select(ScheduleRun).order_by(ScheduleRun.due_at.desc(), ScheduleRun.id.desc()).limit(limit)
    )
    return found.all()
