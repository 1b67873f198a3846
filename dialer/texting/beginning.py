"""How conversations by text begin: the survey, the case's fields, the first message."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import text
from core.disposition import Disposition
from core.errors import HuifangError
from dialer.starting import judging
from dialer.texting.ending import End, close
from dialer.texting.ledger import outgoing
from dialer.texting.room import room, working
from dialer.texting.terms import Programs, TextingRules, TextTally
from ivr.texting.conversation import Talk, going_on, opening
from storage.case_fields import fields_of_callbacks
from storage.database import Database
from storage.left_off import left_by
from storage.texting.claims import Begun, Opened, Taken, claim_texts
from storage.texting.conversations import Conversation
from storage.texting.gateway_lanes import resting_gateways
from storage.texting.outbox import backlog

log = structlog.get_logger(__name__)


class Beginning:
    """Begins conversations with callbacks whose next channel is text."""

    def __init__(
        self,
        database: Database,
        programs: Programs,
        rates: Mapping[str, float],
        rules: TextingRules,
        tally: TextTally,
        batches: Collection[int] | None,
    ) -> None:
        """`rates`: gateway -> messages a second; `batches`: only these (None: all running)."""
        self._database, self._programs, self._rates = database, programs, dict(rates)
        self._rules, self._tally, self._batches = rules, tally, batches
        self._judge = judging(rules.calling, rules.language)
        calling = rules.calling
        self._history = max(calling.number_period, calling.refusal_rest, calling.between_tries)

    async def begin(self, now: datetime) -> Begun:
        """Begin as many as the gateways can take at present."""
        async with self._database.read() as session:
            waiting = await backlog(session, now)
            resting = await resting_gateways(session, now)
        free = room(working(self._rates, resting) or self._rates, waiting)
        if not free:
            return Begun()
        try:
            async with self._database.write() as session:
                begun = await claim_texts(
                    session,
                    room=free,
                    judge=self._judge,
                    history=self._history,
                    opened=lambda session, taken: self._open(session, taken, now),
                    now=now,
                    batches=self._batches,
                )
                impossible = [
                    End(attempt, Disposition.FAILED, reason) for attempt, reason in begun.impossible
                ]
                await close(session, impossible, self._rules, now, self._tally)
        except IntegrityError:
            return Begun()  # somebody else has one of them: nothing was kept
        self._tally.begun += begun.begun
        return begun

    async def _open(
        self, session: AsyncSession, taken: Sequence[Taken], now: datetime
    ) -> list[Opened | tuple[int, str]]:
        calling = self._rules.calling
        zones = {
            one.candidate.callback_id: ZoneInfo(one.candidate.known.time_zone or calling.time_zone)
            for one in taken
        }
        fields = await fields_of_callbacks(session, zones)
        again = [one.candidate.callback_id for one in taken if one.candidate.sequence]
        left = await left_by(session, again)
        return [
            await self._opened(
                one, fields[one.candidate.callback_id], left.get(one.candidate.callback_id), now
            )
            for one in taken
        ]

    async def _opened(
        self,
        taken: Taken,
        fields: Mapping[str, Any],
        left: Mapping[str, Any] | None,
        now: datetime,
    ) -> Opened | tuple[int, str]:
        candidate = taken.candidate
        try:
            program = await self._programs(candidate.flow_version_id)
            # What was answered before, by whichever channel, is not asked again.
            talk = going_on(program, left) or opening(
                program, dict(fields), candidate.language or None
            )
        except HuifangError as error:
            log.error("text_not_begun", attempt=taken.attempt_id, problem=error.problems[0].code)
            return taken.attempt_id, error.problems[0].code
        if talk.end is not None or not talk.messages:
            reason = talk.end.reason if talk.end else text("texting-nothing-asked", "en")
            return taken.attempt_id, reason
        conversation = conversation_of(taken, talk, candidate.known.e164, self._rules, now)
        # Nobody has asked for this message: it waits for the calling hours.
        return Opened(
            conversation,
            tuple(outgoing(conversation, message, quiet=True) for message in talk.messages),
        )


def conversation_of(
    taken: Taken, talk: Talk, e164: str, rules: TextingRules, now: datetime
) -> Conversation:
    """Return the row of a conversation that begins with what `talk` says."""
    return Conversation(
        attempt_id=taken.attempt_id,
        flow_version_id=taken.candidate.flow_version_id,
        gateway=taken.gateway,
        e164=e164,
        time_zone=taken.candidate.known.time_zone,
        session=talk.session.to_json(),
        question_id=None,
        question=talk.messages[-1].text,
        asked_at=None,
        # A question that never leaves ends the conversation, too.
        look_at=now + rules.expire_after,
        reminded_at=None,
        replies=0,
        last_reply="",
        position=0,
        booked_at=None,
        person_wanted=talk.person_wanted,
        begun_at=now,
    )
