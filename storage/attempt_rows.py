"""The rows of attempts that begin: written with their callbacks, before anybody is reached."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.candidates import CALLBACKS
from storage.schema import Attempt

_ATTEMPTS = cast(Table, Attempt.__table__)
_INSERT = insert(_ATTEMPTS).returning(_ATTEMPTS.c.callback_id, _ATTEMPTS.c.id)
_CALLING = (
    update(CALLBACKS)
    .where(CALLBACKS.c.id.in_(bindparam("ids", expanding=True)), CALLBACKS.c.state == "waiting")
    .values(state="calling", state_reason="", sequence=CALLBACKS.c.sequence + 1, due=False)
)


async def insert_attempts(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> dict[int, int]:
    """Write open attempts, and take their callbacks; returns the attempt of each callback.

    Raises IntegrityError where somebody else has one of the callbacks or numbers already.
    """
    if not rows:
        return {}
    connection = await session.connection()
    # One statement for all of them; which id belongs to whom is told by the callback.
    # (`insert().values(rows)` would be built and compiled anew each time.)
    made = await connection.execute(_INSERT, list(rows))
    ids = {row[0]: row[1] for row in made.all()}
    changed = await connection.execute(_CALLING, {"ids": [row["callback_id"] for row in rows]})
    if changed.rowcount != len(rows):
        raise IntegrityError("claim", None, RuntimeError("a callback was taken meanwhile"))
    return ids
