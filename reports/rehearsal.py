"""What a rehearsal came to: every figure is counted from the rehearsal's own database.

People, lengths of calls and times of picking up are simulated; the report says so wherever its
figures are shown.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.disposition import Disposition
from core.interval import wilson
from core.plan import SMS
from reports.lines import Held, lines, seconds_at_rate, starts_peak
from storage.database import Database
from storage.schema import Attempt, Callback, FollowUpItem

NOTICEABLE = 0.05
"""Share of the calling time from which on channels or rate count as what limited it."""


@dataclass(frozen=True)
class Limits:
    """What the rehearsal was held to."""

    channels: int
    """Calls held at once."""
    calls_per_second: float
    hours: str
    """Calling hours, as 09:00-20:00."""
    time_zone: str
    line_rest: float = 0.0
    """Seconds until a line that became free was given out again (the rehearsal's own grain)."""


@dataclass(frozen=True)
class Share:
    """A share with what it rests on; in a rehearsal it is simulated, never measured."""

    hits: int
    n: int
    rate: float
    """0 to 1."""
    low: float
    high: float
    """The 95 % Wilson interval."""


@dataclass(frozen=True)
class Day:
    """One day in the house's time zone."""

    day: date
    attempts: int
    reached: int
    """Attempts in which a person picked up."""


@dataclass(frozen=True)
class RehearsalReport:
    """All figures of one rehearsal. Times are simulated ones."""

    seed: int
    limits: Limits
    began_at: datetime
    last_end: datetime | None
    """When the last call ended; None: nobody was called."""
    callbacks: int
    states: dict[str, int]
    """State of callbacks -> how many."""
    attempts: int
    """Calls."""
    dispositions: dict[str, int]
    """Disposition -> calls."""
    texts: dict[str, int]
    """Disposition -> surveys by text message."""
    verdicts: dict[str, int]
    """Verdict -> callbacks."""
    response: Share
    """Completed interviews of all callbacks that were tried and whose number exists (AAPOR RR1)."""
    tries: dict[int, int]
    """Attempts made -> callbacks."""
    lines_peak: int
    lines_mean: float
    """While at least one line was in use."""
    starts_peak: int
    """Calls started in the fullest rolling second."""
    talk_seconds: float
    """Mean from answer to end, of answered calls."""
    line_seconds: float
    """Mean from dialling to end, of all calls."""
    seconds_in_use: float
    """Seconds with at least one line in use."""
    seconds_full: float
    """Of these, with all lines taken."""
    seconds_at_rate: float
    """Of these, with starts as close as the rate allows."""
    limited_by: str
    """channels, rate or hours (the hours and the rests between tries)."""
    days: tuple[Day, ...] = ()
    follow_ups: dict[str, int] = field(default_factory=dict)
    """Reason -> items for people."""
    simulated: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return asdict(self)


@dataclass(frozen=True)
class _Tried:
    callback_id: int
    held: Held
    answered_at: datetime | None
    disposition: str
    by_text: bool


async def report_of(
    database: Database, batch_id: int, *, since: datetime, limits: Limits, seed: int
) -> RehearsalReport:
    """Return the report of the batch's attempts that were claimed at `since` or later."""
    async with database.read() as session:
        states = await _counted(session, Callback.state, batch_id)
        verdicts = await _counted(session, Callback.verdict, batch_id)
        follow_ups = await session.execute(
            select(FollowUpItem.reason, func.count())
            .join(Callback, Callback.id == FollowUpItem.callback_id)
            .where(Callback.batch_id == batch_id, FollowUpItem.created_at >= since)
            .group_by(FollowUpItem.reason)
        )
        reasons = {row[0]: row[1] for row in follow_ups}
        tried = await _attempts(session, batch_id, since)
    last = {one.callback_id: one.disposition for one in tried}
    ended = Counter(last.values())
    eligible = len(last) - ended[Disposition.INVALID_NUMBER]
    completed = ended[Disposition.COMPLETED]
    texts = Counter(one.disposition for one in tried if one.by_text)
    calls = [one for one in tried if not one.by_text]
    held = [one.held for one in calls]
    used = lines(held, limits.channels, slack=limits.line_rest)
    at_rate = seconds_at_rate(held, limits.calls_per_second, used.full)
    talks = [
        (one.held.ended_at - one.answered_at).total_seconds() for one in calls if one.answered_at
    ]
    return RehearsalReport(
        seed=seed,
        limits=limits,
        began_at=since,
        last_end=max((one.ended_at for one in held), default=None),
        callbacks=sum(states.values()),
        states=states,
        attempts=len(calls),
        dispositions=dict(Counter(one.disposition for one in calls).most_common()),
        texts=dict(texts.most_common()),
        verdicts=verdicts,
        response=_share(completed, eligible),
        tries=dict(sorted(Counter(Counter(one.callback_id for one in tried).values()).items())),
        lines_peak=used.peak,
        lines_mean=round(used.mean, 2),
        starts_peak=starts_peak(held),
        talk_seconds=_mean(talks),
        line_seconds=_mean([(one.ended_at - one.dialed_at).total_seconds() for one in held]),
        seconds_in_use=round(used.seconds_in_use, 1),
        seconds_full=round(used.seconds_full, 1),
        seconds_at_rate=round(at_rate, 1),
        limited_by=_limited_by(used.seconds_in_use, used.seconds_full, at_rate),
        days=_days(calls, ZoneInfo(limits.time_zone)),
        follow_ups=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


async def _counted(session: AsyncSession, column: Any, batch_id: int) -> dict[str, int]:
    rows = await session.execute(
        select(column, func.count())
        .where(Callback.batch_id == batch_id, column.is_not(None))
        .group_by(column)
        .order_by(func.count().desc(), column)
    )
    return {row[0]: row[1] for row in rows}


async def _attempts(session: AsyncSession, batch_id: int, since: datetime) -> list[_Tried]:
    rows = await session.execute(
        select(
            Attempt.callback_id,
            Attempt.claimed_at,
            Attempt.dialed_at,
            Attempt.answered_at,
            Attempt.ended_at,
            Attempt.disposition,
            Attempt.channel,
        )
        .join(Callback, Callback.id == Attempt.callback_id)
        .where(Callback.batch_id == batch_id, Attempt.claimed_at >= since)
        .where(Attempt.state == "closed")
        .order_by(Attempt.id)
    )
    return [
        _Tried(
            row.callback_id,
            Held(row.claimed_at, row.dialed_at or row.claimed_at, row.ended_at),
            row.answered_at,
            row.disposition,
            row.channel == SMS,
        )
        for row in rows
    ]


def _share(hits: int, n: int) -> Share:
    low, high = wilson(hits, n)
    return Share(hits, n, round(hits / n, 6) if n else 0.0, round(low, 6), round(high, 6))


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 1) if values else 0.0


def _limited_by(in_use: float, full: float, at_rate: float) -> str:
    if max(full, at_rate) < NOTICEABLE * in_use:
        return "hours"
    return "channels" if full >= at_rate else "rate"


def _days(tried: list[_Tried], zone: ZoneInfo) -> tuple[Day, ...]:
    attempts: Counter[date] = Counter()
    reached: Counter[date] = Counter()
    for one in tried:
        day = one.held.dialed_at.astimezone(zone).date()
        attempts[day] += 1
        reached[day] += Disposition(one.disposition).reached
    return tuple(Day(day, attempts[day], reached[day]) for day in sorted(attempts))
