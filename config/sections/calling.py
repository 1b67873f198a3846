"""`calling`: when, and how often, one person may be called."""

from datetime import date, datetime, timedelta

from pydantic import Field, model_validator

from config.section import ClockTime, Duration, Section
from core.document_faults import fault
from core.rules import EARLIEST_EVER, LATEST_EVER, CallingRules


class CallingSettings(Section):
    """When, and how often, one person may be called."""

    hours_from: ClockTime = CallingRules.hours_from
    """First moment of a day at which a call may start, in the called person's time zone; not
    before 8:00."""
    hours_until: ClockTime = CallingRules.hours_until
    """No call starts at or after this time; not after 21:00."""
    time_zone: str = CallingRules.time_zone
    """IANA time zone of parties for whom none is recorded."""
    calendar: str = CallingRules.calendar
    """Working days: CN (statutory holidays with make-up workdays) or another ISO 3166 code."""
    workdays_only: bool = CallingRules.workdays_only
    """True: no calls on weekends and public holidays."""
    quiet_days: tuple[date, ...] = ()
    """Days on which nobody is called, for example days of mourning."""
    calls_per_day: int = Field(default=CallingRules.calls_per_day, ge=1, le=3)
    """Calls to one person on one day, over all batches."""
    between_tries: Duration = CallingRules.between_tries
    """Least time between two tries to the same person."""
    tries: int = Field(default=CallingRules.tries, ge=1, le=10)
    """Tries per callback."""
    calls_per_number: int = Field(default=CallingRules.calls_per_number, ge=1, le=20)
    """Calls to one number in `number_period`, over all batches."""
    number_period: Duration = CallingRules.number_period
    """The period over which `calls_per_number` is counted."""
    refusal_rest: Duration = CallingRules.refusal_rest
    """How long a person who refused is left in peace."""
    due_after_days: dict[str, int] = Field(default_factory=lambda: CallingRules().due_after_days)
    """Working days in which the first callback is due, by respondent class."""

    @model_validator(mode="after")
    def _within_the_law(self) -> "CallingSettings":
        if self.hours_from < EARLIEST_EVER or self.hours_until > LATEST_EVER:
            raise fault("config-hours-too-wide", first=EARLIEST_EVER, last=LATEST_EVER)
        if self.hours_from >= self.hours_until:
            raise fault("config-hours-empty")
        return self

    @property
    def hours(self) -> timedelta:
        """How long the calling hours of a day are."""
        day = date.min
        return datetime.combine(day, self.hours_until) - datetime.combine(day, self.hours_from)

    def rules(self) -> CallingRules:
        """Return the rules that the calling policy obeys."""
        return CallingRules(**dict(self))
