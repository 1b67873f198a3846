"""Everybody of the demonstration is called and written to, the ones beside the others."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app import text_run
from app.calling import Calls, dialer
from app.demo.house import DemoHouse
from app.prompt_building import prepare
from app.wiring import on_the_line, prompt_cache, sip_channel
from core.clock import Clock
from core.errors import AuthorError, problem
from dialer.running import Dialer
from dialer.texting.terms import TextTally
from ivr.texting.contract import TextGateway
from speech.contract import Recogniser
from storage.database import Database

Watched = Callable[
    [Dialer, Database, Sequence[int], TextTally], contextlib.AbstractAsyncContextManager[None]
]
"""Shows calls and texts while they go on."""


@dataclass(frozen=True)
class Held:
    """What it came to."""

    most_at_once: int
    """Calls at the same time, at most."""
    texts: TextTally


async def hold_all(
    house: DemoHouse,
    database: Database,
    clock: Clock,
    batches: list[int],
    *,
    hears: Recogniser | None,
    language: str,
    hear_of: Callable[[Sequence[TextGateway]], None],
    watch: Watched,
) -> Held:
    """Call and write to everybody until nothing waits any more.

    `hear_of` gets the text gateways: from then on the web server must hand them what they tell.
    """
    known = house.loaded
    texts = await text_run.prepared(known, database, clock, batches, language, until_done=True)
    if texts is None:
        raise AuthorError(problem("run-no-text-gateway"))
    channel, prompts = sip_channel(known, hears), prompt_cache(known)
    models = hears.languages if hears else ()
    calls = Calls(known, database, channel, prompts, clock, known.trunks, models=models)
    for survey in await calls.prepare(batches):
        await prepare(prompts, survey)
    calling = dialer(known, database, channel, calls, clock, batches=batches, language=language)
    hear_of(texts.gateways)
    async with (
        on_the_line(known, channel, hears),
        watch(calling, database, batches, texts.worker.tally),
    ):
        tally, texted = await asyncio.gather(calling.run(), texts.worker.run())
    return Held(tally.most_at_once, texted)
