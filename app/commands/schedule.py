"""`huifang schedule`: batches that are made by the clock: what is due, what became of it, do it."""

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table

from app.commands.run import say_what_came
from app.context import Format, FormatOption, language, loaded, moment, print_json, refuse, screen
from app.opened import with_database
from app.scheduled import told
from app.serving.house import serve
from config.loading import Loaded
from config.logs import set_up
from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, HuifangError, problem
from dialer.crontab import trigger
from dialer.schedules import ScheduleNote
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
    known, words = loaded(ctx), language(ctx)

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
        screen.print(told(known, note, run["ran"] or run["due"], words), markup=False)


@app.command("start")
def start(ctx: typer.Context) -> None:
    """Wait for the times, make the batches and call them; Ctrl-C drains. / 按时生成批次并呼叫"""
    known, words = loaded(ctx), language(ctx)
    set_up(known.settings.logging)
    try:
        if not known.settings.schedules:
            raise AuthorError(problem("schedule-none"))
        tally = asyncio.run(serve(known, words, web=False))
    except HuifangError as error:
        refuse(error, words)
    say_what_came(tally, words)


def _as_json(run: ScheduleRun) -> dict[str, Any]:
    return {
        "schedule": run.schedule,
        "due": run.due_at,
        "ran": run.ran_at,
        "outcome": run.outcome,
        "batch": run.batch_id,
        "detail": run.detail,
    }
