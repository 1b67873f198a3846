"""Taking what gateways tell: committed here before it is acknowledged to them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from core.clock import Clock
from dialer.texting.ledger import Ledger
from dialer.texting.silence import undelivered
from dialer.texting.terms import TextingRules, TextTally
from ivr.texting.contract import DeliveryReport, IncomingText, TextEvent
from ivr.texting.parts import parts_of
from storage.database import Database
from storage.texting.delivery import Report, reported
from storage.texting.inbox import Incoming, keep


def _report(gateway: str, event: DeliveryReport) -> Report:
    return Report(gateway, event.id, event.state.value, event.error, event.invalid_number, event.at)


def _incoming(gateway: str, event: IncomingText, now: datetime) -> Incoming:
    parts = parts_of(event.text)
    return Incoming(
        gateway,
        event.id,
        event.number,
        event.text,
        parts.count,
        parts.encoding,
        min(event.at, now),
        now,
    )


class Taking:
    """The `Take` of every gateway; may be used from a process that sends nothing itself."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rules: TextingRules,
        tally: TextTally | None = None,
        news: Callable[[], None] = lambda: None,
    ) -> None:
        """`news` is called once a message of a person was kept."""
        self._database, self._clock, self._rules = database, clock, rules
        self._tally, self._news = tally or TextTally(), news
        self._gathered: list[tuple[str, TextEvent, datetime, asyncio.Future[None]]] = []

    async def __call__(self, gateway: str, event: TextEvent) -> None:
        """Keep one event. Raises TransientError or PermanentError where it cannot be kept now:
        the gateway must not acknowledge it then."""
        now = self._clock.now()
        if self._rules.beat:
            kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._gathered.append((gateway, event, now, kept))
            return await kept
        await self._keep([(gateway, event, now)])
        if not isinstance(event, DeliveryReport):
            self._news()
        return None

    async def flush(self) -> int:
        """Keep what was gathered (rehearsals: many events in one transaction); how many."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            await self._keep([(gateway, event, at) for gateway, event, at, _ in gathered])
        for _, _, _, kept in gathered:
            if not kept.done():
                kept.set_result(None)
        return len(gathered)

    async def _keep(self, events: Sequence[tuple[str, TextEvent, datetime]]) -> None:
        now = events[-1][2]
        reports: list[Report] = []
        texts: list[Incoming] = []
        for gateway, event, at in events:
            if isinstance(event, DeliveryReport):
                reports.append(_report(gateway, event))
            else:
                texts.append(_incoming(gateway, event, at))
        async with self._database.write() as session:
            await keep(session, texts)
            lost = await reported(session, reports, now)
            if lost:
                ledger = Ledger(self._rules, self._tally, now)
                await undelivered(session, lost, ledger)
                await ledger.write(session)
