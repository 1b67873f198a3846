"""Listening to a call: its events one by one, each wait bounded by a moment of the clock."""

import asyncio
import contextlib
from collections import deque

from core.clock import Clock
from ivr.channels.contract import Call, Ended, EndedBy, Event, KeyPressed


class Listening:
    """The events of one call. `ended` is set as soon as the call is over."""

    def __init__(self, call: Call, clock: Clock) -> None:
        self._call = call
        self._clock = clock
        self._waiting: deque[Event] = deque()
        self._arrived: asyncio.Future[None] | None = None
        self.ended: Ended | None = None
        self._reader = asyncio.create_task(self._read())

    async def next(self, until: float | None = None) -> Event | None:
        """Return the next event; None when `until` (the clock's monotonic seconds) passed.

        Once the call is over and everything was told, always returns `Ended`.
        """
        while not self._waiting:
            if self.ended is not None:
                return self.ended
            if not await self._arrival(until):
                return None
        return self._waiting.popleft()

    def drop_keys(self, *, except_for: str) -> None:
        """Forget keys that were pressed but not yet looked at, those in `except_for` kept."""
        self._waiting = deque(
            event
            for event in self._waiting
            if not isinstance(event, KeyPressed) or event.key in except_for
        )

    @property
    def key_waits(self) -> bool:
        """True where a key was pressed that nobody has looked at yet."""
        return any(isinstance(event, KeyPressed) for event in self._waiting)

    async def close(self) -> None:
        """Stop listening."""
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _arrival(self, until: float | None) -> bool:
        """Wait for an event to arrive; False when `until` passed before."""
        arrived = asyncio.get_running_loop().create_future()
        self._arrived = arrived
        if until is None:
            await arrived
            return True
        left = until - self._clock.monotonic()
        if left <= 0:
            return False
        call_off = self._clock.alarm(left, arrived)
        try:
            await arrived
        finally:
            call_off()
        return bool(self._waiting) or self.ended is not None

    async def _read(self) -> None:
        try:
            async for event in self._call.events():
                self._take(event)
                if isinstance(event, Ended):
                    return
            reason = "the driver's events stopped"
        except Exception as error:  # whatever breaks in a driver ends this one call only
            reason = f"{type(error).__name__}: {error}"
        self._take(Ended(self._clock.now(), EndedBy.CRASH, reason=reason))

    def _take(self, event: Event) -> None:
        if isinstance(event, Ended):
            self.ended = event
        self._waiting.append(event)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)
