"""The running dialer: recover, claim, call, write down, until nothing is left or somebody says so.

One `Dialer` a process. What must never happen twice is guarded by the database, so any number of
processes may run on one PostgreSQL.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

import structlog

from core.catalogue import text
from core.clock import Clock, VirtualClock, pause
from core.errors import HuifangError
from core.trunk import Trunk
from dialer.behind import BEAT, TRICKLE, Behind
from dialer.closing import Closing
from dialer.identity import own_name
from dialer.incoming.reception import Reception, RingBack
from dialer.journal import Writer
from dialer.life import HEARTBEAT, Life
from dialer.pacing import limits_of
from dialer.starting import Lead, claim_rules
from dialer.terms import DialerRules as DialerRules
from dialer.terms import Tally as Tally
from dialer.trouble import Trouble
from dialer.under_way import Hold, UnderWay
from ivr.channels.contract import TrunkHealth
from storage.claims import claim, notice_due
from storage.database import Database
from storage.running_batches import batch_states, close_finished
from storage.trunk_lanes import ensure_lanes

WATCH = 0.5
"""Seconds between two looks at the batches' states: pause and stop are obeyed within a second."""
NOTICE = 1.0
"""Seconds between two looks for callbacks whose time has come (rehearsed: a minute)."""
log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[list[TrunkHealth]]]


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
        ring_back: RingBack | None = None,
        batches: Collection[int] | None = None,
        texts_by: Sequence[str] = (),
        name: str | None = None,
        until_done: bool = True,
    ) -> None:
        """`batches`: only these (None: all running ones), which may grow while it runs; people who
        ring us by `ring_back` may be of any. `texts_by`: the text gateways of what surveys send.
        `until_done`: end when nothing waits any more, instead of waiting for further batches."""
        self.database, self.clock, self.rules = database, clock, rules
        self.name = name or own_name()
        self.batches = batches
        self.tally = Tally()
        self._check, self._until_done = check, until_done
        self._virtual = isinstance(clock, VirtualClock)
        self._limits = limits_of(trunks, rules.pacing)
        self.writer = Writer(database, clock, texts_by)
        self._behind = Behind(database, self.writer) if self._virtual else None
        self._trouble = Trouble(
            clock,
            rules.language,
            [name for name in self._limits if name],
            lambda: self.writer.fault,
            rules.rest_first,
        )
        database_time = database.dialect == "postgresql" and not self._virtual
        self._claiming = claim_rules(
            rules.calling,
            self._limits,
            self._trouble.unreachable,
            horizon=timedelta(seconds=rules.horizon),
            database_time=database_time,
            language=rules.language,
        )
        self._wake = asyncio.Event()
        self._lead = Lead()
        self._calls = UnderWay(
            database,
            clock,
            hold,
            self._behind or self.writer,
            rules=self._claiming,
            closing=Closing(
                clock,
                rules.calling,
                rules.pacing,
                rules.retry,
                rules.language,
                database_time=database_time,
            ),
            trouble=self._trouble,
            tally=self.tally,
            lead=self._lead,
            language=rules.language,
            ended=self._wake.set,
        )
        self._reception: Reception | None = None
        if ring_back is not None:
            self._reception = Reception(
                ring_back,
                database=database,
                clock=clock,
                name=self.name,
                calls=self._calls,
                limits=self._limits,
                tally=self.tally,
            )
        self._draining = self._checked = False
        self._life = Life(database, clock, self.name, rules.language)
        self._noticed = float("-inf")

    # -------------------------------------------------------------------------- what people ask

    @property
    def dead_trunks(self) -> frozenset[str] | None:
        """Trunks that did not answer the last check; None until they were checked."""
        return frozenset(self._trouble.unreachable) if self._checked else None

    def drain(self) -> None:
        """No further calls; those under way come to their end."""
        self._draining = True
        if self._reception is not None:
            self._reception.close()
        self._wake.set()

    def stop(self) -> None:
        """No further calls, and those under way are hung up."""
        self._draining = True
        self._calls.hang_up()
        if self._reception is not None:
            self._reception.hang_up()
        self._wake.set()

    # ---------------------------------------------------------------------------------- the run

    async def run(self) -> Tally:
        """Call until drained, stopped, or (`until_done`) nothing waits any more."""
        async with self.database.write() as session:
            await ensure_lanes(session, (trunk for trunk in self._limits if trunk))
        self.tally.interrupted += await self._life.begin()
        beside = [] if self._virtual else [asyncio.create_task(self.writer.run())]
        if not self._virtual:
            beside += [self._beside(self._watch), self._beside(self._beat)]
            if self._check is not None:
                beside.append(self._beside(self._check_trunks))
        if self._reception is not None:
            beside.append(self._beside(self._reception.run))
        try:
            await self._loop()
            if self._reception is not None:
                self._reception.close()
                await self._reception.finish()
            await self._last_calls()
            if self._behind:
                await self._behind.flush()
            await self._sign_off()
        finally:
            if self._reception is not None:
                await self._reception.end()
            await self._calls.end()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        return self.tally

    async def _loop(self) -> None:
        while not self._draining:
            self._wake.clear()
            if why := self._trouble.at_present():
                self._say(why)
                await self._pause(self.rules.poll)
                continue
            try:
                if self._behind:
                    await self._behind.flush()
                await self._notice_due()
                result = await claim(
                    self.database,
                    dialer=self.name,
                    rules=self._claiming,
                    clock=self.clock,
                    most=self.rules.most,
                    lead=0.0 if self._virtual else self._lead.seconds,
                    batches=self.batches,
                )
                idle = result.exhausted and not result.claimed and not self._calls
                if idle and result.next_due is None and await self._nothing_left():
                    return
            except HuifangError as error:
                self._fault(error)
                await self._pause(self.rules.poll)
                continue
            if not idle:
                self._say("")
            if result.claimed and not self._virtual:
                looked = result.claimed[0].moment - self._lead.seconds
                self._lead.took(self.clock.monotonic() - looked)
            elif result.wait and not self._virtual:
                now = self.clock.monotonic()
                self._lead.keep_up(result.given_until, now, self.rules.horizon)
            for claimed in result.claimed:
                self._lead.claimed(claimed.moment)
                self._calls.begin(claimed)
            if result.exhausted and not result.claimed:
                await self._pause(self._until(result.next_due), least=TRICKLE)
            elif result.wait is None:
                await self._pause(self.rules.poll)
            elif result.wait > 0 or result.claimed:
                # Up to the horizon before the next start: then the claim still is in time.
                least = TRICKLE if result.exhausted else BEAT
                await self._pause(max(0.0, result.wait - self.rules.horizon / 2), least=least)

    async def _notice_due(self) -> None:
        if self.clock.monotonic() >= self._noticed + (60.0 if self._virtual else NOTICE):
            self._noticed = self.clock.monotonic()
            await notice_due(self.database, self.clock.now(), self.batches)

    async def _last_calls(self) -> None:
        """Wait for the calls under way; for a database that takes nothing only so long."""
        patient_until = None
        while self._calls:
            await self._calls.wait(None if self._virtual else 0.2)
            now = self.clock.monotonic()
            if self.writer.fault is None:
                patient_until = None
            elif patient_until is None:
                self._fault(self.writer.fault)
                patient_until = now + self.rules.last_wait
            elif now > patient_until:
                self._abandon()
                return

    def _abandon(self) -> None:
        """Give up on a database that takes nothing: say what is not written."""
        left = self._calls.attempts
        self.tally.unwritten = len(left)
        for attempt_id in left:
            log.error("attempt_not_written", attempt=attempt_id)
        self._say(text("dialing-not-written", self.rules.language, number=len(left)))

    async def _sign_off(self) -> None:
        if self.tally.unwritten:
            return  # not signed off: the next start finds what is open
        try:
            await self._trouble.resume(self.database)
            await self._finish_batches()
            await self._life.end()
        except HuifangError as error:
            self._fault(error)

    def _until(self, due: datetime | None) -> float:
        if due is None:
            return self.rules.poll
        return min(self.rules.poll, max(0.02, (due - self.clock.now()).total_seconds()))

    async def _pause(self, seconds: float, *, least: float = BEAT) -> None:
        """Wait; the end of a call or a person's word cuts it short (rehearsed: after `least`)."""
        if self._behind and not self._draining:
            await self.clock.sleep(least)
            if (seconds := seconds - least) <= 0:
                return
        if seconds <= 0.03 and not self._virtual:
            await self.clock.sleep(seconds)
            return
        await pause(self.clock, seconds, self._wake)

    async def _nothing_left(self) -> bool:
        """True where the run is over; where only paused batches are left, say so and wait."""
        await self._finish_batches()
        states = await self._states()
        if "running" in states.values():
            return False
        paused = sum(state == "paused" for state in states.values())
        why = text("dialing-paused", self.rules.language, batches=paused) if paused else ""
        self._say(why)
        return self._until_done and not paused

    async def _states(self) -> dict[int, str]:
        async with self.database.read() as session:
            return await batch_states(session, self.batches)

    async def _finish_batches(self) -> None:
        async with self.database.write() as session:
            await close_finished(session, self.batches, self.clock.now())

    # ---------------------------------------------------------------------------------- trouble

    def _say(self, trouble: str) -> None:
        self._trouble.say(trouble)
        self.tally.trouble = trouble

    def _fault(self, error: HuifangError) -> None:
        if not self.tally.unwritten:  # else that is what has to be read last
            self._say(error.sentences(self.rules.language)[0])

    def _beside(self, watch: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        """Run `watch` beside the calls; whatever it stumbles over must not end it silently."""

        async def on_and_on() -> None:
            while True:
                try:
                    await watch()
                except HuifangError as error:
                    self._fault(error)
                except Exception as error:
                    log.exception("watch_broke", watch=watch.__name__, error=type(error).__name__)
                await self.clock.sleep(WATCH)

        return asyncio.create_task(on_and_on())

    async def _watch(self) -> None:
        """Obey what was asked of the batches from elsewhere, and show our own trouble there."""
        while True:
            await self.clock.sleep(WATCH)
            states = await self._states()
            if await self._trouble.show(self.database, self.batches):
                self._wake.set()
            if "draining" in states.values():
                await self._finish_batches()
            for batch_id, state in states.items():
                if state == "stopped":
                    self._calls.hang_up(batch_id)

    async def _beat(self) -> None:
        while True:
            await self.clock.sleep(HEARTBEAT)
            alive, interrupted = await self._life.beat()
            self.tally.interrupted += interrupted
            if not alive:
                self.drain()

    async def _check_trunks(self) -> None:
        while True:
            assert self._check is not None  # noqa: S101 - only started with one
            missing = {one.trunk for one in await self._check() if not one.reachable}
            if missing != self._trouble.unreachable:
                log.warning("trunks_unreachable", trunks=", ".join(sorted(missing)) or "-")
            self._trouble.unreachable.clear()
            self._trouble.unreachable |= missing
            self._checked = True
            self._wake.set()
            await self.clock.sleep(self.rules.check / (6 if missing else 1))
