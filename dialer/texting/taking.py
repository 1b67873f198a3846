"""Taking what gateways tell: committed here before it is acknowledged to them."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.phone import mask
from dialer.texting.ledger import Ledger
from dialer.texting.silence import undelivered
from dialer.texting.terms import TextingRules, TextTally
from ivr.texting.contract import DeliveryReport, TextEvent
from ivr.texting.parts import parts_of
from storage.database import Database
from storage.texting.delivery import reported
from storage.texting.inbox import keep

log = structlog.get_logger(__name__)


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
        async with self._database.write() as session:
            new = await self._keep(session, gateway, event, now)
        if new:
            self._news()
        return None

    async def flush(self) -> int:
        """Keep what was gathered (rehearsals: many events in one transaction); how many."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            async with self._database.write() as session:
                for gateway, event, at, _ in gathered:
                    await self._keep(session, gateway, event, at)
        for _, _, _, kept in gathered:
            if not kept.done():
                kept.set_result(None)
        return len(gathered)

    async def _keep(
        self, session: AsyncSession, gateway: str, event: TextEvent, now: datetime
    ) -> bool:
        """Returns True for a message of a person that was not there yet."""
        if isinstance(event, DeliveryReport):
            await self._report(session, gateway, event, now)
            return False
        parts = parts_of(event.text)
        new = await keep(
            session,
            gateway,
            gateway_id=event.id,
            e164=event.number,
            words=event.text,
            parts=parts.count,
            encoding=parts.encoding,
            written_at=min(event.at, now),
            now=now,
        )
        if not new:
            log.info("text_came_again", gateway=gateway, number=mask(event.number))
        return new

    async def _report(
        self, session: AsyncSession, gateway: str, event: DeliveryReport, now: datetime
    ) -> None:
        lost = await reported(
            session,
            gateway,
            event.id,
            state=event.state.value,
            error=event.error,
            invalid_number=event.invalid_number,
            at=event.at,
            now=now,
        )
        if lost is not None:
            ledger = Ledger(self._rules, self._tally, now)
            await undelivered(session, [lost], ledger)
            await ledger.write(session)
