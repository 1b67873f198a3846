"""How a call's outcome becomes the end of its attempt: booked time, who wants a person, and
what the trunk's answer means for its pace.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.disposition import Disposition
from core.rules import CallingRules, PacingRules, RetryRule
from dialer.journal import AttemptJournal
from dialer.pacing import Bursts, back_off
from dialer.starting import following
from flows.exchange import BookTime
from ivr.outcome import Outcome
from storage.attempts import AttemptEnd, Following, finish
from storage.claims import Claimed
from storage.trunk_lanes import clear_pause, lock_lanes, pace_time, pause_lane

log = structlog.get_logger(__name__)


class Closing:
    """Closes attempts by the rules of one dialer."""

    def __init__(
        self,
        clock: Clock,
        calling: CallingRules,
        pacing: PacingRules,
        retry: Mapping[Disposition, RetryRule],
        language: str,
        *,
        database_time: bool,
    ) -> None:
        """`database_time`: rests of trunks go by the clock of the database server, as claims do."""
        self._database_time = database_time
        self._clock, self._calling, self._pacing = clock, calling, pacing
        self._retry, self._language = dict(retry), language
        self._bursts = Bursts()

    def act(self, claimed: Claimed, journal: AttemptJournal, outcome: Outcome) -> "Close":
        """Return what is to be done within the closing transaction (may be done again)."""
        trunk = claimed.trunk
        return Close(
            self,
            trunk,
            outcome,
            self._end(claimed, journal, outcome),
            self._bursts.trouble(trunk, outcome.sip_status, self._clock.monotonic()),
        )

    def _end(self, claimed: Claimed, journal: AttemptJournal, outcome: Outcome) -> AttemptEnd:
        booked = None
        if journal.booking is not None:
            zone = ZoneInfo(claimed.candidate.known.time_zone or self._calling.time_zone)
            booked = booked_moment(*journal.booking, zone)
        return attempt_end(claimed.attempt_id, outcome, booked)

    async def close(self, session: AsyncSession, close: "Close") -> bool:
        """Write the end; True unless others closed the attempt before."""
        outcome = close.outcome
        closed = await finish(session, close.end, self.following(outcome))
        if close.trouble:
            await self.rest(session, close.trunk, outcome)
        elif outcome.disposition is not Disposition.FAILED:
            await clear_pause(session, close.trunk)
        return closed

    def following(self, outcome: Outcome) -> Following:
        """Return the function that says what follows."""
        return following(
            outcome.disposition,
            self._calling,
            self._pacing,
            self._retry,
            outcome.ended_at,
            outcome.retry_after,
            self._language,
        )

    async def rest(self, session: AsyncSession, trunk: str, outcome: Outcome) -> None:
        """Let a trunk rest that is in trouble."""
        lane = (await lock_lanes(session, [trunk]))[trunk]
        now = await pace_time(session, self._clock, database_time=self._database_time)
        if lane.paused_until is not None and lane.paused_until > now and not outcome.retry_after:
            return  # calls that were under way tell the same trouble once more
        seconds = back_off(self._pacing, lane.pause_seconds, outcome.retry_after)
        reason = f"SIP {outcome.sip_status}"
        await pause_lane(session, trunk, now + timedelta(seconds=seconds), seconds, reason)
        log.warning("trunk_rests", trunk=trunk, seconds=seconds, sip_status=outcome.sip_status)


class Close:
    """One attempt's end, ready to be written: call it with the transaction's session."""

    def __init__(
        self, by: Closing, trunk: str, outcome: Outcome, end: AttemptEnd, trouble: bool
    ) -> None:
        self.by = by
        self.trunk, self.outcome, self.end, self.trouble = trunk, outcome, end, trouble

    async def __call__(self, session: AsyncSession) -> bool:
        return await self.by.close(session, self)


def attempt_end(attempt_id: int, outcome: Outcome, booked_at: datetime | None) -> AttemptEnd:
    """Return an outcome as it is written down."""
    return AttemptEnd(
        attempt_id=attempt_id,
        disposition=outcome.disposition.value,
        aapor=outcome.disposition.aapor,
        counts=outcome.disposition.counts_against_party,
        ended_at=outcome.ended_at,
        verdict=None if outcome.verdict is None else outcome.verdict.value,
        reason=outcome.reason,
        dialed_at=outcome.dialed_at,
        ringing_at=outcome.ringing_at,
        answered_at=outcome.answered_at,
        sip_status=outcome.sip_status,
        q850_cause=outcome.q850_cause,
        packets_lost=outcome.packets_lost,
        recording=outcome.recording,
        session=outcome.session,
        booked_at=booked_at,
        person_wanted=person_wanted(outcome),
    )


def booked_moment(booking: BookTime, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment that somebody in `zone` picked at `at`; never one that has passed."""
    day = (at.astimezone(zone) + timedelta(days=booking.days)).date()
    booked = datetime.combine(day, time.fromisoformat(booking.at), zone)
    return booked if booked > at else booked + timedelta(days=1)


def person_wanted(outcome: Outcome) -> str:
    """Return the reason of a follow-up item that is due whatever the disposition; empty: none."""
    if outcome.disposition is Disposition.REFUSED:
        return ""
    if outcome.verdict is not None and outcome.verdict.needs_person:
        return outcome.verdict.value
    return "asked_for_person" if outcome.asked_for_person else ""
