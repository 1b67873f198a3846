"""Batches made by the clock: persistent, coalesced, and what was missed is reported.

APScheduler keeps in the database when each schedule is due next, so a house that was down at the
time makes the batch when it comes up again (within `grace`); what was passed over is noted in
schedule_runs and logged. The batch's name follows from schedule and due time, therefore two
processes that fire the same schedule make one batch.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import structlog
from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from core.clock import Clock
from core.errors import HuifangError
from core.plan import BY_VOICE, Plan
from core.rules import CallingRules
from dialer.batch_report import Survey
from dialer.batches import create_batch
from dialer.calendar import zone
from dialer.crontab import trigger
from dialer.sampling import Sample
from storage.batches import ask, batch_named
from storage.database import Database
from storage.schedule_runs import note_run
from storage.selection import CaseQuery

log = structlog.get_logger(__name__)

JOBS_TABLE = "schedule_jobs"
GRACE = timedelta(hours=12)
"""A batch may be made so late; later it is missed."""


@dataclass(frozen=True)
class ScheduleNote:
    """What became of a due time."""

    schedule: str
    due: datetime
    outcome: str
    """made, nothing_to_do, missed, failed."""
    detail: str = ""
    batch_id: int | None = None


@dataclass(frozen=True)
class Schedule:
    """A batch that is made by the clock: when, of which cases, with which survey."""

    name: str
    cron: str
    survey: str
    plan: Plan = BY_VOICE
    time_zone: str = "Asia/Shanghai"
    respondents: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    accepted_within: timedelta | None = None
    closed_within: timedelta | None = None
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    sample_number: int | None = None
    sample_ratio: float | None = None
    sample_by: tuple[str, ...] = ()
    sample_seed: int | None = None
    priority: int = 0

    def batch_name(self, due: datetime) -> str:
        """Return the name of the batch that is due then: one due time, one batch."""
        return f"{self.name} {due.astimezone(zone(self.time_zone)):%Y-%m-%d %H:%M%z}"

    def query(self, due: datetime) -> CaseQuery:
        """Return the cases meant: relative dates count back from the due time."""
        return CaseQuery(
            respondents=self.respondents,
            units=self.units,
            accepted_from=due - self.accepted_within if self.accepted_within else None,
            accepted_until=due if self.accepted_within else None,
            closed_from=due - self.closed_within if self.closed_within else None,
            closed_until=due if self.closed_within else None,
            tags=self.tags,
            without_tags=self.without_tags,
        )

    def sample(self, due: datetime) -> Sample:
        """Return the sample; without a seed of its own each batch draws by its name."""
        seed = self.sample_seed
        if seed is None:
            seed = int.from_bytes(sha256(self.batch_name(due).encode()).digest()[:4])
        return Sample(self.sample_number, self.sample_ratio, seed, self.sample_by)


_running: dict[str, "Schedules"] = {}
"""Key -> the running schedules: a stored job can name only a function and plain values."""


async def fire(key: str, name: str) -> None:
    """Called by APScheduler when a schedule is due."""
    await _running[key].run(name)


class Schedules:
    """The schedules of one house; `start()` them inside a running event loop."""

    def __init__(
        self,
        database: Database,
        schedules: Sequence[Schedule],
        *,
        survey: Callable[[Schedule], Survey],
        rules: CallingRules,
        clock: Clock,
        grace: timedelta = GRACE,
        made: Callable[[int], Awaitable[None]] | None = None,
        noted: Callable[[ScheduleNote], None] | None = None,
    ) -> None:
        """`survey` reads the survey of a schedule; `made` hears the id of each batch that was
        started, `noted` everything that is written into schedule_runs.

        Raises AuthorError where a schedule's time cannot be read.
        """
        self._database, self._rules, self._clock = database, rules, clock
        self._survey, self._made, self._grace = survey, made, grace
        self._noted = noted
        self._schedules = {each.name: each for each in schedules}
        self._triggers = {each.name: trigger(each.cron, each.time_zone) for each in schedules}
        self._key = database.name
        sync = database.url
        if sync.get_backend_name() == "sqlite":
            sync = sync.set(drivername="sqlite")
        self._store = SQLAlchemyJobStore(url=sync, tablename=JOBS_TABLE)
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": self._store},
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": int(grace.total_seconds()),
            },
            timezone=UTC,
        )
        self._notes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take up where the last process left off; report what was passed over meanwhile."""
        _running[self._key] = self
        self._scheduler.add_listener(self._on_missed, EVENT_JOB_MISSED)
        self._scheduler.start(paused=True)
        stored = {job.id: job for job in self._scheduler.get_jobs()}
        for name in set(stored) - set(self._schedules):
            self._scheduler.remove_job(name)
        for name, schedule in self._schedules.items():
            when = f"{schedule.cron} {schedule.time_zone}"
            job = stored.get(name)
            # Adding an unchanged one anew would forget that it was due while nobody ran.
            if job is None or job.name != when or job.args != (self._key, name):
                self._scheduler.add_job(
                    fire,
                    self._triggers[name],
                    args=(self._key, name),
                    id=name,
                    name=when,
                    replace_existing=True,
                )
            else:
                late = int(self._grace.total_seconds())
                self._scheduler.modify_job(name, misfire_grace_time=late)
                await self._report_passed(name, job.next_run_time)
        self._scheduler.resume()

    async def stop(self) -> None:
        """Stop firing; what is due next stays in the database."""
        self._scheduler.shutdown(wait=False)
        await asyncio.gather(*self._notes)
        self._store.engine.dispose()
        _running.pop(self._key, None)

    def next_times(self) -> dict[str, datetime | None]:
        """Return when each schedule is due next."""
        return {job.id: job.next_run_time for job in self._scheduler.get_jobs()}

    async def run(self, name: str, due: datetime | None = None) -> int | None:
        """Make the batch that is due (by default the latest due time) and start it; its id."""
        schedule = self._schedules[name]
        due = due or self._latest_due(name)
        try:
            batch_id, outcome, detail = await self._make(schedule, due)
        except HuifangError as error:
            other = await self._of_another(schedule, due, error)
            if other is not None:
                return other
            await self._note(name, due, "failed", None, "; ".join(error.sentences("zh")))
            return None
        except Exception as error:
            await self._note(name, due, "failed", None, f"{type(error).__name__}: {error}")
            raise
        await self._note(name, due, outcome, batch_id, detail)
        if outcome == "made" and batch_id is not None and self._made is not None:
            await self._made(batch_id)
        return batch_id

    async def _of_another(
        self, schedule: Schedule, due: datetime, error: HuifangError
    ) -> int | None:
        """Return the batch where another process made (or makes) it meanwhile; it notes that."""
        if all(found.code != "batch-exists" for found in error.problems):
            return None
        async with self._database.read() as session:
            there = await batch_named(session, schedule.batch_name(due))
        return there.id if there is not None and there.schedule == schedule.name else None

    async def _make(self, schedule: Schedule, due: datetime) -> tuple[int | None, str, str]:
        name = schedule.batch_name(due)
        async with self._database.read() as session:
            there = await batch_named(session, name)
        if there is not None and there.state != "making":
            return there.id, "made", ""  # another process was first
        report = await create_batch(
            self._database,
            name=name,
            survey=self._survey(schedule),
            plan=schedule.plan,
            query=schedule.query(due),
            rules=self._rules,
            clock=self._clock,
            sample=schedule.sample(due),
            priority=schedule.priority,
            schedule=schedule.name,
        )
        if not report.callbacks:
            return report.batch_id, "nothing_to_do", ""
        async with self._database.write() as session:
            batch = await batch_named(session, name)
            if batch is not None:
                by = f"schedule {schedule.name}"
                await ask(session, batch, "start", by=by, now=self._clock.now())
        return report.batch_id, "made", f"{report.callbacks}"

    def _latest_due(self, name: str) -> datetime:
        """Return the latest due time that has come (a job is not told which one it runs for)."""
        now = datetime.now(UTC)
        return self._due_times(name, now - self._grace - timedelta(days=1), now)[-1]

    def _due_times(self, name: str, since: datetime, until: datetime) -> list[datetime]:
        found: list[datetime] = []
        at = self._triggers[name].get_next_fire_time(None, since)
        while at is not None and at <= until:
            found.append(at.astimezone(UTC))
            at = self._triggers[name].get_next_fire_time(at, at + timedelta(seconds=1))
        return found or [until.replace(second=0, microsecond=0)]

    async def _report_passed(self, name: str, next_run: datetime | None) -> None:
        """Note the due times that will be coalesced into the last one."""
        now = datetime.now(UTC)
        if next_run is None or next_run > now:
            return
        for due in self._due_times(name, next_run, now)[:-1]:
            await self._note(name, due, "missed", None, "coalesced")

    def _on_missed(self, event: JobExecutionEvent) -> None:
        """APScheduler passed one over because it came too late; called on the event loop."""
        due = event.scheduled_run_time.astimezone(UTC)
        task = asyncio.get_running_loop().create_task(
            self._note(event.job_id, due, "missed", None, f"later than {self._grace}")
        )
        self._notes.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._notes.discard)

    async def _note(
        self, name: str, due: datetime, outcome: str, batch_id: int | None, detail: str
    ) -> None:
        ran = None if outcome == "missed" else self._clock.now()
        async with self._database.write() as session:
            new = await note_run(
                session,
                schedule=name,
                due_at=due,
                outcome=outcome,
                ran_at=ran,
                batch_id=batch_id,
                detail=detail,
            )
        if new:
            tell = log.info if outcome in ("made", "nothing_to_do") else log.error
            if self._noted is not None:
                self._noted(ScheduleNote(name, due, outcome, detail, batch_id))
            tell("schedule_run", schedule=name, due=due.isoformat(), outcome=outcome, detail=detail)
