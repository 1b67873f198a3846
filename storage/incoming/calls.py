"""Calls of people who ring us, as rows: each one counted, whatever became of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import IncomingCall

_CALLS = cast(Table, IncomingCall.__table__)


@dataclass(frozen=True)
class Ring:
    """A call that comes in."""

    trunk: str
    dialer: str
    """The process that takes it."""
    e164: str
    """Empty: withheld, or no number."""
    called: str
    at: datetime


async def note_call(
    session: AsyncSession, ring: Ring, welcome: str, *, attempt_id: int | None = None, open: bool
) -> int:
    """Keep a call and how it is met; `open`: it holds a channel of its trunk from now on."""
    values = {
        "trunk": ring.trunk,
        "dialer": ring.dialer,
        "e164": ring.e164,
        "called": ring.called[:40],
        "welcome": welcome,
        "attempt_id": attempt_id,
        "state": "open" if open else "closed",
        "at": ring.at,
    }
    made = await session.execute(insert(_CALLS).values(values).returning(_CALLS.c.id))
    call_id: int = made.scalar_one()
    return call_id


async def close_call(session: AsyncSession, call_id: int) -> None:
    """The call is over: its channel is free."""
    await session.execute(update(_CALLS).where(_CALLS.c.id == call_id).values(state="closed"))


async def close_calls_of(session: AsyncSession, dialers: Collection[str]) -> None:
    """Free what processes held that are no more."""
    await session.execute(
        update(_CALLS)
        .where(_CALLS.c.dialer.in_(dialers), _CALLS.c.state == "open")
        .values(state="closed")
    )


@dataclass(frozen=True)
class CallSeen:
    """One call of a number, as `huifang why` tells it."""

    at: datetime
    welcome: str


async def calls_of(
    session: AsyncSession, numbers: Collection[str], most: int = 20
) -> list[CallSeen]:
    """Return the calls from these numbers, latest first."""
    rows = await session.execute(
        select(_CALLS.c.at, _CALLS.c.welcome)
        .where(_CALLS.c.e164.in_(numbers))
        .order_by(_CALLS.c.at.desc(), _CALLS.c.id.desc())
        .limit(most)
    )
    return [CallSeen(*row) for row in rows]


async def welcomes(session: AsyncSession, since: datetime) -> dict[str, int]:
    """Return how many calls since then were met in which way."""
    rows = await session.execute(
        select(_CALLS.c.welcome, func.count())
        .where(_CALLS.c.at >= since)
        .group_by(_CALLS.c.welcome)
    )
    return {row[0]: row[1] for row in rows}
