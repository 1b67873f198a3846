"""What the provider tells of a call beside its turns: how far it is, who picked up, a transfer.

Words may come twice and in any order: a call never goes back, and what is known stays known.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import HuifangError
from dialer.cloud.terms import CloudLine
from flows.exchange import SayText
from ivr.cloud.progress import FINAL, machine_of, rank, takes_message
from ivr.cloud.provider import ProviderRefused
from ivr.cloud.twiml import HANG_UP, last_words
from storage.attempts import note
from storage.cloud_calls import Held, change, of_attempt
from storage.cloud_recordings import Abroad, add
from storage.database import Database

log = structlog.get_logger(__name__)


class News:
    """Takes the news of one line's calls."""

    def __init__(self, database: Database, clock: Clock, line: CloudLine) -> None:
        self._database, self._clock, self._line = database, clock, line

    async def status(self, attempt_id: int, status: str, fields: Mapping[str, str]) -> None:
        """Keep how far a call is. Raises the database's errors."""
        now = self._clock.now()
        async with self._database.write() as session:
            held = await of_attempt(session, attempt_id, lock=True)
            if held is not None:
                values = _progress(held, status, fields, now)
                await self._change(session, held, values, now)

    async def answered(self, held: Held, fields: Mapping[str, str]) -> str:
        """Keep that somebody picked up; returns the TwiML that waits for him."""
        answered_by = fields.get("AnsweredBy", "")
        await self.status(held.attempt_id, "in-progress", fields)
        if answered_by:
            await self.who(held.attempt_id, answered_by)
        async with self._database.read() as session:
            found = await of_attempt(session, held.attempt_id)
        return HANG_UP if found is None else found.twiml

    async def who(self, attempt_id: int, answered_by: str) -> Held | None:
        """Keep who picked up; returns the call where it is a machine and the turn was taken from
        whoever was thought to be there. Somebody who acted is a person, whatever is told later."""
        machine = machine_of(answered_by)
        if not machine:
            return None
        async with self._database.read() as session:
            before = await of_attempt(session, attempt_id)
        if before is None:
            return None
        message = await self._message(before, machine)
        async with self._database.write() as session:
            held = await of_attempt(session, attempt_id, lock=True)
            if held is None or held.acted or held.over or held.status in FINAL:
                return None
            await change(
                session,
                attempt_id,
                machine=machine + (" message_left" if message else ""),
                twiml=message or HANG_UP,
                rest=message or HANG_UP,
                awaited="",
                heard_at=self._clock.now(),
            )
            return await of_attempt(session, attempt_id)

    async def redirect(self, held: Held) -> None:
        """Let the provider turn to what waits now instead of what it is saying."""
        try:
            await self._line.provider.redirect(held.call_sid, held.twiml)
        except (ProviderRefused, HuifangError) as error:
            # The call has ended, or its next request gets the same answer.
            why = error.words if isinstance(error, ProviderRefused) else error.sentences("en")[0]
            log.warning("cloud_redirect_failed", attempt=held.attempt_id, why=why)

    async def put_through(self, attempt_id: int) -> None:
        """Keep that somebody took a transfer. Raises the database's errors."""
        async with self._database.write() as session:
            await change(session, attempt_id, put_through=True, heard_at=self._clock.now())

    async def recorded(self, held: Held, sid: str) -> None:
        """Keep that the whole call was recorded; it is fetched. Raises the database's errors."""
        if sid:
            abroad = Abroad(sid, held.attempt_id, held.trunk, f"{held.name}.wav")
            async with self._database.write() as session:
                await add(session, [abroad], self._clock.now())

    async def _message(self, held: Held, machine: str) -> str:
        """Return the TwiML that leaves a message; empty where none may be left."""
        language = str(held.session.get("language", ""))
        words = self._line.conversation.mailbox_messages.get(language, "")
        if not (words and held.may_leave_message and takes_message(machine)):
            return ""
        try:
            survey = await self._line.surveys(held.flow_version_id)
            return last_words([await survey.speaking.spoken(SayText(words, language))])
        except HuifangError as error:  # no reason to lose the outcome
            log.warning("mailbox_message_broke", problem=error.sentences("en")[0])
            return ""

    async def _change(
        self, session: AsyncSession, held: Held, values: dict[str, Any], now: datetime
    ) -> None:
        await change(session, held.attempt_id, **values, heard_at=now)
        moments = {name: values[name] for name in ("ringing_at", "answered_at") if values.get(name)}
        if moments:
            await note(session, held.attempt_id, **moments)


def _progress(held: Held, status: str, fields: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return the columns that a word about a call changes."""
    values: dict[str, Any] = {}
    if not held.call_sid and fields.get("CallSid"):
        values["call_sid"] = fields["CallSid"]
    if held.dialed_at is None:
        values["dialed_at"] = now
    if status == "ringing" and held.ringing_at is None:
        values["ringing_at"] = now
    if status == "in-progress" and held.answered_at is None:
        values["answered_at"] = now
    if held.status in FINAL or held.status == "lost" or rank(status) <= rank(held.status):
        return values
    values["status"] = status
    if status in FINAL:
        values["ended_at"] = now
        sip = fields.get("SipResponseCode", "")
        values["sip_status"] = int(sip) if sip.isdigit() and len(sip) == 3 else 0
        values["error"] = fields.get("ErrorCode", "")[:20]
        if status == "completed" and held.answered_at is None:
            lasted = fields.get("CallDuration", "")
            seconds = int(lasted) if lasted.isdigit() and len(lasted) < 6 else 0
            values["answered_at"] = now - timedelta(seconds=seconds)
    return values
