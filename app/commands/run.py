"""Running a dialer in the terminal: live figures; Ctrl-C drains, a second Ctrl-C hangs up."""

import asyncio
import contextlib
import signal

from rich.live import Live
from rich.table import Table

from app.context import screen
from core.catalogue import text
from dialer.running import Dialer, Tally


async def run_live(dialer: Dialer, language: str) -> Tally:
    """Run `dialer` to its end, showing what it does."""
    loop = asyncio.get_running_loop()
    asked = 0

    def interrupted() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            dialer.drain()
        else:
            dialer.stop()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    running = asyncio.create_task(dialer.run())
    try:
        with Live(console=screen, refresh_per_second=2) as live:
            while not running.done():
                await asyncio.wait([running], timeout=0.5)
                live.update(figures(dialer.tally, language, draining=asked > 0))
        return await running
    finally:
        with contextlib.suppress(ValueError):
            loop.remove_signal_handler(signal.SIGINT)


def figures(tally: Tally, language: str, *, draining: bool = False) -> Table:
    """Return the figures of a running dialer as a table."""
    table = Table(show_header=False, box=None)
    table.add_row(text("dialing-calls-now", language), str(tally.calls_now))
    table.add_row(text("dialing-started", language), str(tally.started))
    for words, number in (tally.dispositions + tally.verdicts).most_common():
        table.add_row(words, str(number))
    if tally.trouble:
        table.add_row("!", tally.trouble)
    if draining:
        table.add_row("", text("dialing-draining", language))
    return table
