"""`huifang schedule`: batches that are made by the clock: what is due, what became of it, do it."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from app import recognisers, surveys
from app.calling import Calls, dialer
from app.commands.run import obey_keyboard, say_by_keys, watching
from app.context import Format, FormatOption, language, loaded, moment, print_json, refuse, screen
from app.opened import with_database
from app.prompt_building import prepare
from app.scheduled import schedules, survey_faults, unit_faults
from app.transcribing import beside
from app.wiring import on_the_line, opened, prompt_cache, sip_channel, transcribing
from config.loading import Loaded
from config.logs import set_up
from core.catalogue import text
from core.clock import Clock, SystemClock
from core.errors import AuthorError, HuifangError, problem
from dialer.crontab import trigger
from dialer.running import Tally
from dialer.schedules import ScheduleNote, Schedules
from storage.database import Database
from storage.schedule_runs import runs as stored_runs
from storage.schema import ScheduleRun

app = typer.Typer(no_args_is_help=True, help="Batches made by the clock / 定时批次")

Output = Annotated[Format, FormatOption]


@app.command("list")
def show_all(ctx: typer.Context, output: Output = Format.TEXT) -> None:
    """List the schedules: next time, last outcome. / 列出定时任务"""
    words = language(ctx)

    async def work(database: Database, settings: Loaded, clock: Clock) -> list[dict[str, Any]]:
        found = []
        async with database.read() as session:
            for each in settings.settings.schedules:
                last = await stored_runs(session, 1, schedule=each.name)
                due = trigger(each.cron, each.time_zone).get_next_fire_time(None, clock.now())
                found.append(
                    {
                        "name": each.name,
                        "cron": each.cron,
                        "time_zone": each.time_zone,
                        "survey": each.survey,
                        "next": due,
                        "last": _as_json(last[0]) if last else None,
                    }
                )
        return found

    found = with_database(ctx, work)
    if output is Format.JSON:
        print_json(found)
        return
    if not found:
        screen.print(text("schedule-none", words))
        return
    table = Table(*(text(f"schedule-column-{n}", words) for n in ("name", "cron", "survey")))
    table.add_column(text("schedule-column-next", words))
    table.add_column(text("schedule-column-last", words))
    for row in found:
        last = "-"
        if row["last"]:
            outcome = text(f"schedule-outcome-{row['last']['outcome']}", words)
            last = f"{moment(ctx, row['last']['due'])} {outcome}"
        when = f"{row['cron']} {row['time_zone']}"
        due = moment(ctx, row["next"]) if row["next"] else "-"
        table.add_row(row["name"], when, row["survey"], due, last)
    screen.print(table)


@app.command("runs")
def show_runs(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="one schedule; none: all / 名称，缺省为全部")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="so many / 最多条数")] = 50,
    output: Output = Format.TEXT,
) -> None:
    """Show what fired, what was missed, and why; latest first. / 执行与错过的记录"""
    words = language(ctx)

    async def work(database: Database, _settings: Loaded, _clock: Clock) -> list[dict[str, Any]]:
        async with database.read() as session:
            return [_as_json(run) for run in await stored_runs(session, limit, schedule=name)]

    found = with_database(ctx, work)
    if output is Format.JSON:
        print_json(found)
        return
    if not found:
        screen.print(text("schedule-no-runs", words))
    for run in found:
        note = ScheduleNote(run["schedule"], run["due"], run["outcome"], run["detail"])
        screen.print(_told(ctx, note, run["ran"] or run["due"], words), markup=False)


@app.command("start")
def start(ctx: typer.Context) -> None:
    """Wait for the times, make the batches and call them; Ctrl-C drains. / 按时生成批次并呼叫"""
    known, words = loaded(ctx), language(ctx)
    set_up(known.settings.logging)

    def tell(note: ScheduleNote) -> None:
        told = _told(ctx, note, datetime.now(UTC), words)
        screen.print(told, markup=False, highlight=False)

    try:
        tally = asyncio.run(_start(ctx, known, words, tell))
    except HuifangError as error:
        refuse(error, words)
    if tally.interrupted:
        screen.print(text("run-interrupted", words, number=tally.interrupted))
    screen.print(text("run-end", words, started=tally.started, most=tally.most_at_once))


async def _start(ctx: typer.Context, known: Loaded, words: str, tell: Any) -> Tally:
    clock, planned = SystemClock(), schedules(known)
    if not planned:
        raise AuthorError(problem("schedule-none"))
    async with opened(known, clock) as database:
        if problems := survey_faults(known) + await unit_faults(known, database):
            raise AuthorError(*problems)
        hears = recognisers.recogniser(known)
        channel, prompts = sip_channel(known, hears), prompt_cache(known)
        models = hears.languages if hears else ()
        calls = Calls(known, database, channel, prompts, clock, known.trunks, models=models)
        ready = {each.survey: _ready(known, each.survey) for each in planned}
        asked = (*ready.values(), *await calls.prepare(None))
        say_by_keys(known, asked, words)
        for survey in asked:
            await prepare(prompts, survey)
        waiting = Schedules(
            database,
            planned,
            # As it is then: somebody may mend a survey while this process waits.
            survey=lambda name: _ready(known, name).facts,
            rules=known.settings.calling.rules(),
            clock=clock,
            noted=tell,
        )
        calling = dialer(known, database, channel, calls, clock, language=words, until_done=False)
        writing = transcribing(known, database, hears, clock)
        async with on_the_line(known, channel, hears):
            obey_keyboard(calling, words)
            await waiting.start()
            times = {name: due for name, due in waiting.next_times().items() if due}
            first = min(times, key=lambda name: times[name])
            begun = text(
                "schedule-started",
                words,
                number=len(planned),
                name=first,
                when=moment(ctx, times[first]),
            )
            screen.print(begun, markup=False, highlight=False)
            try:
                async with watching(calling, database, None, words), beside(writing):
                    return await calling.run()
            finally:
                await waiting.stop()


def _ready(known: Loaded, name: str) -> surveys.ReadySurvey:
    return surveys.callable_by(known, name)


def _as_json(run: ScheduleRun) -> dict[str, Any]:
    return {
        "schedule": run.schedule,
        "due": run.due_at,
        "ran": run.ran_at,
        "outcome": run.outcome,
        "batch": run.batch_id,
        "detail": run.detail,
    }


def _told(ctx: typer.Context, note: ScheduleNote, at: datetime, words: str) -> str:
    detail = text("schedule-coalesced", words) if note.detail == "coalesced" else note.detail
    if note.detail.startswith("later than "):
        detail = text("schedule-late", words, late=note.detail.removeprefix("later than "))
    return text(
        "schedule-ran",
        words,
        when=moment(ctx, at),
        schedule=note.schedule,
        due=moment(ctx, note.due),
        outcome=text(f"schedule-outcome-{note.outcome}", words),
        detail=f" {detail}" if detail else "",
    )
