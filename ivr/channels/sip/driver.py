"""The SIP driver: `VoiceChannel` over a pool of line processes."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from core.errors import TransientError, problem
from core.phone import written
from core.trunk import Trunk
from ivr.channels.contract import (
    Ability,
    Caller,
    DialRequest,
    Ended,
    IncomingCall,
    MachineHeard,
    TrunkHealth,
)
from ivr.channels.sip import protocol
from ivr.channels.sip.arrivals import Arrivals, addresses_of
from ivr.channels.sip.house_call import SipCall, SipIncomingCall, event_of
from ivr.channels.sip.pickup import PickUpRules
from ivr.channels.sip.pool import LinePool, Ports, Reception
from ivr.channels.sip.stacks import PJSUA2, SipStack
from speech.contract import Recogniser

log = logging.getLogger(__name__)

ASK_SECONDS = 6.0
ANSWER_SECONDS = 3.0
REGISTER_SECONDS = 8.0


class SipChannel:
    """Calls over SIP trunks.

    `channels` is how many calls may be held at once; `silent_seconds` after how long without
    RTP a call is asked whether it still lives (0: never), `beep_seconds` for how long after the
    answer a mailbox's beep is listened for (0: never; it costs about 2 ms of CPU a call-second).
    With a `recogniser` (which its owner starts and closes) people may speak their answers. With
    `pick_up` it is found out who picked up, by words too where there is a recogniser. With a
    `reception` port people can ring us there; those calls have lines of their own. `stack`
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
        reception: int = 0,
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
        if reception:
            self.abilities = self.abilities | {Ability.INCOMING}
        self._reception = reception
        self._arrivals = Arrivals()
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
        if self._reception:
            callers = await addresses_of(self._trunks.values())
            self.pool.receive(Reception(self._reception, callers))
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

    def incoming(self) -> AsyncIterator[IncomingCall]:
        """Yield the calls of people who ring us, until the channel is closed."""
        return self._arrivals.read()

    @property
    def strangers(self) -> int:
        """Calls that came from none of the trunks and were refused."""
        return self._arrivals.strangers.total()

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
        self._arrivals.close()
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
        elif isinstance(message, protocol.Arrived):
            self._arrived(message)
        elif isinstance(message, protocol.Stranger):
            self._arrivals.refused(message.address)
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

    def _arrived(self, message: protocol.Arrived) -> None:
        at = datetime.fromtimestamp(message.at, UTC)
        room = self.pool.room_for(message.call)
        caller = Caller(message.number, message.trunk, at, message.called, room)
        trunk = self._trunks[message.trunk]
        call = SipIncomingCall(self, message.call, trunk, self._recogniser, caller)
        self._calls[message.call] = call
        self._arrivals.tell(call)

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
        event = event_of(message.what, at, message.facts)
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
