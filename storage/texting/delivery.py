"""What became of sent messages: the gateway's ids and its reports, in whichever order they come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import TextPart
from storage.texting.outbox import MESSAGES

PARTS = cast(Table, TextPart.__table__)
_OPEN = ("", "enroute", "unknown")
"""States of a part after which another may come; a final one stays."""
_FAILED = ("undeliverable", "rejected", "expired")


@dataclass(frozen=True)
class Undelivered:
    """A message that did not reach the phone."""

    message_id: int
    attempt_id: int | None
    purpose: str
    state: str
    """undeliverable, rejected, expired, or refused by the gateway itself."""
    error: str
    invalid_number: bool = False


def _upsert(session: AsyncSession) -> Any:
    dialect = session.get_bind().dialect.name
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(PARTS)


_ACCEPTED = (
    update(MESSAGES)
    .where(
        MESSAGES.c.id == bindparam("which"),
        or_(MESSAGES.c.state == "sending", MESSAGES.c.state == "uncertain"),
    )
    .values(state="accepted", error="", person="")
)


async def accepted(
    session: AsyncSession, sent: Sequence[tuple[int, str, tuple[str, ...]]], now: datetime
) -> list[Undelivered]:
    """Note messages that the gateway took: (message, gateway, its ids).

    Returns those of which it has told already that they did not arrive.
    """
    if not sent:
        return []
    connection = await session.connection()
    await connection.execute(_ACCEPTED, [{"which": message} for message, _, _ in sent])
    rows = [
        {
            "gateway": gateway,
            "gateway_id": own[:200],
            "message_id": message,
            "state": "",
            "error": "",
            "invalid_number": False,
            "at": now,
        }
        for message, gateway, ids in sent
        for own in dict.fromkeys(ids)
    ]
    if not rows:
        return []
    statement = _upsert(session)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["gateway", "gateway_id"],
            set_={"message_id": statement.excluded.message_id},
        ),
        rows,
    )
    reported = await session.scalars(
        select(PARTS.c.message_id)
        .where(PARTS.c.message_id.in_([message for message, _, _ in sent]), PARTS.c.state != "")
        .distinct()
    )
    found = [await _settled(session, message, now) for message in reported.all()]
    return [one for one in found if one is not None]


async def reported(
    session: AsyncSession,
    gateway: str,
    gateway_id: str,
    *,
    state: str,
    error: str,
    invalid_number: bool,
    at: datetime,
    now: datetime,
) -> Undelivered | None:
    """Note a delivery report; what it says again, or too late, changes nothing.

    Returns the message where it is known by this that it did not arrive.
    """
    statement = _upsert(session).values(
        gateway=gateway,
        gateway_id=gateway_id[:200],
        message_id=None,
        state=state,
        error=error[:100],
        invalid_number=invalid_number,
        at=at,
    )
    message = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["gateway", "gateway_id"],
            set_={
                "state": statement.excluded.state,
                "error": statement.excluded.error,
                "invalid_number": statement.excluded.invalid_number,
                "at": statement.excluded.at,
            },
            where=PARTS.c.state.in_(_OPEN),
        ).returning(PARTS.c.message_id)
    )
    return None if message is None else await _settled(session, message, now)


async def _settled(session: AsyncSession, message: int, now: datetime) -> Undelivered | None:
    """Draw the sum of a message's parts: one lost part loses it."""
    parts = (
        await session.execute(
            select(PARTS.c.state, PARTS.c.error, PARTS.c.invalid_number).where(
                PARTS.c.message_id == message
            )
        )
    ).all()
    failed = next((part for part in parts if part.state in _FAILED), None)
    if failed is None:
        if all(part.state == "delivered" for part in parts):
            await _end(session, message, "delivered", "", now)
        return None
    error = f"{failed.state} {failed.error}".strip()
    ended = await _end(session, message, "failed", error, now)
    if ended is None:
        return None
    return Undelivered(
        message, ended.attempt_id, ended.purpose, failed.state, error, failed.invalid_number
    )


async def _end(session: AsyncSession, message: int, state: str, error: str, now: datetime) -> Any:
    ended = await session.execute(
        update(MESSAGES)
        .where(MESSAGES.c.id == message, MESSAGES.c.state.in_(("accepted", "uncertain")))
        .values(state=state, error=error[:300], ended_at=now)
        .returning(MESSAGES.c.attempt_id, MESSAGES.c.purpose)
    )
    return ended.one_or_none()


async def refused(
    session: AsyncSession, messages: Sequence[tuple[int, str, bool]], now: datetime
) -> list[Undelivered]:
    """Note messages that the gateway refused for good: (id, why, invalid number)."""
    found = []
    for message, why, invalid in messages:
        ended = (
            await session.execute(
                update(MESSAGES)
                .where(MESSAGES.c.id == message, MESSAGES.c.state == "sending")
                .values(state="failed", error=why[:300], ended_at=now)
                .returning(MESSAGES.c.attempt_id, MESSAGES.c.purpose)
            )
        ).one_or_none()
        if ended is not None:
            found.append(
                Undelivered(message, ended.attempt_id, ended.purpose, "refused", why, invalid)
            )
    return found
