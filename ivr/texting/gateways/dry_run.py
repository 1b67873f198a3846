"""The dry-run gateway: messages reach simulated people who write back. Nothing leaves the house.

It runs by whichever clock it is given: in virtual time a day of conversations takes minutes.
"""

import itertools

from core.clock import Clock
from ivr.texting.contract import Accepted, OutgoingText, Refused, Take, TextEvent
from ivr.texting.people import TextPeople
from ivr.texting.phones import Phones


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
        self.phones = Phones(
            name, clock, self.people, self._tell, delivery_seconds=delivery_seconds
        )
        self._take: Take | None = None
        self._ids = itertools.count(1)
        self.sent: list[OutgoingText] = []
        """Every message that was accepted."""

    async def start(self, take: Take) -> None:
        """Begin to tell `take` what people write."""
        self._take = take

    async def send(self, text: OutgoingText) -> Accepted | Refused:
        """Take a message; it reaches its person a moment later."""
        self.sent.append(text)
        own = f"{self.name}-{text.message}-{next(self._ids)}"
        self.phones.deliver(own, text.number, text.text)
        return Accepted((own,))

    async def _tell(self, event: TextEvent) -> None:
        if self._take is not None:
            await self._take(self.name, event)

    async def check(self) -> str:
        """Nothing can be wrong with it."""
        return ""

    async def close(self) -> None:
        """Nobody writes back any more."""
        await self.phones.close()
