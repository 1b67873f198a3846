"""Making a batch: every party that the query names ends as a callback, or with a reason why not.

Made in chunks of a transaction each, so that a million cases need the memory of one chunk and
running dialers are never kept waiting. Until all are in, the batch is `making` and nobody calls;
an interrupted making is taken up again by making the same batch once more.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import AuthorError, problem
from core.plan import BY_VOICE, Plan
from core.rules import CallingRules
from dialer.calendar import check_calendar, zone
from dialer.deadline import MOST_PRIORITY, call_order, end_of_working_day, first_due
from dialer.number_kind import kind_of_number
from dialer.onward import first_step
from dialer.sampling import Draw, Member, Sample, Stratum
from storage.batches import add_callbacks, batch_named, lock_making, store_flow
from storage.database import Database
from storage.followups import open_item
from storage.schema import Batch
from storage.selection import CaseQuery, Selected, chunk, unknown_units, walk

CALLBACK = "callback"
PERSON = ("key_incident", "face_to_face")
"""These go to a person at once."""


@dataclass(frozen=True)
class Survey:
    """The survey that a batch asks, as far as making a batch needs it."""

    name: str
    version: int
    sha256: str
    source: str
    """Its text, kept for the record."""
    required: tuple[str, ...] = ()
    """Fields of the case without which nobody is called."""


@dataclass
class BatchReport:
    """What making a batch came to. selected = callbacks + not drawn + persons + left out."""

    batch_id: int = 0
    name: str = ""
    state: str = ""
    selected: int = 0
    """Parties that the query named."""
    callbacks: int = 0
    overdue: int = 0
    """Callbacks whose first due date had already passed; they are called first."""
    not_drawn: int = 0
    """Left out by the sample."""
    persons: dict[str, int] = field(default_factory=dict)
    """Reason -> parties that went into the follow-up queue at once."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Reason -> parties that are not called."""
    missing_fields: dict[str, int] = field(default_factory=dict)
    """Field -> parties whose case lacks it."""

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return asdict(self)


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
    maker = _Maker(survey, query, rules, batch_id, priority, deadline, plan, clock.now(), report)
    drawn = await _draw(db, maker, sample)
    after = (0, 0)
    while True:
        async with db.write() as session:
            await lock_making(session)
            rows = await chunk(session, query, after, batch_id=batch_id)
            if not rows:
                break
            await maker.put(session, rows, drawn)
        after = (rows[-1].case_id, rows[-1].party_id)
        if progress:
            progress(report.selected)
    report.state = await _finish(db, report, clock.now())
    return report


def why_not(row: Selected, query: CaseQuery, required: tuple[str, ...]) -> str:
    """Return `callback`, a reason that leads to a person, or why the party is left out. Pure."""
    if row.in_batch:
        return CALLBACK
    if row.open_elsewhere:
        return "already_open"
    if row.called_back and not query.called_back_too:
        return "already_called_back"
    for word, applies in zip(PERSON, (row.key_incident, row.face_to_face), strict=True):
        if applies:
            asked = row.with_person and not query.called_back_too
            return "already_with_person" if asked else word
    if row.do_not_call:
        return "do_not_call"
    if row.number_invalid:
        return "invalid_number"
    if not row.number:
        return "no_number"
    if kind_of_number(row.number) != "subscriber":
        return "service_number"
    if any(name not in row.known_fields for name in required):
        return "missing_field"
    return CALLBACK


def stratum(row: Selected, by: tuple[str, ...]) -> Stratum:
    """Return which stratum a party belongs to; a case with several tags is one of its own."""
    values = {
        "unit": row.unit,
        "class": row.respondent_class,
        "tag": "+".join(row.tags),
        "officer": row.officer,
        "branch": row.branch,
    }
    return tuple(values[name] for name in by)


