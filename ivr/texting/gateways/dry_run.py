"""The dry-run gateway: messages reach simulated people who write back. Nothing leaves the house.

It runs by whichever clock it is given: in virtual time a day of conversations takes minutes.
"""

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

from core.clock import Clock
from ivr.texting.contract import (
    Accepted,
    DeliveryReport,
    DeliveryState,
    IncomingText,
    OutgoingText,
    Refused,
    Take,
)
from ivr.texting.people import Texter, TextPeople, Writes

OWN_NUMBER = "106900000110"
"""What people write back to."""


class DryRunGateway:
    """A text gateway to simulated people."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        people: TextPeople | None = None,
        *,
        messages_per_second: float = 20.0,
        delivery_seconds: float = 2.0,
    ) -> None:
        """`delivery_seconds`: how long a message takes to the phone."""
        self.name, self.messages_per_second = name, messages_per_second
        self.people = people or TextPeople()
        self._clock, self._delivery = clock, delivery_seconds
        self._take: Take | None = None
        self._ids = itertools.count(1)
        self._going: set[asyncio.Task[None]] = set()
        self.sent: list[OutgoingText] = []
        """Every message that was accepted."""

    async def start(self, take: Take) -> None:
        """Begin to tell `take` what people write."""
        self._take = take

    async def send(self, text: OutgoingText) -> Accepted | Refused:
        """Take a message; it reaches its person a moment later."""
        self.sent.append(text)
        own = f"{self.name}-{text.message}-{next(self._ids)}"
        self._go(self._deliver(own, text))
        return Accepted((own,))

    def _go(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def _deliver(self, own: str, text: OutgoingText) -> None:
        await self._clock.sleep(self._delivery)
        person = self.people.at(text.number)
        reached = person.who is not Texter.UNREACHABLE
        state = DeliveryState.DELIVERED if reached else DeliveryState.UNDELIVERABLE
        error = "" if reached else "001"
        await self._tell(DeliveryReport(own, state, self._clock.now(), error))
        for writes in person.gets(text.text):
            await self._write(text.number, writes)

    async def _write(self, number: str, writes: Writes) -> None:
        await self._clock.sleep(writes.after)
        own = f"{self.name}-in-{next(self._ids)}"
        said = IncomingText(own, number, OWN_NUMBER, writes.text, self._clock.now())
        for _ in range(writes.copies):
            await self._tell(said)

    async def _tell(self, event: DeliveryReport | IncomingText) -> None:
        if self._take is not None:
            await self._take(self.name, event)

    async def check(self) -> str:
        """Nothing can be wrong with it."""
        return ""

    async def close(self) -> None:
        """Nobody writes back any more."""
        for task in tuple(self._going):
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)
