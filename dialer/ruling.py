"""What one rule of the calling policy says about one moment, and how moments are told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from core.rules import CallingRules
from dialer.calendar import UnknownTimeZoneError, zone
from dialer.decision import CallbackFacts, Reason


@dataclass(frozen=True)
class Ruling:
    """What one rule says about one moment."""

    reason: Reason
    allowed: bool = True
    until: datetime | None = None
    """Where not allowed: the earliest moment at which this rule may allow it. None: never."""
    follow_up: str = ""
    """Where never: why a person has to follow up; empty: nobody."""
    opaque: bool = False
    """True: what lies behind this moment cannot be foreseen, the search ends here."""


Rule = Callable[[CallbackFacts, CallingRules, datetime], Ruling]
"""Answers for one moment."""


def local(at: datetime, facts: CallbackFacts, rules: CallingRules) -> str:
    """Return `at` as the called person's clock shows it (UTC where their zone is unknown)."""
    return _local(at, facts.time_zone or rules.time_zone)


@lru_cache(maxsize=65536)  # deadlines are told by every decision anew
def _local(at: datetime, name: str) -> str:
    try:
        where = zone(name)
    except UnknownTimeZoneError:
        return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return at.astimezone(where).strftime("%Y-%m-%d %H:%M")


def not_before(code: str, until: datetime, facts: CallbackFacts, rules: CallingRules) -> Ruling:
    """Return an objection that falls away at `until`."""
    return Ruling(Reason(code, (("until", local(until, facts, rules)),)), False, until)


@lru_cache(maxsize=64)
def yes(code: str) -> Ruling:
    """Return that a rule has nothing against the call."""
    return Ruling(Reason(code))
