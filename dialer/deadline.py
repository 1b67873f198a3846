"""When a first callback is due, and the order in which callbacks are called. Pure."""

from datetime import UTC, datetime, timedelta

from core.rules import CallingRules
from dialer.calendar import add_working_days, start_of_next_day, zone

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_HOURS = 1_000_000
"""Hours from 2020 to 2134, kept apart within one priority so that the order fits 32 bits."""
MOST_PRIORITY = 1000
"""Priorities of batches run from -1000 (first) to 1000 (last)."""


def first_due(
    respondent_class: str, accepted_at: datetime | None, rules: CallingRules
) -> datetime | None:
    """Return when the first callback is due: the end of the N-th working day after acceptance.

    N is `rules.due_after_days` of the class (for case_handling, acceptance is the filing). None
    where the class has no deadline or the day of acceptance is not known. Days run by the
    calendar and time zone of the rules. Raises UnknownCalendarError, UnknownTimeZoneError.
    """
    days = rules.due_after_days.get(respondent_class)
    if days is None or accepted_at is None:
        return None
    return end_of_working_day(accepted_at, days, rules)


def end_of_working_day(since: datetime, days: int, rules: CallingRules) -> datetime:
    """Return the end (midnight) of the `days`-th working day after `since`."""
    where = zone(rules.time_zone)
    last = add_working_days(since.astimezone(where).date(), days, rules.calendar)
    noon = datetime(last.year, last.month, last.day, 12, tzinfo=where)
    return start_of_next_day(noon.astimezone(UTC), where)


def call_order(batch_priority: int, deadline: datetime | None) -> int:
    """Return the order key of a callback, lower first: batch priority, then deadline (hours).

    Callbacks without a deadline come after those with one. Raises ValueError for a priority
    beyond -1000..1000.
    """
    if abs(batch_priority) > MOST_PRIORITY:
        raise ValueError(f"priority {batch_priority} is not within ±{MOST_PRIORITY}")
    hours = _HOURS - 1
    if deadline is not None:
        hours = min(hours - 1, max(0, (deadline - _EPOCH) // timedelta(hours=1)))
    return batch_priority * _HOURS + hours
