"""A dialer over a simulated line, and looks at what it did: for the tests of running dialers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from sqlalchemy import select, update

from core.disposition import Disposition
from core.rules import CallingRules, PacingRules
from core.trunk import Trunk
from core.verdict import Verdict
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from flows.exchange import SaveAnswer
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.schema import (
    Answer,
    Attempt,
    Batch,
    Callback,
)
from tests.dialing.town import DayClock

TRUNK = Trunk("line", "sip:127.0.0.1", calls_per_second=500, channels=50)
RULES = DialerRules(
    calling=CallingRules(tries=1),
    pacing=PacingRules(calls_per_second=500, channels=50),
    poll=0.05,
    last_wait=1.0,
    rest_first=0.5,
    check=0.3,
    language="en",
)


class Line:
    """A simulated line: every call ends as `end` says, once `free` is set."""

    def __init__(self, end: Callable[[Claimed], Outcome] | None = None) -> None:
        self.clock = DayClock()
        self.rung: list[str] = []
        self.on_line = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()
        self.end = end or (
            lambda _: Outcome(
                Disposition.COMPLETED, self.clock.now(), verdict=Verdict.SATISFIED, sip_status=200
            )
        )

    async def __call__(self, claimed: Claimed, journal: AttemptJournal) -> Outcome:
        self.rung.append(claimed.candidate.known.e164)
        await journal.dialed(self.clock.now())
        await journal.answered(self.clock.now())
        self.on_line.set()
        await self.free.wait()
        await journal.answer(SaveAnswer("speed", "key", "1", "ok"), {}, self.clock.now())
        return self.end(claimed)


def dialing(database: Database, line: Line, rules: DialerRules = RULES, **more) -> Dialer:
    return Dialer(database, line.clock, line, (TRUNK,), rules, **more)


@contextlib.asynccontextmanager
async def running(dialer: Dialer) -> AsyncIterator["asyncio.Task"]:
    task = asyncio.create_task(dialer.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that a dialer shows by its figures only."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - figures, not events
            await asyncio.sleep(0.02)


async def batch(database: Database) -> tuple[str, str]:
    async with database.read() as session:
        one = (await session.scalars(select(Batch))).one()
        return one.state, one.state_reason


async def until_batch(database: Database, state: str) -> None:
    async with asyncio.timeout(30):
        while (await batch(database))[0] != state:  # noqa: ASYNC110 - a row, not an event
            await asyncio.sleep(0.02)


async def everything(database: Database) -> tuple[list[Attempt], list[Callback], list[Answer]]:
    async with database.read() as session:
        return (
            list(await session.scalars(select(Attempt).order_by(Attempt.id))),
            list(await session.scalars(select(Callback).order_by(Callback.id))),
            list(await session.scalars(select(Answer))),
        )


async def set_batch(database: Database, state: str) -> None:
    async with database.write() as session:
        await session.execute(update(Batch).values(state=state))


async def all_done(database: Database, people: int) -> None:
    """Everybody was called once, with an answer, and the batch is finished."""
    attempts, callbacks, answers = await everything(database)
    assert [one.state for one in callbacks] == ["done"] * people
    assert [one.disposition for one in attempts] == ["completed"] * people
    assert len(answers) == people
    assert (await batch(database))[0] == "finished"
