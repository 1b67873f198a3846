"""The demonstration: simulated people are called and written to, and every step is shown."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.beside import beside
from app.demo.cases import WAYS, Party, Way, parties
from app.demo.hearing import recogniser
from app.demo.holding import Held, Watched, hold_all
from app.demo.house import GATEWAY, DemoHouse, Surroundings, build
from app.demo.people import simulated_people
from app.demo.verdicts import Mismatch, compare
from app.plans import plan_named, plans, survey_for
from app.web.hooks import HookSite
from app.web.server import WebServer
from app.web.tally import HookTally
from app.webhooks import HOOKS, webhooks
from app.wiring import opened
from core.clock import Clock, SystemClock
from core.errors import AuthorError, problem
from dialer.batch_report import BatchReport
from dialer.batches import create_batch
from dialer.texting.terms import TextTally
from followup.queue import Queue
from ivr.webhook import Webhook
from storage.batches import ask, batch_named
from storage.database import Database
from storage.followups import QueueEntry
from storage.importing.importer import ImportReport, import_file
from storage.importing.shipped import find_mapping
from storage.results import Result, results
from storage.selection import CaseQuery

SURVEY = "demo"
ACCOUNT = "demo"


@dataclass
class DemoReport:
    """What the demonstration came to."""

    folder: str
    parties: tuple[Party, ...] = ()
    """Whom it was about."""
    imported: ImportReport | None = None
    batches: list[BatchReport] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    queue: list[QueueEntry] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)
    seconds: float = 0.0
    held: Held = field(default_factory=lambda: Held(0, TextTally()))
    refused: Counter[str] = field(default_factory=Counter)
    """Requests of the people's gateway that were not taken, by word."""
    heard: bool = False
    """True where what people and carriers say was recognised."""

    @property
    def spoken(self) -> int:
        """How many answers were spoken."""
        return sum(a.kind == "speech" for result in self.results for a in result.answers)

    @property
    def right(self) -> bool:
        """True where every person gave what that person should."""
        reached = {result.number for result in self.results}
        return not self.mismatches and len(reached) == len(self.parties) and not self.refused

    def by_channel(self) -> dict[str, Counter[str]]:
        """Return how many attempts over each channel ended in which way."""
        found: dict[str, Counter[str]] = {}
        for result in self.results:
            found.setdefault(result.channel, Counter())[result.disposition or ""] += 1
        return found

    def onward(self) -> dict[tuple[str, ...], Counter[str]]:
        """Return how it ended with those who were tried over several channels, by these."""
        tries: dict[int, list[Result]] = {}
        for result in sorted(self.results, key=lambda result: result.sequence):
            tries.setdefault(result.callback_id, []).append(result)
        found: dict[tuple[str, ...], Counter[str]] = {}
        for made in tries.values():
            if len(made) > 1:
                ways = tuple(result.channel for result in made)
                found.setdefault(ways, Counter())[made[-1].disposition or ""] += 1
        return found

    def as_json(self) -> dict[str, Any]:
        """Return it for machines; numbers do not appear."""
        return {
            "right": self.right,
            "folder": self.folder,
            "imported": self.imported.as_json() if self.imported else None,
            "batches": [batch.as_json() for batch in self.batches],
            "dispositions": Counter(result.disposition for result in self.results),
            "channels": self.by_channel(),
            "onward": {" > ".join(ways): ended for ways, ended in self.onward().items()},
            "verdicts": Counter(result.verdict for result in self.results if result.verdict),
            "queue": Counter(item.reason for item in self.queue),
            "spoken_answers": self.spoken,
            "texts_sent": self.held.texts.sent,
            "texts_received": self.held.texts.replies,
            "mismatches": [asdict(mismatch) for mismatch in self.mismatches],
            "seconds": round(self.seconds, 1),
            "most_at_once": self.held.most_at_once,
        }


Told = Callable[[str, Any], None]
"""Hears of every step: its name and what came of it."""


async def demonstrate(
    folder: Path, language: str, tell: Told, watch: Watched, ways: Sequence[Way] = WAYS
) -> DemoReport:
    """Import, make the batches, call and write to everybody, and compare what came of it.

    Raises HuifangError where something cannot be set up.
    """
    clock, began = SystemClock(), time.monotonic()
    hears = recogniser()
    report = DemoReport(str(folder.resolve()), parties(ways), heard=hears is not None)
    tell("hearing", report.heard)
    hooks: dict[str, Webhook] = {}
    heard = HookTally(clock)
    server = WebServer(HookSite(hooks, heard))
    server.open()
    password, hook = secrets.token_hex(8), secrets.token_hex(16)
    replies = f"{server.url}{HOOKS}{GATEWAY}/incoming?token={hook}"
    replies += "&from=%p&to=%P&text=%a&id=%I&at=%T"  # what Kannel fills in
    async with beside(server.run()), simulated_people(f"{ACCOUNT}:{password}", replies) as people:
        tell("people", people)
        around = Surroundings(
            people.uri,
            people.sendsms,
            server.port,
            {"username": ACCOUNT, "password": password, "hook": hook},
        )
        try:
            house = build(folder, around, clock.now(), language, report.parties)
        except FileExistsError:
            raise AuthorError(problem("demo-folder-taken", folder=folder)) from None
        async with opened(house.loaded, clock) as database:
            report.imported = await import_file(
                database, house.cases_file, find_mapping("police", house.folder), clock=clock
            )
            tell("imported", report.imported)
            for way in ways:
                report.batches.append(await _make_batch(way, house, database, clock))
                tell("batch", (way, report.batches[-1]))
            report.held = await hold_all(
                house,
                database,
                clock,
                [batch.batch_id for batch in report.batches],
                hears=hears,
                language=language,
                hear_of=lambda gateways: hooks.update(webhooks(gateways)),
                watch=watch,
            )
            report.results = [result async for result in results(database)]
            report.queue = await Queue(database, clock).items()
    report.refused = heard.refused
    report.mismatches = compare(
        report.parties, plans(house.loaded), report.results, report.queue, heard=report.heard
    )
    report.seconds = time.monotonic() - began
    return report


async def _make_batch(way: Way, house: DemoHouse, database: Database, clock: Clock) -> BatchReport:
    plan = plan_named(house.loaded, way.plan)
    name = f"demo-{way.plan}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    made = await create_batch(
        database,
        name=name,
        survey=survey_for(house.loaded, plan, SURVEY).facts,
        query=CaseQuery(units=way.units),
        rules=house.loaded.settings.calling.rules(),
        clock=clock,
        priority=way.priority,
        plan=plan,
    )
    async with database.write() as session:
        batch = await batch_named(session, name)
        assert batch is not None  # noqa: S101 - made just now
        await ask(session, batch, "start", by="demo", now=clock.now())
    return made
