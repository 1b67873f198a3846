"""Silence: one reminder, then the end. Questions that never went out end, too."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from core.errors import AuthorError
from dialer.texting.ending import SILENT, End
from dialer.texting.ledger import Ledger, outgoing
from dialer.texting.terms import Programs, TextingRules, TextTally
from flows.session import Session
from ivr.texting import conversation as talks
from ivr.texting.delivery import disposition_of
from ivr.texting.language import written_language
from ivr.texting.rendering import Message
from storage.database import Database
from storage.texting.conversations import (
    Conversation,
    conversations,
    of_stopped_batches,
    silent,
    unsure_whether_asked,
)
from storage.texting.delivery import Undelivered

MOST = 200
"""Conversations looked after in one transaction."""
REMINDER = "reminder"
NOT_SENT = "not_sent"
"""Reason of an end where the question never left us."""


class Silences:
    """Looks after conversations that nobody answers."""

    def __init__(
        self, database: Database, programs: Programs, rules: TextingRules, tally: TextTally
    ) -> None:
        self._database, self._programs = database, programs
        self._rules, self._tally = rules, tally

    async def look(self, now: datetime) -> int:
        """Remind and end those whose time has come; returns how many."""
        async with self._database.write() as session:
            found = await silent(session, now, MOST)
            if not found:
                return 0
            ledger = Ledger(self._rules, self._tally, now)
            over = [one for one in found if not self._reminded(one, ledger)]
            await self._end(session, over, ledger)
            await ledger.write(session)
        return len(found)

    async def stop(self, now: datetime) -> int:
        """End the conversations of stopped batches: nothing more is asked there."""
        async with self._database.write() as session:
            found = await of_stopped_batches(session, MOST)
            if found:
                ledger = Ledger(self._rules, self._tally, now)
                await self._end(session, found, ledger)
                await ledger.write(session)
        return len(found)

    def _reminded(self, one: Conversation, ledger: Ledger) -> bool:
        if one.asked_at is None or one.reminded_at is not None or not self._rules.remind_after:
            return False
        language = written_language(str(one.session.get("language", "")))
        message = Message(REMINDER, f"{language.reminder}{one.question}")
        one.reminded_at = ledger.now
        one.look_at = ledger.now + self._rules.after_reminder
        ledger.messages.append(outgoing(one, message, quiet=True))
        ledger.change(one)
        self._tally.reminders += 1
        return True

    async def _end(
        self, session: AsyncSession, over: Sequence[Conversation], ledger: Ledger
    ) -> None:
        asked = [one.question_id for one in over if one.question_id is not None]
        unsure = await unsure_whether_asked(session, asked)
        for one in over:
            try:
                program = await self._programs(one.flow_version_id)
                talk = talks.silence(program, Session.from_json(one.session, program))
            except AuthorError as error:
                # Its survey is gone: what was answered stands, a person sees to the rest.
                code = error.problems[0].code
                ledger.end(one, End(one.attempt_id, Disposition.UNKNOWN, code))
                continue
            came = talk.end.disposition if talk.end else Disposition.BROKE_OFF
            verdict = talk.end.verdict if talk.end else None
            if not one.replies:
                came, verdict = _unanswered(one, unsure), None
            reason = NOT_SENT if came is Disposition.FAILED else SILENT
            ledger.talk(one, talks.Talk(talk.session, (), talk.answers, talk.bookings))
            ledger.end(one, End(one.attempt_id, came, reason, verdict))


def _unanswered(one: Conversation, unsure: frozenset[int]) -> Disposition:
    if one.asked_at is None:
        return Disposition.FAILED
    return Disposition.UNKNOWN if one.question_id in unsure else Disposition.NO_ANSWER


async def undelivered(session: AsyncSession, lost: Sequence[Undelivered], ledger: Ledger) -> None:
    """End conversations whose question did not reach the phone, unless somebody has answered."""
    questions = {
        one.attempt_id: one
        for one in lost
        if one.attempt_id is not None and one.purpose == "question"
    }
    if not questions:
        return
    for attempt, one in (await conversations(session, list(questions))).items():
        if one.replies or one.question_id != questions[attempt].message_id:
            continue
        ledger.overtaken.add(attempt)
        ledger.end(one, End(attempt, _why(questions[attempt]), questions[attempt].error))


def _why(lost: Undelivered) -> Disposition:
    came = disposition_of(lost.state, lost.error, invalid_number=lost.invalid_number)
    return came or Disposition.FAILED  # refused by the gateway or the network
