"""How many lines calls take, and how fast they start. Pure: moments in, figures out."""

import bisect
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

GUARD = 1.2
"""Starts no further apart than so many times the least interval are held up by the rate."""


@dataclass(frozen=True)
class Held:
    """One call: the line is taken, dialled, and given back."""

    taken_at: datetime
    dialed_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class Lines:
    """Lines in use over a time."""

    peak: int = 0
    mean: float = 0.0
    """While at least one was in use."""
    seconds_in_use: float = 0.0
    """Seconds with at least one line in use."""
    seconds_full: float = 0.0
    """Seconds with as many lines taken as there are."""
    full: tuple[tuple[datetime, datetime], ...] = ()
    """When that was."""


def lines(calls: Sequence[Held], channels: int, *, slack: float = 0.0) -> Lines:
    """Return how many lines were in use from dialling to the end, and how long all were taken.

    `slack`: seconds after which a free line is given out again; until then it counts as taken.
    """
    used = _steps((call.dialed_at, call.ended_at) for call in calls)
    full = _full(calls, channels, slack)
    in_use = sum(seconds for number, seconds in used if number)
    return Lines(
        peak=max((number for number, _ in used), default=0),
        mean=sum(number * seconds for number, seconds in used) / in_use if in_use else 0.0,
        seconds_in_use=in_use,
        seconds_full=sum((end - begin).total_seconds() for begin, end in full),
        full=tuple(full),
    )


def starts_peak(calls: Sequence[Held]) -> int:
    """Return the most starts in any rolling second (a second later is no longer within it)."""
    moments = sorted(call.dialed_at for call in calls)
    first, most = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - timedelta(seconds=1):
            first += 1
        most = max(most, last - first + 1)
    return most


def seconds_at_rate(
    calls: Sequence[Held],
    calls_per_second: float,
    full: Sequence[tuple[datetime, datetime]] = (),
) -> float:
    """Return the seconds in which one start followed the other as closely as the rate allows.

    Starts within `full` do not count: there the lines are what holds calls up.
    """
    moments = sorted(call.dialed_at for call in calls)
    closest = GUARD / max(calls_per_second, 1e-9)
    begins = [begin for begin, _ in full]
    seconds = 0.0
    for before, after in itertools.pairwise(moments):
        span = bisect.bisect_right(begins, after) - 1
        gap = (after - before).total_seconds()
        if gap <= closest and not (span >= 0 and after <= full[span][1]):
            seconds += gap
    return seconds


def _full(calls: Sequence[Held], channels: int, slack: float) -> list[tuple[datetime, datetime]]:
    """Return the times, in order, in which all lines were taken."""
    later = timedelta(seconds=slack)
    changes: dict[datetime, int] = {}
    for call in calls:
        for moment, change in ((call.taken_at, 1), (call.ended_at + later, -1)):
            changes[moment] = changes.get(moment, 0) + change
    found: list[tuple[datetime, datetime]] = []
    now, since = 0, None
    for moment in sorted(changes):
        now += changes[moment]
        if now >= channels and since is None:
            since = moment
        elif now < channels and since is not None:
            found.append((since, moment))
            since = None
    return found


def _steps(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[int, float]]:
    """Return (number at once, for how many seconds), in order."""
    changes: dict[datetime, int] = {}
    for begin, end in spans:
        changes[begin] = changes.get(begin, 0) + 1
        changes[end] = changes.get(end, 0) - 1
    now, found = 0, []
    moments = sorted(changes)
    for moment, following in itertools.pairwise(moments):
        now += changes[moment]
        found.append((now, (following - moment).total_seconds()))
    return found
