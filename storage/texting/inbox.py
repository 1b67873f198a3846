"""What people write: kept first, dealt with afterwards, each message exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.texting.outbox import MESSAGES

_LOCK = 0x54455854
"""PostgreSQL advisory lock: one process deals with replies, so that they keep their order."""


@dataclass(frozen=True)
class Received:
    """A message that was kept and is to be dealt with."""

    id: int
    gateway: str
    e164: str
    text: str
    written_at: datetime
    """As the gateway tells it."""
    created_at: datetime
    """When it was kept here."""


@dataclass(frozen=True)
class Incoming:
    """A message of a person, as a gateway told it."""

    gateway: str
    gateway_id: str
    e164: str
    text: str
    parts: int
    encoding: str
    written_at: datetime
    created_at: datetime
    """When we were told."""


async def keep(session: AsyncSession, messages: Sequence[Incoming]) -> None:
    """Keep incoming messages; those that were kept before stay as they are."""
    rows = [
        {
            **one.__dict__,
            "gateway_id": one.gateway_id[:200],
            "e164": one.e164[:20],
            # PostgreSQL takes no zero bytes; nobody writes them.
            "text": one.text.replace("\0", ""),
            "direction": "in",
            "state": "received",
        }
        for one in messages
    ]
    if rows:
        connection = await session.connection()
        await connection.execute(_keeping(connection.dialect.name), rows)


@cache
def _keeping(dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(MESSAGES).on_conflict_do_nothing(
        index_elements=["gateway", "gateway_id"], index_where=text("direction = 'in'")
    )


_NEXT = (
    select(
        MESSAGES.c.id,
        MESSAGES.c.gateway,
        MESSAGES.c.e164,
        MESSAGES.c.text,
        MESSAGES.c.written_at,
        MESSAGES.c.created_at,
    )
    .where(MESSAGES.c.state == "received")
    .order_by(MESSAGES.c.id)
    .limit(bindparam("most"))
)


async def next_received(session: AsyncSession, most: int) -> list[Received]:
    """Return what is to be dealt with, in the order in which it came.

    Empty also where another process deals with it at this moment.
    """
    if session.get_bind().dialect.name == "postgresql":
        mine = await session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK})
        if not mine:
            return []
    rows = await (await session.connection()).execute(_NEXT, {"most": most})
    return [Received(*row) for row in rows]


_DEALT = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("which"), MESSAGES.c.state == "received")
    .values(
        state=bindparam("now_is"),
        attempt_id=bindparam("attempt", type_=MESSAGES.c.attempt_id.type),
        person=bindparam("who"),
        error=bindparam("why"),
        ended_at=bindparam("at", type_=MESSAGES.c.ended_at.type),
    )
)


@dataclass(frozen=True)
class Dealt:
    """What a received message came to."""

    id: int
    state: str
    attempt_id: int | None = None
    person: str = ""
    """``wanted`` where a person has to look."""
    error: str = ""


async def dealt(session: AsyncSession, found: Sequence[Dealt], now: datetime) -> None:
    """Note what received messages came to."""
    rows: list[dict[str, Any]] = [
        {
            "which": one.id,
            "now_is": one.state,
            "attempt": one.attempt_id,
            "who": one.person,
            "why": one.error[:300],
            "at": now,
        }
        for one in found
    ]
    if rows:
        await (await session.connection()).execute(_DEALT, rows)
