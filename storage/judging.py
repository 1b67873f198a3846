"""What the calling policy says about candidates, and what becomes of those it forbids.

Inside the claim's transaction: what another process began meanwhile is seen, or held off by a lock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.candidates import CALLBACKS, Candidate
from storage.facts import KnownAttempt, KnownCallback, known_attempts
from storage.followups import open_item
from storage.schema import Callback


@dataclass(frozen=True)
class Ruling:
    """What the calling policy says about one candidate."""

    allowed: bool
    reason: str
    """In words, for `state_reason`."""
    not_before: datetime | None = None
    """Where forbidden: when to look again; None: never."""
    follow_up: str = ""
    """Where never: the reason of the follow-up item; empty: the callback is cancelled."""


Judge = Callable[[KnownCallback, list[KnownAttempt], datetime], Ruling]
"""(callback, attempts to these and other people, now) -> may it be called?"""


async def judged(
    session: AsyncSession,
    found: Sequence[Candidate],
    judge: Judge,
    history: timedelta,
    now: datetime,
    room: int,
) -> tuple[list[Candidate], list[tuple[Candidate, Ruling]]]:
    """Return up to `room` candidates that may be reached now, and those that may not.

    `history`: how far back the policy wants to know of attempts.
    """
    attempts = []
    if found:
        attempts = await known_attempts(
            session,
            party_ids={one.known.party_id for one in found},
            numbers={one.known.e164 for one in found},
            since=now - history,
        )
    return _judge(found, attempts, judge, now, room)


def _judge(
    found: Sequence[Candidate],
    attempts: list[KnownAttempt],
    judge: Judge,
    now: datetime,
    room: int,
) -> tuple[list[Candidate], list[tuple[Candidate, Ruling]]]:
    """Ask the policy; two candidates of one person or number never both pass."""
    taken: list[Candidate] = []
    put_off: list[tuple[Candidate, Ruling]] = []
    numbers: set[str] = set()
    parties: set[int] = set()
    for candidate in found:
        known = candidate.known
        if len(taken) >= room:
            break
        if known.e164 in numbers or known.party_id in parties:
            again = Ruling(False, "", now + timedelta(minutes=1))
            put_off.append((candidate, again))
            continue
        ruling = judge(known, attempts, now)
        if ruling.allowed:
            numbers.add(known.e164)
            parties.add(known.party_id)
            taken.append(candidate)
        else:
            put_off.append((candidate, ruling))
    return taken, put_off


_LATER = (
    update(CALLBACKS)
    .where(CALLBACKS.c.id == bindparam("of"))
    .values(next_at=bindparam("at"), state_reason=bindparam("why"), due=False)
)


async def put_aside(
    session: AsyncSession,
    put_off: Sequence[tuple[Candidate, Ruling]],
    now: datetime,
) -> None:
    """Write down what becomes of those who may not be reached now: later, a person, or never."""
    later = [(c, ruling) for c, ruling in put_off if ruling.not_before is not None]
    if later:
        await (await session.connection()).execute(
            _LATER,
            [
                {"of": c.callback_id, "at": ruling.not_before, "why": ruling.reason[:500]}
                for c, ruling in later
            ],
        )
    for candidate, ruling in put_off:
        if ruling.not_before is not None:
            continue
        await session.execute(
            update(Callback)
            .where(Callback.id == candidate.callback_id)
            .values(
                state="follow_up" if ruling.follow_up else "cancelled",
                state_reason=ruling.reason[:500],
                closed_at=now,
                due=False,
            )
        )
        if ruling.follow_up:
            await open_item(
                session,
                case_id=candidate.known.case_id,
                callback_id=candidate.callback_id,
                party_id=candidate.known.party_id,
                reason=ruling.follow_up,
                deadline=candidate.known.deadline,
                key_incident=candidate.known.key_incident,
                now=now,
            )
