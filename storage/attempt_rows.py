"""The rows of attempts that begin: written with their callbacks, before anybody is reached."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, case, exists, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.candidates import CALLBACKS, Candidate
from storage.schema import Attempt, WriteBack

OUTGOING, INCOMING = "outgoing", "incoming"
"""Words of `attempts.direction`."""
_ATTEMPTS = cast(Table, Attempt.__table__)
_INSERT = insert(_ATTEMPTS).returning(_ATTEMPTS.c.callback_id, _ATTEMPTS.c.id)
_TAKEN = ("waiting", "follow_up")
"""States of a callback about which a person may ring, or write, by himself."""
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


async def insert_incoming(
    session: AsyncSession,
    candidate: Candidate,
    *,
    e164: str,
    trunk: str,
    dialer: str,
    now: datetime,
    channel: str = "sip",
) -> int:
    """Write the open attempt of somebody who rings, or writes, by himself; take his callback.

    `e164`: from which he does so; `trunk`: or the gateway. What had been written back as the
    callback's result stays; what comes now is its next result. Raises IntegrityError where the
    callback, or the number, has another open attempt.
    """
    row = {
        "callback_id": candidate.callback_id,
        "sequence": candidate.sequence + 1,
        "party_id": candidate.known.party_id,
        "e164": e164,
        "channel": channel,
        "direction": INCOMING,
        "trunk": trunk,
        "dialer": dialer,
        "claimed_at": now,
        "language": candidate.language,
    }
    connection = await session.connection()
    made = await connection.execute(_INSERT, [row])
    attempt_id: int = made.one()[1]
    changed = await connection.execute(_TAKING, {"which": candidate.callback_id})
    if changed.rowcount != 1:
        raise IntegrityError("take", None, RuntimeError("the callback was taken meanwhile"))
    return attempt_id


_WRITTEN = (
    exists()
    .where(WriteBack.callback_id == CALLBACKS.c.id, WriteBack.result == CALLBACKS.c.result)
    .correlate(CALLBACKS)
)
_TAKING = (
    update(CALLBACKS)
    .where(CALLBACKS.c.id == bindparam("which"), CALLBACKS.c.state.in_(_TAKEN))
    .values(
        state="calling",
        state_reason="",
        sequence=CALLBACKS.c.sequence + 1,
        result=case((_WRITTEN, CALLBACKS.c.result + 1), else_=CALLBACKS.c.result),
        due=False,
        closed_at=None,
    )
)
