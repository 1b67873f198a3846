"""`huifang texts`: text messages that a person has to look at, and what was written with whom."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.context import Format, FormatOption, language, moment, print_json, refuse, screen
from app.opened import whoever, with_database
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, problem
from core.phone import mask, parse_numbers
from storage.database import Database
from storage.texting import looking
from storage.texting.looking import SeenMessage

app = typer.Typer(no_args_is_help=True, help="Text messages / 短信")

By = Annotated[str, typer.Option("--by", help="who you are; the login name / 操作人，默认登录名")]
Limit = Annotated[int, typer.Option("--limit", help="at most so many / 最多显示条数")]
Output = Annotated[Format, FormatOption]


@app.command("list")
def show_wanted(ctx: typer.Context, limit: Limit = 100, output: Output = Format.TEXT) -> None:
    """List messages that a person has to look at: late, uncertain, from strangers. / 待人工查看"""
    _show(ctx, output, wanted=True, limit=limit)


@app.command("show")
def show_number(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="telephone number / 电话号码")],
    limit: Limit = 100,
    output: Output = Format.TEXT,
) -> None:
    """Show what was written with a number, latest first. / 查看与某号码的往来短信"""
    found = parse_numbers(number)
    if found.refused or not found.numbers:
        refuse(AuthorError(problem("texts-number", number=mask(number))), language(ctx))
    _show(ctx, output, numbers=[each.e164 for each in found.numbers], limit=limit)


@app.command("done")
def done(
    ctx: typer.Context,
    message: Annotated[int, typer.Argument(help="number of the message / 短信编号")],
    by: By = "",
) -> None:
    """Note that you have looked at a message. / 标记为已处理"""
    who = by or whoever()

    async def work(database: Database, _loaded: Loaded, _clock: Clock) -> bool:
        async with database.write() as session:
            return await looking.seen(session, message, by=who)

    tongue = language(ctx)
    if not with_database(ctx, work):
        refuse(AuthorError(problem("texts-not-wanted", message=message)), tongue)
    screen.print(text("texts-done", tongue, message=message))


def _show(ctx: typer.Context, output: Format, **which: Any) -> None:
    async def work(database: Database, _loaded: Loaded, _clock: Clock) -> list[SeenMessage]:
        async with database.read() as session:
            return await looking.messages(session, **which)

    found = with_database(ctx, work)
    if output is Format.JSON:
        print_json([{**asdict(each), "e164": mask(each.e164)} for each in found])
        return
    tongue = language(ctx)
    if not found:
        screen.print(text("texts-none", tongue))
        return
    table = Table(box=None)
    for heading in ("number", "at", "with", "state", "case", "text"):
        table.add_column(text(f"texts-heading-{heading}", tongue))
    for each in found:
        mark = "»" if each.direction == "out" else "«"
        state = text(f"texts-state-{each.state}", tongue)
        table.add_row(
            str(each.id),
            moment(ctx, each.created_at),
            f"{mark} {mask(each.e164)}",
            f"{state} {escape(each.error)}".strip(),
            each.case_number or "-",
            escape(each.text),
        )
    screen.print(table)
