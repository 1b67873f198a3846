"""Recordings of cloud calls, brought into the house: fetched, kept, deleted at the provider."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

import structlog

from core.clock import Clock
from core.errors import HuifangError
from dialer.cloud.terms import CloudLine
from ivr.cloud.provider import GONE, ProviderRefused
from storage.cloud_recordings import Abroad, settle, waiting
from storage.database import Database

LOOK = 2.0
"""Seconds between two looks."""
AGAIN = timedelta(seconds=20)
"""Until one that is not there yet, or could not be fetched, is tried again."""
MOST_TRIES = 360
"""Two hours; then a person has to look at the provider's console."""

log = structlog.get_logger(__name__)


class Recordings:
    """Fetches the recordings of one line."""

    def __init__(self, database: Database, clock: Clock, line: CloudLine) -> None:
        self._database, self._clock, self._line = database, clock, line

    async def run(self) -> None:
        """Fetch whatever waits, until cancelled."""
        while True:
            try:
                await self.look()
            except HuifangError as error:
                log.warning("recordings_wait", problem=error.sentences("en")[0])
            await self._clock.sleep(LOOK)

    async def look(self) -> int:
        """Fetch those that are due; returns how many are in the house now."""
        now = self._clock.now()
        async with self._database.write() as session:
            found = await waiting(session, [self._line.trunk], now, now + AGAIN)
        return sum([await self._fetch(one) for one in found])

    async def _fetch(self, one: Abroad) -> bool:
        try:
            sound = await self._line.provider.download(one.sid)
        except ProviderRefused as refused:
            return await self._not_now(one, f"HTTP {refused.status}", refused.status == GONE)
        except HuifangError as error:
            return await self._not_now(one, error.sentences("en")[0], False)
        await asyncio.to_thread(_write, self._line.conversation.recordings / one.recording, sound)
        async with self._database.write() as session:
            await settle(session, one.sid, "kept", self._clock.now())
        with contextlib.suppress(ProviderRefused, HuifangError):
            await self._line.provider.forget(one.sid)
        return True

    async def _not_now(self, one: Abroad, why: str, gone: bool) -> bool:
        now = self._clock.now()
        given_up = one.tries >= MOST_TRIES
        if given_up or not gone:
            log.warning("recording_not_fetched", attempt=one.attempt_id, why=why)
        async with self._database.write() as session:
            state = "failed" if given_up else "waiting"
            await settle(session, one.sid, state, now + AGAIN, why)
        return False


def _write(path: Path, sound: bytes) -> None:
    """Write a file that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(sound)
    part.replace(path)
