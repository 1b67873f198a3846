"""Conversations by text as rows: who is waited for, what a turn changed, who has been silent.

Functions take the caller's session: a reply, its answers, the next question and the end of the
attempt are one transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.plan import SMS
from storage.schema import Attempt, Batch, Callback, TextConversation, TextMessage

CONVERSATIONS = cast(Table, TextConversation.__table__)
_COLUMNS = tuple(
    column for column in CONVERSATIONS.columns if column.name not in ("state", "ended_at")
)


@dataclass
class Conversation:
    """One conversation that waits for a reply; changed in place, then saved."""

    attempt_id: int
    flow_version_id: int
    gateway: str
    e164: str
    time_zone: str
    session: dict[str, Any]
    question_id: int | None
    question: str
    asked_at: datetime | None
    look_at: datetime
    reminded_at: datetime | None
    replies: int
    last_reply: str
    position: int
    booked_at: datetime | None
    person_wanted: bool
    begun_at: datetime
    state: str = "waiting"
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Ended:
    """The latest conversation with a number that is over."""

    attempt_id: int
    callback_id: int
    disposition: str
    ended_at: datetime


_SELECT = select(*_COLUMNS).where(CONVERSATIONS.c.state == "waiting")
_WAITING = (
    _SELECT.where(CONVERSATIONS.c.e164.in_(bindparam("numbers", expanding=True)))
    .order_by(CONVERSATIONS.c.attempt_id)
    .with_for_update()
)
_SILENT = (
    _SELECT.where(CONVERSATIONS.c.look_at <= bindparam("now", type_=CONVERSATIONS.c.look_at.type))
    .order_by(CONVERSATIONS.c.look_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_INSERT = insert(CONVERSATIONS)


async def begin(session: AsyncSession, rows: Sequence[Conversation]) -> None:
    """Keep conversations that begin."""
    if rows:
        await (await session.connection()).execute(_INSERT, [dict(row.__dict__) for row in rows])


async def waiting_for(session: AsyncSession, numbers: Collection[str]) -> dict[str, Conversation]:
    """Return the conversations that wait for a reply from these numbers, locked, by number.

    A number has one open attempt at most (a unique index), so one conversation.
    """
    asked = {"numbers": tuple(numbers)}
    rows = await (await session.connection()).execute(_WAITING, asked)
    return {row.e164: Conversation(**row._mapping) for row in rows}


async def silent(session: AsyncSession, now: datetime, most: int) -> list[Conversation]:
    """Return conversations whose silence has to be dealt with, locked."""
    rows = await (await session.connection()).execute(_SILENT, {"now": now, "most": most})
    return [Conversation(**row._mapping) for row in rows]


async def conversations(
    session: AsyncSession, attempt_ids: Collection[int]
) -> dict[int, Conversation]:
    """Return these conversations where they still wait, locked, by attempt."""
    query = _SELECT.where(CONVERSATIONS.c.attempt_id.in_(attempt_ids)).with_for_update()
    rows = await session.execute(query.order_by(CONVERSATIONS.c.attempt_id))
    return {row.attempt_id: Conversation(**row._mapping) for row in rows}


async def of_stopped_batches(session: AsyncSession, most: int) -> list[Conversation]:
    """Return conversations of batches that a person stopped, locked."""
    # From the batches' side, one look after another: in one statement SQLite goes through
    # everybody who is waited for, each time.
    stopped = (await session.scalars(select(Batch.id).where(Batch.state == "stopped"))).all()
    if not stopped:
        return []
    asked = await session.scalars(
        select(Attempt.id)
        .join(Callback, Callback.id == Attempt.callback_id)
        .where(Callback.batch_id.in_(stopped), Callback.state == "calling")
        .where(Attempt.channel == SMS, Attempt.state == "open")
        .limit(most)
    )
    return list((await conversations(session, asked.all())).values())


_CHANGING = (
    *("session", "question_id", "question", "asked_at", "look_at", "reminded_at", "replies"),
    *("last_reply", "position", "booked_at", "person_wanted", "state", "ended_at"),
)
_SAVE = (
    update(CONVERSATIONS)
    .where(CONVERSATIONS.c.attempt_id == bindparam("which"))
    .values({name: bindparam(f"_{name}", type_=CONVERSATIONS.c[name].type) for name in _CHANGING})
)


async def save(session: AsyncSession, changed: Collection[Conversation]) -> None:
    """Keep what changed."""
    rows = [
        {"which": one.attempt_id, **{f"_{name}": getattr(one, name) for name in _CHANGING}}
        for one in changed
    ]
    if rows:
        await (await session.connection()).execute(_SAVE, rows)


async def latest_ended(
    session: AsyncSession, numbers: Collection[str], since: datetime
) -> dict[str, Ended]:
    """Return the latest conversation with each number that ended after `since`."""
    rows = await session.execute(
        select(
            CONVERSATIONS.c.e164,
            CONVERSATIONS.c.attempt_id,
            Attempt.callback_id,
            Attempt.disposition,
            CONVERSATIONS.c.ended_at,
        )
        .join(Attempt, Attempt.id == CONVERSATIONS.c.attempt_id)
        .where(CONVERSATIONS.c.e164.in_(numbers), CONVERSATIONS.c.state == "ended")
        .where(CONVERSATIONS.c.ended_at > since)
        .order_by(CONVERSATIONS.c.attempt_id)
    )
    return {row[0]: Ended(row[1], row[2], row[3] or "", row[4]) for row in rows}


async def unsure_whether_asked(
    session: AsyncSession, question_ids: Collection[int]
) -> frozenset[int]:
    """Return those of these messages of which nobody knows whether they were sent."""
    if not question_ids:
        return frozenset()
    found = await session.scalars(
        select(TextMessage.id).where(
            TextMessage.id.in_(question_ids), TextMessage.state == "uncertain"
        )
    )
    return frozenset(found)


_ASKED = (
    update(CONVERSATIONS)
    .where(
        CONVERSATIONS.c.attempt_id == bindparam("which"),
        CONVERSATIONS.c.state == "waiting",
        CONVERSATIONS.c.question_id == bindparam("message"),
    )
    .values(
        asked_at=bindparam("at", type_=CONVERSATIONS.c.asked_at.type),
        look_at=bindparam("look", type_=CONVERSATIONS.c.look_at.type),
    )
)
_REMINDED = (
    update(CONVERSATIONS)
    .where(CONVERSATIONS.c.attempt_id == bindparam("which"), CONVERSATIONS.c.state == "waiting")
    .values(look_at=bindparam("look", type_=CONVERSATIONS.c.look_at.type))
)


async def asked(
    session: AsyncSession,
    sent: Sequence[tuple[int, int, str, datetime]],
    *,
    patience: timedelta,
    after_reminder: timedelta,
) -> None:
    """Note questions and reminders that go out: (attempt, message, purpose, when)."""
    connection = await session.connection()
    questions = [
        {"which": attempt, "message": message, "at": at, "look": at + patience}
        for attempt, message, purpose, at in sent
        if purpose == "question"
    ]
    reminders = [
        {"which": attempt, "look": at + after_reminder}
        for attempt, _, purpose, at in sent
        if purpose == "reminder"
    ]
    if questions:
        await connection.execute(_ASKED, questions)
    if reminders:
        await connection.execute(_REMINDED, reminders)
