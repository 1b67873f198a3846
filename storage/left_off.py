"""Where the conversation about a callback was left, by whichever channel it was held."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schema import Attempt

_LEFT = (
    select(Attempt.callback_id, Attempt.session)
    .where(Attempt.callback_id.in_(bindparam("callbacks", expanding=True)))
    .order_by(Attempt.callback_id, Attempt.sequence)
)
"""Built once: building it costs more than asking."""


async def left_at(session: AsyncSession, callback_id: int) -> dict[str, Any] | None:
    """Return the flow session of the last conversation about a callback; None: there was none."""
    return (await left_by(session, [callback_id])).get(callback_id)


async def left_by(session: AsyncSession, callbacks: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return those of several callbacks, by callback; who was never talked with is not in it."""
    if not callbacks:
        return {}
    rows = await (await session.connection()).execute(_LEFT, {"callbacks": tuple(callbacks)})
    return {callback: kept for callback, kept in rows if kept}
