"""One call of the dry-run driver: a simulated person acts, nothing sounds."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from core.clock import Clock
from ivr.channels.contract import (
    AnnouncementHeard,
    Answered,
    Dialed,
    DialRequest,
    Ended,
    EndedBy,
    Event,
    KeyPressed,
    PickUpDecided,
    PromptFinished,
    RecordingFinished,
    Ringing,
    SpeechBegan,
    SpeechHeard,
    TransferFinished,
)
from ivr.channels.happenings import Happenings
from ivr.channels.silence_file import write_silence
from ivr.people.person import (
    BEEP_SECONDS,
    GREETING_SECONDS,
    Action,
    HangUp,
    Person,
    Press,
    Reaction,
    Speak,
)
from ivr.prompt_length import length_of
from speech.contract import Grammar, PickedUpBy

QUIET_SECONDS = 0.5
"""Silence after which an utterance is over, and the recogniser's time."""
DECIDED_SECONDS = 1.0
"""From the answer to the moment at which a person's greeting is over and heard to be one."""
FAX_SECONDS = 2.5
ANNOUNCED_SECONDS = 4.0
"""Seconds in which a carrier's announcement has been heard."""
SET_UP_SECONDS = 1.0
"""From dialling to the first response."""
Q850 = {486: 17, 603: 21, 480: 20, 404: 1}
"""Causes that networks send with these statuses (ITU-T Q.850; RFC 6432 in SIP)."""


