"""`huifang transcribe`: write down what people said to open questions, all that still waits."""

import asyncio
from typing import Annotated

import typer

from app import recognisers
from app.context import Format, FormatOption, language, loaded, print_json, refuse, screen
from app.wiring import opened, started, transcribing
from config.loading import Loaded
from core.catalogue import text
from core.clock import SystemClock
from core.errors import AuthorError, HuifangError, problem
from storage.transcripts import counts, try_again


def transcribe(
    ctx: typer.Context,
    again: Annotated[
        bool, typer.Option("--again", help="also what failed or was missing / 失败和缺失的也重试")
    ] = False,
    output: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Write down the recorded answers that wait for it. / 转写留言录音"""
    known, words = loaded(ctx), language(ctx)
    try:
        tally = asyncio.run(run_transcribe(known, again=again))
    except HuifangError as error:
        refuse(error, words)
    if output is Format.JSON:
        print_json(tally)
    else:
        screen.print(text("transcribe-end", words, **tally))
    if tally["failed"]:
        raise typer.Exit(1)


async def run_transcribe(known: Loaded, *, again: bool) -> dict[str, int]:
    """Write down what waits; returns how many came to what, and how many still wait."""
    clock, hears = SystemClock(), recognisers.recogniser(known)
    async with opened(known, clock) as database, started(hears):
        work = transcribing(known, database, hears, clock)
        if work is None:
            raise AuthorError(problem("transcribe-no-recogniser"))
        if again:
            async with database.write() as session:
                await try_again(session)
        await work.rest()
        async with database.read() as session:
            left = await counts(session)
    done = {state: work.tally[state] for state in ("done", "failed", "missing", "no_model")}
    return {**done, "waiting": left.get("waiting", 0) + left.get("working", 0)}
