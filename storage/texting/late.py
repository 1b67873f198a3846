"""A reply that came after its conversation was over: a person reads it and calls."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.attempts import open_item_about
from storage.facts import known_callbacks
from storage.schema import Callback
from storage.withdrawing import withdraw

REASON = "late_reply"
"""A word of `core.follow_up.FollowUpReason`."""


async def late_reply(session: AsyncSession, callback_id: int, why: str, now: datetime) -> None:
    """Open an item; what was planned for this callback by machine is not done any more, and a call
    that has not left yet is taken back."""
    await withdraw(session, [callback_id], REASON, now)
    await session.execute(
        update(Callback)
        .where(Callback.id == callback_id, Callback.state == "waiting")
        .values(state="follow_up", state_reason=why[:500], closed_at=now, due=False)
        .execution_options(synchronize_session=False)
    )
    for callback in (await known_callbacks(session, [callback_id])).values():
        await open_item_about(session, callback, REASON, now)