class _Maker:
    """Puts one chunk after the other into the batch."""

    def __init__(
        self,
        survey: Survey,
        query: CaseQuery,
        rules: CallingRules,
        batch_id: int,
        priority: int,
        deadline: datetime | None,
        plan: Plan,
        now: datetime,
        report: BatchReport,
    ) -> None:
        self.survey, self.query, self.batch_id = survey, query, batch_id
        self._rules, self._priority, self._deadline = rules, priority, deadline
        self._plan, self._now, self._report = plan, now, report
        self._where = zone(rules.time_zone)
        self._dues: dict[tuple[str, date], datetime | None] = {}
        self._last_call = end_of_working_day(now, 1, rules)

    def _due(self, row: Selected) -> datetime | None:
        """Deadlines run by days: one computation a day and class serves all its cases."""
        if row.accepted_at is None:
            return None
        key = (row.respondent_class, row.accepted_at.astimezone(self._where).date())
        if key not in self._dues:
            self._dues[key] = first_due(row.respondent_class, row.accepted_at, self._rules)
        return self._dues[key]

    def outcome(self, row: Selected) -> str:
        return why_not(row, self.query, self.survey.required)

    async def put(
        self, session: AsyncSession, rows: list[Selected], drawn: set[Member] | None
    ) -> None:
        report, added = self._report, []
        for row in rows:
            report.selected += 1
            outcome = self.outcome(row)
            member = (row.case_id, row.party_id)
            called = outcome == CALLBACK
            if (called or outcome in PERSON) and drawn is not None and member not in drawn:
                report.not_drawn += 1
                continue
            if called:
                report.callbacks += 1
                callback = self._callback(row)
                if not row.in_batch:
                    added.append(callback)
            elif outcome in PERSON:
                _count(report.persons, outcome)
                await self._to_a_person(session, row, outcome)
            else:
                _count(report.left_out, outcome)
                if outcome == "missing_field":
                    for name in self.survey.required:
                        if name not in row.known_fields:
                            _count(report.missing_fields, name)
        await add_callbacks(session, added)

    def _callback(self, row: Selected) -> dict[str, Any]:
        deadline = self._deadline or self._due(row)
        order = call_order(self._priority, deadline)
        if deadline is not None and deadline <= self._now:
            # Too late already: first in line, and soon with a person where nobody answers.
            self._report.overdue += 1
            deadline = self._last_call
        begins = first_step(self._plan, row.number)
        return {
            "batch_id": self.batch_id,
            "case_id": row.case_id,
            "party_id": row.party_id,
            "e164": row.number,
            "extension": row.extension,
            "language": row.language,
            "channel": self._plan.steps[begins].channel,
            "plan_step": begins,
            "priority": order,
            "deadline": deadline,
            "next_at": self._now,
            "due": True,
            "created_at": self._now,
        }

    async def _to_a_person(self, session: AsyncSession, row: Selected, reason: str) -> None:
        await open_item(
            session,
            case_id=row.case_id,
            callback_id=None,
            party_id=row.party_id,
            reason=reason,
            deadline=self._deadline or self._due(row),
            key_incident=row.key_incident,
            now=self._now,
        )


def _count(into: dict[str, int], word: str) -> None:
    into[word] = into.get(word, 0) + 1


async def _draw(db: Database, maker: _Maker, sample: Sample) -> set[Member] | None:
    """Return who is drawn, None: everybody."""
    if sample.everyone:
        return None
    drawing = Draw(sample)
    async with db.read() as session:  # one snapshot: both passes see the same people
        for counting in (True, False):
            async for rows in walk(session, maker.query, batch_id=maker.batch_id):
                for row in rows:
                    outcome = maker.outcome(row)
                    if outcome != CALLBACK and outcome not in PERSON:
                        continue
                    if counting:
                        drawing.count(stratum(row, sample.by))
                    else:
                        drawing.offer((row.case_id, row.party_id), stratum(row, sample.by))
    return drawing.drawn()


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
