"""The course of one call, from the ringing to its outcome.

What holds whatever happens: each answer is committed before the next prompt is played; a fault in
the middle of a call is heard as an apology, never as silence; every call has an end and an outcome.
"""

import asyncio
import contextlib
from dataclasses import dataclass, replace

import structlog

from core.clock import Clock
from core.disposition import Disposition
from core.errors import HuifangError
from core.phone import mask
from core.verdict import Verdict
from flows.engine import Step, step
from flows.exchange import (
    BookTime,
    EndCall,
    HungUp,
    Input,
    PlayFile,
    SaveAnswer,
    SayText,
    SendMessage,
    TransferEnded,
    WaitRecording,
    WaitTransfer,
)
from flows.program import Program
from ivr.channels.contract import (
    AnnouncementHeard,
    Answered,
    Call,
    Dialed,
    DialRequest,
    Ended,
    EndedBy,
    Ringing,
)
from ivr.conversation_rules import ConversationRules
from ivr.dialogue import CarrierAnswered, Dialogue, MachineAnswered, TooLong
from ivr.journal import Journal
from ivr.listening import Listening
from ivr.outcome import ASKED_FOR_PERSON, Outcome
from ivr.playlist import Playlist, Prompt
from ivr.progress import announced, disposition_of, sign_of
from ivr.wordings import Wordings
from speech.contract import PickedUpBy

MOST_HANG_UP_STEPS = 10
"""Waits that a flow may still have after the person hung up, before it is cut off."""

log = structlog.get_logger(__name__)


def failed(request: DialRequest, error: Exception, known: Outcome) -> Outcome:
    """Return the outcome of a fault of ours, its code as the reason."""
    codes = [each.code for each in error.problems] if isinstance(error, HuifangError) else []
    reason = codes[0] if codes else type(error).__name__
    log.error(
        "conversation-failed",
        attempt=request.attempt,
        number=mask(request.number),
        reason=reason,
        exc_info=error,
    )
    return replace(known, disposition=Disposition.FAILED, verdict=None, reason=reason)


