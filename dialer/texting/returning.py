"""Whoever writes by himself gets his survey by text, at the question where he left it.

It is the text message's ring-back: the same callbacks, the same welcome as of somebody who rings.
His message is no answer to anything: it is kept, and a person reads it where it says something.
"""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthorError
from core.phone import mask
from core.plan import SMS
from core.welcome import Welcome
from dialer.incoming.recognising import recognise
from dialer.texting.beginning import conversation_of
from dialer.texting.ledger import outgoing
from dialer.texting.terms import Programs, TextingRules
from flows.program import Program
from ivr.texting.conversation import Talk, going_on, opening
from storage.attempt_rows import insert_incoming
from storage.candidates import Candidate
from storage.case_fields import fields_of_callbacks
from storage.incoming.callers import KnownCaller, callers
from storage.left_off import left_at
from storage.texting.claims import SENDER, Taken
from storage.texting.conversations import Conversation, begin
from storage.texting.inbox import Received
from storage.texting.outbox import put
from storage.withdrawing import withdraw

WROTE = "wrote"
"""Reason of a call that never left: the person wrote by himself."""

log = structlog.get_logger(__name__)


class Returning:
    """Begins the surveys of people who write by themselves."""

    def __init__(self, programs: Programs, rules: TextingRules) -> None:
        self._programs, self._rules = programs, rules

    async def known(
        self, session: AsyncSession, numbers: Collection[str]
    ) -> dict[str, list[KnownCaller]]:
        """Return the callbacks of these numbers, locked; nobody's where that is not wanted."""
        if self._rules.ring_back is None or not numbers:
            return {}
        return await callers(session, numbers)

    async def take_up(
        self, session: AsyncSession, one: Received, known: list[KnownCaller], now: datetime
    ) -> Conversation | None:
        """Begin or take up the survey of who wrote `one`; None where he gets none."""
        if self._rules.ring_back is None:
            return None
        welcome, caller = recognise(known, now, self._rules.ring_back)
        if caller is None or not await self._free(session, welcome, caller, now):
            return None
        candidate = caller.candidate
        try:
            program = await self._programs(candidate.flow_version_id)
            talk = await self._talk(session, program, candidate)
        except AuthorError as error:
            log.error("text_not_taken_up", problem=error.problems[0].code, message=one.id)
            return None
        if talk.end is not None or not talk.messages:
            return None
        attempt_id = await insert_incoming(
            session,
            candidate,
            e164=one.e164,
            trunk=one.gateway,
            dialer=SENDER,
            now=now,
            channel=SMS,
        )
        taken = Taken(candidate, attempt_id, one.gateway)
        conversation = conversation_of(taken, talk, one.e164, self._rules, now)
        # He has written: he is answered at any hour.
        messages = [outgoing(conversation, each, quiet=False) for each in talk.messages]
        conversation.question_id = (await put(session, messages, now)).get(attempt_id)
        await begin(session, [conversation])
        log.info("wrote_by_himself", number=mask(one.e164), attempt=attempt_id)
        return conversation

    async def _free(
        self, session: AsyncSession, welcome: Welcome, caller: KnownCaller, now: datetime
    ) -> bool:
        """True where nobody else is at his survey; a call that has not left is taken back."""
        if welcome is Welcome.UNDER_WAY:
            callback = caller.candidate.callback_id
            return callback in await withdraw(session, [callback], WROTE, now)
        return welcome is Welcome.SURVEY

    async def _talk(self, session: AsyncSession, program: Program, candidate: Candidate) -> Talk:
        again = going_on(program, await left_at(session, candidate.callback_id))
        if again is not None:
            return again
        zone = ZoneInfo(candidate.known.time_zone or self._rules.calling.time_zone)
        fields = await fields_of_callbacks(session, {candidate.callback_id: zone})
        return opening(program, dict(fields[candidate.callback_id]), candidate.language or None)
