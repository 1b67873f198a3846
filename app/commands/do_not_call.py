"""`huifang do-not-call`: numbers that are never called again."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.table import Table

from app.context import Format, FormatOption, language, moment, print_json, refuse, screen
from app.opened import whoever, with_database
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, Place, Problem, problem
from core.phone import mask, parse_numbers
from storage import do_not_call
from storage.database import Database
from storage.do_not_call import ListedNumber, ListEvent

app = typer.Typer(no_args_is_help=True, help="The do-not-call list / 免打扰名单")
log = structlog.get_logger(__name__)

CHUNK = 5000
"""Numbers put on the list in one statement."""
Number = Annotated[str, typer.Argument(help="phone number / 电话号码")]
Why = Annotated[str, typer.Option("--reason", help="why, for the record / 原因")]
By = Annotated[str, typer.Option("--by", help="who does it; the login name / 操作人，默认登录名")]
Output = Annotated[Format, FormatOption]


@app.command("add")
def add(ctx: typer.Context, number: Number, reason: Why = "", by: By = "") -> None:
    """Put a number on the list: it is never called again. / 加入免打扰名单"""
    tongue = language(ctx)
    numbers = _numbers(number, tongue)
    added = _add(ctx, numbers, reason, by)
    screen.print(text("do-not-call-added", tongue, added=added, known=len(numbers) - added))


@app.command("import")
def load(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="text file, a number a line / 每行一个号码的文本")],
    reason: Why = "",
    by: By = "",
) -> None:
    """Put all numbers of a file on the list, or none where one is wrong. / 从文件导入名单"""
    tongue = language(ctx)
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = file.read_text("gb18030", errors="replace").splitlines()
    except OSError as error:
        refuse(
            AuthorError(problem("do-not-call-file", file=file, why=error.strerror or "")), tongue
        )
    numbers: list[str] = []
    problems: list[Problem] = []
    for line, typed in enumerate(lines, 1):
        if not typed.strip() or typed.lstrip().startswith("#"):
            continue
        found = parse_numbers(typed)
        if found.refused or not found.numbers:
            place = Place(str(file), line, 1)
            problems.append(problem("do-not-call-malformed", place, number=mask(typed.strip())))
        numbers += [number.e164 for number in found.numbers]
    if problems:
        refuse(AuthorError(*problems), tongue)
    numbers = list(dict.fromkeys(numbers))
    added = _add(ctx, numbers, reason, by)
    screen.print(text("do-not-call-added", tongue, added=added, known=len(numbers) - added))


@app.command("remove")
def remove(
    ctx: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="why, for the record / 原因（必填）")],
    by: By = "",
) -> None:
    """Take a number off the list. / 移出免打扰名单"""
    tongue = language(ctx)
    numbers = _numbers(number, tongue)

    who = by or whoever()

    async def work(database: Database, _loaded: Loaded, clock: Clock) -> list[ListedNumber]:
        async with database.write() as session:
            gone = [
                await do_not_call.remove(session, e164, reason=reason, by=who, now=clock.now())
                for e164 in numbers
            ]
        return [each for each in gone if each is not None]

    gone = with_database(ctx, work)
    for each in gone:
        log.warning(
            "do_not_call_removed",
            number=mask(each.e164),
            by=who,
            reason=reason,
            stood_there_because=each.reason,
            added_by=each.added_by,
        )
    if not gone:
        refuse(AuthorError(problem("do-not-call-unknown", number=mask(number))), tongue)
    screen.print(text("do-not-call-removed", tongue, number=mask(gone[0].e164)))


@app.command("history")
def history(ctx: typer.Context, number: Number, output: Output = Format.TEXT) -> None:
    """Show who put a number on the list or took it off, when and why. / 查看号码的增删记录"""
    tongue = language(ctx)
    numbers = _numbers(number, tongue)

    async def work(database: Database, _loaded: Loaded, _clock: Clock) -> list[ListEvent]:
        async with database.read() as session:
            return await do_not_call.history(session, numbers)

    found = with_database(ctx, work)
    if output is Format.JSON:
        print_json([{**asdict(each), "e164": mask(each.e164)} for each in found])
        return
    table = Table(box=None, show_header=False)
    for each in found:
        event = text(f"do-not-call-{each.event}-word", tongue)
        table.add_row(f"{each.at.astimezone():%Y-%m-%d %H:%M}", event, each.by, each.reason)
    screen.print(table if found else text("do-not-call-no-history", tongue))


@app.command("list")
def show(
    ctx: typer.Context,
    reveal: Annotated[bool, typer.Option("--reveal", help="full numbers / 显示完整号码")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Show the list, latest first. / 查看免打扰名单"""

    async def work(database: Database, _loaded: Loaded, _clock: Clock) -> list[ListedNumber]:
        async with database.read() as session:
            return await do_not_call.listed(session)

    shown = [
        {**asdict(each), "e164": each.e164 if reveal else mask(each.e164)}
        for each in with_database(ctx, work)
    ]
    if output is Format.JSON:
        print_json(shown)
        return
    if not shown:
        screen.print(text("do-not-call-empty", language(ctx)))
        return
    table = Table(box=None, show_header=False)
    for row in shown:
        added = moment(ctx, row["added_at"])
        table.add_row(row["e164"], row["reason"], row["added_by"], added)
    screen.print(table)


def _add(ctx: typer.Context, numbers: list[str], reason: str, by: str) -> int:
    who = by or whoever()

    async def work(database: Database, _loaded: Loaded, clock: Clock) -> int:
        added = 0
        async with database.write() as session:
            for start in range(0, len(numbers), CHUNK):
                part = numbers[start : start + CHUNK]
                added += await do_not_call.add(
                    session, part, reason=reason, by=who, now=clock.now()
                )
        return added

    added = with_database(ctx, work)
    log.info("do_not_call_added", added=added, by=who, reason=reason)
    return added


def _numbers(typed: str, tongue: str) -> list[str]:
    found = parse_numbers(typed)
    if found.refused or not found.numbers:
        refuse(AuthorError(problem("do-not-call-malformed", number=mask(typed))), tongue)
    return [number.e164 for number in found.numbers]
