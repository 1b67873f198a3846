"""A connection of the web server that cannot be held open by saying nothing, or next to nothing."""

import asyncio
from collections.abc import Callable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """uvicorn's protocol with a limit on how long the head of a request may take to come in.

    uvicorn itself bounds only the silence after an answer; the body is bounded by whoever reads it.
    """

    _call_off: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; what is no whole head yet goes on being waited for, not anew."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        else:
            self._expect_nothing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._call_off is None:
            timer = self.loop.call_later(self.timeout_keep_alive, self.transport.close)
            self._call_off = timer.cancel

    def _expect_nothing(self) -> None:
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
