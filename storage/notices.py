"""Notices as rows: put in once, taken to be sent, marked with what became of them.

A row is `waiting`, then `sending` (committed before the mail server hears of it), then `sent`,
or `waiting` again, or `failed`; or a digest tells it (`gathered`). A `sending` row whose sender
died is taken again after `LEASE`: it may arrive twice then, under one message id, and never not
at all (mail knows no transaction that would let us promise exactly once).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import Notice

LEASE = timedelta(minutes=10)
"""A notice that somebody began to send so long ago is taken again."""
_SENDING_LOCK = 0x4E4F5449
"""PostgreSQL advisory lock: two senders must see each other's digests."""


@dataclass(frozen=True)
class Draft:
    """One thing to be told."""

    key: str
    kind: str
    facts: Mapping[str, Any]
    item_id: int | None = None
    moment: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    """One notice that may be sent now, as the rules of digests see it."""

    id: int
    kind: str
    recipient: str
    tries: int
    gathers: int


async def add(
    session: AsyncSession, drafts: Sequence[Draft], recipients: Collection[str], now: datetime
) -> int:
    """Keep each of `drafts` for each of `recipients`, unless it was kept before; how many are new.

    A second process that saw the same finds the unique key taken and adds nothing.
    """
    rows = [
        {
            "key": draft.key,
            "kind": draft.kind,
            "recipient": recipient,
            "facts": dict(draft.facts),
            "item_id": draft.item_id,
            "moment": draft.moment,
            "gathers": 0,
            "state": "waiting",
            "created_at": now,
            "next_at": now,
            "tries": 0,
            "error": "",
        }
        for draft in drafts
        for recipient in dict.fromkeys(recipients)
    ]
    added = 0
    for first in range(0, len(rows), 500):
        made = await session.scalars(
            _insert(session)
            .values(rows[first : first + 500])
            .on_conflict_do_nothing(index_elements=["key", "recipient"])
            .returning(Notice.id)
        )
        added += len(made.all())
    return added


async def known(session: AsyncSession, key: str) -> bool:
    """Return whether anybody was, or is to be, told of `key`."""
    return await session.scalar(select(Notice.id).where(Notice.key == key).limit(1)) is not None


def _insert(session: AsyncSession) -> Any:
    dialect = session.get_bind().dialect.name
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(Notice)


async def lock_sending(session: AsyncSession) -> None:
    """Wait until nobody else decides what is sent; held to the end of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SENDING_LOCK})


async def free_abandoned(session: AsyncSession, now: datetime) -> None:
    """Let what somebody began to send and never ended wait again."""
    await session.execute(
        update(Notice)
        .where(Notice.state == "sending", Notice.claimed_at <= now - LEASE)
        .values(state="waiting", tries=Notice.tries + 1)
    )


async def due(session: AsyncSession, now: datetime) -> list[Waiting]:
    """Return what may be sent now, first things first."""
    rows = await session.execute(
        select(Notice.id, Notice.kind, Notice.recipient, Notice.tries, Notice.gathers)
        .where(Notice.state == "waiting", Notice.next_at <= now)
        .order_by(Notice.id)
    )
    return [Waiting(*row) for row in rows]


async def flow(
    session: AsyncSession, recipient: str, kind: str, since: datetime
) -> tuple[int, datetime | None]:
    """Return how many single notices were begun after `since`, and when the last digest was made
    after it."""
    same = (Notice.recipient == recipient, Notice.kind == kind)
    singles = await session.scalar(
        select(func.count()).where(*same, Notice.gathers == 0, Notice.claimed_at > since)
    )
    digest = await session.scalar(
        select(Notice.created_at)
        .where(*same, Notice.gathers > 0, Notice.created_at > since)
        .order_by(Notice.created_at.desc())
        .limit(1)
    )
    return singles or 0, digest


async def gather(
    session: AsyncSession, which: Sequence[Waiting], now: datetime, *, shown: int
) -> Waiting:
    """Make one digest of `which` (of one recipient and kind); the facts of `shown` stand in it."""
    first, ids = which[0], [each.id for each in which]
    facts = list(
        await session.scalars(
            select(Notice.facts).where(Notice.id.in_(ids[:shown])).order_by(Notice.id)
        )
    )
    digest = Notice(
        key=f"digest:{first.id}",
        kind=first.kind,
        recipient=first.recipient,
        facts={"number": len(ids), "entries": facts},
        gathers=len(ids),
        created_at=now,
        next_at=now,
    )
    session.add(digest)
    await session.flush()
    for start in range(0, len(ids), 500):
        await session.execute(
            update(Notice)
            .where(Notice.id.in_(ids[start : start + 500]))
            .values(state="gathered", digest_id=digest.id)
        )
    return Waiting(digest.id, first.kind, first.recipient, 0, len(ids))


async def claim(session: AsyncSession, ids: Collection[int], now: datetime) -> list[Notice]:
    """Take these for sending; committed before the mail server hears of them."""
    rows = await session.scalars(
        update(Notice)
        .where(Notice.id.in_(ids), Notice.state == "waiting")
        .values(state="sending", claimed_at=now)
        .returning(Notice)
    )
    return sorted(rows.all(), key=lambda row: row.id)


async def mark(
    session: AsyncSession,
    notice: Notice,
    state: str,
    *,
    error: str = "",
    next_at: datetime | None = None,
    sent_at: datetime | None = None,
    tried: bool = True,
) -> bool:
    """Write down what became of a claimed notice; False where another sender took it meanwhile."""
    marked = await session.scalar(
        update(Notice)
        .where(
            Notice.id == notice.id,
            Notice.state == "sending",
            Notice.claimed_at == notice.claimed_at,
        )
        .values(
            state=state,
            error=error[:500],
            next_at=next_at or Notice.next_at,
            sent_at=sent_at,
            tries=Notice.tries + int(tried),
        )
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    return marked is not None


async def listed(
    session: AsyncSession, *, state: str = "", kind: str = "", limit: int = 100
) -> list[Notice]:
    """Return notices, the latest first."""
    query = select(Notice).order_by(Notice.id.desc()).limit(limit)
    if state:
        query = query.where(Notice.state == state)
    if kind:
        query = query.where(Notice.kind == kind)
    return list(await session.scalars(query))


async def counts(session: AsyncSession) -> dict[str, int]:
    """Return how many notices are in each state."""
    rows = await session.execute(select(Notice.state, func.count()).group_by(Notice.state))
    return {row[0]: row[1] for row in rows}


async def again(session: AsyncSession, now: datetime) -> int:
    """Let failed notices wait once more; how many."""
    rows = await session.scalars(
        update(Notice)
        .where(Notice.state == "failed")
        .values(state="waiting", next_at=now, created_at=now)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())
