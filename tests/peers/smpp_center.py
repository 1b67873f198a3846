"""A short message centre over a real socket: smpp34, a stack that shares nothing with ours."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import smpp34

from tests.peers.ports import free_port


@dataclass
class Center:
    """Takes binds and messages; `answer` says what becomes of each message."""

    answer: Callable[[Any], str | int] | None = None
    """An id accepts, a command_status refuses."""
    port: int = field(default_factory=free_port)
    submitted: list[Any] = field(default_factory=list)
    bound: Any = None
    _server: Any = None
    _task: "asyncio.Task[None] | None" = None
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    async def __aenter__(self) -> "Center":
        await self.open()
        return self

    async def open(self) -> None:
        """Listen."""
        self._server = smpp34.Server(host="127.0.0.1", port=self.port, system_id="center")
        await self._server.start()
        self._task = asyncio.create_task(self._serve())

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._server.stop()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _serve(self) -> None:
        while True:
            event = await self._server.next()
            async with self._more:
                if isinstance(event, smpp34.Esme):
                    self.bound = event
                elif isinstance(event, smpp34.SubmitSmEvent):
                    self.submitted.append(event)
                    answer = self.answer(event) if self.answer else f"id{next(self._ids)}"
                    if isinstance(answer, int):
                        event.reject(answer)
                    else:
                        event.accept(answer)
                elif self.bound is not None and event.session_id == self.bound.session_id:
                    self.bound = None
                self._more.notify_all()

    async def until(self, holds: Callable[["Center"], bool], seconds: float = 30) -> None:
        """Wait until `holds`."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: holds(self))

    async def tells(self, text: bytes, **fields: Any) -> int:
        """Send a deliver_sm and return the command_status that answered it."""
        await self.until(lambda it: it.bound is not None)
        known = {"source_addr": "8613800138000", "esm_class": 0, "data_coding": 0}
        answer = await self.bound.deliver_sm("1069", text, **known | fields)
        return int(answer.command_status)
