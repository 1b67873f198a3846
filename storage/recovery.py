"""Which dialers live, and what the dead ones left: open attempts go to a person, never back.

A dialer's row is written before its first claim and touched while it lives.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.cloud_calls import CLOUD
from storage.facts import known_callbacks
from storage.followups import open_item
from storage.incoming.calls import close_calls_of
from storage.schema import Attempt, Batch, Callback, Command, DialerState

FORGOTTEN = timedelta(hours=3)
"""The provider ends every call before that."""


@dataclass(frozen=True)
class Interrupted:
    """One attempt whose dialer died."""

    attempt_id: int
    callback_id: int
    dialer: str


async def sign_on(session: AsyncSession, name: str, now: datetime) -> None:
    """Write down that dialer `name` runs from now on."""
    await session.execute(insert(DialerState).values(name=name, started_at=now, seen_at=now))


async def sign_of_life(session: AsyncSession, name: str, now: datetime) -> bool:
    """Touch the row of `name`; False where others took it for dead meanwhile."""
    seen = await session.scalar(
        update(DialerState)
        .where(DialerState.name == name, DialerState.stopped_at.is_(None))
        .values(seen_at=now)
        .returning(DialerState.name)
    )
    return seen is not None


async def sign_off(session: AsyncSession, name: str, now: datetime) -> None:
    """Write down that dialer `name` has ended in order."""
    await session.execute(
        update(DialerState).where(DialerState.name == name).values(seen_at=now, stopped_at=now)
    )


async def dead_dialers(
    session: AsyncSession,
    now: datetime,
    *,
    gone: Callable[[str], bool],
    stale: timedelta,
) -> list[str]:
    """Return dialers that hold open attempts, or never signed off, and no longer live.

    `gone(name)` knows it for sure (a process of this machine that is not there); others count as
    dead once they gave no sign of life for `stale`.
    """
    holders = select(Attempt.dialer).where(Attempt.state == "open", _in_a_process(now))
    rows = await session.execute(
        select(DialerState.name, DialerState.seen_at, DialerState.stopped_at).where(
            DialerState.stopped_at.is_(None) | DialerState.name.in_(holders)
        )
    )
    signed_on = {name: (seen, stopped) for name, seen, stopped in rows}
    dead = [
        name
        for name, (seen, stopped) in signed_on.items()
        if stopped is not None or gone(name) or seen < now - stale
    ]
    # An attempt without a dialer's row cannot be: but if it is, it is nobody's.
    for name in (await session.scalars(holders.distinct())).all():
        if name not in signed_on and gone(name):
            dead.append(name)
    return dead


async def recover(
    session: AsyncSession, dialers: Collection[str], now: datetime, *, why: str
) -> Sequence[Interrupted]:
    """Close what `dialers` left open as unknown, and put each into a person's queue.

    `why`: in words, for the callback's state. Whether these phones rang nobody knows; they are
    never called again by the machine.
    """
    if not dialers:
        return ()
    calls = and_(Attempt.dialer.in_(dialers), _in_a_process(now))
    found = await _to_a_person(session, calls, now, why)
    await close_calls_of(session, dialers)
    await session.execute(
        update(DialerState)
        .where(DialerState.name.in_(dialers), DialerState.stopped_at.is_(None))
        .values(stopped_at=now)
    )
    return found


async def give_up(
    session: AsyncSession, attempt_ids: Collection[int], now: datetime, *, why: str
) -> Sequence[Interrupted]:
    """Close these attempts as unknown, each with an item in a person's queue."""
    return await _to_a_person(session, Attempt.id.in_(attempt_ids), now, why)


async def forget_pauses(session: AsyncSession, name: str) -> None:
    """Let batches run again that a dialer paused for a trouble of its own and then died.

    Only where no other dialer than `name` lives. What a person paused stays: that left a command.
    """
    others = select(DialerState.name).where(
        DialerState.stopped_at.is_(None), DialerState.name != name
    )
    latest = (
        select(Command.command)
        .where(Command.batch_id == Batch.id)
        .order_by(Command.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    await session.execute(
        update(Batch)
        .where(Batch.state == "paused", Batch.state_reason != "", ~others.exists())
        .where(func.coalesce(latest, "") != "pause")
        .values(state="running", state_reason="")
        .execution_options(synchronize_session=False)
    )


def _in_a_process(now: datetime) -> ColumnElement[bool]:
    """Return which attempts die with their dialer.

    A conversation by text, or held by a cloud provider, is in no process: its state is in the
    database, it goes on. A provider's call that nobody closed for so long was forgotten.
    """
    forgotten = and_(Attempt.channel == CLOUD, Attempt.claimed_at < now - FORGOTTEN)
    return or_(Attempt.channel.not_in(("sms", CLOUD)), forgotten)


async def _to_a_person(
    session: AsyncSession, which: ColumnElement[bool], now: datetime, why: str
) -> list[Interrupted]:
    rows = await session.execute(
        update(Attempt)
        .where(which, Attempt.state == "open")
        .values(state="closed", disposition="unknown", ended_at=now, reason="interrupted")
        .returning(Attempt.id, Attempt.callback_id, Attempt.dialer)
        .execution_options(synchronize_session=False)
    )
    found = [Interrupted(*row) for row in rows.all()]
    if not found:
        return found
    ids = [one.callback_id for one in found]
    await session.execute(
        update(Callback)
        .where(Callback.id.in_(ids))
        .values(
            state="follow_up",
            state_reason=why,
            disposition="unknown",
            tries=Callback.tries + 1,
            closed_at=now,
        )
    )
    for callback in (await known_callbacks(session, ids)).values():
        await open_item(
            session,
            case_id=callback.case_id,
            callback_id=callback.id,
            party_id=callback.party_id,
            reason="unknown",
            deadline=callback.deadline,
            key_incident=callback.key_incident,
            now=now,
        )
    return found
