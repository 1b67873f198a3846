"""A dialer's signs of life, and what becomes of those that died: each open attempt of theirs goes
to a person.
"""

from datetime import timedelta

import structlog

from core.catalogue import text
from core.clock import Clock
from dialer.identity import is_gone
from storage.database import Database
from storage.recovery import (
    dead_dialers,
    forget_pauses,
    recover,
    sign_of_life,
    sign_off,
    sign_on,
)

HEARTBEAT = 5.0
"""Seconds between two signs of life."""
STALE = timedelta(seconds=60)
"""A dialer of another machine is dead after so long without one."""
LOOK = 6
"""Heartbeats between two looks for the dead."""

log = structlog.get_logger(__name__)


class Life:
    """One dialer's row among all dialers, from its start to its end."""

    def __init__(self, database: Database, clock: Clock, name: str, language: str) -> None:
        self._database, self._clock, self._name = database, clock, name
        self._language = language
        self._beats = 0

    async def begin(self) -> int:
        """Sign on and bury the dead; returns how many attempts of theirs went to a person."""
        async with self._database.write() as session:
            await sign_on(session, self._name, self._clock.now())
        return await self.bury()

    async def end(self) -> None:
        """Sign off in order."""
        async with self._database.write() as session:
            await sign_off(session, self._name, self._clock.now())

    async def beat(self) -> tuple[bool, int]:
        """Give a sign of life, now and then look for the dead.

        Returns whether others still count on us (False: we stood still so long that they took
        our calls for dead), and how many attempts went to a person.
        """
        self._beats += 1
        async with self._database.write() as session:
            alive = await sign_of_life(session, self._name, self._clock.now())
        if not alive:
            log.error("taken_for_dead", dialer=self._name)
        return alive, await self.bury() if self._beats % LOOK == 0 else 0

    async def bury(self) -> int:
        """Give what dead dialers left open to a person; returns how many attempts."""
        now, why = self._clock.now(), text("dialing-interrupted", self._language)
        async with self._database.write() as session:
            dead = await dead_dialers(session, now, gone=is_gone, stale=STALE)
            dead = [name for name in dead if name != self._name]
            found = await recover(session, dead, now, why=why)
            if dead:
                await forget_pauses(session, self._name)
        for one in found:
            log.warning("attempt_interrupted", attempt=one.attempt_id, dialer=one.dialer)
        return len(found)
