"""`retry`: what follows each disposition."""

from typing import Literal

from config.section import Duration, Section
from core.rules import RetryRule


class RetrySettings(Section):
    """What follows an attempt that ended with one disposition."""

    action: Literal["retry", "follow_up", "correct", "done"]
    """``retry``, ``follow_up`` (a person), ``correct`` (the number needs mending), ``done``."""
    after: Duration = RetryRule.after
    """Least time until the next try."""
    other_time_of_day: bool = False
    """True: the next try falls into another third of the calling hours."""
    next_day: bool = False
    """True: not again on the same day."""
