"""Taking what gateways tell: committed here before it is acknowledged to them."""

from collections.abc import Callable

import structlog

from core.clock import Clock
from core.phone import mask
from dialer.texting.ledger import Ledger
from dialer.texting.silence import undelivered
from dialer.texting.terms import TextingRules, TextTally
from ivr.texting.contract import DeliveryReport, IncomingText, TextEvent
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

    async def __call__(self, gateway: str, event: TextEvent) -> None:
        """Keep one event. Raises TransientError or PermanentError where it cannot be kept now:
        the gateway must not acknowledge it then."""
        if isinstance(event, IncomingText):
            await self._incoming(gateway, event)
        else:
            await self._report(gateway, event)

    async def _incoming(self, gateway: str, event: IncomingText) -> None:
        now = self._clock.now()
        parts = parts_of(event.text)
        async with self._database.write() as session:
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
        if new:
            self._news()
        else:
            log.info("text_came_again", gateway=gateway, number=mask(event.number))

    async def _report(self, gateway: str, event: DeliveryReport) -> None:
        now = self._clock.now()
        async with self._database.write() as session:
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
