"""What became of sent messages: the gateway's ids and its reports, in whichever order they come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

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


@dataclass(frozen=True)
class Report:
    """What a gateway told of one of its ids."""

    gateway: str
    gateway_id: str
    state: str
    """A word of `ivr.texting.contract.DeliveryState`."""
    error: str
    invalid_number: bool
    at: datetime


@cache
def _noting(dialect: str) -> Any:
    """Keep the message of an id; a report that came before it stays."""
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(PARTS)
    return statement.on_conflict_do_update(
        index_elements=["gateway", "gateway_id"],
        set_={"message_id": statement.excluded.message_id},
    )


@cache
def _reporting(dialect: str) -> Any:
    """Keep a report; a final one stays, whatever comes after it."""
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(PARTS)
    told = ("state", "error", "invalid_number", "at")
    return statement.on_conflict_do_update(
        index_elements=["gateway", "gateway_id"],
        set_={name: statement.excluded[name] for name in told},
        where=or_(*(PARTS.c.state == state for state in _OPEN)),
    )


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
    await connection.execute(_noting(connection.dialect.name), rows)
    found = await connection.execute(_TOLD, {"messages": [message for message, _, _ in sent]})
    return await _settle(connection, [row[0] for row in found], now)


_TOLD = (
    select(PARTS.c.message_id)
    .where(PARTS.c.message_id.in_(bindparam("messages", expanding=True)), PARTS.c.state != "")
    .distinct()
)


async def reported(
    session: AsyncSession, reports: Sequence[Report], now: datetime
) -> list[Undelivered]:
    """Note delivery reports; what they say again, or too late, changes nothing.

    Returns the messages of which it is known by this that they did not arrive.
    """
    if not reports:
        return []
    connection = await session.connection()
    rows = [{**one.__dict__, "message_id": None} for one in reports]
    for row in rows:
        row["gateway_id"], row["error"] = row["gateway_id"][:200], row["error"][:100]
    await connection.execute(_reporting(connection.dialect.name), rows)
    messages: set[int] = set()
    for gateway in {one.gateway for one in reports}:
        ids = [row["gateway_id"] for row in rows if row["gateway"] == gateway]
        known = await connection.execute(_KNOWN, {"gateway": gateway, "ids": ids})
        messages.update(row[0] for row in known)
    return await _settle(connection, messages, now)


_KNOWN = select(PARTS.c.message_id).where(
    PARTS.c.gateway == bindparam("gateway"),
    PARTS.c.gateway_id.in_(bindparam("ids", expanding=True)),
    PARTS.c.message_id.is_not(None),
)
_PARTS_OF = select(PARTS.c.message_id, PARTS.c.state, PARTS.c.error, PARTS.c.invalid_number).where(
    PARTS.c.message_id.in_(bindparam("messages", expanding=True))
)
_SENT = select(MESSAGES.c.id, MESSAGES.c.attempt_id, MESSAGES.c.purpose).where(
    MESSAGES.c.id.in_(bindparam("messages", expanding=True)),
    MESSAGES.c.state.in_(("accepted", "uncertain")),
)
_END = (
    update(MESSAGES)
    .where(
        MESSAGES.c.id == bindparam("which"),
        or_(MESSAGES.c.state == "accepted", MESSAGES.c.state == "uncertain"),
    )
    .values(
        state=bindparam("now_is"),
        error=bindparam("why"),
        ended_at=bindparam("at", type_=MESSAGES.c.ended_at.type),
    )
)


async def _settle(
    connection: AsyncConnection, messages: Collection[int], now: datetime
) -> list[Undelivered]:
    """Draw the sum of each message's parts: one lost part loses it."""
    if not messages:
        return []
    parts: dict[int, list[Any]] = {}
    asked = {"messages": tuple(messages)}
    for row in await connection.execute(_PARTS_OF, asked):
        parts.setdefault(row.message_id, []).append(row)
    found: list[Undelivered] = []
    ends: list[dict[str, Any]] = []
    for message, attempt, purpose in (await connection.execute(_SENT, asked)).all():
        told = parts[message]
        failed = next((part for part in told if part.state in _FAILED), None)
        if failed is not None:
            why = f"{failed.state} {failed.error}".strip()
            ends.append({"which": message, "now_is": "failed", "why": why[:300], "at": now})
            found.append(
                Undelivered(message, attempt, purpose, failed.state, why, failed.invalid_number)
            )
        elif all(part.state == "delivered" for part in told):
            ends.append({"which": message, "now_is": "delivered", "why": "", "at": now})
    if ends:
        await connection.execute(_END, ends)
    return found


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
