"""Ctrl-C and SIGTERM: the first drains, the second hangs up."""

import asyncio
import signal
from collections.abc import Callable

from app.context import complaints
from core.catalogue import text


def obey_keyboard(
    words: str,
    drain: Callable[[], None],
    stop: Callable[[], None] | None = None,
    calls_now: Callable[[], int] = lambda: 0,
) -> None:
    """Let the first one `drain` and the second one `stop` (None: there is nothing to hang up).

    `calls_now` is asked when it is told for how many calls it waits.
    """
    asked = 0

    def interrupted() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            complaints.print(text("run-draining", words, now=calls_now()))
            drain()
        elif stop is not None:
            complaints.print(text("run-stopping", words))
            stop()

    loop = asyncio.get_running_loop()
    for received in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(received, interrupted)
