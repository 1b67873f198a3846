"""What the web servers of the tests share: a free port on loopback, open while one is inside."""

from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from tests.peers.ports import free_port


@dataclass(kw_only=True)
class WebServer:
    """Serves what `add_routes` adds."""

    port: int = field(default_factory=free_port)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it is, without slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Say what is served."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=65536)
        self.add_routes(application.router)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()
