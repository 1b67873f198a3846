"""Claiming callbacks for text: the attempt, its conversation and the first message are one
transaction. What is decided (policy, wording) is handed in.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.plan import SMS
from storage.attempt_rows import insert_attempts
from storage.candidates import Candidate, candidates, next_due, ripen
from storage.judging import Judge, judged, put_aside
from storage.texting.conversations import Conversation, begin
from storage.texting.outbox import Outgoing, put

SENDER = "texts"
"""`attempts.dialer` of conversations by text: they are in no process."""


@dataclass(frozen=True)
class Opened:
    """How one conversation begins."""

    conversation: Conversation
    messages: tuple[Outgoing, ...]


@dataclass(frozen=True)
class Taken:
    """A callback whose attempt is open now."""

    candidate: Candidate
    attempt_id: int
    gateway: str


@dataclass(frozen=True)
class Begun:
    """What one claim came to."""

    begun: int = 0
    put_off: int = 0
    exhausted: bool = False
    """True: no further candidate is due now."""
    next_due: datetime | None = None
    impossible: tuple[tuple[int, str], ...] = ()
    """(attempt, why) of those that cannot be held: the caller closes them."""


Open = Callable[[AsyncSession, Sequence[Taken]], Awaitable[list[Opened | tuple[int, str]]]]
"""Says how each begins; (attempt, why): it cannot be held."""


async def claim_texts(
    session: AsyncSession,
    *,
    room: Mapping[str, int],
    judge: Judge,
    history: timedelta,
    opened: Open,
    now: datetime,
    batches: Collection[int] | None = None,
) -> Begun:
    """Begin conversations with callbacks of running batches whose next channel is text.

    `room`: gateway -> how many it can take. Raises IntegrityError where a number got another open
    attempt meanwhile: nothing is kept then.
    """
    wanted = sum(room.values())
    found = await candidates(session, now, wanted, batches, SMS)
    ripened = False
    if len(found) < wanted:
        ripened = await ripen(session, now, batches, SMS)
        found = await candidates(session, now, wanted, batches, SMS)
    taken, put_off = await judged(session, found, judge, history, now, wanted)
    await put_aside(session, put_off, now)
    gateways = [name for name, number in room.items() for _ in range(number)]
    placed = list(zip(taken, gateways, strict=False))
    ids = await insert_attempts(session, [_row(one, gateway, now) for one, gateway in placed])
    began = [Taken(one, ids[one.callback_id], gateway) for one, gateway in placed]
    openings = await opened(session, began) if began else []
    held = [one for one in openings if isinstance(one, Opened)]
    questions = await put(session, [text for one in held for text in one.messages], now)
    for one in held:
        one.conversation.question_id = questions.get(one.conversation.attempt_id)
    await begin(session, [one.conversation for one in held])
    exhausted = len(found) < wanted and not ripened
    return Begun(
        len(held),
        len(put_off),
        exhausted,
        await next_due(session, batches, SMS) if exhausted and not taken else None,
        tuple(one for one in openings if not isinstance(one, Opened)),
    )


def _row(candidate: Candidate, gateway: str, now: datetime) -> dict[str, Any]:
    return {
        "callback_id": candidate.callback_id,
        "sequence": candidate.sequence + 1,
        "party_id": candidate.known.party_id,
        "e164": candidate.known.e164,
        "channel": SMS,
        "trunk": gateway,
        "dialer": SENDER,
        "claimed_at": now,
        "language": candidate.language,
    }
