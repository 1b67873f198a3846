"""Who might be called now: the callbacks next in line, with what a call needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, TextClause, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.plan import VOICE
from storage.facts import KnownCallback, callback_facts
from storage.schema import Batch, Callback, Party
from storage.types import UtcDateTime

CALLBACKS = cast(Table, Callback.__table__)
RIPEN = 200
"""Callbacks that one look marks as due, at most."""

# Written out, not bound: the planner must see the conditions of the partial indexes, and must
# read a few rows from the front of each running batch, however many wait there or in batches
# that are paused.
_FRONT = {
    "sqlite": (
        "SELECT c.id FROM batches b CROSS JOIN callbacks c ON c.id IN (SELECT x.id "
        "FROM callbacks x WHERE x.batch_id = b.id AND x.channel = :channel "
        "AND x.state = 'waiting' AND {which} "
        "AND x.next_at <= :now ORDER BY {order} LIMIT :most) "
        "WHERE b.state = 'running'{named} ORDER BY {outer} LIMIT :most"
    ),
    "postgresql": (
        "SELECT c.id FROM batches b CROSS JOIN LATERAL (SELECT x.id, x.priority, x.next_at "
        "FROM callbacks x WHERE x.batch_id = b.id AND x.channel = :channel "
        "AND x.state = 'waiting' AND {which} "
        "AND x.next_at <= :now ORDER BY {order} LIMIT :most) c "
        "WHERE b.state = 'running'{named} ORDER BY {outer} LIMIT :most"
    ),
}


@cache
def _front(dialect: str, which: str, order: str, named: bool) -> TextClause:
    """Return the query for the ids of the first :most of running batches (of :batches)."""
    statement = text(
        _FRONT[dialect].format(
            which=which,
            order=order,
            outer=order.replace("x.", "c."),
            named=" AND b.id IN :batches" if named else "",
        )
    ).bindparams(bindparam("now", type_=UtcDateTime()))
    return statement.bindparams(bindparam("batches", expanding=True)) if named else statement


def _bound(
    now: datetime, most: int, batches: Collection[int] | None, channel: str
) -> dict[str, Any]:
    bound: dict[str, Any] = {"now": now, "most": most, "channel": channel}
    return bound if batches is None else {**bound, "batches": tuple(batches)}


@dataclass(frozen=True)
class Candidate:
    """One callback that may be next."""

    callback_id: int
    batch_id: int
    flow_version_id: int
    extension: str
    language: str
    """Of the callback, else of the party; empty: the survey's own."""
    sequence: int
    """Attempts made so far."""
    known: KnownCallback
    """What the calling policy asks about."""


async def ripen(
    session: AsyncSession,
    now: datetime,
    batches: Collection[int] | None = None,
    channel: str = VOICE,
) -> bool:
    """Mark callbacks whose time has come as due; True where more may be left to mark."""
    dialect = session.get_bind().dialect.name
    coming = _front(dialect, "NOT x.due", "x.next_at, x.priority, x.id", batches is not None)
    ids = (await session.execute(coming, _bound(now, RIPEN, batches, channel))).scalars().all()
    if not ids:
        return False
    table = CALLBACKS
    if dialect == "postgresql":
        # Somebody who holds one of them (a correction, an import) is not waited for.
        locked = select(table.c.id).where(table.c.id.in_(ids), table.c.state == "waiting")
        ids = (await session.execute(locked.with_for_update(skip_locked=True))).scalars().all()
    await (await session.connection()).execute(_RIPE, {"ids": ids, "until": now})
    return len(ids) >= RIPEN


_RIPE = (
    update(CALLBACKS)
    .where(CALLBACKS.c.id.in_(bindparam("ids", expanding=True)), CALLBACKS.c.state == "waiting")
    .where(CALLBACKS.c.next_at <= bindparam("until", type_=UtcDateTime()))
    .values(due=True)
)


async def candidates(
    session: AsyncSession,
    now: datetime,
    limit: int,
    batches: Collection[int] | None = None,
    channel: str = VOICE,
) -> list[Candidate]:
    """Return those of `channel` next in line (priority, id) of running batches, locked.

    The priority holds the deadline (`dialer/deadline.py`): who has none comes last.
    """
    query = _line(session.get_bind().dialect.name, batches is not None)
    rows = await (await session.connection()).execute(query, _bound(now, limit, batches, channel))
    found = []
    for row in rows.all():
        known = KnownCallback._make(row[:_KNOWN])
        batch_id, flow_version_id, extension, language, sequence = row[_KNOWN:]
        found.append(
            Candidate(
                known.id, batch_id, flow_version_id, extension, language or "", sequence, known
            )
        )
    return found


_KNOWN = len(KnownCallback._fields)
"""Columns of the query that are facts; those of the candidate stand behind them."""
_DETAILS = (
    callback_facts(
        Callback.batch_id,
        Batch.flow_version_id,
        Callback.extension,
        func.coalesce(func.nullif(Callback.language, ""), Party.language).label("language"),
        Callback.sequence,
    )
    .join(Batch, Batch.id == Callback.batch_id)
    .where(Callback.state == "waiting")
    .order_by(Callback.priority, Callback.id)
)


@cache
def _line(dialect: str, named: bool) -> Any:
    """Built once: building it costs more than asking."""
    front = _front(dialect, "x.due", "x.priority, x.id", named)
    query = _DETAILS.where(CALLBACKS.c.id.in_(front.columns(CALLBACKS.c.id).scalar_subquery()))
    if dialect == "postgresql":
        query = query.with_for_update(of=CALLBACKS, skip_locked=True)
    return query


async def next_due(
    session: AsyncSession, batches: Collection[int] | None = None, channel: str = VOICE
) -> datetime | None:
    """Return when the next callback of a running batch becomes due by `channel`; None: none."""
    first = (
        select(Callback.next_at)
        .where(text("callbacks.state = 'waiting' AND NOT callbacks.due"))
        .where(Callback.batch_id == Batch.id, Callback.channel == channel)
        .order_by(Callback.next_at)
        .limit(1)
        .scalar_subquery()
    )
    query = select(func.min(first)).where(Batch.state == "running")
    if batches is not None:
        query = query.where(Batch.id.in_(batches))
    return await session.scalar(query)
