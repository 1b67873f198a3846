"""The house at work: every part that the settings call for, beside each other until drained.

`huifang serve` is all of it; `huifang schedule start` is the same without the web server.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from app import surveys, text_run, voice_run
from app.beside import beside
from app.cloud import CloudLines
from app.context import complaints, screen
from app.keyboard import obey_keyboard
from app.noticing import noticing
from app.plans import survey_for
from app.scheduled import begun, schedules, survey_faults, told, unit_faults
from app.serving.admission import Admission
from app.serving.part import Keeper
from app.serving.parts import CallsPart, SchedulesPart, TextsPart, WebPart
from app.text_run import Texts
from app.watching import LINE
from app.web.hooks import Bounds, HookSite
from app.web.monitor import monitor
from app.web.server import WebServer
from app.web.tally import HookTally
from app.webhooks import webhooks
from app.wiring import opened, prompt_cache
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock, SystemClock
from core.errors import AuthorError, problem
from core.plan import NOTICE, SMS, VOICE
from dialer.running import Tally
from dialer.schedules import Schedules
from ivr.webhook import Webhook
from storage.database import Database


class House:
    """The parts of one process."""

    def __init__(self, known: Loaded, database: Database, clock: Clock, words: str) -> None:
        self._known, self._database, self._clock, self._words = known, database, clock, words
        self._calls: CallsPart | None = None
        self._cloud: CloudLines | None = None
        self._texts: Texts | None = None
        self._inner: list[Keeper] = []
        """What calls and writes."""
        self._outer: list[Keeper] = []
        """What is reached from outside: it ends last, for what is under way needs it."""
        self.hooks: dict[str, Webhook] = {}
        self.tally = HookTally(clock)

    async def prepare(self, *, web: bool) -> None:
        """Make all parts and take the ports; nothing is started yet.

        Raises AuthorError with what is wrong: then nothing has begun.
        """
        known, planned = self._known, schedules(self._known)
        if planned and (faults := survey_faults(known) + await unit_faults(known, self._database)):
            raise AuthorError(*faults)
        written, called = self._admission(), self._admission()
        texts = await text_run.prepared(
            known, self._database, self._clock, written.admitted, self._words, until_done=False
        )
        if texts is not None:
            self._texts = texts
            if web:
                self.hooks |= webhooks(texts.gateways)
            else:
                text_run.say_unheard(texts, self._words)
            self._inner.append(self._keeper(TextsPart(texts, written)))
        cloud = CloudLines(known, self._database, self._clock, prompt_cache(known), self._words)
        if cloud and web:
            self._cloud = cloud
            self.hooks |= cloud.hooks
        spoken = [each for each in planned if VOICE in each.plan.channels]
        if known.trunks or spoken:
            asked = {each.survey for each in spoken}
            voice = await voice_run.prepared(
                known,
                self._database,
                self._clock,
                called.admitted,
                self._words,
                until_done=False,
                further=[surveys.callable_by(known, name) for name in sorted(asked)],
                cloud=self._cloud,
            )
            self._calls = CallsPart(
                known, self._database, self._clock, self._words, voice, called, self._cloud
            )
            self._inner.append(self._keeper(self._calls))
        if planned:
            self._inner.append(self._keeper(SchedulesPart(self._schedules, self._say_begun)))
        if not self._inner:
            raise AuthorError(problem("serve-nothing"))
        if web:
            self._open()

    def _admission(self) -> Admission:
        def tell(why: str) -> None:
            line = text("serve-batch-paused", self._words, why=why)
            complaints.print(line, style="red", markup=False)

        return Admission(self._database, self._clock, self._words, tell, self.absent)

    @property
    def absent(self) -> dict[str, str]:
        """The channels that this house does not have, each with the problem that says so."""
        absent: dict[str, str] = {}
        if not self._known.settings.text_gateways:
            absent |= dict.fromkeys((SMS, NOTICE), "run-no-text-gateway")
        if not self._known.trunks:
            absent[VOICE] = "app-no-trunk"
        return absent

    def _open(self) -> None:
        settings, document = self._known.settings.web, self._known.document
        seconds = settings.time_limit.total_seconds()
        if self.hooks:
            server = WebServer(
                HookSite(self.hooks, self.tally, Bounds(settings.body_limit, seconds)),
                str(settings.address),
                settings.port,
                seconds=seconds,
                proxies=settings.trusted_proxies,
                place=document.place(("web", "port")),
            )
            server.open()
            self._outer.append(self._keeper(WebPart("webhooks", server)))
        if settings.monitor_port:
            server = WebServer(
                monitor(self.trouble, self.tally),
                port=settings.monitor_port,
                seconds=seconds,
                place=document.place(("web", "monitor_port")),
            )
            server.open()
            self._outer.append(self._keeper(WebPart("monitor", server)))

    def _keeper(self, part: TextsPart | CallsPart | SchedulesPart | WebPart) -> Keeper:
        def tell() -> None:
            name = text(f"part-{part.name}", self._words)
            if kept.trouble:
                line = text("serve-part-broke", self._words, part=name, why=kept.trouble)
                complaints.print(line, style="red", markup=False)
            else:
                screen.print(text("serve-part-works", self._words, part=name), markup=False)

        kept = Keeper(part, self._clock, self._words, tell)
        return kept

    def _schedules(self) -> Schedules:
        return Schedules(
            self._database,
            schedules(self._known),
            # As it is then: somebody may mend a survey while this process waits.
            survey=lambda each: survey_for(self._known, each.plan, each.survey).facts,
            rules=self._known.settings.calling.rules(),
            clock=self._clock,
            noted=lambda note: self._say(told(self._known, note, datetime.now(UTC), self._words)),
        )

    def _say_begun(self, waiting: Schedules) -> None:
        self._say(begun(self._known, waiting.next_times(), self._words))

    def _say(self, line: str) -> None:
        screen.print(line, markup=False, highlight=False)

    def trouble(self) -> dict[str, str]:
        """Return each part with what is wrong with it."""
        return {kept.part.name: kept.trouble for kept in (*self._inner, *self._outer)}

    def drain(self) -> None:
        """Begin nothing more; calls and answers under way come to their end."""
        for kept in self._inner:
            kept.drain()

    def stop(self) -> None:
        """Hang up as well."""
        if self._calls:
            self._calls.stop()

    def calls_now(self) -> int:
        """Return how many calls are under way."""
        return self._calls.calls_now if self._calls else 0

    async def work(self) -> Tally:
        """Let all parts work until drained; returns what the calling came to."""
        names = ", ".join(text(f"part-{name}", self._words) for name in self.trouble())
        self._say(text("serve-started", self._words, parts=names))
        for name, hook in self.hooks.items():
            self._say(text("serve-webhook", self._words, name=name, address=hook.address))
        calls = self._calls
        dead = (lambda: calls.dead_trunks) if calls else None
        async with (
            noticing(self._known, self._database, self._clock, dead),
            self._cloud.open() if self._cloud else contextlib.nullcontext(),
            asyncio.TaskGroup() as reached,
            self._lines(),
        ):
            for kept in self._outer:
                reached.create_task(kept.run())
            try:
                await asyncio.gather(*(kept.run() for kept in self._inner))
            finally:
                for kept in self._outer:
                    kept.drain()
        return _sum(calls.tallies if calls else [])

    @contextlib.asynccontextmanager
    async def _lines(self) -> AsyncIterator[None]:
        """Say now and then how texts and webhooks stand, where that has changed."""
        last = ""

        def look() -> None:
            nonlocal last
            lines = [text_run.line(self._texts.worker.tally, self._words)] if self._texts else []
            if self.hooks:
                lines.append(self._webhooks())
            if (line := "\n".join(lines)) and line != last:
                self._say(line)
                last = line

        async def watch() -> None:
            while True:
                await self._clock.sleep(LINE)
                look()

        async with beside(watch()):
            yield
        look()

    def _webhooks(self) -> str:
        refused = "  ".join(f"{word} {number}" for word, number in self.tally.refused.items())
        return text("serve-webhooks", self._words, taken=self.tally.taken, refused=refused or "-")


def _sum(tallies: list[Tally]) -> Tally:
    """Return what several dialers in turn came to."""
    return Tally(
        started=sum(one.started for one in tallies),
        most_at_once=max((one.most_at_once for one in tallies), default=0),
        interrupted=sum(one.interrupted for one in tallies),
        unwritten=sum(one.unwritten for one in tallies),
    )


async def serve(known: Loaded, words: str, *, web: bool) -> Tally:
    """Do everything that the settings call for until Ctrl-C or SIGTERM.

    `web`: with the web server, and with it what providers tell. Raises HuifangError where
    something is missing at the start.
    """
    clock = SystemClock()
    async with opened(known, clock) as database:
        house = House(known, database, clock, words)
        await house.prepare(web=web)
        obey_keyboard(words, house.drain, house.stop, house.calls_now)
        return await house.work()
