"""`huifang run`: call the callbacks of batches, live, until done, drained or stopped."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Collection, Iterable
from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from app import recognisers, surveys
from app.calling import Calls, dialer
from app.context import complaints, language, loaded, refuse, screen
from app.prompt_building import prepare
from app.recognisers import accept
from app.transcribing import beside
from app.wiring import on_the_line, opened, prompt_cache, sip_channel, transcribing
from config.loading import Loaded
from config.logs import set_up
from core.catalogue import text
from core.clock import SystemClock
from core.errors import AuthorError, HuifangError, problem
from dialer.running import Dialer, Tally
from reports.progress import Meter, Progress
from storage.batches import ask, batch_named, statuses
from storage.database import Database
from storage.schema import Batch

LOOK = 1.0
"""Seconds between two looks at the database for the screen."""
LINE = 10.0
"""Seconds between two lines where the screen is no terminal."""


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
    if tally.interrupted:
        screen.print(text("run-interrupted", words, number=tally.interrupted))
    screen.print(text("run-end", words, started=tally.started, most=tally.most_at_once))
    if tally.unwritten:
        complaints.print(text("run-unwritten", words, number=tally.unwritten), style="red")
        raise typer.Exit(1)


def say_by_keys(known: Loaded, ready: Iterable[surveys.ReadySurvey], words: str) -> None:
    """Say which spoken answers nothing here can hear. Raises AuthorError where keys will not do."""
    for warning in accept(known, (survey.file.flow for survey in ready)):
        complaints.print(warning.sentence(words), style="yellow", markup=False)


async def _run(known: Loaded, names: list[str], words: str, *, until_done: bool) -> Tally:
    clock = SystemClock()
    async with opened(known, clock) as database:
        batches = await _named(database, names)
        hears = recognisers.recogniser(known)
        channel, prompts = sip_channel(known, hears), prompt_cache(known)
        models = hears.languages if hears else ()
        calls = Calls(known, database, channel, prompts, clock, known.trunks, models=models)
        ready = await calls.prepare(batches)
        if until_done and not ready:
            raise AuthorError(problem("run-nothing"))
        say_by_keys(known, ready, words)
        for survey in ready:
            await prepare(prompts, survey)
        calling = dialer(
            known,
            database,
            channel,
            calls,
            clock,
            batches=batches,
            language=words,
            until_done=until_done,
        )
        writing = transcribing(known, database, hears, clock)
        async with on_the_line(known, channel, hears):
            # Only now, when all that calls need is there, does anything change.
            await _start(database, names, clock)
            obey_keyboard(calling, words)
            shown = ", ".join(names) or "*"
            screen.print(text("run-started", words, batches=shown), highlight=False)
            async with watching(calling, database, batches, words), beside(writing):
                return await calling.run()


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


def obey_keyboard(calling: Dialer, words: str) -> None:
    """Let Ctrl-C (and SIGTERM) drain, and a second one hang up."""
    asked = 0

    def interrupted() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            complaints.print(text("run-draining", words, now=calling.tally.calls_now))
            calling.drain()
        else:
            complaints.print(text("run-stopping", words))
            calling.stop()

    loop = asyncio.get_running_loop()
    for received in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(received, interrupted)


@contextlib.asynccontextmanager
async def watching(
    calling: Dialer, database: Database, batches: Collection[int] | None, words: str
) -> AsyncIterator[None]:
    """Show the calls while they go on: a live table, or a line now and then."""
    meter = Meter()

    async def look() -> Progress:
        return await progress(calling, database, batches, meter)

    with contextlib.ExitStack() as stack:
        live = None
        if screen.is_terminal:
            live = stack.enter_context(Live(console=screen, refresh_per_second=4, transient=True))

        async def watch() -> None:
            while True:
                began = calling.clock.monotonic()
                with contextlib.suppress(HuifangError):  # the dialer itself says what is wrong
                    seen = await look()
                    if live:
                        live.update(_table(seen, words))
                    else:
                        screen.print(_line(seen, words), highlight=False)
                # Counting a million callbacks takes a while: never more than a twentieth of it.
                took = calling.clock.monotonic() - began
                await asyncio.sleep(max(LOOK if live else LINE, took * 20))

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    screen.print(_table(await look(), words))


async def progress(
    calling: Dialer, database: Database, batches: Collection[int] | None, meter: Meter
) -> Progress:
    """Look at the batches once."""
    async with database.read() as session:
        found = [s for s in await statuses(session) if batches is None or s.id in batches]
    if batches is None:
        found = [status for status in found if status.state not in ("finished", "stopped")]
    callbacks: dict[str, int] = {}
    dispositions: dict[str, int] = {}
    verdicts: dict[str, int] = {}
    for status in found:
        for into, counted in (
            (callbacks, status.callbacks),
            (dispositions, status.dispositions),
            (verdicts, status.verdicts),
        ):
            for word, number in counted.items():
                into[word] = into.get(word, 0) + number
    ended = sum(calling.tally.dispositions.values())
    left = callbacks.get("waiting", 0) + callbacks.get("calling", 0)
    rate, seconds_left = meter.take(calling.clock.monotonic(), ended, left)
    return Progress(
        callbacks,
        dispositions,
        verdicts,
        calling.tally.calls_now,
        rate,
        seconds_left,
        calling.tally.trouble,
        {status.name: status.state for status in found},
    )


def _table(seen: Progress, words: str) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row(text("run-now", words), f"[bold]{seen.calls_now}[/]")
    table.add_row(text("run-done", words), f"{seen.finished:,} / {seen.all:,}")
    table.add_row(text("run-rate", words), f"{seen.calls_per_minute:.0f}")
    table.add_row(text("run-left", words), _duration(seen.seconds_left))
    table.add_row(
        text("run-dispositions", words), _counted("disposition", seen.dispositions, words)
    )
    table.add_row(text("run-verdicts", words), _counted("verdict", seen.verdicts, words))
    if seen.trouble:
        table.add_row(text("run-trouble", words), f"[red]{seen.trouble}[/]")
    return table


def _line(seen: Progress, words: str) -> str:
    return (
        f"{text('run-now', words)} {seen.calls_now}, "
        f"{text('run-done', words)} {seen.finished}/{seen.all}, "
        f"{text('run-left', words)} {_duration(seen.seconds_left)} {seen.trouble}"
    ).rstrip()


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _counted(kind: str, counted: dict[str, int], words: str) -> str:
    most = sorted(counted.items(), key=lambda item: -item[1])
    return "  ".join(f"{text(f'{kind}-{word}', words)} {number:,}" for word, number in most) or "-"
