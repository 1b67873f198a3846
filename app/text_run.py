"""Surveys by text message beside the calls of `huifang run`, or by themselves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

from app.beside import beside
from app.context import complaints, screen
from app.gateways import text_gateways
from app.texting import TextSurveys, text_worker
from app.webhooks import webhooks
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, problem
from core.plan import NOTICE
from dialer.texting.terms import TextTally
from dialer.texting.worker import TextWorker
from ivr.texting.contract import TextGateway
from storage.batches import flow_versions
from storage.database import Database

LAST_TEXTS = 10.0
"""Seconds that texts of the last calls may take to leave."""
LINE = 10.0
"""Seconds between two lines that tell how the texts stand."""


@dataclass(frozen=True)
class Texts:
    """The worker of this run, and whether a batch of it writes to people."""

    worker: TextWorker
    gateways: Sequence[TextGateway]
    written: TextSurveys
    needed: bool
    """True where the plan of one of its batches writes: a survey by text, or a notice of a call."""


async def prepared(
    known: Loaded,
    database: Database,
    clock: Clock,
    batches: Collection[int] | None,
    words: str,
    *,
    until_done: bool,
) -> Texts | None:
    """Return what texts need, None where no text gateway is configured.

    Raises AuthorError where a batch that writes has none, or a survey by text cannot be held.
    """
    surveys = TextSurveys(known, database)
    needed = await surveys.prepare(batches) > 0
    async with database.read() as session:
        needed = needed or bool(await flow_versions(session, batches, NOTICE))
    gateways = text_gateways(known, clock)
    if not gateways:
        if needed:
            raise AuthorError(problem("run-no-text-gateway"))
        return None
    worker = text_worker(
        known,
        database,
        surveys,
        gateways,
        clock,
        batches=batches,
        language=words,
        until_done=until_done,
    )
    return Texts(worker, gateways, surveys, needed)


def say_unheard(texts: Texts, words: str) -> None:
    """Say which gateways tell what only `huifang serve` hears: replies and reports."""
    if names := ", ".join(webhooks(texts.gateways)):
        complaints.print(text("run-unheard", words, names=names), style="yellow", markup=False)


@contextlib.asynccontextmanager
async def texts_beside(texts: Texts | None, words: str) -> AsyncIterator[None]:
    """Hold surveys by text while the calls go on; when those end, so does the worker.

    Conversations that still wait stand in the database: the next run goes on with them.
    """
    if texts is None:
        yield
        return
    task = asyncio.create_task(texts.worker.run())
    try:
        yield
    finally:
        # What the last calls have promised still goes out.
        await texts.worker.sent_out(LAST_TEXTS)
        texts.worker.drain()
        tell(await task, words)


async def alone(texts: Texts, words: str) -> TextTally:
    """Hold surveys by text until nothing waits any more, or somebody drains the worker."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(LINE)
            tell(texts.worker.tally, words)

    async with beside(watch()):
        tally = await texts.worker.run()
    tell(tally, words)
    return tally


def tell(tally: TextTally, words: str) -> None:
    """Say how the texts stand."""
    screen.print(line(tally, words), highlight=False)
    if tally.trouble:
        screen.print(tally.trouble, style="red", markup=False)


def line(tally: TextTally, words: str) -> str:
    """Return in one line how the texts stand."""
    ended = "  ".join(
        f"{text(f'disposition-{word}', words)} {number}"
        for word, number in tally.ended.most_common()
    )
    return text(
        "run-texts",
        words,
        begun=tally.begun,
        sent=tally.sent,
        replies=tally.replies,
        ended=ended or "-",
        uncertain=tally.uncertain,
    )
