"""Five fields as in crontab -> an APScheduler trigger.

APScheduler counts weekdays from Monday = 0, crontab from Sunday = 0 (and 7): a schedule for
``1-5`` would miss Mondays and call on Saturdays. So numbers of weekdays become names here. Where
both day of month and day of week are given, both must hold (crontab: either).
"""

import re

from apscheduler.triggers.cron import CronTrigger

from core.errors import AuthorError, problem
from dialer.calendar import UnknownTimeZoneError, zone

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?P<first>\*|[a-z]{3}|\d)(?:-(?P<last>[a-z]{3}|\d))?(?:/(?P<step>\d+))?")


def trigger(cron: str, time_zone: str) -> CronTrigger:
    """Return the trigger of `cron` in `time_zone`. Raises AuthorError for what cannot be read."""
    try:
        minute, hour, day, month, weekday = cron.lower().split()
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=weekdays(weekday),
            timezone=zone(time_zone),
        )
    except (ValueError, UnknownTimeZoneError) as error:
        found = problem("schedule-cron", cron=cron, zone=time_zone, why=error)
        raise AuthorError(found) from error


def weekdays(field: str) -> str:
    """Return crontab's day-of-week field with names: ``1-5`` -> ``mon,tue,wed,thu,fri``."""
    if field == "*":
        return field
    names: list[str] = []
    for part in field.split(","):
        read = _PART.fullmatch(part)
        if read is None:
            raise ValueError(f"day of week {part!r}")
        first = 0 if read["first"] == "*" else _number(read["first"])
        last = 6 if read["first"] == "*" else _number(read["last"] or read["first"])
        if read["last"] and last < first:  # fri-sun
            last += 7
        names += [_DAYS[number % 7] for number in range(first, last + 1, int(read["step"] or 1))]
    return ",".join(dict.fromkeys(names))


def _number(word: str) -> int:
    number = int(word) if word.isdigit() else _DAYS.index(word)
    if number > 7:
        raise ValueError(f"day of week {word!r}")
    return number
