"""The follow-up queue: one open item per case, what happened to it, and whose it is.

Functions take the caller's session, so that an outcome and its follow-up item, or two people
and one item, are one transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import TransientError, problem
from core.follow_up import FollowUpReason, rank
from storage.schema import Callback, Case, FollowUpEvent, FollowUpItem, Party, PartyNumber, Unit


async def open_item(
    session: AsyncSession,
    *,
    case_id: int,
    callback_id: int | None,
    party_id: int,
    reason: str,
    deadline: datetime | None,
    key_incident: bool,
    now: datetime,
    by: str = "",
    note: str = "",
) -> int:
    """Put a case into the queue, or add a further reason to the item that is open; its id.

    A more pressing reason raises the item; the earlier deadline stays. Two dialers that do this
    at once get one item: the unique index decides, the later one adds.
    """
    place = rank(reason, key_incident=key_incident)
    values: dict[str, Any] = {
        "case_id": case_id,
        "callback_id": callback_id,
        "party_id": party_id,
        "reason": reason,
        "rank": place,
        "deadline": deadline,
        "state": "open",
        "claimed_by": "",
        "outcome": "",
        "created_at": now,
    }
    for _ in range(3):
        made = await session.scalar(_insert_unless_open(session).values(values))
        if made is not None:
            await add_event(session, made, now, by, "opened", reason, note)
            return int(made)
        item = await session.scalar(
            select(FollowUpItem)
            .where(FollowUpItem.case_id == case_id, FollowUpItem.state != "closed")
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if item is not None:
            break
    else:  # pragma: no cover - closed three times between two statements
        raise TransientError(problem("queue-busy", case=case_id))
    item.rank = min(item.rank, place)
    if FollowUpReason(reason).pressing < FollowUpReason(item.reason).pressing:
        # Whoever opens the item calls the party that it is about.
        item.reason, item.party_id, item.callback_id = reason, party_id, callback_id
    if deadline is not None and (item.deadline is None or deadline < item.deadline):
        item.deadline = deadline
    await add_event(session, item.id, now, by, "added", reason, note)
    return item.id


def _insert_unless_open(session: AsyncSession) -> Any:
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return (
        insert(FollowUpItem)
        .on_conflict_do_nothing(index_elements=["case_id"], index_where=text("state <> 'closed'"))
        .returning(FollowUpItem.id)
    )


async def add_event(
    session: AsyncSession,
    item_id: int,
    now: datetime,
    by: str,
    event: str,
    *notes: str,
) -> None:
    """Note what happened to an item; notes are joined by blanks."""
    note = " ".join(part for part in notes if part)
    session.add(FollowUpEvent(item_id=item_id, at=now, by=by, event=event, note=note))
    await session.flush()


@dataclass(frozen=True)
class QueueEntry:
    """One follow-up item as the queue shows it."""

    id: int
    case_id: int
    case_number: str
    respondent_class: str
    unit: str
    key_incident: bool
    callback_id: int | None
    batch_id: int | None
    party_id: int
    party: str
    e164: str
    """Full number: mask it, unless the one who claimed the item asks."""
    reason: str
    rank: int
    deadline: datetime | None
    state: str
    claimed_by: str
    claimed_at: datetime | None
    outcome: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class QueueEvent:
    """One thing that happened to an item."""

    at: datetime
    by: str
    event: str
    note: str


async def entries(
    session: AsyncSession,
    *,
    item_id: int | None = None,
    state: str | None = None,
    claimed_by: str | None = None,
    case_ids: Collection[int] | None = None,
    party_ids: Collection[int] | None = None,
    limit: int | None = None,
) -> list[QueueEntry]:
    """Return items in the queue's order; `state` None: all that are not closed."""
    query = _entries()
    if item_id is not None:
        query = query.where(FollowUpItem.id == item_id)
    elif state is not None:
        query = query.where(FollowUpItem.state == state)
    elif case_ids is None and party_ids is None:
        query = query.where(FollowUpItem.state != "closed")
    if claimed_by is not None:
        query = query.where(FollowUpItem.claimed_by == claimed_by)
    if case_ids is not None:
        query = query.where(FollowUpItem.case_id.in_(case_ids))
    if party_ids is not None:
        query = query.where(FollowUpItem.party_id.in_(party_ids))
    rows = await session.execute(query.order_by(*ORDER).limit(limit))
    return [QueueEntry(**row._mapping) for row in rows]


