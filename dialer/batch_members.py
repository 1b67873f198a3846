"""Who gets into a batch: every party that its query names is called, not drawn, goes to a person,
or is left out with a reason."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.plan import Plan
from core.rules import CallingRules
from dialer.batch_report import BatchReport, Survey
from dialer.calendar import zone
from dialer.deadline import call_order, end_of_working_day, first_due
from dialer.number_kind import kind_of_number
from dialer.onward import first_step
from dialer.sampling import Draw, Member, Sample, Stratum
from storage.batches import add_callbacks
from storage.database import Database
from storage.followups import open_item
from storage.selection import CaseQuery, Selected, walk

CALLBACK = "callback"
PERSON = ("key_incident", "face_to_face")
"""These go to a person at once."""


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


class Members:
    """Puts one chunk of parties after the other into a batch."""

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


async def draw(db: Database, members: Members, sample: Sample) -> set[Member] | None:
    """Return who is drawn, None: everybody."""
    if sample.everyone:
        return None
    drawing = Draw(sample)
    async with db.read() as session:  # one snapshot: both passes see the same people
        for counting in (True, False):
            async for rows in walk(session, members.query, batch_id=members.batch_id):
                for row in rows:
                    outcome = members.outcome(row)
                    if outcome != CALLBACK and outcome not in PERSON:
                        continue
                    if counting:
                        drawing.count(stratum(row, sample.by))
                    else:
                        drawing.offer((row.case_id, row.party_id), stratum(row, sample.by))
    return drawing.drawn()
