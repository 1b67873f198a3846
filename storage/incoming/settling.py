"""What becomes of a callback that a person has, when the party rings back, or writes, meanwhile.

It stays with the person where something is left to do, and leaves the queue where nothing is: the
machine does not call behind a person's back, and nobody calls for what was answered.
"""

from datetime import datetime
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.facts import KnownCallback
from storage.followups import add_event
from storage.schema import FollowUpItem

BY = "huifang"
"""Who settled an item by itself, in its history."""


class End(Protocol):
    """How the attempt ended (`storage.attempts.AttemptEnd`)."""

    @property
    def verdict(self) -> str | None: ...
    @property
    def disposition(self) -> str: ...
    @property
    def ended_at(self) -> datetime: ...


async def settle(
    session: AsyncSession, known: KnownCallback, state: str, reason: str, end: End
) -> tuple[str, str]:
    """Return the callback's state and the reason of a further item (empty: none is opened).

    `state`, `reason`: what would become of it if nobody had it.
    """
    item = await session.scalar(
        select(FollowUpItem)
        .where(FollowUpItem.case_id == known.case_id, FollowUpItem.state != "closed")
        .where(FollowUpItem.callback_id == known.id)
        .with_for_update()
    )
    if item is None:
        return state, reason
    if state == "waiting":
        return "follow_up", ""
    if state == "done":
        outcome = end.verdict or end.disposition
        await add_event(session, item.id, end.ended_at, BY, "recorded", outcome)
        if item.state == "open":  # one that somebody has claimed is for him to close
            await session.execute(
                update(FollowUpItem)
                .where(FollowUpItem.id == item.id)
                .values(state="closed", outcome=outcome, closed_at=end.ended_at)
                .execution_options(synchronize_session=False)
            )
            await add_event(session, item.id, end.ended_at, BY, "closed")
    return state, reason
