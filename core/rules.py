"""The rules of calling, as values: what the calling policy, the pacing and the retries obey.

Plain frozen dataclasses, so that the pure policy functions (dialer) and the settings file
(config) speak of the very same things. Defaults are the figures of the field
(docs/configuration.md).
"""

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from core.disposition import Disposition

EARLIEST_EVER = time(8, 0)
LATEST_EVER = time(21, 0)
"""No setting may widen the calling hours past these."""


@dataclass(frozen=True)
class CallingRules:
    """When, and how often, one person may be called."""

    hours_from: time = time(9, 0)
    """First moment of a day at which a call may start, in the called person's time zone."""
    hours_until: time = time(20, 0)
    """No call starts at or after this time, in the called person's time zone."""
    time_zone: str = "Asia/Shanghai"
    """IANA name of the time zone of parties for whom none is recorded."""
    calendar: str = "CN"
    """Calendar of working days: CN (statutory holidays and make-up workdays), or an ISO 3166
    country code known to the package `holidays`."""
    workdays_only: bool = False
    """True: no calls on weekends and public holidays."""
    quiet_days: tuple[date, ...] = ()
    """Days on which nobody is called, for example days of mourning."""
    calls_per_day: int = 1
    """Calls to one person in one calendar day, over all batches."""
    between_tries: timedelta = timedelta(hours=6)
    """Least time between the end of one try and the start of the next to the same person."""
    tries: int = 3
    """Tries per callback."""
    calls_per_number: int = 3
    """Calls to one number, over all batches, in `number_period`."""
    number_period: timedelta = timedelta(days=30)
    """The period over which `calls_per_number` is counted."""
    refusal_rest: timedelta = timedelta(days=7)
    """How long a person who refused is left in peace."""
    due_after_days: dict[str, int] = field(
        default_factory=lambda: {"case_handling": 5, "emergency": 5, "counter": 5}
    )
    """Working days from acceptance (case_handling: filing) in which the first callback is due,
    by respondent class."""


@dataclass(frozen=True)
class RetryRule:
    """What follows an attempt that ended with one disposition."""

    action: str
    """``retry``, ``follow_up`` (a person), ``correct`` (the number needs mending), ``done``."""
    after: timedelta = timedelta(hours=6)
    """Least time until the next try (never under `CallingRules.between_tries` when the party
    was rung)."""
    other_time_of_day: bool = False
    """True: the next try falls into another third of the calling hours than this one."""
    next_day: bool = False
    """True: not again on the same calendar day."""


def default_retry() -> dict[Disposition, RetryRule]:
    """Return the table of domain practice: every disposition has a rule."""
    return {
        Disposition.COMPLETED: RetryRule("done"),
        Disposition.PARTIAL: RetryRule("follow_up"),
        Disposition.REFUSED: RetryRule("done"),
        Disposition.BROKE_OFF: RetryRule("retry", timedelta(hours=6)),
        Disposition.BUSY: RetryRule("retry", timedelta(hours=6)),
        Disposition.NO_ANSWER: RetryRule("retry", timedelta(hours=6), other_time_of_day=True),
        Disposition.REJECTED: RetryRule("retry", timedelta(hours=24)),
        Disposition.MACHINE: RetryRule("retry", timedelta(hours=6), other_time_of_day=True),
        Disposition.UNREACHABLE: RetryRule("retry", timedelta(hours=24), next_day=True),
        Disposition.INVALID_NUMBER: RetryRule("correct"),
        Disposition.FAILED: RetryRule("retry", timedelta(minutes=15)),
        Disposition.UNKNOWN: RetryRule("follow_up"),
    }


@dataclass(frozen=True)
class PacingRules:
    """How fast the whole house calls; each trunk has its own limits beside these."""

    calls_per_second: float = 5.0
    """Calls started in any rolling second, over all trunks."""
    channels: int = 30
    """Calls held at once, over all trunks."""
    back_off_first: timedelta = timedelta(seconds=2)
    """Pause of a trunk after its first 429, 480 burst or 503; doubles with each further one."""
    back_off_most: timedelta = timedelta(minutes=5)
    """Longest such pause. A larger Retry-After header (RFC 3261, 20.33) is obeyed all the same."""
    failed_tries: int = 5
    """Tries ended as `failed` after which a callback goes to a person (they do not count
    against the party)."""
