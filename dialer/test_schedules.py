"""Schedules on real APScheduler, its jobs kept in the same database as everything else."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.clock import SystemClock
from core.errors import AuthorError
from core.rules import CallingRules
from dialer.batch_report import Survey
from dialer.schedules import GRACE, Schedule, Schedules
from storage.database import Database
from storage.schema import Batch, Callback, Case, CaseParty, Party, PartyNumber, ScheduleRun

CRON = f"{(datetime.now(UTC).minute + 5) % 10}-59/10 * * * *"
"""Every ten minutes, and not within some minutes of now."""
EVERY_TEN = Schedule("daily", CRON, "emergency", accepted_within=timedelta(days=5))
"""A restart after an hour has missed several."""


class Watched(Schedules):
    """Schedules whose notes a test can await."""

    async def _note(self, name: str, due: datetime, outcome: str, *more: Any) -> None:
        await super()._note(name, due, outcome, *more)
        await self.watch(due)

    async def watch(self, due: datetime) -> None: ...


class House:
    """Processes that start and stop on one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.made: asyncio.Queue[int] = asyncio.Queue()
        self.noticed: asyncio.Queue[datetime] = asyncio.Queue()
        self._open: list[Schedules] = []

    async def start(self, *schedules: Schedule, grace: timedelta = GRACE) -> Schedules:
        running = Watched(
            self.database,
            schedules,
            survey=lambda each: Survey(each.survey, 1, "a" * 64, ""),
            rules=CallingRules(),
            clock=SystemClock(),
            grace=grace,
            made=self.made.put,
        )
        running.watch = self.noticed.put  # type: ignore[method-assign]
        await running.start()
        self._open.append(running)
        return running

    async def stop(self) -> None:
        while self._open:
            await self._open.pop().stop()

    async def was_due(self, ago: timedelta) -> datetime:
        """Make the stored job look as though nobody had run since `ago`."""
        running = await self.start(EVERY_TEN)
        due = running._due_times("daily", datetime.now(UTC) - ago, datetime.now(UTC))[0]
        running._scheduler.pause()
        running._scheduler.modify_job("daily", next_run_time=due)
        await self.stop()
        return due

    async def noted(self) -> list[ScheduleRun]:
        async with self.database.read() as session:
            query = select(ScheduleRun).order_by(ScheduleRun.due_at, ScheduleRun.id)
            return list(await session.scalars(query))

    async def batches(self) -> list[Batch]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Batch)))


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    now = datetime.now(UTC)
    async with database.write() as session:
        for number, age in enumerate((timedelta(days=2), timedelta(days=20))):
            case = Case(
                case_number=f"A{number}",
                respondent_class="emergency",
                accepted_at=now - age,
                created_at=now,
                updated_at=now,
            )
            party = Party(name="张三")
            session.add_all([case, party])
            await session.flush()
            session.add(CaseParty(case_id=case.id, party_id=party.id))
            session.add(PartyNumber(party_id=party.id, e164=f"+861380013800{number}"))
    opened = House(database)
    yield opened
    await opened.stop()


async def test_a_house_that_was_down_makes_one_batch_and_reports_the_rest(house: House) -> None:
    first = await house.was_due(timedelta(hours=1))
    await house.start(EVERY_TEN)
    batch_id = await asyncio.wait_for(house.made.get(), 30)
    (batch,) = await house.batches()
    assert batch.id == batch_id
    assert (batch.state, batch.schedule) == ("running", "daily")
    runs = await house.noted()
    assert [run.outcome for run in runs] == ["missed"] * (len(runs) - 1) + ["made"]
    assert len(runs) >= 6
    assert runs[0].due_at == first
    assert runs[-1].batch_id == batch_id
    # Only the case of the last five days before the due time.
    assert batch.query["accepted_until"] == runs[-1].due_at.isoformat()


async def test_what_is_too_late_is_missed_and_says_so(house: House) -> None:
    await house.was_due(timedelta(hours=1))
    running = await house.start(EVERY_TEN, grace=timedelta(seconds=1))
    late = running._due_times("daily", datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC))
    while await asyncio.wait_for(house.noticed.get(), 30) != late[-1]:
        pass
    runs = await house.noted()
    assert {run.outcome for run in runs} == {"missed"}
    assert await house.batches() == []


