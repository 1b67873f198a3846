"""One conversation: a flow performed over a voice channel, from the dialling to the outcome.

What holds whatever happens: everything needed for the first words is prepared before the phone
rings; each answer is committed before the next prompt is played; a fault in the middle of a call
is heard as an apology, never as silence; every call has an end and an outcome.
"""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from core.catalogue import text
from core.clock import Clock
from core.disposition import Disposition
from core.errors import HuifangError
from core.phone import mask
from core.verdict import Verdict
from flows.engine import Step, start, step
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
    VoiceChannel,
)
from ivr.conversation_rules import ConversationRules
from ivr.dialogue import CarrierAnswered, Dialogue, MachineAnswered, TooLong
from ivr.journal import Journal
from ivr.listening import Listening
from ivr.outcome import ASKED_FOR_PERSON, Outcome
from ivr.playlist import Playlist, Prompt
from ivr.progress import announced, disposition_of, sign_of
from ivr.prompt_length import length_of
from speech.contract import PickedUpBy, PromptSource

__all__ = ["ConversationRules", "hold"]

TONE = Path(__file__).parent / "sounds" / "tone.wav"
"""The tone after which an open answer is recorded."""

MOST_HANG_UP_STEPS = 10
"""Waits that a flow may still have after the person hung up, before it is cut off."""

log = structlog.get_logger(__name__)


async def hold(
    channel: VoiceChannel,
    request: DialRequest,
    *,
    program: Program,
    fields: dict[str, Any],
    language: str,
    prompts: PromptSource,
    journal: Journal,
    clock: Clock,
    rules: ConversationRules,
    survey_folder: Path,
    may_leave_message: bool = True,
) -> Outcome:
    """Call `request.number`, walk through `program` with whoever answers, say what came of it.

    `may_leave_message`: False where nothing may be left on a mailbox, as of a key incident.

    Never raises for what goes wrong on the way (that is a `failed` outcome with its reason),
    only when it is cancelled: then it hangs up first.
    """
    wordings = _Wordings(prompts, clock, survey_folder, language)
    try:
        opening = start(program, fields=fields, language=language)
        if opening.session.disposition is Disposition.FAILED:
            # The survey cannot be held with this case: nobody's phone is to ring for that.
            known = Outcome(Disposition.FAILED, clock.now())
            return replace(known, reason=opening.session.reason)
        await wordings.prepare(opening)
        call = await channel.dial(request)
    except Exception as error:
        return _failed(request, error, Outcome(Disposition.FAILED, clock.now()))
    listening = Listening(call, clock)
    dialogue = Dialogue(
        call,
        listening,
        clock,
        rules,
        name=request.attempt,
        everywhere="".join(key.key for key in program.flow.keys),
        abilities=channel.abilities,
    )
    conversation = _Conversation(
        call,
        listening,
        dialogue,
        request,
        program,
        wordings,
        journal,
        clock,
        rules,
        opening,
        may_leave_message,
    )
    try:
        return await conversation.hold()
    finally:
        await listening.close()


def _failed(request: DialRequest, error: Exception, known: Outcome) -> Outcome:
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


@dataclass(frozen=True)
class _Wordings:
    """Looks up the files of what is to be said. Virtual time stands still meanwhile."""

    prompts: PromptSource
    clock: Clock
    survey_folder: Path
    language: str

    async def prepare(self, opening: Step) -> None:
        """Make sure, before anybody's phone rings, that the first words can be spoken."""
        await self.own("ivr-apology")
        for effect in opening.effects:
            if isinstance(effect, SayText | PlayFile):
                await self.prompt(effect)

    async def own(self, key: str) -> Prompt:
        """Return the product's own words in the call's language."""
        return await self.prompt(SayText(text(key, self.language), self.language))

    async def prompt(self, effect: SayText | PlayFile) -> Prompt:
        """Return the prompt of one effect."""
        with self.clock.hold():
            if isinstance(effect, SayText):
                path = await self.prompts.spoken(effect.text, effect.language)
            else:
                path = await self.prompts.recorded(self.survey_folder / effect.file)
        return Prompt(path, length_of(path), effect.interrupted_by, effect.skipped_by)

    async def tone(self) -> Prompt:
        """Return the tone that an open answer is spoken after."""
        with self.clock.hold():
            path = await self.prompts.recorded(TONE)
        return Prompt(path, length_of(path))


@dataclass
class _Conversation:
    """The frame around one call; what is known so far becomes the outcome."""

    call: Call
    listening: Listening
    dialogue: Dialogue
    request: DialRequest
    program: Program
    wordings: _Wordings
    journal: Journal
    clock: Clock
    rules: ConversationRules
    current: Step
    may_leave_message: bool
    """False: nothing is left on a mailbox."""

    def __post_init__(self) -> None:
        self.facts = Outcome(Disposition.FAILED, self.clock.now())
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
            return _failed(self.request, error, self._outcome(Disposition.FAILED))

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
            return _failed(self.request, error, self._outcome(Disposition.FAILED))
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
            session=self.current.session.to_json() if self.facts.answered_at else None,
            asked_for_person=self.facts.asked_for_person or reason == ASKED_FOR_PERSON,
        )
