"""The demonstration: sixty simulated people are called over SIP, and every step is shown."""

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import surveys
from app.calling import Calls, dialer
from app.demo.cases import numbers
from app.demo.hearing import recogniser
from app.demo.house import DemoHouse, build
from app.demo.verdicts import Mismatch, compare
from app.prompt_building import prepare
from app.wiring import on_the_line, opened, prompt_cache, sip_channel
from core.clock import SystemClock
from core.errors import AuthorError, problem
from dialer.batches import BatchReport, create_batch
from dialer.running import Dialer
from followup.queue import Queue
from speech.contract import Recogniser
from storage.batches import ask, batch_named
from storage.database import Database
from storage.followups import QueueEntry
from storage.importing.importer import ImportReport, import_file
from storage.importing.shipped import find_mapping
from storage.results import Result, results
from storage.selection import CaseQuery

SURVEY = "demo"


@dataclass
class DemoReport:
    """What the demonstration came to."""

    folder: str
    imported: ImportReport | None = None
    batch: BatchReport | None = None
    results: list[Result] = field(default_factory=list)
    queue: list[QueueEntry] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)
    seconds: float = 0.0
    most_at_once: int = 0
    heard: bool = False
    """True where what people and carriers say was recognised."""

    @property
    def spoken(self) -> int:
        """How many answers were spoken."""
        return sum(a.kind == "speech" for result in self.results for a in result.answers)

    @property
    def right(self) -> bool:
        """True where every person gave what that person should."""
        return not self.mismatches and len(self.results) == len(numbers())

    def as_json(self) -> dict[str, Any]:
        """Return it for machines; numbers do not appear."""
        return {
            "right": self.right,
            "folder": self.folder,
            "imported": self.imported.as_json() if self.imported else None,
            "batch": self.batch.as_json() if self.batch else None,
            "dispositions": Counter(result.disposition for result in self.results),
            "verdicts": Counter(result.verdict for result in self.results if result.verdict),
            "queue": Counter(item.reason for item in self.queue),
            "spoken_answers": self.spoken,
            "mismatches": [asdict(mismatch) for mismatch in self.mismatches],
            "seconds": round(self.seconds, 1),
            "most_at_once": self.most_at_once,
        }


Told = Callable[[str, Any], None]
"""Hears of every step: its name and what came of it."""
Watched = Callable[[Dialer, Database, int], contextlib.AbstractAsyncContextManager[None]]
"""Shows the calls while they go on."""


async def demonstrate(folder: Path, language: str, tell: Told, watch: Watched) -> DemoReport:
    """Import, make the batch, call everybody, and compare what came of it.

    Raises HuifangError where something cannot be set up.
    """
    clock, began = SystemClock(), time.monotonic()
    hears = recogniser()
    report = DemoReport(str(folder.resolve()), heard=hears is not None)
    tell("hearing", report.heard)
    async with _people() as uri:
        tell("people", uri)
        try:
            house = build(folder, uri, clock.now(), language)
        except FileExistsError:
            raise AuthorError(problem("demo-folder-taken", folder=folder)) from None
        async with opened(house.loaded, clock) as database:
            report.imported = await import_file(
                database, house.cases_file, find_mapping("police", house.folder), clock=clock
            )
            tell("imported", report.imported)
            report.batch = await _make_batch(house, database, clock)
            tell("batch", report.batch)
            report.most_at_once = await _call(
                house, database, clock, report.batch.batch_id, hears, language, watch
            )
            report.results = [result async for result in results(database)]
            report.queue = await Queue(database, clock).items()
    report.mismatches = compare(numbers(), report.results, report.queue, heard=report.heard)
    report.seconds = time.monotonic() - began
    return report


@contextlib.asynccontextmanager
async def _people() -> AsyncIterator[str]:
    """Start the simulated people as a process of their own; yields their SIP URI."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app", "people", "--port", "0", "--text-port", "0", "--format", "json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        async with asyncio.timeout(30):
            document = await process.stdout.readuntil(b"\n}\n")
        yield str(json.loads(document)["uri"])
    except (TimeoutError, asyncio.IncompleteReadError, ValueError):
        raise AuthorError(problem("demo-no-people")) from None
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _make_batch(house: DemoHouse, database: Database, clock: SystemClock) -> BatchReport:
    survey = surveys.callable_by(house.loaded, SURVEY)
    name = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    made = await create_batch(
        database,
        name=name,
        survey=survey.facts,
        query=CaseQuery(),
        rules=house.loaded.settings.calling.rules(),
        clock=clock,
    )
    async with database.write() as session:
        batch = await batch_named(session, name)
        assert batch is not None  # noqa: S101 - made just now
        await ask(session, batch, "start", by="demo", now=clock.now())
    return made


async def _call(
    house: DemoHouse,
    database: Database,
    clock: SystemClock,
    batch_id: int,
    hears: Recogniser | None,
    language: str,
    watch: Watched,
) -> int:
    """Call everybody; returns how many calls were held at once, at most."""
    channel, prompts = sip_channel(house.loaded, hears), prompt_cache(house.loaded)
    models = hears.languages if hears else ()
    calls = Calls(
        house.loaded, database, channel, prompts, clock, house.loaded.trunks, models=models
    )
    for survey in await calls.prepare([batch_id]):
        await prepare(prompts, survey)
    calling = dialer(
        house.loaded, database, channel, calls, clock, batches=[batch_id], language=language
    )
    async with on_the_line(house.loaded, channel, hears), watch(calling, database, batch_id):
        tally = await calling.run()
    return tally.most_at_once
