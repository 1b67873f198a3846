"""Working days and time zones. What is not known is an error, so that the policy can fail closed.

China's working days (调休: holidays that are paid back by working weekends) come from the State
Council's yearly notice, which `chinese_calendar` carries up to the last published year; all
other countries come from `holidays`.
"""

import warnings
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays

SATURDAY = 5


class UnknownCalendarError(Exception):
    """Nobody knows whether this day is a working day: unknown country, or year not published."""


class UnknownTimeZoneError(Exception):
    """There is no time zone of this name."""


@lru_cache(maxsize=4096)
def is_working_day(day: date, calendar: str) -> bool:
    """Return True where `day` is a working day of `calendar` (``CN`` or an ISO 3166 code).

    Raises UnknownCalendarError where that is not known.
    """
    if calendar.upper() == "CN":
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError as error:
            raise UnknownCalendarError(calendar) from error
    return bool(_country(calendar.upper()).is_working_day(day))


def check_calendar(calendar: str) -> None:
    """Raise UnknownCalendarError where there is no such calendar at all."""
    if calendar.upper() != "CN":
        _country(calendar.upper())


@lru_cache(maxsize=16)
def _country(code: str) -> holidays.HolidayBase:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return holidays.country_holidays(code)
    except NotImplementedError as error:
        raise UnknownCalendarError(code) from error


@lru_cache(maxsize=128)
def zone(name: str) -> ZoneInfo:
    """Return the time zone `name` (IANA). Raises UnknownTimeZoneError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # no such file, a path, a folder
        raise UnknownTimeZoneError(name) from error


def moment(day: date, at: time, where: ZoneInfo, after: datetime | None = None) -> datetime:
    """Return when the clock of `where` shows `day` `at`, in UTC, as UTC.

    A time that the clock skips becomes the moment after the gap. A time that the clock shows
    twice is the first one, unless that is not later than `after`: then the second.
    """
    first = datetime.combine(day, at, where).astimezone(UTC)
    if after is None or first > after:
        return first
    return datetime.combine(day, at, where).replace(fold=1).astimezone(UTC)


def start_of_next_day(now: datetime, where: ZoneInfo) -> datetime:
    """Return the first moment of the calendar day after `now` in `where`, in UTC."""
    day = now.astimezone(where).date()
    following = moment(day + timedelta(days=1), time(0), where, now)
    # A zone that skips a whole day (Samoa, 30 December 2011) may need a further one.
    return following if following > now else moment(day + timedelta(days=2), time(0), where, now)


def add_working_days(day: date, count: int, calendar: str) -> date:
    """Return the `count`-th working day after `day`.

    Days that the calendar does not know yet count as working days from Monday to Friday: a
    deadline then comes rather too early than too late. Raises UnknownCalendarError only where
    there is no such calendar at all.
    """
    check_calendar(calendar)
    while count > 0:
        day += timedelta(days=1)
        try:
            working = is_working_day(day, calendar)
        except UnknownCalendarError:
            working = day.weekday() < SATURDAY
        count -= working
    return day
