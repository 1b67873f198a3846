"""Somebody wants no more messages: the list, and everything that is planned for the number."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import do_not_call
from storage.schema import Callback
from storage.texting.outbox import MESSAGES, cancel
from storage.withdrawing import withdraw

BY = "sms"
"""`do_not_call.added_by` of who refused by text message."""


async def opt_out(session: AsyncSession, e164: str, *, reason: str, now: datetime) -> int:
    """Put a number on the do-not-call list and cancel what waits for it, on every channel.

    Returns how many callbacks were cancelled.
    """
    await do_not_call.add(session, [e164], reason=reason, by=BY, now=now)
    await cancel(session, MESSAGES.c.e164 == e164, now, "opt_out")
    called = select(Callback.id).where(Callback.e164 == e164, Callback.state == "calling")
    await withdraw(session, list(await session.scalars(called)), "opt_out", now)
    cancelled = await session.execute(
        update(Callback)
        .where(Callback.e164 == e164, Callback.state == "waiting")
        .values(state="cancelled", state_reason=reason[:500], closed_at=now, due=False)
        .returning(Callback.id)
        .execution_options(synchronize_session=False)
    )
    return len(cancelled.all())
