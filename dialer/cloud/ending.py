"""The end of a call that a provider held: what it came to, closed with all that follows.

The last answers, the outcome and the retry or follow-up item are one transaction. Whoever comes
first closes it: the dialer that waits for the end, or another one after its crash.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.disposition import Disposition
from dialer.closing import attempt_end
from dialer.cloud.talking import booked, keep, send_texts
from dialer.cloud.terms import CloudLine, CloudSurvey
from dialer.starting import following
from flows.engine import wait_of
from flows.exchange import EndCall, TransferEnded, WaitTransfer
from flows.session import Session
from ivr.cloud.conversation import Turn, go_on, hung_up
from ivr.cloud.progress import unanswered
from ivr.outcome import Outcome
from storage.attempts import finish
from storage.cloud_calls import Held, change, of_attempt
from storage.database import Database

LOST = "lost"
"""State of a call of which nobody knows what became of it."""


class Ending:
    """Ends the calls of one line."""

    def __init__(self, database: Database, clock: Clock, line: CloudLine) -> None:
        self._database, self._clock, self._line = database, clock, line

    async def end(self, attempt_id: int) -> Outcome:
        """Close a call that is over. Raises LookupError for one that is not there, AuthorError
        where its survey cannot be had any more, and the database's errors."""
        async with self._database.read() as session:
            known = await of_attempt(session, attempt_id)
        if known is None:
            raise LookupError(attempt_id)
        survey = await self._line.surveys(known.flow_version_id)
        async with self._database.write() as session:
            held = await of_attempt(session, attempt_id, lock=True)
            assert held is not None  # noqa: S101 - rows of calls are never deleted
            outcome, booked_at = await self._come_to(session, held, survey)
            rules = self._line.rules
            follows = following(
                outcome.disposition,
                rules.calling,
                rules.pacing,
                rules.retry,
                outcome.ended_at,
                0,
                rules.language,
            )
            await finish(session, attempt_end(attempt_id, outcome, booked_at), follows)
            return outcome

    async def _come_to(
        self, session: AsyncSession, held: Held, survey: CloudSurvey
    ) -> tuple[Outcome, datetime | None]:
        ended_at = held.ended_at or self._clock.now()
        known = Outcome(
            Disposition.FAILED,
            ended_at,
            dialed_at=held.dialed_at,
            ringing_at=held.ringing_at,
            answered_at=held.answered_at,
            sip_status=held.sip_status or (200 if held.answered_at else 0),
            session=held.session if held.answered_at else None,
            asked_for_person=held.person_wanted,
        )
        if held.answered_at is None:
            if held.status == LOST:
                return replace(known, disposition=Disposition.UNKNOWN, reason=LOST), None
            rang = held.ringing_at is not None
            came_to = unanswered(held.status, held.sip_status, held.error, rang=rang)
            reason = " ".join(filter(None, (held.status, held.error)))
            return replace(known, disposition=came_to, reason=reason), None
        if self._line.conversation.record_calls:
            known = replace(known, recording=f"{held.name}.wav")
        if held.fault:
            await change(session, held.attempt_id, awaited="")
            return replace(known, disposition=Disposition.FAILED, reason=held.fault), None
        if held.machine:
            return replace(known, disposition=Disposition.MACHINE, reason=held.machine), None
        turn = self._last_turn(held, survey)
        end = turn.end or EndCall(Disposition.BROKE_OFF)
        booked_at = booked(held, turn, self._line, ended_at) or held.booked_at
        await keep(session, held, turn, {}, ended_at)
        await send_texts(session, held, turn, survey, self._line.texts_by, ended_at)
        await change(
            session,
            held.attempt_id,
            awaited="",
            # The answer to the last question may still be on its way (`dialer.cloud.belated`).
            early=held.awaited,
            session=turn.session.to_json(),
            position=held.position + len(turn.answers) + len(turn.bookings),
            booked_at=booked_at,
        )
        outcome = replace(
            known,
            disposition=end.disposition,
            verdict=end.verdict,
            reason=end.reason,
            session=turn.session.to_json(),
            asked_for_person=held.person_wanted or turn.person_wanted,
        )
        if held.status == LOST and not held.over:
            # What became of the person on the line is not known: somebody has to look.
            outcome = replace(outcome, disposition=Disposition.UNKNOWN, reason=LOST)
        return outcome, booked_at

    @staticmethod
    def _last_turn(held: Held, survey: CloudSurvey) -> Turn:
        """Return the end of the conversation: as it stands, or by the hang-up."""
        session = Session.from_json(held.session, survey.program)
        if session.disposition is not None:
            return Turn(session, end=EndCall(session.disposition, session.verdict, session.reason))
        wait = wait_of(survey.program, session)
        if isinstance(wait, WaitTransfer) and held.put_through:
            return go_on(survey.program, session, wait, TransferEnded(taken=True))
        return hung_up(survey.program, session, wait)
