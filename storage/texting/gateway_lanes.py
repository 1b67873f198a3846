"""What all processes know together about each text gateway, and the lock that makes them take
turns: the rate holds over all of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import TextGatewayState


@dataclass(frozen=True)
class GatewayLane:
    """One gateway as it stands at this moment."""

    name: str
    next_at: datetime | None = None
    paused_until: datetime | None = None
    pause_seconds: float = 0.0


async def lock_gateway(session: AsyncSession, name: str) -> GatewayLane:
    """Lock the row of a gateway (on SQLite the write transaction is the lock)."""
    columns = TextGatewayState
    query = (
        select(columns.name, columns.next_at, columns.paused_until, columns.pause_seconds)
        .where(columns.name == name)
        .with_for_update()
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        dialect = session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        await session.execute(insert(columns).values(name=name).on_conflict_do_nothing())
        row = (await session.execute(query)).one()
    return GatewayLane(*row)


async def resting_gateways(session: AsyncSession, now: datetime) -> frozenset[str]:
    """Return the names of gateways that are left alone at present, because they took nothing."""
    query = select(TextGatewayState.name).where(TextGatewayState.paused_until > now)
    return frozenset(await session.scalars(query))


async def save_next(session: AsyncSession, lane: GatewayLane) -> None:
    """Keep from when on the next part may leave."""
    await session.execute(
        update(TextGatewayState)
        .where(TextGatewayState.name == lane.name)
        .values(next_at=lane.next_at)
    )


async def pause_gateway(
    session: AsyncSession, name: str, now: datetime, reason: str, *, asked: float = 0.0
) -> float:
    """Let a gateway rest: twice as long each time, 2 s to 5 min, or as long as it asked.

    Returns the seconds of rest that are left to it.
    """
    lane = await lock_gateway(session, name)
    if lane.paused_until is not None and lane.paused_until > now and not asked:
        return (lane.paused_until - now).total_seconds()  # the same trouble once more
    seconds = max(asked, min(300.0, max(2.0, lane.pause_seconds * 2)))
    await session.execute(
        update(TextGatewayState)
        .where(TextGatewayState.name == name)
        .values(
            paused_until=now + timedelta(seconds=seconds),
            pause_seconds=seconds,
            reason=reason[:300],
        )
    )
    return seconds


async def gateway_works(session: AsyncSession, name: str) -> None:
    """A message went through: the next trouble starts with the shortest rest again."""
    await session.execute(
        update(TextGatewayState)
        .where(TextGatewayState.name == name, TextGatewayState.pause_seconds > 0)
        .values(pause_seconds=0.0, paused_until=None, reason="")
    )
