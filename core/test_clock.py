"""Virtual time runs as fast as its sleepers allow, and in their order."""

import asyncio
import contextlib
from datetime import UTC, datetime

from core.clock import VirtualClock

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


async def test_sleepers_wake_in_order_of_time_not_of_arrival() -> None:
    clock = VirtualClock(START)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic()))

    driver = asyncio.create_task(clock.drive())
    await asyncio.gather(sleeper("slow", 7200.0), sleeper("quick", 10.0, 20.0))
    driver.cancel()
    assert woken == [("quick", 10.0), ("quick", 30.0), ("slow", 7200.0)]
    assert clock.now().isoformat() == "2026-03-02T03:00:00+00:00"


async def test_time_stands_still_while_somebody_holds_it() -> None:
    clock = VirtualClock(START)

    async def commit() -> None:
        with clock.hold():
            await asyncio.to_thread(lambda: None)
            await asyncio.sleep(0.02)
            assert clock.monotonic() == 0.0

    driver = asyncio.create_task(clock.drive())
    await asyncio.gather(clock.sleep(5), commit())
    driver.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await driver
    assert clock.monotonic() == 5.0
