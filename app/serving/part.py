"""A part of the house that is kept going: what breaks it is told, and it is begun anew."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from core.clock import Clock, pause
from core.errors import HuifangError

FIRST_REST = 2.0
"""Seconds before a part that broke is begun anew; doubles while it goes on breaking."""
LONGEST_REST = 300.0
WELL = 60.0
"""Seconds of work after which a part that breaks counts as breaking for the first time."""

log = structlog.get_logger(__name__)


class Part(Protocol):
    """One thing that the house does all the time."""

    name: str
    """A whole word: ``calls``, ``texts``, ``schedules``, ``webhooks``, ``monitor``."""

    async def run(self, at_work: Callable[[], None]) -> None:
        """Work until drained; may be called again after it broke. Calls `at_work` once everything
        is there that it needs."""
        ...

    def drain(self) -> None:
        """Begin nothing more; what is under way comes to its end."""
        ...

    @property
    def trouble(self) -> str:
        """Why it stands still at present, in words; empty: all is well."""
        ...


class Keeper:
    """Keeps one part going, whatever becomes of the others."""

    def __init__(self, part: Part, clock: Clock, language: str, tell: Callable[[], None]) -> None:
        """`tell` is called when `trouble` has changed."""
        self.part = part
        self._clock, self._language, self._tell = clock, language, tell
        self._broke = ""
        self._drained = asyncio.Event()

    @property
    def trouble(self) -> str:
        """Why the part does not work at present, in words; empty: all is well."""
        return self._broke or self.part.trouble

    def drain(self) -> None:
        """Let the part come to its end."""
        self._drained.set()
        self.part.drain()

    async def run(self) -> None:
        """Run the part until it is drained, again and again where it breaks."""
        rest = FIRST_REST
        while not self._drained.is_set():
            began = self._clock.monotonic()
            try:
                await self.part.run(lambda: self._say(""))
                why = "ended by itself"
            except HuifangError as error:
                why = "; ".join(error.sentences(self._language))
            except Exception as error:
                log.exception("part_broke", part=self.part.name)
                why = type(error).__name__
            if self._drained.is_set():
                return
            if self._clock.monotonic() - began >= WELL:
                rest = FIRST_REST
            self._say(why)
            await pause(self._clock, rest, self._drained)
            rest = min(LONGEST_REST, rest * 2)

    def _say(self, why: str) -> None:
        if why != self._broke:
            self._broke = why
            self._tell()
        if why:
            log.error("part_stands_still", part=self.part.name, why=why)
