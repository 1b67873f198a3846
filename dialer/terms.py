"""What a running dialer obeys, and what it has done so far."""

from collections import Counter
from dataclasses import dataclass, field

from core.disposition import Disposition
from core.rules import CallingRules, PacingRules, RetryRule


@dataclass(frozen=True)
class DialerRules:
    """The rules that this dialer obeys, and how it talks."""

    calling: CallingRules = field(default_factory=CallingRules)
    pacing: PacingRules = field(default_factory=PacingRules)
    retry: dict[Disposition, RetryRule] = field(default_factory=dict)
    """Empty: the table of domain practice."""
    language: str = "zh"
    horizon: float = 0.025
    """Seconds ahead for which starts are given out: the most that a claim waits for its INVITE."""
    most: int = 20
    """Claims in one transaction."""
    poll: float = 1.0
    """Longest pause between two looks for work."""
    last_wait: float = 30.0
    """Seconds that a draining dialer waits for a database that takes nothing."""
    rest_first: float = 60.0
    """Seconds of rest after a row of failed calls; doubles while it goes on."""
    check: float = 30.0
    """Seconds between two OPTIONS to every trunk; a sixth of it while one does not answer."""


@dataclass
class Tally:
    """What this process has done so far."""

    calls_now: int = 0
    most_at_once: int = 0
    started: int = 0
    dispositions: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    interrupted: int = 0
    """Attempts of dead dialers that were given to a person."""
    trouble: str = ""
    """Why nothing is called at present, in words; empty: all is well."""
    unwritten: int = 0
    """Attempts whose end could not be written: they go to a person at the next start."""
    incoming: Counter[str] = field(default_factory=Counter)
    """How people who rang were met (`core.welcome`) -> calls."""
    late: int = 0
    """Calls that came too late for their moment and took another one."""