async def test_the_next_time_is_kept_over_a_restart(house: House) -> None:
    running = await house.start(EVERY_TEN)
    due = running.next_times()["daily"]
    assert due is not None
    await house.stop()
    again = await house.start(EVERY_TEN)
    assert again.next_times()["daily"] == due
    await house.stop()
    changed = Schedule("daily", "0 3 * * *", "emergency")
    other = Schedule("weekly", "0 8 * * 1", "emergency")
    third = await house.start(changed, other)
    assert set(third.next_times()) == {"daily", "weekly"}
    assert third.next_times()["daily"] != due
    await house.stop()
    assert set((await house.start(other)).next_times()) == {"weekly"}


async def test_a_double_fire_makes_one_batch(house: House) -> None:
    due = datetime(2025, 11, 3, 0, 0, tzinfo=UTC)
    here, there = await house.start(EVERY_TEN), await house.start(EVERY_TEN)
    both = Schedule("daily", CRON, "emergency")
    here._schedules["daily"] = there._schedules["daily"] = both
    first = await here.run("daily", due)
    second = await there.run("daily", due)
    assert first == second
    (batch,) = await house.batches()
    assert batch.name == "daily 2025-11-03 08:00+0800"
    assert len(await house.noted()) == 1


_FIRE = """
import asyncio, sys
from datetime import datetime, UTC
from core.clock import SystemClock
from core.rules import CallingRules
from dialer.batch_report import Survey
from dialer.schedules import Schedule, Schedules
from storage.database import Database

async def main():
    database = Database(sys.argv[1])
    running = Schedules(
        database,
        [Schedule("daily", "0 8 * * *", "emergency")],
        survey=lambda each: Survey(each.survey, 1, "a" * 64, ""),
        rules=CallingRules(),
        clock=SystemClock(),
    )
    async with database.read():
        pass
    print("ready", flush=True)
    sys.stdin.readline()
    print(await running.run("daily", datetime(2025, 11, 3, tzinfo=UTC)), flush=True)
    await database.close()

asyncio.run(main())
"""


async def test_two_processes_that_fire_at_once_make_one_batch(
    house: House, database_url: str
) -> None:
    both = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", _FIRE, database_url, stdin=PIPE, stdout=PIPE
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    told = await asyncio.gather(*(process.communicate(b"go\n") for process in both))
    (batch,) = await house.batches()
    assert [out.split()[-1] for out, _ in told] == [str(batch.id).encode()] * 2
    assert (batch.state, batch.schedule) == ("running", "daily")
    (run,) = await house.noted()
    assert (run.outcome, run.batch_id) == ("made", batch.id)
    async with house.database.read() as session:
        made = select(func.count()).select_from(Callback).where(Callback.batch_id == batch.id)
        assert await session.scalar(made) == 2


async def test_a_batch_without_anybody_is_noted_as_nothing_to_do(house: House) -> None:
    nobody = Schedule("daily", CRON, "emergency", respondents=("counter",))
    running = await house.start(nobody)
    await running.run("daily")
    assert [run.outcome for run in await house.noted()] == ["nothing_to_do"]


async def test_a_batch_that_cannot_be_made_is_noted_with_the_reason(house: House) -> None:
    wrong = Schedule("daily", CRON, "emergency", units=("无此所",))
    running = await house.start(wrong)
    assert await running.run("daily") is None
    (run,) = await house.noted()
    assert run.outcome == "failed"
    assert "无此所" in run.detail


async def test_a_schedule_that_cannot_be_read_is_refused_at_start(database: Database) -> None:
    with pytest.raises(AuthorError, match="schedule-cron"):
        Schedules(
            database,
            [Schedule("daily", "0 25 * * *", "emergency")],
            survey=lambda _each: pytest.fail("not asked"),
            rules=CallingRules(),
            clock=SystemClock(),
        )


def test_without_a_seed_each_day_draws_other_people() -> None:
    daily: Any = Schedule("daily", "0 8 * * *", "emergency", sample_number=5)
    days = [datetime(2025, 11, day, tzinfo=UTC) for day in (3, 4)]
    assert daily.sample(days[0]) == daily.sample(days[0])
    assert daily.sample(days[0]).seed != daily.sample(days[1]).seed
