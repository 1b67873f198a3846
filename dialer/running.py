"""The running dialer: recover, claim, call, write down, until nothing is left or somebody says so.

One `Dialer` a process. What must never happen twice is guarded by the database, so any number of
processes may run on one PostgreSQL.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import text
from core.clock import Clock, VirtualClock
from core.disposition import Disposition
from core.errors import HuifangError
from core.rules import CallingRules, PacingRules, RetryRule
from core.trunk import Trunk
from dialer.behind import Behind
from dialer.identity import is_gone, own_name
from dialer.journal import AttemptJournal, Writer
from dialer.pacing import Bursts, back_off, limits_of
from dialer.starting import Lead, claim_rules, following, wait_for_start
from ivr.channels.contract import TrunkHealth
from ivr.outcome import Outcome
from storage.attempts import AttemptEnd, finish
from storage.claims import Claimed, claim
from storage.database import Database
from storage.recovery import dead_dialers, recover, sign_of_life, sign_off, sign_on
from storage.running_batches import batch_states, close_finished, pause_for, resume_from
from storage.trunk_lanes import clear_pause, ensure_lanes, lock_lanes, pause_lane

HEARTBEAT = 5.0
STALE = timedelta(seconds=60)
WATCH = 0.5
"""Seconds between two looks at the batches' states: pause and stop are obeyed within a second."""
FAILING = 10
"""So many calls in a row that failed by our or the trunk's fault stop the calling."""
REST_FIRST, REST_MOST = 60.0, 900.0
"""Seconds of rest after such a row; doubles while it goes on."""
BEAT = 4.0
"""Virtual seconds between two claims of a rehearsal: few claims, each for many lines."""
TRICKLE = 20.0
"""The same where everybody who is due was claimed, and others become due one by one."""
CHECK = 30.0
"""Seconds between two OPTIONS to every trunk."""

log = structlog.get_logger(__name__)

Hold = Callable[[Claimed, AttemptJournal], Awaitable[Outcome]]
"""Makes one claimed call from the INVITE to its end (composed in app over ivr.conversation)."""
Check = Callable[[], Awaitable[list[TrunkHealth]]]


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


