"""The settings' schedules as the dialer's, what is wrong with them, and what became of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app import surveys
from app.plans import plan_named, survey_for
from config.loading import Loaded
from config.sections.schedules import ScheduleSettings
from core.catalogue import text
from core.document_faults import closest
from core.errors import AuthorError, Place, Problem, problem
from dialer.crontab import trigger
from dialer.schedules import Schedule, ScheduleNote
from storage.database import Database
from storage.schema import Unit


def schedules(loaded: Loaded) -> list[Schedule]:
    """Return the configured schedules. Raises AuthorError where one names an unknown plan."""
    return [_schedule(loaded, index, each) for index, each in enumerate(loaded.settings.schedules)]


def _schedule(loaded: Loaded, index: int, setting: ScheduleSettings) -> Schedule:
    return Schedule(
        name=setting.name,
        cron=setting.cron,
        survey=setting.survey,
        plan=plan_named(loaded, setting.plan, _place(loaded, index, "plan")),
        time_zone=setting.time_zone,
        respondents=(setting.respondents,) if setting.respondents else (),
        units=setting.units,
        accepted_within=_days(setting.accepted_within_days),
        closed_within=_days(setting.closed_within_days),
        tags=setting.tags,
        without_tags=setting.without_tags,
        sample_number=setting.sample_number,
        sample_ratio=setting.sample_ratio,
        sample_by=setting.sample_by,
        sample_seed=setting.sample_seed,
        priority=setting.priority,
    )


def _days(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(days=count)


def faults(loaded: Loaded) -> list[Problem]:
    """Return what is wrong with the schedules, as far as settings and surveys tell."""
    found: list[Problem] = []
    known = surveys.files(loaded)
    for index, each in enumerate(loaded.settings.schedules):
        try:
            trigger(each.cron, each.time_zone)
        except AuthorError as error:
            place = _place(loaded, index, "cron")
            found += [Problem(p.code, place, p.values) for p in error.problems]
        try:
            plan_named(loaded, each.plan, _place(loaded, index, "plan"))
        except AuthorError as error:
            found += error.problems
        file = surveys.find(loaded, each.survey) if _is_file(each.survey) else None
        file = file or known.get(each.survey)
        if file is None or not file.is_file():
            found.append(
                problem(
                    "schedule-unknown-survey",
                    _place(loaded, index, "survey"),
                    schedule=each.name,
                    name=each.survey,
                    closest=closest(each.survey, list(known)),
                    known=", ".join(known),
                )
            )
    return found


def survey_faults(loaded: Loaded) -> list[Problem]:
    """Return what is wrong with the surveys of the schedules, transfers to nobody among it."""
    found: list[Problem] = []
    for index, each in enumerate(loaded.settings.schedules):
        try:
            survey_for(
                loaded,
                plan_named(loaded, each.plan, _place(loaded, index, "plan")),
                each.survey,
            )
        except AuthorError as error:
            found += error.problems
    return list(dict.fromkeys(found))


async def unit_faults(loaded: Loaded, database: Database) -> list[Problem]:
    """Return the schedules' units that the database does not know."""
    if not any(each.units for each in loaded.settings.schedules):
        return []
    async with database.read() as session:
        known = list(await session.scalars(select(Unit.name).order_by(Unit.name)))
    return [
        problem(
            "schedule-unknown-unit",
            _place(loaded, index, "units", number),
            schedule=each.name,
            name=unit,
            closest=closest(unit, known) or "-",
        )
        for index, each in enumerate(loaded.settings.schedules)
        for number, unit in enumerate(each.units)
        if unit not in set(known)
    ]


def told(loaded: Loaded, note: ScheduleNote, at: datetime, words: str) -> str:
    """Return what became of a due time, in words; `at`: when that was."""
    detail = text("schedule-coalesced", words) if note.detail == "coalesced" else note.detail
    if note.detail.startswith("later than "):
        detail = text("schedule-late", words, late=note.detail.removeprefix("later than "))
    return text(
        "schedule-ran",
        words,
        when=shown(loaded, at),
        schedule=note.schedule,
        due=shown(loaded, note.due),
        outcome=text(f"schedule-outcome-{note.outcome}", words),
        detail=f" {detail}" if detail else "",
    )


def begun(loaded: Loaded, next_times: Mapping[str, datetime | None], words: str) -> str:
    """Return in words that the schedules wait, and which of them is due first."""
    times = {name: due for name, due in next_times.items() if due}
    first = min(times, key=lambda name: times[name])
    when = shown(loaded, times[first])
    return text("schedule-started", words, number=len(next_times), name=first, when=when)


def shown(loaded: Loaded, at: datetime) -> str:
    """Return a moment as screens show it: in the time zone of the calling rules."""
    return f"{at.astimezone(ZoneInfo(loaded.settings.calling.time_zone)):%Y-%m-%d %H:%M}"


def _place(loaded: Loaded, index: int, *path: str | int) -> Place:
    return loaded.document.place(("schedules", index, *path))


def _is_file(survey: str) -> bool:
    return Path(survey).suffix in (".yaml", ".yml")
