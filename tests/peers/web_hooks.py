"""The product's web server before webhooks, and what they were told."""

import asyncio
from collections import UserDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from app.web.hooks import Bounds, HookSite
from app.web.server import WebServer
from app.web.tally import HookTally
from core.clock import SystemClock
from core.errors import HuifangError, TransientError
from ivr.webhook import Webhook, WebRequest, WebResponse


@dataclass
class Seen:
    """A webhook whose requests a test looks at."""

    hook: Webhook
    address: str
    """Where the test's server is, whatever the webhook thinks."""
    answered: Callable[[str, int, str], None]

    async def request(self, request: WebRequest) -> WebResponse:
        path = urlsplit(request.url).path
        try:
            answer = await self.hook.request(request)
        except HuifangError:
            self.answered(path, 503, "")
            raise
        self.answered(path, answer.status, answer.refusal)
        return answer


class Watched(UserDict[str, Webhook]):
    """The registry of a test's server: each webhook is watched once it is in it."""

    def __init__(self, server: "HookServer") -> None:
        super().__init__()
        self._server = server

    def __setitem__(self, name: str, hook: Webhook) -> None:
        super().__setitem__(name, Seen(hook, f"{self._server.url}/hooks/{name}", self._server.note))


@dataclass
class HookServer:
    """Serves ``/hooks/NAME/...`` on loopback."""

    hooks: dict[str, Webhook] = field(default_factory=dict)
    answered: list[tuple[str, int, str]] = field(default_factory=list)
    """Path, status and refusal of every request that reached a webhook."""
    bounds: Bounds = field(default_factory=Bounds)
    tally: HookTally = field(default_factory=lambda: HookTally(SystemClock()))
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _running: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        given, self.hooks = self.hooks, Watched(self)
        site = HookSite(self.hooks, self.tally, self.bounds)
        self._server = WebServer(site, seconds=self.bounds.seconds)
        self._server.open()
        self.hooks.update(given)  # only now is the port, and with it every address, known

    @property
    def url(self) -> str:
        """Where it is, without slash at the end."""
        return self._server.url

    def note(self, path: str, status: int, refusal: str) -> None:
        """Keep how a request was answered."""
        self.answered.append((path, status, refusal))
        self._more.set()

    async def until(self, number: int, seconds: float = 30) -> None:
        """Wait until `number` requests were answered."""
        async with asyncio.timeout(seconds):
            while len(self.answered) < number:
                self._more.clear()
                await self._more.wait()

    def drain(self) -> None:
        """Take nothing more."""
        self._server.drain()

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._server.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.drain()
        if self._running:
            await self._running


@dataclass
class Kept:
    """Takes what gateways tell, and lets a test wait for it."""

    events: list[tuple[str, object]] = field(default_factory=list)
    failing: bool = False
    """True: the database is away."""
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, gateway: str, event: object) -> None:
        if self.failing:
            raise TransientError
        async with self._more:
            self.events.append((gateway, event))
            self._more.notify_all()

    def of(self, kind: type) -> list:
        """Return the events of one kind."""
        return [event for _, event in self.events if isinstance(event, kind)]

    async def until(self, kind: type, number: int = 1) -> list:
        """Wait until `number` events of `kind` are there."""
        await self.when(lambda: len(self.of(kind)) >= number)
        return self.of(kind)

    async def when(self, holds: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until `holds`."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(holds)
