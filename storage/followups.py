"""The follow-up queue: one open item per case, what happened to it, and whose it is.

Functions take the caller's session, so that an outcome and its follow-up item, or two people
and one item, are one transaction.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import TransientError, problem
from core.follow_up import FollowUpReason, rank
from storage.schema import FollowUpEvent, FollowUpItem


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
