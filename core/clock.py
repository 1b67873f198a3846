"""Time, passed in. `SystemClock` for real calls, `VirtualClock` for dry runs and tests.

All waiting in dialer and ivr goes through a clock, so that a city's day of calls can be
rehearsed in seconds. All datetimes are aware and in UTC.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterator, Sized
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

    def alarm(self, seconds: float, future: "asyncio.Future[None]") -> Callable[[], object]:
        """Give `future` its result after `seconds`, unless it has one; returns what calls it off.

        The same as a task that sleeps, at the price of a timer.
        """
        ...

    def hold(self) -> AbstractContextManager[None]:
        """Keep virtual time still while real work (a database commit) is under way."""
        ...


def _ring(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _nothing() -> None:
    """Nothing has to be called off."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def alarm(self, seconds: float, future: "asyncio.Future[None]") -> Callable[[], object]:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), _ring, future).cancel

    def hold(self) -> AbstractContextManager[None]:
        return nullcontext()


async def pause(clock: Clock, seconds: float, woken: asyncio.Event) -> None:
    """Wait `seconds`, or until `woken` is set."""
    sleeping = asyncio.ensure_future(clock.sleep(seconds))
    waking = asyncio.ensure_future(woken.wait())
    try:
        await asyncio.wait([sleeping, waking], return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waking.cancel()


class VirtualClock:
    """Time that jumps to the next sleeper as soon as nobody has anything left to do.

    Run `drive()` beside the tasks. Work that leaves the event loop (a database thread) must be
    wrapped in `hold()`, otherwise time may run past it. A sleeper that is cancelled is skipped.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._holds = 0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.alarm(seconds, future)
        await future

    def alarm(self, seconds: float, future: "asyncio.Future[None]") -> Callable[[], object]:
        due = self._elapsed + max(0.0, seconds)
        heapq.heappush(self._sleepers, (due, next(self._order), future))
        # Whoever is not waited for any more has its result, or is cancelled: it is skipped.
        return _nothing

    @contextmanager
    def hold(self) -> Iterator[None]:
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

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
                _ring(heapq.heappop(self._sleepers)[2])

    async def _until_idle(self) -> None:
        """Wait until no other task or callback of the event loop has anything left to do.

        While this runs, all that is ready stands in the loop's own queue: it is empty exactly
        when everybody else waits. The loop has no public name for it (CPython 3.4 to 3.14).
        """
        ready: Sized = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        while self._holds or ready:  # noqa: ASYNC110 - there is no event for nothing to happen
            # While a thread works the loop must be able to block for it, not spin.
            await asyncio.sleep(0.0002 if self._holds else 0)
