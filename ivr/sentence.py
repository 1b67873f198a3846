"""One sentence to somebody who rings us and gets no survey, then we hang up."""

import contextlib
from collections.abc import Sequence

import structlog

from core.clock import Clock
from core.errors import HuifangError
from ivr.channels.contract import Answered, Ended, IncomingCall, PromptFinished
from ivr.listening import Listening
from speech.contract import PromptSource

ANSWER_SECONDS = 10.0
"""Longest wait for the sound after we picked up."""
LONGEST_SECONDS = 60.0
"""Longest sentence; the call ends then in any case."""
UNAVAILABLE = 480

log = structlog.get_logger(__name__)


async def say(
    call: IncomingCall, sentences: Sequence[tuple[str, str]], *, prompts: PromptSource, clock: Clock
) -> None:
    """Pick up, say (words, language) one after another, hang up.

    A sentence that cannot be made is no reason to leave somebody on the line: he is not answered.
    """
    try:
        with clock.hold():
            files = [await prompts.spoken(words, language) for words, language in sentences]
    except HuifangError as error:
        log.error("sentence_not_said", problem=error.sentences("en")[0])
        await call.refuse(UNAVAILABLE)
        return
    listening = Listening(call, clock)
    try:
        await call.answer()
        until = clock.monotonic() + ANSWER_SECONDS
        while not isinstance(event := await listening.next(until), Answered):
            if event is None or isinstance(event, Ended):
                return
        play = await call.play(list(files))
        until = clock.monotonic() + LONGEST_SECONDS
        while (event := await listening.next(until)) is not None:
            if isinstance(event, Ended) or event == PromptFinished(play, event.at):
                return
    finally:
        with contextlib.suppress(Exception):
            await call.hang_up()
            # Its end is awaited: until then it holds a channel.
            until = clock.monotonic() + ANSWER_SECONDS
            while listening.ended is None and await listening.next(until) is not None:
                pass
        await listening.close()
