"""Calls that a cloud provider holds, as rows: begun, found by their token, changed, closed.

Functions take the caller's session: a turn's answers and the next turn are one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import Attempt, CloudCall, DialerState

CLOUD = "twilio"
"""Channel of the attempts that a cloud provider holds."""

_CALLS = cast(Table, CloudCall.__table__)
_ATTEMPTS = cast(Table, Attempt.__table__)


@dataclass(frozen=True)
class Held:
    """One call that the provider holds; the columns of `storage.schema.CloudCall`."""

    attempt_id: int
    flow_version_id: int
    trunk: str
    token: str
    name: str
    time_zone: str
    may_leave_message: bool
    session: dict[str, Any]
    awaited: str
    early: str
    twiml: str
    rest: str
    heard_at: datetime
    call_sid: str = ""
    position: int = 0
    booked_at: datetime | None = None
    person_wanted: bool = False
    acted: bool = False
    machine: str = ""
    put_through: bool = False
    fault: str = ""
    status: str = "queued"
    sip_status: int = 0
    error: str = ""
    dialed_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def over(self) -> bool:
        """True where nothing is asked any more."""
        return not self.awaited


async def begin(session: AsyncSession, held: Held) -> None:
    """Keep a call before it is made; from now on its attempt lives in no process."""
    await session.execute(insert(_CALLS), [dict(held.__dict__)])
    await session.execute(
        update(_ATTEMPTS).where(_ATTEMPTS.c.id == held.attempt_id).values(channel=CLOUD)
    )


async def by_token(session: AsyncSession, token: str, *, lock: bool = False) -> Held | None:
    """Return the call that addresses name so; `lock`: for changing it."""
    query = select(*_CALLS.columns).where(_CALLS.c.token == token)
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else Held(**row._mapping)


async def callback_of(session: AsyncSession, attempt_id: int) -> int:
    """Return the callback of an attempt."""
    query = select(_ATTEMPTS.c.callback_id).where(_ATTEMPTS.c.id == attempt_id)
    return int((await session.execute(query)).scalar_one())


async def by_sid(session: AsyncSession, trunk: str, call_sid: str) -> Held | None:
    """Return the call of one line that the provider names so."""
    query = select(*_CALLS.columns).where(_CALLS.c.trunk == trunk, _CALLS.c.call_sid == call_sid)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else Held(**row._mapping)


async def of_attempt(session: AsyncSession, attempt_id: int, *, lock: bool = False) -> Held | None:
    """Return the call of an attempt; `lock`: for changing it."""
    query = select(*_CALLS.columns).where(_CALLS.c.attempt_id == attempt_id)
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else Held(**row._mapping)


async def change(session: AsyncSession, attempt_id: int, /, **values: Any) -> None:
    """Change some columns of a call."""
    await session.execute(update(_CALLS).where(_CALLS.c.attempt_id == attempt_id).values(values))


async def take_turn(session: AsyncSession, held: Held, /, **values: Any) -> bool:
    """Change a call whose turn is still the one that `held` waits for; False where it is not:
    the same request came twice at once, and the other one was first."""
    taken = await session.execute(
        update(_CALLS)
        .where(_CALLS.c.attempt_id == held.attempt_id, _CALLS.c.awaited == held.awaited)
        .values(values)
        .returning(_CALLS.c.attempt_id)
    )
    return taken.one_or_none() is not None


async def orphans(session: AsyncSession, trunks: Sequence[str]) -> list[Held]:
    """Return the calls of open attempts whose dialer has ended: nobody waits for their end."""
    rows = await session.execute(
        select(*_CALLS.columns)
        .join(_ATTEMPTS, _ATTEMPTS.c.id == _CALLS.c.attempt_id)
        .outerjoin(DialerState, DialerState.name == _ATTEMPTS.c.dialer)
        .where(_ATTEMPTS.c.state == "open", _CALLS.c.trunk.in_(trunks))
        .where(DialerState.name.is_(None) | DialerState.stopped_at.is_not(None))
        .order_by(_CALLS.c.attempt_id)
    )
    return [Held(**row._mapping) for row in rows]
