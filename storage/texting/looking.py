"""Messages as people look at them: what needs somebody, and what was written with a number."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import Attempt, Callback, Case
from storage.texting.outbox import MESSAGES


@dataclass(frozen=True)
class SeenMessage:
    """One message as screens show it."""

    id: int
    direction: str
    gateway: str
    e164: str
    """Full number: mask it, unless somebody asks."""
    text: str
    parts: int
    encoding: str
    purpose: str
    state: str
    error: str
    person: str
    seen_by: str
    case_number: str | None
    created_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


async def messages(
    session: AsyncSession,
    *,
    wanted: bool = False,
    numbers: Collection[str] | None = None,
    limit: int = 100,
) -> list[SeenMessage]:
    """Return messages, latest first; `wanted`: only those that a person has to look at."""
    columns = [MESSAGES.c[name] for name in SeenMessage.__annotations__ if name in MESSAGES.c]
    query = (
        select(*columns, Case.case_number)
        .outerjoin(Attempt, Attempt.id == MESSAGES.c.attempt_id)
        .outerjoin(Callback, Callback.id == Attempt.callback_id)
        .outerjoin(Case, Case.id == Callback.case_id)
        .order_by(MESSAGES.c.id.desc())
        .limit(limit)
    )
    if wanted:
        query = query.where(MESSAGES.c.person == "wanted")
    if numbers is not None:
        query = query.where(MESSAGES.c.e164.in_(numbers))
    return [SeenMessage(**row._mapping) for row in await session.execute(query)]


async def seen(session: AsyncSession, message: int, *, by: str) -> bool:
    """Note that somebody has looked at a message; False where nobody had to any more."""
    noted = await session.scalar(
        update(MESSAGES)
        .where(MESSAGES.c.id == message, MESSAGES.c.person == "wanted")
        .values(person="seen", seen_by=by[:100])
        .returning(MESSAGES.c.id)
    )
    return noted is not None
