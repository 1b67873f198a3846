"""Taking a call that comes in: who it is, whether there is room, and his attempt, at once.

One transaction behind the lock that every claim takes (`trunk_lanes`): while we look, nobody
begins to call him. The decisions (`Judge`, `Room`) are functions of the dialer.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.plan import SMS
from core.welcome import Welcome
from storage.attempt_rows import insert_incoming
from storage.attempts import open_item_about
from storage.claims import Claimed
from storage.incoming.callers import KnownCaller, callers, open_attempt
from storage.incoming.calls import Ring, note_call
from storage.incoming.superseding import REASON, supersede
from storage.left_off import left_at
from storage.trunk_lanes import Lane, lock_lanes
from storage.withdrawing import withdraw

Judge = Callable[[Sequence[KnownCaller], datetime], tuple[Welcome, KnownCaller | None]]
"""(his callbacks, now) -> how he is met, and which callback it is about."""
Room = Callable[[Mapping[str, Lane]], bool]
"""Whether one call more may be held."""


@dataclass(frozen=True)
class Taken:
    """How a call that came in is met."""

    welcome: Welcome
    call_id: int = 0
    """Of its row, which is to be closed when the call is over; 0: nothing is to be closed."""
    claimed: Claimed | None = None
    """The attempt, committed with this transaction: he gets his survey."""
    session: dict[str, Any] | None = None
    """The flow session of the last conversation; None: there was none."""
    under_way: int = 0
    """The call of ours to him that is under way: nothing was written. 0: none."""
    language: str = ""
    """His; empty: not known."""


async def take_call(
    session: AsyncSession,
    ring: Ring,
    *,
    trunks: Collection[str],
    room: Room,
    judge: Judge,
    patient: bool,
    now: datetime,
) -> Taken:
    """Decide how `ring` is met and write it down.

    `patient`: where an attempt with him is under way, write nothing and tell which it is. Raises
    IntegrityError where his number got another attempt meanwhile (a text): to be tried again.
    """
    lanes = await lock_lanes(session, trunks)
    if not room(lanes):
        await note_call(session, ring, Welcome.BUSY, open=False)
        return Taken(Welcome.BUSY)
    if not ring.e164:
        return await _sentence(session, ring, Welcome.WITHHELD)
    known = (await callers(session, [ring.e164]))[ring.e164]
    welcome, caller = judge(known, now)
    if caller is None:
        return await _sentence(session, ring, welcome)
    candidate = caller.candidate
    if welcome is Welcome.UNDER_WAY:
        under_way = await open_attempt(session, candidate.callback_id)
        if under_way is not None and under_way[1] == SMS:
            await supersede(session, under_way[0], now)
            return await _survey(session, ring, caller, now)
        # A call of whichever dialer that has not left yet never leaves.
        if candidate.callback_id in await withdraw(session, [candidate.callback_id], REASON, now):
            return await _survey(session, ring, caller, now)
        if patient and under_way is not None:
            return Taken(welcome, under_way=under_way[0])
    if welcome is Welcome.SURVEY:
        return await _survey(session, ring, caller, now)
    if welcome.promises_person:
        reason = "key_incident" if welcome is Welcome.KEY_INCIDENT else "asked_for_person"
        await open_item_about(session, candidate.known, reason, now)
    return await _sentence(session, ring, welcome, candidate.language)


async def _sentence(
    session: AsyncSession, ring: Ring, welcome: Welcome, language: str = ""
) -> Taken:
    call_id = await note_call(session, ring, welcome, open=True)
    return Taken(welcome, call_id, language=language)


async def _survey(session: AsyncSession, ring: Ring, caller: KnownCaller, now: datetime) -> Taken:
    candidate = caller.candidate
    attempt_id = await insert_incoming(
        session, candidate, e164=ring.e164, trunk=ring.trunk, dialer=ring.dialer, now=now
    )
    await note_call(session, ring, Welcome.SURVEY, attempt_id=attempt_id, open=False)
    claimed = Claimed(
        attempt_id, candidate.sequence + 1, ring.trunk, 0.0, now, candidate, incoming=True
    )
    return Taken(
        Welcome.SURVEY,
        claimed=claimed,
        session=await left_at(session, candidate.callback_id),
        language=candidate.language,
    )