class DryRunCall:
    """One call to one simulated person."""

    def __init__(
        self,
        request: DialRequest,
        person: Person,
        clock: Clock,
        grid: float,
        on_end: "Callable[[DryRunCall], None]",
    ) -> None:
        self._request, self._person, self._clock, self._grid = request, person, clock, grid
        self._on_end = on_end
        self._happenings = Happenings()
        self._numbers = itertools.count(1)
        self._heard = 0
        """Number of the last play that began."""
        self._playing: int | None = None
        self._used = 0
        """Reactions of the script that were used up."""
        self._sound_until = -math.inf
        self._answered = False
        self._prompt: asyncio.Task[None] | None = None
        self._acting: asyncio.Task[None] | None = None
        self._mid_action = False
        self._missed: tuple[int, float] | None = None
        """A prompt that began while the person was speaking: its number, and when it ends."""
        self._listening = 0
        """Number of the listening under way; 0: nobody listens."""
        self._recording: asyncio.Task[None] | None = None
        self._recording_began = 0.0
        self._recording_path = Path()
        self._after_playing = False
        self._others: set[asyncio.Task[None]] = set()
        self._begin()

    def _begin(self) -> None:
        self._happenings.tell(Dialed(self._clock.now()))
        self._spawn(self._pick_up())

    @property
    def rings_back(self) -> float:
        """Seconds after which the person rings us, who was not reached; 0: he does not."""
        return 0.0 if self._answered else self._person.rings_back

    @property
    def person(self) -> Person:
        """Who it is."""
        return self._person

    @property
    def called(self) -> tuple[str, str]:
        """The number that was called, and over which trunk."""
        return self._request.number, self._request.trunk

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens, `Ended` last."""
        return self._happenings.read()

    async def play(self, files: list[Path]) -> int:
        """Play, in thought; returns the number of the play."""
        number = next(self._numbers)
        if self._happenings.over:
            return number
        self._silence()
        self._heard = self._playing = number
        seconds = sum(length_of(file) for file in files)
        self._prompt = self._spawn(self._speak(number, seconds))
        if not self._mid_action:
            if self._acting is not None:
                self._acting.cancel()
            self._acting = self._spawn(self._react(number, seconds))
        else:
            self._missed = (number, self._clock.monotonic() + seconds)
        return number

    async def stop(self) -> None:
        """Stop playing."""
        self._silence()

    async def listen(self, grammar: Grammar) -> None:  # noqa: ARG002 - words come as they are
        """Tell what the person says from now on."""
        self._listening = self._listening or next(self._numbers)

    async def stop_listening(self) -> None:
        """Take no more speech."""
        self._listening = 0

    async def record(self, path: Path, *, seconds: float, silence: float) -> None:
        """Record the person, which is a file of silence as long as the recording."""
        if self._happenings.over:
            return
        self._recording_path, self._recording_began = path, self._clock.monotonic()
        self._recording = self._spawn(self._record(seconds, silence))

    async def stop_recording(self) -> float:
        """End the recording."""
        if self._recording is None:
            return 0.0
        self._recording.cancel()
        return self._keep_recording()

    async def record_call(self, path: Path) -> None:
        """Nothing is recorded of a call without sound."""

    async def transfer(self, target: str) -> None:  # noqa: ARG002 - whoever it is takes it
        """Somebody takes it a moment later."""
        self._spawn(self._transfer())

    async def hang_up(self, *, after_playing: bool = False) -> None:
        """End the call."""
        if after_playing and self._playing is not None:
            self._after_playing = True
        else:
            self._end(EndedBy.US, 200 if self._answered else 487)

    # ------------------------------------------------------------------------- the person

    async def _pick_up(self) -> None:
        person = self._person
        await self._pause(SET_UP_SECONDS)
        if person.rings or (person.status == 0 and not person.early):
            self._happenings.tell(Ringing(self._clock.now()))
            patience = float(self._request.ring_seconds)
            if (person.status == 0 and not person.early) or person.rings > patience:
                await self._pause(patience)
                return self._end(EndedBy.RING_TIMEOUT, 487)
            await self._pause(person.rings)
        if person.early:
            self._happenings.tell(Ringing(self._clock.now(), early_media=True))
            await self._pause(ANNOUNCED_SECONDS)
            self._announce(person)
            if not person.status:
                await self._pause(float(self._request.ring_seconds))
                return self._end(EndedBy.RING_TIMEOUT, 487)
        if person.status != 200:
            return self._end(EndedBy.TRUNK, person.status, Q850.get(person.status, 0))
        self._answered = True
        self._happenings.tell(Answered(self._clock.now()))
        if not person.script.on_answer:
            return await self._tell_who_picked_up()
        self._spawn(self._tell_who_picked_up())
        return await self._act_at_once()

    async def _act_at_once(self) -> None:
        for action in self._person.script.on_answer:
            await self._pause(action.after)
            await self._do(action)

    async def _tell_who_picked_up(self) -> None:
        person = self._person
        if person.machine:
            await self._pause(GREETING_SECONDS + BEEP_SECONDS)
            self._decide(PickedUpBy.MACHINE, "beep")
        elif person.fax:
            await self._pause(FAX_SECONDS)
            self._decide(PickedUpBy.FAX, "ced")
        elif person.announces and not person.early:
            await self._pause(ANNOUNCED_SECONDS)
            self._announce(person)
        else:
            await self._pause(DECIDED_SECONDS)
            self._decide(PickedUpBy.PERSON, "short_greeting")

    def _decide(self, by: PickedUpBy, sign: str) -> None:
        self._happenings.tell(PickUpDecided(by, self._clock.now(), sign))

    def _announce(self, person: Person) -> None:
        if person.announces:
            self._happenings.tell(AnnouncementHeard(person.announces, self._clock.now()))

    async def _react(self, number: int, seconds: float) -> None:
        reaction = self._person.script.reaction(self._used)
        began = self._clock.monotonic()
        for action in reaction.during:
            if self._clock.monotonic() + action.after >= began + seconds:
                break
            await self._pause(action.after)
            if self._playing != number:
                return
            await self._act(action, reaction)
        if not reaction.then:
            return
        await self._pause(began + seconds - self._clock.monotonic())
        for action in reaction.then:
            await self._pause(action.after)
            if self._heard != number:
                return
            await self._act(action, reaction)

    async def _act(self, action: Action, reaction: Reaction) -> None:
        if self._person.script.reaction(self._used) is reaction:
            self._used += 1  # the first thing done about a prompt uses its reaction up
        await self._do(action)

    async def _do(self, action: Action) -> None:
        match action:
            case Press(keys):
                self._mid_action = True
                for index, key in enumerate(keys):
                    if index:
                        await self._pause(self._grid)
                    self._happenings.tell(KeyPressed(key, self._clock.now(), self._person.keys_by))
                self._mid_action = False
            case Speak():
                await self._say(action)
            case HangUp():
                self._end(EndedBy.PARTY, 200, 16)

    async def _say(self, speak: Speak) -> None:
        self._sound_until = self._clock.monotonic() + speak.seconds
        listening, began = self._listening, self._clock.now()
        if listening:
            self._happenings.tell(SpeechBegan(began))
            self._mid_action = True  # whoever speaks finishes his sentence
        if speak.pressing:
            await self._pause(speak.seconds / 2)
            await self._do(Press(speak.pressing))
            self._mid_action = bool(listening)
        await self._pause(self._sound_until - self._clock.monotonic())
        self._mid_action = False
        if self._missed is not None:
            number, until = self._missed
            left = max(0.0, until - self._clock.monotonic())
            self._missed, self._acting = None, self._spawn(self._react(number, left))
        if listening:
            self._spawn(self._recognise(listening, speak, began, self._clock.now()))

    async def _recognise(
        self, listening: int, speak: Speak, began: datetime, ended: datetime
    ) -> None:
        await self._pause(QUIET_SECONDS)
        if self._listening == listening:
            confidence = speak.confidence if speak.words else 0.0
            heard = (speak.words, confidence, began, ended)
            self._happenings.tell(SpeechHeard(*heard, at=self._clock.now()))

    # --------------------------------------------------------------------------- the line

    async def _speak(self, number: int, seconds: float) -> None:
        await self._pause(seconds)
        if self._playing == number:
            self._playing = None
            self._happenings.tell(PromptFinished(number, self._clock.now()))
            if self._after_playing:
                self._end(EndedBy.US, 200)

    async def _record(self, seconds: float, silence: float) -> None:
        limit = self._recording_began + seconds
        ended_by = "limit"
        while (now := self._clock.monotonic()) < limit:
            quiet_at = max(self._recording_began, self._sound_until) + (silence or math.inf)
            if now >= quiet_at:
                ended_by = "silence"
                break
            await self._pause(min(quiet_at, limit) - now)
        length = self._keep_recording()
        self._happenings.tell(
            RecordingFinished(self._recording_path, length, ended_by, self._clock.now())
        )

    def _keep_recording(self) -> float:
        self._recording = None
        length = self._clock.monotonic() - self._recording_began
        write_silence(self._recording_path, length)
        return length

    async def _transfer(self) -> None:
        await self._pause(2.0)
        self._happenings.tell(TransferFinished(taken=True, at=self._clock.now()))

    def _silence(self) -> None:
        self._playing = None
        if self._prompt is not None:
            self._prompt.cancel()
            self._prompt = None

    def _end(self, by: EndedBy, status: int, cause: int = 16) -> None:
        if self._happenings.over:
            return
        if self._recording is not None:
            self._recording.cancel()
            length = self._keep_recording()
            now = self._clock.now()
            self._happenings.tell(RecordingFinished(self._recording_path, length, "hang_up", now))
        self._happenings.tell(
            Ended(self._clock.now(), by, status, cause if by is not EndedBy.US else 16)
        )
        current = asyncio.current_task()
        for task in self._others:
            if task is not current:
                task.cancel()
        self._on_end(self)

    async def _pause(self, seconds: float) -> None:
        """Sleep until the first moment of the grid that is not before `seconds` from now."""
        now = self._clock.monotonic()
        moment = now + max(0.0, seconds)
        if self._grid:
            moment = math.ceil(moment / self._grid - 1e-6) * self._grid
        await self._clock.sleep(moment - now)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        return task
