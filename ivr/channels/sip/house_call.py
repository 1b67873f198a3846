"""One call over SIP, as the conversation holds it."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from core.trunk import Trunk
from ivr.channels.contract import (
    Answered,
    Caller,
    Dialed,
    Ended,
    EndedBy,
    Event,
    KeyPressed,
    MachineHeard,
    PromptFinished,
    RecordingFinished,
    Ringing,
    TransferFinished,
)
from ivr.channels.happenings import Happenings
from ivr.channels.sip import protocol
from ivr.channels.sip.numbering import transfer_target
from ivr.channels.sip.pickup import PickUp, PickUpRules
from ivr.channels.sip.understanding import Understanding
from speech.contract import Grammar, Recogniser
from speech.mending import mend


class Lines(Protocol):
    """What a call asks of the channel that holds it."""

    def send(self, call: str, command: Any) -> None:
        """Pass a command on to the line that carries `call`."""
        ...

    async def stop_recording(self, call: str) -> float:
        """Stop a recording and return its seconds; 0 where the line is gone."""
        ...


def event_of(what: str, at: datetime, facts: dict[str, Any]) -> Event | None:
    """Return the contract's event for what a line reports."""
    plain: dict[str, Callable[..., Event]] = {
        "dialed": Dialed,
        "ringing": Ringing,
        "answered": Answered,
        "key": lambda at, key, source: KeyPressed(key, at, source),
        "prompt_finished": lambda at, play: PromptFinished(play, at),
        "recording_finished": lambda at, path, seconds, ended_by: RecordingFinished(
            Path(path), seconds, ended_by, at
        ),
        "machine": MachineHeard,
        "transfer_finished": TransferFinished,
        "ended": lambda at, by, **rest: Ended(at, EndedBy(by), **rest),
    }
    return plain[what](at=at, **facts) if what in plain else None


class SipCall:
    """One call, as the conversation holds it."""

    def __init__(
        self,
        channel: Lines,
        name: str,
        trunk: Trunk,
        recogniser: Recogniser | None,
        rules: PickUpRules | None,
    ) -> None:
        self._channel = channel
        self._name = name
        self._trunk = trunk
        self._happenings = Happenings()
        self._plays = itertools.count(1)
        self._recordings: list[Path] = []
        self._understanding = Understanding(recogniser, self.take) if recogniser else None
        self._pick_up = (
            PickUp(rules, recogniser, self.take, self._know_who_picked_up) if rules else None
        )

    def take(self, event: Event) -> None:
        """Put an event where the reader finds it; nothing follows `Ended`."""
        if self._happenings.over:
            return
        self._happenings.tell(event)
        if self._happenings.over and self._understanding:
            self._understanding.stop()
        if self._pick_up:
            self._follow(event, self._pick_up)

    def _follow(self, event: Event, pick_up: PickUp) -> None:
        """Let whoever finds out who picked up know what happened."""
        match event:
            case Answered(at):
                pick_up.answered(at)
            case KeyPressed():
                pick_up.key()
            case Ended():
                pick_up.close()

    @property
    def unfinished(self) -> bool:
        """True where words are still being recognised that tell why the call ends."""
        return self._pick_up is not None and self._pick_up.unfinished

    async def end(self, ended: Ended) -> None:
        """Tell the end, and before it why, as the network said with its last words."""
        try:
            if self._pick_up is not None:
                await self._pick_up.conclude()
        finally:
            self.take(ended)

    def first_sound(self, sign: str, at: datetime) -> None:
        """Something was heard before it is known who picked up."""
        if self._pick_up and not self._happenings.over:
            self._pick_up.heard(sign, at)

    def machine(self, event: MachineHeard) -> None:
        """A mailbox's beep was heard."""
        if self._pick_up is None or not self._pick_up.beep(event.at):
            self.take(event)

    def _know_who_picked_up(self) -> None:
        self._send(protocol.KnowsWhoPickedUp(self._name))

    def events(self) -> AsyncIterator[Event]:
        return self._happenings.read()

    def _send(self, command: Any) -> None:
        if not self._happenings.over:
            self._channel.send(self._name, command)

    async def play(self, files: list[Path]) -> int:
        number = next(self._plays)
        self._send(protocol.Play(self._name, number, [str(file.absolute()) for file in files]))
        return number

    async def stop(self) -> None:
        self._send(protocol.StopPlaying(self._name))

    async def listen(self, grammar: Grammar) -> None:
        if (
            self._understanding
            and not self._happenings.over
            and self._understanding.listen(grammar)
        ):
            self._send(protocol.Listen(self._name, self._understanding.listening))

    async def stop_listening(self) -> None:
        if self._understanding and self._understanding.listening:
            self._understanding.stop()
            self._send(protocol.StopListening(self._name))

    def said(self, what: str, at: datetime, listening: int) -> None:
        """The person begins or ceases to speak."""
        if self._understanding and what == "speech_began":
            self._understanding.began(listening, at)
        elif self._understanding:
            self._understanding.ended(listening, at)

    def sound(self, message: protocol.Sound) -> None:
        """A piece of what the person says."""
        if message.listening == protocol.FIRST_SOUNDS:
            if self._pick_up:
                self._pick_up.sound(message.pcm)
        elif self._understanding:
            self._understanding.sound(message.listening, message.pcm)

    async def record(self, path: Path, *, seconds: float, silence: float) -> None:
        self._will_record(path)
        self._send(protocol.Record(self._name, str(path.absolute()), seconds, silence))

    async def stop_recording(self) -> float:
        if self._happenings.over:
            return 0.0
        return await self._channel.stop_recording(self._name)

    async def record_call(self, path: Path) -> None:
        self._will_record(path)
        self._send(protocol.RecordCall(self._name, str(path.absolute())))

    def _will_record(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._recordings.append(path)

    def lost(self, at: datetime) -> None:
        """The line process is gone: what it recorded is made readable."""
        for path in self._recordings:
            with contextlib.suppress(OSError):
                mend(path)
        self.take(Ended(at, EndedBy.CRASH, reason="line process lost"))

    async def transfer(self, target: str) -> None:
        self._send(protocol.Transfer(self._name, transfer_target(target, self._trunk)))

    async def hang_up(self, *, after_playing: bool = False) -> None:
        self._send(protocol.HangUp(self._name, after_playing))


class SipIncomingCall(SipCall):
    """A call of somebody who rings us. Nobody has to find out who picked up: we do."""

    def __init__(
        self,
        channel: Lines,
        name: str,
        trunk: Trunk,
        recogniser: Recogniser | None,
        caller: Caller,
    ) -> None:
        super().__init__(channel, name, trunk, recogniser, None)
        self.caller = caller

    async def answer(self) -> None:
        self._send(protocol.PickUp(self._name))

    async def refuse(self, status: int = 486) -> None:
        self._send(protocol.Refuse(self._name, status))
