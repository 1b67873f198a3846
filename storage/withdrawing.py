"""A call that was claimed and has not left yet is taken back: the person was heard otherwise.

Both sides write the attempt's row. Whoever comes first decides: a call that has left is let go on,
one that was taken back never leaves.
"""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from core.plan import SMS
from storage.attempt_rows import OUTGOING
from storage.candidates import CALLBACKS
from storage.schema import Attempt
from storage.types import UtcDateTime

_ATTEMPTS = cast(Table, Attempt.__table__)
_LEAVES = (
    update(_ATTEMPTS)
    .where(_ATTEMPTS.c.id == bindparam("which"), _ATTEMPTS.c.state == "open")
    .values(dialed_at=bindparam("at", type_=UtcDateTime()))
    .returning(_ATTEMPTS.c.id)
)


async def leaves(session: AsyncSession, attempt_id: int, at: datetime) -> bool:
    """Note that a call leaves now; False where it was taken back: then nobody is to be dialled."""
    found = await (await session.connection()).execute(_LEAVES, {"which": attempt_id, "at": at})
    return found.one_or_none() is not None


async def withdraw(
    session: AsyncSession, callback_ids: Collection[int], reason: str, now: datetime
) -> frozenset[int]:
    """Take back the calls of these callbacks that have not left; returns those callbacks, which
    wait again."""
    end = Disposition.FAILED
    taken_back = await session.execute(
        update(_ATTEMPTS)
        .where(
            _ATTEMPTS.c.callback_id.in_(callback_ids),
            _ATTEMPTS.c.state == "open",
            _ATTEMPTS.c.channel != SMS,
            _ATTEMPTS.c.direction == OUTGOING,
            _ATTEMPTS.c.dialed_at.is_(None),
        )
        .values(state="closed", disposition=end.value, aapor=end.aapor, reason=reason, ended_at=now)
        .returning(_ATTEMPTS.c.callback_id)
    )
    ids = frozenset(taken_back.scalars())
    if ids:
        await session.execute(
            update(CALLBACKS)
            .where(CALLBACKS.c.id.in_(ids), CALLBACKS.c.state == "calling")
            .values(state="waiting", due=False)
        )
    return ids
