"""The calls on the screen while they go on: a live table, or a line now and then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping

from rich.live import Live
from rich.table import Table

from app.beside import beside
from app.context import screen
from app.text_run import line
from core.catalogue import text
from core.errors import HuifangError
from dialer.running import Dialer
from dialer.texting.terms import TextTally
from reports.progress import Meter, Progress
from storage.batches import statuses
from storage.database import Database

LOOK = 1.0
"""Seconds between two looks at the database for the screen."""
LINE = 10.0
"""Seconds between two lines where the screen is no terminal."""


@contextlib.asynccontextmanager
async def watching(
    calling: Dialer,
    database: Database,
    batches: Collection[int] | None,
    words: str,
    *,
    texts: TextTally | None = None,
) -> AsyncIterator[None]:
    """Show the calls while they go on, and the `texts` beside them: a live table, or a line now
    and then."""
    meter = Meter()

    async def look() -> Progress:
        return await progress(calling, database, batches, meter)

    with contextlib.ExitStack() as stack:
        live = None
        if screen.is_terminal:
            live = stack.enter_context(Live(console=screen, refresh_per_second=4, transient=True))

        async def watch() -> None:
            shown = ""  # what stays as it is for hours is one line
            while True:
                began = calling.clock.monotonic()
                with contextlib.suppress(HuifangError):  # the dialer itself says what is wrong
                    seen = await look()
                    if live:
                        live.update(_table(seen, texts, calling.tally.incoming, words))
                    elif (told := _lines(seen, texts, words)) != shown:
                        screen.print(told, highlight=False)
                        shown = told
                # Counting a million callbacks takes a while: never more than a twentieth of it.
                took = calling.clock.monotonic() - began
                await asyncio.sleep(max(LOOK if live else LINE, took * 20))

        async with beside(watch()):
            yield
    screen.print(_table(await look(), texts, calling.tally.incoming, words))


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


def _table(seen: Progress, texts: TextTally | None, rang: Mapping[str, int], words: str) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row(text("run-now", words), f"[bold]{seen.calls_now}[/]")
    table.add_row(text("run-done", words), f"{seen.finished:,} / {seen.all:,}")
    table.add_row(text("run-rate", words), f"{seen.calls_per_minute:.0f}")
    table.add_row(text("run-left", words), _duration(seen.seconds_left))
    table.add_row(
        text("run-dispositions", words), _counted("disposition", seen.dispositions, words)
    )
    table.add_row(text("run-verdicts", words), _counted("verdict", seen.verdicts, words))
    if rang:
        table.add_row(text("run-rang", words), _counted("welcome", rang, words))
    if texts:
        under_way = texts.begun - texts.ended.total()
        table.add_row(text("run-writing", words), f"[bold]{under_way}[/]")
    if seen.trouble:
        table.add_row(text("run-trouble", words), f"[red]{seen.trouble}[/]")
    return table


def _lines(seen: Progress, texts: TextTally | None, words: str) -> str:
    calls = (
        f"{text('run-now', words)} {seen.calls_now}, "
        f"{text('run-done', words)} {seen.finished}/{seen.all}, "
        f"{text('run-left', words)} {_duration(seen.seconds_left)} {seen.trouble}"
    ).rstrip()
    return f"{calls}\n{line(texts, words)}" if texts else calls


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _counted(kind: str, counted: Mapping[str, int], words: str) -> str:
    most = sorted(counted.items(), key=lambda item: -item[1])
    return "  ".join(f"{text(f'{kind}-{word}', words)} {number:,}" for word, number in most) or "-"
