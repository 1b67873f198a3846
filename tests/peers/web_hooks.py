"""A real HTTP server before webhooks: requests come to them, their answers go back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from core.errors import TransientError
from ivr.webhook import Webhook, WebRequest, WebResponse
from tests.peers.web_server import WebServer


@dataclass
class HookServer(WebServer):
    """Serves ``/hooks/NAME/...`` on loopback."""

    hooks: dict[str, Webhook] = field(default_factory=dict)
    answered: list[tuple[str, int, str]] = field(default_factory=list)
    """Path, status and refusal of every request."""
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Say what is served."""
        router.add_route("*", "/hooks/{name}{rest:.*}", self._request)

    async def until(self, number: int, seconds: float = 30) -> None:
        """Wait until `number` requests were answered."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: len(self.answered) >= number)

    async def _request(self, request: web.Request) -> web.Response:
        asked = WebRequest(
            method=request.method,
            url=self.url + request.raw_path,
            query=tuple(request.query.items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            remote=request.remote or "",
        )
        try:
            answer = await self.hooks[request.match_info["name"]].request(asked)
        except TransientError:
            answer = WebResponse(503)
        async with self._more:
            self.answered.append((request.path, answer.status, answer.refusal))
            self._more.notify_all()
        return web.Response(
            status=answer.status,
            body=answer.body.encode(),
            headers={"Content-Type": answer.content_type},
        )


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
