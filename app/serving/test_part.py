"""A part that breaks is begun anew after a rest that grows; one that is drained is not."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from app.beside import beside
from app.serving.part import FIRST_REST, LONGEST_REST, WELL, Keeper
from core.clock import VirtualClock
from core.errors import TransientError, problem
from tests.dialing.town import MORNING


class Worker:
    """A part that goes as the test says."""

    name = "texts"
    trouble = ""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.begun: list[float] = []
        self.lives: list[Callable[[], Exception | None]] = []
        """What each life comes to; further ones work until drained."""
        self.works = 0.0
        """Seconds that a life lasts before it comes to that."""
        self.drained = asyncio.Event()

    async def run(self, at_work: Callable[[], None]) -> None:
        self.begun.append(self.clock.monotonic())
        if not self.lives:
            at_work()
            await self.drained.wait()
            return
        if self.works:
            at_work()
            await self.clock.sleep(self.works)
        if (error := self.lives.pop(0)()) is not None:
            raise error

    def drain(self) -> None:
        self.drained.set()


@pytest.fixture
async def clock() -> AsyncIterator[VirtualClock]:
    virtual = VirtualClock(MORNING)
    async with beside(virtual.drive()):
        yield virtual


def away() -> Exception:
    return TransientError(problem("gateway-not-started", name="mas"))


async def kept_until_at_work(worker: Worker, clock: VirtualClock) -> list[str]:
    """Keep the part until it works for good; returns the troubles that were told on the way."""
    told: list[str] = []
    works = asyncio.Event()

    def tell() -> None:
        told.append(keeper.trouble)
        if not keeper.trouble and not worker.lives:
            works.set()

    keeper = Keeper(worker, clock, "en", tell)
    running = asyncio.create_task(keeper.run())
    await works.wait()
    keeper.drain()
    await running
    return told


async def test_a_part_that_breaks_is_told_once_and_begun_anew(clock: VirtualClock) -> None:
    worker = Worker(clock)
    worker.lives = [away, away, lambda: ZeroDivisionError(), lambda: None]
    told = await kept_until_at_work(worker, clock)
    assert [one.partition(" ")[0] for one in told] == [
        "[gateway-not-started]",
        "ZeroDivisionError",
        "ended",
        "",
    ]
    rests = [later - at for at, later in zip(worker.begun, worker.begun[1:], strict=False)]
    assert rests == [FIRST_REST * 2**n for n in range(4)]


async def test_the_rest_has_a_limit_and_begins_anew_after_good_work(clock: VirtualClock) -> None:
    worker = Worker(clock)
    worker.lives = [away] * 12
    await kept_until_at_work(worker, clock)
    assert worker.begun[-1] - worker.begun[-2] == LONGEST_REST
    worker.begun, worker.lives, worker.works = [], [away] * 3, WELL
    worker.drained.clear()
    await kept_until_at_work(worker, clock)
    rests = [later - at - WELL for at, later in zip(worker.begun, worker.begun[1:], strict=False)]
    assert rests == [FIRST_REST] * 3


async def test_a_part_that_rests_ends_at_once_when_it_is_drained(clock: VirtualClock) -> None:
    worker = Worker(clock)
    worker.lives = [away] * 100
    broken = asyncio.Event()
    keeper = Keeper(worker, clock, "en", broken.set)
    running = asyncio.create_task(keeper.run())
    await broken.wait()
    keeper.drain()
    await running
    assert len(worker.begun) == 1
