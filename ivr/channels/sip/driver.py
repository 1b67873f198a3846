"""The SIP driver: `VoiceChannel` over a pool of line processes."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import TransientError, problem
from core.phone import written
from core.trunk import Trunk
from ivr.channels.contract import (
    Ability,
    Answered,
    Dialed,
    DialRequest,
    Ended,
    EndedBy,
    Event,
    KeyPressed,
    MachineHeard,
    PromptFinished,
    RecordingFinished,
    Ringing,
    TransferFinished,
    TrunkHealth,
)
from ivr.channels.happenings import Happenings
from ivr.channels.sip import protocol
from ivr.channels.sip.numbering import transfer_target
from ivr.channels.sip.pickup import PickUp, PickUpRules
from ivr.channels.sip.pool import LinePool, Ports
from ivr.channels.sip.stacks import PJSUA2, SipStack
from ivr.channels.sip.understanding import Understanding
from speech.contract import Grammar, Recogniser
from speech.mending import mend

log = logging.getLogger(__name__)

ASK_SECONDS = 6.0
ANSWER_SECONDS = 3.0
REGISTER_SECONDS = 8.0


def _event(what: str, at: datetime, facts: dict[str, Any]) -> Event | None:
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
        channel: "SipChannel",
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


class SipChannel:
    """Calls over SIP trunks.

    `channels` is how many calls may be held at once; `silent_seconds` after how long without
    RTP a call is asked whether it still lives (0: never), `beep_seconds` for how long after the
    answer a mailbox's beep is listened for (0: never; it costs about 2 ms of CPU a call-second).
    With a `recogniser` (which its owner starts and closes) people may speak their answers. With
    `pick_up` it is found out who picked up, by words too where there is a recogniser. `stack`
    carries the calls, and says what they can do.
    """

    def __init__(
        self,
        trunks: Sequence[Trunk],
        *,
        channels: int,
        ports: Ports | None = None,
        silent_seconds: float = 12.0,
        beep_seconds: float = 30.0,
        recogniser: Recogniser | None = None,
        pick_up: PickUpRules | None = None,
        stack: SipStack = PJSUA2,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self._recogniser = recogniser
        self.abilities = stack.abilities
        if recogniser is not None:
            self.abilities = self.abilities | {Ability.SPEECH}
        self._pick_up = pick_up
        if pick_up is not None:
            self.abilities = self.abilities | {Ability.PICK_UP}
        self._now = now
        self._calls: dict[str, SipCall] = {}
        self._names = itertools.count(1)
        self._asks = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._registrations: dict[str, protocol.Registered] = {}
        self._registration_changed = asyncio.Event()
        self._endings: set[asyncio.Task[None]] = set()
        self.pool = LinePool(
            list(trunks),
            channels,
            ports or Ports(),
            silent_seconds=silent_seconds,
            beep_seconds=beep_seconds,
            pick_up=pick_up is not None,
            pick_up_words=pick_up is not None and recogniser is not None,
            stack=stack,
            report=self._heard,
            lost=self._lost,
        )

    async def start(self) -> None:
        """Start the lines; wait a while for the registrations that trunks want.

        A trunk that does not register is reported by `check`, and its calls fail: the others
        can call all the same. Raises PermanentError where no line can be started.
        """
        await self.pool.start()
        wanted = {name for name, trunk in self._trunks.items() if trunk.register}
        try:
            async with asyncio.timeout(REGISTER_SECONDS):
                while not wanted <= set(self._registrations):
                    await self._registration_changed.wait()
                    self._registration_changed.clear()
        except TimeoutError:
            log.warning("trunks not registered: %s", sorted(wanted - set(self._registrations)))

    async def dial(self, request: DialRequest) -> SipCall:
        """Begin a call. Raises TransientError where no line is free or the trunk is unknown."""
        trunk = self._trunks.get(request.trunk)
        if trunk is None:
            raise TransientError(problem("sip-unknown-trunk", trunk=request.trunk))
        name = f"{next(self._names)}"
        line = self.pool.choose(name)
        call = SipCall(self, name, trunk, self._recogniser, self._pick_up)
        self._calls[name] = call
        line.send(
            protocol.Place(
                name,
                trunk.name,
                written(request.number, trunk.number_format),
                request.extension,
                float(request.ring_seconds),
            )
        )
        return call

    async def check(self) -> list[TrunkHealth]:
        """Send OPTIONS to every trunk, one after another."""
        return [await self._check(trunk) for trunk in self._trunks.values()]

    async def _check(self, trunk: Trunk) -> TrunkHealth:
        known = self._registrations.get(trunk.name)
        registered = (known.active if known else False) if trunk.register else None
        ask = next(self._asks)
        try:
            line = self.pool.first()
            line.send(protocol.Ask(ask, trunk.name))
            health: protocol.Health = await self._answer(ask, ASK_SECONDS)
        except (TimeoutError, TransientError):
            return TrunkHealth(trunk.name, False, 0, "no answer", registered)
        detail = health.detail
        if registered is False and known:
            detail = f"REGISTER: {known.status} {known.detail}"
        # Any answer shows that somebody is there, but for what pjsua makes up itself: 408 where
        # nothing came, 503 where there is no way.
        reachable = health.status not in (408, 502, 503)
        return TrunkHealth(
            trunk.name, reachable, health.status, detail, registered, health.milliseconds
        )

    async def close(self) -> None:
        """Hang up what is left and stop."""
        await self.pool.close()
        self._lost(set(self._calls))
        if self._endings:
            await asyncio.wait(self._endings)

    # ------------------------------------------------------------------ between call and line

    def send(self, call: str, command: Any) -> None:
        """Pass a command on."""
        self.pool.send(call, command)

    async def stop_recording(self, call: str) -> float:
        """Stop a recording and return its seconds; 0 where the line is gone."""
        ask = next(self._asks)
        self.pool.send(call, protocol.StopRecording(call, ask))
        try:
            recorded: protocol.Recorded = await self._answer(ask, ANSWER_SECONDS)
        except TimeoutError:
            return 0.0
        return recorded.seconds

    async def _answer(self, ask: int, seconds: float) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[ask] = future
        try:
            return await asyncio.wait_for(future, seconds)
        finally:
            del self._answers[ask]

    def _heard(self, message: Any) -> None:
        if isinstance(message, protocol.Happened):
            self._happened(message)
        elif isinstance(message, protocol.Sound):
            if message.call in self._calls:
                self._calls[message.call].sound(message)
        elif isinstance(message, protocol.Recorded | protocol.Health):
            future = self._answers.get(message.ask)
            if future and not future.done():
                future.set_result(message)
        elif isinstance(message, protocol.Registered):
            self._registrations[message.trunk] = message
            self._registration_changed.set()

    def _happened(self, message: protocol.Happened) -> None:
        call = self._calls.get(message.call)
        if call is None:
            return
        at = datetime.fromtimestamp(message.at, UTC)
        if message.what in ("speech_began", "speech_ended"):
            call.said(message.what, at, **message.facts)
            return
        if message.what == "first_sound":
            call.first_sound(message.facts["sign"], at)
            return
        event = _event(message.what, at, message.facts)
        if event is None:
            log.error("call %s: %s %s", message.call, message.what, message.facts)
            return
        if isinstance(event, MachineHeard):
            call.machine(event)
        elif isinstance(event, Ended) and call.unfinished:
            ending = asyncio.create_task(call.end(event))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
        else:
            call.take(event)
        if isinstance(event, Ended):
            del self._calls[message.call]

    def _lost(self, names: set[str]) -> None:
        for name in names:
            call = self._calls.pop(name, None)
            if call:
                call.lost(self._now())
