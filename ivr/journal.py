"""What a conversation writes down while it goes on. The dialer implements it over storage.

Every method returns only after its facts are committed: the caller relies on it.
"""

from datetime import datetime
from typing import Any, Protocol

from flows.exchange import BookTime, SaveAnswer, SendMessage


class Journal(Protocol):
    """The record of one attempt."""

    async def dialed(self, at: datetime) -> None:
        """The INVITE has left."""
        ...

    async def ringing(self, at: datetime) -> None:
        """The phone rings."""
        ...

    async def answered(self, at: datetime) -> None:
        """Somebody, or something, picked up."""
        ...

    async def answer(self, answer: SaveAnswer, session: dict[str, Any], at: datetime) -> None:
        """An answer was given; `session` is the flow session after it."""
        ...

    async def book(self, booking: BookTime, at: datetime) -> None:
        """The person picked another time."""
        ...

    async def message(self, message: SendMessage, at: datetime) -> None:
        """A text message is to be sent."""
        ...
