"""Calls whose dialer has died: the provider goes on holding them, and somebody writes their end."""

import structlog

from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, HuifangError
from dialer.cloud.asking import Asking
from dialer.cloud.ending import Ending
from dialer.cloud.terms import CloudLine
from storage.cloud_calls import Held, orphans
from storage.database import Database
from storage.recovery import give_up

LOOK = 5.0
"""Seconds between two looks."""

log = structlog.get_logger(__name__)


class Orphans:
    """Looks after the calls of dead dialers on one line; any number of processes may."""

    def __init__(self, database: Database, clock: Clock, line: CloudLine) -> None:
        self._database, self._clock, self._line = database, clock, line
        self._asking = Asking(database, clock, line)
        self._ending = Ending(database, clock, line)

    async def run(self) -> None:
        """Look on and on, until cancelled."""
        while True:
            try:
                await self.look()
            except HuifangError as error:
                log.warning("orphans_wait", problem=error.sentences("en")[0])
            await self._clock.sleep(LOOK)

    async def look(self) -> int:
        """Look once; returns how many calls were closed. Raises the database's errors."""
        async with self._database.read() as session:
            found = await orphans(session, [self._line.trunk])
        closed = 0
        for held in found:
            if not self._asking.is_over(held):
                await self._asking.look(held)
                continue
            await self._close(held)
            closed += 1
        return closed

    async def _close(self, held: Held) -> None:
        try:
            outcome = await self._ending.end(held.attempt_id)
        except AuthorError as error:  # its survey is gone: a person looks
            log.error("orphan_not_closed", problem=error.sentences("en")[0])
            why = text("dialing-interrupted", self._line.rules.language)
            async with self._database.write() as session:
                await give_up(session, [held.attempt_id], self._clock.now(), why=why)
            return
        log.info("orphan_closed", attempt=held.attempt_id, disposition=outcome.disposition.value)
