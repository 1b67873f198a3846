"""Which batches the house begins with: each is looked at before anybody of it is reached.

Batches are started while the house is at work. One that cannot be held (its survey needs what is
not here, a prompt cannot be made) is paused with the reason; the others go on.
"""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from core.clock import Clock
from core.errors import AuthorError, HuifangError, problem
from storage.batches import flow_versions
from storage.database import Database
from storage.running_batches import batch_states, pause_for

LOOK = 1.0
"""Seconds between two looks for batches that were started."""

log = structlog.get_logger(__name__)

Admit = Callable[[int], Awaitable[object]]
"""Makes everything ready for one batch. Raises AuthorError where it cannot be held."""


class Admission:
    """The batches that one part of the house may begin with."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        language: str,
        tell: Callable[[str], None],
        absent: Mapping[str, str] | None = None,
    ) -> None:
        """`tell` hears why a batch was paused. `absent`: channels that this house does not have,
        each with the code of the problem that says so."""
        self._database, self._clock, self._language = database, clock, language
        self._tell, self._absent = tell, absent or {}
        self.admitted: set[int] = set()
        """Their ids; dialer and worker claim of these only. It grows while they run."""

    async def look(self, admit: Admit) -> None:
        """Admit what was started since the last look, or pause it. Raises HuifangError where the
        database cannot be asked."""
        async with self._database.read() as session:
            states = await batch_states(session)
        for batch, state in states.items():
            # Draining ones have calls under way, perhaps: whoever runs must see their end.
            if batch in self.admitted or state not in ("running", "draining"):
                continue
            try:
                await self._check_channels(batch)
                await admit(batch)
            except AuthorError as error:
                await self._pause(batch, "; ".join(error.sentences(self._language)))
            else:
                self.admitted.add(batch)

    async def _check_channels(self, batch: int) -> None:
        async with self._database.read() as session:
            for channel, code in self._absent.items():
                if await flow_versions(session, [batch], channel):
                    raise AuthorError(problem(code))

    async def _pause(self, batch: int, why: str) -> None:
        async with self._database.write() as session:
            paused = await pause_for(session, [batch], why)
        if paused:
            log.error("batch_not_admitted", batch=batch, why=why)
            self._tell(why)

    async def watch(self, admit: Admit) -> None:
        """Look again and again; a database that is away is for the others to tell."""
        while True:
            try:
                await self.look(admit)
            except HuifangError as error:
                log.warning("batches_not_looked_at", why=str(error))
            await self._clock.sleep(LOOK)
