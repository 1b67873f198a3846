"""People who ring a number of the provider's: recognised, written down, then answered.

The same recognition and the same one transaction as for calls over SIP (`dialer.incoming`). The
conversation is a row like that of a call of ours; nobody waits for its end, so `orphans` writes it.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import HuifangError
from core.phone import mask
from core.welcome import Welcome
from dialer.cloud.talking import Talking, Token, new_token
from dialer.cloud.terms import CloudLine, CloudSurvey
from dialer.identity import own_name
from dialer.incoming.recognising import recognise
from dialer.incoming.terms import RingBackRules
from dialer.pacing import Limit
from flows.engine import resumed
from ivr.cloud.conversation import Turn, going_on, opening
from ivr.cloud.speaking import CloudVoice, Spoken
from ivr.cloud.twiml import REJECT_BUSY, last_words
from storage.attempts import note
from storage.case_fields import fields_of
from storage.claims import Claimed
from storage.cloud_calls import Held, begin, by_sid
from storage.database import Database
from storage.incoming.callers import KnownCaller
from storage.incoming.calls import Ring, close_call
from storage.incoming.taking import Taken, take_call
from storage.recovery import give_up
from storage.trunk_lanes import HOUSE, Lane

NOBODYS = 0
"""`dialer.identity.own_name`: of attempts that no dialer of this process waits for."""
TRIES = 3
"""How often it is looked at a caller to whom somebody wrote or called at that very moment."""
REMEMBERED = 1000
"""Sentences to callers that are kept, for a request that comes again."""
TO_STRANGERS = ("zh", "en")
"""Languages of callers of whom no language is known."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Receives:
    """How calls are taken."""

    rules: RingBackRules
    words: Callable[[Welcome, str], str]
    """(welcome, language) -> what a caller without a survey hears."""
    voices: Mapping[str, CloudVoice]
    limits: Mapping[str, Limit]
    """Of all trunks and of the house."""


class Receiving:
    """Takes the calls of one line."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        line: CloudLine,
        receives: Receives,
        token: Token = new_token,
    ) -> None:
        self._database, self._clock, self._line = database, clock, line
        self._receives, self._token = receives, token
        self._talking = Talking(database, clock, line, token)
        self._said: OrderedDict[str, str] = OrderedDict()

    async def incoming(self, fields: Mapping[str, str]) -> str:
        """Take one call; returns its first TwiML, the same one where the request comes again.

        Raises the database's errors: nobody was answered then, and the provider asks again.
        """
        sid = fields["CallSid"]
        async with self._database.read() as session:
            known = await by_sid(session, self._line.trunk, sid)
        if known is not None:
            return known.twiml
        if sid in self._said:
            return self._said[sid]
        number = self._receives.rules.number(fields.get("From", ""))
        ring = Ring(
            self._line.trunk,
            own_name(NOBODYS),
            number,
            fields.get("To", ""),
            self._clock.now(),
        )
        taken = await self._taken(ring)
        log.info("rung", trunk=ring.trunk, number=mask(number), welcome=taken.welcome.value)
        if taken.claimed is not None:
            return await self._survey(sid, ring, taken, taken.claimed)
        document = REJECT_BUSY
        if taken.welcome is not Welcome.BUSY:
            document = self._sentence(taken.welcome, taken.language)
        self._remember(sid, document)
        return document

    async def _taken(self, ring: Ring) -> Taken:
        for _ in range(TRIES):
            try:
                async with self._database.write() as session:
                    return await self._take(session, ring)
            except IntegrityError:  # somebody wrote to him, or called him, at that moment
                log.info("rung_at_once", trunk=ring.trunk, number=mask(ring.e164))
        return Taken(Welcome.UNDER_WAY)

    async def _take(self, session: AsyncSession, ring: Ring) -> Taken:
        limits = self._receives.limits

        def room(lanes: Mapping[str, Lane]) -> bool:
            return all(lanes[name].open < limits[name].channels for name in (HOUSE, ring.trunk))

        def judge(known: Collection[KnownCaller], now: Any) -> tuple[Welcome, KnownCaller | None]:
            return recognise(list(known), now, self._receives.rules)

        taken = await take_call(
            session,
            ring,
            trunks=[name for name in limits if name != HOUSE],
            room=room,
            judge=judge,
            patient=False,
            now=ring.at,
        )
        if taken.call_id:  # a sentence is short, and held by the provider alone
            await close_call(session, taken.call_id)
        return taken

    async def _survey(self, sid: str, ring: Ring, taken: Taken, claimed: Claimed) -> str:
        """Begin, or go on with, his survey; where it cannot be held a person is promised."""
        try:
            held = await self._held(sid, ring, taken, claimed)
        except HuifangError as error:
            why = error.problems[0].code if error.problems else type(error).__name__
            log.error("call_not_taken", attempt=claimed.attempt_id, problem=why)
            async with self._database.write() as session:
                await give_up(session, [claimed.attempt_id], self._clock.now(), why=why)
            document = self._sentence(Welcome.PERSON, taken.language)
            self._remember(sid, document)
            return document
        async with self._database.write() as session:
            await begin(session, held)
            await note(session, held.attempt_id, answered_at=ring.at)
        return held.twiml

    async def _held(self, sid: str, ring: Ring, taken: Taken, claimed: Claimed) -> Held:
        candidate = claimed.candidate
        survey = await self._line.surveys(candidate.flow_version_id)
        turn = await self._first(survey, taken, claimed)
        zone = candidate.known.time_zone or self._line.calling.time_zone
        token = self._token()
        return Held(
            attempt_id=claimed.attempt_id,
            flow_version_id=candidate.flow_version_id,
            trunk=self._line.trunk,
            token=token,
            name=f"{ring.at.astimezone(ZoneInfo(zone)):%Y-%m-%d}/{claimed.attempt_id}",
            time_zone=candidate.known.time_zone or "",
            may_leave_message=False,
            heard_at=ring.at,
            call_sid=sid,
            status="in-progress",
            acted=True,  # whoever rings is a person
            answered_at=ring.at,
            **await self._talking.render(survey, token, turn, first=True),
        )

    async def _first(self, survey: CloudSurvey, taken: Taken, claimed: Claimed) -> Turn:
        again = resumed(survey.program, taken.session)
        if again is not None:
            return going_on(again)
        candidate = claimed.candidate
        zone = ZoneInfo(candidate.known.time_zone or self._line.calling.time_zone)
        async with self._database.read() as session:
            fields = await fields_of(session, candidate.callback_id, zone)
        return opening(survey.program, fields, candidate.language or None)

    def _sentence(self, welcome: Welcome, language: str) -> str:
        spoken = [language] if language in self._receives.voices else TO_STRANGERS
        said = [
            Spoken(self._receives.words(welcome, each), voice)
            for each in spoken
            if (voice := self._receives.voices.get(each)) is not None
        ]
        return last_words(said)

    def _remember(self, sid: str, document: str) -> None:
        self._said[sid] = document
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
