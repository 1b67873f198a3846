"""Time, passed in. `SystemClock` for real calls, `VirtualClock` for dry runs and tests.

All waiting in dialer and ivr goes through a clock, so that a city's day of calls can be
rehearsed in seconds. All datetimes are aware and in UTC.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` (at least one turn of the event loop)."""
        ...

    def hold(self) -> AbstractContextManager[None]:
        """Keep virtual time still while real work (a database commit) is under way."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def hold(self) -> AbstractContextManager[None]:
        return nullcontext()


class VirtualClock:
    """Time that jumps to the next sleeper as soon as nobody has anything left to do.

    Run `drive()` beside the tasks. Work that leaves the event loop (a database thread) must be
    wrapped in `hold()`, otherwise time may run past it. A sleeper that is cancelled is skipped.
    """

    IDLE_TURNS = 25
    """Turns of the event loop without anyone falling asleep or holding before time moves on."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._holds = 0
        self._stirred = 0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self._stirred += 1
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), future))
        await future
        self._stirred += 1

    @contextmanager
    def hold(self) -> Iterator[None]:
        self._holds += 1
        self._stirred += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._stirred += 1

    async def drive(self) -> None:
        """Advance time for ever; cancel the task that runs this when the rehearsal is over."""
        while True:
            await self._until_idle()
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers:
                await asyncio.sleep(0.001)  # somebody outside (a thread, a pipe) must move first
                continue
            due = self._sleepers[0][0]
            self._elapsed = max(self._elapsed, due)
            while self._sleepers and self._sleepers[0][0] <= due:
                future = heapq.heappop(self._sleepers)[2]
                if not future.done():
                    future.set_result(None)

    async def _until_idle(self) -> None:
        quiet = 0
        while quiet < self.IDLE_TURNS:
            before = self._stirred
            # While a thread works the loop must be able to block for it, not spin.
            await asyncio.sleep(0.0002 if self._holds else 0)
            quiet = quiet + 1 if before == self._stirred and not self._holds else 0
