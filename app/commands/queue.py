"""`huifang queue`: the people's side: what waits, whose it is, what came out."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.context import Format, FormatOption, language, moment, print_json, refuse, screen
from app.heard import Recording, copy_recording, heard_as_json, recording_of, show_heard
from app.opened import Result, whoever, with_database
from app.wiring import recordings
from config.loading import Loaded
from core.catalogue import text
from core.clock import Clock
from core.errors import AuthorError, problem
from core.phone import PhoneNumber, mask, parse_numbers
from followup.queue import CORRECTED, NOT_REACHED, OUTCOMES, Queue
from storage.case_fields import UNIT_SEPARATOR
from storage.database import Database
from storage.followups import QueueEntry, QueueEvent

_WHOLE = ("item", "number", "deadline")
"""Columns that are of no use when cut."""

app = typer.Typer(no_args_is_help=True, help="The follow-up queue / 人工回访队列")

Item = Annotated[int, typer.Argument(help="number of the item / 事项编号")]
By = Annotated[str, typer.Option("--by", help="who you are; the login name / 操作人，默认登录名")]
Note = Annotated[str, typer.Option("--note", help="a note for the record / 备注")]
Reveal = Annotated[bool, typer.Option("--reveal", help="full number, claimer only / 显示完整号码")]
Output = Annotated[Format, FormatOption]


@app.command("list")
def show_all(
    ctx: typer.Context,
    state: Annotated[str, typer.Option("--state", help="open, claimed or closed / 状态")] = "",
    mine: Annotated[bool, typer.Option("--mine", help="only what you hold / 只看我领取的")] = False,
    by: By = "",
    limit: Annotated[int, typer.Option("--limit", help="at most so many / 最多显示条数")] = 100,
    output: Output = Format.TEXT,
) -> None:
    """List what waits for a person, the most pressing first. / 列出待办"""
    holder = (by or whoever()) if mine else None
    found = _with_queue(
        ctx, lambda queue: queue.items(state=state or None, claimed_by=holder, limit=limit)
    )
    if output is Format.JSON:
        print_json([_as_json(entry, False) for entry in found])
    else:
        _tell(ctx, found, False)


@app.command("next")
def take_next(
    ctx: typer.Context, by: By = "", reveal: Reveal = False, output: Output = Format.TEXT
) -> None:
    """Claim the most pressing open item. / 领取最急的一件"""
    entry = _with_queue(ctx, lambda queue: queue.claim_next(by or whoever()))
    if entry is not None:
        _show(ctx, entry, [], output, reveal)
    elif output is Format.JSON:
        print_json(None)
    else:
        screen.print(text("queue-empty", language(ctx)))


@app.command("claim")
def claim(
    ctx: typer.Context,
    item: Item,
    by: By = "",
    reveal: Reveal = False,
    output: Output = Format.TEXT,
) -> None:
    """Claim one item: nobody else works on it. / 领取"""
    _act(ctx, lambda queue: queue.claim(item, by or whoever()), output, reveal)


@app.command("release")
def release(
    ctx: typer.Context, item: Item, by: By = "", note: Note = "", output: Output = Format.TEXT
) -> None:
    """Put an item back that you hold. / 退回"""
    _act(ctx, lambda queue: queue.release(item, by or whoever(), note), output)


@app.command("record")
def record(
    ctx: typer.Context,
    item: Item,
    outcome: Annotated[str, typer.Argument(help=f"{', '.join(OUTCOMES)} / 回访结果")],
    number: Annotated[
        str, typer.Option("--number", help="the right number (corrected) / 更正后的号码")
    ] = "",
    again: Annotated[
        bool, typer.Option("--call-again", help="the machine calls it / 用新号码再自动呼叫")
    ] = False,
    by: By = "",
    note: Note = "",
    output: Output = Format.TEXT,
) -> None:
    """Record what came out of a manual callback. / 登记人工回访结果"""

    async def work(queue: Queue) -> QueueEntry:
        corrected = _number(number) if number else None
        return await queue.record(
            item, by or whoever(), outcome, note=note, corrected=corrected, again=again
        )

    _act(ctx, work, output)


@app.command("close")
def close(
    ctx: typer.Context, item: Item, by: By = "", note: Note = "", output: Output = Format.TEXT
) -> None:
    """Close an item that has a recorded outcome. / 办结"""
    _act(ctx, lambda queue: queue.close(item, by or whoever(), note), output)


@app.command("show")
def show(
    ctx: typer.Context,
    item: Item,
    by: By = "",
    reveal: Reveal = False,
    output: Output = Format.TEXT,
) -> None:
    """Show an item with what was said and all that happened to it. / 查看事项、回答及经过"""
    entry, events = _with_queue(ctx, lambda queue: queue.show(item))
    if reveal and entry.claimed_by != (by or whoever()):
        refuse(AuthorError(problem("queue-reveal-claimer", item=item)), language(ctx))
    heard = _with_queue(ctx, lambda queue: queue.heard(item))
    if output is Format.JSON:
        shown = _as_json(entry, reveal)
        shown["events"] = [asdict(event) for event in events]
        shown["heard"] = heard_as_json(heard)
        print_json(shown)
    else:
        _show(ctx, entry, events, output, reveal)
        show_heard(ctx, heard)


@app.command("recording")
def recording(
    ctx: typer.Context,
    item: Item,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="copy it to this file / 另存为")
    ] = None,
    step: Annotated[str, typer.Option("--step", help="of this question / 哪一步的录音")] = "",
    call: Annotated[bool, typer.Option("--call", help="of the whole call / 全程录音")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Give the recording of what was said, for listening. / 取出留言录音"""

    async def work(database: Database, settings: Loaded, clock: Clock) -> Recording:
        heard = await Queue(database, clock).heard(item)
        found = recording_of(item, heard, recordings(settings), step=step, call=call)
        if file is not None:
            copy_recording(found, file)
        return found

    found = with_database(ctx, work)
    if output is Format.JSON:
        print_json({"step": found.step, "path": str(file or found.path)})
    elif file is not None:
        screen.print(text("queue-recording-written", language(ctx), path=file))
    else:
        typer.echo(str(found.path))