@dataclass
class Course:
    """The frame around one call; what is known so far becomes the outcome."""

    call: Call
    listening: Listening
    dialogue: Dialogue
    request: DialRequest
    program: Program
    wordings: Wordings
    journal: Journal
    clock: Clock
    rules: ConversationRules
    current: Step
    may_leave_message: bool
    """False: nothing is left on a mailbox."""

    def __post_init__(self) -> None:
        self.facts = Outcome(Disposition.FAILED, self.clock.now())
        self.kept = self.current.session
        """The last session of which every answer was kept: a later call goes on there."""
        self.performed = False
        """True where the effects of the current step were performed."""
        self.end: EndCall | None = None
        self.announced: AnnouncementHeard | None = None
        """Why nobody will answer, as the carrier says."""

    async def hold(self) -> Outcome:
        """Wait for the answer, talk, and tell the outcome."""
        try:
            ended = await self._until_answered()
            if ended is not None:
                if self.announced is not None:
                    return self._announced(self.announced)
                rang = self.facts.ringing_at is not None
                return self._outcome(disposition_of(ended, rang=rang), reason=ended.reason)
            return await self._converse()
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await self.call.hang_up()
            raise
        except Exception as error:
            with contextlib.suppress(Exception):
                await self.call.hang_up()
            return failed(self.request, error, self._outcome(Disposition.FAILED))

    async def _until_answered(self) -> Ended | None:
        """Wait until somebody picks up; return the end where nobody does."""
        # The driver gives up ringing by itself; this is for a driver that forgets to.
        latest = self.clock.monotonic() + self.request.ring_seconds + 30
        while True:
            event = await self.listening.next(latest)
            match event:
                case Dialed(at):
                    self.facts = replace(self.facts, dialed_at=at)
                    with self.clock.hold():
                        await self.journal.dialed(at)
                case Ringing(at):
                    if self.facts.ringing_at is None:
                        self.facts = replace(self.facts, ringing_at=at)
                        with self.clock.hold():
                            await self.journal.ringing(at)
                case AnnouncementHeard() if announced(event) is not None:
                    # It goes on until the ring time-out otherwise, and is sure enough.
                    self.announced = event
                    latest = self.clock.monotonic() + self.rules.grace_seconds
                    await self.call.hang_up()
                case Answered(at) if self.announced is None:
                    self.facts = replace(self.facts, answered_at=at)
                    self.dialogue.begin()
                    with self.clock.hold():
                        await self.journal.answered(at)
                    return None
                case Ended():
                    return event
                case None:
                    await self.call.hang_up()
                    ended = await self.dialogue.end() or Ended(self.clock.now(), EndedBy.US)
                    return replace(ended, by=EndedBy.RING_TIMEOUT)

    async def _converse(self) -> Outcome:
        """Talk until the flow, the person, the guard or a fault ends it."""
        try:
            if self.rules.record_calls:
                name = f"{self.request.attempt}.wav"
                await self.call.record_call(self.dialogue.recording_path(name))
                self.facts = replace(self.facts, recording=name)
            end = await self._talk()
        except MachineAnswered as machine:
            return await self._machine(machine)
        except CarrierAnswered as carrier:
            await self.call.hang_up()
            await self.dialogue.end()
            return self._announced(carrier.heard)
        except TooLong:
            end = await self._too_long()
        except Exception as error:
            # The person always hears something, then somebody follows up.
            with contextlib.suppress(Exception):
                self.dialogue.lift_guard()
                await self.dialogue.last_words(await self.wordings.own("ivr-apology"))
            with contextlib.suppress(Exception):
                await self.call.hang_up()
            return failed(self.request, error, self._outcome(Disposition.FAILED))
        return self._outcome(end.disposition, end.verdict, end.reason)

    async def _machine(self, machine: MachineAnswered) -> Outcome:
        """Hang up on a mailbox, where asked for after a message."""
        left = False
        words = self.rules.mailbox_messages.get(self.wordings.language, "")
        if words and self.may_leave_message and machine.by is PickedUpBy.MACHINE:
            # A message that cannot be made is no reason to lose the outcome.
            with contextlib.suppress(HuifangError):
                prompt = await self.wordings.prompt(SayText(words, self.wordings.language))
                left = await self.dialogue.leave_message(prompt, beeped=machine.sign == "beep")
        await self.call.hang_up()
        await self.dialogue.end()
        reason = machine.reason + (" message_left" if left else "")
        return self._outcome(Disposition.MACHINE, reason=reason)

    def _announced(self, heard: AnnouncementHeard) -> Outcome:
        """Return the outcome of a call of which the carrier says why it is in vain."""
        return self._outcome(announced(heard) or Disposition.NO_ANSWER, reason=sign_of(heard))

    async def _talk(self) -> EndCall:
        await self.dialogue.settle()
        while True:
            playlist = await self._perform()
            wait = self.current.wait
            given = await self.dialogue.play(playlist, wait)
            if self.end is not None:
                if self.listening.ended is None:
                    await self.call.hang_up()
                await self.dialogue.end()
                return self.end
            self._go_on(await self.dialogue.input(wait, given))
            ended = self.listening.ended
            if ended is not None and ended.by is EndedBy.CRASH:
                # What became of the person on the line is not known: somebody has to look.
                end = await self._break_off()
                return end._replace(disposition=Disposition.UNKNOWN, reason="crash")

    def _go_on(self, heard: Input) -> None:
        # Who hangs up while being put through wanted a person, too.
        waiting = isinstance(self.current.wait, WaitTransfer)
        if waiting and not (isinstance(heard, TransferEnded) and heard.taken):
            self.facts = replace(self.facts, asked_for_person=True)
        self.current = step(self.program, self.current.session, heard)
        self.performed = False

    async def _break_off(self) -> EndCall:
        """Tell the flow that nobody is there any more; return the end it comes to."""
        for _ in range(MOST_HANG_UP_STEPS):
            if not self.performed:
                await self._perform(silently=True)
            if self.end is not None:
                return self.end
            self._go_on(HungUp())
        return EndCall(Disposition.BROKE_OFF)

    async def _too_long(self) -> EndCall:
        self.dialogue.lift_guard()
        end = await self._break_off()
        await self.dialogue.last_words(await self.wordings.own("ivr-too-long"))
        return end._replace(reason=end.reason or "too_long")

    async def _perform(self, *, silently: bool = False) -> Playlist:
        """Write down what is to be kept, in order; return what is to be said."""
        self.performed = True
        silently = silently or self.listening.ended is not None
        said: list[Prompt] = []
        for effect in self.current.effects:
            now = self.clock.now()
            match effect:
                case SaveAnswer():
                    with self.clock.hold():
                        await self.journal.answer(effect, self.current.session.to_json(), now)
                    self.kept = self.current.session
                case BookTime():
                    with self.clock.hold():
                        await self.journal.book(effect, now)
                case SendMessage():
                    with self.clock.hold():
                        await self.journal.message(effect, now)
                case EndCall():
                    self.end = effect
                case SayText() | PlayFile():
                    if not silently:
                        said.append(await self.wordings.prompt(effect))
        if isinstance(self.current.wait, WaitRecording) and not silently:
            said.append(await self.wordings.tone())
        self.kept = self.current.session
        return Playlist(tuple(said))

    def _outcome(
        self, disposition: Disposition, verdict: Verdict | None = None, reason: str = ""
    ) -> Outcome:
        ended = self.listening.ended or Ended(self.clock.now(), EndedBy.US)
        return replace(
            self.facts,
            disposition=disposition,
            verdict=verdict,
            reason=reason,
            ended_at=ended.at,
            sip_status=ended.sip_status,
            q850_cause=ended.q850_cause,
            retry_after=ended.retry_after,
            packets_lost=ended.packets_lost,
            session=self.kept.to_json() if self.facts.answered_at else None,
            asked_for_person=self.facts.asked_for_person or reason == ASKED_FOR_PERSON,
        )
