"""The dry-run driver: simulated people, no sound, and all waiting on the clock that is given.

With a `VirtualClock` a city's day is rehearsed in seconds. Everything that people do falls on a
grid of moments (half a second by default), so that many calls share each step of virtual time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from core.clock import Clock
from core.errors import TransientError, problem
from ivr.channels.contract import (
    Ability,
    Caller,
    DialRequest,
    IncomingCall,
    TrunkHealth,
)
from ivr.channels.dry_run_call import DryRunCall
from ivr.channels.dry_run_incoming import DryRunIncomingCall
from ivr.people.directory import person_of
from ivr.people.mix import Mix
from ivr.people.person import (
    Person,
)


class DryRunChannel:
    """A voice channel to nobody: see `ivr.people`.

    Who answers is told by the number (`people`: its last digit), or dealt out by `mix`.
    `channels`: calls that may be held at once; 0: any number.
    """

    abilities = frozenset(Ability)

    def __init__(
        self,
        clock: Clock,
        *,
        mix: Mix | None = None,
        people: Callable[[str], Person] = person_of,
        channels: int = 0,
        trunks: tuple[str, ...] = ("dry-run",),
        grid: float = 0.5,
    ) -> None:
        self._clock, self._mix, self._people = clock, mix, people
        self._channels, self._trunks, self._grid = channels, trunks, grid
        self._calls: set[DryRunCall] = set()
        self._ringing: set[asyncio.Task[None]] = set()
        self._arrivals: asyncio.Queue[DryRunIncomingCall | None] = asyncio.Queue()
        self.strangers = 0

    async def start(self) -> None:
        """Nothing has to be got ready."""

    async def dial(self, request: DialRequest) -> "DryRunCall":
        """Begin a call to a simulated person. Raises TransientError when no channel is free."""
        if self._channels and len(self._calls) >= self._channels:
            raise TransientError(problem("ivr-no-free-channel"))
        person = self._mix.person(request.attempt) if self._mix else self._people(request.number)
        call = DryRunCall(request, person, self._clock, self._grid, self._ended)
        self._calls.add(call)
        return call

    def ring(self, caller: Caller, person: Person) -> DryRunIncomingCall:
        """Let a simulated person ring us; `caller.room` is False where no channel is free."""
        room = not self._channels or len(self._calls) < self._channels
        seen = replace(caller, room=caller.room and room)
        call = DryRunIncomingCall(seen, person, self._clock, self._grid, self._ended)
        self._calls.add(call)
        self._arrivals.put_nowait(call)
        return call

    async def incoming(self) -> AsyncIterator[IncomingCall]:
        """Yield the calls of people who ring us, until the channel is closed."""
        while (call := await self._arrivals.get()) is not None:
            yield call

    def _ended(self, call: DryRunCall) -> None:
        self._calls.discard(call)
        if call.rings_back:
            task = asyncio.create_task(self._ring_back(call))
            self._ringing.add(task)
            task.add_done_callback(self._ringing.discard)

    async def _ring_back(self, call: DryRunCall) -> None:
        await self._clock.sleep(call.rings_back)
        number, trunk = call.called
        self.ring(Caller(number, trunk, self._clock.now()), replace(call.person, rings_back=0.0))

    async def check(self) -> list[TrunkHealth]:
        """Answer for every trunk that it is there."""
        return [TrunkHealth(trunk, reachable=True, sip_status=200) for trunk in self._trunks]

    async def close(self) -> None:
        """Hang up whatever is left."""
        for task in self._ringing:
            task.cancel()
        self._arrivals.put_nowait(None)
        for call in list(self._calls):
            await call.hang_up()
