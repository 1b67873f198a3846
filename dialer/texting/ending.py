"""How a conversation by text ends: the same end, retry and follow-up as a call's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from core.verdict import Verdict
from dialer.closing import attempt_end, booked_moment
from dialer.starting import following
from dialer.texting.terms import TextingRules, TextTally
from flows.exchange import BookTime
from ivr.outcome import Outcome
from storage.attempt_ends import finish_all
from storage.attempts import AttemptEnd, Following
from storage.texting.conversations import Conversation

SILENT = "silence"
"""Reason of an end without last words: nobody answers any more."""


@dataclass(frozen=True)
class End:
    """The end of one conversation; `conversation` None: it never began."""

    attempt_id: int
    disposition: Disposition
    reason: str = ""
    verdict: Verdict | None = None
    conversation: Conversation | None = None


def ended(conversation: Conversation, end: End, at: datetime) -> End:
    """Mark a conversation as over (it has still to be saved)."""
    conversation.state, conversation.ended_at = "ended", at
    return replace(end, conversation=conversation)


async def close(
    session: AsyncSession, ends: Sequence[End], rules: TextingRules, now: datetime, tally: TextTally
) -> None:
    """Close attempts with their retries or follow-up items."""
    if not ends:
        return
    await finish_all(session, [_finished(one, rules, now) for one in ends])
    tally.ended.update(one.disposition.value for one in ends)


def _finished(end: End, rules: TextingRules, now: datetime) -> tuple[AttemptEnd, Following]:
    found = end.conversation
    outcome = Outcome(
        end.disposition,
        now,
        verdict=end.verdict,
        reason=end.reason,
        dialed_at=None if found is None else found.asked_at,
        session=None if found is None else found.session,
        asked_for_person=found is not None and found.person_wanted,
    )
    then = following(
        end.disposition, rules.calling, rules.pacing, rules.retry, now, 0, rules.language
    )
    booked = None if found is None else found.booked_at
    return attempt_end(end.attempt_id, outcome, booked), then


def booked_at(
    bookings: Sequence[BookTime], conversation: Conversation, rules: TextingRules, now: datetime
) -> datetime | None:
    """Return the time that the person picked last."""
    if not bookings:
        return conversation.booked_at
    zone = ZoneInfo(conversation.time_zone or rules.calling.time_zone)
    return booked_moment(bookings[-1], now, zone)
