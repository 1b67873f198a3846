"""Making a batch: every party that the query names ends as a callback, or with a reason why not.

Made in chunks of a transaction each, so that a million cases need the memory of one chunk and
running dialers are never kept waiting. Until all are in, the batch is `making` and nobody calls;
an interrupted making is taken up again by making the same batch once more.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import AuthorError, problem
from core.plan import BY_VOICE, Plan
from core.rules import CallingRules
from dialer.batch_members import Members, draw
from dialer.batch_report import BatchReport, Survey
from dialer.calendar import check_calendar, zone
from dialer.deadline import MOST_PRIORITY
from dialer.sampling import Sample
from storage.batches import batch_named, lock_making, store_flow
from storage.database import Database
from storage.schema import Batch
from storage.selection import CaseQuery, chunk, unknown_units


async def create_batch(
    db: Database,
    *,
    name: str,
    survey: Survey,
    query: CaseQuery,
    rules: CallingRules,
    clock: Clock,
    sample: Sample | None = None,
    priority: int = 0,
    deadline: datetime | None = None,
    schedule: str = "",
    plan: Plan = BY_VOICE,
    progress: Callable[[int], None] | None = None,
) -> BatchReport:
    """Make a batch, ready to be started; `progress` hears how many parties were looked at.

    `plan`: how its people are reached; a land-line begins where the plan calls.
    `deadline` (else, by class, so many working days after acceptance): from then on nobody is
    called, a person follows up. Raises AuthorError: the name is taken, a unit is unknown, the
    priority or the calendar is impossible.
    """
    sample = sample or Sample()
    _check(name, priority, deadline, rules, clock.now())
    batch_id = await _begin(
        db, name, survey, query, sample, priority, deadline, schedule, plan, clock.now()
    )
    report = BatchReport(batch_id=batch_id, name=name)
    members = Members(survey, query, rules, batch_id, priority, deadline, plan, clock.now(), report)
    drawn = await draw(db, members, sample)
    after = (0, 0)
    while True:
        async with db.write() as session:
            await lock_making(session)
            rows = await chunk(session, query, after, batch_id=batch_id)
            if not rows:
                break
            await members.put(session, rows, drawn)
        after = (rows[-1].case_id, rows[-1].party_id)
        if progress:
            progress(report.selected)
    report.state = await _finish(db, report, clock.now())
    return report


def _check(
    name: str, priority: int, deadline: datetime | None, rules: CallingRules, now: datetime
) -> None:
    if not name.strip() or name.isdigit() or len(name) > 200:
        raise AuthorError(problem("batch-name", name=name))
    if abs(priority) > MOST_PRIORITY:
        raise AuthorError(problem("batch-priority", priority=priority, most=MOST_PRIORITY))
    if deadline is not None and deadline <= now:
        raise AuthorError(problem("batch-deadline", deadline=deadline.isoformat()))
    try:
        check_calendar(rules.calendar)
        zone(rules.time_zone)
    except Exception as error:
        raise AuthorError(problem("batch-calendar", name=error)) from error


async def _begin(
    db: Database,
    name: str,
    survey: Survey,
    query: CaseQuery,
    sample: Sample,
    priority: int,
    deadline: datetime | None,
    schedule: str,
    plan: Plan,
    now: datetime,
) -> int:
    try:
        async with db.write() as session:
            missing = await unknown_units(session, query)
            if missing:
                raise AuthorError(*(problem("batch-unit-unknown", unit=unit) for unit in missing))
            flow_id = await store_flow(
                session,
                name=survey.name,
                version=survey.version,
                sha256=survey.sha256,
                source=survey.source,
                now=now,
            )
            there = await batch_named(session, name)
            if there is not None:
                same = (there.query, there.sample, there.flow_version_id, there.plan)
                if there.state == "making" and same == (
                    query.as_json(),
                    sample.as_json(),
                    flow_id,
                    plan.as_json(),
                ):
                    return there.id
                raise AuthorError(problem("batch-exists", name=name, state=there.state))
            batch = Batch(
                name=name,
                flow_version_id=flow_id,
                state="making",
                schedule=schedule,
                channel=plan.steps[0].channel,
                plan=plan.as_json(),
                query=query.as_json(),
                sample=sample.as_json(),
                priority=priority,
                deadline=deadline,
                created_at=now,
            )
            session.add(batch)
            await session.flush()
            return batch.id
    except IntegrityError:  # another process made it in between
        raise AuthorError(problem("batch-exists", name=name, state="making")) from None


async def _finish(db: Database, report: BatchReport, now: datetime) -> str:
    empty = report.callbacks == 0
    async with db.write() as session:
        await session.execute(
            update(Batch)
            .where(Batch.id == report.batch_id, Batch.state == "making")
            .values(
                state="finished" if empty else "ready",
                finished_at=now if empty else None,
            )
        )
        batch = await session.get(Batch, report.batch_id)
        return "stopped" if batch is None else batch.state
