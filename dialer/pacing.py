"""When the next call may start, and over which trunk. Pure.

Starts are given out as single moments, never as a budget: the next one lies a fixed interval
after the last, over the whole house and on each trunk. With n calls a second the interval is
(1 + GUARD) / n, so n + 1 starts span at least 1 + GUARD seconds. A call that leaves up to GUARD
seconds after its moment therefore still cannot make n + 1 calls in any rolling second; one that
is later asks for another moment (`dialer/starting.py`). The price of the guard is 7 % of the rate:
a trunk of 20 calls a second is given 18.5.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.rules import PacingRules
from core.trunk import Trunk
from storage.trunk_lanes import HOUSE, Lane

GUARD = 0.08
"""Seconds by which an INVITE may leave after its moment without breaking the limit."""
LATE = 0.05
"""Seconds of GUARD that the dialer may use up; the rest is the channel's."""
CLOCK_JUMP = timedelta(seconds=60)
"""A last start further ahead than this was written before somebody set the clock back."""
BURST = 5
"""So many 480 (Temporarily Unavailable) within BURST_SECONDS, without any other end between
them, are the trunk's trouble, not the people's."""
BURST_SECONDS = 10.0
TROUBLE = frozenset({429, 503})
"""RFC 6585, 4 (as carriers use it on SIP) and RFC 3261, 21.5.4."""


@dataclass(frozen=True)
class Limit:
    """What one trunk, or the house, allows."""

    name: str
    calls_per_second: float
    channels: int
    priority: int = 0

    @property
    def interval(self) -> timedelta:
        """Least time between two starts."""
        return interval(self.calls_per_second)


@dataclass(frozen=True)
class Start:
    """One call may start at `at` over `trunk`."""

    trunk: str
    at: datetime


def limits_of(trunks: Iterable[Trunk], rules: PacingRules) -> dict[str, Limit]:
    """Return the limits of all trunks and, under the name HOUSE, of the house."""
    limits = {HOUSE: Limit(HOUSE, rules.calls_per_second, rules.channels)}
    for trunk in trunks:
        limits[trunk.name] = Limit(
            trunk.name, trunk.calls_per_second, trunk.channels, trunk.priority
        )
    return limits


def interval(calls_per_second: float) -> timedelta:
    """Return the least time between two starts so that no rolling second holds more calls.

    2.5 calls a second means at most 2 in any second; 0.5 means one in two seconds.
    """
    whole = math.floor(calls_per_second) if calls_per_second >= 1 else calls_per_second
    return timedelta(microseconds=math.ceil((1 + GUARD) / whole * 1_000_000))


def grant(
    lanes: Mapping[str, Lane],
    limits: Mapping[str, Limit],
    now: datetime,
    horizon: timedelta,
    unreachable: Collection[str] = (),
) -> Start | None:
    """Return the next start, or None where none may be given out before `now` + `horizon`.

    Trunks of lower priority number come first, among equals the emptier one; a trunk that is
    full, pausing or unreachable is passed over (fail-over). Apply it with `take` before asking
    for another.
    """
    house, all_of_it = lanes[HOUSE], limits[HOUSE]
    if house.open >= all_of_it.channels:
        return None
    for limit in _in_order(lanes, limits, unreachable):
        lane = lanes[limit.name]
        at = max(now, _free(lane, limit, now), _free(house, all_of_it, now))
        if lane.open < limit.channels and at <= now + horizon:
            return Start(limit.name, at)
    return None


def take(lanes: Mapping[str, Lane], start: Start) -> None:
    """Note that `start` was given out."""
    for name in (HOUSE, start.trunk):
        lanes[name].open += 1
        lanes[name].last_start = start.at


def next_chance(
    lanes: Mapping[str, Lane],
    limits: Mapping[str, Limit],
    now: datetime,
    unreachable: Collection[str] = (),
) -> datetime | None:
    """Return when the next start could be given out; None: only once a call has ended."""
    house, all_of_it = lanes[HOUSE], limits[HOUSE]
    if house.open >= all_of_it.channels:
        return None
    free = [
        max(now, _free(lanes[limit.name], limit, now), _free(house, all_of_it, now))
        for limit in _in_order(lanes, limits, unreachable)
        if lanes[limit.name].open < limit.channels
    ]
    return min(free, default=None)


def _in_order(
    lanes: Mapping[str, Lane], limits: Mapping[str, Limit], unreachable: Collection[str]
) -> list[Limit]:
    usable = [limit for name, limit in limits.items() if name != HOUSE and name not in unreachable]
    return sorted(
        usable,
        key=lambda limit: (
            limit.priority,
            lanes[limit.name].open / max(1, limit.channels),
            limit.name,
        ),
    )


def _free(lane: Lane, limit: Limit, now: datetime) -> datetime:
    last = now if lane.last_start is None else lane.last_start + limit.interval
    if last > now + limit.interval + CLOCK_JUMP:
        last = now + limit.interval
    return max(last, lane.paused_until or now)


def back_off(rules: PacingRules, pause_seconds: float, retry_after: int = 0) -> float:
    """Return the length in seconds of a trunk's next pause.

    Twice the last one (the first after a success: `back_off_first`), at most `back_off_most`; a
    longer Retry-After (RFC 3261, 20.33) is obeyed all the same.
    """
    doubled = max(rules.back_off_first.total_seconds(), pause_seconds * 2)
    return max(min(doubled, rules.back_off_most.total_seconds()), float(retry_after))


class Bursts:
    """Tells a burst of 480 on a trunk from people who are out of reach."""

    def __init__(self) -> None:
        self._seen: dict[str, list[float]] = {}

    def trouble(self, trunk: str, sip_status: int, at: float) -> bool:
        """Note a call's final status at monotonic second `at`; True where the trunk must rest."""
        if sip_status in TROUBLE:
            return True
        seen = self._seen.setdefault(trunk, [])
        if sip_status != 480:
            seen.clear()
            return False
        seen[:] = [moment for moment in seen if moment > at - BURST_SECONDS] + [at]
        if len(seen) < BURST:
            return False
        seen.clear()
        return True
