"""Claiming: who is called next, decided and written down in one transaction before it rings.

Facts, policy, capacity and the attempt's row belong to one transaction: `SELECT ... FOR UPDATE
SKIP LOCKED` behind the lock of the trunks' rows on PostgreSQL, one BEGIN IMMEDIATE on SQLite.
Nothing is counted first and acted upon later. The rules themselves (`Judge`, `Grant`) are
functions of the dialer; here they are called with what the database knows at that moment.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from storage.attempt_rows import insert_attempts
from storage.candidates import Candidate, candidates, next_due, ripen
from storage.database import Database
from storage.judging import Judge, judged, put_aside
from storage.left_off import left_by
from storage.schema import Callback
from storage.trunk_lanes import HOUSE, Lane, lock_lanes, pace_time, save_starts

CALLBACKS = cast(Table, Callback.__table__)
SPARE = 4
"""Candidates looked at beyond those that can be called: some may not be called now."""
FURTHER = 100
"""Candidates looked at in the same transaction where those were not enough."""


class Start(Protocol):
    """A moment at which one call may start over one trunk."""

    @property
    def trunk(self) -> str: ...
    @property
    def at(self) -> datetime: ...


Grant = Callable[[Mapping[str, Lane], datetime], Start | None]
"""(lanes, now) -> the next start, or None. The lanes are brought up to date by `take`."""
Take = Callable[[Mapping[str, Lane], Any], None]
Chance = Callable[[Mapping[str, Lane], datetime], datetime | None]
"""(lanes, now) -> when the next start may be given out."""


@dataclass(frozen=True)
class ClaimRules:
    """The dialer's functions that a claim calls."""

    judge: Judge
    grant: Grant
    regrant: Grant
    """The same for a call that is claimed already, however far ahead its moment lies."""
    take: Take
    chance: Chance
    trunks: tuple[str, ...]
    """Names of all trunks of this house."""
    history: timedelta = timedelta(days=31)
    """How far back the policy wants to know of attempts."""
    database_time: bool = False
    """True: pacing goes by the database server's clock, which all dialers share."""


@dataclass(frozen=True)
class Claimed:
    """One call that has to be made now: its attempt's row is committed."""

    attempt_id: int
    sequence: int
    trunk: str
    moment: float
    """Monotonic second from which on the INVITE may leave."""
    claimed_at: datetime
    candidate: Candidate
    incoming: bool = False
    """True where the person rings us: there is nothing to dial."""
    left: dict[str, Any] | None = None
    """The flow session of the last conversation about it: what was answered is not asked again."""


@dataclass(frozen=True)
class ClaimResult:
    """What one claim came to."""

    claimed: tuple[Claimed, ...] = ()
    forbidden: int = 0
    """Candidates that the policy put off or gave to a person."""
    wait: float | None = 0.0
    """Seconds until the pacing may give out another start; None: once a call has ended."""
    next_due: datetime | None = None
    """Where nobody was left to look at: when the next callback becomes due; None: none waits."""
    exhausted: bool = False
    """True: no further candidate is due now."""
    given_until: float = float("-inf")
    """Monotonic second of the last start that any dialer has claimed."""
    lost: int = field(default=0)
    """Claims that somebody else had made already (a constraint said so)."""


async def claim(
    database: Database,
    *,
    dialer: str,
    rules: ClaimRules,
    clock: Clock,
    most: int,
    lead: float = 0.0,
    batches: Collection[int] | None = None,
) -> ClaimResult:
    """Claim up to `most` callbacks of running batches (of `batches` only, where given).

    `lead`: seconds that this transaction will take; starts lie at least so far ahead.
    Raises TransientError or PermanentError of the database; then nothing was claimed.
    """
    try:
        async with database.write() as session:
            return await _claim(session, dialer, rules, clock, most, lead, batches)
    except IntegrityError:
        # Somebody else has it: nothing of this transaction was kept.
        return ClaimResult(lost=1, wait=0.05)


