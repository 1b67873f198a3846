"""A call of which nothing is heard: the provider is asked, and what it does not know is lost."""

from datetime import timedelta

import structlog

from core.clock import Clock
from core.errors import HuifangError
from dialer.cloud.ending import LOST
from dialer.cloud.news import News
from dialer.cloud.terms import CloudLine
from ivr.cloud.progress import FINAL
from ivr.cloud.provider import GONE, ProviderRefused
from storage.cloud_calls import Held, change
from storage.database import Database

QUIET = timedelta(seconds=45)
"""Without a word for so long, the provider is asked: a question and its answer take less."""
NEVER = timedelta(seconds=60)
"""So long after the ringing must have ended, a call that the provider never named was not made,
or nobody knows."""
MOST_QUIET = timedelta(hours=2)
"""After so long without an answer of the provider a call is lost."""
GRACE = timedelta(seconds=2)
"""After the end of a call a request about its last turn may still be on its way."""

log = structlog.get_logger(__name__)


class Asking:
    """Looks after the calls of one line."""

    def __init__(self, database: Database, clock: Clock, line: CloudLine) -> None:
        self._database, self._clock, self._line = database, clock, line
        self._news = News(database, clock, line)

    def is_over(self, held: Held) -> bool:
        """Say whether a call has ended, and everything about it must have come in."""
        if held.ended_at is None:
            return False
        waits = not held.over and held.answered_at is not None and held.status in FINAL
        return not waits or self._clock.now() >= held.ended_at + GRACE

    async def look(self, held: Held) -> None:
        """Ask where it is time to. Raises the database's errors."""
        quiet = self._clock.now() - held.heard_at
        if held.ended_at is not None or quiet < QUIET:
            return
        if not held.call_sid:
            if quiet > NEVER + timedelta(seconds=120):  # the longest that a phone may ring
                await self._lose(held)
            return
        try:
            facts = await self._line.provider.facts(held.call_sid)
        except ProviderRefused as refused:
            if refused.status == GONE:
                await self._lose(held)
            return
        except HuifangError as error:
            log.warning("cloud_not_asked", problem=error.sentences("en")[0])
            if quiet > MOST_QUIET:
                await self._lose(held)
            return
        await self._news.status(held.attempt_id, facts.status, {"CallSid": held.call_sid})

    async def _lose(self, held: Held) -> None:
        log.error("cloud_call_lost", attempt=held.attempt_id)
        async with self._database.write() as session:
            await change(session, held.attempt_id, status=LOST, ended_at=self._clock.now())
