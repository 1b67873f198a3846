"""The person on the line: prompts played, keys, speech and recordings taken, each wait bounded.

Between the flow's waits and the channel's events. What a key means while a prompt plays is
decided in `ivr.playlist`, what keys add up to in `ivr.keys`, what of speech counts in
`ivr.attention`. A key at any time wins over speech.
"""

import contextlib
import math
from pathlib import Path

from core.clock import Clock
from flows.exchange import (
    Finished,
    HungUp,
    Input,
    Keys,
    Recorded,
    Speech,
    TransferEnded,
    Wait,
    WaitAnswer,
    WaitRecording,
    WaitTransfer,
)
from ivr.attention import AHEAD_SECONDS, EAGER_SECONDS, Attention
from ivr.channels.contract import (
    Ability,
    AnnouncementHeard,
    Call,
    Ended,
    Event,
    KeyPressed,
    MachineHeard,
    PickUpDecided,
    PromptFinished,
    RecordingFinished,
    TransferFinished,
)
from ivr.conversation_rules import ConversationRules
from ivr.keys import Collecting, expire, press, trailing_end_key
from ivr.listening import Listening
from ivr.playlist import Playlist, Press, Prompt
from ivr.progress import announced
from speech.contract import PickedUpBy


class MachineAnswered(Exception):
    """A mailbox or a fax is on the line."""

    def __init__(self, by: PickedUpBy, sign: str) -> None:
        super().__init__(by, sign)
        self.by, self.sign = by, sign

    @property
    def reason(self) -> str:
        """What an outcome keeps of it: ``machine_beep``, ``fax_ced``."""
        return f"{self.by}_{self.sign}"


class CarrierAnswered(Exception):
    """The carrier took the call itself, to say why nobody answers."""

    def __init__(self, heard: AnnouncementHeard) -> None:
        super().__init__(heard)
        self.heard = heard


class TooLong(Exception):
    """The guard on the whole call's length."""


