"""The house's end of one line process."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from ivr.channels.sip import protocol

STALL_SECONDS = 6.0
"""A line that has not sent its beat for so long hangs, and is ended."""


class LineProcess:
    """One line process as the pool sees it: its socket, its places, whether it lives."""

    def __init__(self, index: int, calls_limit: int, *, receives: bool = False) -> None:
        """`receives`: it takes the calls of people who ring us, and makes none."""
        self.index, self.receives = index, receives
        self.pid = 0
        self.calls: set[str] = set()
        """Calls that occupy a place, ended ones included until the line frees them."""
        self.calls_limit = calls_limit
        self.last_beat = time.monotonic()
        self.ready: asyncio.Future[protocol.Ready] = asyncio.get_running_loop().create_future()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def usable(self) -> bool:
        """True where it has said that it is ready and is still there."""
        return self._writer is not None and self.ready.done() and not self.ready.exception()

    @property
    def free(self) -> int:
        """Calls it can still take."""
        return self.calls_limit - len(self.calls) if self.usable else 0

    async def connect(
        self,
        sock: socket.socket,
        setup: protocol.Setup,
        report: Callable[["LineProcess", Any], None],
        gone: Callable[["LineProcess"], None],
    ) -> None:
        """Talk over `sock`: send `setup`, pass every report on, say when the line is gone."""
        sock.setblocking(False)
        reader, self._writer = await asyncio.open_unix_connection(sock=sock, limit=1 << 20)
        self.send(setup)
        self._reading = asyncio.create_task(self._read(reader, report, gone))

    async def _read(
        self,
        reader: asyncio.StreamReader,
        report: Callable[["LineProcess", Any], None],
        gone: Callable[["LineProcess"], None],
    ) -> None:
        try:
            while line := await reader.readline():
                message = protocol.decode(line)
                if isinstance(message, protocol.Ready):
                    self.pid = message.pid
                    if not self.ready.done():
                        self.ready.set_result(message)
                elif isinstance(message, protocol.Beat):
                    self.last_beat = time.monotonic()
                    continue
                elif isinstance(message, protocol.Broken) and not self.ready.done():
                    self.ready.set_exception(RuntimeError(message.detail))
                report(self, message)
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            if not self.ready.done():
                self.ready.set_exception(RuntimeError("the line process ended while starting"))
            self.ready.exception()  # seen: nobody has to wait for it
            if self._writer:
                self._writer.close()
                self._writer = None
            gone(self)

    def send(self, message: Any) -> None:
        """Send a command; harmless once the line is gone."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(protocol.encode(message))

    @property
    def stalled(self) -> bool:
        """True where it should have given a sign of life."""
        return time.monotonic() - self.last_beat > STALL_SECONDS

    def kill(self) -> None:
        """End a process that hangs."""
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    async def finish(self, seconds: float) -> None:
        """Let it hang up and go; end it when it does not within `seconds`."""
        self.send(protocol.Close())
        if self._reading is None:
            return
        _, pending = await asyncio.wait({self._reading}, timeout=seconds)
        if pending:
            self.kill()
            self._reading.cancel()
            await asyncio.wait({self._reading}, timeout=1.0)
