"""Simulated phones: a message reaches one a moment later, and the person there writes back.

What a network would tell of it (the delivery report, the reply) goes to whoever runs them: the
dry-run gateway in this process, or a gateway of its own (`ivr/people/texting/`).
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from core.clock import Clock
from ivr.texting.contract import DeliveryReport, DeliveryState, IncomingText, TextEvent
from ivr.texting.people import Texter, TextPeople, Writes

OWN_NUMBER = "106900000110"
"""What people write back to, unless the message named its sender."""
ABSENT = "027"
"""What a network says of a phone that is off (3GPP TS 29.002: absent subscriber)."""


class Phones:
    """The phones of everybody; what becomes of messages is told as it happens."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        people: TextPeople,
        tell: Callable[[TextEvent], Awaitable[None]],
        *,
        delivery_seconds: float = 2.0,
    ) -> None:
        """`name`: what ids of replies begin with; `delivery_seconds`: how long a message takes."""
        self.people = people
        self._name, self._clock, self._tell = name, clock, tell
        self._delivery = delivery_seconds
        self._ids = itertools.count(1)
        self._going: set[asyncio.Task[None]] = set()

    def deliver(self, own: str, number: str, text: str, sender: str = OWN_NUMBER) -> None:
        """Let a message reach the phone; `own`: its id at the gateway."""
        self._go(self._deliver(own, number, text, sender))

    def _go(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def _deliver(self, own: str, number: str, text: str, sender: str) -> None:
        await self._clock.sleep(self._delivery)
        person = self.people.at(number)
        reached = person.who is not Texter.UNREACHABLE
        state = DeliveryState.DELIVERED if reached else DeliveryState.UNDELIVERABLE
        error = "" if reached else ABSENT
        written = person.gets(text)
        await self._tell(DeliveryReport(own, state, self._clock.now(), error))
        for writes in written:
            await self.write(number, writes, sender)

    async def write(self, number: str, writes: Writes, to: str = OWN_NUMBER) -> None:
        """Let the person at `number` write."""
        await self._clock.sleep(writes.after)
        own = f"{self._name}-in-{next(self._ids)}"
        said = IncomingText(own, number, to, writes.text, self._clock.now())
        for _ in range(writes.copies):
            await self._tell(said)

    async def close(self) -> None:
        """Nobody writes back any more."""
        for task in tuple(self._going):
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)
