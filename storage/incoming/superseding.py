"""A conversation by text ends because the person rings: there is one conversation at a time."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from storage.schema import Attempt, Callback, TextConversation
from storage.texting.outbox import cancel_of

REASON = "rang_back"


async def supersede(session: AsyncSession, attempt_id: int, now: datetime) -> None:
    """End a waiting conversation, its answers kept; nothing of it is sent any more.

    Its callback waits again: for the call that takes it in the same transaction.
    """
    conversation = (
        await session.execute(
            select(TextConversation.session, TextConversation.position)
            .where(TextConversation.attempt_id == attempt_id, TextConversation.state == "waiting")
            .with_for_update()
        )
    ).one_or_none()
    left, answers = (None, 0) if conversation is None else conversation
    came_to = Disposition.PARTIAL if answers else Disposition.NO_ANSWER
    await session.execute(
        update(TextConversation)
        .where(TextConversation.attempt_id == attempt_id)
        .values(state="ended", ended_at=now)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Attempt)
        .where(Attempt.id == attempt_id, Attempt.state == "open")
        .values(
            state="closed",
            disposition=came_to.value,
            aapor=came_to.aapor,
            reason=REASON,
            ended_at=now,
            session=left,
        )
        .execution_options(synchronize_session=False)
    )
    its_callback = select(Attempt.callback_id).where(Attempt.id == attempt_id).scalar_subquery()
    await session.execute(
        update(Callback)
        .where(
            Callback.id == its_callback,
            Callback.state == "calling",
        )
        .values(state="waiting", disposition=came_to.value)
        .execution_options(synchronize_session=False)
    )
    await cancel_of(session, [attempt_id], now)
