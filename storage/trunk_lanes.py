"""What all dialers know together about each trunk, and the lock that makes them take turns.

The row with the empty name stands for the whole house: its `last_start` keeps the total rate.
Its lock is taken first by every claim, so two dialers never count the same capacity.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, func, insert, select, text, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from storage.schema import Attempt, IncomingCall, TrunkState

HOUSE = ""
"""Name of the row that stands for all trunks together."""


@dataclass
class Lane:
    """One trunk (or the house) as it stands at this moment."""

    name: str
    open: int = 0
    """Calls that are held, or claimed and about to be dialled."""
    last_start: datetime | None = None
    """The latest start that was given out."""
    paused_until: datetime | None = None
    pause_seconds: float = 0.0
    """Length of the latest pause; doubles with the next trouble, 0 after a success."""


async def ensure_lanes(session: AsyncSession, names: Iterable[str]) -> None:
    """Make the rows of `names` and of the house where they are missing."""
    rows = [{"name": name} for name in sorted({HOUSE, *names})]
    dialect = session.get_bind().dialect.name
    statement = postgresql.insert if dialect == "postgresql" else sqlite.insert
    await session.execute(statement(TrunkState).on_conflict_do_nothing(), rows)


async def lock_lanes(session: AsyncSession, names: Iterable[str]) -> dict[str, Lane]:
    """Lock the rows of `names` and of the house (in one order), and count the open calls.

    On SQLite the write transaction is the lock.
    """
    wanted = sorted({HOUSE, *names})
    connection = await session.connection()
    rows = (await connection.execute(_LOCK, {"names": wanted})).all()
    if len(rows) < len(wanted):
        await ensure_lanes(session, wanted)
        rows = (await connection.execute(_LOCK, {"names": wanted})).all()
    lanes = {row.name: Lane(row.name, 0, row[1], row[2], row[3]) for row in rows}
    # A statement of its own, after the lock: what others committed before it is counted.
    for trunk, number in (await connection.execute(_OPEN)).all():
        lanes[HOUSE].open += number
        if trunk in lanes and trunk != HOUSE:
            lanes[trunk].open += number
    return lanes


# Built once: building a statement costs more than asking it. The state is written out, so that
# the partial index of open attempts is used.
_LOCK = (
    select(
        TrunkState.name, TrunkState.last_start, TrunkState.paused_until, TrunkState.pause_seconds
    )
    .where(TrunkState.name.in_(bindparam("names", expanding=True)))
    .order_by(TrunkState.name)
    .with_for_update()
)
_OPEN = union_all(
    select(Attempt.trunk, func.count())
    .where(text("attempts.state = 'open' AND attempts.channel <> 'sms'"))
    .group_by(Attempt.trunk),
    select(IncomingCall.trunk, func.count())
    .where(text("incoming_calls.state = 'open'"))
    .group_by(IncomingCall.trunk),
)
_SAVE = (
    update(cast(Table, TrunkState.__table__))
    .where(TrunkState.name == bindparam("of"))
    .values(last_start=bindparam("at"))
)


async def pace_time(session: AsyncSession, clock: Clock, *, database_time: bool) -> datetime:
    """Return the time that starts and rests of trunks go by: with `database_time` that of the
    server, which all dialers share, else our own."""
    if not database_time:
        return clock.now()
    now: datetime = (await (await session.connection()).execute(_NOW)).scalar_one()
    return now


_NOW = select(func.clock_timestamp())


async def save_starts(session: AsyncSession, lanes: Iterable[Lane]) -> None:
    """Keep the `last_start` of `lanes`."""
    rows = [{"of": lane.name, "at": lane.last_start} for lane in lanes]
    if rows:
        await (await session.connection()).execute(_SAVE, rows)


async def pause_lane(
    session: AsyncSession, name: str, until: datetime, seconds: float, reason: str
) -> None:
    """Let a trunk rest until `until` (never shortening a rest)."""
    known = (
        await session.execute(
            select(TrunkState.paused_until).where(TrunkState.name == name).with_for_update()
        )
    ).one_or_none()
    if known is None:
        await session.execute(insert(TrunkState).values(name=name, reason=""))
    later = until if known is None or known[0] is None else max(until, known[0])
    await session.execute(
        update(TrunkState)
        .where(TrunkState.name == name)
        .values(paused_until=later, pause_seconds=seconds, reason=reason[:300])
    )


async def clear_pause(session: AsyncSession, name: str) -> None:
    """A call went through: the next trouble starts with the shortest pause again."""
    await session.execute(
        update(TrunkState)
        .where(TrunkState.name == name, TrunkState.pause_seconds > 0)
        .values(pause_seconds=0.0, reason="")
    )
