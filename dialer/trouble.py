"""Why nothing is called at present: a failing database, trunks that do not answer, calls that
all fail. Said in words, and shown as the pause of the batches that it stops.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import structlog

from core.catalogue import text
from core.clock import Clock
from core.errors import HuifangError
from storage.database import Database
from storage.running_batches import pause_for, resume_from

FAILING = 10
"""So many calls in a row that failed by our or the trunk's fault stop the calling."""
REST_MOST = 900.0
"""Longest rest after such a row."""

log = structlog.get_logger(__name__)


@dataclass
class Trouble:
    """What stops the calling; `told` is the sentence for the screen, empty while all is well."""

    clock: Clock
    language: str
    trunks: Collection[str]
    database_fault: Callable[[], HuifangError | None]
    rest_first: float
    unreachable: set[str] = field(default_factory=set)
    """Trunks that did not answer the last OPTIONS."""
    told: str = ""
    _failures: int = 0
    _rest: float = 0.0
    _rest_until: float = 0.0
    _why_rest: str = ""
    _paused: dict[int, str] = field(default_factory=dict)
    """Batches that we paused by ourselves, with the reason that we gave."""

    def say(self, why: str) -> None:
        """Tell what is wrong, in the log only when it is news."""
        if why and self.told != why:
            log.error("calling_stands_still", why=why)
        self.told = why

    def fault(self, error: HuifangError) -> None:
        """Tell an error of the database."""
        self.say(error.sentences(self.language)[0])

    def call_failed(self) -> None:
        """Count one more call that failed by our or the trunk's fault; many in a row: rest."""
        self._failures += 1
        if self._failures < FAILING:
            return
        self._failures = 0
        self._rest = min(REST_MOST, max(self.rest_first, self._rest * 2))
        self._rest_until = self.clock.monotonic() + self._rest
        self._why_rest = text("dialing-all-fail", self.language, calls=FAILING, seconds=self._rest)
        self.say(self._why_rest)

    def call_went_through(self) -> None:
        """The trunk and we work: the next row of failures starts with the shortest rest."""
        self._failures, self._rest = 0, 0.0

    def at_present(self) -> str:
        """Return why nothing may be called now, in words; empty: calls may be made."""
        fault = self.database_fault()
        if fault is not None:
            return fault.sentences(self.language)[0]
        if self.trunks and self.unreachable.issuperset(self.trunks):
            names = ", ".join(sorted(self.trunks))
            return text("dialing-no-trunk", self.language, trunks=names)
        return self._why_rest if self.clock.monotonic() < self._rest_until else ""

    async def show(self, database: Database, batches: Collection[int] | None) -> bool:
        """Pause running batches for our trouble, and let them run again once it is over.

        Returns True where they run again. Raises the database's errors.
        """
        why = self.at_present()
        if bool(why) == bool(self._paused):
            return False
        if why:
            async with database.write() as session:
                self._paused = await pause_for(session, batches, why)
            return False
        await self.resume(database)
        return True

    async def resume(self, database: Database) -> None:
        """Let the batches run again that we paused, unless a person changed them meanwhile."""
        if self._paused:
            async with database.write() as session:
                await resume_from(session, self._paused)
            self._paused = {}
