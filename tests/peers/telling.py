"""A Kannel that only tells: replies and delivery reports, each again until it is answered 2xx."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

import aiohttp

SECRET = "hook0secret"
REST = 0.1
"""Seconds between two tries."""


@dataclass(frozen=True)
class Told:
    """One thing to tell: every second is a reply, the others are reports."""

    number: int

    @property
    def is_reply(self) -> bool:
        return self.number % 2 == 0

    @property
    def id(self) -> str:
        """Its id at the gateway."""
        return f"{'r' if self.is_reply else 'm'}{self.number}"

    @property
    def text(self) -> str:
        """What the person wrote; nobody else writes the same."""
        return f"意见 {self.number} & 50%"

    @property
    def path(self) -> str:
        """Below the gateway's webhook, as Kannel writes it."""
        if not self.is_reply:
            return f"report?token={SECRET}&id={self.id}&state=1&at={int(time.time())}&error=000"
        who = f"%2B86138{self.number:08d}"
        words = quote(self.text)
        return f"incoming?token={SECRET}&from={who}&to=1069&text={words}&id={self.id}&at=1"


@dataclass
class Telling:
    """Tells at a rate over some connections, whether or not anybody listens."""

    address: str
    """Of the webhook, without slash at the end."""
    rate: float
    """New things a second."""
    answered: Callable[[Told], object] = repr
    """Hears of everything that was answered."""
    connections: int = 8
    seconds: list[float] = field(default_factory=list)
    """How long each answer of 2xx took."""
    refused: int = 0
    """Answers that were not 2xx; connections that broke are none."""
    _enough: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def enough(self) -> None:
        """Tell nothing new."""
        self._enough = True

    async def tell(self, most: int | None = None) -> None:
        """Tell `most` things (None: until it is `enough`), each until it was answered."""
        due: asyncio.Queue[Told] = asyncio.Queue()
        limits = aiohttp.TCPConnector(limit=self.connections)
        async with aiohttp.ClientSession(connector=limits) as session, asyncio.TaskGroup() as group:
            tellers = [group.create_task(self._teller(session, due)) for _ in range(64)]
            began = time.monotonic()
            for number in self._numbers if most is None else range(most):
                await asyncio.sleep(began + number / self.rate - time.monotonic())
                if self._enough:
                    break
                due.put_nowait(Told(number))
            await due.join()
            for teller in tellers:
                teller.cancel()

    async def _teller(self, session: aiohttp.ClientSession, due: "asyncio.Queue[Told]") -> None:
        while True:
            told = await due.get()
            while True:
                if await self._heard(session, told):
                    break
                await asyncio.sleep(REST)
            self.answered(told)
            if told.number % 10 == 0:  # a repetition, as after an answer that was lost
                await self._heard(session, told)
            due.task_done()

    async def _heard(self, session: aiohttp.ClientSession, told: Told) -> bool:
        began = time.monotonic()
        try:
            async with session.get(f"{self.address}/{told.path}") as answer:
                await answer.read()
        except aiohttp.ClientError:
            return False
        if not answer.ok:
            self.refused += 1
            return False
        self.seconds.append(time.monotonic() - began)
        return True
