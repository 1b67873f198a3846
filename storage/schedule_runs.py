"""What became of scheduled batches: made, nothing to do, missed, failed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
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
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    noted = await session.scalars(
        insert(ScheduleRun)
        .values(
            schedule=schedule,
            due_at=due_at,
            ran_at=ran_at,
            outcome=outcome,
            batch_id=batch_id,
            detail=detail[:500],
        )
        .on_conflict_do_nothing(index_elements=["schedule", "due_at", "outcome"])
        .returning(ScheduleRun.id)
    )
    return noted.first() is not None


async def runs(
    session: AsyncSession, limit: int = 50, *, schedule: str = ""
) -> Sequence[ScheduleRun]:
    """Return the latest runs (of `schedule` only, where it is given), latest first."""
    query = select(ScheduleRun).order_by(ScheduleRun.due_at.desc(), ScheduleRun.id.desc())
    if schedule:
        query = query.where(ScheduleRun.schedule == schedule)
    found = await session.scalars(query.limit(limit))
    return found.all()