ORDER = (
    FollowUpItem.rank,
    FollowUpItem.deadline.asc().nulls_last(),
    FollowUpItem.id,
)
"""Key incident, dissatisfaction, deadline; then who came first."""


def _entries() -> Any:
    first_number = (
        select(PartyNumber.e164)
        .where(PartyNumber.party_id == FollowUpItem.party_id)
        .order_by(PartyNumber.invalid_since.is_not(None), PartyNumber.position)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            FollowUpItem.id,
            FollowUpItem.case_id,
            Case.case_number,
            Case.respondent_class,
            func.coalesce(Unit.name, "").label("unit"),
            Case.key_incident,
            FollowUpItem.callback_id,
            Callback.batch_id,
            FollowUpItem.party_id,
            Party.name.label("party"),
            func.coalesce(Callback.e164, first_number, "").label("e164"),
            FollowUpItem.reason,
            FollowUpItem.rank,
            FollowUpItem.deadline,
            FollowUpItem.state,
            FollowUpItem.claimed_by,
            FollowUpItem.claimed_at,
            FollowUpItem.outcome,
            FollowUpItem.created_at,
            FollowUpItem.closed_at,
        )
        .join(Case, Case.id == FollowUpItem.case_id)
        .join(Party, Party.id == FollowUpItem.party_id)
        .outerjoin(Unit, Unit.id == Case.unit_id)
        .outerjoin(Callback, Callback.id == FollowUpItem.callback_id)
    )


async def events(session: AsyncSession, item_id: int) -> list[QueueEvent]:
    """Return what happened to an item, first things first."""
    rows = await session.execute(
        select(FollowUpEvent.at, FollowUpEvent.by, FollowUpEvent.event, FollowUpEvent.note)
        .where(FollowUpEvent.item_id == item_id)
        .order_by(FollowUpEvent.id)
    )
    return [QueueEvent(**row._mapping) for row in rows]


async def claim_next(session: AsyncSession, *, by: str, now: datetime) -> int | None:
    """Give the first open item to `by`; its id, or None where none is open. One statement."""
    first = (
        select(FollowUpItem.id)
        .where(FollowUpItem.state == "open")
        .order_by(*ORDER)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return await _claim(session, FollowUpItem.id == first, by, now)


async def claim(session: AsyncSession, item_id: int, *, by: str, now: datetime) -> bool:
    """Give this item to `by`; False where it is not open any more."""
    return await _claim(session, FollowUpItem.id == item_id, by, now) is not None


async def _claim(
    session: AsyncSession, which: ColumnElement[bool], by: str, now: datetime
) -> int | None:
    claimed = await session.scalar(
        update(FollowUpItem)
        .where(which, FollowUpItem.state == "open")
        .values(state="claimed", claimed_by=by, claimed_at=now)
        .returning(FollowUpItem.id)
        .execution_options(synchronize_session=False)
    )
    if claimed is not None:
        await add_event(session, claimed, now, by, "claimed")
    return claimed


async def release(session: AsyncSession, item_id: int, *, by: str) -> bool:
    """Put an item back that `by` holds; False where they do not hold it."""
    return await _leave(
        session, item_id, by, {"state": "open", "claimed_by": "", "claimed_at": None}
    )


async def set_outcome(session: AsyncSession, item_id: int, outcome: str, *, by: str) -> bool:
    """Keep what came out; False where `by` does not hold the item."""
    return await _leave(session, item_id, by, {"outcome": outcome})


async def close(session: AsyncSession, item_id: int, *, by: str, now: datetime) -> bool:
    """Close an item with a recorded outcome; False where `by` does not hold it, or it has none."""
    return await _leave(
        session, item_id, by, {"state": "closed", "closed_at": now}, FollowUpItem.outcome != ""
    )


async def _leave(
    session: AsyncSession,
    item_id: int,
    by: str,
    values: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> bool:
    changed = await session.scalar(
        update(FollowUpItem)
        .where(
            FollowUpItem.id == item_id,
            FollowUpItem.state == "claimed",
            FollowUpItem.claimed_by == by,
            *conditions,
        )
        .values(values)
        .returning(FollowUpItem.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None
