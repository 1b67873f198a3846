"""Taking the calls of people who ring us: who it is, written down, then answered.

Nothing is answered before it is written down. Whoever we are calling at this moment is not called
any more: a call of ours that he has not answered is taken back, and his is held.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import HuifangError, TransientError, problem
from core.phone import mask
from core.welcome import Welcome
from dialer.incoming.recognising import recognise
from dialer.incoming.terms import RingBackRules
from dialer.journal import AttemptJournal
from dialer.pacing import Limit
from dialer.terms import Tally
from dialer.under_way import UnderWay
from ivr.channels.contract import IncomingCall
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.incoming.callers import KnownCaller
from storage.incoming.calls import Ring, close_call
from storage.incoming.taking import Taken, take_call
from storage.trunk_lanes import HOUSE, Lane

BUSY, UNAVAILABLE = 486, 480
"""RFC 3261, 21.4: all lines are in use; nobody takes calls at present."""
AGAIN = 0.3
"""Seconds between two looks whether a call of ours to him is over."""

log = structlog.get_logger(__name__)


class Answering(Protocol):
    """Talks with who rings (composed in app over ivr)."""

    async def survey(
        self,
        call: IncomingCall,
        claimed: Claimed,
        journal: AttemptJournal,
        session: dict[str, Any] | None,
    ) -> Outcome:
        """Answer and hold the survey, from where `session` left it."""
        ...

    async def sentence(self, call: IncomingCall, welcome: Welcome, language: str) -> None:
        """Answer, say how things are, and hang up. Raises nothing but what cancels it."""
        ...


@dataclass(frozen=True)
class RingBack:
    """What a dialer takes calls with."""

    incoming: Callable[[], AsyncIterator[IncomingCall]]
    answering: Answering
    rules: RingBackRules


class Reception:
    """Takes calls beside the dialer whose lines and trunks they share."""

    def __init__(
        self,
        ring_back: RingBack,
        *,
        database: Database,
        clock: Clock,
        name: str,
        calls: UnderWay,
        limits: Mapping[str, Limit],
        tally: Tally,
    ) -> None:
        """`name`: of this process, as its attempts bear it."""
        self._incoming, self._rules = ring_back.incoming, ring_back.rules
        self._answering = ring_back.answering
        self._database, self._clock, self._name = database, clock, name
        self._calls, self._limits, self._tally = calls, dict(limits), tally
        self._taking: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def run(self) -> None:
        """Take calls until the channel ends, or `close`."""
        async for call in self._incoming():
            task = asyncio.create_task(self._take(call))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    def close(self) -> None:
        """Answer nobody any more; who is on the line is heard to the end."""
        self._closed = True

    def hang_up(self) -> None:
        """Answer nobody any more, and let nobody finish."""
        self._closed = True
        for task in self._taking:
            task.cancel()

    async def finish(self) -> None:
        """Wait for who is on the line."""
        if self._taking:
            await asyncio.wait(self._taking)

    async def end(self) -> None:
        """Leave nothing running."""
        self.hang_up()
        await asyncio.gather(*self._taking, return_exceptions=True)
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _take(self, call: IncomingCall) -> None:
        try:
            if self._closed:
                await call.refuse(UNAVAILABLE)
                return
            taken = await self._decide(call)
            self._tally.incoming[taken.welcome.value] += 1
            await self._meet(call, taken)
        except HuifangError as error:  # the database's: without it nobody is answered
            log.error("call_not_taken", problem=error.sentences("en")[0])
            await call.refuse(UNAVAILABLE)
        except Exception as error:
            log.exception("call_not_taken", error=type(error).__name__)
            await call.refuse(UNAVAILABLE)

    async def _meet(self, call: IncomingCall, taken: Taken) -> None:
        if taken.welcome is Welcome.BUSY:
            await call.refuse(BUSY)
        elif taken.claimed is not None:

            async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
                return await self._answering.survey(call, claimed, journal, taken.session)

            self._calls.begin(taken.claimed, hold)
        else:
            try:
                await self._answering.sentence(call, taken.welcome, taken.language)
            finally:
                # Whatever cut him short, his channel is free.
                over = asyncio.create_task(self._over(taken.call_id))
                self._closing.add(over)
                over.add_done_callback(self._closing.discard)
                await asyncio.shield(over)

    async def _over(self, call_id: int) -> None:
        async with self._database.write() as session:
            await close_call(session, call_id)

    async def _decide(self, call: IncomingCall) -> Taken:
        caller = call.caller
        number = self._rules.number(caller.number)
        ring = Ring(caller.trunk, self._name, number, caller.called, caller.at)
        log.info("rung", trunk=caller.trunk, number=mask(number))
        until = self._clock.monotonic() + self._rules.patience
        while (now := self._clock.monotonic()) < until + AGAIN * 3:
            taken = await self._look(call, ring, patient=now < until)
            if taken is not None and not taken.under_way:
                return taken
            if taken is not None:
                await self._calls.take_back(taken.under_way)
            await self._clock.sleep(AGAIN)
        raise TransientError(problem("dialing-caller-busy", number=mask(number)))

    async def _look(self, call: IncomingCall, ring: Ring, *, patient: bool) -> Taken | None:
        """Decide in one transaction; None where somebody else wrote to him at that moment."""

        def room(lanes: Mapping[str, Lane]) -> bool:
            return call.caller.room and all(
                lanes[name].open < self._limits[name].channels for name in (HOUSE, ring.trunk)
            )

        def judge(
            known: Sequence[KnownCaller], now: datetime
        ) -> tuple[Welcome, KnownCaller | None]:
            return recognise(known, now, self._rules)

        try:
            async with self._database.write() as session:
                return await take_call(
                    session,
                    ring,
                    trunks=[name for name in self._limits if name != HOUSE],
                    room=room,
                    judge=judge,
                    patient=patient,
                    now=self._clock.now(),
                )
        except IntegrityError:
            return None
