"""The worker of text messages: begins conversations, sends, deals with replies and with silence.

Any number of processes may run one on the same database: what must happen once is guarded there.
Nothing is kept in memory but how messages that are under way went.
"""

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from datetime import datetime

import structlog

from core.clock import Clock, pause
from core.errors import HuifangError
from dialer.identity import is_gone, own_name
from dialer.texting.announcing import Announcing
from dialer.texting.beginning import Beginning
from dialer.texting.dealing import Dealing
from dialer.texting.sending import Sending
from dialer.texting.silence import Silences
from dialer.texting.taking import Taking
from dialer.texting.terms import Programs, TextingRules, TextTally
from ivr.texting.contract import TextGateway
from storage.database import Database
from storage.running_batches import batch_states, close_finished
from storage.texting.outbox import backlog
from storage.texting.outlook import outlook

LOOK = 5.0
"""Seconds between two looks for dead processes and stopped batches."""

SENT_OUT_LOOK = 0.2
"""Seconds between two looks whether the outbox is empty."""

log = structlog.get_logger(__name__)


class TextWorker:
    """Holds surveys by text message."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        gateways: Collection[TextGateway],
        programs: Programs,
        rules: TextingRules,
        *,
        batches: Collection[int] | None = None,
        name: str | None = None,
        until_done: bool = True,
    ) -> None:
        """`batches`: begin only callbacks of these (None: of all running ones); they may grow while
        it runs. Conversations that wait are looked after whatever batch they are of.
        `until_done`: end when nothing waits any more, instead of waiting for further batches."""
        self._database, self._clock, self._rules = database, clock, rules
        self._gateways: Mapping[str, TextGateway] = {one.name: one for one in gateways}
        self._batches, self._until_done = batches, until_done
        self.name = name or own_name()
        self.tally = TextTally()
        self._wake = asyncio.Event()
        self._draining = False
        self._looked = self._begin_at = float("-inf")
        self.take = Taking(database, clock, rules, self.tally, self._wake.set)
        """Hand it to whatever tells of this worker's gateways (webhooks)."""
        rates = {name: one.messages_per_second for name, one in self._gateways.items()}
        self._beginning = Beginning(database, programs, rates, rules, self.tally, batches)
        self._announcing = Announcing(database, rates, rules, self.tally, batches)
        self._dealing = Dealing(database, programs, rules, self.tally)
        self._silences = Silences(database, programs, rules, self.tally)
        self._sending = Sending(
            database, clock, self._gateways, rules, self.tally, self.name, self._wake.set
        )

    def drain(self) -> None:
        """Begin and send nothing more; what is under way to gateways comes to its end.

        Conversations stand in the database: the next worker goes on with them.
        """
        self._draining = True
        self._wake.set()

    async def sent_out(self, seconds: float) -> None:
        """Wait, at most so long, until what may leave now has left, while `run` goes on."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self._may_leave():
                    self._wake.set()
                    await asyncio.sleep(SENT_OUT_LOOK)

    async def _may_leave(self) -> bool:
        async with self._database.read() as session:
            waiting = await backlog(session, self._clock.now())
        return any(waiting.get(name) for name in self._gateways)

    async def run(self) -> TextTally:
        """Work until drained, or (`until_done`) nothing waits any more."""
        for gateway in self._gateways.values():
            await gateway.start(self.take)
        try:
            while not self._draining:
                self._wake.clear()
                try:
                    busy, again = await self._round(self._clock.now())
                    if not busy and self._until_done and await self._nothing_left():
                        break
                    self._say("")
                except HuifangError as error:
                    self._say(error.sentences(self._rules.language)[0])
                    busy, again = False, None
                await self._pause(busy, again)
            await self._sending.finish()
        finally:
            for gateway in self._gateways.values():
                await gateway.close()
        return self.tally

    async def _round(self, now: datetime) -> tuple[bool, datetime | None]:
        """Look at everything once; returns whether there may be more at once, else when."""
        work = await self._sending.write(now) + await self.take.flush()
        if self._clock.monotonic() >= self._looked + LOOK:
            self._looked = self._clock.monotonic()
            work += await self._sending.recover(now, is_gone)
            work += await self._silences.stop(now)
        work += await self._begin(now)
        async with self._database.read() as session:
            seen = await outlook(session, tuple(self._gateways))
        if seen.received:
            while dealt := await self._dealing.deal(now):
                work += dealt
        if seen.next_silence is not None and seen.next_silence <= now:
            work += await self._silences.look(now)
        again = seen.next_to_send
        if work or (again is not None and again <= now):
            sent, again = await self._sending.send(now)
            work += sent
        moments = [one for one in (again, seen.next_silence) if one is not None]
        return bool(work), min(moments, default=None)

    async def _begin(self, now: datetime) -> int:
        """Begin conversations: at once while there are more, else every `poll` seconds."""
        if self._clock.monotonic() < self._begin_at:
            return 0
        told = await self._announcing.announce(now)
        begun = await self._beginning.begin(now)
        if not told and (begun.exhausted or not begun.begun):
            self._begin_at = self._clock.monotonic() + self._rules.poll
        return told + begun.begun + begun.put_off

    async def _nothing_left(self) -> bool:
        """True where nothing waits and no batch has anybody left; finishes such batches."""
        if self._sending.busy:
            return False
        async with self._database.read() as session:
            if (await outlook(session, tuple(self._gateways))).anything:
                return False
        async with self._database.write() as session:
            await close_finished(session, self._batches, self._clock.now())
            states = await batch_states(session, self._batches)
        return not {"running", "paused", "draining"} & set(states.values())

    async def _pause(self, busy: bool, again: datetime | None) -> None:
        if self._draining:
            return
        if self._rules.beat:
            await self._clock.sleep(self._rules.beat)
        if busy:
            await asyncio.sleep(0)
            return
        seconds = self._rules.poll
        if again is not None:
            seconds = min(seconds, max(0.01, (again - self._clock.now()).total_seconds()))
        await pause(self._clock, seconds, self._wake)

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.tally.trouble:
            log.error("texting_stands_still", why=trouble)
        self.tally.trouble = trouble