def _with_queue(ctx: typer.Context, work: Callable[[Queue], Awaitable[Result]]) -> Result:
    async def run(database: Database, _loaded: Loaded, clock: Clock) -> Result:
        return await work(Queue(database, clock))

    return with_database(ctx, run)


def _act(
    ctx: typer.Context,
    work: Callable[[Queue], Awaitable[QueueEntry]],
    output: Format,
    reveal: bool = False,
) -> None:
    """Do something to an item, and show it as it is then."""
    _show(ctx, _with_queue(ctx, work), [], output, reveal)


def _number(typed: str) -> PhoneNumber:
    found = parse_numbers(typed).numbers
    if len(found) != 1:
        raise AuthorError(problem("queue-number-malformed", number=mask(typed)))
    return found[0]


def _as_json(entry: QueueEntry, reveal: bool) -> dict[str, Any]:
    told = asdict(entry)
    told["number"] = entry.e164 if reveal else mask(entry.e164)
    del told["e164"]
    return told


def _show(
    ctx: typer.Context, entry: QueueEntry, events: list[QueueEvent], output: Format, reveal: bool
) -> None:
    tongue = language(ctx)
    if output is Format.JSON:
        told = _as_json(entry, reveal)
        if events:
            told["events"] = [asdict(event) for event in events]
        print_json(told)
        return
    _tell(ctx, [entry], reveal)
    for event in events:
        name = text(f"follow-up-event-{event.event}", tongue)
        line = f"{moment(ctx, event.at)}  {name}  {event.by}  {event.note}"
        screen.print(line.rstrip(), markup=False, highlight=False)


def _tell(ctx: typer.Context, found: list[QueueEntry], reveal: bool) -> None:
    tongue = language(ctx)
    if not found:
        screen.print(text("queue-empty", tongue))
        return
    table = Table(box=None)
    for heading in ("item", "reason", "state", "case", "party", "number", "unit", "deadline"):
        table.add_column(
            text(f"queue-heading-{heading}", tongue), no_wrap=heading in _WHOLE, overflow="fold"
        )
    for entry in found:
        state = text(f"follow-up-state-{entry.state}", tongue)
        table.add_row(
            str(entry.id),
            text(f"follow-up-{entry.reason}", tongue),
            f"{state} {entry.claimed_by} {_outcome(entry.outcome, tongue)}".strip(),
            entry.case_number,
            entry.party,
            entry.e164.removeprefix("+86") if reveal else mask(entry.e164),
            entry.unit.rpartition(UNIT_SEPARATOR)[2],
            moment(ctx, entry.deadline) if entry.deadline else "",
        )
    screen.print(table)


def _outcome(outcome: str, tongue: str) -> str:
    if not outcome:
        return ""
    own = outcome in (NOT_REACHED, CORRECTED)
    return text(f"follow-up-outcome-{outcome}" if own else f"verdict-{outcome}", tongue)
