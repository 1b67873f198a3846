"""The contract of a text message gateway: send, and what comes back.

One contract test-suite (tests/contract) runs over every driver. A gateway knows numbers, texts
and ids; conversations are none of its business. Nothing is lost between gateway and database:
what comes in is handed to `Take`, and only when that returns is it acknowledged to the other
side (SMPP's deliver_sm_resp, HTTP's 200).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class OutgoingText:
    """One message to one number; the gateway splits it into parts where it is long."""

    message: str
    """Our own id of it."""
    number: str
    """E.164."""
    text: str


@dataclass(frozen=True)
class Accepted:
    """The gateway took it."""

    ids: tuple[str, ...]
    """Its ids at the gateway, one for each part that has its own; delivery reports name them."""


@dataclass(frozen=True)
class Refused:
    """The gateway did not take it."""

    code: str
    """The gateway's own code."""
    detail: str = ""
    permanent: bool = False
    """True: it would refuse it again (unknown number, forbidden content)."""
    retry_after: float = 0.0
    """Seconds that the gateway asked us to wait (throttling); 0: none named."""
    invalid_number: bool = False
    """True: its code says that the number does not exist, or takes no text messages."""


class DeliveryState(StrEnum):
    """What became of a message (SMPP 3.4, 5.2.28)."""

    ENROUTE = "enroute"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class DeliveryReport:
    """What became of a message, or of one part of it."""

    id: str
    """The gateway's id of the message."""
    state: DeliveryState
    at: datetime
    error: str = ""
    """The gateway's code: ``001``, ``30003``, ``DELIVRD``."""
    invalid_number: bool = False
    """True: its code says that the number does not exist, or takes no text messages."""


@dataclass(frozen=True)
class IncomingText:
    """A message from a person, its parts already joined."""

    id: str
    """The gateway's id; where it has none, a hash over number, text and time. The same message
    that arrives again has the same id."""
    number: str
    """Who wrote it, E.164."""
    to: str
    """Our number, as the gateway tells it."""
    text: str
    at: datetime


TextEvent = DeliveryReport | IncomingText

Take = Callable[[str, TextEvent], Awaitable[None]]
"""Keeps what came in (gateway's name, event); returns once it is committed."""


class TextGateway(Protocol):
    """A driver. A driver that is told by HTTP is a `ivr.webhook.Webhook`, too."""

    name: str
    """Its name in the settings."""
    messages_per_second: float
    """The most that may be sent."""

    async def start(self, take: Take) -> None:
        """Connect where it has a connection. A gateway that is away is no error: it is tried
        again, and `send` raises meanwhile."""
        ...

    async def send(self, text: OutgoingText) -> Accepted | Refused:
        """Send. Raises TransientError where it is certain that the gateway did not get it (no
        connection), UncertainError where that is not known: such a message is never repeated."""
        ...

    async def check(self) -> str:
        """Return an empty string where the gateway answers, else what is wrong with it."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...
