"""The outbox: what is to be sent is a row first, and leaves it once.

    waiting -> sending (claimed, within the gateway's rate) -> accepted -> delivered | failed
                                                            -> uncertain, waiting again, failed

A message that was `sending` when its process died is `uncertain`: nobody knows whether it left,
so it is never sent again. Only what the gateway surely did not take goes back to `waiting`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import DoNotCall, TextMessage
from storage.texting.conversations import CONVERSATIONS
from storage.texting.gateway_lanes import GatewayLane, lock_gateway, save_next

MESSAGES = cast(Table, TextMessage.__table__)
STALE = timedelta(minutes=5)
"""A message that is `sending` for so long lost its process, wherever that ran."""


@dataclass(frozen=True)
class Outgoing:
    """A message that is to be sent."""

    attempt_id: int | None
    gateway: str
    e164: str
    text: str
    parts: int
    encoding: str
    purpose: str
    quiet: bool
    """True: it waits for the party's calling hours."""
    not_after: datetime | None = None
    """It is not sent any more from then on; None: whenever it may be."""


@dataclass(frozen=True)
class ToSend:
    """A message that this process may send, from `at` on: nobody else will."""

    id: int
    attempt_id: int | None
    gateway: str
    e164: str
    text: str
    purpose: str
    tries: int
    at: datetime


@dataclass(frozen=True)
class Granted:
    """What one look into the outbox came to."""

    messages: tuple[ToSend, ...] = ()
    look_again: datetime | None = None
    """Where nothing more may leave now although something waits: when it may."""


Quiet = Callable[[str, datetime], datetime]
"""(the party's time zone, now) -> the earliest moment at which a message may reach them."""


_PUT = insert(MESSAGES).returning(MESSAGES.c.id, MESSAGES.c.attempt_id, MESSAGES.c.purpose)


async def put(session: AsyncSession, messages: Sequence[Outgoing], now: datetime) -> dict[int, int]:
    """Keep messages to be sent; returns the id of the question of each attempt."""
    if not messages:
        return {}
    rows = [
        {
            **one.__dict__,
            "direction": "out",
            "state": "waiting",
            "not_before": now,
            "created_at": now,
            "gateway_id": "",
        }
        for one in messages
    ]
    made = await (await session.connection()).execute(_PUT, rows)
    return {row.attempt_id: row.id for row in made if row.purpose == "question"}


async def put_failed(session: AsyncSession, message: Outgoing, now: datetime, why: str) -> None:
    """Keep a message that is not sent, because it never could be: people are to see it."""
    row = {**message.__dict__, "direction": "out", "state": "failed", "error": why}
    await session.execute(insert(MESSAGES).values(**row, created_at=now, ended_at=now))


_WAITING = (
    select(
        MESSAGES.c.id,
        MESSAGES.c.attempt_id,
        MESSAGES.c.gateway,
        MESSAGES.c.e164,
        MESSAGES.c.text,
        MESSAGES.c.purpose,
        MESSAGES.c.tries,
        MESSAGES.c.parts,
        MESSAGES.c.quiet,
        func.coalesce(CONVERSATIONS.c.time_zone, "").label("time_zone"),
        DoNotCall.e164.label("listed"),
        MESSAGES.c.not_after,
    )
    .outerjoin(CONVERSATIONS, CONVERSATIONS.c.attempt_id == MESSAGES.c.attempt_id)
    .outerjoin(DoNotCall, DoNotCall.e164 == MESSAGES.c.e164)
    .where(
        MESSAGES.c.state == "waiting",
        MESSAGES.c.gateway == bindparam("gateway"),
        MESSAGES.c.not_before <= bindparam("now", type_=MESSAGES.c.not_before.type),
    )
    # Who has just written is answered first.
    .order_by(MESSAGES.c.quiet, MESSAGES.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=MESSAGES, skip_locked=True)
)
_LATER = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("which"))
    .values(not_before=bindparam("until", type_=MESSAGES.c.not_before.type))
)
_SENDING = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("which"))
    .values(
        state="sending",
        sender=bindparam("by"),
        sent_at=bindparam("at", type_=MESSAGES.c.sent_at.type),
    )
)