class Dialer:
    """Calls the callbacks of running batches."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hold: Hold,
        trunks: Collection[Trunk],
        rules: DialerRules,
        *,
        check: Check | None = None,
        batches: Collection[int] | None = None,
        name: str | None = None,
        until_done: bool = True,
    ) -> None:
        """`batches`: only these (None: all running ones). `until_done`: end when nothing waits
        any more, instead of waiting for further batches."""
        self.database, self.clock, self.rules = database, clock, rules
        self.name = name or own_name()
        self.batches = None if batches is None else tuple(batches)
        self.tally = Tally()
        self._hold, self._check, self._until_done = hold, check, until_done
        self._virtual = isinstance(clock, VirtualClock)
        self._limits = limits_of(trunks, rules.pacing)
        self._unreachable: set[str] = set()
        self._claiming = claim_rules(
            rules.calling,
            self._limits,
            self._unreachable,
            horizon=timedelta(seconds=rules.horizon),
            database_time=database.dialect == "postgresql" and not self._virtual,
            language=rules.language,
        )
        self.writer = Writer(database, clock)
        self._behind = Behind(database, self.writer) if self._virtual else None
        self._calls: dict[int, tuple[Claimed, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()
        self._draining = self._stopping = False
        self._bursts = Bursts()
        self._lead = Lead()
        self._failures = 0
        self._rest = 0.0
        self._rest_until = 0.0
        self._paused: dict[int, str] = {}
        """Batches that this dialer paused by itself, with the reason that it gave."""

    # -------------------------------------------------------------------------- what people ask

    def drain(self) -> None:
        """No further calls; those under way come to their end."""
        self._draining = True
        self._wake.set()

    def stop(self) -> None:
        """No further calls, and those under way are hung up."""
        self._draining = self._stopping = True
        self._hang_up(None)
        self._wake.set()

    # ---------------------------------------------------------------------------------- the run

    async def run(self) -> Tally:
        """Call until drained, stopped, or (`until_done`) nothing waits any more."""
        now = self.clock.now()
        async with self.database.write() as session:
            await sign_on(session, self.name, now)
            await ensure_lanes(session, (trunk for trunk in self._limits if trunk))
        await self._recover()
        beside = [asyncio.create_task(self.writer.run())] if not self._virtual else []
        if not self._virtual:
            beside += [asyncio.create_task(self._watch()), asyncio.create_task(self._beat())]
            if self._check is not None:
                beside.append(asyncio.create_task(self._check_trunks()))
        try:
            await self._loop()
            while self._calls:
                await asyncio.wait([task for _, task in self._calls.values()])
            if self._behind:
                await self._behind.flush()
            await self._finish_batches()
            async with self.database.write() as session:
                await sign_off(session, self.name, self.clock.now())
        finally:
            for _, task in self._calls.values():
                task.cancel()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        return self.tally

    async def _loop(self) -> None:
        while not self._draining:
            self._wake.clear()
            if self._troubled():
                await self._pause(self.rules.poll)
                continue
            try:
                if self._behind:
                    await self._behind.flush()
                result = await claim(
                    self.database,
                    dialer=self.name,
                    rules=self._claiming,
                    clock=self.clock,
                    most=self.rules.most,
                    lead=0.0 if self._virtual else self._lead.seconds,
                    batches=self.batches,
                )
            except HuifangError as error:
                self._say(error.sentences(self.rules.language)[0])
                await self._pause(self.rules.poll)
                continue
            self.tally.trouble = ""
            if result.claimed and not self._virtual:
                looked = result.claimed[0].moment - self._lead.seconds
                self._lead.took(self.clock.monotonic() - looked)
            for claimed in result.claimed:
                task = asyncio.create_task(self._call(claimed))
                self._calls[claimed.attempt_id] = (claimed, task)
            if result.exhausted and not result.claimed:
                idle = not self._calls and result.next_due is None
                if self._until_done and idle and await self._nothing_left():
                    return
                await self._pause(self._until(result.next_due), least=TRICKLE)
            elif result.wait is None:
                await self._pause(self.rules.poll)
            elif result.wait > 0 or result.claimed:
                # Up to the horizon before the next start: then the claim still is in time.
                least = TRICKLE if result.exhausted else BEAT
                await self._pause(max(0.0, result.wait - self.rules.horizon / 2), least=least)

    def _until(self, due: datetime | None) -> float:
        if due is None:
            return self.rules.poll
        left = max(0.02, (due - self.clock.now()).total_seconds())
        # In virtual time nobody else makes callbacks meanwhile: no need to look in between.
        return left if self._virtual else min(self.rules.poll, left)

    async def _pause(self, seconds: float, *, least: float = BEAT) -> None:
        """Wait; somebody's end of a call or word from a person cuts it short (in virtual time
        not below `least`)."""
        if self._virtual and not self._draining:
            await self.clock.sleep(least)
            seconds -= least
            if seconds <= 0:
                return
        if seconds <= 0.03 and not self._virtual:
            await self.clock.sleep(seconds)
            return
        sleeping = asyncio.ensure_future(self.clock.sleep(seconds))
        waking = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait([sleeping, waking], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()

    async def _nothing_left(self) -> bool:
        await self._finish_batches()
        states = await self._states()
        return not any(state in ("running", "paused") for state in states.values())

    async def _states(self) -> dict[int, str]:
        async with self.database.read() as session:
            return await batch_states(session, self.batches)

    async def _finish_batches(self) -> None:
        async with self.database.write() as session:
            await close_finished(session, self.batches, self.clock.now())

    # --------------------------------------------------------------------------------- one call

    async def _call(self, claimed: Claimed) -> None:
        journal = (
            self._behind.journal(claimed.attempt_id)
            if self._behind
            else AttemptJournal(self.writer, claimed.attempt_id)
        )
        self.tally.calls_now += 1
        self.tally.most_at_once = max(self.tally.most_at_once, self.tally.calls_now)
        self.tally.started += 1
        try:
            outcome = await self._outcome(claimed, journal)
            await self._finish(claimed, journal, outcome)
        finally:
            self.tally.calls_now -= 1
            self._calls.pop(claimed.attempt_id, None)
            self._wake.set()

    async def _outcome(self, claimed: Claimed, journal: AttemptJournal) -> Outcome:
        try:
            if not await wait_for_start(
                self.database, claimed, self._claiming, self.clock, self._lead
            ):
                return Outcome(Disposition.FAILED, self.clock.now(), reason="no_start")
            return await self._hold(claimed, journal)
        except asyncio.CancelledError:
            # Somebody stopped the batch: the conversation has hung up.
            return self._broken_off(journal, "stopped")
        except Exception as error:  # whatever went wrong, the attempt gets its end
            log.exception("call_broke", attempt=claimed.attempt_id, error=type(error).__name__)
            return self._broken_off(journal, type(error).__name__)

    def _broken_off(self, journal: AttemptJournal, reason: str) -> Outcome:
        """What we cut short: whoever answered is called by a person, never by us again."""
        if journal.answered_at is None:
            ended = Disposition.FAILED
        elif journal.position:
            ended = Disposition.PARTIAL
        else:
            ended = Disposition.UNKNOWN
        return Outcome(ended, self.clock.now(), reason=reason)

    async def _finish(self, claimed: Claimed, journal: AttemptJournal, outcome: Outcome) -> None:
        end = AttemptEnd(
            attempt_id=claimed.attempt_id,
            disposition=outcome.disposition.value,
            aapor=outcome.disposition.aapor,
            counts=outcome.disposition.counts_against_party,
            ended_at=outcome.ended_at,
            verdict=None if outcome.verdict is None else outcome.verdict.value,
            reason=outcome.reason,
            dialed_at=outcome.dialed_at,
            ringing_at=outcome.ringing_at,
            answered_at=outcome.answered_at,
            sip_status=outcome.sip_status,
            q850_cause=outcome.q850_cause,
            packets_lost=outcome.packets_lost,
            recording=outcome.recording,
            session=outcome.session,
            booked_at=self._booked_at(claimed, journal),
            person_wanted=_person_wanted(outcome),
        )
        trunk = claimed.trunk
        trouble = self._bursts.trouble(trunk, outcome.sip_status, self.clock.monotonic())
        then = following(
            outcome.disposition,
            self.rules.calling,
            self.rules.pacing,
            self.rules.retry,
            outcome.ended_at,
            outcome.retry_after,
            self.rules.language,
        )

        async def close(session: AsyncSession) -> bool:
            closed = await finish(session, end, then)
            if trouble:
                await self._back_off(session, trunk, outcome)
            elif outcome.disposition is not Disposition.FAILED:
                await clear_pause(session, trunk)
            return closed

        self._count(outcome)
        if self._behind:
            self._behind.finish((end, then))
            if trouble:
                self._behind.act(lambda session: self._back_off(session, trunk, outcome))
            return
        # Cancelling (a second Ctrl-C) must not lose the end: the writer keeps it in line.
        await asyncio.shield(self.writer.write(close, patience=None))

    async def _back_off(self, session: AsyncSession, trunk: str, outcome: Outcome) -> None:
        lane = (await lock_lanes(session, [trunk]))[trunk]
        now = self.clock.now()
        if lane.paused_until is not None and lane.paused_until > now and not outcome.retry_after:
            return  # calls that were under way tell the same trouble once more
        seconds = back_off(self.rules.pacing, lane.pause_seconds, outcome.retry_after)
        reason = f"SIP {outcome.sip_status}"
        await pause_lane(session, trunk, now + timedelta(seconds=seconds), seconds, reason)
        log.warning("trunk_rests", trunk=trunk, seconds=seconds, sip_status=outcome.sip_status)

    def _booked_at(self, claimed: Claimed, journal: AttemptJournal) -> datetime | None:
        if journal.booking is None:
            return None
        booking, at = journal.booking
        zone = ZoneInfo(claimed.candidate.known.time_zone or self.rules.calling.time_zone)
        day = (at.astimezone(zone) + timedelta(days=booking.days)).date()
        booked = datetime.combine(day, time.fromisoformat(booking.at), zone)
        return booked if booked > at else booked + timedelta(days=1)

    def _count(self, outcome: Outcome) -> None:
        self.tally.dispositions[outcome.disposition.value] += 1
        if outcome.verdict is not None:
            self.tally.verdicts[outcome.verdict.value] += 1
        if outcome.disposition is not Disposition.FAILED:
            self._failures, self._rest = 0, 0.0
            return
        if outcome.reason in ("stopped", "no_start"):
            return
        self._failures += 1
        if self._failures >= FAILING:
            self._failures = 0
            self._rest = min(REST_MOST, max(REST_FIRST, self._rest * 2))
            self._rest_until = self.clock.monotonic() + self._rest
            self._say(
                text("dialing-all-fail", self.rules.language, calls=FAILING, seconds=self._rest)
            )

    # ---------------------------------------------------------------------------------- trouble

    def _troubled(self) -> bool:
        if self.writer.fault is not None:
            self._say(self.writer.fault.sentences(self.rules.language)[0])
            return True
        trunks = {name for name in self._limits if name}
        if trunks and trunks <= self._unreachable:
            self._say(
                text("dialing-no-trunk", self.rules.language, trunks=", ".join(sorted(trunks)))
            )
            return True
        return self.clock.monotonic() < self._rest_until

    def _say(self, trouble: str) -> None:
        if self.tally.trouble != trouble:
            log.error("calling_stands_still", why=trouble)
        self.tally.trouble = trouble

    async def _keep_pause(self) -> None:
        """Show our own trouble as the batch's pause, and take it away once it is over."""
        trouble = self.tally.trouble if self._troubled() else ""
        async with self.database.write() as session:
            if trouble and not self._paused:
                self._paused = await pause_for(session, self.batches, trouble)
            elif not trouble and self._paused:
                await resume_from(session, self._paused)
                self._paused = {}
                self._wake.set()

    async def _watch(self) -> None:
        """Obey what was asked of the batches from elsewhere."""
        while True:
            await self.clock.sleep(WATCH)
            try:
                states = await self._states()
                if bool(self._paused) != self._troubled():
                    await self._keep_pause()
                if "draining" in states.values():
                    await self._finish_batches()
            except HuifangError as error:
                self._say(error.sentences(self.rules.language)[0])
                continue
            for batch_id, state in states.items():
                if state == "stopped":
                    self._hang_up(batch_id)

    def _hang_up(self, batch_id: int | None) -> None:
        for claimed, task in list(self._calls.values()):
            if batch_id is None or claimed.candidate.batch_id == batch_id:
                task.cancel()

    async def _check_trunks(self) -> None:
        while True:
            assert self._check is not None  # noqa: S101 - only started with one
            try:
                health = await self._check()
            except HuifangError as error:
                log.error("trunk_check_failed", error=str(error))
            else:
                self._unreachable.clear()
                self._unreachable |= {one.trunk for one in health if not one.reachable}
            await self.clock.sleep(CHECK if not self._unreachable else CHECK / 6)

    # -------------------------------------------------------------------------- life and death

    async def _recover(self) -> None:
        now = self.clock.now()
        async with self.database.write() as session:
            dead = await dead_dialers(session, now, gone=is_gone, stale=STALE)
            why = text("dialing-interrupted", self.rules.language)
            found = await recover(
                session, [name for name in dead if name != self.name], now, why=why
            )
        self.tally.interrupted += len(found)
        for one in found:
            log.warning("attempt_interrupted", attempt=one.attempt_id, dialer=one.dialer)

    async def _beat(self) -> None:
        beats = 0
        while True:
            await self.clock.sleep(HEARTBEAT)
            beats += 1
            with contextlib.suppress(HuifangError):
                async with self.database.write() as session:
                    alive = await sign_of_life(session, self.name, self.clock.now())
                if not alive:  # we stood still so long that others took our calls for dead
                    log.error("taken_for_dead", dialer=self.name)
                    self.drain()
                if beats % 6 == 0:
                    await self._recover()


def _person_wanted(outcome: Outcome) -> str:
    if outcome.disposition is Disposition.REFUSED:
        return ""
    if outcome.verdict is not None and outcome.verdict.needs_person:
        return outcome.verdict.value
    return "asked_for_person" if outcome.asked_for_person else ""
