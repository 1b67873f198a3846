"""A web server of ours: one address, one application, graceful to the end."""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

import uvicorn
from starlette.types import ASGIApp

from app.web.connection import PatientProtocol
from core.errors import AuthorError, Place, problem
from core.reasons import reason

CONNECTIONS = 200
"""At once; who comes then hears 503 and comes again."""


class WebServer:
    """Serves one application until it is drained; may be run again after that."""

    def __init__(
        self,
        application: ASGIApp,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        seconds: float = 10.0,
        proxies: Sequence[IPv4Network | IPv6Network] = (),
        place: Place | None = None,
    ) -> None:
        """`port` 0: any free one. `seconds`: the most that a connection may keep silent, and that
        requests under way may take at the end. `proxies`: whose X-Forwarded-For is believed.
        `place`: of the port in the settings."""
        self.address, self.port = address, port
        self._application, self._place = application, place
        self._seconds, self._proxies = seconds, proxies
        self._socket: socket.socket | None = None
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Where it is, without slash at the end."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"

    def open(self) -> None:
        """Take the port; who connects waits. Raises AuthorError where it cannot be had."""
        self._socket = listening(self.address, self.port, self._place)
        self.port = self._socket.getsockname()[1]

    async def run(self) -> None:
        """Serve until drained; what is under way then is answered. Raises as `open` does."""
        if self._socket is None:
            self.open()
        opened, self._socket = self._socket, None
        assert opened is not None  # noqa: S101 - opened above
        self._server = _Server(
            uvicorn.Config(
                self._application,
                interface="asgi3",
                http=PatientProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,  # secrets stand in addresses
                server_header=False,
                proxy_headers=bool(self._proxies),
                forwarded_allow_ips=[str(network) for network in self._proxies],
                limit_concurrency=CONNECTIONS,
                timeout_keep_alive=max(1, round(self._seconds)),
                timeout_graceful_shutdown=max(1, round(self._seconds)),
            )
        )
        try:
            await self._server.serve(sockets=[opened])
        finally:
            opened.close()

    def drain(self) -> None:
        """Take no further connections; what is under way is answered."""
        if self._server is not None:
            self._server.should_exit = True


def listening(address: str, port: int, place: Place | None = None) -> socket.socket:
    """Return a socket that listens on a port. Raises AuthorError, with the `place` of the port in
    the settings, where it cannot be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        why = reason(error.strerror or str(error))
        raise AuthorError(
            problem("web-port", place, address=address, port=port, reason=why)
        ) from error


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the house."""
        yield