async def claim_to_send(
    session: AsyncSession,
    gateway: str,
    *,
    now: datetime,
    per_second: float,
    ahead: timedelta,
    most: int,
    sender: str,
    quiet: Quiet,
) -> Granted:
    """Take messages of one gateway for sending, each with its moment; commit, then send them.

    `per_second`: parts that may leave in any second, over all processes; `ahead`: how far ahead
    moments are given out.
    """
    lane = await lock_gateway(session, gateway)
    start = max(lane.next_at or now, now)
    if lane.paused_until is not None and lane.paused_until > now:
        return Granted(look_again=lane.paused_until)
    if start > now + ahead:
        return Granted(look_again=start - ahead)
    connection = await session.connection()
    rows = (
        await connection.execute(_WAITING, {"gateway": gateway, "now": now, "most": most})
    ).all()
    taken: list[ToSend] = []
    later: list[dict[str, Any]] = []
    listed: list[int] = []
    pointless: list[int] = []
    again: datetime | None = None
    for row in rows:
        if row.listed is not None:
            listed.append(row.id)
            continue
        if row.not_after is not None and row.not_after <= now:
            pointless.append(row.id)
            continue
        if row.quiet and (until := quiet(row.time_zone, now)) > now:
            later.append({"which": row.id, "until": until})
            continue
        if start > now + ahead:
            again = start - ahead
            break
        taken.append(ToSend(*row[:7], start))
        start += timedelta(seconds=row.parts / per_second)
    if later:
        await connection.execute(_LATER, later)
    if listed:
        await cancel(session, MESSAGES.c.id.in_(listed), now, "do_not_call")
    if pointless:
        await cancel(session, MESSAGES.c.id.in_(pointless), now, "too_late")
    if taken:
        rows_now = [{"which": one.id, "by": sender, "at": one.at} for one in taken]
        await connection.execute(_SENDING, rows_now)
        await save_next(session, GatewayLane(gateway, next_at=start))
    if again is None and len(rows) == most:
        again = now
    return Granted(tuple(taken), again)


async def cancel(session: AsyncSession, which: Any, now: datetime, why: str = "") -> None:
    """Take messages back that were not handed to the gateway yet."""
    await session.execute(
        update(MESSAGES)
        .where(which, MESSAGES.c.state == "waiting", MESSAGES.c.direction == "out")
        .values(state="cancelled", ended_at=now, error=why)
    )


async def cancel_of(session: AsyncSession, attempt_ids: Collection[int], now: datetime) -> None:
    """Take back what these conversations have not sent yet."""
    if attempt_ids:
        connection = await session.connection()
        await connection.execute(_CANCEL_OF, {"attempts": tuple(attempt_ids), "at": now})


_CANCEL_OF = (
    update(MESSAGES)
    .where(
        MESSAGES.c.attempt_id.in_(bindparam("attempts", expanding=True)),
        MESSAGES.c.state == "waiting",
    )
    .values(state="cancelled", ended_at=bindparam("at", type_=MESSAGES.c.ended_at.type))
)


async def lost(
    session: AsyncSession, now: datetime, *, gone: Callable[[str], bool], own: str
) -> int:
    """Mark as uncertain what dead processes were sending; returns how many.

    `gone(sender)`: surely no more. Others count as dead once they have been at it for `STALE`.
    """
    rows = await session.execute(
        select(MESSAGES.c.id, MESSAGES.c.sender, MESSAGES.c.sent_at)
        .where(MESSAGES.c.state == "sending", MESSAGES.c.sender != own)
        .with_for_update(skip_locked=True)
    )
    dead = [row.id for row in rows if gone(row.sender) or row.sent_at < now - STALE]
    if dead:
        await mark_uncertain(session, dict.fromkeys(dead, "interrupted"), now)
    return len(dead)


async def mark_uncertain(session: AsyncSession, why: dict[int, str], now: datetime) -> None:
    """Nobody knows whether these left: never sent again, shown to a person."""
    connection = await session.connection()
    await connection.execute(
        _UNCERTAIN,
        [{"which": message, "why": reason[:300], "at": now} for message, reason in why.items()],
    )


_UNCERTAIN = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("which"), MESSAGES.c.state == "sending")
    .values(
        state="uncertain",
        person="wanted",
        error=bindparam("why"),
        ended_at=bindparam("at", type_=MESSAGES.c.ended_at.type),
    )
)


async def back(session: AsyncSession, messages: Sequence[tuple[int, datetime, str]]) -> None:
    """Let messages wait again that the gateway surely did not take: (id, until, why)."""
    await (await session.connection()).execute(
        _BACK,
        [{"which": one, "until": until, "why": why[:300]} for one, until, why in messages],
    )


_BACK = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("which"), MESSAGES.c.state == "sending")
    .values(
        state="waiting",
        sender="",
        sent_at=None,
        tries=MESSAGES.c.tries + 1,
        error=bindparam("why"),
        not_before=bindparam("until", type_=MESSAGES.c.not_before.type),
    )
)


async def backlog(session: AsyncSession, now: datetime) -> dict[str, int]:
    """Return how many messages of each gateway could leave now."""
    rows = await session.execute(
        select(MESSAGES.c.gateway, func.count())
        .where(MESSAGES.c.state == "waiting", MESSAGES.c.not_before <= now)
        .group_by(MESSAGES.c.gateway)
    )
    return {row[0]: row[1] for row in rows}


async def next_to_send(session: AsyncSession) -> datetime | None:
    """Return when the next waiting message may leave; None: none waits."""
    found: datetime | None = await session.scalar(
        select(func.min(MESSAGES.c.not_before)).where(MESSAGES.c.state == "waiting")
    )
    return found
