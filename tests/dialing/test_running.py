"""A batch is called through: everybody once, results and follow-ups written, limits kept."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select

from core.clock import SystemClock
from core.disposition import Disposition
from core.rules import CallingRules, PacingRules
from core.trunk import Trunk
from core.verdict import Verdict
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Attempt, Batch, Callback, FollowUpItem
from tests.dialing.town import MORNING, settle

FAST = PacingRules(calls_per_second=500, channels=50)
TRUNKS = (Trunk("line", "sip:127.0.0.1", calls_per_second=500, channels=50),)


class DayClock(SystemClock):
    """Real waiting on a day in March, so that tests do not depend on the hour they run at."""

    def __init__(self) -> None:
        self._shift = MORNING - super().now()

    def now(self) -> datetime:
        return super().now() + self._shift


def dialer(database: Database, clock: DayClock, hold, **more) -> Dialer:
    rules = DialerRules(calling=CallingRules(tries=1), pacing=FAST, poll=0.05)
    return Dialer(database, clock, hold, TRUNKS, more.pop("rules", rules), **more)


async def states(database: Database) -> Counter:
    async with database.read() as session:
        rows = await session.execute(select(Callback.state, func.count()).group_by(Callback.state))
        return Counter(dict(rows.all()))


async def test_everybody_is_called_once_and_has_an_end(database: Database) -> None:
    await settle(database, 60)
    clock = DayClock()
    called: Counter[str] = Counter()
    ends = (
        (Disposition.COMPLETED, Verdict.SATISFIED),
        (Disposition.COMPLETED, Verdict.DISSATISFIED),
        (Disposition.NO_ANSWER, None),
    )

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        called[claimed.candidate.known.e164] += 1
        await journal.dialed(clock.now())
        await journal.answered(clock.now())
        disposition, verdict = ends[claimed.candidate.callback_id % 3]
        return Outcome(disposition, clock.now(), verdict=verdict)

    tally = await dialer(database, clock, hold).run()
    assert len(called) == 60
    assert set(called.values()) == {1}
    assert tally.dispositions == {"completed": 40, "no_answer": 20}
    assert await states(database) == {"done": 20, "follow_up": 40}
    async with database.read() as session:
        reasons = await session.execute(
            select(FollowUpItem.reason, func.count()).group_by(FollowUpItem.reason)
        )
        assert dict(reasons.all()) == {"dissatisfied": 20, "not_reached": 20}
        assert (await session.scalars(select(Batch.state))).all() == ["finished"]
        assert not (await session.scalars(select(Attempt).where(Attempt.state == "open"))).all()


async def test_one_number_of_two_people_never_rings_for_both(database: Database) -> None:
    await settle(database, 2, numbers=["+8613800000001", "+8613800000001"])
    clock = DayClock()
    now_on: list[int] = []
    ringing, release = asyncio.Event(), asyncio.Event()

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        now_on.append(claimed.candidate.callback_id)
        ringing.set()
        await release.wait()
        return Outcome(Disposition.COMPLETED, clock.now())

    running = dialer(database, clock, hold)
    task = asyncio.create_task(running.run())
    await ringing.wait()
    await asyncio.wait([task], timeout=0.3)  # time to do wrong
    assert len(now_on) == 1
    running.drain()
    release.set()
    await task
    assert len(now_on) == 1


async def test_stop_hangs_up_and_gives_who_answered_to_a_person(database: Database) -> None:
    await settle(database, 1)
    clock = DayClock()
    on_the_line = asyncio.Event()

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        await journal.dialed(clock.now())
        await journal.answered(clock.now())
        on_the_line.set()
        await asyncio.Event().wait()
        raise AssertionError

    running = dialer(database, clock, hold)
    task = asyncio.create_task(running.run())
    await on_the_line.wait()
    running.stop()
    tally = await task
    assert tally.dispositions == {"unknown": 1}
    assert await states(database) == {"follow_up": 1}


async def test_what_a_dead_dialer_left_goes_to_a_person(database: Database) -> None:
    from storage.recovery import sign_on

    await settle(database, 2)
    clock = DayClock()
    async with database.write() as session:
        await sign_on(session, "elsewhere:1:1", clock.now() - timedelta(minutes=2))
        session.add(
            Attempt(
                callback_id=1,
                sequence=1,
                party_id=1,
                e164="+8613800000001",
                dialer="elsewhere:1:1",
                claimed_at=clock.now(),
            )
        )
        (await session.get_one(Callback, 1)).state = "calling"
    called = []

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        called.append(claimed.candidate.callback_id)
        return Outcome(Disposition.COMPLETED, clock.now())

    tally = await dialer(database, clock, hold).run()
    assert called == [2]
    assert tally.interrupted == 1
    async with database.read() as session:
        item = (await session.scalars(select(FollowUpItem))).one()
    assert (item.case_id, item.reason) == (1, "unknown")


async def test_a_call_that_breaks_gets_its_end(database: Database) -> None:
    await settle(database, 1)
    clock = DayClock()

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        running.drain()
        raise RuntimeError("line process gone")

    running = dialer(database, clock, hold)
    tally = await running.run()
    assert tally.dispositions == {"failed": 1}
    assert await states(database) == {"waiting": 1}
