"""How a running batch stands: what the terminal shows while calls are made. Pure.

`Meter` turns a series of (moment, calls ended) into a rate and an honest guess of the time left.
"""

from collections import deque
from dataclasses import dataclass, field

WINDOW = 60.0
"""Seconds over which the rate is taken."""
LEAST = 5
"""Ended calls in the window below which no time left is guessed."""


@dataclass(frozen=True)
class Progress:
    """One look at the batches that are being called."""

    callbacks: dict[str, int]
    """State (waiting, calling, done, follow_up, cancelled) -> callbacks."""
    dispositions: dict[str, int]
    """Disposition -> callbacks whose last attempt ended so."""
    verdicts: dict[str, int]
    calls_now: int = 0
    calls_per_minute: float = 0.0
    """Calls that ended in the last minute."""
    seconds_left: float | None = None
    """Until nobody waits, at the present rate; None: not known yet."""
    trouble: str = ""
    """Why nothing is called at present, in words."""
    states: dict[str, str] = field(default_factory=dict)
    """Batch -> its state."""

    @property
    def all(self) -> int:
        """All callbacks."""
        return sum(self.callbacks.values())

    @property
    def finished(self) -> int:
        """Callbacks that the machine is done with: done, given to a person, or cancelled."""
        return sum(self.callbacks.get(state, 0) for state in ("done", "follow_up", "cancelled"))


class Meter:
    """Takes the pace of a run."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def take(self, second: float, ended: int, left: int) -> tuple[float, float | None]:
        """Note that `ended` calls had ended at `second`, `left` callbacks are to be made.

        Returns calls a minute, and the seconds left (None where too little is known).
        """
        self._looks.append((second, ended))
        while len(self._looks) > 2 and self._looks[0][0] < second - WINDOW:
            self._looks.popleft()
        first, before = self._looks[0]
        span = second - first
        if span <= 0 or ended <= before:
            return 0.0, 0.0 if left == 0 else None
        rate = (ended - before) / span
        known = left == 0 or ended - before >= LEAST
        return rate * 60, left / rate if known else None