class Dialogue:
    """Talking with whoever answered. `name` is the attempt's, for recordings."""

    def __init__(
        self,
        call: Call,
        listening: Listening,
        clock: Clock,
        rules: ConversationRules,
        *,
        name: str,
        everywhere: str,
        abilities: frozenset[Ability],
    ) -> None:
        self._call, self._listening, self._clock, self._rules = call, listening, clock, rules
        self._name, self._everywhere, self._abilities = name, everywhere, abilities
        self._attention = Attention(
            call, clock, able=Ability.SPEECH in abilities, noise_seconds=rules.noise_seconds
        )
        self._guard = math.inf
        self._pressed = False
        self._trailing: str | None = None

    def begin(self) -> None:
        """The call was answered: from now on its length is watched."""
        self._guard = self._clock.monotonic() + self._rules.longest_seconds

    def lift_guard(self) -> None:
        """Allow last words after the call has lasted too long."""
        self._guard = math.inf

    def recording_path(self, name: str) -> Path:
        """Return where the recording `name` goes, its folder made (names hold the day's)."""
        path = self._rules.recordings / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    async def settle(self) -> None:
        """Let the person say hello; a mailbox, a carrier or a hang-up may come instead."""
        tells = Ability.PICK_UP in self._abilities
        seconds = self._rules.pick_up_seconds if tells else self._rules.settle_seconds
        until = self._clock.monotonic() + seconds
        while (event := await self._next(until)) is not None:
            if isinstance(event, Ended | PickUpDecided):
                return

    async def leave_message(self, prompt: Prompt, *, beeped: bool) -> bool:
        """Say `prompt` to a mailbox after its beep; return True where it was heard to its end."""
        until = self._clock.monotonic() + self._rules.mailbox_seconds
        while not beeped:
            event = await self._listening.next(until)
            if event is None or isinstance(event, Ended):
                return False
            beeped = isinstance(event, MachineHeard)
        number = await self._call.play([prompt.path])
        until = self._clock.monotonic() + prompt.seconds + self._rules.grace_seconds
        while (event := await self._listening.next(until)) is not None:
            if isinstance(event, Ended):
                return False
            if isinstance(event, PromptFinished) and event.play == number:
                return True
        return False

    async def play(self, playlist: Playlist, wait: Wait) -> str | Speech:
        """Play until the end, the hang-up or an answer; return its key or words, or nothing."""
        self._listening.drop_keys(except_for=self._everywhere)
        again = True
        while playlist.prompts and self._listening.ended is None:
            number = await self._call.play([prompt.path for prompt in playlist.prompts])
            began = self._clock.monotonic()
            latest = began + playlist.seconds + self._rules.grace_seconds
            rest = Playlist(())
            while (event := await self._hear(playlist, wait, began, latest)) is not None:
                if isinstance(event, Ended):
                    return ""
                if isinstance(event, PromptFinished) and event.play == number:
                    self._trailing = None
                    break
                elapsed = self._clock.monotonic() - began
                if self._attention.speaking and playlist.prompts[-1].interruptible:
                    await self._call.stop()
                    given = await self._said()
                    if given or not again:
                        return given
                    # It was a noise: the question is put again, but not for ever.
                    again, rest = False, playlist.after(playlist.index_at(elapsed) - 1)
                    await self._attention.end()
                    break
                if not isinstance(event, KeyPressed) or self._belongs_to_last(event.key):
                    continue
                meaning = playlist.press(
                    event.key, elapsed, everywhere=self._everywhere, deaf=self._rules.deaf_seconds
                )
                if meaning is Press.ANSWERS and isinstance(wait, WaitAnswer | WaitRecording):
                    await self._call.stop()
                    return event.key
                if meaning is not Press.DROPPED:
                    rest = playlist.after(playlist.index_at(elapsed))
                    await self._attention.end()
                    if not rest.prompts:
                        await self._call.stop()
                    break
            playlist = rest
        return ""

    async def _hear(
        self, playlist: Playlist, wait: Wait, began: float, latest: float
    ) -> Event | None:
        """Return the next event while a list plays, None at `latest`.

        From where on speech may answer, it is listened to; the words of an event are dropped
        here, as what is heard to its end while something plays had begun before.
        """
        if not self._attention.wanted(wait):
            return await self._next(latest)
        counts = playlist.speech_from(self._rules.deaf_seconds)
        if not playlist.prompts[-1].interruptible:
            counts -= EAGER_SECONDS
        if not self._attention.open:
            opens = began + counts - AHEAD_SECONDS
            event = await self._next(opens) if opens > self._clock.monotonic() else None
            if event is not None:
                return event
            assert isinstance(wait, WaitAnswer)  # noqa: S101 - only that is wanted
            now = self._clock.monotonic()
            await self._attention.begin(wait, max(0.0, began + counts - now))
        event = await self._next(latest)
        if event is not None:
            self._attention.take(event)
        return event

    async def _said(self) -> str | Speech:
        """Let the person finish; return the key pressed or the words said, nothing for noise."""
        said: Speech | None = None
        while self._attention.speaking or self._listening.key_waits:
            event = await self._next(self._attention.latest)
            if event is None or isinstance(event, Ended):
                self._attention.give_up()
                return ""
            if isinstance(event, KeyPressed):
                if not self._belongs_to_last(event.key):
                    return event.key
            else:
                said = self._attention.take(event) or said
        return said or ""

    async def input(self, wait: Wait, given: str | Speech) -> Input:
        """Wait for what the flow waits for; `given` is the key or speech that cut in already."""
        try:
            if isinstance(given, Speech):
                return given
            return await self._input(wait, given)
        finally:
            await self._attention.end()

    async def _input(self, wait: Wait, key: str) -> Input:
        match wait:
            case WaitAnswer():
                return await self._answer(wait, key)
            case WaitRecording():
                return await self._recording(wait, key)
            case WaitTransfer():
                return await self._transfer(wait)
            case Finished():
                raise RuntimeError("the flow has finished without an end")

    async def last_words(self, prompt: Prompt) -> None:
        """Say one thing more and hang up."""
        await self._attention.end()
        with contextlib.suppress(MachineAnswered, CarrierAnswered):
            await self.play(Playlist((prompt,)), Finished())
        await self._call.hang_up()
        await self.end()

    async def end(self) -> Ended | None:
        """Wait for the end of a call that was hung up."""
        latest = self._clock.monotonic() + self._rules.grace_seconds
        while (event := await self._listening.next(latest)) is not None:
            if isinstance(event, Ended):
                return event
        return None

    def _belongs_to_last(self, key: str) -> bool:
        """Say whether `key` is the end key of a number that was full without it."""
        trailing, self._trailing = self._trailing, None
        return key == trailing

    async def _answer(self, wait: WaitAnswer, key: str) -> Input:
        collecting = Collecting(wait)
        if not key and self._attention.wanted(wait) and not self._attention.open:
            await self._attention.begin(wait)
        until = self._clock.monotonic() + collecting.patience
        while True:
            if key:
                result = press(collecting, key)
                await self._attention.end()
                if isinstance(result, Keys):
                    self._trailing = trailing_end_key(wait, result)
                    return result
                collecting = result
                until = self._clock.monotonic() + collecting.patience
            key = ""
            if self._attention.speaking:
                # While somebody speaks nobody is silent.
                left = until - self._clock.monotonic()
                given = await self._said()
                if isinstance(given, Speech):
                    return given
                key, until = given, self._clock.monotonic() + max(left, 0.0)
                continue
            event = await self._next(until)
            if event is None:
                return expire(collecting)
            if isinstance(event, Ended):
                return HungUp()
            if isinstance(event, KeyPressed) and not self._belongs_to_last(event.key):
                key = event.key
            else:
                self._attention.take(event)

    async def _recording(self, wait: WaitRecording, key: str) -> Input:
        if key:
            return Keys(key)
        if self._listening.ended is not None:
            return HungUp()
        name = f"{self._name}-{wait.step}.wav"
        await self._call.record(
            self.recording_path(name), seconds=wait.seconds, silence=wait.silence
        )
        began = self._clock.monotonic()
        latest = began + wait.seconds + self._rules.grace_seconds
        while True:
            try:
                event = await self._next(latest)
            except TooLong:
                event = None  # what was said until now is kept; the guard speaks up again at once
            match event:
                case RecordingFinished(_, seconds, ended_by):
                    return Recorded(name, seconds, ended_by)
                case KeyPressed(key) if key == wait.end_key or key in self._everywhere:
                    return Recorded(name, await self._call.stop_recording(), "key")
                case Ended():
                    return HungUp()  # a driver that still could has told of the recording before
                case None:
                    return Recorded(name, await self._call.stop_recording(), "limit")

    async def _transfer(self, wait: WaitTransfer) -> Input:
        if Ability.TRANSFER not in self._abilities:
            return TransferEnded(taken=False, reason="no_ability")
        await self._call.transfer(self._rules.transfers.get(wait.target, wait.target))
        latest = self._clock.monotonic() + self._rules.transfer_seconds
        while True:
            event = await self._next(latest)
            match event:
                case TransferFinished(taken, _, reason):
                    return TransferEnded(taken, reason)
                case Ended():
                    return HungUp()
                case None:
                    return TransferEnded(taken=False, reason="no_answer")

    async def _next(self, until: float) -> Event | None:
        """Return the next event, None at `until`. Raises when the call must end here."""
        event = await self._listening.next(min(until, self._guard))
        if isinstance(event, KeyPressed):
            self._pressed = True
        elif not self._pressed:
            # Whoever has pressed a key is a person; a beep then is only a noise.
            self._refuse_machine(event)
        if event is None and self._clock.monotonic() >= self._guard:
            raise TooLong
        return event

    @staticmethod
    def _refuse_machine(event: Event | None) -> None:
        """Raise where no person is on the line."""
        match event:
            case MachineHeard(_, sign):
                raise MachineAnswered(PickedUpBy.MACHINE, sign)
            case PickUpDecided(PickedUpBy.MACHINE | PickedUpBy.FAX as by, _, sign):
                raise MachineAnswered(by, sign)
            case AnnouncementHeard() if announced(event) is not None:
                raise CarrierAnswered(event)
