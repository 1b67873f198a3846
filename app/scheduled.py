"""The settings' schedules as the dialer's."""

from datetime import timedelta

from config.loading import Loaded
from config.settings import ScheduleSettings
from dialer.schedules import Schedule


def schedules(loaded: Loaded) -> list[Schedule]:
    """Return the configured schedules."""
    return [_schedule(each) for each in loaded.settings.schedules]


def _schedule(setting: ScheduleSettings) -> Schedule:
    return Schedule(
        name=setting.name,
        cron=setting.cron,
        survey=setting.survey,
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
