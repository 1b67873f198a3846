"""A worker driven by hand: the test writes for the person, and says what the gateway answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import VirtualClock
from dialer.texting.terms import TextingRules
from dialer.texting.worker import TextWorker
from ivr.texting.contract import Accepted, IncomingText, OutgoingText, Refused, Take
from storage.database import Database
from tests.dialing.town import MORNING
from tests.texting.town import RULES, Kept, kept, programs, settle_texts

ONE = "+8613800000000"


class HandGateway:
    """A gateway that answers as the test says; nobody is behind it."""

    def __init__(self, name: str = "hand", messages_per_second: float = 1000.0) -> None:
        self.name, self.messages_per_second = name, messages_per_second
        self.sent: list[OutgoingText] = []
        self.answer: Callable[[OutgoingText], Accepted | Refused] = lambda text: Accepted(
            (f"id-{text.message}",)
        )
        """Says what `send` returns, or raises."""

    async def start(self, take: Take) -> None:
        """Nothing to connect to."""

    async def send(self, text: OutgoingText) -> Accepted | Refused:
        self.sent.append(text)
        return self.answer(text)

    async def check(self) -> str:
        return ""

    async def close(self) -> None:
        """Nothing to disconnect from."""


class HandClock(VirtualClock):
    """Time that the test moves; sleeping takes none."""

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 - none passes
        await super().sleep(0)

    def forward(self, **more: float) -> datetime:
        self._elapsed += timedelta(**more).total_seconds()
        return self.now()


@dataclass
class Desk:
    """A worker, its gateway, and the person's thumb."""

    database: Database
    clock: HandClock
    gateway: HandGateway
    worker: TextWorker
    ids: list[str] = field(default_factory=list)

    async def look(self, rounds: int = 4) -> None:
        """Let the worker do what there is to do now."""
        for _ in range(rounds):
            self.worker._begin_at = float("-inf")
            await self.worker._round(self.clock.now())
            while self.worker._sending._under_way:
                await super(HandClock, self.clock).sleep(0)

    async def writes(
        self,
        text: str,
        *,
        number: str = ONE,
        own: str = "",
        ago: float = 0.0,
        look: bool = True,
    ) -> None:
        """Hand in a message of a person; `ago`: seconds since it was written."""
        own = own or f"in-{len(self.ids)}"
        self.ids.append(own)
        at = self.clock.now() - timedelta(seconds=ago)
        event = IncomingText(own, number, "1069", text, at)
        await self.worker.take(self.gateway.name, event)
        if look:
            await self.look()

    async def kept(self) -> Kept:
        return await kept(self.database)

    def texts(self, number: str = ONE) -> list[str]:
        return [one.text for one in self.gateway.sent if one.number == number]


async def desk(
    database: Database,
    *numbers: str,
    rules: TextingRules = RULES,
    rate: float = 1000.0,
    name: str = "desk",
    answer: Callable[[OutgoingText], Accepted | Refused] | None = None,
) -> Desk:
    """Return a desk; people at `numbers` were asked the first question (`answer`: what the gateway
    said to that)."""
    await settle_texts(database, numbers or (ONE,))
    clock = HandClock(MORNING)
    gateway = HandGateway(messages_per_second=rate)
    gateway.answer = answer or gateway.answer
    worker = TextWorker(database, clock, [gateway], programs, rules, name=name)
    made = Desk(database, clock, gateway, worker)
    await made.look()
    clock.forward(seconds=30)
    return made
