"""`huifang run`: call the callbacks of batches, live, until done, drained or stopped."""

import asyncio
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app import text_run, voice_run
from app.context import complaints, language, loaded, refuse, screen
from app.keyboard import obey_keyboard
from app.noticing import noticing
from app.watching import watching
from app.wiring import opened
from config.loading import Loaded
from config.logs import set_up
from core.catalogue import text
from core.clock import SystemClock
from core.errors import AuthorError, HuifangError, problem
from core.plan import VOICE
from dialer.running import Tally
from storage.batches import ask, batch_named, flow_versions
from storage.database import Database
from storage.schema import Batch


def run(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="batches; none: all that are running / 批次，缺省为全部进行中的"),
    ] = None,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="go on waiting for further batches / 完成后继续等待新批次"),
    ] = False,
) -> None:
    """Start calling, or go on after an interruption. / 开始（或继续）呼叫"""
    known, words = loaded(ctx), language(ctx)
    set_up(known.settings.logging)
    try:
        tally = asyncio.run(_run(known, names or [], words, until_done=not wait))
    except HuifangError as error:
        refuse(error, words)
    say_what_came(tally, words)


def say_what_came(tally: Tally, words: str) -> None:
    """Say how the calling ended; exits 1 where something could not be written down."""
    if tally.interrupted:
        screen.print(text("run-interrupted", words, number=tally.interrupted))
    screen.print(text("run-end", words, started=tally.started, most=tally.most_at_once))
    if tally.unwritten:
        complaints.print(text("run-unwritten", words, number=tally.unwritten), style="red")
        raise typer.Exit(1)


async def _run(known: Loaded, names: list[str], words: str, *, until_done: bool) -> Tally:
    clock = SystemClock()
    async with opened(known, clock) as database:
        batches = await _named(database, names)
        texts = await text_run.prepared(
            known, database, clock, batches, words, until_done=until_done
        )
        if texts is not None and texts.needed:
            text_run.say_unheard(texts, words)
        called = await _calls_somebody(database, batches)
        if texts is not None and not called and (names or not known.trunks):
            await _start(database, names, clock)
            obey_keyboard(words, texts.worker.drain)
            _say_started(names, words)
            await text_run.alone(texts, words)
            return Tally()
        voice = await voice_run.prepared(
            known, database, clock, batches, words, until_done=until_done
        )
        if until_done and not voice.surveys and not (texts and texts.needed):
            raise AuthorError(problem("run-nothing"))
        calling = voice.dialer
        async with voice.on_the_line():
            # Only now, when all that calls need is there, does anything change.
            await _start(database, names, clock)
            obey_keyboard(words, calling.drain, calling.stop, lambda: calling.tally.calls_now)
            _say_started(names, words)
            async with (
                noticing(known, database, clock, lambda: calling.dead_trunks),
                watching(
                    calling, database, batches, words, texts=texts.worker.tally if texts else None
                ),
                text_run.texts_beside(texts, words),
            ):
                return await calling.run()


def _say_started(names: list[str], words: str) -> None:
    screen.print(text("run-started", words, batches=", ".join(names) or "*"), highlight=False)


async def _calls_somebody(database: Database, batches: list[int] | None) -> bool:
    """True where one of these batches (None: of the running ones) reaches people by phone."""
    async with database.read() as session:
        return bool(await flow_versions(session, batches, VOICE))


async def _named(database: Database, names: list[str]) -> list[int] | None:
    """Return the ids of the named batches; None (all running ones) where none is named."""
    async with database.read() as session:
        return [(await _batch(session, name)).id for name in names] or None


async def _batch(session: AsyncSession, name: str) -> Batch:
    batch = await batch_named(session, name)
    if batch is None:
        raise AuthorError(problem("run-unknown-batch", name=name))
    return batch


async def _start(database: Database, names: list[str], clock: SystemClock) -> None:
    """Let the named batches run. Raises AuthorError where one is finished or stopped for good."""
    async with database.write() as session:
        for name in names:
            batch = await _batch(session, name)
            started = await ask(session, batch, "start", by="run", now=clock.now())
            if not started and batch.state not in ("running", "paused"):
                raise AuthorError(problem("run-not-startable", name=name, state=batch.state))
