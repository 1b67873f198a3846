"""Callbacks whose party was told that a call will come."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.candidates import CALLBACKS


@dataclass(frozen=True)
class Announced:
    """One callback, and the step of its plan that follows the notice."""

    callback: int
    by: str
    """Channel of that step."""
    step: int
    at: datetime
    """Not before this moment."""


_ANNOUNCED = (
    update(CALLBACKS)
    .where(CALLBACKS.c.id == bindparam("callback"), CALLBACKS.c.state == "waiting")
    .values(
        channel=bindparam("by"),
        plan_step=bindparam("step"),
        next_at=bindparam("at", type_=CALLBACKS.c.next_at.type),
        due=False,
    )
)


async def announced(session: AsyncSession, told: Sequence[Announced]) -> None:
    """Let these callbacks wait for their call."""
    if told:
        await (await session.connection()).execute(_ANNOUNCED, [asdict(one) for one in told])
