"""One turn of a conversation that the provider holds: its request in, the next TwiML out.

What was answered and the turn that follows are one transaction, committed before the TwiML leaves.
Each turn has a name that nobody can guess. A request for the turn that waits goes on; any other
(repeated, late, out of order) is answered with the turn that waits and changes nothing.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import text
from core.clock import Clock
from core.errors import HuifangError
from dialer.closing import booked_moment
from dialer.cloud.belated import keep_belated
from dialer.cloud.terms import CloudLine, CloudSurvey
from dialer.journal import answer_row, booking_row
from dialer.texting.survey_text import send
from flows.engine import wait_of
from flows.exchange import Input, Keys, SayText, Wait, WaitAnswer, WaitTransfer
from flows.session import Session
from ivr.cloud.conversation import Turn, go_on, hung_up, texts_due
from ivr.cloud.provider import AGAIN
from ivr.cloud.reading import input_of, keys_of, recording_sid
from ivr.cloud.twiml import HANG_UP, Addresses, Script, last_words, script
from storage.attempts import add_answer
from storage.cloud_calls import Held, by_token, change, of_attempt, take_turn
from storage.cloud_recordings import Abroad, add
from storage.database import Database

Token = Callable[[], str]
"""Makes a name that nobody can guess."""

log = structlog.get_logger(__name__)


def new_token() -> str:
    """Return a name that nobody can guess: 192 bits."""
    return secrets.token_urlsafe(24)


class Talking:
    """Holds the conversations of one line."""

    def __init__(
        self, database: Database, clock: Clock, line: CloudLine, token: Token = new_token
    ) -> None:
        self._database, self._clock, self._line, self._token = database, clock, line, token

    async def render(
        self, survey: CloudSurvey, token: str, turn: Turn, *, first: bool = False
    ) -> dict[str, Any]:
        """Return the columns of a call whose next turn is `turn`: names, TwiML, session.

        Raises AuthorError, PermanentError where a prompt cannot be made.
        """
        awaited, early = (self._token(), self._token()) if turn.end is None else ("", "")
        at = Addresses(
            self._line.url(token, awaited) + AGAIN,
            self._line.url(token, early) + AGAIN,
            self._line.url(token, "transfer") + AGAIN,
        )
        said = [await survey.speaking.spoken(effect) for effect in turn.said]
        made: Script = script(
            said,
            turn.wait,
            at,
            survey.speaking.voices,
            self._line.handing,
            everywhere=survey.program.global_keys,
            first=first,
        )
        return {
            "awaited": awaited,
            "early": early,
            "twiml": made.whole,
            "rest": made.rest,
            "session": turn.session.to_json(),
        }

    async def turn(self, held: Held, name: str, fields: Mapping[str, str]) -> str:
        """Take the request of turn `name`; returns the TwiML that answers it.

        Raises the database's errors: then nothing changed, and the provider asks again.
        """
        now = self._clock.now()
        if held.over and held.ended_at is not None and name == held.early:
            await self._belated(held, fields, now)
        if held.over or name not in (held.awaited, held.early):
            return held.twiml
        try:
            found = await self._next(held, name, fields, now)
        except Exception as error:  # the person always hears something, then somebody follows up
            return await self._apologise(held, error)
        if found is None:
            if keys_of(fields):
                async with self._database.write() as session:
                    await change(session, held.attempt_id, acted=True)
            return held.rest
        turn, values = found
        async with self._database.write() as session:
            position, booked_at = held.position, held.booked_at
            taken = await take_turn(
                session,
                held,
                **values,
                position=position + len(turn.answers) + len(turn.bookings),
                booked_at=booked(held, turn, self._line, now) or booked_at,
                person_wanted=held.person_wanted or turn.person_wanted,
                heard_at=now,
            )
            if taken:
                await keep(session, held, turn, fields, now)
                await self._send_texts(session, held, turn, now)
        if taken:
            return str(values["twiml"])
        async with self._database.read() as session:
            other = await by_token(session, held.token)
        return other.twiml if other is not None else HANG_UP

    async def _send_texts(
        self, session: AsyncSession, held: Held, turn: Turn, now: datetime
    ) -> None:
        survey = await self._line.surveys(held.flow_version_id)
        await send_texts(session, held, turn, survey, self._line.texts_by, now)

    async def _belated(self, held: Held, fields: Mapping[str, str], now: datetime) -> None:
        async with self._database.write() as session:
            again = await of_attempt(session, held.attempt_id, lock=True)
            if again is not None and again.over and again.early == held.early:
                await keep_belated(session, again, fields, now)

    async def _next(
        self, held: Held, name: str, fields: Mapping[str, str], now: datetime
    ) -> tuple[Turn, dict[str, Any]] | None:
        """Return what the request leads to; None where it only skips what stands before a
        question."""
        survey = await self._line.surveys(held.flow_version_id)
        program = survey.program
        session = Session.from_json(held.session, program)
        wait = wait_of(program, session)
        if name == held.early:
            key = keys_of(fields)
            if isinstance(wait, WaitTransfer) or key not in program.global_keys or not key:
                return None
            if isinstance(wait, WaitAnswer) and key not in wait.keys:
                return None  # it may begin a number
            given: Input = Keys(key)
        else:
            given = input_of(wait, fields, recording_of(held, wait))
        # A mailbox speaks, too: only keys tell a person for sure.
        acted = held.acted or isinstance(given, Keys)
        if self._too_long(held, now):
            return await self._cut_off(survey, held, session, wait)
        turn = go_on(program, session, wait, given)
        return turn, {**await self.render(survey, held.token, turn), "acted": acted}

    def _too_long(self, held: Held, now: datetime) -> bool:
        longest = timedelta(seconds=self._line.conversation.longest_seconds)
        return held.answered_at is not None and now > held.answered_at + longest

    async def _cut_off(
        self, survey: CloudSurvey, held: Held, session: Session, wait: Wait
    ) -> tuple[Turn, dict[str, Any]]:
        turn = hung_up(survey.program, session, wait)
        words = text("ivr-too-long", session.language)
        said = await survey.speaking.spoken(SayText(words, session.language))
        if not turn.session.reason or turn.session.reason == "hung_up":
            turn = replace(turn, session=replace(turn.session, reason="too_long"))
        values = await self.render(survey, held.token, turn)
        return turn, {**values, "twiml": last_words([said])}

    async def _apologise(self, held: Held, error: Exception) -> str:
        codes = [each.code for each in error.problems] if isinstance(error, HuifangError) else []
        fault = codes[0] if codes else type(error).__name__
        log.error("cloud_turn_broke", attempt=held.attempt_id, fault=fault, exc_info=error)
        twiml = await self._sorry(held)
        async with self._database.write() as session:
            await take_turn(session, held, awaited="", twiml=twiml, fault=fault)
        return twiml

    async def _sorry(self, held: Held) -> str:
        language = str(held.session.get("language", ""))
        try:
            survey = await self._line.surveys(held.flow_version_id)
            words = SayText(text("ivr-apology", language), language)
            return last_words([await survey.speaking.spoken(words)])
        except Exception as error:  # what broke the turn may break these words, too
            log.error("cloud_apology_broke", attempt=held.attempt_id, error=type(error).__name__)
            return HANG_UP


async def keep(
    session: AsyncSession, held: Held, turn: Turn, fields: Mapping[str, str], now: datetime
) -> None:
    """Write down what was answered in one turn; a recording is noted to be fetched."""
    position, state = held.position, turn.session.to_json()
    for answer in turn.answers:
        position += 1
        await add_answer(session, held.attempt_id, answer_row(answer, position, now), state)
        if answer.kind == "recording" and (sid := recording_sid(fields)):
            abroad = Abroad(sid, held.attempt_id, held.trunk, answer.value)
            await add(session, [abroad], now)
    for booking in turn.bookings:
        position += 1
        await add_answer(session, held.attempt_id, booking_row(booking, position, now), None)


async def send_texts(
    session: AsyncSession,
    held: Held,
    turn: Turn,
    survey: CloudSurvey,
    gateways: Sequence[str],
    now: datetime,
) -> None:
    """Keep the texts to be sent that are due with a turn; `held`: as it was before it."""
    before = Session.from_json(held.session, survey.program)
    for message in texts_due(survey.program, before, turn):
        if gateways:
            await send(session, gateways, held.attempt_id, message, now)
        else:  # the gateway was taken out of the settings since the call was made
            log.warning("message_not_sent", attempt=held.attempt_id)


def booked(held: Held, turn: Turn, line: CloudLine, now: datetime) -> datetime | None:
    """Return the moment that the person picked last in this turn; None: none."""
    if not turn.bookings:
        return None
    zone = ZoneInfo(held.time_zone or line.calling.time_zone)
    return booked_moment(turn.bookings[-1], now, zone)


def recording_of(held: Held, wait: Wait) -> str:
    """Return where an open answer will lie below the recordings folder."""
    return f"{held.name}-{getattr(wait, 'step', '')}.wav"
