"""One claimed call of a cloud trunk: made by the provider, waited for, closed."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from core.clock import Clock
from core.disposition import Disposition
from core.errors import HuifangError, TransientError, UncertainError
from core.phone import mask
from dialer.cloud.asking import Asking
from dialer.cloud.ending import Ending
from dialer.cloud.talking import Talking, Token, new_token
from dialer.cloud.terms import CloudLine
from dialer.journal import AttemptJournal
from flows.engine import resumed
from ivr.channels.contract import DialRequest
from ivr.cloud.conversation import going_on, opening
from ivr.cloud.progress import refused as refused_as
from ivr.cloud.provider import NewCall, ProviderRefused
from ivr.outcome import Outcome
from storage.attempts import note
from storage.claims import Claimed
from storage.cloud_calls import Held, begin, change, of_attempt
from storage.database import Database

LOOK = 1.0
"""Seconds between two looks at a call: its news may reach another process than ours."""
REFUSED = "refused"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A call that is to be made."""

    claimed: Claimed
    request: DialRequest
    fields: dict[str, Any]
    language: str | None
    may_leave_message: bool


class CloudCalls:
    """Makes and awaits the calls of one line."""

    def __init__(
        self, database: Database, clock: Clock, line: CloudLine, token: Token = new_token
    ) -> None:
        self.line = line
        self._database, self._clock, self._token = database, clock, token
        self._talking = Talking(database, clock, line, token)
        self._asking = Asking(database, clock, line)
        self._ending = Ending(database, clock, line)
        self._news: dict[int, asyncio.Event] = {}

    def tell(self, attempt_id: int) -> None:
        """There is news of a call: whoever waits for it looks."""
        if (event := self._news.get(attempt_id)) is not None:
            event.set()

    async def hold(self, wanted: Wanted, journal: AttemptJournal) -> Outcome:
        """Call somebody, and wait for what comes of it.

        Raises AuthorError, PermanentError where the first words cannot be said: nobody was called.
        """
        attempt_id = wanted.claimed.attempt_id
        held = await self._begin(wanted)
        if held is None:
            return Outcome(Disposition.FAILED, self._clock.now(), reason="survey_error")
        event = self._news[attempt_id] = asyncio.Event()
        try:
            refusal = await self._call(held, wanted, journal)
            if refusal is not None:
                return refusal
            await self._until_over(attempt_id, event)
            return await self._ending.end(attempt_id)
        except asyncio.CancelledError:
            await asyncio.shield(self._stop(attempt_id, journal))
            raise
        finally:
            del self._news[attempt_id]

    async def _begin(self, wanted: Wanted) -> Held | None:
        """Make the first words ready and keep the call; None where the survey cannot be held
        with this case: nobody's phone is to ring for that."""
        candidate = wanted.claimed.candidate
        survey = await self.line.surveys(candidate.flow_version_id)
        again = resumed(survey.program, wanted.claimed.left)
        if again is not None:
            first = going_on(again)
        else:
            first = opening(survey.program, wanted.fields, wanted.language)
        if first.session.disposition is Disposition.FAILED:
            return None
        token = self._token()
        held = Held(
            attempt_id=wanted.claimed.attempt_id,
            flow_version_id=candidate.flow_version_id,
            trunk=self.line.trunk,
            token=token,
            name=wanted.request.attempt,
            time_zone=candidate.known.time_zone or "",
            may_leave_message=wanted.may_leave_message,
            heard_at=self._clock.now(),
            **await self._talking.render(survey, token, first, first=True),
        )
        async with self._database.write() as session:
            await begin(session, held)
        return held

    async def _call(self, held: Held, wanted: Wanted, journal: AttemptJournal) -> Outcome | None:
        """Let the provider call; returns the outcome where it surely does not."""
        try:
            sid = await self.line.provider.create(self._new(held, wanted.request))
        except ProviderRefused as refused:
            log.warning(
                "cloud_call_refused",
                attempt=held.attempt_id,
                status=refused.status,
                code=refused.code,
                words=refused.words,
            )
            return await self._not_made(held, refused)
        except TransientError as error:
            log.warning("cloud_away", problem=error.sentences("en")[0])
            return await self._not_made(held, ProviderRefused(503, "away", ""))
        except UncertainError as error:
            # Perhaps the phone rings: the provider's next word tells, or nobody ever knows.
            log.warning("cloud_uncertain", problem=error.sentences("en")[0])
            sid = ""
        now = self._clock.now()
        log.info("cloud_call_made", attempt=held.attempt_id, number=mask(wanted.request.number))
        await journal.dialed(now)
        await self._made(held, sid, now)
        return None

    async def _made(self, held: Held, sid: str, now: datetime) -> None:
        async with self._database.write() as session:
            known = await of_attempt(session, held.attempt_id, lock=True)
            values: dict[str, Any] = {"heard_at": now}
            if sid and known is not None and not known.call_sid:
                values["call_sid"] = sid
            if known is not None and known.dialed_at is None:
                values["dialed_at"] = now
                await note(session, held.attempt_id, dialed_at=now)
            await change(session, held.attempt_id, **values)

    async def _not_made(self, held: Held, refused: ProviderRefused) -> Outcome:
        now = self._clock.now()
        async with self._database.write() as session:
            await change(
                session,
                held.attempt_id,
                status=REFUSED,
                error=refused.code[:20],
                ended_at=now,
                awaited="",
            )
        return Outcome(
            refused_as(refused.code),
            now,
            reason=" ".join(filter(None, (REFUSED, refused.code, refused.words)))[:200],
            # As a trunk's own answer: what asks for rest lets the trunk rest.
            sip_status=refused.status,
            retry_after=refused.retry_after,
        )

    def _new(self, held: Held, request: DialRequest) -> NewCall:
        url, rules = self.line.url, self.line.conversation
        return NewCall(
            number=request.number,
            caller_id=self.line.caller_id,
            answer_url=url(held.token, "answer"),
            status_url=url(held.token, "status"),
            machine_url=url(held.token, "machine") if self.line.who_picked_up else "",
            wait_for_greeting=bool(rules.mailbox_messages),
            first_who=not held.may_leave_message,
            ring_seconds=request.ring_seconds,
            extension=request.extension,
            recording_url=url(held.token, "recording") if rules.record_calls else "",
        )

    async def _until_over(self, attempt_id: int, event: asyncio.Event) -> None:
        while True:
            event.clear()
            try:
                async with self._database.read() as session:
                    held = await of_attempt(session, attempt_id)
                if held is None or self._asking.is_over(held):
                    return
                await self._asking.look(held)
            except HuifangError as error:  # the call goes on, whatever the database does
                log.warning("cloud_call_not_seen", problem=error.sentences("en")[0])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await event.wait()

    async def _stop(self, attempt_id: int, journal: AttemptJournal) -> None:
        """Hang up; the journal learns how far the call was."""
        try:
            async with self._database.read() as session:
                held = await of_attempt(session, attempt_id)
            if held is None:
                return
            journal.answered_at, journal.position = held.answered_at, held.position
            if held.call_sid:
                await self.line.provider.hang_up(held.call_sid)
        except (ProviderRefused, HuifangError) as error:
            log.warning("cloud_not_hung_up", attempt=attempt_id, error=type(error).__name__)
