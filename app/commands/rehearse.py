"""`huifang rehearse`: a day's callbacks in a minute, with simulated people. Nobody is called."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import structlog
import typer
from rich.status import Status

from app.context import (
    Format,
    FormatOption,
    complaints,
    language,
    loaded,
    print_json,
    refuse,
    screen,
)
from app.rehearsal import (
    Look,
    Show,
    Wanted,
    rehearse_batch,
    rehearse_city,
    shares_of,
    shares_with,
)
from app.wiring import opened
from config.loading import Loaded
from core.catalogue import text
from core.clock import SystemClock
from core.errors import AuthorError, HuifangError, problem
from ivr.people.mix import usual_shares
from ivr.people.person import Behaviour
from reports.rehearsal import RehearsalReport
from reports.rehearsal_text import sentences


def rehearse(
    ctx: typer.Context,
    batch: Annotated[
        str | None,
        typer.Argument(help="a batch that waits; none: a made-up city / 批次，缺省为虚拟城市"),
    ] = None,
    callbacks: Annotated[
        int,
        typer.Option(min=1, max=1_000_000, help="people of the made-up city / 虚拟城市的回访数"),
    ] = 10_000,
    survey: Annotated[
        str, typer.Option(help="survey of the made-up city / 虚拟城市所用问卷")
    ] = "emergency-aspects",
    first_day: Annotated[
        str, typer.Option("--from", help="first day, YYYY-MM-DD; none: next Monday / 首日")
    ] = "",
    days: Annotated[
        int, typer.Option(min=0, max=60, help="days; 0: until nobody waits / 天数，0 为打完为止")
    ] = 0,
    channels: Annotated[
        int, typer.Option(min=0, max=10_000, help="lines; 0: as configured / 线路数，0 为按设置")
    ] = 0,
    rate: Annotated[
        float, typer.Option(min=0, max=1000, help="calls a second; 0: as configured / 每秒呼叫数")
    ] = 0.0,
    answer_rate: Annotated[
        float | None, typer.Option(min=0, max=1, help="share that picks up, 0 to 1 / 接通率")
    ] = None,
    shares: Annotated[
        str, typer.Option(help="who is met, e.g. satisfied=3,no_answer=5 / 各类人的比例")
    ] = "",
    seed: Annotated[int, typer.Option(help="same seed, same figures / 随机种子")] = 1,
    keep: Annotated[
        Path | None, typer.Option(help="keep its SQLite database there / 保留演练数据库")
    ] = None,
    form: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Rehearse with simulated people in virtual time; nobody is called. / 演练：不拨打任何电话"""
    known, words = loaded(ctx), language(ctx)
    # What happens to simulated calls is no matter for the log of the real ones.
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    try:
        wanted = Wanted(seed, _shares(answer_rate, shares), days, channels, rate, keep)
        with _progress(words) as show:
            report = asyncio.run(
                _rehearse(known, wanted, batch, callbacks, survey, first_day, show)
            )
    except HuifangError as error:
        refuse(error, words)
    if form is Format.JSON:
        print_json(report.as_json())
        return
    for line in sentences(report, words):
        screen.print(line, highlight=False, markup=False)


async def _rehearse(
    known: Loaded,
    wanted: Wanted,
    batch: str | None,
    callbacks: int,
    survey: str,
    first_day: str,
    show: Show,
) -> RehearsalReport:
    clock = SystemClock()
    if batch is None:
        day = _day(known, first_day)
        return await rehearse_city(
            known, wanted, callbacks=callbacks, survey=survey, first_day=day, show=show
        )
    async with opened(known, clock) as database:
        return await rehearse_batch(known, wanted, database, batch, now=clock.now(), show=show)


def _shares(answer_rate: float | None, shares: str) -> dict[Behaviour, float]:
    if shares and answer_rate is not None:
        raise AuthorError(problem("rehearsal-both"))
    if shares:
        return shares_of(shares)
    return usual_shares() if answer_rate is None else shares_with(answer_rate)


def _day(known: Loaded, given: str) -> date:
    if given:
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise AuthorError(problem("rehearsal-day-wrong", day=given)) from None
    today = SystemClock().now().astimezone(ZoneInfo(known.settings.calling.time_zone)).date()
    return today + timedelta(days=7 - today.weekday())


@contextmanager
def _progress(words: str) -> Iterator[Show]:
    """Show virtual time and calls on standard error, so that JSON stays clean."""
    if not complaints.is_terminal:
        said = 0

        def line(look: Look) -> None:
            nonlocal said
            said += 1
            if said % 20 == 0:  # every ten seconds
                complaints.print(_words(look, words), highlight=False)

        yield line
        return
    with Status(text("rehearsal-begins", words), console=complaints) as status:
        yield lambda look: status.update(_words(look, words))


def _words(look: Look, words: str) -> str:
    return text(
        "rehearsal-look",
        words,
        at=f"{look.at:%Y-%m-%d %H:%M}",
        calls=look.calls,
        now=look.calls_now,
    )
