"""What has happened in a call, in line for the one who reads it: `Ended` is the last."""

import asyncio
from collections.abc import AsyncIterator

from ivr.channels.contract import Ended, Event


class Happenings:
    """The events of one call between the driver that tells them and the conversation."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self.over = False
        """True once `Ended` was told."""

    def tell(self, event: Event) -> None:
        """Put an event where the reader finds it; nothing follows `Ended`."""
        if self.over:
            return
        self.over = isinstance(event, Ended)
        self._events.put_nowait(event)

    async def read(self) -> AsyncIterator[Event]:
        """Yield what happens, `Ended` last."""
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Ended):
                return