async def _claim(
    session: AsyncSession,
    dialer: str,
    rules: ClaimRules,
    clock: Clock,
    most: int,
    lead: float,
    batches: Collection[int] | None,
) -> ClaimResult:
    lanes = await lock_lanes(session, rules.trunks)
    now = clock.now()
    moment, pace_now = await _look_at_the_clock(session, rules, clock, lead)
    before = {name: lane.last_start for name, lane in lanes.items()}
    starts = _starts(rules, lanes, pace_now, most)
    if not starts:
        last = lanes[HOUSE].last_start
        given = moment + (last - pace_now).total_seconds() if last else float("-inf")
        return ClaimResult(wait=_wait(rules, lanes, pace_now), given_until=given)
    wanted, ripened = len(starts) + SPARE, False
    found = await candidates(session, now, wanted, batches)
    if len(found) < wanted:
        ripened = await ripen(session, now, batches)
        found = await candidates(session, now, wanted, batches)
    taken, put_off = await judged(session, found, rules.judge, rules.history, now, len(starts))
    if len(taken) < len(starts) and len(found) == wanted:
        wanted = len(found) + FURTHER
        found = await candidates(session, now, wanted, batches)
        taken, put_off = await judged(session, found, rules.judge, rules.history, now, len(starts))
    # The starts that nobody needed are given back.
    for lane in lanes.values():
        lane.last_start = before[lane.name]
        lane.open -= sum(lane.name in ("", start.trunk) for start in starts)
    for start in starts[: len(taken)]:
        rules.take(lanes, start)
    claimed = await _insert(session, dialer, taken, starts, now, moment, pace_now)
    if taken:
        await save_starts(
            session, [lane for lane in lanes.values() if lane.last_start != before[lane.name]]
        )
    await put_aside(session, put_off, now)
    looked_at_all = len(found) < wanted and not ripened
    exhausted = looked_at_all and len(taken) + len(put_off) >= len(found)
    due = await next_due(session, batches) if exhausted and not taken else None
    wait = 0.0 if not taken else _wait(rules, lanes, pace_now)
    return ClaimResult(tuple(claimed), len(put_off), wait, due, exhausted)


async def notice_due(
    database: Database, now: datetime, batches: Collection[int] | None = None
) -> bool:
    """Let those whose time has come (a booked call, a retry) take their place among the due.

    To be called every second or so: claims themselves look only where nobody else is due.
    Returns True where more may be left. Raises as `claim` does.
    """
    async with database.write() as session:
        return await ripen(session, now, batches)


async def claim_start(
    database: Database, attempt: Claimed, rules: ClaimRules, clock: Clock, lead: float
) -> float | None:
    """Take another moment for a claimed call that came too late for its own.

    Returns its monotonic second; None where the trunk has none to give at present.
    """
    async with database.write() as session:
        lanes = await lock_lanes(session, rules.trunks)
        moment, pace_now = await _look_at_the_clock(session, rules, clock, lead)
        # The call itself holds a channel already.
        for name in ("", attempt.trunk):
            lanes[name].open -= 1
        own = {name: lanes[name] for name in ("", attempt.trunk)}
        start = rules.regrant(own, pace_now)
        if start is None:
            return None
        rules.take(own, start)
        await save_starts(session, own.values())
        return moment + (start.at - pace_now).total_seconds()


async def _look_at_the_clock(
    session: AsyncSession, rules: ClaimRules, clock: Clock, lead: float
) -> tuple[float, datetime]:
    """Return the same moment, `lead` seconds from now, as monotonic second and as the pacing's
    time. To be called after the lock is held: waiting for it must not count as lateness."""
    now = await pace_time(session, clock, database_time=rules.database_time)
    # The server looked at its clock before this look: the later one is never too early.
    moment = clock.monotonic()
    return moment + lead, now + timedelta(seconds=lead)


def _starts(rules: ClaimRules, lanes: Mapping[str, Lane], now: datetime, most: int) -> list[Start]:
    starts: list[Start] = []
    while len(starts) < most:
        start = rules.grant(lanes, now)
        if start is None:
            break
        rules.take(lanes, start)
        starts.append(start)
    return starts


def _wait(rules: ClaimRules, lanes: Mapping[str, Lane], now: datetime) -> float | None:
    at = rules.chance(lanes, now)
    return None if at is None else max(0.0, (at - now).total_seconds())


async def _insert(
    session: AsyncSession,
    dialer: str,
    taken: Sequence[Candidate],
    starts: Sequence[Start],
    now: datetime,
    moment: float,
    pace_now: datetime,
) -> list[Claimed]:
    if not taken:
        return []
    rows = [
        {
            "callback_id": candidate.callback_id,
            "sequence": candidate.sequence + 1,
            "party_id": candidate.known.party_id,
            "e164": candidate.known.e164,
            "trunk": start.trunk,
            "dialer": dialer,
            "claimed_at": now,
            "language": candidate.language,
        }
        for candidate, start in zip(taken, starts, strict=False)
    ]
    ids = await insert_attempts(session, rows)
    left = await left_by(session, [one.callback_id for one in taken if one.sequence])
    return [
        Claimed(
            ids[candidate.callback_id],
            candidate.sequence + 1,
            start.trunk,
            moment + (start.at - pace_now).total_seconds(),
            now,
            candidate,
            left=left.get(candidate.callback_id),
        )
        for candidate, start in zip(taken, starts, strict=False)
    ]
