"""The parts of the house, each over what `huifang run` uses, too."""

import asyncio
from collections.abc import Callable, Collection

from app import voice_run
from app.beside import beside
from app.cloud import CloudLines
from app.serving.admission import Admission
from app.text_run import Texts
from app.voice_run import Voice
from app.watching import watching
from app.web.server import WebServer
from config.loading import Loaded
from core.clock import Clock
from dialer.identity import own_name
from dialer.running import Tally
from dialer.schedules import Schedules
from storage.database import Database


class CallsPart:
    """The calls of all running batches."""

    name = "calls"

    def __init__(
        self,
        known: Loaded,
        database: Database,
        clock: Clock,
        words: str,
        first: Voice,
        admission: Admission,
        cloud: CloudLines | None = None,
    ) -> None:
        """`first`: what was prepared already for what `admission` admits; when it breaks, all of
        it is made anew, except the lines of `cloud`, whose webhooks go on being served."""
        self._admission, self._cloud = admission, cloud
        self._known, self._database, self._clock, self._words = known, database, clock, words
        self._next: Voice | None = first
        self._at_work: Voice | None = None
        self._draining = False
        self.tallies: list[Tally] = []
        """Of every dialer that this part had."""

    async def run(self, at_work: Callable[[], None]) -> None:
        """Call until drained."""
        voice, self._next = self._next, None
        if voice is None:
            self._admission.admitted.clear()  # each batch is looked at anew
            voice = await voice_run.prepared(
                self._known,
                self._database,
                self._clock,
                self._admission.admitted,
                self._words,
                until_done=False,
                name=own_name(len(self.tallies) + 1),
                cloud=self._cloud,
            )
        self.tallies.append(voice.dialer.tally)

        async def admit(batch: int) -> None:
            await voice.admit([batch])

        async with voice.on_the_line():
            self._at_work = voice
            try:
                if self._draining:  # asked for while the lines were started
                    voice.dialer.drain()
                at_work()
                async with (
                    beside(self._admission.watch(admit)),
                    watching(voice.dialer, self._database, None, self._words),
                ):
                    await voice.dialer.run()
            finally:
                self._at_work = None

    def drain(self) -> None:
        """No further calls; those under way come to their end."""
        self._draining = True
        if self._at_work:
            self._at_work.dialer.drain()

    def stop(self) -> None:
        """No further calls, and those under way are hung up."""
        self._draining = True
        if self._at_work:
            self._at_work.dialer.stop()

    @property
    def trouble(self) -> str:
        """Why nobody is called at present."""
        return self._at_work.dialer.tally.trouble if self._at_work else ""

    @property
    def calls_now(self) -> int:
        """Calls under way."""
        return self._at_work.dialer.tally.calls_now if self._at_work else 0

    @property
    def dead_trunks(self) -> Collection[str] | None:
        """Trunks that did not answer the last check; None: not known."""
        return self._at_work.dialer.dead_trunks if self._at_work else None


class TextsPart:
    """Surveys by text message of all running batches."""

    name = "texts"

    def __init__(self, texts: Texts, admission: Admission) -> None:
        """`texts`: prepared for what `admission` admits."""
        self._worker, self._written, self._admission = texts.worker, texts.written, admission

    async def run(self, at_work: Callable[[], None]) -> None:
        """Hold surveys until drained."""
        at_work()
        async with beside(self._admission.watch(self._admit)):
            await self._worker.run()

    async def _admit(self, batch: int) -> None:
        await self._written.prepare([batch])

    def drain(self) -> None:
        """Begin and send nothing more; conversations stand in the database."""
        self._worker.drain()

    @property
    def trouble(self) -> str:
        """What stops the sending at present."""
        return self._worker.tally.trouble


class SchedulesPart:
    """Batches that are made by the clock."""

    name = "schedules"
    trouble = ""

    def __init__(self, make: Callable[[], Schedules], begun: Callable[[Schedules], None]) -> None:
        """`begun` hears of them once they wait for their times."""
        self._make, self._begun = make, begun
        self._drained = asyncio.Event()

    async def run(self, at_work: Callable[[], None]) -> None:
        """Wait for the times and make the batches, until drained."""
        waiting = self._make()
        await waiting.start()
        try:
            at_work()
            self._begun(waiting)
            await self._drained.wait()
        finally:
            await waiting.stop()

    def drain(self) -> None:
        """Make no further batches."""
        self._drained.set()


class WebPart:
    """A web server: the webhooks' or the monitor's."""

    trouble = ""

    def __init__(self, name: str, server: WebServer) -> None:
        self.name, self._server = name, server

    async def run(self, at_work: Callable[[], None]) -> None:
        """Serve until drained."""
        at_work()
        await self._server.run()

    def drain(self) -> None:
        """Answer what is under way, and nothing more."""
        self._server.drain()
